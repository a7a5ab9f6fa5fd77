// SPDX-License-Identifier: GPL-2.0

#include "event.h"

#include <net/genetlink.h>
#include <net/sock.h>

#include "dev.h"

#define EVENTS_GROUP	0

static const struct genl_family *event_family;

void pilot_event_module_init(const struct genl_family *family)
{
	event_family = family;
}

/**
 * pilot_event_put_endpoint - add an endpoint to a message
 * @msg: message under construction
 * @attr: number of the nest
 * @path: the endpoint
 *
 * Return: 0 or -EMSGSIZE.
 */
int pilot_event_put_endpoint(struct sk_buff *msg, int attr,
			     const struct pilot_path *path)
{
	struct nlattr *nest = nla_nest_start(msg, attr);
	int ret;

	if (!nest ||
	    nla_put_u8(msg, PILOT_A_ENDPOINT_KIND, path->kind) ||
	    nla_put_be16(msg, PILOT_A_ENDPOINT_REMOTE_PORT, path->port))
		return -EMSGSIZE;
	if (path->family == AF_INET)
		ret = nla_put_in_addr(msg, PILOT_A_ENDPOINT_REMOTE_IP4,
				      path->remote4);
	else
		ret = nla_put_in6_addr(msg, PILOT_A_ENDPOINT_REMOTE_IP6,
				       &path->remote6);
	if (!ret && path->scope)
		ret = nla_put_u32(msg, PILOT_A_ENDPOINT_SCOPE_ID, path->scope);
	if (!ret && path->kind != PILOT_ENDPOINT_DIRECT)
		ret = nla_put_u32(msg, PILOT_A_ENDPOINT_ID, path->id);
	nla_nest_end(msg, nest);
	return ret;
}

static int event_put_peer(struct sk_buff *msg, const struct pilot_event *event)
{
	struct nlattr *nest;

	if (!event->address)
		return 0;
	nest = nla_nest_start(msg, PILOT_A_PEER);
	if (!nest ||
	    nla_put_u64_64bit(msg, PILOT_A_PEER_ADDRESS, event->address,
			      PILOT_A_PEER_PAD) ||
	    (event->path &&
	     pilot_event_put_endpoint(msg, PILOT_A_PEER_ENDPOINT,
				      event->path)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int event_put_key(struct sk_buff *msg, const struct pilot_event *event)
{
	struct nlattr *nest;

	if (!event->key)
		return 0;
	nest = nla_nest_start(msg, PILOT_A_KEY);
	if (!nest || nla_put_u8(msg, PILOT_A_KEY_LANE, event->lane) ||
	    nla_put_u32(msg, PILOT_A_KEY_EPOCH, event->epoch))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int event_put(struct sk_buff *msg, const struct pilot_dev *dev,
		     const struct pilot_event *event)
{
	struct nlattr *nest;

	if (nla_put_u32(msg, PILOT_A_IFINDEX, dev->netdev->ifindex))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, PILOT_A_DEV);
	if (!nest || nla_put_u64_64bit(msg, PILOT_A_DEV_ADDRESS, dev->address,
				       PILOT_A_DEV_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	if (event_put_peer(msg, event) || event_put_key(msg, event))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, PILOT_A_EVENT);
	if (!nest || nla_put_u8(msg, PILOT_A_EVENT_TYPE, event->type) ||
	    nla_put_u8(msg, PILOT_A_EVENT_REASON, event->reason))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static void event_send_net(struct pilot_dev *dev, struct net *net,
			   const struct pilot_event *event)
{
	struct sk_buff *msg;
	void *header;

	if (!genl_has_listeners(event_family, net, EVENTS_GROUP))
		return;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!msg)
		return;
	header = genlmsg_put(msg, 0, 0, event_family, 0, PILOT_CMD_EVENT);
	if (!header || event_put(msg, dev, event)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast_netns(event_family, net, msg, 0, EVENTS_GROUP,
				GFP_ATOMIC);
}

/**
 * pilot_event_send - tell the helper
 * @dev: the device
 * @event: the event
 *
 * Listeners in the device's namespace hear it, and those in the namespaces
 * of its sockets: the helper of an agent in a container is with the sockets.
 *
 * Context: RCU read section, any but hard interrupt.
 */
void pilot_event_send(struct pilot_dev *dev, const struct pilot_event *event)
{
	struct net *home = dev_net(dev->netdev), *net, *told = NULL;
	struct pilot_socket *socket;
	int i;

	event_send_net(dev, home, event);
	for (i = 0; i < PILOT_FAMILIES; i++) {
		socket = pilot_dev_socket(dev, i, 0);
		if (!socket)
			continue;
		net = sock_net(socket->sk);
		if (net != home && net != told)
			event_send_net(dev, net, event);
		told = net;
	}
}

/* Tell something about a key. Context: as pilot_event_send(). */
void pilot_event_key(struct pilot_dev *dev, enum pilot_event_type type,
		     enum pilot_event_reason reason,
		     const struct pilot_key *key)
{
	struct pilot_event event = {
		.type = type,
		.reason = reason,
		.address = key->peer->address,
		.key = true,
		.lane = key->lane,
		.epoch = key->epoch,
	};

	pilot_event_send(dev, &event);
}

/* Tell something about a peer. Context: as pilot_event_send(). */
void pilot_event_peer(struct pilot_dev *dev, enum pilot_event_type type,
		      enum pilot_event_reason reason,
		      const struct pilot_peer *peer)
{
	struct pilot_event event = {
		.type = type,
		.reason = reason,
		.address = peer->address,
	};

	pilot_event_send(dev, &event);
}

/**
 * pilot_event_socket_gone - tell that a device lost a socket
 * @dev: the device
 * @net: namespace of the socket, still held by whoever closes or unbinds it
 * @reason: closed or unbound
 *
 * Context: process.
 */
void pilot_event_socket_gone(struct pilot_dev *dev, struct net *net,
			     enum pilot_event_reason reason)
{
	struct pilot_event event = {
		.type = PILOT_EVENT_SOCKET_GONE,
		.reason = reason,
	};

	event_send_net(dev, dev_net(dev->netdev), &event);
	if (net != dev_net(dev->netdev))
		event_send_net(dev, net, &event);
}

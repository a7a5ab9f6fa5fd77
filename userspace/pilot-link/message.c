// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "message.h"

struct message_stats {
	uint64_t *value;
	unsigned int max;
};

static int message_stats_attr(const struct nlattr *attr, void *context)
{
	const struct message_stats *stats = context;
	unsigned int type = mnl_attr_get_type(attr);

	/* Types 0 and 1 are UNSPEC and PAD in all tables of counters. */
	if (type < 2 || type > stats->max)
		return 0;
	return attr_u64(attr, &stats->value[type]);
}

static int message_stats(const struct nlattr *attr, uint64_t *value,
			 unsigned int max)
{
	struct message_stats stats = { value, max };

	return attr_each_nested(attr, message_stats_attr, &stats);
}

static int message_port(const struct nlattr *attr, uint16_t *port)
{
	int ret = attr_u16(attr, port);

	*port = ntohs(*port);
	return ret;
}

/* The lane a nest speaks of: 0 unless it says so by an attribute @type. */
struct message_lane_id {
	uint16_t type;
	uint8_t id;
};

static int message_lane_id_attr(const struct nlattr *attr, void *context)
{
	struct message_lane_id *lane = context;

	return mnl_attr_get_type(attr) == lane->type ?
	       attr_u8(attr, &lane->id) : 0;
}

static int message_lane_id(const struct nlattr *attr, uint16_t type,
			   uint8_t *id)
{
	struct message_lane_id lane = { .type = type };
	int ret = attr_each_nested(attr, message_lane_id_attr, &lane);

	*id = lane.id;
	return ret;
}

static int message_socket_attr(const struct nlattr *attr, void *context)
{
	struct message_socket *sock = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_SOCKET_PORT:
		return message_port(attr, &sock->port);
	case PILOT_A_SOCKET_NETNSID:
		sock->foreign = true;
		return attr_u32(attr, (uint32_t *)&sock->netnsid);
	case PILOT_A_SOCKET_DEVICES:
		return attr_u32(attr, &sock->devices);
	case PILOT_A_SOCKET_STATS:
		return message_stats(attr, sock->stats,
				     PILOT_A_SOCKET_STATS_MAX);
	}
	return 0;
}

/* Lanes beyond those that are known here are skipped. */
static int message_socket(const struct nlattr *attr,
			  struct message_device *device, bool ipv6)
{
	struct message_socket *sock;
	uint8_t lane;
	int ret;

	ret = message_lane_id(attr, PILOT_A_SOCKET_LANE, &lane);
	if (ret || lane >= MESSAGE_LANES_MAX)
		return ret;
	sock = &device->sockets[2 * lane + ipv6];
	memset(sock, 0, sizeof(*sock));
	sock->family = ipv6 ? "inet6" : "inet";
	sock->lane = lane;
	return attr_each_nested(attr, message_socket_attr, sock);
}

static int message_address(const struct nlattr *attr, uint64_t *address,
			   bool *has)
{
	int ret = attr_u64(attr, address);

	if (ret || *address > PILOT_ADDRESS_MAX)
		return -EBADMSG;
	*has = true;
	return 0;
}

static int message_device_attr(const struct nlattr *attr, void *context)
{
	struct message_device *device = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_DEV_ADDRESS:
		return message_address(attr, &device->address,
				       &device->has_address);
	case PILOT_A_DEV_SOCKET4:
		return message_socket(attr, device, false);
	case PILOT_A_DEV_SOCKET6:
		return message_socket(attr, device, true);
	case PILOT_A_DEV_PEERS:
		return attr_u32(attr, &device->peers);
	case PILOT_A_DEV_STATS:
		return message_stats(attr, device->stats,
				     PILOT_A_DEV_STATS_MAX);
	case PILOT_A_DEV_IFNAME:
		return attr_text(attr, device->ifname, sizeof(device->ifname));
	}
	return 0;
}

static int message_endpoint_attr(const struct nlattr *attr, void *context)
{
	struct endpoint *endpoint = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_ENDPOINT_KIND:
		return attr_u8(attr, &endpoint->kind);
	case PILOT_A_ENDPOINT_ID:
		return attr_u32(attr, &endpoint->id);
	case PILOT_A_ENDPOINT_REMOTE_IP4:
		endpoint->family = AF_INET;
		return attr_bytes(attr, &endpoint->in4, sizeof(endpoint->in4));
	case PILOT_A_ENDPOINT_REMOTE_IP6:
		endpoint->family = AF_INET6;
		return attr_bytes(attr, &endpoint->in6, sizeof(endpoint->in6));
	case PILOT_A_ENDPOINT_REMOTE_PORT:
		return message_port(attr, &endpoint->port);
	case PILOT_A_ENDPOINT_SCOPE_ID:
		return attr_u32(attr, &endpoint->scope);
	}
	return 0;
}

static int message_lane_attr(const struct nlattr *attr, void *context)
{
	struct message_lane *lane = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_LANE_ENDPOINT:
		return attr_each_nested(attr, message_endpoint_attr,
					&lane->endpoint);
	case PILOT_A_LANE_SINCE_RX:
		lane->has_rx = true;
		return attr_u64(attr, &lane->since_rx);
	case PILOT_A_LANE_SINCE_TX:
		lane->has_tx = true;
		return attr_u64(attr, &lane->since_tx);
	}
	return 0;
}

static int message_lane(const struct nlattr *attr, struct message_peer *peer)
{
	struct message_lane *lane;
	uint8_t id;
	int ret;

	ret = message_lane_id(attr, PILOT_A_LANE_ID, &id);
	if (ret || id >= MESSAGE_LANES_MAX)
		return ret;
	if (!peer->lanes)
		peer->lanes = calloc(MESSAGE_LANES_MAX, sizeof(*peer->lanes));
	if (!peer->lanes)
		return -ENOMEM;
	lane = &peer->lanes[id];
	memset(lane, 0, sizeof(*lane));
	lane->used = true;
	return attr_each_nested(attr, message_lane_attr, lane);
}

static int message_key_attr(const struct nlattr *attr, void *context)
{
	struct message_key *key = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_KEY_LANE:
		return attr_u8(attr, &key->lane);
	case PILOT_A_KEY_EPOCH:
		return attr_u32(attr, &key->epoch);
	case PILOT_A_KEY_SLOT:
		return attr_u8(attr, &key->slot);
	case PILOT_A_KEY_CIPHER:
		return attr_u8(attr, &key->cipher);
	case PILOT_A_KEY_RX_INDEX:
		return attr_u32(attr, &key->rx_index);
	case PILOT_A_KEY_TX_INDEX:
		return attr_u32(attr, &key->tx_index);
	case PILOT_A_KEY_SOFT_PACKETS:
		return attr_u64(attr, &key->soft_packets);
	case PILOT_A_KEY_HARD_PACKETS:
		return attr_u64(attr, &key->hard_packets);
	case PILOT_A_KEY_SOFT_AGE:
		return attr_u32(attr, &key->soft_age);
	case PILOT_A_KEY_HARD_AGE:
		return attr_u32(attr, &key->hard_age);
	case PILOT_A_KEY_AGE:
		return attr_u64(attr, &key->age);
	case PILOT_A_KEY_TX_COUNTER:
		return attr_u64(attr, &key->tx_counter);
	case PILOT_A_KEY_RX_COUNTER:
		return attr_u64(attr, &key->rx_counter);
	case PILOT_A_KEY_DRIVER:
		return attr_text(attr, key->driver, sizeof(key->driver));
	}
	return 0;
}

static int message_key(const struct nlattr *attr, struct message_peer *peer)
{
	struct message_key *keys;

	if (peer->key_count == MESSAGE_KEYS_MAX)
		return 0;
	keys = reallocarray(peer->keys, peer->key_count + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	peer->keys = keys;
	memset(&keys[peer->key_count], 0, sizeof(*keys));
	return attr_each_nested(attr, message_key_attr,
				&keys[peer->key_count++]);
}

static int message_peer_attr(const struct nlattr *attr, void *context)
{
	struct message_peer *peer = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_PEER_ADDRESS:
		return message_address(attr, &peer->address,
				       &peer->has_address);
	case PILOT_A_PEER_ENDPOINT:
		return attr_each_nested(attr, message_endpoint_attr,
					&peer->endpoint);
	case PILOT_A_PEER_FLAGS:
		return attr_u32(attr, &peer->flags);
	case PILOT_A_PEER_KEEPALIVE:
		return attr_u32(attr, &peer->keepalive);
	case PILOT_A_PEER_SILENCE_TIMEOUT:
		return attr_u32(attr, &peer->silence_timeout);
	case PILOT_A_PEER_IDLE_TIMEOUT:
		return attr_u32(attr, &peer->idle_timeout);
	case PILOT_A_PEER_RX_PACKET_RATE:
		return attr_u32(attr, &peer->rx_packet_rate);
	case PILOT_A_PEER_RX_BYTE_RATE:
		return attr_u64(attr, &peer->rx_byte_rate);
	case PILOT_A_PEER_QUEUED:
		return attr_u32(attr, &peer->queued);
	case PILOT_A_PEER_SINCE_RX:
		peer->has_rx = true;
		return attr_u64(attr, &peer->since_rx);
	case PILOT_A_PEER_SINCE_TX:
		peer->has_tx = true;
		return attr_u64(attr, &peer->since_tx);
	case PILOT_A_PEER_STATS:
		return message_stats(attr, peer->stats,
				     PILOT_A_PEER_STATS_MAX);
	case PILOT_A_PEER_KEY:
		return message_key(attr, peer);
	case PILOT_A_PEER_LANE:
		return message_lane(attr, peer);
	}
	return 0;
}

static int message_event_attr(const struct nlattr *attr, void *context)
{
	struct message_event *event = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_EVENT_TYPE:
		return attr_u8(attr, &event->type);
	case PILOT_A_EVENT_REASON:
		return attr_u8(attr, &event->reason);
	}
	return 0;
}

static int message_parse(const struct nlmsghdr *message, uint8_t command,
			 attr_callback callback, void *context)
{
	size_t length = mnl_nlmsg_get_payload_len(message);
	const struct genlmsghdr *head;

	if (message->nlmsg_len < MNL_NLMSG_HDRLEN || length < GENL_HDRLEN)
		return -EBADMSG;
	head = mnl_nlmsg_get_payload(message);
	if (head->cmd != command)
		return -EBADMSG;
	return attr_each(mnl_nlmsg_get_payload_offset(message, GENL_HDRLEN),
			 length - GENL_HDRLEN, callback, context);
}

static int message_device_top(const struct nlattr *attr, void *context)
{
	struct message_device *device = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_IFINDEX:
		return attr_u32(attr, &device->ifindex);
	case PILOT_A_DEV:
		return attr_each_nested(attr, message_device_attr, device);
	}
	return 0;
}

/* Return: 0, -EBADMSG. */
int message_parse_device(const struct nlmsghdr *message,
			 struct message_device *device)
{
	int ret;

	memset(device, 0, sizeof(*device));
	ret = message_parse(message, PILOT_CMD_DEV_GET, message_device_top,
			    device);
	return ret || (device->ifindex && *device->ifname) ? ret : -EBADMSG;
}

static int message_peer_top(const struct nlattr *attr, void *context)
{
	struct message_peer *peer = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_IFINDEX:
		return attr_u32(attr, &peer->ifindex);
	case PILOT_A_PEER:
		return attr_each_nested(attr, message_peer_attr, peer);
	}
	return 0;
}

/* On success the caller frees @peer. Return: 0, -EBADMSG, -ENOMEM. */
int message_parse_peer(const struct nlmsghdr *message,
		       struct message_peer *peer)
{
	int ret;

	memset(peer, 0, sizeof(*peer));
	ret = message_parse(message, PILOT_CMD_PEER_GET, message_peer_top,
			    peer);
	if (!ret && (!peer->ifindex || !peer->has_address))
		ret = -EBADMSG;
	if (ret)
		message_free_peer(peer);
	return ret;
}

void message_free_peer(struct message_peer *peer)
{
	free(peer->keys);
	free(peer->lanes);
	peer->keys = NULL;
	peer->lanes = NULL;
	peer->key_count = 0;
}

static int message_relay_attr(const struct nlattr *attr, void *context)
{
	struct message_relay *relay = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_RELAY_ID:
		return attr_u32(attr, &relay->id);
	case PILOT_A_RELAY_FROM:
		return attr_u64(attr, &relay->from);
	case PILOT_A_RELAY_TO:
		return attr_u64(attr, &relay->to);
	case PILOT_A_RELAY_NEXT_ID:
		return attr_u32(attr, &relay->next_id);
	case PILOT_A_RELAY_FLAGS:
		return attr_u32(attr, &relay->flags);
	case PILOT_A_RELAY_PACKET_RATE:
		return attr_u32(attr, &relay->packet_rate);
	case PILOT_A_RELAY_BYTE_RATE:
		return attr_u64(attr, &relay->byte_rate);
	case PILOT_A_RELAY_BYTES:
		relay->has_bytes_left = true;
		return attr_u64(attr, &relay->bytes_left);
	case PILOT_A_RELAY_LEFT_MS:
		return attr_u64(attr, &relay->left_ms);
	case PILOT_A_RELAY_PACKETS:
		return attr_u64(attr, &relay->packets);
	case PILOT_A_RELAY_BYTES_DONE:
		return attr_u64(attr, &relay->bytes);
	case PILOT_A_RELAY_DROPS:
		return attr_u64(attr, &relay->drops);
	}
	return 0;
}

static int message_relay_top(const struct nlattr *attr, void *context)
{
	struct message_relay *relay = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_IFINDEX:
		return attr_u32(attr, &relay->ifindex);
	case PILOT_A_RELAY:
		return attr_each_nested(attr, message_relay_attr, relay);
	}
	return 0;
}

/* Return: 0, -EBADMSG. */
int message_parse_relay(const struct nlmsghdr *message,
			struct message_relay *relay)
{
	int ret;

	memset(relay, 0, sizeof(*relay));
	ret = message_parse(message, PILOT_CMD_RELAY_GET, message_relay_top,
			    relay);
	if (ret)
		return ret;
	return relay->id && relay->next_id && relay->from <= PILOT_ADDRESS_MAX &&
	       relay->to <= PILOT_ADDRESS_MAX ? 0 : -EBADMSG;
}

static int message_event_key(const struct nlattr *attr,
			     struct message_event *event)
{
	struct message_key key = {};
	int ret;

	ret = attr_each_nested(attr, message_key_attr, &key);
	event->has_key = true;
	event->lane = key.lane;
	event->epoch = key.epoch;
	return ret;
}

static int message_event_top(const struct nlattr *attr, void *context)
{
	struct message_event *event = context;

	switch (mnl_attr_get_type(attr)) {
	case PILOT_A_IFINDEX:
		return attr_u32(attr, &event->device.ifindex);
	case PILOT_A_DEV:
		return attr_each_nested(attr, message_device_attr,
					&event->device);
	case PILOT_A_PEER:
		return attr_each_nested(attr, message_peer_attr, &event->peer);
	case PILOT_A_KEY:
		return message_event_key(attr, event);
	case PILOT_A_EVENT:
		return attr_each_nested(attr, message_event_attr, event);
	}
	return 0;
}

/* On success the caller frees @event. Return: 0, -EBADMSG, -ENOMEM. */
int message_parse_event(const struct nlmsghdr *message,
			struct message_event *event)
{
	int ret;

	memset(event, 0, sizeof(*event));
	ret = message_parse(message, PILOT_CMD_EVENT, message_event_top, event);
	if (!ret && !event->type)
		ret = -EBADMSG;
	if (ret)
		message_free_event(event);
	return ret;
}

void message_free_event(struct message_event *event)
{
	message_free_peer(&event->peer);
}

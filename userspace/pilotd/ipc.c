// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipc.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <sodium.h>

#include "seqpacket.h"

#define LENGTH(member)	SEQPACKET_LENGTH(struct ipc_message, member)

static const size_t lengths[IPC_TYPES] = {
	[IPC_INIT] = LENGTH(init),
	[IPC_AGENT_ADD] = LENGTH(agent),
	[IPC_AGENT_DEL] = LENGTH(agent_name),
	[IPC_PEER_ADD] = LENGTH(peer),
	[IPC_PEER_SET] = LENGTH(peer),
	[IPC_PEER_DEL] = LENGTH(peer_name),
	[IPC_KEY_ADOPT] = LENGTH(adopt),
	[IPC_ENDPOINT_ADOPT] = LENGTH(endpoint),
	[IPC_RELAY_ADOPT] = LENGTH(relay),
	[IPC_INTRODUCE] = LENGTH(introduce),
	[IPC_READY] = LENGTH(id),
	[IPC_REPLY] = LENGTH(reply),
	[IPC_ALIVE_ASK] = LENGTH(id),
	[IPC_KEY_NEW] = LENGTH(key),
	[IPC_KEY_DEL] = LENGTH(key_name),
	[IPC_ENDPOINT_SET] = LENGTH(endpoint),
	[IPC_ENDPOINT_FORGET] = LENGTH(peer_name),
	[IPC_ENDPOINT_RELEASE] = LENGTH(peer_name),
	[IPC_IDLE_ANEW] = LENGTH(idle),
	[IPC_RELAY_NEW] = LENGTH(relay),
	[IPC_RELAY_DEL] = LENGTH(relay_name),
	[IPC_LINK_ADD] = LENGTH(link),
	[IPC_LINK_DEL] = LENGTH(link_name),
	[IPC_PEER_NEW] = LENGTH(config_peer),
	[IPC_PEER_CHANGE] = LENGTH(config_peer),
	[IPC_PEER_REMOVE] = LENGTH(peer_remove),
	[IPC_RELOAD] = LENGTH(id),
	[IPC_ALIVE] = LENGTH(id),
	[IPC_BRIDGE_STATE] = LENGTH(bridge_state),
	[IPC_BRIDGE_OPEN] = LENGTH(bridge_open),
	[IPC_BRIDGE_CLOSE] = LENGTH(bridge_open),
	[IPC_BRIDGE_HURRY] = LENGTH(id),
};

void ipc_message_init(struct ipc_message *message, enum ipc_type type)
{
	memset(message, 0, sizeof(*message));
	message->type = type;
}

size_t ipc_length(uint32_t type)
{
	return type < IPC_TYPES ? lengths[type] : 0;
}

#define ENDED(array)	(memchr(array, 0, sizeof(array)) != NULL)

static bool endpoint_ok(const struct ipc_endpoint *endpoint)
{
	return !endpoint_check(&endpoint->endpoint) &&
	       seqpacket_bool_ok(&endpoint->hold);
}

static bool relay_ok(const struct ipc_relay *relay)
{
	return seqpacket_bool_ok(&relay->entry.signalling) &&
	       seqpacket_bool_ok(&relay->renew) &&
	       relay_entry_valid(&relay->entry);
}

static bool key_ok(const struct session_key *key)
{
	return (key->slot == SESSION_SLOT_CURRENT ||
		key->slot == SESSION_SLOT_NEXT) &&
	       key->lane < WIRE_LANES_MAX && !key->lane == !key->port &&
	       key->soft_age && key->hard_age;
}

static bool turn_ok(const struct turn_account *account)
{
	return ENDED(account->user) && ENDED(account->password) &&
	       ENDED(account->name) && account->transport < TURN_TRANSPORTS &&
	       account->user[0] && account->password[0] &&
	       !endpoint_check(&account->server) &&
	       endpoint_is_direct(&account->server);
}

static bool init_ok(const struct ipc_init *init)
{
	if (!init->lanes || init->lanes > WIRE_LANES_MAX)
		return false;
	for (int i = 0; i < init->lanes - 1; i++)
		if (!init->lane_ports[i])
			return false;
	if (init->stun_servers > CONFIG_STUN_SERVERS_MAX ||
	    init->turn_servers > TURN_SERVERS_MAX ||
	    init->port_mapping > 1 || init->path_dead < CONFIG_PATH_DEAD_MIN ||
	    init->path_dead > CONFIG_PATH_DEAD_MAX)
		return false;
	for (unsigned int i = 0; i < init->stun_servers; i++)
		if (endpoint_check(&init->stun_server[i]) ||
		    !endpoint_is_direct(&init->stun_server[i]))
			return false;
	for (unsigned int i = 0; i < init->turn_servers; i++)
		if (!turn_ok(&init->turn[i]))
			return false;
	return true;
}

static bool content_ok(const struct ipc_message *message)
{
	switch (message->type) {
	case IPC_INIT:
		return init_ok(&message->init);
	case IPC_AGENT_ADD:
		return config_agent_valid(&message->agent.config) &&
		       seqpacket_bool_ok(&message->agent.runtime);
	case IPC_PEER_ADD:
	case IPC_PEER_SET:
		return config_peer_valid(&message->peer.config) &&
		       seqpacket_bool_ok(&message->peer.runtime) &&
		       seqpacket_bool_ok(&message->peer.has_psk);
	case IPC_REPLY:
		return ENDED(message->reply.text);
	case IPC_KEY_NEW:
		return key_ok(&message->key.key);
	case IPC_KEY_DEL:
		return message->key_name.lane < WIRE_LANES_MAX;
	case IPC_ENDPOINT_SET:
	case IPC_ENDPOINT_ADOPT:
		return endpoint_ok(&message->endpoint);
	case IPC_INTRODUCE:
		return config_introduce_valid(&message->introduce);
	case IPC_RELAY_NEW:
	case IPC_RELAY_ADOPT:
		return relay_ok(&message->relay);
	case IPC_LINK_ADD:
		return config_agent_valid(&message->link);
	case IPC_LINK_DEL:
		return ENDED(message->link_name.name);
	case IPC_PEER_NEW:
	case IPC_PEER_CHANGE:
		return config_peer_valid(&message->config_peer);
	case IPC_BRIDGE_STATE:
		return bridge_state_valid(&message->bridge_state);
	case IPC_BRIDGE_OPEN:
	case IPC_BRIDGE_CLOSE:
		return bridge_open_valid(&message->bridge_open);
	case IPC_PEER_REMOVE:
		return ENDED(message->peer_remove.link);
	default:
		return true;
	}
}

int ipc_check(const struct ipc_message *message, size_t len, bool from_worker)
{
	if (len < sizeof(message->type) || !ipc_length(message->type) ||
	    len != ipc_length(message->type))
		return -EBADMSG;
	if ((message->type >= IPC_FIRST_REQUEST) != from_worker)
		return -EBADMSG;
	return content_ok(message) ? 0 : -EBADMSG;
}

int ipc_send(int fd, const struct ipc_message *message)
{
	return seqpacket_send(fd, message, ipc_length(message->type), 0);
}

static int receive(int fd, struct ipc_message *message, bool from_worker,
		   int flags)
{
	ssize_t n = seqpacket_receive(fd, message, sizeof(*message), flags);

	return n < 0 ? n : ipc_check(message, n, from_worker);
}

int ipc_receive(int fd, struct ipc_message *message, bool from_worker)
{
	return receive(fd, message, from_worker, 0);
}

int ipc_receive_now(int fd, struct ipc_message *message, bool from_worker)
{
	return receive(fd, message, from_worker, MSG_DONTWAIT);
}

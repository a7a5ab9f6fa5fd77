/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the privileged parent and the worker: one fixed struct
 * per datagram of a SOCK_SEQPACKET pair. The parent trusts nothing in a
 * message from the worker.
 */
#ifndef PILOTD_IPC_H
#define PILOTD_IPC_H

#include <stdbool.h>
#include <stdint.h>

#include "identity.h"
#include "portmap.h"
#include "relay.h"
#include "session.h"
#include "turn_pool.h"
#include "config.h"

#define IPC_TEXT_LEN	CONFIG_ERROR_LEN
#define IPC_PSK_LEN	32

enum ipc_type {
	/* From the parent. */
	IPC_INIT = 1,
	IPC_AGENT_ADD,
	IPC_AGENT_DEL,
	IPC_PEER_ADD,
	IPC_PEER_SET,
	IPC_PEER_DEL,
	IPC_KEY_ADOPT,
	IPC_ENDPOINT_ADOPT,	/* where the kernel has a peer */
	IPC_RELAY_ADOPT,	/* an entry the kernel has */
	IPC_INTRODUCE,		/* what is configured for introducing */
	IPC_READY,		/* all that is configured was told */
	IPC_REPLY,
	IPC_ALIVE_ASK,		/* IPC_ALIVE is the answer */
	IPC_BRIDGE_STATE,	/* of a connection by TLS */

	/*
	 * From the worker; the parent answers with IPC_REPLY, save
	 * the last four.
	 */
	IPC_FIRST_REQUEST,
	IPC_KEY_NEW = IPC_FIRST_REQUEST,
	IPC_KEY_DEL,
	IPC_ENDPOINT_SET,
	IPC_ENDPOINT_FORGET,	/* where the peer is is not known */
	IPC_ENDPOINT_RELEASE,	/* ends a hold */
	IPC_IDLE_ANEW,		/* begins the idle time of a peer */
	IPC_RELAY_NEW,
	IPC_RELAY_DEL,
	IPC_LINK_ADD,
	IPC_LINK_DEL,
	IPC_PEER_NEW,
	IPC_PEER_CHANGE,
	IPC_PEER_REMOVE,
	IPC_RELOAD,
	IPC_ALIVE,
	IPC_BRIDGE_OPEN,	/* be reached by TLS, and tell */
	IPC_BRIDGE_CLOSE,
	IPC_BRIDGE_HURRY,	/* our addresses changed */

	IPC_TYPES,
};

struct ipc_init {
	uint16_t port;
	uint8_t lanes;			/* lane 0 among them */
	uint16_t lane_ports[WIRE_LANES_MAX - 1];	/* of lanes 1, 2, ... */
	uint32_t rekey_after;
	enum log_level log_level;
	uint32_t control_gid;
	struct endpoint stun_server[CONFIG_STUN_SERVERS_MAX];
	uint32_t stun_servers;
	struct turn_account turn[TURN_SERVERS_MAX];
	uint32_t turn_servers;
	uint32_t port_mapping;
	uint16_t path_cost[PATH_CLASSES];
	uint32_t path_dead;		/* milliseconds */
	uint8_t portmap_secret[PORTMAP_SECRET_LEN];
};

struct ipc_agent {
	struct config_agent config;
	bool runtime;
	uint64_t address;
	uint32_t ifindex;
	uint8_t seed[IDENTITY_SEED_LEN];
};

struct ipc_agent_name {
	uint64_t address;
};

struct ipc_peer {
	uint64_t agent;
	uint64_t address;
	struct config_peer config;
	bool runtime;
	bool has_psk;
	uint8_t psk[IPC_PSK_LEN];
};

struct ipc_peer_name {
	uint64_t agent;
	uint64_t peer;
};

struct ipc_idle {
	uint64_t agent;
	uint64_t peer;
	uint32_t seconds;
};

struct ipc_adopt {
	uint64_t agent;
	uint64_t peer;
	uint32_t slot;
	uint32_t epoch;
	uint32_t rx_index;
	uint32_t age_s;
	uint32_t soft_age;
	uint32_t hard_age;
};

struct ipc_reply {
	int32_t error;			/* 0 or a positive errno */
	char text[IPC_TEXT_LEN];	/* for people, when there is an error */
};

struct ipc_key {
	uint64_t agent;
	uint64_t peer;
	struct session_key key;
};

struct ipc_key_name {
	uint64_t agent;
	uint64_t peer;
	uint8_t lane;
	uint32_t epoch;
};

struct ipc_endpoint {
	uint64_t agent;
	uint64_t peer;
	struct endpoint endpoint;
	bool hold;			/* nothing else moves it for now */
};

struct ipc_relay {
	uint64_t agent;
	struct relay_entry entry;
	bool renew;
};

struct ipc_relay_name {
	uint64_t agent;
	uint32_t id;
};

struct ipc_link_name {
	char name[IFNAMSIZ];
};

struct ipc_peer_remove {
	char link[IFNAMSIZ];
	uint8_t public[IDENTITY_KEY_LEN];
};

struct ipc_message {
	uint32_t type;			/* enum ipc_type */
	uint32_t id;			/* of a request, and of its reply */
	union {
		struct ipc_init init;
		struct ipc_agent agent;
		struct ipc_agent_name agent_name;
		struct ipc_peer peer;
		struct ipc_peer_name peer_name;
		struct ipc_idle idle;
		struct ipc_adopt adopt;
		struct ipc_reply reply;
		struct ipc_key key;
		struct ipc_key_name key_name;
		struct ipc_endpoint endpoint;
		struct introducer_config introduce;
		struct ipc_relay relay;
		struct ipc_relay_name relay_name;
		struct config_agent link;
		struct ipc_link_name link_name;
		struct config_peer config_peer;
		struct ipc_peer_remove peer_remove;
		struct bridge_open bridge_open;
		struct bridge_state bridge_state;
	};
};

/* A zeroed message of a type. */
void ipc_message_init(struct ipc_message *message, enum ipc_type type);

/* Return: the length of a message of this type, 0 for no type. */
size_t ipc_length(uint32_t type);

/*
 * Checks that @len bytes are a whole message that may come from this side,
 * with every string ended and every enum in range. Return: 0 or -EBADMSG.
 */
int ipc_check(const struct ipc_message *message, size_t len,
	      bool from_worker);

/* Return: 0 or -errno. Waits while the other side is slow. */
int ipc_send(int fd, const struct ipc_message *message);

/*
 * Return: 0; -EAGAIN when there is nothing and the socket is non-blocking;
 * -EPIPE when the other side is gone; -EBADMSG for a message that is none.
 */
int ipc_receive(int fd, struct ipc_message *message, bool from_worker);
/* The same, but -EAGAIN when there is nothing, whatever the socket. */
int ipc_receive_now(int fd, struct ipc_message *message, bool from_worker);

#endif /* PILOTD_IPC_H */

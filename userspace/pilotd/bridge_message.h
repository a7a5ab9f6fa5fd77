/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the privileged parent and the bridge: one fixed struct per
 * datagram of a SOCK_SEQPACKET pair. The parent passes those about a server on
 * between the worker and the bridge, and trusts nothing in them.
 */
#ifndef PILOTD_BRIDGE_MESSAGE_H
#define PILOTD_BRIDGE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "stream.h"

#define BRIDGE_PATH_LEN		256
#define BRIDGE_NAME_LEN		64
#define BRIDGE_TEXT_LEN		128
#define BRIDGE_SERVERS_MAX	64	/* that we are a client of */

enum bridge_type {
	/* To the bridge. */
	BRIDGE_INIT = 1,
	BRIDGE_OPEN,		/* keep a connection to a server up */
	BRIDGE_CLOSE,		/* that is not needed any more */
	BRIDGE_HURRY,		/* our addresses changed: try at once */

	/* From the bridge. */
	BRIDGE_FIRST_REPORT,
	BRIDGE_STATE = BRIDGE_FIRST_REPORT,

	BRIDGE_TYPES,
};

/* What is configured for others that come to us by TLS. */
struct bridge_serving {
	bool enabled;
	struct endpoint listen;		/* unset: each address */
	uint16_t port;			/* when it is unset */
	uint32_t clients;
	char certificate[BRIDGE_PATH_LEN];
	char key[BRIDGE_PATH_LEN];
};

struct bridge_init {
	uint16_t port;		/* pilotd's, for UDP */
	uint32_t log_level;
	uint32_t clients;	/* of us as a server, at most */
	uint32_t listens;	/* bits 0 and 1: the sockets that were given */
	char certificate[BRIDGE_PATH_LEN];	/* "": make one */
	char key[BRIDGE_PATH_LEN];
};

struct bridge_open {
	struct endpoint server;		/* TCP */
	uint32_t kind;			/* enum stream_kind */
	bool plain;			/* without TLS; STREAM_STUN only */
	char name[BRIDGE_NAME_LEN];	/* that a client says; "": none */
};

/* What the worker is told of one server. */
struct bridge_state {
	struct endpoint server;
	struct endpoint local;		/* where it is to be found by UDP */
	uint32_t kind;			/* enum stream_kind */
	bool up;
	uint32_t number;		/* of connections that were up so far */
	char text[BRIDGE_TEXT_LEN];	/* why it is not up; "" */
};

struct bridge_message {
	uint32_t type;			/* enum bridge_type */
	union {
		struct bridge_init init;
		struct bridge_open open;	/* close takes the server */
		struct bridge_state state;
	};
};

void bridge_message_init(struct bridge_message *message,
			 enum bridge_type type);

/*
 * Checks that @len bytes are a whole message that may come from this side.
 * Return: 0 or -EBADMSG.
 */
int bridge_message_check(const struct bridge_message *message, size_t len,
			 bool from_bridge);
/* Whether the parts that are passed on are sound. */
bool bridge_open_valid(const struct bridge_open *open);
/* Whether one connection does for both. */
bool bridge_open_equal(const struct bridge_open *a,
		       const struct bridge_open *b);
bool bridge_state_valid(const struct bridge_state *state);

/* Does not wait. Return: 0 or -errno. */
int bridge_send(int fd, const struct bridge_message *message);
/* Return: as ipc_receive(); does not wait. */
int bridge_receive(int fd, struct bridge_message *message, bool from_bridge);

#endif /* PILOTD_BRIDGE_MESSAGE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TURN server of one address, as RFC 8656 has it, and as it should not be:
 * what it does is set by the test.
 */
#ifndef PILOT_TESTS_TURN_SERVER_H
#define PILOT_TESTS_TURN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define TURN_SERVER_CLIENTS	4
#define TURN_SERVER_ENTRIES	192

struct turn_server_entry {
	struct endpoint peer;		/* unset: free */
	uint16_t channel;		/* 0: a permission */
	uint64_t until;
};

struct turn_server_client {
	struct endpoint at;		/* unset: free */
	struct endpoint relayed;
	uint64_t until;
	uint8_t tid[12];		/* of what made it */
	struct turn_server_entry entry[TURN_SERVER_ENTRIES];
};

struct turn_server {
	struct endpoint at;
	const char *user, *password, *realm;
	unsigned int nonce;
	uint32_t lifetime;		/* seconds, at most; 0: as asked */
	uint16_t next_port;
	struct turn_server_client client[TURN_SERVER_CLIENTS];

	/* What it does wrong. */
	bool silent;
	bool stale;			/* a new nonce for each request */
	bool open;			/* nobody needs a password */
	uint16_t method, error;		/* requests of it fail so; 0: none */
	struct endpoint alternate;	/* said with the error */
	struct in_addr forbidden;	/* no permission for it */
	bool forges;			/* with a wrong key */
	bool unsigned_answers;

	unsigned int requests[16];	/* by method, repetitions as well */
	unsigned int data, channel_data, dropped;
	void *ctx;
	void (*send)(void *ctx, const struct endpoint *src,
		     const struct endpoint *dst, const void *bytes, size_t len);
};

/* With user "u" and password "secret". */
void turn_server_init(struct turn_server *server, const char *at);
/* It starts anew: nothing is known. */
void turn_server_restart(struct turn_server *server);
/* A datagram to one of its ports. */
void turn_server_receive(struct turn_server *server, uint64_t now,
			 const struct endpoint *src, const struct endpoint *dst,
			 const uint8_t *bytes, size_t len);
/* Its only client, or NULL. */
struct turn_server_client *turn_server_only(struct turn_server *server);
unsigned int turn_server_count(const struct turn_server_client *client,
			       uint64_t now, bool channels);

#endif /* PILOT_TESTS_TURN_SERVER_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What STUN servers of one family say about this host: where its socket is
 * seen, and what the NATs before it do (RFC 5780). A state machine: datagrams
 * and time come in, datagrams go out.
 *
 * One run asks every server. The first that has another address is asked more:
 * to answer from there, which tells what is let in, and, when that is decided,
 * at its other addresses, which tells whether the mapping depends on them.
 */
#ifndef PILOT_LIB_STUN_H
#define PILOT_LIB_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "stun_message.h"

#define STUN_SERVERS_MAX	4

/*
 * RFC 8489, 6.2.1, with fewer requests than it has for a client that nobody
 * waits for. What may be kept away by a filter is asked for less often.
 */
#define STUN_RTO		(500 * CLOCK_MS)
#define STUN_SENDS		4
#define STUN_SENDS_FILTER	3
#define STUN_LAST_WAIT		(2 * CLOCK_SECOND)	/* after the last */
/* As long as a NAT may remember that we sent to an address (RFC 4787). */
#define STUN_FILTER_AGE		(300 * CLOCK_SECOND)

/* What a mapping, or what is let in, depends on (RFC 4787). */
enum stun_behaviour {
	STUN_UNKNOWN,
	STUN_ENDPOINT_INDEPENDENT,
	STUN_ADDRESS_DEPENDENT,
	STUN_ADDRESS_AND_PORT_DEPENDENT,
};

struct stun_server {
	struct endpoint endpoint;
	bool answered;			/* in the last run, even by an error */
	struct endpoint mapped;		/* unset: none */
	uint64_t rtt_ns;
};

enum stun_test {
	STUN_TEST_BIND,			/* server i is transaction i */
	STUN_TEST_FILTER_ADDRESS = STUN_SERVERS_MAX,
	STUN_TEST_FILTER_PORT,
	STUN_TEST_MAP_ADDRESS,
	STUN_TEST_MAP_PORT,
	STUN_TESTS,
};

struct stun_transaction {
	bool waits;
	unsigned int sends;		/* so far */
	uint64_t began, at;		/* boot time; when it is acted on next */
	struct endpoint dst, src;	/* whence the answer has to come */
	unsigned int change;
	uint8_t tid[STUN_TID_LEN];
};

struct stun_client_ops {
	void (*send)(void *ctx, const struct endpoint *dst, const void *bytes,
		     size_t len);
	/* A run is over. */
	void (*done)(void *ctx);
};

struct stun_client {
	const struct stun_client_ops *ops;
	void *ctx;
	struct stun_server server[STUN_SERVERS_MAX];
	unsigned int servers;
	enum stun_behaviour mapping, filtering;

	/* Of the run. */
	bool runs;
	struct stun_transaction test[STUN_TESTS];
	const struct stun_server *primary;	/* the one with another address */
	struct endpoint other;
	struct endpoint map_address, map_port;	/* what was seen from there */

	/* Of what was sent to other addresses: they get through a while. */
	uint64_t opened_at;		/* 0: nothing was */
	struct endpoint opened_by;	/* the address we had then */
};

void stun_client_init(struct stun_client *client,
		      const struct stun_client_ops *ops, void *ctx,
		      const struct endpoint *servers, unsigned int count);
/* Begins a run, unless one is under way. Without servers it is over at once. */
void stun_client_start(struct stun_client *client, uint64_t now);
/* The network is another one: ends a run, without done(), and its results. */
void stun_client_forget(struct stun_client *client);

/* Return: whether it was an answer that was waited for. */
bool stun_client_receive(struct stun_client *client, uint64_t now,
			 const struct endpoint *src, const uint8_t *bytes,
			 size_t len);
void stun_client_timer(struct stun_client *client, uint64_t now);
uint64_t stun_client_deadline(const struct stun_client *client);

/* By the first server that said; NULL: none did. */
const struct endpoint *stun_client_mapped(const struct stun_client *client);

/* One socket of ours, as somebody sees it. */
struct stun_view {
	struct endpoint server, mapped;
};

/*
 * What the mapping depends on. Where all addresses see the same, ports do not
 * matter; one address alone tells nothing.
 */
enum stun_behaviour stun_mapping(const struct stun_view *seen,
				 unsigned int count);

const char *stun_behaviour_name(enum stun_behaviour behaviour);

#endif /* PILOT_LIB_STUN_H */

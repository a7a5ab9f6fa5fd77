/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of TURN and a server, in simulated time, 10 ms apart. */
#ifndef PILOT_TESTS_TURN_LAB_H
#define PILOT_TESTS_TURN_LAB_H

#include "turn.h"
#include "turn_server.h"

#define S	CLOCK_SECOND
#define MS	CLOCK_MS
#define TURN_LAB_QUEUE	64

struct datagram {
	uint64_t at;
	bool up;			/* to the server */
	struct endpoint src, dst;
	size_t len;
	uint8_t bytes[1400];
};

struct lab {
	struct turn_client client;
	struct turn_server server;
	struct endpoint self;
	/* What speaks for the server, see lab_stream(); unset: nothing. */
	struct endpoint local;
	unsigned int connects, disconnects;	/* that were asked for */
	uint64_t now;
	struct datagram queue[TURN_LAB_QUEUE];
	unsigned int queued;
	unsigned int lose;		/* so many of ours */
	unsigned int lose_down;		/* so many of the server's */
	unsigned int changed, bound, frames, sent;
	uint64_t sent_at[256];
	struct endpoint frame_src;
	uint8_t frame[TURN_DATA_MAX];
	size_t frame_len;
	/* What got to a peer. */
	unsigned int peer_got;
	struct endpoint peer_src, peer_dst;
	struct datagram last_down;
};

extern const struct turn_client_ops lab_ops;

struct endpoint lab_at(const char *text);
void lab_is_at(const struct endpoint *ep, const char *text);
struct lab *lab_new(void);
/* The server is reached by a connection that is there for lab_connect(). */
struct lab *lab_stream(void);
void lab_connect(struct lab *lab);
/* It ends, and with it what the server had for it. */
void lab_cut(struct lab *lab, const char *why);
/* With an allocation, after a second. */
struct lab *lab_allocated(void);
void lab_free(struct lab *lab);
/* To the client. Return: whether it took it. */
bool lab_receive(struct lab *lab, const struct datagram *d);
/* The first that is under way arrives. */
void lab_deliver(struct lab *lab);
void lab_run(struct lab *lab, uint64_t duration);

#endif /* PILOT_TESTS_TURN_LAB_H */

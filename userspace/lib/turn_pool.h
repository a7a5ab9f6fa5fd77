/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TURN servers that are configured, of which one at a time relays for us:
 * the first that wants to. It is asked when there is a need, and its
 * allocation is given back when there was none for as long as it would last.
 */
#ifndef PILOT_LIB_TURN_POOL_H
#define PILOT_LIB_TURN_POOL_H

#include "turn.h"

#define TURN_SERVERS_MAX	4
/* Until a server that refused, or did not answer, is asked again; doubles. */
#define TURN_POOL_PAUSE		(5 * CLOCK_SECOND)
#define TURN_POOL_PAUSE_MAX	(300 * CLOCK_SECOND)
/* Where no path works, an allocation of which nothing was heard is in doubt. */
#define TURN_POOL_DOUBT		(3 * CLOCK_SECOND)
#define TURN_POOL_UNUSED	(600 * CLOCK_SECOND)

enum turn_need {
	TURN_NEED_NONE,
	TURN_NEED_HELD,			/* a path in use goes by it */
	TURN_NEED_LACK,			/* some peer has no path without it */
};

struct turn_pool_ops {
	void (*send)(void *ctx, const struct endpoint *dst, const void *bytes,
		     size_t len);
	/* turn_pool_current() has another relayed address, or none. */
	void (*changed)(void *ctx);
	void (*bound)(void *ctx);
	void (*frame)(void *ctx, const struct endpoint *src, const void *bytes,
		      size_t len);
	/* See struct turn_client_ops; NULL when all are reached by UDP. */
	void (*connect)(void *ctx, unsigned int server, bool wanted);
	/* A server says something else than before; for a log. */
	void (*told)(void *ctx, const struct turn_client *server);
	/* Every server was asked, see turn_pool_check(). */
	void (*checked)(void *ctx);
};

/* What a server said when it was last asked, whether or not it is used. */
struct turn_report {
	enum turn_state state;
	char problem[TURN_PROBLEM_LEN];
	unsigned int error;		/* of a refusal, or 0 */
	struct endpoint relayed;
	uint64_t rtt_ns;		/* 0: it did not answer */
};

struct turn_pool_server {
	struct turn_pool *pool;
	struct turn_client client;
	struct turn_report report;
	bool probes;			/* it is asked, but not to be used */
	bool checks;			/* the check waits for it */
	uint64_t pause;			/* 0: its allocation held */
	uint64_t again_at;
};

struct turn_pool {
	const struct turn_pool_ops *ops;
	void *ctx;
	unsigned int count;
	struct turn_pool_server server[TURN_SERVERS_MAX];
	struct turn_pool_server *used;	/* allocated, or asked for that */
	enum turn_need need;
	uint64_t needed_at;		/* last */
	bool checks;
	struct endpoint shown;		/* the relayed address as told */
};

void turn_pool_init(struct turn_pool *pool, const struct turn_pool_ops *ops,
		    void *ctx, const struct turn_account *accounts,
		    unsigned int count);
/* Gives back what there is. */
void turn_pool_release(struct turn_pool *pool, uint64_t now);
void turn_pool_wipe(struct turn_pool *pool);

/* The network is another one: what there is may not be, and is asked for. */
void turn_pool_moved(struct turn_pool *pool, uint64_t now);
/* Tell whenever it may have changed. */
void turn_pool_need(struct turn_pool *pool, uint64_t now, enum turn_need need);
/* Asks every server once; checked() comes later, never at once. */
void turn_pool_check(struct turn_pool *pool, uint64_t now);

/* The server with an allocation that is in use; NULL: none. */
struct turn_client *turn_pool_current(struct turn_pool *pool);
const struct turn_report *turn_pool_report(const struct turn_pool *pool,
					   unsigned int i);

/* Of the server with this number, see turn_connected(). */
void turn_pool_connected(struct turn_pool *pool, uint64_t now, unsigned int i,
			 const struct endpoint *at, const char *why);
bool turn_pool_receive(struct turn_pool *pool, uint64_t now,
		       const struct endpoint *src, const uint8_t *bytes,
		       size_t len);
void turn_pool_timer(struct turn_pool *pool, uint64_t now);
uint64_t turn_pool_deadline(const struct turn_pool *pool);

#endif /* PILOT_LIB_TURN_POOL_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection that is kept up: when to try, how long a try may take, and
 * how long to wait after one that failed. Owns no socket and no clock; times
 * are boot time.
 */
#ifndef PILOT_LIB_REDIAL_H
#define PILOT_LIB_REDIAL_H

#include <stdint.h>

#include "clock.h"

#define REDIAL_FIRST	(500 * CLOCK_MS)	/* the wait, doubled up to */
#define REDIAL_MAX	(30 * CLOCK_SECOND)
#define REDIAL_TRY	(10 * CLOCK_SECOND)	/* TCP and TLS together */
#define REDIAL_STABLE	(10 * CLOCK_SECOND)	/* up so long: begin anew */

enum redial_state {
	REDIAL_WAITING,
	REDIAL_TRYING,
	REDIAL_UP,
};

enum redial_do {
	REDIAL_NOTHING,
	REDIAL_CONNECT,			/* begin a try */
	REDIAL_ABANDON,			/* end it, and say redial_failed() */
};

struct redial {
	enum redial_state state;
	uint64_t at;			/* of what is next; CLOCK_NEVER */
	uint64_t wait;			/* after the next failure */
	uint64_t up_at;
	uint32_t number;		/* of connections that were up */
	uint32_t failures;		/* since one was */
};

/* The first try is due at once. */
void redial_init(struct redial *redial, uint64_t now);
/* What is due by now. After REDIAL_CONNECT a try is under way. */
enum redial_do redial_due(struct redial *redial, uint64_t now);
void redial_up(struct redial *redial, uint64_t now);
/*
 * The try failed, or the connection ended. @random: any value; up to a
 * quarter is added to the wait by it.
 */
void redial_failed(struct redial *redial, uint64_t now, uint32_t random);
/* The way to there may be another one now: try at once, if waiting. */
void redial_hurry(struct redial *redial, uint64_t now);

#endif /* PILOT_LIB_REDIAL_H */

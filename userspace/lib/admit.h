/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may be connected to a server that cannot tell its clients from
 * strangers: a connection is a stranger's until something was answered to it.
 * Strangers have a bound of their own and are few per source. When there are as
 * many as may be the oldest makes room, of those whose site has the most; when
 * there are as many of a site, the oldest of that one. A site is an IPv4
 * address, or an IPv6 /48, which one customer may have, or very many. Owns no
 * socket and no clock; times are boot time.
 */
#ifndef PILOT_LIB_ADMIT_H
#define PILOT_LIB_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "ratelimit.h"

#define ADMIT_CLIENTS_MAX	1024
#define ADMIT_STRANGERS		64
#define ADMIT_PLACES		(ADMIT_CLIENTS_MAX + ADMIT_STRANGERS)
/* Of one IPv4 address, or IPv6 /64. */
#define ADMIT_SOURCE_STRANGERS	8
#define ADMIT_SITE_STRANGERS	16	/* of one IPv6 /48 */
#define ADMIT_SOURCE		64
#define ADMIT_STRANGER_TIME	(10 * CLOCK_SECOND)
#define ADMIT_CLIENT_TIME	(180 * CLOCK_SECOND)	/* without an answer */
/* What a stranger may say in a second: a handshake is two frames. */
#define ADMIT_STRANGER_RATE	50
#define ADMIT_STRANGER_BURST	50
/* All strangers together. */
#define ADMIT_STRANGERS_RATE	500
#define ADMIT_STRANGERS_BURST	500

struct admit_place {
	bool used;
	bool known;
	struct endpoint source;
	uint64_t since;			/* or when it was last answered */
	struct ratelimit_bucket frames;
};

struct admit_stats {
	uint64_t refused_source;	/* too many, or too fast, of a source */
	uint64_t refused_full;
};

struct admit {
	unsigned int clients_max;
	unsigned int clients, strangers;
	struct admit_place place[ADMIT_PLACES];
	struct ratelimit_bucket frames;
	struct ratelimit_table sources;
	struct admit_stats stats;
};

/* @key: random. */
void admit_init(struct admit *admit, unsigned int clients_max,
		const uint8_t key[static 16]);
/*
 * A connection from @source. @displaced: the place of a stranger that is to be
 * ended for it, which is taken out already, or -1. Return: its place;
 * -EBUSY for a source with enough of them.
 */
int admit_add(struct admit *admit, uint64_t now, const struct endpoint *source,
	      int *displaced);
void admit_del(struct admit *admit, int place);
/*
 * Something was answered to it: no stranger. Return: 0, or -ENOSPC when there
 * are as many clients as may be; it has to go then.
 */
int admit_known(struct admit *admit, uint64_t now, int place);
/* A frame of it came. Return: whether it may pass. */
bool admit_frame(struct admit *admit, uint64_t now, int place);
/* Boot time when the connection has been of no use for too long. */
uint64_t admit_until(const struct admit *admit, int place);

#endif /* PILOT_LIB_ADMIT_H */

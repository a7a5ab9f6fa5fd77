/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Token buckets for handshakes: one for the host, which tells when cookies
 * are asked for, and one per source prefix (IPv4 address, IPv6 /64), each
 * relay id and channel apart.
 */
#ifndef PILOT_LIB_RATELIMIT_H
#define PILOT_LIB_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"

/*
 * Prefixes share a fixed number of buckets by a keyed hash: memory is
 * bounded, and nobody can choose whom to collide with.
 */
#define RATELIMIT_PREFIXES	4096
#define RATELIMIT_PREFIX_RATE	20	/* per second */
#define RATELIMIT_PREFIX_BURST	100

struct ratelimit_bucket {
	uint64_t full_at;	/* boot time when it is full again */
};

struct ratelimit_table {
	uint8_t key[16];
	struct ratelimit_bucket buckets[RATELIMIT_PREFIXES];
};

/* Whether there is a token. */
bool ratelimit_has(const struct ratelimit_bucket *bucket, uint64_t now,
		   uint32_t rate, uint32_t burst);
/* Takes a token. Return: false when there is none. */
bool ratelimit_take(struct ratelimit_bucket *bucket, uint64_t now,
		    uint32_t rate, uint32_t burst);
bool ratelimit_has_prefix(struct ratelimit_table *table, uint64_t now,
			  const struct endpoint *src);
bool ratelimit_take_prefix(struct ratelimit_table *table, uint64_t now,
			   const struct endpoint *src);

#endif /* PILOT_LIB_RATELIMIT_H */

// SPDX-License-Identifier: GPL-2.0-or-later
#include <sodium.h>
#include <string.h>

#include "ratelimit.h"
#include "wire.h"

/*
 * A bucket is the time when it would be full: each token moves that one
 * interval on, and there are none when it is a whole burst away.
 */
bool ratelimit_has(const struct ratelimit_bucket *bucket, uint64_t now,
		   uint32_t rate, uint32_t burst)
{
	return bucket->full_at <= now ||
	       bucket->full_at - now <= (burst - 1) * (CLOCK_SECOND / rate);
}

bool ratelimit_take(struct ratelimit_bucket *bucket, uint64_t now,
		    uint32_t rate, uint32_t burst)
{
	uint64_t from = bucket->full_at > now ? bucket->full_at : now;

	if (!ratelimit_has(bucket, now, rate, burst))
		return false;
	bucket->full_at = from + CLOCK_SECOND / rate;
	return true;
}

static struct ratelimit_bucket *ratelimit_prefix(struct ratelimit_table *table,
						 const struct endpoint *src)
{
	uint8_t prefix[1 + 8 + 1 + 4] = { 0 }, hash[crypto_shorthash_BYTES];
	size_t at;

	prefix[0] = src->family == AF_INET6;
	prefix[9] = src->kind;
	wire_put32(prefix + 10, src->id);
	if (src->family == AF_INET6)
		memcpy(prefix + 1, &src->in6, 8);
	else
		memcpy(prefix + 1, &src->in4, sizeof(src->in4));
	crypto_shorthash(hash, prefix, sizeof(prefix), table->key);
	at = (hash[0] | hash[1] << 8) % RATELIMIT_PREFIXES;
	return &table->buckets[at];
}

bool ratelimit_has_prefix(struct ratelimit_table *table, uint64_t now,
			  const struct endpoint *src)
{
	return ratelimit_has(ratelimit_prefix(table, src), now,
			     RATELIMIT_PREFIX_RATE, RATELIMIT_PREFIX_BURST);
}

bool ratelimit_take_prefix(struct ratelimit_table *table, uint64_t now,
			   const struct endpoint *src)
{
	return ratelimit_take(ratelimit_prefix(table, src), now,
			      RATELIMIT_PREFIX_RATE, RATELIMIT_PREFIX_BURST);
}

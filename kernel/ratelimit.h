/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Token buckets. A bucket holds at most a quarter of a second's worth of
 * tokens, and never less than its floor, so that one large batch fits.
 */
#ifndef PILOT_RATELIMIT_H
#define PILOT_RATELIMIT_H

#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct pilot_bucket - one token bucket
 * @rate: tokens per second, 0 = no limit
 * @burst: most tokens it may hold
 * @tokens: what it holds
 * @last: CLOCK_MONOTONIC ns up to which tokens were credited
 *
 * The owner's lock guards all but @rate, which is also read without.
 */
struct pilot_bucket {
	u64 rate;
	u64 burst;
	u64 tokens;
	u64 last;
};

/*
 * Datagrams a second, and as many at once, that the helper is shown of one
 * source prefix, and of control frames of one peer. A path that is watched
 * takes 8 a second.
 */
#define PILOT_HELPER_RATE	64
#define PILOT_HELPER_BURST	128

void pilot_bucket_init(struct pilot_bucket *bucket, u64 rate, u64 floor,
		       u64 now);
bool pilot_bucket_has(struct pilot_bucket *bucket, u64 n, u64 now);
void pilot_bucket_take(struct pilot_bucket *bucket, u64 n);
bool pilot_bucket_take_one(struct pilot_bucket *bucket, spinlock_t *lock);

struct pilot_prefix_limit;
struct sk_buff;

struct pilot_prefix_limit *pilot_prefix_limit_new(void);
void pilot_prefix_limit_free(struct pilot_prefix_limit *limit);
bool pilot_prefix_limit_allow(struct pilot_prefix_limit *limit,
			      const struct sk_buff *skb, bool opening);

#endif /* PILOT_RATELIMIT_H */

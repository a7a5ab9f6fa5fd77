// SPDX-License-Identifier: GPL-2.0

#include "ratelimit.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "compat.h"

/*
 * What the helper is shown of one source prefix (IPv4 /24, IPv6 /48), control
 * frames of peers apart: a handshake is two datagrams, so this is far above any
 * honest use, and 4,096 buckets bound what a flood from everywhere can cost it.
 */
#define PREFIX_BUCKETS	4096

struct pilot_prefix_limit {
	siphash_key_t key;
	struct {
		/* Guards the bucket; taken in softirq only, never nested. */
		spinlock_t lock;
		struct pilot_bucket bucket;
	} slot[PREFIX_BUCKETS];
};

void pilot_bucket_init(struct pilot_bucket *bucket, u64 rate, u64 floor,
		       u64 now)
{
	WRITE_ONCE(bucket->rate, rate);
	bucket->burst = max(rate / 4, floor);
	bucket->tokens = bucket->burst;
	bucket->last = now;
}

/* Credit what time has earned; true when @n tokens are there. */
bool pilot_bucket_has(struct pilot_bucket *bucket, u64 n, u64 now)
{
	u64 earned, elapsed;

	if (now > bucket->last) {
		elapsed = min_t(u64, now - bucket->last, NSEC_PER_SEC);
		earned = mul_u64_u64_div_u64(bucket->rate, elapsed,
					     NSEC_PER_SEC);
		if (earned) {
			bucket->tokens = min(bucket->burst,
					     bucket->tokens + earned);
			/* What is left of a token stays earned. */
			bucket->last = now - elapsed +
				div64_u64(earned * NSEC_PER_SEC, bucket->rate);
		}
	}
	return bucket->tokens >= n;
}

void pilot_bucket_take(struct pilot_bucket *bucket, u64 n)
{
	bucket->tokens -= n;
}

/* One token, under the lock of the bucket. Context: softirq. */
bool pilot_bucket_take_one(struct pilot_bucket *bucket, spinlock_t *lock)
{
	u64 now = ktime_get_ns();
	bool has;

	spin_lock(lock);
	has = pilot_bucket_has(bucket, 1, now);
	if (has)
		pilot_bucket_take(bucket, 1);
	spin_unlock(lock);
	return has;
}

struct pilot_prefix_limit *pilot_prefix_limit_new(void)
{
	struct pilot_prefix_limit *limit;
	u64 now = ktime_get_ns();
	int i;

	limit = kvzalloc(sizeof(*limit), GFP_KERNEL_ACCOUNT);
	if (!limit)
		return NULL;
	get_random_bytes(&limit->key, sizeof(limit->key));
	for (i = 0; i < PREFIX_BUCKETS; i++) {
		spin_lock_init(&limit->slot[i].lock);
		pilot_bucket_init(&limit->slot[i].bucket, PILOT_HELPER_RATE,
				  PILOT_HELPER_BURST, now);
	}
	return limit;
}

void pilot_prefix_limit_free(struct pilot_prefix_limit *limit)
{
	kvfree(limit);
}

/**
 * pilot_prefix_limit_allow - may the helper be shown one more datagram?
 * @limit: the buckets of a socket
 * @skb: a received datagram, network header set
 * @opening: it opens a conversation; such ones have buckets of their own, so
 *	that a flood of them does not starve the answers we wait for
 *
 * Prefixes that share a bucket share its rate; the secret hash key keeps a
 * sender from choosing whom it shares with.
 *
 * Context: softirq.
 */
bool pilot_prefix_limit_allow(struct pilot_prefix_limit *limit,
			      const struct sk_buff *skb, bool opening)
{
	u64 prefix;
	u32 i;

	if (ip_hdr(skb)->version == 4)
		prefix = be32_to_cpu(ip_hdr(skb)->saddr) >> 8;
	else
		prefix = get_unaligned_be64(&ipv6_hdr(skb)->saddr) >> 16 |
			 1ULL << 63;
	prefix |= (u64)opening << 62;
	i = siphash_1u64(prefix, &limit->key) % PREFIX_BUCKETS;

	return pilot_bucket_take_one(&limit->slot[i].bucket,
				     &limit->slot[i].lock);
}

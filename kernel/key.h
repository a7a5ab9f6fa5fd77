/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys: both directions of one handshake's result, with their limits.
 */
#ifndef PILOT_KEY_H
#define PILOT_KEY_H

#include <linux/pilot.h>
#include <linux/spinlock.h>
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "aead.h"
#include "index.h"
#include "replay.h"

struct pilot_peer;

#define PILOT_LANES		(PILOT_LANE_MAX + 1)

/* Keys are indexed through their lane's socket of each address family. */
enum pilot_family {
	PILOT_FAMILY4,
	PILOT_FAMILY6,
	PILOT_FAMILIES,
};

/* Limits on packets are per cipher: see pilot_key_limits(). */
#define PILOT_SOFT_AGE_DEFAULT	120
#define PILOT_HARD_AGE_DEFAULT	600

/**
 * struct pilot_key_config - what netlink asks for
 * @lane: lane
 * @port: where the peer receives the lane, above lane 0
 * @epoch: name of the key within the lane
 * @slot: PILOT_KEY_SLOT_CURRENT or PILOT_KEY_SLOT_NEXT
 * @cipher: cipher of both directions
 * @rx_index: index that our frames carry towards us
 * @tx_index: index that our frames carry towards the peer
 * @rx_key: receive key, wiped by whoever filled it in
 * @tx_key: transmit key, likewise
 * @soft_packets: transmit counter at which to notify
 * @hard_packets: transmit counter that is never used
 * @soft_age: age in seconds at which to notify
 * @hard_age: age in seconds at which the key is dead
 */
struct pilot_key_config {
	u8 lane;
	__be16 port;
	u32 epoch;
	enum pilot_key_slot slot;
	enum pilot_cipher cipher;
	u32 rx_index;
	u32 tx_index;
	u8 rx_key[PILOT_KEY_LEN];
	u8 tx_key[PILOT_KEY_LEN];
	u64 soft_packets;
	u64 hard_packets;
	u32 soft_age;
	u32 hard_age;
};

/* Bits of struct pilot_key @flags: each limit is told once. */
enum {
	PILOT_KEY_SOFT_TOLD,
	PILOT_KEY_HARD_TOLD,
};

/**
 * struct pilot_key - a key
 * @peer: whose key; outlives it
 * @tx: transmit direction
 * @tx_index: goes into each frame
 * @flags: bits above, changed atomically
 * @tx_counter: next counter to be used
 * @soft_packets: as in the configuration
 * @hard_packets: as in the configuration
 * @created: coarse CLOCK_BOOTTIME ns
 * @soft_at: when the soft age is reached
 * @hard_at: when the hard age is reached
 * @rx_max: no honest peer's counter gets here
 * @rx: receive direction
 * @replay: what of it was received
 * @index: reachability per socket family
 * @rx_head: length of the headers that the last batch had, 0 = none to be
 *	merged; a guess, written racily
 * @epoch: name within the lane
 * @rx_index: receiver index
 * @lane: lane
 * @cipher: cipher of both directions
 * @free_work: frees after a grace period
 */
struct pilot_key {
	struct pilot_peer *peer;
	struct pilot_aead tx;
	u32 tx_index;
	unsigned long flags;
	atomic64_t tx_counter ____cacheline_aligned_in_smp;
	u64 soft_packets;
	u64 hard_packets;
	u64 created;
	u64 soft_at;
	u64 hard_at;
	u64 rx_max;
	struct pilot_aead rx;
	struct pilot_replay replay;
	struct pilot_index index[PILOT_FAMILIES];
	u8 rx_head;
	u32 epoch;
	u32 rx_index;
	u8 lane;
	enum pilot_cipher cipher;
	struct rcu_work free_work;
};

static inline u64 pilot_now(void)
{
	return ktime_get_coarse_boottime_ns();
}

static inline bool pilot_key_expired(const struct pilot_key *key, u64 now)
{
	return now >= key->hard_at;
}

int pilot_key_module_init(void);
void pilot_key_module_exit(void);

void pilot_key_limits(enum pilot_cipher cipher, u64 *soft, u64 *hard);
struct pilot_key *pilot_key_new(struct pilot_peer *peer,
				const struct pilot_key_config *config);
void pilot_key_free(struct pilot_key *key);
void pilot_key_retire(struct pilot_key *key);
u64 pilot_key_reserve(struct pilot_key *key, unsigned int n);

#endif /* PILOT_KEY_H */

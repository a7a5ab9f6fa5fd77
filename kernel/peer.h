/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Peers: the table of a device and the life of its entries.
 */
#ifndef PILOT_PEER_H
#define PILOT_PEER_H

#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/xarray.h>

#include "counters.h"
#include "endpoint.h"
#include "key.h"
#include "lane.h"
#include "ratelimit.h"

struct pilot_dev;

/* Packets that wait for a key, per peer, and for how long. */
#define PILOT_QUEUE_MAX		16
#define PILOT_QUEUE_SECONDS	5
/*
 * A peer that gets data and sends none answers with a keepalive after this
 * long, so that silence means something.
 */
#define PILOT_PASSIVE_SECONDS	10
/* Most peers of one device. */
#define PILOT_PEERS_MAX		BIT(20)

/**
 * struct pilot_peer_config - what netlink may change about a peer
 * @flags: enum pilot_peer_flags
 * @keepalive: seconds, 0 = off
 * @silence: seconds, 0 = off
 * @idle: seconds, 0 = off
 * @rx_packet_rate: per second, 0 = no limit
 * @rx_byte_rate: per second, 0 = no limit
 */
struct pilot_peer_config {
	u32 flags;
	u32 keepalive;
	u32 silence;
	u32 idle;
	u32 rx_packet_rate;
	u64 rx_byte_rate;
};

/* Bits of told: the helper knows of it. */
#define PILOT_PEER_IDLE_TOLD	0

/**
 * struct pilot_peer - a peer
 * @node: table linkage
 * @address: its agent address, the key of the table
 * @in6: the same as IPv6
 * @dev: its device, which outlives it
 * @dead: unlinked; set before the grace period that precedes freeing
 * @id: place in the order of dumps
 * @lock: guards the lanes, the timer's arming against removal, and the order
 *	in which idle is told and taken back without a packet; BH disabled;
 *	outside the queue's lock and the index table's
 * @lane0: the lane that is always there
 * @more: the other lanes, NULL until one is used; set once, under the lock of
 *	the device
 * @lanes: how many there are to choose from, written under @lock, read racily
 * @config: read racily by the datapath, one word at a time
 * @limit: buckets of received packets and bytes, and of control frames, under
 *	@limit_lock
 * @limit_lock: guards @limit; softirq only, never nested
 * @queue: packets that wait for a key, under its own lock
 * @queued_at: when the oldest of them came
 * @acquired_at: when the last acquire was sent, 0 = never
 * @last_rx: when the last authenticated record came, 0 = never
 * @last_tx: when the last record went, 0 = never
 * @rx_unanswered: since when it has sent data and we nothing, 0 = not
 * @tx_unanswered: since when we have sent data and it nothing, 0 = not
 * @last_data: when the last packet went either way, or the time for idle
 *	began; 0 = not yet, or idle was told
 * @told: PILOT_PEER_IDLE_TOLD; set under @lock, cleared under it or by the
 *	first packet
 * @timer: pending only while one of the times above matters
 * @stats: counters of PILOT_A_PEER_STATS
 * @relays_from: relay entries for what comes from it, under the lock of the
 *	device
 * @relays_to: those for what goes to it, likewise
 * @removed: on the list of those that go with their device
 * @rcu: for freeing
 *
 * All times are coarse CLOCK_BOOTTIME ns, written racily: they only steer
 * timers and reports.
 */
struct pilot_peer {
	struct rhash_head node;
	u64 address;
	struct in6_addr in6;
	struct pilot_dev *dev;
	bool dead;
	u32 id;
	spinlock_t lock;	/* lanes, idle told */
	struct pilot_lane lane0;
	struct pilot_lane *more;
	u8 lanes;
	struct pilot_peer_config config;
	struct {
		struct pilot_bucket packets;
		struct pilot_bucket bytes;
		struct pilot_bucket control;
	} limit;
	spinlock_t limit_lock;	/* limit */
	struct sk_buff_head queue;
	u64 queued_at;
	u64 acquired_at;
	u64 last_rx;
	u64 last_tx;
	u64 rx_unanswered;
	u64 tx_unanswered;
	u64 last_data;
	unsigned long told;
	struct timer_list timer;
	struct pilot_counters stats;
	struct hlist_head relays_from;
	struct hlist_head relays_to;
	struct list_head removed;
	struct rcu_head rcu;
};

/**
 * struct pilot_peer_table - the peers of a device
 * @hash: by address; RCU readers
 * @ids: by number, so that a dump can go on after deletes
 * @next_id: for the numbering
 * @count: how many
 *
 * Writers hold the lock of the device.
 */
struct pilot_peer_table {
	struct rhashtable hash;
	struct xarray ids;
	u32 next_id;
	unsigned int count;
};

int pilot_peer_table_init(struct pilot_peer_table *table);
void pilot_peer_table_destroy(struct pilot_peer_table *table);

struct pilot_peer *pilot_peer_new(struct pilot_dev *dev, u64 address,
				  void (*timer)(struct timer_list *));
int pilot_peer_link(struct pilot_peer_table *table, struct pilot_peer *peer);
unsigned int pilot_peer_unlink(struct pilot_peer_table *table,
			       struct pilot_peer *peer);
void pilot_peer_free(struct pilot_peer *peer);
struct pilot_peer *pilot_peer_find(struct pilot_peer_table *table,
				   u64 address);

void pilot_peer_configure(struct pilot_peer *peer,
			  const struct pilot_peer_config *config);
bool pilot_peer_rx_allowed(struct pilot_peer *peer, unsigned int packets,
			   unsigned int bytes);
bool pilot_peer_control_allowed(struct pilot_peer *peer);

int pilot_peer_lane_make(struct pilot_peer *peer, unsigned int number);
void pilot_peer_lane_aim(struct pilot_peer *peer, unsigned int number,
			 __be16 port);
void pilot_peer_endpoint_set(struct pilot_peer *peer,
			     struct pilot_endpoint *endpoint);
bool pilot_peer_endpoint_learn(struct pilot_peer *peer, unsigned int number,
			       struct pilot_endpoint *endpoint,
			       struct pilot_path *now0);

struct pilot_key *pilot_peer_key_find(struct pilot_peer *peer, u8 lane,
				      u32 epoch);
bool pilot_peer_key_install(struct pilot_peer *peer, struct pilot_key *key,
			    enum pilot_key_slot slot);
bool pilot_peer_key_is_stale(struct pilot_peer *peer,
			     const struct pilot_key *key);
bool pilot_peer_key_promote(struct pilot_peer *peer, struct pilot_key *key,
			    bool asked);
bool pilot_peer_key_remove(struct pilot_peer *peer, struct pilot_key *key);
unsigned int pilot_peer_keys_expire(struct pilot_peer *peer, u64 now);
int pilot_peer_keys_index(struct pilot_peer *peer, enum pilot_family family,
			  unsigned int number, u64 socket);

/* A lane by its number; NULL as long as the peer has had lane 0 only. */
static inline struct pilot_lane *pilot_peer_lane(struct pilot_peer *peer,
						 unsigned int number)
{
	struct pilot_lane *more;

	if (likely(!number))
		return &peer->lane0;
	/* Pairs with the release that publishes what is zeroed. */
	more = smp_load_acquire(&peer->more);
	return more ? &more[number - 1] : NULL;
}

/* The same for any number: NULL behind the last, which ends a loop. */
static inline struct pilot_lane *pilot_peer_lane_at(struct pilot_peer *peer,
						    unsigned int number)
{
	return number < PILOT_LANES ? pilot_peer_lane(peer, number) : NULL;
}

/* Note a racily read time without dirtying the line for nothing. */
static inline void pilot_peer_note(u64 *time, u64 now)
{
	if (READ_ONCE(*time) != now)
		WRITE_ONCE(*time, now);
}

#endif /* PILOT_PEER_H */

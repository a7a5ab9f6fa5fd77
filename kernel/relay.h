/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Relay entries: what is forwarded from one peer of a device to another, under
 * which ids, and how much of it. An entry has no address of its own: it goes by
 * where its two peers are.
 */
#ifndef PILOT_RELAY_H
#define PILOT_RELAY_H

#include <linux/rbtree.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "key.h"
#include "ratelimit.h"

struct pilot_dev;
struct pilot_peer;

/* Most entries of one device. */
#define PILOT_RELAYS_MAX	BIT(16)

/**
 * struct pilot_relay_config - what netlink asks for
 * @id: id of the frames that come
 * @next_id: id of the frames that go
 * @flags: enum pilot_relay_flags
 * @packet_rate: frames per second, 0 = no limit
 * @byte_rate: bytes per second, 0 = no limit
 * @bytes: bytes in all, 0 = no limit
 * @seconds: lifetime
 */
struct pilot_relay_config {
	u32 id;
	u32 next_id;
	u32 flags;
	u32 packet_rate;
	u64 byte_rate;
	u64 bytes;
	u32 seconds;
};

struct pilot_relay_id {
	u64 socket;
	u32 id;
	u32 zero;
};

/**
 * struct pilot_relay_index - an entry's place in the table of one family
 * @node: table linkage
 * @id: what it is found by
 * @relay: the entry, valid for as long as an RCU reader can find this place
 * @linked: in the table; under the lock of the device
 */
struct pilot_relay_index {
	struct rhash_head node;
	struct pilot_relay_id id;
	struct pilot_relay *relay;
	bool linked;
};

/**
 * struct pilot_relay - one entry
 * @index: reachability per socket family
 * @from: peer that the frames come from; outlives it
 * @to: peer that they go to; likewise
 * @config: as asked for; @config.id never changes, the rest is written under
 *	@lock, flags and next id are read racily
 * @expires_at: coarse CLOCK_BOOTTIME ns; read racily
 * @lock: guards what follows it, and changes of @config; BH disabled, inside
 *	no other
 * @packets_limit: bucket of frames
 * @signals_limit: bucket of those that are not data
 * @bytes_limit: bucket of bytes
 * @left: bytes that may still go, if @config.bytes is not 0
 * @packets: frames forwarded
 * @bytes: bytes forwarded
 * @drops: frames not forwarded
 * @node: in the device's tree, under the lock of the device
 * @from_node: on the list of @from, likewise
 * @to_node: on the list of @to, likewise
 * @rcu: for freeing
 */
struct pilot_relay {
	struct pilot_relay_index index[PILOT_FAMILIES];
	struct pilot_peer *from;
	struct pilot_peer *to;
	struct pilot_relay_config config;
	u64 expires_at;
	spinlock_t lock;	/* limits and counters */
	struct pilot_bucket packets_limit;
	struct pilot_bucket signals_limit;
	struct pilot_bucket bytes_limit;
	u64 left;
	u64 packets;
	u64 bytes;
	u64 drops;
	struct rb_node node;
	struct hlist_node from_node;
	struct hlist_node to_node;
	struct rcu_head rcu;
};

/**
 * struct pilot_relays - the entries of a device
 * @tree: by id
 * @count: how many
 * @expiry: removes those whose time is over; pending while there are any
 * @expiry_at: when it looks again at the latest, coarse CLOCK_BOOTTIME ns
 *
 * Under the lock of the device.
 */
struct pilot_relays {
	struct rb_root tree;
	unsigned int count;
	struct delayed_work expiry;
	u64 expiry_at;
};

/* Is the time of an entry over? Context: RCU read section. */
static inline bool pilot_relay_expired(const struct pilot_relay *relay, u64 now)
{
	return now >= READ_ONCE(relay->expires_at);
}

int pilot_relay_module_init(void);
void pilot_relay_module_exit(void);

void pilot_relays_init(struct pilot_relays *relays);
void pilot_relays_stop(struct pilot_relays *relays);

struct pilot_relay *pilot_relay_new(struct pilot_peer *from,
				    struct pilot_peer *to,
				    const struct pilot_relay_config *config);
int pilot_relay_link(struct pilot_dev *dev, struct pilot_relay *relay);
void pilot_relay_renew(struct pilot_dev *dev, struct pilot_relay *relay,
		       const struct pilot_relay_config *config);
void pilot_relay_del(struct pilot_dev *dev, struct pilot_relay *relay);
void pilot_relays_del_all(struct pilot_dev *dev);
void pilot_relays_del_peer(struct pilot_dev *dev, struct pilot_peer *peer);
int pilot_relays_index(struct pilot_dev *dev, enum pilot_family family,
		       u64 socket);
struct pilot_relay *pilot_relay_from(struct pilot_dev *dev, u64 id);

struct pilot_relay *pilot_relay_find(u64 socket, u32 id);
bool pilot_relay_take(struct pilot_relay *relay, unsigned int packets,
		      unsigned int bytes, bool data);
void pilot_relay_refuse(struct pilot_relay *relay, unsigned int packets);

#endif /* PILOT_RELAY_H */

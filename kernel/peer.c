// SPDX-License-Identifier: GPL-2.0

#include "peer.h"

#include <linux/slab.h>

#include "compat.h"
#include "wire.h"

/* A whole batch must fit a bucket, or it would never get through. */
#define LIMIT_PACKETS_FLOOR	64
#define LIMIT_BYTES_FLOOR	(128 * 1024)

static const struct rhashtable_params peer_params = {
	.key_len = sizeof_field(struct pilot_peer, address),
	.key_offset = offsetof(struct pilot_peer, address),
	.head_offset = offsetof(struct pilot_peer, node),
	.automatic_shrinking = true,
};

int pilot_peer_table_init(struct pilot_peer_table *table)
{
	xa_init_flags(&table->ids, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	return rhashtable_init(&table->hash, &peer_params);
}

/* The table must be empty. */
void pilot_peer_table_destroy(struct pilot_peer_table *table)
{
	rhashtable_destroy(&table->hash);
	xa_destroy(&table->ids);
}

/**
 * pilot_peer_new - make a peer that nobody can find yet
 * @dev: its device
 * @address: its agent address
 * @timer: called when one of its times has come
 *
 * Context: process, may sleep.
 * Return: the peer, or NULL when there is no memory.
 */
struct pilot_peer *pilot_peer_new(struct pilot_dev *dev, u64 address,
				  void (*timer)(struct timer_list *))
{
	struct pilot_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL_ACCOUNT);

	if (!peer)
		return NULL;
	pilot_counters_init_lazy(&peer->stats, PILOT_A_PEER_STATS_MAX + 1);
	peer->dev = dev;
	peer->address = address;
	pilot_address_to_in6(address, &peer->in6);
	spin_lock_init(&peer->lock);
	spin_lock_init(&peer->limit_lock);
	pilot_bucket_init(&peer->limit.control, PILOT_HELPER_RATE,
			  PILOT_HELPER_BURST, ktime_get_ns());
	skb_queue_head_init(&peer->queue);
	timer_setup(&peer->timer, timer, 0);
	return peer;
}

/**
 * pilot_peer_link - put a peer into the table
 * @table: the table
 * @peer: from pilot_peer_new()
 *
 * Context: the lock of the device is held.
 * Return: 0, -EEXIST, -ENOSPC when the table is full, or -ENOMEM.
 */
int pilot_peer_link(struct pilot_peer_table *table, struct pilot_peer *peer)
{
	int ret;

	if (table->count >= PILOT_PEERS_MAX)
		return -ENOSPC;
	ret = xa_alloc_cyclic(&table->ids, &peer->id, peer, xa_limit_31b,
			      &table->next_id, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		return ret == -EBUSY ? -ENOSPC : ret;
	ret = rhashtable_lookup_insert_fast(&table->hash, &peer->node,
					    peer_params);
	if (ret) {
		xa_erase(&table->ids, peer->id);
		return ret;
	}
	table->count++;
	return 0;
}

/**
 * pilot_peer_unlink - first step of removal
 * @table: the table
 * @peer: linked peer
 *
 * After the next grace period nothing sends to or receives from the peer.
 *
 * Context: the lock of the device is held.
 * Return: how many current keys it had.
 */
unsigned int pilot_peer_unlink(struct pilot_peer_table *table,
			       struct pilot_peer *peer)
{
	unsigned int keyed = 0;
	struct pilot_lane *lane;
	struct pilot_key *key;
	unsigned int i;

	rhashtable_remove_fast(&table->hash, &peer->node, peer_params);
	xa_erase(&table->ids, peer->id);
	table->count--;

	spin_lock_bh(&peer->lock);
	WRITE_ONCE(peer->dead, true);
	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++) {
		key = rcu_replace_pointer(lane->current_key, NULL,
					  lockdep_is_held(&peer->lock));
		keyed += !!key;
		pilot_key_retire(key);
		key = rcu_replace_pointer(lane->next, NULL,
					  lockdep_is_held(&peer->lock));
		pilot_key_retire(key);
		key = rcu_replace_pointer(lane->previous, NULL,
					  lockdep_is_held(&peer->lock));
		pilot_key_retire(key);
	}
	spin_unlock_bh(&peer->lock);
	return keyed;
}

static void peer_free_rcu(struct rcu_head *rcu)
{
	struct pilot_peer *peer = container_of(rcu, struct pilot_peer, rcu);

	pilot_counters_free(&peer->stats);
	kfree(peer->more);
	kfree(peer);
}

/**
 * pilot_peer_free - last step of removal
 * @peer: unlinked, or never linked; a grace period has passed since
 *
 * Context: process, may sleep. The memory itself stays for one more grace
 * period, because a retired key points to it until then.
 */
void pilot_peer_free(struct pilot_peer *peer)
{
	struct pilot_lane *lane;
	unsigned int i;

	timer_shutdown_sync(&peer->timer);
	__skb_queue_purge(&peer->queue);
	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++)
		pilot_endpoint_free(rcu_dereference_protected(lane->endpoint,
							      true));
	call_rcu(&peer->rcu, peer_free_rcu);
}

/* Context: RCU read section, or the lock of the device held. */
struct pilot_peer *pilot_peer_find(struct pilot_peer_table *table, u64 address)
{
	return rhashtable_lookup_fast(&table->hash, &address, peer_params);
}

void pilot_peer_configure(struct pilot_peer *peer,
			  const struct pilot_peer_config *config)
{
	u64 now = ktime_get_ns();

	WRITE_ONCE(peer->config.flags, config->flags);
	WRITE_ONCE(peer->config.keepalive, config->keepalive);
	WRITE_ONCE(peer->config.silence, config->silence);
	WRITE_ONCE(peer->config.idle, config->idle);

	spin_lock_bh(&peer->limit_lock);
	if (peer->config.rx_packet_rate != config->rx_packet_rate)
		pilot_bucket_init(&peer->limit.packets,
				  config->rx_packet_rate, LIMIT_PACKETS_FLOOR,
				  now);
	if (peer->config.rx_byte_rate != config->rx_byte_rate)
		pilot_bucket_init(&peer->limit.bytes, config->rx_byte_rate,
				  LIMIT_BYTES_FLOOR, now);
	peer->config.rx_packet_rate = config->rx_packet_rate;
	peer->config.rx_byte_rate = config->rx_byte_rate;
	spin_unlock_bh(&peer->limit_lock);
}

/**
 * pilot_peer_rx_allowed - charge received packets to the peer's buckets
 * @peer: the peer
 * @packets: how many
 * @bytes: how many bytes in all
 *
 * Context: BH disabled.
 * Return: false when a bucket has too little; then neither is charged.
 */
bool pilot_peer_rx_allowed(struct pilot_peer *peer, unsigned int packets,
			   unsigned int bytes)
{
	struct pilot_bucket *by_packets = &peer->limit.packets;
	struct pilot_bucket *by_bytes = &peer->limit.bytes;
	bool allowed = true;
	u64 now;

	if (likely(!READ_ONCE(by_packets->rate) && !READ_ONCE(by_bytes->rate)))
		return true;

	now = ktime_get_ns();
	spin_lock(&peer->limit_lock);
	if (by_packets->rate)
		allowed = pilot_bucket_has(by_packets, packets, now);
	if (allowed && by_bytes->rate)
		allowed = pilot_bucket_has(by_bytes, bytes, now);
	if (allowed && by_packets->rate)
		pilot_bucket_take(by_packets, packets);
	if (allowed && by_bytes->rate)
		pilot_bucket_take(by_bytes, bytes);
	spin_unlock(&peer->limit_lock);
	return allowed;
}

/**
 * pilot_peer_control_allowed - charge a control frame to the peer's bucket
 * @peer: the peer
 *
 * Context: softirq.
 * Return: false when the helper is not to be shown it.
 */
bool pilot_peer_control_allowed(struct pilot_peer *peer)
{
	return pilot_bucket_take_one(&peer->limit.control, &peer->limit_lock);
}

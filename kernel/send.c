// SPDX-License-Identifier: GPL-2.0

#include "send.h"

#include <linux/netdevice.h>

#include "alive.h"
#include "compat.h"
#include "dev.h"
#include "event.h"
#include "wire.h"

/* Devices that transmit from within another's transmission. */
#define RECURSION_MAX		3

/**
 * pilot_send_drop - drop what cannot be sent
 * @dev: the device
 * @peer: to whom it would go, or NULL
 * @skb: inner packet or outer frames, consumed
 * @reason: counter of the reason
 * @n: how many packets that is
 */
void pilot_send_drop(struct pilot_dev *dev, struct pilot_peer *peer,
		     struct sk_buff *skb, unsigned int reason, unsigned int n)
{
	pilot_counters_add(&dev->stats, reason, n);
	if (peer)
		pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_TX_DROPS,
				   n);
	kfree_skb(skb);
}

/* The lane that this processor wants. Context: BH disabled. */
unsigned int pilot_send_lane(const struct pilot_peer *peer)
{
	return smp_processor_id() % max_t(unsigned int, READ_ONCE(peer->lanes),
					  1);
}

/**
 * pilot_send_key_of - the key to transmit under on a lane
 * @peer: the peer
 * @number: number of the lane
 * @now: coarse CLOCK_BOOTTIME ns
 *
 * A key past its age or its packets is as good as none: nothing leaves in
 * clear, and nothing under it.
 *
 * Context: RCU read section.
 * Return: the key, NULL when there is none to be used.
 */
struct pilot_key *pilot_send_key_of(struct pilot_peer *peer,
				    unsigned int number, u64 now)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	struct pilot_key *key;

	if (unlikely(!lane || !netif_running(peer->dev->netdev)))
		return NULL;
	key = rcu_dereference(lane->current_key);
	if (unlikely(!key || pilot_key_expired(key, now)))
		return NULL;
	if (unlikely((u64)atomic64_read(&key->tx_counter) >=
		     key->hard_packets))
		return NULL;
	return key;
}

static struct pilot_key *send_key_if_fresh(struct pilot_peer *peer,
					   unsigned int number, u64 now)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);

	return lane && pilot_lane_is_fresh(lane, now) ?
	       pilot_send_key_of(peer, number, now) : NULL;
}

/* Of a lane that is known to work, best that of this processor. */
static struct pilot_key *send_key_of_lanes(struct pilot_peer *peer, u64 now)
{
	unsigned int i, wanted = pilot_send_lane(peer);
	struct pilot_key *key;

	key = send_key_if_fresh(peer, wanted, now);
	for (i = 0; unlikely(!key) && i < PILOT_LANES; i++)
		key = send_key_if_fresh(peer, i, now);
	return key;
}

/**
 * pilot_send_key - the key to transmit under
 * @peer: the peer
 *
 * Context: BH disabled, RCU read section.
 * Return: the key, NULL when there is none to be used.
 */
struct pilot_key *pilot_send_key(struct pilot_peer *peer)
{
	struct pilot_key *key = NULL;
	u64 now = pilot_now();

	if (READ_ONCE(peer->lanes) > 1)
		key = send_key_of_lanes(peer, now);
	return key ?: pilot_send_key_of(peer, 0, now);
}

/**
 * pilot_send_endpoint - where what is sent under a key goes
 * @key: the key
 *
 * Frames are made for one endpoint, with its carrier, and sent to the same.
 *
 * Context: RCU read section.
 * Return: the endpoint or NULL.
 */
struct pilot_endpoint *pilot_send_endpoint(const struct pilot_key *key)
{
	return rcu_dereference(pilot_peer_lane(key->peer, key->lane)->endpoint);
}

static void send_check_limits(struct pilot_dev *dev, struct pilot_key *key,
			      u64 next)
{
	if (unlikely(next >= key->hard_packets) &&
	    !test_and_set_bit(PILOT_KEY_HARD_TOLD, &key->flags))
		pilot_event_key(dev, PILOT_EVENT_HARD_LIMIT,
				PILOT_REASON_PACKETS, key);
	else if (unlikely(next >= key->soft_packets) &&
		 !test_and_set_bit(PILOT_KEY_SOFT_TOLD, &key->flags))
		pilot_event_key(dev, PILOT_EVENT_SOFT_LIMIT,
				PILOT_REASON_PACKETS, key);
}

/*
 * Number the records. A burst that would pass the key's hard limit does not
 * leave, not even the part of it below the limit.
 */
static bool send_number(struct pilot_dev *dev, struct pilot_key *key,
			const struct pilot_burst *burst)
{
	u64 counter = pilot_key_reserve(key, burst->n);
	struct pilot_data_header *header;
	unsigned int i;

	send_check_limits(dev, key, counter + burst->n);
	if (unlikely(counter + burst->n > key->hard_packets))
		return false;
	for (i = 0; i < burst->n; i++, counter++) {
		header = (void *)(burst->record[i].dst - sizeof(*header));
		header->counter = cpu_to_le64(counter);
		burst->record[i].counter = counter;
	}
	return true;
}

static bool send_seal(struct pilot_dev *dev, struct pilot_key *key,
		      const struct pilot_burst *burst)
{
	unsigned int i, fallbacks;

	fallbacks = pilot_aead_seal(&key->tx, burst->record, burst->n);
	if (unlikely(fallbacks))
		pilot_counters_add(&dev->stats,
				   PILOT_A_DEV_STATS_AEAD_FALLBACKS, fallbacks);
	pilot_dev_count(dev, PILOT_A_DEV_STATS_TX_BATCHES);
	for (i = 0; i < burst->n; i++)
		if (unlikely(burst->record[i].err))
			return false;
	return true;
}

static int send_out(struct pilot_dev *dev, unsigned int number,
		    const struct pilot_burst *burst)
{
	struct pilot_endpoint *endpoint = burst->endpoint;
	struct pilot_socket *socket;
	int ret;

	if (unlikely(!endpoint))
		return PILOT_A_DEV_STATS_TX_DROP_NO_ENDPOINT;
	/* Tunnels in tunnels use up the stack; ours are not the innermost. */
	if (unlikely(dev_recursion_level() > RECURSION_MAX))
		return PILOT_A_DEV_STATS_TX_DROP_LOOP;
	socket = pilot_dev_socket(dev, endpoint->path.family == AF_INET ?
				       PILOT_FAMILY4 : PILOT_FAMILY6, number);
	if (unlikely(!socket))
		return PILOT_A_DEV_STATS_TX_DROP_NO_SOCKET;
	ret = pilot_endpoint_send(endpoint, socket->sk, burst->skb,
				  dev->netdev, burst->ecn, 0);
	if (likely(!ret))
		return 0;
	return ret == -ELOOP ? PILOT_A_DEV_STATS_TX_DROP_LOOP :
			       PILOT_A_DEV_STATS_TX_DROP_NO_ROUTE;
}

static void send_note(struct pilot_dev *dev, struct pilot_peer *peer,
		      struct pilot_lane *lane, unsigned int n,
		      unsigned int bytes)
{
	u64 now = pilot_now();
	u32 silence;

	pilot_peer_note(&lane->last_tx, now);
	pilot_peer_note(&peer->last_tx, now);
	pilot_peer_note(&peer->rx_unanswered, 0);
	pilot_counters_add(&dev->stats, PILOT_A_DEV_STATS_TX_RECORDS, n);
	if (!bytes) {
		pilot_dev_count(dev, PILOT_A_DEV_STATS_TX_KEEPALIVES);
		return;
	}
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_TX_PACKETS, n);
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_TX_BYTES, bytes);
	pilot_counters_add(&dev->stats, PILOT_COUNT_TX_PACKETS, n);
	pilot_counters_add(&dev->stats, PILOT_COUNT_TX_BYTES, bytes);

	if (!READ_ONCE(peer->tx_unanswered)) {
		WRITE_ONCE(peer->tx_unanswered, now);
		silence = READ_ONCE(peer->config.silence);
		if (silence)
			timer_reduce(&peer->timer, jiffies + silence * HZ + 1);
	}
	if (unlikely(!READ_ONCE(peer->last_data)))
		pilot_alive_wake(peer);
	pilot_peer_note(&peer->last_data, now);
}

/**
 * pilot_send - number, seal and send frames
 * @dev: the device
 * @peer: to whom
 * @key: its key, from pilot_send_key()
 * @burst: the frames; the skb is consumed
 *
 * Context: BH disabled, RCU read section.
 */
void pilot_send(struct pilot_dev *dev, struct pilot_peer *peer,
		struct pilot_key *key, const struct pilot_burst *burst)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, key->lane);
	unsigned int drop = 0;

	if (unlikely(!send_number(dev, key, burst)))
		drop = PILOT_A_DEV_STATS_TX_DROP_EXPIRED;
	else if (unlikely(!send_seal(dev, key, burst)))
		drop = PILOT_A_DEV_STATS_TX_DROP_CRYPTO;
	else
		drop = send_out(dev, key->lane, burst);
	if (unlikely(drop)) {
		pilot_send_drop(dev, peer, burst->skb, drop, burst->n);
		return;
	}
	send_note(dev, peer, lane, burst->n, burst->bytes);
}

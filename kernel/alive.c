// SPDX-License-Identifier: GPL-2.0

#include "alive.h"

#include "compat.h"
#include "dev.h"
#include "event.h"
#include "xmit.h"

#define NEVER			U64_MAX
#define PASSIVE_NS		(PILOT_PASSIVE_SECONDS * NSEC_PER_SEC)
/* After a keepalive that could not be sent, or what may have been missed. */
#define RETRY_NS		NSEC_PER_SEC

/*
 * Each step below does what is due and returns when it wants to be called
 * again, or NEVER.
 */

static u64 alive_queue(struct pilot_peer *peer, u64 now)
{
	struct sk_buff_head queue;
	struct sk_buff *skb;
	u64 due;

	if (skb_queue_empty_lockless(&peer->queue))
		return NEVER;
	due = READ_ONCE(peer->queued_at) + PILOT_QUEUE_SECONDS * NSEC_PER_SEC;
	if (now < due)
		return min(due, pilot_xmit_ask(peer, now));
	__skb_queue_head_init(&queue);
	spin_lock(&peer->queue.lock);
	skb_queue_splice_init(&peer->queue, &queue);
	spin_unlock(&peer->queue.lock);
	while ((skb = __skb_dequeue(&queue)))
		pilot_xmit_unanswered(peer->dev->netdev, skb);
	return NEVER;
}

static u64 alive_soft_age(struct pilot_peer *peer, struct pilot_key *key,
			  u64 now)
{
	if (test_bit(PILOT_KEY_SOFT_TOLD, &key->flags))
		return NEVER;
	if (now < key->soft_at)
		return key->soft_at;
	if (!test_and_set_bit(PILOT_KEY_SOFT_TOLD, &key->flags))
		pilot_event_key(peer->dev, PILOT_EVENT_SOFT_LIMIT,
				PILOT_REASON_AGE, key);
	return NEVER;
}

static u64 alive_hard_age(struct pilot_peer *peer, u64 now)
{
	struct pilot_lane *lane;
	struct pilot_key *key;
	unsigned int i, gone;
	u64 next = NEVER;

	spin_lock(&peer->lock);
	gone = pilot_peer_keys_expire(peer, now);
	spin_unlock(&peer->lock);
	pilot_dev_keyed(peer->dev, -(int)gone);

	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++) {
		key = rcu_dereference(lane->current_key);
		if (key)
			next = min(next, key->hard_at);
		key = rcu_dereference(lane->next);
		if (key)
			next = min(next, key->hard_at);
		key = rcu_dereference(lane->previous);
		if (key)
			next = min(next, key->hard_at);
	}
	return next;
}

/* Keys of all lanes grow old together: the helper is told of lane 0's. */
static u64 alive_keys(struct pilot_peer *peer, u64 now)
{
	struct pilot_key *key;
	u64 next = NEVER;

	key = rcu_dereference(peer->lane0.current_key);
	if (key) {
		next = alive_soft_age(peer, key, now);
		if (pilot_key_expired(key, now) &&
		    !test_and_set_bit(PILOT_KEY_HARD_TOLD, &key->flags))
			pilot_event_key(peer->dev, PILOT_EVENT_HARD_LIMIT,
					PILOT_REASON_AGE, key);
	}
	return min(next, alive_hard_age(peer, now));
}

/* What a NAT on the way remembers of a lane goes when the lane is silent. */
static u64 alive_lane(struct pilot_peer *peer, unsigned int number,
		      u64 every, u64 due, u64 now)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);

	if (!lane || !rcu_access_pointer(lane->current_key))
		return NEVER;
	if (every)
		due = min(due, READ_ONCE(lane->last_tx) + every);
	if (now < due)
		return due;
	pilot_xmit_touch(peer, number);
	if (READ_ONCE(lane->last_tx) < now)
		return now + (every ?: RETRY_NS);
	return every ? now + every : NEVER;
}

static u64 alive_keepalive(struct pilot_peer *peer, u64 now)
{
	u64 every = READ_ONCE(peer->config.keepalive) * NSEC_PER_SEC;
	u64 passive = READ_ONCE(peer->rx_unanswered);
	unsigned int i;
	u64 next;

	next = alive_lane(peer, 0, every, passive ? passive + PASSIVE_NS :
						    NEVER, now);
	for (i = 1; i < READ_ONCE(peer->lanes); i++)
		next = min(next, alive_lane(peer, i, every, NEVER, now));
	return next;
}

static u64 alive_silence(struct pilot_peer *peer, u64 now)
{
	u32 seconds = READ_ONCE(peer->config.silence);
	u64 start = READ_ONCE(peer->tx_unanswered);
	u64 due = start + seconds * NSEC_PER_SEC;

	if (!seconds || !start)
		return NEVER;
	if (now < due)
		return due;
	/* The next packet starts it again. */
	WRITE_ONCE(peer->tx_unanswered, 0);
	pilot_event_peer(peer->dev, PILOT_EVENT_PEER_SILENT,
			 PILOT_REASON_TIMEOUT, peer);
	return NEVER;
}

/**
 * pilot_alive_wake - there is data of a peer, and there was none
 * @peer: the peer; its last_data is written next
 *
 * Starts the idle time. Active is told when idle was, by one caller.
 *
 * Context: BH disabled, RCU read section.
 */
void pilot_alive_wake(struct pilot_peer *peer)
{
	u32 idle = READ_ONCE(peer->config.idle);

	if (idle)
		timer_reduce(&peer->timer, jiffies + idle * HZ + 1);
	if (test_and_clear_bit(PILOT_PEER_IDLE_TOLD, &peer->told))
		pilot_event_peer(peer->dev, PILOT_EVENT_PEER_ACTIVE,
				 PILOT_REASON_TRAFFIC, peer);
}

/* Is there anything to be told idle: had it data, or could it have some? */
static bool alive_is_watched(const struct pilot_peer *peer)
{
	if (READ_ONCE(peer->last_data))
		return true;
	return !test_bit(PILOT_PEER_IDLE_TOLD, &peer->told) &&
	       rcu_access_pointer(peer->lane0.current_key);
}

/*
 * Under the lock of the peer, as what clears the bit without a packet: a
 * session that begins, an idle time that is set. So what is told last is what
 * the bit says.
 *
 * Return: false when the time began anew meanwhile.
 */
static bool alive_idle_tell(struct pilot_peer *peer, u64 start)
{
	bool idle;

	spin_lock(&peer->lock);
	idle = READ_ONCE(peer->last_data) == start;
	if (idle) {
		set_bit(PILOT_PEER_IDLE_TOLD, &peer->told);
		pilot_event_peer(peer->dev, PILOT_EVENT_PEER_IDLE,
				 PILOT_REASON_TIMEOUT, peer);
		/*
		 * Only now: who sees the zero sees the bit, and tells after.
		 * Who came meanwhile did not, and is found by the next look.
		 */
		cmpxchg(&peer->last_data, start, 0);
	}
	spin_unlock(&peer->lock);
	return idle;
}

/*
 * Who sends or receives writes last_data without a lock. One that was just
 * about to when idle was told did not see the zero: look again later.
 */
static u64 alive_idle(struct pilot_peer *peer, u64 now)
{
	u32 seconds = READ_ONCE(peer->config.idle);
	u64 start = READ_ONCE(peer->last_data);
	u64 due = start + seconds * NSEC_PER_SEC;

	if (start && test_bit(PILOT_PEER_IDLE_TOLD, &peer->told))
		pilot_alive_wake(peer);
	if (!seconds || !alive_is_watched(peer))
		return NEVER;
	if (!start) {
		WRITE_ONCE(peer->last_data, now);
		return now + seconds * NSEC_PER_SEC;
	}
	if (now < due)
		return due;
	if (!alive_idle_tell(peer, start))
		return now + seconds * NSEC_PER_SEC;
	return now + RETRY_NS;
}

static void alive_arm(struct timer_list *timer, u64 next, u64 now)
{
	if (next != NEVER)
		timer_reduce(timer, jiffies + 1 +
			     nsecs_to_jiffies(next > now ? next - now : 0));
}

/* A peer's timer: see struct pilot_peer for the times it looks after. */
void pilot_alive_peer_timer(struct timer_list *timer)
{
	struct pilot_peer *peer = timer_container_of(peer, timer, timer);
	u64 now = pilot_now();
	u64 next;

	rcu_read_lock();
	if (READ_ONCE(peer->dead))
		goto out;
	next = alive_queue(peer, now);
	next = min(next, alive_keys(peer, now));
	next = min(next, alive_keepalive(peer, now));
	next = min(next, alive_silence(peer, now));
	next = min(next, alive_idle(peer, now));
	alive_arm(timer, next, now);
out:
	rcu_read_unlock();
}

/* Look after a peer's times now, because what they depend on has changed. */
void pilot_alive_kick(struct pilot_peer *peer)
{
	timer_reduce(&peer->timer, jiffies);
}

/* A device's timer for packets to addresses that never became peers. */
void pilot_alive_waiting_timer(struct timer_list *timer)
{
	struct pilot_dev *dev = timer_container_of(dev, timer, waiting.timer);
	struct sk_buff_head expired;
	struct sk_buff *skb;

	__skb_queue_head_init(&expired);
	rcu_read_lock();
	pilot_waiting_expire(&dev->waiting, pilot_now(), &expired);
	while ((skb = __skb_dequeue(&expired)))
		pilot_xmit_unanswered(dev->netdev, skb);
	rcu_read_unlock();
}

// SPDX-License-Identifier: GPL-2.0

#include "open.h"

#include <linux/gfp.h>
#include <linux/percpu.h>

#include "compat.h"
#include "deliver.h"
#include "dev.h"
#include "event.h"
#include "wire.h"
#include "xmit.h"

/*
 * A peer moves at most this often: what it costs and whom it tells must not
 * be the peer's to choose.
 */
#define MOVE_AGAIN_NS	(100 * NSEC_PER_MSEC)
/* All the text of a batch. */
#define TEXT_ORDER	get_order(SZ_64K)
#define HEADROOM	(NET_SKB_PAD + sizeof(struct ipv6hdr))

static struct pilot_inbound __percpu *inbound;

void pilot_open_module_exit(void)
{
	struct pilot_inbound *batch;
	int cpu;

	for_each_possible_cpu(cpu) {
		batch = per_cpu_ptr(inbound, cpu);
		free_pages((unsigned long)batch->text, TEXT_ORDER);
		pilot_room_free(&batch->room);
	}
	free_percpu(inbound);
}

int pilot_open_module_init(void)
{
	struct pilot_inbound *batch;
	struct page *page;
	int cpu;

	inbound = alloc_percpu(struct pilot_inbound);
	if (!inbound)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		batch = per_cpu_ptr(inbound, cpu);
		page = alloc_pages_node(cpu_to_node(cpu), GFP_KERNEL,
					TEXT_ORDER);
		if (!page) {
			pilot_open_module_exit();
			return -ENOMEM;
		}
		batch->text = page_address(page);
	}
	return 0;
}

/* For what is dropped before the peer has proven to be its sender. */
static void rx_drop(struct pilot_dev *dev, struct sk_buff *skb,
		    unsigned int reason)
{
	pilot_dev_count(dev, reason);
	kfree_skb(skb);
}

/* The batch of this CPU, empty. Context: BH disabled. */
struct pilot_inbound *pilot_inbound_get(void)
{
	return this_cpu_ptr(inbound);
}

static bool rx_is_private(const struct sk_buff *skb)
{
	return !skb_cloned(skb) && !skb_is_nonlinear(skb);
}

static struct sk_buff *rx_alloc(unsigned int len)
{
	struct sk_buff *skb = alloc_skb(HEADROOM + len, GFP_ATOMIC);

	if (skb) {
		skb_reserve(skb, HEADROOM);
		skb_put(skb, len);
	}
	return skb;
}

/*
 * The datagram in linear memory that nobody else can see. Its pages may
 * belong to others (splice, packet sockets): what is decrypted must neither
 * be theirs to read nor theirs to change meanwhile. Consumed unless returned.
 */
static struct sk_buff *rx_private(struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (rx_is_private(skb))
		return skb;
	copy = rx_alloc(skb->len);
	if (copy && skb_copy_bits(skb, 0, copy->data, skb->len)) {
		kfree_skb(copy);
		copy = NULL;
	}
	if (copy)
		consume_skb(skb);
	else
		kfree_skb(skb);
	return copy;
}

/* Checks of the key that change nothing. Return: 0 or a counter. */
static unsigned int rx_check_key(const struct pilot_source *source)
{
	if (unlikely(!netif_running(source->dev->netdev)))
		return PILOT_A_DEV_STATS_RX_DROP_DOWN;
	if (unlikely(pilot_key_expired(source->key, pilot_now())))
		return PILOT_A_DEV_STATS_RX_DROP_EXPIRED;
	return 0;
}

static unsigned int rx_check_counter(const struct pilot_key *key, u64 counter)
{
	if (unlikely(counter >= key->rx_max))
		return PILOT_A_DEV_STATS_RX_DROP_EXPIRED;
	if (unlikely(!pilot_replay_check(&key->replay, counter)))
		return PILOT_A_DEV_STATS_RX_DROP_REPLAY;
	return 0;
}

static void rx_promote_key(const struct pilot_source *source,
			   struct pilot_lane *lane, struct pilot_key *key)
{
	struct pilot_peer *peer = source->peer;
	bool first, promoted;

	spin_lock(&peer->lock);
	first = !rcu_access_pointer(lane->current_key);
	promoted = pilot_peer_key_promote(peer, key, false);
	spin_unlock(&peer->lock);
	if (!promoted)
		return;
	pilot_dev_keyed(source->dev, first);
	pilot_event_key(source->dev, PILOT_EVENT_KEY_CURRENT,
			PILOT_REASON_RECEIVED, key);
	pilot_xmit_flush(peer);
}

/*
 * An authenticated packet came under the next key: the peer has it too. It
 * installs those of one handshake from lane 0 upwards, so it has those of the
 * lanes below; those above are tried.
 */
static void rx_promote(const struct pilot_source *source)
{
	struct pilot_peer *peer = source->peer;
	struct pilot_lane *lane;
	struct pilot_key *key;
	unsigned int i;

	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++) {
		key = rcu_dereference(lane->next);
		if (!key || key->epoch != source->key->epoch)
			continue;
		if (i <= source->key->lane)
			rx_promote_key(source, lane, key);
		else
			pilot_xmit_probe(peer, i);
	}
}

/*
 * The lane's newest packet came from somewhere else. The helper is told where
 * lane 0 goes, which is where its own messages go. What a relay or a TURN
 * server sent says nothing of where the peer is.
 */
static void rx_learn_endpoint(const struct pilot_source *source,
			      struct pilot_lane *lane, u64 now)
{
	struct pilot_peer *peer = source->peer;
	struct pilot_endpoint *old, *new;
	struct pilot_path now0;
	struct pilot_event event = {
		.type = PILOT_EVENT_ENDPOINT_MOVED,
		.reason = PILOT_REASON_RECEIVED,
		.address = peer->address,
		.path = &now0,
	};

	old = rcu_dereference(lane->endpoint);
	if (likely(old && pilot_path_same(&old->path, &source->path)))
		return;
	if (source->path.kind != PILOT_ENDPOINT_DIRECT ||
	    pilot_endpoint_is_carried(old) ||
	    READ_ONCE(peer->config.flags) & PILOT_PEER_F_FIXED_ENDPOINT)
		return;
	if (READ_ONCE(lane->moved_at) &&
	    now - READ_ONCE(lane->moved_at) < MOVE_AGAIN_NS)
		return;
	new = pilot_endpoint_new(&source->path, GFP_ATOMIC);
	if (!new)
		return;
	WRITE_ONCE(lane->moved_at, now);
	if (!pilot_peer_endpoint_learn(peer, source->key->lane, new, &now0))
		return;
	pilot_dev_count(source->dev, PILOT_A_DEV_STATS_ENDPOINTS_MOVED);
	pilot_event_send(source->dev, &event);
}

/* What authentic records were, as bits. */
enum {
	RX_DATA = BIT(0),
	RX_KEEPALIVE = BIT(1),
	RX_PROBE = BIT(2),
};

/*
 * The peer sends anything but probes by a lane only if it heard us there, or
 * knows of none that works: so the lane works both ways. It wants to know the
 * same: a probe asks for an answer, what found out by a probe of ours is told,
 * and whoever only receives says so now and then.
 */
static void rx_lane_note(const struct pilot_source *source,
			 struct pilot_lane *lane, unsigned int seen, u64 now)
{
	struct pilot_endpoint *at = rcu_dereference(lane->endpoint);
	bool answer = seen & RX_PROBE;

	/* What came from where it no longer goes says nothing of today. */
	if (seen & ~RX_PROBE && at &&
	    pilot_path_same_remote(&at->path, &source->path)) {
		answer |= !pilot_lane_is_fresh(lane, now) &&
			  pilot_lane_within(READ_ONCE(lane->probed_at),
					    PILOT_LANE_FRESH_NS, now);
		answer |= seen & RX_DATA &&
			  !pilot_lane_within(READ_ONCE(lane->last_tx),
					     PILOT_LANE_ANSWER_NS, now);
		pilot_peer_note(&lane->last_rx, now);
	}
	if (!answer || pilot_lane_within(READ_ONCE(lane->answered_at),
					 PILOT_LANE_ANSWERS_NS, now))
		return;
	WRITE_ONCE(lane->answered_at, now);
	pilot_xmit_keepalive(source->peer, source->key->lane);
}

/*
 * What @n authentic records say about their peer, whatever is inside. What
 * waited may be sent from here, so a batch is on its way by then.
 */
static void rx_authentic(const struct pilot_source *source, unsigned int n,
			 bool newest, unsigned int seen)
{
	struct pilot_peer *peer = source->peer;
	struct pilot_lane *lane = pilot_peer_lane(peer, source->key->lane);
	u64 now = pilot_now();

	pilot_counters_add(&source->dev->stats, PILOT_A_DEV_STATS_RX_RECORDS,
			   n);
	pilot_peer_note(&peer->last_rx, now);
	pilot_peer_note(&peer->tx_unanswered, 0);
	if (unlikely(rcu_access_pointer(lane->next) == source->key) &&
	    !pilot_peer_key_is_stale(peer, source->key))
		rx_promote(source);
	/* A late packet under an old key says nothing about today. */
	if (newest && rcu_access_pointer(lane->current_key) == source->key)
		rx_learn_endpoint(source, lane, now);
	if (READ_ONCE(peer->lanes) > 1 || unlikely(seen & RX_PROBE))
		rx_lane_note(source, lane, seen, now);
	if (seen & RX_DATA && !READ_ONCE(peer->rx_unanswered)) {
		WRITE_ONCE(peer->rx_unanswered, now);
		timer_reduce(&peer->timer,
			     jiffies + PILOT_PASSIVE_SECONDS * HZ + 1);
	}
}

static void rx_open_records(const struct pilot_source *source,
			    struct pilot_record *record, unsigned int n)
{
	unsigned int fallbacks = pilot_aead_open(&source->key->rx, record, n);

	if (unlikely(fallbacks))
		pilot_counters_add(&source->dev->stats,
				   PILOT_A_DEV_STATS_AEAD_FALLBACKS, fallbacks);
	pilot_dev_count(source->dev, PILOT_A_DEV_STATS_RX_BATCHES);
}

/* What a record is whose plaintext begins at the data of @skb. */
static unsigned int rx_kind(const struct sk_buff *skb)
{
	if (skb->len == PILOT_PROBE_LEN && skb->data[0] == PILOT_PROBE)
		return RX_PROBE;
	return skb->len ? RX_DATA : RX_KEEPALIVE;
}

/* A record without a packet has done what it was for. */
static void rx_empty(const struct pilot_source *source, struct sk_buff *skb)
{
	pilot_dev_count(source->dev, PILOT_A_DEV_STATS_RX_KEEPALIVES);
	consume_skb(skb);
}

/**
 * pilot_open_single - open and deliver one frame by itself
 * @source: where it came from
 * @skb: its datagram, data at the ciphertext; consumed
 * @counter: its counter
 *
 * It is opened where it is, if that is memory that nobody else can see.
 *
 * Context: softirq, RCU read section.
 */
void pilot_open_single(const struct pilot_source *source, struct sk_buff *skb,
		       u64 counter)
{
	struct pilot_record record = { .counter = counter };
	unsigned int drop, what;
	bool newest;

	drop = rx_check_key(source) ?: rx_check_counter(source->key, counter);
	if (unlikely(drop)) {
		rx_drop(source->dev, skb, drop);
		return;
	}
	skb = rx_private(skb);
	if (unlikely(!skb)) {
		pilot_dev_count(source->dev,
				PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY);
		return;
	}
	record.src = skb->data;
	record.dst = skb->data;
	record.len = skb->len - PILOT_TAG_LEN;
	rx_open_records(source, &record, 1);
	if (unlikely(record.err)) {
		rx_drop(source->dev, skb, PILOT_A_DEV_STATS_RX_DROP_AUTH);
		return;
	}
	if (unlikely(!pilot_replay_commit(&source->key->replay, counter,
					  &newest))) {
		rx_drop(source->dev, skb, PILOT_A_DEV_STATS_RX_DROP_REPLAY);
		return;
	}
	__skb_trim(skb, record.len);
	what = rx_kind(skb);
	/* The stack may answer at once: first what this says of the peer. */
	rx_authentic(source, 1, newest, what);
	if (likely(what == RX_DATA))
		pilot_deliver_alone(source->dev, source->peer, skb, source->ds);
	else
		rx_empty(source, skb);
}

/* Which of the opened records are authentic and fresh. */
static u64 rx_batch_commit(const struct pilot_source *source,
			   const struct pilot_inbound *batch, bool *newest)
{
	u64 which = 0, fresh;
	unsigned int i, bad;

	for (i = 0; i < batch->n; i++)
		if (likely(!batch->record[i].err))
			which |= BIT_ULL(i);
	fresh = pilot_replay_commit_all(&source->key->replay, batch->counter,
					which, newest);
	bad = batch->n - hweight64(which);
	if (unlikely(bad))
		pilot_counters_add(&source->dev->stats,
				   PILOT_A_DEV_STATS_RX_DROP_AUTH, bad);
	bad = hweight64(which ^ fresh);
	if (unlikely(bad))
		pilot_counters_add(&source->dev->stats,
				   PILOT_A_DEV_STATS_RX_DROP_REPLAY, bad);
	return fresh;
}

/* Room for @len bytes of ciphertext until the batch is flushed, or NULL. */
u8 *pilot_inbound_text(struct pilot_inbound *batch, unsigned int len)
{
	u8 *text = batch->text + batch->text_used;

	if (len > SZ_64K - batch->text_used)
		return NULL;
	batch->text_used += len;
	return text;
}

/* Let every record have its ciphertext in memory that is ours alone. */
static bool rx_batch_sources(struct pilot_inbound *batch)
{
	struct sk_buff *skb;
	unsigned int i;
	u8 *text;

	for (i = 0; i < batch->n; i++) {
		skb = batch->skb[i];
		if (!skb)
			continue;
		if (rx_is_private(skb)) {
			batch->record[i].src = skb->data;
			continue;
		}
		text = pilot_inbound_text(batch, skb->len);
		if (!text || skb_copy_bits(skb, 0, text, skb->len))
			return false;
		batch->record[i].src = text;
	}
	return true;
}

/* Can the batch be one run: lengths and what its key carried lately? */
static bool rx_batch_may_run(const struct pilot_source *source,
			     const struct pilot_inbound *batch)
{
	const struct pilot_record *record = batch->record;
	unsigned int i, total = record[batch->n - 1].len;

	if (batch->n < 2 || !READ_ONCE(source->key->rx_head) ||
	    record[batch->n - 1].len > record[0].len)
		return false;
	for (i = 0; i + 1 < batch->n; i++) {
		if (record[i].len != record[0].len)
			return false;
		total += record[i].len;
	}
	/* Keepalives and probes are no part of a packet. */
	return total >= PILOT_RUN_MIN &&
	       record[i].len >= sizeof(struct pilot_short_header);
}

/* Remember how long the headers are, for the next guess. */
static void rx_note_head(const struct pilot_source *source, const u8 *plaintext,
			 unsigned int len)
{
	u8 head = pilot_run_head(plaintext, len);

	if (READ_ONCE(source->key->rx_head) != head)
		WRITE_ONCE(source->key->rx_head, head);
}

/* Open into pages and deliver as few packets as may be. False: not begun. */
static bool rx_batch_run(const struct pilot_source *source,
			 struct pilot_inbound *batch)
{
	struct pilot_run *run = &batch->run;
	unsigned int i, at = 0, n, count;
	struct sk_buff *skb;
	bool newest;
	u64 fresh;

	if (!rx_batch_may_run(source, batch) || !rx_batch_sources(batch) ||
	    !pilot_run_place(run, batch->record, batch->n,
			     READ_ONCE(source->key->rx_head), &batch->room))
		return false;
	rx_open_records(source, batch->record, batch->n);
	for (i = 0; i < batch->n; i++)
		consume_skb(batch->skb[i]);
	fresh = rx_batch_commit(source, batch, &newest);
	count = hweight64(fresh);
	if (likely(count))
		rx_note_head(source, run->header[__ffs64(fresh)],
			     batch->record[__ffs64(fresh)].save_len);
	while ((skb = pilot_run_next(run, &at, fresh, &n)) || n) {
		if (likely(skb))
			pilot_deliver(source->dev, source->peer, skb,
				      source->ds, n);
		else
			pilot_deliver_drop(source->dev, source->peer, NULL,
					   PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY,
					   n);
	}
	pilot_run_end(run);
	if (likely(count))
		rx_authentic(source, count, newest, RX_DATA);
	return true;
}

/* An skb of its own for record @i, which is opened into it. */
static bool rx_batch_own_skb(struct pilot_inbound *batch, unsigned int i)
{
	struct pilot_record *record = &batch->record[i];
	struct sk_buff *skb = batch->skb[i];

	if (skb) {
		skb = rx_private(skb);
		batch->skb[i] = skb;
		if (!skb)
			return false;
		record->src = skb->data;
	} else {
		skb = rx_alloc(record->len);
		batch->skb[i] = skb;
		if (!skb)
			return false;
	}
	record->dst = skb->data;
	record->save_len = 0;
	return true;
}

/* Open and deliver each record by itself. */
static void rx_batch_singles(const struct pilot_source *source,
			     struct pilot_inbound *batch)
{
	unsigned int i, n = 0, count, what, seen = 0;
	struct sk_buff *skb;
	bool newest;
	u64 fresh;

	for (i = 0; i < batch->n; i++) {
		if (unlikely(!rx_batch_own_skb(batch, i))) {
			pilot_dev_count(source->dev,
					PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY);
			continue;
		}
		batch->skb[n] = batch->skb[i];
		batch->counter[n] = batch->counter[i];
		batch->record[n++] = batch->record[i];
	}
	batch->n = n;
	if (unlikely(!n))
		return;
	rx_open_records(source, batch->record, n);
	fresh = rx_batch_commit(source, batch, &newest);
	count = hweight64(fresh);
	for (i = 0; i < n; i++) {
		skb = batch->skb[i];
		if (unlikely(!(fresh & BIT_ULL(i)))) {
			kfree_skb(skb);
			continue;
		}
		__skb_trim(skb, batch->record[i].len);
		rx_note_head(source, skb->data, skb->len);
		what = rx_kind(skb);
		seen |= what;
		if (likely(what == RX_DATA))
			pilot_deliver(source->dev, source->peer, skb,
				      source->ds, 1);
		else
			rx_empty(source, skb);
	}
	if (likely(count))
		rx_authentic(source, count, newest, seen);
}

/**
 * pilot_inbound_flush - open and deliver what was collected, and begin anew
 * @batch: the batch of this CPU
 * @source: where all of it came from
 *
 * Context: softirq, RCU read section.
 */
void pilot_inbound_flush(struct pilot_inbound *batch,
			 const struct pilot_source *source)
{
	unsigned int drop, i, n = 0;

	if (!batch->n)
		return;
	drop = rx_check_key(source);
	for (i = 0; i < batch->n; i++) {
		unsigned int why = drop ?: rx_check_counter(source->key,
							    batch->counter[i]);

		if (unlikely(why)) {
			rx_drop(source->dev, batch->skb[i], why);
			continue;
		}
		batch->skb[n] = batch->skb[i];
		batch->counter[n] = batch->counter[i];
		batch->record[n] = batch->record[i];
		n++;
	}
	batch->n = n;
	if (likely(n) && !rx_batch_run(source, batch))
		rx_batch_singles(source, batch);
	batch->n = 0;
	batch->text_used = 0;
}


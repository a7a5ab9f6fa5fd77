// SPDX-License-Identifier: GPL-2.0

#include "xmit.h"

#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <linux/percpu.h>
#include <net/inet_ecn.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "carrier.h"
#include "compat.h"
#include "dev.h"
#include "event.h"
#include "frame.h"
#include "segment.h"
#include "send.h"
#include "short.h"
#include "wire.h"

#define ACQUIRE_AGAIN_NS	NSEC_PER_SEC

/*
 * Records of one large packet, from cutting to sealing. BH disabled; not
 * looked at any more once the datagram is handed to IP, which may lead into
 * another device of ours.
 */
struct tx_records {
	struct pilot_record record[PILOT_BATCH_MAX];
};

static DEFINE_PER_CPU(struct tx_records, tx_records);

static void tx_drop(struct pilot_dev *dev, struct pilot_peer *peer,
		    struct sk_buff *skb, unsigned int reason)
{
	pilot_send_drop(dev, peer, skb, reason, 1);
}

static void tx_unreachable(struct sk_buff *skb)
{
	icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

/**
 * pilot_xmit_unanswered - give up on a packet that waited for a key
 * @netdev: its device
 * @skb: the packet, consumed
 *
 * Context: BH disabled.
 */
void pilot_xmit_unanswered(struct net_device *netdev, struct sk_buff *skb)
{
	tx_unreachable(skb);
	tx_drop(netdev_priv(netdev), NULL, skb,
		PILOT_A_DEV_STATS_TX_DROP_UNANSWERED);
}

/* May the receiver be left with a checksum that is partial still? */
static bool tx_may_stay_partial(const struct sk_buff *skb)
{
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;

	if (skb_checksum_start_offset(skb) !=
	    skb_network_offset(skb) + (int)sizeof(struct ipv6hdr))
		return false;
	return (nexthdr == IPPROTO_TCP &&
		skb->csum_offset == offsetof(struct tcphdr, check)) ||
	       (nexthdr == IPPROTO_UDP &&
		skb->csum_offset == offsetof(struct udphdr, check));
}

/* The packet but its first @skip bytes, behind room for @front bytes. */
static struct sk_buff *tx_copy(struct sk_buff *skb, unsigned int skip,
			       unsigned int front)
{
	unsigned int len = skb->len - skip;
	struct sk_buff *copy;

	front += sizeof(struct pilot_data_header);
	copy = pilot_frame_alloc(front + len + PILOT_TAG_LEN);
	if (!copy)
		return NULL;
	skb_put(copy, front + len);
	if (skb_copy_bits(skb, skip, copy->data + front, len)) {
		kfree_skb(copy);
		return NULL;
	}
	__skb_pull(copy, sizeof(struct pilot_data_header));
	copy->priority = skb->priority;
	skb_copy_hash(copy, skb);
	pilot_frame_take_owner(copy, skb);
	return copy;
}

/* Can the record be made where the packet is, in memory that is ours alone? */
static bool tx_fits_in_place(const struct sk_buff *skb, unsigned int skip,
			     unsigned int front)
{
	return !skb_cloned(skb) && !skb_is_nonlinear(skb) &&
	       skb_tailroom(skb) >= PILOT_TAG_LEN &&
	       skb_headroom(skb) + skip >= PILOT_FRAME_HEADROOM + front +
					   sizeof(struct pilot_data_header);
}

/*
 * Turn an inner packet into the plaintext of a record: the caller's payload
 * is never written over. The inner packet is consumed, on failure too.
 */
static struct sk_buff *tx_plaintext(struct pilot_dev *dev,
				    struct pilot_peer *peer,
				    struct sk_buff *skb)
{
	bool full = READ_ONCE(peer->config.flags) & PILOT_PEER_F_FULL_HEADER;
	unsigned int skip = full ? 0 : sizeof(struct ipv6hdr);
	struct pilot_short_header header;
	unsigned int front = full ? 0 : sizeof(header);
	struct sk_buff *copy;
	u8 flags = 0;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		if (!full && tx_may_stay_partial(skb))
			flags |= PILOT_SHORT_F_PARTIAL;
		else if (skb_checksum_help(skb))
			goto drop;
	}
	/* In place the short header overwrites what it is made of. */
	pilot_short_build(&header, ipv6_hdr(skb), flags);
	if (tx_fits_in_place(skb, skip, front)) {
		__skb_pull(skb, skip);
		__skb_push(skb, front);
		pilot_frame_reset(skb);
	} else {
		copy = tx_copy(skb, skip, front);
		if (!copy)
			goto drop;
		consume_skb(skb);
		skb = copy;
	}
	if (!full)
		memcpy(skb->data, &header, sizeof(header));
	return skb;
drop:
	tx_drop(dev, peer, skb, PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY);
	return NULL;
}

static void tx_carry(struct sk_buff *skb, const struct pilot_path *path)
{
	unsigned int frame = skb->len;

	pilot_carrier_write(__skb_push(skb, pilot_carrier_len(path->kind)),
			    path, frame);
}

/* Send the plaintext of one record, in a linear skb that is ours alone. */
static void tx_record(struct pilot_dev *dev, struct pilot_peer *peer,
		      struct pilot_key *key, struct sk_buff *skb,
		      unsigned int bytes, u8 ecn)
{
	struct pilot_record record = { .src = skb->data, .dst = skb->data,
				       .len = skb->len };
	struct pilot_burst burst = { .skb = skb, .record = &record, .n = 1,
				     .endpoint = pilot_send_endpoint(key),
				     .bytes = bytes, .ecn = ecn };

	skb_put(skb, PILOT_TAG_LEN);
	pilot_frame_begin(__skb_push(skb, sizeof(struct pilot_data_header)),
			  key->tx_index);
	if (unlikely(pilot_endpoint_is_carried(burst.endpoint)))
		tx_carry(skb, &burst.endpoint->path);
	pilot_send(dev, peer, key, &burst);
}

static u8 tx_ecn(const struct sk_buff *skb)
{
	return ipv6_get_dsfield(ipv6_hdr(skb)) & INET_ECN_MASK;
}

static void tx_too_big(struct pilot_dev *dev, struct pilot_peer *peer,
		       struct sk_buff *skb)
{
	icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, dev->netdev->mtu);
	tx_drop(dev, peer, skb, PILOT_A_DEV_STATS_TX_DROP_TOO_BIG);
}

/* Send an inner packet as one record. Consumes it. */
static void tx_single(struct pilot_dev *dev, struct pilot_peer *peer,
		      struct pilot_key *key, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	u8 ecn = tx_ecn(skb);

	if (unlikely(len > READ_ONCE(dev->netdev->mtu))) {
		tx_too_big(dev, peer, skb);
		return;
	}
	skb = tx_plaintext(dev, peer, skb);
	if (likely(skb))
		tx_record(dev, peer, key, skb, len, ecn);
}

/* Send a large packet that cannot be cut into records directly. */
static void tx_segmented(struct pilot_dev *dev, struct pilot_peer *peer,
			 struct pilot_key *key, struct sk_buff *skb)
{
	struct sk_buff *segments = skb_gso_segment(skb, 0), *next;

	if (IS_ERR_OR_NULL(segments)) {
		tx_drop(dev, peer, skb, PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY);
		return;
	}
	pilot_dev_count(dev, PILOT_A_DEV_STATS_TX_SEGMENTED);
	consume_skb(skb);
	skb_list_walk_safe(segments, skb, next) {
		skb_mark_not_on_list(skb);
		tx_single(dev, peer, key, skb);
	}
}

/* Cut a large packet into records and send them together. Consumes it. */
static void tx_large(struct pilot_dev *dev, struct pilot_peer *peer,
		     struct pilot_key *key, struct sk_buff *skb)
{
	struct pilot_burst burst = { .endpoint = pilot_send_endpoint(key),
				     .ecn = tx_ecn(skb) };
	struct pilot_segment segment;
	unsigned int headers, left;

	if (READ_ONCE(peer->config.flags) & PILOT_PEER_F_FULL_HEADER ||
	    !pilot_segment_start(&segment, skb)) {
		tx_segmented(dev, peer, key, skb);
		return;
	}
	headers = skb->len - segment.left;
	if (unlikely(headers + segment.mss > READ_ONCE(dev->netdev->mtu))) {
		tx_too_big(dev, peer, skb);
		return;
	}
	pilot_dev_count(dev, PILOT_A_DEV_STATS_TX_GSO);
	while (segment.left) {
		burst.record = this_cpu_ptr(&tx_records)->record;
		left = segment.left;
		burst.skb = pilot_segment_next(&segment, burst.endpoint ?
					       &burst.endpoint->path : NULL,
					       key->tx_index, burst.record,
					       &burst.n);
		if (unlikely(!burst.skb)) {
			tx_drop(dev, peer, skb,
				PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY);
			return;
		}
		burst.bytes = left - segment.left + burst.n * headers;
		burst.skb->priority = skb->priority;
		skb_copy_hash(burst.skb, skb);
		if (!segment.left)
			pilot_frame_take_owner(burst.skb, skb);
		pilot_send(dev, peer, key, &burst);
	}
	consume_skb(skb);
}

/* Send an inner packet under @key. Consumes it. */
static void tx_packet(struct pilot_dev *dev, struct pilot_peer *peer,
		      struct pilot_key *key, struct sk_buff *skb)
{
	if (unlikely(!pilot_send_endpoint(key))) {
		tx_unreachable(skb);
		tx_drop(dev, peer, skb, PILOT_A_DEV_STATS_TX_DROP_NO_ENDPOINT);
	} else if (skb_is_gso(skb)) {
		tx_large(dev, peer, key, skb);
	} else {
		tx_single(dev, peer, key, skb);
	}
}

static void tx_acquire(struct pilot_dev *dev, u64 address,
		       enum pilot_event_reason reason)
{
	struct pilot_event event = {
		.type = PILOT_EVENT_ACQUIRE,
		.reason = reason,
		.address = address,
	};

	pilot_dev_count(dev, PILOT_A_DEV_STATS_ACQUIRES);
	pilot_event_send(dev, &event);
}

/**
 * pilot_xmit_ask - ask for the key that packets of a peer wait for
 * @peer: the peer
 * @now: coarse CLOCK_BOOTTIME ns
 *
 * Who was to hear the last question may not have been there yet: it is put
 * again as long as something waits, at most once a second.
 *
 * Context: BH disabled, RCU read section.
 * Return: when to come again, U64_MAX when nothing waits.
 */
u64 pilot_xmit_ask(struct pilot_peer *peer, u64 now)
{
	u64 again = U64_MAX;
	bool ask = false;

	spin_lock(&peer->queue.lock);
	if (!skb_queue_empty(&peer->queue)) {
		ask = !peer->acquired_at ||
		      now >= peer->acquired_at + ACQUIRE_AGAIN_NS;
		if (ask)
			peer->acquired_at = now;
		again = peer->acquired_at + ACQUIRE_AGAIN_NS;
	}
	spin_unlock(&peer->queue.lock);

	if (ask)
		tx_acquire(peer->dev, peer->address, PILOT_REASON_NO_KEY);
	return again;
}

/* Let a packet wait for the peer's key, and ask for the key. */
static void tx_wait(struct pilot_dev *dev, struct pilot_peer *peer,
		    struct sk_buff *skb)
{
	struct sk_buff *overflow = NULL;
	u64 now = pilot_now();

	skb_dst_force(skb);
	spin_lock(&peer->queue.lock);
	if (READ_ONCE(peer->dead)) {
		spin_unlock(&peer->queue.lock);
		pilot_xmit_unanswered(dev->netdev, skb);
		return;
	}
	if (skb_queue_len(&peer->queue) >= PILOT_QUEUE_MAX)
		overflow = __skb_dequeue(&peer->queue);
	if (skb_queue_empty(&peer->queue))
		WRITE_ONCE(peer->queued_at, now);
	__skb_queue_tail(&peer->queue, skb);
	spin_unlock(&peer->queue.lock);

	if (overflow)
		tx_drop(dev, peer, overflow,
			PILOT_A_DEV_STATS_TX_DROP_QUEUE_FULL);
	pilot_xmit_ask(peer, now);
	timer_reduce(&peer->timer, jiffies + HZ + 1);
	/* The key may have come between the look and the queue. */
	if (pilot_send_key(peer))
		pilot_xmit_flush(peer);
}

/* Let a packet wait for the peer itself. */
static void tx_wait_for_peer(struct pilot_dev *dev, u64 address,
			     struct sk_buff *skb)
{
	struct sk_buff *overflow;

	skb_dst_force(skb);
	if (pilot_waiting_add(&dev->waiting, skb, address, pilot_now(),
			      &overflow))
		tx_acquire(dev, address, PILOT_REASON_NO_PEER);
	if (overflow)
		tx_drop(dev, NULL, overflow,
			PILOT_A_DEV_STATS_TX_DROP_QUEUE_FULL);
}

/**
 * pilot_xmit_flush - send what waits for a peer's key
 * @peer: the peer
 *
 * Context: BH disabled, RCU read section.
 */
void pilot_xmit_flush(struct pilot_peer *peer)
{
	struct pilot_key *key = pilot_send_key(peer);
	struct sk_buff_head queue;
	struct sk_buff *skb;

	if (!key)
		return;
	__skb_queue_head_init(&queue);
	spin_lock(&peer->queue.lock);
	skb_queue_splice_init(&peer->queue, &queue);
	spin_unlock(&peer->queue.lock);
	while ((skb = __skb_dequeue(&queue)))
		tx_packet(peer->dev, peer, key, skb);
}

/*
 * The key that a lane is tried under. Where only the peer's first record would
 * make it current, a key that the peer is known to have serves as well.
 */
static struct pilot_key *tx_probe_key(struct pilot_peer *peer,
				      unsigned int number)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	struct pilot_key *key, *key0;
	u64 now = pilot_now();

	key0 = pilot_send_key_of(peer, 0, now);
	if (!lane || !key0)
		return NULL;
	key = rcu_dereference(lane->next);
	if (!key || key->epoch != key0->epoch || pilot_key_expired(key, now))
		return NULL;
	return key;
}

/* Send a record without a packet, if there is a key for it and a place to go. */
static void tx_empty(struct pilot_peer *peer, unsigned int number, bool probe)
{
	struct pilot_key *key = NULL;
	struct sk_buff *skb;

	if (probe)
		key = tx_probe_key(peer, number);
	if (!key)
		key = pilot_send_key_of(peer, number, pilot_now());
	if (!key || !rcu_access_pointer(pilot_peer_lane(peer, number)->endpoint))
		return;
	skb = pilot_frame_alloc(PILOT_FRAME_OVERHEAD + PILOT_PROBE_LEN);
	if (!skb)
		return;
	skb_reserve(skb, sizeof(struct pilot_data_header));
	if (probe)
		skb_put_u8(skb, PILOT_PROBE);
	tx_record(peer->dev, peer, key, skb, 0, 0);
}

/**
 * pilot_xmit_keepalive - send an empty record
 * @peer: the peer
 * @number: on which of its lanes; above lane 0 only on one that works
 *
 * Nothing goes without a key to send it under, a place to send it to, or memory.
 *
 * Context: BH disabled, RCU read section.
 */
void pilot_xmit_keepalive(struct pilot_peer *peer, unsigned int number)
{
	tx_empty(peer, number, false);
}

/**
 * pilot_xmit_probe - try a lane that is not known to work
 * @peer: the peer
 * @number: number of the lane
 *
 * What comes in answer makes it known.
 *
 * Context: BH disabled, RCU read section.
 */
void pilot_xmit_probe(struct pilot_peer *peer, unsigned int number)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	u64 now = pilot_now();

	if (!lane || pilot_lane_is_fresh(lane, now) ||
	    pilot_lane_within(READ_ONCE(lane->probed_at), PILOT_LANE_PROBE_NS,
			      now))
		return;
	WRITE_ONCE(lane->probed_at, now);
	WRITE_ONCE(lane->wanted, 0);
	tx_empty(peer, number, true);
}

/**
 * pilot_xmit_touch - let a lane carry something
 * @peer: the peer
 * @number: number of the lane
 *
 * What keeps it open, as far as it is known to work, or else finds out. The
 * only lane is where the handshake went both ways.
 *
 * Context: BH disabled, RCU read section.
 */
void pilot_xmit_touch(struct pilot_peer *peer, unsigned int number)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	u64 now = pilot_now();
	bool probe;

	if (!lane)
		return;
	probe = READ_ONCE(peer->lanes) > 1 && !pilot_lane_is_fresh(lane, now);
	if (probe)
		WRITE_ONCE(lane->probed_at, now);
	tx_empty(peer, number, probe);
}

/* A packet wanted this processor's lane and perhaps had to take another. */
static void tx_wanted(struct pilot_peer *peer)
{
	unsigned int number = pilot_send_lane(peer);
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	u32 wanted;

	if (!lane || pilot_lane_is_fresh(lane, pilot_now()))
		return;
	wanted = READ_ONCE(lane->wanted) + 1;
	if (wanted < PILOT_LANE_WANTED)
		WRITE_ONCE(lane->wanted, wanted);
	else
		pilot_xmit_probe(peer, number);
}

/*
 * Only what our own address sends to an agent of our network is ours to
 * carry. Return: 0 with @address set, or the counter of the reason.
 */
static unsigned int tx_classify(struct pilot_dev *dev, struct sk_buff *skb,
				u64 *address)
{
	const struct ipv6hdr *ip6;

	if (skb->protocol != htons(ETH_P_IPV6) ||
	    !pskb_network_may_pull(skb, sizeof(*ip6)))
		return PILOT_A_DEV_STATS_TX_DROP_PROTOCOL;
	ip6 = ipv6_hdr(skb);
	if (ip6->version != 6 || skb_network_offset(skb) ||
	    (!skb_is_gso(skb) &&
	     skb->len != sizeof(*ip6) + ntohs(ip6->payload_len)))
		return PILOT_A_DEV_STATS_TX_DROP_PROTOCOL;
	if (!dev->address || !ipv6_addr_equal(&ip6->saddr, &dev->in6) ||
	    !pilot_address_from_in6(&ip6->daddr, address) ||
	    !pilot_address_is_unicast(*address) || *address == dev->address ||
	    pilot_address_network(*address) !=
		    pilot_address_network(dev->address))
		return PILOT_A_DEV_STATS_TX_DROP_ADDRESS;
	return 0;
}

/* The device's ndo_start_xmit. */
netdev_tx_t pilot_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct pilot_dev *dev = netdev_priv(netdev);
	struct pilot_peer *peer;
	struct pilot_key *key;
	unsigned int drop;
	u64 address;

	rcu_read_lock();
	drop = tx_classify(dev, skb, &address);
	if (unlikely(drop)) {
		if (drop == PILOT_A_DEV_STATS_TX_DROP_ADDRESS &&
		    !ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr))
			tx_unreachable(skb);
		tx_drop(dev, NULL, skb, drop);
		goto out;
	}
	peer = pilot_peer_find(&dev->peers, address);
	if (unlikely(!peer)) {
		tx_wait_for_peer(dev, address, skb);
		goto out;
	}
	key = pilot_send_key(peer);
	if (likely(key))
		tx_packet(dev, peer, key, skb);
	else
		tx_wait(dev, peer, skb);
	if (READ_ONCE(peer->lanes) > 1)
		tx_wanted(peer);
out:
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

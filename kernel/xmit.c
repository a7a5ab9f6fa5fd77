// SPDX-License-Identifier: GPL-2.0

#include "xmit.h"

#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <net/inet_ecn.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "dev.h"
#include "event.h"
#include "short.h"
#include "wire.h"

#define ACQUIRE_AGAIN_NS	NSEC_PER_SEC
/* Devices that transmit from within another's transmission. */
#define RECURSION_MAX		3
/* Room in front of a datagram of our own making. */
#define TX_HEADROOM		(LL_MAX_HEADER + PILOT_HEADROOM)

/**
 * struct tx_batch - records under one key on their way out
 * @peer: to whom
 * @key: the key
 * @n: how many
 * @skb: the datagrams, data at the frame header
 * @record: the same for the AEAD
 * @inner_len: length of the inner packet, 0 = keepalive
 * @ecn: outer ECN field
 */
struct tx_batch {
	struct pilot_peer *peer;
	struct pilot_key *key;
	unsigned int n;
	struct sk_buff *skb[PILOT_BATCH_MAX];
	struct pilot_record record[PILOT_BATCH_MAX];
	unsigned int inner_len[PILOT_BATCH_MAX];
	u8 ecn[PILOT_BATCH_MAX];
};

static void tx_drop(struct pilot_dev *dev, struct pilot_peer *peer,
		    struct sk_buff *skb, unsigned int reason)
{
	pilot_dev_count(dev, reason);
	if (peer)
		pilot_counters_inc(&peer->stats, PILOT_A_PEER_STATS_TX_DROPS);
	kfree_skb(skb);
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

/*
 * The sender's accounting follows the bytes to the new skb, or TCP small
 * queues and socket buffers would see them gone too early. Only destructors
 * that charge sk_wmem_alloc can move.
 */
static void tx_move_owner(struct sk_buff *to, struct sk_buff *from)
{
	struct sock *sk = from->sk;
	int delta = to->truesize - from->truesize;
	bool wmem;

	if (!sk || !from->destructor)
		return;
	wmem = from->destructor == sock_wfree ||
	       (sk_fullsock(sk) && sk->sk_protocol == IPPROTO_TCP &&
		from->destructor != sock_edemux &&
		from->destructor != sock_efree);
	if (!wmem)
		return;
	to->sk = sk;
	to->destructor = from->destructor;
	from->sk = NULL;
	from->destructor = NULL;
	if (delta >= 0)
		refcount_add(delta, &sk->sk_wmem_alloc);
	else
		WARN_ON_ONCE(refcount_sub_and_test(-delta,
						   &sk->sk_wmem_alloc));
}

/* Nothing of the inner packet's handling may leak into the outer one's. */
static void tx_reset(struct sk_buff *skb)
{
	u8 l4_hash = skb->l4_hash;
	u8 sw_hash = skb->sw_hash;
	u32 hash = skb->hash;

	skb_scrub_packet(skb, true);
	memset(&skb->headers, 0, sizeof(skb->headers));
	skb->l4_hash = l4_hash;
	skb->sw_hash = sw_hash;
	skb->hash = hash;
	skb->queue_mapping = 0;
	skb->nohdr = 0;
	skb->peeked = 0;
	skb->mac_len = 0;
	skb->dev = NULL;
	skb->ignore_df = 1;
	skb_reset_redirect(skb);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	skb_reset_inner_headers(skb);
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

static struct sk_buff *tx_copy(struct sk_buff *skb, unsigned int skip,
			       unsigned int front)
{
	unsigned int len = skb->len - skip;
	struct sk_buff *copy;

	copy = alloc_skb(TX_HEADROOM + front + len + PILOT_TAG_LEN,
			 GFP_ATOMIC);
	if (!copy)
		return NULL;
	skb_reserve(copy, TX_HEADROOM);
	skb_put(copy, front + len);
	if (skb_copy_bits(skb, skip, copy->data + front, len)) {
		kfree_skb(copy);
		return NULL;
	}
	copy->priority = skb->priority;
	skb_copy_hash(copy, skb);
	tx_move_owner(copy, skb);
	return copy;
}

/*
 * Turn an inner packet into the plaintext of a record, in memory that is ours
 * alone: the caller's payload is never written over. The inner packet is
 * consumed, on failure too.
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
		if (!full && tx_may_stay_partial(skb)) {
			flags |= PILOT_SHORT_F_PARTIAL;
		} else if (skb_checksum_help(skb)) {
			tx_drop(dev, peer, skb,
				PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY);
			return NULL;
		}
	}
	/* In place the short header overwrites what it is made of. */
	pilot_short_build(&header, ipv6_hdr(skb), flags);
	if (skb_cloned(skb) || skb_is_nonlinear(skb) ||
	    skb_tailroom(skb) < PILOT_TAG_LEN ||
	    skb_headroom(skb) + skip < TX_HEADROOM + front) {
		copy = tx_copy(skb, skip, front);
		if (!copy) {
			tx_drop(dev, peer, skb,
				PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY);
			return NULL;
		}
		consume_skb(skb);
		skb = copy;
	} else {
		__skb_pull(skb, skip);
		__skb_push(skb, front);
	}
	if (!full)
		memcpy(skb->data, &header, sizeof(header));
	return skb;
}

/* Add a plaintext, in a private linear skb, to the batch. */
static void tx_batch_add(struct tx_batch *batch, struct sk_buff *skb,
			 unsigned int inner_len, u8 ecn)
{
	struct pilot_record *record = &batch->record[batch->n];
	struct pilot_data_header *header;

	record->src = skb->data;
	record->dst = skb->data;
	record->len = skb->len;
	tx_reset(skb);
	skb_put(skb, PILOT_TAG_LEN);
	header = __skb_push(skb, sizeof(*header));
	memset(header, 0, sizeof(*header));
	header->type = PILOT_FRAME_DATA;
	header->index = cpu_to_le32(batch->key->tx_index);
	batch->skb[batch->n] = skb;
	batch->inner_len[batch->n] = inner_len;
	batch->ecn[batch->n] = ecn;
	batch->n++;
}

static void tx_check_limits(struct pilot_dev *dev, struct pilot_key *key,
			    u64 next)
{
	if (unlikely(next > key->hard_packets) &&
	    !test_and_set_bit(PILOT_KEY_HARD_TOLD, &key->flags))
		pilot_event_key(dev, PILOT_EVENT_HARD_LIMIT,
				PILOT_REASON_PACKETS, key);
	else if (unlikely(next >= key->soft_packets) &&
		 !test_and_set_bit(PILOT_KEY_SOFT_TOLD, &key->flags))
		pilot_event_key(dev, PILOT_EVENT_SOFT_LIMIT,
				PILOT_REASON_PACKETS, key);
}

/* Number the records; those that would pass the hard limit are dropped. */
static void tx_batch_number(struct pilot_dev *dev, struct tx_batch *batch)
{
	u64 counter = pilot_key_reserve(batch->key, batch->n);
	unsigned int i, n = 0;

	for (i = 0; i < batch->n; i++, counter++) {
		struct pilot_data_header *header = (void *)batch->skb[i]->data;

		if (unlikely(counter >= batch->key->hard_packets)) {
			tx_drop(dev, batch->peer, batch->skb[i],
				PILOT_A_DEV_STATS_TX_DROP_EXPIRED);
			continue;
		}
		header->counter = cpu_to_le64(counter);
		batch->skb[n] = batch->skb[i];
		batch->record[n] = batch->record[i];
		batch->record[n].counter = counter;
		batch->inner_len[n] = batch->inner_len[i];
		batch->ecn[n] = batch->ecn[i];
		n++;
	}
	batch->n = n;
	tx_check_limits(dev, batch->key, counter);
}

static int tx_send_one(struct pilot_dev *dev, struct pilot_peer *peer,
		       struct sk_buff *skb, u8 ecn)
{
	struct pilot_endpoint *endpoint = rcu_dereference(peer->endpoint);
	struct pilot_socket *socket;
	int ret;

	if (!endpoint)
		return PILOT_A_DEV_STATS_TX_DROP_NO_ENDPOINT;
	/* Tunnels in tunnels use up the stack; ours are not the innermost. */
	if (unlikely(dev_recursion_level() > RECURSION_MAX))
		return PILOT_A_DEV_STATS_TX_DROP_LOOP;
	socket = pilot_dev_socket(dev, endpoint->path.family == AF_INET ?
				       PILOT_FAMILY4 : PILOT_FAMILY6);
	if (!socket)
		return PILOT_A_DEV_STATS_TX_DROP_NO_SOCKET;
	ret = pilot_endpoint_send(endpoint, socket->sk, skb, dev->netdev, ecn);
	if (!ret)
		return 0;
	return ret == -ELOOP ? PILOT_A_DEV_STATS_TX_DROP_LOOP :
			       PILOT_A_DEV_STATS_TX_DROP_NO_ROUTE;
}

static void tx_note_sent(struct pilot_dev *dev, struct pilot_peer *peer,
			 unsigned int packets, unsigned int bytes,
			 unsigned int keepalives)
{
	u64 now = pilot_now();
	u32 silence, idle;

	pilot_peer_note(&peer->last_tx, now);
	pilot_peer_note(&peer->rx_unanswered, 0);
	pilot_counters_add(&dev->stats, PILOT_A_DEV_STATS_TX_RECORDS,
			   packets + keepalives);
	if (keepalives)
		pilot_counters_add(&dev->stats,
				   PILOT_A_DEV_STATS_TX_KEEPALIVES,
				   keepalives);
	if (!packets)
		return;
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_TX_PACKETS,
			   packets);
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_TX_BYTES, bytes);
	pilot_counters_add(&dev->stats, PILOT_COUNT_TX_PACKETS, packets);
	pilot_counters_add(&dev->stats, PILOT_COUNT_TX_BYTES, bytes);

	silence = READ_ONCE(peer->config.silence);
	if (!READ_ONCE(peer->tx_unanswered)) {
		WRITE_ONCE(peer->tx_unanswered, now);
		if (silence)
			timer_reduce(&peer->timer, jiffies + silence * HZ + 1);
	}
	idle = READ_ONCE(peer->config.idle);
	if (idle && !READ_ONCE(peer->last_data))
		timer_reduce(&peer->timer, jiffies + idle * HZ + 1);
	pilot_peer_note(&peer->last_data, now);
}

/* Number, seal and send the records. Empties the batch. */
static void tx_batch_send(struct pilot_dev *dev, struct tx_batch *batch)
{
	unsigned int packets = 0, bytes = 0, keepalives = 0, i;
	int drop;

	if (!batch->n)
		return;
	tx_batch_number(dev, batch);
	i = pilot_aead_seal(&batch->key->tx, batch->record, batch->n);
	pilot_counters_add(&dev->stats, PILOT_A_DEV_STATS_AEAD_FALLBACKS, i);
	pilot_dev_count(dev, PILOT_A_DEV_STATS_TX_BATCHES);

	for (i = 0; i < batch->n; i++) {
		if (unlikely(batch->record[i].err))
			drop = PILOT_A_DEV_STATS_TX_DROP_CRYPTO;
		else
			drop = tx_send_one(dev, batch->peer, batch->skb[i],
					   batch->ecn[i]);
		if (unlikely(drop)) {
			tx_drop(dev, batch->peer, batch->skb[i], drop);
			continue;
		}
		if (!batch->inner_len[i]) {
			keepalives++;
			continue;
		}
		packets++;
		bytes += batch->inner_len[i];
	}
	batch->n = 0;
	if (packets || keepalives)
		tx_note_sent(dev, batch->peer, packets, bytes, keepalives);
}

/*
 * The key to transmit under, NULL when there is none to be used. A key past
 * its age is as good as none: never in clear, never under it.
 */
static struct pilot_key *tx_key(struct pilot_peer *peer)
{
	struct pilot_key *key = rcu_dereference(peer->lane[0].current_key);

	if (unlikely(!key || pilot_key_expired(key, pilot_now()) ||
		     !netif_running(peer->dev->netdev)))
		return NULL;
	if (unlikely((u64)atomic64_read(&key->tx_counter) >=
		     key->hard_packets))
		return NULL;
	return key;
}

static void tx_segment(struct pilot_dev *dev, struct tx_batch *batch,
		       struct sk_buff *skb)
{
	u8 ecn = ipv6_get_dsfield(ipv6_hdr(skb)) & INET_ECN_MASK;
	unsigned int len = skb->len;

	if (unlikely(len > READ_ONCE(dev->netdev->mtu))) {
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, dev->netdev->mtu);
		tx_drop(dev, batch->peer, skb,
			PILOT_A_DEV_STATS_TX_DROP_TOO_BIG);
		return;
	}
	skb = tx_plaintext(dev, batch->peer, skb);
	if (!skb)
		return;
	tx_batch_add(batch, skb, len, ecn);
	if (batch->n == PILOT_BATCH_MAX)
		tx_batch_send(dev, batch);
}

/* Send an inner packet, GSO or not, under @key. Consumes it. */
static void tx_packet(struct pilot_dev *dev, struct pilot_peer *peer,
		      struct pilot_key *key, struct sk_buff *skb)
{
	struct tx_batch batch = { .peer = peer, .key = key };
	struct sk_buff *segments, *next;

	if (!skb_is_gso(skb)) {
		tx_segment(dev, &batch, skb);
		tx_batch_send(dev, &batch);
		return;
	}
	segments = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segments)) {
		tx_drop(dev, peer, skb, PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segments, skb, next) {
		skb_mark_not_on_list(skb);
		tx_segment(dev, &batch, skb);
	}
	tx_batch_send(dev, &batch);
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

/* Let a packet wait for the peer's key, and ask for the key. */
static void tx_wait(struct pilot_dev *dev, struct pilot_peer *peer,
		    struct sk_buff *skb)
{
	struct sk_buff *overflow = NULL;
	u64 now = pilot_now();
	bool ask;

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
	ask = !peer->acquired_at || now - peer->acquired_at >= ACQUIRE_AGAIN_NS;
	if (ask)
		peer->acquired_at = now;
	spin_unlock(&peer->queue.lock);

	if (overflow)
		tx_drop(dev, peer, overflow,
			PILOT_A_DEV_STATS_TX_DROP_QUEUE_FULL);
	timer_reduce(&peer->timer, jiffies + PILOT_QUEUE_SECONDS * HZ + 1);
	if (ask)
		tx_acquire(dev, peer->address, PILOT_REASON_NO_KEY);
	/* The key may have come between the look and the queue. */
	if (tx_key(peer))
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
	struct pilot_key *key = tx_key(peer);
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

/**
 * pilot_xmit_keepalive - send an empty record
 * @peer: the peer
 *
 * Context: BH disabled, RCU read section.
 * Return: false when there is no key to send it under, or no memory.
 */
bool pilot_xmit_keepalive(struct pilot_peer *peer)
{
	struct tx_batch batch = { .peer = peer, .key = tx_key(peer) };
	struct sk_buff *skb;

	if (!batch.key)
		return false;
	skb = alloc_skb(TX_HEADROOM + PILOT_TAG_LEN, GFP_ATOMIC);
	if (!skb)
		return false;
	skb_reserve(skb, TX_HEADROOM);
	tx_batch_add(&batch, skb, 0, 0);
	tx_batch_send(peer->dev, &batch);
	return true;
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
	key = tx_key(peer);
	if (likely(key))
		tx_packet(dev, peer, key, skb);
	else
		tx_wait(dev, peer, skb);
out:
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

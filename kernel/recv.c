// SPDX-License-Identifier: GPL-2.0

#include "recv.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/sock.h>

#include "compat.h"
#include "dev.h"
#include "event.h"
#include "short.h"
#include "wire.h"
#include "xmit.h"

/*
 * A peer moves at most this often: what it costs and whom it tells must not
 * be the peer's to choose.
 */
#define MOVE_AGAIN_NS	(100 * NSEC_PER_MSEC)

/**
 * struct rx_frame - one data frame on its way in
 * @dev: the device
 * @peer: the peer
 * @key: the key that the frame names
 * @counter: the frame's counter
 * @path: where it came from
 * @ds: outer DSCP and ECN
 * @len: length of the plaintext
 */
struct rx_frame {
	struct pilot_dev *dev;
	struct pilot_peer *peer;
	struct pilot_key *key;
	u64 counter;
	struct pilot_path path;
	u8 ds;
	unsigned int len;
};

static void rx_drop(const struct rx_frame *frame, struct sk_buff *skb,
		    unsigned int reason)
{
	pilot_dev_count(frame->dev, reason);
	kfree_skb(skb);
}

/* For what is dropped after the peer has proven to be its sender. */
static void rx_drop_peer(const struct rx_frame *frame, struct sk_buff *skb,
			 unsigned int reason)
{
	pilot_counters_inc(&frame->peer->stats, PILOT_A_PEER_STATS_RX_DROPS);
	rx_drop(frame, skb, reason);
}

/*
 * The frame in linear memory that nobody else can see, data at the
 * ciphertext. Pages of a received datagram may belong to others (splice,
 * packet sockets): what is decrypted in place must be an uncloned head.
 */
static struct sk_buff *rx_private(struct sk_buff *skb, unsigned int skip)
{
	struct sk_buff *copy;
	unsigned int len;

	if (!skb_cloned(skb) && !skb_is_nonlinear(skb)) {
		__skb_pull(skb, skip);
		return skb;
	}
	len = skb->len - skip;
	copy = alloc_skb(NET_SKB_PAD + sizeof(struct ipv6hdr) + len,
			 GFP_ATOMIC);
	if (!copy)
		return NULL;
	skb_reserve(copy, NET_SKB_PAD + sizeof(struct ipv6hdr));
	skb_put(copy, len);
	if (skb_copy_bits(skb, skip, copy->data, len)) {
		kfree_skb(copy);
		return NULL;
	}
	consume_skb(skb);
	return copy;
}

/* Cheap checks, in the order of their cost; nothing is changed by them. */
static unsigned int rx_precheck(const struct rx_frame *frame)
{
	if (unlikely(!netif_running(frame->dev->netdev)))
		return PILOT_A_DEV_STATS_RX_DROP_DOWN;
	if (unlikely(pilot_key_expired(frame->key, pilot_now()) ||
		     frame->counter >= frame->key->rx_max))
		return PILOT_A_DEV_STATS_RX_DROP_EXPIRED;
	if (unlikely(!pilot_replay_check(&frame->key->replay, frame->counter)))
		return PILOT_A_DEV_STATS_RX_DROP_REPLAY;
	return 0;
}

/* An authenticated packet came under the next key: the peer has it too. */
static void rx_promote(const struct rx_frame *frame)
{
	struct pilot_peer *peer = frame->peer;
	bool first, promoted;

	spin_lock(&peer->lock);
	first = !rcu_access_pointer(peer->lane[frame->key->lane].current_key);
	promoted = pilot_peer_key_promote(peer, frame->key, false);
	spin_unlock(&peer->lock);
	if (!promoted)
		return;
	pilot_dev_keyed(frame->dev, first);
	pilot_event_key(frame->dev, PILOT_EVENT_KEY_CURRENT,
			PILOT_REASON_RECEIVED, frame->key);
	pilot_xmit_flush(peer);
}

/* The peer moved: its newest packet came from somewhere else. */
static void rx_learn_endpoint(const struct rx_frame *frame)
{
	struct pilot_peer *peer = frame->peer;
	struct pilot_endpoint *old, *new;
	struct pilot_event event = {
		.type = PILOT_EVENT_ENDPOINT_MOVED,
		.reason = PILOT_REASON_RECEIVED,
		.address = peer->address,
		.path = &frame->path,
	};
	u64 now = pilot_now();
	bool moved;

	old = rcu_dereference(peer->endpoint);
	if (likely(old && pilot_path_same(&old->path, &frame->path)))
		return;
	if (READ_ONCE(peer->config.flags) & PILOT_PEER_F_FIXED_ENDPOINT)
		return;
	if (READ_ONCE(peer->moved_at) &&
	    now - READ_ONCE(peer->moved_at) < MOVE_AGAIN_NS)
		return;
	moved = !old || !pilot_path_same_remote(&old->path, &frame->path);
	new = pilot_endpoint_new(&frame->path, GFP_ATOMIC);
	if (!new)
		return;
	WRITE_ONCE(peer->moved_at, now);
	pilot_peer_endpoint_set(peer, new);
	if (!moved)
		return;
	pilot_dev_count(frame->dev, PILOT_A_DEV_STATS_ENDPOINTS_MOVED);
	pilot_event_send(frame->dev, &event);
}

/* What an authentic record says about its peer, whatever is inside. */
static void rx_authentic(const struct rx_frame *frame, bool newest)
{
	struct pilot_lane *lane = &frame->peer->lane[frame->key->lane];
	struct pilot_peer *peer = frame->peer;
	u64 now = pilot_now();

	pilot_dev_count(frame->dev, PILOT_A_DEV_STATS_RX_RECORDS);
	pilot_peer_note(&peer->last_rx, now);
	pilot_peer_note(&peer->tx_unanswered, 0);
	if (unlikely(rcu_access_pointer(lane->next) == frame->key) &&
	    !pilot_peer_key_is_stale(peer, frame->key))
		rx_promote(frame);
	/* A late packet under an old key says nothing about today. */
	if (newest && rcu_access_pointer(lane->current_key) == frame->key)
		rx_learn_endpoint(frame);
	if (frame->len && !READ_ONCE(peer->rx_unanswered)) {
		WRITE_ONCE(peer->rx_unanswered, now);
		timer_reduce(&peer->timer,
			     jiffies + PILOT_PASSIVE_SECONDS * HZ + 1);
	}
}

/* Put the IPv6 header back that a short header stands for. */
static unsigned int rx_expand(const struct rx_frame *frame,
			      struct sk_buff *skb, u8 *flags)
{
	struct pilot_short_header header;
	unsigned int payload;
	struct ipv6hdr *ip6;

	if (skb->len < sizeof(header))
		return PILOT_A_DEV_STATS_RX_DROP_INNER;
	memcpy(&header, skb->data, sizeof(header));
	__skb_pull(skb, sizeof(header));
	payload = skb->len;
	ip6 = __skb_push(skb, sizeof(*ip6));
	*flags = header.flags;
	if (pilot_short_expand(ip6, &header, payload, &frame->peer->in6,
			       &frame->dev->in6))
		return 0;
	return PILOT_A_DEV_STATS_RX_DROP_INNER;
}

/* A whole IPv6 packet: the peer speaks for its own address, and to ours. */
static unsigned int rx_check_full(const struct rx_frame *frame,
				  const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = (const void *)skb->data;

	if (skb->len < sizeof(*ip6) ||
	    ntohs(ip6->payload_len) != skb->len - sizeof(*ip6))
		return PILOT_A_DEV_STATS_RX_DROP_INNER;
	if (!ipv6_addr_equal(&ip6->saddr, &frame->peer->in6) ||
	    !ipv6_addr_equal(&ip6->daddr, &frame->dev->in6))
		return PILOT_A_DEV_STATS_RX_DROP_ADDRESS;
	return 0;
}

/* Nothing of the outer datagram's handling may leak into the inner packet. */
static void rx_reset(struct sk_buff *skb, struct net_device *netdev)
{
	skb_scrub_packet(skb, true);
	memset(&skb->headers, 0, sizeof(skb->headers));
	skb_gso_reset(skb);
	skb_clear_hash(skb);
	skb->queue_mapping = 0;
	skb->nohdr = 0;
	skb->peeked = 0;
	skb_reset_redirect(skb);
	skb->dev = netdev;
	skb->protocol = htons(ETH_P_IPV6);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(struct ipv6hdr));
	skb->mac_len = 0;
}

/*
 * An authentic packet was whole when its sender's stack sent it, so the
 * checksum need not be looked at; one left partial is finished only where it
 * goes on to a real link.
 */
static unsigned int rx_set_checksum(struct sk_buff *skb, u8 flags)
{
	u16 offset;

	if (!(flags & PILOT_SHORT_F_PARTIAL)) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = ~0;
		return 0;
	}
	switch (ipv6_hdr(skb)->nexthdr) {
	case IPPROTO_TCP:
		offset = offsetof(struct tcphdr, check);
		break;
	case IPPROTO_UDP:
		offset = offsetof(struct udphdr, check);
		break;
	default:
		return PILOT_A_DEV_STATS_RX_DROP_INNER;
	}
	if (!skb_partial_csum_set(skb, sizeof(struct ipv6hdr), offset))
		return PILOT_A_DEV_STATS_RX_DROP_INNER;
	return 0;
}

static void rx_note_delivered(const struct rx_frame *frame, unsigned int len)
{
	struct pilot_peer *peer = frame->peer;
	struct pilot_dev *dev = frame->dev;
	u32 idle = READ_ONCE(peer->config.idle);

	pilot_counters_inc(&peer->stats, PILOT_A_PEER_STATS_RX_PACKETS);
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_RX_BYTES, len);
	pilot_dev_count(dev, PILOT_COUNT_RX_PACKETS);
	pilot_counters_add(&dev->stats, PILOT_COUNT_RX_BYTES, len);
	if (idle && !READ_ONCE(peer->last_data))
		timer_reduce(&peer->timer, jiffies + idle * HZ + 1);
	pilot_peer_note(&peer->last_data, pilot_now());
}

/* Deliver the plaintext of an authentic record; data at its begin. */
static void rx_deliver(const struct rx_frame *frame, struct sk_buff *skb)
{
	unsigned int drop;
	u8 flags = 0;

	switch (skb->data[0] >> 4) {
	case 0:
		drop = rx_expand(frame, skb, &flags);
		break;
	case 6:
		drop = rx_check_full(frame, skb);
		break;
	default:
		drop = PILOT_A_DEV_STATS_RX_DROP_INNER;
	}
	if (unlikely(drop))
		goto drop;

	rx_reset(skb, frame->dev->netdev);
	drop = rx_set_checksum(skb, flags);
	if (unlikely(drop))
		goto drop;
	/* RFC 6040 section 4.2: CE outside what cannot carry it. */
	if (INET_ECN_decapsulate(skb, frame->ds,
				 ipv6_get_dsfield(ipv6_hdr(skb))) > 1) {
		drop = PILOT_A_DEV_STATS_RX_DROP_ECN;
		goto drop;
	}
	if (!pilot_peer_rx_allowed(frame->peer, 1, skb->len)) {
		drop = PILOT_A_DEV_STATS_RX_DROP_LIMIT;
		goto drop;
	}
	rx_note_delivered(frame, skb->len);
	gro_cells_receive(&frame->dev->cells, skb);
	return;
drop:
	rx_drop_peer(frame, skb, drop);
}

/* Verify, decrypt and deliver; data at the UDP header. Consumes @skb. */
static void rx_open(struct rx_frame *frame, struct sk_buff *skb)
{
	struct pilot_record record = { .counter = frame->counter,
				       .len = frame->len };
	struct sk_buff *private;
	unsigned int fallbacks;
	bool newest;

	private = rx_private(skb, sizeof(struct udphdr) +
				  sizeof(struct pilot_data_header));
	if (!private) {
		rx_drop(frame, skb, PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY);
		return;
	}
	skb = private;
	record.src = skb->data;
	record.dst = skb->data;
	fallbacks = pilot_aead_open(&frame->key->rx, &record, 1);
	pilot_counters_add(&frame->dev->stats,
			   PILOT_A_DEV_STATS_AEAD_FALLBACKS, fallbacks);
	pilot_dev_count(frame->dev, PILOT_A_DEV_STATS_RX_BATCHES);
	if (unlikely(record.err)) {
		rx_drop(frame, skb, PILOT_A_DEV_STATS_RX_DROP_AUTH);
		return;
	}
	if (unlikely(!pilot_replay_commit(&frame->key->replay, frame->counter,
					  &newest))) {
		rx_drop(frame, skb, PILOT_A_DEV_STATS_RX_DROP_REPLAY);
		return;
	}
	rx_authentic(frame, newest);
	if (!frame->len) {
		pilot_dev_count(frame->dev, PILOT_A_DEV_STATS_RX_KEEPALIVES);
		consume_skb(skb);
		return;
	}
	skb_trim(skb, frame->len);
	rx_deliver(frame, skb);
}

/* Find what a data frame belongs to. Return: 0 or a socket's counter. */
static unsigned int rx_parse(struct pilot_socket *socket, struct sk_buff *skb,
			     struct rx_frame *frame)
{
	const struct pilot_data_header *header;

	if (skb->len < sizeof(struct udphdr) + PILOT_FRAME_OVERHEAD ||
	    !pskb_may_pull(skb, sizeof(struct udphdr) + sizeof(*header)))
		return PILOT_A_SOCKET_STATS_DROP_MALFORMED;
	header = (const void *)(skb->data + sizeof(struct udphdr));
	if (header->zero[0] | header->zero[1] | header->zero[2])
		return PILOT_A_SOCKET_STATS_DROP_MALFORMED;

	frame->key = pilot_index_find(socket->id, le32_to_cpu(header->index));
	if (!frame->key)
		return PILOT_A_SOCKET_STATS_DROP_NO_INDEX;
	frame->peer = frame->key->peer;
	frame->dev = frame->peer->dev;
	frame->counter = le64_to_cpu(header->counter);
	frame->len = skb->len - sizeof(struct udphdr) - PILOT_FRAME_OVERHEAD;
	frame->ds = ip_hdr(skb)->version == 4 ? ip_hdr(skb)->tos :
						ipv6_get_dsfield(ipv6_hdr(skb));
	pilot_path_from_skb(&frame->path, skb);
	return 0;
}

static void rx_data(struct pilot_socket *socket, struct sk_buff *skb)
{
	struct rx_frame frame;
	unsigned int drop;

	pilot_counters_inc(&socket->stats, PILOT_A_SOCKET_STATS_RX_DATA);
	drop = rx_parse(socket, skb, &frame);
	if (unlikely(drop)) {
		pilot_counters_inc(&socket->stats, drop);
		kfree_skb(skb);
		return;
	}
	drop = rx_precheck(&frame);
	if (unlikely(drop)) {
		rx_drop(&frame, skb, drop);
		return;
	}
	rx_open(&frame, skb);
}

/* Return: whether the helper consumes frames of this type. */
static bool rx_is_for_helper(u8 type)
{
	return type <= PILOT_FRAME_STUN_LAST || type == PILOT_FRAME_DHT ||
	       (type >= PILOT_FRAME_INITIATION &&
		type <= PILOT_FRAME_COOKIE) ||
	       type == PILOT_FRAME_CONTROL;
}

/**
 * pilot_receive - the encap_rcv of a pilot socket
 * @sk: the socket
 * @skb: a datagram, data at the UDP header
 *
 * Nothing that comes in is ever answered from here, and what is dropped is
 * dropped silently: a stranger learns nothing.
 *
 * Context: softirq, RCU read section.
 * Return: 0 when consumed, 1 when it is for the helper.
 */
int pilot_receive(struct sock *sk, struct sk_buff *skb)
{
	struct pilot_socket *socket = pilot_socket_from_sk(sk);
	unsigned int drop;
	u8 type;

	/* Closing: the socket's queue is as good a place to end as any. */
	if (unlikely(!socket))
		return 1;
	if (skb->len <= sizeof(struct udphdr) ||
	    !pskb_may_pull(skb, sizeof(struct udphdr) + 1)) {
		drop = PILOT_A_SOCKET_STATS_DROP_MALFORMED;
		goto drop;
	}
	type = skb->data[sizeof(struct udphdr)];
	if (likely(type == PILOT_FRAME_DATA)) {
		rx_data(socket, skb);
		return 0;
	}
	drop = PILOT_A_SOCKET_STATS_DROP_TYPE;
	if (!rx_is_for_helper(type))
		goto drop;
	drop = PILOT_A_SOCKET_STATS_DROP_LIMIT;
	if (!pilot_prefix_limit_allow(socket->limit, skb,
				      type == PILOT_FRAME_INITIATION))
		goto drop;
	pilot_counters_inc(&socket->stats, PILOT_A_SOCKET_STATS_RX_HELPER);
	return 1;
drop:
	pilot_counters_inc(&socket->stats, drop);
	kfree_skb(skb);
	return 0;
}

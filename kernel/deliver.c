// SPDX-License-Identifier: GPL-2.0

#include "deliver.h"

#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip6_checksum.h>

#include "alive.h"
#include "compat.h"
#include "dev.h"
#include "frame.h"
#include "short.h"
#include "wire.h"

/**
 * pilot_deliver_drop - drop what came from the peer
 * @dev: the device
 * @peer: the peer, which has proven to be the sender
 * @skb: consumed; may be NULL
 * @reason: counter of the reason
 * @n: how many packets that is
 */
void pilot_deliver_drop(struct pilot_dev *dev, struct pilot_peer *peer,
			struct sk_buff *skb, unsigned int reason,
			unsigned int n)
{
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_RX_DROPS, n);
	pilot_counters_add(&dev->stats, reason, n);
	kfree_skb(skb);
}

/* Put the IPv6 header back that a short header stands for. */
static unsigned int deliver_expand(struct pilot_dev *dev,
				   struct pilot_peer *peer,
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
	if (pilot_short_expand(ip6, &header, payload, &peer->in6, &dev->in6))
		return 0;
	return PILOT_A_DEV_STATS_RX_DROP_INNER;
}

/* A whole IPv6 packet: the peer speaks for its own address, and to ours. */
static unsigned int deliver_check_full(struct pilot_dev *dev,
				       struct pilot_peer *peer,
				       struct sk_buff *skb)
{
	const struct ipv6hdr *ip6;

	/* Of a run only as much is linear as headers were thought to have. */
	if (!pskb_may_pull(skb, sizeof(*ip6)))
		return PILOT_A_DEV_STATS_RX_DROP_INNER;
	ip6 = (const void *)skb->data;
	if (ntohs(ip6->payload_len) != skb->len - sizeof(*ip6))
		return PILOT_A_DEV_STATS_RX_DROP_INNER;
	if (!ipv6_addr_equal(&ip6->saddr, &peer->in6) ||
	    !ipv6_addr_equal(&ip6->daddr, &dev->in6))
		return PILOT_A_DEV_STATS_RX_DROP_ADDRESS;
	return 0;
}

/* Nothing of the outer datagram's handling may leak into the inner packet. */
static void deliver_reset(struct sk_buff *skb, struct net_device *netdev,
			  unsigned int n)
{
	skb_scrub_packet(skb, true);
	memset(&skb->headers, 0, sizeof(skb->headers));
	if (n == 1)
		skb_gso_reset(skb);
	skb_clear_hash(skb);
	skb->queue_mapping = 0;
	pilot_frame_take_header(skb);
	skb->peeked = 0;
	skb_reset_redirect(skb);
	skb->dev = netdev;
	skb->protocol = htons(ETH_P_IPV6);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(struct ipv6hdr));
	skb->mac_len = 0;
}

/* A large packet is one that TSO might have sent: see __tcp_v6_send_check(). */
static void deliver_checksum_large(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);

	tcp_hdr(skb)->check = ~csum_ipv6_magic(&ip6->saddr, &ip6->daddr,
					       skb->len - sizeof(*ip6),
					       IPPROTO_TCP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/*
 * An authentic packet was whole when its sender's stack sent it, so the
 * checksum need not be looked at; one left partial is finished only where it
 * goes on to a real link.
 */
static unsigned int deliver_checksum(struct sk_buff *skb, u8 flags)
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

static void deliver_note(struct pilot_dev *dev, struct pilot_peer *peer,
			 unsigned int len, unsigned int n)
{
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_RX_PACKETS, n);
	pilot_counters_add(&peer->stats, PILOT_A_PEER_STATS_RX_BYTES, len);
	pilot_counters_add(&dev->stats, PILOT_COUNT_RX_PACKETS, n);
	pilot_counters_add(&dev->stats, PILOT_COUNT_RX_BYTES, len);
	if (n > 1)
		pilot_counters_add(&dev->stats, PILOT_A_DEV_STATS_RX_MERGED, n);
	if (unlikely(!READ_ONCE(peer->last_data)))
		pilot_alive_wake(peer);
	pilot_peer_note(&peer->last_data, pilot_now());
}

/* Bytes of the packets that a large one stands for. */
static unsigned int deliver_len(const struct sk_buff *skb, unsigned int n)
{
	return skb->len + (n - 1) * (sizeof(struct ipv6hdr) + tcp_hdrlen(skb));
}

/* Make it what the stack takes. Return: false when it was dropped instead. */
static bool deliver_prepare(struct pilot_dev *dev, struct pilot_peer *peer,
			    struct sk_buff *skb, u8 ds, unsigned int n)
{
	unsigned int drop, len;
	u8 flags = 0;

	switch (skb->data[0] >> 4) {
	case 0:
		drop = deliver_expand(dev, peer, skb, &flags);
		break;
	case 6:
		drop = deliver_check_full(dev, peer, skb);
		break;
	default:
		drop = PILOT_A_DEV_STATS_RX_DROP_INNER;
	}
	if (unlikely(drop))
		goto drop;

	deliver_reset(skb, dev->netdev, n);
	if (n > 1)
		deliver_checksum_large(skb);
	else
		drop = deliver_checksum(skb, flags);
	if (unlikely(drop))
		goto drop;
	/* RFC 6040 section 4.2: CE outside what cannot carry it. */
	if (INET_ECN_decapsulate(skb, ds,
				 ipv6_get_dsfield(ipv6_hdr(skb))) > 1) {
		drop = PILOT_A_DEV_STATS_RX_DROP_ECN;
		goto drop;
	}
	len = n > 1 ? deliver_len(skb, n) : skb->len;
	if (!pilot_peer_rx_allowed(peer, n, len)) {
		drop = PILOT_A_DEV_STATS_RX_DROP_LIMIT;
		goto drop;
	}
	deliver_note(dev, peer, len, n);
	return true;
drop:
	pilot_deliver_drop(dev, peer, skb, drop, n);
	return false;
}

/**
 * pilot_deliver - hand a peer's packet to the stack, as one of many
 * @dev: the device
 * @peer: who has sent it
 * @skb: authentic plaintext in memory that is ours alone, data at its begin, a
 *	short header linear, headroom for an IPv6 header; consumed
 * @ds: DSCP and ECN of the outer datagram
 * @n: how many records it is made of; for more than one its headers are linear
 *	and its GSO fields set
 *
 * Context: softirq, RCU read section.
 */
void pilot_deliver(struct pilot_dev *dev, struct pilot_peer *peer,
		   struct sk_buff *skb, u8 ds, unsigned int n)
{
	if (likely(deliver_prepare(dev, peer, skb, ds, n)))
		pilot_cells_queue(&dev->cells, skb);
}

/* Is it a piece of a stream that more may follow: can GRO gain anything? */
static bool deliver_may_merge(const struct sk_buff *skb)
{
	const __be32 ends = TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST |
			    TCP_FLAG_PSH | TCP_FLAG_URG;
	unsigned int head = sizeof(struct ipv6hdr);
	const struct tcphdr *tcp = tcp_hdr(skb);

	return ipv6_hdr(skb)->nexthdr == IPPROTO_TCP &&
	       skb_headlen(skb) >= head + sizeof(*tcp) &&
	       !(tcp_flag_word(tcp) & ends) && skb->len > head + tcp_hdrlen(skb);
}

/**
 * pilot_deliver_alone - hand a peer's packet to the stack that came alone
 * @dev: the device
 * @peer: who has sent it
 * @skb: as for pilot_deliver()
 * @ds: DSCP and ECN of the outer datagram
 *
 * The stack may answer from here.
 *
 * Context: softirq, RCU read section, no memory of the CPU's in use.
 */
void pilot_deliver_alone(struct pilot_dev *dev, struct pilot_peer *peer,
			 struct sk_buff *skb, u8 ds)
{
	if (unlikely(!deliver_prepare(dev, peer, skb, ds, 1)))
		return;
	if (deliver_may_merge(skb))
		pilot_cells_queue(&dev->cells, skb);
	else
		pilot_cells_receive(&dev->cells, skb);
}

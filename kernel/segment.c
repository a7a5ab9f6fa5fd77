// SPDX-License-Identifier: GPL-2.0

#include "segment.h"

#include <linux/udp.h>
#include <net/ip6_checksum.h>

#include "carrier.h"
#include "frame.h"

/* What can be cut here; anything else is left to the core. */
#define GSO_KNOWN	(SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN | SKB_GSO_UDP_L4)

static unsigned int segment_transport_len(struct sk_buff *skb, u8 nexthdr)
{
	unsigned int offset = sizeof(struct ipv6hdr);

	if (nexthdr == IPPROTO_UDP)
		return pskb_may_pull(skb, offset + sizeof(struct udphdr)) ?
			       sizeof(struct udphdr) : 0;
	if (!pskb_may_pull(skb, offset + sizeof(struct tcphdr)) ||
	    !pskb_may_pull(skb, offset + tcp_hdrlen(skb)))
		return 0;
	return tcp_hdrlen(skb) >= sizeof(struct tcphdr) ? tcp_hdrlen(skb) : 0;
}

static __sum16 segment_check(const struct pilot_segment *segment,
			     unsigned int payload)
{
	unsigned int len = segment->hlen - sizeof(struct pilot_short_header) +
			   payload;

	return ~csum_fold(csum_add(segment->pseudo,
				   (__force __wsum)htonl(len)));
}

/**
 * pilot_segment_start - begin to cut a large packet
 * @segment: filled in
 * @skb: inner IPv6 GSO packet, data at the IPv6 header
 *
 * Context: BH disabled.
 * Return: false when the packet is none that can be cut here: headers between
 * IPv6 and TCP or UDP, geometry that nobody vouches for, a finished checksum.
 */
bool pilot_segment_start(struct pilot_segment *segment, struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);
	bool tcp = shinfo->gso_type & SKB_GSO_TCPV6;
	u8 nexthdr = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	unsigned int hlen;

	if (shinfo->gso_type & ~GSO_KNOWN || ip6->nexthdr != nexthdr ||
	    skb->ip_summed != CHECKSUM_PARTIAL || skb_has_frag_list(skb) ||
	    skb_checksum_start_offset(skb) != sizeof(*ip6) ||
	    skb_transport_offset(skb) != sizeof(*ip6))
		return false;
	hlen = segment_transport_len(skb, nexthdr);
	if (!hlen || skb->len <= sizeof(*ip6) + hlen || !shinfo->gso_size)
		return false;

	/* The head may be another one now. */
	shinfo = skb_shinfo(skb);
	ip6 = ipv6_hdr(skb);
	segment->skb = skb;
	segment->offset = sizeof(*ip6) + hlen;
	segment->left = skb->len - segment->offset;
	segment->mss = shinfo->gso_size;
	segment->hlen = sizeof(struct pilot_short_header) + hlen;
	segment->tcp = tcp;
	segment->seq = tcp ? ntohl(tcp_hdr(skb)->seq) : 0;
	segment->pseudo = ~csum_unfold(csum_ipv6_magic(&ip6->saddr, &ip6->daddr,
						       0, nexthdr, 0));
	segment->check = segment_check(segment, segment->mss);
	pilot_short_build((void *)segment->header, ip6, PILOT_SHORT_F_PARTIAL);
	memcpy(segment->header + sizeof(struct pilot_short_header),
	       skb_transport_header(skb), hlen);
	return true;
}

static void segment_write_headers(struct pilot_segment *segment, u8 *to,
				  unsigned int payload)
{
	void *transport = to + sizeof(struct pilot_short_header);
	__sum16 check = likely(payload == segment->mss) ?
				segment->check :
				segment_check(segment, payload);
	struct tcphdr *tcp = transport;
	struct udphdr *udp = transport;

	memcpy(to, segment->header, segment->hlen);
	if (!segment->tcp) {
		udp->len = htons(sizeof(*udp) + payload);
		udp->check = check;
		return;
	}
	tcp->seq = htonl(segment->seq);
	tcp->check = check;
	segment->seq += payload;
	if (payload < segment->left) {
		tcp->fin = 0;
		tcp->psh = 0;
	}
	/* Congestion window reduced: said once, by the first (RFC 3168). */
	((struct tcphdr *)(segment->header +
			   sizeof(struct pilot_short_header)))->cwr = 0;
}

/**
 * pilot_segment_next - records for as much of the packet as one skb can hold
 * @segment: what is left of the packet
 * @path: where it goes, or NULL when that is not known
 * @index: receiver index for the frame headers
 * @record: PILOT_BATCH_MAX records, filled in
 * @n: set to how many there are
 *
 * With the limits on size and segments that the device sets, one call takes a
 * whole packet, unless memory is so short that pages come one by one. Where not
 * even one of them takes a record, each has an skb of its own.
 *
 * Context: BH disabled.
 * Return: outer skb of unsealed, unnumbered frames, all of one size but the
 * last; NULL when there is no memory.
 */
struct sk_buff *pilot_segment_next(struct pilot_segment *segment,
				   const struct pilot_path *path, u32 index,
				   struct pilot_record *record,
				   unsigned int *n)
{
	unsigned int front = path ? pilot_carrier_len(path->kind) : 0;
	unsigned int size = front + PILOT_FRAME_OVERHEAD + segment->hlen +
			    segment->mss;
	unsigned int max = min_t(unsigned int, PILOT_FRAME_PAYLOAD_MAX / size,
				 PILOT_BATCH_MAX);
	struct sk_buff *skb = pilot_frame_alloc(0);
	unsigned int i, payload, text;
	u8 *at;

	if (unlikely(!skb))
		return NULL;
	for (i = 0; i < max && segment->left; i++) {
		payload = min(segment->left, segment->mss);
		text = segment->hlen + payload;
		at = pilot_frame_room(skb, front + PILOT_FRAME_OVERHEAD + text,
				      !i);
		if (unlikely(!at))
			break;
		if (unlikely(front))
			pilot_carrier_write(at, path,
					    PILOT_FRAME_OVERHEAD + text);
		at += front;
		pilot_frame_begin(at, index);
		at += sizeof(struct pilot_data_header);
		segment_write_headers(segment, at, payload);
		if (unlikely(skb_copy_bits(segment->skb, segment->offset,
					   at + segment->hlen, payload)))
			goto drop;
		record[i] = (struct pilot_record){ .src = at, .dst = at,
						   .len = text };
		segment->offset += payload;
		segment->left -= payload;
	}
	if (unlikely(!i))
		goto drop;
	if (i > 1)
		pilot_frame_set_gso(skb, size, i);
	*n = i;
	return skb;
drop:
	kfree_skb(skb);
	return NULL;
}

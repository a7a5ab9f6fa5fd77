// SPDX-License-Identifier: GPL-2.0

#include "segment.h"

#include <linux/ip.h>
#include <linux/percpu.h>
#include <linux/udp.h>
#include <net/ip6_checksum.h>
#include <net/sock.h>

#include "frame.h"

/* UDP payload that both families can carry in one GSO skb. */
#define PAYLOAD_MAX	(U16_MAX - sizeof(struct iphdr) - sizeof(struct udphdr))
/* What can be cut here; anything else is left to the core. */
#define GSO_KNOWN	(SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN | SKB_GSO_UDP_L4)

/* Memory that records are written to; BH disabled. */
static struct page_frag __percpu *segment_room;

int pilot_segment_module_init(void)
{
	segment_room = alloc_percpu(struct page_frag);
	return segment_room ? 0 : -ENOMEM;
}

void pilot_segment_module_exit(void)
{
	struct page_frag *room;
	int cpu;

	for_each_possible_cpu(cpu) {
		room = per_cpu_ptr(segment_room, cpu);
		if (room->page)
			put_page(room->page);
	}
	free_percpu(segment_room);
}

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

/*
 * Room for one record at the end of @skb, linear in memory, or NULL. It comes
 * from pages that are the module's own, so that sealing in place writes over
 * nobody's data.
 */
static u8 *segment_room_get(struct sk_buff *skb, unsigned int len, bool first)
{
	struct page_frag *room = this_cpu_ptr(segment_room);
	unsigned int frags = skb_shinfo(skb)->nr_frags;
	u8 *at;

	if (first && room->page)
		room->offset = min(ALIGN(room->offset, SMP_CACHE_BYTES),
				   room->size);
	if (!skb_page_frag_refill(len, room, GFP_ATOMIC) ||
	    room->size - room->offset < len)
		return NULL;
	if (skb_can_coalesce(skb, frags, room->page, room->offset)) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[frags - 1], len);
	} else {
		if (frags == MAX_SKB_FRAGS)
			return NULL;
		get_page(room->page);
		skb_fill_page_desc(skb, frags, room->page, room->offset, len);
	}
	at = page_address(room->page) + room->offset;
	room->offset += len;
	skb->len += len;
	skb->data_len += len;
	skb->truesize += len;
	return at;
}

static void segment_set_gso(struct sk_buff *skb, unsigned int size,
			    unsigned int n)
{
	skb_shinfo(skb)->gso_size = size;
	skb_shinfo(skb)->gso_segs = n;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	/* UDP GSO needs the checksum of the UDP header that comes in front. */
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) - sizeof(struct udphdr);
	skb->csum_offset = offsetof(struct udphdr, check);
}

/**
 * pilot_segment_next - records for as much of the packet as one skb can hold
 * @segment: what is left of the packet
 * @index: receiver index for the frame headers
 * @record: PILOT_BATCH_MAX records, filled in
 * @n: set to how many there are
 *
 * With the limits on size and segments that the device sets, one call takes a
 * whole packet, unless memory is so short that pages come one by one.
 *
 * Context: BH disabled.
 * Return: outer skb of unsealed, unnumbered frames, all of one size but the
 * last; NULL when there is no memory.
 */
struct sk_buff *pilot_segment_next(struct pilot_segment *segment, u32 index,
				   struct pilot_record *record,
				   unsigned int *n)
{
	unsigned int size = PILOT_FRAME_OVERHEAD + segment->hlen + segment->mss;
	unsigned int max = min_t(unsigned int, PAYLOAD_MAX / size,
				 PILOT_BATCH_MAX);
	struct sk_buff *skb = pilot_frame_alloc(0);
	unsigned int i, payload, text;
	u8 *at;

	if (unlikely(!skb))
		return NULL;
	for (i = 0; i < max && segment->left; i++) {
		payload = min(segment->left, segment->mss);
		text = segment->hlen + payload;
		at = segment_room_get(skb, PILOT_FRAME_OVERHEAD + text, !i);
		if (unlikely(!at))
			break;
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
		segment_set_gso(skb, size, i);
	*n = i;
	return skb;
drop:
	kfree_skb(skb);
	return NULL;
}

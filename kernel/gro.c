// SPDX-License-Identifier: GPL-2.0

#include "gro.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/gro.h>
#include <net/inet_ecn.h>

#include "aead.h"
#include "compat.h"
#include "wire.h"

/* Most bytes of an skb that all the stack is used to. */
#define LEN_MAX		U16_MAX

static u8 gro_ds(const struct iphdr *ip)
{
	return ip->version == 4 ? ip->tos :
				  ipv6_get_dsfield((const void *)ip);
}

/*
 * The frame header of @skb, whose headers are made linear, when it is a data
 * frame that may be merged with others.
 */
static const struct pilot_data_header *gro_header(struct sk_buff *skb)
{
	unsigned int offset = skb_gro_offset(skb);
	const struct pilot_data_header *header;

	if (skb_is_gso(skb) || skb_has_frag_list(skb) ||
	    skb_gro_len(skb) < PILOT_FRAME_OVERHEAD ||
	    !pskb_may_pull(skb, offset + sizeof(*header)))
		return NULL;
	header = (const void *)(skb->data + offset);
	return header->type == PILOT_FRAME_DATA ? header : NULL;
}

/* Append @skb, from its frame header on, to the held @p. */
static void gro_append(struct sk_buff *p, struct sk_buff *skb)
{
	skb_pull(skb, skb_gro_offset(skb));
	if (NAPI_GRO_CB(p)->last == p)
		skb_shinfo(p)->frag_list = skb;
	else
		NAPI_GRO_CB(p)->last->next = skb;
	NAPI_GRO_CB(p)->last = skb;
	NAPI_GRO_CB(p)->count++;
	/*
	 * Over a link to another namespace both are still charged to their
	 * sender, which is the same one: @p gives back what both took.
	 */
	skb->destructor = NULL;
	skb->sk = NULL;
	p->len += skb->len;
	p->data_len += skb->len;
	p->truesize += skb->truesize;
	NAPI_GRO_CB(skb)->same_flow = 1;
}

static bool gro_same_key(const struct sk_buff *p, unsigned int offset,
			 const struct pilot_data_header *header)
{
	return !memcmp(p->data + offset, header,
		       offsetof(struct pilot_data_header, counter));
}

/**
 * pilot_gro_receive - the gro_receive of a pilot socket
 * @sk: the socket
 * @head: what is held of the same hash
 * @skb: a datagram, its UDP header pulled
 *
 * Datagrams with frames under one key are chained while they are of one
 * length; a shorter one is the last. What arrives chained is opened as one
 * batch. A stranger who forges the addresses can end a batch early, and no
 * more: each record is authenticated by itself.
 *
 * Context: NAPI.
 * Return: the held skb that is complete, or NULL.
 */
struct sk_buff *pilot_gro_receive(struct sock *sk, struct list_head *head,
				  struct sk_buff *skb)
{
	unsigned int offset = skb_gro_offset(skb), len;
	const struct pilot_data_header *header;
	struct sk_buff *p;
	u8 ds;

	header = gro_header(skb);
	if (!header)
		NAPI_GRO_CB(skb)->flush = 1;
	len = skb_gro_len(skb);
	ds = gro_ds((void *)skb_network_header(skb));
	list_for_each_entry(p, head, list) {
		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		/* What cannot be held must not overtake what is. */
		if (NAPI_GRO_CB(skb)->flush)
			return p;
		if (!gro_same_key(p, offset, header)) {
			NAPI_GRO_CB(p)->same_flow = 0;
			continue;
		}
		/* The core notes the length of the first; only the last differs. */
		if (len > skb_shinfo(p)->gso_size || p->len + len > LEN_MAX ||
		    gro_ds((void *)skb_network_header(p)) != ds ||
		    p->sk != skb->sk || p->destructor != skb->destructor ||
		    NAPI_GRO_CB(p)->count >= PILOT_BATCH_MAX)
			return p;
		gro_append(p, skb);
		return len < skb_shinfo(p)->gso_size ||
		       NAPI_GRO_CB(p)->count == PILOT_BATCH_MAX ? p : NULL;
	}
	return NULL;
}

/**
 * pilot_gro_complete - the gro_complete of a pilot socket
 * @sk: the socket
 * @skb: chained datagrams
 * @nhoff: where the first frame header is
 *
 * The batch is marked as what it is, a UDP GSO packet, so that whoever has to
 * take it apart does so rightly; and as a tunnel's, without which the core
 * would take it apart before the socket sees it.
 *
 * Context: NAPI.
 * Return: 0.
 */
int pilot_gro_complete(struct sock *sk, struct sk_buff *skb, int nhoff)
{
	skb_shinfo(skb)->gso_segs = NAPI_GRO_CB(skb)->count;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4 | SKB_GSO_UDP_TUNNEL_CSUM;
	skb->csum_start = skb_headroom(skb) + nhoff - sizeof(struct udphdr);
	skb->csum_offset = offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->encapsulation = 0;
	return 0;
}

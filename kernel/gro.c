// SPDX-License-Identifier: GPL-2.0

#include "gro.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/gro.h>
#include <net/inet_ecn.h>

#include "aead.h"
#include "carrier.h"
#include "compat.h"

/* Most bytes of an skb that all the stack is used to. */
#define LEN_MAX		U16_MAX
#define FRAME_HEADER	sizeof(struct pilot_data_header)

static u8 gro_ds(const struct iphdr *ip)
{
	return ip->version == 4 ? ip->tos :
				  ipv6_get_dsfield((const void *)ip);
}

/*
 * The payload of @skb, linear as far as a data frame's header goes, when it is
 * one that may be merged with others. @front: length of its carrier.
 */
static const u8 *gro_payload(struct sk_buff *skb, unsigned int *front)
{
	unsigned int offset = skb_gro_offset(skb);
	const u8 *payload;

	/* No byte more is pulled than is needed: it would be moved there. */
	if (skb_is_gso(skb) || skb_has_frag_list(skb) ||
	    skb_gro_len(skb) < PILOT_FRAME_OVERHEAD ||
	    !pskb_may_pull(skb, offset + FRAME_HEADER))
		return NULL;
	*front = pilot_carrier_len(pilot_carrier_kind(skb->data[offset]));
	if (unlikely(*front) &&
	    !pskb_may_pull(skb, offset + *front + FRAME_HEADER))
		return NULL;
	payload = skb->data + offset;
	return payload[*front] == PILOT_FRAME_DATA ? payload : NULL;
}

/* Append @skb, from its frame or carrier on, to the held @p. */
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

/* The same carrier, but for the length in a channel's, and the same key. */
static bool gro_same_key(const struct sk_buff *p, unsigned int offset,
			 const u8 *payload, unsigned int front)
{
	const u8 *held = p->data + offset;

	if (unlikely(front) &&
	    memcmp(held, payload, front == sizeof(struct pilot_relay_header) ?
		   front : offsetof(struct pilot_channel_header, len)))
		return false;
	return !memcmp(held + front, payload + front,
		       offsetof(struct pilot_data_header, counter));
}

/**
 * pilot_gro_receive - the gro_receive of a pilot socket
 * @sk: the socket
 * @head: what is held of the same hash
 * @skb: a datagram, its UDP header pulled
 *
 * Datagrams with frames under one key, and with one carrier if they have any,
 * are chained while they are of one length; a shorter one is the last. What
 * arrives chained is opened, or forwarded, as one batch. A stranger who forges
 * the addresses can end a batch early, and no more: each record is
 * authenticated by itself.
 *
 * Context: NAPI.
 * Return: the held skb that is complete, or NULL.
 */
struct sk_buff *pilot_gro_receive(struct sock *sk, struct list_head *head,
				  struct sk_buff *skb)
{
	unsigned int offset = skb_gro_offset(skb), front, len;
	const u8 *payload;
	struct sk_buff *p;
	u8 ds;

	payload = gro_payload(skb, &front);
	if (!payload)
		NAPI_GRO_CB(skb)->flush = 1;
	len = skb_gro_len(skb);
	ds = gro_ds((void *)skb_network_header(skb));
	list_for_each_entry(p, head, list) {
		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		/* What cannot be held must not overtake what is. */
		if (NAPI_GRO_CB(skb)->flush)
			return p;
		if (!gro_same_key(p, offset, payload, front)) {
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
 * @nhoff: where the first payload is
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

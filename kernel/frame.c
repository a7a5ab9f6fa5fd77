// SPDX-License-Identifier: GPL-2.0

#include "frame.h"

#include <linux/percpu.h>
#include <net/sock.h>

#include "room.h"

/* Memory that datagrams are written to; BH disabled. */
static struct pilot_room __percpu *frame_room;

int pilot_frame_module_init(void)
{
	frame_room = alloc_percpu(struct pilot_room);
	return frame_room ? 0 : -ENOMEM;
}

void pilot_frame_module_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		pilot_room_free(per_cpu_ptr(frame_room, cpu));
	free_percpu(frame_room);
}

/**
 * pilot_frame_alloc - an outer skb without content
 * @len: room for linear data
 *
 * Context: any.
 * Return: the skb with all headers reset and data at its end, or NULL.
 */
struct sk_buff *pilot_frame_alloc(unsigned int len)
{
	struct sk_buff *skb = alloc_skb(PILOT_FRAME_HEADROOM + len, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb_reserve(skb, PILOT_FRAME_HEADROOM);
	skb->ignore_df = 1;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	skb_reset_inner_headers(skb);
	return skb;
}

/* Where no page takes it, a first datagram has a place in the skb's head. */
static u8 *frame_room_linear(struct sk_buff *skb, unsigned int len)
{
	return pskb_expand_head(skb, 0, len, GFP_ATOMIC) ? NULL :
							   skb_put(skb, len);
}

/**
 * pilot_frame_room - room for one datagram at the end of an outer skb
 * @skb: from pilot_frame_alloc(), without linear data
 * @len: how much
 * @first: nothing is in it yet
 *
 * Context: BH disabled.
 * Return: the memory, linear, or NULL when there is none or the skb can hold
 * no more pieces.
 */
u8 *pilot_frame_room(struct sk_buff *skb, unsigned int len, bool first)
{
	unsigned int frags = skb_shinfo(skb)->nr_frags;
	struct page_frag *room;
	u8 *at;

	room = pilot_room_get(this_cpu_ptr(frame_room), len, first);
	if (unlikely(!room))
		return first ? frame_room_linear(skb, len) : NULL;
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

/**
 * pilot_frame_set_gso - let an outer skb stand for several datagrams
 * @skb: the skb, data at the first of them
 * @size: length of each but the last
 * @n: how many, at least 2
 */
void pilot_frame_set_gso(struct sk_buff *skb, unsigned int size,
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

/* Does @skb's destructor charge its bytes to the sender's sk_wmem_alloc? */
static bool frame_charges_sender(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	if (!sk || !skb->destructor)
		return false;
	if (skb->destructor == sock_wfree)
		return true;
	/* tcp_wfree() is not to be had, so by exclusion. */
	return sk_fullsock(sk) && sk->sk_protocol == IPPROTO_TCP &&
	       skb->destructor != sock_edemux && skb->destructor != sock_efree;
}

/**
 * pilot_frame_take_owner - move the sender's accounting to an outer skb
 * @to: outer skb without an owner
 * @from: inner skb that it was made of
 *
 * TCP small queues and socket buffers would otherwise see the bytes gone
 * before the link has them, and latency would grow without bound.
 */
void pilot_frame_take_owner(struct sk_buff *to, struct sk_buff *from)
{
	int delta = to->truesize - from->truesize;
	struct sock *sk = from->sk;

	if (!frame_charges_sender(from))
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

/* Nothing of an inner packet's handling may leak into the outer one's. */
void pilot_frame_reset(struct sk_buff *skb)
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
	pilot_frame_take_header(skb);
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

// SPDX-License-Identifier: GPL-2.0

#include "frame.h"

#include <net/sock.h>

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

// SPDX-License-Identifier: GPL-2.0

#include "recv.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/sock.h>

#include "compat.h"
#include "dev.h"
#include "open.h"
#include "wire.h"

#define FRAME_HEADER	sizeof(struct pilot_data_header)

/* Find what a frame of @len bytes belongs to. Return: 0 or a counter. */
static unsigned int rx_parse(struct pilot_socket *socket,
			     const struct pilot_data_header *header,
			     unsigned int len, struct pilot_source *source)
{
	if (!header || len < PILOT_FRAME_OVERHEAD ||
	    *(__le32 *)header != cpu_to_le32(PILOT_FRAME_DATA))
		return PILOT_A_SOCKET_STATS_DROP_MALFORMED;
	/* All of a batch is under one key, as a rule. */
	if (source->key && source->index == header->index)
		return 0;
	source->index = header->index;
	source->key = pilot_index_find(socket->id, le32_to_cpu(header->index));
	if (!source->key)
		return PILOT_A_SOCKET_STATS_DROP_NO_INDEX;
	source->peer = source->key->peer;
	source->dev = source->peer->dev;
	return 0;
}

/*
 * May a frame join the batch? It is flushed first when it is full or under
 * another key. False: the frame was counted as dropped.
 */
static bool rx_admit(struct pilot_socket *socket, struct pilot_source *source,
		     struct pilot_inbound *batch,
		     const struct pilot_data_header *header, unsigned int len)
{
	struct pilot_source before = *source;
	unsigned int drop;

	pilot_counters_inc(&socket->stats, PILOT_A_SOCKET_STATS_RX_DATA);
	drop = rx_parse(socket, header, len, source);
	if (unlikely(drop || source->key != before.key ||
		     batch->n == PILOT_BATCH_MAX))
		pilot_inbound_flush(batch, &before);
	if (likely(!drop))
		return true;
	pilot_counters_inc(&socket->stats, drop);
	source->key = NULL;
	return false;
}

static void rx_add(struct pilot_inbound *batch, struct sk_buff *skb,
		   const struct pilot_data_header *header, const u8 *text,
		   unsigned int len)
{
	unsigned int n = batch->n++;

	batch->skb[n] = skb;
	batch->counter[n] = le64_to_cpu(header->counter);
	batch->record[n] = (struct pilot_record){
		.src = text,
		.len = len - PILOT_FRAME_OVERHEAD,
		.counter = batch->counter[n],
	};
}

/* A datagram of a chain, data at the frame. Consumes it. */
static void rx_link(struct pilot_socket *socket, struct pilot_source *source,
		    struct pilot_inbound *batch, struct sk_buff *skb)
{
	const struct pilot_data_header *header = NULL;

	if (likely(pskb_may_pull(skb, FRAME_HEADER)))
		header = (const void *)skb->data;
	if (unlikely(!rx_admit(socket, source, batch, header, skb->len))) {
		kfree_skb(skb);
		return;
	}
	rx_add(batch, skb, header, NULL, skb->len);
	__skb_pull(skb, FRAME_HEADER);
}

/* Datagrams that our GRO has chained: each is an skb of its own again. */
static void rx_chained(struct pilot_socket *socket,
		       struct pilot_source *source,
		       struct pilot_inbound *batch, struct sk_buff *skb)
{
	struct sk_buff *list = skb_shinfo(skb)->frag_list, *next;

	skb_shinfo(skb)->frag_list = NULL;
	for (next = list; next; next = next->next) {
		skb->len -= next->len;
		skb->data_len -= next->len;
		skb->truesize -= next->truesize;
	}
	__skb_pull(skb, sizeof(struct udphdr));
	rx_link(socket, source, batch, skb);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		rx_link(socket, source, batch, skb);
	}
}

/* The part of a packet that is one datagram, @len bytes at @offset. */
static void rx_slice(struct pilot_socket *socket, struct pilot_source *source,
		     struct pilot_inbound *batch, const struct sk_buff *skb,
		     unsigned int offset, unsigned int len)
{
	struct pilot_data_header buffer, *header = NULL;
	u8 *text;

	if (likely(len >= FRAME_HEADER))
		header = skb_header_pointer(skb, offset, sizeof(buffer),
					    &buffer);
	if (unlikely(!rx_admit(socket, source, batch, header, len)))
		return;
	offset += FRAME_HEADER;
	text = pilot_inbound_text(batch, len - FRAME_HEADER);
	if (unlikely(!text ||
		     skb_copy_bits(skb, offset, text, len - FRAME_HEADER))) {
		pilot_counters_inc(&socket->stats,
				   PILOT_A_SOCKET_STATS_DROP_MALFORMED);
		return;
	}
	rx_add(batch, NULL, header, text, len);
}

/* A packet in one piece that stands for many datagrams. Consumes it. */
static void rx_whole(struct pilot_socket *socket, struct pilot_source *source,
		     struct pilot_inbound *batch, struct sk_buff *skb)
{
	unsigned int offset, size = skb_shinfo(skb)->gso_size;

	for (offset = sizeof(struct udphdr); offset < skb->len; offset += size)
		rx_slice(socket, source, batch, skb, offset,
			 min(skb->len - offset, size));
	consume_skb(skb);
}

static void rx_source_init(struct pilot_source *source,
			   const struct sk_buff *skb)
{
	source->ds = ip_hdr(skb)->version == 4 ?
			     ip_hdr(skb)->tos :
			     ipv6_get_dsfield(ipv6_hdr(skb));
	pilot_path_from_skb(&source->path, skb);
}

/* Many datagrams in one skb; data at the UDP header. Consumes it. */
static void rx_gso(struct pilot_socket *socket, struct sk_buff *skb)
{
	struct pilot_inbound *batch = pilot_inbound_get();
	struct pilot_source source = {};

	rx_source_init(&source, skb);
	/* What a packet socket looks at as well must stay as it is. */
	if (skb_has_frag_list(skb) && !skb_cloned(skb)) {
		pilot_counters_inc(&socket->stats,
				   PILOT_A_SOCKET_STATS_RX_CHAINED);
		rx_chained(socket, &source, batch, skb);
	} else {
		pilot_counters_inc(&socket->stats,
				   PILOT_A_SOCKET_STATS_RX_WHOLE);
		rx_whole(socket, &source, batch, skb);
	}
	pilot_inbound_flush(batch, &source);
}

/* One datagram; data at the UDP header. Consumes it. */
static void rx_data(struct pilot_socket *socket, struct sk_buff *skb)
{
	const struct pilot_data_header *header = NULL;
	struct pilot_source source = { .key = NULL };
	unsigned int drop;

	pilot_counters_inc(&socket->stats, PILOT_A_SOCKET_STATS_RX_DATA);
	if (likely(pskb_may_pull(skb, sizeof(struct udphdr) + FRAME_HEADER)))
		header = (const void *)(skb->data + sizeof(struct udphdr));
	drop = rx_parse(socket, header, skb->len - sizeof(struct udphdr),
			&source);
	if (unlikely(drop)) {
		pilot_counters_inc(&socket->stats, drop);
		kfree_skb(skb);
		return;
	}
	rx_source_init(&source, skb);
	__skb_pull(skb, sizeof(struct udphdr) + FRAME_HEADER);
	pilot_open_single(&source, skb, le64_to_cpu(header->counter));
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
 * Nothing is answered that is not a peer's, and what is dropped is dropped
 * silently: a stranger learns nothing.
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
		if (skb_is_gso(skb))
			rx_gso(socket, skb);
		else
			rx_data(socket, skb);
		return 0;
	}
	/* The helper must never be handed several datagrams as one. */
	drop = PILOT_A_SOCKET_STATS_DROP_MALFORMED;
	if (unlikely(skb_is_gso(skb)))
		goto drop;
	drop = PILOT_A_SOCKET_STATS_DROP_TYPE;
	if (socket->lane || !rx_is_for_helper(type))
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

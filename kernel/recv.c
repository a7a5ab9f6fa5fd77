// SPDX-License-Identifier: GPL-2.0

#include "recv.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/sock.h>

#include "carrier.h"
#include "compat.h"
#include "dev.h"
#include "forward.h"
#include "frame.h"
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
 * May a frame join the batch? It is flushed first when it is full, under
 * another key or another carrier. @header is NULL for what is no frame. False:
 * the frame was counted as dropped.
 */
static bool rx_admit(struct pilot_socket *socket, struct pilot_source *source,
		     struct pilot_inbound *batch,
		     const struct pilot_carrier *carrier,
		     const struct pilot_data_header *header)
{
	unsigned int drop;

	if (unlikely(!header || source->index != header->index ||
		     source->path.id != carrier->id ||
		     batch->n == PILOT_BATCH_MAX))
		pilot_inbound_flush(batch, source);
	source->path.kind = carrier->kind;
	source->path.id = carrier->id;
	drop = rx_parse(socket, header, carrier->frame, source);
	if (unlikely(drop))
		pilot_counters_inc(&socket->stats, drop);
	return !drop;
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

/*
 * The header of the data frame @skip bytes into an skb, behind its carrier, and
 * linear with it; NULL when there is none. What follows the frame is cut off.
 */
static const struct pilot_data_header *
rx_header(struct pilot_carrier *carrier, enum pilot_endpoint_kind kind,
	  struct sk_buff *skb, unsigned int skip)
{
	unsigned int front = skip + pilot_carrier_len(kind);

	*carrier = (struct pilot_carrier){ .kind = kind };
	if (unlikely(!pskb_may_pull(skb, front + FRAME_HEADER) ||
		     !pilot_carrier_parse(carrier, kind, skb->data + skip,
					  skb->len - skip) ||
		     pskb_trim(skb, front + carrier->frame)))
		return NULL;
	return (const void *)(skb->data + front);
}

/* A datagram of a chain, data at its begin. Consumes it. */
static void rx_link(struct pilot_socket *socket, struct pilot_source *source,
		    struct pilot_inbound *batch, enum pilot_endpoint_kind kind,
		    struct sk_buff *skb)
{
	const struct pilot_data_header *header;
	struct pilot_carrier carrier;

	header = rx_header(&carrier, kind, skb, 0);
	if (unlikely(!rx_admit(socket, source, batch, &carrier, header))) {
		kfree_skb(skb);
		return;
	}
	rx_add(batch, skb, header, NULL, carrier.frame);
	__skb_pull(skb, carrier.len + FRAME_HEADER);
}

/* Is it a chain of datagrams, each an skb, that nobody else looks at? */
static bool rx_is_chain(const struct sk_buff *skb)
{
	unsigned int size = skb_shinfo(skb)->gso_size;
	unsigned int head = skb->len - sizeof(struct udphdr);
	const struct sk_buff *next;

	/* What a packet socket looks at as well must stay as it is. */
	if (!skb_has_frag_list(skb) || skb_cloned(skb))
		return false;
	skb_walk_frags(skb, next) {
		if (next->next ? next->len != size : next->len > size)
			return false;
		head -= next->len;
	}
	return head == size;
}

/* Datagrams that our GRO has chained: each is an skb of its own again. */
static void rx_chained(struct pilot_socket *socket,
		       struct pilot_source *source,
		       struct pilot_inbound *batch,
		       enum pilot_endpoint_kind kind, struct sk_buff *skb)
{
	struct sk_buff *list = skb_shinfo(skb)->frag_list, *next;
	unsigned int n = 1;

	skb_shinfo(skb)->frag_list = NULL;
	for (next = list; next; next = next->next, n++) {
		skb->len -= next->len;
		skb->data_len -= next->len;
		skb->truesize -= next->truesize;
	}
	pilot_counters_add(&socket->stats, PILOT_A_SOCKET_STATS_RX_DATA, n);
	__skb_pull(skb, sizeof(struct udphdr));
	rx_link(socket, source, batch, kind, skb);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		rx_link(socket, source, batch, kind, skb);
	}
}

/* The part of a packet that is one datagram, @len bytes at @offset. */
static void rx_slice(struct pilot_socket *socket, struct pilot_source *source,
		     struct pilot_inbound *batch,
		     enum pilot_endpoint_kind kind, const struct sk_buff *skb,
		     unsigned int offset, unsigned int len)
{
	u8 buffer[PILOT_CARRIER_MAX + FRAME_HEADER] __aligned(8);
	unsigned int front = pilot_carrier_len(kind) + FRAME_HEADER;
	const struct pilot_data_header *header = NULL;
	struct pilot_carrier carrier = { .kind = kind };
	const u8 *at = NULL;
	u8 *text;

	if (likely(len >= front))
		at = skb_header_pointer(skb, offset, front, buffer);
	if (likely(at && pilot_carrier_parse(&carrier, kind, at, len)))
		header = (const void *)(at + carrier.len);
	if (unlikely(!rx_admit(socket, source, batch, &carrier, header)))
		return;
	offset += front;
	len = carrier.frame - FRAME_HEADER;
	text = pilot_inbound_text(batch, len);
	if (unlikely(!text || skb_copy_bits(skb, offset, text, len))) {
		pilot_dev_count(source->dev,
				PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY);
		return;
	}
	rx_add(batch, NULL, header, text, carrier.frame);
}

/*
 * One of several relay frames that differ in what is to become of them, at
 * @offset. Return: false when there is no entry for it.
 */
static bool rx_slice_forward(struct pilot_socket *socket,
			     const struct pilot_source *source,
			     struct pilot_inbound *batch,
			     const struct sk_buff *skb, unsigned int offset,
			     unsigned int len)
{
	const struct pilot_relay_header *header;
	struct pilot_relay_header buffer;
	struct pilot_carrier carrier;
	struct pilot_relay *relay;
	struct sk_buff *copy;

	header = skb_header_pointer(skb, offset, sizeof(buffer), &buffer);
	if (!header || !pilot_carrier_parse(&carrier, PILOT_ENDPOINT_RELAY,
					    header, len))
		return false;
	relay = pilot_relay_find(socket->id, carrier.id);
	if (!relay)
		return false;
	/* Nothing is sent while the batch is in use. */
	pilot_inbound_flush(batch, source);
	copy = pilot_frame_alloc(len);
	if (copy && !skb_copy_bits(skb, offset, skb_put(copy, len), len)) {
		pilot_forward(socket, relay, source, copy);
		return true;
	}
	pilot_counters_inc(&socket->stats, PILOT_A_SOCKET_STATS_DROP_RELAY);
	kfree_skb(copy);
	return true;
}

/*
 * A packet in one piece that stands for many datagrams. Consumes it. @mixed:
 * relay frames that do not all go the same way.
 */
static void rx_whole(struct pilot_socket *socket, struct pilot_source *source,
		     struct pilot_inbound *batch,
		     enum pilot_endpoint_kind kind, struct sk_buff *skb,
		     bool mixed)
{
	unsigned int offset, len, n = 0, size = skb_shinfo(skb)->gso_size;

	for (offset = sizeof(struct udphdr); offset < skb->len;
	     offset += size) {
		len = min(skb->len - offset, size);
		if (unlikely(mixed) && rx_slice_forward(socket, source, batch,
							skb, offset, len))
			continue;
		rx_slice(socket, source, batch, kind, skb, offset, len);
		n++;
	}
	pilot_counters_add(&socket->stats, PILOT_A_SOCKET_STATS_RX_DATA, n);
	consume_skb(skb);
}

static void rx_source_init(struct pilot_source *source,
			   const struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4) {
		source->ds = ip_hdr(skb)->tos;
		source->hops = ip_hdr(skb)->ttl;
	} else {
		source->ds = ipv6_get_dsfield(ipv6_hdr(skb));
		source->hops = ipv6_hdr(skb)->hop_limit;
	}
	pilot_path_from_skb(&source->path, skb);
}

/* A relay header and the first word of the frame behind it. */
struct rx_relayed {
	struct pilot_relay_header relay;
	__le32 type;
} __packed;

#define RELAYED_MIN	(sizeof(struct pilot_relay_header) + \
			 PILOT_FRAME_OVERHEAD)

/* Are all its datagrams data frames under one relay id? */
static bool rx_is_uniform(const struct sk_buff *skb, bool chained)
{
	unsigned int offset, size = skb_shinfo(skb)->gso_size;
	const struct rx_relayed *first, *at;
	const struct sk_buff *next;
	struct rx_relayed buffer;

	first = (const void *)(skb->data + sizeof(struct udphdr));
	if (first->type != cpu_to_le32(PILOT_FRAME_DATA) || size < RELAYED_MIN)
		return false;
	if (chained) {
		skb_walk_frags(skb, next) {
			at = skb_header_pointer(next, 0, sizeof(buffer),
						&buffer);
			if (next->len < RELAYED_MIN || !at ||
			    memcmp(at, first, sizeof(*at)))
				return false;
		}
		return true;
	}
	for (offset = sizeof(struct udphdr); offset < skb->len;
	     offset += size) {
		at = skb_header_pointer(skb, offset, sizeof(buffer), &buffer);
		if (skb->len - offset < RELAYED_MIN || !at ||
		    memcmp(at, first, sizeof(*at)))
			return false;
	}
	return true;
}

/* The entry that all of a packet of relay frames goes by, or NULL. */
static struct pilot_relay *rx_relay_of(struct pilot_socket *socket,
				       const struct sk_buff *skb)
{
	struct pilot_carrier carrier;

	if (!pilot_carrier_parse(&carrier, PILOT_ENDPOINT_RELAY,
				 skb->data + sizeof(struct udphdr),
				 skb->len - sizeof(struct udphdr)))
		return NULL;
	return pilot_relay_find(socket->id, carrier.id);
}

/*
 * Many datagrams in one skb; data at the UDP header, what tells the first one's
 * frame linear. Consumes it.
 */
static void rx_gso(struct pilot_socket *socket, struct sk_buff *skb,
		   enum pilot_endpoint_kind kind)
{
	bool chained = rx_is_chain(skb), mixed = false;
	struct pilot_source source = {};
	struct pilot_relay *relay;
	struct pilot_inbound *batch;

	rx_source_init(&source, skb);
	pilot_counters_inc(&socket->stats, chained ?
			   PILOT_A_SOCKET_STATS_RX_CHAINED :
			   PILOT_A_SOCKET_STATS_RX_WHOLE);
	if (unlikely(kind == PILOT_ENDPOINT_RELAY)) {
		mixed = !rx_is_uniform(skb, chained);
		relay = mixed ? NULL : rx_relay_of(socket, skb);
		if (relay) {
			__skb_pull(skb, sizeof(struct udphdr));
			pilot_forward(socket, relay, &source, skb);
			return;
		}
	}
	batch = pilot_inbound_get();
	if (chained && !mixed)
		rx_chained(socket, &source, batch, kind, skb);
	else
		rx_whole(socket, &source, batch, kind, skb, mixed);
	pilot_inbound_flush(batch, &source);
}

/* One data frame; data at the UDP header. Consumes it. */
static void rx_data(struct pilot_socket *socket, struct sk_buff *skb,
		    enum pilot_endpoint_kind kind)
{
	struct pilot_source source = { .key = NULL };
	const struct pilot_data_header *header;
	struct pilot_carrier carrier;
	unsigned int drop;

	pilot_counters_inc(&socket->stats, PILOT_A_SOCKET_STATS_RX_DATA);
	header = rx_header(&carrier, kind, skb, sizeof(struct udphdr));
	drop = rx_parse(socket, header, carrier.frame, &source);
	if (unlikely(drop)) {
		pilot_counters_inc(&socket->stats, drop);
		kfree_skb(skb);
		return;
	}
	rx_source_init(&source, skb);
	source.path.kind = carrier.kind;
	source.path.id = carrier.id;
	__skb_pull(skb, sizeof(struct udphdr) + carrier.len + FRAME_HEADER);
	pilot_open_single(&source, skb, le64_to_cpu(header->counter));
}

/* Frames of a session that are the helper's; they may come by a carrier. */
static bool rx_is_signalling(u8 type)
{
	return (type >= PILOT_FRAME_INITIATION &&
		type <= PILOT_FRAME_COOKIE) ||
	       type == PILOT_FRAME_CONTROL;
}

/* Return: whether the helper consumes frames of this type. */
static bool rx_is_for_helper(u8 type)
{
	return type <= PILOT_FRAME_STUN_LAST || type == PILOT_FRAME_DHT ||
	       rx_is_signalling(type);
}

/*
 * Whose session a control frame names, @skip bytes into an skb: the peer, if it
 * came from where that is, or NULL. @carrier: what it came by.
 */
static struct pilot_peer *rx_control_peer(struct pilot_socket *socket,
					  const struct sk_buff *skb,
					  unsigned int skip,
					  const struct pilot_carrier *carrier)
{
	const struct pilot_data_header *header;
	struct pilot_data_header buffer;
	struct pilot_endpoint *at;
	struct pilot_path path;
	struct pilot_key *key;

	header = skb_header_pointer(skb, skip, sizeof(buffer), &buffer);
	if (!header)
		return NULL;
	key = pilot_index_find(socket->id, le32_to_cpu(header->index));
	if (!key)
		return NULL;
	at = rcu_dereference(key->peer->lane0.endpoint);
	if (!at)
		return NULL;
	pilot_path_from_skb(&path, skb);
	path.kind = carrier->kind;
	path.id = carrier->id;
	return pilot_path_same_remote(&at->path, &path) ? key->peer : NULL;
}

/*
 * One datagram for the helper, whose frame is @skip bytes into it. What looks
 * like a peer's has a bucket of its own, so that neither its neighbours nor
 * strangers starve what they say to each other. Return: 0 or the counter of why
 * it is not shown to the helper.
 */
static unsigned int rx_helper(struct pilot_socket *socket,
			      const struct sk_buff *skb, unsigned int skip,
			      const struct pilot_carrier *carrier)
{
	struct pilot_peer *peer = NULL;
	u8 type = skb->data[skip];
	bool allowed;

	if (type == PILOT_FRAME_CONTROL)
		peer = rx_control_peer(socket, skb, skip, carrier);
	allowed = peer ? pilot_peer_control_allowed(peer) :
			 pilot_prefix_limit_allow(socket->limit, skb, type ==
						  PILOT_FRAME_INITIATION);
	if (!allowed)
		return PILOT_A_SOCKET_STATS_DROP_LIMIT;
	pilot_counters_inc(&socket->stats, PILOT_A_SOCKET_STATS_RX_HELPER);
	return 0;
}

/* A relay frame that is to go on; data at the UDP header. Consumes it. */
static void rx_forward(struct pilot_socket *socket, struct pilot_relay *relay,
		       struct sk_buff *skb)
{
	struct pilot_source source = {};

	rx_source_init(&source, skb);
	__skb_pull(skb, sizeof(struct udphdr));
	pilot_forward(socket, relay, &source, skb);
}

/*
 * Frames that came by a relay or a TURN server, or are to go on by us.
 * Return: 0 when consumed, 1 when it is for the helper, with its carrier.
 */
static int rx_carried(struct pilot_socket *socket, struct sk_buff *skb,
		      enum pilot_endpoint_kind kind)
{
	unsigned int front = sizeof(struct udphdr) + pilot_carrier_len(kind);
	struct pilot_carrier carrier;
	struct pilot_relay *relay;
	unsigned int drop;
	u8 type;

	drop = PILOT_A_SOCKET_STATS_DROP_TYPE;
	if (socket->lane)
		goto drop;
	drop = PILOT_A_SOCKET_STATS_DROP_MALFORMED;
	if (!pskb_may_pull(skb, front + sizeof(__le32)))
		goto drop;
	if (skb_is_gso(skb)) {
		rx_gso(socket, skb, kind);
		return 0;
	}
	if (!pilot_carrier_parse(&carrier, kind,
				 skb->data + sizeof(struct udphdr),
				 skb->len - sizeof(struct udphdr)))
		goto drop;
	if (kind == PILOT_ENDPOINT_RELAY) {
		relay = pilot_relay_find(socket->id, carrier.id);
		if (relay) {
			rx_forward(socket, relay, skb);
			return 0;
		}
	}
	type = skb->data[front];
	if (type == PILOT_FRAME_DATA) {
		rx_data(socket, skb, kind);
		return 0;
	}
	drop = kind == PILOT_ENDPOINT_RELAY ?
		       PILOT_A_SOCKET_STATS_DROP_RELAY :
		       PILOT_A_SOCKET_STATS_DROP_TYPE;
	/* One carrier to a frame: what is in another goes nowhere. */
	if (!rx_is_signalling(type))
		goto drop;
	drop = rx_helper(socket, skb, front, &carrier);
	if (!drop)
		return 1;
drop:
	pilot_counters_inc(&socket->stats, drop);
	kfree_skb(skb);
	return 0;
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
	const struct pilot_carrier direct = { .kind = PILOT_ENDPOINT_DIRECT };
	struct pilot_socket *socket = pilot_socket_from_sk(sk);
	enum pilot_endpoint_kind kind;
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
			rx_gso(socket, skb, PILOT_ENDPOINT_DIRECT);
		else
			rx_data(socket, skb, PILOT_ENDPOINT_DIRECT);
		return 0;
	}
	kind = pilot_carrier_kind(type);
	if (kind != PILOT_ENDPOINT_DIRECT)
		return rx_carried(socket, skb, kind);
	/* The helper must never be handed several datagrams as one. */
	drop = PILOT_A_SOCKET_STATS_DROP_MALFORMED;
	if (unlikely(skb_is_gso(skb)))
		goto drop;
	drop = PILOT_A_SOCKET_STATS_DROP_TYPE;
	if (socket->lane || !rx_is_for_helper(type))
		goto drop;
	drop = rx_helper(socket, skb, sizeof(struct udphdr), &direct);
	if (!drop)
		return 1;
drop:
	pilot_counters_inc(&socket->stats, drop);
	kfree_skb(skb);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0

#include "forward.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>

#include "carrier.h"
#include "dev.h"
#include "frame.h"
#include "open.h"

#define RELAY_HEADER	sizeof(struct pilot_relay_header)

/*
 * What a relay carries: the frames of a session, and no other carrier. So no
 * frame is sent on under more than one id at a time.
 */
static bool forward_is_frame(const void *frame, unsigned int len)
{
	u32 type;

	if (len < sizeof(__le32))
		return false;
	type = le32_to_cpu(*(const __le32 *)frame);
	if (type == PILOT_FRAME_DATA)
		return len >= PILOT_FRAME_OVERHEAD;
	return type >= PILOT_FRAME_INITIATION && type <= PILOT_FRAME_CONTROL;
}

static bool forward_is_data(const void *frame)
{
	return *(const u8 *)frame == PILOT_FRAME_DATA;
}

static bool forward_same(const struct pilot_path *a, const struct pilot_path *b)
{
	return a->port == b->port && pilot_path_same_host(a, b);
}

/*
 * Where frames of @source go by @relay, or NULL when they do not: only what
 * comes from where the one peer is, to where the other is, both directly. That
 * may be one place, as a host has one socket for all its agents. Each relay
 * takes a hop off, as a router does: ids that lead in a circle, be it over
 * several hosts, keep nothing going for ever.
 */
static struct pilot_endpoint *forward_to(const struct pilot_relay *relay,
					 const struct pilot_source *source,
					 bool data)
{
	struct pilot_endpoint *from, *to;

	if (!netif_running(relay->from->dev->netdev) ||
	    pilot_relay_expired(relay, pilot_now()) || source->hops <= 1)
		return NULL;
	if (data &&
	    READ_ONCE(relay->config.flags) & PILOT_RELAY_F_SIGNALLING)
		return NULL;
	from = rcu_dereference(relay->from->lane0.endpoint);
	to = rcu_dereference(relay->to->lane0.endpoint);
	if (!from || pilot_endpoint_is_carried(from) ||
	    !to || pilot_endpoint_is_carried(to))
		return NULL;
	return forward_same(&from->path, &source->path) ? to : NULL;
}

/*
 * What IP needs in front; the link takes more when it has to. No more than
 * that, or what came by IPv4 would be copied before it goes by IPv4 again.
 */
static unsigned int forward_headroom(const struct pilot_endpoint *to)
{
	return sizeof(struct udphdr) +
	       (to->path.family == AF_INET ? sizeof(struct iphdr) :
					     sizeof(struct ipv6hdr));
}

static void forward_set_id(void *at, u32 id)
{
	struct pilot_relay_header *header = at;

	header->id = cpu_to_le32(id);
}

/*
 * Write @id into each datagram of a chain where it is, if that is memory of
 * ours alone. False: nothing was written.
 */
static bool forward_chain_ids(struct sk_buff *skb, unsigned int headroom,
			      u32 id)
{
	struct sk_buff *next;

	if (!skb_has_frag_list(skb) || skb_cloned(skb) ||
	    skb_cow_head(skb, headroom) || !pskb_may_pull(skb, RELAY_HEADER))
		return false;
	skb_walk_frags(skb, next)
		if (skb_shared(next) || skb_cloned(next) ||
		    !pskb_may_pull(next, RELAY_HEADER))
			return false;
	forward_set_id(skb->data, id);
	skb_walk_frags(skb, next) {
		forward_set_id(next->data, id);
		/*
		 * Who takes the chain apart sends clones, and has room for their
		 * headers where the old ones were: nothing is copied for that.
		 * A relay on this host may have done so before.
		 */
		if (!next->nohdr)
			__skb_header_release(next);
	}
	return true;
}

/*
 * A copy of datagrams from @offset on, as many as one skb can hold, with @id in
 * each: their pages may be somebody else's. @offset is moved behind them.
 */
static struct sk_buff *forward_copy(const struct sk_buff *skb,
				    unsigned int *offset, unsigned int size,
				    u32 id)
{
	struct sk_buff *copy = pilot_frame_alloc(0);
	unsigned int n = 0, len;
	u8 *at;

	if (!copy)
		return NULL;
	for (; *offset < skb->len && n < PILOT_BATCH_MAX; n++) {
		len = min(skb->len - *offset, size);
		if (copy->len + len > PILOT_FRAME_PAYLOAD_MAX)
			break;
		at = pilot_frame_room(copy, len, !n);
		if (!at)
			break;
		if (skb_copy_bits(skb, *offset, at, len)) {
			n = 0;
			break;
		}
		forward_set_id(at, id);
		*offset += len;
	}
	if (unlikely(!n)) {
		kfree_skb(copy);
		return NULL;
	}
	skb_copy_hash(copy, skb);
	if (n > 1)
		pilot_frame_set_gso(copy, size, n);
	return copy;
}

/* Hand a finished datagram, or several in one, to IP. Consumes it. */
static bool forward_send(struct pilot_dev *dev, struct pilot_endpoint *to,
			 const struct pilot_source *source, struct sk_buff *skb)
{
	struct pilot_socket *socket;

	socket = pilot_dev_socket(dev, to->path.family == AF_INET ?
				       PILOT_FAMILY4 : PILOT_FAMILY6, 0);
	if (socket && !pilot_endpoint_send(to, socket->sk, skb, dev->netdev,
					   source->ds & INET_ECN_MASK,
					   source->hops - 1))
		return true;
	kfree_skb(skb);
	return false;
}

/* One datagram. Only its head is written, which is ours alone by then. */
static bool forward_single(struct pilot_relay *relay, struct pilot_endpoint *to,
			   const struct pilot_source *source,
			   struct sk_buff *skb)
{
	if (skb_cow(skb, forward_headroom(to))) {
		kfree_skb(skb);
		return false;
	}
	forward_set_id(skb->data, READ_ONCE(relay->config.next_id));
	pilot_frame_reset(skb);
	skb_gso_reset(skb);
	return forward_send(relay->from->dev, to, source, skb);
}

/* Several datagrams in one skb. */
static bool forward_batch(struct pilot_relay *relay, struct pilot_endpoint *to,
			  const struct pilot_source *source,
			  struct sk_buff *skb, unsigned int n)
{
	unsigned int size = skb_shinfo(skb)->gso_size, offset = 0;
	u32 id = READ_ONCE(relay->config.next_id);
	struct pilot_dev *dev = relay->from->dev;
	struct sk_buff *copy;
	bool sent = true;

	if (forward_chain_ids(skb, forward_headroom(to), id)) {
		pilot_frame_reset(skb);
		pilot_frame_set_gso(skb, size, n);
		return forward_send(dev, to, source, skb);
	}
	while (sent && offset < skb->len) {
		copy = forward_copy(skb, &offset, size, id);
		sent = copy && forward_send(dev, to, source, copy);
	}
	consume_skb(skb);
	return sent;
}

/**
 * pilot_forward - send relay frames on to another peer
 * @socket: where they came to
 * @relay: the entry of their id
 * @source: where they came from
 * @skb: data at the relay header, which is linear with the first bytes of the
 *	frame; one datagram, or several data frames under one id; consumed
 *
 * The frames are neither opened nor changed, but for the id. Nobody is told
 * when they are dropped. ECN goes from the old outer header to the new one,
 * DSCP does not, as for all that the device sends.
 *
 * Context: softirq, RCU read section.
 */
void pilot_forward(struct pilot_socket *socket, struct pilot_relay *relay,
		   const struct pilot_source *source, struct sk_buff *skb)
{
	unsigned int n = skb_is_gso(skb) ? DIV_ROUND_UP(skb->len,
					   skb_shinfo(skb)->gso_size) : 1;
	const void *frame = skb->data + RELAY_HEADER;
	struct pilot_endpoint *to = NULL;
	bool sent, data = false;

	/* What the core has taken apart still is on the list of its parts. */
	skb_mark_not_on_list(skb);
	if (likely(forward_is_frame(frame, skb->len - RELAY_HEADER))) {
		data = forward_is_data(frame);
		to = forward_to(relay, source, data);
	}
	if (unlikely(!to)) {
		pilot_relay_refuse(relay, n);
		goto drop;
	}
	if (unlikely(!pilot_relay_take(relay, n, skb->len, data)))
		goto drop;
	sent = n > 1 ? forward_batch(relay, to, source, skb, n) :
		       forward_single(relay, to, source, skb);
	if (likely(sent)) {
		pilot_counters_add(&socket->stats,
				   PILOT_A_SOCKET_STATS_RX_RELAYED, n);
		return;
	}
	pilot_relay_refuse(relay, n);
	skb = NULL;
drop:
	pilot_counters_add(&socket->stats, PILOT_A_SOCKET_STATS_DROP_RELAY, n);
	kfree_skb(skb);
}

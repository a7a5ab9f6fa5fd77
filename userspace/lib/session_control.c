// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the helpers of two peers say to each other under the control keys of
 * their session. Nothing here moves the endpoint that data goes to.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "control_content.h"
#include "control_frame.h"
#include "session_impl.h"

/*
 * The newest key that the peer is known to have: the current one, or the one
 * we offered once a control frame came under it. The kernel may not have been
 * told yet by data.
 */
static const struct session_held *
session_control_held(const struct session_peer *peer)
{
	const struct session_held *held = &peer->offered;

	if (!held->control || !held->control->heard)
		held = &peer->current;
	return held->control ? held : NULL;
}

bool session_control_ready(const struct session_peer *peer)
{
	return session_control_held(peer);
}

int session_control_want(struct session_host *host, const struct clock *now,
			 struct session_peer *peer)
{
	(void)host;
	if (session_control_ready(peer))
		return 0;
	if (!endpoint_is_set(&peer->endpoint))
		return -EDESTADDRREQ;
	if (!peer->backing_off || now->boot_ns >= peer->hold_until)
		session_initiate(peer, now);
	session_peer_schedule(peer);
	return peer->attempt || peer->offered.index.used ? -EINPROGRESS :
							   -EAGAIN;
}

static int session_control_transmit(struct session_peer *peer,
				    const struct clock *now,
				    const struct endpoint *dst,
				    const uint8_t *content, size_t len)
{
	const struct session_held *held = session_control_held(peer);
	struct session_host *host = peer->host;
	struct session_control *control;
	uint8_t frame[WIRE_FRAME_MAX];
	int ret;

	/* A key past its hard limit is as good as gone. */
	if (!held || held->expire_at <= now->boot_ns)
		return -ENOTCONN;
	if (!endpoint_is_set(dst))
		return -EDESTADDRREQ;
	control = held->control;
	ret = control_frame_seal(control->tx_key, control->tx_index,
				 control->tx_counter, content, len, frame);
	if (ret < 0)
		return ret;
	control->tx_counter++;
	host->stats.tx_control++;
	host->ops.send(host->ctx, dst, frame, ret);
	return 0;
}

int session_control_send(struct session_host *host, const struct clock *now,
			 struct session_peer *peer, const struct endpoint *dst,
			 uint8_t type, const void *tlvs, size_t len)
{
	uint8_t content[CONTROL_FRAME_CONTENT_MAX];
	int ret;

	(void)host;
	if (type == WIRE_CONTROL_PING || type == WIRE_CONTROL_PONG)
		return -EINVAL;
	ret = control_content_write(content, sizeof(content), type, tlvs, len);
	if (ret < 0)
		return ret;
	len = ret;
	ret = session_control_transmit(peer, now, dst ? dst : &peer->endpoint,
				       content, len);
	sodium_memzero(content, len);
	return ret;
}

int session_ping(struct session_host *host, const struct clock *now,
		 struct session_peer *peer, const struct endpoint *dst,
		 uint64_t *token)
{
	uint8_t content[CONTROL_PING_LEN];
	struct ping ping = {
		.sent_at = now->boot_ns,
		.dst = dst ? *dst : peer->endpoint,
	};
	int ret;

	session_random(host, &ping.token, sizeof(ping.token));
	pings_expire(&peer->pings, now->boot_ns);
	ret = pings_add(&peer->pings, &ping);
	if (ret)
		return ret;
	control_ping_write(content, ping.token);
	ret = session_control_transmit(peer, now, &ping.dst, content,
				       sizeof(content));
	sodium_memzero(content, sizeof(content));
	if (ret)
		pings_take(&peer->pings, ping.token, &ping);
	else
		*token = ping.token;
	session_peer_schedule(peer);
	return ret;
}

void session_ping_forget(struct session_peer *peer, uint64_t token)
{
	struct ping ping;

	pings_take(&peer->pings, token, &ping);
}

/*
 * Back to where it came from, which need not be where data goes: so the sender
 * finds out which of its ways work. Who catches a ping and sends it on from
 * another source gets one frame there, no larger than what was spent on it.
 */
static void session_ping_receive(struct session_peer *peer,
				 const struct clock *now,
				 const struct endpoint *src,
				 const struct control_content *ping)
{
	uint8_t content[CONTROL_PONG_MAX];
	uint64_t token;
	size_t len;

	if (control_ping_read(ping, &token)) {
		peer->host->stats.rx_refused++;
		return;
	}
	len = control_pong_write(content, token, src);
	if (len > WIRE_CONTROL_HEAD + ping->len)
		peer->host->stats.rx_refused++;
	else
		session_control_transmit(peer, now, src, content, len);
	sodium_memzero(content, sizeof(content));
	if (peer->host->ops.pinged)
		peer->host->ops.pinged(peer->host->ctx, peer->agent, peer,
				       src);
}

static void session_pong_receive(struct session_peer *peer,
				 const struct clock *now,
				 const struct endpoint *src,
				 const struct control_content *content)
{
	struct session_host *host = peer->host;
	struct session_pong pong = { .src = *src };
	struct ping ping;

	if (control_pong_read(content, &pong.token, &pong.observed)) {
		host->stats.rx_refused++;
		return;
	}
	pings_expire(&peer->pings, now->boot_ns);
	if (!pings_take(&peer->pings, pong.token, &ping)) {
		host->stats.rx_no_index++;
		return;
	}
	pong.dst = ping.dst;
	pong.rtt_ns = now->boot_ns - ping.sent_at;
	session_peer_schedule(peer);
	if (host->ops.pong)
		host->ops.pong(host->ctx, peer->agent, peer, &pong);
}

/* Comes last in what is done about a frame: a callback may send. */
static void session_content_receive(struct session_peer *peer,
				    const struct clock *now,
				    const struct endpoint *src,
				    const uint8_t *bytes, size_t len)
{
	struct session_host *host = peer->host;
	struct control_content content;

	if (control_content_parse(bytes, len, &content)) {
		host->stats.rx_refused++;
		return;
	}
	switch (content.type) {
	case WIRE_CONTROL_PING:
		session_ping_receive(peer, now, src, &content);
		break;
	case WIRE_CONTROL_PONG:
		session_pong_receive(peer, now, src, &content);
		break;
	default:
		if (!host->ops.control ||
		    !host->ops.control(host->ctx, peer->agent, peer, src,
				       content.type, content.tlvs,
				       content.len))
			host->stats.rx_control_unknown++;
	}
}

/* The key of an index, if it is one that we hold and that has not ended. */
static struct session_held *session_index_held(struct session_host *host,
					       const struct clock *now,
					       uint32_t index)
{
	struct table_node *node = table_find(&host->by_index, index);
	struct session_peer *peer = node ?
		table_entry(node, struct session_index, node)->peer : NULL;
	struct session_held *held;

	if (!peer)
		return NULL;
	if (node == &peer->current.index.node)
		held = &peer->current;
	else if (node == &peer->offered.index.node)
		held = &peer->offered;
	else if (node == &peer->previous.index.node)
		held = &peer->previous;
	else
		return NULL;
	return held->control && held->expire_at > now->boot_ns ? held : NULL;
}

static bool session_control_known(const struct session_peer *peer,
				  const struct endpoint *src)
{
	return endpoint_equal(src, &peer->heard_from) ||
	       endpoint_equal(src, &peer->endpoint);
}

/*
 * Before the tag is looked at: the peer's own rate is used up by the peer
 * alone, and what others say in its name by those, at the place they say it
 * from. Who forges elsewhere, or from everywhere, takes nothing from a peer
 * that is where it was.
 */
static bool session_control_admit(struct session_peer *peer,
				  const struct clock *now,
				  const struct endpoint *src)
{
	/* A relay's frames are forged by who takes its address, whatever the id. */
	struct endpoint carrier = endpoint_carrier(src);
	struct session_host *host = peer->host;

	if (!ratelimit_has(&peer->control_rate, now->boot_ns,
			   SESSION_CONTROL_RATE, SESSION_CONTROL_RATE))
		return false;
	if (session_control_known(peer, src))
		return ratelimit_has(&peer->forged, now->boot_ns,
				     SESSION_FORGED_RATE, SESSION_FORGED_RATE);
	return ratelimit_has(&host->forged, now->boot_ns, SESSION_FORGED_HOST,
			     SESSION_FORGED_HOST) &&
	       ratelimit_has_prefix(host->forgers, now->boot_ns, &carrier);
}

static void session_control_forged(struct session_peer *peer,
				   const struct clock *now,
				   const struct endpoint *src)
{
	struct endpoint carrier = endpoint_carrier(src);
	struct session_host *host = peer->host;

	host->stats.rx_control_unauthentic++;
	if (session_control_known(peer, src)) {
		ratelimit_take(&peer->forged, now->boot_ns,
			       SESSION_FORGED_RATE, SESSION_FORGED_RATE);
		return;
	}
	ratelimit_take(&host->forged, now->boot_ns, SESSION_FORGED_HOST,
		       SESSION_FORGED_HOST);
	ratelimit_take_prefix(host->forgers, now->boot_ns, &carrier);
}

void session_control_receive(struct session_host *host, const struct clock *now,
			     const struct endpoint *src, const uint8_t *frame,
			     size_t len)
{
	uint8_t content[CONTROL_FRAME_CONTENT_MAX];
	struct session_stats *stats = &host->stats;
	struct wire_control control;
	struct session_peer *peer;
	struct session_held *held;
	int ret;

	if (wire_control_parse(frame, len, &control)) {
		stats->rx_malformed++;
		return;
	}
	held = session_index_held(host, now, control.receiver);
	if (!held) {
		stats->rx_no_index++;
		return;
	}
	peer = held->index.peer;
	if (!window_check(&held->control->window, control.counter)) {
		stats->rx_control_replayed++;
		return;
	}
	if (!session_control_admit(peer, now, src)) {
		stats->rx_control_limited++;
		return;
	}
	ret = control_frame_open(held->control->rx_key, &control, content);
	if (ret < 0) {
		session_control_forged(peer, now, src);
		return;
	}
	ratelimit_take(&peer->control_rate, now->boot_ns,
		       SESSION_CONTROL_RATE, SESSION_CONTROL_RATE);
	peer->heard_from = *src;
	window_commit(&held->control->window, control.counter);
	held->control->heard = true;
	stats->rx_control++;
	session_content_receive(peer, now, src, content, ret);
	sodium_memzero(content, ret);
}

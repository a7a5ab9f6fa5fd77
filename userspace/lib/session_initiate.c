// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "session_impl.h"

void session_attempt_drop(struct session_peer *peer)
{
	struct session_attempt *attempt = peer->attempt;

	if (!attempt)
		return;
	session_index_drop(peer->host, &attempt->index);
	sodium_memzero(attempt, sizeof(*attempt));
	free(attempt);
	peer->attempt = NULL;
	peer->via = (struct endpoint){ 0 };
}

/* @first doubled with every failure in a row, at most @max. */
static uint64_t session_backoff(unsigned int failures, uint64_t first,
				uint64_t max)
{
	while (failures-- > 1 && first < max)
		first *= 2;
	return first < max ? first : max;
}

/*
 * The round is over. An acquire begins a new one after a while; by itself
 * only a peer that is to be kept up, or that still has a key to replace.
 */
static void session_attempt_fail(struct session_peer *peer,
				 const struct clock *now)
{
	uint64_t again;

	session_attempt_drop(peer);
	if (peer->failures < 32)
		peer->failures++;
	peer->backing_off = true;
	peer->hold_until = now->boot_ns +
			   session_backoff(peer->failures, SESSION_HOLD_FIRST,
					   SESSION_HOLD_MAX);
	again = session_backoff(peer->failures, SESSION_AGAIN_FIRST,
				SESSION_AGAIN_MAX);
	if (peer->persist || peer->current.index.used)
		peer->again_at = now->boot_ns + again +
				 session_jitter(peer->host, again / 4);
}

/* A fresh message each time: its own ephemeral key, stamp and index. */
static int session_attempt_send(struct session_peer *peer,
				const struct clock *now)
{
	struct session_attempt *attempt = peer->attempt;
	uint8_t ephemeral[NOISE_DH_LEN], frame[WIRE_FRAME_MAX];
	struct session_host *host = peer->host;
	struct handshake_terms terms;
	struct handshake_ends ends;
	int len;

	session_index_drop(host, &attempt->index);
	session_index_take(peer, &attempt->index);
	session_ends(peer, &ends);
	peer->stamp_sent = stamp_next(peer->stamp_sent, now->real_ns);

	/* A learned endpoint may be stale: try the configured one by turns. */
	attempt->dst = endpoint_is_set(&peer->via) ? peer->via :
						     peer->endpoint;
	if (attempt->count >= 2 && attempt->count % 2 == 0 &&
	    endpoint_is_set(&peer->configured))
		attempt->dst = peer->configured;

	session_terms(peer, &attempt->dst, &terms);
	terms.index = attempt->index.node.key;
	terms.epoch = attempt->epoch = peer->epoch_last + 1;
	session_random(host, ephemeral, sizeof(ephemeral));
	len = handshake_init_write(&attempt->hs, &ends, &terms,
				   peer->stamp_sent, ephemeral,
				   peer->cookie_until > now->boot_ns ?
				   peer->cookie : NULL, frame);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (len < 0)
		return len;

	attempt->count++;
	peer->attempts++;
	host->stats.tx_inits++;
	attempt->retry_at = now->boot_ns + attempt->interval +
			    session_jitter(host, attempt->interval / 4);
	if (attempt->interval < SESSION_RETRY_MAX)
		attempt->interval *= 2;
	host->ops.send(host->ctx, &attempt->dst, frame, len);
	return 0;
}

void session_initiate(struct session_peer *peer, const struct clock *now)
{
	uint64_t wait = peer->offered.installed_at + SESSION_RESPOND_WAIT;

	if (peer->attempt)
		return;
	peer->again_at = CLOCK_NEVER;
	if (!endpoint_is_set(&peer->endpoint) && !endpoint_is_set(&peer->via)) {
		peer->current.rekey_at = CLOCK_NEVER;
		session_notify(peer, SESSION_NOTICE_REFUSED,
			       "no endpoint is known; give one, or wait for "
			       "the peer to come");
		return;
	}
	/* The peer has our answer on its way to it: let that be the one. */
	if (peer->offered.index.used && now->boot_ns < wait) {
		if (peer->current.index.used)
			peer->current.rekey_at = wait;
		else
			peer->again_at = wait;
		return;
	}
	peer->attempt = calloc(1, sizeof(*peer->attempt));
	if (!peer->attempt) {
		peer->again_at = now->boot_ns + SESSION_AGAIN_FIRST;
		peer->current.rekey_at = peer->again_at;
		return;
	}
	peer->backing_off = false;
	peer->attempt->began_at = now->boot_ns;
	peer->attempt->asked = peer->via;
	peer->attempt->interval = SESSION_RETRY_FIRST;
	if (session_attempt_send(peer, now)) {
		session_attempt_fail(peer, now);
		session_notify(peer, SESSION_NOTICE_FAILED,
			       "no message can be made for this peer");
		return;
	}
	session_notify(peer, SESSION_NOTICE_INITIATING, "%s", "");
}

void session_initiate_now(struct session_peer *peer, const struct clock *now)
{
	if (!peer->attempt) {
		session_initiate(peer, now);
		return;
	}
	/* Another place may answer at once; the same one was given its time. */
	if (!endpoint_equal(&peer->attempt->asked, &peer->via)) {
		peer->attempt->asked = peer->via;
		peer->attempt->interval = SESSION_RETRY_FIRST;
	}
	/* What cannot be made now is made in time, or given up. */
	if (session_attempt_send(peer, now))
		peer->attempt->retry_at = now->boot_ns + SESSION_RETRY_FIRST;
}

/* No answer in time. */
void session_initiate_again(struct session_peer *peer, const struct clock *now)
{
	struct session_attempt *attempt = peer->attempt;
	char where[ENDPOINT_TEXT_LEN];
	unsigned int count;

	/* When we did not run, nothing was asked. */
	attempt->began_at += now->boot_ns - attempt->retry_at;
	if (now->boot_ns - attempt->began_at < SESSION_ROUND &&
	    !session_attempt_send(peer, now))
		return;
	endpoint_format(&attempt->dst, where);
	count = attempt->count;
	session_attempt_fail(peer, now);
	session_notify(peer, SESSION_NOTICE_FAILED,
		       "no answer from %s to %u messages", where, count);
}

/* What an authentic answer must hold for us to take it. */
static const char *session_response_check(const struct session_peer *peer,
					  const struct handshake_terms *terms)
{
	if (terms->address != peer->address)
		return "the peer has another address than configured here";
	if (terms->epoch < peer->attempt->epoch)
		return "the peer chose an old key epoch";
	if (terms->cipher != WIRE_CIPHER_AES_256_GCM &&
	    terms->cipher != WIRE_CIPHER_CHACHA20_POLY1305)
		return "the peer chose a cipher that was not offered";
	return NULL;
}

static int session_response_place(struct session_peer *peer,
				  const struct clock *now,
				  const struct handshake_terms *theirs,
				  const struct handshake_keys *keys)
{
	struct session_attempt *attempt = peer->attempt;
	struct handshake_terms ours;
	int ret;

	/* Where the answered message went surely reaches the peer. */
	ret = session_peer_move(peer->host, peer, &attempt->dst);
	if (ret)
		return ret;
	session_terms(peer, &attempt->dst, &ours);
	return session_key_place(peer, now, SESSION_SLOT_CURRENT,
				 &attempt->index, &ours, theirs, keys);
}

static void session_response_take(struct session_peer *peer,
				  const struct clock *now,
				  const struct handshake_terms *theirs,
				  const struct handshake_keys *keys)
{
	struct session_attempt *attempt = peer->attempt;
	int ret;

	ret = session_response_place(peer, now, theirs, keys);
	if (ret == -EEXIST && attempt->collisions < SESSION_COLLISIONS_MAX) {
		/* The peer knows our index, so only a new message helps. */
		attempt->collisions++;
		peer->epoch_last = theirs->epoch;
		if (!session_attempt_send(peer, now))
			return;
	}
	if (ret) {
		session_attempt_fail(peer, now);
		session_notify(peer, SESSION_NOTICE_FAILED,
			       "the kernel does not take the key: %s",
			       strerror(-ret));
		return;
	}
	peer->handshake = attempt->dst;
	session_attempt_drop(peer);
	peer->host->stats.handshakes++;
	peer->handshake_ns = now->boot_ns;
	peer->failures = 0;
	peer->attempts = 0;
	peer->last_error[0] = '\0';
	session_notify(peer, SESSION_NOTICE_ESTABLISHED, "%s", "");
}

void session_response_receive(struct session_host *host,
			      const struct clock *now, const uint8_t *frame,
			      size_t len)
{
	struct handshake_terms ours, theirs;
	struct handshake_keys keys;
	struct handshake_ends ends;
	struct session_peer *peer;
	struct table_node *node;
	struct wire_resp resp;
	struct handshake hs;
	const char *bad;

	if (wire_resp_parse(frame, len, &resp)) {
		host->stats.rx_malformed++;
		return;
	}
	node = table_find(&host->by_index, resp.receiver);
	peer = node ? table_entry(node, struct session_index, node)->peer : NULL;
	if (!peer || !peer->attempt || node != &peer->attempt->index.node) {
		host->stats.rx_no_index++;
		return;
	}
	if (!handshake_resp_mac_valid(&peer->attempt->hs, &peer->pair, frame,
				      len)) {
		host->stats.rx_stranger++;
		return;
	}
	/* On a copy: what does not authenticate must change nothing. */
	hs = peer->attempt->hs;
	session_ends(peer, &ends);
	if (handshake_resp_read(&hs, &ends, frame, len, &theirs, &keys)) {
		host->stats.rx_unauthentic++;
		goto out;
	}
	bad = session_response_check(peer, &theirs);
	if (bad) {
		host->stats.rx_refused++;
		session_attempt_fail(peer, now);
		session_notify(peer, SESSION_NOTICE_FAILED, "%s", bad);
	} else {
		session_terms(peer, &peer->attempt->dst, &ours);
		handshake_lanes_take(&hs, true,
				     handshake_lanes(&ours, &theirs), &keys);
		session_response_take(peer, now, &theirs, &keys);
	}
	session_peer_schedule(peer);
out:
	handshake_wipe(&hs);
	handshake_keys_wipe(&keys);
}

void session_cookie_receive(struct session_host *host, const struct clock *now,
			    const uint8_t *frame, size_t len)
{
	struct wire_cookie reply;
	struct session_peer *peer;
	struct table_node *node;

	if (wire_cookie_parse(frame, len, &reply)) {
		host->stats.rx_malformed++;
		return;
	}
	node = table_find(&host->by_index, reply.receiver);
	peer = node ? table_entry(node, struct session_index, node)->peer : NULL;
	if (!peer || !peer->attempt || node != &peer->attempt->index.node) {
		host->stats.rx_no_index++;
		return;
	}
	if (cookie_reply_read(peer->pair.cookie_rx, &reply,
			      peer->attempt->hs.mac1, peer->cookie)) {
		host->stats.rx_unauthentic++;
		return;
	}
	peer->cookie_until = now->boot_ns + COOKIE_LIFE;
	if (!peer->attempt->cookie_taken) {
		peer->attempt->cookie_taken = true;
		if (session_attempt_send(peer, now))
			peer->attempt->retry_at = now->boot_ns +
						  SESSION_RETRY_FIRST;
	}
	session_peer_schedule(peer);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "session_impl.h"

/*
 * The pair behind a hint, if the MAC is its own: symmetric work only, and not
 * even that for what was read before.
 */
static struct session_peer *session_init_find(struct session_host *host,
					      const struct wire_init *init,
					      const uint8_t *frame, size_t len)
{
	struct table_node *node = NULL;

	/* Requests of strangers are in the format, and not taken here. */
	if (init->hint != WIRE_HINT_STRANGER)
		node = table_find(&host->by_hint, init->hint);
	for (; node; node = table_find_next(node)) {
		struct session_peer *peer = table_entry(node,
							struct session_hint,
							node)->peer;

		if (seen_has(peer->seen, init->mac1)) {
			host->stats.rx_replayed++;
			return NULL;
		}
		if (handshake_init_mac_valid(&peer->pair, frame, len))
			return peer;
	}
	host->stats.rx_stranger++;
	return NULL;
}

static void session_cookie_send(struct session_peer *peer,
				const struct clock *now,
				const struct endpoint *src,
				const struct wire_init *init)
{
	uint8_t frame[WIRE_COOKIE_SIZE], cookie[WIRE_COOKIE_LEN];
	struct session_host *host = peer->host;
	uint8_t nonce[WIRE_NONCE_LEN];

	cookie_make(host->jar, src, cookie);
	session_random(host, nonce, sizeof(nonce));
	cookie_reply_write(peer->pair.cookie_tx, init->sender, nonce,
			   init->mac1, cookie, frame);
	sodium_memzero(cookie, sizeof(cookie));
	host->stats.tx_cookies++;
	host->ops.send(host->ctx, src, frame, sizeof(frame));

	if (!host->load_noticed_at ||
	    now->boot_ns - host->load_noticed_at >= SESSION_LOAD_NOTICE) {
		host->load_noticed_at = now->boot_ns;
		host->ops.notify(host->ctx, SESSION_NOTICE_LOAD, NULL, NULL,
				 "many handshakes: asking for cookies");
	}
}

static bool session_cookie_valid(struct session_host *host,
				 const struct clock *now,
				 const struct endpoint *src,
				 const uint8_t *frame, size_t len)
{
	uint8_t secret[COOKIE_SECRET_LEN];

	if (cookie_jar_due(host->jar, now->boot_ns)) {
		session_random(host, secret, sizeof(secret));
		cookie_jar_rotate(host->jar, now->boot_ns, secret);
		sodium_memzero(secret, sizeof(secret));
	}
	return cookie_check(host->jar, src, frame, len);
}

/* What recordings of one peer may cost is taken from this peer alone. */
static bool session_init_spare(struct session_peer *peer,
			       const struct clock *now)
{
	uint32_t rate = peer->host->config.load_rate;

	return ratelimit_take(&peer->unproven, now->boot_ns,
			      SESSION_PEER_RATE, SESSION_PEER_BURST) &&
	       ratelimit_take(&peer->host->load, now->boot_ns, rate, rate);
}

/* Before any public-key work: is there capacity, and is the source real? */
static bool session_init_admit(struct session_peer *peer,
			       const struct clock *now,
			       const struct endpoint *src,
			       const struct wire_init *init,
			       const uint8_t *frame, size_t len)
{
	struct session_host *host = peer->host;

	if (!session_init_spare(peer, now) &&
	    !session_cookie_valid(host, now, src, frame, len)) {
		host->stats.rx_no_cookie++;
		session_cookie_send(peer, now, src, init);
		return false;
	}
	if (!ratelimit_take_prefix(host->prefixes, now->boot_ns, src)) {
		host->stats.rx_limited++;
		return false;
	}
	return true;
}

static bool session_init_lower(const struct session_peer *peer)
{
	return memcmp(peer->agent->id->public, peer->public,
		      IDENTITY_KEY_LEN) < 0;
}

/*
 * Both began at once: the message of the lower identity wins. It is only
 * insisted on until it is repeated, or a path that works one way only would
 * never give a session.
 */
static bool session_init_crossed(const struct session_peer *peer)
{
	return peer->attempt && peer->attempt->count == 1 &&
	       session_init_lower(peer);
}

/*
 * The key is received with before the answer leaves. The index and the epoch
 * are ours to choose, so a collision is met with others.
 */
static int session_response_make(struct session_peer *peer,
				 const struct clock *now,
				 const struct handshake *received,
				 const struct handshake_terms *theirs,
				 struct handshake_terms *ours, uint8_t *frame)
{
	unsigned int lanes = handshake_lanes(ours, theirs);
	struct session_host *host = peer->host;
	uint8_t ephemeral[NOISE_DH_LEN];
	struct handshake_keys keys;
	struct handshake_ends ends;
	int len, ret, tries = 0;
	struct handshake hs;

	session_ends(peer, &ends);
	ours->epoch = peer->epoch_last + 1;
	if (ours->epoch < theirs->epoch)
		ours->epoch = theirs->epoch;
	do {
		struct session_index index = { .used = false };

		session_index_take(peer, &index);
		ours->index = index.node.key;
		hs = *received;
		session_random(host, ephemeral, sizeof(ephemeral));
		len = handshake_resp_write(&hs, &ends, ours, theirs->index,
					   ephemeral, frame, &keys);
		ret = len < 0 ? len : 0;
		if (!ret) {
			handshake_lanes_take(&hs, false, lanes, &keys);
			ret = session_key_place(peer, now, SESSION_SLOT_NEXT,
						&index, ours, theirs, &keys);
		}
		/* Moved into the slot when the kernel took the key. */
		session_index_drop(host, &index);
		ours->epoch += !!ret;
	} while (ret == -EEXIST && ++tries < SESSION_COLLISIONS_MAX);

	sodium_memzero(ephemeral, sizeof(ephemeral));
	handshake_keys_wipe(&keys);
	handshake_wipe(&hs);
	return ret ? ret : len;
}

/*
 * The kernel learns where the peer is from what comes directly. What comes by
 * a relay could not be answered before the helper has heard of it, so the
 * kernel is told where that would be. It has no key to send anything there
 * until the peer confirmed it, and for us the peer is where it was.
 */
static void session_init_carried(struct session_peer *peer,
				 const struct endpoint *src)
{
	struct session_host *host = peer->host;

	if (endpoint_is_direct(src) || peer->current.index.used ||
	    endpoint_check(src) || endpoint_equal(&peer->in_kernel, src))
		return;
	if (!host->ops.endpoint_set(host->ctx, peer->agent, peer, src))
		peer->in_kernel = *src;
}

static void session_init_answer(struct session_peer *peer,
				const struct clock *now,
				const struct endpoint *src,
				const struct handshake *hs,
				const struct handshake_terms *theirs)
{
	struct session_host *host = peer->host;
	struct handshake_terms ours;
	uint8_t frame[WIRE_FRAME_MAX];
	bool wanted;
	int len;

	session_terms(peer, src, &ours);
	ours.cipher = handshake_cipher_choose(&ours, theirs);
	if (theirs->address != peer->address || !ours.cipher) {
		host->stats.rx_refused++;
		session_notify(peer, SESSION_NOTICE_REFUSED, "%s", ours.cipher ?
			       "the peer has another address than configured "
			       "here" : "no cipher in common with the peer");
		return;
	}
	len = session_response_make(peer, now, hs, theirs, &ours, frame);
	if (len < 0) {
		host->stats.rx_refused++;
		session_notify(peer, SESSION_NOTICE_REFUSED,
			       "the kernel does not take the key: %s",
			       strerror(-len));
		return;
	}
	wanted = peer->current.index.used || peer->attempt || peer->persist;
	/*
	 * The higher identity may have dropped the message we answer for one
	 * of ours, which crossed it: ours has to stay alive then, or neither
	 * answer finds who waits for it.
	 */
	if (!session_init_lower(peer))
		session_attempt_drop(peer);
	peer->offered.source = *src;
	peer->handshake = *src;
	session_init_carried(peer, src);
	peer->idle = false;
	peer->confirm_at = CLOCK_NEVER;
	if (wanted)
		peer->confirm_at = now->boot_ns +
				   (peer->current.index.used ?
				    SESSION_CONFIRM_WAIT :
				    SESSION_RESPOND_WAIT);
	host->stats.tx_responses++;
	host->ops.send(host->ctx, src, frame, len);
	session_notify(peer, SESSION_NOTICE_ESTABLISHED, "%s", "");
}

void session_init_receive(struct session_host *host, const struct clock *now,
			  const struct endpoint *src, const uint8_t *frame,
			  size_t len)
{
	struct handshake_terms theirs;
	struct handshake_ends ends;
	struct session_peer *peer;
	struct wire_init init;
	struct handshake hs;
	uint64_t stamp;

	if (wire_init_parse(frame, len, &init)) {
		host->stats.rx_malformed++;
		return;
	}
	session_hints_update(host, now->real_ns);
	peer = session_init_find(host, &init, frame, len);
	if (!peer || !session_init_admit(peer, now, src, &init, frame, len))
		return;
	session_ends(peer, &ends);
	if (handshake_init_read(&hs, &ends, frame, len, &stamp, &theirs)) {
		host->stats.rx_unauthentic++;
		goto out;
	}
	seen_add(&peer->seen, init.mac1);
	if (!stamp_is_fresh(stamp, peer->stamp_seen, now->real_ns)) {
		host->stats.rx_replayed++;
		goto out;
	}
	peer->stamp_seen = stamp;
	if (!session_init_crossed(peer))
		session_init_answer(peer, now, src, &hs, &theirs);
	session_peer_schedule(peer);
out:
	handshake_wipe(&hs);
}

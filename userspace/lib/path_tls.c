// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Introducers where UDP does not get through: by TLS, to a process on loopback
 * that speaks for them, for as long as nothing else works.
 */
#include <string.h>

#include "path_impl.h"

#define PATH_TLS_PING		(500 * CLOCK_MS)	/* while in doubt */
#define PATH_TLS_HANDSHAKE	CLOCK_SECOND		/* while in doubt */
#define PATH_TLS_AGAIN		(5 * CLOCK_SECOND)	/* a handshake */
#define PATH_TLS_BACK		(2 * CLOCK_SECOND)	/* UDP is tried again */
#define PATH_TLS_TRIES		3	/* pings by UDP, each time */
#define PATH_TLS_SETTLED	(10 * CLOCK_SECOND)	/* of UDP */

static bool path_tls_by_udp(const struct path_peer *peer)
{
	const struct path_live *live = peer->live;

	return live && live->ready && live->used && !live->dead &&
	       live->used->kind != PATH_KIND_TLS &&
	       endpoint_is_direct(&live->used->endpoint);
}

static bool path_tls_by_tls(const struct path_peer *peer)
{
	const struct path_live *live = peer->live;

	return path_is_by_tls(live) && live->ready && !live->dead;
}

static void path_tls_forget(struct path_peer *peer, const struct clock *now)
{
	struct path_live *live = peer->live;
	struct path_candidate *c = live ? path_tls_candidate(live) : NULL;

	if (!c)
		return;
	if (c == live->used && live->ready && !live->dead)
		path_died(live, now, "TLS is not to be used any more");
	path_candidate_drop(live, c);
}

static void path_tls_want(struct path_peer *peer, const struct clock *now,
			  bool wanted)
{
	struct path_host *host = peer->host;
	struct path_tls *tls = &peer->tls;

	if (tls->wanted == wanted)
		return;
	tls->wanted = wanted;
	tls->doubt_at = tls->good_at = CLOCK_NEVER;
	tls->at = now->boot_ns;
	/* It may only have been a restart. */
	tls->udp_wait = PATH_TLS_BACK;
	tls->udp_at = now->boot_ns + tls->udp_wait;
	tls->tries = 0;
	if (!wanted) {
		path_tls_forget(peer, now);
		memset(&tls->local, 0, sizeof(tls->local));
		tls->at = CLOCK_NEVER;
	}
	host->ops.tls(host->ctx, peer, wanted);
}

/* Where UDP would go, if it went. */
static struct path_candidate *path_tls_other(struct path_live *live)
{
	const struct endpoint *ep = &live->peer->configured;

	if (!endpoint_is_set(ep) ||
	    !path_family_here(live->peer->host, ep))
		return NULL;
	return path_candidate_add(live, ep, PATH_KIND_CONFIGURED);
}

/*
 * Either end may have lost what it knew of the session, and cannot answer or
 * ask: a handshake tells whether UDP gets through.
 */
static void path_tls_ask_anew(struct path_peer *peer, const struct clock *now)
{
	struct path_live *live = path_live_get(peer);
	struct path_candidate *c = live ? path_tls_other(live) : NULL;

	if (c && now->boot_ns - live->handshake_at >= PATH_TLS_HANDSHAKE)
		path_handshake(live, now, &c->endpoint);
}

/* Return: whether it is over with the doubt. */
static bool path_tls_ask(struct path_peer *peer, const struct clock *now)
{
	struct path_host *host = peer->host;
	struct path_tls *tls = &peer->tls;

	if (path_tls_by_udp(peer) &&
	    peer->live->used->heard_at > tls->doubt_at) {
		tls->doubt_at = CLOCK_NEVER;
		return true;
	}
	/* When we did not run, there was no answer to hear. */
	tls->doubt_at += now->boot_ns - tls->at;
	if (now->boot_ns - tls->doubt_at >= host->config.tls_wait * CLOCK_MS) {
		path_tls_want(peer, now, true);
		return true;
	}
	if (path_tls_by_udp(peer))
		path_ping(peer->live, now, peer->live->used, false);
	/* Not at once: what a helper before us left is told first. */
	if (now->boot_ns - tls->doubt_at >= PATH_TLS_PING)
		path_tls_ask_anew(peer, now);
	tls->at = now->boot_ns + PATH_TLS_PING;
	return false;
}

static void path_tls_try_udp(struct path_peer *peer, const struct clock *now)
{
	struct path_tls *tls = &peer->tls;
	struct path_candidate *c = path_tls_other(peer->live);

	if (c && tls->tries < PATH_TLS_TRIES) {
		path_ping(peer->live, now, c, false);
		tls->tries++;
		tls->udp_at = now->boot_ns + PATH_TLS_PING;
		return;
	}
	if (c && c->state != PATH_STATE_VALID)
		path_candidate_fail(c, "no answer by UDP");
	tls->tries = 0;
	tls->udp_wait = path_earlier(tls->udp_wait * 2,
				     peer->host->config.retry * CLOCK_MS);
	tls->udp_at = now->boot_ns + tls->udp_wait;
}

static void path_tls_keep(struct path_peer *peer, const struct clock *now)
{
	struct path_tls *tls = &peer->tls;
	struct path_candidate *c;

	tls->at = CLOCK_NEVER;
	if (path_tls_by_udp(peer)) {
		if (tls->good_at == CLOCK_NEVER)
			tls->good_at = now->boot_ns;
		tls->at = tls->good_at + PATH_TLS_SETTLED;
		if (tls->at <= now->boot_ns)
			path_tls_want(peer, now, false);
		return;
	}
	tls->good_at = CLOCK_NEVER;
	if (path_tls_by_tls(peer)) {
		if (tls->udp_at <= now->boot_ns)
			path_tls_try_udp(peer, now);
		tls->at = tls->udp_at;
		return;
	}
	/* Nothing works: the other end may have been away, and be back. */
	if (!endpoint_is_set(&tls->local) || !path_live_get(peer))
		return;
	c = path_candidate_add(peer->live, &tls->local, PATH_KIND_TLS);
	if (c)
		path_handshake(peer->live, now, &c->endpoint);
	tls->at = now->boot_ns + PATH_TLS_AGAIN;
}

uint64_t path_tls_deadline(const struct path_peer *peer,
			   const struct clock *now)
{
	const struct path_tls *tls = &peer->tls;

	/* What happened may have been to its path. */
	if (tls->wanted && path_tls_by_udp(peer) != (tls->good_at !=
						     CLOCK_NEVER))
		return now->boot_ns;
	return tls->at;
}

void path_tls_stop(struct path_peer *peer, const struct clock *now)
{
	peer->tls.allowed = false;
	path_tls_want(peer, now, false);
	peer->tls.at = peer->tls.doubt_at = CLOCK_NEVER;
}

void path_tls_timer(struct path_peer *peer, const struct clock *now)
{
	struct path_tls *tls = &peer->tls;

	if (path_tls_deadline(peer, now) > now->boot_ns)
		return;
	if (!tls->allowed) {
		path_tls_stop(peer, now);
		return;
	}
	if (tls->doubt_at != CLOCK_NEVER && path_tls_ask(peer, now) &&
	    !tls->wanted)
		tls->at = CLOCK_NEVER;
	if (tls->wanted)
		path_tls_keep(peer, now);
}

/* It stays the same path when the process for it is another one. */
static void path_tls_place(struct path_live *live, const struct clock *now,
			   const struct endpoint *local)
{
	struct path_candidate *c = path_tls_candidate(live);

	if (!c)
		c = path_candidate_add(live, local, PATH_KIND_TLS);
	if (!c)
		return;
	if (c->state == PATH_STATE_FAILED)
		c->state = PATH_STATE_NEW;
	c->reason = "";
	if (!endpoint_equal(&c->endpoint, local)) {
		c->endpoint = *local;
		if (c == live->used)
			path_use(live, now, c, true);
	}
	/* The connection is a new one: we are elsewhere for the other end. */
	if (!path_tls_by_udp(live->peer))
		path_handshake(live, now, &c->endpoint);
}

void path_tls_up(struct path_peer *peer, const struct clock *now,
		 const struct endpoint *local)
{
	struct path_tls *tls = &peer->tls;

	if (!tls->allowed || !peer->introducer)
		return;
	/* One that was there before we were. */
	if (!tls->wanted)
		path_tls_want(peer, now, true);
	tls->local = *local;
	tls->at = path_tls_by_tls(peer) ? tls->udp_at :
					  now->boot_ns + PATH_TLS_AGAIN;
	if (path_live_get(peer))
		path_tls_place(peer->live, now, local);
}

void path_tls_down(struct path_peer *peer, const struct clock *now)
{
	struct path_live *live = peer->live;
	struct path_candidate *c = live ? path_tls_candidate(live) : NULL;
	bool ours = peer->tls.wanted && c &&
		    endpoint_equal(&c->endpoint, &peer->tls.local);

	memset(&peer->tls.local, 0, sizeof(peer->tls.local));
	if (!ours)
		return;
	if (c == live->used && live->ready && !live->dead)
		path_died(live, now, "the TLS connection broke");
	else
		path_candidate_fail(c, "the TLS connection broke");
	peer->tls.at = now->boot_ns;
}

bool path_tls_ponged(struct path_live *live, const struct clock *now,
		     const struct path_candidate *c)
{
	if (!path_tls_leaves(live, c))
		return false;
	/* It relays for us there once it has heard us there. */
	if (now->boot_ns - live->handshake_at >= CLOCK_SECOND)
		path_handshake(live, now, &c->endpoint);
	return true;
}

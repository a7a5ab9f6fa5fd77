// SPDX-License-Identifier: GPL-2.0-or-later
/* Getting to a peer to which there is no way, or no longer one. */
#include "path_impl.h"

/*
 * Each way gets so long, and longer the next time: an answer to a message
 * before the last counts for nothing.
 */
#define PATH_REACH_STEP		(3 * CLOCK_SECOND)

void path_observe(struct path_agent *agent, const struct clock *now,
		  uint64_t age)
{
	struct path_peer *peer = agent->introducers;

	for (; peer; peer = peer->next_introducer) {
		struct path_live *live = peer->live;

		if (!live || !live->ready || !live->used ||
		    now->boot_ns - live->used->ponged_at < age ||
		    (live->used->ponged_at < live->used->pinged_at &&
		     now->boot_ns - live->used->pinged_at < CLOCK_SECOND))
			continue;
		live->watch_at = now->boot_ns;
		path_live_due(live, now->boot_ns);
		path_tls_doubt(peer, now);
	}
}

unsigned int path_introducers_ask(struct path_agent *agent,
				  const struct clock *now)
{
	unsigned int count = 0;

	for (struct path_peer *peer = agent->introducers; peer;
	     peer = peer->next_introducer) {
		struct path_live *live = peer->live;

		if (!live || !live->ready || !live->used)
			continue;
		live->watch_at = now->boot_ns;
		path_live_due(live, now->boot_ns);
		count++;
	}
	return count;
}

static struct path_candidate *path_configured(struct path_live *live)
{
	const struct endpoint *ep = &live->peer->configured;

	return endpoint_is_set(ep) ?
	       path_candidate_add(live, ep, PATH_KIND_CONFIGURED) : NULL;
}

static bool path_reach_can(struct path_live *live,
			   const struct path_candidate *c)
{
	if (!endpoint_is_set(&c->endpoint) || c->gone)
		return false;
	if (c->kind == PATH_KIND_RELAY)
		return path_relay_usable(live, c);
	/* What the peer said once is for pings, not for handshakes. */
	return c->kind == PATH_KIND_CONFIGURED || c->kind == PATH_KIND_TLS ||
	       c->configured || c->proven;
}

/* Each in its turn, so that none of them is all that is tried. */
static struct path_candidate *path_reach_next(struct path_live *live)
{
	for (unsigned int i = 1; i <= PATH_SLOTS; i++) {
		struct path_candidate *c;

		c = &live->slot[(live->turn + i) % PATH_SLOTS];
		if (path_reach_can(live, c))
			return c;
	}
	return NULL;
}

/* What ended the way to the peer may have ended others at the same time. */
static uint64_t path_reach_age(const struct path_live *live,
			       const struct clock *now)
{
	return live->ready ? path_earlier(now->boot_ns - live->heard_at,
					  PATH_OBSERVE_AGE) :
			     PATH_OBSERVE_AGE;
}

void path_reach(struct path_live *live, const struct clock *now)
{
	const struct endpoint *first = &live->peer->last;
	struct path_host *host = path_host_of(live);
	struct path_candidate *c;

	if (live->reach_until)
		return;
	host->stats.reaches++;
	live->reach_until = now->boot_ns + path_ms(live, reach_time);
	live->reach_at = now->boot_ns;
	live->reach_step = PATH_REACH_STEP;
	live->opened = false;
	path_observe(live->peer->agent, now, path_reach_age(live, now));
	c = path_configured(live);
	path_notify(live, PATH_NOTICE_REACHING, "%s", "");
	/* A session that is there is kept; pings look for a way. */
	if (live->ready) {
		path_round_begin(live, now);
		if (c)
			path_handshake(live, now, &c->endpoint);
		return;
	}
	if (!endpoint_is_set(first) || !endpoint_is_direct(first))
		first = c ? &c->endpoint : NULL;
	if (!first)
		return;
	live->reach_at += path_ms(live, configured_wait);
	path_handshake(live, now, first);
}

void path_reach_end(struct path_live *live)
{
	live->reach_until = 0;
	live->reach_at = CLOCK_NEVER;
}

static void path_reach_give_up(struct path_live *live,
			       const struct clock *now)
{
	struct path_peer *peer = live->peer;

	path_reach_end(live);
	peer->gave_up_at = now->boot_ns;
	if (peer->give_ups < PATH_HOLD_STEPS)
		peer->give_ups++;
	live->retry_at = now->boot_ns + path_ms(live, retry);
	path_notify(live, PATH_NOTICE_UNREACHABLE, "%s",
		    peer->agent->introducers || peer->introducer ||
		    endpoint_is_set(&peer->configured) ?
		    "no answer by any way that is known" :
		    "no endpoint is configured and there is no introducer");
	if (!live->ready)
		path_relay_close_all(live);
}

static void path_reach_by(struct path_live *live, const struct clock *now,
			  struct path_candidate *c)
{
	path_handshake(live, now, &c->endpoint);
	live->turn = c - live->slot;
	live->reach_at = now->boot_ns + live->reach_step;
	live->reach_step += CLOCK_SECOND;
}

void path_reach_granted(struct path_live *live, const struct clock *now,
			struct path_candidate *c)
{
	if (!live->reach_until || !path_relay_usable(live, c)) {
		/* It may be of use later: is it any good? */
		if (live->ready)
			path_check_soon(live, now, c);
		return;
	}
	if (!live->ready) {
		/* The first one only; the others get their turn. */
		if (live->opened && now->boot_ns - live->handshake_at >=
				    path_ms(live, configured_wait))
			path_reach_by(live, now, c);
		return;
	}
	if (live->used && !live->dead)
		return;
	path_use_and_tell(live, now, c);
	live->turn = c - live->slot;
	live->reach_at = now->boot_ns + PATH_REACH_STEP;
}

void path_reach_timer(struct path_live *live, const struct clock *now)
{
	struct path_candidate *c;

	if (!live->reach_until || live->reach_at > now->boot_ns)
		return;
	/* When we did not run, nothing was tried. */
	live->reach_until += now->boot_ns - live->reach_at;
	if (live->reach_until <= now->boot_ns) {
		path_reach_give_up(live, now);
		return;
	}
	live->reach_at = path_earlier(now->boot_ns + CLOCK_SECOND,
				      live->reach_until);
	if (!live->opened) {
		live->opened = true;
		if (!path_relay_open_all(live, now) &&
		    !endpoint_is_set(&live->peer->configured) &&
		    !live->peer->agent->introducers)
			path_reach_give_up(live, now);
		else if (live->handshake_at + path_ms(live, configured_wait) >=
			 now->boot_ns)
			live->reach_at = live->handshake_at + live->reach_step;
		return;
	}
	path_relay_open_all(live, now);
	c = path_reach_next(live);
	if (c && c->kind == PATH_KIND_RELAY)
		path_relay_refresh(live, now, c);
	if (c)
		path_reach_by(live, now, c);
}

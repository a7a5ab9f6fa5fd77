// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens, and whose business it is. */
#include <string.h>

#include "path_impl.h"

static uint64_t path_deadline(const struct path_live *live,
			      const struct clock *now)
{
	uint64_t at = path_flights_deadline(live);

	at = path_earlier(at, path_relay_deadline(live));
	at = path_earlier(at, path_check_deadline(live));
	at = path_earlier(at, path_choose_deadline(live));
	at = path_earlier(at, path_watch_deadline(live, now));
	at = path_earlier(at, path_turn_deadline(live, now));
	return path_earlier(at, live->reach_at);
}

static bool path_is_over(const struct path_live *live)
{
	if (live->ready || live->reach_until)
		return false;
	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		if (live->relay[i].state)
			return false;
	return true;
}

/* Comes last in all that happens to a peer. */
static void path_schedule(struct path_peer *peer, const struct clock *now)
{
	struct path_live *live = peer->live;
	uint64_t at = CLOCK_NEVER;

	if (live && path_is_over(live)) {
		path_live_free(peer);
		live = NULL;
	}
	if (live) {
		path_turn_update(live, now);
		at = path_deadline(live, now);
	}
	timer_set(&peer->host->timers, &peer->timer,
		  path_earlier(at, path_earlier(peer->seek_at,
						path_tls_deadline(peer, now))));
}

static void path_live_timer(struct path_live *live, const struct clock *now)
{
	path_overslept(live, now);
	path_flights_expire(live, now);
	path_relay_timer(live, now);
	path_reach_timer(live, now);
	path_check_timer(live, now);
	path_choose_timer(live, now);
	path_watch_timer(live, now);
}

void path_timer(struct path_host *host, const struct clock *now)
{
	struct timer *timer;

	while ((timer = timer_first(&host->timers)) &&
	       timer->at <= now->boot_ns) {
		struct path_peer *peer = table_entry(timer, struct path_peer,
						     timer);

		if (peer->seek_at <= now->boot_ns)
			path_introducer_seek(peer, now);
		if (peer->live)
			path_live_timer(peer->live, now);
		path_tls_timer(peer, now);
		path_schedule(peer, now);
		/* What was due is done; what is due again waits a little. */
		if (peer->timer.pos && peer->timer.at <= now->boot_ns)
			timer_set(&host->timers, &peer->timer,
				  now->boot_ns + CLOCK_MS);
	}
}

/* Every bit of @a is in @b, in the same place. */
static bool path_addresses_same(const struct path_host *host,
				const struct path_address *addresses,
				unsigned int count)
{
	if (count != host->address_count)
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (addresses[i].prefix != host->address[i].prefix ||
		    !endpoint_equal(&addresses[i].endpoint,
				    &host->address[i].endpoint))
			return false;
	return true;
}

/* All that was found out was found out from other addresses. */
static void path_begin_anew(struct path_live *live, const struct clock *now)
{
	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		c->penalty_until = 0;
		c->deaths = 0;
		c->samples = c->lossy = 0;
		if (endpoint_is_set(&c->endpoint) && c != live->used &&
		    c->kind != PATH_KIND_RELAY)
			c->state = PATH_STATE_NEW;
	}
	path_keep_anew(live);
	live->fresh = live->theirs_known;
	live->anew_at = now->boot_ns;
	if (!live->ready || !live->used)
		return;
	live->watch_at = live->backup_at = now->boot_ns;
	if (live->dead) {
		path_round_begin(live, now);
	} else if (path_way_gone(live->peer->host, &live->used->endpoint)) {
		/* No answer can be awaited. */
		path_died(live, now, "no address of its family is left");
		return;
	}
	/* Its relay and its kernel hear from us where we are now. */
	if (live->peer->introducer)
		path_handshake(live, now, &live->used->endpoint);
}

static void path_agent_moved(struct path_agent *agent, const struct clock *now,
			     bool anew)
{
	if (anew) {
		agent->news_at = now->boot_ns;
		path_observed_drop(agent, NULL);
	}
	for (struct path_peer *peer = agent->introducers; anew && peer;
	     peer = peer->next_introducer)
		path_tls_anew(peer, now);
	path_generation_next(agent, now);
	for (struct path_live *live = agent->lives; live; live = live->next) {
		if (anew)
			path_begin_anew(live, now);
		path_live_due(live, path_deadline(live, now));
	}
	for (struct path_peer *at = agent->introducers; anew && at;
	     at = at->next_introducer)
		path_introducer_seek(at, now);
}

void path_addresses_set(struct path_host *host, const struct clock *now,
			const struct path_address *addresses, size_t count,
			bool changed)
{
	struct path_address kept[PATH_HOST_MAX];
	unsigned int n = 0;

	for (size_t i = 0; i < count && n < PATH_HOST_MAX; i++)
		if (path_endpoint_usable(&addresses[i].endpoint))
			kept[n++] = addresses[i];
	if (path_addresses_same(host, kept, n) && !changed)
		return;
	memcpy(host->address, kept, n * sizeof(*kept));
	host->address_count = n;
	path_families_note(host);
	for (struct path_agent *a = host->agents; a; a = a->next)
		path_agent_moved(a, now, true);
}

void path_routed(struct path_host *host, const struct clock *now)
{
	for (struct path_agent *a = host->agents; a; a = a->next) {
		a->news_at = now->boot_ns;
		/* By other ways, perhaps, and then seen elsewhere. */
		path_observe(a, now, 0);
		for (struct path_peer *at = a->introducers; at;
		     at = at->next_introducer)
			path_introducer_seek(at, now);
		for (struct path_live *live = a->lives; live;
		     live = live->next) {
			if (!live->ready || !live->used ||
			    !path_busy(live, now))
				continue;
			live->watch_at = path_earlier(live->watch_at,
						      now->boot_ns);
			live->retry_at = now->boot_ns;
			path_live_due(live, now->boot_ns);
		}
	}
}

void path_mapped_set(struct path_host *host, const struct clock *now,
		     const struct endpoint *mapped, size_t count)
{
	struct endpoint kept[PATH_MAPPED_MAX];
	unsigned int n = 0;
	bool same;

	for (size_t i = 0; i < count && n < PATH_MAPPED_MAX; i++)
		if (path_endpoint_usable(&mapped[i]))
			kept[n++] = mapped[i];
	same = n == host->mapped_count;
	for (unsigned int i = 0; same && i < n; i++)
		same = endpoint_equal(&kept[i], &host->mapped[i]);
	if (same)
		return;
	memcpy(host->mapped, kept, n * sizeof(*kept));
	host->mapped_count = n;
	for (struct path_agent *a = host->agents; a; a = a->next)
		path_agent_moved(a, now, false);
}

/* What went by an allocation does so no more. */
static void path_turn_end(struct path_live *live, const struct clock *now)
{
	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		if (!endpoint_is_set(&c->endpoint) || !path_by_turn(c) ||
		    c->gone)
			continue;
		c->gone = true;
		if (live->used == c && live->ready && !live->dead)
			path_died(live, now, "the TURN server relays no more");
		/* Its channel may soon lead to somebody else. */
		if (live->used != c)
			path_candidate_drop(live, c);
	}
	live->turn_at = 0;
}

void path_turn_set(struct path_host *host, const struct clock *now,
		   const struct path_turn *turn)
{
	static const struct path_turn none;
	struct path_live *live, *next;

	host->turn = turn ? *turn : none;
	for (struct path_agent *a = host->agents; a; a = a->next) {
		for (live = a->lives; live; live = next) {
			next = live->next;
			path_turn_end(live, now);
		}
		path_agent_moved(a, now, false);
		for (live = a->lives; live; live = next) {
			next = live->next;
			path_schedule(live->peer, now);
		}
	}
}

void path_turn_ready(struct path_host *host, const struct clock *now)
{
	for (struct path_agent *a = host->agents; a; a = a->next) {
		struct path_live *live = a->lives, *next;

		for (; live; live = next) {
			next = live->next;
			if (!live->turn_need)
				continue;
			live->turn_at = 0;
			path_schedule(live->peer, now);
		}
	}
}

static bool path_is_carried(const struct endpoint *via)
{
	return endpoint_is_set(via) && !endpoint_is_direct(via);
}

/*
 * The handshake came by a relay of nobody we know of yet, as after a restart.
 * Data goes there, so it stays; another way is taken once it is proven.
 */
static void path_confirmed_carried(struct path_live *live,
				   const struct clock *now)
{
	struct path_peer *peer = live->peer;
	struct path_candidate *c;

	if (!endpoint_is_set(&peer->configured))
		return;
	c = path_candidate_add(live, &peer->configured, PATH_KIND_CONFIGURED);
	if (c)
		path_check_soon(live, now, c);
}

/* Now it is known who carries it. */
static void path_carried_take(struct path_agent *agent,
			      const struct clock *now)
{
	for (struct path_live *live = agent->lives; live; live = live->next) {
		struct path_peer *peer = live->peer;
		struct path_candidate *c;

		if (!live->ready || live->used || !path_is_carried(&peer->via))
			continue;
		c = path_source(live, now, &peer->via);
		if (!c)
			continue;
		peer->via.family = AF_UNSPEC;
		path_use(live, now, c, false);
		if (peer->controlling)
			path_nominate(live, now, c);
		live->tell_at = now->boot_ns;
		path_live_due(live, now->boot_ns);
	}
}

/* The peer is where the handshake was, unless we know better. */
static void path_confirmed(struct path_live *live, const struct clock *now)
{
	struct path_peer *peer = live->peer;
	struct path_candidate *c = NULL;
	bool first = !live->ready, agree = false;

	live->ready = true;
	peer->give_ups = 0;
	if (first && peer->introducer)
		peer->agent->news_at = now->boot_ns;
	if (endpoint_is_set(&peer->via))
		c = path_source(live, now, &peer->via);
	if (!c && !live->used && path_is_carried(&peer->via))
		path_confirmed_carried(live, now);
	else if (!c && !live->used && endpoint_is_set(&peer->configured))
		c = path_candidate_add(live, &peer->configured,
				       PATH_KIND_CONFIGURED);
	if (c && (!live->used || live->dead || path_tls_leaves(live, c) ||
		  !path_is_fresh(live, now))) {
		c->heard_at = now->boot_ns;
		if (c == live->used && !live->dead) {
			live->heard_at = now->boot_ns;
		} else {
			path_use(live, now, c, false);
			agree = true;
		}
	} else if (c && c != live->used) {
		path_check_soon(live, now, c);
		agree = true;
	}
	/*
	 * The handshake turned the kernel to where it was, or just now the peer's
	 * first data did, before which control messages came.
	 */
	if (live->used && !live->dead && (c ? c != live->data : !first))
		path_data_to(live, live->data, true);
	/* Either end may know better than this handshake. */
	if (agree && peer->controlling && !live->nominee)
		path_nominate(live, now, live->used);
	if (live->used)
		peer->via.family = AF_UNSPEC;
	if (!live->dead)
		path_reach_end(live);
	if (first) {
		live->told = false;
		live->active = false;
		live->idle_at = now->boot_ns;
		/* The kernel tells when it is idle, not that it is not. */
		path_wake(live, now);
		/* First how long it takes there and back. */
		if (live->tell_at != CLOCK_NEVER)
			live->tell_at = now->boot_ns;
	}
	if (peer->introducer) {
		path_introducer_anew(peer, now);
		path_carried_take(peer->agent, now);
	}
}

static void path_expired(struct path_live *live)
{
	live->ready = false;
	live->dead = false;
	live->used = live->data = NULL;
	live->nominee = NULL;
	live->in_round = false;
	live->round = 0;
	live->tell_at = live->punch_at = live->round_at = CLOCK_NEVER;
	live->check_at = live->nominate_at = live->settle_at = CLOCK_NEVER;
	live->failure_at = live->watch_at = CLOCK_NEVER;
	live->backup_at = live->retry_at = CLOCK_NEVER;
	live->told = live->theirs_known = false;
	live->tells = 0;
	path_keep_interrupted(live);
	if (!live->reach_until)
		path_relay_close_all(live);
}

static const struct endpoint *path_direct(const struct path_live *live)
{
	const struct path_candidate *proven = NULL;

	if (endpoint_is_set(&live->peer->configured))
		return &live->peer->configured;
	for (int i = 0; i < PATH_SLOTS; i++) {
		const struct path_candidate *c = &live->slot[i];

		if (!endpoint_is_set(&c->endpoint) || !c->proven ||
		    !endpoint_is_direct(&c->endpoint))
			continue;
		if (!proven || c->ponged_at > proven->ponged_at)
			proven = c;
	}
	return proven ? &proven->endpoint : NULL;
}

void path_agent_stop(struct path_host *host, const struct clock *now,
		     struct path_agent *agent)
{
	const struct endpoint none = { .family = AF_UNSPEC };

	while (agent->lives) {
		struct path_live *live = agent->lives;
		struct path_peer *peer = live->peer;
		const struct endpoint *at = path_direct(live);
		const struct endpoint *where = live->data ?
			&live->data->endpoint : &peer->via;

		/* From a direct one, or none, the kernel learns by itself. */
		if (path_is_carried(where) || endpoint_is_loopback(where))
			host->ops.use(host->ctx, peer, at ? at : &none, false);
		path_relay_close_all(live);
		path_live_free(peer);
		peer->via.family = AF_UNSPEC;
		timer_set(&host->timers, &peer->timer, CLOCK_NEVER);
	}
	for (struct path_peer *peer = agent->peers; peer; peer = peer->next)
		path_tls_stop(peer, now);
	path_observed_drop(agent, NULL);
}

void path_session(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, enum path_session event,
		  const struct endpoint *via)
{
	struct path_live *live = peer->live;

	switch (event) {
	case PATH_SESSION_ESTABLISHED:
		if (via)
			peer->via = *via;
		return;
	case PATH_SESSION_CONFIRMED:
		peer->seek_at = CLOCK_NEVER;
		live = path_live_get(peer);
		if (live)
			path_confirmed(live, now);
		break;
	case PATH_SESSION_EXPIRED:
		if (live)
			path_expired(live);
		if (peer->introducer)
			peer->seek_at = now->boot_ns + PATH_SEEK_LEAST;
		path_tls_doubt(peer, now);
		break;
	case PATH_SESSION_FAILED:
		/*
		 * Other ways have their turn as long as we look for one. The
		 * session by itself would soon wait for a quarter of an hour,
		 * and so long nobody could be introduced to us.
		 */
		if (peer->introducer)
			peer->seek_at = now->boot_ns + PATH_SEEK_AGAIN +
					path_jitter(host, PATH_SEEK_AGAIN / 4);
		break;
	}
	path_schedule(peer, now);
}

/* Of an introducer, about another peer of the agent. */
static void path_relay_answer(struct path_peer *introducer,
			      const struct clock *now,
			      const struct path_message *message)
{
	struct path_host *host = introducer->host;
	struct path_peer *peer = path_peer_find(introducer->agent,
						message->peer);
	struct path_candidate *c;
	struct path_live *live;

	if (!introducer->introducer || !peer || peer == introducer) {
		host->stats.rx_forged++;
		return;
	}
	if (message->type == WIRE_CONTROL_RELAY_REFUSED) {
		if (peer->live &&
		    path_relay_refused(peer->live, now, introducer,
				       message->reason) && !peer->live->dead)
			path_died(peer->live, now,
				  "the introducer has ended it");
	} else {
		live = path_live_get(peer);
		if (!live)
			return;
		c = path_relay_granted(live, now, introducer, message);
		if (c) {
			path_observe(peer->agent, now, PATH_OBSERVE_AGE);
			path_reach_granted(live, now, c);
		}
	}
	path_schedule(peer, now);
}

/* Of a peer, about the path between us. */
static void path_peer_message(struct path_live *live, const struct clock *now,
			      const struct endpoint *src,
			      const struct path_message *message)
{
	struct path_host *host = path_host_of(live);
	struct path_candidate *c = path_candidate_find(live, src);

	if (c) {
		c->heard_at = now->boot_ns;
		path_heard(live, now, c);
	}
	switch (message->type) {
	case WIRE_CONTROL_CANDIDATES:
		if (path_told(live, now, src, message))
			path_choose_soon(live, now, NULL);
		break;
	case WIRE_CONTROL_PUNCH:
		if (live->peer->controlling)
			host->stats.rx_refused++;
		else
			path_punched(live, now, message);
		break;
	case WIRE_CONTROL_NOMINATE:
		path_nomination_take(live, now, src, message->generation);
		break;
	case WIRE_CONTROL_NOMINATED:
		path_nominated(live, now, src, message->generation);
		if (c)
			path_heard(live, now, c);
		break;
	case WIRE_CONTROL_PATH_FAILED:
		path_failed_take(live, now, src);
		break;
	case WIRE_CONTROL_LATE:
		path_keep_late(live, now, message->generation);
		break;
	}
}

bool path_control(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, const struct endpoint *src,
		  uint8_t type, const uint8_t *tlvs, size_t len)
{
	struct path_message message;

	if (type < WIRE_CONTROL_RELAY_GRANT ||
	    type > WIRE_CONTROL_LATE || type == WIRE_CONTROL_RELAY_CLOSE ||
	    type == WIRE_CONTROL_LATER)
		return false;
	if (path_message_read(type, tlvs, len, &message)) {
		host->stats.rx_refused++;
		return true;
	}
	if (type == WIRE_CONTROL_RELAY_GRANT ||
	    type == WIRE_CONTROL_RELAY_REFUSED)
		path_relay_answer(peer, now, &message);
	else if (peer->live && peer->live->ready)
		path_peer_message(peer->live, now, src, &message);
	path_schedule(peer, now);
	return true;
}

void path_tls_set(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, const struct endpoint *local)
{
	(void)host;
	if (local)
		path_tls_up(peer, now, local);
	else
		path_tls_down(peer, now);
	path_schedule(peer, now);
}

void path_pinged(struct path_host *host, const struct clock *now,
		 struct path_peer *peer, const struct endpoint *src)
{
	struct path_live *live = peer->live;
	struct path_candidate *c;

	(void)host;
	if (!live || !live->ready)
		return;
	c = path_source(live, now, src);
	if (c) {
		c->heard_at = now->boot_ns;
		path_heard(live, now, c);
		path_check_soon(live, now, c);
	}
	path_schedule(peer, now);
}

/*
 * A NAT gave us another place and we did not move. An introducer's kernel
 * forwards only from where it knows us to be, and learns that from data.
 */
static void path_seen_elsewhere(struct path_live *live,
				const struct clock *now)
{
	if (live->peer->introducer && live->ready && live->used &&
	    now->boot_ns - live->handshake_at >= CLOCK_SECOND)
		path_handshake(live, now, &live->used->endpoint);
}

void path_pong(struct path_host *host, const struct clock *now,
	       struct path_peer *peer, uint64_t token,
	       const struct endpoint *src, const struct endpoint *observed,
	       uint64_t rtt_ns)
{
	struct path_live *live = peer->live;
	struct path_candidate *c;
	bool was_valid;

	(void)host;
	if (!live)
		return;
	c = path_ping_answered(live, now, token, src, rtt_ns);
	if (!c) {
		path_schedule(peer, now);
		return;
	}
	was_valid = c->state == PATH_STATE_VALID;
	c->state = PATH_STATE_VALID;
	c->reason = "";
	if (c == live->data && c != live->used)
		live->data_until = now->boot_ns + PATH_SLOW_TIME;
	path_heard(live, now, c);
	if (endpoint_is_direct(src) &&
	    path_observed_take(peer, now, observed))
		path_seen_elsewhere(live, now);
	if (path_tls_ponged(live, now, c)) {
		path_schedule(peer, now);
		return;
	}
	path_keep_ponged(live, now);
	if (c != live->used && (!was_valid || c->rtts >= PATH_BETTER_SAMPLES))
		path_choose_soon(live, now, c);
	/* Without any way this one is good enough, and better may come. */
	if (live->ready && (!live->used || live->dead)) {
		path_use_and_tell(live, now, c);
		path_reach_end(live);
		live->retry_at = now->boot_ns + CLOCK_SECOND;
	}
	path_schedule(peer, now);
}

void path_moved(struct path_host *host, const struct clock *now,
		struct path_peer *peer, const struct endpoint *endpoint)
{
	struct path_live *live = peer->live;
	struct path_candidate *c;

	if (!live || !live->ready || !endpoint_is_set(endpoint))
		return;
	c = path_source(live, now, endpoint);
	if (!c)
		return;
	c->heard_at = now->boot_ns;
	if (c != live->used) {
		/* The kernel has done it; this makes all agree. */
		path_use(live, now, c, false);
		path_choose_soon(live, now, c);
	}
	path_heard(live, now, c);
	path_check_soon(live, now, c);
	(void)host;
	path_schedule(peer, now);
}

void path_traffic(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, enum path_traffic traffic)
{
	struct path_live *live = peer->live;
	bool active;

	(void)host;
	if (!live)
		return;
	switch (traffic) {
	case PATH_TRAFFIC_ACTIVE:
		path_wake(live, now);
		break;
	case PATH_TRAFFIC_SILENT:
		active = live->active;
		path_wake(live, now);
		/* It is late, and no traffic: an idle peer stays idle. */
		live->active = active;
		live->idle_at = now->boot_ns;
		live->watch_at = path_earlier(live->watch_at, now->boot_ns);
		if (live->dead || (live->ready && !live->used))
			path_reach(live, now);
		break;
	case PATH_TRAFFIC_IDLE:
		if (live->active)
			live->idle_at = now->boot_ns;
		live->active = false;
		break;
	}
	path_schedule(peer, now);
}

/* What was given up has to wait, the longer the more often it was. */
static bool path_is_held(const struct path_peer *peer, const struct clock *now)
{
	return peer->give_ups && peer->gave_up_at >= peer->agent->news_at &&
	       now->boot_ns - peer->gave_up_at <
	       peer->give_ups * PATH_HOLD_STEP;
}

void path_wanted(struct path_host *host, const struct clock *now,
		 struct path_peer *peer)
{
	struct path_live *live = path_live_get(peer);

	(void)host;
	if (!live)
		return;
	if (live->ready && live->used && !live->dead) {
		/* A way is there and a key is not. */
		path_wake(live, now);
		if (now->boot_ns - live->handshake_at >= CLOCK_SECOND)
			path_handshake(live, now, &live->used->endpoint);
	} else if (!path_is_held(peer, now)) {
		path_reach(live, now);
	}
	path_schedule(peer, now);
}

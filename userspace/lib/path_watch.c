// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether the path in use works, and what is done when it does not. */
#include <errno.h>

#include "path_impl.h"

#define PATH_KEEP_LOST		3	/* pings without an answer */
#define PATH_KEEP_AGAIN		CLOCK_SECOND
#define PATH_SAMPLES		16	/* that say what is lost */
#define PATH_FAILED_SOON	(500 * CLOCK_MS)	/* after a move */

static uint64_t path_watch_interval(const struct path_live *live,
				    const struct clock *now)
{
	switch (path_mode(live, now)) {
	case PATH_MODE_ACTIVE:
		return path_ms(live, active);
	case PATH_MODE_WARM:
		return path_ms(live, warm);
	default:
		if (live->used->lost)
			return PATH_KEEP_AGAIN;
		return path_keep_interval(live);
	}
}

/*
 * How many answers in a row may be missing by chance: so many that at this
 * loss it happens about once in a thousand pings.
 */
static unsigned int path_missing(unsigned int loss)
{
	static const struct {
		unsigned int loss, pings;
	} table[] = {
		{ 3, 2 }, { 10, 3 }, { 25, 5 }, { 40, 7 }, { 60, 13 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (loss <= table[i].loss)
			return table[i].pings;
	return 20;
}

/* How long the path in use may be silent. */
static uint64_t path_patience(const struct path_live *live,
			      const struct clock *now)
{
	bool active = path_mode(live, now) == PATH_MODE_ACTIVE;
	uint64_t least = active ? path_ms(live, active_dead) :
				  path_ms(live, warm_dead);
	uint64_t interval = active ? path_ms(live, active) :
				     path_ms(live, warm);
	const struct path_candidate *c = live->used;
	unsigned int loss = path_candidate_loss(c);

	if (!c->rtts)
		return path_later(least, PATH_FIRST_DEAD);
	/* Little is known of it: it may be as bad as the one before. */
	if (c->samples < PATH_SAMPLES && live->loss > 10 * loss)
		loss = live->loss / 10;
	return path_later(least, c->rtt_ns * 3 / 2 +
			  interval * path_missing(loss));
}

static uint64_t path_death_at(const struct path_live *live,
			      const struct clock *now)
{
	uint64_t patience, answer;

	if (!live->ready || !live->used || live->dead)
		return CLOCK_NEVER;
	if (path_mode(live, now) == PATH_MODE_KEEP)
		return live->used->lost >= PATH_KEEP_LOST ? now->boot_ns :
							    CLOCK_NEVER;
	patience = path_patience(live, now);
	/* What the peer sends may come though nothing gets there. */
	answer = path_later(path_later(live->used_at, live->woken_at),
			    live->used->ponged_at);
	return path_earlier(live->heard_at + patience,
			    answer + 4 * path_later(patience,
						    PATH_FIRST_DEAD / 4));
}

/*
 * When half of its time has passed the others are asked, and the rest is for their
 * answers: what died together with it is not what is used instead.
 */
static uint64_t path_doubt_at(const struct path_live *live,
			      const struct clock *now)
{
	uint64_t at = path_death_at(live, now);

	if (at == CLOCK_NEVER || path_mode(live, now) == PATH_MODE_KEEP)
		return CLOCK_NEVER;
	at -= path_patience(live, now) / 2;
	return live->doubted_at < at ? at : CLOCK_NEVER;
}

bool path_is_fresh(const struct path_live *live, const struct clock *now)
{
	return live->used && live->ready && !live->dead &&
	       path_mode(live, now) != PATH_MODE_KEEP &&
	       now->boot_ns - live->heard_at < path_patience(live, now);
}

void path_heard(struct path_live *live, const struct clock *now,
		const struct path_candidate *c)
{
	if (c != live->used)
		return;
	live->heard_at = now->boot_ns;
	live->naps = 0;
	if (live->dead || live->reach_until) {
		live->dead = false;
		/* It may be a makeshift: see soon what else there is. */
		if (live->ready)
			live->retry_at = now->boot_ns + CLOCK_SECOND;
		if (live->ready)
			path_reach_end(live);
	}
}

void path_wake(struct path_live *live, const struct clock *now)
{
	if (!live->active) {
		/* What was patience enough until now is less with traffic. */
		live->heard_at = live->woken_at = now->boot_ns;
		live->watch_at = now->boot_ns;
		path_observe(live->peer->agent, now, PATH_OBSERVE_AGE);
		if (!live->told && live->ready && !live->peer->introducer) {
			live->tells = 0;
			live->tell_at = now->boot_ns;
		}
		if (live->backup_at == CLOCK_NEVER)
			live->backup_at = now->boot_ns +
					  path_ms(live, observe);
		if (live->retry_at == CLOCK_NEVER)
			live->retry_at = now->boot_ns + path_ms(live, retry);
	}
	live->active = true;
}

/* Each death keeps it from being chosen for twice as long. */
static void path_punish(struct path_candidate *c, const struct clock *now)
{
	uint64_t penalty = PATH_PENALTY_FIRST;

	for (int i = 0; i < c->deaths && penalty < PATH_PENALTY_MAX; i++)
		penalty *= 2;
	if (c->deaths < UINT8_MAX)
		c->deaths++;
	c->penalty_until = now->boot_ns + penalty;
}

/*
 * Nothing at all works, so the paths are not to blame. They are as good as
 * before once something comes again.
 */
static void path_forgive(struct path_live *live)
{
	for (int i = 0; i < PATH_SLOTS; i++) {
		live->slot[i].deaths = 0;
		live->slot[i].penalty_until = 0;
	}
}

/* Better kinds are tried again, but none of them before its time. */
static void path_retry_set(struct path_live *live, const struct clock *now)
{
	live->retry_at = now->boot_ns + path_ms(live, retry);
	for (int i = 0; i < PATH_SLOTS; i++) {
		const struct path_candidate *c = &live->slot[i];

		if (endpoint_is_set(&c->endpoint) &&
		    c->penalty_until > now->boot_ns)
			live->retry_at = path_earlier(live->retry_at,
						      c->penalty_until +
						      CLOCK_SECOND);
	}
}

static void path_blame(struct path_live *live, const struct clock *now,
		       struct path_candidate *c, const char *reason)
{
	path_candidate_fail(c, reason);
	if (c->heard_at <= live->used_at)
		path_forgive(live);
	else if (c->ponged_at >= live->anew_at)
		path_punish(c, now);
	path_retry_set(live, now);
}

void path_died(struct path_live *live, const struct clock *now,
	       const char *reason)
{
	struct path_host *host = path_host_of(live);
	struct path_candidate *c = live->used, *next;

	host->stats.deaths++;
	path_blame(live, now, c, reason);
	path_notify(live, PATH_NOTICE_DEAD, "%s", reason);
	path_tls_doubt(live->peer, now);
	next = path_best(live, now, true);
	if (next) {
		path_use_and_tell(live, now, next);
		return;
	}
	live->dead = true;
	path_reach(live, now);
}

void path_failed_take(struct path_live *live, const struct clock *now,
		      const struct endpoint *src)
{
	struct path_candidate *c, *used = live->used;

	if (!live->peer->controlling) {
		path_host_of(live)->stats.rx_refused++;
		return;
	}
	c = path_source(live, now, src);
	if (!c) {
		path_host_of(live)->stats.rx_forged++;
		return;
	}
	/* By the one in use, or one just chosen: then it is known. */
	if ((c == used && !live->nominee) || live->nominee == c ||
	    (used && !live->dead &&
	     now->boot_ns - live->used_at < PATH_FAILED_SOON))
		return;
	if (used && used != c && !live->dead)
		path_blame(live, now, used, "the other end says it is dead");
	path_use_and_tell(live, now, c);
	path_check_soon(live, now, c);
}

/* The best of the others are kept proven, and their NATs open. */
static void path_backups_ping(struct path_live *live, const struct clock *now)
{
	uint64_t interval = path_ms(live, observe);
	struct path_candidate *relay = NULL;
	unsigned int count = 0;

	live->backup_at = now->boot_ns + interval;
	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		if (!endpoint_is_set(&c->endpoint) || c == live->used)
			continue;
		if (c->kind == PATH_KIND_RELAY && path_relay_usable(live, c))
			relay = c;
		else if (c->state == PATH_STATE_VALID && c->lost >= 2)
			path_candidate_fail(c, "went silent");
		else if ((c->state == PATH_STATE_VALID ||
			  (c->state == PATH_STATE_NEW && c->proven)) &&
			 count < PATH_BACKUPS - 1 &&
			 !path_ping(live, now, c, false))
			count++;
	}
	if (relay)
		path_ping(live, now, relay, false);
}

static void path_watch_ping(struct path_live *live, const struct clock *now)
{
	uint64_t interval = path_watch_interval(live, now);
	int ret;

	live->watch_at = CLOCK_NEVER;
	if (!interval && live->heard_at != now->boot_ns)
		return;
	/* A way that is gone says nothing of NATs. */
	if (live->used->lost)
		path_keep_interrupted(live);
	ret = path_ping(live, now, live->used, true);
	/* Data goes by another, for want of a better one: does it work again? */
	if (live->data != live->used &&
	    now->boot_ns - live->data_asked_at >= PATH_SLOW_AGAIN) {
		live->data_asked_at = now->boot_ns;
		path_ask(live, now, live->data, true);
	}
	if (ret == -EBUSY)
		interval = path_ms(live, repeat);
	else if (!ret && live->peer->introducer && !live->used->lost &&
		 path_mode(live, now) == PATH_MODE_KEEP)
		path_keep_ask(live, now);
	if (interval)
		live->watch_at = now->boot_ns + interval;
}

static void path_retry(struct path_live *live, const struct clock *now)
{
	path_retry_set(live, now);
	if (live->dead) {
		path_reach(live, now);
		return;
	}
	if (!live->told) {
		live->tells = 0;
		live->tell_at = now->boot_ns;
	}
	path_punch(live, now, 1);
	path_choose_soon(live, now, NULL);
}

/*
 * A ping was due for so long that the next one was due as well: we did not run,
 * or the whole host did not. What nobody could hear is not missing: it is asked
 * again, and then judged.
 */
void path_overslept(struct path_live *live, const struct clock *now)
{
	uint64_t interval;

	if (!live->ready || !live->used || live->watch_at >= now->boot_ns)
		return;
	interval = path_watch_interval(live, now);
	if (!interval || now->boot_ns - live->watch_at <= interval ||
	    live->naps == PATH_NAPS_MAX)
		return;
	live->naps++;
	path_flights_forget(live);
	path_keep_interrupted(live);
	live->heard_at = live->woken_at = now->boot_ns;
}

void path_watch_timer(struct path_live *live, const struct clock *now)
{
	if (!live->ready || !live->used) {
		live->watch_at = live->backup_at = live->retry_at = CLOCK_NEVER;
		live->data_until = CLOCK_NEVER;
		return;
	}
	if (live->watch_at <= now->boot_ns)
		path_watch_ping(live, now);
	if (path_doubt_at(live, now) <= now->boot_ns) {
		live->doubted_at = now->boot_ns;
		path_ask_others(live, now);
	}
	if (path_death_at(live, now) <= now->boot_ns)
		path_died(live, now, "went silent");
	if (live->data_until <= now->boot_ns)
		path_data_to(live, live->used, true);
	if (live->backup_at <= now->boot_ns) {
		live->backup_at = CLOCK_NEVER;
		if (path_busy(live, now))
			path_backups_ping(live, now);
	}
	if (live->retry_at <= now->boot_ns) {
		live->retry_at = CLOCK_NEVER;
		if (path_busy(live, now))
			path_retry(live, now);
	}
}

uint64_t path_watch_deadline(const struct path_live *live,
			     const struct clock *now)
{
	uint64_t at = path_earlier(live->watch_at,
				   path_earlier(live->backup_at,
						live->retry_at));

	at = path_earlier(at, live->data_until);
	at = path_earlier(at, path_doubt_at(live, now));
	return path_earlier(at, path_death_at(live, now));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Which path is used: the controlling end says, the other one follows. */
#include "path_impl.h"

#define PATH_NOMINATE_WAIT	(300 * CLOCK_MS)
#define PATH_NOMINATE_AGAIN	15
#define PATH_ANSWER_TIME	(100 * CLOCK_MS)	/* at least */

/* Something may still come through there, late as it is. */
static bool path_may_be_slow(struct path_live *live,
			     const struct path_candidate *c)
{
	return c && c->proven && !c->signalling && !c->gone &&
	       !live->peer->introducer &&
	       (c->kind != PATH_KIND_RELAY || path_relay_usable(live, c)) &&
	       !path_way_gone(path_host_of(live), &c->endpoint);
}

void path_use(struct path_live *live, const struct clock *now,
	      struct path_candidate *c, bool hold)
{
	struct path_host *host = path_host_of(live);
	char text[ENDPOINT_TEXT_LEN];

	if (live->used != c) {
		host->stats.moves++;
		endpoint_format(&c->endpoint, text);
		path_notify(live, PATH_NOTICE_USING, "%s by %s",
			    path_class_name(path_candidate_class(live, c)),
			    text);
	}
	live->used = c;
	live->dead = false;
	live->used_at = live->heard_at = now->boot_ns;
	live->watch_at = now->boot_ns;
	if (live->backup_at == CLOCK_NEVER)
		live->backup_at = now->boot_ns + path_ms(live, observe);
	if (live->retry_at == CLOCK_NEVER)
		live->retry_at = now->boot_ns + path_ms(live, retry);
	if (c->state == PATH_STATE_FAILED || c->state == PATH_STATE_NEW)
		c->state = PATH_STATE_CHECKING;
	if (c->kind != PATH_KIND_TLS)
		live->peer->last = c->endpoint;
	path_data_to(live, c->signalling && path_may_be_slow(live, live->data) ?
		     live->data : c, hold);
	if (live->data != c)
		live->data_until = now->boot_ns + PATH_SLOW_TIME;
	path_introducer_moved(live->peer);
}

/* A round trip, with what is lost of them made to count. */
static uint64_t path_effective(const struct path_candidate *c)
{
	/* On a short way, too, it takes a while until a loss is noticed. */
	uint64_t repeat = path_later(c->rtt_ns, PATH_LOSS_TIME);

	return c->rtt_ns + repeat * path_candidate_loss(c) / 25;
}

static bool path_clearly_better(const struct path_candidate *a,
				const struct path_candidate *b)
{
	uint64_t ea = path_effective(a), eb = path_effective(b);

	return a->rtts >= PATH_BETTER_SAMPLES &&
	       b->rtts >= PATH_BETTER_SAMPLES && ea * 5 <= eb * 4 &&
	       eb - ea >= PATH_BETTER_TIME;
}

/* It was asked, and had the time to answer. */
static bool path_owes(const struct path_candidate *c, const struct clock *now)
{
	return c->pinged_at > c->ponged_at &&
	       now->boot_ns - c->pinged_at >
	       path_later(c->rtt_ns * 3 / 2, PATH_ANSWER_TIME);
}

static bool path_can_use(struct path_live *live, const struct clock *now,
			 const struct path_candidate *c, bool any)
{
	if (!endpoint_is_set(&c->endpoint) || c == live->used || c->gone)
		return false;
	/* An answer since then says otherwise. */
	if (path_way_gone(live->peer->host, &c->endpoint) &&
	    c->ponged_at < live->anew_at)
		return false;
	if (c->kind == PATH_KIND_RELAY && !path_relay_usable(live, c))
		return false;
	if (any && c->kind == PATH_KIND_RELAY &&
	    c->state != PATH_STATE_FAILED)
		return true;
	if (c->state != PATH_STATE_VALID)
		return false;
	return any || (!path_is_held_back(live, now, c) && !path_owes(c, now) &&
		       now->boot_ns - c->ponged_at < PATH_FRESH_TIME);
}

struct path_candidate *path_best(struct path_live *live,
				 const struct clock *now, bool any)
{
	struct path_candidate *best = NULL;
	unsigned int least = 0, score;

	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		if (!path_can_use(live, now, c, any))
			continue;
		score = path_candidate_score(live, c);
		/* What was not heard for long, or failed before, comes last. */
		if (c->state != PATH_STATE_VALID || path_owes(c, now) ||
		    now->boot_ns - c->ponged_at >= PATH_FRESH_TIME)
			score += PATH_SCORE_LAST;
		if (now->boot_ns < c->penalty_until)
			score += 2 * PATH_SCORE_LAST;
		if (!best || score < least ||
		    (score == least && path_effective(c) <
				       path_effective(best))) {
			best = c;
			least = score;
		}
	}
	return best;
}

static void path_ask_sort(struct path_live *live, const struct clock *now,
			  bool relays)
{
	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		if ((c->kind == PATH_KIND_RELAY) == relays &&
		    path_can_use(live, now, c, true))
			path_ask(live, now, c, false);
	}
}

void path_ask_others(struct path_live *live, const struct clock *now)
{
	/* There is a limit to what is under way, and they are what is left. */
	path_ask_sort(live, now, true);
	path_ask_sort(live, now, false);
}

void path_nominate(struct path_live *live, const struct clock *now,
		   struct path_candidate *c)
{
	uint32_t seconds = now->real_ns / CLOCK_SECOND;

	/* Grows, over a restart too. */
	live->nomination++;
	if (!live->nominated || (int32_t)(seconds - live->nomination) > 0)
		live->nomination = seconds;
	live->nominated = true;
	live->nominee = c;
	live->nominations = 0;
	live->nominate_at = now->boot_ns;
}

void path_use_and_tell(struct path_live *live, const struct clock *now,
		       struct path_candidate *c)
{
	path_use(live, now, c, true);
	if (!live->told && live->ready && !live->peer->introducer) {
		live->tells = 0;
		live->tell_at = now->boot_ns;
	}
	if (live->peer->controlling) {
		path_nominate(live, now, c);
		return;
	}
	live->failures = PATH_NOMINATE_TRIES;
	live->failure_at = now->boot_ns;
}

static void path_choose(struct path_live *live, const struct clock *now)
{
	struct path_candidate *best;
	unsigned int ours, other;

	/* From TLS to something better a handshake leads. */
	if (!live->peer->controlling || !live->ready || live->nominee ||
	    path_is_by_tls(live))
		return;
	best = path_best(live, now, false);
	if (!best || !live->used)
		return;
	ours = path_candidate_score(live, live->used);
	other = path_candidate_score(live, best);
	if (other < ours ||
	    (other == ours && path_clearly_better(best, live->used)))
		path_nominate(live, now, best);
}

void path_choose_soon(struct path_live *live, const struct clock *now,
		      const struct path_candidate *c)
{
	uint64_t at = now->boot_ns;

	if (!live->peer->controlling)
		return;
	/* Another, better one may answer in a moment. */
	if (!c || path_candidate_class(live, c) != PATH_CLASS_LAN)
		at += path_ms(live, settle);
	live->settle_at = path_earlier(live->settle_at, at);
}

static void path_nomination_end(struct path_live *live)
{
	live->nominee = NULL;
	live->nominate_at = CLOCK_NEVER;
}

void path_nominated(struct path_live *live, const struct clock *now,
		    const struct endpoint *src, uint32_t number)
{
	struct path_candidate *c = live->nominee;

	if (!c || !live->peer->controlling || number != live->nomination ||
	    !endpoint_equal(&c->endpoint, src)) {
		path_host_of(live)->stats.rx_stale++;
		return;
	}
	path_nomination_end(live);
	c->heard_at = now->boot_ns;
	if (live->used == c)
		live->heard_at = now->boot_ns;
	else
		path_use(live, now, c, true);
	/* A better one may have answered meanwhile. */
	path_choose_soon(live, now, NULL);
}

void path_nomination_take(struct path_live *live, const struct clock *now,
			  const struct endpoint *src, uint32_t number)
{
	struct path_message answer = {
		.type = WIRE_CONTROL_NOMINATED, .generation = number,
	};
	struct path_host *host = path_host_of(live);
	int32_t ahead = number - live->nomination;
	struct path_candidate *c;

	if (live->peer->controlling) {
		host->stats.rx_refused++;
		return;
	}
	/* One that was overtaken by a later one. */
	if (live->nominated && ahead < 0 &&
	    now->boot_ns - live->nomination_at < PATH_STALE_TIME) {
		host->stats.rx_stale++;
		return;
	}
	c = path_source(live, now, src);
	if (!c) {
		host->stats.rx_forged++;
		return;
	}
	if (!live->nominated || ahead)
		live->nomination_at = now->boot_ns;
	live->nominated = true;
	live->nomination = number;
	live->failure_at = CLOCK_NEVER;
	c->heard_at = now->boot_ns;
	if (live->used != c || live->dead)
		path_use(live, now, c, true);
	path_check_soon(live, now, c);
	path_send(live, src, &answer);
}

/* For the answer to the last. */
static uint64_t path_nominate_wait(const struct path_live *live,
				   const struct path_candidate *c)
{
	uint64_t rtt = c->rtt_ns;

	if (live->used && live->used->rtt_ns > rtt)
		rtt = live->used->rtt_ns;
	return path_later(PATH_NOMINATE_WAIT, 2 * rtt);
}

static void path_nominate_step(struct path_live *live,
			       const struct clock *now)
{
	struct path_message message = {
		.type = WIRE_CONTROL_NOMINATE, .generation = live->nomination,
	};
	struct path_candidate *c = live->nominee;
	/* Of one that is used already the watch tells whether it works. */
	unsigned int tries = c == live->used ? PATH_NOMINATE_AGAIN :
					       PATH_NOMINATE_TRIES;
	uint64_t wait;

	if (!c) {
		live->nominate_at = CLOCK_NEVER;
		return;
	}
	if (live->nominations < tries) {
		path_send(live, &c->endpoint, &message);
		live->nominations++;
		wait = path_ms(live, nominate);
		if (live->nominations >= PATH_NOMINATE_TRIES)
			wait += path_nominate_wait(live, c);
		live->nominate_at = now->boot_ns + wait;
		return;
	}
	path_nomination_end(live);
	if (c == live->used)
		return;
	path_candidate_fail(c, "the other end did not take it");
	c->penalty_until = now->boot_ns + PATH_PENALTY_FIRST;
	live->retry_at = path_earlier(live->retry_at,
				      c->penalty_until + CLOCK_SECOND);
	path_choose_soon(live, now, NULL);
}

static void path_failure_step(struct path_live *live, const struct clock *now)
{
	struct path_message message = { .type = WIRE_CONTROL_PATH_FAILED };

	live->failure_at = CLOCK_NEVER;
	if (!live->failures || !live->used || !live->ready)
		return;
	path_send(live, &live->used->endpoint, &message);
	if (--live->failures)
		live->failure_at = now->boot_ns + path_ms(live, nominate);
}

void path_choose_timer(struct path_live *live, const struct clock *now)
{
	if (live->settle_at <= now->boot_ns) {
		live->settle_at = CLOCK_NEVER;
		path_choose(live, now);
	}
	if (live->nominate_at <= now->boot_ns)
		path_nominate_step(live, now);
	if (live->failure_at <= now->boot_ns)
		path_failure_step(live, now);
}

uint64_t path_choose_deadline(const struct path_live *live)
{
	return path_earlier(path_earlier(live->settle_at, live->nominate_at),
			    live->failure_at);
}

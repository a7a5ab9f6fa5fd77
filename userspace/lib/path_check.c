// SPDX-License-Identifier: GPL-2.0-or-later
/* Telling candidates, punching, and pinging what the peer told. */
#include <errno.h>
#include <string.h>

#include "path_impl.h"

#define PATH_PUNCH_RATE		1	/* taken, per second and peer */
#define PATH_PUNCH_BURST	6
#define PATH_ANSWER_RATE	2
#define PATH_ANSWER_BURST	8

struct path_candidate *path_source(struct path_live *live,
				   const struct clock *now,
				   const struct endpoint *src)
{
	struct path_candidate *c = path_candidate_find(live, src);

	if (c)
		return c;
	if (src->kind == ENDPOINT_RELAY)
		return path_relay_adopt(live, now, src);
	if (src->kind == ENDPOINT_TURN)
		return path_turn_adopt(live, src);
	if (endpoint_is_loopback(src))
		return path_tls_source(live, src);
	if (!path_endpoint_usable(src) ||
	    path_endpoint_own(live->peer, src))
		return NULL;
	return path_candidate_add(live, src,
				  endpoint_equal(src, &live->peer->configured) ?
				  PATH_KIND_CONFIGURED : PATH_KIND_REFLEXIVE);
}

/* Has @c a use beside the one in use? */
static bool path_wants(const struct path_live *live,
		       const struct path_candidate *c,
		       const struct clock *now)
{
	bool lost = !live->used || live->dead;

	if (!endpoint_is_set(&c->endpoint) || c == live->used ||
	    c->kind == PATH_KIND_RELAY || c->kind == PATH_KIND_TLS ||
	    c->endpoint.kind == ENDPOINT_RELAY || c->gone ||
	    !path_family_here(live->peer->host, &c->endpoint))
		return false;
	if (lost)
		return true;
	if (path_is_held_back(live, now, c) ||
	    (c->state == PATH_STATE_VALID &&
	     now->boot_ns - c->ponged_at < PATH_FRESH_TIME))
		return false;
	/* What has lost too much may do so no more. */
	return path_candidate_score(live, c) - path_candidate_penalty(c) <
	       path_candidate_score(live, live->used);
}

_Static_assert(PATH_CLASSES == WIRE_PATH_CLASSES, "costs go as they are");

static bool path_candidates_send(struct path_live *live,
				 const struct clock *now,
				 const struct endpoint *dst, uint32_t flags)
{
	struct path_agent *agent = live->peer->agent;
	struct path_message message = {
		.type = WIRE_CONTROL_CANDIDATES, .flags = flags,
	};

	if (!agent->generation)
		path_generation_next(agent, now);
	message.generation = agent->generation;
	memcpy(message.cost, agent->host->config.cost, sizeof(message.cost));
	path_own_write(agent, now, &message);
	return path_send(live, dst, &message);
}

static void path_tell(struct path_live *live, const struct clock *now)
{
	live->tell_at = CLOCK_NEVER;
	if (!live->ready || !live->used || live->peer->introducer ||
	    live->told || live->tells >= PATH_TELL_TRIES)
		return;
	path_candidates_send(live, now, &live->used->endpoint,
			     WIRE_CANDIDATES_F_ANSWER);
	live->tell_interval = live->tells ?
		path_earlier(2 * live->tell_interval, PATH_TELL_MAX) :
		path_later(PATH_TELL_FIRST, 2 * live->used->rtt_ns);
	live->tells++;
	live->tell_at = now->boot_ns + live->tell_interval +
			path_jitter(path_host_of(live),
				    live->tell_interval / 4);
}

/* Only to where it is known to be: what it asked for is larger. */
static void path_tell_answer(struct path_live *live, const struct clock *now,
			     const struct endpoint *src)
{
	const struct path_candidate *from = path_candidate_find(live, src);

	/* It reaches us where we come to it, and needs to know no more. */
	if (live->peer->introducer ||
	    !ratelimit_take(&live->answers, now->boot_ns, PATH_ANSWER_RATE,
			    PATH_ANSWER_BURST))
		return;
	if (!from || (!from->proven && from != live->used))
		from = live->used;
	if (from)
		path_candidates_send(live, now, &from->endpoint, 0);
}

/* What grows and was reordered on its way; a restart may begin lower. */
static bool path_stale(bool known, uint32_t number, uint32_t last,
		       uint64_t last_at, const struct clock *now)
{
	return known && (int32_t)(number - last) < 0 &&
	       now->boot_ns - last_at < PATH_STALE_TIME;
}

bool path_told(struct path_live *live, const struct clock *now,
	       const struct endpoint *src, const struct path_message *message)
{
	bool answer = !(message->flags & WIRE_CANDIDATES_F_ANSWER);
	bool differs = memcmp(live->cost, message->cost, sizeof(live->cost));

	if (path_stale(live->theirs_known, message->generation, live->theirs,
		       live->theirs_at, now)) {
		path_host_of(live)->stats.rx_stale++;
		return false;
	}
	memcpy(live->cost, message->cost, sizeof(live->cost));
	if (!live->theirs_known || message->generation != live->theirs) {
		path_candidates_take(live, message);
		live->theirs = message->generation;
		live->fresh = true;
		live->retries = 0;
	}
	live->theirs_known = true;
	live->theirs_at = now->boot_ns;
	if (answer) {
		live->told = true;
		live->tell_at = CLOCK_NEVER;
	} else {
		path_tell_answer(live, now, src);
	}
	if (live->fresh && live->told)
		path_punch(live, now, path_host_of(live)->config.rounds);
	return differs;
}

void path_punch(struct path_live *live, const struct clock *now,
		unsigned int rounds)
{
	live->fresh = false;
	if (!live->peer->controlling || !live->ready || !live->used)
		return;
	for (int i = 0; i < PATH_SLOTS; i++) {
		if (!path_wants(live, &live->slot[i], now))
			continue;
		live->round = 1;
		live->rounds = rounds;
		live->punched = 0;
		live->punch_at = now->boot_ns;
		live->round_at = CLOCK_NEVER;
		live->in_round = false;
		return;
	}
}

static void path_punch_send(struct path_live *live, const struct clock *now)
{
	struct path_message message = {
		.type = WIRE_CONTROL_PUNCH, .round = live->round,
		.generation = live->peer->agent->generation,
	};
	uint64_t half;

	live->punch_at = CLOCK_NEVER;
	if (!live->ready || !live->used || !live->round)
		return;
	path_send(live, &live->used->endpoint, &message);
	/* Once more, for it may be lost, and then all of the round is. */
	if (live->punched == live->round)
		return;
	live->punched = live->round;
	live->punch_at = now->boot_ns + path_ms(live, repeat);
	half = live->used->rtt_ns ? live->used->rtt_ns / 2 : 50 * CLOCK_MS;
	live->round_at = now->boot_ns + path_earlier(half, CLOCK_SECOND);
}

void path_punched(struct path_live *live, const struct clock *now,
		  const struct path_message *message)
{
	if (live->in_round && live->punched == message->round)
		return;
	live->punched = message->round;
	if (!ratelimit_take(&live->punches, now->boot_ns, PATH_PUNCH_RATE,
			    PATH_PUNCH_BURST))
		return;
	/* What it told was lost. */
	if (!live->theirs_known || message->generation != live->theirs) {
		live->told = false;
		live->tells = 0;
		live->tell_at = now->boot_ns;
	}
	path_round_begin(live, now);
}

void path_round_begin(struct path_live *live, const struct clock *now)
{
	live->in_round = true;
	live->round_at = CLOCK_NEVER;
	live->last_check = 0;
	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		c->answered = false;
		c->tried = PATH_TRIES;
		if (!path_wants(live, c, now))
			continue;
		c->tried = 0;
		if (c->state != PATH_STATE_VALID)
			c->state = PATH_STATE_CHECKING;
	}
	live->check_at = now->boot_ns;
}

void path_check_soon(struct path_live *live, const struct clock *now,
		     struct path_candidate *c)
{
	if (c->state == PATH_STATE_VALID && c->proven)
		return;
	c->urgent = true;
	live->check_at = path_earlier(live->check_at, now->boot_ns);
}

/* Is it one to ping? Each of a round is once, whatever was found meanwhile. */
static bool path_check_wants(const struct path_live *live,
			     const struct path_candidate *c,
			     const struct clock *now)
{
	if (!endpoint_is_set(&c->endpoint))
		return false;
	if (c->urgent)
		return true;
	if (!live->in_round || c->answered || c->tried >= PATH_TRIES)
		return false;
	return (!c->tried && c->state == PATH_STATE_CHECKING) ||
	       path_wants(live, c, now);
}

static uint64_t path_check_due(const struct path_live *live,
			       const struct path_candidate *c)
{
	uint64_t at = live->last_check + path_ms(live, pace);

	if (c->pinged_at)
		at = path_later(at, c->pinged_at + path_ms(live, repeat));
	return at;
}

/* Who is due, of them the urgent ones, then who was tried least, then the best. */
static bool path_check_before(const struct path_live *live,
			      const struct clock *now,
			      const struct path_candidate *a,
			      const struct path_candidate *b)
{
	uint64_t at_a = path_later(path_check_due(live, a), now->boot_ns);
	uint64_t at_b = path_later(path_check_due(live, b), now->boot_ns);

	if (at_a != at_b)
		return at_a < at_b;
	if (a->urgent != b->urgent)
		return a->urgent;
	if (a->tried != b->tried)
		return a->tried < b->tried;
	return path_candidate_score(live, a) < path_candidate_score(live, b);
}

static struct path_candidate *path_check_next(struct path_live *live,
					      const struct clock *now)
{
	struct path_candidate *next = NULL;

	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		if (path_check_wants(live, c, now) &&
		    (!next || path_check_before(live, now, c, next)))
			next = c;
	}
	return next;
}

static bool path_found_better(const struct path_live *live,
			      const struct clock *now)
{
	for (int i = 0; i < PATH_SLOTS; i++) {
		const struct path_candidate *c = &live->slot[i];

		if (endpoint_is_set(&c->endpoint) && c != live->used &&
		    c->state == PATH_STATE_VALID &&
		    now->boot_ns - c->ponged_at < PATH_FRESH_TIME &&
		    live->used && path_candidate_score(live, c) <
				  path_candidate_score(live, live->used))
			return true;
	}
	return live->nominee;
}

static void path_round_end(struct path_live *live, const struct clock *now)
{
	bool left = false;

	live->in_round = false;
	live->check_at = live->punch_at = CLOCK_NEVER;
	for (int i = 0; i < PATH_SLOTS; i++)
		left |= path_wants(live, &live->slot[i], now);
	if (live->round && live->round < live->rounds && left &&
	    !path_found_better(live, now)) {
		live->round++;
		live->punch_at = now->boot_ns + path_ms(live, round);
		return;
	}
	live->round = 0;
	for (int i = 0; i < PATH_SLOTS; i++)
		if (endpoint_is_set(&live->slot[i].endpoint) &&
		    live->slot[i].state == PATH_STATE_CHECKING &&
		    live->slot[i].kind != PATH_KIND_RELAY &&
		    &live->slot[i] != live->used)
			path_candidate_fail(&live->slot[i],
					    "no answer to pings");
	live->retry_at = path_earlier(PATH_RETRY_FIRST << live->retries,
				      path_ms(live, retry)) + now->boot_ns;
	if (live->retries < 8)
		live->retries++;
}

static uint64_t path_round_wait(const struct path_live *live)
{
	uint64_t rtt = live->used ? 2 * live->used->rtt_ns : 0;

	return path_earlier(path_later(rtt, 200 * CLOCK_MS), CLOCK_SECOND);
}

static void path_check_ping(struct path_live *live, const struct clock *now,
			    struct path_candidate *c)
{
	int ret = path_ping(live, now, c, false);

	if (ret == -EBUSY) {
		live->check_at = now->boot_ns + path_ms(live, repeat);
		return;
	}
	live->last_check = now->boot_ns;
	live->check_at = now->boot_ns + path_ms(live, pace);
	c->urgent = false;
	if (!ret) {
		c->tried++;
		if (c->state != PATH_STATE_VALID)
			c->state = PATH_STATE_CHECKING;
		return;
	}
	c->tried = PATH_TRIES;
	path_candidate_fail(c, ret == -EDQUOT ?
			    "too many pings on this peer's word" :
			    "nothing can be sent there");
}

static void path_check_step(struct path_live *live, const struct clock *now)
{
	struct path_candidate *c = path_check_next(live, now);
	uint64_t at;

	if (!live->ready) {
		live->in_round = false;
		live->check_at = CLOCK_NEVER;
		return;
	}
	if (c) {
		at = path_check_due(live, c);
		if (at > now->boot_ns)
			live->check_at = at;
		else
			path_check_ping(live, now, c);
		return;
	}
	live->check_at = CLOCK_NEVER;
	if (!live->in_round)
		return;
	at = live->last_check + path_round_wait(live);
	if (at > now->boot_ns)
		live->check_at = at;
	else
		path_round_end(live, now);
}

void path_check_timer(struct path_live *live, const struct clock *now)
{
	if (live->tell_at <= now->boot_ns)
		path_tell(live, now);
	if (live->punch_at <= now->boot_ns)
		path_punch_send(live, now);
	if (live->round_at <= now->boot_ns)
		path_round_begin(live, now);
	if (live->check_at <= now->boot_ns)
		path_check_step(live, now);
}

uint64_t path_check_deadline(const struct path_live *live)
{
	return path_earlier(path_earlier(live->tell_at, live->punch_at),
			    path_earlier(live->round_at, live->check_at));
}

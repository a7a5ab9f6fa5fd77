// SPDX-License-Identifier: GPL-2.0-or-later
/* The places where a peer may be, and what pings tell of them. */
#include <errno.h>
#include <string.h>

#include "path_impl.h"

/* Per cent of the last 32 pings: for so many of them, and until it is less. */
#define PATH_LOSSY		25
#define PATH_LOSSY_LONG		32
#define PATH_LOSSY_OVER		10

struct path_candidate *path_candidate_find(struct path_live *live,
					   const struct endpoint *ep)
{
	for (int i = 0; i < PATH_SLOTS; i++)
		if (endpoint_is_set(&live->slot[i].endpoint) &&
		    endpoint_equal(&live->slot[i].endpoint, ep))
			return &live->slot[i];
	return NULL;
}

struct path_candidate *path_tls_candidate(struct path_live *live)
{
	for (int i = 0; i < PATH_SLOTS; i++)
		if (live->slot[i].kind == PATH_KIND_TLS &&
		    endpoint_is_set(&live->slot[i].endpoint))
			return &live->slot[i];
	return NULL;
}

struct path_candidate *path_tls_source(struct path_live *live,
				       const struct endpoint *src)
{
	const struct path_peer *peer = live->peer;

	/* The process may not have told of it yet. */
	if (!peer->tls.allowed ||
	    !endpoint_is_direct(src) || !endpoint_is_loopback(src) ||
	    path_tls_candidate(live))
		return NULL;
	return path_candidate_add(live, src, PATH_KIND_TLS);
}

void path_candidate_drop(struct path_live *live, struct path_candidate *c)
{
	for (unsigned int i = 0; i < live->flights; i++)
		if (live->flight[i].candidate == c)
			live->flight[i].candidate = NULL;
	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		if (live->relay[i].candidate == c)
			live->relay[i].candidate = NULL;
	if (live->nominee == c)
		live->nominee = NULL;
	if (live->used == c)
		live->used = live->data = NULL;
	if (live->data == c)
		path_data_to(live, live->used, true);
	memset(c, 0, sizeof(*c));
}

/* The bounds are for each sort, so that none keeps another out. */
static unsigned int path_candidate_sort(const struct path_candidate *c)
{
	if (path_by_turn(c))
		return 3;
	switch (c->kind) {
	case PATH_KIND_CONFIGURED:
		return 0;
	case PATH_KIND_RELAY:
		return 1;
	case PATH_KIND_TLS:
		return 4;
	default:
		return 2;
	}
}

/* Who makes room: what failed first, and what the peer does not name. */
static int path_candidate_worth(const struct path_live *live,
				const struct path_candidate *c)
{
	if (c == live->used || c == live->data || c == live->nominee)
		return 100;
	return (c->state == PATH_STATE_VALID ? 8 : 0) + (c->listed ? 4 : 0) +
	       (c->state == PATH_STATE_CHECKING ? 2 : 0) +
	       (c->state == PATH_STATE_NEW ? 1 : 0);
}

static struct path_candidate *path_candidate_place(struct path_live *live,
						   unsigned int sort)
{
	static const unsigned int max[] = {
		1, PATH_RELAYS_MAX, PATH_CANDIDATES_MAX, PATH_TURN_MAX, 1,
	};
	struct path_candidate *free = NULL, *worst = NULL;
	unsigned int count = 0;

	for (int i = 0; i < PATH_SLOTS; i++) {
		struct path_candidate *c = &live->slot[i];

		if (!endpoint_is_set(&c->endpoint)) {
			free = c;
			continue;
		}
		if (path_candidate_sort(c) != sort)
			continue;
		count++;
		if (!worst || path_candidate_worth(live, c) <
			      path_candidate_worth(live, worst))
			worst = c;
	}
	if (count < max[sort])
		return free;
	if (path_candidate_worth(live, worst) >= 8)
		return NULL;
	path_candidate_drop(live, worst);
	return worst;
}

struct path_candidate *path_candidate_add(struct path_live *live,
					  const struct endpoint *ep,
					  enum path_kind kind)
{
	struct path_candidate sort = { .endpoint = *ep, .kind = kind }, *c;

	c = path_candidate_find(live, ep);
	if (c)
		return c;
	c = path_candidate_place(live, path_candidate_sort(&sort));
	if (!c)
		return NULL;
	c->endpoint = *ep;
	c->kind = kind;
	c->reason = "";
	return c;
}

/* TLS at the other end of a relay is for the other end to know. */
static bool path_candidate_by_tls(const struct path_live *live,
				  const struct path_candidate *c)
{
	if (c->kind == PATH_KIND_TLS || (path_by_turn(c) &&
					 endpoint_is_loopback(&c->endpoint)))
		return true;
	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		if (c->kind == PATH_KIND_RELAY && live->relay[i].state &&
		    live->relay[i].candidate == c)
			return path_is_by_tls(live->relay[i].introducer->live);
	return false;
}

enum path_class path_candidate_class(const struct path_live *live,
				     const struct path_candidate *c)
{
	if (path_candidate_by_tls(live, c))
		return PATH_CLASS_TLS;
	if (c->kind == PATH_KIND_RELAY)
		return PATH_CLASS_RELAY;
	if (c->kind == PATH_KIND_TURN || c->endpoint.kind == ENDPOINT_TURN)
		return PATH_CLASS_TURN;
	if (path_endpoint_on_link(live->peer->host, &c->endpoint))
		return PATH_CLASS_LAN;
	if (c->endpoint.family == AF_INET6)
		return PATH_CLASS_IPV6;
	return c->kind == PATH_KIND_MAPPED ? PATH_CLASS_MAPPED :
					     PATH_CLASS_IPV4;
}

unsigned int path_class_cost(const struct path_live *live,
			     enum path_class class)
{
	/* It is reached as it can be. */
	if (live->peer->introducer)
		return 0;
	return live->peer->host->config.cost[class] + live->cost[class];
}

unsigned int path_candidate_penalty(const struct path_candidate *c)
{
	return c->lossy < PATH_LOSSY_LONG ? 0 : PATH_LOSSY_COST;
}

unsigned int path_candidate_score(const struct path_live *live,
				  const struct path_candidate *c)
{
	enum path_class class = path_candidate_class(live, c);

	/* By such a relay the ends agree on a path, and nothing else. */
	return class * PATH_CLASS_WORTH + path_class_cost(live, class) +
	       (c->signalling ? PATH_SCORE_LAST : 0) +
	       path_candidate_penalty(c);
}

unsigned int path_candidate_loss(const struct path_candidate *c)
{
	uint32_t mask = c->samples < 32 ? (1U << c->samples) - 1 : UINT32_MAX;

	if (!c->samples)
		return 0;
	return 100 * (c->samples - __builtin_popcount(c->history & mask)) /
	       c->samples;
}

bool path_is_held_back(const struct path_live *live, const struct clock *now,
		       const struct path_candidate *c)
{
	return now->boot_ns < c->penalty_until &&
	       !(live->used && live->used->signalling);
}

void path_candidate_fail(struct path_candidate *c, const char *reason)
{
	c->state = PATH_STATE_FAILED;
	c->reason = reason;
}

void path_candidates_take(struct path_live *live,
			  const struct path_message *message)
{
	struct path_host *host = path_host_of(live);
	struct path_candidate *c;

	for (int i = 0; i < PATH_SLOTS; i++)
		if (path_candidate_sort(&live->slot[i]) == 2)
			live->slot[i].listed = false;
	/* There may be more to reach by a TURN server. */
	live->turn_at = 0;
	for (int i = 0; i < message->count; i++) {
		const struct endpoint *ep = &message->candidate[i].endpoint;

		/* Where no peer can be, or we ourselves are. */
		if (!path_endpoint_usable(ep) ||
		    path_endpoint_own(live->peer, ep)) {
			host->stats.rx_forged++;
			continue;
		}
		c = path_candidate_add(live, ep, message->candidate[i].kind);
		if (!c)
			continue;
		if (c->kind == PATH_KIND_REFLEXIVE)
			c->kind = message->candidate[i].kind;
		if (c->kind != PATH_KIND_CONFIGURED)
			c->listed = true;
		if (c->state == PATH_STATE_FAILED && c != live->used)
			c->state = PATH_STATE_NEW;
	}
	for (int i = 0; i < PATH_SLOTS; i++) {
		c = &live->slot[i];
		if (endpoint_is_set(&c->endpoint) && !c->listed &&
		    path_candidate_sort(c) == 2 && c != live->used &&
		    c != live->nominee && c->state != PATH_STATE_VALID &&
		    c->kind != PATH_KIND_REFLEXIVE)
			path_candidate_drop(live, c);
	}
}

static void path_candidate_judge(struct path_candidate *c)
{
	unsigned int loss = path_candidate_loss(c);

	if (c->samples < 32 || loss <= PATH_LOSSY_OVER)
		c->lossy = 0;
	else if (loss > PATH_LOSSY && c->lossy < PATH_LOSSY_LONG)
		c->lossy++;
}

static void path_candidate_count(struct path_live *live,
				 struct path_candidate *c, bool answered)
{
	if (c == live->used)
		live->loss = (15 * live->loss + (answered ? 0 : 1000)) / 16;
	c->history = c->history << 1 | answered;
	if (c->samples < 32)
		c->samples++;
	if (answered)
		c->lost = 0;
	else if (c->lost < UINT8_MAX)
		c->lost++;
	/* For an introducer there is UDP, or there is none. */
	if (!live->peer->introducer)
		path_candidate_judge(c);
}

/* How long an answer may take. */
static uint64_t path_flight_time(const struct path_live *live,
				 const struct path_candidate *c)
{
	uint64_t rtt = c->rtt_ns;

	if (live->used && live->used->rtt_ns > rtt)
		rtt = live->used->rtt_ns;
	if (!rtt)
		return 2 * CLOCK_SECOND;
	return path_earlier(path_later(3 * rtt, CLOCK_SECOND), PATH_PING_LIFE);
}

/* Where the peer's word is all that speaks for it. */
static bool path_ping_afford(struct path_live *live, const struct clock *now,
			     const struct path_candidate *c)
{
	uint32_t budget = live->peer->host->config.budget;

	if (c->proven || c->kind == PATH_KIND_CONFIGURED ||
	    c->kind == PATH_KIND_RELAY || c->kind == PATH_KIND_TLS)
		return true;
	/* Two fifths at once, and no more than all in a minute. */
	return ratelimit_take(&live->budget, now->boot_ns,
			      budget / 100 ? budget / 100 : 1,
			      budget * 2 / 5 ? budget * 2 / 5 : 1);
}

static void path_flight_drop(struct path_live *live, unsigned int i)
{
	live->flights--;
	memmove(&live->flight[i], &live->flight[i + 1],
		(live->flights - i) * sizeof(*live->flight));
}

int path_ping(struct path_live *live, const struct clock *now,
	      struct path_candidate *c, bool watch)
{
	struct path_host *host = path_host_of(live);
	struct path_flight flight = {
		.sent_at = now->boot_ns,
		.lost_at = now->boot_ns + path_flight_time(live, c),
		.candidate = c,
		.watch = watch,
	};
	unsigned int same = 0;
	int ret;

	/* Neither sort keeps the other from being sent. */
	for (unsigned int i = 0; i < live->flights; i++)
		same += live->flight[i].watch == watch;
	if (same >= (watch ? PATH_PINGS_MAX - PATH_CHECKS_MAX :
			     PATH_CHECKS_MAX))
		return -EBUSY;
	if (!path_ping_afford(live, now, c)) {
		host->stats.over_budget++;
		return -EDQUOT;
	}
	ret = host->ops.ping(host->ctx, live->peer, &c->endpoint,
			     &flight.token);
	if (ret)
		return ret;
	host->stats.tx_pings++;
	c->pinged_at = now->boot_ns;
	live->flight[live->flights++] = flight;
	return 0;
}

void path_ask(struct path_live *live, const struct clock *now,
	      struct path_candidate *c, bool watch)
{
	if (!path_ping(live, now, c, watch))
		live->flight[live->flights - 1].counted = true;
}

static void path_candidate_time(struct path_candidate *c, uint64_t rtt_ns)
{
	c->rtt_ns = c->rtts ? (7 * c->rtt_ns + rtt_ns) / 8 : rtt_ns;
	if (c->rtts < UINT8_MAX)
		c->rtts++;
}

struct path_candidate *path_ping_answered(struct path_live *live,
					  const struct clock *now,
					  uint64_t token,
					  const struct endpoint *src,
					  uint64_t rtt_ns)
{
	struct path_flight flight;
	struct path_candidate *c;
	unsigned int i = 0;

	while (i < live->flights && live->flight[i].token != token)
		i++;
	if (i == live->flights)
		return NULL;
	flight = live->flight[i];
	path_flight_drop(live, i);
	c = flight.candidate;
	if (!c || !endpoint_equal(&c->endpoint, src))
		return NULL;
	if (!flight.counted)
		path_candidate_count(live, c, true);
	c->lost = 0;
	/* Else it lay here while we did not run. */
	if (flight.counted || now->boot_ns <= flight.lost_at)
		path_candidate_time(c, rtt_ns);
	c->proven = true;
	c->answered = true;
	c->urgent = false;
	c->ponged_at = now->boot_ns;
	c->heard_at = now->boot_ns;
	return c;
}

void path_flights_expire(struct path_live *live, const struct clock *now)
{
	struct path_host *host = path_host_of(live);
	unsigned int i = 0;

	while (i < live->flights) {
		struct path_flight *flight = &live->flight[i];

		if (!flight->counted && flight->lost_at <= now->boot_ns) {
			if (flight->candidate)
				path_candidate_count(live, flight->candidate,
						     false);
			flight->counted = true;
			if (host->ops.forget) {
				host->ops.forget(host->ctx, live->peer,
						 flight->token);
				path_flight_drop(live, i);
				continue;
			}
		}
		if (flight->sent_at + PATH_PING_LIFE <= now->boot_ns)
			path_flight_drop(live, i);
		else
			i++;
	}
}

void path_flights_forget(struct path_live *live)
{
	struct path_host *host = path_host_of(live);

	while (live->flights) {
		if (host->ops.forget)
			host->ops.forget(host->ctx, live->peer,
					 live->flight[0].token);
		path_flight_drop(live, 0);
	}
}

uint64_t path_flights_deadline(const struct path_live *live)
{
	uint64_t at = CLOCK_NEVER;

	for (unsigned int i = 0; i < live->flights; i++) {
		const struct path_flight *flight = &live->flight[i];

		at = path_earlier(at, flight->counted ?
				  flight->sent_at + PATH_PING_LIFE :
				  flight->lost_at);
	}
	return at;
}

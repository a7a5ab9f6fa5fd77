// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways by our TURN server: when they are needed, and to where. */
#include "path_impl.h"

/* Where a peer is rather seen from outside goes first. */
static const enum path_kind path_turn_order[] = {
	PATH_KIND_TURN, PATH_KIND_OBSERVED, PATH_KIND_CONFIGURED,
	PATH_KIND_MAPPED, PATH_KIND_REFLEXIVE, PATH_KIND_HOST,
};

/* Numbers of channels come again, after a long time. */
static struct path_candidate *path_turn_place(struct path_live *live,
					      const struct endpoint *via)
{
	struct path_candidate *c = path_candidate_add(live, via,
						      PATH_KIND_TURN);

	if (c)
		c->gone = false;
	return c;
}

struct path_candidate *path_turn_adopt(struct path_live *live,
				       const struct endpoint *src)
{
	struct path_host *host = path_host_of(live);
	struct endpoint at = endpoint_carrier(src);

	if (!endpoint_is_set(&host->turn.at) || live->peer->introducer ||
	    !endpoint_equal(&host->turn.at, &at))
		return NULL;
	return path_turn_place(live, src);
}

static bool path_in4_private(const struct in_addr *in4)
{
	uint32_t host = ntohl(in4->s_addr);

	return host >> 24 == 10 || host >> 20 == 0xac1 ||
	       host >> 16 == 0xc0a8 || host >> 22 == 0x64400000 >> 22;
}

/* An address that means something else, or nothing, to others. */
static bool path_is_private(const struct endpoint *ep)
{
	return ep->family == AF_INET ? path_in4_private(&ep->in4) :
				       (ep->in6.s6_addr[0] & 0xfe) == 0xfc;
}

/* A server that is not among such addresses is told of none. */
static bool path_turn_can(const struct path_live *live,
			  const struct path_candidate *c)
{
	const struct path_host *host = path_host_of(live);

	return path_endpoint_usable(&c->endpoint) &&
	       c->endpoint.family == host->turn.relayed.family &&
	       (!path_is_private(&c->endpoint) ||
		path_is_private(&host->turn.server));
}

/* There is a channel to a place of the peer. */
static void path_turn_take(struct path_live *live, const struct clock *now,
			   const struct path_candidate *to,
			   const struct endpoint *via)
{
	struct path_candidate *c = path_candidate_find(live, via);

	if (c && !c->gone)
		return;
	c = path_turn_place(live, via);
	if (!c)
		return;
	c->configured = to->kind == PATH_KIND_CONFIGURED;
	if (live->ready) {
		c->urgent = true;
		live->check_at = path_earlier(live->check_at, now->boot_ns);
	} else if (live->reach_until && c->configured) {
		live->turn = (c - live->slot + PATH_SLOTS - 1) % PATH_SLOTS;
		live->reach_at = now->boot_ns;
	}
}

static void path_turn_channels(struct path_live *live, const struct clock *now,
			       enum path_kind kind, unsigned int *left)
{
	struct path_host *host = path_host_of(live);
	struct endpoint via;

	for (int i = 0; i < PATH_SLOTS && *left; i++) {
		const struct path_candidate *c = &live->slot[i];

		if (c->kind != kind || !path_turn_can(live, c))
			continue;
		--*left;
		if (!host->ops.turn_channel(host->ctx, &c->endpoint, &via))
			path_turn_take(live, now, c, &via);
	}
}

/* Asks for what is wanted, and takes what there is. */
static void path_turn_step(struct path_live *live, const struct clock *now)
{
	struct path_host *host = path_host_of(live);
	unsigned int left = PATH_TURN_MAX;

	live->turn_at = now->boot_ns + path_ms(live, observe);
	if (!endpoint_is_set(&host->turn.at) || !host->ops.turn_channel)
		return;
	for (int i = 0; i < PATH_SLOTS; i++) {
		const struct path_candidate *c = &live->slot[i];

		if (!endpoint_is_set(&c->endpoint) || c->gone)
			continue;
		if (path_turn_can(live, c))
			host->ops.turn_permit(host->ctx, &c->endpoint);
		else if (path_by_turn(c) && (c->state == PATH_STATE_VALID ||
					     c == live->used ||
					     c == live->data))
			host->ops.turn_keep(host->ctx, &c->endpoint);
	}
	for (size_t i = 0; i < sizeof(path_turn_order) /
				sizeof(*path_turn_order); i++)
		path_turn_channels(live, now, path_turn_order[i], &left);
}

/* When a lack of paths is one that TURN is to end. */
static uint64_t path_turn_lack_at(const struct path_live *live,
				  const struct clock *now)
{
	if (live->reach_until && (!live->used || live->dead))
		return live->reach_until - path_ms(live, reach_time) +
		       2 * path_ms(live, turn_wait);
	if (live->ready && live->used && live->used->signalling &&
	    path_busy(live, now))
		return live->used_at + path_ms(live, turn_wait);
	return CLOCK_NEVER;
}

static enum path_turn_need path_turn_need_now(const struct path_live *live,
					      const struct clock *now)
{
	/* By such a way an introducer could not relay for us. */
	if (live->peer->introducer)
		return PATH_TURN_NONE;
	if (path_turn_lack_at(live, now) <= now->boot_ns)
		return PATH_TURN_LACK;
	return (live->data && !live->dead && path_by_turn(live->data)) ||
	       (live->nominee && path_by_turn(live->nominee)) ?
	       PATH_TURN_HELD : PATH_TURN_NONE;
}

void path_turn_update(struct path_live *live, const struct clock *now)
{
	enum path_turn_need need = path_turn_need_now(live, now);

	if (need && !live->turn_need)
		live->turn_at = now->boot_ns;
	path_turn_need_set(live, need);
	if (need && live->turn_at <= now->boot_ns)
		path_turn_step(live, now);
}

uint64_t path_turn_deadline(const struct path_live *live,
			    const struct clock *now)
{
	uint64_t lack = path_turn_lack_at(live, now);

	if (live->peer->introducer)
		return CLOCK_NEVER;
	if (live->turn_need)
		return lack > now->boot_ns ?
		       path_earlier(lack, live->turn_at) : live->turn_at;
	return lack;
}

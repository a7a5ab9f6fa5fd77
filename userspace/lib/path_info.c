// SPDX-License-Identifier: GPL-2.0-or-later
/* What a user is shown, and why it is so. */
#include <string.h>

#include "path_impl.h"

static bool path_costs_more(const struct path_live *live,
			    const struct path_candidate *c)
{
	return live->used &&
	       path_candidate_class(live, c) <
	       path_candidate_class(live, live->used) &&
	       path_candidate_score(live, c) >
	       path_candidate_score(live, live->used);
}

static const char *path_reason(const struct path_live *live,
			       const struct path_candidate *c)
{
	if (c == live->used)
		return live->dead ? c->reason : "";
	if (c == live->nominee)
		return "about to be used";
	switch (c->state) {
	case PATH_STATE_CHECKING:
		return "waiting for an answer";
	case PATH_STATE_FAILED:
		return c->reason;
	case PATH_STATE_VALID:
		if (!live->used)
			return "no session";
		if (path_candidate_penalty(c))
			return "kept ready: loses too much";
		if (path_costs_more(live, c))
			return "kept ready: costs more";
		if (path_candidate_score(live, c) >
		    path_candidate_score(live, live->used))
			return "kept ready: of a lesser kind";
		if (path_candidate_score(live, c) ==
		    path_candidate_score(live, live->used))
			return "kept ready: not clearly faster";
		return live->peer->controlling ? "failed lately" :
						 "the other end chooses";
	default:
		break;
	}
	if (!path_family_here(live->peer->host, &c->endpoint))
		return c->endpoint.family == AF_INET6 ? "no IPv6 here" :
							"no IPv4 here";
	if (c->kind == PATH_KIND_RELAY)
		return "kept ready";
	return path_costs_more(live, c) ? "not tried: costs more" : "not tried";
}

static void path_candidate_info(struct path_live *live,
				const struct path_candidate *c,
				struct path_candidate_info *info)
{
	const struct path_relay *relay = NULL;

	if (c->kind == PATH_KIND_RELAY)
		relay = path_relay_of(live, c);
	info->endpoint = c->endpoint;
	info->kind = c->kind;
	info->class = path_candidate_class(live, c);
	info->state = c == live->used && !live->dead ? PATH_STATE_IN_USE :
						       c->state;
	info->reason = path_reason(live, c);
	info->cost = path_class_cost(live, info->class);
	info->rtt_ns = c->rtt_ns;
	info->loss = path_candidate_loss(c);
	info->heard_ns = c->heard_at;
	info->introducer = relay ? relay->introducer->address : 0;
}

static const char *path_text(const struct path_live *live)
{
	if (live->reach_until)
		return live->ready ? "looking for a way, with a session" :
				     "looking for a way";
	if (!live->ready)
		return "no session";
	if (live->dead)
		return "no way works";
	if (live->used && path_candidate_class(live, live->used) ==
			  PATH_CLASS_TLS)
		return path_by_turn(live->used) ?
		       "connected by a TURN server that is reached by TCP or TLS" :
		       live->peer->introducer ?
		       "connected by TLS: UDP is not answered" :
		       "connected by TLS: the introducer does not answer by UDP";
	if (live->nominee)
		return "moving to a better path";
	if (live->in_round || live->round)
		return "trying better paths";
	return live->used ? "connected" : "no path is known";
}

void path_peer_info(const struct path_peer *peer, struct path_info *info)
{
	const struct path_agent *agent = peer->agent;
	struct path_live *live = peer->live;

	memset(info, 0, sizeof(*info));
	info->controlling = peer->controlling;
	info->generation = agent->generation;
	info->text = live ? path_text(live) : "idle";
	for (int i = 0; i < PATH_OBSERVED_MAX; i++)
		if (endpoint_is_set(&agent->observed[i].endpoint))
			info->observed[info->observed_count++] =
				agent->observed[i].endpoint;
	if (!live)
		return;
	info->session = live->ready;
	info->reaching = live->reach_until;
	info->peer_generation = live->theirs_known ? live->theirs : 0;
	for (int i = 0; i < PATH_SLOTS; i++)
		if (endpoint_is_set(&live->slot[i].endpoint))
			path_candidate_info(live, &live->slot[i],
				&info->candidate[info->count++]);
}

bool path_introducer_info(const struct path_peer *peer,
			  const struct clock *now,
			  struct path_introducer_info *info)
{
	const struct path_live *live = peer->live;

	memset(info, 0, sizeof(*info));
	if (!peer->introducer)
		return false;
	info->relays = peer->relays;
	info->class = PATH_CLASSES;
	if (live && live->ready && live->used) {
		info->rtt_ns = live->used->rtt_ns;
		info->ponged_ns = live->used->ponged_at;
		info->reachable = !live->dead && !live->used->lost &&
				  info->ponged_ns;
	}
	if (info->reachable) {
		info->at = live->used->endpoint;
		info->class = path_candidate_class(live, live->used);
	}
	for (int i = 0; i < PATH_OBSERVED_MAX; i++) {
		const struct path_observed *at = &peer->agent->observed[i];

		if (at->by == peer && endpoint_is_set(&at->endpoint) &&
		    now->boot_ns - at->at < PATH_OBSERVED_TIME)
			info->observed[at->endpoint.family == AF_INET6] =
				at->endpoint;
	}
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Our own addresses: those we have, and those that others see of us. */
#include <string.h>

#include "addr.h"
#include "path_impl.h"

static bool path_in4_usable(const struct in_addr *in4)
{
	uint32_t host = ntohl(in4->s_addr);

	return host >> 24 != 0 && host >> 24 != IN_LOOPBACKNET &&
	       host >> 16 != 0xa9fe && host >> 28 < 0xe;
}

static bool path_in6_usable(const struct in6_addr *in6)
{
	static const uint8_t agents[6] = { 0xfd, 'P', 'I', 'L', 'O', 'T' };

	return !IN6_IS_ADDR_LOOPBACK(in6) && !IN6_IS_ADDR_UNSPECIFIED(in6) &&
	       !IN6_IS_ADDR_LINKLOCAL(in6) && !IN6_IS_ADDR_MULTICAST(in6) &&
	       !IN6_IS_ADDR_V4MAPPED(in6) && !IN6_IS_ADDR_V4COMPAT(in6) &&
	       memcmp(in6, agents, sizeof(agents));
}

bool path_endpoint_usable(const struct endpoint *ep)
{
	if (!endpoint_is_set(ep) || !endpoint_is_direct(ep) ||
	    endpoint_check(ep) || ep->scope)
		return false;
	return ep->family == AF_INET ? path_in4_usable(&ep->in4) :
				       path_in6_usable(&ep->in6);
}

static bool path_prefix_same(const void *a, const void *b, unsigned int bits)
{
	const uint8_t *p = a, *q = b;
	unsigned int bytes = bits / 8;
	uint8_t mask = 0xff00 >> bits % 8;

	return !memcmp(p, q, bytes) && !((p[bytes] ^ q[bytes]) & mask);
}

bool path_endpoint_on_link(const struct path_host *host,
			   const struct endpoint *ep)
{
	for (unsigned int i = 0; i < host->address_count; i++) {
		const struct path_address *own = &host->address[i];
		unsigned int width = ep->family == AF_INET ? 32 : 128;

		/* A prefix of one address has nobody else in it. */
		if (own->endpoint.family == ep->family && own->prefix &&
		    own->prefix < width &&
		    path_prefix_same(&own->endpoint.in4, &ep->in4,
				     own->prefix))
			return true;
	}
	return false;
}

static bool path_is_among(const struct endpoint *list, unsigned int count,
			  const struct endpoint *ep)
{
	for (unsigned int i = 0; i < count; i++)
		if (endpoint_equal(&list[i], ep))
			return true;
	return false;
}

/* What is behind a NAT or a server is no shorter way to anybody here. */
static bool path_endpoint_outer(const struct path_host *host,
				const struct endpoint *ep)
{
	return path_is_among(host->mapped, host->mapped_count, ep) ||
	       (endpoint_is_set(ep) && endpoint_equal(&host->turn.relayed, ep));
}

bool path_endpoint_own(const struct path_peer *peer, const struct endpoint *ep)
{
	const struct path_host *host = peer->host;

	if (path_endpoint_outer(host, ep))
		return true;
	for (unsigned int i = 0; i < host->address_count; i++)
		if (endpoint_equal(&host->address[i].endpoint, ep))
			return !path_peer_is_here(peer);
	return false;
}

bool path_family_here(const struct path_host *host, const struct endpoint *ep)
{
	if (endpoint_is_loopback(ep))
		return true;
	for (unsigned int i = 0; i < host->address_count; i++)
		if (host->address[i].endpoint.family == ep->family)
			return true;
	/* Nobody told us of any address: then try. */
	return !host->address_count;
}

static unsigned int path_family_bit(sa_family_t family)
{
	return family == AF_INET6 ? 2 : 1;
}

void path_families_note(struct path_host *host)
{
	unsigned int here = 0;

	for (unsigned int i = 0; i < host->address_count; i++)
		here |= path_family_bit(host->address[i].endpoint.family);
	/* With none at all nothing goes, and they may all come back. */
	if (!here)
		return;
	host->families |= here;
	host->families_gone = host->families & ~here;
}

bool path_way_gone(const struct path_host *host, const struct endpoint *ep)
{
	return host->families_gone & path_family_bit(ep->family) &&
	       !endpoint_is_loopback(ep) && !ep->scope;
}

void path_generation_next(struct path_agent *agent, const struct clock *now)
{
	uint32_t seconds = now->real_ns / CLOCK_SECOND;

	/* So that it grows over a restart too. */
	agent->generation++;
	if ((int32_t)(seconds - agent->generation) > 0)
		agent->generation = seconds;
	agent->generation += !agent->generation;
	for (struct path_live *live = agent->lives; live; live = live->next) {
		live->told = false;
		live->tells = 0;
		live->fresh = live->theirs_known;
		live->retries = 0;
		if (live->ready && !live->peer->introducer)
			live->tell_at = now->boot_ns + PATH_TELL_DELAY;
		path_live_due(live, live->tell_at);
	}
}

static void path_own_add(struct path_message *message, uint8_t kind,
			 const struct endpoint *ep)
{
	struct path_message_candidate *c = message->candidate;

	if (message->count == WIRE_CANDIDATES_MAX)
		return;
	for (int i = 0; i < message->count; i++)
		if (endpoint_equal(&c[i].endpoint, ep))
			return;
	c[message->count].kind = kind;
	c[message->count++].endpoint = *ep;
}

static bool path_observed_good(const struct path_observed *observed,
			       const struct clock *now)
{
	return endpoint_is_set(&observed->endpoint) &&
	       now->boot_ns - observed->at < PATH_OBSERVED_TIME;
}

static bool path_introducers_see(const struct path_agent *agent,
				 sa_family_t family, const struct clock *now)
{
	for (int i = 0; i < PATH_OBSERVED_MAX; i++) {
		const struct path_observed *observed = &agent->observed[i];

		if (path_observed_good(observed, now) &&
		    observed->by->introducer &&
		    observed->endpoint.family == family)
			return true;
	}
	return false;
}

void path_own_write(const struct path_agent *agent, const struct clock *now,
		    struct path_message *message)
{
	const struct path_host *host = agent->host;
	bool turn = endpoint_is_set(&host->turn.relayed);
	unsigned int rest = host->mapped_count + host->stun_count + turn;

	for (int i = 0; i < PATH_OBSERVED_MAX; i++)
		rest += path_observed_good(&agent->observed[i], now);
	/* What others see is worth more than the tenth own address. */
	for (unsigned int i = 0; i < host->address_count &&
	     message->count + rest < WIRE_CANDIDATES_MAX; i++)
		path_own_add(message, WIRE_CANDIDATE_HOST,
			     &host->address[i].endpoint);
	for (unsigned int i = 0; i < host->mapped_count; i++)
		path_own_add(message, WIRE_CANDIDATE_MAPPED, &host->mapped[i]);
	if (turn)
		path_own_add(message, WIRE_CANDIDATE_TURN, &host->turn.relayed);
	for (int i = 0; i < PATH_OBSERVED_MAX; i++)
		if (path_observed_good(&agent->observed[i], now))
			path_own_add(message, WIRE_CANDIDATE_OBSERVED,
				     &agent->observed[i].endpoint);
	for (unsigned int i = 0; i < host->stun_count; i++)
		if (!path_introducers_see(agent, host->stun[i].family, now))
			path_own_add(message, WIRE_CANDIDATE_OBSERVED,
				     &host->stun[i]);
}

/* Are peers told of what STUN servers see? */
static bool path_stun_counts(const struct path_agent *agent,
			     const struct clock *now)
{
	for (unsigned int i = 0; i < agent->host->stun_count; i++)
		if (!path_introducers_see(agent, agent->host->stun[i].family,
					  now))
			return true;
	return false;
}

void path_stun_set(struct path_host *host, const struct clock *now,
		   const struct endpoint *seen, size_t count)
{
	struct endpoint kept[PATH_STUN_MAX];
	unsigned int n = 0;
	bool fresh = false;

	for (size_t i = 0; i < count && n < PATH_STUN_MAX; i++)
		if (path_endpoint_usable(&seen[i]))
			kept[n++] = seen[i];
	for (unsigned int i = 0; i < n; i++)
		fresh |= !path_is_among(host->stun, host->stun_count,
					&kept[i]);
	memcpy(host->stun, kept, n * sizeof(*kept));
	host->stun_count = n;
	for (struct path_agent *a = host->agents; fresh && a; a = a->next)
		if (path_stun_counts(a, now))
			path_generation_next(a, now);
}

/*
 * An introducer is asked for this, so it goes first; another peer's word is
 * taken as long as no introducer says anything, and the first one's is kept:
 * behind a NAT that maps each destination anew every peer sees another.
 */
static bool path_observed_heeded(const struct path_agent *agent,
				 const struct path_peer *peer,
				 sa_family_t family, const struct clock *now)
{
	if (peer->introducer)
		return true;
	for (int i = 0; i < PATH_OBSERVED_MAX; i++) {
		const struct path_observed *other = &agent->observed[i];

		if (path_observed_good(other, now) && other->by != peer &&
		    other->endpoint.family == family)
			return false;
	}
	return true;
}

static struct path_observed *path_observed_place(struct path_agent *agent,
						 const struct path_peer *peer,
						 sa_family_t family)
{
	struct path_observed *place = agent->observed;

	for (int i = 0; i < PATH_OBSERVED_MAX; i++) {
		struct path_observed *at = &agent->observed[i];

		if (at->by == peer && at->endpoint.family == family)
			return at;
		if (at->at < place->at)
			place = at;
	}
	return place;
}

/*
 * Each change is told to all peers and begins anew what goes on with them, so
 * one peer changes its mind only from time to time.
 */
static bool path_observed_early(const struct path_observed *place,
				const struct path_peer *peer,
				const struct endpoint *observed,
				const struct clock *now)
{
	return place->by == peer &&
	       place->endpoint.family == observed->family &&
	       !endpoint_equal(&place->endpoint, observed) &&
	       now->boot_ns - place->since < PATH_OBSERVED_HOLD;
}

bool path_observed_take(struct path_peer *peer, const struct clock *now,
			const struct endpoint *observed)
{
	struct path_agent *agent = peer->agent;
	struct path_message before = { .count = 0 }, after = { .count = 0 };
	struct path_observed *place;
	bool elsewhere;

	if (!path_endpoint_usable(observed) ||
	    !path_observed_heeded(agent, peer, observed->family, now))
		return false;
	place = path_observed_place(agent, peer, observed->family);
	elsewhere = place->by == peer && endpoint_is_set(&place->endpoint) &&
		    !endpoint_equal(&place->endpoint, observed);
	if (path_observed_early(place, peer, observed, now))
		return elsewhere;
	path_own_write(agent, now, &before);
	if (place->by != peer || !endpoint_equal(&place->endpoint, observed))
		place->since = now->boot_ns;
	place->endpoint = *observed;
	place->by = peer;
	place->at = now->boot_ns;
	path_own_write(agent, now, &after);
	for (int i = 0; i < after.count; i++)
		if (i >= before.count ||
		    !endpoint_equal(&before.candidate[i].endpoint,
				    &after.candidate[i].endpoint)) {
			path_generation_next(agent, now);
			break;
		}
	return elsewhere;
}

void path_observed_drop(struct path_agent *agent, const struct path_peer *by)
{
	for (int i = 0; i < PATH_OBSERVED_MAX; i++)
		if (!by || agent->observed[i].by == by)
			memset(&agent->observed[i], 0,
			       sizeof(agent->observed[i]));
}

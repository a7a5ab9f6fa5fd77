// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "net.h"

#define NET_PORT_OWN	7740
#define NET_LAN_DELAY	(1 * NET_MS)

uint64_t net_random(struct net *net)
{
	uint64_t z = (net->seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static struct endpoint net_ep4(uint32_t host, uint16_t port)
{
	struct endpoint ep = { .family = AF_INET, .port = port };

	ep.in4.s_addr = htonl(host);
	return ep;
}

static struct endpoint net_ep6(unsigned int prefix, unsigned int host)
{
	struct endpoint ep = { .family = AF_INET6, .port = NET_PORT_OWN };

	ep.in6.s6_addr[0] = 0x20;
	ep.in6.s6_addr[1] = 0x01;
	ep.in6.s6_addr[2] = 0x0d;
	ep.in6.s6_addr[3] = 0xb8;
	ep.in6.s6_addr[6] = prefix >> 8;
	ep.in6.s6_addr[7] = prefix;
	ep.in6.s6_addr[15] = host + 1;
	return ep;
}

int net_nat_add(struct net *net, int outside, enum net_rule mapping,
		enum net_rule filtering, bool hairpin)
{
	struct net_nat *nat = &net->nat[net->nats];

	nat->outside = outside;
	nat->outer.s_addr = outside == NET_INTERNET ?
			    htonl(0x0c000001 + (net->nats << 16)) :
			    htonl(0x64400001 + (net->nats << 8));
	nat->mapping = mapping;
	nat->filtering = filtering;
	nat->hairpin = hairpin;
	nat->next_port = 20000 + 1000 * net->nats;
	return ++net->nats;
}

void net_host_move(struct net *net, int number, int realm, bool v4, bool v6)
{
	struct net_host *host = &net->host[number];
	unsigned int moves = net->moves++;

	memset(host, 0, sizeof(*host));
	host->realm = realm;
	/* Each host of the internet is on a network of its own. */
	if (v4)
		host->ep4 = realm == NET_INTERNET ?
			net_ep4(0x0b000001 + (number << 16) +
				(moves << 8), NET_PORT_OWN) :
			net_ep4(0xc0a8000a + (realm << 8) + number,
				NET_PORT_OWN);
	if (v6)
		host->ep6 = net_ep6(realm == NET_INTERNET ?
				    1000 + moves : (unsigned int)realm, number);
}

int net_host_add(struct net *net, int realm, bool v4, bool v6)
{
	net_host_move(net, net->hosts, realm, v4, v6);
	return net->hosts++;
}

void net_nat_reset(struct net *net, int realm)
{
	struct net_nat *nat = &net->nat[realm - 1];

	memset(nat->map, 0, sizeof(nat->map));
	memset(nat->states, 0, sizeof(nat->states));
	nat->next_port += 500;
}

static bool net_same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->in4.s_addr == b->in4.s_addr;
}

static bool net_heeds(enum net_rule rule, const struct endpoint *a,
		      const struct endpoint *b)
{
	return rule == NET_ENDPOINT ||
	       (net_same_address(a, b) &&
		(rule == NET_ADDRESS || a->port == b->port));
}

static bool net_map_live(const struct net *net, const struct net_map *map)
{
	return map->used && net->now - map->at < net->nat_timeout;
}

static struct net_map *net_map_out(struct net *net, struct net_nat *nat,
				   const struct endpoint *src,
				   const struct endpoint *dst)
{
	struct net_map *free = NULL;

	for (int i = 0; i < NET_MAPS; i++) {
		struct net_map *map = &nat->map[i];

		if (!net_map_live(net, map)) {
			free = free ? free : map;
			continue;
		}
		if (endpoint_equal(&map->inner, src) &&
		    net_heeds(nat->mapping, &map->peer, dst))
			return map;
	}
	if (!free)
		abort();
	memset(free, 0, sizeof(*free));
	free->used = true;
	free->inner = *src;
	free->peer = *dst;
	/* Not in a row, so that no port can be guessed. */
	nat->next_port += 1 + net_random(net) % 7;
	free->port = nat->next_port;
	return free;
}

/* Each once; the oldest goes when there are too many. */
static void net_remember(struct endpoint *list, unsigned int *count,
			 unsigned int max, const struct endpoint *ep)
{
	for (unsigned int i = 0; i < *count && i < max; i++)
		if (endpoint_equal(&list[i], ep))
			return;
	list[(*count)++ % max] = *ep;
}

static struct endpoint net_translate(struct net *net, struct net_nat *nat,
				     const struct endpoint *src,
				     const struct endpoint *dst)
{
	struct net_map *map = net_map_out(net, nat, src, dst);

	map->at = net->now;
	net_remember(map->permit, &map->permits, NET_PERMITS, dst);
	return net_ep4(ntohl(nat->outer.s_addr), map->port);
}

/* Return: whether it comes in, and then to whom. */
static bool net_inbound(struct net *net, struct net_nat *nat,
			const struct endpoint *src, struct endpoint *dst)
{
	for (int i = 0; i < NET_MAPS; i++) {
		struct net_map *map = &nat->map[i];
		unsigned int n = map->permits < NET_PERMITS ? map->permits :
							      NET_PERMITS;

		if (!net_map_live(net, map) || map->port != dst->port)
			continue;
		for (unsigned int p = 0; p < n; p++) {
			if (!net_heeds(nat->filtering, &map->permit[p], src))
				continue;
			*dst = map->inner;
			return true;
		}
	}
	return false;
}

static bool net_is_at(const struct net_host *host, const struct endpoint *dst)
{
	if (dst->family == AF_INET6)
		return endpoint_equal(&host->ep6, dst);
	return host->ports && endpoint_is_set(&host->ep4) ?
	       net_same_address(&host->ep4, dst) :
	       endpoint_equal(&host->ep4, dst);
}

static int net_find4(const struct net *net, int realm,
		     const struct endpoint *dst)
{
	for (int i = 0; i < net->hosts; i++)
		if (net->host[i].realm == realm &&
		    net_is_at(&net->host[i], dst))
			return i;
	return -1;
}

static int net_find_nat(const struct net *net, int outside,
			const struct endpoint *dst)
{
	for (int i = 0; i < net->nats; i++)
		if (net->nat[i].outside == outside &&
		    net->nat[i].outer.s_addr == dst->in4.s_addr)
			return i;
	return -1;
}

static void net_insert(struct net *net, struct net_datagram *d)
{
	struct net_datagram **at = &net->queue;

	while (*at && (*at)->at <= d->at)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
}

static void net_queue(struct net *net, int from, int nat, int to,
		      const struct endpoint *src, const struct endpoint *dst,
		      const void *bytes, size_t len, bool far)
{
	struct net_datagram *d = calloc(1, sizeof(*d));

	if (len > sizeof(d->bytes))
		abort();
	d->at = net->now + (far ? net->delay : NET_LAN_DELAY);
	if (far && net->jitter)
		d->at += net_random(net) % net->jitter;
	d->from = from;
	d->nat = nat;
	d->to = to;
	d->src = *src;
	d->dst = *dst;
	d->len = len;
	memcpy(d->bytes, bytes, len);
	net_insert(net, d);
}

static void net_queue_lossy(struct net *net, int from, int nat, int to,
			    const struct endpoint *src,
			    const struct endpoint *dst, const void *bytes,
			    size_t len, bool far)
{
	if (!far || net_random(net) % 100 >= net->loss)
		net_queue(net, from, nat, to, src, dst, bytes, len, far);
	if (far && net_random(net) % 100 < net->duplicate)
		net_queue(net, from, nat, to, src, dst, bytes, len, far);
}

static void net_send4(struct net *net, int from, struct endpoint src,
		      const struct endpoint *dst, const void *bytes, size_t len)
{
	int realm = net->host[from].realm;
	bool far = false;

	for (;;) {
		int to = net_find4(net, realm, dst), nat;

		if (to >= 0) {
			net_queue_lossy(net, from, -1, to, &src, dst, bytes,
					len, far || realm == NET_INTERNET);
			return;
		}
		nat = net_find_nat(net, realm, dst);
		if (nat >= 0) {
			net_queue_lossy(net, from, nat, -1, &src, dst, bytes,
					len, true);
			return;
		}
		if (realm == NET_INTERNET) {
			net->nowhere[from]++;
			return;
		}
		nat = realm - 1;
		if (net->nat[nat].outer.s_addr == dst->in4.s_addr &&
		    !net->nat[nat].hairpin)
			return;
		src = net_translate(net, &net->nat[nat], &src, dst);
		if (net->nat[nat].outer.s_addr == dst->in4.s_addr) {
			net_queue_lossy(net, from, nat, -1, &src, dst, bytes,
					len, false);
			return;
		}
		realm = net->nat[nat].outside;
		far = true;
	}
}

static int net_find6(const struct net *net, const struct endpoint *dst)
{
	for (int i = 0; i < net->hosts; i++)
		if (endpoint_is_set(dst) &&
		    endpoint_equal(&net->host[i].ep6, dst))
			return i;
	return -1;
}

static void net_send6(struct net *net, int from, const struct endpoint *dst,
		      const void *bytes, size_t len)
{
	const struct net_host *host = &net->host[from];
	int to = net_find6(net, dst);
	bool far = to < 0 || net->host[to].realm != host->realm ||
		   host->realm == NET_INTERNET;

	if (far && host->realm != NET_INTERNET) {
		struct net_nat *nat = &net->nat[host->realm - 1];

		net_remember(nat->state[from], &nat->states[from],
			     NET_PERMITS, dst);
	}
	if (to < 0)
		net->nowhere[from]++;
	else
		net_queue_lossy(net, from, -1, to, &host->ep6, dst, bytes, len,
				far);
}

void net_send(struct net *net, int from, const struct endpoint *dst,
	      const void *bytes, size_t len)
{
	const struct net_host *host = &net->host[from];

	net->sent[from]++;
	if (host->down || !endpoint_is_set(dst))
		return;
	if (dst->family == AF_INET6 && endpoint_is_set(&host->ep6))
		net_send6(net, from, dst, bytes, len);
	else if (dst->family == AF_INET && endpoint_is_set(&host->ep4))
		net_send4(net, from, host->ep4, dst, bytes, len);
}

void net_send_from(struct net *net, int from, const struct endpoint *src,
		   const struct endpoint *dst, const void *bytes, size_t len)
{
	net->sent[from]++;
	if (!net->host[from].down && dst->family == AF_INET)
		net_send4(net, from, *src, dst, bytes, len);
}

static bool net_firewall6(const struct net *net, const struct net_datagram *d)
{
	const struct net_host *to = &net->host[d->to];
	const struct net_nat *nat;
	unsigned int n;

	if (to->realm == NET_INTERNET ||
	    net->host[d->from].realm == to->realm)
		return true;
	nat = &net->nat[to->realm - 1];
	n = nat->states[d->to];
	for (unsigned int i = 0; i < n && i < NET_PERMITS; i++)
		if (endpoint_equal(&nat->state[d->to][i], &d->src))
			return true;
	return false;
}

/* Through all the NATs on the way in. */
static bool net_arrive4(struct net *net, struct net_datagram *d)
{
	while (d->nat >= 0) {
		int realm = d->nat + 1;

		if (!net_inbound(net, &net->nat[d->nat], &d->src, &d->dst))
			return false;
		d->to = net_find4(net, realm, &d->dst);
		d->nat = d->to >= 0 ? -1 : net_find_nat(net, realm, &d->dst);
		if (d->to < 0 && d->nat < 0)
			return false;
	}
	return true;
}

static bool net_is_lost(struct net *net, const struct net_datagram *d)
{
	unsigned int lossy = net->lossy[d->from][d->to];

	return lossy && net_random(net) % 100 < lossy;
}

/* Return: whether it waits. */
static bool net_arrive(struct net *net, struct net_datagram *d)
{
	if (d->dst.family == AF_INET ? !net_arrive4(net, d) :
				       !net_firewall6(net, d))
		return false;
	if (net->host[d->to].down || net->blocked[d->from][d->to] ||
	    (d->dst.family == AF_INET && net->blocked4[d->from][d->to]) ||
	    (d->dst.family == AF_INET6 && net->blocked6[d->from][d->to]))
		return false;
	/* It may have moved meanwhile. */
	if (!net_is_at(&net->host[d->to], &d->dst) || net_is_lost(net, d))
		return false;
	if (net->host[d->to].asleep > net->now) {
		d->at = net->host[d->to].asleep + (net->prompt ? 0 : NET_MS);
		net_insert(net, d);
		return true;
	}
	net->dst = d->dst;
	net->deliver(net->ctx, d->to, &d->src, d->bytes, d->len);
	return false;
}

uint64_t net_next(const struct net *net)
{
	return net->queue ? net->queue->at : UINT64_MAX;
}

void net_run(struct net *net)
{
	while (net->queue && net->queue->at <= net->now) {
		struct net_datagram *d = net->queue;

		net->queue = d->next;
		if (!net_arrive(net, d))
			free(d);
	}
}

void net_free(struct net *net)
{
	while (net->queue) {
		struct net_datagram *d = net->queue;

		net->queue = d->next;
		free(d);
	}
}

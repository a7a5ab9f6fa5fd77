// SPDX-License-Identifier: GPL-2.0-or-later

#include "addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* What is asked for, in this order: an address counts by its link. */
enum stage {
	STAGE_LINKS,
	STAGE_ADDRESSES,
	STAGE_ROUTES4,
	STAGE_ROUTES6,
	STAGE_NONE,
};

struct found {
	struct endpoint address;
	uint8_t prefix;
	uint32_t ifindex;
};

struct route {
	bool set;
	struct endpoint gateway;
	uint32_t ifindex;
	uint32_t metric;
};

struct addresses {
	const struct addresses_ops *ops;
	void *ctx;
	uint16_t port;
	enum stage stage;
	bool again;			/* something changed meanwhile */
	uint32_t seq;
	uint64_t at;			/* of the next look; or never */
	uint64_t ended_at;		/* of the last; 0: there was none */
	uint64_t routes_at;		/* routes are to be told of; or never */
	uint64_t routed_at;		/* when they were */
	uint64_t routes_gap;		/* before they are again */

	/* As the last look found them, usable ones only. */
	uint32_t link[ADDRESSES_LINKS_MAX];
	unsigned int links;
	struct found found[ADDRESSES_FOUND_MAX];
	unsigned int founds;
	struct route route[2];

	struct addresses_own own;
};

struct addresses *addresses_new(const struct addresses_ops *ops, void *ctx,
				uint16_t port)
{
	struct addresses *addresses = calloc(1, sizeof(*addresses));

	if (!addresses)
		return NULL;
	addresses->ops = ops;
	addresses->ctx = ctx;
	addresses->port = port;
	addresses->stage = STAGE_NONE;
	addresses->at = addresses->routes_at = CLOCK_NEVER;
	return addresses;
}

void addresses_free(struct addresses *addresses)
{
	free(addresses);
}

const struct addresses_own *addresses_own(const struct addresses *addresses)
{
	return &addresses->own;
}

static bool link_is_usable(const struct addresses *addresses, uint32_t ifindex)
{
	for (unsigned int i = 0; i < addresses->links; i++)
		if (addresses->link[i] == ifindex)
			return true;
	return false;
}

static bool is_found(const struct addresses *addresses, uint32_t ifindex,
		     const struct endpoint *address)
{
	for (unsigned int i = 0; i < addresses->founds; i++)
		if (addresses->found[i].ifindex == ifindex &&
		    endpoint_equal(&addresses->found[i].address, address))
			return true;
	return false;
}

/* --- from what was found to what is ours ---------------------------------- */

/* By where the default route goes, then in an order that stays the same. */
static int found_compare(const struct addresses *addresses,
			 const struct found *a, const struct found *b)
{
	int i = a->address.family == AF_INET6;
	int j = b->address.family == AF_INET6;
	const struct route *route = addresses->route;
	bool out_a = route[i].set && route[i].ifindex == a->ifindex;
	bool out_b = route[j].set && route[j].ifindex == b->ifindex;

	if (out_a != out_b)
		return out_b - out_a;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	if (i != j)
		return i - j;
	return memcmp(&a->address.in6, &b->address.in6, i ? 16 : 4);
}

/* The best not yet taken; there are few of them. */
static void own_hosts(const struct addresses *addresses,
		      struct addresses_own *own)
{
	const struct found *last = NULL, *best, *f;

	while (own->count < ADDRESSES_MAX) {
		best = NULL;
		for (f = addresses->found;
		     f < addresses->found + addresses->founds; f++)
			if ((!last || found_compare(addresses, last, f) < 0) &&
			    (!best || found_compare(addresses, f, best) < 0))
				best = f;
		if (!best)
			return;
		last = best;
		own->host[own->count] = best->address;
		own->prefix[own->count] = best->prefix;
		own->host[own->count++].port = addresses->port;
	}
}

/* Who asks the gateway for something has to be reached by it. */
static void own_way(const struct addresses *addresses, int i,
		    struct addresses_way *way)
{
	const struct route *route = &addresses->route[i];
	const struct found *f;

	if (!route->set || !endpoint_is_set(&route->gateway) ||
	    !link_is_usable(addresses, route->ifindex))
		return;
	for (f = addresses->found; f < addresses->found + addresses->founds;
	     f++) {
		if (f->ifindex != route->ifindex ||
		    (f->address.family == AF_INET6) != i)
			continue;
		way->gateway = route->gateway;
		way->local = f->address;
		return;
	}
}

static bool own_equal(const struct addresses_own *a,
		      const struct addresses_own *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (!endpoint_equal(&a->host[i], &b->host[i]) ||
		    a->prefix[i] != b->prefix[i])
			return false;
	for (int i = 0; i < 2; i++)
		if (!endpoint_equal(&a->way[i].gateway, &b->way[i].gateway) ||
		    !endpoint_equal(&a->way[i].local, &b->way[i].local))
			return false;
	return true;
}

static void settle(struct addresses *addresses)
{
	struct addresses_own own = { 0 };

	own_hosts(addresses, &own);
	for (int i = 0; i < 2; i++)
		own_way(addresses, i, &own.way[i]);
	if (own_equal(&own, &addresses->own))
		return;
	addresses->own = own;
	/* All is new: routes are no more than that. */
	addresses->routes_at = CLOCK_NEVER;
	addresses->ops->changed(addresses->ctx);
}

/* --- a look at all of it -------------------------------------------------- */

static int dump(struct addresses *addresses, uint16_t type, uint8_t family)
{
	struct {
		struct nlmsghdr header;
		union {
			struct ifinfomsg link;
			struct ifaddrmsg address;
			struct rtmsg route;
		};
	} request = {
		.header = {
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++addresses->seq,
		},
	};
	size_t size = type == RTM_GETLINK ? sizeof(request.link) :
		      type == RTM_GETADDR ? sizeof(request.address) :
					    sizeof(request.route);

	request.link.ifi_family = family;
	request.header.nlmsg_len = NLMSG_LENGTH(size);
	return addresses->ops->send(addresses->ctx, &request,
				    request.header.nlmsg_len);
}

static void stage_enter(struct addresses *addresses, uint64_t now,
			enum stage stage)
{
	int ret = 0;

	addresses->stage = stage;
	switch (stage) {
	case STAGE_LINKS:
		addresses->links = 0;
		ret = dump(addresses, RTM_GETLINK, AF_UNSPEC);
		break;
	case STAGE_ADDRESSES:
		addresses->founds = 0;
		ret = dump(addresses, RTM_GETADDR, AF_UNSPEC);
		break;
	case STAGE_ROUTES4:
		memset(addresses->route, 0, sizeof(addresses->route));
		ret = dump(addresses, RTM_GETROUTE, AF_INET);
		break;
	case STAGE_ROUTES6:
		ret = dump(addresses, RTM_GETROUTE, AF_INET6);
		break;
	case STAGE_NONE:
		addresses->ended_at = now;
		settle(addresses);
		if (addresses->again)
			addresses_look(addresses, now);
		break;
	}
	if (!ret)
		return;
	/* What was asked for does not come: from the beginning, later. */
	addresses->stage = STAGE_NONE;
	addresses->at = now + ADDRESSES_GAP;
}

void addresses_look(struct addresses *addresses, uint64_t now)
{
	uint64_t at = now + ADDRESSES_SETTLE;

	if (addresses->stage != STAGE_NONE) {
		addresses->again = true;
		return;
	}
	if (!addresses->ended_at)
		at = now;
	else if (at < addresses->ended_at + ADDRESSES_GAP)
		at = addresses->ended_at + ADDRESSES_GAP;
	if (at < addresses->at)
		addresses->at = at;
	if (addresses->at <= now)
		addresses_timer(addresses, now);
}

/* The longer they go on to change, the less often it is said. */
static void routes_note(struct addresses *addresses, uint64_t now)
{
	if (addresses->routes_at != CLOCK_NEVER)
		return;
	if (now - addresses->routed_at >= 2 * addresses->routes_gap)
		addresses->routes_gap = ADDRESSES_GAP;
	addresses->routes_at = now + ADDRESSES_SETTLE;
	if (addresses->routed_at &&
	    addresses->routes_at < addresses->routed_at + addresses->routes_gap)
		addresses->routes_at = addresses->routed_at +
				       addresses->routes_gap;
}

static void routes_tell(struct addresses *addresses, uint64_t now)
{
	if (addresses->routes_at > now)
		return;
	addresses->routes_at = CLOCK_NEVER;
	addresses->routed_at = now;
	addresses->routes_gap *= 2;
	if (addresses->routes_gap > ADDRESSES_ROUTES_MAX)
		addresses->routes_gap = ADDRESSES_ROUTES_MAX;
	addresses->ops->routed(addresses->ctx);
}

void addresses_timer(struct addresses *addresses, uint64_t now)
{
	routes_tell(addresses, now);
	if (addresses->at > now)
		return;
	addresses->at = CLOCK_NEVER;
	addresses->again = false;
	stage_enter(addresses, now, STAGE_LINKS);
}

uint64_t addresses_deadline(const struct addresses *addresses)
{
	return addresses->at < addresses->routes_at ? addresses->at :
						      addresses->routes_at;
}

static void route_take(struct route *route, const struct route_event *event)
{
	if (route->set && route->metric <= event->metric)
		return;
	route->set = true;
	route->metric = event->metric;
	route->ifindex = event->ifindex;
	memset(&route->gateway, 0, sizeof(route->gateway));
	if (event->usable)
		route->gateway = event->address;
}

/* One of what was asked for. */
static void take(struct addresses *addresses, const struct route_event *event)
{
	struct found *found;

	switch (event->type) {
	case ROUTE_EVENT_LINK:
		if (event->usable && addresses->links < ADDRESSES_LINKS_MAX)
			addresses->link[addresses->links++] = event->ifindex;
		break;
	case ROUTE_EVENT_ADDRESS:
		if (!event->usable ||
		    !link_is_usable(addresses, event->ifindex) ||
		    addresses->founds == ADDRESSES_FOUND_MAX)
			break;
		found = &addresses->found[addresses->founds++];
		found->address = event->address;
		found->prefix = event->prefix;
		found->ifindex = event->ifindex;
		break;
	case ROUTE_EVENT_DEFAULT:
		route_take(&addresses->route[event->address.family == AF_INET6],
			   event);
		break;
	case ROUTE_EVENT_OTHER:
	case ROUTE_EVENT_END:
		break;
	}
}

/* Much is told that changes nothing: lifetimes, scans, statistics. */
static bool is_news(const struct addresses *addresses,
		    const struct route_event *event)
{
	const struct route *route;

	switch (event->type) {
	case ROUTE_EVENT_LINK:
		return event->usable !=
		       link_is_usable(addresses, event->ifindex);
	case ROUTE_EVENT_ADDRESS:
		return (event->usable &&
			link_is_usable(addresses, event->ifindex)) !=
		       is_found(addresses, event->ifindex, &event->address);
	case ROUTE_EVENT_DEFAULT:
		route = &addresses->route[event->address.family == AF_INET6];
		return event->gone || !route->set ||
		       event->ifindex != route->ifindex ||
		       event->metric != route->metric ||
		       (event->usable && !endpoint_equal(&event->address,
							 &route->gateway));
	default:
		return false;
	}
}

struct arrival {
	struct addresses *addresses;
	uint64_t now;
};

static void on_event(void *ctx, const struct route_event *event)
{
	const struct arrival *arrival = ctx;
	struct addresses *addresses = arrival->addresses;
	bool asked = addresses->stage != STAGE_NONE &&
		     event->seq == addresses->seq;

	if (asked) {
		/* An error is one too: a kernel without IPv6 says it so. */
		if (event->type == ROUTE_EVENT_END)
			stage_enter(addresses, arrival->now,
				    addresses->stage + 1);
		else
			take(addresses, event);
	} else if (event->type == ROUTE_EVENT_OTHER) {
		routes_note(addresses, arrival->now);
	} else if (addresses->stage != STAGE_NONE) {
		addresses->again = addresses->again ||
				   event->type != ROUTE_EVENT_END;
	} else if (is_news(addresses, event)) {
		addresses_look(addresses, arrival->now);
	}
}

void addresses_receive(struct addresses *addresses, uint64_t now,
		       const void *bytes, size_t len)
{
	struct arrival arrival = { addresses, now };

	route_events_parse(bytes, len, on_event, &arrival);
}

int addresses_socket(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
			     RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE |
			     1U << (RTNLGRP_IPV6_RULE - 1),
	};
	int fd, ret;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

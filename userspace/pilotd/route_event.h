/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What route netlink says of links, addresses and routes. */
#ifndef PILOTD_ROUTE_EVENT_H
#define PILOTD_ROUTE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

enum route_event_type {
	ROUTE_EVENT_LINK,
	ROUTE_EVENT_ADDRESS,
	ROUTE_EVENT_DEFAULT,		/* a default route of the main table */
	ROUTE_EVENT_OTHER,		/* another route, or a rule; no more of it */
	ROUTE_EVENT_END,		/* of a dump, or an error instead of it */
};

struct route_event {
	enum route_event_type type;
	uint32_t seq;			/* of the request it answers */
	bool gone;
	/*
	 * A link that is up and leads out of this host, not into a tunnel. An
	 * address that others may be told of.
	 */
	bool usable;
	uint32_t ifindex;
	uint32_t metric;		/* of a route */
	uint8_t prefix;			/* bits of an address on the link */
	struct endpoint address;	/* or the route's gateway; no port */
	int error;			/* of ROUTE_EVENT_END, negative */
};

typedef void (*route_event_fn)(void *ctx, const struct route_event *event);

/*
 * Calls @fn for each of them among @len bytes from a route netlink socket;
 * everything else is passed over. Return: how many.
 */
unsigned int route_events_parse(const void *bytes, size_t len,
				route_event_fn fn, void *ctx);

#endif /* PILOTD_ROUTE_EVENT_H */

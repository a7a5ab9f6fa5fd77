/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This host's own addresses, and its gateways: those of the network namespace
 * that the UDP sockets are in. Route netlink tells when something changed; then
 * all is asked for once more, since the kernel takes routes away without a
 * word. A state machine: netlink messages and time come in.
 */
#ifndef PILOTD_ADDRESSES_H
#define PILOTD_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "route_event.h"

#define ADDRESSES_MAX		16
#define ADDRESSES_FOUND_MAX	256	/* to choose those from */
#define ADDRESSES_LINKS_MAX	4096
#define ADDRESSES_BUFFER	65536	/* as much as netlink says at once */

/* A change is seldom alone: so long more are waited for. */
#define ADDRESSES_SETTLE	(100 * CLOCK_MS)
/* From the end of one look to the next. */
#define ADDRESSES_GAP		CLOCK_SECOND
/* Other routes come by thousands: told of so rarely while there are more. */
#define ADDRESSES_ROUTES_MAX	(60 * CLOCK_SECOND)

struct addresses_ops {
	/* To the kernel. Return: 0 or -errno. */
	int (*send)(void *ctx, const void *bytes, size_t len);
	/* What addresses_own() returns is another. */
	void (*changed)(void *ctx);
	/* Routes to some places may be others, and addresses are not. */
	void (*routed)(void *ctx);
};

/* The way out by a family's default route; unset: there is none. */
struct addresses_way {
	struct endpoint gateway;	/* no port */
	struct endpoint local;		/* of ours, towards it; no port */
};

struct addresses_own {
	unsigned int count;
	/* With the port; those by which a default route goes come first. */
	struct endpoint host[ADDRESSES_MAX];
	uint8_t prefix[ADDRESSES_MAX];	/* bits that are on the link */
	struct addresses_way way[2];	/* for IPv4 and IPv6 */
};

struct addresses;

/* @port: that of the UDP sockets. Return: NULL without memory. */
struct addresses *addresses_new(const struct addresses_ops *ops, void *ctx,
				uint16_t port);
void addresses_free(struct addresses *addresses);

/* Has a look; also when messages were lost. */
void addresses_look(struct addresses *addresses, uint64_t now);
/* What came from the kernel. */
void addresses_receive(struct addresses *addresses, uint64_t now,
		       const void *bytes, size_t len);
void addresses_timer(struct addresses *addresses, uint64_t now);
uint64_t addresses_deadline(const struct addresses *addresses);

const struct addresses_own *addresses_own(const struct addresses *addresses);

/*
 * The socket, which hears of changes in the process's own namespace. No
 * privileges are needed. Return: a descriptor or -errno.
 */
int addresses_socket(void);

#endif /* PILOTD_ADDRESSES_H */

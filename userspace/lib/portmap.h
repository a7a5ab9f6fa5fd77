/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mapping of our UDP port at the gateway, or a pinhole in it for IPv6: asked
 * for by PCP, or by NAT-PMP where the gateway has no PCP, renewed at half of
 * its life, made anew when the gateway forgot it, and given back at the end. A
 * state machine: datagrams and time come in, datagrams go out.
 */
#ifndef PILOT_LIB_PORTMAP_H
#define PILOT_LIB_PORTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "pcp.h"

#define PORTMAP_SECRET_LEN	16
#define PORTMAP_LIFETIME	3600	/* seconds, as asked for */
#define PORTMAP_LIFETIME_MAX	86400	/* more is not believed */

/* Someone waits, and a gateway is near: sooner than RFC 6887 has it. */
#define PORTMAP_RTO		(250 * CLOCK_MS)	/* doubles */
#define PORTMAP_SENDS		4
/* Until it is tried again where nobody answered, doubling. */
#define PORTMAP_PAUSE		(60 * CLOCK_SECOND)
#define PORTMAP_PAUSE_MAX	(1024 * CLOCK_SECOND)
/* After a refusal: what the gateway says, but within these. */
#define PORTMAP_REFUSED_MIN	(30 * CLOCK_SECOND)
#define PORTMAP_REFUSED_MAX	(1800 * CLOCK_SECOND)
/* Between two of its announcements that are followed. */
#define PORTMAP_ANNOUNCE_GAP	(5 * CLOCK_SECOND)

enum portmap_state {
	PORTMAP_OFF,			/* no gateway */
	PORTMAP_ASKING,			/* for the first time */
	PORTMAP_MAPPED,
	PORTMAP_REFUSED,
	PORTMAP_SILENT,			/* nobody answered */
};

enum portmap_protocol {
	PORTMAP_PCP,
	PORTMAP_NATPMP,
};

struct portmap_ops {
	/* From the address @src, which has no port, to @dst. */
	void (*send)(void *ctx, const struct endpoint *src,
		     const struct endpoint *dst, const void *bytes, size_t len);
	/* The state or the external address is another one. */
	void (*changed)(void *ctx);
};

struct portmap {
	const struct portmap_ops *ops;
	void *ctx;
	uint16_t port;			/* of ours */
	uint8_t secret[PORTMAP_SECRET_LEN];
	struct endpoint gateway;	/* with PCP_PORT */
	struct endpoint local;		/* our address towards it */

	enum portmap_state state;
	enum portmap_protocol protocol;	/* in use, or tried at present */
	const char *problem;		/* of a refusal */
	struct endpoint external;	/* while it is mapped */
	uint32_t lifetime;		/* as given */
	uint64_t expires_at;		/* boot time */

	bool asks;			/* a request is under way */
	bool has_address;		/* NAT-PMP: which takes two */
	struct in_addr address;
	unsigned int sends;		/* of this request */
	uint64_t at;			/* when to act; CLOCK_NEVER: never */
	uint64_t pause;
	bool has_epoch;
	uint32_t epoch;			/* of the gateway, and when it said so */
	uint64_t epoch_at;
	uint64_t announced_at;
};

/*
 * @secret: the same for as long as the host runs, since a gateway lets only
 * him who made a mapping change it.
 */
void portmap_init(struct portmap *map, const struct portmap_ops *ops,
		  void *ctx, uint16_t port,
		  const uint8_t secret[static PORTMAP_SECRET_LEN]);

/*
 * Where the gateway is and which of our addresses it is to map; unset: there
 * is none. Does nothing when both are as before.
 */
void portmap_network(struct portmap *map, uint64_t now,
		     const struct endpoint *gateway,
		     const struct endpoint *local);
/* Asks now, whatever the time of the next renewal is. */
void portmap_renew(struct portmap *map, uint64_t now);
/* Gives the mapping back, once and without waiting for an answer. */
void portmap_release(struct portmap *map);

/* From the socket that requests go out by, or the one for announcements. */
void portmap_receive(struct portmap *map, uint64_t now,
		     const struct endpoint *src, const uint8_t *bytes,
		     size_t len);
void portmap_timer(struct portmap *map, uint64_t now);
uint64_t portmap_deadline(const struct portmap *map);

const char *portmap_state_name(enum portmap_state state);
const char *portmap_protocol_name(enum portmap_protocol protocol);

#endif /* PILOT_LIB_PORTMAP_H */

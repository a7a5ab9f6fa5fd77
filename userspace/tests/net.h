/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network in simulated time: hosts, networks below networks, and the NATs
 * and firewalls between them (RFC 4787 names what they differ in). The same
 * seed gives the same run.
 */
#ifndef PILOT_TESTS_NET_H
#define PILOT_TESTS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define NET_HOSTS	8
#define NET_NATS	8
#define NET_MAPS	256
#define NET_PERMITS	64
#define NET_MS		1000000ULL
#define NET_S		1000000000ULL
#define NET_INTERNET	0		/* the realm at the top */

enum net_rule {
	NET_ENDPOINT,			/* the same for all others */
	NET_ADDRESS,			/* for each address of others */
	NET_PORT,			/* for each address and port */
};

struct net_map {
	bool used;
	struct endpoint inner;
	struct endpoint peer;		/* as far as the mapping heeds it */
	uint16_t port;			/* outside */
	uint64_t at;			/* last used from inside */
	unsigned int permits;
	struct endpoint permit[NET_PERMITS];	/* whom it sent to */
};

/* Between the realm of its own number + 1 and the one outside. */
struct net_nat {
	int outside;
	struct in_addr outer;
	enum net_rule mapping, filtering;
	bool hairpin;
	uint16_t next_port;
	struct net_map map[NET_MAPS];
	/* IPv6: addresses stay, but nothing comes in unasked. */
	unsigned int states[NET_HOSTS];
	struct endpoint state[NET_HOSTS][NET_PERMITS];
};

struct net_host {
	int realm;
	struct endpoint ep4, ep6;	/* own, with the port; unset: none */
	bool down;
	bool ports;			/* all of its IPv4 address are its own */
	uint64_t asleep;		/* until then, and what comes to it waits */
};

struct net_datagram {
	struct net_datagram *next;
	uint64_t at;
	int from, nat, to;		/* nat: the one it arrives at, or -1 */
	struct endpoint src, dst;
	size_t len;
	uint8_t bytes[1300];
};

struct net {
	uint64_t seed;
	uint64_t now;
	uint64_t delay, jitter;		/* of what crosses the internet */
	unsigned int loss, duplicate;	/* per cent of that */
	uint64_t nat_timeout;
	int hosts, nats;
	unsigned int moves;
	struct net_host host[NET_HOSTS];
	struct net_nat nat[NET_NATS];
	bool blocked[NET_HOSTS][NET_HOSTS];
	bool blocked4[NET_HOSTS][NET_HOSTS];	/* IPv4 only */
	bool blocked6[NET_HOSTS][NET_HOSTS];
	unsigned int lossy[NET_HOSTS][NET_HOSTS];	/* per cent, beside loss */
	unsigned int sent[NET_HOSTS], nowhere[NET_HOSTS];
	struct net_datagram *queue;
	struct endpoint dst;		/* of what is delivered */
	void *ctx;
	bool prompt;			/* who wakes up reads before all else */
	void (*deliver)(void *ctx, int host, const struct endpoint *src,
			const uint8_t *bytes, size_t len);
};

uint64_t net_random(struct net *net);
/* Return: the realm inside. */
int net_nat_add(struct net *net, int outside, enum net_rule mapping,
		enum net_rule filtering, bool hairpin);
int net_host_add(struct net *net, int realm, bool v4, bool v6);
/* The host goes elsewhere, with new addresses. */
void net_host_move(struct net *net, int host, int realm, bool v4, bool v6);
/* Forgets its mappings: a reboot. */
void net_nat_reset(struct net *net, int realm);
void net_send(struct net *net, int host, const struct endpoint *dst,
	      const void *bytes, size_t len);
/* From another port of its own than 7740, by IPv4. */
void net_send_from(struct net *net, int host, const struct endpoint *src,
		   const struct endpoint *dst, const void *bytes, size_t len);
/* When the next datagram arrives, UINT64_MAX: none is under way. */
uint64_t net_next(const struct net *net);
/* All that is due by now. */
void net_run(struct net *net);
void net_free(struct net *net);

#endif /* PILOT_TESTS_NET_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user could do so that peers reach this host, in plain words. */
#ifndef PILOTD_ADVICE_H
#define PILOTD_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "portmap.h"
#include "stun.h"
#include "turn_pool.h"

#define ADVICE_MAX	16
#define ADVICE_LEN	256

struct advice_family {
	bool has;			/* the host has an address */
	bool asked, answered;		/* STUN servers, and one of them */
	bool introduced;		/* an introducer answers by UDP */
	bool near;			/* one on a link of ours does */
	unsigned int by_tls;		/* introducers that do by TLS alone */
	struct endpoint outer;		/* as they see us; may be unset */
	bool nat;			/* it is none of the host's */
	enum stun_behaviour mapping, filtering;
	enum portmap_state state;
	const char *problem;		/* of a refusal */
	struct endpoint external;	/* while it is mapped */
};

struct advice_turn {
	const struct turn_account *account;
	const struct turn_report *report;
};

struct advice_facts {
	uint16_t port;
	bool port_mapping;		/* is it allowed */
	struct advice_family family[2];	/* IPv4, IPv6 */
	unsigned int introducers;	/* in all */
	unsigned int reached;		/* of them */
	unsigned int signalling;	/* that are known to relay no data */
	unsigned int tls_answers;	/* by TLS, which was asked */
	unsigned int tls_silent;	/* and those that do not */
	unsigned int turns;
	struct advice_turn turn[TURN_SERVERS_MAX];
};

/* Whether UDP gets out: "open", "blocked", or "unknown". */
const char *advice_udp(const struct advice_family *family);

/* One line each. Return: how many. */
unsigned int advice_give(const struct advice_facts *facts,
			 char text[static ADVICE_MAX][ADVICE_LEN]);

#endif /* PILOTD_ADVICE_H */

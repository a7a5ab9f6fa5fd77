// SPDX-License-Identifier: GPL-2.0-or-later

#include "advice.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[2] = { "IPv4", "IPv6" };

struct advice {
	char (*text)[ADVICE_LEN];
	unsigned int count;
};

__attribute__((format(printf, 2, 3)))
static void say(struct advice *advice, const char *format, ...)
{
	va_list list;

	if (advice->count == ADVICE_MAX)
		return;
	va_start(list, format);
	vsnprintf(advice->text[advice->count++], ADVICE_LEN, format, list);
	va_end(list);
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	struct endpoint with_port = *b;

	with_port.port = a->port;
	return endpoint_equal(a, &with_port);
}

static void say_mapped(struct advice *advice, const struct advice_family *f)
{
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(&f->external, text);
	if (endpoint_is_set(&f->outer) &&
	    !same_address(&f->outer, &f->external))
		say(advice,
		    "the gateway maps %s, but the world sees another address: there is a second NAT behind the gateway, and the mapping ends there",
		    text);
	else
		say(advice, "peers reach this host at %s, which the gateway maps",
		    text);
}

static void say_nat(struct advice *advice, const struct advice_facts *facts,
		    const struct advice_family *f)
{
	switch (f->mapping) {
	case STUN_ENDPOINT_INDEPENDENT:
		say(advice,
		    "the NAT keeps one outer port, so most peers can be reached by punching holes%s",
		    f->filtering != STUN_UNKNOWN ? "" :
		    "; what it lets in only a STUN server with two addresses can tell");
		break;
	case STUN_ADDRESS_DEPENDENT:
	case STUN_ADDRESS_AND_PORT_DEPENDENT:
		say(advice,
		    "the NAT gives each destination another outer port: peers behind such a NAT need a relay");
		break;
	case STUN_UNKNOWN:
		say(advice,
		    "what the NAT does is not known: a STUN server with two addresses, a second server or a second introducer would tell");
		break;
	}
	if (!facts->port_mapping)
		say(advice,
		    "set \"port-mapping yes\" to let the gateway map UDP port %u",
		    facts->port);
	else if (f->state == PORTMAP_REFUSED)
		say(advice, "the gateway refused to map UDP port %u: %s",
		    facts->port, f->problem);
	else if (f->state == PORTMAP_SILENT)
		say(advice,
		    "turn on PCP or NAT-PMP in the router, or forward UDP port %u by hand",
		    facts->port);
}

/* Seen as it is: then only a firewall can be in the way. */
static void say_direct(struct advice *advice, const struct advice_facts *facts,
		       const struct advice_family *f, int i)
{
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(&f->outer, text);
	if (f->filtering == STUN_ENDPOINT_INDEPENDENT)
		say(advice, "peers reach this host at %s: no NAT, no filter",
		    text);
	else if (f->state == PORTMAP_MAPPED)
		say(advice, "peers reach this host at %s: no NAT, and the gateway lets them in",
		    text);
	else if (f->filtering == STUN_UNKNOWN)
		say(advice,
		    "no NAT for %s; peers reach this host at %s if no firewall keeps UDP port %u",
		    names[i], text, facts->port);
	else
		say(advice,
		    "no NAT for %s, but a firewall lets in only answers: let it pass UDP port %u",
		    names[i], facts->port);
}

const char *advice_udp(const struct advice_family *f)
{
	if (f->answered || f->introduced)
		return "open";
	if (f->has && (f->asked || f->by_tls))
		return "blocked";
	return f->near ? "open" : "unknown";
}

/* By TLS introducers are reached only where they do not answer by UDP. */
static void say_by_tls(struct advice *advice, const struct advice_facts *facts,
		       const struct advice_family *f, int i)
{
	if (f->answered || f->introduced)
		say(advice,
		    "UDP gets out over %s, but %u of the introducers answer by TLS alone, which is slow: does a firewall let UDP pass to them?",
		    names[i], f->by_tls);
	else
		say(advice,
		    "UDP is blocked over %s, and introducers are reached by TLS alone, which is slow: let the firewall pass UDP port %u",
		    names[i], facts->port);
}

static void say_udp(struct advice *advice, const struct advice_facts *facts,
		    const struct advice_family *f, int i)
{
	if (f->by_tls)
		say_by_tls(advice, facts, f, i);
	else if (f->asked && !f->answered && f->introduced)
		say(advice,
		    "no STUN server answered over %s, though UDP gets out: are they up?",
		    names[i]);
	else if (f->asked && !f->answered)
		say(advice,
		    "no STUN server answered over %s: they are down, or a firewall blocks UDP; let it pass UDP port %u",
		    names[i], facts->port);
	else if (f->near && !f->asked && !f->introduced)
		say(advice,
		    "how others see this host over %s is not known, as the introducer is on its own network: name a stun-server in pilotd.conf",
		    names[i]);
}

static void say_family(struct advice *advice, const struct advice_facts *facts,
		       int i)
{
	const struct advice_family *f = &facts->family[i];

	if (!f->has)
		return;
	say_udp(advice, facts, f, i);
	if (f->state == PORTMAP_MAPPED &&
	    (f->nat || !endpoint_is_set(&f->outer)))
		say_mapped(advice, f);
	else if (endpoint_is_set(&f->outer) && f->nat)
		say_nat(advice, facts, f);
	else if (endpoint_is_set(&f->outer))
		say_direct(advice, facts, f, i);
}

/* It matters where UDP does not get out: here, or wherever this host goes. */
static void say_tls(struct advice *advice, const struct advice_facts *facts)
{
	if (facts->tls_answers || !facts->tls_silent)
		return;
	if (facts->reached)
		say(advice,
		    "no introducer answers by TLS, so this host has no way out of a network that lets no UDP out: set \"introduce-tls yes\" at one");
	else
		say(advice,
		    "nor does one answer by TLS: set \"introduce-tls yes\" at one, and let TCP pass to its port");
}

/* What is to be done at a TURN server, or about it. */
static void say_turn(struct advice *advice, const struct advice_turn *turn)
{
	bool udp = turn->account->transport == TURN_UDP;
	const struct turn_report *report = turn->report;
	char server[ENDPOINT_TEXT_LEN];

	endpoint_format(&turn->account->server, server);
	if (report->state == TURN_SILENT)
		say(advice,
		    "TURN server %s does not answer%s%s: is it up, and does a firewall let %s pass to it?",
		    server, report->problem[0] ? ": " : "", report->problem,
		    udp ? "UDP" : "TCP");
	else if (report->state == TURN_REFUSED &&
		 report->error == TURN_ERROR_UNAUTHORIZED)
		say(advice,
		    "TURN server %s refuses user \"%s\": compare the user and the password file of its turn-server line with what the server has; it may have expired there",
		    server, turn->account->user);
	else if (report->state == TURN_REFUSED)
		say(advice, "TURN server %s refuses: %s", server,
		    report->problem);
}

static bool has_relay(const struct advice_facts *facts)
{
	for (unsigned int i = 0; i < facts->turns; i++)
		if (facts->turn[i].report->state == TURN_ALLOCATED)
			return true;
	return false;
}

static void say_introducers(struct advice *advice,
			    const struct advice_facts *facts)
{
	if (!facts->introducers)
		return;
	if (!facts->reached)
		say(advice,
		    "no introducer answers, so only peers whose endpoint is known can be reached: are they up, and does a firewall let UDP pass?");
	else if (facts->reached < facts->introducers)
		say(advice, "%u of %u introducers do not answer",
		    facts->introducers - facts->reached, facts->introducers);
	say_tls(advice, facts);
	if (facts->signalling && facts->signalling == facts->introducers &&
	    !has_relay(facts))
		say(advice,
		    "no introducer relays data, so peers to which no direct path is found cannot be reached: set \"relay yes\" there, or name a turn-server");
}

unsigned int advice_give(const struct advice_facts *facts,
			 char text[static ADVICE_MAX][ADVICE_LEN])
{
	const struct advice_family *f = facts->family;
	struct advice advice = { text, 0 };

	if (!f[0].has && !f[1].has) {
		say(&advice,
		    "this host has no address that others could use; is a network up?");
		return advice.count;
	}
	if (!f[0].asked && !f[1].asked && !facts->introducers)
		say(&advice,
		    "how others see this host is not known: name a stun-server in pilotd.conf");
	say_introducers(&advice, facts);
	for (unsigned int i = 0; i < facts->turns; i++)
		say_turn(&advice, &facts->turn[i]);
	say_family(&advice, facts, 0);
	say_family(&advice, facts, 1);
	return advice.count;
}

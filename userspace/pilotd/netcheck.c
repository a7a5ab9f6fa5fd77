// SPDX-License-Identifier: GPL-2.0-or-later

#include "netcheck.h"

#include <string.h>

#include "addr.h"
#include "advice.h"
#include "clock.h"
#include "outside.h"
#include "own.h"
#include "path.h"
#include "reach_tls.h"
#include "turns.h"
#include "worker.h"

/* Introducers have so long to answer: a ping is late after it in any case. */
#define NETCHECK_ANSWER		(1500 * CLOCK_MS)
/* By TLS it is three round trips, and maybe a lost packet. */
#define NETCHECK_TLS		(3 * CLOCK_SECOND)

static void set_endpoint(json_t *object, const char *key,
			 const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_LEN];

	if (!endpoint_is_set(endpoint))
		return;
	endpoint_format(endpoint, text);
	json_object_set_new(object, key, json_string(text));
}

/* What is known, and what came of it. */
struct report {
	struct advice_facts facts;
	struct outside outside[2];	/* IPv4, IPv6 */
};

static void gather_family(const struct own *own, int i, struct report *report)
{
	struct advice_family *facts = &report->facts.family[i];
	const struct portmap *portmap = own_portmap(own, i);

	facts->has = own_has_family(own, i);
	facts->state = portmap->state;
	facts->problem = portmap->problem;
	facts->external = portmap->external;
	outside_stun(&report->outside[i], facts, own_stun(own, i));
}

static void gather_turns(const struct turns *turns, struct advice_facts *facts)
{
	const struct turn_pool_server *server;

	while ((server = turns_server(turns, facts->turns)))
		facts->turn[facts->turns++] = (struct advice_turn){
			&server->client.account, &server->report,
		};
}

static json_t *hosts_json(const struct own *own)
{
	const struct addresses_own *addresses = own_addresses(own);
	char text[ENDPOINT_TEXT_LEN];
	json_t *array = json_array();

	for (unsigned int i = 0; i < addresses->count; i++) {
		endpoint_format(&addresses->host[i], text);
		json_array_append_new(array, json_string(text));
	}
	return array;
}

static json_t *servers_json(const struct stun_client *stun)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < stun->servers; i++) {
		const struct stun_server *server = &stun->server[i];
		json_t *object = json_object();

		set_endpoint(object, "server", &server->endpoint);
		json_object_set_new(object, "answered",
				    json_boolean(server->answered));
		set_endpoint(object, "mapped", &server->mapped);
		if (server->answered)
			json_object_set_new(object, "rtt_us",
					    json_integer(server->rtt_ns /
							 1000));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *portmap_json(const struct own *own, int i, uint64_t now)
{
	const struct portmap *map = own_portmap(own, i);
	json_t *object;

	object = json_pack("{s:s}", "state", own_config(own)->port_mapping ?
			   portmap_state_name(map->state) : "off");
	set_endpoint(object, "gateway", &map->gateway);
	if (map->state == PORTMAP_REFUSED)
		json_object_set_new(object, "problem",
				    json_string(map->problem));
	if (map->state == PORTMAP_MAPPED || map->state == PORTMAP_REFUSED)
		json_object_set_new(object, "protocol",
				    json_string(portmap_protocol_name(
							map->protocol)));
	if (map->state != PORTMAP_MAPPED)
		return object;
	set_endpoint(object, "external", &map->external);
	json_object_set_new(object, "lifetime_s", json_integer(map->lifetime));
	json_object_set_new(object, "left_s",
			    json_integer(map->expires_at > now ?
					 (map->expires_at - now) /
					 CLOCK_SECOND : 0));
	return object;
}

static json_t *family_json(const struct own *own, int i, uint64_t now,
			   const struct advice_family *facts)
{
	json_t *object;

	object = json_pack("{s:b, s:s}", "present", facts->has, "udp",
			   advice_udp(facts));
	if (endpoint_is_set(&facts->outer)) {
		set_endpoint(object, "mapped", &facts->outer);
		json_object_set_new(object, "nat", json_boolean(facts->nat));
		json_object_set_new(object, "mapping", json_string(
				    stun_behaviour_name(facts->mapping)));
		json_object_set_new(object, "filtering", json_string(
				    stun_behaviour_name(facts->filtering)));
	}
	json_object_set_new(object, "servers", servers_json(own_stun(own, i)));
	json_object_set_new(object, "port_mapping", portmap_json(own, i, now));
	return object;
}

static json_t *introducer_json(const struct worker *worker,
			       const struct worker_agent *agent,
			       const struct session_peer *peer, uint64_t now,
			       const struct path_introducer_info *info)
{
	const struct worker_peer *data = session_peer_data(peer);
	char address[ADDR_TEXT_LEN];
	json_t *object, *tls = reach_tls_json(worker, data);

	addr_format(data->address, address);
	object = json_pack("{s:s, s:s, s:b, s:s}", "link", agent->config.name,
			   "peer", address, "reachable", info->reachable,
			   "relays", path_relays_name(info->relays));
	if (data->config.name[0])
		json_object_set_new(object, "name",
				    json_string(data->config.name));
	if (info->reachable)
		json_object_set_new(object, "transport", json_string(
				    info->class < PATH_CLASS_RELAY ? "udp" :
				    path_class_name(info->class)));
	if (info->rtt_ns)
		json_object_set_new(object, "rtt_us",
				    json_integer(info->rtt_ns / 1000));
	if (info->ponged_ns)
		json_object_set_new(object, "answered_ms",
				    json_integer((now - info->ponged_ns) /
						 CLOCK_MS));
	set_endpoint(object, "mapped4", &info->observed[0]);
	set_endpoint(object, "mapped6", &info->observed[1]);
	if (tls)
		json_object_set_new(object, "tls", tls);
	return object;
}

/* Of all agents; what it comes to is noted in @report. */
static json_t *introducers_json(const struct worker *worker, uint64_t now,
				struct report *report)
{
	const struct clock clock = { .boot_ns = now };
	struct path_introducer_info info;
	struct advice_facts *facts = &report->facts;
	const struct worker_agent *agent;
	json_t *array = json_array();
	struct session_peer *peer;

	for (agent = worker->agents; agent; agent = agent->next) {
		peer = NULL;
		while ((peer = session_peer_next(agent->session, peer))) {
			const struct worker_peer *data =
				session_peer_data(peer);

			if (!data->path ||
			    !path_introducer_info(data->path, &clock, &info))
				continue;
			facts->introducers++;
			facts->reached += info.reachable;
			facts->signalling +=
				info.relays == PATH_RELAYS_SIGNALLING;
			facts->tls_answers += reach_tls_answers(worker, data);
			facts->tls_silent += reach_tls_is_silent(worker, data);
			outside_introducer(report->outside, facts->family,
					   &info, &data->config.endpoint);
			json_array_append_new(array,
					      introducer_json(worker, agent,
							      peer, now,
							      &info));
		}
	}
	return array;
}

static json_t *advice_json(const struct advice_facts *facts)
{
	char text[ADVICE_MAX][ADVICE_LEN];
	unsigned int count = advice_give(facts, text);
	json_t *array = json_array();

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(array, json_string(text[i]));
	return array;
}

/* What is known at present. */
static json_t *netcheck_json(const struct worker *worker, uint64_t now)
{
	const struct own *own = worker->own;
	struct report report = {
		.facts.port = own_config(own)->port,
		.facts.port_mapping = own_config(own)->port_mapping,
	};
	struct advice_family *family = report.facts.family;
	json_t *introducers;

	for (int i = 0; i < 2; i++)
		gather_family(own, i, &report);
	introducers = introducers_json(worker, now, &report);
	for (int i = 0; i < 2; i++)
		outside_judge(&report.outside[i], own_addresses(own),
			      &family[i]);
	gather_turns(worker->turns, &report.facts);
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "port", report.facts.port, "host", hosts_json(own),
			 "ipv4", family_json(own, 0, now, &family[0]),
			 "ipv6", family_json(own, 1, now, &family[1]),
			 "introducers", introducers,
			 "advice", advice_json(&report.facts),
			 "turn", turns_json(worker->turns));
}

json_t *netcheck_event(uint64_t check)
{
	return json_pack("{s:s, s:I}", "event", "netcheck", "check",
			 (json_int_t)check);
}

json_t *netcheck_addresses(const struct own *own)
{
	return json_pack("{s:s, s:o}", "event", "addresses", "host",
			 hosts_json(own));
}

static const char *const none[] = { NULL };

json_t *netcheck_request(struct worker *worker, const json_t *args,
			 struct control_error *error)
{
	const struct worker_agent *agent;
	unsigned int asked = 0;
	uint64_t wait;
	struct clock now;

	if (control_only(args, none, error))
		return NULL;
	clock_read(&now);
	for (agent = worker->agents; agent; agent = agent->next)
		if (agent->path)
			asked += path_introducers_ask(agent->path, &now);
	wait = asked ? NETCHECK_ANSWER : 0;
	if (reach_tls_check(worker))
		wait = NETCHECK_TLS;
	return json_pack("{s:I}", "check",
			 (json_int_t)own_check(worker->own, now.boot_ns,
					       now.boot_ns + wait));
}

json_t *netcheck_show(struct worker *worker, const json_t *args,
		      struct control_error *error)
{
	struct clock now;

	if (control_only(args, none, error))
		return NULL;
	clock_read(&now);
	return netcheck_json(worker, now.boot_ns);
}

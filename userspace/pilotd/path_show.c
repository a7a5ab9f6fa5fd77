// SPDX-License-Identifier: GPL-2.0-or-later

#include "path_show.h"

#include "addr.h"
#include "reach.h"
#include "reach_tls.h"
#include "turns.h"
#include "wanted.h"

static void set_endpoint(json_t *object, const char *key,
			 const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(endpoint, text);
	json_object_set_new(object, key, json_string(text));
}

/*
 * By TLS to the introducer that relays, or that the peer is; or by TLS or TCP to
 * our TURN server.
 */
static bool is_by_tls(const struct path_info *info)
{
	for (unsigned int i = 0; i < info->count; i++)
		if (info->candidate[i].state == PATH_STATE_IN_USE)
			return info->candidate[i].class == PATH_CLASS_TLS;
	return false;
}

/* What a way is in the end, whoever told of it. */
static const char *kind_of(const struct endpoint *endpoint)
{
	static const char *const names[] = {
		[ENDPOINT_DIRECT] = "direct",
		[ENDPOINT_RELAY] = "relay",
		[ENDPOINT_TURN] = "turn",
	};

	return names[endpoint->kind];
}

/* Of a channel there: the server itself, if something speaks for it. */
static void set_server(json_t *object, const struct turns *turns,
		       const struct endpoint *endpoint)
{
	const struct endpoint at = endpoint_carrier(endpoint);
	const struct turn_account *account = turns_at(turns, &at);

	set_endpoint(object, "server", account ? &account->server : &at);
	if (account)
		json_object_set_new(object, "transport",
				    json_string(turn_transport_name(account->transport)));
}

/* The introducer of a relay, and what people call it. */
static void set_relay(json_t *object, const struct worker_agent *agent,
		      uint64_t introducer)
{
	const struct session_peer *peer;
	const struct worker_peer *data;
	char address[ADDR_TEXT_LEN];

	addr_format(introducer, address);
	json_object_set_new(object, "relay", json_string(address));
	peer = session_peer_find(agent->session, introducer);
	data = peer ? session_peer_data(peer) : NULL;
	if (data && data->config.name[0])
		json_object_set_new(object, "relay_name",
				    json_string(data->config.name));
}

static json_t *candidate_json(const struct worker *worker,
			      const struct worker_agent *agent,
			      const struct path_candidate_info *candidate,
			      uint64_t now_ns)
{
	json_t *object = json_object();

	set_endpoint(object, "endpoint", &candidate->endpoint);
	json_object_set_new(object, "kind",
			    json_string(path_kind_name(candidate->kind)));
	json_object_set_new(object, "class",
			    json_string(path_class_name(candidate->class)));
	if (candidate->cost)
		json_object_set_new(object, "cost",
				    json_integer(candidate->cost));
	json_object_set_new(object, "state",
			    json_string(path_state_name(candidate->state)));
	if (candidate->reason[0])
		json_object_set_new(object, "reason",
				    json_string(candidate->reason));
	if (candidate->rtt_ns)
		json_object_set_new(object, "rtt_us",
				    json_integer(candidate->rtt_ns / 1000));
	json_object_set_new(object, "loss", json_integer(candidate->loss));
	if (candidate->heard_ns)
		json_object_set_new(object, "heard_ms",
				    json_integer((now_ns - candidate->heard_ns) /
						 CLOCK_MS));
	if (candidate->endpoint.kind == ENDPOINT_TURN)
		set_server(object, worker->turns, &candidate->endpoint);
	if (candidate->introducer)
		set_relay(object, agent, candidate->introducer);
	return object;
}

static void set_ways(const struct worker *worker,
		     const struct worker_agent *agent, json_t *object,
		     const struct path_info *info, uint64_t now_ns)
{
	json_t *candidates = json_array(), *observed = json_array();
	char text[ENDPOINT_TEXT_LEN];

	json_object_set_new(object, "text", json_string(info->text));
	for (unsigned int i = 0; i < info->observed_count; i++) {
		endpoint_format(&info->observed[i], text);
		json_array_append_new(observed, json_string(text));
	}
	for (unsigned int i = 0; i < info->count; i++)
		json_array_append_new(candidates,
				      candidate_json(worker, agent,
						     &info->candidate[i],
						     now_ns));
	json_object_set_new(object, "observed", observed);
	json_object_set_new(object, "candidates", candidates);
}

static json_t *peer_json(const struct worker *worker,
			 const struct worker_agent *agent,
			 const struct session_peer *peer, uint64_t now_ns)
{
	const struct worker_peer *data = session_peer_data(peer);
	struct session_peer_info session;
	char address[ADDR_TEXT_LEN];
	struct path_info info;
	json_t *object;
	bool ways;

	session_peer_info(peer, &session);
	addr_format(session_peer_address(peer), address);
	object = json_pack("{s:s, s:s}", "link", agent->config.name, "peer",
			   address);
	if (data->config.name[0])
		json_object_set_new(object, "name",
				    json_string(data->config.name));
	ways = reach_info(peer, &info);
	if (endpoint_is_set(&session.endpoint)) {
		set_endpoint(object, "endpoint", &session.endpoint);
		json_object_set_new(object, "kind",
				    json_string(ways && is_by_tls(&info) ?
						"tls" :
						kind_of(&session.endpoint)));
	}
	/* Only while it is asked for; netcheck tells the rest. */
	if (endpoint_is_set(&data->tls))
		json_object_set_new(object, "tls",
				    reach_tls_json(worker, data));
	if (ways)
		set_ways(worker, agent, object, &info, now_ns);
	else
		json_object_set_new(object, "text",
				    json_string("no introducer: it stays at what is configured or learned"));
	return object;
}

json_t *path_show(struct worker *worker, const json_t *args,
		  struct control_error *error)
{
	static const char *const known[] = { "link", "did", "address", NULL };
	const struct worker_agent *agent;
	struct session_peer *peer;
	struct wanted wanted;
	struct clock now;
	json_t *array;

	if (control_only(args, known, error) ||
	    wanted_parse(worker, args, &wanted, error))
		return NULL;
	array = json_array();
	clock_read(&now);
	for (agent = worker->agents; agent; agent = agent->next) {
		if (wanted.agent && wanted.agent != agent)
			continue;
		peer = NULL;
		while ((peer = session_peer_next(agent->session, peer)))
			if (wanted_match(&wanted, peer))
				json_array_append_new(array,
						      peer_json(worker, agent, peer,
								now.boot_ns));
	}
	return array;
}

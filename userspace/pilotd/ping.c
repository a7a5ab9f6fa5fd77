// SPDX-License-Identifier: GPL-2.0-or-later

#include "ping.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "wanted.h"
#include "worker.h"

/* JSON has no unsigned number of 64 bits. */
static json_t *token_json(uint64_t token)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, token);
	return json_string(text);
}

static void set_endpoint(json_t *object, const char *key,
			 const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(endpoint, text);
	json_object_set_new(object, key, json_string(text));
}

static json_t *peer_names(struct session_agent *agent,
			  struct session_peer *peer)
{
	const struct worker_agent *at = session_agent_data(agent);
	char address[ADDR_TEXT_LEN];

	addr_format(session_peer_address(peer), address);
	return json_pack("{s:s, s:s}", "link", at->config.name, "peer",
			 address);
}

static void refuse(struct control_error *error, int ret,
		   const struct session_peer_info *info)
{
	switch (-ret) {
	case EINPROGRESS:
	case ENOTCONN:
		control_error_set(error, "not-ready", "try again soon",
				  "a session with the peer is being set up");
		break;
	case EAGAIN:
		control_error_set(error, "not-ready", "try again later",
				  "there is no session with the peer: %s",
				  info->last_error);
		break;
	case EDESTADDRREQ:
		control_error_set(error, "no-endpoint",
				  "pilot-link peer set DID endpoint ENDPOINT gives it one",
				  "it is not known where the peer is");
		break;
	case EBUSY:
		control_error_set(error, "busy", "wait a few seconds",
				  "too many pings to this peer are under way");
		break;
	default:
		control_error_set(error, "internal", NULL, "%s",
				  strerror(-ret));
	}
}

json_t *ping_request(struct worker *worker, const json_t *args,
		     struct control_error *error)
{
	static const char *const known[] = { "link", "did", "address", NULL };
	struct session_peer_info info;
	struct session_peer *peer;
	json_t *result = NULL;
	struct clock now;
	uint64_t token;
	int ret;

	if (control_only(args, known, error))
		return NULL;
	peer = wanted_peer(worker, args, error);
	if (!peer)
		return NULL;
	clock_read(&now);
	ret = session_control_want(worker->host, &now, peer);
	if (!ret)
		ret = session_ping(worker->host, &now, peer, NULL, &token);
	session_peer_info(peer, &info);
	if (ret) {
		refuse(error, ret, &info);
	} else {
		result = peer_names(session_peer_agent(peer), peer);
		json_object_set_new(result, "token", token_json(token));
		set_endpoint(result, "endpoint", &info.endpoint);
	}
	/* The next deadline may be another now. */
	worker_catch_up(worker);
	return result;
}

json_t *ping_event(struct session_agent *agent, struct session_peer *peer,
		   const struct session_pong *pong)
{
	json_t *object = peer_names(agent, peer);

	json_object_set_new(object, "event", json_string("pong"));
	json_object_set_new(object, "token", token_json(pong->token));
	set_endpoint(object, "endpoint", &pong->dst);
	set_endpoint(object, "from", &pong->src);
	if (endpoint_is_set(&pong->observed))
		set_endpoint(object, "observed", &pong->observed);
	json_object_set_new(object, "rtt_us",
			    json_integer(pong->rtt_ns / 1000));
	return object;
}

void ping_answered(void *ctx, struct session_agent *agent,
		   struct session_peer *peer, const struct session_pong *pong)
{
	struct worker *worker = ctx;

	if (worker->control)
		control_broadcast(worker->control,
				  ping_event(agent, peer, pong));
}

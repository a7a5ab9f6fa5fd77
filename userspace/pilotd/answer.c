// SPDX-License-Identifier: GPL-2.0-or-later

#include "answer.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "addr.h"
#include "clock.h"
#include "netcheck.h"
#include "path_show.h"
#include "ping.h"
#include "wanted.h"
#include "worker.h"

json_t *answer_event(const char *event, const char *link, const char *peer,
		     const char *text)
{
	json_t *object = json_pack("{s:s}", "event", event);

	if (link)
		json_object_set_new(object, "link", json_string(link));
	if (peer[0])
		json_object_set_new(object, "peer", json_string(peer));
	if (text[0])
		json_object_set_new(object, "text", json_string(text));
	return object;
}

/* The parent's word on why not, as the client sees it. */
static void refuse(struct control_error *error, const struct ipc_message *reply)
{
	const char *code;

	switch (reply->reply.error) {
	case EEXIST:
		code = "exists";
		break;
	case ENOENT:
	case ENODEV:
		code = "not-found";
		break;
	case EPERM:
	case EACCES:
		code = "denied";
		break;
	case EBUSY:
		code = "busy";
		break;
	case ENOSPC:
		code = "limit";
		break;
	case EINVAL:
	case ERANGE:
	case EAFNOSUPPORT:
		code = "invalid";
		break;
	case 0:
	case EPIPE:
		code = "internal";
		break;
	default:
		code = "kernel";
	}
	control_error_set(error, code, NULL, "%s", reply->reply.text);
}

/* Asks the parent, and takes in what it says besides. */
static json_t *call(struct worker *worker, struct ipc_message *message,
		    struct control_error *error)
{
	int ret = worker_call(worker, message);

	worker_catch_up(worker);
	if (!ret)
		return json_null();
	refuse(error, message);
	return NULL;
}

/* A member's value as the text that stands in a configuration file. */
static bool value_text(const json_t *value, char *text, size_t size)
{
	if (json_is_string(value))
		return (size_t)snprintf(text, size, "%s",
					json_string_value(value)) < size;
	if (json_is_integer(value))
		return (size_t)snprintf(text, size, "%" JSON_INTEGER_FORMAT,
					json_integer_value(value)) < size;
	return false;
}

typedef int (*set_fn)(void *block, const char *keyword, const char *value,
		      char *err);

/*
 * Sets every member of @args but those of @skip, as keywords: a member's
 * underscores are a keyword's dashes.
 */
static int set_members(const json_t *args, const char *const *skip, set_fn set,
		       void *block, struct control_error *error)
{
	char keyword[64], text[CONFIG_LINE_MAX], err[CONFIG_ERROR_LEN];
	const char *const *s;
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach((json_t *)args, key, value) {
		for (s = skip; *s && strcmp(*s, key); s++)
			;
		if (*s)
			continue;
		snprintf(keyword, sizeof(keyword), "%s", key);
		for (i = 0; keyword[i]; i++)
			if (keyword[i] == '_')
				keyword[i] = '-';
		if (!value_text(value, text, sizeof(text))) {
			control_error_set(error, "invalid", NULL,
					  "%s has to be a string or a whole number",
					  key);
			return -EINVAL;
		}
		if (set(block, keyword, text, err)) {
			control_error_set(error, "invalid", NULL, "%s", err);
			return -EINVAL;
		}
	}
	return 0;
}

static int set_agent(void *block, const char *keyword, const char *value,
		     char *err)
{
	return config_agent_set(block, keyword, value, err);
}

static int set_peer(void *block, const char *keyword, const char *value,
		    char *err)
{
	return config_peer_set(block, keyword, value, err);
}

static json_t *link_add(struct worker *worker, const json_t *args,
			struct control_error *error)
{
	static const char *const skip[] = { "op", "name", NULL };
	char err[CONFIG_ERROR_LEN];
	struct ipc_message message;
	const char *name;

	if (control_get_string(args, "name", true, &name, error))
		return NULL;
	ipc_message_init(&message, IPC_LINK_ADD);
	if (config_agent_init(&message.link, name, err)) {
		control_error_set(error, "invalid", NULL, "%s", err);
		return NULL;
	}
	if (set_members(args, skip, set_agent, &message.link, error))
		return NULL;
	return call(worker, &message, error);
}

static json_t *link_del(struct worker *worker, const json_t *args,
			struct control_error *error)
{
	struct ipc_message message;
	const char *name;

	if (control_get_string(args, "name", true, &name, error))
		return NULL;
	ipc_message_init(&message, IPC_LINK_DEL);
	if (strlen(name) >= sizeof(message.link_name.name)) {
		control_error_set(error, "not-found", NULL,
				  "there is no link %s", name);
		return NULL;
	}
	strcpy(message.link_name.name, name);
	return call(worker, &message, error);
}

static json_t *link_json(struct worker *worker,
			 const struct worker_agent *agent)
{
	char address[ADDR_TEXT_LEN], did[DID_TEXT_LEN];
	json_t *object;

	addr_format(agent->address, address);
	did_format(session_agent_public(agent->session), did);
	object = json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:s}",
			   "name", agent->config.name,
			   "ifindex", (int)agent->ifindex, "address", address,
			   "did", did, "network", addr_network(agent->address),
			   "port", worker->init.port, "source",
			   agent->runtime ? "runtime" : "file");
	if (agent->config.netns[0])
		json_object_set_new(object, "netns",
				    json_string(agent->config.netns));
	if (agent->config.mtu)
		json_object_set_new(object, "mtu",
				    json_integer(agent->config.mtu));
	return object;
}

static json_t *link_show(struct worker *worker, const json_t *args,
			 struct control_error *error)
{
	const struct worker_agent *agent;
	json_t *array = json_array();
	const char *name = NULL;

	if (control_get_string(args, "name", false, &name, error)) {
		json_decref(array);
		return NULL;
	}
	for (agent = worker->agents; agent; agent = agent->next)
		if (!name || !strcmp(name, agent->config.name))
			json_array_append_new(array, link_json(worker, agent));
	return array;
}

static json_t *peer_add(struct worker *worker, const json_t *args,
			struct control_error *error)
{
	static const char *const skip[] = { "op", "did", NULL };
	char err[CONFIG_ERROR_LEN];
	struct ipc_message message;
	const char *did;

	if (control_get_string(args, "did", true, &did, error))
		return NULL;
	ipc_message_init(&message, IPC_PEER_NEW);
	if (config_peer_init(&message.config_peer, did, err)) {
		control_error_set(error, "invalid", NULL, "%s", err);
		return NULL;
	}
	if (set_members(args, skip, set_peer, &message.config_peer, error))
		return NULL;
	return call(worker, &message, error);
}

static json_t *peer_set(struct worker *worker, const json_t *args,
			struct control_error *error)
{
	static const char *const skip[] = { "op", "did", "address", "link",
					    NULL };
	const struct worker_peer *data;
	struct ipc_message message;
	struct session_peer *peer;

	peer = wanted_peer(worker, args, error);
	if (!peer)
		return NULL;
	data = session_peer_data(peer);
	ipc_message_init(&message, IPC_PEER_CHANGE);
	message.config_peer = data->config;
	if (set_members(args, skip, set_peer, &message.config_peer, error))
		return NULL;
	return call(worker, &message, error);
}

static json_t *peer_del(struct worker *worker, const json_t *args,
			struct control_error *error)
{
	const struct worker_peer *data;
	struct ipc_message message;
	struct session_peer *peer;

	peer = wanted_peer(worker, args, error);
	if (!peer)
		return NULL;
	data = session_peer_data(peer);
	ipc_message_init(&message, IPC_PEER_REMOVE);
	memcpy(message.peer_remove.link, data->config.link,
	       sizeof(message.peer_remove.link));
	memcpy(message.peer_remove.public, data->config.public,
	       sizeof(message.peer_remove.public));
	return call(worker, &message, error);
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	if (value)
		json_object_set_new(object, key, json_integer(value));
}

static json_t *peer_json(const struct worker_agent *agent,
			 const struct session_peer *peer, uint64_t now_ns)
{
	const struct worker_peer *data = session_peer_data(peer);
	char address[ADDR_TEXT_LEN], did[DID_TEXT_LEN];
	char endpoint[ENDPOINT_TEXT_LEN];
	struct session_peer_info info;
	struct endpoint tls;
	json_t *object;

	session_peer_info(peer, &info);
	addr_format(session_peer_address(peer), address);
	did_format(session_peer_public(peer), did);
	object = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}",
			   "link", agent->config.name, "address", address,
			   "did", did, "state", session_state_name(info.state),
			   "psk", info.has_psk, "source",
			   data->runtime ? "runtime" : "file");
	if (data->config.name[0])
		json_object_set_new(object, "name",
				    json_string(data->config.name));
	if (endpoint_is_set(&info.endpoint)) {
		endpoint_format(&info.endpoint, endpoint);
		json_object_set_new(object, "endpoint", json_string(endpoint));
	}
	if (info.handshake_ns)
		json_object_set_new(object, "last_handshake_s",
				    json_integer((now_ns - info.handshake_ns) /
						 CLOCK_SECOND));
	if (data->config.introducer)
		json_object_set_new(object, "introducer", json_true());
	if (data->config.watch != CONFIG_WATCH_ALWAYS)
		json_object_set_new(object, "watch",
				    json_integer(data->config.watch));
	else
		json_object_set_new(object, "watch", json_string("always"));
	if (config_peer_tls(&data->config, &tls)) {
		endpoint_format(&tls, endpoint);
		json_object_set_new(object, "tls", json_string(endpoint));
	}
	set_number(object, "key_epoch", info.key_epoch);
	set_number(object, "attempts", info.attempts);
	if (info.last_error[0])
		json_object_set_new(object, "last_error",
				    json_string(info.last_error));
	return object;
}

static json_t *peer_show(struct worker *worker, const json_t *args,
			 struct control_error *error)
{
	const struct worker_agent *agent;
	struct session_peer *peer;
	struct wanted wanted;
	struct clock now;
	json_t *array;

	if (wanted_parse(worker, args, &wanted, error))
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
						      peer_json(agent, peer,
								now.boot_ns));
	}
	return array;
}

static json_t *reload(struct worker *worker, const json_t *args,
		      struct control_error *error)
{
	struct ipc_message message;

	(void)args;
	ipc_message_init(&message, IPC_RELOAD);
	return call(worker, &message, error);
}

static json_t *handshakes_json(const struct session_stats *stats)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
			 "completed", (json_int_t)stats->handshakes,
			 "received", (json_int_t)stats->rx_frames,
			 "strangers", (json_int_t)stats->rx_stranger,
			 "malformed", (json_int_t)stats->rx_malformed,
			 "replayed", (json_int_t)stats->rx_replayed,
			 "limited", (json_int_t)(stats->rx_limited +
						 stats->rx_no_cookie));
}

static json_t *control_json(const struct session_stats *stats)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
			 "received", (json_int_t)stats->rx_control,
			 "sent", (json_int_t)stats->tx_control,
			 "limited", (json_int_t)stats->rx_control_limited,
			 "unauthentic",
			 (json_int_t)stats->rx_control_unauthentic,
			 "replayed", (json_int_t)stats->rx_control_replayed,
			 "unknown", (json_int_t)stats->rx_control_unknown);
}

static json_t *introducer_json(const struct introducer_stats *stats)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "pairs", (json_int_t)stats->pairs,
			 "opened", (json_int_t)stats->opened,
			 "renewed", (json_int_t)stats->renewed,
			 "closed", (json_int_t)stats->closed,
			 "expired", (json_int_t)stats->expired,
			 "refused", (json_int_t)stats->refused,
			 "limited", (json_int_t)stats->limited,
			 "malformed", (json_int_t)stats->malformed);
}

static json_t *status(struct worker *worker, const json_t *args,
		      struct control_error *error)
{
	const struct session_stats *stats = session_host_stats(worker->host);
	const struct worker_agent *agent;
	int links = 0;

	(void)args;
	(void)error;
	for (agent = worker->agents; agent; agent = agent->next)
		links++;
	return json_pack("{s:i, s:i, s:s, s:o, s:o, s:o}",
			 "port", worker->init.port, "links", links,
			 "version", PILOT_VERSION,
			 "handshakes", handshakes_json(stats),
			 "control", control_json(stats),
			 "introducer", introducer_json(
				 introducer_stats(worker->introducer)));
}

json_t *answer_request(void *ctx, const char *op, const json_t *args,
		       struct control_error *error)
{
	static const struct {
		const char *op;
		json_t *(*fn)(struct worker *worker, const json_t *args,
			      struct control_error *error);
	} requests[] = {
		{ "status", status },
		{ "reload", reload },
		{ "link.add", link_add },
		{ "link.del", link_del },
		{ "link.show", link_show },
		{ "peer.add", peer_add },
		{ "peer.set", peer_set },
		{ "peer.del", peer_del },
		{ "peer.show", peer_show },
		{ "ping", ping_request },
		{ "path.show", path_show },
		{ "netcheck", netcheck_request },
		{ "netcheck.show", netcheck_show },
	};
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (!strcmp(op, requests[i].op))
			return requests[i].fn(ctx, args, error);
	control_error_set(error, "unknown-op",
			  "is pilot-link newer than pilotd? restart pilotd",
			  "pilotd does not know %s", op);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later

#include "reach_tls.h"

#include <stdio.h>
#include <string.h>

#include "bridge_request.h"

static struct worker_peer *data_of(const struct session_peer *peer)
{
	return session_peer_data(peer);
}

static void open_server(const struct endpoint *server, const char *name)
{
	struct bridge_open open = { .server = *server, .kind = STREAM_FRAMES };

	memcpy(open.name, name, strlen(name));
	bridge_request_open(&open);
}

typedef bool (*peer_fn)(void *ctx, struct session_peer *peer);

/* Return: for how many peers @each said true. */
static unsigned int for_each(struct worker *worker, peer_fn each, void *ctx)
{
	struct worker_agent *agent;
	unsigned int count = 0;

	for (agent = worker->agents; agent; agent = agent->next) {
		struct session_peer *peer = NULL;

		/* Few agents have one, and many peers. */
		if (!agent->introducers)
			continue;
		while ((peer = session_peer_next(agent->session, peer)))
			if (data_of(peer)->path)
				count += each(ctx, peer);
	}
	return count;
}

static bool uses(void *ctx, struct session_peer *peer)
{
	const struct endpoint *server = ctx;

	return endpoint_is_set(&data_of(peer)->tls) &&
	       endpoint_equal(&data_of(peer)->tls, server);
}

/* One that is asked for a moment, whoever uses it. */
static bool probes(void *ctx, struct session_peer *peer)
{
	const struct worker_peer *data = data_of(peer);
	const struct endpoint *server = ctx;
	struct endpoint at;

	return data->tls_probed && config_peer_tls(&data->config, &at) &&
	       endpoint_equal(&at, server);
}

struct naming {
	struct endpoint server;
	char name[CONFIG_NAME_LEN];
};

static void name_copy(char to[static CONFIG_NAME_LEN], const char *name)
{
	snprintf(to, CONFIG_NAME_LEN, "%s", name);
}

static bool has_name(struct naming *naming, struct session_peer *peer)
{
	return uses(&naming->server, peer) || probes(&naming->server, peer);
}

static bool find_name(void *ctx, struct session_peer *peer)
{
	struct naming *naming = ctx;

	if (!has_name(naming, peer))
		return false;
	name_copy(naming->name, data_of(peer)->tls_name);
	return true;
}

static bool set_name(void *ctx, struct session_peer *peer)
{
	struct naming *naming = ctx;

	if (!has_name(naming, peer))
		return false;
	name_copy(data_of(peer)->tls_name, naming->name);
	return true;
}

static void release(struct worker *worker, struct worker_peer *data)
{
	struct endpoint server = data->tls;

	memset(&data->tls, 0, sizeof(data->tls));
	if (endpoint_is_set(&server) && !for_each(worker, uses, &server) &&
	    !for_each(worker, probes, &server))
		bridge_request_close(&server, STREAM_FRAMES);
}

/*
 * There is one connection to a server, with one name: whoever comes later takes
 * the one that is there, or two with different names would end each other's.
 */
void reach_tls_want(void *ctx, struct path_peer *path, bool wanted)
{
	struct worker_peer *data = data_of(path_peer_data(path));
	struct worker *worker = ctx;
	struct naming naming;

	release(worker, data);
	if (!wanted || !config_peer_tls(&data->config, &naming.server))
		return;
	name_copy(naming.name, data->config.tls_name);
	for_each(worker, find_name, &naming);
	data->tls = naming.server;
	data->tls_number = 0;
	set_name(&naming, path_peer_data(path));
	open_server(&naming.server, naming.name);
}

/* Another name is for all who use the server: the last that was set. */
static void rename_all(struct worker *worker, struct worker_peer *data)
{
	struct naming naming = { .server = data->tls };

	if (!strcmp(data->tls_name, data->config.tls_name))
		return;
	name_copy(naming.name, data->config.tls_name);
	for_each(worker, set_name, &naming);
	open_server(&naming.server, naming.name);
}

void reach_tls_set(struct worker *worker, struct path_host *host,
		   struct session_peer *peer)
{
	struct worker_peer *data = data_of(peer);
	struct endpoint server;
	struct clock now;

	if (!data->path || !endpoint_is_set(&data->tls) ||
	    !config_peer_tls(&data->config, &server))
		return;
	if (endpoint_equal(&server, &data->tls)) {
		rename_all(worker, data);
		return;
	}
	clock_read(&now);
	path_tls_set(host, &now, data->path, NULL);
	reach_tls_want(worker, data->path, true);
}

/* --- what is known ---------------------------------------------------------- */

static struct bridge_state *said_find(struct worker *worker,
				      const struct endpoint *server)
{
	for (int i = 0; i < BRIDGE_SERVERS_MAX; i++)
		if (endpoint_is_set(&worker->tls_said[i].server) &&
		    endpoint_equal(&worker->tls_said[i].server, server))
			return &worker->tls_said[i];
	return NULL;
}

static void remember(struct worker *worker, const struct bridge_state *state)
{
	struct bridge_state *said = said_find(worker, &state->server);

	if (!said)
		said = &worker->tls_said[worker->tls_next++ %
					 BRIDGE_SERVERS_MAX];
	*said = *state;
}

static const struct bridge_state *said_of(const struct worker *worker,
					  const struct worker_peer *data)
{
	struct endpoint server;

	return config_peer_tls(&data->config, &server) ?
	       said_find((struct worker *)worker, &server) : NULL;
}

bool reach_tls_answers(const struct worker *worker,
		       const struct worker_peer *data)
{
	const struct bridge_state *said = said_of(worker, data);

	return said && said->up;
}

bool reach_tls_is_silent(const struct worker *worker,
			 const struct worker_peer *data)
{
	const struct bridge_state *said = said_of(worker, data);

	return said && !said->up;
}

json_t *reach_tls_json(const struct worker *worker,
		       const struct worker_peer *data)
{
	const struct bridge_state *said = said_of(worker, data);
	char text[ENDPOINT_TEXT_LEN];
	struct endpoint server;
	json_t *object;

	if (!config_peer_tls(&data->config, &server))
		return NULL;
	endpoint_format(&server, text);
	object = json_pack("{s:s, s:s, s:b}", "server", text, "state",
			   !said ? "unknown" : said->up ? "answers" :
			   *said->text ? "failed" : "trying",
			   "used", endpoint_is_set(&data->tls));
	if (said && !said->up && *said->text)
		json_object_set_new(object, "problem",
				    json_string(said->text));
	return object;
}

static bool probe(void *ctx, struct session_peer *peer)
{
	struct worker_peer *data = data_of(peer);
	struct worker *worker = ctx;
	struct bridge_state *said;
	struct naming naming;

	if (!config_peer_tls(&data->config, &naming.server))
		return false;
	if (!for_each(worker, uses, &naming.server)) {
		said = said_find(worker, &naming.server);
		if (said)
			said->up = false;
		if (said)
			said->text[0] = '\0';
	}
	name_copy(naming.name, data->config.tls_name);
	for_each(worker, find_name, &naming);
	data->tls_probed = true;
	set_name(&naming, peer);
	open_server(&naming.server, naming.name);
	return true;
}

unsigned int reach_tls_check(struct worker *worker)
{
	return for_each(worker, probe, worker);
}

/* --- what is told ----------------------------------------------------------- */

struct telling {
	struct path_host *host;
	const struct bridge_state *state;
	struct clock now;
};

static bool tell(void *ctx, struct session_peer *peer)
{
	struct worker_peer *data = data_of(peer);
	const struct telling *telling = ctx;
	const struct bridge_state *state = telling->state;
	struct endpoint server;

	if (!config_peer_tls(&data->config, &server) ||
	    !endpoint_equal(&server, &state->server))
		return false;
	/* Who only asks whether it answers is not to go there. */
	if (data->tls_probed) {
		data->tls_probed = !state->up && !*state->text;
		if (!uses(&server, peer))
			return data->tls_probed;
	}
	/* Each who asks is told, and so are the others, who know. */
	if (state->up && state->number == data->tls_number)
		return uses(&server, peer);
	path_tls_set(telling->host, &telling->now, data->path,
		     state->up ? &state->local : NULL);
	/* Not before: it may ask for the connection only now. */
	data->tls_number = state->up ? state->number : 0;
	return uses(&server, peer);
}

void reach_tls_state(struct worker *worker, struct path_host *host,
		     const struct bridge_state *state)
{
	struct telling telling = { .host = host, .state = state };

	remember(worker, state);
	clock_read(&telling.now);
	/* One that a worker before us wanted, and we have no use for. */
	if (!for_each(worker, tell, &telling))
		bridge_request_close(&state->server, STREAM_FRAMES);
}

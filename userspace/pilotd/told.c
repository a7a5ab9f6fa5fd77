// SPDX-License-Identifier: GPL-2.0-or-later

#include "told.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "bridge_request.h"
#include "introduce.h"
#include "log.h"
#include "reach.h"
#include "spawn.h"
#include "turns.h"
#include "worker.h"

static void agent_add(struct worker *worker, const struct ipc_agent *told)
{
	struct worker_agent *agent = calloc(1, sizeof(*agent));
	struct identity identity;
	int ret;

	if (!agent)
		return;
	agent->config = told->config;
	agent->runtime = told->runtime;
	agent->address = told->address;
	agent->ifindex = told->ifindex;
	ret = identity_from_seed(told->seed, &identity);
	if (!ret)
		ret = session_agent_add(worker->host, &identity, told->address,
					agent, &agent->session);
	identity_wipe(&identity);
	if (ret) {
		log_error("cannot serve %s: %s", told->config.name,
			  strerror(-ret));
		free(agent);
		return;
	}
	reach_agent_add(worker, agent, session_agent_public(agent->session));
	agent->next = worker->agents;
	worker->agents = agent;
}

static void peer_forget(struct worker *worker, struct session_peer *peer)
{
	struct worker_peer *data = session_peer_data(peer);
	struct session_agent *agent = session_peer_agent(peer);

	introducer_peer_gone(worker->introducer, session_agent_address(agent),
			     session_peer_address(peer));
	reach_peer_del(worker, peer);
	session_peer_del(worker->host, peer);
	free(data);
}

static void agent_del(struct worker *worker, uint64_t address)
{
	struct worker_agent **link = &worker->agents, *agent;
	struct session_peer *peer;

	while (*link && (*link)->address != address)
		link = &(*link)->next;
	agent = *link;
	if (!agent)
		return;
	*link = agent->next;
	while ((peer = session_peer_next(agent->session, NULL)))
		peer_forget(worker, peer);
	introducer_agent_gone(worker->introducer, address);
	reach_agent_del(worker, agent);
	session_agent_del(worker->host, agent->session);
	free(agent);
}

static void peer_config(const struct ipc_peer *told,
			struct session_peer_config *config)
{
	memset(config, 0, sizeof(*config));
	memcpy(config->public, told->config.public, sizeof(config->public));
	config->address = told->address;
	config->endpoint = told->config.endpoint;
	config->has_psk = told->has_psk;
	memcpy(config->psk, told->psk, sizeof(config->psk));
	config->persist = config_peer_persists(&told->config);
}

static void peer_put(struct worker *worker, const struct ipc_peer *told)
{
	struct session_agent *agent;
	struct session_peer_config config;
	struct worker_peer *data;
	struct session_peer *peer;
	struct clock now;
	int ret;

	agent = session_agent_find(worker->host, told->agent);
	if (!agent)
		return;
	clock_read(&now);
	peer_config(told, &config);
	peer = session_peer_find(agent, told->address);
	data = peer ? session_peer_data(peer) : calloc(1, sizeof(*data));
	if (!data)
		return;
	ret = peer ? session_peer_set(worker->host, &now, peer, &config) :
		     session_peer_add(worker->host, &now, agent, &config, data,
				      &peer);
	sodium_memzero(&config, sizeof(config));
	if (ret) {
		log_error("cannot serve a peer of %s: %s", told->config.link,
			  strerror(-ret));
		if (!session_peer_find(agent, told->address))
			free(data);
		return;
	}
	data->config = told->config;
	data->runtime = told->runtime;
	data->address = told->address;
	reach_peer_put(worker, peer);
}

static void peer_del(struct worker *worker, const struct ipc_peer_name *told)
{
	struct session_agent *agent = session_agent_find(worker->host,
							 told->agent);
	struct session_peer *peer = agent ?
		session_peer_find(agent, told->peer) : NULL;

	if (peer)
		peer_forget(worker, peer);
}

static void key_adopt(struct worker *worker, const struct ipc_adopt *told)
{
	struct session_agent *agent = session_agent_find(worker->host,
							 told->agent);
	struct session_peer *peer = agent ?
		session_peer_find(agent, told->peer) : NULL;
	const struct session_adopted key = {
		.slot = told->slot == SESSION_SLOT_NEXT ?
			SESSION_SLOT_NEXT : SESSION_SLOT_CURRENT,
		.epoch = told->epoch,
		.rx_index = told->rx_index,
		.age = told->age_s,
		.soft_age = told->soft_age,
		.hard_age = told->hard_age,
	};
	struct worker_peer *data;
	struct clock now;

	clock_read(&now);
	if (!peer)
		return;
	session_peer_adopt(worker->host, &now, peer, &key);
	/* The kernel may tell that it is idle before there is a session. */
	data = session_peer_data(peer);
	data->lost = true;
}

static void endpoint_adopt(struct worker *worker,
			   const struct ipc_endpoint *told)
{
	struct session_agent *agent = session_agent_find(worker->host,
							 told->agent);
	struct session_peer *peer = agent ?
		session_peer_find(agent, told->peer) : NULL;
	struct clock now;

	clock_read(&now);
	if (peer)
		session_kernel_event(worker->host, &now, peer,
				     SESSION_EVENT_ENDPOINT_MOVED, 0, 0,
				     &told->endpoint);
}

static void adopted_all(struct worker *worker)
{
	struct clock now;

	clock_read(&now);
	introducer_adopt_end(worker->introducer, now.boot_ns);
}

static void bridge_told(struct worker *worker,
			const struct bridge_state *state)
{
	if (state->kind == STREAM_FRAMES) {
		reach_tls(worker, state);
		return;
	}
	/* It may be one that a worker before us wanted. */
	if (!turns_connected(worker->turns, clock_boot(), state))
		bridge_request_close(&state->server, STREAM_STUN);
}

/* It lives as long as it says so. */
static void alive_tell(void)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_ALIVE);
	ipc_send(WORKER_FD_IPC, &message);
}

void told_message(struct worker *worker, struct ipc_message *message)
{
	switch (message->type) {
	case IPC_AGENT_ADD:
		agent_add(worker, &message->agent);
		break;
	case IPC_AGENT_DEL:
		agent_del(worker, message->agent_name.address);
		break;
	case IPC_PEER_ADD:
	case IPC_PEER_SET:
		peer_put(worker, &message->peer);
		break;
	case IPC_PEER_DEL:
		peer_del(worker, &message->peer_name);
		break;
	case IPC_KEY_ADOPT:
		key_adopt(worker, &message->adopt);
		break;
	case IPC_INTRODUCE:
		introduce_configure(worker, &message->introduce);
		break;
	case IPC_RELAY_ADOPT:
		introduce_adopt(worker, &message->relay);
		break;
	case IPC_READY:
		adopted_all(worker);
		break;
	case IPC_ENDPOINT_ADOPT:
		endpoint_adopt(worker, &message->endpoint);
		break;
	case IPC_BRIDGE_STATE:
		bridge_told(worker, &message->bridge_state);
		break;
	case IPC_ALIVE_ASK:
		alive_tell();
		break;
	default:
		break;
	}
}

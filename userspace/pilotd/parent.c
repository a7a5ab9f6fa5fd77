// SPDX-License-Identifier: GPL-2.0-or-later

#include "parent.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <sodium.h>

#include "error.h"
#include "kernel.h"
#include "log.h"
#include "store.h"

struct agent *parent_agent(struct parent *parent, const char *name)
{
	struct agent *agent;

	for (agent = parent->agents; agent; agent = agent->next)
		if (!strcmp(agent->config.name, name))
			return agent;
	return NULL;
}

struct agent *parent_agent_at(struct parent *parent, uint64_t address)
{
	struct agent *agent;

	for (agent = parent->agents; agent; agent = agent->next)
		if (agent->address == address)
			return agent;
	return NULL;
}

bool parent_link_is_runtime(const struct parent *parent, const char *name)
{
	return !config_agent_find(&parent->file, name);
}

bool parent_peer_is_runtime(const struct parent *parent,
			    const struct config_peer *peer)
{
	return !config_peer_find(&parent->file, peer->link, peer->public);
}

void parent_tell(struct parent *parent, const struct ipc_message *message)
{
	if (parent->ipc < 0)
		return;
	if (ipc_send(parent->ipc, message) == 0)
		return;
	log_error("the worker does not listen; ending it");
	kill(parent->worker, SIGKILL);
}

void parent_tell_introduce(struct parent *parent)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_INTRODUCE);
	message.introduce = parent->config.introduce;
	parent_tell(parent, &message);
}

void parent_bridge_state(void *ctx, const struct bridge_state *state)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_BRIDGE_STATE);
	message.bridge_state = *state;
	parent_tell(ctx, &message);
}

void parent_tell_agent(struct parent *parent, const struct agent *agent)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_AGENT_ADD);
	message.agent.config = agent->config;
	message.agent.runtime = parent_link_is_runtime(parent,
						       agent->config.name);
	message.agent.address = agent->address;
	message.agent.ifindex = agent->ifindex;
	memcpy(message.agent.seed, agent->identity.secret, IDENTITY_SEED_LEN);
	parent_tell(parent, &message);
	sodium_memzero(&message, sizeof(message));
}

int parent_peer_put(struct parent *parent, struct agent *agent,
		    const struct config_peer *peer,
		    const struct config_peer *was, char *err)
{
	bool idle = !was ||
		    config_peer_idle_differs(was, peer, agent->introduced);
	struct ipc_message message;
	int ret;

	ipc_message_init(&message, was ? IPC_PEER_SET : IPC_PEER_ADD);
	ret = agent_peer_put(agent, peer, idle, &message.peer, err);
	if (!ret && was && endpoint_is_set(&peer->endpoint))
		ret = kernel_peer_endpoint(agent->nl, agent->ifindex,
					   message.peer.address,
					   &peer->endpoint, false, err,
					   CONFIG_ERROR_LEN);
	if (!ret) {
		message.peer.runtime = parent_peer_is_runtime(parent, peer);
		parent_tell(parent, &message);
	}
	sodium_memzero(&message, sizeof(message));
	return ret;
}

int parent_peer_del(struct parent *parent, struct agent *agent,
		    const struct config_peer *peer, char *err)
{
	struct ipc_message message;
	int ret;

	ret = agent_peer_del(agent, peer, err);
	if (ret)
		return ret;
	ipc_message_init(&message, IPC_PEER_DEL);
	message.peer_name.agent = agent->address;
	message.peer_name.peer = agent_peer_address(agent, peer);
	parent_tell(parent, &message);
	return 0;
}

int parent_introduced(struct parent *parent, struct agent *agent,
		      const struct config *have, char *err)
{
	return agent_introduced(agent, have,
				config_introduced(&parent->config,
						  agent->config.name), err);
}

int parent_agent_add(struct parent *parent, const struct config_agent *config,
		     char *err)
{
	struct agent *agent;
	int ret;

	ret = agent_open(&agent, config, &parent->lanes, err);
	if (ret)
		return ret;
	if (parent_agent_at(parent, agent->address)) {
		agent_delete(agent);
		return error_set(err, CONFIG_ERROR_LEN, EEXIST,
				 "another link has this agent's address; give this one another identity, network or address");
	}
	agent->next = parent->agents;
	parent->agents = agent;
	parent_tell_agent(parent, agent);
	return 0;
}

void parent_agent_del(struct parent *parent, struct agent *agent)
{
	struct agent **link = &parent->agents;
	struct ipc_message message;

	while (*link != agent)
		link = &(*link)->next;
	*link = agent->next;
	ipc_message_init(&message, IPC_AGENT_DEL);
	message.agent_name.address = agent->address;
	agent_delete(agent);
	parent_tell(parent, &message);
}

static int merge_into(struct config *to, const struct config *from)
{
	struct config_agent *agent;
	struct config_peer *peer;
	int ret = 0;
	size_t i;

	for (i = 0; !ret && i < from->agent_count; i++) {
		agent = config_agent_find(to, from->agents[i].name);
		if (agent && from->agents[i].disabled)
			config_agent_remove(to, agent);
		else if (!from->agents[i].disabled)
			ret = config_agent_put(to, &from->agents[i]);
	}
	for (i = 0; !ret && i < from->peer_count; i++) {
		peer = config_peer_find(to, from->peers[i].link,
					from->peers[i].public);
		if (peer && from->peers[i].disabled)
			config_peer_remove(to, peer);
		else if (!from->peers[i].disabled)
			ret = config_peer_put(to, &from->peers[i]);
	}
	return ret;
}

int parent_merge(struct parent *parent)
{
	struct config merged;
	int ret;

	config_init(&merged);
	merged.port = parent->file.port;
	merged.lanes = parent->file.lanes;
	merged.rekey_after = parent->file.rekey_after;
	merged.log_level = parent->file.log_level;
	memcpy(merged.stun_server, parent->file.stun_server,
	       sizeof(merged.stun_server));
	merged.stun_servers = parent->file.stun_servers;
	memcpy(merged.turn_server, parent->file.turn_server,
	       sizeof(merged.turn_server));
	merged.turn_servers = parent->file.turn_servers;
	merged.port_mapping = parent->file.port_mapping;
	memcpy(merged.path_cost, parent->file.path_cost,
	       sizeof(merged.path_cost));
	merged.path_dead = parent->file.path_dead;
	merged.introduce = parent->file.introduce;
	merged.tls = parent->file.tls;
	ret = merge_into(&merged, &parent->file);
	if (!ret)
		ret = merge_into(&merged, &parent->state.config);
	if (ret) {
		config_free(&merged);
		return ret;
	}
	config_free(&parent->config);
	parent->config = merged;
	return 0;
}

/* Peers of one agent: from what was to what is configured. */
static int apply_peers(struct parent *parent, struct agent *agent,
		       const struct config *old, char *err)
{
	const struct config_peer *peer, *was;
	int ret = 0;
	size_t i;

	for (i = 0; i < old->peer_count && !ret; i++) {
		peer = &old->peers[i];
		if (!strcmp(peer->link, agent->config.name) &&
		    !config_peer_find(&parent->config, peer->link,
				      peer->public))
			ret = parent_peer_del(parent, agent, peer, err);
	}
	if (!ret)
		ret = parent_introduced(parent, agent, old, err);
	for (i = 0; i < parent->config.peer_count && !ret; i++) {
		peer = &parent->config.peers[i];
		if (strcmp(peer->link, agent->config.name))
			continue;
		was = config_peer_find(old, peer->link, peer->public);
		if (was && config_peer_equal(was, peer))
			continue;
		if (was && was->address != peer->address) {
			ret = parent_peer_del(parent, agent, was, err);
			was = NULL;
		}
		if (!ret)
			ret = parent_peer_put(parent, agent, peer, was, err);
	}
	return ret;
}

static int apply_agent(struct parent *parent, const struct config_agent *config,
		       const struct config *old, char *err)
{
	struct agent *agent = parent_agent(parent, config->name);
	const struct config none = { 0 };
	int ret;

	if (agent)
		return apply_peers(parent, agent, old, err);
	ret = parent_agent_add(parent, config, err);
	if (ret)
		return ret;
	agent = parent_agent(parent, config->name);
	ret = agent_peers_prune(agent, &parent->config, err);
	return ret ? ret : apply_peers(parent, agent, &none, err);
}

int parent_apply(struct parent *parent, const struct config *old, char *err)
{
	const struct config_agent *config;
	struct agent *agent, *next;
	char text[CONFIG_ERROR_LEN];
	int failure = 0, ret;
	size_t i;

	for (agent = parent->agents; agent; agent = next) {
		next = agent->next;
		config = config_agent_find(&parent->config,
					   agent->config.name);
		if (!config || !config_agent_equal(config, &agent->config))
			parent_agent_del(parent, agent);
	}
	for (i = 0; i < parent->config.agent_count; i++) {
		config = &parent->config.agents[i];
		ret = apply_agent(parent, config, old, text);
		if (!ret)
			continue;
		log_error("link %s: %s", config->name, text);
		if (!failure)
			failure = error_set(err, CONFIG_ERROR_LEN, -ret,
					    "link %s: %s", config->name, text);
	}
	return failure;
}

int parent_reload(struct parent *parent, char *err)
{
	struct config fresh, old;
	char text[CONFIG_ERROR_LEN];
	int ret, failure;

	ret = store_load(&fresh, CONFIG_FILE, parent->options->config, err);
	if (ret)
		return ret;
	if (fresh.port != parent->file.port ||
	    fresh.lanes != parent->file.lanes) {
		ret = error_set(err, CONFIG_ERROR_LEN, EBUSY,
				"`%s` cannot change while pilotd runs; restart it",
				fresh.port != parent->file.port ? "listen" :
								  "lanes");
		config_free(&fresh);
		return ret;
	}
	config_free(&parent->file);
	parent->file = fresh;
	old = parent->config;
	config_init(&parent->config);
	ret = parent_merge(parent);
	if (ret) {
		parent->config = old;
		return error_set(err, CONFIG_ERROR_LEN, -ret, "out of memory");
	}
	log_level_set(parent->config.log_level);
	parent->bridge.log_level = parent->config.log_level;
	if (!config_introduce_equal(&old.introduce, &parent->config.introduce))
		parent_tell_introduce(parent);
	ret = parent_apply(parent, &old, err);
	failure = bridge_keeper_serve(&parent->bridge, &parent->config.tls,
				      text, sizeof(text));
	if (failure && !ret)
		ret = error_set(err, CONFIG_ERROR_LEN, -failure, "%s", text);
	config_free(&old);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker may be in an attacker's hands: each request is held against
 * the agents and peers of the configuration before anything is done.
 */

#include "serve.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "error.h"
#include "kernel.h"
#include "log.h"
#include "parent.h"
#include "store.h"

static int no_agent(char *err)
{
	return error_set(err, CONFIG_ERROR_LEN, ENOENT, "no such agent here");
}

/* The agent of a request, or NULL when it is none of ours. */
static struct agent *agent_of(struct parent *parent, uint64_t address)
{
	return parent_agent_at(parent, address);
}

static int key_new(struct parent *parent, struct ipc_key *request, char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_key_new(agent->nl, agent->ifindex, request->peer,
			      &request->key, err, CONFIG_ERROR_LEN);
}

static int key_del(struct parent *parent, const struct ipc_key_name *request,
		   char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_key_del(agent->nl, agent->ifindex, request->peer,
			      request->epoch, err, CONFIG_ERROR_LEN);
}

static int endpoint_set(struct parent *parent,
			const struct ipc_endpoint *request, char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_peer_endpoint(agent->nl, agent->ifindex, request->peer,
				    &request->endpoint, err, CONFIG_ERROR_LEN);
}

/* The state on disk has to follow each change, or a restart undoes it. */
static int state_changed(struct parent *parent, char *err)
{
	int ret;

	ret = parent_merge(parent);
	if (ret)
		return error_set(err, CONFIG_ERROR_LEN, -ret, "out of memory");
	return store_save(&parent->state, parent->options->state, err);
}

static int link_add(struct parent *parent, const struct config_agent *config,
		    char *err)
{
	int ret;

	if (parent_agent(parent, config->name))
		return error_set(err, CONFIG_ERROR_LEN, EEXIST,
				 "there is a link %s already", config->name);
	if (config->identity[0] != '/')
		return error_set(err, CONFIG_ERROR_LEN, EINVAL,
				 "path of the identity has to be absolute");
	ret = parent_agent_add(parent, config, err);
	if (ret)
		return ret;
	ret = config_agent_put(&parent->state, config);
	return ret ? error_set(err, CONFIG_ERROR_LEN, -ret, "out of memory") :
		     state_changed(parent, err);
}

/* What the file has is remembered as disabled, the rest is forgotten. */
static int link_del(struct parent *parent, const char *name, char *err)
{
	struct agent *agent = parent_agent(parent, name);
	struct config_agent *entry, disabled;
	size_t i;

	if (!agent)
		return error_set(err, CONFIG_ERROR_LEN, ENODEV,
				 "there is no link %s", name);
	parent_agent_del(parent, agent);
	for (i = parent->state.peer_count; i-- > 0;)
		if (!strcmp(parent->state.peers[i].link, name))
			config_peer_remove(&parent->state,
					   &parent->state.peers[i]);
	entry = config_agent_find(&parent->state, name);
	if (entry)
		config_agent_remove(&parent->state, entry);
	entry = config_agent_find(&parent->file, name);
	if (entry) {
		disabled = *entry;
		disabled.disabled = 1;
		config_agent_put(&parent->state, &disabled);
	}
	return state_changed(parent, err);
}

/* The agent that a peer belongs to; fills in the link when it is left out. */
static struct agent *peer_agent(struct parent *parent,
				struct config_peer *peer, char *err)
{
	struct agent *agent;

	if (!peer->link[0] && parent->agents && !parent->agents->next)
		memcpy(peer->link, parent->agents->config.name,
		       sizeof(peer->link));
	agent = parent_agent(parent, peer->link);
	if (!agent && peer->link[0])
		error_set(err, CONFIG_ERROR_LEN, ENODEV, "there is no link %s",
			  peer->link);
	else if (!agent)
		error_set(err, CONFIG_ERROR_LEN, EINVAL,
			  parent->agents ?
			  "there are several links: say which with `link NAME`" :
			  "there is no link yet: add one with: pilot-link link add NAME");
	return agent;
}

static int peer_put(struct parent *parent, struct config_peer *peer, bool new,
		    char *err)
{
	struct agent *agent = peer_agent(parent, peer, err);
	bool exists;
	int ret;

	if (!agent)
		return -ENODEV;
	exists = config_peer_find(&parent->config, peer->link, peer->public);
	if (new && exists)
		return error_set(err, CONFIG_ERROR_LEN, EEXIST,
				 "link %s has this peer already; change it with: pilot-link peer set",
				 peer->link);
	if (!new && !exists)
		return error_set(err, CONFIG_ERROR_LEN, ENOENT,
				 "link %s has no such peer", peer->link);
	if (peer->psk[0] && peer->psk[0] != '/')
		return error_set(err, CONFIG_ERROR_LEN, EINVAL,
				 "path of the psk has to be absolute");
	ret = parent_peer_put(parent, agent, peer,
			      new ? IPC_PEER_ADD : IPC_PEER_SET, err);
	if (ret)
		return ret;
	ret = config_peer_put(&parent->state, peer);
	return ret ? error_set(err, CONFIG_ERROR_LEN, -ret, "out of memory") :
		     state_changed(parent, err);
}

static int peer_remove(struct parent *parent,
		       const struct ipc_peer_remove *request, char *err)
{
	struct config_peer wanted = { 0 }, *entry;
	struct agent *agent;
	int ret;

	memcpy(wanted.link, request->link, sizeof(wanted.link));
	memcpy(wanted.public, request->public, sizeof(wanted.public));
	agent = peer_agent(parent, &wanted, err);
	if (!agent)
		return -ENODEV;
	entry = config_peer_find(&parent->config, wanted.link, wanted.public);
	if (!entry)
		return error_set(err, CONFIG_ERROR_LEN, ENOENT,
				 "link %s has no such peer", wanted.link);
	wanted = *entry;
	/* First the kernel: from here on nothing passes. */
	ret = parent_peer_del(parent, agent, &wanted, err);
	if (ret)
		return ret;
	entry = config_peer_find(&parent->state, wanted.link, wanted.public);
	if (entry)
		config_peer_remove(&parent->state, entry);
	if (config_peer_find(&parent->file, wanted.link, wanted.public)) {
		wanted.disabled = 1;
		config_peer_put(&parent->state, &wanted);
	}
	return state_changed(parent, err);
}

static int serve(struct parent *parent, struct ipc_message *request, char *err)
{
	switch (request->type) {
	case IPC_KEY_NEW:
		return key_new(parent, &request->key, err);
	case IPC_KEY_DEL:
		return key_del(parent, &request->key_name, err);
	case IPC_ENDPOINT_SET:
		return endpoint_set(parent, &request->endpoint, err);
	case IPC_LINK_ADD:
		return link_add(parent, &request->link, err);
	case IPC_LINK_DEL:
		return link_del(parent, request->link_name.name, err);
	case IPC_PEER_NEW:
		return peer_put(parent, &request->config_peer, true, err);
	case IPC_PEER_CHANGE:
		return peer_put(parent, &request->config_peer, false, err);
	case IPC_PEER_REMOVE:
		return peer_remove(parent, &request->peer_remove, err);
	case IPC_RELOAD:
		return parent_reload(parent, err);
	default:
		return error_set(err, CONFIG_ERROR_LEN, EBADMSG,
				 "unknown request");
	}
}

void serve_request(struct parent *parent, struct ipc_message *request)
{
	struct ipc_message reply;
	int ret;

	ipc_message_init(&reply, IPC_REPLY);
	reply.id = request->id;
	ret = serve(parent, request, reply.reply.text);
	reply.reply.error = -ret;
	parent_tell(parent, &reply);
}

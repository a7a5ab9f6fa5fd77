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

static int no_agent(char *err)
{
	return error_set(err, CONFIG_ERROR_LEN, ENOENT, "no such agent here");
}

/* The agent of a request, or NULL when it is none of ours. */
static struct agent *agent_of(struct parent *parent, uint64_t address)
{
	return parent_agent_at(parent, address);
}

/* Only lanes that have sockets. */
static int lane_check(const struct parent *parent, uint8_t lane, char *err)
{
	if (lane < parent->lanes.count)
		return 0;
	return error_set(err, CONFIG_ERROR_LEN, EINVAL,
			 "there is no lane %u here", lane);
}

static int key_new(struct parent *parent, struct ipc_key *request, char *err)
{
	struct agent *agent = agent_of(parent, request->agent);
	int ret;

	if (!agent)
		return no_agent(err);
	ret = lane_check(parent, request->key.lane, err);
	if (ret)
		return ret;
	return kernel_key_new(agent->nl, agent->ifindex, request->peer,
			      &request->key, err, CONFIG_ERROR_LEN);
}

static int key_del(struct parent *parent, const struct ipc_key_name *request,
		   char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	/* A lane that this parent has no sockets for may have a key still. */
	return kernel_key_del(agent->nl, agent->ifindex, request->peer,
			      request->lane, request->epoch, err,
			      CONFIG_ERROR_LEN);
}

static int endpoint_set(struct parent *parent,
			const struct ipc_endpoint *request, char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_peer_endpoint(agent->nl, agent->ifindex, request->peer,
				    &request->endpoint, request->hold, err,
				    CONFIG_ERROR_LEN);
}

static int endpoint_forget(struct parent *parent,
			   const struct ipc_peer_name *request, char *err)
{
	const struct endpoint none = { .family = AF_UNSPEC };
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_peer_endpoint(agent->nl, agent->ifindex, request->peer,
				    &none, false, err, CONFIG_ERROR_LEN);
}

static int endpoint_release(struct parent *parent,
			    const struct ipc_peer_name *request, char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_peer_release(agent->nl, agent->ifindex, request->peer,
				   err, CONFIG_ERROR_LEN);
}

static int idle_anew(struct parent *parent, const struct ipc_idle *request,
		     char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_peer_idle(agent->nl, agent->ifindex, request->peer,
				request->seconds, err, CONFIG_ERROR_LEN);
}

static bool within(uint64_t rate, uint64_t limit)
{
	return !limit || (rate && rate <= limit);
}

/* Peers relay through us what the configuration allows, and no more. */
static int relay_check(const struct parent *parent,
		       const struct relay_entry *entry, char *err)
{
	const struct introducer_config *allowed = &parent->config.introduce;

	if (allowed->enabled && (allowed->data || entry->signalling) &&
	    within(entry->packet_rate, allowed->packet_rate) &&
	    within(entry->byte_rate, allowed->byte_rate) &&
	    within(entry->total_bytes, allowed->total_bytes) &&
	    entry->seconds <= allowed->lifetime)
		return 0;
	return error_set(err, CONFIG_ERROR_LEN, EACCES,
			 "the configuration does not allow to relay this");
}

static int relay_new(struct parent *parent, const struct ipc_relay *request,
		     char *err)
{
	struct agent *agent = agent_of(parent, request->agent);
	int ret;

	if (!agent)
		return no_agent(err);
	ret = relay_check(parent, &request->entry, err);
	if (ret)
		return ret;
	return kernel_relay_new(agent->nl, agent->ifindex, &request->entry,
				request->renew, err, CONFIG_ERROR_LEN);
}

static int relay_del(struct parent *parent,
		     const struct ipc_relay_name *request, char *err)
{
	struct agent *agent = agent_of(parent, request->agent);

	if (!agent)
		return no_agent(err);
	return kernel_relay_del(agent->nl, agent->ifindex, request->id, err,
				CONFIG_ERROR_LEN);
}

/* The files a path may be in: what root keeps beside pilotd.conf. */
static bool path_is_ours(const struct parent *parent, const char *path)
{
	const char *dir = parent->options->config_dir;
	size_t len = strlen(dir);

	/* No path has "..": see value_is_path(). */
	return !strncmp(path, dir, len) && path[len] == '/';
}

/*
 * The worker may name a file only where the configuration is, or one that
 * pilotd.conf names itself: others could be meant for somebody else.
 */
static int path_refuse(const struct parent *parent, const char *what,
		       const char *path, char *err)
{
	return error_set(err, CONFIG_ERROR_LEN, EACCES,
			 "%s %s is not in %s; put it there, or name it in %s",
			 what, path, parent->options->config_dir,
			 parent->options->config);
}

static int identity_check(const struct parent *parent, const char *path,
			  char *err)
{
	size_t i;

	if (path_is_ours(parent, path))
		return 0;
	for (i = 0; i < parent->file.agent_count; i++)
		if (!strcmp(parent->file.agents[i].identity, path))
			return 0;
	return path_refuse(parent, "identity", path, err);
}

static int psk_check(const struct parent *parent, const char *path, char *err)
{
	size_t i;

	if (!path[0] || path_is_ours(parent, path))
		return 0;
	for (i = 0; i < parent->file.peer_count; i++)
		if (!strcmp(parent->file.peers[i].psk, path))
			return 0;
	return path_refuse(parent, "psk", path, err);
}

/* What is in force has to follow the state. */
static int merge(struct parent *parent, char *err)
{
	int ret = parent_merge(parent);

	return ret ? error_set(err, CONFIG_ERROR_LEN, -ret, "out of memory") :
		     0;
}

static int link_add(struct parent *parent, const struct config_agent *config,
		    char *err)
{
	int ret;

	if (parent_agent(parent, config->name))
		return error_set(err, CONFIG_ERROR_LEN, EEXIST,
				 "there is a link %s already", config->name);
	ret = identity_check(parent, config->identity, err);
	if (!ret)
		ret = parent_agent_add(parent, config, err);
	if (!ret)
		ret = state_agent_put(&parent->state, config, err);
	return ret ? ret : merge(parent, err);
}

/* What the file has is remembered as disabled, the rest is forgotten. */
static int link_del(struct parent *parent, const char *name, char *err)
{
	struct agent *agent = parent_agent(parent, name);
	struct config_agent *entry, disabled;
	int ret;

	if (!agent)
		return error_set(err, CONFIG_ERROR_LEN, ENODEV,
				 "there is no link %s", name);
	parent_agent_del(parent, agent);
	entry = config_agent_find(&parent->file, name);
	if (entry) {
		disabled = *entry;
		disabled.disabled = 1;
		ret = state_agent_put(&parent->state, &disabled, err);
	} else {
		ret = state_agent_forget(&parent->state, name, err);
	}
	return ret ? ret : merge(parent, err);
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
	const struct config_peer *was;
	int ret;

	if (!agent)
		return -ENODEV;
	was = config_peer_find(&parent->config, peer->link, peer->public);
	if (new && was)
		return error_set(err, CONFIG_ERROR_LEN, EEXIST,
				 "link %s has this peer already; change it with: pilot-link peer set",
				 peer->link);
	if (!new && !was)
		return error_set(err, CONFIG_ERROR_LEN, ENOENT,
				 "link %s has no such peer", peer->link);
	ret = psk_check(parent, peer->psk, err);
	if (ret)
		return ret;
	ret = parent_peer_put(parent, agent, peer, was, err);
	if (ret)
		return ret;
	ret = config_peer_put(&parent->config, peer);
	if (ret)
		return error_set(err, CONFIG_ERROR_LEN, -ret,
				 "cannot keep the peer: %s", strerror(-ret));
	/* First what must be the same after a restart. */
	ret = state_peer_put(&parent->state, peer, err);
	return ret ? ret : parent_introduced(parent, agent, &parent->config,
					     err);
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
	config_peer_remove(&parent->config, entry);
	if (!config_peer_find(&parent->file, wanted.link, wanted.public)) {
		ret = state_peer_forget(&parent->state, wanted.link,
					wanted.public, err);
	} else {
		wanted.disabled = 1;
		ret = state_peer_put(&parent->state, &wanted, err);
	}
	return ret ? ret : parent_introduced(parent, agent, &parent->config,
					     err);
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
	case IPC_ENDPOINT_FORGET:
		return endpoint_forget(parent, &request->peer_name, err);
	case IPC_ENDPOINT_RELEASE:
		return endpoint_release(parent, &request->peer_name, err);
	case IPC_IDLE_ANEW:
		return idle_anew(parent, &request->idle, err);
	case IPC_RELAY_NEW:
		return relay_new(parent, &request->relay, err);
	case IPC_RELAY_DEL:
		return relay_del(parent, &request->relay_name, err);
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

// SPDX-License-Identifier: GPL-2.0-or-later

#include "parent.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>
#include <systemd/sd-daemon.h>

#include "error.h"
#include "kernel.h"
#include "log.h"
#include "serve.h"
#include "sockets.h"
#include "spawn.h"
#include "store.h"

#define RESPAWN_MAX_S	10

static int worker_start(struct parent *parent);

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
		    const struct config_peer *peer, enum ipc_type type,
		    char *err)
{
	struct ipc_message message;
	int ret;

	ipc_message_init(&message, type);
	ret = agent_peer_put(agent, peer, &message.peer, err);
	if (!ret && type == IPC_PEER_SET && endpoint_is_set(&peer->endpoint))
		ret = kernel_peer_endpoint(agent->nl, agent->ifindex,
					   message.peer.address,
					   &peer->endpoint, err,
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

int parent_agent_add(struct parent *parent, const struct config_agent *config,
		     char *err)
{
	struct agent *agent;
	int ret;

	ret = agent_open(&agent, config, parent->udp, err);
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
	merged.rekey_after = parent->file.rekey_after;
	merged.log_level = parent->file.log_level;
	ret = merge_into(&merged, &parent->file);
	if (!ret)
		ret = merge_into(&merged, &parent->state);
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
	for (i = 0; i < parent->config.peer_count && !ret; i++) {
		peer = &parent->config.peers[i];
		if (strcmp(peer->link, agent->config.name))
			continue;
		was = config_peer_find(old, peer->link, peer->public);
		if (was && config_peer_equal(was, peer))
			continue;
		if (was && was->address != peer->address)
			ret = parent_peer_del(parent, agent, was, err);
		if (!ret)
			ret = parent_peer_put(parent, agent, peer,
					      was && was->address ==
					      peer->address ?
					      IPC_PEER_SET : IPC_PEER_ADD,
					      err);
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

/*
 * From @old to the present configuration; an agent that changed is made anew.
 * One that fails, in a namespace that is gone perhaps, does not keep the
 * others from their service. Return: the first failure.
 */
static int apply(struct parent *parent, const struct config *old, char *err)
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
	int ret;

	ret = store_load(&fresh, CONFIG_FILE, parent->options->config, err);
	if (ret)
		return ret;
	if (fresh.port != parent->file.port) {
		config_free(&fresh);
		return error_set(err, CONFIG_ERROR_LEN, EBUSY,
				 "`listen` cannot change while pilotd runs; restart it");
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
	ret = apply(parent, &old, err);
	config_free(&old);
	return ret;
}

static void on_key(void *ctx, const struct kernel_key *key)
{
	struct { struct parent *parent; const struct agent *agent; } *walk =
		ctx;
	struct ipc_message message;

	if (key->slot > SESSION_SLOT_NEXT)
		return;
	ipc_message_init(&message, IPC_KEY_ADOPT);
	message.adopt.agent = walk->agent->address;
	message.adopt.peer = key->peer;
	message.adopt.slot = key->slot;
	message.adopt.epoch = key->epoch;
	message.adopt.rx_index = key->rx_index;
	message.adopt.age_s = key->age_s;
	parent_tell(walk->parent, &message);
}

/* What a new worker has to know of an agent: peers, and keys in the kernel. */
static void tell_agent_all(struct parent *parent, struct agent *agent)
{
	struct { struct parent *parent; const struct agent *agent; } ctx = {
		parent, agent
	};
	struct kernel_walk walk = { .key = on_key, .ctx = &ctx };
	char err[CONFIG_ERROR_LEN];
	size_t i;

	parent_tell_agent(parent, agent);
	for (i = 0; i < parent->config.peer_count; i++) {
		if (strcmp(parent->config.peers[i].link, agent->config.name))
			continue;
		if (parent_peer_put(parent, agent, &parent->config.peers[i],
				    IPC_PEER_ADD, err))
			log_error("peer of %s left out: %s",
				  agent->config.name, err);
	}
	if (kernel_peers(agent->nl, agent->ifindex, &walk, err, sizeof(err)))
		log_warning("cannot read the keys of %s: %s",
			    agent->config.name, err);
}

static int on_respawn(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct parent *parent = ctx;

	(void)source;
	(void)usec;
	if (worker_start(parent))
		sd_event_exit(parent->event, 1);
	return 0;
}

static int on_worker_exit(sd_event_source *source, const siginfo_t *info,
			  void *ctx)
{
	struct parent *parent = ctx;
	unsigned int wait_s;

	(void)source;
	parent->ipc_source = sd_event_source_disable_unref(parent->ipc_source);
	parent->child_source =
		sd_event_source_disable_unref(parent->child_source);
	close(parent->ipc);
	parent->ipc = -1;
	wait_s = parent->deaths < RESPAWN_MAX_S ? parent->deaths :
						  RESPAWN_MAX_S;
	parent->deaths++;
	log_error("the worker %s %d; starting another in %u s",
		  info->si_code == CLD_EXITED ? "exited with status" :
						"was ended by signal",
		  info->si_status, wait_s);
	parent->respawn_source =
		sd_event_source_disable_unref(parent->respawn_source);
	return sd_event_add_time_relative(parent->event,
					  &parent->respawn_source,
					  CLOCK_BOOTTIME, wait_s * 1000000ULL,
					  0, on_respawn, parent);
}

static int on_ipc(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct parent *parent = ctx;
	struct ipc_message message;
	int ret;

	(void)revents;
	ret = ipc_receive(fd, &message, true);
	if (ret == 0) {
		serve_request(parent, &message);
		/* It works: the next death is the first again. */
		parent->deaths = 0;
	} else if (ret == -EBADMSG) {
		log_error("the worker sent nonsense; ending it");
		kill(parent->worker, SIGKILL);
	} else if (ret == -EPIPE) {
		/* Its exit is told by the other source. */
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	sodium_memzero(&message, sizeof(message));
	return 0;
}

static int worker_start(struct parent *parent)
{
	struct ipc_message message;
	struct agent *agent;
	int ret;

	ret = spawn_worker(parent->udp, parent->events, parent->control,
			   parent->handover, &parent->worker, &parent->ipc);
	if (ret) {
		log_error("cannot start the worker: %s", strerror(-ret));
		return ret;
	}
	ret = sd_event_add_io(parent->event, &parent->ipc_source, parent->ipc,
			      EPOLLIN, on_ipc, parent);
	if (ret >= 0)
		ret = sd_event_add_child(parent->event, &parent->child_source,
					 parent->worker, WEXITED,
					 on_worker_exit, parent);
	if (ret < 0)
		return ret;
	ipc_message_init(&message, IPC_INIT);
	message.init.port = parent->config.port;
	message.init.rekey_after = parent->config.rekey_after;
	message.init.log_level = parent->config.log_level;
	message.init.control_gid = parent->control_gid;
	parent_tell(parent, &message);
	for (agent = parent->agents; agent; agent = agent->next)
		tell_agent_all(parent, agent);
	ipc_message_init(&message, IPC_READY);
	parent_tell(parent, &message);
	return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si,
		     void *ctx)
{
	struct parent *parent = ctx;
	char err[CONFIG_ERROR_LEN];

	(void)source;
	(void)si;
	sd_notify(0, "RELOADING=1");
	if (parent_reload(parent, err))
		log_error("reload: %s", err);
	else
		log_info("reloaded %s", parent->options->config);
	sd_notify(0, "READY=1");
	return 0;
}

static void keep_socket(const char *name, int fd)
{
	char text[64];

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	sd_pid_notify_with_fds(0, 0, text, &fd, 1);
}

static int open_sockets(struct parent *parent, char *err)
{
	const struct options *options = parent->options;
	struct group *group = getgrnam("pilot-link");

	parent->control_gid = group ? group->gr_gid : 0;
	socket_inherit(options->handover, parent->config.port, parent->udp);
	if (parent->udp[0] < 0)
		parent->udp[0] = socket_udp(AF_INET, parent->config.port, err,
					    CONFIG_ERROR_LEN);
	if (parent->udp[0] < 0)
		return parent->udp[0];
	if (parent->udp[1] < 0)
		parent->udp[1] = socket_udp(AF_INET6, parent->config.port, err,
					    CONFIG_ERROR_LEN);
	if (parent->udp[1] < 0)
		log_warning("no IPv6: %s", err);
	keep_socket("udp4", parent->udp[0]);
	keep_socket("udp6", parent->udp[1]);

	parent->control = socket_listen(options->control, SOCK_STREAM, 0660,
					parent->control_gid, err,
					CONFIG_ERROR_LEN);
	if (parent->control < 0)
		return parent->control;
	parent->handover = socket_listen(options->handover, SOCK_STREAM, 0600,
					 0, err, CONFIG_ERROR_LEN);
	if (parent->handover < 0)
		return parent->handover;
	parent->events = netlink_events_open();
	if (parent->events < 0)
		return error_set(err, CONFIG_ERROR_LEN, -parent->events,
				 "cannot hear the pilot module: is it loaded (modprobe pilot), and are you root?");
	return 0;
}

static int parent_start(struct parent *parent, char *err)
{
	const struct config none = { 0 };
	int ret;

	ret = store_load(&parent->file, CONFIG_FILE, parent->options->config,
			 err);
	if (!ret)
		ret = store_load(&parent->state, CONFIG_STATE,
				 parent->options->state, err);
	if (!ret)
		ret = parent_merge(parent);
	if (ret)
		return ret;
	log_level_set(parent->config.log_level);
	ret = open_sockets(parent, err);
	if (ret)
		return ret;
	/* Said in the log; the rest is served, and a reload tries again. */
	apply(parent, &none, err);
	return worker_start(parent);
}

static int parent_signals(struct parent *parent)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Without a handler the loop ends with status 0. */
	ret = sd_event_add_signal(parent->event, NULL, SIGTERM, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(parent->event, NULL, SIGINT, NULL,
					  NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(parent->event, NULL, SIGHUP,
					  on_reload, parent);
	return ret < 0 ? ret : 0;
}

int parent_run(const struct options *options)
{
	struct parent parent = { .options = options, .ipc = -1, .events = -1,
				 .control = -1, .handover = -1 };
	char err[CONFIG_ERROR_LEN] = "";
	struct agent *next;
	int ret;

	config_init(&parent.file);
	config_init(&parent.state);
	config_init(&parent.config);
	ret = sd_event_default(&parent.event);
	if (ret >= 0)
		ret = parent_signals(&parent);
	if (ret >= 0)
		ret = parent_start(&parent, err);
	if (ret < 0) {
		log_error("%s", err[0] ? err : strerror(-ret));
		ret = 1;
		goto out;
	}
	sd_event_set_watchdog(parent.event, true);
	sd_notify(0, "READY=1");
	log_info("serving %zu agents on UDP port %u",
		 parent.config.agent_count, parent.config.port);
	ret = sd_event_loop(parent.event);
	sd_notify(0, "STOPPING=1");
out:
	if (parent.worker > 0 && parent.ipc >= 0)
		kill(parent.worker, SIGTERM);
	for (; parent.agents; parent.agents = next) {
		next = parent.agents->next;
		agent_close(parent.agents);
	}
	config_free(&parent.file);
	config_free(&parent.state);
	config_free(&parent.config);
	return ret ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later

#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <systemd/sd-daemon.h>

#include "addresses.h"
#include "gateway.h"
#include "kernel.h"
#include "log.h"
#include "secret.h"
#include "serve.h"
#include "spawn.h"

#define RESPAWN_MAX_S	10

struct telling {
	struct parent *parent;
	const struct agent *agent;
};

static void on_peer(void *ctx, uint64_t address,
		    const struct endpoint *endpoint)
{
	struct telling *telling = ctx;
	struct ipc_message message;

	if (!endpoint_is_set(endpoint))
		return;
	ipc_message_init(&message, IPC_ENDPOINT_ADOPT);
	message.endpoint.agent = telling->agent->address;
	message.endpoint.peer = address;
	message.endpoint.endpoint = *endpoint;
	parent_tell(telling->parent, &message);
}

static void on_relay(void *ctx, const struct relay_entry *entry)
{
	struct telling *telling = ctx;
	struct ipc_message message;

	/* What ends now, or was never whole, ends by itself. */
	if (!relay_entry_valid(entry))
		return;
	ipc_message_init(&message, IPC_RELAY_ADOPT);
	message.relay.agent = telling->agent->address;
	message.relay.entry = *entry;
	parent_tell(telling->parent, &message);
}

static void on_key(void *ctx, const struct kernel_key *key)
{
	struct telling *telling = ctx;
	struct ipc_message message;

	/* Lane 0 speaks for the others. */
	if (key->lane || key->slot > SESSION_SLOT_NEXT)
		return;
	ipc_message_init(&message, IPC_KEY_ADOPT);
	message.adopt.agent = telling->agent->address;
	message.adopt.peer = key->peer;
	message.adopt.slot = key->slot;
	message.adopt.epoch = key->epoch;
	message.adopt.rx_index = key->rx_index;
	message.adopt.age_s = key->age_s;
	message.adopt.soft_age = key->soft_age;
	message.adopt.hard_age = key->hard_age;
	parent_tell(telling->parent, &message);
}

/* What a new worker has to know of an agent, and of what the kernel has. */
static void tell_agent_all(struct parent *parent, struct agent *agent)
{
	struct telling telling = { .parent = parent, .agent = agent };
	struct kernel_walk walk = {
		.peer = on_peer, .key = on_key, .ctx = &telling,
	};
	char err[CONFIG_ERROR_LEN];
	size_t i;

	parent_tell_agent(parent, agent);
	for (i = 0; i < parent->config.peer_count; i++) {
		if (strcmp(parent->config.peers[i].link, agent->config.name))
			continue;
		if (parent_peer_put(parent, agent, &parent->config.peers[i],
				    NULL, err))
			log_error("peer of %s left out: %s",
				  agent->config.name, err);
	}
	if (kernel_peers(agent->nl, agent->ifindex, &walk, err, sizeof(err)))
		log_warning("cannot read the peers of %s: %s",
			    agent->config.name, err);
	if (kernel_relay_dump(agent->nl, agent->ifindex, on_relay, &telling,
			      err, sizeof(err)) &&
	    parent->config.introduce.enabled)
		log_warning("cannot read the relay entries of %s: %s",
			    agent->config.name, err);
}

static int on_respawn(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct parent *parent = ctx;

	(void)source;
	(void)usec;
	if (keeper_start(parent))
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
	parent->ask_source = sd_event_source_disable_unref(parent->ask_source);
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

/* The worker may be in other hands: only to where we are configured to go. */
static void bridge_open(struct parent *parent, const struct bridge_open *open)
{
	if (config_has_introducer(&parent->config, open) ||
	    config_has_turn(parent->turn, parent->turns, open))
		bridge_keeper_open(&parent->bridge, open);
	else
		log_warning("the worker wants a connection to where no server is configured");
}

/*
 * The watchdog is fed only while the worker lives too: when neither the
 * parent nor a worker that it starts gets anywhere, systemd begins anew.
 */
static void on_message(struct parent *parent, struct ipc_message *message)
{
	parent->unanswered = 0;
	/*
	 * It works: the next death is the first again. The first answer says
	 * no more than that it started.
	 */
	if (message->type != IPC_ALIVE || parent->answers++)
		parent->deaths = 0;
	switch (message->type) {
	case IPC_ALIVE:
		sd_notify(0, "WATCHDOG=1");
		break;
	case IPC_BRIDGE_OPEN:
		bridge_open(parent, &message->bridge_open);
		break;
	case IPC_BRIDGE_CLOSE:
		bridge_keeper_close(&parent->bridge, &message->bridge_open);
		break;
	case IPC_BRIDGE_HURRY:
		bridge_keeper_hurry(&parent->bridge);
		break;
	default:
		serve_request(parent, message);
	}
}

static int on_ipc(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct parent *parent = ctx;
	struct ipc_message message;
	int ret;

	(void)revents;
	ret = ipc_receive(fd, &message, true);
	if (ret == 0) {
		on_message(parent, &message);
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

static int on_ask(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct parent *parent = ctx;
	struct ipc_message message;

	(void)usec;
	if (parent->unanswered >= (parent->answers ? KEEPER_UNANSWERED :
						     KEEPER_STARTING)) {
		log_error("the worker %s; ending it",
			  parent->answers ? "hangs" : "does not start");
		kill(parent->worker, SIGKILL);
		return 0;
	}
	parent->unanswered++;
	ipc_message_init(&message, IPC_ALIVE_ASK);
	parent_tell(parent, &message);
	/* From now on: what kept us busy must not be held against it. */
	sd_event_source_set_time_relative(source, parent->ask_us);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int watch(struct parent *parent)
{
	int ret;

	parent->unanswered = 0;
	parent->answers = 0;
	ret = sd_event_add_io(parent->event, &parent->ipc_source, parent->ipc,
			      EPOLLIN, on_ipc, parent);
	if (ret >= 0)
		ret = sd_event_add_child(parent->event, &parent->child_source,
					 parent->worker, WEXITED,
					 on_worker_exit, parent);
	/* A host that was suspended must not be taken for a hang. */
	if (ret >= 0)
		ret = sd_event_add_time_relative(parent->event,
						 &parent->ask_source,
						 CLOCK_MONOTONIC, 0, 0,
						 on_ask, parent);
	return ret < 0 ? ret : 0;
}

/*
 * New ones for each worker: what its predecessor asked for must not come as an
 * answer to it. Without them it knows less, and serves all the same.
 */
static void own_open(struct spawn_sockets *sockets)
{
	sockets->route = addresses_socket();
	if (sockets->route < 0)
		log_warning("cannot follow this host's addresses: %s",
			    strerror(-sockets->route));
	sockets->gateway[0] = gateway_socket(AF_INET);
	sockets->gateway[1] = gateway_socket(AF_INET6);
	sockets->announcements = gateway_announcements();
}

static void own_close(const struct spawn_sockets *sockets)
{
	const int fds[] = { sockets->route, sockets->gateway[0],
			    sockets->gateway[1], sockets->announcements };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int spawn(struct parent *parent)
{
	struct spawn_sockets sockets = {
		.events = parent->events,
		.control = parent->control,
		.handover = parent->handover,
	};
	int ret;

	own_open(&sockets);
	ret = spawn_worker(&parent->lanes, &sockets, &parent->worker,
			   &parent->ipc);
	own_close(&sockets);
	return ret;
}

static bool password_is_valid(const char *text, int len)
{
	for (int i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] >= 0x7f)
			return false;
	return len;
}

/* Return: whether there is one that can be used. */
static bool turn_load(const struct config_turn *config,
		      struct turn_account *account)
{
	char err[CONFIG_ERROR_LEN] = "", server[ENDPOINT_TEXT_LEN];
	int len;

	endpoint_format(&config->server, server);
	len = secret_read(config->password, "TURN password", account->password,
			  sizeof(account->password), err, sizeof(err));
	if (len < 0) {
		log_error("TURN server %s is not used: %s", server, err);
		return false;
	}
	if (!password_is_valid(account->password, len)) {
		log_error("TURN server %s is not used: TURN password %s is not one line of printable ASCII",
			  server, config->password);
		sodium_memzero(account->password, sizeof(account->password));
		return false;
	}
	account->server = config->server;
	account->transport = config->transport;
	memcpy(account->name, config->name, sizeof(account->name));
	strcpy(account->user, config->user);
	return true;
}

static void tell_init(struct parent *parent)
{
	const struct config *config = &parent->config;
	struct ipc_message message;

	ipc_message_init(&message, IPC_INIT);
	message.init.port = config->port;
	message.init.rekey_after = config->rekey_after;
	message.init.log_level = config->log_level;
	message.init.control_gid = parent->control_gid;
	message.init.lanes = parent->lanes.count;
	for (unsigned int i = 1; i < parent->lanes.count; i++)
		message.init.lane_ports[i - 1] = parent->lanes.port + i;
	memcpy(message.init.stun_server, config->stun_server,
	       sizeof(message.init.stun_server));
	message.init.stun_servers = config->stun_servers;
	memcpy(parent->turn, config->turn_server, sizeof(parent->turn));
	parent->turns = config->turn_servers;
	for (unsigned int i = 0; i < config->turn_servers; i++)
		message.init.turn_servers +=
			turn_load(&config->turn_server[i],
				  &message.init.turn[message.init.turn_servers]);
	message.init.port_mapping = config->port_mapping;
	memcpy(message.init.path_cost, config->path_cost,
	       sizeof(message.init.path_cost));
	message.init.path_dead = config->path_dead;
	memcpy(message.init.portmap_secret, parent->portmap_secret,
	       sizeof(message.init.portmap_secret));
	parent_tell(parent, &message);
	sodium_memzero(&message, sizeof(message));
}

int keeper_start(struct parent *parent)
{
	struct ipc_message message;
	struct agent *agent;
	int ret;

	ret = spawn(parent);
	if (ret) {
		log_error("cannot start the worker: %s", strerror(-ret));
		return ret;
	}
	ret = watch(parent);
	if (ret)
		return ret;
	tell_init(parent);
	parent_tell_introduce(parent);
	for (agent = parent->agents; agent; agent = agent->next)
		tell_agent_all(parent, agent);
	ipc_message_init(&message, IPC_READY);
	parent_tell(parent, &message);
	bridge_keeper_report(&parent->bridge);
	return 0;
}

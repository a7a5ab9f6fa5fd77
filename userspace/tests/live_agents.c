// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pilotd without the module, but with agents: the worker and the bridge in
 * their sandboxes are the real ones, and a parent that says yes to whatever the
 * worker wants of a kernel. Control messages pass, data does not.
 *
 * Usage: live_agents CONFIG CONTROL
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include <sodium.h>

#include "addr.h"
#include "addresses.h"
#include "bridge_keeper.h"
#include "gateway.h"
#include "ipc.h"
#include "lanes.h"
#include "live.h"
#include "log.h"
#include "spawn.h"
#include "store.h"

struct live {
	sd_event *event;
	struct config config;
	struct lanes lanes;
	struct bridge_keeper bridge;
	pid_t worker;
	int ipc, events[2], control, handover[2];
};

static void tell(struct live *live, const struct ipc_message *message)
{
	if (ipc_send(live->ipc, message))
		log_error("the worker does not listen");
}

static void on_state(void *ctx, const struct bridge_state *state)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_BRIDGE_STATE);
	message.bridge_state = *state;
	tell(ctx, &message);
}

static int tell_agent(struct live *live, const struct config_agent *agent)
{
	struct ipc_message message;
	struct identity identity;
	char err[256];

	if (identity_load(agent->identity, &identity, err, sizeof(err))) {
		log_error("%s", err);
		return -1;
	}
	ipc_message_init(&message, IPC_AGENT_ADD);
	message.agent.config = *agent;
	message.agent.address = addr_derive(identity.public, agent->network);
	message.agent.ifindex = 1;
	memcpy(message.agent.seed, identity.secret, IDENTITY_SEED_LEN);
	tell(live, &message);
	for (size_t i = 0; i < live->config.peer_count; i++) {
		const struct config_peer *peer = &live->config.peers[i];
		uint64_t agent_address = addr_derive(identity.public,
						     agent->network);

		ipc_message_init(&message, IPC_PEER_ADD);
		message.peer.agent = agent_address;
		message.peer.address = addr_derive(peer->public,
						   agent->network);
		message.peer.config = *peer;
		tell(live, &message);
	}
	return 0;
}

static int start_worker(struct live *live)
{
	struct spawn_sockets sockets = {
		.events = live->events[1], .control = live->control,
		.handover = live->handover[1], .route = addresses_socket(),
		.gateway = { gateway_socket(AF_INET),
			     gateway_socket(AF_INET6) },
		.announcements = gateway_announcements(),
	};
	struct ipc_message message;
	int ret;

	ret = spawn_worker(&live->lanes, &sockets, &live->worker, &live->ipc);
	if (ret)
		return ret;
	ipc_message_init(&message, IPC_INIT);
	message.init.port = live->config.port;
	message.init.rekey_after = live->config.rekey_after;
	message.init.log_level = live->config.log_level;
	message.init.lanes = 1;
	message.init.path_dead = live->config.path_dead;
	tell(live, &message);
	ipc_message_init(&message, IPC_INTRODUCE);
	message.introduce = live->config.introduce;
	tell(live, &message);
	ret = tell_agent(live, &live->config.agents[0]);
	ipc_message_init(&message, IPC_READY);
	tell(live, &message);
	bridge_keeper_report(&live->bridge);
	return ret;
}

static int on_ipc(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct ipc_message message;
	struct live *live = ctx;
	uint32_t id;
	int ret;

	(void)source;
	(void)revents;
	ret = ipc_receive(fd, &message, true);
	if (ret)
		return sd_event_exit(live->event, 1);
	id = message.id;
	switch (message.type) {
	case IPC_BRIDGE_OPEN:
		bridge_keeper_open(&live->bridge, &message.bridge_open);
		return 0;
	case IPC_BRIDGE_CLOSE:
		bridge_keeper_close(&live->bridge, &message.bridge_open);
		return 0;
	case IPC_BRIDGE_HURRY:
		bridge_keeper_hurry(&live->bridge);
		return 0;
	case IPC_ALIVE:
		return 0;
	default:
		break;
	}
	ipc_message_init(&message, IPC_REPLY);
	message.id = id;
	tell(live, &message);
	return 0;
}

static int start(struct live *live, char *argv[], char *err)
{
	int ret;

	ret = store_load(&live->config, CONFIG_FILE, argv[1], err);
	if (ret)
		return ret;
	ret = live_open(&live->config, &live->lanes, argv[2], &live->control,
			err);
	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		       live->events) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		       live->handover) < 0)
		return -errno;
	live->bridge = (struct bridge_keeper){
		.event = live->event, .port = live->config.port,
		.log_level = live->config.log_level, .state = on_state,
		.ctx = live,
	};
	bridge_keeper_init(&live->bridge);
	if (live->config.tls.enabled)
		ret = bridge_keeper_serve(&live->bridge, &live->config.tls,
					  err, CONFIG_ERROR_LEN);
	if (!ret)
		ret = start_worker(live);
	if (ret)
		return ret;
	ret = sd_event_add_io(live->event, NULL, live->ipc, EPOLLIN, on_ipc,
			      live);
	return ret < 0 ? ret : 0;
}

int main(int argc, char *argv[])
{
	char err[CONFIG_ERROR_LEN] = "";
	struct live live = { .ipc = -1 };
	int ret;

	if (sodium_init() < 0)
		return 1;
	ret = live_role(argc, argv);
	if (ret >= 0)
		return ret;
	if (argc != 3)
		return 2;
	log_open("pilotd", LOG_LEVEL_INFO);
	config_init(&live.config);
	ret = live_event(&live.event);
	if (ret >= 0)
		ret = start(&live, argv, err);
	if (ret < 0) {
		log_error("%s", err[0] ? err : strerror(-ret));
		return 1;
	}
	ret = live_loop(live.event);
	bridge_keeper_stop(&live.bridge);
	kill(live.worker, SIGTERM);
	config_free(&live.config);
	return ret ? 1 : 0;
}

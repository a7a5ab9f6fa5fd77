// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pilotd without the module: no agents, and a kernel that tells nothing. The
 * keeper, the worker in its sandbox, and the sockets are the real ones.
 *
 * Usage: live_pilotd CONFIG CONTROL
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include <sodium.h>

#include "keeper.h"
#include "live.h"
#include "log.h"
#include "store.h"

static int start(struct parent *parent, char *argv[], char *err)
{
	int pair[2], ret;

	ret = store_load(&parent->file, CONFIG_FILE, argv[1], err);
	if (!ret)
		ret = parent_merge(parent);
	if (ret)
		return ret;
	ret = live_open(&parent->config, &parent->lanes, argv[2],
			&parent->control, err);
	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	parent->events = pair[0];
	parent->handover = pair[1];
	memset(parent->portmap_secret, 7, sizeof(parent->portmap_secret));
	parent->bridge.event = parent->event;
	parent->bridge.port = parent->config.port;
	parent->bridge.log_level = LOG_LEVEL_DEBUG;
	parent->bridge.state = parent_bridge_state;
	parent->bridge.ctx = parent;
	return keeper_start(parent);
}

int main(int argc, char *argv[])
{
	struct parent parent = { .ipc = -1, .ask_us = KEEPER_ASK_US };
	char err[CONFIG_ERROR_LEN] = "";
	int ret;

	if (sodium_init() < 0)
		return 1;
	ret = live_role(argc, argv);
	if (ret >= 0)
		return ret;
	if (argc != 3)
		return 2;
	log_open("pilotd", LOG_LEVEL_INFO);
	bridge_keeper_init(&parent.bridge);
	config_init(&parent.file);
	config_init(&parent.config);
	ret = live_event(&parent.event);
	if (ret >= 0)
		ret = start(&parent, argv, err);
	if (ret < 0) {
		log_error("%s", err[0] ? err : strerror(-ret));
		return 1;
	}
	ret = live_loop(parent.event);
	if (parent.worker > 0 && parent.ipc >= 0)
		kill(parent.worker, SIGTERM);
	bridge_keeper_stop(&parent.bridge);
	config_free(&parent.file);
	config_free(&parent.config);
	return ret ? 1 : 0;
}

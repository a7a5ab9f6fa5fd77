// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pilotd without the module: no agents, and a kernel that tells nothing. The
 * keeper, the worker in its sandbox, and the sockets are the real ones.
 *
 * Usage: live_pilotd CONFIG CONTROL
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <sodium.h>

#include "keeper.h"
#include "log.h"
#include "sockets.h"
#include "spawn.h"
#include "store.h"
#include "worker.h"

static int add_signals(struct parent *parent)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ret = sd_event_add_signal(parent->event, NULL, SIGTERM, NULL, NULL);
	return ret < 0 ? ret : 0;
}

static int start(struct parent *parent, char *argv[], char *err)
{
	int pair[2], ret;

	ret = store_load(&parent->file, CONFIG_FILE, argv[1], err);
	if (!ret)
		ret = parent_merge(parent);
	if (ret)
		return ret;
	log_level_set(parent->config.log_level);
	lanes_init(&parent->lanes, parent->config.port, 1);
	ret = lanes_open(&parent->lanes, err, CONFIG_ERROR_LEN);
	if (ret)
		return ret;
	parent->control = socket_listen(argv[2], SOCK_STREAM, 0660, 0, err,
					CONFIG_ERROR_LEN);
	if (parent->control < 0)
		return parent->control;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	parent->events = pair[0];
	parent->handover = pair[1];
	memset(parent->portmap_secret, 7, sizeof(parent->portmap_secret));
	return keeper_start(parent);
}

int main(int argc, char *argv[])
{
	struct parent parent = { .ipc = -1, .ask_us = KEEPER_ASK_US };
	char err[CONFIG_ERROR_LEN] = "";
	int ret;

	if (sodium_init() < 0)
		return 1;
	if (argc == 2 && !strcmp(argv[1], WORKER_ARGUMENT)) {
		log_open("worker", LOG_LEVEL_INFO);
		return worker_run();
	}
	if (argc != 3)
		return 2;
	log_open("pilotd", LOG_LEVEL_INFO);
	bridge_keeper_init(&parent.bridge);
	config_init(&parent.file);
	config_init(&parent.config);
	ret = sd_event_default(&parent.event);
	if (ret >= 0)
		ret = add_signals(&parent);
	if (ret >= 0)
		ret = start(&parent, argv, err);
	if (ret < 0) {
		log_error("%s", err[0] ? err : strerror(-ret));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	ret = sd_event_loop(parent.event);
	if (parent.worker > 0 && parent.ipc >= 0)
		kill(parent.worker, SIGTERM);
	config_free(&parent.file);
	config_free(&parent.config);
	return ret ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "live.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bridge.h"
#include "log.h"
#include "sockets.h"
#include "spawn.h"
#include "worker.h"

int live_role(int argc, char *argv[])
{
	if (argc == 2 && !strcmp(argv[1], WORKER_ARGUMENT)) {
		log_open("worker", LOG_LEVEL_INFO);
		return worker_run();
	}
	if (argc == 2 && !strcmp(argv[1], BRIDGE_ARGUMENT)) {
		log_open("bridge", LOG_LEVEL_INFO);
		return bridge_run();
	}
	return -1;
}

int live_event(sd_event **event)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ret = sd_event_default(event);
	if (ret >= 0)
		ret = sd_event_add_signal(*event, NULL, SIGTERM, NULL, NULL);
	return ret < 0 ? ret : 0;
}

int live_open(const struct config *config, struct lanes *lanes,
	      const char *path, int *control, char *err)
{
	int ret;

	log_level_set(config->log_level);
	lanes_init(lanes, config->port, 1);
	ret = lanes_open(lanes, err, CONFIG_ERROR_LEN);
	if (ret)
		return ret;
	*control = socket_listen(path, SOCK_STREAM, 0660, 0, err,
				 CONFIG_ERROR_LEN);
	return *control < 0 ? *control : 0;
}

int live_loop(sd_event *event)
{
	puts("ready");
	fflush(stdout);
	return sd_event_loop(event);
}

// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "bridge.h"
#include "config.h"
#include "log.h"
#include "options.h"
#include "run.h"
#include "spawn.h"
#include "store.h"
#include "worker.h"

static const char usage[] =
	"Usage: pilotd [OPTION]...\n"
	"Serves agents: negotiates keys with their peers and programs the pilot module.\n"
	"\n"
	"  -c, --config FILE   configuration, default /etc/pilot-link/pilotd.conf\n"
	"      --control PATH  control socket, default /run/pilot-link/control.sock\n"
	"      --state DIR     run-time state, default /run/pilot-link\n"
	"      --check-config  check the configuration and exit\n"
	"  -h, --help          show this text\n"
	"  -V, --version       show the version\n"
	"\n"
	"It stays in the foreground. SIGHUP reloads the configuration. SIGTERM stops:\n"
	"devices, peers and keys stay, and packets wait for the next pilotd, unless the\n"
	"sockets are kept, as systemd does over a restart. See pilotd(8).\n";

enum {
	OPT_CONTROL = 256,
	OPT_STATE,
	OPT_CHECK,
};

static int check_config(const char *path)
{
	char err[CONFIG_ERROR_LEN];
	struct config config;

	if (store_load(&config, CONFIG_CHECK, path, err)) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	printf("%s: %zu agents, %zu peers\n", path, config.agent_count,
	       config.peer_count);
	config_free(&config);
	return 0;
}

/* Resolved now when it is relative, so that it stays what it is. */
static int find_config_dir(struct options *options)
{
	char *dir = options->config_dir, *slash;

	if (options->config[0] == '/')
		snprintf(dir, sizeof(options->config_dir), "%s",
			 options->config);
	else if (!realpath(options->config, dir))
		dir[0] = '\0';
	slash = strrchr(dir, '/');
	if (!slash) {
		log_error("cannot open %s: %s", options->config,
			  strerror(errno));
		return 1;
	}
	while (slash > dir && slash[-1] == '/')
		slash--;
	/* The root directory is "/", all others end without one. */
	slash[slash == dir] = '\0';
	return 0;
}

static int prepare(struct options *options)
{
	int a, b;

	if (find_config_dir(options))
		return 1;
	if (mkdir(options->state_dir, 0755) < 0 && errno != EEXIST) {
		log_error("cannot make %s: %s", options->state_dir,
			  strerror(errno));
		return 1;
	}
	a = snprintf(options->state, sizeof(options->state), "%s/state.conf",
		     options->state_dir);
	b = snprintf(options->handover, sizeof(options->handover),
		     "%s/handover.sock", options->state_dir);
	if (a >= (int)sizeof(options->state) ||
	    b >= (int)sizeof(options->handover)) {
		log_error("path %s is too long", options->state_dir);
		return 1;
	}
	return 0;
}

int main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "control", required_argument, NULL, OPT_CONTROL },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "check-config", no_argument, NULL, OPT_CHECK },
		{ "foreground", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct options options = {
		.config = "/etc/pilot-link/pilotd.conf",
		.control = "/run/pilot-link/control.sock",
		.state_dir = "/run/pilot-link",
	};
	bool check = false;
	int option;

	if (sodium_init() < 0)
		return 1;
	if (argc == 2 && !strcmp(argv[1], WORKER_ARGUMENT)) {
		log_open("pilotd-worker", LOG_LEVEL_INFO);
		return worker_run();
	}
	if (argc == 2 && !strcmp(argv[1], BRIDGE_ARGUMENT)) {
		log_open("pilotd-bridge", LOG_LEVEL_INFO);
		return bridge_run();
	}
	log_open("pilotd", LOG_LEVEL_INFO);
	while ((option = getopt_long(argc, argv, "c:fhV", longs, NULL)) >= 0) {
		switch (option) {
		case 'c':
			options.config = optarg;
			break;
		case OPT_CONTROL:
			options.control = optarg;
			break;
		case OPT_STATE:
			options.state_dir = optarg;
			break;
		case OPT_CHECK:
			check = true;
			break;
		case 'f':
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			printf("pilotd %s\n", PILOT_VERSION);
			return 0;
		default:
			fputs("Try: pilotd --help\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "pilotd: unexpected argument %s\nTry: pilotd --help\n",
			argv[optind]);
		return 2;
	}
	if (check)
		return check_config(options.config);
	if (prepare(&options))
		return 1;
	return run(&options);
}

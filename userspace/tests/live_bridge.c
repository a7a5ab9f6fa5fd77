// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bridge without pilotd: its keeper, and the process in its sandbox, are
 * the real ones. What pilotd would have at its UDP port is the test's.
 *
 * Usage: live_bridge PORT serve LISTEN CLIENTS [CERTIFICATE KEY]
 *        live_bridge PORT connect SERVER [NAME [OTHER]]
 *        live_bridge PORT plain-stun SERVER
 *
 * After SIGHUP the server is asked for under the other name.
 * Prints "state SERVER LOCAL up|down NUMBER TEXT" whenever that is told, and
 * "bridge PID" when one was started.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "bridge.h"
#include "bridge_keeper.h"
#include "live.h"
#include "log.h"

static const char *other_name = "";

static void on_state(void *ctx, const struct bridge_state *state)
{
	char server[ENDPOINT_TEXT_LEN], local[ENDPOINT_TEXT_LEN];

	(void)ctx;
	endpoint_format(&state->server, server);
	endpoint_format(&state->local, local);
	printf("state %s %s %s %u %s\n", server, local,
	       state->up ? "up" : "down", state->number, state->text);
	fflush(stdout);
}

static int begin(struct bridge_keeper *keeper, int argc, char *argv[])
{
	struct bridge_serving serving = { .enabled = true };
	struct bridge_open open = { .kind = STREAM_FRAMES };
	char err[512];

	if (!strcmp(argv[2], "serve") && argc >= 5) {
		serving.clients = atoi(argv[4]);
		if (endpoint_parse(argv[3], &serving.listen))
			return -1;
		if (argc == 7) {
			snprintf(serving.certificate,
				 sizeof(serving.certificate), "%s", argv[5]);
			snprintf(serving.key, sizeof(serving.key), "%s",
				 argv[6]);
		}
		if (bridge_keeper_serve(keeper, &serving, err, sizeof(err)))
			log_error("%s", err);
		return 0;
	}
	if (endpoint_parse(argv[3], &open.server))
		return -1;
	open.plain = !strcmp(argv[2], "plain-stun");
	if (open.plain)
		open.kind = STREAM_STUN;
	if (argc >= 5)
		snprintf(open.name, sizeof(open.name), "%s", argv[4]);
	bridge_keeper_open(keeper, &open);
	return 0;
}

static int on_rename(sd_event_source *source,
		     const struct signalfd_siginfo *si, void *ctx)
{
	struct bridge_keeper *keeper = ctx;
	struct bridge_open open = keeper->open[0];

	(void)source;
	(void)si;
	snprintf(open.name, sizeof(open.name), "%s", other_name);
	bridge_keeper_open(keeper, &open);
	return 0;
}

/* A test ends one to see that another comes. */
static int on_child(sd_event_source *source, uint64_t usec, void *ctx)
{
	static pid_t last;
	struct bridge_keeper *keeper = ctx;

	(void)usec;
	if (keeper->pid && keeper->pid != last) {
		last = keeper->pid;
		printf("bridge %d\n", last);
		fflush(stdout);
	}
	sd_event_source_set_time_relative(source, 50000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int main(int argc, char *argv[])
{
	struct bridge_keeper keeper = {
		.state = on_state, .log_level = LOG_LEVEL_DEBUG,
	};

	if (sodium_init() < 0)
		return 1;
	if (argc == 2 && !strcmp(argv[1], BRIDGE_ARGUMENT)) {
		log_open("bridge", LOG_LEVEL_DEBUG);
		return bridge_run();
	}
	if (argc < 4)
		return 2;
	log_open("keeper", LOG_LEVEL_DEBUG);
	if (argc == 6)
		other_name = argv[5];
	keeper.port = atoi(argv[1]);
	bridge_keeper_init(&keeper);
	if (live_event(&keeper.event) ||
	    sd_event_add_signal(keeper.event, NULL,
				SIGHUP | SD_EVENT_SIGNAL_PROCMASK, on_rename,
				&keeper) < 0 ||
	    begin(&keeper, argc, argv) ||
	    sd_event_add_time_relative(keeper.event, NULL, CLOCK_MONOTONIC, 0,
				       0, on_child, &keeper) < 0)
		return 1;
	sd_event_loop(keeper.event);
	bridge_keeper_stop(&keeper);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs have in common that run pilotd without the module. */
#ifndef PILOT_TESTS_LIVE_H
#define PILOT_TESTS_LIVE_H

#include <systemd/sd-event.h>

#include "config.h"
#include "lanes.h"

/*
 * When this process is a worker or bridge that was spawned: runs as it. Return:
 * its exit status, -1 when it is none.
 */
int live_role(int argc, char *argv[]);

/* SIGTERM ends the loop, children can be waited for. Return: 0 or -errno. */
int live_event(sd_event **event);

/*
 * The sockets of a helper with one lane, and the one for commands at @path.
 * Return: 0 or -errno with @err, of CONFIG_ERROR_LEN bytes.
 */
int live_open(const struct config *config, struct lanes *lanes,
	      const char *path, int *control, char *err);

/* Says that it is ready. Return: what the loop ends with. */
int live_loop(sd_event *event);

#endif /* PILOT_TESTS_LIVE_H */

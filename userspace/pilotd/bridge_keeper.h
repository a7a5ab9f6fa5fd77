/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileged side of the bridge: its listening sockets, starting it and
 * starting it anew, and passing on what is said about servers. It is
 * started only when there is something for it to do.
 */
#ifndef PILOTD_BRIDGE_KEEPER_H
#define PILOTD_BRIDGE_KEEPER_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "bridge_message.h"
#include "ratelimit.h"

struct bridge_keeper {
	sd_event *event;
	uint16_t port;			/* pilotd's, for UDP */
	uint32_t log_level;
	void (*state)(void *ctx, const struct bridge_state *state);
	void *ctx;
	/* The keeper's own from here on. */
	struct bridge_serving serving;
	int listen[2];
	pid_t pid;			/* 0: it does not run */
	int ipc;
	uint64_t started_at;		/* boot time */
	unsigned int deaths;		/* one soon after the other */
	unsigned int count;
	struct bridge_open open[BRIDGE_SERVERS_MAX];
	/* What was last said of each; the server is unset before. */
	struct bridge_state said[BRIDGE_SERVERS_MAX];
	struct ratelimit_bucket talk;
	sd_event_source *ipc_source, *child_source, *respawn_source;
	sd_event_source *listen_again;
};

/* The first five members are the caller's. */
void bridge_keeper_init(struct bridge_keeper *keeper);
/*
 * What we do for others is this from now on; a bridge that runs is replaced,
 * unless it does just that. Return: 0, or -errno with a text in @err: then it
 * is not done, but tried again until it is.
 */
int bridge_keeper_serve(struct bridge_keeper *keeper,
			const struct bridge_serving *serving, char *err,
			size_t err_size);
/* As the worker wants it; the last name that is given is the one. */
void bridge_keeper_open(struct bridge_keeper *keeper,
			const struct bridge_open *open);
/* Of @open only the server and the kind of the stream count. */
void bridge_keeper_close(struct bridge_keeper *keeper,
			 const struct bridge_open *open);
void bridge_keeper_hurry(struct bridge_keeper *keeper);
/* A new worker is told all. */
void bridge_keeper_report(struct bridge_keeper *keeper);
void bridge_keeper_stop(struct bridge_keeper *keeper);

#endif /* PILOTD_BRIDGE_KEEPER_H */

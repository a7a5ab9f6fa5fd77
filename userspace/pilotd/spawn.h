/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the worker and the bridge come to life: a new image of the program, with
 * descriptors.
 */
#ifndef PILOTD_SPAWN_H
#define PILOTD_SPAWN_H

#include <sys/types.h>

#include "lanes.h"

/* The worker's descriptors; those after the handover may be missing. */
enum {
	WORKER_FD_IPC = 3,
	WORKER_FD_UDP4,
	WORKER_FD_UDP6,			/* may be missing as well */
	WORKER_FD_EVENTS,
	WORKER_FD_CONTROL,
	WORKER_FD_HANDOVER,
	WORKER_FD_ROUTE,		/* addresses_socket() */
	WORKER_FD_GATEWAY4,		/* gateway_socket() */
	WORKER_FD_GATEWAY6,
	WORKER_FD_ANNOUNCEMENTS,	/* gateway_announcements() */
	WORKER_FD_LANES,		/* a pair for each lane above 0 */
	WORKER_FD_END = WORKER_FD_LANES + 2 * (WIRE_LANES_MAX - 1),
};

/* @i: 0 for IPv4, 1 for IPv6. */
static inline int worker_fd_udp(unsigned int lane, int i)
{
	return lane ? WORKER_FD_LANES + 2 * (int)(lane - 1) + i :
		      WORKER_FD_UDP4 + i;
}

#define WORKER_ARGUMENT	"--worker"

/* What a worker gets besides the lanes; below 0: nothing. */
struct spawn_sockets {
	int events;
	int control;
	int handover;
	int route;
	int gateway[2];
	int announcements;
};

/* Return: 0 or -errno. @ipc is the parent's end. */
int spawn_worker(const struct lanes *lanes, const struct spawn_sockets *sockets,
		 pid_t *pid, int *ipc);
/* @listen: below 0 for none, IPv4 and IPv6. The same otherwise. */
int spawn_bridge(const int listen[static 2], pid_t *pid, int *ipc);

#endif /* PILOTD_SPAWN_H */

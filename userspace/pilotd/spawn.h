/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a worker comes to life: a new image of the program, with descriptors. */
#ifndef PILOTD_SPAWN_H
#define PILOTD_SPAWN_H

#include <sys/types.h>

/* The worker's descriptors; UDP over IPv6 may be missing. */
enum {
	WORKER_FD_IPC = 3,
	WORKER_FD_UDP4,
	WORKER_FD_UDP6,
	WORKER_FD_EVENTS,
	WORKER_FD_CONTROL,
	WORKER_FD_HANDOVER,
	WORKER_FD_END,
};

#define WORKER_ARGUMENT	"--worker"

/* Return: 0 or -errno. @ipc is the parent's end. */
int spawn_worker(const int udp[static 2], int events, int control,
		 int handover, pid_t *pid, int *ipc);

#endif /* PILOTD_SPAWN_H */

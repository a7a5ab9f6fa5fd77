// SPDX-License-Identifier: GPL-2.0-or-later

#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bridge.h"

/* A worker that takes this long to read is stuck. */
#define SEND_SECONDS	5

/* Where its end of the pair goes, whoever it is. */
#define IPC		3

_Static_assert((int)WORKER_FD_IPC == IPC && (int)BRIDGE_FD_IPC == IPC,
	       "both have it in the same place");

/* In the child: only calls that are safe after fork(). @fds: from 0 on. */
static void exec_image(char *name, char *argument, const int *fds, int end)
{
	char *argv[] = { name, argument, NULL };
	int high[WORKER_FD_END], i;
	sigset_t none;

	/* First above all targets, so that none is overwritten. */
	for (i = IPC; i < end; i++)
		high[i] = fds[i] < 0 ? -1 :
			  fcntl(fds[i], F_DUPFD_CLOEXEC, end);
	for (i = IPC; i < end; i++) {
		if (high[i] < 0)
			close(i);
		else if (dup2(high[i], i) < 0)
			_exit(1);
	}
	close_range(end, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(1);
}

/* @fds: all but the child's end of the pair. */
static int spawn_image(char *name, char *argument, int *fds, int end,
		       pid_t *pid, int *ipc)
{
	struct timeval limit = { .tv_sec = SEND_SECONDS };
	int size = 1 << 20, pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fds[IPC] = pair[1];
	*pid = fork();
	if (*pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	if (*pid == 0)
		exec_image(name, argument, fds, end);
	close(pair[1]);
	*ipc = pair[0];
	return 0;
}

int spawn_bridge(const int listen[static 2], pid_t *pid, int *ipc)
{
	static char name[] = "pilotd-bridge", argument[] = BRIDGE_ARGUMENT;
	int fds[BRIDGE_FD_END] = {
		[BRIDGE_FD_LISTEN4] = listen[0],
		[BRIDGE_FD_LISTEN6] = listen[1],
	};

	return spawn_image(name, argument, fds, BRIDGE_FD_END, pid, ipc);
}

int spawn_worker(const struct lanes *lanes, const struct spawn_sockets *sockets,
		 pid_t *pid, int *ipc)
{
	static char name[] = "pilotd-worker", argument[] = WORKER_ARGUMENT;
	int fds[WORKER_FD_END] = {
		[WORKER_FD_EVENTS] = sockets->events,
		[WORKER_FD_CONTROL] = sockets->control,
		[WORKER_FD_HANDOVER] = sockets->handover,
		[WORKER_FD_ROUTE] = sockets->route,
		[WORKER_FD_GATEWAY4] = sockets->gateway[0],
		[WORKER_FD_GATEWAY6] = sockets->gateway[1],
		[WORKER_FD_ANNOUNCEMENTS] = sockets->announcements,
	};

	for (unsigned int n = 0; n < WIRE_LANES_MAX; n++)
		for (int i = 0; i < 2; i++)
			fds[worker_fd_udp(n, i)] = n < lanes->count ?
						   lanes->lane[n].fd[i] : -1;
	return spawn_image(name, argument, fds, WORKER_FD_END, pid, ipc);
}

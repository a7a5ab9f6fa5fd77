// SPDX-License-Identifier: GPL-2.0-or-later

#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A worker that takes this long to read is stuck. */
#define SEND_SECONDS	5

/* In the child: only calls that are safe after fork(). */
static void exec_worker(const int fds[static WORKER_FD_END])
{
	static char name[] = "pilotd-worker", argument[] = WORKER_ARGUMENT;
	char *argv[] = { name, argument, NULL };
	int high[WORKER_FD_END], i;
	sigset_t none;

	/* First above all targets, so that none is overwritten. */
	for (i = WORKER_FD_IPC; i < WORKER_FD_END; i++)
		high[i] = fds[i] < 0 ? -1 :
			  fcntl(fds[i], F_DUPFD_CLOEXEC, WORKER_FD_END);
	for (i = WORKER_FD_IPC; i < WORKER_FD_END; i++) {
		if (high[i] < 0)
			close(i);
		else if (dup2(high[i], i) < 0)
			_exit(1);
	}
	close_range(WORKER_FD_END, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(1);
}

int spawn_worker(const struct lanes *lanes, const struct spawn_sockets *sockets,
		 pid_t *pid, int *ipc)
{
	struct timeval limit = { .tv_sec = SEND_SECONDS };
	int size = 1 << 20, pair[2];
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
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fds[WORKER_FD_IPC] = pair[1];
	*pid = fork();
	if (*pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	if (*pid == 0)
		exec_worker(fds);
	close(pair[1]);
	*ipc = pair[0];
	return 0;
}

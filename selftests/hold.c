// SPDX-License-Identifier: GPL-2.0-or-later

#define _GNU_SOURCE
#include "hold.h"

#include <err.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_HELD	10
#define HELD_MAX	64

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		err(2, "setsockopt");
}

/* Return: whether what comes is to be counted. */
static bool hold_socket(const char *word, int at)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr *sa;
	int port, fd, family;
	char kind[16] = "";
	socklen_t len;

	if (sscanf(word, "%d:%d:%15s", &family, &port, kind) < 2)
		errx(2, "'%s' is not 4:PORT, 6:PORT or 46:PORT", word);
	in.sin_port = in6.sin6_port = htons(port);
	sa = family == 4 ? (void *)&in : (void *)&in6;
	len = family == 4 ? sizeof(in) : sizeof(in6);
	fd = socket(sa->sa_family, (strcmp(kind, "tcp") ? SOCK_DGRAM :
				    SOCK_STREAM) | SOCK_NONBLOCK, 0);
	if (fd < 0)
		err(2, "socket");
	if (family == 6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (strcmp(kind, "unbound") && bind(fd, sa, len))
		err(2, "port %d", port);
	if (!strcmp(kind, "connected") && connect(fd, sa, len))
		err(2, "connect");
	if (!strcmp(kind, "encap"))
		set(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_L2TPINUDP);
	if (dup2(fd, at) != at)
		err(2, "dup2");
	close(fd);
	return !*kind;
}

static volatile sig_atomic_t told;

static void on_signal(int sig)
{
	(void)sig;
	told = 1;
}

int hold(char **word, int n)
{
	struct sigaction action = { .sa_handler = on_signal };
	unsigned long got[HELD_MAX] = {};
	struct pollfd pfd[HELD_MAX];
	char buf[2048];
	int i;

	if (n < 1 || n > HELD_MAX)
		return 2;
	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < n; i++) {
		pfd[i].fd = hold_socket(word[i], FIRST_HELD + i) ?
			    FIRST_HELD + i : -1;
		pfd[i].events = POLLIN;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		poll(pfd, n, -1);
		if (told) {
			told = 0;
			for (i = 0; i < n; i++)
				printf("got %lu\n", got[i]);
			fflush(stdout);
			continue;
		}
		for (i = 0; i < n; i++)
			while (pfd[i].fd >= 0 &&
			       recv(pfd[i].fd, buf, sizeof(buf), 0) >= 0)
				got[i]++;
	}
}

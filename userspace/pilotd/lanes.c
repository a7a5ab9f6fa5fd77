// SPDX-License-Identifier: GPL-2.0-or-later

#include "lanes.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "config.h"
#include "error.h"
#include "log.h"
#include "sockets.h"

#define LANE_NAME_LEN	32

static const int families[2] = { AF_INET, AF_INET6 };

/* Descriptors in a message. */
union lanes_rights {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(LANES_FDS_MAX * sizeof(int))];
};

static unsigned int lanes_auto(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus < 1)
		return 1;
	return cpus < CONFIG_LANES_AUTO_MAX ? cpus : CONFIG_LANES_AUTO_MAX;
}

void lanes_init(struct lanes *lanes, uint16_t port, unsigned int count)
{
	lanes->port = port;
	lanes->count = count ?: lanes_auto();
	for (int i = 0; i < WIRE_LANES_MAX; i++)
		lanes->lane[i] = (struct lane){ { -1, -1 } };
}

/* What systemd calls its copy of a socket. */
static void lane_name(unsigned int n, int i, char name[static LANE_NAME_LEN])
{
	char lane[LANE_NAME_LEN / 2] = "";

	if (n)
		snprintf(lane, sizeof(lane), "-%u", n);
	snprintf(name, LANE_NAME_LEN, "udp%d%s", i ? 6 : 4, lane);
}

/* With systemd's copy, which would keep the port taken. */
static void lane_close(struct lanes *lanes, unsigned int n, int i)
{
	int *fd = &lanes->lane[n].fd[i];
	char name[LANE_NAME_LEN];

	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
	lane_name(n, i, name);
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

/* The port of a bound UDP socket of this family; 0: it is none. */
static unsigned int udp_port(int fd, int family)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	in_port_t bound;

	if (sd_is_socket(fd, family, SOCK_DGRAM, -1) <= 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return 0;
	bound = family == AF_INET ? ((struct sockaddr_in *)&ss)->sin_port :
				    ((struct sockaddr_in6 *)&ss)->sin6_port;
	return ntohs(bound);
}

/*
 * The lowest port of sockets that belong together is that of lane 0. A socket
 * carries its lane for life in the kernel, so with another lane 0 none of them
 * is of use.
 */
static bool are_ours(const struct lanes *lanes, const int *fds, size_t n)
{
	unsigned int lowest = UINT16_MAX, port;

	for (size_t i = 0; i < 2 * n; i++) {
		port = udp_port(fds[i / 2], families[i % 2]);
		if (port && port < lowest)
			lowest = port;
	}
	return lowest == lanes->port;
}

/* Return: false when it is of no use and was closed. */
static bool take(struct lanes *lanes, bool ours, int fd)
{
	for (unsigned int n = 0; ours && n < lanes->count; n++) {
		for (int i = 0; i < 2; i++) {
			if (lanes->lane[n].fd[i] >= 0 ||
			    udp_port(fd, families[i]) != lanes->port + n)
				continue;
			lanes->lane[n].fd[i] = fd;
			return true;
		}
	}
	close(fd);
	return false;
}

static void inherit_systemd(struct lanes *lanes)
{
	int fds[2 * LANES_FDS_MAX] = { 0 };
	char **names = NULL;
	int i, n;
	bool ours;

	n = sd_listen_fds_with_names(1, &names);
	for (i = 0; i < n && i < 2 * LANES_FDS_MAX; i++)
		fds[i] = SD_LISTEN_FDS_START + i;
	ours = are_ours(lanes, fds, i);
	for (i = 0; i < n; i++) {
		/* Its own copy would keep the port taken. */
		if (!take(lanes, ours, SD_LISTEN_FDS_START + i))
			sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", names[i]);
		free(names[i]);
	}
	free(names);
}

static void inherit_claim(struct lanes *lanes, const char *path)
{
	union lanes_rights control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *cmsg;
	const int *fds;
	size_t i, n;
	bool ours;
	int fd;

	fd = socket_connect(path);
	if (fd < 0)
		return;
	if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) == 1) {
		cmsg = CMSG_FIRSTHDR(&msg);
		n = cmsg && cmsg->cmsg_level == SOL_SOCKET &&
		    cmsg->cmsg_type == SCM_RIGHTS ?
		    (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
		fds = n ? (const int *)CMSG_DATA(cmsg) : NULL;
		ours = are_ours(lanes, fds, n);
		for (i = 0; i < n; i++)
			take(lanes, ours, fds[i]);
	}
	close(fd);
}

void lanes_inherit(struct lanes *lanes, const char *path)
{
	inherit_systemd(lanes);
	if (lanes->lane[0].fd[0] >= 0)
		return;
	inherit_claim(lanes, path);
	if (lanes->lane[0].fd[0] >= 0)
		log_info("took the sockets over from an earlier worker");
}

static int lane_open_zero(struct lanes *lanes, char *err, size_t err_size)
{
	struct lane *lane = &lanes->lane[0];

	if (lane->fd[0] < 0)
		lane->fd[0] = socket_udp(AF_INET, lanes->port, err, err_size);
	if (lane->fd[0] < 0)
		return lane->fd[0];
	if (lane->fd[1] < 0)
		lane->fd[1] = socket_udp(AF_INET6, lanes->port, err, err_size);
	if (lane->fd[1] < 0)
		log_warning("no IPv6: %s", err);
	return 0;
}

static int lane_open(struct lanes *lanes, unsigned int n, char *err,
		     size_t err_size)
{
	struct lane *lane = &lanes->lane[n];
	unsigned int port = lanes->port + n;

	if (port > UINT16_MAX)
		return error_set(err, err_size, ERANGE,
				 "there is no UDP port %u", port);
	for (int i = 0; i < 2; i++) {
		if (lanes->lane[0].fd[i] < 0)
			lane_close(lanes, n, i);
		else if (lane->fd[i] < 0)
			lane->fd[i] = socket_udp(families[i], port, err,
						 err_size);
		if (lanes->lane[0].fd[i] >= 0 && lane->fd[i] < 0)
			return lane->fd[i];
	}
	return 0;
}

int lanes_open(struct lanes *lanes, char *err, size_t err_size)
{
	unsigned int wanted = lanes->count, n;
	int ret;

	ret = lane_open_zero(lanes, err, err_size);
	if (ret)
		return ret;
	for (n = 1; n < wanted; n++)
		if (lane_open(lanes, n, err, err_size))
			break;
	if (n == wanted)
		return 0;
	log_warning("%u lanes instead of %u: %s", n, wanted, err);
	lanes->count = n;
	for (; n < wanted; n++) {
		lane_close(lanes, n, 0);
		lane_close(lanes, n, 1);
	}
	return 0;
}

static void keep(unsigned int n, int i, int fd)
{
	char text[64], name[LANE_NAME_LEN];

	lane_name(n, i, name);
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	sd_pid_notify_with_fds(0, 0, text, &fd, 1);
}

void lanes_keep(const struct lanes *lanes)
{
	for (unsigned int n = 0; n < lanes->count; n++)
		for (int i = 0; i < 2; i++)
			if (lanes->lane[n].fd[i] >= 0)
				keep(n, i, lanes->lane[n].fd[i]);
}

int lanes_give(int listener, const struct lanes *lanes)
{
	union lanes_rights control = { 0 };
	struct iovec iov = { "", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
	};
	int fds[LANES_FDS_MAX], fd, ret = 0;
	struct cmsghdr *cmsg;
	size_t n = 0;

	for (unsigned int i = 0; i < 2 * lanes->count; i++)
		if (lanes->lane[i / 2].fd[i % 2] >= 0)
			fds[n++] = lanes->lane[i / 2].fd[i % 2];
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) != 1)
		ret = -errno;
	close(fd);
	return ret;
}

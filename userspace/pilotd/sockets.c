// SPDX-License-Identifier: GPL-2.0-or-later

#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "error.h"
#include "log.h"

/* How long a claim may take: the other end is a waiting process. */
#define CLAIM_SECONDS	5

static int bind_udp(int fd, int family, uint16_t port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	return family == AF_INET ?
	       bind(fd, (struct sockaddr *)&in, sizeof(in)) :
	       bind(fd, (struct sockaddr *)&in6, sizeof(in6));
}

int socket_udp(int family, uint16_t port, char *err, size_t err_size)
{
	int size = 4 << 20, few = 128 << 10, one = 1, fd, ret;

	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, err_size, errno,
				 "cannot open a UDP socket: %s",
				 strerror(errno));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	/* Every datagram we send passes the socket's buffer; so be generous. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	/*
	 * Data does not pass this one, handshakes do: under a flood a long
	 * queue makes each answer too late for who asked.
	 */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few));
	if (bind_udp(fd, family, port) == 0)
		return fd;
	ret = error_set(err, err_size, errno,
			"cannot bind UDP port %u: %s; set another with `listen`",
			port, strerror(errno));
	close(fd);
	return ret;
}

static int unix_address(const char *path, struct sockaddr_un *un)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(un->sun_path))
		return -ENAMETOOLONG;
	strcpy(un->sun_path, path);
	return 0;
}

int socket_listen(const char *path, int type, mode_t mode, gid_t gid,
		  char *err, size_t err_size)
{
	struct sockaddr_un un;
	mode_t mask;
	int fd, ret;

	ret = unix_address(path, &un);
	if (ret)
		return error_set(err, err_size, -ret, "path %s is too long",
				 path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, err_size, errno,
				 "cannot open a socket: %s", strerror(errno));
	unlink(path);
	mask = umask(0777 & ~mode);
	ret = bind(fd, (struct sockaddr *)&un, sizeof(un));
	umask(mask);
	if (ret < 0 || chown(path, 0, gid) < 0 || listen(fd, 16) < 0) {
		ret = error_set(err, err_size, errno,
				"cannot listen at %s: %s", path,
				strerror(errno));
		close(fd);
		return ret;
	}
	return fd;
}

/* Is it a bound UDP socket of this family and port? */
static bool udp_fits(int fd, int family, uint16_t port)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	in_port_t bound;

	if (sd_is_socket(fd, family, SOCK_DGRAM, -1) <= 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return false;
	bound = family == AF_INET ? ((struct sockaddr_in *)&ss)->sin_port :
				    ((struct sockaddr_in6 *)&ss)->sin6_port;
	return ntohs(bound) == port;
}

static void take(int fd, uint16_t port, int udp[static 2])
{
	if (udp[0] < 0 && udp_fits(fd, AF_INET, port))
		udp[0] = fd;
	else if (udp[1] < 0 && udp_fits(fd, AF_INET6, port))
		udp[1] = fd;
	else
		close(fd);
}

static void inherit_systemd(uint16_t port, int udp[static 2])
{
	char **names = NULL;
	int i, n;

	n = sd_listen_fds_with_names(1, &names);
	for (i = 0; i < n; i++) {
		take(SD_LISTEN_FDS_START + i, port, udp);
		free(names[i]);
	}
	free(names);
}

static void inherit_claim(const char *path, uint16_t port, int udp[static 2])
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct timeval limit = { .tv_sec = CLAIM_SECONDS };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct sockaddr_un un;
	struct cmsghdr *cmsg;
	size_t i, n;
	int fd;

	if (unix_address(path, &un))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0 &&
	    recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) == 1) {
		cmsg = CMSG_FIRSTHDR(&msg);
		n = cmsg && cmsg->cmsg_level == SOL_SOCKET &&
		    cmsg->cmsg_type == SCM_RIGHTS ?
		    (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
		for (i = 0; i < n; i++)
			take(((int *)CMSG_DATA(cmsg))[i], port, udp);
	}
	close(fd);
}

void socket_inherit(const char *path, uint16_t port, int udp[static 2])
{
	udp[0] = -1;
	udp[1] = -1;
	inherit_systemd(port, udp);
	if (udp[0] >= 0)
		return;
	inherit_claim(path, port, udp);
	if (udp[0] >= 0)
		log_info("took the sockets over from an earlier worker");
}

int socket_give(int listener, const int udp[static 2])
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { "", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
	};
	size_t n = udp[1] < 0 ? 1 : 2;
	struct cmsghdr *cmsg;
	int fd, ret = 0;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), udp, n * sizeof(int));
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) != 1)
		ret = -errno;
	close(fd);
	return ret;
}

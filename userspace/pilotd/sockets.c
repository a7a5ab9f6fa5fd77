// SPDX-License-Identifier: GPL-2.0-or-later

#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"

/* How long an answer may take: the other end is a waiting process. */
#define ANSWER_SECONDS	5

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

int socket_connect(const char *path)
{
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un un;
	int fd, ret;

	ret = unix_address(path, &un);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int socket_tcp(const struct endpoint *at, char *err, size_t err_size)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(at, &ss);
	int one = 1, fd, ret;

	fd = socket(at->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, err_size, errno,
				 "cannot open a TCP socket: %s",
				 strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* An address may come to the host only after us. */
	if (at->family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
	}
	if (bind(fd, (struct sockaddr *)&ss, len) == 0 && listen(fd, 128) == 0)
		return fd;
	ret = error_set(err, err_size, errno,
			"cannot listen at TCP port %u: %s; set another with `introduce-tls`",
			at->port, strerror(errno));
	close(fd);
	return ret;
}

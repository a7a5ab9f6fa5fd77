/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parent's sockets: UDP, control, handover. Functions return a descriptor
 * (close-on-exec) or -errno with a text in @err.
 */
#ifndef PILOTD_SOCKETS_H
#define PILOTD_SOCKETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "endpoint.h"

/* @family: AF_INET or AF_INET6, which is then for IPv6 only. */
int socket_udp(int family, uint16_t port, char *err, size_t err_size);

/* A listening socket of the file mode and group; replaces a stale one. */
int socket_listen(const char *path, int type, mode_t mode, gid_t gid,
		  char *err, size_t err_size);

/*
 * To one that listens at @path; what it does not say in a few seconds is not
 * waited for. Return: a descriptor, or -errno without a text.
 */
int socket_connect(const char *path);

/*
 * A TCP socket that listens at @at, whose address may be unspecified: then at
 * each one of its family. Return: it, or -errno with a text in @err.
 */
int socket_tcp(const struct endpoint *at, char *err, size_t err_size);

#endif /* PILOTD_SOCKETS_H */

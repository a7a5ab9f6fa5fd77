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

/* @family: AF_INET or AF_INET6, which is then for IPv6 only. */
int socket_udp(int family, uint16_t port, char *err, size_t err_size);

/* A listening socket of the file mode and group; replaces a stale one. */
int socket_listen(const char *path, int type, mode_t mode, gid_t gid,
		  char *err, size_t err_size);

/*
 * The UDP sockets of a helper that went before: those systemd kept for us
 * (the descriptors named udp4 and udp6), else those that its worker keeps
 * and gives away at @path. -1 where there is none.
 */
void socket_inherit(const char *path, uint16_t port, int udp[static 2]);

/* The worker's side: accept one claim at @listener, give the sockets away. */
int socket_give(int listener, const int udp[static 2]);

#endif /* PILOTD_SOCKETS_H */

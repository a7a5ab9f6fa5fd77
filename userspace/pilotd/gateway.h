/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets by which the gateway is asked for a mapping, and by which it
 * tells that it is there.
 */
#ifndef PILOTD_GATEWAY_H
#define PILOTD_GATEWAY_H

#include <stddef.h>

#include "endpoint.h"

/*
 * At any port; @family: AF_INET, or AF_INET6 which is then for IPv6 only.
 * Return: a descriptor or -errno.
 */
int gateway_socket(int family);

/*
 * Hears what gateways tell everyone, over IPv4; others of this host may do so
 * as well. Return: a descriptor or -errno.
 */
int gateway_announcements(void);

/*
 * From the address @src, since the gateway maps the one that it sees; its port
 * does not matter. Return: 0 or -errno.
 */
int gateway_send(int fd, const struct endpoint *src, const struct endpoint *dst,
		 const void *bytes, size_t len);

#endif /* PILOTD_GATEWAY_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links by route netlink: make a pilot device and give it what an ordinary
 * program needs. Every function returns 0 or -errno with a text in @err.
 */
#ifndef PILOTD_LINK_H
#define PILOTD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink.h"

/* Finds the link, or makes it; *made tells which. */
int link_ensure(struct netlink *nl, const char *name, uint32_t *ifindex,
		bool *made, char *err, size_t err_size);
/* Sets MTU (0: leaves it), IPv6 address and route, and brings the link up. */
int link_configure(struct netlink *nl, uint32_t ifindex, uint32_t mtu,
		   uint64_t address, char *err, size_t err_size);
int link_delete(struct netlink *nl, uint32_t ifindex, char *err,
		size_t err_size);

#endif /* PILOTD_LINK_H */

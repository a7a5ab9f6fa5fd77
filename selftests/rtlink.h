/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by rtnetlink, with the attribute that ip does not know. */
#ifndef PILOT_TEST_RTLINK_H
#define PILOT_TEST_RTLINK_H

#include "netlink.h"

/*
 * Add a pilot device whose IFLA_PILOT_ADDRESS is made of so many bytes, and delete
 * one. @nl is of NETLINK_ROUTE. Return: 0 or a negative errno.
 */
int rtlink_new(struct nl *nl, const char *name, const void *address,
	       size_t len);
int rtlink_del(struct nl *nl, const char *name);

#endif /* PILOT_TEST_RTLINK_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up privileges, for good. */
#ifndef PILOTD_SANDBOX_H
#define PILOTD_SANDBOX_H

#include <stddef.h>

enum sandbox_role {
	SANDBOX_WORKER,			/* has keys, and its sockets */
	SANDBOX_BRIDGE,			/* has none, and opens sockets */
};

/*
 * From here on: another user, no capabilities and no way to get any, only
 * the system calls that the loop of this role makes, no core dumps. Return: 0,
 * or -errno with a text in @err.
 */
int sandbox_enter(enum sandbox_role role, char *err, size_t err_size);

#endif /* PILOTD_SANDBOX_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up privileges, for good. */
#ifndef PILOTD_SANDBOX_H
#define PILOTD_SANDBOX_H

#include <stddef.h>
#include <sys/types.h>

/*
 * From here on: another user, no capabilities and no way to get any, only
 * the system calls that the worker's loop makes, no core dumps. Return: 0,
 * or -errno with a text in @err.
 */
int sandbox_enter(uid_t uid, gid_t gid, char *err, size_t err_size);

#endif /* PILOTD_SANDBOX_H */

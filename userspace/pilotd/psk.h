/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pre-shared keys: files of 64 hexadecimal digits. */
#ifndef PILOTD_PSK_H
#define PILOTD_PSK_H

#include <stddef.h>
#include <stdint.h>

#define PSK_LEN	32

/*
 * Return: 0, or -errno with a text in @err. The file has to be a regular one
 * of root or the caller, closed to group and others.
 */
int psk_load(const char *path, uint8_t psk[static PSK_LEN], char *err,
	     size_t err_size);

#endif /* PILOTD_PSK_H */

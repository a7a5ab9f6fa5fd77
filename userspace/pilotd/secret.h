/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files with a secret: of root or the caller, and closed to everyone else. */
#ifndef PILOTD_SECRET_H
#define PILOTD_SECRET_H

#include <stddef.h>

/*
 * The first line of the file, without its end, of up to @size - 1 bytes; the
 * caller wipes it. @what: names the secret in an error. Return: its length, or
 * -errno with a text in @err; -EMSGSIZE when it is longer, or more follows.
 */
int secret_read(const char *path, const char *what, char *text, size_t size,
		char *err, size_t err_size);

#endif /* PILOTD_SECRET_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way to say what went wrong: an -errno and a text for the user. */
#ifndef PILOT_LIB_ERROR_H
#define PILOT_LIB_ERROR_H

#include <stddef.h>

/*
 * Puts the text into @buf (which may be NULL) and returns -@err, so that
 * refusing is one statement. A text says what to do.
 */
int error_set(char *buf, size_t size, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* PILOT_LIB_ERROR_H */

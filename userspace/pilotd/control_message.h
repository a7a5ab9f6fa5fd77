/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the control socket as JSON, apart from any connection. */
#ifndef PILOTD_CONTROL_MESSAGE_H
#define PILOTD_CONTROL_MESSAGE_H

#include "control.h"

#define CONTROL_DEPTH_MAX	4	/* of objects and arrays in a request */

/*
 * Reads one line without its newline. Return: the request, whose "op" is
 * @op (owned by it), or NULL with @error set.
 */
json_t *control_parse(const char *line, size_t len, const char **op,
		      struct control_error *error);

/*
 * The line that answers, newline included; the caller frees it. Takes
 * @result over; NULL means a refusal for the reason in @error. NULL comes
 * back when there is no memory.
 */
char *control_answer(json_t *result, const struct control_error *error,
		     size_t *len);

#endif /* PILOTD_CONTROL_MESSAGE_H */

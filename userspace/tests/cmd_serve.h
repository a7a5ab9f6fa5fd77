/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pilot-link against a helper whose part is written down. */
#ifndef PILOT_TESTS_CMD_SERVE_H
#define PILOT_TESTS_CMD_SERVE_H

#include "cmd_run.h"

/* What the helper says to a request, and to monitors before and after. */
struct cmd_step {
	const char *before;
	const char *answer;
	const char *after;
};

/* The lines that the helper was sent in the last run, but for "monitor". */
extern char *cmd_requests;

/* A directory of its own for the socket. For setup and teardown functions. */
int cmd_serve_setup(void);
int cmd_serve_teardown(void);

/*
 * The first connection monitors; each of the others has one request, as long
 * as there are steps. An "after" behind the last one, without an answer: the
 * helper is gone without a word.
 */
void cmd_serve(struct cmd_result *result, const struct cmd_step *steps,
	       const char *line);

#endif /* PILOT_TESTS_CMD_SERVE_H */

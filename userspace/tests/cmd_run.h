/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs pilot-link in a child of the test and keeps what it prints. */
#ifndef PILOT_TESTS_CMD_RUN_H
#define PILOT_TESTS_CMD_RUN_H

#include <stddef.h>

#include "identity.h"

#define CMD_OUTPUT_MAX	(256 * 1024)
#define CMD_WORDS_MAX	64

struct cmd_result {
	int status;		/* exit status, or -signal */
	char out[CMD_OUTPUT_MAX];
	char err[CMD_OUTPUT_MAX];
};

/* @line is cut at blanks; "" and quotes work as in a batch file. */
void cmd_run(struct cmd_result *result, const char *input, const char *line);

/* A valid did, always the same. Return: 0 or -1, for a setup function. */
int cmd_did(char did[static DID_TEXT_LEN]);

#endif /* PILOT_TESTS_CMD_RUN_H */

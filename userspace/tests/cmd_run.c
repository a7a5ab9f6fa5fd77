// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "../pilot-link/args.h"
#include "../pilot-link/command.h"
#include "cmd_run.h"

static void cmd_child(const int fds[3], const char *line)
{
	char *copy = strdup(line);
	char *words[CMD_WORDS_MAX + 2];
	int count, i, ret;

	for (i = 0; i < 3; i++)
		dup2(fds[i], i);
	words[0] = "pilot-link";
	count = args_split(copy, words + 1, CMD_WORDS_MAX);
	if (count < 0)
		abort();
	words[count + 1] = NULL;
	ret = command_main(count + 1, words);
	free(copy);
	exit(ret);
}

static void cmd_read(int fd, char *text)
{
	ssize_t length = pread(fd, text, CMD_OUTPUT_MAX - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
}

void cmd_run(struct cmd_result *result, const char *input, const char *line)
{
	int fds[3], i, status;
	pid_t child;

	for (i = 0; i < 3; i++) {
		fds[i] = memfd_create("cmd", MFD_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
	if (input) {
		assert_int_equal(write(fds[0], input, strlen(input)),
				 strlen(input));
		lseek(fds[0], 0, SEEK_SET);
	}
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		cmd_child(fds, line);
	assert_int_equal(waitpid(child, &status, 0), child);
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) :
					     -WTERMSIG(status);
	cmd_read(fds[1], result->out);
	cmd_read(fds[2], result->err);
	for (i = 0; i < 3; i++)
		close(fds[i]);
}

int cmd_did(char did[static DID_TEXT_LEN])
{
	static const uint8_t seed[IDENTITY_SEED_LEN] = { 1, 2, 3 };
	struct identity identity;

	if (sodium_init() < 0 || identity_from_seed(seed, &identity))
		return -1;
	did_format(identity.public, did);
	identity_wipe(&identity);
	return 0;
}

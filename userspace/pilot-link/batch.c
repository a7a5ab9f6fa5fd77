// SPDX-License-Identifier: GPL-2.0-or-later
/* -batch: one command a line, in one process, as ip(8) reads them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "command.h"
#include "print.h"

#define BATCH_WORDS	100
#define BATCH_LINE_MAX	(64 * 1024)

/*
 * Reads a command with its continued lines, whose newline follows a
 * backslash. *@number counts lines. Return: 1, 0 at the end, -errno.
 */
static int batch_read(FILE *file, char **line, size_t *room, int *number)
{
	size_t length = 0;
	size_t part_room = 0;
	char *part = NULL;
	ssize_t got;
	char *grown;
	int ret = 0;

	for (;;) {
		errno = 0;
		got = getline(&part, &part_room, file);
		if (got < 0) {
			ret = errno ? -errno : length > 0;
			break;
		}
		(*number)++;
		if (strlen(part) != (size_t)got) {
			ret = -EILSEQ;
			break;
		}
		if (length + got + 1 > BATCH_LINE_MAX) {
			ret = -EMSGSIZE;
			break;
		}
		if (length + got + 1 > *room) {
			grown = realloc(*line, length + got + 1);
			if (!grown) {
				ret = -ENOMEM;
				break;
			}
			*line = grown;
			*room = length + got + 1;
		}
		memcpy(*line + length, part, got + 1);
		length += got;
		if (length >= 2 && !strcmp(*line + length - 2, "\\\n")) {
			length -= 2;
			(*line)[length++] = ' ';
			(*line)[length] = '\0';
			continue;
		}
		ret = 1;
		break;
	}
	free(part);
	return ret;
}

static int batch_line(const struct tool *tool, char *line)
{
	char *words[BATCH_WORDS + 1];
	int count;

	count = args_split(line, words, BATCH_WORDS);
	if (count == -EINVAL) {
		print_problem("Error: a quote is not closed.");
		return TOOL_USAGE;
	}
	if (count < 0) {
		print_problem("Error: more than %d words.", BATCH_WORDS);
		return TOOL_USAGE;
	}
	return count ? command_object(tool, count, words) : TOOL_OK;
}

static int batch_lines(const struct tool *tool, FILE *file, const char *name)
{
	int number = 0, result = TOOL_OK;
	char *line = NULL;
	size_t room = 0;
	int ret;

	while ((ret = batch_read(file, &line, &room, &number)) > 0) {
		ret = batch_line(tool, line);
		if (!ret)
			continue;
		print_problem("Command failed %s:%d", name, number);
		if (!result)
			result = ret;
		if (!tool->force)
			break;
	}
	if (ret < 0) {
		print_problem("Error: %s:%d: cannot read the command: %s.", name,
			      number, ret == -EILSEQ ? "it has a NUL byte" :
			      ret == -EMSGSIZE ? "it is too long" :
			      strerror(-ret));
		if (!result)
			result = TOOL_USAGE;
	}
	free(line);
	return result;
}

/* Return: what the first command that failed returned. */
int batch_run(const struct tool *tool)
{
	FILE *file;
	int ret;

	if (!strcmp(tool->batch, "-"))
		return batch_lines(tool, stdin, "-");
	file = fopen(tool->batch, "re");
	if (!file) {
		print_problem("Cannot open file \"%s\" for reading: %s",
			      tool->batch, strerror(errno));
		return TOOL_USAGE;
	}
	ret = batch_lines(tool, file, tool->batch);
	fclose(file);
	return ret;
}

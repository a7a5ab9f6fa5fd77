// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define LOG_LINE_MAX	2048

static struct {
	const char *name;
	enum log_level level;
	bool journal;
} log_state = { "pilot", LOG_LEVEL_INFO, false };

static const struct {
	const char *text;
	enum log_level level;
} log_names[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "notice", LOG_LEVEL_NOTICE },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

/* The variable outlives a redirection, so compare with what stderr is. */
static bool log_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2)
		return false;
	return !fstat(STDERR_FILENO, &st) && st.st_dev == dev &&
	       st.st_ino == ino;
}

void log_open(const char *name, enum log_level level)
{
	log_state.name = name;
	log_state.level = level;
	log_state.journal = log_to_journal();
}

void log_level_set(enum log_level level)
{
	log_state.level = level;
}

int log_level_parse(const char *text, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(log_names) / sizeof(*log_names); i++) {
		if (!strcmp(text, log_names[i].text)) {
			*level = log_names[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	int head, body, len;
	ssize_t ret;
	va_list ap;

	if (level > log_state.level)
		return;
	if (log_state.journal)
		head = snprintf(line, sizeof(line), "<%d>", level);
	else
		head = snprintf(line, sizeof(line), "%s: ", log_state.name);
	if (head < 0 || head >= (int)sizeof(line) - 1)
		return;

	va_start(ap, fmt);
	body = vsnprintf(line + head, sizeof(line) - 1 - head, fmt, ap);
	va_end(ap);
	if (body < 0)
		return;
	len = head + body;
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;

	/* What a peer sends must not forge a line or drive a terminal. */
	for (int i = head; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';

	do {
		ret = write(STDERR_FILENO, line, len);
	} while (ret < 0 && errno == EINTR);
}

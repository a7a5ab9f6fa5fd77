/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines on stderr, with the journal's level prefix when it listens. */
#ifndef PILOT_LIB_LOG_H
#define PILOT_LIB_LOG_H

#include <stdarg.h>

enum log_level {			/* the numbers of syslog(3) */
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Reads $JOURNAL_STREAM; lines begin with "name: " when it is not there. */
void log_open(const char *name, enum log_level level);
void log_level_set(enum log_level level);
/* "error", "warning", "notice", "info", "debug". Return: 0, or -EINVAL. */
int log_level_parse(const char *text, enum log_level *level);

/* One line; control characters in it are shown as '?'. */
void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)		log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...)	log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)		log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)		log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)		log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif /* PILOT_LIB_LOG_H */

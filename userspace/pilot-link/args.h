/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_ARGS_H
#define PILOT_LINK_ARGS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "tool.h"

/* The words still to be read, and the object whose help answers questions. */
struct args {
	char **word;
	int count;
	const char *object;
};

struct command {
	const char *name;
	int (*run)(const struct tool *tool, struct args *args);
};

enum keyword_kind {
	KEYWORD_TEXT,
	KEYWORD_NUMBER,
	KEYWORD_YES_NO,
	KEYWORD_IFNAME,
	KEYWORD_ADDRESS,
	KEYWORD_ENDPOINT,
	KEYWORD_PATH,		/* made absolute: the helper runs elsewhere */
};

/* One `keyword value` pair and the key under which its value is kept. */
struct keyword {
	const char *name;
	const char *key;
	enum keyword_kind kind;
	uint64_t min;
	uint64_t max;
};

const char *args_peek(const struct args *args);
const char *args_next(struct args *args);
int args_end(const struct args *args);
int args_missing(const struct args *args, const char *what);
int args_garbage(const struct args *args, const char *word);
bool args_is_help(const char *word);

int args_find(const char *what, const char *word, const char *const *names,
	      size_t count, const char *help, size_t *found);
int args_run(const struct tool *tool, struct args *args,
	     const struct command *commands, size_t count, const char *usage);

int args_keyword(struct args *args, const struct keyword *table, size_t count,
		 json_t *values);
int args_keywords(struct args *args, const struct keyword *table, size_t count,
		  json_t *values);
int args_ifname(const char *word);
int args_peer(const char *word, json_t *values);

int args_split(char *line, char **words, int max);

#endif /* PILOT_LINK_ARGS_H */

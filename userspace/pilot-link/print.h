/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_PRINT_H
#define PILOT_LINK_PRINT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "tool.h"

enum print_color {
	PRINT_PLAIN,
	PRINT_IFNAME,
	PRINT_ADDRESS,
	PRINT_INET,
	PRINT_INET6,
	PRINT_UP,
	PRINT_DOWN,
};

/* These escape what a terminal would take for a command, newlines too. */
void print_plain(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void print_colored(const struct tool *tool, enum print_color color,
		   const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void print_problem(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void print_newline(void);
char *print_escape(const char *text);

/* " by" and what a server is reached by, when it is not UDP. */
void print_transport(const json_t *server);
void print_age(char *buffer, size_t size, uint64_t milliseconds);
int print_json(const struct tool *tool, const json_t *value, bool line);
int print_flush(void);

/* jansson with one error, which is being out of memory. */
json_t *json_new_object(void);
json_t *json_new_array(void);
json_t *json_text(const char *text);
void json_set(json_t *object, const char *key, json_t *value);
void json_add(json_t *array, json_t *value);
void json_set_number(json_t *object, const char *key, uint64_t value);
const char *json_get_text(const json_t *object, const char *key);

#endif /* PILOT_LINK_PRINT_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a value of the configuration may look like. */
#ifndef PILOTD_CONFIG_VALUE_H
#define PILOTD_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* Decimal digits only. Return: 0, or -EINVAL. */
int value_parse_u64(const char *text, uint64_t min, uint64_t max,
		    uint64_t *number);
/* "yes" or "no". Return: 0, or -EINVAL with a text of CONFIG_ERROR_LEN. */
int value_parse_bool(const char *text, uint32_t *flag, char *error);
/* Valid UTF-8 without control characters, '#' and '"'. */
bool value_is_clean(const char *text);
bool value_is_utf8(const char *text, size_t len);
/* A name of a host as DNS has it, shorter than CONFIG_NAME_LEN. */
bool value_is_host(const char *text);
/* Absolute, no empty, "." or ".." part, clean, no blanks, short enough. */
bool value_is_path(const char *text);
/* Return: 0, or -EINVAL with a text of CONFIG_ERROR_LEN. */
int value_copy_path(char path[static CONFIG_PATH_LEN], const char *value,
		    char *error);

#endif /* PILOTD_CONFIG_VALUE_H */

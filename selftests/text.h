/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a command line to values; whatever is wrong ends the program. */
#ifndef PILOT_TEST_TEXT_H
#define PILOT_TEST_TEXT_H

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t text_number(const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		errx(2, "'%s' is not a number", text);
	return value;
}

static inline int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Return: how many bytes were written. */
static inline size_t text_hex(const char *text, void *to, size_t room)
{
	uint8_t *bytes = to;
	size_t n = 0;

	while (*text && *text != '\n') {
		int high = text_hex_digit(text[0]);
		int low = high < 0 ? -1 : text_hex_digit(text[1]);

		if (low < 0 || n == room)
			errx(2, "bad or too many hex digits at '%.20s'", text);
		bytes[n++] = high << 4 | low;
		text += 2;
	}
	return n;
}

static inline void text_hex_print(FILE *to, const void *from, size_t len)
{
	const uint8_t *bytes = from;
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(to, "%02x", bytes[i]);
	fputc('\n', to);
}

#endif /* PILOT_TEST_TEXT_H */

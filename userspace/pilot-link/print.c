// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output: plain text in iproute2's colours, and JSON.
 *
 * Texts come from peers, from the helper and from the command line. None may
 * reach a terminal with control characters in it, so everything is formatted
 * first and written through one escaping function.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"

static const char *const print_colors[] = {
	[PRINT_IFNAME] = "\033[36m",
	[PRINT_ADDRESS] = "\033[33m",
	[PRINT_INET] = "\033[35m",
	[PRINT_INET6] = "\033[34m",
	[PRINT_UP] = "\033[32m",
	[PRINT_DOWN] = "\033[31m",
};

static void print_no_memory(void)
{
	fputs("Error: out of memory.\n", stderr);
	exit(TOOL_REFUSED);
}

/*
 * The length of the UTF-8 character at @text when it is well formed and
 * printable, 0 when its first byte has to be escaped. C1 controls, the line
 * and paragraph separators and bidirectional overrides count as control.
 */
static size_t print_char_length(const unsigned char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code = text[0];
	size_t length, i;

	if (code < 0x80)
		return code >= 0x20 && code != 0x7f;
	length = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : 2;
	if (code < 0xc2 || code > 0xf4)
		return 0;
	code &= 0xff >> (length + 1);
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	if (code < 0xa0 || (code >= 0x200b && code <= 0x200f) ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0;
	return length;
}

/* A copy with each dangerous byte as \xNN; to be freed. */
char *print_escape(const char *text)
{
	const unsigned char *in = (const unsigned char *)text;
	char *out, *escaped;
	size_t length;

	escaped = malloc(4 * strlen(text) + 1);
	if (!escaped)
		print_no_memory();
	for (out = escaped; *in; in += length) {
		length = print_char_length(in);
		if (length) {
			memcpy(out, in, length);
			out += length;
		} else {
			out += sprintf(out, "\\x%02x", *in);
			length = 1;
		}
	}
	*out = '\0';
	return escaped;
}

static void print_to(FILE *file, const char *format, va_list list)
{
	char *text, *escaped;

	if (vasprintf(&text, format, list) < 0)
		print_no_memory();
	escaped = print_escape(text);
	fputs(escaped, file);
	free(escaped);
	free(text);
}

void print_plain(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	print_to(stdout, format, list);
	va_end(list);
}

void print_colored(const struct tool *tool, enum print_color color,
		   const char *format, ...)
{
	bool colored = tool->color && print_colors[color];
	va_list list;

	if (colored)
		fputs(print_colors[color], stdout);
	va_start(list, format);
	print_to(stdout, format, list);
	va_end(list);
	if (colored)
		fputs("\033[0m", stdout);
}

void print_newline(void)
{
	putchar('\n');
}

/* One line on stderr, after what stdout holds already. */
void print_problem(const char *format, ...)
{
	va_list list;

	fflush(stdout);
	va_start(list, format);
	print_to(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

/* "0.123s", "59s", "2m5s", "3h1m", "4d2h": two units say enough. */
void print_age(char *buffer, size_t size, uint64_t milliseconds)
{
	uint64_t s = milliseconds / 1000;

	if (s < 10)
		snprintf(buffer, size, "%" PRIu64 ".%03us", s,
			 (unsigned int)(milliseconds % 1000));
	else if (s < 60)
		snprintf(buffer, size, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(buffer, size, "%" PRIu64 "m%" PRIu64 "s", s / 60,
			 s % 60);
	else if (s < 86400)
		snprintf(buffer, size, "%" PRIu64 "h%" PRIu64 "m", s / 3600,
			 s / 60 % 60);
	else
		snprintf(buffer, size, "%" PRIu64 "d%" PRIu64 "h", s / 86400,
			 s / 3600 % 24);
}

/*
 * jansson escapes all control characters but DEL, and with JSON_ENSURE_ASCII
 * whatever is not ASCII. DEL can only stand inside a string.
 */
static int print_json_chunk(const char *chunk, size_t size, void *data)
{
	size_t i;

	(void)data;
	for (i = 0; i < size; i++) {
		if (chunk[i] == 0x7f)
			fputs("\\u007f", stdout);
		else
			putchar(chunk[i]);
	}
	return 0;
}

/* As one line whatever -p says when @line is set, as monitor needs it. */
int print_json(const struct tool *tool, const json_t *value, bool line)
{
	size_t flags = JSON_ENSURE_ASCII | JSON_ENCODE_ANY;

	flags |= tool->pretty && !line ? JSON_INDENT(4) : JSON_COMPACT;
	if (json_dump_callback(value, print_json_chunk, NULL, flags))
		print_no_memory();
	print_newline();
	return TOOL_OK;
}

/* A full disk or a closed pipe must not look like success. */
int print_flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return TOOL_OK;
	clearerr(stdout);
	print_problem("Error: cannot write the output: %s.", strerror(errno));
	return TOOL_REFUSED;
}

json_t *json_new_object(void)
{
	json_t *object = json_object();

	if (!object)
		print_no_memory();
	return object;
}

json_t *json_new_array(void)
{
	json_t *array = json_array();

	if (!array)
		print_no_memory();
	return array;
}

/* Bytes that are no UTF-8 cannot stand in JSON: they are shown as \xNN. */
json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	char *escaped;

	if (value)
		return value;
	escaped = print_escape(text);
	value = json_string(escaped);
	free(escaped);
	if (!value)
		print_no_memory();
	return value;
}

/* Takes the reference of @value, as json_add() does. */
void json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		print_no_memory();
}

void json_add(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		print_no_memory();
}

/* Numbers past 2^63 do not fit an integer of jansson and become a real. */
void json_set_number(json_t *object, const char *key, uint64_t value)
{
	if (value <= INT64_MAX)
		json_set(object, key, json_integer((json_int_t)value));
	else
		json_set(object, key, json_real((double)value));
}

void print_transport(const json_t *server)
{
	const char *transport = json_get_text(server, "transport");

	if (transport && strcmp(transport, "udp"))
		print_plain(" by %s", transport);
}

/* NULL unless @key is there and holds a text. */
const char *json_get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

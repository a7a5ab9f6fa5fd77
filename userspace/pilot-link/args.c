// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The grammar of iproute2: unique prefixes of objects and commands, then
 * pairs of a keyword and its value.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "args.h"
#include "endpoint.h"
#include "identity.h"
#include "print.h"

const char *args_peek(const struct args *args)
{
	return args->count > 0 ? args->word[0] : NULL;
}

const char *args_next(struct args *args)
{
	if (args->count <= 0)
		return NULL;
	args->count--;
	return *args->word++;
}

bool args_is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "-h") ||
	       !strcmp(word, "-help") || !strcmp(word, "--help");
}

int args_missing(const struct args *args, const char *what)
{
	print_problem("Command line is not complete: %s. "
		      "Try \"" TOOL_NAME " %s help\".", what, args->object);
	return TOOL_USAGE;
}

int args_garbage(const struct args *args, const char *word)
{
	print_problem("Error: \"%s\" is not expected here. "
		      "Try \"" TOOL_NAME " %s help\".", word, args->object);
	return TOOL_USAGE;
}

/* Fails when words are left that no command has read. */
int args_end(const struct args *args)
{
	return args->count > 0 ? args_garbage(args, args->word[0]) : TOOL_OK;
}

/*
 * Finds @word among @names: the name itself, or a prefix that only one has.
 * A name may be NULL: an alias which the caller does not want compared.
 */
int args_find(const char *what, const char *word, const char *const *names,
	      size_t count, const char *help, size_t *found)
{
	size_t length = strlen(word);
	char candidates[256] = "";
	size_t i, matches = 0;

	for (i = 0; i < count && length; i++) {
		if (!names[i] || strncmp(names[i], word, length))
			continue;
		if (!names[i][length]) {
			*found = i;
			return TOOL_OK;
		}
		*found = i;
		if (matches++)
			strncat(candidates, ", ",
				sizeof(candidates) - strlen(candidates) - 1);
		strncat(candidates, names[i],
			sizeof(candidates) - strlen(candidates) - 1);
	}
	if (matches == 1)
		return TOOL_OK;
	if (matches)
		print_problem("%s \"%s\" is ambiguous: it could be %s.", what,
			      word, candidates);
	else
		print_problem("%s \"%s\" is unknown, try \"" TOOL_NAME " %s\".",
			      what, word, help);
	return TOOL_USAGE;
}

/* Runs the command named by the next word; the first one when there is none. */
int args_run(const struct tool *tool, struct args *args,
	     const struct command *commands, size_t count, const char *usage)
{
	const char *names[16];
	const char *word;
	char help[32];
	size_t i;
	int ret;

	word = args_next(args);
	if (!word)
		return commands[0].run(tool, args);
	if (args_is_help(word)) {
		ret = args_end(args);
		if (!ret)
			fputs(usage, stdout);
		return ret;
	}

	for (i = 0; i < count; i++)
		names[i] = commands[i].name;
	names[count] = "help";
	snprintf(help, sizeof(help), "%s help", args->object);
	ret = args_find("Command", word, names, count + 1, help, &i);
	if (ret)
		return ret;
	if (i == count) {
		ret = args_end(args);
		if (!ret)
			fputs(usage, stdout);
		return ret;
	}
	if (args_peek(args) && args_is_help(args_peek(args)) &&
	    args->count == 1) {
		fputs(usage, stdout);
		return TOOL_OK;
	}
	return commands[i].run(tool, args);
}

static int args_wrong(const char *word, const char *why)
{
	print_problem("Error: argument \"%s\" is wrong: %s.", word, why);
	return TOOL_USAGE;
}

/* The kernel's own rule for names of devices. */
int args_ifname(const char *word)
{
	const char *c = word;

	if (!*word || strlen(word) >= IFNAMSIZ || !strcmp(word, ".") ||
	    !strcmp(word, ".."))
		return args_wrong(word, "not a valid name of a device");
	for (; *c; c++) {
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c))
			return args_wrong(word, "not a valid name of a device");
	}
	return TOOL_OK;
}

static int args_number(const char *word, const struct keyword *keyword,
		       json_t **value)
{
	unsigned long long number;
	char why[128];
	char *end;

	errno = 0;
	number = strtoull(word, &end, 0);
	if (!isdigit((unsigned char)word[0]) || *end || errno ||
	    number < keyword->min || number > keyword->max) {
		snprintf(why, sizeof(why),
			 "\"%s\" takes a number from %" PRIu64 " to %" PRIu64,
			 keyword->name, keyword->min, keyword->max);
		return args_wrong(word, why);
	}
	*value = json_integer((json_int_t)number);
	return TOOL_OK;
}

static int args_address(const char *word, json_t **value)
{
	char text[ADDR_TEXT_LEN];
	struct in6_addr in6;
	uint64_t address;

	if (inet_pton(AF_INET6, word, &in6) == 1) {
		if (addr_from_in6(&in6, &address))
			return args_wrong(word, "this IPv6 address is not one of an agent");
	} else if (addr_parse(word, &address)) {
		return args_wrong(word, "an agent address looks like 1:0001.F291.0004, "
				  "its two network numbers must agree");
	}
	if (addr_is_reserved(address))
		return args_wrong(word, "this agent address is reserved");
	addr_format(address, text);
	*value = json_string(text);
	return TOOL_OK;
}

static int args_endpoint(const char *word)
{
	struct endpoint endpoint;
	int ret;

	ret = endpoint_parse_direct(word, &endpoint);
	if (ret == -ENODEV)
		return args_wrong(word, "there is no such interface");
	if (ret)
		return args_wrong(word, "an endpoint looks like 192.0.2.1:7740 "
				  "or [2001:db8::1]:7740");
	return TOOL_OK;
}

static int args_path(const char *word, json_t **value)
{
	char cwd[PATH_MAX];

	if (!*word)
		return args_wrong(word, "a path is expected");
	if (*word == '/') {
		*value = json_string(word);
		return TOOL_OK;
	}
	if (!getcwd(cwd, sizeof(cwd))) {
		print_problem("Error: cannot tell the working directory: %s.",
			      strerror(errno));
		return TOOL_REFUSED;
	}
	*value = json_sprintf("%s/%s", cwd, word);
	return TOOL_OK;
}

static int args_value(const char *word, const struct keyword *keyword,
		      json_t **value)
{
	int ret;

	switch (keyword->kind) {
	case KEYWORD_NUMBER:
		return args_number(word, keyword, value);
	case KEYWORD_ADDRESS:
		return args_address(word, value);
	case KEYWORD_PATH:
		return args_path(word, value);
	case KEYWORD_IFNAME:
		ret = args_ifname(word);
		if (ret)
			return ret;
		break;
	case KEYWORD_ENDPOINT:
		ret = args_endpoint(word);
		if (ret)
			return ret;
		break;
	case KEYWORD_YES_NO:
		if (strcmp(word, "yes") && strcmp(word, "no"))
			return args_wrong(word, "expected yes or no");
		break;
	case KEYWORD_TEXT:
		if (!*word)
			return args_wrong(word, "it is empty");
		break;
	}
	*value = json_string(word);
	return TOOL_OK;
}

/* Reads one pair into @values; the next word must be a keyword of @table. */
int args_keyword(struct args *args, const struct keyword *table, size_t count,
		 json_t *values)
{
	const struct keyword *keyword = table;
	const char *name = args_next(args);
	json_t *value = NULL;
	const char *word;
	char what[64];
	size_t i;
	int ret;

	for (i = 0; i < count; i++, keyword++) {
		if (!strcmp(keyword->name, name))
			break;
	}
	if (i == count)
		return args_garbage(args, name);
	word = args_next(args);
	if (!word) {
		snprintf(what, sizeof(what), "\"%s\" needs a value", name);
		return args_missing(args, what);
	}
	if (json_object_get(values, keyword->key)) {
		print_problem("Error: duplicate \"%s\": \"%s\" is the second value.",
			      name, word);
		return TOOL_USAGE;
	}
	ret = args_value(word, keyword, &value);
	if (ret)
		return ret;
	if (!value)
		return args_wrong(word, "it is not UTF-8 text");
	json_set(values, keyword->key, value);
	return TOOL_OK;
}

int args_keywords(struct args *args, const struct keyword *table, size_t count,
		  json_t *values)
{
	int ret = TOOL_OK;

	while (!ret && args->count > 0)
		ret = args_keyword(args, table, count, values);
	return ret;
}

/* Keeps a peer's name, which is a did or an agent address, in @values. */
int args_peer(const char *word, json_t *values)
{
	uint8_t public[32];
	json_t *value;
	int ret;

	if (json_object_get(values, "did") || json_object_get(values, "address")) {
		print_problem("Error: \"%s\" names a second peer, or is garbage.",
			      word);
		return TOOL_USAGE;
	}
	if (!strncmp(word, "did:", 4)) {
		if (did_parse(word, public))
			return args_wrong(word, "not a did:key of an agent, which "
					  "begins with did:key:z6Mk");
		json_set(values, "did", json_string(word));
		return TOOL_OK;
	}
	ret = args_address(word, &value);
	if (!ret)
		json_set(values, "address", value);
	return ret;
}

/*
 * Cuts a line of a batch file into words: blanks part them, quotes of either
 * kind keep blanks, # begins a comment.
 *
 * Return: the number of words, -E2BIG past @max, -EINVAL for an open quote.
 */
int args_split(char *line, char **words, int max)
{
	int count = 0;
	char *out;
	char quote;

	for (;;) {
		line += strspn(line, " \t\r\n");
		if (!*line || *line == '#')
			return count;
		if (count == max)
			return -E2BIG;
		words[count++] = out = line;
		for (quote = 0; *line; line++) {
			if (quote && *line == quote)
				quote = 0;
			else if (!quote && (*line == '"' || *line == '\''))
				quote = *line;
			else if (!quote && strchr(" \t\r\n", *line))
				break;
			else
				*out++ = *line;
		}
		if (quote)
			return -EINVAL;
		if (*line)
			line++;
		*out = '\0';
	}
}

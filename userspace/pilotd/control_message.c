// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_message.h"

void control_error_set(struct control_error *error, const char *code,
		       const char *hint, const char *fmt, ...)
{
	va_list args;

	error->code = code;
	va_start(args, fmt);
	vsnprintf(error->message, sizeof(error->message), fmt, args);
	va_end(args);
	snprintf(error->hint, sizeof(error->hint), "%s", hint ? hint : "");
}

/*
 * The JSON parser recurses, so what it is given is shallow. Brackets count
 * as JSON's own only outside of strings; where the line is no JSON this
 * count may be off, and the parser says so.
 */
static bool depth_is_fine(const char *line, size_t len)
{
	unsigned int depth = 0;
	bool in_string = false;
	size_t i;

	for (i = 0; i < len; i++) {
		if (in_string) {
			if (line[i] == '\\')
				i++;
			else if (line[i] == '"')
				in_string = false;
			continue;
		}
		if (line[i] == '"')
			in_string = true;
		else if (line[i] == '{' || line[i] == '[')
			depth++;
		else if ((line[i] == '}' || line[i] == ']') && depth)
			depth--;
		if (depth > CONTROL_DEPTH_MAX)
			return false;
	}
	return true;
}

json_t *control_parse(const char *line, size_t len, const char **op,
		      struct control_error *error)
{
	const char *hint = "send one JSON object on a line: {\"op\":\"version\"}";
	json_error_t at;
	json_t *request;

	if (!depth_is_fine(line, len)) {
		control_error_set(error, "bad-request", hint,
				  "the request is nested deeper than %d",
				  CONTROL_DEPTH_MAX);
		return NULL;
	}
	request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &at);
	if (!request) {
		control_error_set(error, "bad-request", hint,
				  "the request is no JSON object: %s at byte %d",
				  at.text, at.position);
		return NULL;
	}
	*op = json_string_value(json_object_get(request, "op"));
	if (*op)
		return request;
	control_error_set(error, "bad-request", hint,
			  json_is_object(request) ?
			  "the request has no text \"op\"" :
			  "the request is no JSON object");
	json_decref(request);
	return NULL;
}

static json_t *error_json(const struct control_error *error)
{
	json_t *object;

	object = json_pack("{s:s, s:s}", "code",
			   error->code ? error->code : "internal", "message",
			   error->message);
	/* A text may hold what came from elsewhere and is no UTF-8. */
	if (!object)
		object = json_pack("{s:s, s:s}", "code",
				   error->code ? error->code : "internal",
				   "message", "the reason cannot be shown");
	if (*error->hint)
		json_object_set_new(object, "hint", json_string(error->hint));
	return object;
}

char *control_answer(json_t *result, const struct control_error *error,
		     size_t *len)
{
	json_t *answer;
	char *text;

	if (result)
		answer = json_pack("{s:b, s:o}", "ok", 1, "result", result);
	else
		answer = json_pack("{s:b, s:o}", "ok", 0, "error",
				   error_json(error));
	if (!answer)
		return NULL;
	*len = json_dumpb(answer, NULL, 0, JSON_COMPACT);
	text = *len ? malloc(*len + 2) : NULL;
	if (text) {
		json_dumpb(answer, text, *len, JSON_COMPACT);
		text[(*len)++] = '\n';
		text[*len] = '\0';
	}
	json_decref(answer);
	return text;
}

int control_get_string(const json_t *args, const char *key, bool required,
		       const char **value, struct control_error *error)
{
	const json_t *member = json_object_get(args, key);

	if (!member && !required)
		return 0;
	if (!member) {
		control_error_set(error, "bad-request",
				  "see pilotd(8) for the members of a request",
				  "the member \"%s\" is missing", key);
		return -EINVAL;
	}
	if (!json_is_string(member)) {
		control_error_set(error, "bad-request",
				  "write it in double quotes",
				  "the member \"%s\" is no text", key);
		return -EINVAL;
	}
	*value = json_string_value(member);
	return 0;
}

int control_get_u64(const json_t *args, const char *key, uint64_t max,
		    uint64_t *value, bool *present, struct control_error *error)
{
	const json_t *member = json_object_get(args, key);

	if (present)
		*present = member;
	if (!member)
		return 0;
	if (!json_is_integer(member) || json_integer_value(member) < 0 ||
	    (uint64_t)json_integer_value(member) > max) {
		if (present)
			*present = false;
		control_error_set(error, "invalid", "write it without quotes",
				  "the member \"%s\" is no whole number from 0 to %llu",
				  key, (unsigned long long)max);
		return -EINVAL;
	}
	*value = json_integer_value(member);
	return 0;
}

int control_only(const json_t *args, const char *const *known,
		 struct control_error *error)
{
	const char *const *name;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)args, key, value) {
		if (!strcmp(key, "op"))
			continue;
		for (name = known; *name && strcmp(*name, key); name++)
			;
		if (*name)
			continue;
		control_error_set(error, "bad-request",
				  "see pilotd(8) for the members of a request",
				  "the member \"%.64s\" is unknown", key);
		return -EINVAL;
	}
	return 0;
}

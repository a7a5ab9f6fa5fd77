// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "control_message.h"

/* A line is a request or is refused for a reason that can be sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const known[] = { "name", "did", "mtu", NULL };
	struct control_error error = { 0 };
	const char *text = NULL, *op = NULL;
	json_t *request, *answer;
	uint64_t number = 0;
	bool present;
	size_t len;
	char *line;

	request = control_parse((const char *)data, size, &op, &error);
	if (request) {
		if (!op || !json_is_object(request))
			__builtin_trap();
		if (!control_only(request, known, &error) &&
		    !control_get_string(request, "name", true, &text, &error) &&
		    !control_get_u64(request, "mtu", 65535, &number, &present,
				     &error) &&
		    (!text || number > 65535))
			__builtin_trap();
	}
	if (error.code) {
		line = control_answer(NULL, &error, &len);
		if (!line || memchr(line, '\n', len) != line + len - 1)
			__builtin_trap();
		answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_false(json_object_get(answer, "ok")))
			__builtin_trap();
		json_decref(answer);
		free(line);
	}
	json_decref(request);
	return 0;
}

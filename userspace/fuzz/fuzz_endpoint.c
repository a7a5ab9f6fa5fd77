// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char again[ENDPOINT_TEXT_LEN];
	struct endpoint ep, back;

	if (!endpoint_parse(text, &ep)) {
		endpoint_format(&ep, again);
		if (endpoint_check(&ep) || endpoint_parse(again, &back) ||
		    !endpoint_equal(&ep, &back) ||
		    (endpoint_parse_direct(text, &back) == 0) !=
		    endpoint_is_direct(&ep))
			__builtin_trap();
	}
	free(text);
	return 0;
}

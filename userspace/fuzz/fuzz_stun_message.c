// SPDX-License-Identifier: GPL-2.0-or-later
#include "stun_input.h"

static void check(const uint8_t *bytes, size_t len)
{
	struct stun_response response;

	if (!stun_is_message(bytes, len))
		return;
	if (stun_response_parse(bytes, len, &response)) {
		if (endpoint_is_set(&response.mapped) ||
		    endpoint_is_set(&response.other))
			__builtin_trap();
		return;
	}
	if (!response.error != !!endpoint_is_set(&response.mapped))
		__builtin_trap();
	if (endpoint_is_set(&response.mapped) &&
	    endpoint_check(&response.mapped))
		__builtin_trap();
	if (endpoint_is_set(&response.other) &&
	    endpoint_check(&response.other))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	stun_input(data, size, check);
	return 0;
}

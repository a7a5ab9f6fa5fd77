// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "stun_message.h"

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

/* As it came, and once more with the header that lets it pass. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	check(copy, size);
	if (size >= STUN_MESSAGE_MIN) {
		copy[0] &= 0x3f;
		copy[2] = (size - STUN_MESSAGE_MIN) >> 8;
		copy[3] = size - STUN_MESSAGE_MIN;
		memcpy(copy + 4, cookie, sizeof(cookie));
		check(copy, size);
	}
	free(copy);
	return 0;
}

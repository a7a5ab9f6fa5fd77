// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "carrier.h"

/* What is read as carried says the same when it is written again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[CARRIER_HEADER_MAX];
	const uint8_t *frame = data;
	struct endpoint src;
	size_t len = size;
	int ret;

	endpoint_parse("192.0.2.1:7740", &src);
	if (carrier_parse(&src, &frame, &len) || endpoint_is_direct(&src)) {
		if (frame != data || len != size || !endpoint_is_direct(&src))
			__builtin_trap();
		return 0;
	}
	if (!len || frame + len > data + size || endpoint_check(&src))
		__builtin_trap();
	ret = carrier_write(&src, len, header);
	if (ret != frame - data || memcmp(header, data, ret))
		__builtin_trap();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr.h"

/* What parses is written again as it was, but for the case of hex digits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char again[ADDR_TEXT_LEN];
	struct in6_addr in6;
	uint64_t addr, back;

	if (!addr_parse(text, &addr)) {
		addr_format(addr, again);
		addr_to_in6(addr, &in6);
		if (strcasecmp(text, again) || addr_from_in6(&in6, &back) ||
		    back != addr)
			__builtin_trap();
	}
	if (size >= sizeof(in6)) {
		memcpy(&in6, data, sizeof(in6));
		addr_from_in6(&in6, &addr);
	}
	free(text);
	return 0;
}

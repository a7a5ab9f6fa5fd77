// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "identity.h"

/* A key has one text only. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	uint8_t public[IDENTITY_KEY_LEN];
	char again[DID_TEXT_LEN];

	if (!did_parse(text, public)) {
		did_format(public, again);
		if (strcmp(text, again))
			__builtin_trap();
	}
	if (size >= IDENTITY_KEY_LEN) {
		did_format(data, again);
		did_parse(again, public);
	}
	free(text);
	return 0;
}

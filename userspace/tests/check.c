// SPDX-License-Identifier: GPL-2.0-or-later
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

size_t check_hex(const char *hex, uint8_t *out, size_t size)
{
	size_t len;

	if (sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, NULL))
		abort();
	return len;
}

// SPDX-License-Identifier: GPL-2.0-or-later

#include "psk.h"

#include <errno.h>

#include <sodium.h>

#include "error.h"
#include "secret.h"

int psk_load(const char *path, uint8_t psk[static PSK_LEN], char *err,
	     size_t err_size)
{
	char text[2 * PSK_LEN + 1];
	size_t len;
	int n, ret = 0;

	n = secret_read(path, "psk", text, sizeof(text), err, err_size);
	if (n < 0 && n != -EMSGSIZE)
		return n;
	if (n != 2 * PSK_LEN ||
	    sodium_hex2bin(psk, PSK_LEN, text, (size_t)n, NULL, &len, NULL) ||
	    len != PSK_LEN)
		ret = error_set(err, err_size, EINVAL,
				"psk %s is not 64 hexadecimal digits; make one with: openssl rand -hex 32",
				path);
	sodium_memzero(text, sizeof(text));
	if (ret)
		sodium_memzero(psk, PSK_LEN);
	return ret;
}

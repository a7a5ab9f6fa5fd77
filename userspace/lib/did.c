// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "identity.h"

/* did:key of an Ed25519 key: 'z' and base58btc of 0xed 0x01 and the key. */
#define DID_CODE_LEN	2
#define DID_BYTES	(DID_CODE_LEN + IDENTITY_KEY_LEN)
#define DID_DIGITS	47	/* what 34 such bytes always take */

static const uint8_t did_code[DID_CODE_LEN] = { 0xed, 0x01 };
static const char did_alphabet[] =
	"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

void did_format(const uint8_t public[static IDENTITY_KEY_LEN],
		char buf[static DID_TEXT_LEN])
{
	char *digits = buf + sizeof(DID_PREFIX) - 1;
	uint8_t bytes[DID_BYTES];

	memcpy(bytes, did_code, DID_CODE_LEN);
	memcpy(bytes + DID_CODE_LEN, public, IDENTITY_KEY_LEN);
	memcpy(buf, DID_PREFIX, sizeof(DID_PREFIX) - 1);

	/* Long division by 58, the last digit first. */
	for (int i = DID_DIGITS - 1; i >= 0; i--) {
		unsigned int rest = 0;

		for (int j = 0; j < DID_BYTES; j++) {
			rest = rest << 8 | bytes[j];
			bytes[j] = rest / 58;
			rest %= 58;
		}
		digits[i] = did_alphabet[rest];
	}
	digits[DID_DIGITS] = '\0';
}

static int did_decode(const char *digits, uint8_t bytes[static DID_BYTES])
{
	memset(bytes, 0, DID_BYTES);
	for (int i = 0; i < DID_DIGITS; i++) {
		const char *digit = strchr(did_alphabet, digits[i]);
		unsigned int carry;

		if (!digit)
			return -EINVAL;
		carry = digit - did_alphabet;
		for (int j = DID_BYTES - 1; j >= 0; j--) {
			carry += bytes[j] * 58;
			bytes[j] = carry;
			carry >>= 8;
		}
		if (carry)
			return -EINVAL;
	}
	return 0;
}

int did_parse(const char *text, uint8_t public[static IDENTITY_KEY_LEN])
{
	uint8_t bytes[DID_BYTES], x25519[IDENTITY_KEY_LEN];
	size_t head = sizeof(DID_PREFIX) - 1;

	if (strncmp(text, DID_PREFIX, head) ||
	    strlen(text) != head + DID_DIGITS ||
	    did_decode(text + head, bytes) ||
	    memcmp(bytes, did_code, DID_CODE_LEN) ||
	    did_to_x25519(bytes + DID_CODE_LEN, x25519))
		return -EINVAL;
	memcpy(public, bytes + DID_CODE_LEN, IDENTITY_KEY_LEN);
	return 0;
}

int did_to_x25519(const uint8_t public[static IDENTITY_KEY_LEN],
		  uint8_t x25519[static IDENTITY_KEY_LEN])
{
	/* Canonical too, or one key would have two names. */
	if (!crypto_core_ed25519_is_valid_point(public) ||
	    crypto_sign_ed25519_pk_to_curve25519(x25519, public))
		return -EINVAL;
	return 0;
}

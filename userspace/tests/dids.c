// SPDX-License-Identifier: GPL-2.0-or-later
#include "dids.h"

#include <string.h>

#include <sodium.h>

int did_make(uint8_t first, uint8_t public[static IDENTITY_KEY_LEN],
	     char did[static DID_TEXT_LEN])
{
	const uint8_t seed[IDENTITY_SEED_LEN] = { first };
	struct identity id;

	if (sodium_init() < 0 || identity_from_seed(seed, &id))
		return -1;
	memcpy(public, id.public, IDENTITY_KEY_LEN);
	did_format(id.public, did);
	identity_wipe(&id);
	return 0;
}

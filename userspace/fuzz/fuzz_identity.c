// SPDX-License-Identifier: GPL-2.0-or-later
#include <sodium.h>

#include "identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct identity id;
	char err[128];

	if (!identity_parse((const char *)data, size, &id, err, sizeof(err)))
		identity_wipe(&id);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "seen.h"

bool seen_has(const struct seen *seen, const uint8_t mac[static WIRE_MAC_LEN])
{
	uint64_t wanted = wire_get64(mac);
	unsigned int n;

	if (!seen)
		return false;
	n = seen->count < SEEN_MAX ? seen->count : SEEN_MAX;
	for (unsigned int i = 0; i < n; i++)
		if (seen->mac[i] == wanted)
			return true;
	return false;
}

void seen_add(struct seen **seenp, const uint8_t mac[static WIRE_MAC_LEN])
{
	struct seen *seen = *seenp ?: calloc(1, sizeof(*seen));

	if (!seen)
		return;
	*seenp = seen;
	seen->mac[seen->count % SEEN_MAX] = wire_get64(mac);
	/* Stays whole when it wraps: SEEN_MAX divides its range. */
	if (++seen->count == 0)
		seen->count = SEEN_MAX;
}

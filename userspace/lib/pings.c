// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pings.h"

int pings_add(struct pings **pingsp, const struct ping *ping)
{
	struct pings *pings = *pingsp ?: calloc(1, sizeof(*pings));

	if (!pings)
		return -ENOMEM;
	*pingsp = pings;
	if (pings->count == PINGS_MAX)
		return -EBUSY;
	pings->ping[pings->count++] = *ping;
	return 0;
}

static void pings_remove(struct pings **pingsp, unsigned int at)
{
	struct pings *pings = *pingsp;

	pings->count--;
	memmove(&pings->ping[at], &pings->ping[at + 1],
		(pings->count - at) * sizeof(*pings->ping));
	if (!pings->count)
		pings_free(pingsp);
}

bool pings_take(struct pings **pingsp, uint64_t token, struct ping *ping)
{
	struct pings *pings = *pingsp;

	for (unsigned int i = 0; pings && i < pings->count; i++) {
		if (pings->ping[i].token != token)
			continue;
		*ping = pings->ping[i];
		pings_remove(pingsp, i);
		return true;
	}
	return false;
}

void pings_expire(struct pings **pings, uint64_t now)
{
	while (*pings && pings_deadline(*pings) <= now)
		pings_remove(pings, 0);
}

uint64_t pings_deadline(const struct pings *pings)
{
	return pings ? pings->ping[0].sent_at + PINGS_LIFE : CLOCK_NEVER;
}

void pings_free(struct pings **pings)
{
	if (*pings)
		sodium_memzero(*pings, sizeof(**pings));
	free(*pings);
	*pings = NULL;
}

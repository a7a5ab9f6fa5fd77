// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "stamp.h"

#define STAMP_TAI_BASE	(1ULL << 62)
/* Leaves real_ns room in 64 bits: the year 2500. */
#define STAMP_MAX_S	16725225600ULL

/* No clock like ours takes a stamp from there: it counts for nothing. */
static bool stamp_is_beyond(uint64_t ns, uint64_t real_ns)
{
	return stamp_hour(ns) > stamp_hour(real_ns) + 1;
}

uint64_t stamp_next(uint64_t last_ns, uint64_t real_ns)
{
	if (last_ns >= real_ns && !stamp_is_beyond(last_ns + 1, real_ns))
		return last_ns + 1;
	return real_ns;
}

bool stamp_is_fresh(uint64_t ns, uint64_t seen_ns, uint64_t real_ns)
{
	return ns > seen_ns || stamp_is_beyond(seen_ns, real_ns);
}

static void stamp_put(uint8_t *out, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, value >>= 8)
		out[i] = value;
}

static uint64_t stamp_get(const uint8_t *in, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | in[i];
	return value;
}

void stamp_encode(uint64_t real_ns, uint8_t out[static WIRE_STAMP_LEN])
{
	stamp_put(out, STAMP_TAI_BASE + real_ns / CLOCK_SECOND, 8);
	stamp_put(out + 8, real_ns % CLOCK_SECOND, 4);
}

int stamp_decode(const uint8_t in[static WIRE_STAMP_LEN], uint64_t *real_ns)
{
	uint64_t seconds = stamp_get(in, 8);
	uint64_t ns = stamp_get(in + 8, 4);

	if (seconds < STAMP_TAI_BASE ||
	    seconds - STAMP_TAI_BASE > STAMP_MAX_S || ns >= CLOCK_SECOND)
		return -EBADMSG;
	*real_ns = (seconds - STAMP_TAI_BASE) * CLOCK_SECOND + ns;
	return 0;
}

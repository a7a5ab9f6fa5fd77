/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time stamps against replay, and the hours that hints follow. A stamp more
 * than one hour ahead of one's own clock counts for nothing: that is what
 * lets both ends recover from a clock that was wrong.
 */
#ifndef PILOT_LIB_STAMP_H
#define PILOT_LIB_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "wire.h"

#define STAMP_HOUR_NS	(3600 * CLOCK_SECOND)

static inline uint64_t stamp_hour(uint64_t real_ns)
{
	return real_ns / STAMP_HOUR_NS;
}

/* A hint of @hour is taken during the hour before, that one and the next. */
static inline bool stamp_hour_valid(uint64_t hour, uint64_t real_ns)
{
	uint64_t now = stamp_hour(real_ns);

	return hour + 1 >= now && hour <= now + 1;
}

/* The next stamp to send, given the last one (0: none): always grows. */
uint64_t stamp_next(uint64_t last_ns, uint64_t real_ns);

/* True when @ns is newer than the greatest one seen (0: none). */
bool stamp_is_fresh(uint64_t ns, uint64_t seen_ns, uint64_t real_ns);

void stamp_encode(uint64_t real_ns, uint8_t out[static WIRE_STAMP_LEN]);
/* Return: 0, or -EBADMSG for a label before 1970, after 2500, or ill-formed. */
int stamp_decode(const uint8_t in[static WIRE_STAMP_LEN], uint64_t *real_ns);

#endif /* PILOT_LIB_STAMP_H */

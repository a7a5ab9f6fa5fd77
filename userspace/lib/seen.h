/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initiations of a peer that were read, by their MAC: one that comes again
 * is known before any work is done for it.
 */
#ifndef PILOT_LIB_SEEN_H
#define PILOT_LIB_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* Two hours of rekeying, which is as long as a recording is of use. */
#define SEEN_MAX	64

struct seen {
	unsigned int count;		/* how many were ever added */
	/* Who has no key cannot choose these bytes: half a MAC is enough. */
	uint64_t mac[SEEN_MAX];
};

/* @seen: NULL when nothing was. */
bool seen_has(const struct seen *seen, const uint8_t mac[static WIRE_MAC_LEN]);
/*
 * Only for what was authenticated. Makes the memory at first; without any,
 * nothing is remembered.
 */
void seen_add(struct seen **seen, const uint8_t mac[static WIRE_MAC_LEN]);

#endif /* PILOT_LIB_SEEN_H */

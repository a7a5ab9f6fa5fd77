/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a relay's kernel holds for one direction of a pair of its peers. */
#ifndef PILOT_LIB_RELAY_H
#define PILOT_LIB_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "wire.h"

struct relay_entry {
	uint32_t id;			/* in frames of @from; never 0 */
	uint32_t next_id;		/* in frames to @to; never 0 */
	uint64_t from, to;		/* addresses of peers */
	bool signalling;		/* no data frames */
	uint32_t packet_rate;		/* per second, 0: no limit */
	uint64_t byte_rate;
	uint64_t total_bytes;		/* until renewed, or what is left of them */
	uint32_t seconds;		/* of life, or what is left of it */
};

static inline bool relay_entry_valid(const struct relay_entry *entry)
{
	return entry->id && entry->next_id && entry->id != entry->next_id &&
	       entry->from <= ADDR_MAX && entry->to <= ADDR_MAX &&
	       entry->from != entry->to && entry->seconds &&
	       entry->seconds <= WIRE_RELAY_SECONDS_MAX;
}

#endif /* PILOT_LIB_RELAY_H */

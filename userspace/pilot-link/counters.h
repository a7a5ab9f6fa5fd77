/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's counters: their names and what each one means. */
#ifndef PILOT_LINK_COUNTERS_H
#define PILOT_LINK_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counter {
	unsigned int attr;
	bool drop;
	const char *name;
	const char *meaning;
};

extern const struct counter counters_device[];
extern const size_t counters_device_count;
extern const struct counter counters_socket[];
extern const size_t counters_socket_count;
extern const struct counter counters_peer[];
extern const size_t counters_peer_count;

json_t *counters_json(const struct counter *counters, size_t count,
		      const uint64_t *value);

#endif /* PILOT_LINK_COUNTERS_H */

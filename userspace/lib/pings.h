/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pings to one peer that may still be answered. */
#ifndef PILOT_LIB_PINGS_H
#define PILOT_LIB_PINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"

#define PINGS_MAX	16
#define PINGS_LIFE	(5 * CLOCK_SECOND)

struct ping {
	uint64_t token;
	uint64_t sent_at;		/* boot time */
	struct endpoint dst;
};

/* There is memory only while one is waited for: NULL is none. */
struct pings {
	unsigned int count;
	struct ping ping[PINGS_MAX];	/* the oldest first */
};

/* Return: 0; -EBUSY when there are PINGS_MAX, -ENOMEM. */
int pings_add(struct pings **pings, const struct ping *ping);
/* Return: whether there is one of this token; it is taken out. */
bool pings_take(struct pings **pings, uint64_t token, struct ping *ping);
/* Forgets those that are PINGS_LIFE old. */
void pings_expire(struct pings **pings, uint64_t now);
/* When the next one is to be forgotten, or CLOCK_NEVER. */
uint64_t pings_deadline(const struct pings *pings);
/* Wipes and frees. */
void pings_free(struct pings **pings);

#endif /* PILOT_LIB_PINGS_H */

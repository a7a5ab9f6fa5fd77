/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one source of time: read by the caller and handed down, so that a test
 * runs in its own time.
 */
#ifndef PILOT_LIB_CLOCK_H
#define PILOT_LIB_CLOCK_H

#include <stdint.h>

#define CLOCK_MS	1000000ULL
#define CLOCK_SECOND	1000000000ULL
#define CLOCK_NEVER	UINT64_MAX

struct clock {
	uint64_t boot_ns;	/* CLOCK_BOOTTIME: timers; never goes back */
	uint64_t real_ns;	/* CLOCK_REALTIME: time stamps; may step */
};

void clock_read(struct clock *now);
/* Boot time alone. */
uint64_t clock_boot(void);

#endif /* PILOT_LIB_CLOCK_H */

// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "clock.h"

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_SECOND + ts.tv_nsec;
}

uint64_t clock_boot(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

void clock_read(struct clock *now)
{
	now->boot_ns = clock_boot();
	now->real_ns = clock_ns(CLOCK_REALTIME);
}

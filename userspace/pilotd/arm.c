// SPDX-License-Identifier: GPL-2.0-or-later
#include "arm.h"

#include "clock.h"

void arm(sd_event_source *timer, uint64_t at)
{
	if (at == CLOCK_NEVER) {
		sd_event_source_set_enabled(timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(timer, at / 1000 + 1);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers of the event loop for deadlines of the library. */
#ifndef PILOTD_ARM_H
#define PILOTD_ARM_H

#include <stdint.h>

#include <systemd/sd-event.h>

/* Once at @at, boot time in ns and not before; off for CLOCK_NEVER. */
void arm(sd_event_source *timer, uint64_t at);

#endif /* PILOTD_ARM_H */

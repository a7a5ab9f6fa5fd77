/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Endpoints that the helper has changed: for a while the kernel learns no
 * others, or what was under way on the old path would pull them back.
 */
#ifndef PILOTD_HOLD_H
#define PILOTD_HOLD_H

#include <stdint.h>

#include <systemd/sd-event.h>

#define HOLD_US		2000000

struct holds;

/* Asks for the end of a hold. Return: 0 or -errno; what fails is over too. */
typedef int (*hold_release_fn)(void *ctx, uint64_t agent, uint64_t peer);

/* Return: 0 or -errno. */
int holds_new(struct holds **holds, sd_event *event, hold_release_fn release,
	      void *ctx);
/* Releases none. */
void holds_free(struct holds *holds);

/* From now on for HOLD_US, also when there is a hold. Return: 0 or -errno. */
int hold_begin(struct holds *holds, uint64_t agent, uint64_t peer);

#endif /* PILOTD_HOLD_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper answers later, as an event. */
#ifndef PILOT_LINK_AWAIT_H
#define PILOT_LINK_AWAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "control.h"
#include "tool.h"

/* Milliseconds until then, boot time in ns, for poll(2); 0 when it is over. */
int await_left(uint64_t until);

/* A connection that hears events. Return: an exit status. */
int await_open(const struct tool *tool, struct control *events);

/*
 * Waits for an event that is the one. @event: NULL when it did not come in
 * time. Return: an exit status.
 */
int await_event(struct control *events, uint64_t until,
		bool (*is_it)(const json_t *event, const void *ctx),
		const void *ctx, json_t **event);

#endif /* PILOT_LINK_AWAIT_H */

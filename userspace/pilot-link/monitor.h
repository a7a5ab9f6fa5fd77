/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_MONITOR_H
#define PILOT_LINK_MONITOR_H

#include <jansson.h>

#include "message.h"
#include "tool.h"

/* @ifname is NULL for a device of another namespace. */
json_t *monitor_event_json(const struct message_event *event,
			   const char *ifname);
void monitor_event_print(const struct tool *tool, const json_t *event);

#endif /* PILOT_LINK_MONITOR_H */

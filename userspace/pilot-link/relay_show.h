/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One relay entry as text and JSON. */
#ifndef PILOT_LINK_RELAY_SHOW_H
#define PILOT_LINK_RELAY_SHOW_H

#include <jansson.h>

#include "message.h"
#include "tool.h"

json_t *relay_json(const struct message_relay *relay, const char *ifname);
void relay_print(const struct tool *tool, const struct message_relay *relay,
		 const char *ifname);

#endif /* PILOT_LINK_RELAY_SHOW_H */

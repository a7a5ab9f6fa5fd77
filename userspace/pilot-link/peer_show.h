/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_PEER_SHOW_H
#define PILOT_LINK_PEER_SHOW_H

#include <jansson.h>

#include "message.h"
#include "tool.h"

/* One peer from its two sources; each may be NULL. */
struct peer_view {
	const char *ifname;
	const char *netns;		/* of a link in another namespace */
	const struct message_peer *peer;
	const json_t *helper;
};

json_t *peer_json(const struct tool *tool, const struct peer_view *view);
void peer_print(const struct tool *tool, const struct peer_view *view);
int peer_show_all(const struct tool *tool, const json_t *filter);

#endif /* PILOT_LINK_PEER_SHOW_H */

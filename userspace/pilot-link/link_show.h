/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_LINK_SHOW_H
#define PILOT_LINK_LINK_SHOW_H

#include <jansson.h>

#include "dump.h"
#include "tool.h"

/* One link from its three sources; each may be NULL. */
struct link_view {
	const struct rtnl_link *rtnl;
	const struct message_device *device;
	const json_t *helper;
	const char *ifname;
};

json_t *link_json(const struct tool *tool, const struct link_view *view);
void link_print(const struct tool *tool, const struct link_view *view);
int link_show_all(const struct tool *tool, const struct dump *dump,
		  const struct dump_helper *helper, const char *only);

#endif /* PILOT_LINK_LINK_SHOW_H */

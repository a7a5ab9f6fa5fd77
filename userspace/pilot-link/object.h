/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects: each reads its command and the rest of the line. */
#ifndef PILOT_LINK_OBJECT_H
#define PILOT_LINK_OBJECT_H

#include "args.h"
#include "tool.h"

int link_run(const struct tool *tool, struct args *args);
int peer_run(const struct tool *tool, struct args *args);
int id_run(const struct tool *tool, struct args *args);
int ping_run(const struct tool *tool, struct args *args);
int netcheck_run(const struct tool *tool, struct args *args);
int monitor_run(const struct tool *tool, struct args *args);
int path_run(const struct tool *tool, struct args *args);
int relay_run(const struct tool *tool, struct args *args);
int stats_run(const struct tool *tool, struct args *args);

#endif /* PILOT_LINK_OBJECT_H */

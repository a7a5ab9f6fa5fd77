/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_COMMAND_H
#define PILOT_LINK_COMMAND_H

#include "tool.h"

int command_main(int argc, char **argv);
int command_object(const struct tool *tool, int count, char **words);
int batch_run(const struct tool *tool);

#endif /* PILOT_LINK_COMMAND_H */

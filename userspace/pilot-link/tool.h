/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of the command knows: the options given before the object
 * and the exit codes.
 */
#ifndef PILOT_LINK_TOOL_H
#define PILOT_LINK_TOOL_H

#include <stdbool.h>

#define TOOL_NAME		"pilot-link"
#define TOOL_CONTROL_PATH	"/run/pilot-link/control.sock"
#define TOOL_CONTROL_ENV	"PILOT_LINK_CONTROL"
#define TOOL_IDENTITY_DIR	"/etc/pilot-link"
#define TOOL_IDENTITY_PATH	TOOL_IDENTITY_DIR "/identity"

/* The same three as ip(8). */
enum tool_exit {
	TOOL_OK,
	TOOL_USAGE,		/* the command line is at fault */
	TOOL_REFUSED,		/* the kernel, the helper or a file refused */
};

struct tool {
	const char *control_path;
	const char *batch;
	const char *netns;
	bool json;
	bool pretty;
	bool statistics;
	bool details;
	bool timestamp;
	bool force;
	bool color;
};

#endif /* PILOT_LINK_TOOL_H */

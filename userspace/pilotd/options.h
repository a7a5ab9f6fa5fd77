/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */
#ifndef PILOTD_OPTIONS_H
#define PILOTD_OPTIONS_H

#include <limits.h>

struct options {
	const char *config;
	char config_dir[PATH_MAX];	/* where that is */
	const char *control;
	const char *state_dir;
	char state[PATH_MAX];		/* of runtime changes, in the above */
	char handover[PATH_MAX];	/* socket, likewise */
};

#endif /* PILOTD_OPTIONS_H */

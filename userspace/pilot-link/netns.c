// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netns.h"
#include "print.h"

#define NETNS_DIR	"/var/run/netns"

/* Moves this process into a namespace made by `ip netns add`. */
int netns_enter(const char *name)
{
	char path[PATH_MAX];
	int fd, ret;

	/* ip(8) takes no path here either. */
	if (!*name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, "..") || strlen(name) > NAME_MAX) {
		print_problem("Error: argument \"%s\" is wrong: not a valid name "
			      "of a network namespace.", name);
		return TOOL_USAGE;
	}
	snprintf(path, sizeof(path), "%s/%s", NETNS_DIR, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		print_problem("Cannot open network namespace \"%s\": %s", name,
			      strerror(errno));
		return TOOL_USAGE;
	}
	ret = setns(fd, CLONE_NEWNET) ? TOOL_REFUSED : TOOL_OK;
	if (ret)
		print_problem("setting the network namespace \"%s\" failed: %s",
			      name, strerror(errno));
	close(fd);
	return ret;
}

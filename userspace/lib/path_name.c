// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "path.h"

const char *path_kind_name(enum path_kind kind)
{
	static const char *const names[] = {
		[PATH_KIND_CONFIGURED] = "configured",
		[PATH_KIND_HOST] = "host",
		[PATH_KIND_OBSERVED] = "observed",
		[PATH_KIND_MAPPED] = "mapped",
		[PATH_KIND_TURN] = "turn",
		[PATH_KIND_REFLEXIVE] = "reflexive",
		[PATH_KIND_RELAY] = "relay",
		[PATH_KIND_TLS] = "tls",
	};

	return names[kind];
}

const char *path_class_name(enum path_class class)
{
	static const char *const names[] = {
		[PATH_CLASS_LAN] = "lan",
		[PATH_CLASS_IPV6] = "ipv6",
		[PATH_CLASS_MAPPED] = "mapped",
		[PATH_CLASS_IPV4] = "ipv4",
		[PATH_CLASS_RELAY] = "relay",
		[PATH_CLASS_TURN] = "turn",
		[PATH_CLASS_TLS] = "tls",
		[PATH_CLASSES] = "none",
	};

	return names[class];
}

int path_class_parse(const char *name, enum path_class *class)
{
	for (*class = 0; *class < PATH_CLASSES; ++*class)
		if (!strcmp(name, path_class_name(*class)))
			return 0;
	return -EINVAL;
}

const char *path_state_name(enum path_state state)
{
	static const char *const names[] = {
		[PATH_STATE_NEW] = "new",
		[PATH_STATE_CHECKING] = "checking",
		[PATH_STATE_VALID] = "valid",
		[PATH_STATE_FAILED] = "failed",
		[PATH_STATE_IN_USE] = "in-use",
	};

	return names[state];
}

const char *path_relays_name(enum path_relays relays)
{
	static const char *const names[] = {
		[PATH_RELAYS_UNKNOWN] = "unknown",
		[PATH_RELAYS_SIGNALLING] = "signalling",
		[PATH_RELAYS_DATA] = "data",
	};

	return names[relays];
}

const char *path_notice_name(enum path_notice notice)
{
	static const char *const names[] = {
		[PATH_NOTICE_USING] = "path-used",
		[PATH_NOTICE_DEAD] = "path-dead",
		[PATH_NOTICE_REACHING] = "path-reaching",
		[PATH_NOTICE_UNREACHABLE] = "path-unreachable",
		[PATH_NOTICE_RELAY] = "path-relay",
	};

	return names[notice];
}

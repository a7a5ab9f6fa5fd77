/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole tables of the kernel and of the helper, as show and stats need them. */
#ifndef PILOT_LINK_DUMP_H
#define PILOT_LINK_DUMP_H

#include <jansson.h>
#include <stdbool.h>

#include "genl.h"
#include "message.h"
#include "rtnl.h"
#include "tool.h"

struct dump_devices {
	struct message_device *device;
	size_t count;
	size_t room;
};

struct dump_peers {
	struct message_peer *peer;
	size_t count;
	size_t room;
};

struct dump_relays {
	struct message_relay *relay;
	size_t count;
	size_t room;
};

/* The devices of this namespace as generic netlink and rtnl show them. */
struct dump {
	struct genl genl;
	struct rtnl_table links;
	struct dump_devices devices;
};

/* What the helper answers; arrays of objects, empty without a helper. */
struct dump_helper {
	bool answers;
	json_t *links;
	json_t *peers;
};

int dump_open(struct dump *dump, const char *ifname);
void dump_close(struct dump *dump);
int dump_load_peers(struct dump *dump, uint32_t ifindex,
		    struct dump_peers *peers);
void dump_free_peers(struct dump_peers *peers);
int dump_load_relays(struct dump *dump, uint32_t ifindex,
		     struct dump_relays *relays);
void dump_free_relays(struct dump_relays *relays);
int dump_find_device(struct genl *genl, uint32_t ifindex,
		     struct message_device *device);

void dump_helper_open(const struct tool *tool, struct dump_helper *helper,
		      bool peers);
void dump_helper_close(struct dump_helper *helper);
json_t *dump_helper_link(const struct dump_helper *helper, const char *ifname,
			 const struct message_device *device);

#endif /* PILOT_LINK_DUMP_H */

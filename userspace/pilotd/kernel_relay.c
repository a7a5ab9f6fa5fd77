// SPDX-License-Identifier: GPL-2.0-or-later

#include "kernel.h"

#include <linux/pilot.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "attr.h"

int kernel_relay_new(struct netlink *nl, uint32_t ifindex,
		     const struct relay_entry *entry, bool renew, char *err,
		     size_t err_size)
{
	struct nl_msg *msg = kernel_request(nl, PILOT_CMD_RELAY_NEW,
					    renew ? NLM_F_REPLACE : 0,
					    ifindex);
	int failed = msg ? attr_put_relay(msg, entry) : 0;

	return netlink_do(nl, kernel_complete(msg, failed), NULL, NULL, err,
			  err_size);
}

int kernel_relay_del(struct netlink *nl, uint32_t ifindex, uint32_t id,
		     char *err, size_t err_size)
{
	struct nl_msg *msg = kernel_request(nl, PILOT_CMD_RELAY_DEL, 0,
					    ifindex);
	struct nlattr *nest;
	int failed = 0;

	if (msg) {
		nest = nla_nest_start(msg, PILOT_A_RELAY);
		failed = !nest;
		failed |= nla_put_u32(msg, PILOT_A_RELAY_ID, id);
		if (nest)
			nla_nest_end(msg, nest);
	}
	return netlink_do(nl, kernel_complete(msg, failed), NULL, NULL, err,
			  err_size);
}

struct kernel_relay_walk {
	kernel_relay_fn fn;
	void *ctx;
};

static void walk_relay(struct nlmsghdr *nlh, void *arg)
{
	const struct kernel_relay_walk *walk = arg;
	struct nlattr *tb[PILOT_A_MAX + 1];
	struct relay_entry entry;

	if (genlmsg_parse(nlh, 0, tb, PILOT_A_MAX, NULL) >= 0 &&
	    tb[PILOT_A_RELAY] && attr_get_relay(tb[PILOT_A_RELAY], &entry))
		walk->fn(walk->ctx, &entry);
}

int kernel_relay_dump(struct netlink *nl, uint32_t ifindex, kernel_relay_fn fn,
		      void *ctx, char *err, size_t err_size)
{
	struct kernel_relay_walk walk = { .fn = fn, .ctx = ctx };

	return netlink_do(nl, kernel_request(nl, PILOT_CMD_RELAY_GET,
					     NLM_F_DUMP, ifindex),
			  walk_relay, &walk, err, err_size);
}

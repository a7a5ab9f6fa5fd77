/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic netlink to the pilot family, no more than the tests need. */
#ifndef PILOT_TEST_NETLINK_H
#define PILOT_TEST_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_ROOM	65536

struct nl {
	struct mnl_socket *sock;
	uint16_t family;
	uint32_t group;		/* of the events, 0 when there is none */
	unsigned int seq;
	char extack[512];	/* what the kernel said to the last refusal */
	/* The allocation that fails when the next requests are sent, 0 for none. */
	unsigned int fault;
	bool faulted;		/* it was reached */
};

/* Return: 0 or a negative errno; -ENOENT when the module is not loaded. */
int nl_open(struct nl *nl);
/* The same without the family, for another bus than generic netlink. */
int nl_open_bus(struct nl *nl, int bus);
void nl_close(struct nl *nl);
struct nlmsghdr *nl_request(struct nl *nl, void *buf, uint8_t cmd,
			    uint16_t flags);
/* Send and take all that is answered. Return: 0 or a negative errno. */
int nl_talk(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t answer, void *arg);
void nl_put_s32(struct nlmsghdr *nlh, uint16_t type, int32_t value);

#endif /* PILOT_TEST_NETLINK_H */

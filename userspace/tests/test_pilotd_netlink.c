// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests go to the socket of their protocol, whatever number the family has. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <netlink/genl/ctrl.h>
#include <netlink/msg.h>

#include "check.h"
#include "netlink.h"

/* Instead of the library's: the module is not there, and this is its number. */
int genl_ctrl_resolve(struct nl_sock *sk, const char *name)
{
	(void)sk;
	(void)name;
	return RTM_GETLINK;
}

static void on_link(struct nlmsghdr *nlh, void *arg)
{
	unsigned int *links = arg;

	*links += nlh->nlmsg_type == RTM_NEWLINK;
}

static void a_family_may_have_the_number_of_a_route_message(void **state)
{
	struct ifinfomsg info = { .ifi_index = 1 };
	struct netlink *nl;
	struct nl_msg *msg;
	unsigned int links = 0;
	char err[512] = "";

	(void)state;
	if (netlink_open(&nl, "", err, sizeof(err)))
		skip();
	msg = netlink_route(nl, RTM_GETLINK, 0);
	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &info, sizeof(info),
				      NLMSG_ALIGNTO), 0);
	assert_int_equal(netlink_do(nl, msg, on_link, &links, err,
				    sizeof(err)), 0);
	assert_int_equal(links, 1);
	/* Nobody has it here, so it can only be refused. */
	msg = netlink_pilot(nl, 1, 0);
	assert_non_null(msg);
	assert_int_equal(netlink_do(nl, msg, on_link, &links, err,
				    sizeof(err)), -ENOENT);
	assert_int_equal(links, 1);
	netlink_close(nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_may_have_the_number_of_a_route_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

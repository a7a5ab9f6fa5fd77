// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>

void *probe(struct netlink_callback *cb);
void *probe(struct netlink_callback *cb)
{
	return genl_info_dump(cb)->attrs;
}

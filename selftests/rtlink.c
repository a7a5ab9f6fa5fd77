// SPDX-License-Identifier: GPL-2.0-or-later

#include "rtlink.h"

#include <linux/if_link.h>
#include <linux/pilot.h>
#include <linux/rtnetlink.h>

static struct nlmsghdr *rtlink_request(struct nl *nl, void *buf, uint16_t type,
				       uint16_t flags, const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++nl->seq;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = 0;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

int rtlink_new(struct nl *nl, const char *name, const void *address, size_t len)
{
	struct nlattr *link, *data;
	struct nlmsghdr *nlh;
	char buf[1024];

	nlh = rtlink_request(nl, buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
			     name);
	link = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, PILOT_LINK_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put(nlh, IFLA_PILOT_ADDRESS, len, address);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, link);
	return nl_talk(nl, nlh, NULL, NULL);
}

int rtlink_del(struct nl *nl, const char *name)
{
	char buf[1024];

	return nl_talk(nl, rtlink_request(nl, buf, RTM_DELLINK, 0, name), NULL,
		       NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later

#include "link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/pilot.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "addr.h"
#include "error.h"

struct found {
	uint32_t ifindex;
	bool pilot;
};

static struct nl_msg *link_request(struct netlink *nl, int type, int flags,
				   const struct ifinfomsg *info)
{
	struct nl_msg *msg = netlink_route(nl, type, flags);

	if (msg && nlmsg_append(msg, (void *)info, sizeof(*info),
				NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static void parse_link(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct found *found = arg;
	struct ifinfomsg *ifi;

	if (nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return;
	ifi = nlmsg_data(nlh);
	found->ifindex = ifi->ifi_index;
	if (tb[IFLA_LINKINFO] &&
	    !nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL) &&
	    info[IFLA_INFO_KIND])
		found->pilot = !nla_strcmp(info[IFLA_INFO_KIND],
					   PILOT_LINK_KIND);
}

static int link_find(struct netlink *nl, const char *name,
		     struct found *found, char *err, size_t err_size)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = link_request(nl, RTM_GETLINK, 0, &info);

	memset(found, 0, sizeof(*found));
	if (msg)
		nla_put_string(msg, IFLA_IFNAME, name);
	return netlink_do(nl, msg, parse_link, found, err, err_size);
}

static int link_make(struct netlink *nl, const char *name, char *err,
		     size_t err_size)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg;
	struct nlattr *nest;

	msg = link_request(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info);
	if (msg) {
		nla_put_string(msg, IFLA_IFNAME, name);
		nest = nla_nest_start(msg, IFLA_LINKINFO);
		nla_put_string(msg, IFLA_INFO_KIND, PILOT_LINK_KIND);
		nla_nest_end(msg, nest);
	}
	return netlink_do(nl, msg, NULL, NULL, err, err_size);
}

int link_ensure(struct netlink *nl, const char *name, uint32_t *ifindex,
		bool *made, char *err, size_t err_size)
{
	struct found found;
	int ret;

	*made = false;
	ret = link_find(nl, name, &found, err, err_size);
	if (ret == -ENODEV) {
		ret = link_make(nl, name, err, err_size);
		if (ret)
			return ret;
		*made = true;
		ret = link_find(nl, name, &found, err, err_size);
	}
	if (ret)
		return ret;
	if (!found.pilot)
		return error_set(err, err_size, EEXIST,
				 "link %s exists and is not a pilot link; choose another name",
				 name);
	*ifindex = found.ifindex;
	return 0;
}

static int link_up(struct netlink *nl, uint32_t ifindex, uint32_t mtu,
		   char *err, size_t err_size)
{
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct nl_msg *msg = link_request(nl, RTM_NEWLINK, 0, &info);

	if (msg && mtu)
		nla_put_u32(msg, IFLA_MTU, mtu);
	return netlink_do(nl, msg, NULL, NULL, err, err_size);
}

static int link_address(struct netlink *nl, uint32_t ifindex,
			const struct in6_addr *address, char *err,
			size_t err_size)
{
	struct ifaddrmsg ifa = {
		.ifa_family = AF_INET6,
		.ifa_prefixlen = 128,
		.ifa_flags = IFA_F_NODAD,
		.ifa_index = ifindex,
	};
	struct nl_msg *msg;

	msg = netlink_route(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	if (msg) {
		nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO);
		nla_put(msg, IFA_LOCAL, sizeof(*address), address);
	}
	return netlink_do(nl, msg, NULL, NULL, err, err_size);
}

static int link_route(struct netlink *nl, uint32_t ifindex,
		      const struct in6_addr *address, char *err,
		      size_t err_size)
{
	struct rtmsg route = {
		.rtm_family = AF_INET6,
		.rtm_dst_len = 64,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct in6_addr network = *address;
	struct nl_msg *msg;

	memset(&network.s6_addr[8], 0, 8);
	msg = netlink_route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	if (msg) {
		nlmsg_append(msg, &route, sizeof(route), NLMSG_ALIGNTO);
		nla_put(msg, RTA_DST, sizeof(network), &network);
		nla_put(msg, RTA_PREFSRC, sizeof(*address), address);
		nla_put_u32(msg, RTA_OIF, ifindex);
		/* Several agents of a host: the last one must not win. */
		nla_put_u32(msg, RTA_PRIORITY, 1024 + ifindex);
	}
	return netlink_do(nl, msg, NULL, NULL, err, err_size);
}

int link_configure(struct netlink *nl, uint32_t ifindex, uint32_t mtu,
		   uint64_t address, char *err, size_t err_size)
{
	struct in6_addr in6;
	int ret;

	addr_to_in6(address, &in6);
	ret = link_up(nl, ifindex, mtu, err, err_size);
	if (!ret)
		ret = link_address(nl, ifindex, &in6, err, err_size);
	if (!ret)
		ret = link_route(nl, ifindex, &in6, err, err_size);
	return ret;
}

int link_delete(struct netlink *nl, uint32_t ifindex, char *err,
		size_t err_size)
{
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
	};

	return netlink_do(nl, link_request(nl, RTM_DELLINK, 0, &info), NULL,
			  NULL, err, err_size);
}

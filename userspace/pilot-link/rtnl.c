// SPDX-License-Identifier: GPL-2.0-or-later
/* What rtnetlink knows about pilot devices, and their removal. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/pilot.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "rtnl.h"

int rtnl_open(struct genl *rtnl)
{
	return genl_open_bus(rtnl, NETLINK_ROUTE);
}

static int rtnl_info_attr(const struct nlattr *attr, void *context)
{
	struct rtnl_link *link = context;

	/* A kind too long for us is not ours: an empty one says so. */
	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND &&
	    attr_text(attr, link->kind, sizeof(link->kind)))
		link->kind[0] = '\0';
	return 0;
}

static int rtnl_link_attr(const struct nlattr *attr, void *context)
{
	struct rtnl_link *link = context;
	size_t length = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		return attr_text(attr, link->ifname, sizeof(link->ifname));
	case IFLA_MTU:
		return attr_u32(attr, &link->mtu);
	case IFLA_OPERSTATE:
		return attr_u8(attr, &link->operstate);
	case IFLA_LINKINFO:
		return attr_each_nested(attr, rtnl_info_attr, link);
	case IFLA_STATS64:
		/* The structure grows at its end with the kernel. */
		if (length > sizeof(link->stats))
			length = sizeof(link->stats);
		memcpy(&link->stats, mnl_attr_get_payload(attr), length);
		link->has_stats = true;
		return 0;
	}
	return 0;
}

int rtnl_link_parse(const struct nlmsghdr *message, struct rtnl_link *link)
{
	size_t length = mnl_nlmsg_get_payload_len(message);
	struct ifinfomsg info;

	memset(link, 0, sizeof(*link));
	if (message->nlmsg_len < MNL_NLMSG_HDRLEN || length < sizeof(info))
		return -EBADMSG;
	memcpy(&info, mnl_nlmsg_get_payload(message), sizeof(info));
	link->ifindex = (uint32_t)info.ifi_index;
	link->flags = info.ifi_flags;
	return attr_each(mnl_nlmsg_get_payload_offset(message, sizeof(info)),
			 length - sizeof(info), rtnl_link_attr, link);
}

static int rtnl_link_message(const struct nlmsghdr *message, void *context)
{
	struct rtnl_table *table = context;
	struct rtnl_link link, *links;
	size_t room;
	int ret;

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	ret = rtnl_link_parse(message, &link);
	if (ret || strcmp(link.kind, PILOT_LINK_KIND))
		return ret;
	if (table->count == table->room) {
		room = table->room ? 2 * table->room : 8;
		links = reallocarray(table->links, room, sizeof(*links));
		if (!links)
			return -ENOMEM;
		table->links = links;
		table->room = room;
	}
	table->links[table->count++] = link;
	return 0;
}

static int rtnl_in6_attr(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == IFA_ADDRESS)
		return attr_bytes(attr, context, sizeof(struct in6_addr));
	return 0;
}

static int rtnl_in6_message(const struct nlmsghdr *message, void *context)
{
	size_t length = mnl_nlmsg_get_payload_len(message);
	struct rtnl_in6 in6 = {};
	struct rtnl_link *link;
	struct ifaddrmsg head;
	int ret;

	if (message->nlmsg_type != RTM_NEWADDR)
		return 0;
	if (length < sizeof(head))
		return -EBADMSG;
	memcpy(&head, mnl_nlmsg_get_payload(message), sizeof(head));
	if (head.ifa_family != AF_INET6)
		return 0;
	link = rtnl_find(context, head.ifa_index);
	if (!link || link->in6_count == RTNL_IN6_MAX)
		return 0;
	ret = attr_each(mnl_nlmsg_get_payload_offset(message, sizeof(head)),
			length - sizeof(head), rtnl_in6_attr, &in6.address);
	if (ret)
		return ret;
	in6.prefix = head.ifa_prefixlen;
	in6.scope = head.ifa_scope;
	link->in6[link->in6_count++] = in6;
	return 0;
}

static void rtnl_restart_links(void *context)
{
	struct rtnl_table *table = context;

	table->count = 0;
}

static void rtnl_restart_in6(void *context)
{
	struct rtnl_table *table = context;
	size_t i;

	for (i = 0; i < table->count; i++)
		table->links[i].in6_count = 0;
}

static struct nlmsghdr *rtnl_start(char *buffer, uint16_t type,
				   struct ifinfomsg **info)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	*info = mnl_nlmsg_put_extra_header(request, sizeof(**info));
	(*info)->ifi_family = AF_UNSPEC;
	return request;
}

/* Fills @table with this namespace's pilot devices. Return: 0 or -errno. */
int rtnl_load(struct genl *rtnl, struct rtnl_table *table)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct ifaddrmsg *head;
	struct nlmsghdr *request;
	struct ifinfomsg *info;
	struct nlattr *nest;
	int ret;

	memset(table, 0, sizeof(*table));
	request = rtnl_start(buffer, RTM_GETLINK, &info);
	nest = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, PILOT_LINK_KIND);
	mnl_attr_nest_end(request, nest);
	ret = genl_dump(rtnl, request, rtnl_link_message, rtnl_restart_links,
			table);
	if (!ret && table->count) {
		request = mnl_nlmsg_put_header(buffer);
		request->nlmsg_type = RTM_GETADDR;
		head = mnl_nlmsg_put_extra_header(request, sizeof(*head));
		head->ifa_family = AF_INET6;
		ret = genl_dump(rtnl, request, rtnl_in6_message,
				rtnl_restart_in6, table);
	}
	if (ret)
		rtnl_free(table);
	return ret;
}

void rtnl_free(struct rtnl_table *table)
{
	free(table->links);
	memset(table, 0, sizeof(*table));
}

struct rtnl_link *rtnl_find(const struct rtnl_table *table, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		if (table->links[i].ifindex == ifindex)
			return &table->links[i];
	}
	return NULL;
}

static int rtnl_get_message(const struct nlmsghdr *message, void *context)
{
	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	return rtnl_link_parse(message, context);
}

/* Return: 0, -ENODEV, another -errno. */
int rtnl_get(struct genl *rtnl, const char *ifname, struct rtnl_link *link)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct nlmsghdr *request;
	struct ifinfomsg *info;

	memset(link, 0, sizeof(*link));
	request = rtnl_start(buffer, RTM_GETLINK, &info);
	mnl_attr_put_strz(request, IFLA_IFNAME, ifname);
	return genl_request(rtnl, request, rtnl_get_message, link);
}

int rtnl_delete(struct genl *rtnl, uint32_t ifindex)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct nlmsghdr *request;
	struct ifinfomsg *info;

	request = rtnl_start(buffer, RTM_DELLINK, &info);
	info->ifi_index = (int)ifindex;
	return genl_request(rtnl, request, NULL, NULL);
}

const char *rtnl_operstate(uint8_t operstate)
{
	static const char *const names[] = {
		"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING",
		"DORMANT", "UP",
	};

	return operstate < sizeof(names) / sizeof(names[0]) ? names[operstate] :
							      "UNKNOWN";
}

/* What ip(8) shows of the flags, in its order; ends with a NULL. */
const struct rtnl_flag rtnl_flags[] = {
	{ IFF_LOOPBACK, "LOOPBACK" }, { IFF_BROADCAST, "BROADCAST" },
	{ IFF_POINTOPOINT, "POINTOPOINT" }, { IFF_MULTICAST, "MULTICAST" },
	{ IFF_NOARP, "NOARP" }, { IFF_ALLMULTI, "ALLMULTI" },
	{ IFF_PROMISC, "PROMISC" }, { IFF_DEBUG, "DEBUG" },
	{ IFF_DYNAMIC, "DYNAMIC" }, { IFF_UP, "UP" },
	{ RTNL_LOWER_UP, "LOWER_UP" }, { RTNL_DORMANT, "DORMANT" },
	{ 0, NULL },
};

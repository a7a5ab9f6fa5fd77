// SPDX-License-Identifier: GPL-2.0-or-later

#include "route_event.h"

#include <errno.h>
#include <string.h>

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <linux/pilot.h>

#include "addr.h"

#define AGENT_PREFIX_LEN	6	/* bytes that all agents' addresses have */

/* Their addresses are no way to this host, or lead through a peer. */
static bool kind_is_tunnel(const struct nlattr *kind)
{
	static const char *const kinds[] = {
		PILOT_LINK_KIND, "wireguard", "tun",
	};

	size_t len = strnlen(nla_data(kind), nla_len(kind));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (len == strlen(kinds[i]) &&
		    !memcmp(nla_data(kind), kinds[i], len))
			return true;
	return false;
}

static bool parse_link(struct nlmsghdr *nlh, struct route_event *event)
{
	const unsigned int up = IFF_UP | IFF_RUNNING;
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct ifinfomsg *ifi;

	if (nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return false;
	ifi = nlmsg_data(nlh);
	/* Ports of bridges are told of as well. */
	if (ifi->ifi_family != AF_UNSPEC || ifi->ifi_index <= 0)
		return false;
	event->type = ROUTE_EVENT_LINK;
	event->ifindex = ifi->ifi_index;
	event->gone = nlh->nlmsg_type == RTM_DELLINK;
	event->usable = !event->gone && (ifi->ifi_flags & up) == up &&
			!(ifi->ifi_flags & IFF_LOOPBACK);
	if (!tb[IFLA_LINKINFO])
		return true;
	if (nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL) < 0)
		return false;
	if (info[IFLA_INFO_KIND] && kind_is_tunnel(info[IFLA_INFO_KIND]))
		event->usable = false;
	return true;
}

static bool get_address(const struct nlattr *attr, int family,
			struct endpoint *endpoint)
{
	if (!attr || nla_len(attr) != (family == AF_INET ? 4 : 16))
		return false;
	endpoint->family = family;
	memcpy(&endpoint->in6, nla_data(attr), nla_len(attr));
	return true;
}

/* An address that means the same on other hosts. */
static bool is_global(const struct endpoint *endpoint)
{
	uint32_t in4 = ntohl(endpoint->in4.s_addr);
	struct endpoint with_port = *endpoint;
	struct in6_addr agent;

	with_port.port = 1;
	addr_to_in6(0, &agent);
	if (endpoint_check(&with_port))
		return false;
	if (endpoint->family == AF_INET)
		return in4 >> 24 != IN_LOOPBACKNET && in4 >> 16 != 0xa9fe;
	return !IN6_IS_ADDR_LOOPBACK(&endpoint->in6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&endpoint->in6) &&
	       !IN6_IS_ADDR_V4MAPPED(&endpoint->in6) &&
	       memcmp(&endpoint->in6, &agent, AGENT_PREFIX_LEN);
}

static bool parse_address(struct nlmsghdr *nlh, struct route_event *event)
{
	const uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED |
				  IFA_F_DEPRECATED;
	struct nlattr *tb[IFA_MAX + 1];
	const struct ifa_cacheinfo *life;
	const struct ifaddrmsg *ifa;
	uint32_t flags;

	if (nlmsg_parse(nlh, sizeof(*ifa), tb, IFA_MAX, NULL) < 0)
		return false;
	ifa = nlmsg_data(nlh);
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return false;
	/* With a peer, the other one is the peer's. */
	if (!get_address(tb[IFA_LOCAL], ifa->ifa_family, &event->address) &&
	    !get_address(tb[IFA_ADDRESS], ifa->ifa_family, &event->address))
		return false;
	flags = ifa->ifa_flags;
	if (tb[IFA_FLAGS] && nla_len(tb[IFA_FLAGS]) == 4)
		flags = nla_get_u32(tb[IFA_FLAGS]);
	event->type = ROUTE_EVENT_ADDRESS;
	event->prefix = ifa->ifa_prefixlen;
	event->ifindex = ifa->ifa_index;
	event->gone = nlh->nlmsg_type == RTM_DELADDR;
	event->usable = !event->gone && !(flags & unusable) &&
			is_global(&event->address);
	if (tb[IFA_CACHEINFO] &&
	    nla_len(tb[IFA_CACHEINFO]) >= (int)sizeof(*life)) {
		life = nla_data(tb[IFA_CACHEINFO]);
		event->usable = event->usable && life->ifa_prefered;
	}
	return true;
}

/* The first of several ways. */
static void get_next_hop(const struct nlattr *multipath, int family,
			 struct route_event *event)
{
	const struct rtnexthop *hop = nla_data(multipath);
	int len = nla_len(multipath);

	if (len < (int)sizeof(*hop) || hop->rtnh_len < sizeof(*hop) ||
	    hop->rtnh_len > len)
		return;
	event->ifindex = hop->rtnh_ifindex;
	get_address(nla_find((const struct nlattr *)(hop + 1),
			     hop->rtnh_len - sizeof(*hop), RTA_GATEWAY),
		    family, &event->address);
}

/* No peer is reached there but by us. */
static bool leads_to_agents(const struct nlattr *dst)
{
	struct in6_addr agent;

	addr_to_in6(0, &agent);
	return dst && nla_len(dst) >= AGENT_PREFIX_LEN &&
	       !memcmp(nla_data(dst), &agent, AGENT_PREFIX_LEN);
}

static bool parse_route(struct nlmsghdr *nlh, struct route_event *event)
{
	struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *rtm;
	uint32_t table;

	if (nlmsg_parse(nlh, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return false;
	rtm = nlmsg_data(nlh);
	table = rtm->rtm_table;
	if (tb[RTA_TABLE] && nla_len(tb[RTA_TABLE]) == 4)
		table = nla_get_u32(tb[RTA_TABLE]);
	if ((rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6) ||
	    rtm->rtm_type != RTN_UNICAST || table == RT_TABLE_LOCAL ||
	    rtm->rtm_flags & RTM_F_CLONED || leads_to_agents(tb[RTA_DST]))
		return false;
	/* A rule may lead to any table. */
	if (rtm->rtm_dst_len || rtm->rtm_src_len || table != RT_TABLE_MAIN) {
		event->type = ROUTE_EVENT_OTHER;
		return true;
	}
	event->type = ROUTE_EVENT_DEFAULT;
	event->gone = nlh->nlmsg_type == RTM_DELROUTE;
	if (tb[RTA_PRIORITY] && nla_len(tb[RTA_PRIORITY]) == 4)
		event->metric = nla_get_u32(tb[RTA_PRIORITY]);
	if (tb[RTA_OIF] && nla_len(tb[RTA_OIF]) == 4)
		event->ifindex = nla_get_u32(tb[RTA_OIF]);
	if (!get_address(tb[RTA_GATEWAY], rtm->rtm_family, &event->address) &&
	    tb[RTA_MULTIPATH])
		get_next_hop(tb[RTA_MULTIPATH], rtm->rtm_family, event);
	event->usable = endpoint_is_set(&event->address);
	event->address.family = rtm->rtm_family;
	if (rtm->rtm_family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&event->address.in6))
		event->address.scope = event->ifindex;
	return true;
}

static bool parse_rule(struct nlmsghdr *nlh, struct route_event *event)
{
	const struct fib_rule_hdr *rule = nlmsg_data(nlh);

	if (nlmsg_datalen(nlh) < (int)sizeof(*rule) ||
	    (rule->family != AF_INET && rule->family != AF_INET6))
		return false;
	event->type = ROUTE_EVENT_OTHER;
	return true;
}

static bool parse_end(struct nlmsghdr *nlh, struct route_event *event)
{
	event->type = ROUTE_EVENT_END;
	if (nlmsg_datalen(nlh) >= (int)sizeof(event->error))
		memcpy(&event->error, nlmsg_data(nlh), sizeof(event->error));
	return true;
}

static bool parse(struct nlmsghdr *nlh, struct route_event *event)
{
	memset(event, 0, sizeof(*event));
	event->seq = nlh->nlmsg_seq;
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return parse_link(nlh, event);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return parse_address(nlh, event);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return parse_route(nlh, event);
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return parse_rule(nlh, event);
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return parse_end(nlh, event);
	default:
		return false;
	}
}

unsigned int route_events_parse(const void *bytes, size_t len,
				route_event_fn fn, void *ctx)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)bytes;
	struct route_event event;
	unsigned int n = 0;
	int rest = len;

	for (; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest)) {
		if (!parse(nlh, &event))
			continue;
		fn(ctx, &event);
		n++;
	}
	return n;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* This host's addresses: messages as the kernel makes them, cut anywhere. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "addresses.h"
#include "check.h"

#define MS	CLOCK_MS
#define UP	(IFF_UP | IFF_RUNNING)
#define PORT	7740

/* --- a kernel ------------------------------------------------------------- */

struct link {
	int ifindex;
	unsigned int flags;
	const char *kind;
	int family;			/* of a port of a bridge */
};

struct address {
	int ifindex;
	const char *text;
	uint32_t flags;
	const char *peer;		/* the other end */
	bool over;			/* its preferred life */
};

struct route {
	int family;
	int ifindex;
	const char *gateway;
	uint32_t metric;
	int table;			/* 0: main */
	bool several;			/* as one of more than one way */
	int dst_len;
	const char *dst;
	int hop_len;			/* what it says of itself; 0: right */
};

struct kernel {
	struct addresses *addresses;
	uint64_t now;
	struct link link[8];
	struct address address[24];
	struct route route[8];
	unsigned int links, founds, routes;
	unsigned int asked, changes, routed;
	bool deaf;			/* takes no requests */
	_Alignas(8) uint8_t bytes[16384];	/* what it says */
	size_t len;
};

static struct kernel kernel;

static size_t in(const char *text, void *out)
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	assert_int_equal(inet_pton(AF_INET6, text, out), 1);
	return 16;
}

/* Puts @msg into what is to be read, and frees it. */
static void say(struct nl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	assert_true(kernel.len + NLMSG_ALIGN(nlh->nlmsg_len) <=
		    sizeof(kernel.bytes));
	memcpy(kernel.bytes + kernel.len, nlh, nlh->nlmsg_len);
	kernel.len += NLMSG_ALIGN(nlh->nlmsg_len);
	nlmsg_free(msg);
}

static struct nl_msg *begin(int type, uint32_t seq, const void *head,
			    size_t size)
{
	struct nl_msg *msg = nlmsg_alloc();

	assert_non_null(nlmsg_put(msg, 0, seq, type, 0, 0));
	assert_int_equal(nlmsg_append(msg, (void *)head, size, NLMSG_ALIGNTO),
			 0);
	return msg;
}

static void say_link(const struct link *link, int type, uint32_t seq)
{
	struct ifinfomsg head = {
		.ifi_family = link->family, .ifi_index = link->ifindex,
		.ifi_flags = link->flags,
	};
	struct nl_msg *msg = begin(type, seq, &head, sizeof(head));
	struct nlattr *nest;

	nla_put_string(msg, IFLA_IFNAME, "name");
	if (link->kind) {
		nest = nla_nest_start(msg, IFLA_LINKINFO);
		nla_put_string(msg, IFLA_INFO_KIND, link->kind);
		nla_nest_end(msg, nest);
	}
	say(msg);
}

static void say_address(const struct address *address, int type, uint32_t seq)
{
	struct ifa_cacheinfo life = { .ifa_prefered = address->over ? 0 : 100,
				      .ifa_valid = 1000 };
	struct ifaddrmsg head = { .ifa_index = address->ifindex,
				  .ifa_flags = address->flags };
	struct nl_msg *msg;
	uint8_t bytes[16];
	size_t len;

	len = in(address->text, bytes);
	head.ifa_family = len == 4 ? AF_INET : AF_INET6;
	msg = begin(type, seq, &head, sizeof(head));
	if (address->peer || len == 4)
		nla_put(msg, IFA_LOCAL, len, bytes);
	if (address->peer)
		in(address->peer, bytes);
	nla_put(msg, IFA_ADDRESS, len, bytes);
	nla_put(msg, IFA_CACHEINFO, sizeof(life), &life);
	nla_put_u32(msg, IFA_FLAGS, address->flags);
	say(msg);
}

static void say_route(const struct route *route, int type, uint32_t seq)
{
	struct rtmsg head = { .rtm_family = route->family,
			      .rtm_dst_len = route->dst_len,
			      .rtm_type = RTN_UNICAST,
			      .rtm_table = route->table ?: RT_TABLE_MAIN };
	struct nl_msg *msg = begin(type, seq, &head, sizeof(head));
	struct rtnexthop hop = { .rtnh_ifindex = route->ifindex };
	uint8_t bytes[16], hops[64];
	size_t len = 0;

	if (route->dst)
		nla_put(msg, RTA_DST, in(route->dst, hops), hops);
	if (route->gateway)
		len = in(route->gateway, bytes);
	nla_put_u32(msg, RTA_TABLE, head.rtm_table);
	if (route->metric)
		nla_put_u32(msg, RTA_PRIORITY, route->metric);
	if (route->several) {
		/* What is looked for must not be found too soon. */
		struct nlattr attr = { 4 + len, route->hop_len ? RTA_VIA :
								 RTA_GATEWAY };

		hop.rtnh_len = sizeof(hop) + 4 + len;
		memcpy(hops, &hop, sizeof(hop));
		memcpy(hops + sizeof(hop), &attr, 4);
		memcpy(hops + sizeof(hop) + 4, bytes, len);
		len = hop.rtnh_len;
		hop.rtnh_len = route->hop_len ?: hop.rtnh_len;
		memcpy(hops, &hop, sizeof(hop));
		nla_put(msg, RTA_MULTIPATH, len, hops);
	} else {
		nla_put_u32(msg, RTA_OIF, route->ifindex);
		if (len)
			nla_put(msg, RTA_GATEWAY, len, bytes);
	}
	say(msg);
}

static void say_rule(int family, int type)
{
	struct fib_rule_hdr head = { .family = family, .table = 100 };

	say(begin(type, 0, &head, sizeof(head)));
}

static void say_end(int type, uint32_t seq, int error)
{
	struct nlmsgerr body = { .error = error };

	say(begin(type, seq, &body, type == NLMSG_DONE ? 4 : sizeof(body)));
}

static int kernel_send(void *ctx, const void *bytes, size_t len)
{
	const struct nlmsghdr *nlh = bytes;
	const struct rtmsg *rtm = nlmsg_data(nlh);

	(void)ctx;
	if (kernel.deaf)
		return -ENOBUFS;
	kernel.asked++;
	assert_int_equal(len, nlh->nlmsg_len);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	if (nlh->nlmsg_type == RTM_GETLINK)
		for (unsigned int i = 0; i < kernel.links; i++)
			say_link(&kernel.link[i], RTM_NEWLINK, nlh->nlmsg_seq);
	if (nlh->nlmsg_type == RTM_GETADDR)
		for (unsigned int i = 0; i < kernel.founds; i++)
			say_address(&kernel.address[i], RTM_NEWADDR,
				    nlh->nlmsg_seq);
	if (nlh->nlmsg_type == RTM_GETROUTE)
		for (unsigned int i = 0; i < kernel.routes; i++)
			if (kernel.route[i].family == rtm->rtm_family)
				say_route(&kernel.route[i], RTM_NEWROUTE,
					  nlh->nlmsg_seq);
	/* As a kernel without IPv6. */
	if (nlh->nlmsg_type == RTM_GETROUTE && rtm->rtm_family == AF_INET6 &&
	    !kernel.routes)
		say_end(NLMSG_ERROR, nlh->nlmsg_seq, -EOPNOTSUPP);
	else
		say_end(NLMSG_DONE, nlh->nlmsg_seq, 0);
	return 0;
}

static void kernel_changed(void *ctx)
{
	(void)ctx;
	kernel.changes++;
}

static void kernel_routed(void *ctx)
{
	(void)ctx;
	kernel.routed++;
}

static const struct addresses_ops kernel_ops = {
	.send = kernel_send, .changed = kernel_changed,
	.routed = kernel_routed,
};

/* All that was said is read. */
static void deliver(void)
{
	while (kernel.len) {
		size_t len = kernel.len;
		void *copy = malloc(len);

		memcpy(copy, kernel.bytes, len);
		kernel.len = 0;
		addresses_receive(kernel.addresses, kernel.now, copy, len);
		free(copy);
	}
}

/* Lets time pass. */
static void pass(uint64_t ns)
{
	uint64_t until = kernel.now + ns;

	deliver();
	while (addresses_deadline(kernel.addresses) <= until) {
		kernel.now = addresses_deadline(kernel.addresses);
		addresses_timer(kernel.addresses, kernel.now);
		deliver();
	}
	kernel.now = until;
}

static void has(unsigned int n, const char *text)
{
	const struct addresses_own *own = addresses_own(kernel.addresses);
	char buf[ENDPOINT_TEXT_LEN];

	assert_true(n < own->count);
	endpoint_format(&own->host[n], buf);
	assert_string_equal(buf, text);
}

static void has_way(int i, const char *gateway, const char *local)
{
	struct addresses_way way = addresses_own(kernel.addresses)->way[i];
	char buf[ENDPOINT_TEXT_LEN];

	endpoint_format(&way.gateway, buf);
	assert_string_equal(buf, gateway);
	endpoint_format(&way.local, buf);
	assert_string_equal(buf, local);
}

static unsigned int count(void)
{
	return addresses_own(kernel.addresses)->count;
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.now = 1000 * CLOCK_SECOND;
	kernel.addresses = addresses_new(&kernel_ops, NULL, PORT);
	return !kernel.addresses;
}

static int teardown(void **state)
{
	(void)state;
	addresses_free(kernel.addresses);
	return 0;
}

static void add_link(int ifindex, unsigned int flags, const char *kind)
{
	kernel.link[kernel.links++] = 
		(struct link){ ifindex, flags, kind, AF_UNSPEC };
}

static void add(int ifindex, const char *text)
{
	kernel.address[kernel.founds++] =
		(struct address){ .ifindex = ifindex, .text = text };
}

static void add_route(int family, int ifindex, const char *gateway,
		      uint32_t metric)
{
	kernel.route[kernel.routes++] = (struct route){
		.family = family, .ifindex = ifindex, .gateway = gateway,
		.metric = metric,
	};
}

/* A host as many are. */
static void host(void)
{
	add_link(1, UP | IFF_LOOPBACK, NULL);
	add_link(2, UP, NULL);
	add(1, "127.0.0.1");
	add(1, "::1");
	add(2, "192.0.2.10");
	add(2, "2001:db8::a");
	add(2, "fe80::a");
	add_route(AF_INET, 2, "192.0.2.1", 100);
	add_route(AF_INET6, 2, "fe80::1", 1024);
	addresses_look(kernel.addresses, kernel.now);
	pass(0);
}

static void a_host_finds_its_addresses(void **state)
{
	(void)state;
	host();
	assert_int_equal(kernel.changes, 1);
	assert_int_equal(kernel.asked, 4);
	assert_int_equal(count(), 2);
	has(0, "192.0.2.10:7740");
	has(1, "[2001:db8::a]:7740");
	has_way(0, "192.0.2.1:0", "192.0.2.10:0");
	/* A link-local gateway is one of its link. */
	assert_int_equal(addresses_own(kernel.addresses)->way[1].gateway.scope,
			 2);
	assert_true(endpoint_is_set(&addresses_own(kernel.addresses)->way[1]
				    .local));
}

static void what_others_cannot_use_is_left_out(void **state)
{
	static const struct address bad[] = {
		{ 2, "2001:db8::1", IFA_F_TENTATIVE, NULL, false },
		{ 2, "2001:db8::2", IFA_F_DADFAILED, NULL, false },
		{ 2, "2001:db8::3", IFA_F_DEPRECATED, NULL, false },
		{ 2, "2001:db8::4", IFA_F_TEMPORARY, NULL, true },
		{ 2, "fd50:494c:4f54:1::f291:4", 0, NULL, false },
		{ 2, "fd50:494c:4f54:ffff:1234::1", 0, NULL, false },
		{ 2, "169.254.1.2", 0, NULL, false },
		{ 2, "127.1.2.3", 0, NULL, false },
		{ 2, "::ffff:192.0.2.10", 0, NULL, false },
		{ 2, "fe80::9", 0, NULL, false },
		{ 3, "10.0.0.3", 0, NULL, false },
		{ 4, "10.0.0.4", 0, NULL, false },
		{ 5, "10.0.0.5", 0, NULL, false },
		{ 6, "10.0.0.6", 0, NULL, false },
		{ 7, "10.0.0.7", 0, NULL, false },
		{ 9, "10.0.0.9", 0, NULL, false },
	};

	(void)state;
	add_link(2, UP, "veth");
	add_link(3, UP, "pilot");
	add_link(4, UP, "wireguard");
	add_link(5, UP, "tun");
	add_link(6, IFF_UP, NULL);
	add_link(7, UP | IFF_LOOPBACK, NULL);
	add_link(8, UP, "tunnel");
	memcpy(kernel.address, bad, sizeof(bad));
	kernel.founds = sizeof(bad) / sizeof(bad[0]);
	add(2, "fd50:494c:4f55::1");
	add(8, "10.0.0.8");
	kernel.address[kernel.founds] = (struct address){
		2, "192.0.2.10", IFA_F_PERMANENT, "192.0.2.99", false };
	kernel.founds++;
	kernel.address[kernel.founds] = (struct address){
		2, "2001:db8::5", IFA_F_TEMPORARY, NULL, false };
	kernel.founds++;
	addresses_look(kernel.addresses, kernel.now);
	pass(0);
	assert_int_equal(count(), 4);
	has(0, "192.0.2.10:7740");
	has(1, "[2001:db8::5]:7740");
	has(2, "[fd50:494c:4f55::1]:7740");
	has(3, "10.0.0.8:7740");
	/* There are no routes, and a kernel without IPv6 said so. */
	has_way(0, "none", "none");
	has_way(1, "none", "none");
}

static void there_are_sixteen_at_most(void **state)
{
	static char text[20][16];

	(void)state;
	add_link(2, UP, NULL);
	add_link(3, UP, NULL);
	for (int i = 0; i < 20; i++) {
		snprintf(text[i], sizeof(text[i]), "10.0.0.%d", 40 - i);
		add(i < 18 ? 2 : 3, text[i]);
	}
	add_route(AF_INET, 3, "10.0.0.1", 0);
	addresses_look(kernel.addresses, kernel.now);
	pass(0);
	assert_int_equal(count(), ADDRESSES_MAX);
	/* Those by which the default route goes are among them. */
	has(0, "10.0.0.21:7740");
	has(1, "10.0.0.22:7740");
	has(2, "10.0.0.23:7740");
	has(15, "10.0.0.36:7740");
}

static void the_best_default_route_is_the_way(void **state)
{
	(void)state;
	add_link(2, UP, NULL);
	add_link(3, UP, NULL);
	add_link(4, UP, "wireguard");
	add(2, "192.0.2.10");
	add(3, "198.51.100.10");
	add_route(AF_INET, 2, "192.0.2.1", 600);
	add_route(AF_INET, 3, "198.51.100.1", 100);
	add_route(AF_INET, 3, "198.51.100.9", 100);
	kernel.route[0].several = true;
	/* Others that are none. */
	add_route(AF_INET, 2, "192.0.2.7", 0);
	kernel.route[3].table = 51820;
	add_route(AF_INET, 2, "192.0.2.8", 0);
	kernel.route[4].dst_len = 24;
	addresses_look(kernel.addresses, kernel.now);
	pass(0);
	has_way(0, "198.51.100.1:0", "198.51.100.10:0");
	/* One of several ways, when the other is gone. */
	kernel.route[1] = kernel.route[2] = kernel.route[0];
	addresses_look(kernel.addresses, kernel.now);
	pass(CLOCK_SECOND);
	has_way(0, "192.0.2.1:0", "192.0.2.10:0");
	/* All goes into a tunnel: a gateway is of no use. */
	add_route(AF_INET, 4, NULL, 50);
	addresses_look(kernel.addresses, kernel.now);
	pass(CLOCK_SECOND);
	has_way(0, "none", "none");
}

/* Each of them is followed by a look 100 ms later, and nothing else is. */
static void changes_are_followed(void **state)
{
	struct address *address = &kernel.address[2];

	(void)state;
	host();
	pass(10 * CLOCK_SECOND);
	assert_int_equal(kernel.asked, 4);
	kernel.address[2].text = "192.0.2.11";
	say_address(&(struct address){ .ifindex = 2, .text = "192.0.2.10" },
		    RTM_DELADDR, 0);
	say_address(address, RTM_NEWADDR, 0);
	pass(99 * MS);
	has(0, "192.0.2.10:7740");
	pass(2 * MS);
	has(0, "192.0.2.11:7740");
	assert_int_equal(kernel.changes, 2);
	assert_int_equal(kernel.asked, 8);
	/* A new gateway. */
	pass(10 * CLOCK_SECOND);
	kernel.route[0].gateway = "192.0.2.2";
	say_route(&kernel.route[0], RTM_NEWROUTE, 0);
	pass(200 * MS);
	has_way(0, "192.0.2.2:0", "192.0.2.11:0");
	/* The link is down. */
	pass(10 * CLOCK_SECOND);
	kernel.link[1].flags = IFF_UP;
	say_link(&kernel.link[1], RTM_NEWLINK, 0);
	pass(200 * MS);
	assert_int_equal(count(), 0);
	has_way(0, "none", "none");
	/* Up again. */
	pass(10 * CLOCK_SECOND);
	kernel.link[1].flags = UP;
	say_link(&kernel.link[1], RTM_NEWLINK, 0);
	pass(200 * MS);
	assert_int_equal(count(), 2);
	/* Without the default route. */
	pass(10 * CLOCK_SECOND);
	say_route(&kernel.route[0], RTM_DELROUTE, 0);
	kernel.route[0] = kernel.route[1];
	pass(200 * MS);
	has_way(0, "none", "none");
	/* The link is gone. */
	pass(10 * CLOCK_SECOND);
	say_link(&kernel.link[1], RTM_DELLINK, 0);
	kernel.links = 1;
	pass(200 * MS);
	assert_int_equal(count(), 0);
}

static void what_changes_nothing_is_no_reason_to_look(void **state)
{
	struct link port = { 2, IFF_UP, NULL, AF_BRIDGE };

	(void)state;
	host();
	pass(10 * CLOCK_SECOND);
	for (int i = 0; i < 3; i++) {
		say_link(&kernel.link[i % 2], RTM_NEWLINK, 0);
		say_address(&kernel.address[i + 2], RTM_NEWADDR, 0);
		say_route(&kernel.route[i % 2], RTM_NEWROUTE, 0);
	}
	say_route(&(struct route){ .family = AF_INET, .ifindex = 2,
				   .gateway = "192.0.2.9",
				   .table = RT_TABLE_LOCAL }, RTM_NEWROUTE, 0);
	say_route(&(struct route){ .family = AF_INET6, .ifindex = 2,
				   .dst = "fd50:494c:4f54:1::", .dst_len = 64 },
		  RTM_NEWROUTE, 0);
	say_rule(AF_UNSPEC, RTM_NEWRULE);
	say_link(&port, RTM_DELLINK, 0);
	say_end(NLMSG_DONE, 4, 0);
	pass(10 * CLOCK_SECOND);
	assert_int_equal(kernel.asked, 4);
	assert_int_equal(kernel.changes, 1);
	assert_int_equal(kernel.routed, 0);
	/* A look that finds the same is no change. */
	addresses_look(kernel.addresses, kernel.now);
	pass(CLOCK_SECOND);
	assert_int_equal(kernel.asked, 8);
	assert_int_equal(kernel.changes, 1);
}

static void a_storm_is_followed_once_a_second(void **state)
{
	(void)state;
	host();
	for (int i = 0; i < 1000; i++) {
		kernel.link[1].flags = i % 2 ? UP : IFF_UP;
		say_link(&kernel.link[1], RTM_NEWLINK, 0);
		pass(10 * MS);
	}
	assert_in_range(kernel.asked, 4 * 8, 4 * 12);
	pass(2 * CLOCK_SECOND);
	assert_int_equal(count(), 2);
}

/* Soon, and nothing is looked for: addresses are what they were. */
static void other_routes_are_told_of(void **state)
{
	const struct route other[] = {
		{ .family = AF_INET, .ifindex = 2, .gateway = "192.0.2.9",
		  .dst = "198.51.100.0", .dst_len = 24 },
		{ .family = AF_INET, .ifindex = 2, .gateway = "192.0.2.9",
		  .table = 51820 },
		{ .family = AF_INET6, .ifindex = 2, .gateway = "fe80::9",
		  .dst = "2001:db8:1::", .dst_len = 48 },
	};
	unsigned int told = 0;

	(void)state;
	host();
	for (unsigned int i = 0; i < 8; i++) {
		pass(600 * CLOCK_SECOND);
		if (i < 3)
			say_route(&other[i], RTM_NEWROUTE, 0);
		else if (i < 6)
			say_route(&other[i - 3], RTM_DELROUTE, 0);
		else
			say_rule(i == 6 ? AF_INET : AF_INET6,
				 i == 6 ? RTM_NEWRULE : RTM_DELRULE);
		pass(99 * MS);
		assert_int_equal(kernel.routed, told++);
		pass(2 * MS);
		assert_int_equal(kernel.routed, told);
	}
	assert_int_equal(kernel.asked, 4);
	assert_int_equal(kernel.changes, 1);
	/* With a change of addresses it is no more than that. */
	pass(600 * CLOCK_SECOND);
	kernel.address[2].text = "192.0.2.11";
	say_address(&kernel.address[2], RTM_NEWADDR, 0);
	pass(50 * MS);
	say_route(&other[0], RTM_NEWROUTE, 0);
	pass(10 * CLOCK_SECOND);
	assert_int_equal(kernel.changes, 2);
	assert_int_equal(kernel.routed, told);
}

/* As a router hears them: told of at once, then less and less. */
static void a_feed_of_routes_costs_nothing(void **state)
{
	struct route route = { .family = AF_INET, .ifindex = 2,
			       .gateway = "192.0.2.9", .dst = "198.51.100.0",
			       .dst_len = 24 };

	(void)state;
	host();
	for (int i = 0; i < 12000; i++) {
		say_route(&route, i & 1 ? RTM_DELROUTE : RTM_NEWROUTE, 0);
		pass(50 * MS);
		if (i == 20)
			assert_int_equal(kernel.routed, 1);
		/* Nor is there another look because of it. */
		if (i == 6000) {
			addresses_look(kernel.addresses, kernel.now);
			kernel.now += 100 * MS;
			addresses_timer(kernel.addresses, kernel.now);
			say_route(&route, RTM_NEWROUTE, 0);
		}
	}
	assert_in_range(kernel.routed, 13, 15);
	assert_int_equal(kernel.asked, 8);
	/* Once it is over it is as before. */
	pass(130 * CLOCK_SECOND);
	kernel.routed = 0;
	say_route(&route, RTM_NEWROUTE, 0);
	pass(101 * MS);
	assert_int_equal(kernel.routed, 1);
}

static void what_changes_during_a_look_is_not_missed(void **state)
{
	(void)state;
	add_link(2, UP, NULL);
	add(2, "192.0.2.10");
	addresses_look(kernel.addresses, kernel.now);
	/* Behind the links, before anything is read. */
	add(2, "192.0.2.11");
	say_address(&kernel.address[1], RTM_NEWADDR, 0);
	kernel.founds = 1;
	deliver();
	assert_int_equal(count(), 1);
	kernel.founds = 2;
	pass(2 * CLOCK_SECOND);
	assert_int_equal(count(), 2);
	/* Lost messages are one of the reasons to look, then too. */
	addresses_look(kernel.addresses, kernel.now);
	pass(200 * MS);
	kernel.asked = 0;
	addresses_look(kernel.addresses, kernel.now);
	pass(CLOCK_SECOND - 100 * MS - 1);
	assert_int_equal(kernel.asked, 0);
	kernel.now += 2;
	addresses_timer(kernel.addresses, kernel.now);
	addresses_look(kernel.addresses, kernel.now);
	pass(2 * CLOCK_SECOND);
	assert_int_equal(kernel.asked, 8);
	kernel.founds = 1;
	addresses_look(kernel.addresses, kernel.now);
	pass(2 * CLOCK_SECOND);
	assert_int_equal(count(), 1);
}

static void a_request_that_cannot_be_sent_is_made_later(void **state)
{
	(void)state;
	kernel.deaf = true;
	host();
	assert_int_equal(count(), 0);
	pass(3 * CLOCK_SECOND);
	kernel.deaf = false;
	pass(2 * CLOCK_SECOND);
	assert_int_equal(count(), 2);
}

static void count_event(void *ctx, const struct route_event *event)
{
	(void)event;
	(*(unsigned int *)ctx)++;
}

/* Cut by the socket, or with a length of its own that says less. */
static void cut_anywhere_nothing_is_read_beyond(void **state)
{
	struct address address = { 2, "2001:db8::1", 0, "2001:db8::2", false };
	struct route route = { .family = AF_INET6, .ifindex = 2,
			       .gateway = "fe80::1", .several = true };
	struct link link = { 2, UP, "wireguard", AF_UNSPEC };
	struct nlmsghdr *copy;
	unsigned int seen;

	(void)state;
	for (int i = 0; i < 5; i++) {
		kernel.len = 0;
		if (i == 0)
			say_link(&link, RTM_NEWLINK, 0);
		else if (i == 1)
			say_address(&address, RTM_NEWADDR, 0);
		else if (i == 2)
			say_route(&route, RTM_NEWROUTE, 0);
		else if (i == 3)
			say_rule(AF_INET, RTM_NEWRULE);
		else
			say_end(NLMSG_ERROR, 1, -EBUSY);
		for (size_t len = 0; len < kernel.len; len++) {
			copy = malloc(len ? len : 1);
			memcpy(copy, kernel.bytes, len);
			seen = 0;
			assert_int_equal(route_events_parse(copy, len,
							    count_event,
							    &seen), 0);
			if (len >= sizeof(*copy)) {
				copy->nlmsg_len = len;
				route_events_parse(copy, len, count_event,
						   &seen);
			}
			free(copy);
		}
		seen = 0;
		assert_int_equal(route_events_parse(kernel.bytes, kernel.len,
						    count_event, &seen), 1);
		assert_int_equal(seen, 1);
	}
	/* A way with a length of its own, the last thing in the message. */
	for (int len = 1; len < 200; len++) {
		kernel.len = 0;
		route.hop_len = len;
		say_route(&route, RTM_NEWROUTE, 0);
		copy = malloc(kernel.len);
		memcpy(copy, kernel.bytes, kernel.len);
		route_events_parse(copy, kernel.len, count_event, &seen);
		free(copy);
	}
}

#define with_kernel(test)	cmocka_unit_test_setup_teardown(test, setup, \
								teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_kernel(a_host_finds_its_addresses),
		with_kernel(what_others_cannot_use_is_left_out),
		with_kernel(there_are_sixteen_at_most),
		with_kernel(the_best_default_route_is_the_way),
		with_kernel(changes_are_followed),
		with_kernel(what_changes_nothing_is_no_reason_to_look),
		with_kernel(a_storm_is_followed_once_a_second),
		with_kernel(other_routes_are_told_of),
		with_kernel(a_feed_of_routes_costs_nothing),
		with_kernel(what_changes_during_a_look_is_not_missed),
		with_kernel(a_request_that_cannot_be_sent_is_made_later),
		with_kernel(cut_anywhere_nothing_is_read_beyond),
	};

	return cmocka_run_group_tests_name("pilotd_addresses", tests, NULL,
					   NULL);
}

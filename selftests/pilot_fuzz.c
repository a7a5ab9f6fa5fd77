// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws seeded random requests at the pilot family.
 *
 *   pilot_fuzz ITERATIONS SEED DEVICE...
 *
 * Every command, with attributes in and out of order, of right and wrong size,
 * nested and not, at times cut short, and now and then a device made with an
 * address.  Prints how many were accepted and
 * refused, and how many refusals came without a text; a request that is never
 * answered is a failure.
 */

#define _GNU_SOURCE
#include "netlink.h"
#include "rtlink.h"
#include "text.h"

#include <linux/genetlink.h>
#include <linux/pilot.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define INDEXES_MAX	8
/* Of those that there may be, so few that sockets and keys meet. */
#define LANES		3

static uint32_t indexes[INDEXES_MAX];
static unsigned int n_indexes;
static uint64_t state;
static int sockets[2];

static uint32_t rnd(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

/* Values at the edges are more telling than any others. */
static uint64_t rnd_value(void)
{
	static const uint64_t edges[] = { 0, 1, 2, 3, 0x7f, 0xff, 0x100, 86400,
		86401, 0x7fffffff, 0xffffffff, 0x100000000ULL, 0x100000005ULL,
		0xffffffffffffULL, 0x1000000000000ULL, UINT64_MAX };

	switch (rnd(4)) {
	case 0:
		return edges[rnd(sizeof(edges) / sizeof(edges[0]))];
	case 1:
		/* A few agents of network 1, so that some exist. */
		return 0x100000000ULL | rnd(8);
	case 2:
		return rnd(8);
	}
	return (uint64_t)rnd(0x7fffffff) << rnd(33);
}

static void put_junk(struct nlmsghdr *nlh, uint16_t type)
{
	uint8_t bytes[300];
	size_t len = rnd(8) ? rnd(40) : rnd(sizeof(bytes)), i;

	for (i = 0; i < len; i++)
		bytes[i] = rnd(256);
	mnl_attr_put(nlh, type | (rnd(16) ? 0 : 0x8000), len, bytes);
}

/* Widths as the interface has them: most requests should come far. */
static void put_scalar(struct nlmsghdr *nlh, uint16_t type, int width)
{
	uint64_t value = rnd_value();

	if (!rnd(12)) {
		put_junk(nlh, type);
		return;
	}
	mnl_attr_put(nlh, type, width, &value);
}

static void put_dev(struct nlmsghdr *nlh)
{
	if (rnd(4) == 0)
		put_scalar(nlh, PILOT_A_DEV_ADDRESS, 8);
	if (rnd(2))
		nl_put_s32(nlh, PILOT_A_DEV_SOCKET4_FD,
			   rnd(3) ? sockets[0] : (int)rnd(20) - 2);
	if (rnd(2))
		nl_put_s32(nlh, PILOT_A_DEV_SOCKET6_FD,
			   rnd(3) ? sockets[1] : (int)rnd(20) - 2);
	if (rnd(2))
		mnl_attr_put_u8(nlh, PILOT_A_DEV_LANE,
				rnd(8) ? rnd(LANES) : rnd(256));
	if (!rnd(6))
		put_junk(nlh, rnd(PILOT_A_DEV_MAX + 4));
}

static void put_endpoint(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PILOT_A_PEER_ENDPOINT);
	uint32_t ip4 = htonl(rnd(4) ? 0x7f000001 : rnd(0x7fffffff));
	struct in6_addr ip6 = in6addr_loopback;

	if (rnd(3))
		mnl_attr_put_u8(nlh, PILOT_A_ENDPOINT_KIND,
				rnd(8) ? rnd(3) : rnd(256));
	if (rnd(2))
		mnl_attr_put_u32(nlh, PILOT_A_ENDPOINT_ID,
				 rnd(2) ? 0x3fff + rnd(0x1002) : rnd_value());
	if (rnd(2))
		mnl_attr_put(nlh, PILOT_A_ENDPOINT_REMOTE_IP4, 4, &ip4);
	else
		mnl_attr_put(nlh, PILOT_A_ENDPOINT_REMOTE_IP6, 16, &ip6);
	if (rnd(12))
		mnl_attr_put_u16(nlh, PILOT_A_ENDPOINT_REMOTE_PORT,
				 htons(rnd(65536)));
	if (!rnd(8))
		put_scalar(nlh, PILOT_A_ENDPOINT_SCOPE_ID, 4);
	if (!rnd(8))
		put_junk(nlh, rnd(PILOT_A_ENDPOINT_MAX + 4));
	mnl_attr_nest_end(nlh, nest);
}

static void put_peer(struct nlmsghdr *nlh)
{
	uint16_t type;

	if (rnd(12))
		mnl_attr_put_u64(nlh, PILOT_A_PEER_ADDRESS,
				 rnd(6) ? 0x100000000ULL | (4 + rnd(6)) :
					  rnd_value());
	if (rnd(2))
		put_endpoint(nlh);
	for (type = PILOT_A_PEER_FLAGS; type <= PILOT_A_PEER_RX_PACKET_RATE;
	     type++)
		if (!rnd(4))
			put_scalar(nlh, type, 4);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_PEER_RX_BYTE_RATE, 8);
	if (!rnd(8))
		put_junk(nlh, rnd(PILOT_A_PEER_MAX + 4));
}

static void put_key(struct nlmsghdr *nlh)
{
	uint8_t lane = rnd(10) ? rnd(LANES) : rnd(256);
	uint8_t key[PILOT_KEY_LEN];

	memset(key, rnd(256), sizeof(key));
	mnl_attr_put_u8(nlh, PILOT_A_KEY_LANE, lane);
	if (lane ? rnd(8) : !rnd(8))
		mnl_attr_put_u16(nlh, PILOT_A_KEY_PORT, htons(rnd(65536)));
	mnl_attr_put_u32(nlh, PILOT_A_KEY_EPOCH, rnd(6));
	mnl_attr_put_u8(nlh, PILOT_A_KEY_SLOT, rnd(10) ? rnd(2) : rnd(256));
	mnl_attr_put_u8(nlh, PILOT_A_KEY_CIPHER, rnd(10) ? 1 + rnd(2) : rnd(256));
	mnl_attr_put_u32(nlh, PILOT_A_KEY_RX_INDEX, rnd(10));
	mnl_attr_put_u32(nlh, PILOT_A_KEY_TX_INDEX, rnd(10));
	mnl_attr_put(nlh, PILOT_A_KEY_RX_KEY, rnd(16) ? 32 : rnd(33), key);
	mnl_attr_put(nlh, PILOT_A_KEY_TX_KEY, rnd(16) ? 32 : rnd(33), key);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_KEY_SOFT_PACKETS, 8);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_KEY_HARD_PACKETS, 8);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_KEY_SOFT_AGE, 4);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_KEY_HARD_AGE, 4);
	if (!rnd(8))
		put_junk(nlh, rnd(PILOT_A_KEY_MAX + 4));
}

/* Only answers carry one: each attribute of it is to be refused. */
static void put_event(struct nlmsghdr *nlh)
{
	static const int widths[] = { 1, 2, 4, 8 };
	uint16_t type;

	for (type = 1; type <= PILOT_A_EVENT_MAX; type++)
		if (rnd(2))
			put_scalar(nlh, type, widths[rnd(4)]);
	if (!rnd(4))
		put_junk(nlh, rnd(PILOT_A_EVENT_MAX + 4));
}

static void put_relay(struct nlmsghdr *nlh)
{
	uint16_t type;

	if (rnd(20))
		mnl_attr_put_u32(nlh, PILOT_A_RELAY_ID, rnd(10));
	for (type = PILOT_A_RELAY_FROM; type <= PILOT_A_RELAY_TO; type++)
		if (rnd(20))
			mnl_attr_put_u64(nlh, type, rnd(6) ?
					 0x100000000ULL | (4 + rnd(6)) :
					 rnd_value());
	if (rnd(20))
		mnl_attr_put_u32(nlh, PILOT_A_RELAY_NEXT_ID, rnd(10));
	if (rnd(20))
		mnl_attr_put_u32(nlh, PILOT_A_RELAY_SECONDS,
				 rnd(4) ? 1 + rnd(100) : rnd_value());
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_RELAY_FLAGS, 4);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_RELAY_PACKET_RATE, 4);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_RELAY_BYTE_RATE, 8);
	if (!rnd(4))
		put_scalar(nlh, PILOT_A_RELAY_BYTES, 8);
	if (!rnd(8))
		put_junk(nlh, rnd(PILOT_A_RELAY_MAX + 4));
}

static void put_nest(struct nlmsghdr *nlh, uint16_t type,
		     void (*put)(struct nlmsghdr *nlh))
{
	struct nlattr *nest;

	if (!rnd(20)) {
		put_junk(nlh, type);
		return;
	}
	nest = mnl_attr_nest_start(nlh, type);
	put(nlh);
	mnl_attr_nest_end(nlh, nest);
}

static void request_fill(struct nlmsghdr *nlh, uint8_t cmd)
{
	if (rnd(30))
		mnl_attr_put_u32(nlh, PILOT_A_IFINDEX,
				 rnd(20) ? indexes[rnd(n_indexes)] : rnd(64));
	if (cmd == PILOT_CMD_DEV_SET || !rnd(10))
		put_nest(nlh, PILOT_A_DEV, put_dev);
	if ((cmd >= PILOT_CMD_PEER_NEW && rnd(20)) || !rnd(10))
		put_nest(nlh, PILOT_A_PEER, put_peer);
	if ((cmd >= PILOT_CMD_KEY_NEW && rnd(20)) || !rnd(10))
		put_nest(nlh, PILOT_A_KEY, put_key);
	if ((cmd >= PILOT_CMD_RELAY_NEW && rnd(20)) || !rnd(10))
		put_nest(nlh, PILOT_A_RELAY, put_relay);
	if (!rnd(30))
		put_nest(nlh, PILOT_A_EVENT, put_event);
	if (!rnd(16))
		put_junk(nlh, rnd(PILOT_A_MAX + 4));
}

/* Cut or scribble after all: the kernel must cope with any bytes. */
static void request_spoil(struct nlmsghdr *nlh)
{
	uint8_t *bytes = (uint8_t *)nlh;
	uint32_t body = nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;

	if (body && !rnd(20))
		nlh->nlmsg_len -= rnd(body);
	while (body && !rnd(3))
		bytes[NLMSG_HDRLEN + GENL_HDRLEN + rnd(body)] ^= 1 << rnd(8);
}

/* A device made with an address of any kind, or of another width. */
static void link_fuzz(struct nl *route)
{
	uint64_t address[2] = { rnd_value(), rnd_value() };
	int ret = rtlink_new(route, "fuzz0", address,
			     rnd(8) ? 8 : rnd(sizeof(address)));

	if (!ret)
		ret = rtlink_del(route, "fuzz0");
	else if (!route->extack[0])
		errx(1, "no text: a device with an address: %s",
		     strerrorname_np(-ret));
	else
		ret = 0;
	if (ret)
		errx(1, "fuzz0 is not deleted: %s", strerrorname_np(-ret));
}

static void setup(int argc, char **argv)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int on = 1, i;

	for (i = 3; i < argc && n_indexes < INDEXES_MAX; i++) {
		indexes[n_indexes] = if_nametoindex(argv[i]);
		if (!indexes[n_indexes++])
			err(2, "%s", argv[i]);
	}
	sockets[0] = socket(AF_INET, SOCK_DGRAM, 0);
	sockets[1] = socket(AF_INET6, SOCK_DGRAM, 0);
	setsockopt(sockets[1], IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(sockets[0], (void *)&in, sizeof(in)) ||
	    bind(sockets[1], (void *)&in6, sizeof(in6)))
		err(2, "sockets");
}

int main(int argc, char **argv)
{
	unsigned long accepted = 0, refused = 0, silent = 0, n, i;
	struct timeval patience = { .tv_sec = 30 };
	static char buf[NL_ROOM];
	struct nlmsghdr *nlh;
	struct nl nl, route;
	uint8_t cmd;
	int ret;

	if (argc < 4)
		errx(2, "pilot_fuzz ITERATIONS SEED DEVICE...");
	n = text_number(argv[1]);
	state = text_number(argv[2]);
	setup(argc, argv);
	ret = nl_open(&nl);
	if (ret)
		errx(2, "the pilot family: %s", strerror(-ret));
	if (nl_open_bus(&route, NETLINK_ROUTE))
		err(2, "rtnetlink");
	setsockopt(mnl_socket_get_fd(nl.sock), SOL_SOCKET, SO_RCVTIMEO,
		   &patience, sizeof(patience));
	for (i = 0; i < n; i++) {
		if (!rnd(50))
			link_fuzz(&route);
		cmd = rnd(40) ? 1 + rnd(PILOT_CMD_MAX) : rnd(256);
		nlh = nl_request(&nl, buf, cmd, rnd(12) ? 0 : NLM_F_DUMP);
		if (cmd == PILOT_CMD_RELAY_NEW && rnd(2))
			nlh->nlmsg_flags |= NLM_F_REPLACE;
		request_fill(nlh, cmd);
		request_spoil(nlh);
		ret = nl_talk(&nl, nlh, NULL, NULL);
		if (ret == -EAGAIN)
			errx(1, "request %lu was not answered", i);
		if (!ret) {
			accepted++;
			continue;
		}
		refused++;
		/* Not ours to explain: unknown commands, no memory. */
		if (!nl.extack[0] && ret != -EOPNOTSUPP && ret != -ENOMEM &&
		    ret != -EINTR) {
			silent++;
			if (silent <= 5)
				printf("# no text: command %u %s\n", cmd,
				       strerrorname_np(-ret));
		}
	}
	printf("accepted %lu refused %lu silent %lu\n", accepted, refused,
	       silent);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_RTNL_H
#define PILOT_LINK_RTNL_H

#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "genl.h"

#define RTNL_KIND_LEN	16
#define RTNL_IN6_MAX	8	/* more addresses of a link are not shown */

struct rtnl_in6 {
	struct in6_addr address;
	uint8_t prefix;
	uint8_t scope;
};

/* What the kernel tells of any device. */
struct rtnl_link {
	uint32_t ifindex;
	uint32_t flags;
	uint32_t mtu;
	uint8_t operstate;
	bool has_stats;
	char ifname[IFNAMSIZ];
	char kind[RTNL_KIND_LEN];
	struct rtnl_link_stats64 stats;
	struct rtnl_in6 in6[RTNL_IN6_MAX];
	unsigned int in6_count;
};

/* Flags that only <linux/if.h> names, which <net/if.h> excludes. */
#define RTNL_LOWER_UP	(1U << 16)
#define RTNL_DORMANT	(1U << 17)

struct rtnl_flag {
	uint32_t flag;
	const char *name;
};

extern const struct rtnl_flag rtnl_flags[];

struct rtnl_table {
	struct rtnl_link *links;
	size_t count;
	size_t room;
};

int rtnl_open(struct genl *rtnl);
int rtnl_link_parse(const struct nlmsghdr *message, struct rtnl_link *link);
int rtnl_load(struct genl *rtnl, struct rtnl_table *table);
void rtnl_free(struct rtnl_table *table);
struct rtnl_link *rtnl_find(const struct rtnl_table *table, uint32_t ifindex);
int rtnl_get(struct genl *rtnl, const char *ifname, struct rtnl_link *link);
int rtnl_delete(struct genl *rtnl, uint32_t ifindex);
const char *rtnl_operstate(uint8_t operstate);

#endif /* PILOT_LINK_RTNL_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a peer is reached: immutable objects, replaced whole under RCU.
 */
#ifndef PILOT_ENDPOINT_H
#define PILOT_ENDPOINT_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/pilot.h>
#include <linux/rcupdate.h>
#include <net/dst_cache.h>

struct sk_buff;
struct sock;
struct net_device;

/**
 * struct pilot_path - the way of a datagram: outer addresses and carrier
 * @kind: directly, or by whom
 * @id: relay id or channel, 0 when direct
 * @family: AF_INET or AF_INET6
 * @port: remote port
 * @scope: interface index of a link-local IPv6 remote, else 0
 * @remote4: remote IPv4 address
 * @local4: our IPv4 address, 0 = whatever routing says
 * @remote6: remote IPv6 address
 * @local6: our IPv6 address, unspecified = whatever routing says
 */
struct pilot_path {
	enum pilot_endpoint_kind kind;
	u32 id;
	sa_family_t family;
	__be16 port;
	u32 scope;
	union {
		struct {
			__be32 remote4;
			__be32 local4;
		};
		struct {
			struct in6_addr remote6;
			struct in6_addr local6;
		};
	};
};

/**
 * struct pilot_endpoint - a path with its route cache
 * @path: immutable
 * @local_stale: the local address is no longer ours; set once, read racily
 * @mark: SO_MARK the route cache was filled under
 * @oif: SO_BINDTODEVICE it was filled under
 * @cache: routes, per CPU; without memory before something was sent
 * @rcu: for freeing
 */
struct pilot_endpoint {
	struct pilot_path path;
	bool local_stale;
	u32 mark;
	int oif;
	struct dst_cache cache;
	struct rcu_head rcu;
};

void pilot_path_from_skb(struct pilot_path *path, const struct sk_buff *skb);
bool pilot_path_same_remote(const struct pilot_path *a,
			    const struct pilot_path *b);
bool pilot_path_same_host(const struct pilot_path *a,
			  const struct pilot_path *b);
bool pilot_path_same(const struct pilot_path *a, const struct pilot_path *b);

struct pilot_endpoint *pilot_endpoint_new(const struct pilot_path *path,
					  gfp_t gfp);
void pilot_endpoint_free(struct pilot_endpoint *endpoint);
void pilot_endpoint_routes_forget(struct pilot_endpoint *endpoint);
int pilot_endpoint_send(struct pilot_endpoint *endpoint, struct sock *sk,
			struct sk_buff *skb, const struct net_device *dev,
			u8 ds, u8 hops);

/* Does an endpoint, NULL for unknown, lead to the peer by a third party? */
static inline bool pilot_endpoint_is_carried(const struct pilot_endpoint *endpoint)
{
	return endpoint && endpoint->path.kind != PILOT_ENDPOINT_DIRECT;
}

#endif /* PILOT_ENDPOINT_H */

// SPDX-License-Identifier: GPL-2.0

#include "endpoint.h"

#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#include "compat.h"

/**
 * pilot_path_from_skb - the path a received datagram came by, directly
 * @path: filled
 * @skb: datagram with network and transport headers set
 */
void pilot_path_from_skb(struct pilot_path *path, const struct sk_buff *skb)
{
	memset(path, 0, sizeof(*path));
	path->port = udp_hdr(skb)->source;
	if (ip_hdr(skb)->version == 4) {
		path->family = AF_INET;
		path->remote4 = ip_hdr(skb)->saddr;
		path->local4 = ip_hdr(skb)->daddr;
		return;
	}
	path->family = AF_INET6;
	path->remote6 = ipv6_hdr(skb)->saddr;
	path->local6 = ipv6_hdr(skb)->daddr;
	path->scope = ipv6_iface_scope_id(&path->remote6, skb->skb_iif);
}

/* Is it the same remote address, whatever the port? */
bool pilot_path_same_host(const struct pilot_path *a,
			  const struct pilot_path *b)
{
	if (a->family != b->family || a->scope != b->scope)
		return false;
	return a->family == AF_INET ? a->remote4 == b->remote4 :
				      ipv6_addr_equal(&a->remote6, &b->remote6);
}

/* Does the same remote end use it in the same way? */
bool pilot_path_same_remote(const struct pilot_path *a,
			    const struct pilot_path *b)
{
	return a->port == b->port && a->kind == b->kind && a->id == b->id &&
	       pilot_path_same_host(a, b);
}

bool pilot_path_same(const struct pilot_path *a, const struct pilot_path *b)
{
	if (!pilot_path_same_remote(a, b))
		return false;
	return a->family == AF_INET ? a->local4 == b->local4 :
				      ipv6_addr_equal(&a->local6, &b->local6);
}

struct pilot_endpoint *pilot_endpoint_new(const struct pilot_path *path,
					  gfp_t gfp)
{
	struct pilot_endpoint *endpoint = kzalloc(sizeof(*endpoint), gfp);

	if (!endpoint)
		return NULL;
	dst_cache_reset(&endpoint->cache);
	endpoint->path = *path;
	return endpoint;
}

/*
 * The cache takes its per-CPU memory when the first datagram goes: most
 * peers of a large network are never spoken to. Without memory every datagram
 * is looked up.
 */
static void endpoint_cache_ready(struct pilot_endpoint *endpoint)
{
	struct dst_cache fresh;

	if (likely(READ_ONCE(endpoint->cache.cache)) ||
	    dst_cache_init(&fresh, GFP_NOWAIT | __GFP_NOWARN))
		return;
	if (cmpxchg(&endpoint->cache.cache, NULL, fresh.cache))
		dst_cache_destroy(&fresh);
}

/**
 * pilot_endpoint_routes_forget - drop the routes that are cached
 * @endpoint: an endpoint that nobody sends to any more
 */
void pilot_endpoint_routes_forget(struct pilot_endpoint *endpoint)
{
	dst_cache_reset_now(&endpoint->cache);
}

static void endpoint_free_rcu(struct rcu_head *rcu)
{
	struct pilot_endpoint *endpoint =
		container_of(rcu, struct pilot_endpoint, rcu);

	dst_cache_destroy(&endpoint->cache);
	kfree(endpoint);
}

/* Free @endpoint, NULL allowed, when its last RCU reader is done. */
void pilot_endpoint_free(struct pilot_endpoint *endpoint)
{
	if (endpoint)
		call_rcu(&endpoint->rcu, endpoint_free_rcu);
}

/*
 * A route into another device of our kind would encrypt what is encrypted
 * already, and into our own for ever.
 */
static bool route_loops(const struct dst_entry *dst,
			const struct net_device *dev)
{
	return dst->dev->netdev_ops == dev->netdev_ops;
}

static struct rtable *route4(struct pilot_endpoint *endpoint, struct sock *sk,
			     struct flowi4 *fl)
{
	struct net *net = sock_net(sk);
	struct rtable *rt;

	rt = dst_cache_get_ip4(&endpoint->cache, &fl->saddr);
	if (rt)
		return rt;

	fl->saddr = inet_sk(sk)->inet_saddr;
	if (!fl->saddr && !READ_ONCE(endpoint->local_stale))
		fl->saddr = endpoint->path.local4;
	if (fl->saddr && unlikely(!inet_confirm_addr(net, NULL, 0, fl->saddr,
						     RT_SCOPE_HOST))) {
		WRITE_ONCE(endpoint->local_stale, true);
		fl->saddr = 0;
	}
	rt = ip_route_output_flow(net, fl, sk);
	if (IS_ERR(rt) && fl->saddr) {
		WRITE_ONCE(endpoint->local_stale, true);
		fl->saddr = 0;
		rt = ip_route_output_flow(net, fl, sk);
	}
	if (!IS_ERR(rt))
		dst_cache_set_ip4(&endpoint->cache, &rt->dst, fl->saddr);
	return rt;
}

/* @most limits what the route says, unless it is 0. */
static u8 send_hops(unsigned int route, u8 most)
{
	return most && most < route ? most : route;
}

static int send4(struct pilot_endpoint *endpoint, struct sock *sk,
		 struct sk_buff *skb, const struct net_device *dev, u8 ds,
		 u8 hops)
{
	struct flowi4 fl = {
		.daddr = endpoint->path.remote4,
		.fl4_sport = inet_sk(sk)->inet_sport,
		.fl4_dport = endpoint->path.port,
		.flowi4_mark = READ_ONCE(sk->sk_mark),
		.flowi4_oif = READ_ONCE(sk->sk_bound_dev_if),
		.flowi4_proto = IPPROTO_UDP,
	};
	struct rtable *rt;

	rt = route4(endpoint, sk, &fl);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	if (route_loops(&rt->dst, dev)) {
		ip_rt_put(rt);
		dst_cache_reset(&endpoint->cache);
		return -ELOOP;
	}
	hops = send_hops(ip4_dst_hoplimit(&rt->dst), hops);
	pilot_compat_udp_xmit4(rt, sk, skb, fl.saddr, fl.daddr, ds, hops,
			       fl.fl4_sport, fl.fl4_dport);
	return 0;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *route6(struct pilot_endpoint *endpoint,
				struct sock *sk, struct flowi6 *fl)
{
	struct net *net = sock_net(sk);
	struct dst_entry *dst;

	dst = dst_cache_get_ip6(&endpoint->cache, &fl->saddr);
	if (dst)
		return dst;

	fl->saddr = inet6_sk(sk)->saddr;
	if (ipv6_addr_any(&fl->saddr) && !READ_ONCE(endpoint->local_stale))
		fl->saddr = endpoint->path.local6;
	if (!ipv6_addr_any(&fl->saddr) &&
	    unlikely(!ipv6_chk_addr(net, &fl->saddr, NULL, 0))) {
		WRITE_ONCE(endpoint->local_stale, true);
		fl->saddr = in6addr_any;
	}
	dst = pilot_compat_route6(net, sk, fl);
	if (!IS_ERR(dst))
		dst_cache_set_ip6(&endpoint->cache, dst, &fl->saddr);
	return dst;
}

static int send6(struct pilot_endpoint *endpoint, struct sock *sk,
		 struct sk_buff *skb, const struct net_device *dev, u8 ds,
		 u8 hops)
{
	struct flowi6 fl = {
		.daddr = endpoint->path.remote6,
		.fl6_sport = inet_sk(sk)->inet_sport,
		.fl6_dport = endpoint->path.port,
		.flowi6_mark = READ_ONCE(sk->sk_mark),
		.flowi6_oif = endpoint->path.scope ?:
			      READ_ONCE(sk->sk_bound_dev_if),
		.flowi6_proto = IPPROTO_UDP,
	};
	struct dst_entry *dst;

	if (!ipv6_mod_enabled())
		return -EAFNOSUPPORT;
	dst = route6(endpoint, sk, &fl);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (route_loops(dst, dev)) {
		dst_release(dst);
		dst_cache_reset(&endpoint->cache);
		return -ELOOP;
	}
	hops = send_hops(ip6_dst_hoplimit(dst), hops);
	pilot_compat_udp_xmit6(dst, sk, skb, &fl.saddr, &fl.daddr, ds, hops,
			       fl.fl6_sport, fl.fl6_dport);
	return 0;
}
#else
static int send6(struct pilot_endpoint *endpoint, struct sock *sk,
		 struct sk_buff *skb, const struct net_device *dev, u8 ds,
		 u8 hops)
{
	return -EAFNOSUPPORT;
}
#endif

/**
 * pilot_endpoint_send - hand a finished datagram to IP
 * @endpoint: where to
 * @sk: socket of the endpoint's family
 * @skb: data begins at the UDP payload, the carrier included, headers and
 *	marks reset; consumed on success only
 * @dev: device that sends, to find routing loops
 * @ds: outer DSCP and ECN
 * @hops: most hops it may go, 0 = as many as the route says
 *
 * The datagram may be fragmented on the way out, as WireGuard's may: the
 * inner MTU is what normally keeps it whole.
 *
 * Context: BH disabled, in an RCU read section.
 * Return: 0, -ELOOP when the route leads into a pilot device, or the error of
 * the route look-up.
 */
int pilot_endpoint_send(struct pilot_endpoint *endpoint, struct sock *sk,
			struct sk_buff *skb, const struct net_device *dev,
			u8 ds, u8 hops)
{
	int oif = READ_ONCE(sk->sk_bound_dev_if);
	u32 mark = READ_ONCE(sk->sk_mark);

	if (unlikely(READ_ONCE(endpoint->mark) != mark ||
		     READ_ONCE(endpoint->oif) != oif)) {
		WRITE_ONCE(endpoint->mark, mark);
		WRITE_ONCE(endpoint->oif, oif);
		dst_cache_reset(&endpoint->cache);
	}
	endpoint_cache_ready(endpoint);
	skb->mark = mark;
	if (endpoint->path.family == AF_INET)
		return send4(endpoint, sk, skb, dev, ds, hops);
	return send6(endpoint, sk, skb, dev, ds, hops);
}

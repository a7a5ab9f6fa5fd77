/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels that are supported, 6.1 and later.
 * PILOT_HAVE_* come from compile probes (kernel/probes, run by Kbuild),
 * because stable trees move interfaces back under old version numbers.
 */
#ifndef PILOT_COMPAT_H
#define PILOT_COMPAT_H

#include <linux/timer.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#ifndef CONFIG_64BIT
#error "pilot needs a 64-bit kernel: its counters are read without locks"
#endif

/*
 * Memory per CPU is guarded by BH being off. That is no lock any more on a
 * PREEMPT_RT kernel since 6.18, unless it is configured to be. No header tells
 * one such kernel from the others.
 */
#if KERNEL_VERSION(6, 18, 0) <= LINUX_VERSION_CODE && \
	defined(CONFIG_PREEMPT_RT) && !defined(CONFIG_PREEMPT_RT_NEEDS_BH_LOCK)
#error "pilot needs CONFIG_PREEMPT_RT_NEEDS_BH_LOCK"
#endif

#ifdef PILOT_HAVE_NET_GSO_H
#include <net/gso.h>
#endif

#ifdef PILOT_HAVE_UNALIGNED_LINUX
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifdef PILOT_HAVE_IPV6_STUB
#include <net/ipv6_stubs.h>
#endif

#ifndef PILOT_HAVE_TIMER_CONTAINER_OF
#define timer_container_of(var, timer, field) from_timer(var, timer, field)
#endif

static inline void pilot_compat_udp_xmit4(struct rtable *rt, struct sock *sk,
					  struct sk_buff *skb, __be32 saddr,
					  __be32 daddr, u8 ds, u8 ttl,
					  __be16 sport, __be16 dport)
{
#ifdef PILOT_HAVE_TUNNEL_XMIT_FLAGS
	udp_tunnel_xmit_skb(rt, sk, skb, saddr, daddr, ds, ttl, 0, sport,
			    dport, false, false, 0);
#else
	udp_tunnel_xmit_skb(rt, sk, skb, saddr, daddr, ds, ttl, 0, sport,
			    dport, false, false);
#endif
}

#if IS_ENABLED(CONFIG_IPV6)
static inline void pilot_compat_udp_xmit6(struct dst_entry *dst,
					  struct sock *sk, struct sk_buff *skb,
					  struct in6_addr *saddr,
					  struct in6_addr *daddr, u8 ds,
					  u8 ttl, __be16 sport, __be16 dport)
{
#ifdef PILOT_HAVE_TUNNEL_XMIT_FLAGS
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, saddr, daddr, ds, ttl, 0,
			     sport, dport, false, 0);
#else
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, saddr, daddr, ds, ttl, 0,
			     sport, dport, false);
#endif
}

static inline struct dst_entry *
pilot_compat_route6(struct net *net, struct sock *sk, struct flowi6 *fl)
{
#ifdef PILOT_HAVE_IPV6_STUB
	return ipv6_stub->ipv6_dst_lookup_flow(net, sk, fl, NULL);
#else
	return ip6_dst_lookup_flow(net, sk, fl, NULL);
#endif
}
#endif

static inline void
pilot_compat_tunnel_sock_setup(struct socket *sock,
			       struct udp_tunnel_sock_cfg *cfg)
{
#ifdef PILOT_HAVE_TUNNEL_SOCK_SK
	setup_udp_tunnel_sock(sock_net(sock->sk), sock->sk, cfg);
#else
	setup_udp_tunnel_sock(sock_net(sock->sk), sock, cfg);
#endif
}

static inline void pilot_compat_set_lltx(struct net_device *netdev)
{
#ifdef PILOT_HAVE_LLTX_BIT
	netdev->lltx = true;
#else
	netdev->features |= NETIF_F_LLTX;
#endif
}

static inline struct nlattr **
pilot_compat_dump_attrs(struct netlink_callback *cb)
{
#ifdef PILOT_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* rtnl_link_ops.newlink, whose parameters moved into a struct. */
#ifdef PILOT_HAVE_NEWLINK_PARAMS
#include <net/rtnetlink.h>
#define PILOT_COMPAT_NEWLINK(name)					\
	name(struct net_device *netdev,					\
	     struct rtnl_newlink_params *params,			\
	     struct netlink_ext_ack *extack)
#define PILOT_COMPAT_NEWLINK_DATA	(params->data)
#else
#define PILOT_COMPAT_NEWLINK(name)					\
	name(struct net *src_net, struct net_device *netdev,		\
	     struct nlattr *tb[], struct nlattr *data[],		\
	     struct netlink_ext_ack *extack)
#define PILOT_COMPAT_NEWLINK_DATA	(data)
#endif

#endif /* PILOT_COMPAT_H */

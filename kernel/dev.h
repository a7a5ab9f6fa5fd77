/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of one pilot device: what the datapath, the timers, netlink and
 * the link operations share.
 */
#ifndef PILOT_DEV_H
#define PILOT_DEV_H

#include <linux/mutex.h>
#include <linux/netdevice.h>

#include "cells.h"
#include "counters.h"
#include "peer.h"
#include "relay.h"
#include "socket.h"
#include "waiting.h"

/* Counters of struct rtnl_link_stats64, kept behind those netlink shows. */
enum {
	PILOT_COUNT_RX_PACKETS = PILOT_A_DEV_STATS_MAX + 1,
	PILOT_COUNT_RX_BYTES,
	PILOT_COUNT_TX_PACKETS,
	PILOT_COUNT_TX_BYTES,

	PILOT_COUNTS,
};

/**
 * struct pilot_dev - private part of a pilot net device
 * @netdev: the net device it is part of
 * @lock: guards the configuration: peers, relays, address, @dead; process context;
 *	inside rtnl, outside the lock of the sockets
 * @dead: being deleted, no new peers; under @lock
 * @address: its agent address, 0 = none yet; changes only without peers
 * @in6: the same as IPv6
 * @peers: its peers
 * @relays: its relay entries
 * @link: its sockets by family and lane; RCU, written under the lock of the
 *	sockets
 * @keyed: how many current keys its peers have
 * @waiting: packets to addresses that are no peers
 * @cells: by which what was received goes to the stack
 * @stats: counters
 */
struct pilot_dev {
	struct net_device *netdev;
	struct mutex lock;	/* configuration */
	bool dead;
	u64 address;
	struct in6_addr in6;
	struct pilot_peer_table peers;
	struct pilot_relays relays;
	struct pilot_socket_link link[PILOT_FAMILIES][PILOT_LANES];
	atomic_t keyed;
	struct pilot_waiting waiting;
	struct pilot_cells cells;
	struct pilot_counters stats;
};

static inline void pilot_dev_count(struct pilot_dev *dev, unsigned int i)
{
	pilot_counters_inc(&dev->stats, i);
}

static inline struct pilot_socket *
pilot_dev_socket(const struct pilot_dev *dev, enum pilot_family family,
		 unsigned int lane)
{
	return rcu_dereference(dev->link[family][lane].socket);
}

/*
 * Carrier says whether packets could leave at all. A device that only lacks
 * a key is dormant instead (RFC 2863 section 3.1.12): without carrier it
 * would be handed no packet, and so never ask for the key.
 */
static inline void pilot_dev_carrier_update(struct pilot_dev *dev)
{
	bool socket = rcu_access_pointer(dev->link[PILOT_FAMILY4][0].socket) ||
		      rcu_access_pointer(dev->link[PILOT_FAMILY6][0].socket);

	if (socket && READ_ONCE(dev->address))
		netif_carrier_on(dev->netdev);
	else
		netif_carrier_off(dev->netdev);
}

/* Add @n to the number of current keys. Context: any but hard interrupt. */
static inline void pilot_dev_keyed(struct pilot_dev *dev, int n)
{
	bool keyed;

	if (!n)
		return;
	atomic_add(n, &dev->keyed);
	/* Whoever changes the number last also looks last. */
	do {
		keyed = atomic_read(&dev->keyed) > 0;
		if (keyed)
			netif_dormant_off(dev->netdev);
		else
			netif_dormant_on(dev->netdev);
	} while (keyed != (atomic_read(&dev->keyed) > 0));
}

#endif /* PILOT_DEV_H */

// SPDX-License-Identifier: GPL-2.0

#include "device.h"

#include <linux/if_arp.h>
#include <linux/module.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>

#include "alive.h"
#include "compat.h"
#include "configure.h"
#include "event.h"
#include "recv.h"
#include "segment.h"
#include "wire.h"
#include "xmit.h"

static int device_init(struct net_device *netdev)
{
	struct pilot_dev *dev = netdev_priv(netdev);
	int ret;

	ret = pilot_counters_init(&dev->stats, PILOT_COUNTS);
	if (ret)
		return ret;
	ret = pilot_peer_table_init(&dev->peers);
	if (ret)
		goto err_stats;
	ret = pilot_cells_init(&dev->cells, netdev);
	if (ret)
		goto err_peers;
	pilot_waiting_init(&dev->waiting, pilot_alive_waiting_timer);
	pilot_relays_init(&dev->relays);
	netif_carrier_off(netdev);
	/* Without an event, which would outlive a registration that fails. */
	set_bit(__LINK_STATE_DORMANT, &netdev->state);
	return 0;

err_peers:
	pilot_peer_table_destroy(&dev->peers);
err_stats:
	pilot_counters_free(&dev->stats);
	return ret;
}

/* The core has stopped transmission; what may still come in ends here. */
static void device_uninit(struct net_device *netdev)
{
	struct pilot_dev *dev = netdev_priv(netdev);

	pilot_device_clear(dev);
	pilot_relays_stop(&dev->relays);
	pilot_waiting_stop(&dev->waiting);
	pilot_cells_stop(&dev->cells);
	pilot_peer_table_destroy(&dev->peers);
	pilot_counters_free(&dev->stats);
}

/* Nobody has been able to find the device for a grace period. */
static void device_free(struct net_device *netdev)
{
	struct pilot_dev *dev = netdev_priv(netdev);

	pilot_cells_free(&dev->cells);
}

static int device_open(struct net_device *netdev)
{
	struct inet6_dev *in6_dev = __in6_dev_get(netdev);

	/* There is no link on which a link-local address could be used. */
	if (in6_dev)
		in6_dev->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	return 0;
}

/* What waits holds routes, which may not outlive the namespace. */
static int device_stop(struct net_device *netdev)
{
	pilot_device_drop_queued(netdev_priv(netdev));
	return 0;
}

static u64 device_sum(const struct pilot_dev *dev, unsigned int first,
		      unsigned int last)
{
	u64 sum = 0;

	for (; first <= last; first++)
		sum += pilot_counters_sum(&dev->stats, first);
	return sum;
}

static void device_get_stats64(struct net_device *netdev,
			       struct rtnl_link_stats64 *stats)
{
	const struct pilot_dev *dev = netdev_priv(netdev);

	stats->rx_packets = pilot_counters_sum(&dev->stats,
					       PILOT_COUNT_RX_PACKETS);
	stats->rx_bytes = pilot_counters_sum(&dev->stats,
					     PILOT_COUNT_RX_BYTES);
	stats->tx_packets = pilot_counters_sum(&dev->stats,
					       PILOT_COUNT_TX_PACKETS);
	stats->tx_bytes = pilot_counters_sum(&dev->stats,
					     PILOT_COUNT_TX_BYTES);
	stats->rx_dropped = device_sum(dev,
				       PILOT_A_DEV_STATS_RX_DROP_REPLAY,
				       PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY);
	stats->tx_dropped = device_sum(dev, PILOT_A_DEV_STATS_TX_DROP_PROTOCOL,
				       PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY);
}

static const struct net_device_ops device_ops = {
	.ndo_init = device_init,
	.ndo_uninit = device_uninit,
	.ndo_open = device_open,
	.ndo_stop = device_stop,
	.ndo_start_xmit = pilot_xmit,
	.ndo_get_stats64 = device_get_stats64,
};

static const struct device_type device_type = { .name = PILOT_LINK_KIND };

static void device_setup(struct net_device *netdev)
{
	const netdev_features_t features = NETIF_F_HW_CSUM | NETIF_F_RXCSUM |
					   NETIF_F_SG | NETIF_F_GSO |
					   NETIF_F_GSO_SOFTWARE |
					   NETIF_F_HIGHDMA;
	struct pilot_dev *dev = netdev_priv(netdev);
	int i, lane;

	netdev->netdev_ops = &device_ops;
	netdev->header_ops = &ip_tunnel_header_ops;
	netdev->needs_free_netdev = true;
	netdev->priv_destructor = device_free;
	netdev->hard_header_len = 0;
	netdev->addr_len = 0;
	netdev->needed_headroom = LL_MAX_HEADER + PILOT_HEADROOM;
	netdev->needed_tailroom = PILOT_TAG_LEN;
	netdev->type = ARPHRD_NONE;
	netdev->flags = IFF_POINTOPOINT | IFF_NOARP;
	netdev->priv_flags |= IFF_NO_QUEUE;
	netdev->features |= features;
	netdev->hw_features |= features;
	netdev->hw_enc_features |= features;
	netdev->mtu = PILOT_MTU_DEFAULT;
	netdev->min_mtu = IPV6_MIN_MTU;
	netdev->max_mtu = PILOT_MTU_MAX;
	netif_set_tso_max_size(netdev, PILOT_SEGMENT_MAX_SIZE);
	netif_set_tso_max_segs(netdev, PILOT_SEGMENT_MAX_SEGS);
	pilot_compat_set_lltx(netdev);
	SET_NETDEV_DEVTYPE(netdev, &device_type);
	/* ICMP errors want to know the route of what they are about. */
	netif_keep_dst(netdev);

	memset(dev, 0, sizeof(*dev));
	dev->netdev = netdev;
	mutex_init(&dev->lock);
	for (i = 0; i < PILOT_FAMILIES; i++)
		for (lane = 0; lane < PILOT_LANES; lane++)
			pilot_socket_link_init(&dev->link[i][lane], dev, lane);
}

static const struct nla_policy device_policy[IFLA_PILOT_MAX + 1] = {
	[IFLA_PILOT_ADDRESS] = { .type = NLA_U64 },
};

static int device_validate(struct nlattr *tb[], struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	if (!tb[IFLA_ADDRESS])
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS],
			    "a pilot device has no link-layer address");
	return -EINVAL;
}

static int PILOT_COMPAT_NEWLINK(device_newlink)
{
	struct nlattr **attrs = PILOT_COMPAT_NEWLINK_DATA;
	struct pilot_dev *dev = netdev_priv(netdev);
	int ret;

	if (attrs && attrs[IFLA_PILOT_ADDRESS]) {
		ret = pilot_device_address_check(nla_get_u64(attrs[IFLA_PILOT_ADDRESS]),
						 extack);
		if (ret)
			return ret;
	}
	ret = register_netdevice(netdev);
	if (ret)
		return ret;
	if (!attrs || !attrs[IFLA_PILOT_ADDRESS])
		return 0;
	mutex_lock(&dev->lock);
	ret = pilot_device_address_set(dev,
				       nla_get_u64(attrs[IFLA_PILOT_ADDRESS]),
				       extack);
	mutex_unlock(&dev->lock);
	if (ret)
		unregister_netdevice(netdev);
	return ret;
}

static size_t device_get_size(const struct net_device *netdev)
{
	return nla_total_size_64bit(sizeof(u64));
}

static int device_fill_info(struct sk_buff *msg,
			    const struct net_device *netdev)
{
	const struct pilot_dev *dev = netdev_priv(netdev);

	return nla_put_u64_64bit(msg, IFLA_PILOT_ADDRESS, dev->address,
				 IFLA_PILOT_UNSPEC);
}

static struct rtnl_link_ops device_link_ops __read_mostly = {
	.kind = PILOT_LINK_KIND,
	.priv_size = sizeof(struct pilot_dev),
	.maxtype = IFLA_PILOT_MAX,
	.policy = device_policy,
	.setup = device_setup,
	.validate = device_validate,
	.newlink = device_newlink,
	.get_size = device_get_size,
	.fill_info = device_fill_info,
};

static const struct pilot_socket_user socket_user = {
	.receive = pilot_receive,
	.gone = pilot_device_socket_gone,
};

int pilot_device_module_init(void)
{
	pilot_socket_module_init(&socket_user);
	return rtnl_link_register(&device_link_ops);
}

void pilot_device_module_exit(void)
{
	rtnl_link_unregister(&device_link_ops);
}

bool pilot_device_is_ours(const struct net_device *netdev)
{
	return netdev->netdev_ops == &device_ops;
}

MODULE_ALIAS_RTNL_LINK(PILOT_LINK_KIND);

// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>

void probe(struct net_device *netdev);
void probe(struct net_device *netdev)
{
	netdev->lltx = true;
}

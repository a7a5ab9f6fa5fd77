/* SPDX-License-Identifier: GPL-2.0 */
/* Transmit: inner packets in, sealed datagrams out. */
#ifndef PILOT_XMIT_H
#define PILOT_XMIT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

struct pilot_peer;

netdev_tx_t pilot_xmit(struct sk_buff *skb, struct net_device *netdev);
u64 pilot_xmit_ask(struct pilot_peer *peer, u64 now);
void pilot_xmit_flush(struct pilot_peer *peer);
void pilot_xmit_keepalive(struct pilot_peer *peer, unsigned int number);
void pilot_xmit_probe(struct pilot_peer *peer, unsigned int number);
void pilot_xmit_touch(struct pilot_peer *peer, unsigned int number);
void pilot_xmit_unanswered(struct net_device *netdev, struct sk_buff *skb);

#endif /* PILOT_XMIT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What netlink shows of devices, peers, keys and relay entries. */
#ifndef PILOT_REPORT_H
#define PILOT_REPORT_H

struct net;
struct pilot_dev;
struct pilot_key;
struct pilot_peer;
struct pilot_relay;
struct sk_buff;

int pilot_report_dev(struct sk_buff *msg, const struct pilot_dev *dev,
		     struct net *net);
int pilot_report_peer(struct sk_buff *msg, struct pilot_peer *peer);
int pilot_report_key(struct sk_buff *msg, int attr, struct pilot_key *key);
int pilot_report_relay(struct sk_buff *msg, struct pilot_relay *relay);

#endif /* PILOT_REPORT_H */

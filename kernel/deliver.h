/* SPDX-License-Identifier: GPL-2.0 */
/* Delivery: authentic plaintexts become inner packets. */
#ifndef PILOT_DELIVER_H
#define PILOT_DELIVER_H

#include <linux/types.h>

struct pilot_dev;
struct pilot_peer;
struct sk_buff;

void pilot_deliver(struct pilot_dev *dev, struct pilot_peer *peer,
		   struct sk_buff *skb, u8 ds, unsigned int n);
void pilot_deliver_alone(struct pilot_dev *dev, struct pilot_peer *peer,
			 struct sk_buff *skb, u8 ds);
void pilot_deliver_drop(struct pilot_dev *dev, struct pilot_peer *peer,
			struct sk_buff *skb, unsigned int reason,
			unsigned int n);

#endif /* PILOT_DELIVER_H */

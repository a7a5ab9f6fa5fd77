/* SPDX-License-Identifier: GPL-2.0 */
/* Outer GRO: data frames of one key become one skb before UDP sees them. */
#ifndef PILOT_GRO_H
#define PILOT_GRO_H

struct list_head;
struct sk_buff;
struct sock;

struct sk_buff *pilot_gro_receive(struct sock *sk, struct list_head *head,
				  struct sk_buff *skb);
int pilot_gro_complete(struct sock *sk, struct sk_buff *skb, int nhoff);

#endif /* PILOT_GRO_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* Receive: datagrams in, inner packets delivered. */
#ifndef PILOT_RECV_H
#define PILOT_RECV_H

struct sk_buff;
struct sock;

int pilot_receive(struct sock *sk, struct sk_buff *skb);

#endif /* PILOT_RECV_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* Forwarding: relay frames go on to another peer, under another id. */
#ifndef PILOT_FORWARD_H
#define PILOT_FORWARD_H

#include <linux/types.h>

struct pilot_relay;
struct pilot_socket;
struct pilot_source;
struct sk_buff;

void pilot_forward(struct pilot_socket *socket, struct pilot_relay *relay,
		   const struct pilot_source *source, struct sk_buff *skb);

#endif /* PILOT_FORWARD_H */

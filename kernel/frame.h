/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Outer datagrams under construction: skbs whose data begins at a frame
 * header or its carrier, with room for every header that goes in front.
 */
#ifndef PILOT_FRAME_H
#define PILOT_FRAME_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "wire.h"

/*
 * Room in front of a frame header for what IP and the link add. A carrier takes
 * its few bytes from the link's share. More would cost each datagram that the
 * core cuts off a batch: it has the same room in front, and what is left of the
 * 192 bytes behind just takes the frame header when GRO pulls it.
 */
#define PILOT_FRAME_HEADROOM \
	(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr))

/* UDP payload that both families can carry in one GSO skb. */
#define PILOT_FRAME_PAYLOAD_MAX \
	(U16_MAX - sizeof(struct iphdr) - sizeof(struct udphdr))

int pilot_frame_module_init(void);
void pilot_frame_module_exit(void);

struct sk_buff *pilot_frame_alloc(unsigned int len);
u8 *pilot_frame_room(struct sk_buff *skb, unsigned int len, bool first);
void pilot_frame_set_gso(struct sk_buff *skb, unsigned int size,
			 unsigned int n);
void pilot_frame_take_owner(struct sk_buff *to, struct sk_buff *from);
void pilot_frame_reset(struct sk_buff *skb);

/* What __skb_header_release() gave away is ours again. */
static inline void pilot_frame_take_header(struct sk_buff *skb)
{
	if (skb->nohdr)
		atomic_sub(1 << SKB_DATAREF_SHIFT, &skb_shinfo(skb)->dataref);
	skb->nohdr = 0;
}

/* Begin a data frame at @at; its counter is written when it is numbered. */
static inline void pilot_frame_begin(void *at, u32 index)
{
	struct pilot_data_header *header = at;

	*(__le32 *)header = cpu_to_le32(PILOT_FRAME_DATA);
	header->index = cpu_to_le32(index);
}

#endif /* PILOT_FRAME_H */

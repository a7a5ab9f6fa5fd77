/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Outer datagrams under construction: skbs whose data begins at a frame
 * header, with room for every header that goes in front.
 */
#ifndef PILOT_FRAME_H
#define PILOT_FRAME_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "wire.h"

/* Room in front of a frame header for what IP and the link add. */
#define PILOT_FRAME_HEADROOM \
	(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr))

struct sk_buff *pilot_frame_alloc(unsigned int len);
void pilot_frame_take_owner(struct sk_buff *to, struct sk_buff *from);
void pilot_frame_reset(struct sk_buff *skb);

/* Begin a data frame at @at; its counter is written when it is numbered. */
static inline void pilot_frame_begin(void *at, u32 index)
{
	struct pilot_data_header *header = at;

	*(__le32 *)header = cpu_to_le32(PILOT_FRAME_DATA);
	header->index = cpu_to_le32(index);
}

#endif /* PILOT_FRAME_H */

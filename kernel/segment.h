/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cutting a large inner packet into records: one inner GSO skb becomes one
 * outer UDP GSO skb, without an skb per segment.
 */
#ifndef PILOT_SEGMENT_H
#define PILOT_SEGMENT_H

#include <linux/tcp.h>

#include "aead.h"
#include "short.h"

struct pilot_path;
struct sk_buff;

/* What the core may hand to a device: see pilot_segment_next(). */
#define PILOT_SEGMENT_MAX_SIZE	62000
#define PILOT_SEGMENT_MAX_SEGS	PILOT_BATCH_MAX

/**
 * struct pilot_segment - a large packet while it is cut
 * @skb: the inner packet, unchanged
 * @offset: where the payload that is left begins
 * @left: how much is left
 * @mss: payload of each record but the last
 * @hlen: length of the headers in each record's plaintext
 * @tcp: TCP, else UDP
 * @seq: TCP sequence number of what is left
 * @check: partial checksum of a full segment
 * @pseudo: sum over both addresses and the protocol
 * @header: headers of the first record
 */
struct pilot_segment {
	struct sk_buff *skb;
	unsigned int offset;
	unsigned int left;
	unsigned int mss;
	unsigned int hlen;
	bool tcp;
	u32 seq;
	__sum16 check;
	__wsum pseudo;
	u8 header[sizeof(struct pilot_short_header) + 60] __aligned(8);
};

bool pilot_segment_start(struct pilot_segment *segment, struct sk_buff *skb);
struct sk_buff *pilot_segment_next(struct pilot_segment *segment,
				   const struct pilot_path *path, u32 index,
				   struct pilot_record *record,
				   unsigned int *n);

#endif /* PILOT_SEGMENT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Carriers: what stands between UDP and a frame that does not go directly, a
 * relay header or a TURN channel's. One frame has at most one.
 */
#ifndef PILOT_CARRIER_H
#define PILOT_CARRIER_H

#include <linux/pilot.h>
#include <linux/string.h>

#include "endpoint.h"
#include "wire.h"

/**
 * struct pilot_carrier - the carrier of a received frame
 * @kind: direct has none
 * @id: relay id or channel
 * @len: its length
 * @frame: length of the frame behind it
 */
struct pilot_carrier {
	enum pilot_endpoint_kind kind;
	u32 id;
	unsigned int len;
	unsigned int frame;
};

/* What carrier a datagram has, by its first byte. */
static inline enum pilot_endpoint_kind pilot_carrier_kind(u8 type)
{
	if (type == PILOT_FRAME_RELAY)
		return PILOT_ENDPOINT_RELAY;
	if (type >= PILOT_FRAME_CHANNEL_FIRST &&
	    type <= PILOT_FRAME_CHANNEL_LAST)
		return PILOT_ENDPOINT_TURN;
	return PILOT_ENDPOINT_DIRECT;
}

static inline unsigned int pilot_carrier_len(enum pilot_endpoint_kind kind)
{
	if (likely(kind == PILOT_ENDPOINT_DIRECT))
		return 0;
	return kind == PILOT_ENDPOINT_RELAY ?
		       sizeof(struct pilot_relay_header) :
		       sizeof(struct pilot_channel_header);
}

/**
 * pilot_carrier_parse - read a carrier
 * @carrier: filled in
 * @kind: what the datagram's first byte says
 * @at: the datagram's payload, linear as far as the carrier goes
 * @len: length of the payload
 *
 * Return: false when it breaks the format, or when there is no frame in it.
 */
static inline bool pilot_carrier_parse(struct pilot_carrier *carrier,
				       enum pilot_endpoint_kind kind,
				       const void *at, unsigned int len)
{
	const struct pilot_channel_header *channel = at;
	const struct pilot_relay_header *relay = at;
	unsigned int front = pilot_carrier_len(kind);

	carrier->kind = kind;
	carrier->id = 0;
	carrier->len = front;
	carrier->frame = len - front;
	if (likely(kind == PILOT_ENDPOINT_DIRECT))
		return true;
	if (len <= front || pilot_carrier_kind(*(const u8 *)at) != kind)
		return false;
	if (kind == PILOT_ENDPOINT_RELAY) {
		carrier->id = le32_to_cpu(relay->id);
		return *(const __le32 *)at == cpu_to_le32(PILOT_FRAME_RELAY);
	}
	carrier->id = be16_to_cpu(channel->channel);
	carrier->frame = be16_to_cpu(channel->len);
	return carrier->frame && carrier->frame <= len - front &&
	       len - front - carrier->frame <= PILOT_CHANNEL_PAD_MAX;
}

/**
 * pilot_carrier_write - write the carrier of a frame
 * @at: where to, pilot_carrier_len() bytes
 * @path: where the frame goes, not directly
 * @frame: length of the frame
 */
static inline void pilot_carrier_write(void *at, const struct pilot_path *path,
				       unsigned int frame)
{
	struct pilot_channel_header *channel = at;
	struct pilot_relay_header *relay = at;

	if (path->kind == PILOT_ENDPOINT_RELAY) {
		*(__le32 *)at = cpu_to_le32(PILOT_FRAME_RELAY);
		relay->id = cpu_to_le32(path->id);
		return;
	}
	channel->channel = cpu_to_be16(path->id);
	channel->len = cpu_to_be16(frame);
}

#endif /* PILOT_CARRIER_H */

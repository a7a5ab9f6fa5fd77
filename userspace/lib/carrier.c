// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "carrier.h"

#define CARRIER_FRAME_MAX	(UINT16_MAX - CARRIER_HEADER_MAX)

static void carrier_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static uint16_t carrier_get_be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

int carrier_write(const struct endpoint *dst, size_t len,
		  uint8_t header[static CARRIER_HEADER_MAX])
{
	if (endpoint_is_direct(dst))
		return 0;
	if (endpoint_check(dst))
		return -EINVAL;
	if (!len || len > CARRIER_FRAME_MAX)
		return -EMSGSIZE;
	if (dst->kind == ENDPOINT_TURN) {
		carrier_put_be16(header, dst->id);
		carrier_put_be16(header + WIRE_CHANNEL_LEN, len);
		return WIRE_CHANNEL_HEADER;
	}
	memset(header, 0, WIRE_RELAY_ID);
	header[0] = WIRE_TYPE_RELAY;
	wire_put32(header + WIRE_RELAY_ID, dst->id);
	return WIRE_RELAY_HEADER;
}

static int carrier_relay_parse(const uint8_t *bytes, size_t len, uint32_t *id)
{
	if (len < WIRE_RELAY_HEADER || bytes[1] || bytes[2] || bytes[3])
		return -EBADMSG;
	*id = wire_get32(bytes + WIRE_RELAY_ID);
	return *id ? WIRE_RELAY_HEADER : -EBADMSG;
}

/* Over UDP no padding is needed, and up to three bytes of it may come. */
static int carrier_channel_parse(const uint8_t *bytes, size_t *len,
				 uint32_t *id)
{
	size_t frame;

	if (*len < WIRE_CHANNEL_HEADER)
		return -EBADMSG;
	frame = carrier_get_be16(bytes + WIRE_CHANNEL_LEN);
	if (frame > *len - WIRE_CHANNEL_HEADER ||
	    *len - WIRE_CHANNEL_HEADER - frame > WIRE_CHANNEL_PADDING)
		return -EBADMSG;
	*id = carrier_get_be16(bytes);
	*len = WIRE_CHANNEL_HEADER + frame;
	return WIRE_CHANNEL_HEADER;
}

int carrier_parse(struct endpoint *src, const uint8_t **bytes, size_t *len)
{
	const uint8_t *p = *bytes;
	size_t end = *len;
	uint8_t kind;
	uint32_t id;
	int ret;

	if (end && p[0] == WIRE_TYPE_RELAY) {
		kind = ENDPOINT_RELAY;
		ret = carrier_relay_parse(p, end, &id);
	} else if (end && p[0] >= WIRE_CHANNEL_FIRST &&
		   p[0] <= WIRE_CHANNEL_LAST) {
		kind = ENDPOINT_TURN;
		ret = carrier_channel_parse(p, &end, &id);
	} else {
		return 0;
	}
	if (ret < 0 || (size_t)ret == end || !wire_is_frame(p[ret]))
		return -EBADMSG;
	src->kind = kind;
	src->id = id;
	*bytes = p + ret;
	*len = end - ret;
	return 0;
}

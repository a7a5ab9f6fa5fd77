// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "wire.h"

/* Type and reserved bytes; every frame here begins so. */
static int wire_head_check(const uint8_t *frame, size_t len, uint8_t type,
			   size_t min, size_t max)
{
	if (len < min || len > max || frame[0] != type || frame[1] ||
	    frame[2] || frame[3])
		return -EBADMSG;
	return 0;
}

static void wire_head_put(uint8_t *frame, uint8_t type, uint32_t index)
{
	frame[0] = type;
	memset(frame + 1, 0, 3);
	wire_put32(frame + 4, index);
}

int wire_init_parse(const uint8_t *frame, size_t len, struct wire_init *init)
{
	if (wire_head_check(frame, len, WIRE_TYPE_INIT, WIRE_INIT_MIN,
			    WIRE_FRAME_MAX))
		return -EBADMSG;
	init->sender = wire_get32(frame + 4);
	init->hint = wire_get64(frame + WIRE_INIT_HINT);
	init->mac1 = frame + WIRE_INIT_MAC1;
	init->mac2 = frame + WIRE_INIT_MAC2;
	init->noise = frame + WIRE_INIT_NOISE;
	init->noise_len = len - WIRE_INIT_NOISE;
	return 0;
}

int wire_resp_parse(const uint8_t *frame, size_t len, struct wire_resp *resp)
{
	if (wire_head_check(frame, len, WIRE_TYPE_RESP, WIRE_RESP_MIN,
			    WIRE_FRAME_MAX))
		return -EBADMSG;
	if (wire_get32(frame + 12))
		return -EBADMSG;
	resp->sender = wire_get32(frame + 4);
	resp->receiver = wire_get32(frame + WIRE_RESP_RECEIVER);
	resp->mac1 = frame + WIRE_RESP_MAC1;
	resp->noise = frame + WIRE_RESP_NOISE;
	resp->noise_len = len - WIRE_RESP_NOISE;
	return 0;
}

int wire_cookie_parse(const uint8_t *frame, size_t len,
		      struct wire_cookie *cookie)
{
	if (wire_head_check(frame, len, WIRE_TYPE_COOKIE, WIRE_COOKIE_SIZE,
			    WIRE_COOKIE_SIZE))
		return -EBADMSG;
	cookie->receiver = wire_get32(frame + 4);
	cookie->nonce = frame + WIRE_COOKIE_NONCE;
	cookie->sealed = frame + WIRE_COOKIE_SEALED;
	return 0;
}

int wire_control_parse(const uint8_t *frame, size_t len,
		       struct wire_control *control)
{
	if (wire_head_check(frame, len, WIRE_TYPE_CONTROL, WIRE_CONTROL_MIN,
			    WIRE_FRAME_MAX))
		return -EBADMSG;
	control->receiver = wire_get32(frame + 4);
	control->counter = wire_get64(frame + WIRE_CONTROL_COUNTER);
	control->sealed = frame + WIRE_CONTROL_SEALED;
	control->sealed_len = len - WIRE_CONTROL_SEALED;
	return 0;
}

void wire_init_begin(uint8_t *frame, uint32_t sender, uint64_t hint)
{
	wire_head_put(frame, WIRE_TYPE_INIT, sender);
	wire_put64(frame + WIRE_INIT_HINT, hint);
	memset(frame + WIRE_INIT_MAC1, 0, 2 * WIRE_MAC_LEN);
}

void wire_resp_begin(uint8_t *frame, uint32_t sender, uint32_t receiver)
{
	wire_head_put(frame, WIRE_TYPE_RESP, sender);
	wire_put32(frame + WIRE_RESP_RECEIVER, receiver);
	wire_put32(frame + 12, 0);
	memset(frame + WIRE_RESP_MAC1, 0, WIRE_MAC_LEN);
}

void wire_cookie_begin(uint8_t *frame, uint32_t receiver)
{
	wire_head_put(frame, WIRE_TYPE_COOKIE, receiver);
}

void wire_control_begin(uint8_t *frame, uint32_t receiver, uint64_t counter)
{
	wire_head_put(frame, WIRE_TYPE_CONTROL, receiver);
	wire_put64(frame + WIRE_CONTROL_COUNTER, counter);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "control_content.h"

/* What is read as a pong means the same when it is written again. */
static void round_trip(uint64_t token, const struct endpoint *observed)
{
	uint8_t again[CONTROL_PONG_MAX];
	struct control_content content;
	struct endpoint ep;
	uint64_t back;
	size_t len;

	if (endpoint_check(observed))
		__builtin_trap();
	len = control_pong_write(again, token, observed);
	if (len > CONTROL_PING_LEN ||
	    control_content_parse(again, len, &content) ||
	    control_pong_read(&content, &back, &ep) || back != token ||
	    !endpoint_equal(&ep, observed))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_content content;
	struct endpoint observed;
	uint64_t token, same;

	if (control_content_parse(data, size, &content))
		return 0;
	if (content.tlvs + content.len != data + size)
		__builtin_trap();
	if (control_pong_read(&content, &token, &observed))
		return control_ping_read(&content, &token) & 0;
	/* A pong says all that a ping does, and may say more. */
	if (control_ping_read(&content, &same) || same != token)
		__builtin_trap();
	if (endpoint_is_set(&observed))
		round_trip(token, &observed);
	return 0;
}

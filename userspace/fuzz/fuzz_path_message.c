// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "addr.h"
#include "path_message.h"

/* The first byte is the type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct path_message message, again;
	uint8_t buf[PATH_MESSAGE_MAX];
	int len;

	if (!size || path_message_read(data[0], data + 1, size - 1, &message))
		return 0;
	for (int i = 0; i < message.count; i++)
		if (endpoint_check(&message.candidate[i].endpoint) ||
		    !endpoint_is_direct(&message.candidate[i].endpoint))
			__builtin_trap();
	/* What is read means the same when it is written again. */
	len = path_message_write(&message, buf);
	if (len < 0 || len > PATH_MESSAGE_MAX ||
	    path_message_read(data[0], buf, len, &again) ||
	    again.count != message.count || again.peer != message.peer ||
	    again.relay != message.relay || again.flags != message.flags ||
	    again.lifetime != message.lifetime ||
	    again.packet_rate != message.packet_rate ||
	    again.byte_rate != message.byte_rate ||
	    again.reason != message.reason || again.round != message.round ||
	    again.generation != message.generation ||
	    memcmp(again.cost, message.cost, sizeof(again.cost)))
		__builtin_trap();
	for (int i = 0; i < message.count; i++)
		if (again.candidate[i].kind != message.candidate[i].kind ||
		    !endpoint_equal(&again.candidate[i].endpoint,
				    &message.candidate[i].endpoint))
			__builtin_trap();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "bridge_message.h"

/* Datagrams of the bridge: what is taken sends nobody anywhere but there. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bridge_message message;
	char text[ENDPOINT_TEXT_LEN];

	if (size > sizeof(message))
		return 0;
	memset(&message, 0, sizeof(message));
	memcpy(&message, data, size);
	if (!bridge_message_check(&message, size, false) &&
	    message.type >= BRIDGE_FIRST_REPORT)
		__builtin_trap();
	/* Zeros fill what the input leaves out. */
	size = sizeof(message.type) + sizeof(message.state);
	if (bridge_message_check(&message, size, true))
		return 0;
	endpoint_format(&message.state.server, text);
	if (message.type != BRIDGE_STATE ||
	    !endpoint_is_loopback(&message.state.local) ||
	    strlen(message.state.text) >= BRIDGE_TEXT_LEN)
		__builtin_trap();
	return 0;
}

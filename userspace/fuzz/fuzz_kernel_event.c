// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "events.h"

static void event_see(void *ctx, const struct kernel_event *event)
{
	unsigned int *seen = ctx;

	if (!event_type_name(event->type))
		__builtin_trap();
	if (endpoint_is_set(&event->endpoint) &&
	    endpoint_check(&event->endpoint))
		__builtin_trap();
	(*seen)++;
}

/* What comes from the events socket, several messages at a time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	unsigned int seen = 0;

	/* Netlink wants it aligned, and ASan to see its end. */
	memcpy(copy, data, size);
	if (events_parse(copy, size, event_see, &seen) != seen)
		__builtin_trap();
	free(copy);
	return 0;
}

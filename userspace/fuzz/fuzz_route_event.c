// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes from route netlink, while it is asked and afterwards. */
#include <stdlib.h>
#include <string.h>

#include "addresses.h"

static int fuzz_send(void *ctx, const void *bytes, size_t len)
{
	unsigned int *asked = ctx;

	(void)bytes;
	(void)len;
	(*asked)++;
	return 0;
}

static void fuzz_changed(void *ctx)
{
	(void)ctx;
}

static void check(const struct addresses_own *own)
{
	if (own->count > ADDRESSES_MAX)
		__builtin_trap();
	for (unsigned int i = 0; i < own->count; i++)
		if (endpoint_check(&own->host[i]))
			__builtin_trap();
	for (int i = 0; i < 2; i++)
		if (endpoint_is_set(&own->way[i].gateway) !=
		    endpoint_is_set(&own->way[i].local))
			__builtin_trap();
}

/* Once for each answer that is waited for: sequence numbers are 1, 2, ... */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct addresses_ops ops = { fuzz_send, fuzz_changed,
						  fuzz_changed };
	void *copy = malloc(size ? size : 1);
	struct addresses *addresses;
	unsigned int asked = 0;
	uint64_t now = 1;

	memcpy(copy, data, size);
	addresses = addresses_new(&ops, &asked, 7740);
	addresses_look(addresses, now);
	for (int i = 0; i < 6; i++) {
		addresses_receive(addresses, now, copy, size);
		check(addresses_own(addresses));
		now += CLOCK_SECOND;
		addresses_timer(addresses, now);
	}
	if (asked > 40)
		__builtin_trap();
	addresses_free(addresses);
	free(copy);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include <sodium.h>

#include "fake_kernel.h"

#define PEERS	10

/* What a peer says, its bytes as they come. */
static void say(struct fake *fake, unsigned int from, uint8_t type,
		const uint8_t *bytes, size_t len)
{
	const struct endpoint src = {
		.family = AF_INET, .port = 1, .in4.s_addr = 1,
	};

	introducer_receive(fake->in, fake->now, FAKE_AGENT, fake_peer(from),
			   &src, type, bytes, len);
}

static void step(struct fake *fake, const uint8_t *bytes, size_t left)
{
	static const uint8_t types[] = {
		WIRE_CONTROL_RELAY_CLOSE, WIRE_CONTROL_RELAY_OPEN,
		WIRE_CONTROL_LATER,
	};
	unsigned int a = bytes[1] % PEERS, b = bytes[2] % PEERS;

	switch (bytes[0] % 8) {
	case 0:
		fake_close(fake, a, b);
		break;
	case 1:
		introducer_peer_gone(fake->in, FAKE_AGENT, fake_peer(a));
		break;
	case 2:
		fake_run(fake, bytes[1] * CLOCK_SECOND);
		break;
	case 3:
		fake_restart(fake);
		break;
	case 4:
		fake->standing[a] = bytes[2] % 3;
		break;
	case 5:
		fake->error = bytes[1] & 1 ? -EEXIST : -ENOMEM;
		fake->errors = bytes[1] >> 6;
		fake->skip = bytes[2] % 4;
		break;
	case 6:
		say(fake, a, types[bytes[2] % 3], bytes + 3,
		    left < 60 ? left : 60);
		break;
	default:
		fake_open(fake, a, b);
	}
}

/* Three bytes are one step; the kernel's entries fit each other after each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake *fake;

	if (sodium_init() < 0)
		abort();
	fake = fake_new(PEERS);
	fake->config.pairs = 8;
	fake_configure(fake);
	for (; size >= 3; data += 3, size -= 3) {
		step(fake, data, size - 3);
		if (!fake_is_whole(fake) || fake->entries > 16)
			__builtin_trap();
	}
	fake_run(fake, 400 * CLOCK_SECOND);
	if (fake->entries ||
	    introducer_next_deadline(fake->in) != CLOCK_NEVER)
		__builtin_trap();
	fake_free(fake);
	return 0;
}

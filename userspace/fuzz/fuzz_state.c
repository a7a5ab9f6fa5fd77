// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include <sodium.h>

#include "state.h"

/* A journal: what counts of it counts when read again, and gives the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	ssize_t whole;
	size_t peers;

	if (sodium_init() < 0)
		abort();
	log_level_set(LOG_LEVEL_ERROR);
	config_init(&config);
	whole = state_replay(&config, (const char *)data, size);
	if (whole < 0 || (size_t)whole > size)
		__builtin_trap();
	peers = config.peer_count;
	if (state_replay(&config, (const char *)data, whole) != whole ||
	    config.peer_count != peers)
		__builtin_trap();
	config_free(&config);
	return 0;
}

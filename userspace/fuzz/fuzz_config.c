// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "config.h"

/* What is taken and written is taken again, as the same. */
static void round_trip(const struct config *first)
{
	char error[CONFIG_ERROR_LEN];
	struct config second;
	size_t len, i;
	char *text;

	config_init(&second);
	text = config_format(first, &len);
	if (!text || config_parse(&second, CONFIG_STATE, "f", text, len, error))
		__builtin_trap();
	if (first->agent_count != second.agent_count ||
	    first->peer_count != second.peer_count)
		__builtin_trap();
	for (i = 0; i < first->agent_count; i++) {
		if (!config_agent_valid(&first->agents[i]) ||
		    !config_agent_equal(&first->agents[i], &second.agents[i]))
			__builtin_trap();
	}
	for (i = 0; i < first->peer_count; i++) {
		if (!config_peer_valid(&first->peers[i]) ||
		    !config_peer_equal(&first->peers[i], &second.peers[i]))
			__builtin_trap();
	}
	free(text);
	config_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR_LEN] = "";
	struct config config;
	int kind;

	if (sodium_init() < 0)
		abort();
	/* Missing interfaces would be all the log says. */
	log_level_set(LOG_LEVEL_ERROR);
	config_init(&config);
	for (kind = CONFIG_FILE; kind <= CONFIG_CHECK; kind++) {
		if (!config_parse(&config, kind, "f", (const char *)data, size,
				  error))
			round_trip(&config);
		else if (config.agents || config.peers || strncmp(error, "f:", 2))
			__builtin_trap();
		config_free(&config);
	}
	return 0;
}

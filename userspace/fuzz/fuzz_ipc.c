// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "ipc.h"

/* What state.conf is written from has to read back as one block. */
static void state_check(const struct config_agent *agent,
			const struct config_peer *peer)
{
	char error[CONFIG_ERROR_LEN];
	struct config config, again;
	size_t len;
	char *text;

	config_init(&config);
	config_init(&again);
	if (agent && config_agent_put(&config, agent))
		abort();
	if (peer && *peer->link && config_peer_put(&config, peer))
		abort();
	text = config_format(&config, &len);
	if (!text)
		abort();
	if (config_parse(&again, CONFIG_STATE, "f", text, len, error) ||
	    again.agent_count != config.agent_count ||
	    again.peer_count != config.peer_count)
		__builtin_trap();
	free(text);
	config_free(&config);
	config_free(&again);
}

/* Datagrams of the worker, the first byte choosing the type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ipc_message message;
	size_t len;

	if (sodium_init() < 0)
		abort();
	log_level_set(LOG_LEVEL_ERROR);
	if (!size)
		return 0;
	memset(&message, 0, sizeof(message));
	message.type = data[0];
	data++;
	size--;
	if (size > sizeof(message) - sizeof(message.type))
		size = sizeof(message) - sizeof(message.type);
	memcpy((uint8_t *)&message + sizeof(message.type), data, size);
	/* Zeros fill what the input leaves out. */
	len = ipc_length(message.type);
	if (ipc_check(&message, size + sizeof(message.type), true) &&
	    ipc_check(&message, len, true))
		return 0;
	if (message.type == IPC_LINK_ADD)
		state_check(&message.link, NULL);
	else if (message.type == IPC_PEER_NEW ||
		 message.type == IPC_PEER_CHANGE)
		state_check(NULL, &message.config_peer);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keywords of the blocks, one table each: the file and the control
 * socket go through the same ones.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "config.h"
#include "config_value.h"
#include "error.h"

struct config_keyword {
	const char *name;
	int (*set)(void *block, const char *value, char *error);
};

static int set_path(char path[static CONFIG_PATH_LEN], const char *value,
		    char *error)
{
	if (!value_is_path(value))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad path \"%.64s\"; expected an absolute one without \"..\", up to %d bytes",
				 value, CONFIG_PATH_LEN - 1);
	memset(path, 0, CONFIG_PATH_LEN);
	memcpy(path, value, strlen(value));
	return 0;
}

static int set_number(uint32_t *number, const char *value, uint32_t min,
		      uint32_t max, char *error)
{
	uint64_t parsed;

	if (value_parse_u64(value, min, max, &parsed))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad number \"%.64s\"; expected one from %u to %u",
				 value, min, max);
	*number = parsed;
	return 0;
}

static int set_address(uint64_t *address, const char *value, char *error)
{
	uint64_t parsed;

	if (addr_parse(value, &parsed))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad address \"%.64s\"; expected one such as 1:0001.F291.0004, both network numbers the same",
				 value);
	if (addr_is_reserved(parsed))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "address \"%.64s\" is reserved; expected a node above %d that is not FFFF.FFFF",
				 value, ADDR_NODE_RESERVED);
	*address = parsed;
	return 0;
}

static int set_bool(uint32_t *flag, const char *value, char *error)
{
	if (!strcmp(value, "yes"))
		*flag = 1;
	else if (!strcmp(value, "no"))
		*flag = 0;
	else
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad value \"%.64s\"; expected yes or no",
				 value);
	return 0;
}

static int set_agent_identity(void *block, const char *value, char *error)
{
	return set_path(((struct config_agent *)block)->identity, value, error);
}

static int set_agent_network(void *block, const char *value, char *error)
{
	return set_number(&((struct config_agent *)block)->network, value, 0,
			  UINT16_MAX, error);
}

static int set_agent_address(void *block, const char *value, char *error)
{
	return set_address(&((struct config_agent *)block)->address, value,
			   error);
}

static int set_agent_netns(void *block, const char *value, char *error)
{
	struct config_agent *agent = block;

	if (!config_netns_valid(value))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad namespace \"%.64s\"; expected a name that \"ip netns list\" shows",
				 value);
	memset(agent->netns, 0, sizeof(agent->netns));
	memcpy(agent->netns, value, strlen(value));
	return 0;
}

static int set_agent_mtu(void *block, const char *value, char *error)
{
	return set_number(&((struct config_agent *)block)->mtu, value,
			  CONFIG_MTU_MIN, CONFIG_MTU_MAX, error);
}

static int set_agent_disabled(void *block, const char *value, char *error)
{
	return set_bool(&((struct config_agent *)block)->disabled, value,
			error);
}

static int set_peer_link(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;

	if (!config_ifname_valid(value))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad link \"%.64s\"; expected the name of a device, up to %d bytes",
				 value, IFNAMSIZ - 1);
	memset(peer->link, 0, sizeof(peer->link));
	memcpy(peer->link, value, strlen(value));
	return 0;
}

static int set_peer_address(void *block, const char *value, char *error)
{
	return set_address(&((struct config_peer *)block)->address, value,
			   error);
}

static int set_peer_endpoint(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;
	struct endpoint endpoint;
	int ret;

	memset(&endpoint, 0, sizeof(endpoint));
	if (!strcmp(value, "none")) {
		peer->endpoint = endpoint;
		return 0;
	}
	ret = endpoint_parse(value, &endpoint);
	if (ret == -ENODEV)
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "endpoint \"%.80s\" names an interface that is not there; expected one that \"ip link\" shows",
				 value);
	if (ret)
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad endpoint \"%.80s\"; expected 192.0.2.1:7740, [2001:db8::1]:7740 or none",
				 value);
	peer->endpoint = endpoint;
	return 0;
}

static int set_peer_psk(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;

	if (!strcmp(value, "none")) {
		memset(peer->psk, 0, sizeof(peer->psk));
		return 0;
	}
	return set_path(peer->psk, value, error);
}

static int set_peer_name(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;

	if (!*value || strlen(value) >= sizeof(peer->name) ||
	    !value_is_clean(value))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad name \"%.64s\"; expected up to %zu bytes of UTF-8 without control characters, \"#\" or quotes",
				 value, sizeof(peer->name) - 1);
	memset(peer->name, 0, sizeof(peer->name));
	memcpy(peer->name, value, strlen(value));
	return 0;
}

static int set_peer_keepalive(void *block, const char *value, char *error)
{
	return set_number(&((struct config_peer *)block)->keepalive, value, 0,
			  CONFIG_SECONDS_MAX, error);
}

static int set_peer_silence(void *block, const char *value, char *error)
{
	return set_number(&((struct config_peer *)block)->silence, value, 0,
			  CONFIG_SECONDS_MAX, error);
}

static int set_peer_idle(void *block, const char *value, char *error)
{
	return set_number(&((struct config_peer *)block)->idle, value, 0,
			  CONFIG_SECONDS_MAX, error);
}

static int set_peer_packet_rate(void *block, const char *value, char *error)
{
	return set_number(&((struct config_peer *)block)->rx_packet_rate,
			  value, 0, UINT32_MAX, error);
}

static int set_peer_byte_rate(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;

	if (value_parse_u64(value, 0, INT64_MAX, &peer->rx_byte_rate))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad number \"%.64s\"; expected one from 0 to %lld",
				 value, (long long)INT64_MAX);
	return 0;
}

static int set_peer_disabled(void *block, const char *value, char *error)
{
	return set_bool(&((struct config_peer *)block)->disabled, value, error);
}

static const struct config_keyword agent_keywords[] = {
	{ "identity", set_agent_identity },
	{ "network", set_agent_network },
	{ "address", set_agent_address },
	{ "netns", set_agent_netns },
	{ "mtu", set_agent_mtu },
	{ "disabled", set_agent_disabled },
	{ NULL, NULL },
};

static const struct config_keyword peer_keywords[] = {
	{ "link", set_peer_link },
	{ "address", set_peer_address },
	{ "endpoint", set_peer_endpoint },
	{ "psk", set_peer_psk },
	{ "name", set_peer_name },
	{ "keepalive", set_peer_keepalive },
	{ "silence", set_peer_silence },
	{ "idle", set_peer_idle },
	{ "rx-packet-rate", set_peer_packet_rate },
	{ "rx-byte-rate", set_peer_byte_rate },
	{ "disabled", set_peer_disabled },
	{ NULL, NULL },
};

static int keyword_set(const struct config_keyword *table, const char *what,
		       void *block, const char *keyword, const char *value,
		       char *error)
{
	const struct config_keyword *entry;
	size_t used;

	for (entry = table; entry->name; entry++) {
		if (!strcmp(entry->name, keyword))
			return entry->set(block, value, error);
	}
	used = snprintf(error, CONFIG_ERROR_LEN,
			"unknown keyword \"%.32s\" in %s; expected", keyword,
			what);
	for (entry = table; entry->name && used < CONFIG_ERROR_LEN; entry++)
		used += snprintf(error + used, CONFIG_ERROR_LEN - used, "%s%s",
				 entry == table ? " " :
				 entry[1].name ? ", " : " or ", entry->name);
	return -ENOENT;
}

int config_agent_set(struct config_agent *agent, const char *keyword,
		     const char *value, char error[static CONFIG_ERROR_LEN])
{
	return keyword_set(agent_keywords, "an agent's block", agent, keyword,
			   value, error);
}

int config_peer_set(struct config_peer *peer, const char *keyword,
		    const char *value, char error[static CONFIG_ERROR_LEN])
{
	return keyword_set(peer_keywords, "a peer's block", peer, keyword,
			   value, error);
}

int config_agent_init(struct config_agent *agent, const char *name,
		      char error[static CONFIG_ERROR_LEN])
{
	memset(agent, 0, sizeof(*agent));
	if (!config_ifname_valid(name))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad agent name \"%.64s\"; expected the name of a device, up to %d bytes without spaces, \"/\" or \":\"",
				 name, IFNAMSIZ - 1);
	memcpy(agent->name, name, strlen(name));
	memcpy(agent->identity, CONFIG_IDENTITY, sizeof(CONFIG_IDENTITY));
	agent->network = CONFIG_NETWORK;
	return 0;
}

int config_peer_init(struct config_peer *peer, const char *did,
		     char error[static CONFIG_ERROR_LEN])
{
	memset(peer, 0, sizeof(*peer));
	if (did_parse(did, peer->public))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad did \"%.80s\"; expected what \"pilot-link id export\" prints: did:key:z6Mk...",
				 did);
	return 0;
}

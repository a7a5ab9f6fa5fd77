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
	bool words;			/* the value may be several */
};

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

static int set_agent_identity(void *block, const char *value, char *error)
{
	return value_copy_path(((struct config_agent *)block)->identity, value,
			       error);
}

static int set_agent_network(void *block, const char *value, char *error)
{
	struct config_agent *agent = block;
	int ret;

	ret = set_number(&agent->network, value, 0, UINT16_MAX, error);
	if (!ret)
		agent->network_given = 1;
	return ret;
}

static int set_agent_address(void *block, const char *value, char *error)
{
	struct config_agent *agent = block;
	int ret;

	ret = set_address(&agent->address, value, error);
	if (!ret && !agent->network_given)
		agent->network = addr_network(agent->address);
	return ret;
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
	return value_parse_bool(value,
				&((struct config_agent *)block)->disabled,
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
	ret = endpoint_parse_direct(value, &endpoint);
	if (ret == -ENODEV)
		return error_set(error, CONFIG_ERROR_LEN, ENODEV,
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
	return value_copy_path(peer->psk, value, error);
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

static int set_peer_watch(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;
	uint64_t number;

	if (!strcmp(value, "always")) {
		peer->watch = CONFIG_WATCH_ALWAYS;
		return 0;
	}
	if (value_parse_u64(value, 1, CONFIG_SECONDS_MAX, &number))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad time \"%.64s\"; expected seconds from 1 to %d, or always",
				 value, CONFIG_SECONDS_MAX);
	peer->watch = number;
	return 0;
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
	return value_parse_bool(value,
				&((struct config_peer *)block)->disabled,
				error);
}

static int set_peer_introducer(void *block, const char *value, char *error)
{
	return value_parse_bool(value,
				&((struct config_peer *)block)->introducer,
				error);
}

static int set_peer_tls(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;
	struct endpoint at;

	memset(&at, 0, sizeof(at));
	if (!strcmp(value, "yes") || !strcmp(value, "no")) {
		peer->tls = *value == 'y' ? CONFIG_TLS_YES : CONFIG_TLS_NO;
		peer->tls_at = at;
		return 0;
	}
	if (endpoint_parse_direct(value, &at) || at.scope)
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad value \"%.80s\"; expected yes, no, 192.0.2.1:443 or [2001:db8::1]:443",
				 value);
	peer->tls = CONFIG_TLS_YES;
	peer->tls_at = at;
	return 0;
}

static int set_peer_tls_name(void *block, const char *value, char *error)
{
	struct config_peer *peer = block;

	memset(peer->tls_name, 0, sizeof(peer->tls_name));
	if (!strcmp(value, "none"))
		return 0;
	if (!value_is_host(value))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad name \"%.64s\"; expected that of a host, up to %zu bytes, or none",
				 value, sizeof(peer->tls_name) - 1);
	memcpy(peer->tls_name, value, strlen(value));
	return 0;
}

static const struct config_keyword agent_keywords[] = {
	{ "identity", set_agent_identity, false },
	{ "network", set_agent_network, false },
	{ "address", set_agent_address, false },
	{ "netns", set_agent_netns, false },
	{ "mtu", set_agent_mtu, false },
	{ "disabled", set_agent_disabled, false },
	{ NULL, NULL, false },
};

static const struct config_keyword peer_keywords[] = {
	{ "link", set_peer_link, false },
	{ "address", set_peer_address, false },
	{ "endpoint", set_peer_endpoint, false },
	{ "psk", set_peer_psk, false },
	{ "name", set_peer_name, true },
	{ "keepalive", set_peer_keepalive, false },
	{ "silence", set_peer_silence, false },
	{ "idle", set_peer_idle, false },
	{ "watch", set_peer_watch, false },
	{ "rx-packet-rate", set_peer_packet_rate, false },
	{ "rx-byte-rate", set_peer_byte_rate, false },
	{ "introducer", set_peer_introducer, false },
	{ "tls", set_peer_tls, false },
	{ "tls-name", set_peer_tls_name, false },
	{ "disabled", set_peer_disabled, false },
	{ NULL, NULL, false },
};

static int keyword_set(const struct config_keyword *table, const char *what,
		       void *block, const char *keyword, const char *value,
		       char *error)
{
	const struct config_keyword *entry;
	size_t used;

	for (entry = table; entry->name; entry++) {
		if (strcmp(entry->name, keyword))
			continue;
		if (!entry->words && strpbrk(value, " \t"))
			return error_set(error, CONFIG_ERROR_LEN, EINVAL,
					 "extra words in \"%.64s\"; expected \"%s\" and one word",
					 value, keyword);
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
	peer->silence = CONFIG_SILENCE;
	peer->idle = CONFIG_IDLE_UNSET;
	peer->watch = CONFIG_WATCH;
	return 0;
}

static bool text_ends(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static bool tls_valid(const struct config_peer *peer)
{
	char text[ENDPOINT_TEXT_LEN];
	struct endpoint at;

	if (peer->tls > CONFIG_TLS_NO ||
	    !text_ends(peer->tls_name, sizeof(peer->tls_name)) ||
	    (*peer->tls_name && (!value_is_host(peer->tls_name) ||
				 !strcmp(peer->tls_name, "none"))))
		return false;
	if (!endpoint_is_set(&peer->tls_at))
		return true;
	if (peer->tls == CONFIG_TLS_NO || endpoint_check(&peer->tls_at) ||
	    peer->tls_at.scope)
		return false;
	endpoint_format(&peer->tls_at, text);
	return !endpoint_parse_direct(text, &at);
}

static bool address_valid(uint64_t address)
{
	return !address || !addr_is_reserved(address);
}

bool config_agent_valid(const struct config_agent *agent)
{
	return text_ends(agent->name, sizeof(agent->name)) &&
	       text_ends(agent->identity, sizeof(agent->identity)) &&
	       text_ends(agent->netns, sizeof(agent->netns)) &&
	       config_ifname_valid(agent->name) &&
	       value_is_path(agent->identity) &&
	       (!*agent->netns || config_netns_valid(agent->netns)) &&
	       address_valid(agent->address) &&
	       agent->network <= UINT16_MAX &&
	       (!agent->address ||
		addr_network(agent->address) == agent->network) &&
	       (!agent->mtu || (agent->mtu >= CONFIG_MTU_MIN &&
				agent->mtu <= CONFIG_MTU_MAX)) &&
	       agent->disabled <= 1;
}

bool config_peer_valid(const struct config_peer *peer)
{
	char text[ENDPOINT_TEXT_LEN > DID_TEXT_LEN ? ENDPOINT_TEXT_LEN :
						     DID_TEXT_LEN];
	uint8_t public[IDENTITY_KEY_LEN];
	struct endpoint endpoint;

	if (!text_ends(peer->link, sizeof(peer->link)) ||
	    !text_ends(peer->psk, sizeof(peer->psk)) ||
	    !text_ends(peer->name, sizeof(peer->name)) ||
	    (*peer->link && !config_ifname_valid(peer->link)) ||
	    (*peer->psk && !value_is_path(peer->psk)) ||
	    !value_is_clean(peer->name) || !address_valid(peer->address))
		return false;
	did_format(peer->public, text);
	if (did_parse(text, public))
		return false;
	if (endpoint_is_set(&peer->endpoint)) {
		if (peer->endpoint.family != AF_INET &&
		    peer->endpoint.family != AF_INET6)
			return false;
		endpoint_format(&peer->endpoint, text);
		if (endpoint_parse_direct(text, &endpoint) == -EINVAL)
			return false;
	}
	return tls_valid(peer) && peer->keepalive <= CONFIG_SECONDS_MAX &&
	       peer->silence <= CONFIG_SECONDS_MAX &&
	       (peer->idle <= CONFIG_SECONDS_MAX ||
		peer->idle == CONFIG_IDLE_UNSET) &&
	       ((peer->watch && peer->watch <= CONFIG_SECONDS_MAX) ||
		peer->watch == CONFIG_WATCH_ALWAYS) &&
	       peer->rx_byte_rate <= INT64_MAX && peer->introducer <= 1 &&
	       peer->disabled <= 1;
}

static bool bool_valid(const bool *value)
{
	uint8_t byte;

	memcpy(&byte, value, 1);
	return byte <= 1;
}

bool config_introduce_valid(const struct introducer_config *introduce)
{
	return bool_valid(&introduce->enabled) &&
	       bool_valid(&introduce->data) &&
	       introduce->byte_rate <= INT64_MAX &&
	       introduce->total_bytes <= INT64_MAX && introduce->pairs &&
	       introduce->pairs <= INTRODUCER_PAIRS_MAX &&
	       introduce->lifetime >= CONFIG_RELAY_LIFETIME_MIN &&
	       introduce->lifetime <= WIRE_RELAY_SECONDS_MAX;
}

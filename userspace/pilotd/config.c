// SPDX-License-Identifier: GPL-2.0-or-later
/* The set of agents and peers: finding, comparing, changing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define CHAIN_END	UINT32_MAX

void config_init(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config->port = CONFIG_PORT;
	config->log_level = LOG_LEVEL_INFO;
	config->rekey_after = CONFIG_REKEY_AFTER;
	config->port_mapping = 1;
	config->path_dead = CONFIG_PATH_DEAD;
	config->introduce.packet_rate = CONFIG_RELAY_PACKETS;
	config->introduce.byte_rate = CONFIG_RELAY_BYTES;
	config->introduce.pairs = CONFIG_RELAY_CLIENTS;
	config->introduce.lifetime = CONFIG_RELAY_LIFETIME;
	config->tls.port = CONFIG_TLS_PORT;
	config->tls.clients = CONFIG_TLS_CLIENTS;
}

void config_free(struct config *config)
{
	free(config->agents);
	free(config->peers);
	free(config->peer_heads);
	config_init(config);
}

bool config_agent_equal(const struct config_agent *a,
			const struct config_agent *b)
{
	return !strcmp(a->name, b->name) &&
	       !strcmp(a->identity, b->identity) &&
	       !strcmp(a->netns, b->netns) && a->address == b->address &&
	       a->mtu == b->mtu && a->network == b->network &&
	       a->disabled == b->disabled;
}

static bool peer_endpoint_equal(const struct endpoint *a,
				const struct endpoint *b)
{
	if (!endpoint_is_set(a) || !endpoint_is_set(b))
		return endpoint_is_set(a) == endpoint_is_set(b);
	return endpoint_equal(a, b);
}

bool config_peer_equal(const struct config_peer *a,
		       const struct config_peer *b)
{
	return !memcmp(a->public, b->public, sizeof(a->public)) &&
	       !strcmp(a->link, b->link) && !strcmp(a->psk, b->psk) &&
	       !strcmp(a->name, b->name) && a->address == b->address &&
	       peer_endpoint_equal(&a->endpoint, &b->endpoint) &&
	       a->rx_byte_rate == b->rx_byte_rate &&
	       a->rx_packet_rate == b->rx_packet_rate &&
	       a->keepalive == b->keepalive && a->silence == b->silence &&
	       a->idle == b->idle && a->watch == b->watch &&
	       a->introducer == b->introducer &&
	       a->tls == b->tls && !strcmp(a->tls_name, b->tls_name) &&
	       peer_endpoint_equal(&a->tls_at, &b->tls_at) &&
	       a->disabled == b->disabled;
}

bool config_peer_tls(const struct config_peer *peer, struct endpoint *at)
{
	if (!peer->introducer || peer->tls == CONFIG_TLS_NO)
		return false;
	*at = peer->tls_at;
	if (!endpoint_is_set(at)) {
		*at = peer->endpoint;
		at->port = CONFIG_TLS_PORT;
	}
	return endpoint_is_set(at);
}

bool config_has_introducer(const struct config *config,
			   const struct bridge_open *open)
{
	struct endpoint at;

	if (open->kind != STREAM_FRAMES)
		return false;
	for (size_t i = 0; i < config->peer_count; i++)
		if (config_peer_tls(&config->peers[i], &at) &&
		    endpoint_equal(&at, &open->server))
			return true;
	return false;
}

bool config_has_turn(const struct config_turn *turn, unsigned int count,
		     const struct bridge_open *open)
{
	enum turn_transport transport = open->plain ? TURN_TCP : TURN_TLS;

	if (open->kind != STREAM_STUN)
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (turn[i].transport == transport &&
		    endpoint_equal(&turn[i].server, &open->server))
			return true;
	return false;
}

bool config_introduce_equal(const struct introducer_config *a,
			    const struct introducer_config *b)
{
	return a->enabled == b->enabled && a->data == b->data &&
	       a->packet_rate == b->packet_rate &&
	       a->byte_rate == b->byte_rate &&
	       a->total_bytes == b->total_bytes && a->pairs == b->pairs &&
	       a->lifetime == b->lifetime;
}

bool config_introduced(const struct config *config, const char *link)
{
	size_t i;

	for (i = 0; i < config->peer_count; i++)
		if (config->peers[i].introducer && !config->peers[i].disabled &&
		    !strcmp(config->peers[i].link, link))
			return true;
	return false;
}

struct config_agent *config_agent_find(const struct config *config,
				       const char *name)
{
	size_t i;

	for (i = 0; i < config->agent_count; i++) {
		if (!strcmp(config->agents[i].name, name))
			return &config->agents[i];
	}
	return NULL;
}

/*
 * Chains by the key alone: a link may be filled in later. Keys are as good
 * as random, and whoever configures them would only slow down himself.
 */
static uint32_t *peer_head(const struct config *config,
			   const uint8_t public[static 32])
{
	uint32_t hash;

	memcpy(&hash, public, sizeof(hash));
	return &config->peer_heads[hash % config->peer_room];
}

static void peer_link(struct config *config, uint32_t index)
{
	struct config_peer *peer = &config->peers[index];
	uint32_t *head = peer_head(config, peer->public);

	peer->chain = *head;
	*head = index;
}

static void peer_unlink(struct config *config, uint32_t index)
{
	struct config_peer *peer = &config->peers[index];
	uint32_t *at = peer_head(config, peer->public);

	while (*at != index)
		at = &config->peers[*at].chain;
	*at = peer->chain;
}

struct config_peer *config_peer_find(const struct config *config,
				     const char *link,
				     const uint8_t public[static 32])
{
	struct config_peer *peer;
	uint32_t i;

	if (!config->peer_count)
		return NULL;
	for (i = *peer_head(config, public); i != CHAIN_END; i = peer->chain) {
		peer = &config->peers[i];
		if (!memcmp(peer->public, public, sizeof(peer->public)) &&
		    !strcmp(peer->link, link))
			return peer;
	}
	return NULL;
}

static int array_grow(void **array, size_t count, size_t *room, size_t size,
		      size_t max)
{
	size_t more = *room ? *room * 2 : 8;
	void *grown;

	if (count >= max)
		return -ENOSPC;
	if (count < *room)
		return 0;
	grown = reallocarray(*array, more, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

int config_agent_append(struct config *config, const struct config_agent *agent)
{
	void *agents = config->agents;
	int ret;

	ret = array_grow(&agents, config->agent_count, &config->agent_room,
			 sizeof(*agent), CONFIG_AGENTS_MAX);
	if (ret)
		return ret;
	config->agents = agents;
	config->agents[config->agent_count++] = *agent;
	return 0;
}

/* As many chains as there is room for peers. */
static int peers_grow(struct config *config)
{
	size_t room = config->peer_room, i;
	void *peers = config->peers;
	uint32_t *heads;
	int ret;

	ret = array_grow(&peers, config->peer_count, &room,
			 sizeof(*config->peers), CONFIG_PEERS_MAX);
	if (ret)
		return ret;
	config->peers = peers;
	if (room == config->peer_room)
		return 0;
	heads = reallocarray(config->peer_heads, room, sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	config->peer_heads = heads;
	config->peer_room = room;
	for (i = 0; i < room; i++)
		heads[i] = CHAIN_END;
	for (i = 0; i < config->peer_count; i++)
		peer_link(config, i);
	return 0;
}

int config_peer_append(struct config *config, const struct config_peer *peer)
{
	struct config_peer copy = *peer;
	int ret;

	ret = peers_grow(config);
	if (ret)
		return ret;
	config->peers[config->peer_count] = copy;
	peer_link(config, config->peer_count++);
	return 0;
}

int config_agent_put(struct config *config, const struct config_agent *agent)
{
	struct config_agent *old = config_agent_find(config, agent->name);

	if (!old)
		return config_agent_append(config, agent);
	*old = *agent;
	return 0;
}

int config_peer_put(struct config *config, const struct config_peer *peer)
{
	struct config_peer *old;
	uint32_t chain;

	old = config_peer_find(config, peer->link, peer->public);
	if (!old)
		return config_peer_append(config, peer);
	chain = old->chain;
	*old = *peer;
	old->chain = chain;
	return 0;
}

void config_agent_remove(struct config *config, struct config_agent *agent)
{
	*agent = config->agents[--config->agent_count];
}

void config_peer_remove(struct config *config, struct config_peer *peer)
{
	uint32_t last = config->peer_count - 1;

	peer_unlink(config, peer - config->peers);
	if (peer != &config->peers[last]) {
		peer_unlink(config, last);
		*peer = config->peers[last];
		peer_link(config, peer - config->peers);
	}
	config->peer_count--;
}

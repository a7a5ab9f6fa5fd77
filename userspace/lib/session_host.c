// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "session_impl.h"

void session_random(struct session_host *host, void *buf, size_t len)
{
	if (host->ops.random)
		host->ops.random(host->ctx, buf, len);
	else
		randombytes_buf(buf, len);
}

uint64_t session_jitter(struct session_host *host, uint64_t max)
{
	uint64_t value;

	session_random(host, &value, sizeof(value));
	return max ? value % max : 0;
}

void session_notify(struct session_peer *peer, enum session_notice notice,
		    const char *fmt, ...)
{
	struct session_host *host = peer->host;
	char text[SESSION_ERROR_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (notice == SESSION_NOTICE_FAILED ||
	    notice == SESSION_NOTICE_REFUSED)
		memcpy(peer->last_error, text, sizeof(text));
	host->ops.notify(host->ctx, notice, peer->agent, peer, text);
}

void session_ends(const struct session_peer *peer, struct handshake_ends *ends)
{
	ends->self = peer->agent->id;
	ends->peer = peer->public;
	ends->peer_x25519 = peer->x25519;
	ends->pair = &peer->pair;
	ends->network = addr_network(peer->agent->address);
}

void session_terms(const struct session_peer *peer, const struct endpoint *at,
		   struct handshake_terms *terms)
{
	const struct session_config *config = &peer->host->config;

	memset(terms, 0, sizeof(*terms));
	terms->address = peer->agent->address;
	terms->soft_age = config->soft_age;
	terms->hard_age = config->hard_age;
	terms->lanes = 1;
	if (!endpoint_is_loopback(at)) {
		terms->lanes = config->lanes;
		memcpy(terms->ports, config->ports, sizeof(terms->ports));
	}
	terms->chacha = true;
	terms->aes = true;
	terms->aes_accelerated = config->aes_accelerated;
}

void session_index_take(struct session_peer *peer, struct session_index *index)
{
	struct session_host *host = peer->host;
	uint32_t value;

	/* Few of 2^32 are taken, so this ends soon. */
	do {
		session_random(host, &value, sizeof(value));
	} while (!value || table_find(&host->by_index, value));
	index->peer = peer;
	index->used = true;
	table_add(&host->by_index, &index->node, value);
}

void session_index_drop(struct session_host *host, struct session_index *index)
{
	if (!index->used)
		return;
	table_del(&host->by_index, &index->node);
	index->used = false;
}

static int session_host_tables(struct session_host *host)
{
	if (table_init(&host->by_agent) || table_init(&host->by_address) ||
	    table_init(&host->by_public) || table_init(&host->by_hint) ||
	    table_init(&host->by_index))
		return -ENOMEM;
	host->jar = sodium_malloc(sizeof(*host->jar));
	host->prefixes = calloc(1, sizeof(*host->prefixes));
	host->forgers = calloc(1, sizeof(*host->forgers));
	if (!host->jar || !host->prefixes || !host->forgers)
		return -ENOMEM;
	memset(host->jar, 0, sizeof(*host->jar));
	session_random(host, host->prefixes->key, sizeof(host->prefixes->key));
	session_random(host, host->forgers->key, sizeof(host->forgers->key));
	return 0;
}

static bool session_config_valid(const struct session_config *config)
{
	if (config->soft_age < HANDSHAKE_SOFT_AGE_MIN ||
	    config->hard_age < config->soft_age ||
	    config->lanes > WIRE_LANES_MAX)
		return false;
	for (int i = 0; i < config->lanes - 1; i++)
		if (!config->ports[i])
			return false;
	return true;
}

struct session_host *session_host_new(const struct session_ops *ops, void *ctx,
				      const struct session_config *config,
				      const struct clock *now)
{
	struct session_host *host = calloc(1, sizeof(*host));

	if (!host)
		return NULL;
	host->ops = *ops;
	host->ctx = ctx;
	if (config)
		host->config = *config;
	if (!host->config.soft_age)
		host->config.soft_age = HANDSHAKE_SOFT_AGE;
	if (!host->config.hard_age)
		host->config.hard_age = HANDSHAKE_HARD_AGE;
	if (!host->config.load_rate)
		host->config.load_rate = SESSION_LOAD_RATE;
	if (!host->config.lanes)
		host->config.lanes = 1;
	host->hint_hour = stamp_hour(now->real_ns);
	if (!session_config_valid(&host->config) || session_host_tables(host)) {
		session_host_free(host);
		return NULL;
	}
	return host;
}

void session_host_free(struct session_host *host)
{
	if (!host)
		return;
	while (host->agents)
		session_agent_del(host, host->agents);
	table_free(&host->by_agent);
	table_free(&host->by_address);
	table_free(&host->by_public);
	table_free(&host->by_hint);
	table_free(&host->by_index);
	timer_heap_free(&host->timers);
	sodium_free(host->jar);
	if (host->prefixes)
		sodium_memzero(host->prefixes, sizeof(*host->prefixes));
	free(host->prefixes);
	free(host->forgers);
	free(host);
}

/* A small number that tells agents apart in the keys of the tables. */
static uint16_t session_serial_take(struct session_host *host)
{
	for (uint32_t i = 0; i < SESSION_AGENTS_MAX; i++) {
		if (!(host->serials[i / 64] >> (i % 64) & 1)) {
			host->serials[i / 64] |= 1ULL << (i % 64);
			return i;
		}
	}
	return 0;
}

int session_agent_add(struct session_host *host, const struct identity *id,
		      uint64_t address, void *data,
		      struct session_agent **added)
{
	struct session_agent *agent;

	if (addr_is_reserved(address))
		return -EINVAL;
	if (session_agent_find(host, address))
		return -EEXIST;
	if (host->agent_count >= SESSION_AGENTS_MAX)
		return -ENOSPC;
	agent = calloc(1, sizeof(*agent));
	if (!agent)
		return -ENOMEM;
	agent->id = sodium_malloc(sizeof(*agent->id));
	if (!agent->id) {
		free(agent);
		return -ENOMEM;
	}
	*agent->id = *id;
	sodium_mprotect_readonly(agent->id);
	agent->host = host;
	agent->address = address;
	agent->data = data;
	agent->serial = session_serial_take(host);
	agent->next = host->agents;
	if (agent->next)
		agent->next->prev = agent;
	host->agents = agent;
	host->agent_count++;
	table_add(&host->by_agent, &agent->by_address, address);
	*added = agent;
	return 0;
}

void session_agent_del(struct session_host *host, struct session_agent *agent)
{
	while (agent->peers)
		session_peer_del(host, agent->peers);
	table_del(&host->by_agent, &agent->by_address);
	host->serials[agent->serial / 64] &= ~(1ULL << (agent->serial % 64));
	host->agent_count--;
	if (agent->prev)
		agent->prev->next = agent->next;
	else
		host->agents = agent->next;
	if (agent->next)
		agent->next->prev = agent->prev;
	sodium_free(agent->id);
	free(agent);
}

struct session_agent *session_agent_find(struct session_host *host,
					 uint64_t address)
{
	struct table_node *node = table_find(&host->by_agent, address);

	return node ? table_entry(node, struct session_agent, by_address) :
		      NULL;
}

uint64_t session_agent_address(const struct session_agent *agent)
{
	return agent->address;
}

const uint8_t *session_agent_public(const struct session_agent *agent)
{
	return agent->id->public;
}

void *session_agent_data(const struct session_agent *agent)
{
	return agent->data;
}

const struct session_stats *session_host_stats(const struct session_host *host)
{
	return &host->stats;
}

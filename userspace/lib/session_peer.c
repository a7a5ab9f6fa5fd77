// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "session_impl.h"

static uint64_t session_key_address(const struct session_agent *agent,
				    uint64_t address)
{
	return (uint64_t)agent->serial << 48 | address;
}

static uint64_t session_key_public(const struct session_agent *agent,
				   const uint8_t *public)
{
	return wire_get64(public) ^ (uint64_t)agent->serial << 48;
}

void session_hints_drop(struct session_peer *peer)
{
	for (int i = 0; i < SESSION_HINTS; i++) {
		struct session_hint *hint = &peer->hints[i];

		if (hint->used)
			table_del(&peer->host->by_hint, &hint->node);
		hint->used = false;
	}
}

void session_hints_add(struct session_peer *peer, uint64_t real_ns)
{
	uint64_t first = stamp_hour(real_ns);

	first -= !!first;
	for (uint64_t hour = first; hour < first + SESSION_HINTS; hour++) {
		struct session_hint *hint = &peer->hints[hour % SESSION_HINTS];

		if (hint->used && hint->hour == hour)
			continue;
		if (hint->used)
			table_del(&peer->host->by_hint, &hint->node);
		hint->used = true;
		hint->hour = hour;
		hint->peer = peer;
		table_add(&peer->host->by_hint, &hint->node,
			  pair_hint(peer->pair.hint_rx, hour));
	}
}

void session_hints_update(struct session_host *host, uint64_t real_ns)
{
	if (stamp_hour(real_ns) == host->hint_hour)
		return;
	host->hint_hour = stamp_hour(real_ns);
	for (struct session_agent *a = host->agents; a; a = a->next)
		for (struct session_peer *p = a->peers; p; p = p->next)
			session_hints_add(p, real_ns);
}

static uint64_t session_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void session_peer_schedule(struct session_peer *peer)
{
	const struct session_held *held[] = {
		&peer->current, &peer->offered, &peer->previous,
	};
	uint64_t at = CLOCK_NEVER;

	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		if (held[i]->index.used)
			at = session_earlier(at, held[i]->expire_at);
	if (peer->attempt)
		at = session_earlier(at, peer->attempt->retry_at);
	else if (peer->current.index.used && !peer->backing_off)
		at = session_earlier(at, peer->current.rekey_at);
	at = session_earlier(at, peer->confirm_at);
	at = session_earlier(at, peer->again_at);
	at = session_earlier(at, pings_deadline(peer->pings));
	timer_set(&peer->host->timers, &peer->timer, at);
}

static int session_peer_fill(struct session_peer *peer,
			     const struct session_peer_config *config)
{
	struct session_agent *agent = peer->agent;
	uint16_t network = addr_network(agent->address);

	memcpy(peer->public, config->public, sizeof(peer->public));
	if (did_to_x25519(peer->public, peer->x25519) ||
	    pair_derive(&peer->pair, agent->id, peer->public, peer->x25519,
			config->has_psk ? config->psk : NULL))
		return -EINVAL;
	peer->address = config->address ? config->address :
					  addr_derive(peer->public, network);
	if (addr_is_reserved(peer->address) ||
	    addr_network(peer->address) != network ||
	    peer->address == agent->address)
		return -EINVAL;
	if (session_peer_find(agent, peer->address) ||
	    session_peer_find_public(agent, peer->public))
		return -EEXIST;
	peer->configured = config->endpoint;
	peer->endpoint = config->endpoint;
	peer->has_psk = config->has_psk;
	peer->persist = config->persist;
	peer->confirm_at = CLOCK_NEVER;
	peer->again_at = CLOCK_NEVER;
	return 0;
}

int session_peer_add(struct session_host *host, const struct clock *now,
		     struct session_agent *agent,
		     const struct session_peer_config *config, void *data,
		     struct session_peer **added)
{
	struct session_peer *peer;
	int ret;

	if (host->peer_count >= SESSION_PEERS_MAX)
		return -ENOSPC;
	if (timer_heap_reserve(&host->timers, host->peer_count + 1))
		return -ENOMEM;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return -ENOMEM;
	peer->host = host;
	peer->agent = agent;
	peer->data = data;
	ret = session_peer_fill(peer, config);
	if (ret) {
		sodium_memzero(peer, sizeof(*peer));
		free(peer);
		return ret;
	}
	peer->next = agent->peers;
	if (peer->next)
		peer->next->prev = peer;
	agent->peers = peer;
	host->peer_count++;
	table_add(&host->by_address, &peer->by_address,
		  session_key_address(agent, peer->address));
	table_add(&host->by_public, &peer->by_public,
		  session_key_public(agent, peer->public));
	session_hints_update(host, now->real_ns);
	session_hints_add(peer, now->real_ns);
	/* From the timer, so that the caller has the peer before a callback. */
	if (peer->persist && endpoint_is_set(&peer->endpoint))
		peer->again_at = now->boot_ns;
	session_peer_schedule(peer);
	*added = peer;
	return 0;
}

int session_peer_move(struct session_host *host, struct session_peer *peer,
		      const struct endpoint *endpoint)
{
	int ret = 0;

	if (endpoint_is_set(endpoint) && endpoint_check(endpoint))
		return -EINVAL;
	/* None in_kernel is none that is known. */
	if (!endpoint_is_set(endpoint) ||
	    !endpoint_equal(&peer->in_kernel, endpoint))
		ret = host->ops.endpoint_set(host->ctx, peer->agent, peer,
					     endpoint);
	if (ret)
		return ret;
	peer->in_kernel = *endpoint;
	peer->endpoint = *endpoint;
	return 0;
}

void session_peer_del(struct session_host *host, struct session_peer *peer)
{
	session_attempt_drop(peer);
	session_held_drop(&peer->current);
	session_held_drop(&peer->offered);
	session_held_drop(&peer->previous);
	session_hints_drop(peer);
	timer_set(&host->timers, &peer->timer, CLOCK_NEVER);
	table_del(&host->by_address, &peer->by_address);
	table_del(&host->by_public, &peer->by_public);
	if (peer->prev)
		peer->prev->next = peer->next;
	else
		peer->agent->peers = peer->next;
	if (peer->next)
		peer->next->prev = peer->prev;
	host->peer_count--;
	free(peer->seen);
	pings_free(&peer->pings);
	sodium_memzero(peer, sizeof(*peer));
	free(peer);
}

struct session_peer *session_peer_find(struct session_agent *agent,
				       uint64_t address)
{
	struct table_node *node;

	if (address > ADDR_MAX)
		return NULL;
	node = table_find(&agent->host->by_address,
			  session_key_address(agent, address));
	return node ? table_entry(node, struct session_peer, by_address) : NULL;
}

struct session_peer *session_peer_find_public(struct session_agent *agent,
					      const uint8_t public[static 32])
{
	struct table_node *node = table_find(&agent->host->by_public,
					     session_key_public(agent, public));

	for (; node; node = table_find_next(node)) {
		struct session_peer *peer = table_entry(node,
							struct session_peer,
							by_public);

		if (peer->agent == agent &&
		    !memcmp(peer->public, public, sizeof(peer->public)))
			return peer;
	}
	return NULL;
}

struct session_peer *session_peer_next(struct session_agent *agent,
				       struct session_peer *peer)
{
	return peer ? peer->next : agent->peers;
}

struct session_agent *session_peer_agent(const struct session_peer *peer)
{
	return peer->agent;
}

uint64_t session_peer_address(const struct session_peer *peer)
{
	return peer->address;
}

const uint8_t *session_peer_public(const struct session_peer *peer)
{
	return peer->public;
}

void *session_peer_data(const struct session_peer *peer)
{
	return peer->data;
}

static enum session_state session_peer_state(const struct session_peer *peer)
{
	if (peer->current.index.used)
		return SESSION_ESTABLISHED;
	if (peer->attempt)
		return SESSION_INITIATING;
	return peer->backing_off ? SESSION_BACKING_OFF : SESSION_IDLE;
}

void session_peer_info(const struct session_peer *peer,
		       struct session_peer_info *info)
{
	memset(info, 0, sizeof(*info));
	info->state = session_peer_state(peer);
	info->endpoint = peer->endpoint;
	info->handshake = peer->handshake;
	info->handshake_ns = peer->handshake_ns;
	if (peer->current.index.used)
		info->key_epoch = peer->current.epoch;
	info->offered = peer->offered.index.used &&
			peer->offered.epoch == peer->epoch_last;
	info->idle = peer->idle;
	info->attempts = peer->attempts;
	info->has_psk = peer->has_psk;
	memcpy(info->last_error, peer->last_error, sizeof(info->last_error));
}

const char *session_state_name(enum session_state state)
{
	switch (state) {
	case SESSION_IDLE:
		return "idle";
	case SESSION_INITIATING:
		return "initiating";
	case SESSION_ESTABLISHED:
		return "established";
	case SESSION_BACKING_OFF:
		return "backing-off";
	}
	return "unknown";
}

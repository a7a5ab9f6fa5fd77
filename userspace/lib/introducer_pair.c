// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients and pairs: found, made, put into the kernel, and dropped. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "introducer_impl.h"

#define INTRODUCER_TRIES	4	/* of ids that others have */

/* Peers choose their addresses: not what they collide with. */
static uint64_t introducer_hash(const struct introducer *in, uint64_t agent,
				uint64_t a, uint64_t b)
{
	const uint64_t input[3] = { agent, a, b };
	uint64_t hash;

	crypto_shorthash((uint8_t *)&hash, (const uint8_t *)input,
			 sizeof(input), in->key);
	return hash;
}

struct introducer_client *introducer_client_find(struct introducer *in,
						 uint64_t agent,
						 uint64_t peer)
{
	struct table_node *node;

	node = table_find(&in->by_client,
			  introducer_hash(in, agent, peer, peer));
	for (; node; node = table_find_next(node)) {
		struct introducer_client *client =
			table_entry(node, struct introducer_client, node);

		if (client->agent == agent && client->peer == peer)
			return client;
	}
	return NULL;
}

struct introducer_client *introducer_client_take(struct introducer *in,
						 uint64_t agent,
						 uint64_t peer)
{
	struct introducer_client *client;

	client = introducer_client_find(in, agent, peer);
	if (client)
		return client;
	/* Room for the timers of all, so that setting one never fails. */
	client = timer_heap_reserve(&in->client_timers, in->clients + 1) ?
		 NULL : calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	client->agent = agent;
	client->peer = peer;
	table_add(&in->by_client, &client->node,
		  introducer_hash(in, agent, peer, peer));
	in->clients++;
	return client;
}

void introducer_client_free(struct introducer *in,
			    struct introducer_client *client)
{
	timer_set(&in->client_timers, &client->timer, CLOCK_NEVER);
	table_del(&in->by_client, &client->node);
	in->clients--;
	free(client);
}

/* Who goes and comes again must not find the bucket full. */
static void introducer_client_schedule(struct introducer *in,
				       struct introducer_client *client)
{
	uint64_t at = client->ends ? CLOCK_NEVER : client->requests.full_at;

	if (client->late_at)
		at = client->late_at;
	timer_set(&in->client_timers, &client->timer, at);
}

void introducer_client_put(struct introducer *in,
			   struct introducer_client *client, uint64_t now)
{
	if (client->ends || client->late_at || client->requests.full_at > now)
		introducer_client_schedule(in, client);
	else
		introducer_client_free(in, client);
}

struct introducer_pair *introducer_pair_find(struct introducer *in,
					     uint64_t agent, uint64_t a,
					     uint64_t b)
{
	uint64_t low = a < b ? a : b, high = a < b ? b : a;
	struct table_node *node;

	node = table_find(&in->by_pair, introducer_hash(in, agent, low, high));
	for (; node; node = table_find_next(node)) {
		struct introducer_pair *pair =
			table_entry(node, struct introducer_pair, node);

		if (pair->agent == agent && pair->end[0].client->peer == low &&
		    pair->end[1].client->peer == high)
			return pair;
	}
	return NULL;
}

static void introducer_end_join(struct introducer_end *end,
				struct introducer_pair *pair,
				struct introducer_client *client)
{
	end->pair = pair;
	end->client = client;
	end->tell_at = CLOCK_NEVER;
	end->next = client->ends;
	if (end->next)
		end->next->prev = end;
	client->ends = end;
}

static void introducer_end_leave(struct introducer *in,
				 struct introducer_end *end)
{
	introducer_id_set(in, end, 0);
	if (end->prev)
		end->prev->next = end->next;
	else
		end->client->ends = end->next;
	if (end->next)
		end->next->prev = end->prev;
}

struct introducer_pair *introducer_pair_new(struct introducer *in,
					    uint64_t agent, uint64_t a,
					    uint64_t b)
{
	uint64_t low = a < b ? a : b, high = a < b ? b : a;
	struct introducer_client *client[2];
	struct introducer_pair *pair;

	client[0] = introducer_client_take(in, agent, low);
	client[1] = introducer_client_take(in, agent, high);
	pair = client[0] && client[1] &&
	       !timer_heap_reserve(&in->pair_timers, in->stats.pairs + 1) ?
	       calloc(1, sizeof(*pair)) : NULL;
	if (!pair) {
		for (int i = 0; i < 2; i++)
			if (client[i])
				introducer_client_put(in, client[i], 0);
		return NULL;
	}
	pair->agent = agent;
	pair->owner = -1;
	for (int i = 0; i < 2; i++) {
		introducer_end_join(&pair->end[i], pair, client[i]);
		introducer_client_schedule(in, client[i]);
	}
	table_add(&in->by_pair, &pair->node,
		  introducer_hash(in, agent, low, high));
	pair->next = in->pairs;
	if (pair->next)
		pair->next->prev = pair;
	in->pairs = pair;
	in->stats.pairs++;
	return pair;
}

void introducer_pair_free(struct introducer *in, struct introducer_pair *pair)
{
	introducer_pair_own(pair, -1);
	timer_set(&in->pair_timers, &pair->timer, CLOCK_NEVER);
	table_del(&in->by_pair, &pair->node);
	if (pair->prev)
		pair->prev->next = pair->next;
	else
		in->pairs = pair->next;
	if (pair->next)
		pair->next->prev = pair->prev;
	in->stats.pairs--;
	for (int i = 0; i < 2; i++) {
		introducer_end_leave(in, &pair->end[i]);
		introducer_client_put(in, pair->end[i].client, 0);
	}
	free(pair);
}

static void introducer_pair_remove(struct introducer *in,
				   struct introducer_pair *pair)
{
	for (int i = 0; i < 2; i++) {
		if (pair->end[i].installed)
			in->ops.relay_del(in->ctx, pair->agent,
					  pair->end[i].id);
		pair->end[i].installed = false;
	}
}

void introducer_pair_drop(struct introducer *in, struct introducer_pair *pair)
{
	introducer_pair_remove(in, pair);
	introducer_pair_free(in, pair);
}

int introducer_pair_end(const struct introducer_pair *pair, uint64_t peer)
{
	return pair->end[1].client->peer == peer;
}

void introducer_pair_own(struct introducer_pair *pair, int owner)
{
	if (pair->owner >= 0)
		pair->end[pair->owner].client->opened--;
	pair->owner = owner;
	if (owner >= 0)
		pair->end[owner].client->opened++;
}

void introducer_id_set(struct introducer *in, struct introducer_end *end,
		       uint32_t id)
{
	if (end->id)
		table_del(&in->by_id, &end->by_id);
	end->id = id;
	if (id)
		table_add(&in->by_id, &end->by_id, id);
}

/* Nobody can guess it, and nobody of ours has it. */
static uint32_t introducer_id_choose(struct introducer *in)
{
	uint32_t id;

	do {
		if (in->ops.random)
			in->ops.random(in->ctx, &id, sizeof(id));
		else
			randombytes_buf(&id, sizeof(id));
	} while (!id || table_find(&in->by_id, id));
	return id;
}

static int introducer_end_install(struct introducer *in,
				  struct introducer_pair *pair, int i,
				  uint32_t seconds)
{
	struct introducer_end *end = &pair->end[i];
	const struct relay_entry entry = {
		.id = end->id,
		.next_id = pair->end[!i].id,
		.from = end->client->peer,
		.to = pair->end[!i].client->peer,
		.signalling = !in->config.data,
		.packet_rate = in->config.packet_rate,
		.byte_rate = in->config.byte_rate,
		.total_bytes = in->config.total_bytes,
		.seconds = seconds,
	};
	int ret = -ENOENT;

	if (end->installed)
		ret = in->ops.relay_new(in->ctx, pair->agent, &entry, true);
	/* Gone, or somebody else's: nothing that we could delete. */
	if (ret == -ENOENT || ret == -EEXIST)
		end->installed = false;
	if (ret != -ENOENT)
		return ret;
	ret = in->ops.relay_new(in->ctx, pair->agent, &entry, false);
	end->installed = !ret;
	return ret;
}

static int introducer_pair_try(struct introducer *in,
			       struct introducer_pair *pair, uint32_t seconds)
{
	int ret = 0;

	for (int i = 0; i < 2; i++)
		if (!pair->end[i].id)
			introducer_id_set(in, &pair->end[i],
					  introducer_id_choose(in));
	for (int i = 0; i < 2 && !ret; i++)
		ret = introducer_end_install(in, pair, i, seconds);
	if (!ret)
		return 0;
	introducer_pair_remove(in, pair);
	for (int i = 0; i < 2; i++)
		introducer_id_set(in, &pair->end[i], 0);
	return ret;
}

int introducer_pair_install(struct introducer *in, uint64_t now,
			    struct introducer_pair *pair, uint32_t seconds)
{
	int ret, tries = 0;

	do {
		ret = introducer_pair_try(in, pair, seconds);
	} while (ret == -EEXIST && ++tries < INTRODUCER_TRIES);
	if (!ret)
		pair->expires_at = now + seconds * CLOCK_SECOND;
	return ret;
}

void introducer_pair_schedule(struct introducer *in,
			      struct introducer_pair *pair)
{
	uint64_t at = pair->expires_at;

	for (int i = 0; i < 2; i++)
		if (pair->end[i].tell_at < at)
			at = pair->end[i].tell_at;
	timer_set(&in->pair_timers, &pair->timer, at);
}

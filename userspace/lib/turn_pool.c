// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "turn_pool.h"

static void pool_send(void *ctx, const struct endpoint *dst, const void *bytes,
		      size_t len)
{
	struct turn_pool_server *server = ctx;

	server->pool->ops->send(server->pool->ctx, dst, bytes, len);
}

static bool has_failed(const struct turn_client *client)
{
	return client->state == TURN_REFUSED || client->state == TURN_SILENT;
}

static bool is_decided(const struct turn_client *client)
{
	return client->state == TURN_ALLOCATED || has_failed(client);
}

static void report(struct turn_pool_server *server)
{
	const struct turn_client *client = &server->client;
	bool same = server->report.state == client->state &&
		    !strcmp(server->report.problem, client->problem) &&
		    endpoint_equal(&server->report.relayed, &client->relayed);

	server->report.state = client->state;
	memcpy(server->report.problem, client->problem,
	       sizeof(server->report.problem));
	server->report.error = client->error;
	server->report.relayed = client->relayed;
	server->report.rtt_ns = client->state == TURN_SILENT ? 0 :
							       client->rtt_ns;
	if (!same)
		server->pool->ops->told(server->pool->ctx, client);
}

/* What follows from it is done by settle(), when the client is at rest. */
static void pool_changed(void *ctx)
{
	struct turn_pool_server *server = ctx;

	if (is_decided(&server->client)) {
		report(server);
		server->checks = false;
	}
}

static void pool_connect(void *ctx, bool wanted)
{
	struct turn_pool_server *server = ctx;
	struct turn_pool *pool = server->pool;

	pool->ops->connect(pool->ctx, server - pool->server, wanted);
}

static const struct turn_client_ops client_ops = {
	.send = pool_send,
	.changed = pool_changed,
	.connect = pool_connect,
};

void turn_pool_init(struct turn_pool *pool, const struct turn_pool_ops *ops,
		    void *ctx, const struct turn_account *accounts,
		    unsigned int count)
{
	memset(pool, 0, sizeof(*pool));
	pool->ops = ops;
	pool->ctx = ctx;
	pool->count = count;
	for (unsigned int i = 0; i < count; i++) {
		pool->server[i].pool = pool;
		turn_init(&pool->server[i].client, &client_ops,
			  &pool->server[i], &accounts[i]);
	}
}

/* The next time it may do better, and meanwhile another one may. */
static void give_up(struct turn_pool_server *server, uint64_t now)
{
	server->pause = server->pause ? 2 * server->pause : TURN_POOL_PAUSE;
	if (server->pause > TURN_POOL_PAUSE_MAX)
		server->pause = TURN_POOL_PAUSE_MAX;
	server->again_at = now + server->pause;
	turn_stop(&server->client, now);
}

static struct turn_pool_server *pool_choose(struct turn_pool *pool,
					    uint64_t now)
{
	for (unsigned int i = 0; i < pool->count; i++)
		if (pool->server[i].again_at <= now)
			return &pool->server[i];
	return NULL;
}

static void pool_use(struct turn_pool *pool, uint64_t now)
{
	pool->used = pool_choose(pool, now);
	if (!pool->used)
		return;
	pool->used->probes = false;
	turn_start(&pool->used->client, now);
}

static void pool_show(struct turn_pool *pool)
{
	struct turn_client *client = turn_pool_current(pool);
	const struct endpoint none = { .family = AF_UNSPEC };
	const struct endpoint *relayed = client ? &client->relayed : &none;

	if (endpoint_equal(&pool->shown, relayed))
		return;
	pool->shown = *relayed;
	pool->ops->changed(pool->ctx);
}

/* From here on the caller may ask for more. */
static void pool_deliver(struct turn_pool *pool)
{
	struct turn_client *client = turn_pool_current(pool);
	uint8_t bytes[TURN_DATA_MAX];
	struct endpoint src;
	size_t len;

	if (!client)
		return;
	if (turn_take_bound(client))
		pool->ops->bound(pool->ctx);
	while ((len = turn_take_frame(client, &src, bytes)))
		pool->ops->frame(pool->ctx, &src, bytes, len);
}

static bool pool_waits(const struct turn_pool *pool)
{
	for (unsigned int i = 0; i < pool->count; i++)
		if (pool->server[i].checks)
			return true;
	return false;
}

/* In doubt when it was not heard since the need arose, or for a while. */
static bool in_doubt(const struct turn_pool *pool, uint64_t now)
{
	return pool->need == TURN_NEED_LACK && pool->used &&
	       pool->used->client.state == TURN_ALLOCATED &&
	       now - pool->used->client.heard_at >= TURN_POOL_DOUBT;
}

/* A grant alone is not much: it is known for a good server when that held. */
static uint64_t steady_at(const struct turn_pool_server *server)
{
	const struct turn_client *client = &server->client;

	return server->pause && client->state == TURN_ALLOCATED ?
	       client->allocated_at + TURN_STEADY : CLOCK_NEVER;
}

static void settle_server(struct turn_pool_server *server, uint64_t now)
{
	struct turn_pool *pool = server->pool;
	struct turn_client *client = &server->client;

	if (client->state == TURN_ALLOCATED)
		server->again_at = 0;
	if (steady_at(server) <= now)
		server->pause = 0;
	if (server->checks && client->state == TURN_ALLOCATED &&
	    !client->tr.waits) {
		report(server);
		server->checks = false;
	}
	if (server->probes && is_decided(client)) {
		server->probes = false;
		if (server != pool->used)
			turn_stop(client, now);
	}
	if (server == pool->used && has_failed(client)) {
		give_up(server, now);
		pool->used = NULL;
	}
}

static void settle(struct turn_pool *pool, uint64_t now)
{
	for (unsigned int i = 0; i < pool->count; i++)
		settle_server(&pool->server[i], now);
	if (pool->need)
		pool->needed_at = now;
	else if (pool->used && now - pool->needed_at >= TURN_POOL_UNUSED) {
		turn_stop(&pool->used->client, now);
		pool->used = NULL;
	}
	if (pool->need && !pool->used)
		pool_use(pool, now);
	if (in_doubt(pool, now))
		turn_check(&pool->used->client, now);
	pool_show(pool);
	pool_deliver(pool);
	if (pool->checks && !pool_waits(pool)) {
		pool->checks = false;
		pool->ops->checked(pool->ctx);
	}
}

void turn_pool_release(struct turn_pool *pool, uint64_t now)
{
	for (unsigned int i = 0; i < pool->count; i++)
		turn_stop(&pool->server[i].client, now);
	pool->used = NULL;
	pool->need = TURN_NEED_NONE;
}

void turn_pool_wipe(struct turn_pool *pool)
{
	for (unsigned int i = 0; i < pool->count; i++)
		turn_wipe(&pool->server[i].client);
	memset(pool, 0, sizeof(*pool));
}

void turn_pool_moved(struct turn_pool *pool, uint64_t now)
{
	for (unsigned int i = 0; i < pool->count; i++) {
		pool->server[i].pause = 0;
		pool->server[i].again_at = 0;
	}
	/* It is another socket to the server, which knows nothing of it. */
	if (pool->used)
		turn_moved(&pool->used->client, now);
	settle(pool, now);
}

void turn_pool_need(struct turn_pool *pool, uint64_t now, enum turn_need need)
{
	pool->need = need;
	settle(pool, now);
}

void turn_pool_check(struct turn_pool *pool, uint64_t now)
{
	if (pool->checks)
		return;
	pool->checks = true;
	for (unsigned int i = 0; i < pool->count; i++) {
		struct turn_pool_server *server = &pool->server[i];

		server->checks = true;
		server->probes = server != pool->used;
		turn_start(&server->client, now);
		turn_check(&server->client, now);
	}
}

struct turn_client *turn_pool_current(struct turn_pool *pool)
{
	return pool->used && pool->used->client.state == TURN_ALLOCATED ?
	       &pool->used->client : NULL;
}

const struct turn_report *turn_pool_report(const struct turn_pool *pool,
					   unsigned int i)
{
	return &pool->server[i].report;
}

void turn_pool_connected(struct turn_pool *pool, uint64_t now, unsigned int i,
			 const struct endpoint *at, const char *why)
{
	turn_connected(&pool->server[i].client, now, at, why);
	settle(pool, now);
}

bool turn_pool_receive(struct turn_pool *pool, uint64_t now,
		       const struct endpoint *src, const uint8_t *bytes,
		       size_t len)
{
	bool taken = false;

	for (unsigned int i = 0; i < pool->count && !taken; i++)
		taken = turn_receive(&pool->server[i].client, now, src, bytes,
				     len);
	if (taken)
		settle(pool, now);
	return taken;
}

void turn_pool_timer(struct turn_pool *pool, uint64_t now)
{
	for (unsigned int i = 0; i < pool->count; i++)
		turn_timer(&pool->server[i].client, now);
	settle(pool, now);
}

uint64_t turn_pool_deadline(const struct turn_pool *pool)
{
	uint64_t first = CLOCK_NEVER, at;

	for (unsigned int i = 0; i < pool->count; i++) {
		at = turn_deadline(&pool->server[i].client);
		first = at < first ? at : first;
		at = steady_at(&pool->server[i]);
		first = at < first ? at : first;
		at = pool->server[i].again_at;
		if (pool->need && !pool->used && at < first)
			first = at;
	}
	if (pool->checks && !pool_waits(pool))
		first = 0;
	if (pool->used && !pool->need) {
		at = pool->needed_at + TURN_POOL_UNUSED;
		first = at < first ? at : first;
	}
	if (pool->used && pool->need == TURN_NEED_LACK &&
	    pool->used->client.state == TURN_ALLOCATED &&
	    !pool->used->client.tr.waits) {
		at = pool->used->client.heard_at + TURN_POOL_DOUBT;
		first = at < first ? at : first;
	}
	return first;
}

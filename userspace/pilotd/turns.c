// SPDX-License-Identifier: GPL-2.0-or-later

#include "turns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm.h"
#include "bridge_request.h"
#include "log.h"

struct turns {
	struct turn_pool pool;
	const struct turns_ops *ops;
	void *ctx;
	uint64_t check;			/* the number of the last one */
	/* The bridge's number of the connection to each; 0: none. */
	uint32_t connection[TURN_SERVERS_MAX];
	sd_event_source *timer;
};

/* After everything that came. */
static void rearm(struct turns *turns)
{
	uint64_t next = turn_pool_deadline(&turns->pool);

	arm(turns->timer, next);
}

/* --- what the pool says ----------------------------------------------------- */

static void op_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	struct turns *turns = ctx;

	turns->ops->send(turns->ctx, dst, bytes, len);
}

static void op_changed(void *ctx)
{
	struct turns *turns = ctx;
	const struct turn_client *client = turn_pool_current(&turns->pool);
	struct path_turn turn;

	if (client) {
		turn.server = client->account.server;
		turn.at = client->at;
		turn.relayed = client->relayed;
	}
	turns->ops->changed(turns->ctx, client ? &turn : NULL);
}

static void op_connect(void *ctx, unsigned int i, bool wanted)
{
	struct turns *turns = ctx;
	const struct turn_account *account =
		&turns->pool.server[i].client.account;
	struct bridge_open open = {
		.server = account->server,
		.kind = STREAM_STUN,
		.plain = account->transport == TURN_TCP,
	};

	turns->connection[i] = 0;
	_Static_assert(BRIDGE_NAME_LEN == TURN_NAME_LEN, "a name fits");
	memcpy(open.name, account->name, sizeof(open.name));
	if (wanted)
		bridge_request_open(&open);
	else
		bridge_request_close(&open.server, STREAM_STUN);
}

static void op_bound(void *ctx)
{
	struct turns *turns = ctx;

	turns->ops->bound(turns->ctx);
}

static void op_frame(void *ctx, const struct endpoint *src, const void *bytes,
		     size_t len)
{
	struct turns *turns = ctx;

	turns->ops->frame(turns->ctx, src, bytes, len);
}

static void op_told(void *ctx, const struct turn_client *client)
{
	char server[ENDPOINT_TEXT_LEN], relayed[ENDPOINT_TEXT_LEN];
	char text[2 * ENDPOINT_TEXT_LEN + TURN_PROBLEM_LEN];
	struct turns *turns = ctx;
	const char *by = client->account.transport == TURN_UDP ? "" :
			 client->account.transport == TURN_TCP ? " by TCP" :
								 " by TLS";

	endpoint_format(&client->account.server, server);
	if (client->state == TURN_ALLOCATED) {
		endpoint_format(&client->relayed, relayed);
		snprintf(text, sizeof(text), "%s%s relays for us at %s", server,
			 by, relayed);
	} else {
		snprintf(text, sizeof(text), "%s%s %s%s%s", server, by,
			 client->state == TURN_SILENT ? "does not answer" :
							"refuses",
			 client->problem[0] ? ": " : "", client->problem);
	}
	log_line(client->state == TURN_ALLOCATED ? LOG_LEVEL_INFO :
						   LOG_LEVEL_NOTICE,
		 "TURN server %s", text);
	turns->ops->told(turns->ctx, text);
}

static void op_checked(void *ctx)
{
	struct turns *turns = ctx;

	turns->ops->checked(turns->ctx, turns->check);
}

static const struct turn_pool_ops pool_ops = {
	.send = op_send,
	.changed = op_changed,
	.connect = op_connect,
	.bound = op_bound,
	.frame = op_frame,
	.told = op_told,
	.checked = op_checked,
};

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct turns *turns = ctx;

	(void)source;
	(void)usec;
	turn_pool_timer(&turns->pool, clock_boot());
	rearm(turns);
	return 0;
}

int turns_new(struct turns **turnsp, sd_event *event,
	      const struct turn_account *accounts, unsigned int count,
	      const struct turns_ops *ops, void *ctx)
{
	struct turns *turns = calloc(1, sizeof(*turns));
	int ret;

	if (!turns)
		return -ENOMEM;
	turns->ops = ops;
	turns->ctx = ctx;
	turn_pool_init(&turns->pool, &pool_ops, turns, accounts, count);
	ret = sd_event_add_time(event, &turns->timer, CLOCK_BOOTTIME, 0, 1000,
				on_timer, turns);
	if (ret < 0) {
		turns_free(turns);
		return ret;
	}
	rearm(turns);
	*turnsp = turns;
	return 0;
}

void turns_release(struct turns *turns)
{
	turn_pool_release(&turns->pool, clock_boot());
}

void turns_free(struct turns *turns)
{
	if (!turns)
		return;
	sd_event_source_disable_unref(turns->timer);
	turn_pool_wipe(&turns->pool);
	free(turns);
}

bool turns_receive(struct turns *turns, uint64_t now,
		   const struct endpoint *src, const uint8_t *bytes,
		   size_t len)
{
	bool taken = turn_pool_receive(&turns->pool, now, src, bytes, len);

	if (taken)
		rearm(turns);
	return taken;
}

bool turns_connected(struct turns *turns, uint64_t now,
		     const struct bridge_state *state)
{
	for (unsigned int i = 0; i < turns->pool.count; i++) {
		const struct turn_client *client = &turns->pool.server[i].client;

		if (!client->connects ||
		    !endpoint_equal(&client->account.server, &state->server))
			continue;
		if (state->up && state->number == turns->connection[i])
			return true;
		turns->connection[i] = state->up ? state->number : 0;
		turn_pool_connected(&turns->pool, now, i,
				    state->up ? &state->local : NULL,
				    state->text);
		rearm(turns);
		return true;
	}
	return false;
}

const struct turn_account *turns_at(const struct turns *turns,
				    const struct endpoint *at)
{
	for (unsigned int i = 0; turns && i < turns->pool.count; i++) {
		const struct turn_client *client = &turns->pool.server[i].client;

		if (endpoint_is_set(&client->at) &&
		    endpoint_equal(&client->at, at))
			return &client->account;
	}
	return NULL;
}

void turns_need(struct turns *turns, uint64_t now, enum turn_need need)
{
	turn_pool_need(&turns->pool, now, need);
	rearm(turns);
}

void turns_moved(struct turns *turns, uint64_t now)
{
	turn_pool_moved(&turns->pool, now);
	rearm(turns);
}

void turns_check(struct turns *turns, uint64_t now, uint64_t check)
{
	turns->check = check;
	turn_pool_check(&turns->pool, now);
	rearm(turns);
}

void turns_permit(struct turns *turns, uint64_t now,
		  const struct endpoint *peer)
{
	struct turn_client *client = turn_pool_current(&turns->pool);

	if (!client)
		return;
	turn_permit(client, now, peer);
	rearm(turns);
}

int turns_channel(struct turns *turns, uint64_t now,
		  const struct endpoint *peer, struct endpoint *via)
{
	struct turn_client *client = turn_pool_current(&turns->pool);
	int ret;

	if (!client)
		return -ENOTCONN;
	ret = turn_channel(client, now, peer, via);
	rearm(turns);
	return ret;
}

void turns_keep(struct turns *turns, uint64_t now, const struct endpoint *via)
{
	struct turn_client *client = turn_pool_current(&turns->pool);

	if (!client)
		return;
	turn_keep(client, now, via);
	rearm(turns);
}

static json_t *server_json(const struct turn_pool *pool, unsigned int i)
{
	const struct turn_pool_server *server = &pool->server[i];
	const struct turn_report *report = turn_pool_report(pool, i);
	char text[ENDPOINT_TEXT_LEN];
	json_t *object;

	endpoint_format(&server->client.account.server, text);
	object = json_pack("{s:s, s:s, s:s, s:b}", "server", text,
			   "transport",
			   turn_transport_name(server->client.account.transport),
			   "state", turn_state_name(report->state), "used",
			   server == pool->used);
	if (report->rtt_ns)
		json_object_set_new(object, "rtt_us",
				    json_integer(report->rtt_ns / 1000));
	if (endpoint_is_set(&report->relayed)) {
		endpoint_format(&report->relayed, text);
		json_object_set_new(object, "relayed", json_string(text));
	}
	if (report->problem[0])
		json_object_set_new(object, "problem",
				    json_string(report->problem));
	return object;
}

const struct turn_pool_server *turns_server(const struct turns *turns,
					    unsigned int i)
{
	return turns && i < turns->pool.count ? &turns->pool.server[i] : NULL;
}

json_t *turns_json(const struct turns *turns)
{
	json_t *array = json_array();

	for (unsigned int i = 0; turns && i < turns->pool.count; i++)
		json_array_append_new(array, server_json(&turns->pool, i));
	return array;
}

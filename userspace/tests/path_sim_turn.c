// SPDX-License-Identifier: GPL-2.0-or-later
/* TURN servers, and nodes that use them. */
#include <stdlib.h>
#include <string.h>

#include "carrier.h"
#include "path_sim_impl.h"

static void server_send(void *ctx, const struct endpoint *src,
			const struct endpoint *dst, const void *bytes,
			size_t len)
{
	struct psim_node *node = ctx;

	net_send_from(&node->sim->net, psim_number(node), src, dst, bytes,
		      len);
}

int psim_turn_server(struct psim *sim)
{
	int number = psim_node(sim, NET_INTERNET, true, false);
	struct psim_node *node = &sim->node[number];

	node->server = calloc(1, sizeof(*node->server));
	turn_server_init(node->server, "0.0.0.1:1");
	node->server->at = sim->net.host[number].ep4;
	node->server->ctx = node;
	node->server->send = server_send;
	sim->net.host[number].ports = true;
	return number;
}

void psim_turn_send(struct psim_node *node, const struct endpoint *dst,
		    const void *bytes, size_t len)
{
	uint8_t frame[1300];
	struct endpoint at = *dst;
	int header = carrier_write(dst, len, frame);

	if (header < 0)
		abort();
	at.kind = ENDPOINT_DIRECT;
	at.id = 0;
	memcpy(frame + header, bytes, len);
	net_send(&node->sim->net, psim_number(node), &at, frame, header + len);
}

bool psim_turn_receive(struct psim_node *node, const struct endpoint *src,
		       const uint8_t *bytes, size_t len)
{
	struct net *net = &node->sim->net;
	struct endpoint from = *src;

	if (node->server) {
		if (!node->dead)
			turn_server_receive(node->server, net->now, src,
					    &net->dst, bytes, len);
		return true;
	}
	if (node->dead)
		return true;
	if (stun_is_message(bytes, len)) {
		turn_pool_receive(&node->turn, net->now, src, bytes, len);
		return true;
	}
	if (bytes[0] < WIRE_CHANNEL_FIRST || bytes[0] > WIRE_CHANNEL_LAST ||
	    carrier_parse(&from, &bytes, &len))
		return false;
	psim_frame_receive(node, &from, bytes, len);
	return true;
}

/* --- what paths ask for ----------------------------------------------------- */

static void op_permit(void *ctx, const struct endpoint *peer)
{
	struct psim_node *node = ctx;
	struct turn_client *client = turn_pool_current(&node->turn);

	if (client)
		turn_permit(client, node->sim->net.now, peer);
}

static int op_channel(void *ctx, const struct endpoint *peer,
		      struct endpoint *via)
{
	struct psim_node *node = ctx;
	struct turn_client *client = turn_pool_current(&node->turn);

	return client ? turn_channel(client, node->sim->net.now, peer, via) :
			-1;
}

static void op_keep(void *ctx, const struct endpoint *via)
{
	struct psim_node *node = ctx;
	struct turn_client *client = turn_pool_current(&node->turn);

	if (client)
		turn_keep(client, node->sim->net.now, via);
}

void psim_turn_ops(struct path_ops *ops)
{
	ops->turn_permit = op_permit;
	ops->turn_channel = op_channel;
	ops->turn_keep = op_keep;
}

/* --- what the servers say --------------------------------------------------- */

static void pool_send(void *ctx, const struct endpoint *dst, const void *bytes,
		      size_t len)
{
	struct psim_node *node = ctx;

	net_send(&node->sim->net, psim_number(node), dst, bytes, len);
}

static void pool_changed(void *ctx)
{
	struct psim_node *node = ctx;
	struct turn_client *client = turn_pool_current(&node->turn);
	struct path_turn turn;
	struct clock now;

	psim_clock(node->sim, &now);
	if (client) {
		turn.server = client->account.server;
		turn.at = client->at;
		turn.relayed = client->relayed;
	}
	path_turn_set(node->host, &now, client ? &turn : NULL);
}

static void pool_bound(void *ctx)
{
	struct psim_node *node = ctx;
	struct clock now;

	psim_clock(node->sim, &now);
	path_turn_ready(node->host, &now);
}

static void pool_frame(void *ctx, const struct endpoint *src,
		       const void *bytes, size_t len)
{
	psim_frame_receive(ctx, src, bytes, len);
}

static void pool_told(void *ctx, const struct turn_client *server)
{
	(void)ctx;
	(void)server;
}

static void pool_checked(void *ctx)
{
	(void)ctx;
}

static const struct turn_pool_ops pool_ops = {
	.send = pool_send,
	.changed = pool_changed,
	.bound = pool_bound,
	.frame = pool_frame,
	.told = pool_told,
	.checked = pool_checked,
};

void psim_turn(struct psim *sim, int number, const int *servers,
	       unsigned int count)
{
	struct turn_account account[TURN_SERVERS_MAX] = { 0 };
	struct psim_node *node = &sim->node[number];

	for (unsigned int i = 0; i < count; i++) {
		const struct turn_server *server =
			sim->node[servers[i]].server;

		account[i].server = server->at;
		strcpy(account[i].user, server->user);
		strcpy(account[i].password, server->password);
	}
	turn_pool_init(&node->turn, &pool_ops, node, account, count);
	node->turn_used = true;
}

void psim_turn_restart(struct psim_node *node)
{
	struct turn_account account[TURN_SERVERS_MAX];
	unsigned int count = node->turn.count;

	if (!node->turn_used)
		return;
	for (unsigned int i = 0; i < count; i++)
		account[i] = node->turn.server[i].client.account;
	node->turn_need = PATH_TURN_NONE;
	turn_pool_init(&node->turn, &pool_ops, node, account, count);
}

static void psim_turn_need(struct psim_node *node)
{
	static const enum turn_need needs[] = {
		[PATH_TURN_NONE] = TURN_NEED_NONE,
		[PATH_TURN_HELD] = TURN_NEED_HELD,
		[PATH_TURN_LACK] = TURN_NEED_LACK,
	};
	enum path_turn_need need = path_turn_need(node->host);

	if (need == node->turn_need)
		return;
	node->turn_need = need;
	turn_pool_need(&node->turn, node->sim->net.now, needs[need]);
}

void psim_turn_timer(struct psim_node *node)
{
	if (!node->turn_used || node->dead)
		return;
	if (turn_pool_deadline(&node->turn) <= node->sim->net.now)
		turn_pool_timer(&node->turn, node->sim->net.now);
	psim_turn_need(node);
}

uint64_t psim_turn_deadline(const struct psim_node *node)
{
	return node->turn_used && !node->dead ?
	       turn_pool_deadline(&node->turn) : CLOCK_NEVER;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path_message.h"
#include "path_sim_impl.h"

#define PSIM_REAL_START	(1790000000ULL * NET_S)
#define PSIM_IDLE	(10 * NET_S)
#define PSIM_SILENT	(15 * NET_S)
#define PSIM_KEEPALIVE	(25 * NET_S)
#define PSIM_SOFT_AGE	(120 * NET_S)
#define PSIM_LIFE	(5 * NET_S)

void psim_clock(const struct psim *sim, struct clock *now)
{
	now->boot_ns = sim->net.now;
	now->real_ns = PSIM_REAL_START + sim->net.now;
}

static struct psim_peer *psim_of(const struct path_peer *peer)
{
	return path_peer_data(peer);
}

static void psim_transmit(struct psim_node *node, const struct endpoint *dst,
			  const void *bytes, size_t len)
{
	uint8_t frame[1300] = { WIRE_TYPE_CONTROL + 1 };
	struct endpoint at = *dst;

	at.kind = ENDPOINT_DIRECT;
	at.id = 0;
	if (dst->kind == ENDPOINT_DIRECT) {
		net_send(&node->sim->net, psim_number(node), &at, bytes, len);
		return;
	}
	if (dst->kind == ENDPOINT_TURN) {
		psim_turn_send(node, dst, bytes, len);
		return;
	}
	wire_put32(frame + 4, dst->id);
	memcpy(frame + PSIM_RELAY_LEN, bytes, len);
	net_send(&node->sim->net, psim_number(node), &at, frame,
		 len + PSIM_RELAY_LEN);
}

static void psim_frame(struct psim_node *node, const struct endpoint *dst,
		       uint8_t type, uint32_t key, uint32_t index,
		       const void *rest, size_t len)
{
	uint8_t frame[1200] = { type, psim_number(node) };

	wire_put32(frame + 4, key);
	wire_put32(frame + 8, index);
	if (len)
		memcpy(frame + PSIM_HEAD, rest, len);
	psim_transmit(node, dst, frame, PSIM_HEAD + len);
}

/* Sessions. */

static void psim_attempt_send(struct psim_node *node, struct psim_peer *peer)
{
	struct psim *sim = node->sim;

	peer->attempt = ++sim->keys;
	peer->attempt_dst = peer->endpoint;
	peer->attempt_count++;
	peer->attempt_at = sim->net.now + peer->attempt_interval;
	if (peer->attempt_interval < 8 * NET_S)
		peer->attempt_interval *= 2;
	psim_frame(node, &peer->attempt_dst, WIRE_TYPE_INIT, 0, peer->attempt,
		   NULL, 0);
}

static void psim_initiate(struct psim_node *node, struct psim_peer *peer)
{
	if (peer->attempt || !endpoint_is_set(&peer->endpoint))
		return;
	peer->attempt_count = 0;
	peer->attempt_began = node->sim->net.now;
	peer->attempt_interval = 500 * NET_MS;
	psim_attempt_send(node, peer);
}

/* From 60 s on to 15 minutes, and a quarter of it at random. */
static void psim_back_off(struct psim_node *node, struct psim_peer *peer)
{
	uint64_t wait = 60 * NET_S << (peer->failures < 4 ? peer->failures : 4);

	if (wait > 900 * NET_S)
		wait = 900 * NET_S;
	peer->failures++;
	peer->again_at = node->sim->net.now + wait +
			 net_random(&node->sim->net) % (wait / 4);
}

static void psim_session_event(struct psim_node *node, struct psim_peer *peer,
			       enum path_session event,
			       const struct endpoint *via)
{
	struct clock now;

	/* Its clients find ways to it, not it to them. */
	if (node->introducer)
		return;
	psim_clock(node->sim, &now);
	path_session(node->host, &now, peer->path, event, via);
}

static void psim_data_send(struct psim_node *node, struct psim_peer *peer);

static void psim_init_receive(struct psim_node *node, struct psim_peer *peer,
			      const struct endpoint *src, uint32_t index)
{
	struct psim *sim = node->sim;
	int other = psim_peer_number(node, peer);
	bool lower = memcmp(node->public, sim->node[other].public, 32) < 0;

	/* As the stamps in them tell: each once, and none after a later. */
	if (index <= peer->init_seen)
		return;
	peer->init_seen = index;
	if (peer->attempt && peer->attempt_count == 1 && lower)
		return;
	if (!lower)
		peer->attempt = 0;
	peer->offered = ++sim->keys;
	peer->source = *src;
	psim_frame(node, src, WIRE_TYPE_RESP, peer->offered, index, NULL, 0);
	psim_session_event(node, peer, PATH_SESSION_ESTABLISHED, src);
}

/* Kernels tell nothing of a session that begins with data, only without. */
static void psim_begin(struct psim_node *node, struct psim_peer *peer)
{
	if (peer->current)
		return;
	peer->active = true;
	peer->data_at = node->sim->net.now;
}

static void psim_resp_receive(struct psim_node *node, struct psim_peer *peer,
			      uint32_t key, uint32_t index)
{
	struct endpoint via = peer->attempt_dst;

	if (!peer->attempt || index != peer->attempt)
		return;
	peer->attempt = 0;
	psim_begin(node, peer);
	peer->previous = peer->current;
	peer->current = key;
	peer->current_at = node->sim->net.now;
	peer->failures = 0;
	peer->initiator = true;
	peer->kernel = via;
	peer->endpoint = via;
	psim_data_send(node, peer);
	psim_session_event(node, peer, PATH_SESSION_ESTABLISHED, &via);
	psim_session_event(node, peer, PATH_SESSION_CONFIRMED, NULL);
}

/* The peer uses a key. Return: whether we hold it. */
static bool psim_key(struct psim_node *node, struct psim_peer *peer,
		     uint32_t key)
{
	if (!key)
		return false;
	if (key != peer->offered)
		return key == peer->current || key == peer->previous;
	psim_begin(node, peer);
	peer->previous = peer->current;
	peer->current = key;
	peer->current_at = node->sim->net.now;
	peer->failures = 0;
	peer->again_at = 0;
	peer->initiator = false;
	peer->offered = 0;
	peer->attempt = 0;
	if (!endpoint_is_set(&peer->endpoint))
		peer->endpoint = peer->source;
	psim_session_event(node, peer, PATH_SESSION_CONFIRMED, NULL);
	return true;
}

/* Kernels. */

static void psim_data_send(struct psim_node *node, struct psim_peer *peer)
{
	struct psim *sim = node->sim;

	if (!peer->current || !endpoint_is_set(&peer->kernel))
		return;
	peer->data_sent++;
	peer->keepalive_at = sim->net.now + PSIM_KEEPALIVE;
	psim_frame(node, &peer->kernel, WIRE_TYPE_DATA, peer->current, 0,
		   NULL, 0);
}

static void psim_active(struct psim_node *node, struct psim_peer *peer)
{
	struct clock now;

	peer->data_at = node->sim->net.now;
	if (peer->active)
		return;
	peer->active = true;
	psim_clock(node->sim, &now);
	path_traffic(node->host, &now, peer->path, PATH_TRAFFIC_ACTIVE);
}

static void psim_data_receive(struct psim_node *node, struct psim_peer *peer,
			      const struct endpoint *src, uint32_t key,
			      bool real)
{
	uint64_t t = node->sim->net.now;
	struct clock now;

	peer->data_received++;
	peer->silent_since = 0;
	psim_clock(node->sim, &now);
	/* Learn before the helper hears of the key, as the kernel does. */
	if (src->kind == ENDPOINT_DIRECT && t >= peer->hold_until &&
	    peer->kernel.kind == ENDPOINT_DIRECT &&
	    !endpoint_equal(src, &peer->kernel)) {
		peer->kernel = *src;
		peer->endpoint = *src;
		path_moved(node->host, &now, peer->path, src);
	}
	if (!psim_key(node, peer, key))
		return;
	if (!real)
		return;
	psim_active(node, peer);
	if (!peer->first_received_at)
		peer->first_received_at = t;
	else if (t - peer->last_received_at > peer->longest_gap)
		peer->longest_gap = t - peer->last_received_at;
	peer->last_received_at = t;
}

static void psim_acquire(struct psim_node *node, struct psim_peer *peer)
{
	struct clock now;

	if (node->sim->net.now < peer->acquire_at)
		return;
	peer->acquire_at = node->sim->net.now + NET_S;
	psim_clock(node->sim, &now);
	path_wanted(node->host, &now, peer->path);
}

static void psim_traffic_send(struct psim_node *node, struct psim_peer *peer)
{
	static const uint8_t real = 1;
	struct psim *sim = node->sim;

	peer->traffic_at = sim->net.now + peer->traffic;
	if (!peer->current || !endpoint_is_set(&peer->kernel)) {
		psim_acquire(node, peer);
		return;
	}
	peer->data_sent++;
	if (!peer->silent_since)
		peer->silent_since = sim->net.now;
	psim_active(node, peer);
	peer->keepalive_at = sim->net.now + PSIM_KEEPALIVE;
	psim_frame(node, &peer->kernel, WIRE_TYPE_DATA, peer->current, 0,
		   &real, 1);
}

/* Control frames. */

void psim_control_send(struct psim_node *node, struct psim_peer *peer,
		       const struct endpoint *dst, uint8_t type,
		       const void *tlvs, size_t len)
{
	uint8_t rest[1100] = { type };
	struct psim *sim = node->sim;

	memcpy(rest + 1, tlvs, len);
	peer->controls_sent++;
	sim->controls++;
	if (sim->tap)
		sim->tap(sim, psim_number(node), psim_peer_number(node, peer),
			 dst, type);
	psim_frame(node, dst, WIRE_TYPE_CONTROL, peer->current, 0, rest,
		   len + 1);
}

static bool psim_limited(struct psim_node *node, struct psim_peer *peer)
{
	uint64_t t = node->sim->net.now;

	peer->tokens += (t - peer->tokens_at) * 32.0 / NET_S;
	if (peer->tokens > 32)
		peer->tokens = 32;
	peer->tokens_at = t;
	if (peer->tokens < 1)
		return true;
	peer->tokens -= 1;
	return false;
}

static void psim_ping_receive(struct psim_node *node, struct psim_peer *peer,
			      const struct endpoint *src, const uint8_t *token)
{
	uint8_t pong[8 + sizeof(*src)];
	struct endpoint observed = { .family = AF_UNSPEC };
	struct clock now;

	/* Where it is behind a relay or a TURN server nobody sees. */
	if (endpoint_is_direct(src))
		observed = *src;
	memcpy(pong, token, 8);
	memcpy(pong + 8, &observed, sizeof(observed));
	psim_control_send(node, peer, src, WIRE_CONTROL_PONG, pong,
			  sizeof(pong));
	psim_clock(node->sim, &now);
	path_pinged(node->host, &now, peer->path, src);
}

static void psim_pings_expire(struct psim_node *node, struct psim_peer *peer)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < peer->pings; i++)
		if (node->sim->net.now - peer->ping[i].at < PSIM_LIFE)
			peer->ping[kept++] = peer->ping[i];
	peer->pings = kept;
}

static uint64_t psim_ping_take(struct psim_peer *peer, uint64_t token)
{
	for (unsigned int i = 0; i < peer->pings; i++) {
		uint64_t at = peer->ping[i].at;

		if (peer->ping[i].token != token)
			continue;
		peer->ping[i] = peer->ping[--peer->pings];
		return at;
	}
	return 0;
}

static void psim_pong_receive(struct psim_node *node, struct psim_peer *peer,
			      const struct endpoint *src, const uint8_t *pong)
{
	struct endpoint observed;
	uint64_t token, at;
	struct clock now;

	memcpy(&token, pong, 8);
	memcpy(&observed, pong + 8, sizeof(observed));
	psim_pings_expire(node, peer);
	at = psim_ping_take(peer, token);
	if (!at)
		return;
	psim_clock(node->sim, &now);
	path_pong(node->host, &now, peer->path, token, src, &observed,
		  now.boot_ns - at);
}

static void psim_control_receive(struct psim_node *node,
				 struct psim_peer *peer,
				 const struct endpoint *src,
				 const uint8_t *rest, size_t len)
{
	struct clock now;

	psim_clock(node->sim, &now);
	if (rest[0] == WIRE_CONTROL_PING)
		psim_ping_receive(node, peer, src, rest + 1);
	else if (rest[0] == WIRE_CONTROL_PONG)
		psim_pong_receive(node, peer, src, rest + 1);
	else if (!path_control(node->host, &now, peer->path, src, rest[0],
			       rest + 1, len - 1))
		psim_introducer_control(node, peer, src, rest[0], rest + 1,
					len - 1);
}

static void psim_deliver(void *ctx, int number, const struct endpoint *from,
			 const uint8_t *bytes, size_t len)
{
	struct psim *sim = ctx;
	struct psim_node *node = &sim->node[number];
	struct endpoint src = *from;

	if (psim_turn_receive(node, from, bytes, len))
		return;
	if (bytes[0] == WIRE_TYPE_CONTROL + 1) {
		if (node->introducer) {
			psim_forward(node, from, bytes, len);
			return;
		}
		src.kind = ENDPOINT_RELAY;
		src.id = wire_get32(bytes + 4);
		bytes += PSIM_RELAY_LEN;
		len -= PSIM_RELAY_LEN;
	}
	psim_frame_receive(node, &src, bytes, len);
}

void psim_frame_receive(struct psim_node *node, const struct endpoint *from,
			const uint8_t *bytes, size_t len)
{
	struct endpoint src = *from;
	struct psim_peer *peer;
	uint32_t key, index;

	peer = &node->peer[bytes[1]];
	key = wire_get32(bytes + 4);
	index = wire_get32(bytes + 8);
	if (node->dead || !peer->known)
		return;
	switch (bytes[0]) {
	case WIRE_TYPE_INIT:
		psim_init_receive(node, peer, &src, index);
		break;
	case WIRE_TYPE_RESP:
		psim_resp_receive(node, peer, key, index);
		break;
	case WIRE_TYPE_DATA:
		if (key && (key == peer->current || key == peer->previous ||
			    key == peer->offered))
			psim_data_receive(node, peer, &src, key,
					  len > PSIM_HEAD);
		break;
	case WIRE_TYPE_CONTROL:
		if (psim_limited(node, peer))
			peer->limited++;
		else if (psim_key(node, peer, key))
			psim_control_receive(node, peer, &src,
					     bytes + PSIM_HEAD,
					     len - PSIM_HEAD);
		break;
	}
}

/* What paths ask for. */

static int psim_op_send(void *ctx, struct path_peer *path,
			const struct endpoint *dst, uint8_t type,
			const void *tlvs, size_t len)
{
	struct psim_node *node = ctx;
	struct psim_peer *peer = psim_of(path);

	if (!peer->current)
		return -ENOTCONN;
	psim_control_send(node, peer, dst, type, tlvs, len);
	return 0;
}

static int psim_op_ping(void *ctx, struct path_peer *path,
			const struct endpoint *dst, uint64_t *token)
{
	struct psim_node *node = ctx;
	struct psim_peer *peer = psim_of(path);

	if (!peer->current)
		return -ENOTCONN;
	psim_pings_expire(node, peer);
	if (peer->pings == PSIM_PINGS)
		return -EBUSY;
	*token = net_random(&node->sim->net);
	peer->ping[peer->pings].token = *token;
	peer->ping[peer->pings++].at = node->sim->net.now;
	peer->pings_sent++;
	psim_control_send(node, peer, dst, WIRE_CONTROL_PING, token, 8);
	return 0;
}

static void psim_op_forget(void *ctx, struct path_peer *path, uint64_t token)
{
	(void)ctx;
	psim_ping_take(psim_of(path), token);
}

static void psim_op_use(void *ctx, struct path_peer *path,
			const struct endpoint *endpoint, bool hold)
{
	struct psim_node *node = ctx;
	struct psim_peer *peer = psim_of(path);

	if (!endpoint_equal(&peer->kernel, endpoint))
		peer->uses++;
	peer->kernel = *endpoint;
	peer->endpoint = *endpoint;
	peer->holds += hold;
	if (hold)
		peer->hold_until = node->sim->net.now + 2 * NET_S;
}

static void psim_op_session(void *ctx, struct path_peer *path,
			    const struct endpoint *endpoint)
{
	struct psim_node *node = ctx;
	struct psim_peer *peer = psim_of(path);

	peer->endpoint = *endpoint;
	if (peer->attempt)
		psim_attempt_send(node, peer);
	else
		psim_initiate(node, peer);
}

static void psim_op_notify(void *ctx, enum path_notice notice,
			   struct path_peer *path, const char *text)
{
	struct psim_node *node = ctx;
	struct psim_peer *peer = psim_of(path);

	peer->notices[notice]++;
	if (node->sim->verbose)
		printf("%7.3f %d->%d %s %s\n", node->sim->net.now / 1e9,
		       psim_number(node), psim_peer_number(node, peer),
		       path_notice_name(notice), text);
}

static void psim_op_random(void *ctx, void *buf, size_t len)
{
	struct psim_node *node = ctx;
	uint8_t *out = buf;

	while (len--)
		*out++ = net_random(&node->sim->net);
}

static const struct path_ops psim_ops = {
	.send = psim_op_send,
	.ping = psim_op_ping,
	.use = psim_op_use,
	.session = psim_op_session,
	.notify = psim_op_notify,
	.random = psim_op_random,
};

/* Setting up. */

static void psim_start(struct psim_node *node)
{
	struct path_ops ops = psim_ops;
	struct clock now;

	psim_clock(node->sim, &now);
	if (node->sim->forget)
		ops.forget = psim_op_forget;
	psim_turn_ops(&ops);
	node->host = path_host_new(&ops, node, &node->config, &now);
	if (!node->host ||
	    path_agent_add(node->host, PSIM_ADDRESS(psim_number(node)),
			   node->public, &node->agent))
		abort();
}

struct psim *psim_new(uint64_t seed)
{
	struct psim *sim = calloc(1, sizeof(*sim));

	sim->net.seed = seed;
	sim->net.now = 1000 * NET_S;
	sim->net.delay = 20 * NET_MS;
	sim->net.nat_timeout = 60 * NET_S;
	sim->net.ctx = sim;
	sim->net.deliver = psim_deliver;
	sim->forget = true;
	return sim;
}

void psim_free(struct psim *sim)
{
	for (int i = 0; i < sim->net.hosts; i++) {
		path_host_free(sim->node[i].host);
		free(sim->node[i].server);
	}
	net_free(&sim->net);
	free(sim);
}

void psim_addresses(struct psim *sim, int number, bool changed)
{
	const struct net_host *host = &sim->net.host[number];
	struct path_address list[2];
	struct clock now;
	size_t count = 0;

	if (endpoint_is_set(&host->ep4))
		list[count++] = (struct path_address){ host->ep4, 24 };
	if (endpoint_is_set(&host->ep6))
		list[count++] = (struct path_address){ host->ep6, 64 };
	psim_clock(sim, &now);
	path_addresses_set(sim->node[number].host, &now, list, count, changed);
}

int psim_node(struct psim *sim, int realm, bool v4, bool v6)
{
	int number = net_host_add(&sim->net, realm, v4, v6);
	struct psim_node *node = &sim->node[number];

	node->sim = sim;
	node->public[0] = net_random(&sim->net);
	node->public[1] = number;
	node->lifetime = 300;
	psim_start(node);
	psim_addresses(sim, number, false);
	return number;
}

int psim_introducer(struct psim *sim, bool v4, bool v6)
{
	int number = psim_node(sim, NET_INTERNET, v4, v6);

	sim->node[number].introducer = true;
	return number;
}

static void psim_know(struct psim *sim, int a, int b,
		      const struct endpoint *at, bool introducer)
{
	struct path_peer_config config = {
		.address = PSIM_ADDRESS(b), .introducer = introducer,
	};
	struct psim_node *node = &sim->node[a];
	struct psim_peer *peer = &node->peer[b];
	struct clock now;

	memcpy(config.public, sim->node[b].public, 32);
	if (at)
		config.endpoint = *at;
	psim_clock(sim, &now);
	if (path_peer_add(node->host, &now, node->agent, &config, peer,
			  &peer->path))
		abort();
	peer->known = true;
	peer->tokens = 32;
	peer->persist = introducer;
	if (at)
		peer->endpoint = peer->kernel = *at;
}

void psim_introduce(struct psim *sim, int node, int introducer)
{
	const struct net_host *at = &sim->net.host[introducer];
	bool v4 = endpoint_is_set(&sim->net.host[node].ep4) &&
		  endpoint_is_set(&at->ep4);

	psim_know(sim, node, introducer, v4 ? &at->ep4 : &at->ep6, true);
	psim_know(sim, introducer, node, NULL, false);
}

void psim_pair(struct psim *sim, int a, int b, const struct endpoint *at)
{
	psim_know(sim, a, b, at, false);
	psim_know(sim, b, a, NULL, false);
}

void psim_control(struct psim *sim, int a, int b)
{
	sim->node[a].public[0] = 1;
	sim->node[b].public[0] = 2;
	path_host_free(sim->node[a].host);
	path_host_free(sim->node[b].host);
	psim_start(&sim->node[a]);
	psim_start(&sim->node[b]);
	psim_addresses(sim, a, false);
	psim_addresses(sim, b, false);
}

/* A new machine: nothing is left but what is configured. */
void psim_restart(struct psim *sim, int number)
{
	struct psim_node *node = &sim->node[number];
	struct psim_peer before[PSIM_NODES];

	memcpy(before, node->peer, sizeof(before));
	path_host_free(node->host);
	memset(node->peer, 0, sizeof(node->peer));
	memset(node->relay, 0, sizeof(node->relay));
	psim_turn_restart(node);
	psim_start(node);
	psim_addresses(sim, number, false);
	for (int i = 0; i < sim->net.hosts; i++) {
		const struct net_host *host = &sim->net.host[i];

		if (!before[i].known)
			continue;
		psim_know(sim, number, i, before[i].persist ?
			  (endpoint_is_set(&host->ep4) ? &host->ep4 :
							 &host->ep6) : NULL,
			  before[i].persist);
		node->peer[i].traffic = before[i].traffic;
		node->peer[i].traffic_at = sim->net.now;
	}
}

void psim_traffic(struct psim *sim, int a, int b, uint64_t interval)
{
	sim->node[a].peer[b].traffic = interval;
	sim->node[a].peer[b].traffic_at = sim->net.now;
}

/* Time. */

static void psim_peer_tick(struct psim_node *node, struct psim_peer *peer)
{
	uint64_t t = node->sim->net.now;
	struct clock now;

	if (node->dead || node->sim->net.host[psim_number(node)].asleep > t)
		return;
	if (peer->attempt && peer->attempt_at <= t) {
		if (t - peer->attempt_began < 30 * NET_S) {
			psim_attempt_send(node, peer);
		} else {
			peer->attempt = 0;
			psim_back_off(node, peer);
			psim_session_event(node, peer, PATH_SESSION_FAILED,
					   NULL);
		}
	}
	if (node->sim->hard_age && peer->current &&
	    t - peer->current_at >= node->sim->hard_age) {
		peer->current = peer->previous = 0;
		psim_session_event(node, peer, PATH_SESSION_EXPIRED, NULL);
	}
	if (peer->persist && !peer->current && !peer->attempt &&
	    peer->again_at <= t)
		psim_initiate(node, peer);
	if (peer->current && peer->initiator && peer->active &&
	    t - peer->current_at >= PSIM_SOFT_AGE)
		psim_initiate(node, peer);
	psim_clock(node->sim, &now);
	if (peer->active && t - peer->data_at >= PSIM_IDLE) {
		peer->active = false;
		path_traffic(node->host, &now, peer->path, PATH_TRAFFIC_IDLE);
	}
	if (peer->silent_since && t - peer->silent_since >= PSIM_SILENT) {
		peer->silent_since = t;
		path_traffic(node->host, &now, peer->path,
			     PATH_TRAFFIC_SILENT);
		psim_initiate(node, peer);
	}
	if (peer->persist && peer->current && peer->keepalive_at <= t)
		psim_data_send(node, peer);
	psim_late(node, peer);
	if (peer->traffic && peer->traffic_at <= t)
		psim_traffic_send(node, peer);
}

static uint64_t psim_next(const struct psim *sim, int number)
{
	uint64_t at = path_next_deadline(sim->node[number].host);
	uint64_t asleep = sim->net.host[number].asleep;

	if (sim->node[number].dead)
		return UINT64_MAX;
	return at < asleep ? asleep : at;
}

/* Everything but the state machine is looked at each 10 ms. */
void psim_run(struct psim *sim, uint64_t duration)
{
	uint64_t end = sim->net.now + duration, tick = sim->net.now;
	struct clock now;

	while (sim->net.now < end) {
		uint64_t at = tick < end ? tick : end;

		if (net_next(&sim->net) < at)
			at = net_next(&sim->net);
		for (int i = 0; i < sim->net.hosts; i++)
			if (psim_next(sim, i) < at)
				at = psim_next(sim, i);
		for (int i = 0; i < sim->net.hosts; i++)
			if (psim_turn_deadline(&sim->node[i]) < at)
				at = psim_turn_deadline(&sim->node[i]);
		if (at > sim->net.now)
			sim->net.now = at;
		net_run(&sim->net);
		psim_clock(sim, &now);
		for (int i = 0; i < sim->net.hosts; i++)
			if (psim_next(sim, i) <= sim->net.now)
				path_timer(sim->node[i].host, &now);
		for (int i = 0; i < sim->net.hosts; i++)
			psim_turn_timer(&sim->node[i]);
		if (tick > sim->net.now)
			continue;
		tick = sim->net.now + 10 * NET_MS;
		for (int i = 0; i < sim->net.hosts; i++)
			for (int j = 0; j < sim->net.hosts; j++)
				if (sim->node[i].peer[j].known)
					psim_peer_tick(&sim->node[i],
						       &sim->node[i].peer[j]);
	}
}

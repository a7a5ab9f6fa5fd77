// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "sim.h"
#include "wire.h"

#define SIM_DATA_LEN	(WIRE_DATA_SEALED + 16)

uint64_t sim_random(struct sim *sim)
{
	uint64_t z = (sim->seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void sim_clock(const struct sim_node *node, struct clock *now)
{
	now->boot_ns = node->sim->now;
	now->real_ns = SIM_REAL_START + node->sim->now + node->clock_offset;
}

static int sim_node_find(struct sim *sim, const struct endpoint *ep)
{
	for (int i = 0; i < sim->nodes; i++)
		if (endpoint_equal(&sim->node[i].endpoint, ep))
			return i;
	return -1;
}

static void sim_queue(struct sim *sim, const struct endpoint *src, int to,
		      const void *bytes, size_t len)
{
	struct sim_datagram *d = calloc(1, sizeof(*d)), **at;

	d->at = sim->now + sim->delay;
	if (sim->jitter)
		d->at += sim_random(sim) % sim->jitter;
	d->src = *src;
	d->to = to;
	d->len = len;
	memcpy(d->bytes, bytes, len);
	for (at = &sim->queue; *at && (*at)->at <= d->at; at = &(*at)->next)
		;
	d->next = *at;
	*at = d;
}

static const struct sim_carrier *sim_carrier_find(const struct sim *sim,
						  int from,
						  const struct endpoint *dst)
{
	for (int i = 0; i < sim->carriers; i++)
		if (sim->carrier[i].from == from &&
		    endpoint_equal(&sim->carrier[i].in, dst))
			return &sim->carrier[i];
	return NULL;
}

static void sim_transmit(struct sim *sim, int from, const struct endpoint *dst,
			 const void *bytes, size_t len)
{
	const struct sim_carrier *carrier = sim_carrier_find(sim, from, dst);
	const struct endpoint *src = carrier ? &carrier->out :
					       &sim->node[from].endpoint;
	int to = carrier ? carrier->to : sim_node_find(sim, dst);

	if (sim->tap)
		sim->tap(sim, from, to, bytes, len);
	/* What blocks the direct way leaves the others open. */
	if (to < 0 || (!carrier && sim->blocked[from][to]))
		return;
	if (sim_random(sim) % 100 >= sim->loss)
		sim_queue(sim, src, to, bytes, len);
	if (sim_random(sim) % 100 < sim->duplicate)
		sim_queue(sim, src, to, bytes, len);
}

static int sim_peer_number(struct sim_node *node, struct session_peer *peer)
{
	(void)node;
	return (int)(intptr_t)session_peer_data(peer);
}

/* The model's record: the tag proves that both hold the same key. */
static void sim_data_send(struct sim_node *node, int peer)
{
	struct sim_kernel *kernel = &node->kernel[peer];
	uint8_t frame[SIM_DATA_LEN] = { WIRE_TYPE_DATA };

	if (!kernel->current.used || !endpoint_is_set(&kernel->endpoint))
		return;
	wire_put32(frame + 4, kernel->current.tx_index);
	crypto_generichash(frame + WIRE_DATA_SEALED, 16, frame,
			   WIRE_DATA_SEALED, kernel->current.tx_key, 32);
	node->data_sent++;
	sim_transmit(node->sim, node - node->sim->node, &kernel->endpoint,
		     frame, sizeof(frame));
}

static bool sim_data_open(const struct sim_key *key, const uint8_t *frame)
{
	uint8_t tag[16];

	if (!key->used || key->rx_index != wire_get32(frame + 4))
		return false;
	crypto_generichash(tag, 16, frame, WIRE_DATA_SEALED, key->rx_key, 32);
	return !memcmp(tag, frame + WIRE_DATA_SEALED, 16);
}

/* The peer has used its other lanes too. */
static void sim_lanes_promote(struct sim_kernel *kernel)
{
	for (int i = 1; i < WIRE_LANES_MAX; i++) {
		struct sim_lane *lane = &kernel->lane[i];

		if (!lane->next.used ||
		    lane->next.epoch != kernel->current.epoch)
			continue;
		lane->previous = lane->current;
		lane->current = lane->next;
		lane->next.used = false;
	}
}

/* Only what came directly moves an endpoint, and only one that is direct. */
static bool sim_kernel_learns(const struct sim_kernel *kernel,
			      const struct endpoint *src)
{
	return endpoint_is_direct(src) &&
	       (!endpoint_is_set(&kernel->endpoint) ||
		endpoint_is_direct(&kernel->endpoint)) &&
	       !endpoint_equal(&kernel->endpoint, src);
}

static void sim_data_receive(struct sim_node *node,
			     const struct endpoint *src, const uint8_t *frame)
{
	struct sim *sim = node->sim;

	for (int i = 0; i < sim->nodes; i++) {
		struct sim_kernel *kernel = &node->kernel[i];
		bool next = sim_data_open(&kernel->next, frame);

		if (!next && !sim_data_open(&kernel->current, frame) &&
		    !sim_data_open(&kernel->previous, frame))
			continue;
		node->data_received++;
		if (sim_kernel_learns(kernel, src)) {
			struct clock now;

			kernel->endpoint = *src;
			sim_clock(node, &now);
			if (!node->moves_untold)
				session_kernel_event(node->host, &now,
					node->peers[i],
					SESSION_EVENT_ENDPOINT_MOVED, 0, 0,
					&kernel->endpoint);
		}
		if (next) {
			kernel->previous = kernel->current;
			kernel->current = kernel->next;
			kernel->next.used = false;
			sim_lanes_promote(kernel);
			sim_event(sim, node - sim->node, i,
				  SESSION_EVENT_KEY_CURRENT,
				  kernel->current.epoch);
		}
		return;
	}
	node->data_undeliverable++;
}

static void sim_op_send(void *ctx, const struct endpoint *dst,
			const void *bytes, size_t len)
{
	struct sim_node *node = ctx;

	node->sent++;
	node->sent_bytes += len;
	node->sent_type[*(const uint8_t *)bytes]++;
	if (len > WIRE_FRAME_MAX)
		abort();
	sim_transmit(node->sim, node - node->sim->node, dst, bytes, len);
}

static bool sim_index_taken(struct sim_node *node, uint32_t index)
{
	for (int i = 0; i < node->sim->nodes; i++) {
		struct sim_kernel *k = &node->kernel[i];

		if ((k->current.used && k->current.rx_index == index) ||
		    (k->next.used && k->next.rx_index == index) ||
		    (k->previous.used && k->previous.rx_index == index))
			return true;
	}
	return false;
}

static bool sim_epoch_taken(struct sim_kernel *k, uint32_t epoch)
{
	return (k->current.used && k->current.epoch == epoch) ||
	       (k->next.used && k->next.epoch == epoch) ||
	       (k->previous.used && k->previous.epoch == epoch);
}

/* What is agreed with the kernel: as lane 0's, after it, and with a port. */
static int sim_lane_install(struct sim_node *node, struct sim_kernel *kernel,
			    const struct session_key *key,
			    const struct sim_key *held)
{
	struct sim_key *zero = key->slot == SESSION_SLOT_NEXT ? &kernel->next :
								&kernel->current;
	struct sim_lane *lane = &kernel->lane[key->lane];

	if (key->lane >= WIRE_LANES_MAX || !key->port || !zero->used ||
	    zero->epoch != key->epoch || zero->rx_index != key->rx_index ||
	    zero->tx_index != key->tx_index)
		abort();
	if (node->lanes_refused & 1U << key->lane)
		return -EOPNOTSUPP;
	node->lane_installs++;
	lane->port = key->port;
	if (key->slot == SESSION_SLOT_NEXT) {
		lane->next = *held;
		return 0;
	}
	lane->previous = lane->current;
	lane->current = *held;
	return 0;
}

static int sim_op_key_install(void *ctx, struct session_agent *agent,
			      struct session_peer *peer,
			      const struct session_key *key)
{
	struct sim_node *node = ctx;
	int number = sim_peer_number(node, peer);
	struct sim_kernel *kernel = &node->kernel[number];
	struct sim_key held = {
		.used = true, .epoch = key->epoch, .rx_index = key->rx_index,
		.tx_index = key->tx_index, .cipher = key->cipher,
	};

	(void)agent;
	memcpy(held.rx_key, key->rx_key, 32);
	memcpy(held.tx_key, key->tx_key, 32);
	if (key->lane)
		return sim_lane_install(node, kernel, key, &held);
	if (key->port)
		abort();
	if (node->install_error && node->install_errors) {
		node->install_errors -= node->install_errors > 0;
		return node->install_error;
	}
	if (sim_index_taken(node, key->rx_index) ||
	    sim_epoch_taken(kernel, key->epoch))
		return -EEXIST;
	node->installs++;
	memcpy(held.control_rx, key->control_rx_key, 32);
	memcpy(held.control_tx, key->control_tx_key, 32);
	if (key->slot == SESSION_SLOT_NEXT) {
		kernel->next = held;
		return 0;
	}
	kernel->previous = kernel->current;
	kernel->current = held;
	sim_data_send(node, number);
	return 0;
}

static void sim_op_key_delete(void *ctx, struct session_agent *agent,
			      struct session_peer *peer, uint8_t lane,
			      uint32_t epoch)
{
	struct sim_node *node = ctx;
	struct sim_kernel *k = &node->kernel[sim_peer_number(node, peer)];

	(void)agent;
	if (lane) {
		struct sim_lane *l = &k->lane[lane];

		node->lane_deletes++;
		l->current.used &= l->current.epoch != epoch;
		l->next.used &= l->next.epoch != epoch;
		l->previous.used &= l->previous.epoch != epoch;
		return;
	}
	node->deletes++;
	k->current.used &= k->current.epoch != epoch;
	k->next.used &= k->next.epoch != epoch;
	k->previous.used &= k->previous.epoch != epoch;
}

static int sim_op_endpoint_set(void *ctx, struct session_agent *agent,
			       struct session_peer *peer,
			       const struct endpoint *endpoint)
{
	struct sim_node *node = ctx;

	(void)agent;
	node->endpoint_sets++;
	node->kernel[sim_peer_number(node, peer)].endpoint = *endpoint;
	return 0;
}

static void sim_op_notify(void *ctx, enum session_notice notice,
			  struct session_agent *agent,
			  struct session_peer *peer, const char *text)
{
	struct sim_node *node = ctx;

	(void)agent;
	(void)peer;
	node->notices[notice]++;
	if (*text)
		strncpy(node->text, text, sizeof(node->text) - 1);
}

static bool sim_op_control(void *ctx, struct session_agent *agent,
			   struct session_peer *peer,
			   const struct endpoint *src, uint8_t type,
			   const uint8_t *tlvs, size_t len)
{
	struct sim_node *node = ctx;
	struct clock now;

	(void)agent;
	if (type != node->control_known)
		return false;
	node->controls++;
	node->control_src = *src;
	node->control_len = len;
	memcpy(node->control_tlvs, tlvs,
	       len < sizeof(node->control_tlvs) ? len :
						  sizeof(node->control_tlvs));
	sim_clock(node, &now);
	if (node->control_answer)
		session_control_send(node->host, &now, peer, src,
				     node->control_answer, tlvs, len);
	return true;
}

static void sim_op_pong(void *ctx, struct session_agent *agent,
			struct session_peer *peer,
			const struct session_pong *pong)
{
	struct sim_node *node = ctx;

	(void)agent;
	(void)peer;
	node->pongs++;
	node->pong = *pong;
}

static void sim_op_random(void *ctx, void *buf, size_t len)
{
	struct sim_node *node = ctx;
	uint8_t *out = buf;

	while (len--)
		*out++ = sim_random(node->sim);
}

static const struct session_ops sim_ops = {
	.send = sim_op_send,
	.key_install = sim_op_key_install,
	.key_delete = sim_op_key_delete,
	.endpoint_set = sim_op_endpoint_set,
	.notify = sim_op_notify,
	.control = sim_op_control,
	.pong = sim_op_pong,
	.random = sim_op_random,
};

static void sim_node_start(struct sim_node *node)
{
	struct clock now;

	sim_clock(node, &now);
	node->host = session_host_new(&sim_ops, node, &node->config, &now);
	if (!node->host ||
	    session_agent_add(node->host, &node->id,
			      addr_derive(node->id.public, 1), node,
			      &node->agent))
		abort();
}

struct sim *sim_new(uint64_t seed, int nodes)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	sim->seed = seed;
	sim->now = SIM_S;
	sim->delay = 20 * SIM_MS;
	sim->nodes = nodes;
	for (int i = 0; i < nodes; i++) {
		struct sim_node *node = &sim->node[i];
		uint8_t id[32] = { i + 1, seed, seed >> 8 };

		node->sim = sim;
		node->acquire = true;
		identity_from_seed(id, &node->id);
		node->endpoint.family = AF_INET;
		node->endpoint.in4.s_addr = htonl(0xc0000200 + i + 1);
		node->endpoint.port = 7740;
		sim_node_start(node);
	}
	return sim;
}

void sim_drop(struct sim *sim)
{
	while (sim->queue) {
		struct sim_datagram *d = sim->queue;

		sim->queue = d->next;
		free(d);
	}
}

void sim_free(struct sim *sim)
{
	sim_drop(sim);
	for (int i = 0; i < sim->nodes; i++)
		session_host_free(sim->node[i].host);
	free(sim);
}

uint16_t sim_lane_port(int node, unsigned int lane)
{
	return 8000 + 100 * node + lane;
}

void sim_lanes(struct sim *sim, int number, unsigned int lanes)
{
	struct session_config *config = &sim->node[number].config;

	memset(config->ports, 0, sizeof(config->ports));
	config->lanes = lanes;
	for (unsigned int i = 1; i < lanes; i++)
		config->ports[i - 1] = sim_lane_port(number, i);
	sim_restart(sim, number, false);
}

struct session_peer *sim_peer(struct sim *sim, int from, int to, bool know,
			      const uint8_t *psk, bool persist)
{
	struct session_peer_config config = { .persist = persist };
	struct sim_node *node = &sim->node[from];
	struct clock now;

	memcpy(config.public, sim->node[to].id.public, 32);
	if (know)
		config.endpoint = sim->node[to].endpoint;
	if (psk) {
		config.has_psk = true;
		memcpy(config.psk, psk, 32);
	}
	sim_clock(node, &now);
	if (session_peer_add(node->host, &now, node->agent, &config,
			     (void *)(intptr_t)to, &node->peers[to]))
		abort();
	if (know)
		node->kernel[to].endpoint = config.endpoint;
	return node->peers[to];
}

void sim_restart(struct sim *sim, int number, bool kernel_too)
{
	struct sim_node *node = &sim->node[number];

	session_host_free(node->host);
	memset(node->peers, 0, sizeof(node->peers));
	if (kernel_too)
		memset(node->kernel, 0, sizeof(node->kernel));
	sim_node_start(node);
}

void sim_carry(struct sim *sim, int from, const char *in, int to,
	       const char *out)
{
	struct sim_carrier *carrier = &sim->carrier[sim->carriers++];

	if (sim->carriers > SIM_CARRIERS ||
	    endpoint_parse(in, &carrier->in) ||
	    endpoint_parse(out, &carrier->out))
		abort();
	carrier->from = from;
	carrier->to = to;
}

void sim_acquire(struct sim *sim, int from, int to)
{
	struct sim_node *node = &sim->node[from];
	struct clock now;

	sim_clock(node, &now);
	session_acquire(node->host, &now, session_agent_address(node->agent),
			session_peer_address(node->peers[to]));
}

void sim_event(struct sim *sim, int number, int peer, enum session_event event,
	       uint32_t epoch)
{
	sim_lane_event(sim, number, peer, event, 0, epoch);
}

void sim_lane_event(struct sim *sim, int number, int peer,
		    enum session_event event, uint8_t lane, uint32_t epoch)
{
	struct sim_node *node = &sim->node[number];
	struct clock now;

	sim_clock(node, &now);
	if (node->peers[peer])
		session_kernel_event(node->host, &now, node->peers[peer],
				     event, lane, epoch, NULL);
}

void sim_inject(struct sim *sim, int number, const struct endpoint *src,
		const void *bytes, size_t len)
{
	struct sim_node *node = &sim->node[number];
	struct clock now;

	sim_clock(node, &now);
	session_receive(node->host, &now, src, bytes, len);
}

static bool sim_receivable(const struct sim_key *tx, const struct sim_key *rx)
{
	return rx->used && rx->rx_index == tx->tx_index &&
	       !memcmp(rx->rx_key, tx->tx_key, 32) && rx->cipher == tx->cipher;
}

/* What a node transmits with, its peer can receive: at any time. */
static void sim_check(struct sim *sim)
{
	for (int a = 0; sim->check_receivable && a < sim->nodes; a++) {
		for (int b = 0; b < sim->nodes; b++) {
			struct sim_kernel *tx = &sim->node[a].kernel[b];
			struct sim_kernel *rx = &sim->node[b].kernel[a];

			if (a == b || !tx->current.used ||
			    sim_receivable(&tx->current, &rx->current) ||
			    sim_receivable(&tx->current, &rx->next) ||
			    sim_receivable(&tx->current, &rx->previous))
				continue;
			sim->violations++;
		}
	}
}

static void sim_deliver(struct sim *sim)
{
	struct sim_datagram *d = sim->queue;

	sim->queue = d->next;
	if (d->bytes[0] == WIRE_TYPE_DATA && d->len == SIM_DATA_LEN)
		sim_data_receive(&sim->node[d->to], &d->src, d->bytes);
	else
		sim_inject(sim, d->to, &d->src, d->bytes, d->len);
	free(d);
}

static void sim_traffic(struct sim *sim, int number)
{
	struct sim_node *node = &sim->node[number];

	for (int i = 0; i < sim->nodes; i++) {
		if (!node->peers[i])
			continue;
		if (node->kernel[i].current.used)
			sim_data_send(node, i);
		else if (node->acquire)
			sim_acquire(sim, number, i);
	}
	node->traffic_at = sim->now + node->traffic;
}

/* The next thing that happens, up to @end. Return: false when none does. */
static bool sim_step(struct sim *sim, uint64_t end)
{
	uint64_t at = end;
	struct clock now;

	if (sim->queue && sim->queue->at < at)
		at = sim->queue->at;
	for (int i = 0; i < sim->nodes; i++) {
		uint64_t due = session_next_deadline(sim->node[i].host);

		if (due < at)
			at = due;
		if (sim->node[i].traffic && sim->node[i].traffic_at < at)
			at = sim->node[i].traffic_at;
	}
	if (at > sim->now)
		sim->now = at;
	if (at >= end)
		return false;
	for (int i = 0; i < sim->nodes; i++) {
		struct sim_node *node = &sim->node[i];

		if (session_next_deadline(node->host) <= sim->now) {
			sim_clock(node, &now);
			session_timer(node->host, &now);
		}
		if (node->traffic && node->traffic_at <= sim->now)
			sim_traffic(sim, i);
	}
	while (sim->queue && sim->queue->at <= sim->now)
		sim_deliver(sim);
	sim_check(sim);
	return true;
}

void sim_run(struct sim *sim, uint64_t duration)
{
	uint64_t end = sim->now + duration;

	while (sim_step(sim, end))
		;
}

bool sim_is_up(struct sim *sim, int a, int b)
{
	struct sim_kernel *ka = &sim->node[a].kernel[b];
	struct sim_kernel *kb = &sim->node[b].kernel[a];

	return ka->current.used && kb->current.used &&
	       ka->current.epoch == kb->current.epoch &&
	       sim_receivable(&ka->current, &kb->current) &&
	       sim_receivable(&kb->current, &ka->current);
}

unsigned int sim_lanes_up(struct sim *sim, int a, int b)
{
	unsigned int count = 0;

	for (unsigned int i = 1; i < WIRE_LANES_MAX; i++) {
		struct sim_lane *la = &sim->node[a].kernel[b].lane[i];
		struct sim_lane *lb = &sim->node[b].kernel[a].lane[i];

		count += la->current.used && lb->current.used &&
			 la->current.epoch == lb->current.epoch &&
			 sim_receivable(&la->current, &lb->current) &&
			 sim_receivable(&lb->current, &la->current) &&
			 la->port == sim_lane_port(b, i) &&
			 lb->port == sim_lane_port(a, i);
	}
	return count;
}

enum session_state sim_state(struct sim *sim, int number, int peer)
{
	struct session_peer_info info;

	session_peer_info(sim->node[number].peers[peer], &info);
	return info.state;
}

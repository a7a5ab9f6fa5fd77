// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "session_impl.h"

static uint32_t session_smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct session_control *
session_control_new(const struct handshake_keys *keys, uint32_t tx_index)
{
	struct session_control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	memcpy(control->tx_key, keys->control_tx, sizeof(control->tx_key));
	memcpy(control->rx_key, keys->control_rx, sizeof(control->rx_key));
	control->tx_index = tx_index;
	return control;
}

static void session_control_free(struct session_control *control)
{
	if (control)
		sodium_memzero(control, sizeof(*control));
	free(control);
}

void session_held_drop(struct session_held *held)
{
	session_control_free(held->control);
	if (held->index.used)
		session_index_drop(held->index.peer->host, &held->index);
	memset(held, 0, sizeof(*held));
}

/* The index node sits in a table, so it moves by leaving and joining. */
static void session_index_move(struct session_index *to,
			       struct session_index *from)
{
	struct session_peer *peer = from->peer;
	uint64_t value = from->node.key;

	session_index_drop(peer->host, from);
	to->peer = peer;
	to->used = true;
	table_add(&peer->host->by_index, &to->node, value);
}

static void session_held_move(struct session_held *to,
			      struct session_held *from)
{
	struct session_held copy = *from;

	session_held_drop(to);
	if (!from->index.used)
		return;
	copy.index.used = false;
	*to = copy;
	session_index_move(&to->index, &from->index);
	memset(from, 0, sizeof(*from));
}

struct session_held *session_held_find(struct session_peer *peer,
				       uint32_t epoch)
{
	struct session_held *held[] = {
		&peer->current, &peer->offered, &peer->previous,
	};

	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		if (held[i]->index.used && held[i]->epoch == epoch)
			return held[i];
	return NULL;
}

/*
 * The initiator is due a little before the soft limit; the responder only
 * when that did not happen.
 */
static void session_held_plan(struct session_peer *peer,
			      struct session_held *held)
{
	uint64_t jitter = session_jitter(peer->host, held->soft_ns / 12 + 1);

	if (held->role == SESSION_ROLE_INITIATOR)
		held->rekey_at = held->installed_at + held->soft_ns - jitter;
	else
		held->rekey_at = held->installed_at + held->soft_ns +
				 held->soft_ns / 8 + jitter;
}

static void session_held_fill(struct session_held *held,
			      const struct clock *now, enum session_slot slot,
			      const struct session_key *key,
			      unsigned int lanes)
{
	held->role = slot == SESSION_SLOT_CURRENT ? SESSION_ROLE_INITIATOR :
						    SESSION_ROLE_RESPONDER;
	held->epoch = key->epoch;
	held->lanes = lanes;
	held->installed_at = now->boot_ns;
	held->soft_ns = key->soft_age * CLOCK_SECOND;
	held->expire_at = now->boot_ns + key->hard_age * CLOCK_SECOND;
}

/*
 * The higher lanes first, so that what is left has a lane to fall back to.
 * @lanes: those that stay.
 */
static void session_lanes_delete(struct session_peer *peer, uint32_t epoch,
				 unsigned int from, unsigned int lanes)
{
	struct session_host *host = peer->host;

	while (from > lanes)
		host->ops.key_delete(host->ctx, peer->agent, peer, --from,
				     epoch);
}

static void session_lanes_shrink(struct session_peer *peer,
				 struct session_held *held, unsigned int lanes)
{
	if (!held->index.used || held->lanes <= lanes)
		return;
	session_lanes_delete(peer, held->epoch, held->lanes, lanes);
	held->lanes = lanes;
}

/*
 * A newer key has fewer lanes: in the others the peer hears nothing any more,
 * and the kernel would learn that only from what gets lost.
 */
static void session_lanes_end(struct session_peer *peer, unsigned int lanes)
{
	session_lanes_shrink(peer, &peer->current, lanes);
	session_lanes_shrink(peer, &peer->previous, lanes);
}

/* One key per lane above 0, like that of lane 0 but for what is secret. */
static void session_lanes_place(struct session_peer *peer,
				const struct session_key *zero,
				const struct handshake_terms *theirs,
				const struct handshake_keys *keys,
				unsigned int lanes)
{
	struct session_host *host = peer->host;
	struct session_key key = *zero;
	int ret;

	sodium_memzero(key.control_rx_key, sizeof(key.control_rx_key));
	sodium_memzero(key.control_tx_key, sizeof(key.control_tx_key));
	for (key.lane = 1; key.lane < lanes; key.lane++) {
		const struct handshake_lane *lane = &keys->lane[key.lane - 1];

		key.port = theirs->ports[key.lane - 1];
		memcpy(key.rx_key, lane->rx, sizeof(key.rx_key));
		memcpy(key.tx_key, lane->tx, sizeof(key.tx_key));
		ret = host->ops.key_install(host->ctx, peer->agent, peer, &key);
		if (ret)
			session_notify(peer, SESSION_NOTICE_LANE,
				       "the kernel does not take lane %u: %s",
				       key.lane, strerror(-ret));
	}
	sodium_memzero(&key, sizeof(key));
}

int session_key_place(struct session_peer *peer, const struct clock *now,
		      enum session_slot slot, struct session_index *index,
		      const struct handshake_terms *ours,
		      const struct handshake_terms *theirs,
		      const struct handshake_keys *keys)
{
	unsigned int lanes = handshake_lanes(ours, theirs);
	bool current = slot == SESSION_SLOT_CURRENT;
	struct session_host *host = peer->host;
	struct session_control *control;
	struct session_held *held;
	struct session_key key = {
		.slot = slot,
		.cipher = current ? theirs->cipher : ours->cipher,
		.epoch = current ? theirs->epoch : ours->epoch,
		.rx_index = index->node.key,
		.tx_index = theirs->index,
		.soft_age = session_smaller(ours->soft_age, theirs->soft_age),
		.hard_age = session_smaller(ours->hard_age, theirs->hard_age),
	};
	int ret;

	control = session_control_new(keys, theirs->index);
	if (!control)
		return -ENOMEM;
	memcpy(key.rx_key, keys->rx, sizeof(key.rx_key));
	memcpy(key.tx_key, keys->tx, sizeof(key.tx_key));
	memcpy(key.control_rx_key, keys->control_rx,
	       sizeof(key.control_rx_key));
	memcpy(key.control_tx_key, keys->control_tx,
	       sizeof(key.control_tx_key));
	ret = host->ops.key_install(host->ctx, peer->agent, peer, &key);
	if (ret)
		goto out;
	session_lanes_place(peer, &key, theirs, keys, lanes);

	held = current ? &peer->current : &peer->offered;
	if (current) {
		session_lanes_end(peer, lanes);
		session_held_move(&peer->previous, &peer->current);
	} else {
		session_lanes_shrink(peer, held, lanes);
	}
	session_held_drop(held);
	session_held_fill(held, now, slot, &key, lanes);
	session_index_move(&held->index, index);
	session_held_plan(peer, held);
	held->control = control;
	control = NULL;
	peer->epoch_last = key.epoch;
out:
	session_control_free(control);
	sodium_memzero(&key, sizeof(key));
	return ret;
}

void session_key_promote(struct session_peer *peer)
{
	if (!endpoint_is_set(&peer->endpoint))
		peer->endpoint = peer->offered.source;
	session_lanes_end(peer, peer->offered.lanes);
	session_held_move(&peer->previous, &peer->current);
	session_held_move(&peer->current, &peer->offered);
	peer->confirm_at = CLOCK_NEVER;
}

bool session_key_expire(struct session_peer *peer, struct session_held *held)
{
	bool current = held == &peer->current;
	unsigned int lanes = held->lanes;
	uint32_t epoch = held->epoch;

	if (held == &peer->offered)
		peer->confirm_at = CLOCK_NEVER;
	session_held_drop(held);
	session_lanes_delete(peer, epoch, lanes, 0);
	return current;
}

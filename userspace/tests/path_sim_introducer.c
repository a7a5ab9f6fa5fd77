// SPDX-License-Identifier: GPL-2.0-or-later
/* The other side of a client: who grants relays, and its kernel's table. */
#include <stdlib.h>
#include <string.h>

#include "path_message.h"
#include "path_sim_impl.h"

static void psim_message_send(struct psim_node *node, struct psim_peer *peer,
			      const struct path_message *message)
{
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(message, tlvs);

	if (peer->current && peer->kernel.kind == ENDPOINT_DIRECT)
		psim_control_send(node, peer, &peer->kernel, message->type,
				  tlvs, len);
}

static struct psim_relay *psim_relay_take(struct psim_node *node, int from,
					  int to)
{
	struct psim_relay *free = NULL;

	for (int i = 0; i < PSIM_RELAYS; i++) {
		struct psim_relay *relay = &node->relay[i];

		if (relay->used && relay->until <= node->sim->net.now)
			relay->used = false;
		if (relay->used && relay->from == from && relay->to == to)
			return relay;
		if (!relay->used && !free)
			free = relay;
	}
	if (!free)
		abort();
	free->used = true;
	free->id = net_random(&node->sim->net) | 1;
	free->from = from;
	free->to = to;
	free->until = node->sim->net.now + node->lifetime * NET_S;
	return free;
}

static void psim_grant(struct psim_node *node, int to, int other, uint32_t id)
{
	struct path_message grant = {
		.type = WIRE_CONTROL_RELAY_GRANT,
		.peer = PSIM_ADDRESS(other), .relay = id,
		.lifetime = node->lifetime,
		.flags = node->signalling ? WIRE_RELAY_F_SIGNALLING : 0,
	};

	psim_message_send(node, &node->peer[to], &grant);
}

static void psim_open(struct psim_node *node, int from, int to)
{
	struct path_message refused = {
		.type = WIRE_CONTROL_RELAY_REFUSED, .peer = PSIM_ADDRESS(to),
		.reason = node->refuse ? node->refuse : WIRE_REFUSED_NOT_HERE,
	};
	struct psim_relay *a, *b;

	node->opens++;
	/* Its kernel does not know yet where that is. */
	if (!endpoint_is_set(&node->peer[from].kernel))
		return;
	if (node->refuse || to < 0 || to >= PSIM_NODES ||
	    !node->peer[to].current ||
	    !endpoint_is_set(&node->peer[to].kernel)) {
		psim_message_send(node, &node->peer[from], &refused);
		return;
	}
	a = psim_relay_take(node, from, to);
	b = psim_relay_take(node, to, from);
	a->next = b->id;
	b->next = a->id;
	a->until = b->until = node->sim->net.now + node->lifetime * NET_S;
	psim_grant(node, from, to, a->id);
	psim_grant(node, to, from, b->id);
}

/* From where the peer is, to where the other one is, and nothing else. */
void psim_forward(struct psim_node *node, const struct endpoint *src,
		  const uint8_t *frame, size_t len)
{
	uint32_t id = wire_get32(frame + 4);
	uint8_t copy[1300];

	for (int i = 0; i < PSIM_RELAYS; i++) {
		struct psim_relay *relay = &node->relay[i];
		const struct endpoint *to;

		if (!relay->used || relay->id != id)
			continue;
		to = &node->peer[relay->to].kernel;
		if (relay->until <= node->sim->net.now ||
		    !endpoint_equal(&node->peer[relay->from].kernel, src) ||
		    !endpoint_is_set(to) || to->kind != ENDPOINT_DIRECT ||
		    (node->signalling &&
		     frame[PSIM_RELAY_LEN] == WIRE_TYPE_DATA))
			break;
		node->relayed++;
		memcpy(copy, frame, len);
		wire_put32(copy + 4, relay->next);
		net_send(&node->sim->net, psim_number(node), to, copy, len);
		return;
	}
	node->relay_drops++;
}

void psim_late(struct psim_node *node, struct psim_peer *peer)
{
	const struct path_message late = {
		.type = WIRE_CONTROL_LATE, .generation = peer->late,
	};
	uint8_t tlvs[PATH_MESSAGE_MAX];

	if (!peer->late_at || peer->late_at > node->sim->net.now)
		return;
	peer->late_at = 0;
	node->lates++;
	psim_control_send(node, peer, &peer->late_to, late.type, tlvs,
			  path_message_write(&late, tlvs));
}

void psim_introducer_control(struct psim_node *node, struct psim_peer *peer,
			     const struct endpoint *src, uint8_t type,
			     const uint8_t *tlvs, size_t len)
{
	struct path_message message;

	if (!node->introducer ||
	    path_message_read(type, tlvs, len, &message))
		return;
	if (type == WIRE_CONTROL_RELAY_OPEN)
		psim_open(node, psim_peer_number(node, peer),
			  (int)(message.peer - PSIM_ADDRESS(0)));
	else if (type == WIRE_CONTROL_RELAY_CLOSE)
		node->closes++;
	if (type != WIRE_CONTROL_LATER || node->mute)
		return;
	peer->late_at = node->sim->net.now + message.lifetime * NET_S;
	peer->late = message.generation;
	peer->late_to = *src;
}

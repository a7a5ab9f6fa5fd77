/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the simulation of paths: path_sim.c -> path_sim_*.c. */
#ifndef PILOT_TESTS_PATH_SIM_IMPL_H
#define PILOT_TESTS_PATH_SIM_IMPL_H

#include "path_sim.h"

#define PSIM_HEAD	12	/* type, from, zero, key, index */
#define PSIM_RELAY_LEN	8

static inline int psim_number(const struct psim_node *node)
{
	return node - node->sim->node;
}

static inline int psim_peer_number(const struct psim_node *node,
				   const struct psim_peer *peer)
{
	return peer - node->peer;
}

void psim_control_send(struct psim_node *node, struct psim_peer *peer,
		       const struct endpoint *dst, uint8_t type,
		       const void *tlvs, size_t len);
/* A relay frame, from where it came. */
void psim_forward(struct psim_node *node, const struct endpoint *src,
		  const uint8_t *frame, size_t len);
/* By TURN: what is written instead of a relay frame. */
void psim_turn_send(struct psim_node *node, const struct endpoint *dst,
		    const void *bytes, size_t len);
/* Return: whether it was a TURN server's, or for one. */
bool psim_turn_receive(struct psim_node *node, const struct endpoint *src,
		       const uint8_t *bytes, size_t len);
void psim_turn_ops(struct path_ops *ops);
/* Its pool knows nothing any more. */
void psim_turn_restart(struct psim_node *node);
/* What is due, and what it means to it that something happened. */
void psim_turn_timer(struct psim_node *node);
uint64_t psim_turn_deadline(const struct psim_node *node);
/* A frame of a peer, from where it came. */
void psim_frame_receive(struct psim_node *node, const struct endpoint *src,
			const uint8_t *bytes, size_t len);
/* An open or close of a client. */
void psim_introducer_control(struct psim_node *node, struct psim_peer *peer,
			     uint8_t type, const uint8_t *tlvs, size_t len);

#endif /* PILOT_TESTS_PATH_SIM_IMPL_H */

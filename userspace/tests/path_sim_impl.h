/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the simulation of paths: path_sim.c -> path_sim_introducer.c. */
#ifndef PILOT_TESTS_PATH_SIM_IMPL_H
#define PILOT_TESTS_PATH_SIM_IMPL_H

#include "path_sim.h"

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
/* An open or close of a client. */
void psim_introducer_control(struct psim_node *node, struct psim_peer *peer,
			     uint8_t type, const uint8_t *tlvs, size_t len);

#endif /* PILOT_TESTS_PATH_SIM_IMPL_H */

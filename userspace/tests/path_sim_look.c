// SPDX-License-Identifier: GPL-2.0-or-later
/* What came of it, as tests see it. */
#include <stdio.h>

#include "path_sim.h"

int psim_until_connected(struct psim *sim, int a, int b, uint64_t limit)
{
	uint64_t began = sim->net.now;
	unsigned int at_a = sim->node[a].peer[b].data_received;
	unsigned int at_b = sim->node[b].peer[a].data_received;

	while (sim->net.now - began < limit) {
		psim_run(sim, 10 * NET_MS);
		if (sim->node[a].peer[b].data_received > at_a &&
		    sim->node[b].peer[a].data_received > at_b)
			return (sim->net.now - began) / NET_MS;
	}
	return -1;
}

enum path_class psim_class(struct psim *sim, int a, int b)
{
	struct path_info info;

	path_peer_info(sim->node[a].peer[b].path, &info);
	for (unsigned int i = 0; i < info.count; i++)
		if (info.candidate[i].state == PATH_STATE_IN_USE)
			return info.candidate[i].class;
	return PATH_CLASSES;
}

int psim_until_class(struct psim *sim, int a, int b, enum path_class class,
		     uint64_t limit)
{
	uint64_t began = sim->net.now;

	while (sim->net.now - began < limit) {
		psim_run(sim, 10 * NET_MS);
		if (psim_class(sim, a, b) == class &&
		    psim_class(sim, b, a) == class)
			return (sim->net.now - began) / NET_MS;
	}
	return -1;
}

void psim_show(struct psim *sim, int a, int b)
{
	struct path_info info;
	char text[ENDPOINT_TEXT_LEN];

	path_peer_info(sim->node[a].peer[b].path, &info);
	printf("%d->%d: %s%s, generation %u, its %u\n", a, b, info.text,
	       info.controlling ? ", controlling" : "", info.generation,
	       info.peer_generation);
	for (unsigned int i = 0; i < info.count; i++) {
		const struct path_candidate_info *c = &info.candidate[i];

		endpoint_format(&c->endpoint, text);
		printf("  %s %s %s %s rtt %.1f loss %u%s%s\n", text,
		       path_kind_name(c->kind), path_class_name(c->class),
		       path_state_name(c->state), c->rtt_ns / 1e6, c->loss,
		       *c->reason ? ": " : "", c->reason);
	}
}

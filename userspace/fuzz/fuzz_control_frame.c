// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control frames into a session that is up: as they are, or sealed as a
 * trusted peer that went bad would. The input is a list of steps, each a kind,
 * a length and bytes.
 */
#include <sodium.h>
#include <string.h>

#include "control_frame.h"
#include "sim.h"

enum step {
	STEP_RAW,		/* the frame */
	STEP_INDEXED,		/* the frame behind a right index */
	STEP_SEALED,		/* the content */
	STEP_AGAIN,		/* the last frame */
	STEP_PING,		/* of ours */
	STEP_TIME,
	STEPS,
};

/* Anew for each input, so that a find is found again. */
static struct {
	uint8_t frame[WIRE_FRAME_MAX + 300];
	size_t len;
	uint64_t counter;
	size_t received;	/* bytes of the frame that is looked at */
	unsigned int answers;
} state;

/* One answer for a frame at most, and none larger than it. */
static void tap(struct sim *sim, int from, int to, const uint8_t *bytes,
		size_t len)
{
	(void)sim;
	(void)to;
	if (from != 1 || bytes[0] != WIRE_TYPE_CONTROL || !state.received)
		return;
	if (len > state.received || ++state.answers > 1)
		__builtin_trap();
}

static void inject(struct sim *sim)
{
	struct endpoint endpoint = sim->node[1].kernel[0].endpoint;

	state.received = state.len;
	state.answers = 0;
	sim_inject(sim, 1, &sim->node[0].endpoint, state.frame, state.len);
	state.received = 0;
	if (!endpoint_equal(&endpoint, &sim->node[1].kernel[0].endpoint))
		__builtin_trap();
}

static void ping(struct sim_node *node)
{
	struct clock now;
	uint64_t token;

	sim_clock(node, &now);
	session_ping(node->host, &now, node->peers[0], NULL, &token);
}

static void step(struct sim *sim, enum step kind, const uint8_t *bytes,
		 size_t len)
{
	struct sim_key *key = &sim->node[0].kernel[1].current;

	switch (kind) {
	case STEP_RAW:
	case STEP_INDEXED:
		state.len = len;
		memcpy(state.frame, bytes, len);
		if (kind == STEP_INDEXED && len >= 16)
			wire_control_begin(state.frame, key->tx_index,
					   wire_get64(bytes + 8));
		inject(sim);
		break;
	case STEP_SEALED:
		state.len = control_frame_seal(key->control_tx, key->tx_index,
					       state.counter++, bytes, len,
					       state.frame);
		inject(sim);
		break;
	case STEP_AGAIN:
		inject(sim);
		break;
	case STEP_PING:
		ping(&sim->node[1]);
		break;
	default:
		sim_run(sim, len * SIM_S / 32);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return sodium_init() < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sim *sim = sim_new(1, 2);

	memset(&state, 0, sizeof(state));
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	sim->tap = tap;
	sim->node[1].control_known = 9;
	sim->node[1].control_answer = 9;
	while (size >= 2) {
		size_t len = data[1];

		if (len > size - 2)
			len = size - 2;
		step(sim, data[0] % STEPS, data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
	sim_run(sim, SIM_S);
	if (sim->node[1].pongs > sim->node[1].sent_type[WIRE_TYPE_CONTROL])
		__builtin_trap();
	sim_free(sim);
	return 0;
}

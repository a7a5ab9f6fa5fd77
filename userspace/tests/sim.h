/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of helpers in simulated time. Each node has a state machine and
 * a small model of the kernel's key slots; the same seed gives the same run.
 */
#ifndef PILOT_TESTS_SIM_H
#define PILOT_TESTS_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

#define SIM_NODES	4
#define SIM_CARRIERS	4
#define SIM_MS		1000000ULL
#define SIM_S		1000000000ULL
#define SIM_REAL_START	(1790000000ULL * SIM_S)

struct sim_key {
	bool used;
	uint32_t epoch;
	uint32_t rx_index, tx_index;
	uint8_t rx_key[32], tx_key[32];
	uint8_t control_rx[32], control_tx[32];
	uint8_t cipher;
};

/* A lane above 0. */
struct sim_lane {
	struct sim_key current, next, previous;
	uint16_t port;			/* where the peer receives it */
};

/* What a kernel holds for a node about one peer node. */
struct sim_kernel {
	struct sim_key current, next, previous;
	struct endpoint endpoint;
	struct sim_lane lane[WIRE_LANES_MAX];	/* the first is not used */
};

struct sim_node {
	struct sim *sim;
	struct session_host *host;
	struct session_agent *agent;
	struct session_peer *peers[SIM_NODES];
	struct sim_kernel kernel[SIM_NODES];
	struct identity id;
	struct endpoint endpoint;
	struct session_config config;
	int64_t clock_offset;		/* of CLOCK_REALTIME */
	int install_error;		/* what key_install() answers */
	int install_errors;		/* how many times; -1: for ever */
	unsigned int lanes_refused;	/* bits of lanes above 0 */
	unsigned int sent, sent_bytes;	/* datagrams by the helper */
	unsigned int sent_type[256];
	unsigned int notices[16];
	unsigned int installs, deletes, endpoint_sets;	/* of lane 0 */
	unsigned int lane_installs, lane_deletes;	/* of the others */
	unsigned int data_sent, data_received, data_undeliverable;
	uint64_t traffic;		/* interval of data, 0: none */
	bool moves_untold;		/* the kernel keeps them to itself */
	bool acquire;			/* traffic without a key asks for one */
	uint64_t traffic_at;
	unsigned int pongs;
	struct session_pong pong;	/* the last */
	uint8_t control_known;		/* type of messages that are taken */
	uint8_t control_answer;		/* type of what is answered, 0: none */
	unsigned int controls;
	struct endpoint control_src;
	uint8_t control_tlvs[64];	/* of the last, cut */
	size_t control_len;
	char text[128];
};

/* A way by somebody else, one direction: entry of a relay, or channel. */
struct sim_carrier {
	struct endpoint in;		/* what @from sends to */
	struct endpoint out;		/* where @to has it from */
	int from, to;
};

struct sim_datagram {
	struct sim_datagram *next;
	uint64_t at;
	struct endpoint src;
	int to;
	size_t len;
	uint8_t bytes[1500];
};

struct sim {
	uint64_t seed;
	uint64_t now;			/* boot time of all */
	unsigned int loss;		/* per cent */
	unsigned int duplicate;		/* per cent */
	uint64_t delay, jitter;
	bool blocked[SIM_NODES][SIM_NODES];
	bool check_receivable;
	unsigned int violations;
	int nodes;
	struct sim_node node[SIM_NODES];
	int carriers;
	struct sim_carrier carrier[SIM_CARRIERS];
	struct sim_datagram *queue;
	/* Sees every datagram as it is sent, when set. */
	void (*tap)(struct sim *sim, int from, int to, const uint8_t *bytes,
		    size_t len);
};

struct sim *sim_new(uint64_t seed, int nodes);
void sim_free(struct sim *sim);
uint64_t sim_random(struct sim *sim);
void sim_clock(const struct sim_node *node, struct clock *now);
/* Start @node anew with so many lanes; before it knows a peer. */
void sim_lanes(struct sim *sim, int node, unsigned int lanes);
/* The port of a node's lane. */
uint16_t sim_lane_port(int node, unsigned int lane);
/* Let @from know @to; @know: with its endpoint. */
struct session_peer *sim_peer(struct sim *sim, int from, int to, bool know,
			      const uint8_t *psk, bool persist);
/* A new helper process, or a whole new machine when the kernel forgets. */
void sim_restart(struct sim *sim, int node, bool kernel_too);
void sim_acquire(struct sim *sim, int from, int to);
/* From now on @from reaches @to by @in, and is seen there as @out. */
void sim_carry(struct sim *sim, int from, const char *in, int to,
	       const char *out);
void sim_event(struct sim *sim, int node, int peer, enum session_event event,
	       uint32_t epoch);
/* Bytes from anywhere straight into a helper. */
void sim_inject(struct sim *sim, int node, const struct endpoint *src,
		const void *bytes, size_t len);
/* Lose what is on its way. */
void sim_drop(struct sim *sim);
void sim_run(struct sim *sim, uint64_t duration);
/* An event of a lane's key. */
void sim_lane_event(struct sim *sim, int node, int peer,
		    enum session_event event, uint8_t lane, uint32_t epoch);
/* How many lanes have keys that fit each other and the ports they go to. */
unsigned int sim_lanes_up(struct sim *sim, int a, int b);
/* Both kernels have current keys that fit each other. */
bool sim_is_up(struct sim *sim, int a, int b);
enum session_state sim_state(struct sim *sim, int node, int peer);

#endif /* PILOT_TESTS_SIM_H */

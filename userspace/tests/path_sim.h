/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers that reach each other over a simulated network. Paths are the real
 * state machine. Sessions and kernels are models that keep to what the real
 * ones promise: a handshake is one round trip and its repetition makes an
 * answer to the one before worthless, 32 control frames a second are taken
 * from a peer, 16 pings are waited for 5 s, endpoints are learned from direct
 * data, introducers forward by their table and by source.
 */
#ifndef PILOT_TESTS_PATH_SIM_H
#define PILOT_TESTS_PATH_SIM_H

#include "net.h"
#include "path.h"
#include "turn_pool.h"
#include "turn_server.h"

#define PSIM_NODES	NET_HOSTS
#define PSIM_PINGS	16
#define PSIM_RELAYS	64
#define PSIM_ADDRESS(i)	((1ULL << 32) + 100 + (i))

struct psim_ping {
	uint64_t token, at;
};

/* What a node has about another. */
struct psim_peer {
	bool known;
	struct path_peer *path;
	bool persist;
	/* The session. */
	uint32_t current, previous, offered;	/* keys, 0: none */
	uint64_t current_at;
	bool initiator;
	struct endpoint source;			/* of what offered answers */
	uint32_t init_seen;			/* index of the last initiation */
	bool confirmed;
	uint32_t attempt;			/* index, 0: none */
	unsigned int attempt_count;
	uint64_t attempt_began, attempt_interval, attempt_at;
	struct endpoint attempt_dst;
	struct endpoint endpoint;		/* where its messages go */
	uint64_t again_at;
	unsigned int failures;			/* rounds in a row */
	struct psim_ping ping[PSIM_PINGS];
	unsigned int pings;
	double tokens;				/* of 32 frames a second */
	uint64_t tokens_at;
	/* The kernel. */
	struct endpoint kernel;
	uint64_t hold_until;
	bool active;
	uint64_t data_at;			/* last data, either way */
	uint64_t silent_since;			/* sent, nothing came */
	uint64_t acquire_at, keepalive_at;
	uint64_t traffic, traffic_at;		/* interval; 0: none */
	/* As an introducer: a word that it asked for. */
	uint64_t late_at;
	uint32_t late;
	struct endpoint late_to;
	/* What is looked at. */
	unsigned int data_sent, data_received, uses, holds;
	uint64_t first_received_at, last_received_at, longest_gap;
	unsigned int controls_sent, pings_sent, pings_unproven;
	unsigned int notices[8];
	unsigned int limited;
};

struct psim_relay {
	bool used;
	uint32_t id, next;
	int from, to;
	uint64_t until;
};

struct psim_node {
	struct psim *sim;
	struct path_host *host;
	struct path_agent *agent;
	struct psim_peer peer[PSIM_NODES];
	uint8_t public[32];
	bool introducer;
	bool dead;			/* the helper does nothing */
	bool signalling;		/* as an introducer: no data */
	unsigned int refuse;		/* as an introducer: why, 0: not */
	bool mute;			/* as an introducer: says no late */
	uint32_t lifetime;		/* of what it grants */
	struct psim_relay relay[PSIM_RELAYS];
	unsigned int relayed, relay_drops, opens, closes, lates;
	struct path_config config;
	struct turn_pool turn;		/* its TURN servers */
	bool turn_used;
	enum path_turn_need turn_need;	/* as told */
	struct turn_server *server;	/* it is one itself */
};

struct psim {
	struct net net;
	uint32_t keys;
	struct psim_node node[PSIM_NODES];
	bool forget;			/* whether the ops have it */
	bool verbose;
	uint64_t hard_age;		/* of keys; 0: they do not end */
	unsigned int controls;
	/* Sees each control message that is sent, when set. */
	void (*tap)(struct psim *sim, int from, int to,
		    const struct endpoint *dst, uint8_t type);
};

struct psim *psim_new(uint64_t seed);
void psim_free(struct psim *sim);
/* Return: the number of the node. */
int psim_node(struct psim *sim, int realm, bool v4, bool v6);
/* One for TURN, which knows nobody else. */
int psim_turn_server(struct psim *sim);
/* @node may use these, in this order. */
void psim_turn(struct psim *sim, int node, const int *servers,
	       unsigned int count);
int psim_introducer(struct psim *sim, bool v4, bool v6);
/* @node has @introducer, and the other way round. */
void psim_introduce(struct psim *sim, int node, int introducer);
/* Both know each other; @a may know where @b is. */
void psim_pair(struct psim *sim, int a, int b, const struct endpoint *at);
/* Tells the node what its addresses are. */
void psim_addresses(struct psim *sim, int node, bool changed);
void psim_restart(struct psim *sim, int node);
/* Data every @interval from @a to @b; 0 stops it. */
void psim_traffic(struct psim *sim, int a, int b, uint64_t interval);
void psim_run(struct psim *sim, uint64_t duration);
/* Until data came to both ends. Return: ms it took, or -1. */
int psim_until_connected(struct psim *sim, int a, int b, uint64_t limit);
/* The class of the path that @a uses to @b; PATH_CLASSES: none. */
enum path_class psim_class(struct psim *sim, int a, int b);
/* Until both use this class. Return: ms it took, or -1. */
int psim_until_class(struct psim *sim, int a, int b, enum path_class class,
		     uint64_t limit);
void psim_clock(const struct psim *sim, struct clock *now);
/* Makes the keys such that @a is the controlling end. */
void psim_control(struct psim *sim, int a, int b);
void psim_show(struct psim *sim, int a, int b);

#endif /* PILOT_TESTS_PATH_SIM_H */

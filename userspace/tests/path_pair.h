/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two helpers behind NATs, introducers, and servers. */
#ifndef PILOT_TESTS_PATH_PAIR_H
#define PILOT_TESTS_PATH_PAIR_H

#include "path_sim.h"

struct pair {
	struct psim *sim;
	int r[2];			/* introducers */
	int a, b;
	int server[2];			/* TURN, where there are any */
};

/* Both behind NATs that can be punched; @a is the controlling end. */
struct pair pair_new(uint64_t seed, int introducers);
/* With traffic, directly, for a while. */
struct pair pair_direct(uint64_t seed, int introducers);
/* Each has the other as a peer, without an endpoint; 2 s pass. */
void pair_know(struct pair *pair);
/* Traffic both ways, a packet each @interval; 0: none. */
void pair_talk(struct pair *pair, uint64_t interval);
/* How long @from watches @to, from now on. */
void pair_watch(struct pair *pair, int from, int to, uint32_t seconds);
/* The host of @who does not run for so long; no time passes by that. */
void pair_sleep(struct pair *pair, int who, uint64_t duration);
/* Nothing goes directly between the two. */
void pair_block(struct pair *pair, bool blocked);
/* From now on. Fails when they do not use the relay after so many milliseconds. */
void pair_dies(struct pair *pair, unsigned int low, unsigned int high);
struct psim_peer *pair_at_a(struct pair *pair);
struct psim_peer *pair_at_b(struct pair *pair);
/* Fails when not both use a path of this class. */
void pair_expect(struct pair *pair, enum path_class class);
void pair_gaps_reset(struct pair *pair);
/* Of both directions, since then, in milliseconds. */
unsigned int pair_longest_gap(struct pair *pair);
/* How often the two have begun to use a path. */
unsigned int pair_moves(struct pair *pair);

#endif /* PILOT_TESTS_PATH_PAIR_H */

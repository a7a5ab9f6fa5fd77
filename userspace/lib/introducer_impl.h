/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the introducer. introducer.c -> introducer_pair.c. */
#ifndef PILOT_LIB_INTRODUCER_IMPL_H
#define PILOT_LIB_INTRODUCER_IMPL_H

#include "introducer.h"
#include "ratelimit.h"
#include "table.h"
#include "timer.h"

/* A peer that asked, or that is one of a pair. */
struct introducer_client {
	struct table_node node;
	struct timer timer;		/* when nothing keeps it here, or late */
	uint64_t agent;
	uint64_t peer;
	struct ratelimit_bucket requests;
	struct introducer_end *ends;
	unsigned int opened;		/* pairs that count as its own */
	uint64_t late_at;		/* it asked for a word then, 0: no */
	uint32_t late;			/* and what number it has */
	struct endpoint late_to;
};

/* One of the two of a pair, and the direction that it sends in. */
struct introducer_end {
	struct table_node by_id;
	struct introducer_pair *pair;
	struct introducer_client *client;
	struct introducer_end *next, *prev;	/* of the client */
	uint32_t id;
	bool installed;			/* in the kernel, as far as we know */
	bool wanted;			/* it asked, and did not give back */
	unsigned int tells;		/* grants to be sent unasked */
	uint64_t tell_at;
};

struct introducer_pair {
	struct table_node node;
	struct timer timer;
	uint64_t agent;
	uint64_t expires_at;
	int owner;			/* whose it counts as; -1: not known */
	bool stale;			/* adopted with other caps than ours */
	struct introducer_end end[2];	/* the lower address first */
	struct introducer_pair *next, *prev;
};

/* Somebody who is to hear that what was granted is over. */
struct introducer_ended {
	struct introducer_ended *next;
	uint64_t agent;
	uint64_t peer;
	uint64_t other;
};

struct introducer {
	struct introducer_ops ops;
	void *ctx;
	struct introducer_config config;
	struct table by_client, by_pair, by_id;
	struct timer_heap pair_timers, client_timers;
	struct introducer_pair *pairs;
	struct introducer_ended *ended;	/* not told yet */
	size_t clients;
	uint8_t key[16];		/* of the hashes of addresses */
	struct introducer_stats stats;
};

struct introducer_client *introducer_client_find(struct introducer *in,
						 uint64_t agent,
						 uint64_t peer);
/* Return: the one that is there, or a new one; NULL without memory. */
struct introducer_client *introducer_client_take(struct introducer *in,
						 uint64_t agent,
						 uint64_t peer);
/* Once nothing is known about it that counts. */
void introducer_client_put(struct introducer *in,
			   struct introducer_client *client, uint64_t now);
void introducer_client_free(struct introducer *in,
			    struct introducer_client *client);

struct introducer_pair *introducer_pair_find(struct introducer *in,
					     uint64_t agent, uint64_t a,
					     uint64_t b);
/* Without ids, and nobody's. NULL without memory. */
struct introducer_pair *introducer_pair_new(struct introducer *in,
					    uint64_t agent, uint64_t a,
					    uint64_t b);
/* Out of the kernel, and forgotten. */
void introducer_pair_drop(struct introducer *in, struct introducer_pair *pair);
/* Forgotten; what the kernel has stays. */
void introducer_pair_free(struct introducer *in, struct introducer_pair *pair);

/* Which end a peer is. */
int introducer_pair_end(const struct introducer_pair *pair, uint64_t peer);
void introducer_pair_own(struct introducer_pair *pair, int owner);
void introducer_id_set(struct introducer *in, struct introducer_end *end,
		       uint32_t id);
/*
 * Both directions into the kernel, anew or once more, for @seconds. Return: 0
 * or -errno with neither in it.
 */
int introducer_pair_install(struct introducer *in, uint64_t now,
			    struct introducer_pair *pair, uint32_t seconds);
void introducer_pair_schedule(struct introducer *in,
			      struct introducer_pair *pair);

#endif /* PILOT_LIB_INTRODUCER_IMPL_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an introducer sees of its world: peers, relay entries, and no more. */
#ifndef PILOT_TESTS_FAKE_KERNEL_H
#define PILOT_TESTS_FAKE_KERNEL_H

#include "introducer.h"
#include "path_message.h"

#define FAKE_ENTRIES	512
#define FAKE_PEERS	512
#define FAKE_SENT	2048	/* the last of them */

struct fake_entry {
	uint64_t agent;
	struct relay_entry entry;
	uint64_t until;
};

struct fake_sent {
	uint64_t at;
	uint64_t agent;
	uint64_t peer;
	bool to_src;			/* where the request came from */
	struct endpoint dst;
	struct path_message message;
	size_t len;
};

struct fake {
	struct introducer *in;
	uint64_t now;
	struct introducer_config config;
	enum introducer_standing standing[FAKE_PEERS];	/* by node */
	struct fake_entry entry[FAKE_ENTRIES];
	unsigned int entries;
	unsigned int news, renews, dels;
	int error;			/* of relay_new() */
	int skip;			/* calls before it */
	int errors;			/* how many; -1: for ever */
	struct fake_sent sent[FAKE_SENT];
	unsigned int sents;
	unsigned int notices[8];
	uint64_t seed;
};

#define FAKE_AGENT	(1ULL << 32 | 5000)
#define FAKE_OTHER	(1ULL << 32 | 5001)	/* another agent here */

static inline uint64_t fake_peer(unsigned int number)
{
	return 1ULL << 32 | (0x1000 + number);
}

/* With the peers 0 to @peers - 1, all directly here. */
struct fake *fake_new(unsigned int peers);
void fake_free(struct fake *fake);
/* Another worker on the same kernel; it adopts what there is. */
void fake_restart(struct fake *fake);
void fake_configure(struct fake *fake);
/* Up to @duration from now: timers, and entries that end by themselves. */
void fake_run(struct fake *fake, uint64_t duration);
/* A padded open, or a close. */
void fake_open(struct fake *fake, unsigned int from, unsigned int to);
void fake_close(struct fake *fake, unsigned int from, unsigned int to);
struct fake_entry *fake_find(struct fake *fake, uint32_t id);
/* The entry of a direction. */
struct fake_entry *fake_way(struct fake *fake, unsigned int from,
			    unsigned int to);
/* Another one has its place then. */
void fake_remove(struct fake *fake, struct fake_entry *entry);
/* Entries are in pairs that fit each other. Return: whether all are. */
bool fake_is_whole(struct fake *fake);

#endif /* PILOT_TESTS_FAKE_KERNEL_H */

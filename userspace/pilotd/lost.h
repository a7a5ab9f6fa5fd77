/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the kernel that were lost, or told to a worker before this one. An
 * acquire comes again by itself, and keys have their times here as well; that a
 * peer fell idle, or that it has data again, is told once. So the time for idle of
 * each such peer is set again: it has data from then on, until the kernel tells
 * that it has none.
 */
#ifndef PILOTD_LOST_H
#define PILOTD_LOST_H

#include <stdbool.h>
#include <stdint.h>

#include "worker.h"

/* In a step; steps have a pause between: as many events would be lost again. */
#define LOST_STEP_PEERS	16

/* Has the kernel begin the idle time of a peer. Return: 0 or -errno. */
typedef int (*lost_ask_fn)(struct worker *worker, uint64_t agent,
			   uint64_t peer, uint32_t seconds);

/* Return: 0 or -errno. */
int lost_start(struct worker *worker);
/* No peer is known to be idle, or not, from now on. Steps follow by a timer. */
void lost_begin(struct worker *worker);
/* A session with the peer was confirmed: its turn comes, if it waits for one. */
void lost_confirmed(struct worker *worker, struct session_peer *peer);
/* The next peers that have a session. Return: whether there are more. */
bool lost_step(struct worker *worker, lost_ask_fn ask);

#endif /* PILOTD_LOST_H */

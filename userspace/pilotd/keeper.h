/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a worker running: starts it, tells it what is configured, serves its
 * requests, and replaces one that ends, talks nonsense or hangs.
 */
#ifndef PILOTD_KEEPER_H
#define PILOTD_KEEPER_H

#include "parent.h"

#define KEEPER_ASK_US		5000000
/* Questions in a row that a worker may leave without an answer. */
#define KEEPER_UNANSWERED	3
/*
 * The same before its first answer: on a machine that is short of time or memory it
 * takes long to start, and to begin anew would take it longer still.
 */
#define KEEPER_STARTING		9

/*
 * Asks every @parent->ask_us for a sign of life. Return: 0 or -errno, when
 * there can be no worker.
 */
int keeper_start(struct parent *parent);

#endif /* PILOTD_KEEPER_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileged parent's life: opens the sockets, makes the agents, has a
 * worker kept, and answers to signals.
 */
#ifndef PILOTD_RUN_H
#define PILOTD_RUN_H

#include "options.h"

/* Runs until it is told to stop. Return: an exit status. */
int run(const struct options *options);

#endif /* PILOTD_RUN_H */

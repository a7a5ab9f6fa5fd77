/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UDP sockets: one of each family for a lane, at ports that follow each
 * other. They outlive the process that opened them, since flows depend on
 * them: systemd keeps them, or the worker does.
 */
#ifndef PILOTD_LANES_H
#define PILOTD_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define LANES_FDS_MAX	(2 * WIRE_LANES_MAX)

/* For IPv4 and IPv6; below 0 where there is none. */
struct lane {
	int fd[2];
};

struct lanes {
	uint16_t port;			/* of lane 0 */
	unsigned int count;
	struct lane lane[WIRE_LANES_MAX];
};

/* No sockets yet. @count 0: as many as CPUs, but not more than a few. */
void lanes_init(struct lanes *lanes, uint16_t port, unsigned int count);

/*
 * Takes the sockets of a helper that went before: those systemd kept for us,
 * else those that its worker keeps and gives away at @path. What does not fit
 * the ports is closed.
 */
void lanes_inherit(struct lanes *lanes, const char *path);

/*
 * Opens what is missing. A host may have no IPv6; a lane has the families of
 * lane 0. From the first lane on that cannot be had there are no more.
 * Return: 0, or -errno with a text in @err when there is not even lane 0.
 */
int lanes_open(struct lanes *lanes, char *err, size_t err_size);

/* Leaves copies with systemd, if it is there. */
void lanes_keep(const struct lanes *lanes);

/* The worker's side: accept one claim at @listener, give the sockets away. */
int lanes_give(int listener, const struct lanes *lanes);

#endif /* PILOTD_LANES_H */

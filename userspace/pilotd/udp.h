/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams of a socket, many at a time: under a flood the calls cost more
 * than what is done about a datagram.
 */
#ifndef PILOTD_UDP_H
#define PILOTD_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define UDP_BATCH	64
#define UDP_DATAGRAM	2048	/* longer ones are no frames of ours */

struct udp_batch;

typedef void (*udp_receive_fn)(void *ctx, const struct endpoint *src,
			       const uint8_t *bytes, size_t len);

/* Return: buffers for one batch, or NULL. */
struct udp_batch *udp_batch_new(void);
void udp_batch_free(struct udp_batch *batch);

/* Hands what has come to @receive, UDP_BATCH datagrams at most. */
void udp_drain(struct udp_batch *batch, int fd, udp_receive_fn receive,
	       void *ctx);

#endif /* PILOTD_UDP_H */

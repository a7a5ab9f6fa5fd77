/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams of a socket, received many at a time: under a flood the calls cost
 * more than what is done about a datagram. What was carried by a relay or a
 * TURN server comes from an endpoint of that kind, and goes to one.
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

/*
 * Hands what has come to @receive, UDP_BATCH datagrams at most. What is
 * carried and is no frame of ours is passed over.
 */
void udp_drain(struct udp_batch *batch, int fd, udp_receive_fn receive,
	       void *ctx);

/*
 * The same with datagrams as they are, whatever is in them. Return: how many
 * there were.
 */
unsigned int udp_drain_bare(struct udp_batch *batch, int fd,
			    udp_receive_fn receive, void *ctx);

/*
 * Sends one frame, with the header that the endpoint asks for. Return: 0 or
 * -errno; -EDESTADDRREQ when the endpoint is not set. Does not wait.
 */
int udp_send(int fd, const struct endpoint *dst, const void *bytes,
	     size_t len);

#endif /* PILOTD_UDP_H */

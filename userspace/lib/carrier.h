/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in front of a frame on its way by a relay or a TURN server, and
 * tells them, or us, whose it is.
 */
#ifndef PILOT_LIB_CARRIER_H
#define PILOT_LIB_CARRIER_H

#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "wire.h"

#define CARRIER_HEADER_MAX	WIRE_RELAY_HEADER

/*
 * The header for a frame of @len bytes to @dst. Return: its length, 0 when the
 * endpoint is direct; -EINVAL for an id that its kind does not have, -EMSGSIZE
 * for a frame of no length or one that no datagram can hold.
 */
int carrier_write(const struct endpoint *dst, size_t len,
		  uint8_t header[static CARRIER_HEADER_MAX]);

/*
 * A datagram from the direct endpoint @src: when a frame was carried in it,
 * @src becomes the endpoint it came from and @bytes and @len are made the
 * frame; another datagram is left as it is. What is carried begins with the
 * type of a frame of ours, and is not carried again. Return: 0, or -EBADMSG
 * with nothing changed.
 */
int carrier_parse(struct endpoint *src, const uint8_t **bytes, size_t *len);

#endif /* PILOT_LIB_CARRIER_H */

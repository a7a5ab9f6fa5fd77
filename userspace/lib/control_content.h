/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is sealed in a control frame: a message type and TLVs. What is read
 * here was authenticated, and its sender may lie all the same.
 */
#ifndef PILOT_LIB_CONTROL_CONTENT_H
#define PILOT_LIB_CONTROL_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "tlv.h"
#include "wire.h"

/*
 * A reply is never larger than what it answers, so that nobody is flooded by
 * asking in his name: a ping is padded to the size of the largest pong.
 */
#define CONTROL_PONG_MAX	(WIRE_CONTROL_HEAD + \
				 TLV_HEADER_LEN + sizeof(uint64_t) + \
				 TLV_HEADER_LEN + WIRE_ENDPOINT6_LEN)
#define CONTROL_PING_LEN	CONTROL_PONG_MAX

/*
 * A direct endpoint as it is in TLVs: one that can be sent to, without scope.
 * Return: 0, or -EBADMSG.
 */
int control_endpoint_read(const uint8_t *value, size_t len,
			  struct endpoint *ep);
/* Return: the length, WIRE_ENDPOINT4_LEN or WIRE_ENDPOINT6_LEN. */
size_t control_endpoint_write(uint8_t value[static WIRE_ENDPOINT6_LEN],
			      const struct endpoint *ep);

/* A view into content whose TLVs are whole, known or not. */
struct control_content {
	uint8_t type;
	const uint8_t *tlvs;
	size_t len;
};

/* Return: 0, or -EBADMSG. */
int control_content_parse(const uint8_t *bytes, size_t len,
			  struct control_content *content);
/*
 * What a ping or pong holds. Return: 0; -EBADMSG when a TLV that is known has
 * a wrong length or value or occurs twice, or a needed one is missing.
 */
int control_ping_read(const struct control_content *content, uint64_t *token);
/* @observed is not set when the pong has none. */
int control_pong_read(const struct control_content *content, uint64_t *token,
		      struct endpoint *observed);

/* Return: the length of the content, or -EMSGSIZE when it is over @size. */
int control_content_write(uint8_t *buf, size_t size, uint8_t type,
			  const void *tlvs, size_t len);
/* @buf takes CONTROL_PING_LEN, all of which is filled. */
void control_ping_write(uint8_t *buf, uint64_t token);
/*
 * @buf takes CONTROL_PONG_MAX. What came by a relay or a TURN server has their
 * address, which is nothing to tell. Return: the length.
 */
size_t control_pong_write(uint8_t *buf, uint64_t token,
			  const struct endpoint *observed);

#endif /* PILOT_LIB_CONTROL_CONTENT_H */

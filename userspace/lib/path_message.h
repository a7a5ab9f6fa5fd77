/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control messages of reachability: between a peer and its introducer,
 * and between two peers about the path they use. What is read here was
 * authenticated, and its sender may lie all the same.
 */
#ifndef PILOT_LIB_PATH_MESSAGE_H
#define PILOT_LIB_PATH_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "wire.h"

/* The largest are candidates: a generation, flags, 16 of IPv6, and costs. */
#define PATH_MESSAGE_MAX	(8 + 8 + WIRE_CANDIDATES_MAX * \
				 (4 + 1 + WIRE_ENDPOINT6_LEN) + \
				 4 + 2 * WIRE_PATH_CLASSES)

struct path_message_candidate {
	uint8_t kind;			/* WIRE_CANDIDATE_* */
	struct endpoint endpoint;
};

/* What a type does not have is zero. */
struct path_message {
	uint8_t type;			/* WIRE_CONTROL_RELAY_OPEN and on */
	uint8_t reason;
	uint8_t round;
	uint8_t count;			/* of candidates */
	uint32_t relay;
	uint32_t lifetime;
	uint32_t flags;
	uint32_t packet_rate;
	uint32_t generation;
	uint64_t peer;
	uint64_t byte_rate;
	uint16_t cost[WIRE_PATH_CLASSES];
	struct path_message_candidate candidate[WIRE_CANDIDATES_MAX];
};

/*
 * The TLVs of one message. Candidates of a kind that is not known are left
 * out. Return: 0; -ENOMSG for a type that is none of these; -EBADMSG when a
 * TLV that is known has a wrong length or value or occurs twice, or one that
 * the type needs is missing.
 */
int path_message_read(uint8_t type, const uint8_t *tlvs, size_t len,
		      struct path_message *message);
/*
 * @buf takes PATH_MESSAGE_MAX. What asks for an answer is padded to the size
 * of it. Return: the length of the TLVs, -EINVAL for a type that is none of
 * these.
 */
int path_message_write(const struct path_message *message, uint8_t *buf);

#endif /* PILOT_LIB_PATH_MESSAGE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two handshake messages: building and consuming them. No timers, no
 * tables, nothing is sent.
 */
#ifndef PILOT_LIB_HANDSHAKE_H
#define PILOT_LIB_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity.h"
#include "noise.h"
#include "pair.h"
#include "wire.h"

#define HANDSHAKE_SOFT_AGE	120	/* seconds */
#define HANDSHAKE_HARD_AGE	600
#define HANDSHAKE_SOFT_AGE_MIN	10	/* what a peer may ask for */

/* One end, as the other is told of it. */
struct handshake_terms {
	uint64_t address;
	uint32_t index;			/* where it receives */
	uint32_t epoch;			/* proposed, then agreed */
	uint32_t soft_age;
	uint32_t hard_age;
	uint8_t lanes;			/* of which it told the ports */
	uint16_t ports[WIRE_LANES_MAX - 1];	/* of lanes 1, 2, ... */
	uint8_t cipher;			/* response only */
	bool chacha;			/* initiation only */
	bool aes;
	bool aes_accelerated;
};

/* The two ends of a pair, from our side. */
struct handshake_ends {
	const struct identity *self;
	const uint8_t *peer;		/* Ed25519 */
	const uint8_t *peer_x25519;
	const struct pair *pair;
	uint16_t network;
};

struct handshake {
	struct noise noise;
	uint8_t mac1[WIRE_MAC_LEN];	/* of the initiation */
};

/* Of a lane above 0. */
struct handshake_lane {
	uint8_t tx[NOISE_KEY_LEN];
	uint8_t rx[NOISE_KEY_LEN];
};

struct handshake_keys {
	uint8_t tx[NOISE_KEY_LEN];
	uint8_t rx[NOISE_KEY_LEN];
	uint8_t control_tx[NOISE_KEY_LEN];
	uint8_t control_rx[NOISE_KEY_LEN];
	struct handshake_lane lane[WIRE_LANES_MAX - 1];
};

/* True when the MAC in front is the peer's: no public-key work. */
bool handshake_init_mac_valid(const struct pair *pair, const uint8_t *frame,
			      size_t len);
/* The same for a response to the initiation of @hs. */
bool handshake_resp_mac_valid(const struct handshake *hs,
			      const struct pair *pair, const uint8_t *frame,
			      size_t len);

/*
 * @ephemeral: 32 random bytes. @cookie: NULL without one. @frame takes
 * WIRE_FRAME_MAX bytes. Return: the length of the frame, or -errno.
 */
int handshake_init_write(struct handshake *hs,
			 const struct handshake_ends *ends,
			 const struct handshake_terms *terms, uint64_t stamp_ns,
			 const uint8_t ephemeral[static NOISE_DH_LEN],
			 const uint8_t *cookie, uint8_t *frame);
int handshake_resp_write(struct handshake *hs,
			 const struct handshake_ends *ends,
			 const struct handshake_terms *terms,
			 uint32_t receiver,
			 const uint8_t ephemeral[static NOISE_DH_LEN],
			 uint8_t *frame, struct handshake_keys *keys);

/*
 * Frames whose MAC was found valid. Return: 0, or -EBADMSG for what does not
 * authenticate or breaks the format; the handshake is then of no use, so the
 * initiator works on a copy.
 */
int handshake_init_read(struct handshake *hs, const struct handshake_ends *ends,
			const uint8_t *frame, size_t len, uint64_t *stamp_ns,
			struct handshake_terms *terms);
int handshake_resp_read(struct handshake *hs, const struct handshake_ends *ends,
			const uint8_t *frame, size_t len,
			struct handshake_terms *terms,
			struct handshake_keys *keys);

/* How many lanes both ends have, at least 1. */
unsigned int handshake_lanes(const struct handshake_terms *ours,
			     const struct handshake_terms *theirs);
/* After the last message: adds the keys of so many lanes to @keys. */
void handshake_lanes_take(const struct handshake *hs, bool initiator,
			  unsigned int lanes, struct handshake_keys *keys);

void handshake_wipe(struct handshake *hs);
void handshake_keys_wipe(struct handshake_keys *keys);

/* The cipher both have: AES when both accelerate it. 0: none. */
uint8_t handshake_cipher_choose(const struct handshake_terms *ours,
				const struct handshake_terms *theirs);

#endif /* PILOT_LIB_HANDSHAKE_H */

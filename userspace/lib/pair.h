/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two identities share without a word on the wire: the pair secret, and
 * the keys that stand in front of the handshake.
 */
#ifndef PILOT_LIB_PAIR_H
#define PILOT_LIB_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity.h"
#include "wire.h"

#define PAIR_KEY_LEN		32
#define PAIR_PSK_LEN		32

/* Keys of one direction: "tx" is what the peer receives. */
struct pair {
	uint8_t noise_psk[PAIR_KEY_LEN];
	uint8_t hint_tx[PAIR_KEY_LEN];
	uint8_t hint_rx[PAIR_KEY_LEN];
	uint8_t mac_tx[PAIR_KEY_LEN];
	uint8_t mac_rx[PAIR_KEY_LEN];
	uint8_t cookie_tx[PAIR_KEY_LEN];
	uint8_t cookie_rx[PAIR_KEY_LEN];
};

/*
 * @psk is the configured 32 bytes or NULL. Return: 0, or -EINVAL when the
 * peer's key is of small order or our own.
 */
int pair_derive(struct pair *pair, const struct identity *self,
		const uint8_t peer[static IDENTITY_KEY_LEN],
		const uint8_t peer_x25519[static IDENTITY_KEY_LEN],
		const uint8_t *psk);
void pair_wipe(struct pair *pair);

/* The hint of an hour (of CLOCK_REALTIME); never WIRE_HINT_STRANGER. */
uint64_t pair_hint(const uint8_t hint_key[static PAIR_KEY_LEN], uint64_t hour);

#endif /* PILOT_LIB_PAIR_H */

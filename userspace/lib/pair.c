// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "pair.h"

/*
 * P = BLAKE2b-256(key = static-static X25519,
 *		   "pilot-link pair 1" || lower identity || higher identity ||
 *		   psk or zeros)
 * and every other key is BLAKE2b-256(key = P, label || receiver's identity).
 */
static const char pair_label[] = "pilot-link pair 1";

static void pair_subkey(uint8_t *out, const uint8_t *secret, const char *label,
			const uint8_t *receiver)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, secret, PAIR_KEY_LEN, PAIR_KEY_LEN);
	crypto_generichash_update(&state, (const uint8_t *)label,
				  strlen(label));
	if (receiver)
		crypto_generichash_update(&state, receiver, IDENTITY_KEY_LEN);
	crypto_generichash_final(&state, out, PAIR_KEY_LEN);
	sodium_memzero(&state, sizeof(state));
}

int pair_derive(struct pair *pair, const struct identity *self,
		const uint8_t peer[static IDENTITY_KEY_LEN],
		const uint8_t peer_x25519[static IDENTITY_KEY_LEN],
		const uint8_t *psk)
{
	static const uint8_t no_psk[PAIR_PSK_LEN];
	uint8_t shared[PAIR_KEY_LEN], secret[PAIR_KEY_LEN];
	bool lower = memcmp(self->public, peer, IDENTITY_KEY_LEN) < 0;
	crypto_generichash_state state;

	if (!memcmp(self->public, peer, IDENTITY_KEY_LEN) ||
	    crypto_scalarmult_curve25519(shared, self->x25519_secret,
					 peer_x25519))
		return -EINVAL;

	crypto_generichash_init(&state, shared, sizeof(shared), sizeof(secret));
	crypto_generichash_update(&state, (const uint8_t *)pair_label,
				  sizeof(pair_label) - 1);
	crypto_generichash_update(&state, lower ? self->public : peer,
				  IDENTITY_KEY_LEN);
	crypto_generichash_update(&state, lower ? peer : self->public,
				  IDENTITY_KEY_LEN);
	crypto_generichash_update(&state, psk ? psk : no_psk, PAIR_PSK_LEN);
	crypto_generichash_final(&state, secret, sizeof(secret));

	pair_subkey(pair->noise_psk, secret, "noise psk", NULL);
	pair_subkey(pair->hint_tx, secret, "hint", peer);
	pair_subkey(pair->hint_rx, secret, "hint", self->public);
	pair_subkey(pair->mac_tx, secret, "mac", peer);
	pair_subkey(pair->mac_rx, secret, "mac", self->public);
	pair_subkey(pair->cookie_tx, secret, "cookie", peer);
	pair_subkey(pair->cookie_rx, secret, "cookie", self->public);

	sodium_memzero(&state, sizeof(state));
	sodium_memzero(shared, sizeof(shared));
	sodium_memzero(secret, sizeof(secret));
	return 0;
}

void pair_wipe(struct pair *pair)
{
	sodium_memzero(pair, sizeof(*pair));
}

uint64_t pair_hint(const uint8_t hint_key[static PAIR_KEY_LEN], uint64_t hour)
{
	uint8_t input[8], hash[crypto_generichash_BYTES_MIN];
	uint64_t hint;

	wire_put64(input, hour);
	crypto_generichash(hash, sizeof(hash), input, sizeof(input), hint_key,
			   PAIR_KEY_LEN);
	hint = wire_get64(hash);
	return hint == WIRE_HINT_STRANGER ? 1 : hint;
}

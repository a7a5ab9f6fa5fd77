// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "noise.h"

#define NOISE_BLOCK_LEN	128	/* of BLAKE2b, for HMAC */
#define NOISE_NAME_PSK	"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b"
#define NOISE_NAME	"Noise_IK_25519_ChaChaPoly_BLAKE2b"

typedef crypto_generichash_blake2b_state noise_hash;

static void noise_hash_begin(noise_hash *state)
{
	crypto_generichash_blake2b_init(state, NULL, 0, NOISE_HASH_LEN);
}

static void noise_hash_add(noise_hash *state, const void *data, size_t len)
{
	crypto_generichash_blake2b_update(state, data, len);
}

static void noise_hash_end(noise_hash *state, uint8_t *out)
{
	crypto_generichash_blake2b_final(state, out, NOISE_HASH_LEN);
	sodium_memzero(state, sizeof(*state));
}

/* RFC 2104 with a key of at most one block; the data in two parts. */
static void noise_hmac(uint8_t *out, const uint8_t *key, size_t key_len,
		       const void *a, size_t a_len, const void *b, size_t b_len)
{
	uint8_t pad[NOISE_BLOCK_LEN] = { 0 }, inner[NOISE_HASH_LEN];
	noise_hash state;

	memcpy(pad, key, key_len);
	for (int i = 0; i < NOISE_BLOCK_LEN; i++)
		pad[i] ^= 0x36;
	noise_hash_begin(&state);
	noise_hash_add(&state, pad, sizeof(pad));
	noise_hash_add(&state, a, a_len);
	noise_hash_add(&state, b, b_len);
	noise_hash_end(&state, inner);

	for (int i = 0; i < NOISE_BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	noise_hash_begin(&state);
	noise_hash_add(&state, pad, sizeof(pad));
	noise_hash_add(&state, inner, sizeof(inner));
	noise_hash_end(&state, out);
	sodium_memzero(pad, sizeof(pad));
	sodium_memzero(inner, sizeof(inner));
}

/* HKDF() of the specification: @count outputs of NOISE_HASH_LEN. */
static void noise_hkdf(const uint8_t *ck, const void *a, size_t a_len,
		       const void *b, size_t b_len, int count,
		       uint8_t out[][NOISE_HASH_LEN])
{
	uint8_t temp[NOISE_HASH_LEN];

	noise_hmac(temp, ck, NOISE_HASH_LEN, a, a_len, b, b_len);
	for (int i = 0; i < count; i++) {
		uint8_t number = i + 1;

		noise_hmac(out[i], temp, sizeof(temp), i ? out[i - 1] : NULL,
			   i ? NOISE_HASH_LEN : 0, &number, 1);
	}
	sodium_memzero(temp, sizeof(temp));
}

static void noise_mix_hash(struct noise *n, const void *data, size_t len)
{
	noise_hash state;

	noise_hash_begin(&state);
	noise_hash_add(&state, n->h, sizeof(n->h));
	noise_hash_add(&state, data, len);
	noise_hash_end(&state, n->h);
}

static void noise_mix_key(struct noise *n, const uint8_t *ikm, size_t len)
{
	uint8_t out[2][NOISE_HASH_LEN];

	noise_hkdf(n->ck, ikm, len, NULL, 0, 2, out);
	memcpy(n->ck, out[0], sizeof(n->ck));
	memcpy(n->k, out[1], sizeof(n->k));
	n->n = 0;
	sodium_memzero(out, sizeof(out));
}

static void noise_mix_psk(struct noise *n)
{
	uint8_t out[3][NOISE_HASH_LEN];

	noise_hkdf(n->ck, n->psk, sizeof(n->psk), NULL, 0, 3, out);
	memcpy(n->ck, out[0], sizeof(n->ck));
	noise_mix_hash(n, out[1], sizeof(out[1]));
	memcpy(n->k, out[2], sizeof(n->k));
	n->n = 0;
	sodium_memzero(out, sizeof(out));
}

static int noise_mix_dh(struct noise *n, const uint8_t *secret,
			const uint8_t *public)
{
	uint8_t shared[NOISE_DH_LEN];
	int ret;

	/* libsodium refuses the all-zero result of a small-order key. */
	ret = crypto_scalarmult_curve25519(shared, secret, public);
	if (!ret)
		noise_mix_key(n, shared, sizeof(shared));
	sodium_memzero(shared, sizeof(shared));
	return ret ? -EBADMSG : 0;
}

static void noise_nonce(struct noise *n, uint8_t nonce[static 12])
{
	memset(nonce, 0, 4);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] = n->n >> (8 * i);
	n->n++;
}

static void noise_seal(struct noise *n, const void *plain, size_t len,
		       uint8_t *out)
{
	uint8_t nonce[12];

	noise_nonce(n, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, n->h,
						  sizeof(n->h), NULL, nonce,
						  n->k);
	noise_mix_hash(n, out, len + NOISE_TAG_LEN);
}

static int noise_open(struct noise *n, const uint8_t *sealed, size_t len,
		      uint8_t *plain)
{
	uint8_t nonce[12];

	if (len < NOISE_TAG_LEN)
		return -EBADMSG;
	noise_nonce(n, nonce);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL,
						      sealed, len, n->h,
						      sizeof(n->h), nonce,
						      n->k))
		return -EBADMSG;
	noise_mix_hash(n, sealed, len);
	return 0;
}

/* The token "e": a psk handshake mixes it into the key as well. */
static void noise_mix_e(struct noise *n, const uint8_t *public)
{
	noise_mix_hash(n, public, NOISE_DH_LEN);
	if (n->has_psk)
		noise_mix_key(n, public, NOISE_DH_LEN);
}

static void noise_send_e(struct noise *n, const uint8_t *e_secret, uint8_t *out)
{
	memcpy(n->e_secret, e_secret, NOISE_DH_LEN);
	crypto_scalarmult_curve25519_base(n->e_public, n->e_secret);
	memcpy(out, n->e_public, NOISE_DH_LEN);
	noise_mix_e(n, n->e_public);
}

void noise_init(struct noise *n, bool initiator, const void *prologue,
		size_t prologue_len, const uint8_t s_secret[static NOISE_DH_LEN],
		const uint8_t *rs, const uint8_t *psk)
{
	const char *name = psk ? NOISE_NAME_PSK : NOISE_NAME;

	memset(n, 0, sizeof(*n));
	memcpy(n->h, name, strlen(name));
	memcpy(n->ck, n->h, sizeof(n->ck));
	memcpy(n->s_secret, s_secret, sizeof(n->s_secret));
	if (psk) {
		memcpy(n->psk, psk, sizeof(n->psk));
		n->has_psk = true;
	}
	if (initiator || !rs)
		crypto_scalarmult_curve25519_base(n->s_public, n->s_secret);
	else
		memcpy(n->s_public, rs, sizeof(n->s_public));
	if (initiator)
		memcpy(n->rs, rs, sizeof(n->rs));

	noise_mix_hash(n, prologue, prologue_len);
	noise_mix_hash(n, initiator ? n->rs : n->s_public, NOISE_DH_LEN);
}

void noise_wipe(struct noise *n)
{
	sodium_memzero(n, sizeof(*n));
}

/* -> e, es, s, ss */
int noise_write_init(struct noise *n, const uint8_t e_secret[static NOISE_DH_LEN],
		     const void *payload, size_t len, uint8_t *out)
{
	noise_send_e(n, e_secret, out);
	out += NOISE_DH_LEN;
	if (noise_mix_dh(n, n->e_secret, n->rs))
		return -EBADMSG;
	noise_seal(n, n->s_public, NOISE_DH_LEN, out);
	out += NOISE_DH_LEN + NOISE_TAG_LEN;
	if (noise_mix_dh(n, n->s_secret, n->rs))
		return -EBADMSG;
	noise_seal(n, payload, len, out);
	return 0;
}

int noise_read_init_static(struct noise *n, const uint8_t *msg, size_t len)
{
	if (len < NOISE_INIT_OVERHEAD)
		return -EBADMSG;
	memcpy(n->re, msg, NOISE_DH_LEN);
	noise_mix_e(n, n->re);
	if (noise_mix_dh(n, n->s_secret, n->re))
		return -EBADMSG;
	return noise_open(n, msg + NOISE_DH_LEN, NOISE_DH_LEN + NOISE_TAG_LEN,
			  n->rs);
}

int noise_read_init_payload(struct noise *n, const uint8_t *msg, size_t len,
			    uint8_t *payload)
{
	size_t head = 2 * NOISE_DH_LEN + NOISE_TAG_LEN;

	if (len < NOISE_INIT_OVERHEAD || noise_mix_dh(n, n->s_secret, n->rs))
		return -EBADMSG;
	return noise_open(n, msg + head, len - head, payload);
}

/* <- e, ee, se, psk */
int noise_write_resp(struct noise *n, const uint8_t e_secret[static NOISE_DH_LEN],
		     const void *payload, size_t len, uint8_t *out)
{
	noise_send_e(n, e_secret, out);
	if (noise_mix_dh(n, n->e_secret, n->re) ||
	    noise_mix_dh(n, n->e_secret, n->rs))
		return -EBADMSG;
	if (n->has_psk)
		noise_mix_psk(n);
	noise_seal(n, payload, len, out + NOISE_DH_LEN);
	return 0;
}

int noise_read_resp(struct noise *n, const uint8_t *msg, size_t len,
		    uint8_t *payload)
{
	if (len < NOISE_RESP_OVERHEAD)
		return -EBADMSG;
	memcpy(n->re, msg, NOISE_DH_LEN);
	noise_mix_e(n, n->re);
	if (noise_mix_dh(n, n->e_secret, n->re) ||
	    noise_mix_dh(n, n->s_secret, n->re))
		return -EBADMSG;
	if (n->has_psk)
		noise_mix_psk(n);
	return noise_open(n, msg + NOISE_DH_LEN, len - NOISE_DH_LEN, payload);
}

static void noise_two_keys(const struct noise *n, const void *a, size_t a_len,
			   const void *b, size_t b_len, uint8_t *first,
			   uint8_t *second)
{
	uint8_t out[2][NOISE_HASH_LEN];

	noise_hkdf(n->ck, a, a_len, b, b_len, 2, out);
	memcpy(first, out[0], NOISE_KEY_LEN);
	memcpy(second, out[1], NOISE_KEY_LEN);
	sodium_memzero(out, sizeof(out));
}

void noise_split(const struct noise *n, uint8_t first[static NOISE_KEY_LEN],
		 uint8_t second[static NOISE_KEY_LEN])
{
	noise_two_keys(n, NULL, 0, NULL, 0, first, second);
}

void noise_export(const struct noise *n, const char *label,
		  uint8_t first[static NOISE_KEY_LEN],
		  uint8_t second[static NOISE_KEY_LEN])
{
	noise_two_keys(n, label, strlen(label), n->h, sizeof(n->h), first,
		       second);
}

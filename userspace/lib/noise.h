/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b and the same without a psk, as in
 * the Noise specification, revision 34. No other pattern, no allocation.
 */
#ifndef PILOT_LIB_NOISE_H
#define PILOT_LIB_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOISE_DH_LEN		32
#define NOISE_HASH_LEN		64
#define NOISE_KEY_LEN		32
#define NOISE_TAG_LEN		16

/* Bytes a message has beside its payload. */
#define NOISE_INIT_OVERHEAD	(NOISE_DH_LEN + NOISE_DH_LEN + 2 * NOISE_TAG_LEN)
#define NOISE_RESP_OVERHEAD	(NOISE_DH_LEN + NOISE_TAG_LEN)

struct noise {
	uint8_t ck[NOISE_HASH_LEN];
	uint8_t h[NOISE_HASH_LEN];
	uint8_t k[NOISE_KEY_LEN];
	uint64_t n;
	uint8_t s_public[NOISE_DH_LEN];
	uint8_t s_secret[NOISE_DH_LEN];
	uint8_t e_public[NOISE_DH_LEN];
	uint8_t e_secret[NOISE_DH_LEN];
	uint8_t rs[NOISE_DH_LEN];
	uint8_t re[NOISE_DH_LEN];
	uint8_t psk[NOISE_KEY_LEN];
	bool has_psk;
};

/*
 * @rs is the responder's static key: the peer's for the initiator, and the
 * own for the responder (who may pass NULL). @psk NULL means plain IK.
 */
void noise_init(struct noise *n, bool initiator, const void *prologue,
		size_t prologue_len, const uint8_t s_secret[static NOISE_DH_LEN],
		const uint8_t *rs, const uint8_t *psk);
void noise_wipe(struct noise *n);

/*
 * The messages in their order. @e_secret is the fresh ephemeral secret. @out
 * takes the payload and the overhead. Return: 0; -EBADMSG when a message does
 * not authenticate or a key is of small order: the state is then of no use.
 */
int noise_write_init(struct noise *n, const uint8_t e_secret[static NOISE_DH_LEN],
		     const void *payload, size_t len, uint8_t *out);
int noise_read_init_static(struct noise *n, const uint8_t *msg, size_t len);
int noise_read_init_payload(struct noise *n, const uint8_t *msg, size_t len,
			    uint8_t *payload);
int noise_write_resp(struct noise *n, const uint8_t e_secret[static NOISE_DH_LEN],
		     const void *payload, size_t len, uint8_t *out);
int noise_read_resp(struct noise *n, const uint8_t *msg, size_t len,
		    uint8_t *payload);

/* Split(): the first key is the initiator's for sending. */
void noise_split(const struct noise *n, uint8_t first[static NOISE_KEY_LEN],
		 uint8_t second[static NOISE_KEY_LEN]);

/* A further pair of keys from the chaining key and the transcript. */
void noise_export(const struct noise *n, const char *label,
		  uint8_t first[static NOISE_KEY_LEN],
		  uint8_t second[static NOISE_KEY_LEN]);

#endif /* PILOT_LIB_NOISE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Authenticated encryption of batches of records, synchronously and without
 * allocation. The nonce of a record is its counter (Noise specification
 * section 12), there is no associated data.
 */
#ifndef PILOT_AEAD_H
#define PILOT_AEAD_H

#include <linux/pilot.h>
#include <linux/types.h>

struct crypto_aead;

/**
 * struct pilot_record - one record to seal or open
 * @src: text, and when opening the tag behind it, linear in memory
 * @dst: where the result goes: @src itself, or memory that does not overlap;
 *	sealing writes PILOT_TAG_LEN bytes behind the text
 * @len: length of the plaintext, tag not included
 * @save_len: how much of an opened record is copied to @save
 * @counter: the nonce
 * @save: where the first @save_len bytes at @dst are copied to as soon as
 *	this record is opened, before the next one is
 * @err: result of this record: 0, or -EBADMSG when the tag does not verify
 *
 * Memory at @dst must belong to the caller alone: never page fragments that
 * somebody else can see. What is opened must not change meanwhile: memory
 * at @src must be the caller's too.
 */
struct pilot_record {
	const u8 *src;
	u8 *dst;
	unsigned int len;
	unsigned int save_len;
	u64 counter;
	u8 *save;
	int err;
};

/* Most records of a batch: as many as a UDP GSO packet may have datagrams. */
#define PILOT_BATCH_MAX	64

/**
 * struct pilot_aead - one direction of a key
 * @tfm: AES-256-GCM transform, NULL for ChaCha20-Poly1305
 * @fallback: generic transform for when SIMD is not usable, or NULL when
 *	@tfm works in every context
 * @chacha: ChaCha20-Poly1305 key
 * @driver: name of the code that does the work, for people
 */
struct pilot_aead {
	struct crypto_aead *tfm;
	struct crypto_aead *fallback;
	u8 chacha[PILOT_KEY_LEN];
	const char *driver;
};

int pilot_aead_module_init(void);
void pilot_aead_module_exit(void);

int pilot_aead_init(struct pilot_aead *aead, enum pilot_cipher cipher,
		    const u8 key[PILOT_KEY_LEN]);
void pilot_aead_destroy(struct pilot_aead *aead);
unsigned int pilot_aead_seal(const struct pilot_aead *aead,
			     struct pilot_record *records, unsigned int n);
unsigned int pilot_aead_open(const struct pilot_aead *aead,
			     struct pilot_record *records, unsigned int n);

#endif /* PILOT_AEAD_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An agent's identity: one Ed25519 key, its file, and its did:key text. */
#ifndef PILOT_LIB_IDENTITY_H
#define PILOT_LIB_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#define IDENTITY_KEY_LEN	32
#define IDENTITY_SEED_LEN	32
#define IDENTITY_SECRET_LEN	64

#define DID_PREFIX		"did:key:z"
#define DID_TEXT_LEN		64	/* 57 used, NUL included */

struct identity {
	uint8_t public[IDENTITY_KEY_LEN];	/* Ed25519 */
	uint8_t secret[IDENTITY_SECRET_LEN];	/* Ed25519: seed, public */
	uint8_t x25519_public[IDENTITY_KEY_LEN];
	uint8_t x25519_secret[IDENTITY_KEY_LEN];
};

/* Call sodium_init() before any of these. */
int identity_generate(struct identity *id);
int identity_from_seed(const uint8_t seed[static IDENTITY_SEED_LEN],
		       struct identity *id);
void identity_wipe(struct identity *id);

/*
 * Return: 0, or -errno with a text for the user in @err. The file has to be
 * a regular one of root or the caller, closed to group and others.
 */
int identity_load(const char *path, struct identity *id, char *err,
		  size_t err_size);

/* Writes a file of mode 0600 in one step. Return: -EEXIST when it is there. */
int identity_save(const char *path, const struct identity *id, char *err,
		  size_t err_size);

/* The parser behind identity_load(), for bytes that are already there. */
int identity_parse(const char *bytes, size_t len, struct identity *id,
		   char *err, size_t err_size);

void did_format(const uint8_t public[static IDENTITY_KEY_LEN],
		char buf[static DID_TEXT_LEN]);

/*
 * Return: 0, or -EINVAL for text that is no did:key of an Ed25519 key, or
 * whose key is not a point of large order.
 */
int did_parse(const char *text, uint8_t public[static IDENTITY_KEY_LEN]);

/* Return: 0, or -EINVAL when the key is not a point of large order. */
int did_to_x25519(const uint8_t public[static IDENTITY_KEY_LEN],
		  uint8_t x25519[static IDENTITY_KEY_LEN]);

#endif /* PILOT_LIB_IDENTITY_H */

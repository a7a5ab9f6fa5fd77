/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookies: under load, proof that a source address is where it says to be,
 * before any public-key work. The idea is WireGuard's.
 */
#ifndef PILOT_LIB_COOKIE_H
#define PILOT_LIB_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "wire.h"

#define COOKIE_SECRET_LEN	32
#define COOKIE_SECRET_LIFE	(120 * CLOCK_SECOND)
#define COOKIE_LIFE		(120 * CLOCK_SECOND)	/* with who got it */

struct cookie_jar {
	uint8_t secret[2][COOKIE_SECRET_LEN];	/* this one, the last one */
	bool valid[2];
	uint64_t made_at;
};

/* True when the secret is due; then hand fresh random bytes to rotate. */
bool cookie_jar_due(const struct cookie_jar *jar, uint64_t now);
void cookie_jar_rotate(struct cookie_jar *jar, uint64_t now,
		       const uint8_t secret[static COOKIE_SECRET_LEN]);
void cookie_jar_wipe(struct cookie_jar *jar);

void cookie_make(const struct cookie_jar *jar, const struct endpoint *src,
		 uint8_t cookie[static WIRE_COOKIE_LEN]);

/* mac2 of an initiation frame under a cookie. */
void cookie_mac(const uint8_t cookie[static WIRE_COOKIE_LEN],
		const uint8_t *frame, size_t len,
		uint8_t mac2[static WIRE_MAC_LEN]);
/* True when mac2 is right for the source under one of the two secrets. */
bool cookie_check(const struct cookie_jar *jar, const struct endpoint *src,
		  const uint8_t *frame, size_t len);

/* The reply to an initiation, WIRE_COOKIE_SIZE bytes, and its reading. */
void cookie_reply_write(const uint8_t key[static 32], uint32_t receiver,
			const uint8_t nonce[static WIRE_NONCE_LEN],
			const uint8_t mac1[static WIRE_MAC_LEN],
			const uint8_t cookie[static WIRE_COOKIE_LEN],
			uint8_t frame[static WIRE_COOKIE_SIZE]);
int cookie_reply_read(const uint8_t key[static 32],
		      const struct wire_cookie *reply,
		      const uint8_t mac1[static WIRE_MAC_LEN],
		      uint8_t cookie[static WIRE_COOKIE_LEN]);

#endif /* PILOT_LIB_COOKIE_H */

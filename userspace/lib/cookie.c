// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "cookie.h"

bool cookie_jar_due(const struct cookie_jar *jar, uint64_t now)
{
	return !jar->valid[0] || now - jar->made_at >= COOKIE_SECRET_LIFE;
}

void cookie_jar_rotate(struct cookie_jar *jar, uint64_t now,
		       const uint8_t secret[static COOKIE_SECRET_LEN])
{
	/* The last secret is of use for one more life, not for ever. */
	jar->valid[1] = jar->valid[0] &&
			now - jar->made_at < 2 * COOKIE_SECRET_LIFE;
	memcpy(jar->secret[1], jar->secret[0], COOKIE_SECRET_LEN);
	memcpy(jar->secret[0], secret, COOKIE_SECRET_LEN);
	jar->valid[0] = true;
	jar->made_at = now;
}

void cookie_jar_wipe(struct cookie_jar *jar)
{
	sodium_memzero(jar, sizeof(*jar));
}

static void cookie_make_with(const uint8_t *secret, const struct endpoint *src,
			     uint8_t *cookie)
{
	uint8_t input[1 + 16 + 2 + 4 + 1 + 4] = { 0 };

	if (src->family == AF_INET6) {
		input[0] = 6;
		memcpy(input + 1, &src->in6, sizeof(src->in6));
		wire_put32(input + 19, src->scope);
	} else {
		input[0] = 4;
		memcpy(input + 1, &src->in4, sizeof(src->in4));
	}
	input[17] = src->port;
	input[18] = src->port >> 8;
	/* All who come by one relay have its address. */
	input[23] = src->kind;
	wire_put32(input + 24, src->id);
	crypto_generichash(cookie, WIRE_COOKIE_LEN, input, sizeof(input),
			   secret, COOKIE_SECRET_LEN);
}

void cookie_make(const struct cookie_jar *jar, const struct endpoint *src,
		 uint8_t cookie[static WIRE_COOKIE_LEN])
{
	cookie_make_with(jar->secret[0], src, cookie);
}

void cookie_mac(const uint8_t cookie[static WIRE_COOKIE_LEN],
		const uint8_t *frame, size_t len,
		uint8_t mac2[static WIRE_MAC_LEN])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, cookie, WIRE_COOKIE_LEN, WIRE_MAC_LEN);
	crypto_generichash_update(&state, frame, WIRE_INIT_MAC2);
	crypto_generichash_update(&state, frame + WIRE_INIT_NOISE,
				  len - WIRE_INIT_NOISE);
	crypto_generichash_final(&state, mac2, WIRE_MAC_LEN);
	sodium_memzero(&state, sizeof(state));
}

bool cookie_check(const struct cookie_jar *jar, const struct endpoint *src,
		  const uint8_t *frame, size_t len)
{
	uint8_t cookie[WIRE_COOKIE_LEN], mac2[WIRE_MAC_LEN];
	bool good = false;

	for (int i = 0; i < 2; i++) {
		if (!jar->valid[i])
			continue;
		cookie_make_with(jar->secret[i], src, cookie);
		cookie_mac(cookie, frame, len, mac2);
		good |= !sodium_memcmp(mac2, frame + WIRE_INIT_MAC2,
				       WIRE_MAC_LEN);
	}
	sodium_memzero(cookie, sizeof(cookie));
	return good;
}

void cookie_reply_write(const uint8_t key[static 32], uint32_t receiver,
			const uint8_t nonce[static WIRE_NONCE_LEN],
			const uint8_t mac1[static WIRE_MAC_LEN],
			const uint8_t cookie[static WIRE_COOKIE_LEN],
			uint8_t frame[static WIRE_COOKIE_SIZE])
{
	wire_cookie_begin(frame, receiver);
	memcpy(frame + WIRE_COOKIE_NONCE, nonce, WIRE_NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(frame + WIRE_COOKIE_SEALED,
						   NULL, cookie,
						   WIRE_COOKIE_LEN, mac1,
						   WIRE_MAC_LEN, NULL, nonce,
						   key);
}

int cookie_reply_read(const uint8_t key[static 32],
		      const struct wire_cookie *reply,
		      const uint8_t mac1[static WIRE_MAC_LEN],
		      uint8_t cookie[static WIRE_COOKIE_LEN])
{
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
			cookie, NULL, NULL, reply->sealed,
			WIRE_COOKIE_LEN + WIRE_TAG_LEN, mac1, WIRE_MAC_LEN,
			reply->nonce, key))
		return -EBADMSG;
	return 0;
}

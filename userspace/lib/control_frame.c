// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "control_frame.h"

static void control_frame_nonce(uint64_t counter, uint8_t nonce[static 12])
{
	memset(nonce, 0, 4);
	wire_put64(nonce + 4, counter);
}

int control_frame_seal(const uint8_t key[static NOISE_KEY_LEN],
		       uint32_t receiver, uint64_t counter, const void *content,
		       size_t len, uint8_t *frame)
{
	uint8_t nonce[12];

	if (len > CONTROL_FRAME_CONTENT_MAX)
		return -EMSGSIZE;
	wire_control_begin(frame, receiver, counter);
	control_frame_nonce(counter, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(frame + WIRE_CONTROL_SEALED,
						  NULL, content, len, NULL, 0,
						  NULL, nonce, key);
	return WIRE_CONTROL_SEALED + len + WIRE_TAG_LEN;
}

int control_frame_open(const uint8_t key[static NOISE_KEY_LEN],
		       const struct wire_control *control, uint8_t *content)
{
	uint8_t nonce[12];

	control_frame_nonce(control->counter, nonce);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(content, NULL, NULL,
						      control->sealed,
						      control->sealed_len,
						      NULL, 0, nonce, key))
		return -EBADMSG;
	return control->sealed_len - WIRE_TAG_LEN;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes for a parser of STUN messages, so that they get past its header. */
#ifndef PILOT_FUZZ_STUN_INPUT_H
#define PILOT_FUZZ_STUN_INPUT_H

#include <stdlib.h>
#include <string.h>

#include "stun_message.h"

/* As it came, and once more with the header that lets it pass. */
static inline void stun_input(const uint8_t *data, size_t size,
			      void (*check)(const uint8_t *bytes, size_t len))
{
	static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	check(copy, size);
	if (size >= STUN_MESSAGE_MIN) {
		copy[0] &= 0x3f;
		copy[2] = (size - STUN_MESSAGE_MIN) >> 8;
		copy[3] = size - STUN_MESSAGE_MIN;
		memcpy(copy + 4, cookie, sizeof(cookie));
		check(copy, size);
	}
	free(copy);
}

#endif /* PILOT_FUZZ_STUN_INPUT_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One control frame: sealing and opening it. Which key, which counter, and
 * whether it came before is for the caller.
 */
#ifndef PILOT_LIB_CONTROL_FRAME_H
#define PILOT_LIB_CONTROL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "noise.h"
#include "wire.h"

/* The most that one frame holds. */
#define CONTROL_FRAME_CONTENT_MAX	(WIRE_FRAME_MAX - WIRE_CONTROL_SEALED - \
					 WIRE_TAG_LEN)

/*
 * @frame takes WIRE_FRAME_MAX bytes; no counter may be used twice under a
 * key. Return: the length of the frame, or -EMSGSIZE.
 */
int control_frame_seal(const uint8_t key[static NOISE_KEY_LEN],
		       uint32_t receiver, uint64_t counter, const void *content,
		       size_t len, uint8_t *frame);
/*
 * A frame that was parsed. @content takes CONTROL_FRAME_CONTENT_MAX bytes, and
 * holds nothing of use on failure. Return: the length of the content, or
 * -EBADMSG for what does not authenticate.
 */
int control_frame_open(const uint8_t key[static NOISE_KEY_LEN],
		       const struct wire_control *control, uint8_t *content);

#endif /* PILOT_LIB_CONTROL_FRAME_H */

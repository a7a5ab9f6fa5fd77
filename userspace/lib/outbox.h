/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that wait until a stream takes them. It is bounded: a message for
 * which there is no room is dropped whole, and counted.
 */
#ifndef PILOT_LIB_OUTBOX_H
#define PILOT_LIB_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox {
	uint8_t *bytes;
	size_t size;
	size_t start, len;		/* what waits */
	uint64_t dropped;		/* messages */
};

/* Return: 0 or -ENOMEM. */
int outbox_init(struct outbox *outbox, size_t size);
void outbox_free(struct outbox *outbox);
/* Return: whether there was room. */
bool outbox_put(struct outbox *outbox, const uint8_t *message, size_t len);
/* All that waits, in one piece; stays where it is until the next put. */
const uint8_t *outbox_first(const struct outbox *outbox, size_t *len);
/* So many of the first bytes are gone. */
void outbox_take(struct outbox *outbox, size_t len);

#endif /* PILOT_LIB_OUTBOX_H */

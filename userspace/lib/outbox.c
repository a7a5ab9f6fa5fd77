// SPDX-License-Identifier: GPL-2.0-or-later

#include "outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int outbox_init(struct outbox *outbox, size_t size)
{
	memset(outbox, 0, sizeof(*outbox));
	outbox->bytes = malloc(size);
	if (!outbox->bytes)
		return -ENOMEM;
	outbox->size = size;
	return 0;
}

void outbox_free(struct outbox *outbox)
{
	free(outbox->bytes);
	memset(outbox, 0, sizeof(*outbox));
}

bool outbox_put(struct outbox *outbox, const uint8_t *message, size_t len)
{
	if (len > outbox->size - outbox->len) {
		outbox->dropped++;
		return false;
	}
	if (len > outbox->size - outbox->start - outbox->len) {
		memmove(outbox->bytes, outbox->bytes + outbox->start,
			outbox->len);
		outbox->start = 0;
	}
	memcpy(outbox->bytes + outbox->start + outbox->len, message, len);
	outbox->len += len;
	return true;
}

const uint8_t *outbox_first(const struct outbox *outbox, size_t *len)
{
	*len = outbox->len;
	return outbox->bytes + outbox->start;
}

void outbox_take(struct outbox *outbox, size_t len)
{
	outbox->start += len;
	outbox->len -= len;
	if (!outbox->len)
		outbox->start = 0;
}

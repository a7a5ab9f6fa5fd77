// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "stream.h"

struct copy {
	enum stream_kind kind;
	size_t len;
	uint8_t bytes[1 << 16];
};

/* What was read says the same when it is written again, padding apart. */
static void on_message(void *ctx, const uint8_t *bytes, size_t len)
{
	uint8_t written[STREAM_WRITTEN_MAX];
	struct copy *copy = ctx;
	int ret = stream_write(copy->kind, bytes, len, written);

	if (ret < 0 || copy->len + ret > sizeof(copy->bytes))
		__builtin_trap();
	memcpy(copy->bytes + copy->len, written, ret);
	copy->len += ret;
}

static int feed(struct copy *copy, const uint8_t *data, size_t size,
		size_t step)
{
	struct stream_reader reader;
	int ret = 0;

	copy->len = 0;
	stream_reader_init(&reader, copy->kind);
	for (size_t i = 0; i < size && !ret; i += step)
		ret = stream_read(&reader, data + i,
				  size - i < step ? size - i : step,
				  on_message, copy);
	return ret;
}

/* The first byte: which kind, and in what pieces it comes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct copy whole, pieces;

	if (size < 2 || size > sizeof(whole.bytes))
		return 0;
	whole.kind = pieces.kind = data[0] % STREAM_KINDS;
	if (feed(&whole, data + 1, size - 1, size - 1) !=
	    feed(&pieces, data + 1, size - 1, 1 + data[0] / STREAM_KINDS))
		__builtin_trap();
	if (whole.len != pieces.len ||
	    memcmp(whole.bytes, pieces.bytes, whole.len))
		__builtin_trap();
	if (whole.kind == STREAM_FRAMES &&
	    (whole.len > size - 1 ||
	     memcmp(whole.bytes, data + 1, whole.len)))
		__builtin_trap();
	return 0;
}

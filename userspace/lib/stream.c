// SPDX-License-Identifier: GPL-2.0-or-later

#include "stream.h"

#include <errno.h>
#include <string.h>

#include "be.h"
#include "wire.h"

#define STUN_HEADER	20
#define STUN_LENGTH	2		/* where it is, in both sorts */
#define CHANNEL_HEADER	4

static bool stream_is_stun(uint8_t first)
{
	return first <= 0x03;
}

static bool stream_is_channel(uint8_t first)
{
	return first >= 0x40 && first <= 0x4f;
}

/* Is a message with this first byte one of the kind? */
static bool stream_takes(enum stream_kind kind, uint8_t first)
{
	if (kind == STREAM_STUN)
		return stream_is_stun(first) || stream_is_channel(first);
	return first >= WIRE_TYPE_INIT && first <= WIRE_TYPE_RELAY;
}

void stream_reader_init(struct stream_reader *reader, enum stream_kind kind)
{
	memset(reader, 0, sizeof(*reader));
	reader->kind = kind;
}

static size_t stream_padding(size_t len)
{
	return -len & 3;
}

/* Of a message that tells its own length, as long as @len says or longer. */
static size_t stream_stun_length(const uint8_t *bytes)
{
	return be_get16(bytes + STUN_LENGTH) +
	       (stream_is_stun(bytes[0]) ? STUN_HEADER : CHANNEL_HEADER);
}

/*
 * How many bytes of the message under way have to be there before more can be
 * said. @whole: then it is all of it.
 */
static size_t stream_needs(const struct stream_reader *reader, bool *whole)
{
	size_t header = reader->kind == STREAM_FRAMES ? STREAM_HEADER :
							CHANNEL_HEADER;

	*whole = reader->have >= header;
	if (!*whole)
		return header;
	if (reader->kind == STREAM_FRAMES)
		return STREAM_HEADER + be_get16(reader->bytes);
	header = stream_stun_length(reader->bytes);
	return stream_is_channel(reader->bytes[0]) ?
	       header + stream_padding(header) : header;
}

/* Return: whether what is there may be the beginning of a message. */
static bool stream_fits(const struct stream_reader *reader)
{
	size_t len;

	if (reader->kind == STREAM_FRAMES) {
		if (reader->have < STREAM_HEADER)
			return true;
		len = be_get16(reader->bytes);
		return len && len <= STREAM_MESSAGE_MAX &&
		       (reader->have == STREAM_HEADER ||
			stream_takes(reader->kind,
				     reader->bytes[STREAM_HEADER]));
	}
	if (reader->have && !stream_takes(reader->kind, reader->bytes[0]))
		return false;
	return reader->have < CHANNEL_HEADER ||
	       stream_stun_length(reader->bytes) <= STREAM_MESSAGE_MAX;
}

static void stream_emit(struct stream_reader *reader,
			stream_message_fn message, void *ctx)
{
	if (reader->kind == STREAM_FRAMES)
		message(ctx, reader->bytes + STREAM_HEADER,
			reader->have - STREAM_HEADER);
	else
		message(ctx, reader->bytes, stream_stun_length(reader->bytes));
	reader->have = 0;
}

int stream_read(struct stream_reader *reader, const uint8_t *bytes, size_t len,
		stream_message_fn message, void *ctx)
{
	while (len) {
		bool whole;
		size_t take = stream_needs(reader, &whole) - reader->have;

		if (take > len)
			take = len;
		memcpy(reader->bytes + reader->have, bytes, take);
		reader->have += take;
		bytes += take;
		len -= take;
		if (!stream_fits(reader))
			return -EBADMSG;
		if (reader->have == stream_needs(reader, &whole) && whole)
			stream_emit(reader, message, ctx);
	}
	return 0;
}

int stream_write(enum stream_kind kind, const uint8_t *message, size_t len,
		 uint8_t to[static STREAM_WRITTEN_MAX])
{
	size_t padding;

	if (!len || len > STREAM_MESSAGE_MAX)
		return -EMSGSIZE;
	if (!stream_takes(kind, message[0]))
		return -EBADMSG;
	if (kind == STREAM_FRAMES) {
		be_put16(to, len);
		memcpy(to + STREAM_HEADER, message, len);
		return STREAM_HEADER + len;
	}
	/* Its own word on its length has to be true, or all after it is lost. */
	if (len < CHANNEL_HEADER || stream_stun_length(message) > len ||
	    len - stream_stun_length(message) > 3)
		return -EBADMSG;
	len = stream_stun_length(message);
	memcpy(to, message, len);
	padding = stream_is_channel(message[0]) ? stream_padding(len) : 0;
	memset(to + len, 0, padding);
	return len + padding;
}

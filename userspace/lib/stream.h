/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages in a stream of bytes, as TLS or TCP has it: where one ends and the
 * next begins. Owns no socket.
 */
#ifndef PILOT_LIB_STREAM_H
#define PILOT_LIB_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stream_kind {
	/* be16 length | frame: to an introducer. */
	STREAM_FRAMES,
	/*
	 * STUN messages and ChannelData, which tell their own length, each
	 * channel's padded to four bytes (RFC 8656 12.5): to a TURN server.
	 */
	STREAM_STUN,
	STREAM_KINDS,
};

#define STREAM_HEADER		2	/* of STREAM_FRAMES */
#define STREAM_MESSAGE_MAX	1500
#define STREAM_WRITTEN_MAX	(STREAM_MESSAGE_MAX + 4)

struct stream_reader {
	enum stream_kind kind;
	size_t have;			/* of the message under way */
	uint8_t bytes[STREAM_WRITTEN_MAX];
};

/* @bytes: one whole message as it is in a datagram, without padding. */
typedef void (*stream_message_fn)(void *ctx, const uint8_t *bytes, size_t len);

void stream_reader_init(struct stream_reader *reader, enum stream_kind kind);

/*
 * What came, in pieces of any length. Return: 0, or -EBADMSG when the stream
 * is none of this kind: then nothing can be found in it any more. Messages
 * before that were handed out.
 */
int stream_read(struct stream_reader *reader, const uint8_t *bytes, size_t len,
		stream_message_fn message, void *ctx);

/*
 * One message as it is in the stream. Return: the length, or -EMSGSIZE or
 * -EBADMSG for what may not be in it.
 */
int stream_write(enum stream_kind kind, const uint8_t *message, size_t len,
		 uint8_t to[static STREAM_WRITTEN_MAX]);

#endif /* PILOT_LIB_STREAM_H */

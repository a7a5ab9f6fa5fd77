/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN binding requests and their answers (RFC 8489), with what the tests of
 * a NAT's behaviour add (RFC 5780).
 */
#ifndef PILOT_LIB_STUN_MESSAGE_H
#define PILOT_LIB_STUN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define STUN_TID_LEN		12
#define STUN_REQUEST_MAX	64
#define STUN_MESSAGE_MIN	20
#define STUN_MESSAGE_MAX	1280	/* longer ones are not looked at */

/* What the answer is to come from, of the server's two addresses and ports. */
enum stun_change {
	STUN_CHANGE_NOTHING = 0,
	STUN_CHANGE_PORT = 1 << 0,
	STUN_CHANGE_ADDRESS = 1 << 1,
};

struct stun_response {
	uint16_t error;			/* 0: success */
	struct endpoint mapped;		/* set when it is a success */
	struct endpoint other;		/* unset where the server has none */
};

/* Return: the length; 0 without memory. */
size_t stun_request_write(uint8_t out[static STUN_REQUEST_MAX],
			  const uint8_t tid[static STUN_TID_LEN],
			  unsigned int change);

/* Whether @len bytes have the header of one whole STUN message. */
bool stun_is_message(const uint8_t *bytes, size_t len);

static inline const uint8_t *stun_tid(const uint8_t *bytes)
{
	return bytes + 8;
}

/*
 * For a message that stun_is_message(). Return: 0; -EBADMSG for what is no
 * answer to a binding request or has a mandatory part that is not known;
 * -ENOMEM.
 */
int stun_response_parse(const uint8_t *bytes, size_t len,
			struct stun_response *response);

#endif /* PILOT_LIB_STUN_MESSAGE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages between us and a TURN server (RFC 8656), with the long-term
 * credentials of RFC 8489. Those that are read may come from anybody.
 */
#ifndef PILOT_LIB_TURN_MESSAGE_H
#define PILOT_LIB_TURN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "stun_message.h"

#define TURN_TEXT_LEN		256	/* of each text, with its end */
#define TURN_KEY_LEN		16
#define TURN_REQUEST_MAX	1024
#define TURN_DATA_MAX		STUN_MESSAGE_MAX

enum turn_method {
	TURN_ALLOCATE,
	TURN_REFRESH,
	TURN_PERMISSION,
	TURN_CHANNEL,
};

/* What the protocol calls the codes that are acted upon. */
enum turn_error {
	TURN_ERROR_ALTERNATE = 300,
	TURN_ERROR_REQUEST = 400,
	TURN_ERROR_UNAUTHORIZED = 401,
	TURN_ERROR_FORBIDDEN = 403,
	TURN_ERROR_UNKNOWN = 420,
	TURN_ERROR_MISMATCH = 437,
	TURN_ERROR_STALE = 438,
	TURN_ERROR_FAMILY = 440,
	TURN_ERROR_CREDENTIALS = 441,
	TURN_ERROR_TRANSPORT = 442,
	TURN_ERROR_QUOTA = 486,
	TURN_ERROR_SERVER = 500,
	TURN_ERROR_CAPACITY = 508,
};

/* What the server said of itself, and what that makes of the password. */
struct turn_realm {
	char realm[TURN_TEXT_LEN];
	char nonce[TURN_TEXT_LEN];
	uint8_t key[TURN_KEY_LEN];
};

struct turn_request {
	enum turn_method method;
	uint8_t tid[STUN_TID_LEN];
	uint32_t lifetime;		/* seconds: allocate and refresh */
	struct endpoint peer;		/* permission and channel */
	uint16_t channel;
};

/* What a message does not have is zero or empty. */
struct turn_answer {
	uint16_t error;			/* 0: success */
	bool authentic;			/* made by who knows the key */
	uint32_t lifetime;		/* seconds */
	struct endpoint relayed;
	struct endpoint mapped;
	struct endpoint alternate;
	char realm[TURN_TEXT_LEN];
	char nonce[TURN_TEXT_LEN];
};

struct turn_data {
	struct endpoint peer;
	size_t len;
	uint8_t bytes[TURN_DATA_MAX];
};

/* Of a user with a password in a realm (RFC 8489 9.2.2). */
void turn_key(uint8_t key[static TURN_KEY_LEN], const char *user,
	      const char *realm, const char *password);

/*
 * @realm: NULL leaves the credentials out. Return: the length; 0 without
 * memory.
 */
size_t turn_request_write(uint8_t out[static TURN_REQUEST_MAX],
			  const struct turn_request *request,
			  const char *user, const struct turn_realm *realm);

/*
 * For a message that stun_is_message(). @key: of the credentials that the
 * request had, or NULL. Return: 0; -EBADMSG for what is no answer to a request
 * of this method, has a mandatory part that is not known, or an integrity
 * that is wrong; -ENOMEM.
 */
int turn_answer_parse(const uint8_t *bytes, size_t len,
		      enum turn_method method, const uint8_t *key,
		      struct turn_answer *answer);

/* Whether a message that stun_is_message() is a data indication. */
bool turn_is_data(const uint8_t *bytes);
/* Return: 0, -EBADMSG, or -ENOMEM. */
int turn_data_parse(const uint8_t *bytes, size_t len, struct turn_data *data);

#endif /* PILOT_LIB_TURN_MESSAGE_H */

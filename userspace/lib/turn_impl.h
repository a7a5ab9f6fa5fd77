/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the client of a TURN server. The files go one way:
 * turn.c -> turn_entry.c -> turn_request.c.
 */
#ifndef PILOT_LIB_TURN_IMPL_H
#define PILOT_LIB_TURN_IMPL_H

#include "turn.h"

/* What an answer means for the request that it answers. */
enum turn_verdict {
	TURN_VERDICT_NONE,		/* it is not an answer to it, wait on */
	TURN_VERDICT_AGAIN,		/* another nonce: it was sent again */
	TURN_VERDICT_DONE,
	TURN_VERDICT_FAILED,
};

/* turn_request.c */
/* @request: all but the method and the tid. */
void turn_request_start(struct turn_client *client, uint64_t now,
			struct turn_transaction *tr, enum turn_method method,
			struct turn_request *request);
/* Once more, or false: it was sent often enough. */
bool turn_request_repeat(struct turn_client *client, uint64_t now,
			 struct turn_transaction *tr,
			 struct turn_request *request);
bool turn_request_fits(const struct turn_transaction *tr,
		       const uint8_t *bytes);
enum turn_verdict turn_request_answered(struct turn_client *client,
					uint64_t now,
					struct turn_transaction *tr,
					struct turn_request *request,
					const uint8_t *bytes, size_t len,
					struct turn_answer *answer);

/* turn_entry.c */
enum turn_fate {
	TURN_FATE_NONE,			/* not of an entry */
	TURN_FATE_FINE,
	TURN_FATE_GONE,			/* there is no allocation */
};

void turn_entries_drop(struct turn_client *client);
enum turn_fate turn_entries_receive(struct turn_client *client, uint64_t now,
				    const uint8_t *bytes, size_t len);
void turn_data_receive(struct turn_client *client, uint64_t now,
		       const uint8_t *bytes, size_t len);
/* Return: whether the server left a request without any answer. */
bool turn_entries_timer(struct turn_client *client, uint64_t now);
uint64_t turn_entries_deadline(const struct turn_client *client);

#endif /* PILOT_LIB_TURN_IMPL_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to a TURN server: sent, repeated, and with credentials. */
#include <sodium.h>
#include <string.h>

#include "turn_impl.h"

/*
 * RFC 8489 6.2.2 has nothing repeated on a stream, which loses nothing. Before it
 * is in the stream it may be lost, though, where the stream is full.
 */
static unsigned int turn_request_sends(const struct turn_client *client)
{
	return client->account.transport == TURN_UDP ? TURN_SENDS :
						       TURN_STREAM_SENDS;
}

static uint64_t turn_request_wait(const struct turn_client *client,
				  const struct turn_transaction *tr)
{
	if (client->account.transport != TURN_UDP)
		return TURN_STREAM_WAIT;
	return tr->sends + 1 < TURN_SENDS ? TURN_RTO << tr->sends :
					    TURN_LAST_WAIT;
}

static void turn_request_send(struct turn_client *client, uint64_t now,
			      struct turn_transaction *tr,
			      struct turn_request *request)
{
	uint8_t bytes[TURN_REQUEST_MAX];
	size_t len;

	request->method = tr->method;
	memcpy(request->tid, tr->tid, sizeof(tr->tid));
	len = turn_request_write(bytes, request, client->account.user,
				 tr->signs ? &client->realm : NULL);
	tr->at = now + turn_request_wait(client, tr);
	tr->sends++;
	if (len)
		client->ops->send(client->ctx, &client->at, bytes, len);
	sodium_memzero(bytes, sizeof(bytes));
}

/* As a new one to the server. */
static void turn_request_anew(struct turn_client *client, uint64_t now,
			      struct turn_transaction *tr,
			      struct turn_request *request)
{
	tr->waits = true;
	tr->sends = 0;
	tr->began = now;
	tr->signs = client->has_realm;
	tr->attempts += tr->signs;
	randombytes_buf(tr->tid, sizeof(tr->tid));
	turn_request_send(client, now, tr, request);
}

void turn_request_start(struct turn_client *client, uint64_t now,
			struct turn_transaction *tr, enum turn_method method,
			struct turn_request *request)
{
	tr->method = method;
	tr->attempts = 0;
	turn_request_anew(client, now, tr, request);
}

bool turn_request_repeat(struct turn_client *client, uint64_t now,
			 struct turn_transaction *tr,
			 struct turn_request *request)
{
	if (tr->sends >= turn_request_sends(client)) {
		tr->waits = false;
		return false;
	}
	turn_request_send(client, now, tr, request);
	return true;
}

bool turn_request_fits(const struct turn_transaction *tr, const uint8_t *bytes)
{
	return tr->waits &&
	       !sodium_memcmp(tr->tid, stun_tid(bytes), STUN_TID_LEN);
}

/*
 * RFC 8489 9.2.5: once the server has our credentials, what it says is signed,
 * save that it does not know them, or could not read them. Before that it can
 * only refuse.
 */
static bool turn_answer_believed(const struct turn_transaction *tr,
				 const struct turn_answer *answer)
{
	if (!tr->signs)
		return answer->error;
	return answer->authentic ||
	       answer->error == TURN_ERROR_REQUEST ||
	       answer->error == TURN_ERROR_UNAUTHORIZED ||
	       answer->error == TURN_ERROR_STALE;
}

static void turn_realm_take(struct turn_client *client,
			    const struct turn_answer *answer)
{
	struct turn_realm *realm = &client->realm;

	memcpy(realm->nonce, answer->nonce, sizeof(realm->nonce));
	if (!client->has_realm || strcmp(realm->realm, answer->realm)) {
		memcpy(realm->realm, answer->realm, sizeof(realm->realm));
		turn_key(realm->key, client->account.user, realm->realm,
			 client->account.password);
	}
	client->has_realm = true;
}

enum turn_verdict turn_request_answered(struct turn_client *client,
					uint64_t now,
					struct turn_transaction *tr,
					struct turn_request *request,
					const uint8_t *bytes, size_t len,
					struct turn_answer *answer)
{
	if (turn_answer_parse(bytes, len, tr->method,
			      tr->signs ? client->realm.key : NULL, answer) ||
	    !turn_answer_believed(tr, answer))
		return TURN_VERDICT_NONE;
	client->heard_at = now;
	if (tr->sends == 1)
		client->rtt_ns = now - tr->began;
	tr->waits = false;
	if (!answer->error)
		return TURN_VERDICT_DONE;
	if ((answer->error != TURN_ERROR_UNAUTHORIZED &&
	     answer->error != TURN_ERROR_STALE) ||
	    tr->attempts >= TURN_ATTEMPTS || !answer->nonce[0])
		return TURN_VERDICT_FAILED;
	/* A stale nonce comes with a new one, and may leave out the realm. */
	if (!answer->realm[0] && client->has_realm)
		memcpy(answer->realm, client->realm.realm,
		       sizeof(answer->realm));
	if (!answer->realm[0])
		return TURN_VERDICT_FAILED;
	turn_realm_take(client, answer);
	turn_request_anew(client, now, tr, request);
	return TURN_VERDICT_AGAIN;
}

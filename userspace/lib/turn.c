// SPDX-License-Identifier: GPL-2.0-or-later
/* An allocation at a TURN server: asked for, kept, lost, and given back. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "turn_impl.h"

void turn_init(struct turn_client *client, const struct turn_client_ops *ops,
	       void *ctx, const struct turn_account *account)
{
	memset(client, 0, sizeof(*client));
	client->ops = ops;
	client->ctx = ctx;
	client->account = *account;
	if (account->transport == TURN_UDP)
		client->at = account->server;
	client->refresh_at = CLOCK_NEVER;
	client->next_channel = ENDPOINT_CHANNEL_MIN;
}

void turn_wipe(struct turn_client *client)
{
	sodium_memzero(client, sizeof(*client));
	client->refresh_at = CLOCK_NEVER;
}

const char *turn_state_name(enum turn_state state)
{
	static const char *const names[] = {
		[TURN_OFF] = "off",
		[TURN_ALLOCATING] = "asking",
		[TURN_ALLOCATED] = "allocated",
		[TURN_REFUSED] = "refused",
		[TURN_SILENT] = "silent",
	};

	return names[state];
}

const char *turn_transport_name(uint32_t transport)
{
	static const char *const names[] = {
		[TURN_UDP] = "udp",
		[TURN_TCP] = "tcp",
		[TURN_TLS] = "tls",
	};

	return transport < TURN_TRANSPORTS ? names[transport] : NULL;
}

/* Ends what there was, too, unless it is still asked for. */
static void turn_become(struct turn_client *client, enum turn_state state)
{
	client->state = state;
	client->refresh_at = CLOCK_NEVER;
	client->problem[0] = 0;
	client->error = 0;
	if (state == TURN_ALLOCATED)
		return;
	memset(&client->relayed, 0, sizeof(client->relayed));
	memset(&client->mapped, 0, sizeof(client->mapped));
	client->lifetime = 0;
	client->allocated_at = 0;
	client->tr.waits = false;
	turn_entries_drop(client);
}

static void turn_own_request(const struct turn_client *client,
			     struct turn_request *request)
{
	memset(request, 0, sizeof(*request));
	request->lifetime = client->releases ? 0 : TURN_LIFETIME;
}

static void turn_ask(struct turn_client *client, uint64_t now,
		     enum turn_method method, bool releases)
{
	struct turn_request request;

	client->releases = releases;
	turn_own_request(client, &request);
	turn_request_start(client, now, &client->tr, method, &request);
}

static void turn_allocate(struct turn_client *client, uint64_t now)
{
	turn_become(client, TURN_ALLOCATING);
	client->released = false;
	if (endpoint_is_set(&client->at)) {
		turn_ask(client, now, TURN_ALLOCATE, false);
		return;
	}
	client->connect_until = now + TURN_CONNECT_WAIT;
	if (client->connects)
		return;
	client->connects = true;
	client->ops->connect(client->ctx, true);
}

void turn_start(struct turn_client *client, uint64_t now)
{
	if (client->state != TURN_ALLOCATING &&
	    client->state != TURN_ALLOCATED)
		turn_allocate(client, now);
}

void turn_check(struct turn_client *client, uint64_t now)
{
	if (client->state != TURN_ALLOCATED || client->tr.waits)
		return;
	client->refresh_at = CLOCK_NEVER;
	turn_ask(client, now, TURN_REFRESH, false);
}

void turn_moved(struct turn_client *client, uint64_t now)
{
	client->losses = 0;
	turn_check(client, now);
}

void turn_stop(struct turn_client *client, uint64_t now)
{
	if (client->has_realm && endpoint_is_set(&client->at) &&
	    (client->state == TURN_ALLOCATED ||
	     client->state == TURN_ALLOCATING))
		turn_ask(client, now, TURN_REFRESH, true);
	turn_become(client, TURN_OFF);
	if (!client->connects)
		return;
	client->connects = false;
	memset(&client->at, 0, sizeof(client->at));
	client->ops->connect(client->ctx, false);
}

static void turn_silent(struct turn_client *client, const char *why)
{
	turn_become(client, TURN_SILENT);
	snprintf(client->problem, sizeof(client->problem), "%s", why);
	client->ops->changed(client->ctx);
}

/* --- what the server says ------------------------------------------------- */

static const char *turn_error_text(unsigned int error)
{
	switch (error) {
	case TURN_ERROR_REQUEST:
		return "the server does not understand the request";
	case TURN_ERROR_UNAUTHORIZED:
		return "the user or the password is wrong";
	case TURN_ERROR_FORBIDDEN:
		return "the server does not allow it";
	case TURN_ERROR_UNKNOWN:
		return "the server does not know an attribute of the request";
	case TURN_ERROR_MISMATCH:
		return "the server has another allocation for this socket";
	case TURN_ERROR_STALE:
		return "the server takes none of its own nonces";
	case TURN_ERROR_FAMILY:
		return "the server has no relayed addresses of this family";
	case TURN_ERROR_CREDENTIALS:
		return "another user has an allocation for this socket";
	case TURN_ERROR_TRANSPORT:
		return "the server does not relay UDP";
	case TURN_ERROR_QUOTA:
		return "the user has as many allocations as it may have";
	case TURN_ERROR_SERVER:
		return "the server has an error; try again later";
	case TURN_ERROR_CAPACITY:
		return "the server is full";
	default:
		return "the server refuses";
	}
}

/* It granted something, and did not say what. */
static void turn_useless(struct turn_client *client)
{
	turn_become(client, TURN_REFUSED);
	snprintf(client->problem, sizeof(client->problem),
		 "the server names no relayed address");
	client->ops->changed(client->ctx);
}

static void turn_refused(struct turn_client *client,
			 const struct turn_answer *answer)
{
	char text[ENDPOINT_TEXT_LEN];

	turn_become(client, TURN_REFUSED);
	client->error = answer->error;
	/* Not signed, it may be anybody's word. */
	if (answer->error == TURN_ERROR_ALTERNATE && answer->authentic &&
	    endpoint_is_set(&answer->alternate)) {
		endpoint_format(&answer->alternate, text);
		snprintf(client->problem, sizeof(client->problem),
			 "the server sends us to %s; name that as a turn-server instead (300)",
			 text);
	} else {
		snprintf(client->problem, sizeof(client->problem), "%s (%u)",
			 turn_error_text(answer->error), answer->error);
	}
	client->ops->changed(client->ctx);
}

static uint64_t turn_life(const struct turn_answer *answer)
{
	uint32_t seconds = answer->lifetime;

	if (!seconds)
		seconds = TURN_LIFETIME;
	return seconds < TURN_LIFETIME_MAX ? seconds : TURN_LIFETIME_MAX;
}

/* Refreshed at half of its life, counted from when we asked. */
static void turn_granted(struct turn_client *client, uint64_t now,
			 const struct turn_answer *answer)
{
	bool first = client->state != TURN_ALLOCATED;
	uint64_t life = turn_life(answer);

	if (first) {
		turn_become(client, TURN_ALLOCATED);
		client->allocated_at = now;
		client->relayed = answer->relayed;
		client->mapped = answer->mapped;
	}
	client->lifetime = life;
	client->refresh_at = client->tr.began + life * CLOCK_SECOND / 2;
	if (first)
		client->ops->changed(client->ctx);
}

/*
 * The server started anew, or somebody else is there. One that grants and
 * forgets, again and again, would be asked without end. @why: of such a one.
 */
static void turn_gone(struct turn_client *client, uint64_t now,
		      const char *why)
{
	if (now - client->allocated_at >= TURN_STEADY)
		client->losses = 0;
	if (client->losses == TURN_LOSSES_MAX) {
		turn_become(client, TURN_REFUSED);
		snprintf(client->problem, sizeof(client->problem), "%s", why);
	} else {
		client->losses++;
		turn_allocate(client, now);
	}
	client->ops->changed(client->ctx);
}

static void turn_forgot(struct turn_client *client, uint64_t now)
{
	turn_gone(client, now, "the server forgets what it granted (437)");
}

static void turn_allocate_answered(struct turn_client *client, uint64_t now,
				   const struct turn_answer *answer)
{
	if (!answer->error) {
		if (endpoint_is_set(&answer->relayed))
			turn_granted(client, now, answer);
		else
			turn_useless(client);
		return;
	}
	/* One of ours from before, about which nobody here knows more. */
	if (answer->error == TURN_ERROR_MISMATCH && !client->released) {
		client->released = true;
		turn_ask(client, now, TURN_REFRESH, true);
		return;
	}
	turn_refused(client, answer);
}

static void turn_own_answered(struct turn_client *client, uint64_t now,
			      const struct turn_answer *answer)
{
	if (client->tr.method == TURN_ALLOCATE) {
		turn_allocate_answered(client, now, answer);
	} else if (client->releases) {
		/* It is gone, or was not ours; the answer to this tells. */
		turn_ask(client, now, TURN_ALLOCATE, false);
	} else if (!answer->error) {
		turn_granted(client, now, answer);
	} else if (answer->error == TURN_ERROR_MISMATCH) {
		turn_forgot(client, now);
	} else {
		turn_refused(client, answer);
	}
}

/* Return: whether it was one to our own request. */
static bool turn_own_receive(struct turn_client *client, uint64_t now,
			     const uint8_t *bytes, size_t len)
{
	struct turn_request request;
	struct turn_answer answer;

	if (!turn_request_fits(&client->tr, bytes))
		return false;
	turn_own_request(client, &request);
	switch (turn_request_answered(client, now, &client->tr, &request,
				      bytes, len, &answer)) {
	case TURN_VERDICT_NONE:
		return false;
	case TURN_VERDICT_AGAIN:
		return true;
	default:
		turn_own_answered(client, now, &answer);
		return true;
	}
}

bool turn_receive(struct turn_client *client, uint64_t now,
		  const struct endpoint *src, const uint8_t *bytes, size_t len)
{
	if (client->state == TURN_OFF || !stun_is_message(bytes, len) ||
	    !endpoint_equal(src, &client->at))
		return false;
	if (turn_is_data(bytes)) {
		turn_data_receive(client, now, bytes, len);
		return true;
	}
	if (turn_own_receive(client, now, bytes, len))
		return true;
	switch (turn_entries_receive(client, now, bytes, len)) {
	case TURN_FATE_NONE:
		return false;
	case TURN_FATE_FINE:
		return true;
	case TURN_FATE_GONE:
		turn_forgot(client, now);
		return true;
	}
	return false;
}

void turn_connected(struct turn_client *client, uint64_t now,
		    const struct endpoint *at, const char *why)
{
	bool was = endpoint_is_set(&client->at);

	if (!client->connects)
		return;
	memset(&client->at, 0, sizeof(client->at));
	if (at)
		client->at = *at;
	/* What was granted by a connection ends with it: RFC 8656 7.1. */
	if (was && client->state == TURN_ALLOCATED)
		turn_gone(client, now, "the connection ends again and again");
	else if (at && client->state == TURN_ALLOCATING)
		turn_allocate(client, now);
	else if (client->state == TURN_ALLOCATING && (was || *why))
		turn_silent(client, why);
}

/* --- time ----------------------------------------------------------------- */

static uint64_t turn_connect_at(const struct turn_client *client)
{
	return client->state == TURN_ALLOCATING && !client->tr.waits ?
	       client->connect_until : CLOCK_NEVER;
}

static void turn_own_timer(struct turn_client *client, uint64_t now)
{
	struct turn_request request;

	if (client->tr.waits && client->tr.at <= now) {
		turn_own_request(client, &request);
		if (turn_request_repeat(client, now, &client->tr, &request))
			return;
		turn_silent(client, "");
		return;
	}
	if (turn_connect_at(client) <= now) {
		turn_silent(client, "no connection");
		return;
	}
	if (client->refresh_at <= now)
		turn_check(client, now);
}

void turn_timer(struct turn_client *client, uint64_t now)
{
	turn_own_timer(client, now);
	/* A request without an answer may be the first sign of more. */
	if (turn_entries_timer(client, now))
		turn_check(client, now);
}

uint64_t turn_deadline(const struct turn_client *client)
{
	uint64_t first = turn_entries_deadline(client);

	if (client->tr.waits && client->tr.at < first)
		first = client->tr.at;
	if (turn_connect_at(client) < first)
		first = turn_connect_at(client);
	return client->refresh_at < first ? client->refresh_at : first;
}

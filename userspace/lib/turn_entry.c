// SPDX-License-Identifier: GPL-2.0-or-later
/* What an allocation lets in and out: permissions and channels. */
#include <errno.h>
#include <string.h>

#include "turn_impl.h"
#include "wire.h"

/* A server counts from when our request came; we, from when we sent it. */
#define TURN_MARGIN	(10 * CLOCK_SECOND)
/* One without an answer. */
#define TURN_AGAIN	(2 * CLOCK_SECOND)

/*
 * One for each peer, and no data: the kernel does not take it from here.
 * @channel: by which it may go on at once, or 0.
 */
static void turn_hold(struct turn_client *client, const struct turn_data *data,
		      uint16_t channel)
{
	struct turn_held *free = NULL;

	if (data->bytes[0] == WIRE_TYPE_DATA)
		return;
	for (int i = 0; i < TURN_HELD_MAX; i++) {
		struct turn_held *held = &client->held[i];

		if (!held->len)
			free = free ? free : held;
		else if (endpoint_equal(&held->peer, &data->peer))
			return;
	}
	if (!free)
		return;
	free->peer = data->peer;
	free->channel = channel;
	free->len = data->len;
	memcpy(free->bytes, data->bytes, data->len);
}

static void turn_held_decide(struct turn_client *client,
			     const struct turn_entry *entry, bool bound)
{
	for (int i = 0; i < TURN_HELD_MAX; i++) {
		struct turn_held *held = &client->held[i];

		if (!held->len || !endpoint_equal(&held->peer, &entry->peer))
			continue;
		if (bound)
			held->channel = entry->channel;
		else
			held->len = 0;
	}
}

/* Nothing decides any more over what waits for it. */
static void turn_entry_free(struct turn_client *client,
			    struct turn_entry *entry)
{
	if (entry->channel)
		turn_held_decide(client, entry, false);
	memset(entry, 0, sizeof(*entry));
}

static bool turn_same_address(const struct endpoint *a,
			      const struct endpoint *b)
{
	struct endpoint with_port = *b;

	with_port.port = a->port;
	return endpoint_equal(a, &with_port);
}

static bool turn_entry_good(const struct turn_entry *entry, uint64_t now)
{
	return entry->granted_at &&
	       now - entry->granted_at < TURN_PERMISSION_LIFE;
}

static bool turn_entry_wanted(const struct turn_entry *entry, uint64_t now)
{
	return now - entry->wanted_at < TURN_UNWANTED;
}

static void turn_entry_request(const struct turn_entry *entry,
			       struct turn_request *request)
{
	memset(request, 0, sizeof(*request));
	request->peer = entry->peer;
	request->channel = entry->channel;
}

static void turn_entry_ask(struct turn_client *client, uint64_t now,
			   struct turn_entry *entry)
{
	struct turn_request request;

	turn_entry_request(entry, &request);
	entry->asked_at = now;
	turn_request_start(client, now, &entry->tr,
			   entry->channel ? TURN_CHANNEL : TURN_PERMISSION,
			   &request);
}

/* Asks for it, unless that is not needed, or was just done, or refused. */
static void turn_entry_want(struct turn_client *client, uint64_t now,
			    struct turn_entry *entry)
{
	entry->wanted_at = now;
	if (entry->tr.waits ||
	    (entry->refused_at && now - entry->refused_at < TURN_REFUSED_TIME))
		return;
	if (entry->granted_at && now - entry->granted_at < TURN_RENEW)
		return;
	if (entry->asked_at && now - entry->asked_at < TURN_AGAIN &&
	    !entry->granted_at)
		return;
	turn_entry_ask(client, now, entry);
}

/*
 * A place for another. A channel may be at the server for as long as it would
 * have lasted, with a number that no other peer can have, and then another
 * number for that peer is refused; so it is taken only when all are used.
 */
static struct turn_entry *turn_entry_place(struct turn_entry *list,
					   unsigned int max, uint64_t now)
{
	struct turn_entry *oldest = NULL;

	for (unsigned int i = 0; i < max; i++) {
		if (!endpoint_is_set(&list[i].peer))
			return &list[i];
		if (!turn_entry_wanted(&list[i], now) &&
		    (!oldest || list[i].wanted_at < oldest->wanted_at))
			oldest = &list[i];
	}
	return oldest;
}

static bool turn_reaches(const struct turn_client *client,
			 const struct endpoint *peer)
{
	return client->state == TURN_ALLOCATED && endpoint_is_direct(peer) &&
	       !endpoint_check(peer) && !peer->scope &&
	       peer->family == client->relayed.family;
}

static struct turn_entry *turn_channel_find(struct turn_client *client,
					    const struct endpoint *peer)
{
	for (int i = 0; i < TURN_CHANNELS_MAX; i++)
		if (endpoint_is_set(&client->channel[i].peer) &&
		    endpoint_equal(&client->channel[i].peer, peer))
			return &client->channel[i];
	return NULL;
}

static struct turn_entry *turn_permission_find(struct turn_client *client,
					       const struct endpoint *peer)
{
	for (int i = 0; i < TURN_PERMISSIONS_MAX; i++)
		if (endpoint_is_set(&client->permission[i].peer) &&
		    turn_same_address(&client->permission[i].peer, peer))
			return &client->permission[i];
	return NULL;
}

/* Somebody wants to hear from there. */
static bool turn_is_permitted(struct turn_client *client,
			      const struct endpoint *peer)
{
	if (turn_permission_find(client, peer))
		return true;
	for (int i = 0; i < TURN_CHANNELS_MAX; i++)
		if (client->channel[i].claimed &&
		    turn_same_address(&client->channel[i].peer, peer))
			return true;
	return false;
}

void turn_permit(struct turn_client *client, uint64_t now,
		 const struct endpoint *peer)
{
	struct turn_entry *entry;

	if (!turn_reaches(client, peer))
		return;
	entry = turn_permission_find(client, peer);
	if (entry) {
		turn_entry_want(client, now, entry);
		return;
	}
	entry = turn_entry_place(client->permission, TURN_PERMISSIONS_MAX,
				 now);
	if (!entry)
		return;
	turn_entry_free(client, entry);
	/* Its port is of no meaning. */
	entry->peer = *peer;
	entry->claimed = true;
	turn_entry_want(client, now, entry);
}

static bool turn_channel_used(const struct turn_client *client,
			      uint16_t number)
{
	for (int i = 0; i < TURN_CHANNELS_MAX; i++)
		if (client->channel[i].channel == number)
			return true;
	return false;
}

/* All of them in turn: each rests for as long as can be. */
static uint16_t turn_channel_next(struct turn_client *client)
{
	uint16_t number;

	do {
		number = client->next_channel++;
		if (client->next_channel > ENDPOINT_CHANNEL_MAX)
			client->next_channel = ENDPOINT_CHANNEL_MIN;
	} while (turn_channel_used(client, number));
	return number;
}

static struct turn_entry *turn_channel_add(struct turn_client *client,
					   uint64_t now,
					   const struct endpoint *peer)
{
	struct turn_entry *entry = turn_entry_place(client->channel,
						    TURN_CHANNELS_MAX, now);

	if (!entry)
		return NULL;
	turn_entry_free(client, entry);
	entry->peer = *peer;
	entry->channel = turn_channel_next(client);
	return entry;
}

static void turn_via(const struct turn_client *client, uint16_t channel,
		     struct endpoint *via)
{
	*via = client->at;
	via->kind = ENDPOINT_TURN;
	via->id = channel;
}

int turn_channel(struct turn_client *client, uint64_t now,
		 const struct endpoint *peer, struct endpoint *via)
{
	struct turn_entry *entry;

	if (!turn_reaches(client, peer))
		return -ENOTCONN;
	entry = turn_channel_find(client, peer);
	if (!entry)
		entry = turn_channel_add(client, now, peer);
	if (!entry)
		return -ENOSPC;
	entry->claimed = true;
	turn_entry_want(client, now, entry);
	turn_via(client, entry->channel, via);
	if (turn_entry_good(entry, now))
		return 0;
	return entry->refused_at && !entry->tr.waits ? -EACCES : -EAGAIN;
}

bool turn_keep(struct turn_client *client, uint64_t now,
	       const struct endpoint *via)
{
	for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
		struct turn_entry *entry = &client->channel[i];
		struct endpoint at;

		turn_via(client, entry->channel, &at);
		if (!endpoint_is_set(&entry->peer) ||
		    !endpoint_equal(&at, via))
			continue;
		entry->claimed = true;
		turn_entry_want(client, now, entry);
		return true;
	}
	return false;
}

/*
 * Where a peer's NAT maps each destination anew, only the server sees the port
 * from which it comes to our relayed address. What comes from an address with
 * a permission, and looks like ours, gets a channel; so many at most.
 */
static struct turn_entry *turn_unclaimed_add(struct turn_client *client,
					     uint64_t now,
					     const struct endpoint *peer)
{
	struct turn_entry *oldest = NULL, *entry;
	unsigned int count = 0;

	if (!ratelimit_take(&client->unclaimed, now, TURN_UNCLAIMED_RATE,
			    TURN_UNCLAIMED_BURST))
		return NULL;
	for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
		entry = &client->channel[i];
		if (!endpoint_is_set(&entry->peer) || entry->claimed)
			continue;
		count++;
		if (!oldest || entry->wanted_at < oldest->wanted_at)
			oldest = entry;
	}
	if (count >= TURN_UNCLAIMED_MAX)
		turn_entry_free(client, oldest);
	return turn_channel_add(client, now, peer);
}

size_t turn_take_frame(struct turn_client *client, struct endpoint *src,
		       uint8_t *bytes)
{
	for (int i = 0; i < TURN_HELD_MAX; i++) {
		struct turn_held *held = &client->held[i];
		size_t len = held->len;

		if (!len || !held->channel)
			continue;
		turn_via(client, held->channel, src);
		memcpy(bytes, held->bytes, len);
		held->len = 0;
		return len;
	}
	return 0;
}

bool turn_take_bound(struct turn_client *client)
{
	bool bound = client->bound;

	client->bound = false;
	return bound;
}

void turn_data_receive(struct turn_client *client, uint64_t now,
		       const uint8_t *bytes, size_t len)
{
	struct turn_entry *entry;
	struct turn_data data;

	if (turn_data_parse(bytes, len, &data) ||
	    !turn_reaches(client, &data.peer) || !wire_is_frame(data.bytes[0]) ||
	    !turn_is_permitted(client, &data.peer))
		return;
	entry = turn_channel_find(client, &data.peer);
	if (!entry)
		entry = turn_unclaimed_add(client, now, &data.peer);
	if (!entry)
		return;
	/* It may have been bound, and the server has forgotten. */
	if (entry->granted_at && now - entry->asked_at >= TURN_AGAIN)
		entry->granted_at = 0;
	turn_entry_want(client, now, entry);
	/* What nothing will be said about must not take a place. */
	if (entry->tr.waits)
		turn_hold(client, &data, 0);
	else if (turn_entry_good(entry, now))
		turn_hold(client, &data, entry->channel);
}

void turn_entries_drop(struct turn_client *client)
{
	memset(client->channel, 0, sizeof(client->channel));
	memset(client->permission, 0, sizeof(client->permission));
	for (int i = 0; i < TURN_HELD_MAX; i++)
		client->held[i].len = 0;
}

static enum turn_fate turn_entry_answered(struct turn_client *client,
					  uint64_t now,
					  struct turn_entry *entry,
					  const uint8_t *bytes, size_t len)
{
	bool was_good = turn_entry_good(entry, now);
	struct turn_request request;
	struct turn_answer answer;

	turn_entry_request(entry, &request);
	switch (turn_request_answered(client, now, &entry->tr, &request, bytes,
				      len, &answer)) {
	case TURN_VERDICT_NONE:
		return TURN_FATE_NONE;
	case TURN_VERDICT_AGAIN:
		return TURN_FATE_FINE;
	case TURN_VERDICT_DONE:
		entry->granted_at = entry->asked_at;
		entry->refused_at = 0;
		break;
	case TURN_VERDICT_FAILED:
		if (answer.error == TURN_ERROR_MISMATCH)
			return TURN_FATE_GONE;
		entry->granted_at = 0;
		entry->refused_at = now;
		break;
	}
	if (!entry->channel)
		return TURN_FATE_FINE;
	turn_held_decide(client, entry, !entry->refused_at);
	client->bound = client->bound || (!entry->refused_at && !was_good);
	return TURN_FATE_FINE;
}

static struct turn_entry *turn_entry_of(struct turn_client *client,
					const uint8_t *bytes)
{
	for (int i = 0; i < TURN_CHANNELS_MAX; i++)
		if (turn_request_fits(&client->channel[i].tr, bytes))
			return &client->channel[i];
	for (int i = 0; i < TURN_PERMISSIONS_MAX; i++)
		if (turn_request_fits(&client->permission[i].tr, bytes))
			return &client->permission[i];
	return NULL;
}

enum turn_fate turn_entries_receive(struct turn_client *client, uint64_t now,
				    const uint8_t *bytes, size_t len)
{
	struct turn_entry *entry = turn_entry_of(client, bytes);

	return entry ? turn_entry_answered(client, now, entry, bytes, len) :
		       TURN_FATE_NONE;
}

static uint64_t turn_entry_renew_at(const struct turn_entry *entry)
{
	uint64_t at = entry->granted_at + TURN_RENEW;

	return entry->granted_at && at < entry->wanted_at + TURN_UNWANTED ?
	       at : CLOCK_NEVER;
}

/* When the server has forgotten it as well. */
static uint64_t turn_entry_end_at(const struct turn_entry *entry)
{
	uint64_t last = entry->asked_at > entry->wanted_at ? entry->asked_at :
							     entry->wanted_at;

	return last + TURN_MARGIN + (entry->channel ? TURN_CHANNEL_LIFE :
						      TURN_PERMISSION_LIFE);
}

static uint64_t turn_entry_at(const struct turn_entry *entry)
{
	uint64_t renew = turn_entry_renew_at(entry);
	uint64_t end = turn_entry_end_at(entry);

	if (!endpoint_is_set(&entry->peer))
		return CLOCK_NEVER;
	if (entry->tr.waits)
		return entry->tr.at;
	return renew < end ? renew : end;
}

/* Return: whether nobody answered. */
static bool turn_entry_timer(struct turn_client *client, uint64_t now,
			     struct turn_entry *entry)
{
	struct turn_request request;

	if (turn_entry_at(entry) > now)
		return false;
	if (!entry->tr.waits) {
		if (turn_entry_renew_at(entry) <= now)
			turn_entry_ask(client, now, entry);
		else
			turn_entry_free(client, entry);
		return false;
	}
	turn_entry_request(entry, &request);
	if (turn_request_repeat(client, now, &entry->tr, &request))
		return false;
	if (entry->channel)
		turn_held_decide(client, entry, false);
	return true;
}

bool turn_entries_timer(struct turn_client *client, uint64_t now)
{
	bool silent = false;

	for (int i = 0; i < TURN_CHANNELS_MAX; i++)
		silent |= turn_entry_timer(client, now, &client->channel[i]);
	for (int i = 0; i < TURN_PERMISSIONS_MAX; i++)
		silent |= turn_entry_timer(client, now,
					   &client->permission[i]);
	return silent;
}

uint64_t turn_entries_deadline(const struct turn_client *client)
{
	uint64_t first = CLOCK_NEVER, at;

	for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
		at = turn_entry_at(&client->channel[i]);
		first = at < first ? at : first;
	}
	for (int i = 0; i < TURN_PERMISSIONS_MAX; i++) {
		at = turn_entry_at(&client->permission[i]);
		first = at < first ? at : first;
	}
	return first;
}

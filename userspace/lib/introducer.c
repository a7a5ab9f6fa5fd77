// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "introducer_impl.h"
#include "path_message.h"

struct introducer *introducer_new(const struct introducer_ops *ops, void *ctx)
{
	struct introducer *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->ops = *ops;
	in->ctx = ctx;
	randombytes_buf(in->key, sizeof(in->key));
	if (table_init(&in->by_client) || table_init(&in->by_pair) ||
	    table_init(&in->by_id)) {
		introducer_free(in);
		return NULL;
	}
	return in;
}

static struct introducer_client *
introducer_client_first(const struct introducer *in)
{
	struct timer *timer = timer_first(&in->client_timers);

	return timer ? table_entry(timer, struct introducer_client, timer) :
		       NULL;
}

void introducer_free(struct introducer *in)
{
	struct introducer_client *client;
	struct introducer_ended *ended;

	if (!in)
		return;
	while ((ended = in->ended)) {
		in->ended = ended->next;
		free(ended);
	}
	while (in->pairs)
		introducer_pair_free(in, in->pairs);
	/* Who has no pair waits for its end. */
	while ((client = introducer_client_first(in)))
		introducer_client_free(in, client);
	table_free(&in->by_client);
	table_free(&in->by_pair);
	table_free(&in->by_id);
	timer_heap_free(&in->pair_timers);
	timer_heap_free(&in->client_timers);
	free(in);
}

static void introducer_notify(struct introducer *in,
			      enum introducer_notice notice, uint64_t agent,
			      uint64_t from, uint64_t to, const char *text)
{
	if (in->ops.notify)
		in->ops.notify(in->ctx, notice, agent, from, to, text);
}

/* Later: this may be within a callback of who is to send it. */
static void introducer_ended_note(struct introducer *in,
				  const struct introducer_pair *pair, int i)
{
	struct introducer_ended *ended = malloc(sizeof(*ended));

	/* Untold it finds out as of any way that does not work any more. */
	if (!ended)
		return;
	ended->agent = pair->agent;
	ended->peer = pair->end[i].client->peer;
	ended->other = pair->end[!i].client->peer;
	ended->next = in->ended;
	in->ended = ended;
}

/* @cause: the end that needs not be told, -1: both have to. */
static void introducer_end_pair(struct introducer *in,
				struct introducer_pair *pair,
				enum introducer_notice notice, int cause)
{
	for (int i = 0; i < 2; i++)
		if (i != cause)
			introducer_ended_note(in, pair, i);
	introducer_notify(in, notice, pair->agent, pair->end[0].client->peer,
			  pair->end[1].client->peer, "");
	introducer_pair_drop(in, pair);
}

static uint32_t introducer_left(const struct introducer_pair *pair,
				uint64_t now)
{
	uint64_t left = pair->expires_at > now ?
			(pair->expires_at - now) / CLOCK_SECOND : 0;

	return left ? left : 1;
}

static void introducer_send(struct introducer *in, uint64_t agent,
			    uint64_t peer, const struct endpoint *dst,
			    const struct path_message *message)
{
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(message, tlvs);

	if (len >= 0)
		in->ops.send(in->ctx, agent, peer, dst, message->type, tlvs,
			     len);
}

static void introducer_grant_make(const struct introducer *in,
				  const struct introducer_pair *pair, int i,
				  uint64_t now, struct path_message *grant)
{
	*grant = (struct path_message){
		.type = WIRE_CONTROL_RELAY_GRANT,
		.peer = pair->end[!i].client->peer,
		.relay = pair->end[i].id,
		.lifetime = introducer_left(pair, now),
		.flags = in->config.data ? 0 : WIRE_RELAY_F_SIGNALLING,
		.packet_rate = in->config.packet_rate,
		.byte_rate = in->config.byte_rate,
	};
}

static void introducer_grant(struct introducer *in,
			     const struct introducer_pair *pair, int i,
			     uint64_t now, const struct endpoint *dst)
{
	struct path_message grant;

	introducer_grant_make(in, pair, i, now, &grant);
	introducer_send(in, pair->agent, pair->end[i].client->peer, dst,
			&grant);
}

static void introducer_refuse(struct introducer *in,
			      const struct introducer_client *client,
			      const struct endpoint *dst, uint64_t other,
			      uint8_t reason)
{
	const struct path_message refused = {
		.type = WIRE_CONTROL_RELAY_REFUSED,
		.peer = other,
		.reason = reason,
	};

	in->stats.refused++;
	introducer_send(in, client->agent, client->peer, dst, &refused);
}

static uint8_t introducer_reason(int error)
{
	switch (-error) {
	case ENOENT:
		return WIRE_REFUSED_NOT_HERE;
	case EEXIST:
	case ENOMEM:
	case ENOSPC:
		return WIRE_REFUSED_FULL;
	default:
		return WIRE_REFUSED_NOT_ALLOWED;
	}
}

static struct introducer_pair *
introducer_pair_make(struct introducer *in, struct introducer_client *client,
		     uint64_t other)
{
	if (in->stats.pairs >= in->config.pairs) {
		introducer_notify(in, INTRODUCER_NOTICE_REFUSED, client->agent,
				  client->peer, other, "there are too many");
		return NULL;
	}
	/* One that is greedy takes nothing from the others. */
	if (client->opened >= INTRODUCER_CLIENT_PAIRS) {
		introducer_notify(in, INTRODUCER_NOTICE_REFUSED, client->agent,
				  client->peer, other,
				  "the peer has opened too many");
		return NULL;
	}
	return introducer_pair_new(in, client->agent, client->peer, other);
}

/* Told once, and again until it asks itself: it may not have heard. */
static void introducer_tell(struct introducer *in,
			    struct introducer_pair *pair, int i, uint64_t now)
{
	introducer_grant(in, pair, i, now, NULL);
	pair->end[i].tells = INTRODUCER_TELLS;
	pair->end[i].tell_at = now + INTRODUCER_TELL_AGAIN;
}

/*
 * What is allowed now, into the kernel, for what is left of a pair's time; both
 * are told, for they choose their paths by it.
 */
static void introducer_refit(struct introducer *in, uint64_t now,
			     struct introducer_pair *pair)
{
	uint32_t left = introducer_left(pair, now);

	if (left > in->config.lifetime)
		left = in->config.lifetime;
	if (introducer_pair_install(in, now, pair, left)) {
		introducer_end_pair(in, pair, INTRODUCER_NOTICE_CLOSED, -1);
		return;
	}
	pair->stale = false;
	for (int i = 0; i < 2; i++)
		introducer_tell(in, pair, i, now);
	introducer_pair_schedule(in, pair);
}

void introducer_configure(struct introducer *in, uint64_t now,
			  const struct introducer_config *config)
{
	const struct introducer_config old = in->config;
	struct introducer_pair *pair, *next;

	in->config = *config;
	while (!config->enabled && in->pairs)
		introducer_end_pair(in, in->pairs, INTRODUCER_NOTICE_CLOSED,
				    -1);
	if (old.data == config->data &&
	    old.packet_rate == config->packet_rate &&
	    old.byte_rate == config->byte_rate &&
	    old.total_bytes == config->total_bytes)
		return;
	for (pair = in->pairs; pair; pair = next) {
		next = pair->next;
		introducer_refit(in, now, pair);
	}
}

/* Renewed a moment ago it was told: an answer that is lost tells nobody else. */
static bool introducer_is_stale(const struct introducer *in,
				const struct introducer_pair *pair,
				uint64_t now)
{
	return introducer_left(pair, now) <
	       (uint64_t)in->config.lifetime * 3 / 4;
}

/*
 * Renewing gives all bytes anew. So where there is a limit to them nothing is
 * renewed before its users have to (introducer.h), or it would be none.
 */
static bool introducer_is_early(const struct introducer *in,
				const struct introducer_pair *pair,
				uint64_t now)
{
	return in->config.total_bytes && pair->end[0].installed &&
	       pair->end[1].installed &&
	       introducer_left(pair, now) > in->config.lifetime / 2;
}

static void introducer_pair_open(struct introducer *in, uint64_t now,
				 struct introducer_client *client,
				 const struct endpoint *src, uint64_t other)
{
	struct introducer_pair *pair;
	bool tell, fresh, early;
	int ret = 0, me;
	uint32_t id;

	pair = introducer_pair_find(in, client->agent, client->peer, other);
	fresh = !pair;
	if (fresh)
		pair = introducer_pair_make(in, client, other);
	if (!pair) {
		introducer_refuse(in, client, src, other, WIRE_REFUSED_FULL);
		return;
	}
	id = pair->end[0].id;
	early = introducer_is_early(in, pair, now);
	tell = !early && (fresh || introducer_is_stale(in, pair, now));
	if (!early)
		ret = introducer_pair_install(in, now, pair,
					      in->config.lifetime);
	if (ret) {
		introducer_pair_free(in, pair);
		introducer_notify(in, INTRODUCER_NOTICE_REFUSED, client->agent,
				  client->peer, other, strerror(-ret));
		introducer_refuse(in, client, src, other,
				  introducer_reason(ret));
		return;
	}
	me = introducer_pair_end(pair, client->peer);
	pair->end[me].wanted = true;
	pair->end[me].tell_at = CLOCK_NEVER;
	if (pair->owner < 0)
		introducer_pair_own(pair, me);
	in->stats.opened += fresh;
	in->stats.renewed += !fresh && !early;
	if (fresh)
		introducer_notify(in, INTRODUCER_NOTICE_OPENED, client->agent,
				  client->peer, other, "");
	introducer_grant(in, pair, me, now, src);
	if (tell || id != pair->end[0].id)
		introducer_tell(in, pair, !me, now);
	introducer_pair_schedule(in, pair);
}

/*
 * What is said of one that is not here is the same whether it is known or not.
 */
static void introducer_open(struct introducer *in, uint64_t now,
			    struct introducer_client *client,
			    const struct endpoint *src, uint64_t other)
{
	enum introducer_standing standing;

	standing = in->ops.standing(in->ctx, client->agent, client->peer);
	/* The kernel does not know yet where it is; it will ask again. */
	if (standing == INTRODUCER_ABSENT)
		return;
	if (!in->config.enabled || standing != INTRODUCER_DIRECT)
		introducer_refuse(in, client, src, other,
				  WIRE_REFUSED_NOT_ALLOWED);
	else if (other == client->peer ||
		 in->ops.standing(in->ctx, client->agent, other) !=
		 INTRODUCER_DIRECT)
		introducer_refuse(in, client, src, other,
				  WIRE_REFUSED_NOT_HERE);
	else
		introducer_pair_open(in, now, client, src, other);
}

/*
 * Gone when neither wants it; the other may use it all the same. With a limit to
 * its bytes it stays for its time: opened again it would have all of them anew.
 */
static void introducer_close(struct introducer *in,
			     struct introducer_client *client, uint64_t other)
{
	struct introducer_pair *pair;
	int me;

	pair = introducer_pair_find(in, client->agent, client->peer, other);
	if (!pair)
		return;
	me = introducer_pair_end(pair, client->peer);
	pair->end[me].wanted = false;
	if (pair->end[!me].wanted) {
		introducer_pair_own(pair, !me);
		return;
	}
	if (in->config.total_bytes)
		return;
	in->stats.closed++;
	introducer_end_pair(in, pair, INTRODUCER_NOTICE_CLOSED, me);
}

/* By that it finds out whether its NAT lets us through that long. */
static void introducer_later(struct introducer *in, uint64_t now,
			     struct introducer_client *client,
			     const struct endpoint *src,
			     const struct path_message *later)
{
	if (!in->config.enabled || !endpoint_is_direct(src))
		return;
	client->late_at = now + later->lifetime * CLOCK_SECOND;
	client->late = later->generation;
	client->late_to = *src;
}

static void introducer_late(struct introducer *in,
			    struct introducer_client *client)
{
	const struct path_message late = {
		.type = WIRE_CONTROL_LATE, .generation = client->late,
	};

	client->late_at = 0;
	introducer_send(in, client->agent, client->peer, &client->late_to,
			&late);
}

/* Nobody gets more than was spent on asking. */
static bool introducer_open_is_padded(size_t len)
{
	static const struct path_message grant = {
		.type = WIRE_CONTROL_RELAY_GRANT,
	};
	uint8_t tlvs[PATH_MESSAGE_MAX];

	return len >= (size_t)path_message_write(&grant, tlvs);
}

bool introducer_receive(struct introducer *in, uint64_t now, uint64_t agent,
			uint64_t peer, const struct endpoint *src,
			uint8_t type, const uint8_t *tlvs, size_t len)
{
	struct introducer_client *client;
	struct path_message message;

	if (type != WIRE_CONTROL_RELAY_OPEN &&
	    type != WIRE_CONTROL_RELAY_CLOSE && type != WIRE_CONTROL_LATER)
		return false;
	client = introducer_client_take(in, agent, peer);
	if (!client || !ratelimit_take(&client->requests, now, INTRODUCER_RATE,
				       INTRODUCER_BURST)) {
		in->stats.limited++;
		return true;
	}
	if (path_message_read(type, tlvs, len, &message) ||
	    (type == WIRE_CONTROL_RELAY_OPEN &&
	     !introducer_open_is_padded(len)) ||
	    (type == WIRE_CONTROL_LATER &&
	     message.lifetime > WIRE_LATER_SECONDS_MAX))
		in->stats.malformed++;
	else if (type == WIRE_CONTROL_RELAY_OPEN)
		introducer_open(in, now, client, src, message.peer);
	else if (type == WIRE_CONTROL_LATER)
		introducer_later(in, now, client, src, &message);
	else
		introducer_close(in, client, message.peer);
	introducer_client_put(in, client, now);
	return true;
}

/* Return: whether the entry is one direction of a pair as we know it. */
static bool introducer_entry_fits(struct introducer *in,
				  const struct introducer_pair *pair,
				  const struct relay_entry *entry)
{
	int from = introducer_pair_end(pair, entry->from);

	if (!pair->end[0].id)
		return !table_find(&in->by_id, entry->id) &&
		       !table_find(&in->by_id, entry->next_id);
	return !pair->end[from].installed &&
	       pair->end[from].id == entry->id &&
	       pair->end[!from].id == entry->next_id;
}

void introducer_adopt(struct introducer *in, uint64_t now, uint64_t agent,
		      const struct relay_entry *entry)
{
	uint64_t until = now + entry->seconds * CLOCK_SECOND;
	struct introducer_pair *pair = NULL;
	int from;

	if (in->config.enabled && relay_entry_valid(entry)) {
		pair = introducer_pair_find(in, agent, entry->from, entry->to);
		if (!pair)
			pair = introducer_pair_new(in, agent, entry->from,
						   entry->to);
	}
	if (!pair || !introducer_entry_fits(in, pair, entry)) {
		if (pair && !pair->end[0].id)
			introducer_pair_free(in, pair);
		in->ops.relay_del(in->ctx, agent, entry->id);
		return;
	}
	from = introducer_pair_end(pair, entry->from);
	if (!pair->end[0].id) {
		introducer_id_set(in, &pair->end[from], entry->id);
		introducer_id_set(in, &pair->end[!from], entry->next_id);
		pair->expires_at = until;
	}
	if (until < pair->expires_at)
		pair->expires_at = until;
	pair->end[from].installed = true;
	if (entry->signalling != !in->config.data ||
	    entry->packet_rate != in->config.packet_rate ||
	    entry->byte_rate != in->config.byte_rate ||
	    !entry->total_bytes != !in->config.total_bytes ||
	    entry->total_bytes > in->config.total_bytes ||
	    entry->seconds > in->config.lifetime)
		pair->stale = true;
	/* Nobody knows any more who asked: neither ends it for the other. */
	pair->end[from].wanted = true;
	introducer_pair_schedule(in, pair);
}

void introducer_adopt_end(struct introducer *in, uint64_t now)
{
	struct introducer_pair *pair, *next;

	for (pair = in->pairs; pair; pair = next) {
		next = pair->next;
		if (!pair->end[0].installed || !pair->end[1].installed)
			introducer_pair_drop(in, pair);
		else if (pair->stale)
			introducer_refit(in, now, pair);
	}
}

void introducer_peer_gone(struct introducer *in, uint64_t agent, uint64_t peer)
{
	struct introducer_client *client;

	/* The last pair takes the client with it, or a timer has it. */
	while ((client = introducer_client_find(in, agent, peer)) &&
	       client->ends)
		introducer_end_pair(in, client->ends->pair,
				    INTRODUCER_NOTICE_CLOSED,
				    introducer_pair_end(client->ends->pair,
							peer));
	if (client)
		introducer_client_free(in, client);
}

void introducer_agent_gone(struct introducer *in, uint64_t agent)
{
	struct introducer_pair *pair, *next;

	for (pair = in->pairs; pair; pair = next) {
		next = pair->next;
		if (pair->agent == agent)
			introducer_end_pair(in, pair,
					    INTRODUCER_NOTICE_CLOSED, -1);
	}
}

static void introducer_pair_due(struct introducer *in,
				struct introducer_pair *pair, uint64_t now)
{
	if (pair->expires_at <= now) {
		in->stats.expired++;
		introducer_end_pair(in, pair, INTRODUCER_NOTICE_EXPIRED, -1);
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct introducer_end *end = &pair->end[i];

		if (end->tell_at > now)
			continue;
		introducer_grant(in, pair, i, now, NULL);
		end->tell_at = --end->tells ? now + INTRODUCER_TELL_AGAIN :
					      CLOCK_NEVER;
	}
	introducer_pair_schedule(in, pair);
}

static void introducer_ended_tell(struct introducer *in)
{
	struct path_message refused = {
		.type = WIRE_CONTROL_RELAY_REFUSED,
		.reason = WIRE_REFUSED_ENDED,
	};
	struct introducer_ended *ended;

	while ((ended = in->ended)) {
		in->ended = ended->next;
		refused.peer = ended->other;
		/* It may have been opened anew meanwhile. */
		if (!introducer_pair_find(in, ended->agent, ended->peer,
					  ended->other))
			introducer_send(in, ended->agent, ended->peer, NULL,
					&refused);
		free(ended);
	}
}

void introducer_timer(struct introducer *in, uint64_t now)
{
	struct introducer_client *client;
	struct timer *timer;

	while ((timer = timer_first(&in->pair_timers)) && timer->at <= now)
		introducer_pair_due(in,
				    table_entry(timer, struct introducer_pair,
						timer), now);
	while ((client = introducer_client_first(in)) &&
	       client->timer.at <= now) {
		if (client->late_at && client->late_at <= now)
			introducer_late(in, client);
		introducer_client_put(in, client, now);
	}
	introducer_ended_tell(in);
}

uint64_t introducer_next_deadline(const struct introducer *in)
{
	const struct timer *pair = timer_first(&in->pair_timers);
	const struct timer *client = timer_first(&in->client_timers);
	uint64_t at = pair ? pair->at : CLOCK_NEVER;

	if (in->ended)
		return 0;
	return client && client->at < at ? client->at : at;
}

const struct introducer_stats *introducer_stats(const struct introducer *in)
{
	return &in->stats;
}

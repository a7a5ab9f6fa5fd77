// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways by introducers: asked for, granted, renewed, given back. */
#include <string.h>

#include "addr.h"
#include "path_impl.h"

/* Opens without an answer after which the introducer may have forgotten us. */
#define PATH_RELAY_TRIES	3
/* A peer that is not there may come: asked for this soon, after so many answers. */
#define PATH_RELAY_SOON		CLOCK_SECOND
#define PATH_RELAY_ABSENCES	8

/* Where frames go to the introducer, and so to what it relays for. */
static const struct endpoint *
path_introducer_at(const struct path_peer *introducer)
{
	const struct path_live *live = introducer->live;

	/* It relays nothing for who does not come to it directly. */
	if (!live || !live->used || !live->ready ||
	    !endpoint_is_direct(&live->used->endpoint))
		return NULL;
	return &live->used->endpoint;
}

/* Where it was when it was last there, or else where it should be. */
static const struct endpoint *
path_introducer_place(const struct path_peer *introducer)
{
	return endpoint_is_set(&introducer->last) &&
	       endpoint_is_direct(&introducer->last) ?
	       &introducer->last : &introducer->configured;
}

void path_introducer_seek(struct path_peer *introducer,
			  const struct clock *now)
{
	const struct endpoint *at = path_introducer_place(introducer);
	uint64_t due = introducer->asked_at + PATH_SEEK_LEAST;
	struct path_host *host = introducer->host;
	struct path_live *live = introducer->live;

	introducer->seek_at = CLOCK_NEVER;
	if (!endpoint_is_set(at) ||
	    (live && live->ready && live->used && !live->dead))
		return;
	/* Not too often, whoever wants it; and somebody always does. */
	if (!introducer->asked_at || due <= now->boot_ns) {
		due = now->boot_ns + PATH_SEEK_AGAIN +
		      path_jitter(host, PATH_SEEK_AGAIN / 4);
		introducer->asked_at = now->boot_ns;
		host->ops.session(host->ctx, introducer, at);
	}
	introducer->seek_at = due;
	path_peer_due(introducer, due);
}

struct path_relay *path_relay_of(struct path_live *live,
				 const struct path_candidate *c)
{
	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		if (live->relay[i].state && live->relay[i].candidate == c)
			return &live->relay[i];
	return NULL;
}

static struct path_relay *path_relay_find(struct path_live *live,
					  const struct path_peer *introducer)
{
	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		if (live->relay[i].state &&
		    live->relay[i].introducer == introducer)
			return &live->relay[i];
	return NULL;
}

static bool path_relay_good(const struct path_relay *relay)
{
	return relay->state == PATH_RELAY_GRANTED ||
	       relay->state == PATH_RELAY_RENEWING;
}

static void path_relay_drop(struct path_live *live, struct path_relay *relay)
{
	if (relay->candidate)
		path_candidate_drop(live, relay->candidate);
	memset(relay, 0, sizeof(*relay));
	relay->at = relay->expire_at = CLOCK_NEVER;
}

static struct path_relay *path_relay_take(struct path_live *live,
					  struct path_peer *introducer)
{
	struct path_relay *relay = path_relay_find(live, introducer);

	if (relay)
		return relay;
	for (int i = 0; i < PATH_RELAYS_MAX; i++) {
		relay = &live->relay[i];
		if (relay->state == PATH_RELAY_REFUSED &&
		    (!relay->candidate || relay->candidate != live->used))
			path_relay_drop(live, relay);
		if (relay->state)
			continue;
		relay->introducer = introducer;
		return relay;
	}
	return NULL;
}

static void path_relay_ask(struct path_live *live, const struct clock *now,
			   struct path_relay *relay)
{
	struct path_message open = {
		.type = WIRE_CONTROL_RELAY_OPEN, .peer = live->peer->address,
	};
	struct path_live *at = relay->introducer->live;
	const struct endpoint *dst = path_introducer_at(relay->introducer);

	if (dst)
		path_send(at, dst, &open);
	if (dst && relay->tries >= PATH_RELAY_TRIES - 1)
		path_tls_doubt(relay->introducer, now);
	/* Its control keys went with the process that had them, perhaps. */
	if (dst && relay->tries >= PATH_RELAY_TRIES &&
	    now->boot_ns - at->handshake_at >= PATH_SESSION_AGAIN)
		path_handshake(at, now, dst);
	if (relay->tries < UINT8_MAX)
		relay->tries++;
	relay->at = now->boot_ns + relay->interval +
		    path_jitter(path_host_of(live), relay->interval / 4);
	relay->interval = path_earlier(2 * relay->interval,
				       path_ms(live, relay_max));
}

static void path_relay_begin(struct path_live *live, const struct clock *now,
			     struct path_relay *relay,
			     enum path_relay_state state)
{
	relay->state = state;
	relay->tries = 0;
	relay->interval = path_ms(live, relay_first);
	path_relay_ask(live, now, relay);
}

static void path_relay_open(struct path_live *live, const struct clock *now,
			    struct path_peer *introducer)
{
	struct path_relay *relay;

	if (introducer == live->peer || !path_introducer_at(introducer))
		return;
	relay = path_relay_take(live, introducer);
	if (!relay)
		return;
	relay->wanted_at = now->boot_ns;
	if (path_relay_good(relay))
		path_relay_begin(live, now, relay, PATH_RELAY_RENEWING);
	else if (relay->state != PATH_RELAY_OPENING)
		path_relay_begin(live, now, relay, PATH_RELAY_OPENING);
}

unsigned int path_relay_open_all(struct path_live *live,
				 const struct clock *now)
{
	struct path_peer *at = live->peer->agent->introducers;
	unsigned int count = 0;

	for (; at; at = at->next_introducer) {
		struct path_relay *relay = path_relay_find(live, at);

		if (at != live->peer)
			path_introducer_seek(at, now);
		if (!relay) {
			path_relay_open(live, now, at);
			relay = path_relay_find(live, at);
		} else if (relay->state == PATH_RELAY_GRANTED &&
			   relay->candidate &&
			   relay->candidate->state == PATH_STATE_FAILED) {
			path_relay_open(live, now, at);
		}
		count += relay && relay->state != PATH_RELAY_REFUSED;
	}
	return count;
}

static struct path_candidate *path_relay_place(struct path_live *live,
					       struct path_relay *relay,
					       uint32_t id)
{
	const struct endpoint *at = path_introducer_at(relay->introducer);
	struct endpoint ep;

	if (!at)
		return NULL;
	ep = *at;
	ep.kind = ENDPOINT_RELAY;
	ep.id = id;
	if (!relay->candidate)
		relay->candidate = path_candidate_add(live, &ep,
						      PATH_KIND_RELAY);
	if (relay->candidate)
		relay->candidate->endpoint = ep;
	return relay->candidate;
}

struct path_candidate *path_relay_adopt(struct path_live *live,
					const struct clock *now,
					const struct endpoint *src)
{
	struct path_peer *introducer = live->peer->agent->introducers;
	struct endpoint at = endpoint_carrier(src);
	const struct path_candidate *before;
	struct path_relay *relay;

	for (; introducer; introducer = introducer->next_introducer) {
		const struct endpoint *ep = path_introducer_at(introducer);

		if (ep && endpoint_equal(ep, &at))
			break;
	}
	if (!introducer || introducer == live->peer)
		return NULL;
	relay = path_relay_take(live, introducer);
	if (!relay)
		return NULL;
	/* The id is the introducer's to say; its word was lost, so ask. */
	if (relay->candidate && relay->candidate->endpoint.id != src->id)
		return NULL;
	before = relay->candidate;
	if (!path_relay_place(live, relay, src->id))
		return NULL;
	relay->wanted_at = now->boot_ns;
	if (relay->candidate != before)
		relay->candidate->signalling =
			introducer->relays == PATH_RELAYS_SIGNALLING;
	if (!path_relay_good(relay))
		path_relay_begin(live, now, relay, PATH_RELAY_OPENING);
	return relay->candidate;
}

/* It moved in place: what goes by it goes there. */
static void path_relay_readdress(struct path_live *live,
				 struct path_relay *relay,
				 const struct endpoint *before)
{
	if (relay->candidate && live->data == relay->candidate &&
	    !endpoint_equal(before, &live->data->endpoint))
		path_data_to(live, live->data, true);
}

struct path_candidate *path_relay_granted(struct path_live *live,
					  const struct clock *now,
					  struct path_peer *introducer,
					  const struct path_message *grant)
{
	struct path_relay *relay = path_relay_take(live, introducer);
	struct endpoint before = { .family = AF_UNSPEC };
	char text[ADDR_TEXT_LEN];
	struct path_candidate *c;
	bool there;

	if (!relay)
		return NULL;
	there = path_relay_good(relay) && relay->candidate &&
		relay->candidate->endpoint.id == grant->relay &&
		relay->candidate->state != PATH_STATE_FAILED;
	if (relay->candidate)
		before = relay->candidate->endpoint;
	c = path_relay_place(live, relay, grant->relay);
	if (!c) {
		if (!relay->state)
			path_relay_drop(live, relay);
		return NULL;
	}
	if (relay->state == PATH_RELAY_NONE)
		relay->wanted_at = now->boot_ns;
	relay->state = PATH_RELAY_GRANTED;
	relay->absences = 0;
	relay->lifetime = grant->lifetime * CLOCK_SECOND;
	relay->expire_at = now->boot_ns + relay->lifetime;
	/* Either end renews for both: one a little earlier. */
	relay->at = now->boot_ns + relay->lifetime / 2 +
		    (live->peer->controlling ? 0 : relay->lifetime / 10);
	c->listed = true;
	c->signalling = grant->flags & WIRE_RELAY_F_SIGNALLING;
	if (live->used == c && live->data != c && !c->signalling)
		path_data_to(live, c, true);
	introducer->relays = c->signalling ? PATH_RELAYS_SIGNALLING :
					     PATH_RELAYS_DATA;
	if (!there) {
		if (c->state == PATH_STATE_FAILED)
			c->state = PATH_STATE_NEW;
		addr_format(introducer->address, text);
		path_notify(live, PATH_NOTICE_RELAY, "granted by %s", text);
	}
	path_relay_readdress(live, relay, &before);
	return there ? NULL : c;
}

static const char *path_refused_text(uint8_t reason)
{
	switch (reason) {
	case WIRE_REFUSED_FULL:
		return "the introducer is full";
	case WIRE_REFUSED_NOT_ALLOWED:
		return "the introducer does not allow it";
	case WIRE_REFUSED_NOT_HERE:
		return "the introducer does not know where the peer is";
	case WIRE_REFUSED_ENDED:
		return "the introducer has ended it";
	default:
		return "the introducer refuses";
	}
}

void path_relay_refresh(struct path_live *live, const struct clock *now,
			const struct path_candidate *c)
{
	const struct path_relay *relay = path_relay_of(live, c);
	const struct endpoint *dst = relay ?
		path_introducer_at(relay->introducer) : NULL;

	if (dst && now->boot_ns - relay->introducer->live->handshake_at >=
		   PATH_SESSION_AGAIN)
		path_handshake(relay->introducer->live, now, dst);
}

/* One is kept ready while something goes on with the peer. */
static bool path_relay_needed(struct path_live *live, const struct clock *now,
			      const struct path_relay *relay)
{
	const struct path_candidate *c = relay->candidate;

	if (!c)
		return false;
	if (c == live->used || c == live->nominee || live->reach_until)
		return true;
	if (!path_busy(live, now))
		return false;
	for (int i = 0; i < PATH_RELAYS_MAX; i++) {
		const struct path_relay *other = &live->relay[i];

		if (other == relay || !path_relay_good(other) ||
		    !other->candidate)
			continue;
		if (other->candidate == live->used)
			continue;
		/* The one that answers, the first among equals. */
		if ((other->candidate->state == PATH_STATE_VALID) >
		    (c->state == PATH_STATE_VALID))
			return false;
		if ((other->candidate->state == PATH_STATE_VALID) ==
		    (c->state == PATH_STATE_VALID) && other < relay)
			return false;
	}
	return true;
}

/* What was granted is over: ask again when it is still of use. */
static bool path_relay_ended(struct path_live *live, const struct clock *now,
			     struct path_relay *relay)
{
	bool used = relay->candidate && relay->candidate == live->used;
	bool needed = path_relay_needed(live, now, relay);

	if (relay->candidate)
		path_candidate_fail(relay->candidate,
				    path_refused_text(WIRE_REFUSED_ENDED));
	relay->expire_at = CLOCK_NEVER;
	relay->state = PATH_RELAY_REFUSED;
	relay->tries = 0;
	relay->interval = path_ms(live, relay_first);
	relay->at = now->boot_ns;
	if (needed && !used)
		path_relay_begin(live, now, relay, PATH_RELAY_OPENING);
	return used;
}

bool path_relay_refused(struct path_live *live, const struct clock *now,
			struct path_peer *introducer, uint8_t reason)
{
	struct path_relay *relay = path_relay_find(live, introducer);
	char text[ADDR_TEXT_LEN];

	if (!relay || (relay->state != PATH_RELAY_OPENING &&
		       relay->state != PATH_RELAY_RENEWING &&
		       (reason != WIRE_REFUSED_ENDED ||
			relay->state != PATH_RELAY_GRANTED)))
		return false;
	addr_format(introducer->address, text);
	path_notify(live, PATH_NOTICE_RELAY, "%s: %s", text,
		    path_refused_text(reason));
	if (reason == WIRE_REFUSED_ENDED)
		return path_relay_ended(live, now, relay);
	relay->expire_at = CLOCK_NEVER;
	relay->state = PATH_RELAY_REFUSED;
	relay->tries = 0;
	if (relay->candidate)
		path_candidate_fail(relay->candidate,
				    path_refused_text(reason));
	/* The other may come yet; while we look for a way, ask again. */
	if (reason == WIRE_REFUSED_NOT_HERE &&
	    relay->absences < PATH_RELAY_ABSENCES) {
		relay->absences++;
		relay->interval = path_earlier(relay->interval,
					       PATH_RELAY_SOON);
	}
	relay->at = now->boot_ns + relay->interval;
	return false;
}

bool path_relay_usable(struct path_live *live, const struct path_candidate *c)
{
	const struct path_relay *relay = path_relay_of(live, c);

	return relay && path_relay_good(relay);
}

static void path_relay_close(struct path_live *live, struct path_relay *relay)
{
	struct path_message message = {
		.type = WIRE_CONTROL_RELAY_CLOSE, .peer = live->peer->address,
	};
	const struct endpoint *dst = path_introducer_at(relay->introducer);

	if (dst && (path_relay_good(relay) ||
		    relay->state == PATH_RELAY_OPENING))
		path_send(relay->introducer->live, dst, &message);
	path_relay_drop(live, relay);
}

void path_relay_close_all(struct path_live *live)
{
	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		if (live->relay[i].state)
			path_relay_close(live, &live->relay[i]);
}

static void path_relay_due(struct path_live *live, const struct clock *now,
			   struct path_relay *relay)
{
	bool needed = path_relay_needed(live, now, relay);

	if (needed)
		relay->wanted_at = now->boot_ns;
	switch (relay->state) {
	case PATH_RELAY_OPENING:
	case PATH_RELAY_REFUSED:
		if (!live->reach_until &&
		    (!relay->candidate || relay->candidate != live->used)) {
			path_relay_drop(live, relay);
			break;
		}
		relay->state = PATH_RELAY_OPENING;
		path_relay_ask(live, now, relay);
		break;
	case PATH_RELAY_GRANTED:
		if (needed)
			path_relay_begin(live, now, relay,
					 PATH_RELAY_RENEWING);
		else if (now->boot_ns - relay->wanted_at >= relay->lifetime)
			path_relay_close(live, relay);
		else
			relay->at = path_earlier(relay->wanted_at +
						 relay->lifetime,
						 relay->expire_at);
		break;
	case PATH_RELAY_RENEWING:
		path_relay_ask(live, now, relay);
		break;
	case PATH_RELAY_NONE:
		break;
	}
}

void path_relay_timer(struct path_live *live, const struct clock *now)
{
	for (int i = 0; i < PATH_RELAYS_MAX; i++) {
		struct path_relay *relay = &live->relay[i];

		if (!relay->state)
			continue;
		if (relay->expire_at <= now->boot_ns) {
			if (relay->candidate != live->used) {
				path_relay_close(live, relay);
				continue;
			}
			/* The watch will tell whether it is over with it. */
			relay->expire_at = CLOCK_NEVER;
			path_relay_begin(live, now, relay, PATH_RELAY_OPENING);
		}
		if (relay->at <= now->boot_ns)
			path_relay_due(live, now, relay);
	}
}

uint64_t path_relay_deadline(const struct path_live *live)
{
	uint64_t at = CLOCK_NEVER;

	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		if (live->relay[i].state)
			at = path_earlier(at, path_earlier(live->relay[i].at,
						live->relay[i].expire_at));
	return at;
}

void path_introducer_moved(struct path_peer *introducer)
{
	struct path_live *live = introducer->agent->lives;

	if (!introducer->introducer || !path_introducer_at(introducer))
		return;
	for (; live; live = live->next) {
		struct path_relay *relay = path_relay_find(live, introducer);
		struct endpoint before;

		if (!relay || !relay->candidate)
			continue;
		before = relay->candidate->endpoint;
		path_relay_place(live, relay, before.id);
		path_relay_readdress(live, relay, &before);
	}
}

void path_introducer_anew(struct path_peer *introducer,
			  const struct clock *now)
{
	struct path_live *live = introducer->agent->lives;

	for (; live; live = live->next) {
		struct path_relay *relay = path_relay_find(live, introducer);

		/* It may have forgotten what it granted. */
		if (relay && path_relay_good(relay))
			path_relay_begin(live, now, relay,
					 PATH_RELAY_RENEWING);
		else if (relay)
			path_relay_begin(live, now, relay, PATH_RELAY_OPENING);
		else if (live->reach_until && live->opened)
			path_relay_open(live, now, introducer);
		path_live_due(live, path_relay_deadline(live));
	}
}

void path_introducer_gone(struct path_peer *introducer)
{
	struct path_live *live = introducer->agent->lives;

	for (; live; live = live->next) {
		struct path_relay *relay = path_relay_find(live, introducer);

		if (!relay)
			continue;
		if (relay->candidate && relay->candidate == live->used) {
			/* Data goes on until something better is found. */
			relay->candidate->kind = PATH_KIND_REFLEXIVE;
			relay->candidate = NULL;
			live->heard_at = 0;
			path_live_due(live, 0);
		}
		path_relay_drop(live, relay);
	}
}

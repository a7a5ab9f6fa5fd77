// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "session_impl.h"

void session_receive(struct session_host *host, const struct clock *now,
		     const struct endpoint *src, const void *bytes, size_t len)
{
	const uint8_t *frame = bytes;

	host->stats.rx_frames++;
	switch (len ? frame[0] : 0) {
	case WIRE_TYPE_INIT:
		session_init_receive(host, now, src, frame, len);
		break;
	case WIRE_TYPE_RESP:
		session_response_receive(host, now, frame, len);
		break;
	case WIRE_TYPE_COOKIE:
		session_cookie_receive(host, now, frame, len);
		break;
	case WIRE_TYPE_CONTROL:
		session_control_receive(host, now, src, frame, len);
		break;
	default:
		host->stats.rx_malformed++;
	}
}

int session_acquire(struct session_host *host, const struct clock *now,
		    uint64_t agent_address, uint64_t peer_address)
{
	struct session_agent *agent = session_agent_find(host, agent_address);
	struct session_peer *peer;

	peer = agent ? session_peer_find(agent, peer_address) : NULL;
	if (!peer)
		return -ENOENT;
	peer->idle = false;
	if (!peer->backing_off || now->boot_ns >= peer->hold_until)
		session_initiate(peer, now);
	session_peer_schedule(peer);
	return 0;
}

/*
 * Of data that came directly the kernel learns where the peer is, as long as it
 * sends directly itself. It does not of what was carried: a session that begins
 * so stays where it began.
 */
static void session_confirmed_where(struct session_peer *peer)
{
	const struct endpoint *src = &peer->offered.source;
	bool carried = endpoint_is_set(&peer->in_kernel) &&
		       !endpoint_is_direct(&peer->in_kernel);

	if (!endpoint_is_set(src))
		return;
	if (endpoint_is_direct(src) ? carried :
	    !peer->current.index.used || !endpoint_is_set(&peer->endpoint))
		session_peer_move(peer->host, peer, src);
}

static void session_confirmed(struct session_peer *peer,
			      const struct clock *now)
{
	session_confirmed_where(peer);
	session_key_promote(peer);
	session_attempt_drop(peer);
	peer->host->stats.handshakes++;
	peer->handshake_ns = now->boot_ns;
	peer->backing_off = false;
	peer->failures = 0;
	peer->attempts = 0;
	peer->again_at = CLOCK_NEVER;
	peer->last_error[0] = '\0';
	session_notify(peer, SESSION_NOTICE_CONFIRMED, "%s", "");
}

static void session_expired(struct session_peer *peer, const struct clock *now,
			    struct session_held *held)
{
	if (!session_key_expire(peer, held))
		return;
	session_notify(peer, SESSION_NOTICE_EXPIRED, "%s", "");
	if (peer->persist && !peer->backing_off)
		session_initiate(peer, now);
}

/* Due for a new key, unless nobody talks and it need not be there. */
static void session_rekey(struct session_peer *peer, const struct clock *now)
{
	if (peer->idle && !peer->persist)
		peer->current.rekey_at = CLOCK_NEVER;
	else
		session_initiate(peer, now);
}

static void session_soft_limit(struct session_peer *peer,
			       const struct clock *now)
{
	uint64_t wait = now->boot_ns + SESSION_CONFIRM_WAIT +
			session_jitter(peer->host, SESSION_RESPOND_WAIT);

	if (peer->backing_off)
		return;
	/* The initiator of this key is first; the other one waits for that. */
	if (peer->current.role == SESSION_ROLE_INITIATOR)
		session_rekey(peer, now);
	else if (peer->current.rekey_at > wait)
		peer->current.rekey_at = wait;
}

/* An event about a key: one we offered has then been used, told or not. */
static void session_key_event(struct session_peer *peer,
			      const struct clock *now,
			      enum session_event event, uint8_t lane,
			      uint32_t epoch)
{
	struct session_held *held = session_held_find(peer, epoch);

	if (!held)
		return;
	if (lane) {
		if (event == SESSION_EVENT_SOFT_LIMIT && held == &peer->current)
			session_soft_limit(peer, now);
		return;
	}
	if (held == &peer->offered && event != SESSION_EVENT_HARD_LIMIT) {
		session_confirmed(peer, now);
		held = &peer->current;
	}
	if (event == SESSION_EVENT_HARD_LIMIT)
		session_expired(peer, now, held);
	else if (event == SESSION_EVENT_SOFT_LIMIT && held == &peer->current)
		session_soft_limit(peer, now);
}

void session_kernel_event(struct session_host *host, const struct clock *now,
			  struct session_peer *peer, enum session_event event,
			  uint8_t lane, uint32_t epoch,
			  const struct endpoint *endpoint)
{
	(void)host;
	switch (event) {
	case SESSION_EVENT_SOFT_LIMIT:
	case SESSION_EVENT_HARD_LIMIT:
	case SESSION_EVENT_KEY_CURRENT:
		session_key_event(peer, now, event, lane, epoch);
		break;
	case SESSION_EVENT_ENDPOINT_MOVED:
		if (!endpoint || !endpoint_is_set(endpoint))
			break;
		peer->endpoint = *endpoint;
		peer->in_kernel = *endpoint;
		break;
	case SESSION_EVENT_PEER_SILENT:
		if (!peer->backing_off)
			session_initiate(peer, now);
		break;
	case SESSION_EVENT_PEER_IDLE:
		peer->idle = true;
		break;
	case SESSION_EVENT_PEER_ACTIVE:
		peer->idle = false;
		if (peer->current.index.used && now->boot_ns -
		    peer->current.installed_at >= peer->current.soft_ns)
			session_rekey(peer, now);
		break;
	}
	session_peer_schedule(peer);
}

static void session_peer_timer(struct session_peer *peer,
			       const struct clock *now)
{
	struct session_held *held[] = {
		&peer->current, &peer->offered, &peer->previous,
	};
	uint64_t t = now->boot_ns;

	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		if (held[i]->index.used && held[i]->expire_at <= t)
			session_expired(peer, now, held[i]);
	if (peer->attempt && peer->attempt->retry_at <= t)
		session_initiate_again(peer, now);
	if (!peer->attempt && !peer->backing_off &&
	    peer->current.index.used && peer->current.rekey_at <= t)
		session_rekey(peer, now);
	if (peer->confirm_at <= t) {
		peer->confirm_at = CLOCK_NEVER;
		session_initiate(peer, now);
	}
	if (peer->again_at <= t) {
		peer->again_at = CLOCK_NEVER;
		session_initiate(peer, now);
	}
	pings_expire(&peer->pings, t);
	session_peer_schedule(peer);
}

void session_timer(struct session_host *host, const struct clock *now)
{
	struct timer *timer;

	/* Nothing sets a deadline that is past, so this ends. */
	while ((timer = timer_first(&host->timers)) &&
	       timer->at <= now->boot_ns)
		session_peer_timer(table_entry(timer, struct session_peer,
					       timer), now);
}

uint64_t session_next_deadline(const struct session_host *host)
{
	struct timer *timer = timer_first(&host->timers);

	return timer ? timer->at : CLOCK_NEVER;
}

int session_peer_set(struct session_host *host, const struct clock *now,
		     struct session_peer *peer,
		     const struct session_peer_config *config)
{
	struct pair pair;

	if (memcmp(config->public, peer->public, sizeof(peer->public)) ||
	    (config->address && config->address != peer->address))
		return -EINVAL;
	if (pair_derive(&pair, peer->agent->id, peer->public, peer->x25519,
			config->has_psk ? config->psk : NULL))
		return -EINVAL;
	peer->persist = config->persist;
	peer->has_psk = config->has_psk;
	if (!endpoint_equal(&config->endpoint, &peer->configured)) {
		peer->configured = config->endpoint;
		if (endpoint_is_set(&config->endpoint))
			peer->endpoint = config->endpoint;
		peer->in_kernel.family = AF_UNSPEC;
		peer->hold_until = now->boot_ns;
	}
	if (sodium_memcmp(&pair, &peer->pair, sizeof(pair))) {
		session_attempt_drop(peer);
		session_hints_drop(peer);
		peer->pair = pair;
		peer->cookie_until = 0;
		session_hints_update(host, now->real_ns);
		session_hints_add(peer, now->real_ns);
		/* Later from the timer: no callback inside a setting. */
		if (peer->current.index.used)
			peer->again_at = now->boot_ns;
	}
	if (peer->persist && !peer->current.index.used && !peer->attempt &&
	    endpoint_is_set(&peer->endpoint))
		peer->again_at = now->boot_ns;
	pair_wipe(&pair);
	session_peer_schedule(peer);
	return 0;
}

void session_peer_adopt(struct session_host *host, const struct clock *now,
			struct session_peer *peer,
			const struct session_adopted *key)
{
	struct session_held *held = key->slot == SESSION_SLOT_CURRENT ?
				    &peer->current : &peer->offered;
	uint64_t age = key->age * CLOCK_SECOND;

	if (key->epoch > peer->epoch_last)
		peer->epoch_last = key->epoch;
	if (held->index.used || !key->rx_index ||
	    table_find(&host->by_index, key->rx_index))
		return;
	held->role = SESSION_ROLE_UNKNOWN;
	held->epoch = key->epoch;
	/* What was agreed is not known any more, and there may be fewer now. */
	held->lanes = WIRE_LANES_MAX;
	held->soft_ns = key->soft_age * CLOCK_SECOND;
	held->installed_at = now->boot_ns > age ? now->boot_ns - age : 0;
	held->expire_at = held->installed_at + key->hard_age * CLOCK_SECOND;
	/*
	 * The control keys went with the helper before. All peers are in the
	 * same case, and either end may be the one that is due: spread them.
	 */
	held->rekey_at = now->boot_ns + SESSION_ADOPTED_WAIT +
			 session_jitter(host, SESSION_ADOPTED_WAIT +
					host->peer_count *
						SESSION_ADOPTED_SPREAD);
	held->index.peer = peer;
	held->index.used = true;
	table_add(&host->by_index, &held->index.node, key->rx_index);
	if (key->slot == SESSION_SLOT_CURRENT)
		peer->again_at = CLOCK_NEVER;
	session_peer_schedule(peer);
}

int session_handshake(struct session_host *host, const struct clock *now,
		      struct session_peer *peer, const struct endpoint *dst)
{
	(void)host;
	if (endpoint_check(dst))
		return -EINVAL;
	peer->via = *dst;
	session_initiate_now(peer, now);
	session_peer_schedule(peer);
	return 0;
}

static uint64_t session_held_until(const struct session_held *held,
				   uint64_t until)
{
	return held->index.used && held->expire_at > until ? held->expire_at :
							     until;
}

uint64_t session_keys_until(const struct session_host *host)
{
	uint64_t until = 0;

	for (struct session_agent *a = host->agents; a; a = a->next)
		for (struct session_peer *p = a->peers; p; p = p->next) {
			until = session_held_until(&p->current, until);
			until = session_held_until(&p->offered, until);
			until = session_held_until(&p->previous, until);
		}
	return until;
}

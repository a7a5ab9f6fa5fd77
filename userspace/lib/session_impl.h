/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the state machine. The files go one way:
 * session.c -> session_control.c, session_respond.c -> session_initiate.c ->
 * session_key.c -> session_host.c.
 */
#ifndef PILOT_LIB_SESSION_IMPL_H
#define PILOT_LIB_SESSION_IMPL_H

#include "cookie.h"
#include "handshake.h"
#include "pair.h"
#include "pings.h"
#include "ratelimit.h"
#include "seen.h"
#include "session.h"
#include "stamp.h"
#include "table.h"
#include "timer.h"
#include "window.h"

#define SESSION_RETRY_FIRST	(500 * CLOCK_MS)
#define SESSION_RETRY_MAX	(8 * CLOCK_SECOND)
#define SESSION_ROUND		(30 * CLOCK_SECOND)
#define SESSION_HOLD_FIRST	(5 * CLOCK_SECOND)	/* acquires unheard */
#define SESSION_HOLD_MAX	(15 * CLOCK_SECOND)
#define SESSION_AGAIN_FIRST	(60 * CLOCK_SECOND)	/* without acquire */
#define SESSION_AGAIN_MAX	(900 * CLOCK_SECOND)
#define SESSION_ADOPTED_WAIT	(5 * CLOCK_SECOND)	/* before a rekey */
#define SESSION_ADOPTED_SPREAD	(20 * CLOCK_MS)		/* for each peer */
#define SESSION_RESPOND_WAIT	(2 * CLOCK_SECOND)
#define SESSION_CONFIRM_WAIT	(5 * CLOCK_SECOND)
#define SESSION_LOAD_RATE	128
/* Far above any honest use: a message is repeated after 500 ms. */
#define SESSION_PEER_RATE	4
#define SESSION_PEER_BURST	16
#define SESSION_CONTROL_RATE	32	/* of a peer's own, and burst */
/*
 * Frames that were opened in vain: those that came from where the peer is, of
 * which there are twice as many as the kernel shows of one prefix, and those
 * that came from anywhere else, to the whole host.
 */
#define SESSION_FORGED_RATE	128
#define SESSION_FORGED_HOST	2048
#define SESSION_LOAD_NOTICE	(60 * CLOCK_SECOND)
#define SESSION_COLLISIONS_MAX	4
#define SESSION_HINTS		3	/* the hour before, this one, the next */

/* What a receiver index of ours leads to. */
struct session_index {
	struct table_node node;
	struct session_peer *peer;
	bool used;
};

struct session_hint {
	struct table_node node;
	struct session_peer *peer;
	uint64_t hour;
	bool used;
};

enum session_role {
	SESSION_ROLE_INITIATOR,
	SESSION_ROLE_RESPONDER,
	SESSION_ROLE_UNKNOWN,		/* adopted after a restart */
};

/* The control keys that came with a key: the kernel never has them. */
struct session_control {
	uint8_t tx_key[NOISE_KEY_LEN];
	uint8_t rx_key[NOISE_KEY_LEN];
	uint32_t tx_index;
	uint64_t tx_counter;		/* of the next frame */
	struct window window;
	bool heard;			/* so the peer has the key */
};

/* A key the kernel holds for us. */
struct session_held {
	struct session_index index;	/* index.used: the slot is taken */
	enum session_role role;
	uint32_t epoch;
	uint8_t lanes;			/* that may have this key */
	uint64_t installed_at;
	uint64_t rekey_at;		/* CLOCK_NEVER: nothing to do */
	uint64_t expire_at;
	uint64_t soft_ns;
	struct endpoint source;		/* of the initiation we answered */
	struct session_control *control;	/* NULL: adopted */
};

/* Our initiation in flight. */
struct session_attempt {
	struct handshake hs;
	struct session_index index;
	struct endpoint dst;
	struct endpoint asked;		/* for which the interval began */
	uint32_t epoch;
	unsigned int count;		/* messages of this round */
	unsigned int collisions;
	bool cookie_taken;		/* one at-once repeat per round */
	uint64_t began_at;
	uint64_t interval;
	uint64_t retry_at;
};

struct session_peer {
	struct session_host *host;
	struct session_agent *agent;
	struct session_peer *next, *prev;
	struct table_node by_address;
	struct table_node by_public;
	struct session_hint hints[SESSION_HINTS];
	struct timer timer;
	void *data;

	uint8_t public[IDENTITY_KEY_LEN];
	uint8_t x25519[IDENTITY_KEY_LEN];
	struct pair pair;
	uint64_t address;
	struct endpoint configured;
	struct endpoint endpoint;	/* configured or learned */
	struct endpoint via;		/* for the handshake under way, or unset */
	struct endpoint handshake;	/* by which the last one went */
	struct endpoint in_kernel;
	bool has_psk;
	bool persist;
	bool idle;

	uint64_t stamp_sent;
	uint64_t stamp_seen;
	struct seen *seen;		/* what was read of it; NULL: nothing */
	struct ratelimit_bucket unproven;	/* reads without a cookie */
	uint32_t epoch_last;
	uint8_t cookie[WIRE_COOKIE_LEN];
	uint64_t cookie_until;		/* 0: none */

	struct session_attempt *attempt;
	struct session_held current, offered, previous;
	uint64_t confirm_at;
	struct ratelimit_bucket control_rate;
	struct ratelimit_bucket forged;	/* in its name, from where it is */
	struct endpoint heard_from;	/* the last control frame */
	struct pings *pings;		/* NULL: none is waited for */

	bool backing_off;
	unsigned int failures;		/* rounds in a row */
	uint64_t hold_until;		/* acquires are not heard before */
	uint64_t again_at;		/* a new round by itself */

	uint64_t handshake_ns;
	uint32_t attempts;
	char last_error[SESSION_ERROR_LEN];
};

struct session_agent {
	struct session_host *host;
	struct session_agent *next, *prev;
	struct table_node by_address;
	struct session_peer *peers;
	struct identity *id;		/* locked memory */
	uint64_t address;
	uint16_t serial;
	void *data;
};

struct session_host {
	struct session_ops ops;
	void *ctx;
	struct session_config config;
	struct session_agent *agents;
	uint64_t serials[(SESSION_AGENTS_MAX + 64) / 64];
	size_t agent_count, peer_count;

	struct table by_agent;		/* agents by address */
	struct table by_address;	/* peers by serial and address */
	struct table by_public;		/* peers by serial and identity */
	struct table by_hint;
	struct table by_index;
	uint64_t hint_hour;
	struct timer_heap timers;

	struct cookie_jar *jar;		/* locked memory */
	struct ratelimit_bucket load;
	struct ratelimit_table *prefixes;
	struct ratelimit_bucket forged;	/* control frames */
	struct ratelimit_table *forgers;
	uint64_t load_noticed_at;
	struct session_stats stats;
};

/* session_host.c */
void session_random(struct session_host *host, void *buf, size_t len);
/* 0 to @max - 1 */
uint64_t session_jitter(struct session_host *host, uint64_t max);
void session_notify(struct session_peer *peer, enum session_notice notice,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void session_ends(const struct session_peer *peer, struct handshake_ends *ends);
/*
 * @at: where the handshake goes, or came from. What speaks for the peer on
 * loopback has one port, and so one lane.
 */
void session_terms(const struct session_peer *peer, const struct endpoint *at,
		   struct handshake_terms *terms);
/* A free index, random, never 0; taken until dropped. */
void session_index_take(struct session_peer *peer, struct session_index *index);
void session_index_drop(struct session_host *host, struct session_index *index);

/* session_peer.c */
/* Follow the hour. Cheap when it is the same. */
void session_hints_update(struct session_host *host, uint64_t real_ns);
void session_hints_drop(struct session_peer *peer);
void session_hints_add(struct session_peer *peer, uint64_t real_ns);
/* Put the next deadline of the peer into the heap. */
void session_peer_schedule(struct session_peer *peer);

/* session_key.c */
void session_held_drop(struct session_held *held);
struct session_held *session_held_find(struct session_peer *peer,
				       uint32_t epoch);
/*
 * Hand a key to the kernel, in all lanes, and keep book. @index moves into
 * the slot. Lanes above 0 that the kernel does not take are left out.
 * Return: 0 or what the kernel said, with nothing changed.
 */
int session_key_place(struct session_peer *peer, const struct clock *now,
		      enum session_slot slot, struct session_index *index,
		      const struct handshake_terms *ours,
		      const struct handshake_terms *theirs,
		      const struct handshake_keys *keys);
/* The peer has used what we offered. */
void session_key_promote(struct session_peer *peer);
/* Past its hard limit: gone. Return: true when it was the current one. */
bool session_key_expire(struct session_peer *peer, struct session_held *held);

/* session_initiate.c */
void session_initiate(struct session_peer *peer, const struct clock *now);
/* A message at once to where the peer is to be reached now. */
void session_initiate_now(struct session_peer *peer, const struct clock *now);
void session_initiate_again(struct session_peer *peer, const struct clock *now);
void session_attempt_drop(struct session_peer *peer);
void session_response_receive(struct session_host *host,
			      const struct clock *now, const uint8_t *frame,
			      size_t len);
void session_cookie_receive(struct session_host *host, const struct clock *now,
			    const uint8_t *frame, size_t len);

/* session_control.c */
void session_control_receive(struct session_host *host, const struct clock *now,
			     const struct endpoint *src, const uint8_t *frame,
			     size_t len);

/* session_respond.c */
void session_init_receive(struct session_host *host, const struct clock *now,
			  const struct endpoint *src, const uint8_t *frame,
			  size_t len);

#endif /* PILOT_LIB_SESSION_IMPL_H */

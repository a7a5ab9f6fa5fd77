/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handshake state machine of a whole helper: agents, their peers, and
 * the sessions between them. It owns no socket, no clock and no global: what
 * happens comes in by calls with the time, what is to be done goes out by
 * the callbacks of struct session_ops. Call sodium_init() first.
 *
 * Not safe for threads. A callback must not call into the same host, except
 * for the functions that only read; control(), pinged() and pong() may also
 * send, ask for sessions and move endpoints by session_control_send(),
 * _want(), session_ping(), session_handshake() and session_peer_move().
 */
#ifndef PILOT_LIB_SESSION_H
#define PILOT_LIB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "identity.h"
#include "wire.h"

#define SESSION_AGENTS_MAX	65535
#define SESSION_PEERS_MAX	1000000		/* of all agents together */
#define SESSION_ERROR_LEN	128

struct session_host;
struct session_agent;
struct session_peer;

enum session_slot {		/* the numbers of enum pilot_key_slot */
	SESSION_SLOT_CURRENT,
	SESSION_SLOT_NEXT,
};

/* Wiped after key_install() returned: copy what is needed, and wipe that. */
struct session_key {
	enum session_slot slot;
	uint8_t lane;
	uint8_t cipher;			/* WIRE_CIPHER_*, as the kernel's */
	uint16_t port;			/* the peer's, above lane 0; else 0 */
	uint32_t epoch;
	uint32_t rx_index;
	uint32_t tx_index;
	uint32_t soft_age;		/* seconds */
	uint32_t hard_age;
	uint8_t rx_key[32];
	uint8_t tx_key[32];
	uint8_t control_rx_key[32];	/* for frames 0x95; of lane 0 */
	uint8_t control_tx_key[32];
};

enum session_notice {
	SESSION_NOTICE_INITIATING,	/* a first message was sent */
	SESSION_NOTICE_ESTABLISHED,	/* keys are in place at our end */
	SESSION_NOTICE_CONFIRMED,	/* the peer used the key we offered */
	SESSION_NOTICE_FAILED,		/* given up for now: backing off */
	SESSION_NOTICE_EXPIRED,		/* no key left */
	SESSION_NOTICE_REFUSED,		/* the peer's message was not taken */
	SESSION_NOTICE_LOAD,		/* cookies are asked for (no peer) */
	SESSION_NOTICE_LANE,		/* the kernel did not take a lane */
};

/* A ping that came back. */
struct session_pong {
	uint64_t token;
	struct endpoint dst;		/* where the ping was sent */
	struct endpoint src;		/* where the pong came from */
	/*
	 * Where the peer says the ping came from; link-local without scope.
	 * Not set when it went by a relay or a TURN server.
	 */
	struct endpoint observed;
	uint64_t rtt_ns;
};

struct session_ops {
	void (*send)(void *ctx, const struct endpoint *dst, const void *bytes,
		     size_t len);
	/*
	 * Lane 0 first, then the others with the same epoch and indices.
	 * Return: 0 or -errno. -EEXIST means the rx index or the epoch is
	 * taken: for lane 0 the session tries others. A lane above 0 that is
	 * not taken is left out.
	 */
	int (*key_install)(void *ctx, struct session_agent *agent,
			   struct session_peer *peer,
			   const struct session_key *key);
	/* The lane may have no key of the epoch. */
	void (*key_delete)(void *ctx, struct session_agent *agent,
			   struct session_peer *peer, uint8_t lane,
			   uint32_t epoch);
	/*
	 * Called before key_install() of a current key. An unset one: it is to
	 * be forgotten. Return: 0, -errno
	 */
	int (*endpoint_set)(void *ctx, struct session_agent *agent,
			    struct session_peer *peer,
			    const struct endpoint *endpoint);
	/* @text: for the user, may be empty. @agent, @peer: NULL for LOAD. */
	void (*notify)(void *ctx, enum session_notice notice,
		       struct session_agent *agent, struct session_peer *peer,
		       const char *text);
	/*
	 * A control message of the peer that is not answered here; @tlvs are
	 * whole. May be NULL. Return: whether the type is known.
	 */
	bool (*control)(void *ctx, struct session_agent *agent,
			struct session_peer *peer, const struct endpoint *src,
			uint8_t type, const uint8_t *tlvs, size_t len);
	/* A ping of the peer came from @src, and was answered. May be NULL. */
	void (*pinged)(void *ctx, struct session_agent *agent,
		       struct session_peer *peer, const struct endpoint *src);
	/* May be NULL. */
	void (*pong)(void *ctx, struct session_agent *agent,
		     struct session_peer *peer,
		     const struct session_pong *pong);
	/* NULL: libsodium's. */
	void (*random)(void *ctx, void *buf, size_t len);
};

/* Zero members mean the defaults. */
struct session_config {
	bool aes_accelerated;
	uint32_t soft_age;		/* seconds: 120 */
	uint32_t hard_age;		/* seconds: 600 */
	uint8_t lanes;			/* 1, at most WIRE_LANES_MAX */
	uint16_t ports[WIRE_LANES_MAX - 1];	/* of lanes 1, 2, ... */
	uint32_t load_rate;		/* without a cookie, per second: 128 */
};

struct session_host *session_host_new(const struct session_ops *ops, void *ctx,
				      const struct session_config *config,
				      const struct clock *now);
/* Wipes and frees everything; deletes no kernel key, so flows go on. */
void session_host_free(struct session_host *host);

/*
 * Return: 0; -EEXIST for an address that is there, -EINVAL for a reserved
 * one, -ENOSPC, -ENOMEM. The identity is copied. @data is the caller's.
 */
int session_agent_add(struct session_host *host, const struct identity *id,
		      uint64_t address, void *data,
		      struct session_agent **agent);
/* With all its peers; deletes no kernel key. */
void session_agent_del(struct session_host *host, struct session_agent *agent);
struct session_agent *session_agent_find(struct session_host *host,
					 uint64_t address);
uint64_t session_agent_address(const struct session_agent *agent);
const uint8_t *session_agent_public(const struct session_agent *agent);
void *session_agent_data(const struct session_agent *agent);

struct session_peer_config {
	uint8_t public[IDENTITY_KEY_LEN];	/* Ed25519 */
	uint64_t address;		/* 0: derived from the identity */
	struct endpoint endpoint;	/* unset: only answer */
	bool has_psk;
	uint8_t psk[32];
	bool persist;			/* keep a session up without traffic */
};

/*
 * Return: 0; -EEXIST for an identity or address this agent has as a peer,
 * -EINVAL for a bad key, the agent's own identity, or an address that is
 * reserved or of another network; -ENOSPC, -ENOMEM.
 */
int session_peer_add(struct session_host *host, const struct clock *now,
		     struct session_agent *agent,
		     const struct session_peer_config *config, void *data,
		     struct session_peer **peer);
/*
 * Endpoint, psk, persist; another identity or address is -EINVAL. A new psk
 * counts from the next handshake on, which is started when there is a key.
 */
int session_peer_set(struct session_host *host, const struct clock *now,
		     struct session_peer *peer,
		     const struct session_peer_config *config);
/*
 * Data and messages go there from now on; the configured endpoint stays as it
 * is. For what was found to reach the peer, or unset when that does not any
 * more and nothing else is known. Return: 0, -EINVAL for what cannot be sent
 * to, or what endpoint_set() said, with nothing changed.
 */
int session_peer_move(struct session_host *host, struct session_peer *peer,
		      const struct endpoint *endpoint);
/* Forgets and wipes; the caller removes the peer from the kernel first. */
void session_peer_del(struct session_host *host, struct session_peer *peer);
struct session_peer *session_peer_find(struct session_agent *agent,
				       uint64_t address);
struct session_peer *session_peer_find_public(struct session_agent *agent,
					      const uint8_t public[static 32]);
/* NULL gives the first; NULL comes back after the last. */
struct session_peer *session_peer_next(struct session_agent *agent,
				       struct session_peer *peer);
struct session_agent *session_peer_agent(const struct session_peer *peer);
uint64_t session_peer_address(const struct session_peer *peer);
const uint8_t *session_peer_public(const struct session_peer *peer);
void *session_peer_data(const struct session_peer *peer);

/* A key that the kernel holds in lane 0; times in seconds. */
struct session_adopted {
	enum session_slot slot;
	uint32_t epoch;
	uint32_t rx_index;
	uint32_t age;
	uint32_t soft_age;
	uint32_t hard_age;
};

/*
 * After a restart. Call once per key of lane 0 after session_peer_add(). There are
 * no control keys with it, so a handshake follows within seconds.
 */
void session_peer_adopt(struct session_host *host, const struct clock *now,
			struct session_peer *peer,
			const struct session_adopted *key);

enum session_state {
	SESSION_IDLE,
	SESSION_INITIATING,		/* and no key in use */
	SESSION_ESTABLISHED,
	SESSION_BACKING_OFF,		/* and no key in use */
};

struct session_peer_info {
	enum session_state state;
	struct endpoint endpoint;	/* where messages go now */
	struct endpoint handshake;	/* by which the last one went */
	uint64_t handshake_ns;		/* boot time of the last, 0: none */
	uint32_t key_epoch;		/* of the current key, 0: none */
	bool offered;			/* a newer one, which it has not used */
	bool idle;			/* the kernel says that nobody talks */
	uint32_t attempts;		/* first messages since the last success */
	bool has_psk;
	char last_error[SESSION_ERROR_LEN];	/* "" when there is none */
};

void session_peer_info(const struct session_peer *peer,
		       struct session_peer_info *info);
const char *session_state_name(enum session_state state);

/* A datagram of type 0x91, 0x92, 0x93, 0x95; anything else is dropped. */
void session_receive(struct session_host *host, const struct clock *now,
		     const struct endpoint *src, const void *bytes, size_t len);

/* The kernel has packets for a peer. Return: 0, or -ENOENT. */
int session_acquire(struct session_host *host, const struct clock *now,
		    uint64_t agent_address, uint64_t peer_address);

/*
 * Whether control messages can be sent to the peer: there is a key that it is
 * known to have. One that was adopted does not do.
 */
bool session_control_ready(const struct session_peer *peer);
/*
 * Begins a handshake if that is what it takes to be ready, as often as the
 * back-off lets. Return: 0 when it is ready; -EINPROGRESS while a handshake is
 * under way, -EAGAIN when it is not yet time for one, -EDESTADDRREQ when it is
 * not known where the peer is.
 */
int session_control_want(struct session_host *host, const struct clock *now,
			 struct session_peer *peer);
/*
 * A handshake by this endpoint, also when there is a session; one that is
 * under way goes on there, at once. Return: 0, or -EINVAL for what cannot be
 * sent to.
 */
int session_handshake(struct session_host *host, const struct clock *now,
		      struct session_peer *peer, const struct endpoint *dst);
/*
 * Sends one message. @dst NULL: where the peer's messages go now. Return: 0;
 * -ENOTCONN when it is not ready, -EDESTADDRREQ without an endpoint,
 * -EMSGSIZE, -EINVAL for types that are sent and answered here.
 */
int session_control_send(struct session_host *host, const struct clock *now,
			 struct session_peer *peer, const struct endpoint *dst,
			 uint8_t type, const void *tlvs, size_t len);
/*
 * The answer comes by pong(), or not at all: after 5 s nobody waits for it.
 * @token: what it will have. Return: as session_control_send(), or -EBUSY when
 * 16 are waited for, -ENOMEM.
 */
int session_ping(struct session_host *host, const struct clock *now,
		 struct session_peer *peer, const struct endpoint *dst,
		 uint64_t *token);

/* Nobody waits for this answer any more. */
void session_ping_forget(struct session_peer *peer, uint64_t token);

enum session_event {
	SESSION_EVENT_SOFT_LIMIT,	/* lane, epoch */
	SESSION_EVENT_HARD_LIMIT,	/* lane, epoch */
	SESSION_EVENT_KEY_CURRENT,	/* lane, epoch: next became current */
	SESSION_EVENT_ENDPOINT_MOVED,	/* endpoint */
	SESSION_EVENT_PEER_SILENT,	/* we send, nothing comes */
	SESSION_EVENT_PEER_IDLE,	/* no traffic: no rekey until there is */
	SESSION_EVENT_PEER_ACTIVE,	/* takes PEER_IDLE back */
};

/*
 * @endpoint may be NULL where the event has none. What becomes of a key is
 * decided by lane 0: of the others only a soft limit counts.
 */
void session_kernel_event(struct session_host *host, const struct clock *now,
			  struct session_peer *peer, enum session_event event,
			  uint8_t lane, uint32_t epoch,
			  const struct endpoint *endpoint);

/* What is due by now; then ask for the next deadline again. */
void session_timer(struct session_host *host, const struct clock *now);
/* Boot time, or CLOCK_NEVER. Ask after every call that took the time. */
uint64_t session_next_deadline(const struct session_host *host);

/* Boot time at which the last of all keys in the kernel ends, 0: none. */
uint64_t session_keys_until(const struct session_host *host);

/* Counters of the host, since it began. */
struct session_stats {
	uint64_t rx_frames;
	uint64_t rx_malformed;
	uint64_t rx_stranger;		/* no pair has this hint, or bad MAC */
	uint64_t rx_no_index;		/* nobody waits for it, no such key */
	uint64_t rx_no_cookie;		/* under load */
	uint64_t rx_limited;		/* source prefix too loud */
	uint64_t rx_unauthentic;
	uint64_t rx_replayed;
	uint64_t rx_refused;		/* authentic, but not acceptable */
	uint64_t tx_inits;
	uint64_t tx_responses;
	uint64_t tx_cookies;
	uint64_t handshakes;		/* completed at our end */
	uint64_t rx_control;		/* authentic and new */
	uint64_t rx_control_limited;	/* the peer, or in its name: too loud */
	uint64_t rx_control_unauthentic;
	uint64_t rx_control_replayed;
	uint64_t rx_control_unknown;	/* of a type nobody knows */
	uint64_t tx_control;
};

const struct session_stats *session_host_stats(const struct session_host *host);

#endif /* PILOT_LIB_SESSION_H */

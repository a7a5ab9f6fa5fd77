/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How peers are reached: the state machine of a whole helper as a client of
 * introducers. It finds ways to a peer, proves them, chooses one and watches
 * it; see Documentation/reachability.rst. It owns no socket, no clock and no
 * global: what happens comes in by calls with the time, what is to be done
 * goes out by the callbacks of struct path_ops.
 *
 * Not safe for threads. A callback must not call into the same host, except
 * for the functions that only read.
 */
#ifndef PILOT_LIB_PATH_H
#define PILOT_LIB_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "wire.h"

#define PATH_KEY_LEN		32
#define PATH_CANDIDATES_MAX	16	/* of a peer, and what is not of a sort below */
#define PATH_RELAYS_MAX		4	/* of a peer */
#define PATH_TURN_MAX		4	/* of a peer, by our TURN server */
#define PATH_HOST_MAX		16	/* own addresses */
#define PATH_MAPPED_MAX		4
#define PATH_PINGS_MAX		16	/* in flight to a peer */
#define PATH_TEXT_LEN		128
#define PATH_WATCH_ALWAYS	UINT32_MAX

struct path_host;
struct path_agent;
struct path_peer;

/* Where we know an endpoint of a peer from. 1 to 4 are WIRE_CANDIDATE_*. */
enum path_kind {
	PATH_KIND_CONFIGURED,
	PATH_KIND_HOST,
	PATH_KIND_OBSERVED,
	PATH_KIND_MAPPED,
	PATH_KIND_TURN,
	PATH_KIND_REFLEXIVE,		/* something of the peer came from it */
	PATH_KIND_RELAY,
	PATH_KIND_TLS,			/* on loopback, for an introducer */
};

/* What it is worth, the best first; numbers of the wire. */
enum path_class {
	PATH_CLASS_LAN,			/* below a prefix of our own */
	PATH_CLASS_IPV6,
	PATH_CLASS_MAPPED,
	PATH_CLASS_IPV4,
	PATH_CLASS_RELAY,
	PATH_CLASS_TURN,
	/* By a process on loopback; or a relay or TURN server reached so. */
	PATH_CLASS_TLS,
	PATH_CLASSES,
};

enum path_state {
	PATH_STATE_NEW,
	PATH_STATE_CHECKING,
	PATH_STATE_VALID,		/* a pong came back from it */
	PATH_STATE_FAILED,
	PATH_STATE_IN_USE,
};

enum path_notice {
	PATH_NOTICE_USING,		/* both use another way: the text says */
	PATH_NOTICE_DEAD,		/* the path in use, and why */
	PATH_NOTICE_REACHING,		/* looking for a way */
	PATH_NOTICE_UNREACHABLE,	/* given up for now, and why */
	PATH_NOTICE_RELAY,		/* an introducer granted or refused */
};

struct path_ops {
	/*
	 * Seals one control message and sends it. Return: 0 or -errno, as
	 * session_control_send().
	 */
	int (*send)(void *ctx, struct path_peer *peer,
		    const struct endpoint *dst, uint8_t type, const void *tlvs,
		    size_t len);
	/*
	 * The answer comes by path_pong() with the token. Return: 0 or -errno,
	 * as session_ping(); -EBUSY is tried again.
	 */
	int (*ping)(void *ctx, struct path_peer *peer,
		    const struct endpoint *dst, uint64_t *token);
	/* Nobody waits for this answer any more. May be NULL. */
	void (*forget)(void *ctx, struct path_peer *peer, uint64_t token);
	/*
	 * Data for the peer goes there from now on, and so do the session's
	 * own messages. @hold: the kernel keeps to it for 2 s, whatever comes
	 * from elsewhere. An endpoint that is unset: where the peer is is not
	 * known any more.
	 */
	void (*use)(void *ctx, struct path_peer *peer,
		    const struct endpoint *endpoint, bool hold);
	/*
	 * A handshake with the peer by this endpoint, also when there is a
	 * session. One that is under way goes on there, at once.
	 */
	void (*session)(void *ctx, struct path_peer *peer,
			const struct endpoint *endpoint);
	/*
	 * The introducer is to be reached by TLS, or no more; path_tls_set()
	 * tells what came of it. NULL: there is no such thing.
	 */
	void (*tls)(void *ctx, struct path_peer *peer, bool wanted);
	/* @text: for the user, may be empty. */
	void (*notify)(void *ctx, enum path_notice notice,
		       struct path_peer *peer, const char *text);
	void (*random)(void *ctx, void *buf, size_t len);
	/*
	 * Our TURN server is to let in what comes from there. This and the next
	 * two are asked again while they are wanted, each 25 s. All three may
	 * be NULL.
	 */
	void (*turn_permit)(void *ctx, const struct endpoint *peer);
	/*
	 * The way to there by our TURN server, in @via. Return: 0, or -EAGAIN
	 * when it takes a while, and path_turn_ready() tells; another -errno
	 * when there is none.
	 */
	int (*turn_channel)(void *ctx, const struct endpoint *peer,
			    struct endpoint *via);
	/* This way is of use. */
	void (*turn_keep)(void *ctx, const struct endpoint *via);
};

/* Milliseconds; zero members mean the defaults. */
struct path_config {
	uint32_t configured_wait;	/* before relays are asked for: 300 */
	uint32_t relay_first, relay_max; /* open again: 250, 4000 */
	uint32_t reach_time;		/* one attempt in all: 30000 */
	uint32_t observe;		/* pings that keep addresses: 25000 */
	uint32_t pace;			/* between two pings: 20 */
	uint32_t repeat;		/* of one candidate in a round: 100 */
	uint32_t round;			/* between rounds: 500 */
	uint32_t settle;		/* the first that is valid waits: 100 */
	uint32_t retry;			/* of better kinds: 60000 */
	uint32_t nominate;		/* between five tries: 100 */
	uint32_t turn_wait;		/* without data, before TURN: 500 */
	uint32_t active, active_dead;	/* with traffic: 250, 750 */
	uint32_t warm, warm_dead;	/* a while after it: 1000, 2500 */
	uint32_t warm_time;		/* that while: 60000 */
	uint32_t tls_wait;		/* for UDP, before TLS: 2000 */
	uint32_t rounds;		/* of punching: 3 */
	uint32_t budget;		/* unproven pings a minute: 200 */
	uint16_t cost[PATH_CLASSES];	/* added; a class is worth 100: 0 */
};

struct path_host *path_host_new(const struct path_ops *ops, void *ctx,
				const struct path_config *config,
				const struct clock *now);
void path_host_free(struct path_host *host);

/* Return: 0; -EEXIST for an address that is there, -ENOMEM. */
int path_agent_add(struct path_host *host, uint64_t address,
		   const uint8_t public[static PATH_KEY_LEN],
		   struct path_agent **agent);
/* With all its peers. */
void path_agent_del(struct path_host *host, struct path_agent *agent);
/*
 * Nobody introduces the agent any more, and so nothing is told here of what
 * happens: all that goes on ends. Peers reached by a relay are then at the
 * configured endpoint, or at a direct one that worked; if there is none, nobody
 * knows where they are until they come by themselves.
 */
void path_agent_stop(struct path_host *host, const struct clock *now,
		     struct path_agent *agent);

struct path_peer_config {
	uint8_t public[PATH_KEY_LEN];	/* Ed25519 */
	uint64_t address;
	struct endpoint endpoint;	/* direct; unset: not known */
	bool introducer;		/* it introduces us to others */
	uint32_t keepalive;		/* seconds; 0: none, 25 for introducers */
	/*
	 * For so many seconds after traffic a ping goes each second; 0: the
	 * host's warm_time, PATH_WATCH_ALWAYS: for ever.
	 */
	uint32_t watch;
	bool tls;			/* where UDP fails; introducers only */
};

/* Return: 0; -EEXIST for an address this agent has, -EINVAL, -ENOMEM. */
int path_peer_add(struct path_host *host, const struct clock *now,
		  struct path_agent *agent,
		  const struct path_peer_config *config, void *data,
		  struct path_peer **peer);
/* Another identity or address is -EINVAL. */
int path_peer_set(struct path_host *host, const struct clock *now,
		  struct path_peer *peer,
		  const struct path_peer_config *config);
void path_peer_del(struct path_host *host, const struct clock *now,
		   struct path_peer *peer);
struct path_peer *path_peer_find(const struct path_agent *agent,
				 uint64_t address);
struct path_agent *path_peer_agent(const struct path_peer *peer);
void *path_peer_data(const struct path_peer *peer);

/* An own address of an interface that is not a tunnel, with our port. */
struct path_address {
	struct endpoint endpoint;
	uint8_t prefix;			/* bits that are on the link */
};

/*
 * All that there are now. Loopback, link-local and agent addresses are left
 * out here; which interfaces are tunnels is for the caller to know. @changed:
 * something moved even if the list is the same, a default route for one.
 */
void path_addresses_set(struct path_host *host, const struct clock *now,
			const struct path_address *addresses, size_t count,
			bool changed);
/* Routes changed, to whatever places: is there anything better, or dead, now? */
void path_routed(struct path_host *host, const struct clock *now);
/*
 * How STUN servers see the socket, one address of each family at most: told to
 * peers as long as no introducer says anything of the family.
 */
#define PATH_STUN_MAX		2
void path_stun_set(struct path_host *host, const struct clock *now,
		   const struct endpoint *seen, size_t count);
/* All that NATs have mapped for us. */
void path_mapped_set(struct path_host *host, const struct clock *now,
		     const struct endpoint *mapped, size_t count);

/* What TURN is needed for, the most pressing last. */
enum path_turn_need {
	PATH_TURN_NONE,
	PATH_TURN_HELD,			/* a path in use goes by it */
	PATH_TURN_LACK,			/* some peer has no path for data */
};

/* May be another one after every call that took the time. */
enum path_turn_need path_turn_need(const struct path_host *host);
/* An allocation of ours. */
struct path_turn {
	struct endpoint server;
	/* Where its channels are: the same, or on loopback, see PATH_CLASS_TLS. */
	struct endpoint at;
	struct endpoint relayed;	/* our address there */
};

/*
 * NULL: there is none. What went by one before ends, also if it is the same
 * server.
 */
void path_turn_set(struct path_host *host, const struct clock *now,
		   const struct path_turn *turn);
/* A channel that was asked for can be used. */
void path_turn_ready(struct path_host *host, const struct clock *now);

/*
 * Of an introducer. @local: a direct endpoint on loopback that speaks for it
 * from now on, with a connection that is new; NULL: there is none now.
 */
void path_tls_set(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, const struct endpoint *local);

enum path_session {
	/* There are keys at our end; via: where the handshake went or was. */
	PATH_SESSION_ESTABLISHED,
	/* The peer has them too: control messages can be sent. */
	PATH_SESSION_CONFIRMED,
	PATH_SESSION_EXPIRED,
	PATH_SESSION_FAILED,		/* no answer */
};

/* @via: with ESTABLISHED, else NULL. */
void path_session(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, enum path_session event,
		  const struct endpoint *via);
/*
 * A control message of the peer that came from @src. Return: whether the type
 * is one of a client's; open and close are the introducer's.
 */
bool path_control(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, const struct endpoint *src,
		  uint8_t type, const uint8_t *tlvs, size_t len);
/* A ping of the peer came from @src, and was answered. */
void path_pinged(struct path_host *host, const struct clock *now,
		 struct path_peer *peer, const struct endpoint *src);
void path_pong(struct path_host *host, const struct clock *now,
	       struct path_peer *peer, uint64_t token,
	       const struct endpoint *src, const struct endpoint *observed,
	       uint64_t rtt_ns);
/* The kernel moved the peer's endpoint: its data came from there. */
void path_moved(struct path_host *host, const struct clock *now,
		struct path_peer *peer, const struct endpoint *endpoint);

enum path_traffic {
	PATH_TRAFFIC_IDLE,
	PATH_TRAFFIC_ACTIVE,
	PATH_TRAFFIC_SILENT,		/* we send, nothing comes */
};

void path_traffic(struct path_host *host, const struct clock *now,
		  struct path_peer *peer, enum path_traffic traffic);
/* The kernel has packets for the peer and no key. */
void path_wanted(struct path_host *host, const struct clock *now,
		 struct path_peer *peer);

/* What is due by now; then ask for the next deadline again. */
void path_timer(struct path_host *host, const struct clock *now);
/* Boot time, or CLOCK_NEVER. Ask after every call that took the time. */
uint64_t path_next_deadline(const struct path_host *host);

struct path_candidate_info {
	struct endpoint endpoint;
	enum path_kind kind;
	enum path_class class;
	enum path_state state;
	const char *reason;		/* why it is not in use; "" */
	unsigned int cost;		/* that both ends ask for its class */
	uint64_t rtt_ns;		/* 0: not known */
	uint8_t loss;			/* per cent of the last 32 pings */
	uint64_t heard_ns;		/* boot time, 0: never */
	uint64_t introducer;		/* address, of relays */
};

#define PATH_INFO_CANDIDATES	(PATH_CANDIDATES_MAX + PATH_RELAYS_MAX + \
				 PATH_TURN_MAX + 2)
#define PATH_OBSERVED_MAX	8

struct path_info {
	bool controlling;
	bool session;			/* control messages can be sent */
	bool reaching;
	const char *text;		/* what goes on, in a few words */
	uint32_t generation;		/* of our own candidates */
	uint32_t peer_generation;	/* 0: none came */
	unsigned int observed_count;
	struct endpoint observed[PATH_OBSERVED_MAX];	/* ours */
	unsigned int count;
	struct path_candidate_info candidate[PATH_INFO_CANDIDATES];
};

void path_peer_info(const struct path_peer *peer, struct path_info *info);

enum path_relays {
	PATH_RELAYS_UNKNOWN,		/* it has granted nothing yet */
	PATH_RELAYS_SIGNALLING,
	PATH_RELAYS_DATA,
};

/* What is known of an introducer. */
struct path_introducer_info {
	bool reachable;			/* a session, and an answer lately */
	struct endpoint at;		/* where it answers, unset: nowhere */
	enum path_class class;		/* of the way there, or PATH_CLASSES */
	uint64_t rtt_ns;		/* 0: not known */
	uint64_t ponged_ns;		/* boot time of its last answer, 0: none */
	struct endpoint observed[2];	/* how it sees us, IPv4 and IPv6 */
	enum path_relays relays;
};

/* Each of an agent is asked once more what it sees. Return: how many are. */
unsigned int path_introducers_ask(struct path_agent *agent,
				  const struct clock *now);
/* Return: whether the peer is an introducer. */
bool path_introducer_info(const struct path_peer *peer,
			  const struct clock *now,
			  struct path_introducer_info *info);
const char *path_relays_name(enum path_relays relays);
const char *path_kind_name(enum path_kind kind);
const char *path_class_name(enum path_class class);
/* Return: 0, or -EINVAL for what is no class. */
int path_class_parse(const char *name, enum path_class *class);
const char *path_state_name(enum path_state state);
const char *path_notice_name(enum path_notice notice);

/* Counters of the host, since it began. */
struct path_stats {
	uint64_t rx_refused;		/* malformed, or not for us to take */
	uint64_t rx_stale;		/* of an older generation */
	uint64_t rx_forged;		/* named what may not be named */
	uint64_t tx_messages;
	uint64_t tx_pings;
	uint64_t over_budget;		/* pings that were not sent */
	uint64_t moves;			/* of the path in use */
	uint64_t deaths;
	uint64_t reaches;
};

const struct path_stats *path_host_stats(const struct path_host *host);

#endif /* PILOT_LIB_PATH_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the state machine of reachability. The files go one way:
 * path.c -> path_tls.c -> path_watch.c -> path_keep.c, path_reach.c ->
 * path_choose.c -> path_check.c -> path_turn.c, path_relay.c ->
 * path_candidate.c -> path_address.c -> path_host.c, and all of them
 * path_name.c; path_info.c only reads.
 */
#ifndef PILOT_LIB_PATH_IMPL_H
#define PILOT_LIB_PATH_IMPL_H

#include "path.h"
#include "path_message.h"
#include "ratelimit.h"
#include "table.h"
#include "timer.h"

#define PATH_SLOTS		PATH_INFO_CANDIDATES
#define PATH_CHECKS_MAX		(PATH_PINGS_MAX / 2)	/* and as many watch */
#define PATH_PING_LIFE		(5 * CLOCK_SECOND)	/* the session's */
#define PATH_TRIES		3	/* pings of a candidate in a round */
#define PATH_NOMINATE_TRIES	5
#define PATH_TELL_TRIES		8
#define PATH_TELL_FIRST		(250 * CLOCK_MS)
#define PATH_TELL_MAX		(8 * CLOCK_SECOND)
#define PATH_TELL_DELAY		(50 * CLOCK_MS)
#define PATH_STALE_TIME		(10 * CLOCK_SECOND)
#define PATH_FRESH_TIME		(60 * CLOCK_SECOND)	/* of a pong */
#define PATH_RETRY_FIRST	(5 * CLOCK_SECOND)	/* then doubled */
#define PATH_OBSERVE_AGE	(5 * CLOCK_SECOND)
#define PATH_OBSERVED_TIME	(90 * CLOCK_SECOND)
#define PATH_OBSERVED_HOLD	(15 * CLOCK_SECOND)	/* before another */
/* Without an answer: as long as two pings are waited for. */
#define PATH_SLOW_TIME		(2 * PATH_PING_LIFE)
#define PATH_SLOW_AGAIN		CLOCK_SECOND		/* asked whether it works */
#define PATH_PENALTY_FIRST	(10 * CLOCK_SECOND)
#define PATH_PENALTY_MAX	(320 * CLOCK_SECOND)
#define PATH_BACKUPS		4	/* kept proven beside the one in use */
#define PATH_FIRST_DEAD		(3 * CLOCK_SECOND)	/* nothing heard yet */
#define PATH_SESSION_AGAIN	(2 * CLOCK_SECOND)
#define PATH_CLASS_WORTH	100
/* From any direct class to relays, and never to one for signalling only. */
#define PATH_LOSSY_COST		(PATH_CLASS_WORTH * 9 / 2)
/* More than any class with all that both ends ask for it. */
#define PATH_SCORE_LAST		(PATH_CLASSES * PATH_CLASS_WORTH + \
				 2 * UINT16_MAX + PATH_LOSSY_COST)
#define PATH_NAPS_MAX		8	/* in a row; who always is late must know */
#define PATH_BETTER_TIME	(5 * CLOCK_MS)	/* and a fifth */
#define PATH_BETTER_SAMPLES	3
#define PATH_LOSS_TIME		(10 * CLOCK_MS)	/* a round trip, for losses */
#define PATH_HOLD_STEP		(5 * CLOCK_SECOND)
#define PATH_HOLD_STEPS		3
#define PATH_SEEK_LEAST		(5 * CLOCK_SECOND)	/* of introducers */
#define PATH_SEEK_AGAIN		(30 * CLOCK_SECOND)

enum path_mode {
	PATH_MODE_ACTIVE,		/* there is traffic */
	PATH_MODE_WARM,			/* there was, a moment ago */
	PATH_MODE_KEEP,
};

struct path_candidate {
	struct endpoint endpoint;	/* unset: the slot is free */
	uint8_t kind;			/* enum path_kind */
	uint8_t state;			/* enum path_state; IN_USE never */
	bool listed;			/* the peer says so, or we are told */
	bool proven;			/* a pong came back, once */
	bool urgent;			/* to be pinged before others */
	bool signalling;		/* a relay that takes no data */
	bool gone;			/* by an allocation that is no more */
	bool configured;		/* by TURN to where it is configured */
	bool answered;			/* in this round */
	uint8_t tried;			/* pings in this round */
	uint8_t lost;			/* in a row */
	uint8_t deaths;
	uint8_t samples;		/* in history, at most 32 */
	uint8_t lossy;			/* for so many of them: PATH_LOSSY_LONG */
	uint8_t rtts;
	uint32_t history;		/* 1: answered; the last is bit 0 */
	uint64_t rtt_ns;		/* smoothed */
	uint64_t pinged_at, ponged_at, heard_at;
	uint64_t penalty_until;		/* not chosen before */
	const char *reason;		/* why it failed */
};

enum path_relay_state {
	PATH_RELAY_NONE,		/* the place is free */
	PATH_RELAY_OPENING,
	PATH_RELAY_GRANTED,
	PATH_RELAY_RENEWING,		/* granted as well */
	PATH_RELAY_REFUSED,
};

struct path_relay {
	struct path_peer *introducer;
	struct path_candidate *candidate;	/* NULL: no id yet */
	enum path_relay_state state;
	uint8_t tries;
	uint8_t absences;		/* answers that the peer is not there */
	uint64_t lifetime;
	uint64_t expire_at;		/* CLOCK_NEVER while not granted */
	uint64_t wanted_at;		/* the last time it was of use */
	uint64_t interval;
	uint64_t at;			/* of what is next */
};

struct path_flight {
	uint64_t token;
	uint64_t sent_at;
	uint64_t lost_at;
	struct path_candidate *candidate;	/* NULL: of no interest now */
	bool watch;			/* of the path in use, or a check */
	bool counted;			/* or not to be */
};

/* Of a peer while something goes on with it. */
struct path_live {
	struct path_peer *peer;
	struct path_live *next, *prev;	/* of the agent */
	struct path_candidate slot[PATH_SLOTS];
	struct path_relay relay[PATH_RELAYS_MAX];
	struct path_flight flight[PATH_PINGS_MAX];
	unsigned int flights;

	struct path_candidate *used;
	struct path_candidate *data;	/* where data goes: see path_use() */
	uint64_t data_until;		/* then where all else goes, too */
	uint64_t data_asked_at;		/* whether it goes through */
	bool ready;			/* control messages can be sent */
	bool dead;			/* the path in use, and there is no other */
	bool active;			/* there is traffic */
	uint16_t loss;			/* by paths in use, per mille */
	uint64_t idle_at;		/* when it ended to be active */
	uint64_t used_at;
	uint64_t anew_at;		/* our addresses changed */
	uint64_t heard_at;		/* by the path in use */
	uint64_t woken_at;		/* nobody watched it before */
	uint64_t doubted_at;		/* the others were asked for it */
	unsigned int naps;		/* overslept, and not heard since */
	uint64_t watch_at;
	uint64_t backup_at;
	uint64_t retry_at;

	uint64_t reach_until;		/* 0: not looking for a way */
	uint64_t reach_at;
	uint64_t handshake_at;		/* when one was last asked for */
	uint64_t reach_step;
	bool opened;			/* introducers were asked */
	unsigned int turn;		/* the slot tried last */

	bool told;			/* it has our present candidates */
	uint8_t tells;
	uint64_t tell_at;
	uint64_t tell_interval;
	bool theirs_known;
	uint32_t theirs;		/* the generation of its candidates */
	uint64_t theirs_at;
	uint16_t cost[PATH_CLASSES];	/* as it told */
	struct ratelimit_bucket answers;

	bool fresh;			/* something to punch for */
	uint8_t round;			/* 1 and on; 0: none */
	uint8_t rounds;
	uint8_t punched;		/* the last one taken, or sent twice */
	uint8_t retries;		/* since there was something new */
	bool in_round;
	uint64_t punch_at;		/* a round is to be announced */
	uint64_t round_at;		/* and to begin */
	uint64_t check_at;		/* the next ping */
	uint64_t last_check;
	struct ratelimit_bucket punches;
	struct ratelimit_bucket budget;

	struct path_candidate *nominee;
	bool nominated;			/* a number was taken */
	uint32_t nomination;		/* the last number, ours or taken */
	uint64_t nomination_at;
	uint8_t nominations;		/* messages of this one */
	uint64_t nominate_at;
	uint64_t settle_at;
	uint8_t failures;		/* messages that our path failed */
	uint64_t failure_at;

	enum path_turn_need turn_need;	/* as counted by the host */
	uint64_t turn_at;		/* what is wanted is asked for again */

	uint64_t keep;			/* interval that a NAT needs, 0: any */
	uint32_t late;			/* number of the answer asked for */
	uint64_t late_at;		/* it should be there, 0: none asked */
	const struct path_candidate *late_by;
	bool late_doubt;		/* one was missed: is any answered? */
	uint64_t missed_at;		/* when it was not, 0: it was */
	uint64_t learned_at;		/* the interval */
};

struct path_observed {
	struct endpoint endpoint;	/* unset: free */
	const struct path_peer *by;
	uint64_t at;
	uint64_t since;			/* that it is this one */
};

/* An introducer that UDP may not reach. */
struct path_tls {
	bool allowed;
	bool wanted;			/* asked for, and not given up */
	uint8_t tries;			/* pings by UDP, of this time */
	struct endpoint local;		/* unset: not connected */
	uint64_t doubt_at;		/* since when UDP is in doubt */
	uint64_t good_at;		/* since when it works again */
	uint64_t udp_at;		/* when it is tried again */
	uint64_t udp_wait;		/* and how long after that */
	uint64_t at;			/* of what is next */
};

struct path_peer {
	struct path_host *host;
	struct path_agent *agent;
	struct path_peer *next, *prev;
	struct path_peer *next_introducer;
	struct table_node by_address;
	struct timer timer;
	void *data;
	uint8_t public[PATH_KEY_LEN];
	uint64_t address;
	struct endpoint configured;
	struct endpoint last;		/* that worked, from before */
	struct endpoint via;		/* of a handshake, not confirmed yet */
	bool controlling;
	bool introducer;
	uint8_t relays;			/* enum path_relays: as granted last */
	uint32_t keepalive;		/* seconds */
	uint32_t watch;			/* or PATH_WATCH_ALWAYS */
	uint64_t asked_at;		/* when it was last sent a handshake */
	uint64_t gave_up_at;		/* no way was found */
	uint8_t give_ups;		/* in a row */
	uint64_t seek_at;		/* an introducer is out of reach: again */
	struct path_tls tls;
	struct path_live *live;		/* NULL: nothing goes on */
};

struct path_agent {
	struct path_host *host;
	struct path_agent *next, *prev;
	struct path_peer *peers;
	struct path_peer *introducers;
	struct path_live *lives;
	struct table by_address;
	uint8_t public[PATH_KEY_LEN];
	uint64_t address;
	uint32_t generation;
	uint64_t news_at;		/* there may be ways that were not */
	struct path_observed observed[PATH_OBSERVED_MAX];
};

struct path_host {
	struct path_ops ops;
	void *ctx;
	struct path_config config;
	struct path_agent *agents;
	struct timer_heap timers;
	size_t peer_count;
	unsigned int address_count, mapped_count;
	/* Families of which there were addresses: bits, see path_family_bit(). */
	unsigned int families, families_gone;
	struct path_address address[PATH_HOST_MAX];
	struct endpoint mapped[PATH_MAPPED_MAX];
	struct path_turn turn;		/* unset: no allocation */
	unsigned int turn_needs[PATH_TURN_LACK + 1];	/* peers of each */
	struct endpoint stun[PATH_STUN_MAX];
	unsigned int stun_count;
	struct path_stats stats;
};

static inline bool path_is_by_tls(const struct path_live *live)
{
	return live && live->used && live->used->kind == PATH_KIND_TLS;
}

/* It is an introducer that is reached by TLS, and @c is something else. */
static inline bool path_tls_leaves(const struct path_live *live,
				   const struct path_candidate *c)
{
	return path_is_by_tls(live) && c->kind != PATH_KIND_TLS;
}

static inline uint64_t path_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t path_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline struct path_host *path_host_of(const struct path_live *live)
{
	return live->peer->host;
}

#define path_ms(live, member) \
	((live)->peer->host->config.member * CLOCK_MS)

/* path_host.c */
/* 0 to @max - 1 */
uint64_t path_jitter(struct path_host *host, uint64_t max);
void path_notify(struct path_live *live, enum path_notice notice,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* NULL without memory. */
struct path_live *path_live_get(struct path_peer *peer);
void path_live_free(struct path_peer *peer);
/* It is another agent of this host. */
bool path_peer_is_here(const struct path_peer *peer);
/* Does UDP get to the introducer? Asked now, and TLS is wanted if it does not. */
void path_tls_doubt(struct path_peer *peer, const struct clock *now);
/* The same in another network, where UDP may work when it did not before. */
void path_tls_anew(struct path_peer *peer, const struct clock *now);
/* Something is due that its own timer does not know of yet. */
void path_peer_due(struct path_peer *peer, uint64_t at);
void path_live_due(struct path_live *live, uint64_t at);
enum path_mode path_mode(const struct path_live *live, const struct clock *now);
/* Something goes on with the peer. */
bool path_busy(const struct path_live *live, const struct clock *now);
/* Return: whether it left. */
bool path_send(struct path_live *live, const struct endpoint *dst,
	       const struct path_message *message);
void path_handshake(struct path_live *live, const struct clock *now,
		    const struct endpoint *endpoint);

/* From now on the kernel sends there what it is handed. */
void path_data_to(struct path_live *live, struct path_candidate *c, bool hold);

void path_turn_need_set(struct path_live *live, enum path_turn_need need);

/* path_address.c */
/* A direct one, where peers can be on a network between hosts. */
bool path_endpoint_usable(const struct endpoint *ep);
bool path_endpoint_on_link(const struct path_host *host,
			   const struct endpoint *ep);
/*
 * Are we there, and not the peer? By our own knowledge: what a peer says of us
 * counts for no other. Agents of one host have its addresses in common.
 */
bool path_endpoint_own(const struct path_peer *peer, const struct endpoint *ep);
/* Is there an address to go there from? What is on loopback needs none. */
bool path_family_here(const struct path_host *host, const struct endpoint *ep);
/*
 * Went what goes there from addresses that are no more? That none of a family is
 * listed says little: there may be link-local ones, or a tunnel's.
 */
bool path_way_gone(const struct path_host *host, const struct endpoint *ep);
/* Of the addresses that are there now. */
void path_families_note(struct path_host *host);
/* Tell all peers that something goes on with. */
void path_generation_next(struct path_agent *agent, const struct clock *now);
/* What a peer says it sees of us. Return: whether it saw us elsewhere before. */
bool path_observed_take(struct path_peer *peer, const struct clock *now,
			const struct endpoint *observed);
void path_observed_drop(struct path_agent *agent, const struct path_peer *by);
/* Our candidates into a message. */
void path_own_write(const struct path_agent *agent, const struct clock *now,
		    struct path_message *message);

/* path_candidate.c */
struct path_candidate *path_candidate_find(struct path_live *live,
					   const struct endpoint *ep);
/* NULL when there are too many. */
struct path_candidate *path_candidate_add(struct path_live *live,
					  const struct endpoint *ep,
					  enum path_kind kind);
void path_candidate_drop(struct path_live *live, struct path_candidate *c);
/* What speaks for the introducer on loopback, or NULL. */
struct path_candidate *path_tls_candidate(struct path_live *live);
/* The candidate of what came from loopback, or NULL. */
struct path_candidate *path_tls_source(struct path_live *live,
				       const struct endpoint *src);
enum path_class path_candidate_class(const struct path_live *live,
				     const struct path_candidate *c);
/* That both ends ask for it. */
unsigned int path_class_cost(const struct path_live *live,
			     enum path_class class);
/* What is added to the score of one that has lost a lot for long. */
unsigned int path_candidate_penalty(const struct path_candidate *c);
/* The less the better. */
unsigned int path_candidate_score(const struct path_live *live,
				  const struct path_candidate *c);
unsigned int path_candidate_loss(const struct path_candidate *c);
/* It died not long ago, and something else takes data. */
bool path_is_held_back(const struct path_live *live, const struct clock *now,
		       const struct path_candidate *c);
void path_candidate_fail(struct path_candidate *c, const char *reason);
/* Replaces what the peer said of itself before. */
void path_candidates_take(struct path_live *live,
			  const struct path_message *message);
/*
 * One ping. Return: 0; -EBUSY when as many are in flight as may be, -EDQUOT
 * when the peer has made us send enough to where it may not be.
 */
int path_ping(struct path_live *live, const struct clock *now,
	      struct path_candidate *c, bool watch);
/*
 * One that, when it is not answered, says nothing about what is lost. @watch: it is
 * counted among those of the path in use, and takes no place of the checks.
 */
void path_ask(struct path_live *live, const struct clock *now,
	      struct path_candidate *c, bool watch);
/* Return: the candidate of a pong that came from it, or NULL. */
struct path_candidate *path_ping_answered(struct path_live *live,
					  const struct clock *now,
					  uint64_t token,
					  const struct endpoint *src,
					  uint64_t rtt_ns);
/* Counts what was not answered. */
void path_flights_expire(struct path_live *live, const struct clock *now);
/* None of them is waited for, and none counts as lost. */
void path_flights_forget(struct path_live *live);
uint64_t path_flights_deadline(const struct path_live *live);

/* path_relay.c */
struct path_relay *path_relay_of(struct path_live *live,
				 const struct path_candidate *c);
/* At every introducer that can be asked. Return: how many were or are. */
unsigned int path_relay_open_all(struct path_live *live,
				 const struct clock *now);
/* The candidate of a frame that came by a relay, or NULL. */
struct path_candidate *path_relay_adopt(struct path_live *live,
					const struct clock *now,
					const struct endpoint *src);
/* Return: the candidate if the way was not there before, else NULL. */
struct path_candidate *path_relay_granted(struct path_live *live,
					  const struct clock *now,
					  struct path_peer *introducer,
					  const struct path_message *grant);
/* Return: whether that ends the path in use. */
bool path_relay_refused(struct path_live *live, const struct clock *now,
			struct path_peer *introducer, uint8_t reason);
bool path_relay_usable(struct path_live *live, const struct path_candidate *c);
/*
 * Nothing came by it: its introducer's kernel may not know where we are, or not
 * any more. It learns that from data, and a handshake ends with some.
 */
void path_relay_refresh(struct path_live *live, const struct clock *now,
			const struct path_candidate *c);
void path_relay_timer(struct path_live *live, const struct clock *now);
uint64_t path_relay_deadline(const struct path_live *live);
void path_relay_close_all(struct path_live *live);
/* A handshake with it, now or soon, when there is no session that works. */
void path_introducer_seek(struct path_peer *introducer,
			  const struct clock *now);
/* The introducer is reached elsewhere, or anew, or no more. */
void path_introducer_moved(struct path_peer *introducer);
void path_introducer_anew(struct path_peer *introducer,
			  const struct clock *now);
void path_introducer_gone(struct path_peer *introducer);

/* path_turn.c */
static inline bool path_by_turn(const struct path_candidate *c)
{
	return c->endpoint.kind == ENDPOINT_TURN;
}

/* The candidate of a frame that came by a channel of ours, or NULL. */
struct path_candidate *path_turn_adopt(struct path_live *live,
				       const struct endpoint *src);
/* What the peer needs now; comes late in all that happens to it. */
void path_turn_update(struct path_live *live, const struct clock *now);
uint64_t path_turn_deadline(const struct path_live *live,
			    const struct clock *now);

/* path_check.c */
/* Where something of the peer came from; NULL when it cannot be used. */
struct path_candidate *path_source(struct path_live *live,
				   const struct clock *now,
				   const struct endpoint *src);
/* Return: whether the peer asks another cost for some class than before. */
bool path_told(struct path_live *live, const struct clock *now,
	       const struct endpoint *src, const struct path_message *message);
void path_punched(struct path_live *live, const struct clock *now,
		  const struct path_message *message);
/* Ping it soon: something came from there. */
void path_check_soon(struct path_live *live, const struct clock *now,
		     struct path_candidate *c);
/* So many rounds of punching, at the controlling end, when there is a use. */
void path_punch(struct path_live *live, const struct clock *now,
		unsigned int rounds);
/* One round without the peer's help. */
void path_round_begin(struct path_live *live, const struct clock *now);
void path_check_timer(struct path_live *live, const struct clock *now);
uint64_t path_check_deadline(const struct path_live *live);

/* path_choose.c */
/*
 * What the two ends agree on. Data goes there as well, unless it takes none: then for
 * a while where it went before, which may only be slow.
 */
void path_use(struct path_live *live, const struct clock *now,
	      struct path_candidate *c, bool hold);
/* The same without a question, and the other end is told. */
void path_use_and_tell(struct path_live *live, const struct clock *now,
		       struct path_candidate *c);
/* The best that can be used at once, other than the one in use. */
struct path_candidate *path_best(struct path_live *live,
				 const struct clock *now, bool any);
/* All that path_best() may be, so that it knows what answers. */
void path_ask_others(struct path_live *live, const struct clock *now);
void path_nominate(struct path_live *live, const struct clock *now,
		   struct path_candidate *c);
/* Something is better than it was. */
void path_choose_soon(struct path_live *live, const struct clock *now,
		      const struct path_candidate *c);
void path_nominated(struct path_live *live, const struct clock *now,
		    const struct endpoint *src, uint32_t number);
void path_nomination_take(struct path_live *live, const struct clock *now,
			  const struct endpoint *src, uint32_t number);
void path_choose_timer(struct path_live *live, const struct clock *now);
uint64_t path_choose_deadline(const struct path_live *live);

/* path_reach.c */
void path_reach(struct path_live *live, const struct clock *now);
void path_reach_end(struct path_live *live);
/* A relay can be used that could not before. */
void path_reach_granted(struct path_live *live, const struct clock *now,
			struct path_candidate *c);
void path_reach_timer(struct path_live *live, const struct clock *now);
/* The introducers tell what they see of us, if they did not for @age. */
void path_observe(struct path_agent *agent, const struct clock *now,
		  uint64_t age);

/* path_keep.c */
/* Between two pings of an introducer that nothing goes on with. */
uint64_t path_keep_interval(const struct path_live *live);
/* One was sent, the next comes after that interval. */
void path_keep_ask(struct path_live *live, const struct clock *now);
void path_keep_late(struct path_live *live, const struct clock *now,
		    uint32_t number);
/* The introducer is there: is a word of it missing? */
void path_keep_ponged(struct path_live *live, const struct clock *now);
/* The way was gone meanwhile, or is another one: what was asked for proves nothing. */
void path_keep_interrupted(struct path_live *live);
/* By another NAT, perhaps. */
void path_keep_anew(struct path_live *live);

/* path_watch.c */
/* Something authentic came by the path in use. */
void path_heard(struct path_live *live, const struct clock *now,
		const struct path_candidate *c);
bool path_is_fresh(const struct path_live *live, const struct clock *now);
void path_wake(struct path_live *live, const struct clock *now);
/* The path in use does not work. */
void path_died(struct path_live *live, const struct clock *now,
	       const char *reason);
void path_failed_take(struct path_live *live, const struct clock *now,
		      const struct endpoint *src);
/* Comes before all else that is due. */
void path_overslept(struct path_live *live, const struct clock *now);
void path_watch_timer(struct path_live *live, const struct clock *now);
uint64_t path_watch_deadline(const struct path_live *live,
			     const struct clock *now);

/* path_tls.c */
void path_tls_up(struct path_peer *peer, const struct clock *now,
		 const struct endpoint *local);
void path_tls_down(struct path_peer *peer, const struct clock *now);
/* A pong came by @c. Return: whether what follows from it is done. */
bool path_tls_ponged(struct path_live *live, const struct clock *now,
		     const struct path_candidate *c);
void path_tls_timer(struct path_peer *peer, const struct clock *now);
/* Given up until it is allowed again. */
void path_tls_stop(struct path_peer *peer, const struct clock *now);
uint64_t path_tls_deadline(const struct path_peer *peer,
			   const struct clock *now);

#endif /* PILOT_LIB_PATH_IMPL_H */

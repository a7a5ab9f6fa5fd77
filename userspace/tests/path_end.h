/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of paths by itself: what it sends and asks for is kept, and the
 * other end is the test.
 */
#ifndef PILOT_TESTS_PATH_END_H
#define PILOT_TESTS_PATH_END_H

#include "path.h"
#include "path_message.h"

#define MS		1000000ULL
#define S		1000000000ULL
#define SELF		((1ULL << 32) + 100)
#define INTRODUCER	((1ULL << 32) + 101)
#define PEER		((1ULL << 32) + 102)
#define OTHER		((1ULL << 32) + 103)
#define STRANGER	((1ULL << 32) + 104)
#define SENT_MAX	4096

struct sent {
	struct path_peer *peer;
	struct endpoint dst;
	uint64_t at, token;
	uint8_t type;			/* 1: a ping */
	struct path_message message;
};

struct end {
	struct path_host *host;
	struct path_agent *agent;
	struct path_peer *introducer, *peer, *other;
	struct clock now;
	unsigned int count;
	struct sent sent[SENT_MAX];
	struct endpoint used;
	struct path_peer *used_by;
	unsigned int uses, sessions, notices[8];
	bool held;
	struct endpoint session;
	int ping_error;
	bool answer;			/* each ping, after the round trip */
	uint64_t rtt;
	uint64_t token;
	bool tls;			/* the introducer is wanted by it */
	struct endpoint silent;		/* pings to it are not answered */
	bool shut;			/* a NAT forgets after 2 s */
	uint64_t late_at;		/* a word comes in all the same */
	uint32_t late;
};

struct endpoint end_ep(const char *text);
struct end *end_new(bool controlling);
/* Answers pings on the way, if that is wanted. */
void end_run(struct end *end, uint64_t duration);
/* Does not run for so long; what is due by then is all done at once. */
void end_sleep(struct end *end, uint64_t duration);
/* The introducer says the word with this number. */
void end_late(struct end *end, uint32_t number);
void end_say(struct end *end, struct path_peer *peer,
	     const struct endpoint *src, const struct path_message *message);
/* A handshake was made by this endpoint. */
void end_session_up(struct end *end, struct path_peer *peer, const char *at);
struct path_message end_grant(uint64_t peer, uint32_t id);
struct path_message end_candidates(uint32_t generation, bool answer);
void end_candidate(struct path_message *message, const char *text);
unsigned int end_sent_since(const struct end *end, unsigned int from,
			    uint8_t type);
const struct sent *end_last(const struct end *end, uint8_t type);
const struct path_candidate_info *end_info_of(const struct path_info *info,
					      const char *text);
bool end_knows(struct end *end, const char *text);
bool end_uses(struct end *end, const char *text);
/* With a session by a relay, 0x7; pings are answered. */
struct end *end_up(bool controlling);
/* The peer answers with these candidates. */
void end_told(struct end *end, struct path_message *message);
void end_free(struct end *end);
/* The peer takes the last nomination. */
void end_take_nomination(struct end *end);

#endif /* PILOT_TESTS_PATH_END_H */

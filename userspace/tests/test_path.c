// SPDX-License-Identifier: GPL-2.0-or-later
/* How one end gets to another, what it chooses, and when it moves. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "path_end.h"

static void test_reach(void **state)
{
	struct end *end = end_new(true);
	struct endpoint at = end_ep("203.0.113.1:7740");
	struct path_message message;
	const struct sent *open;

	(void)state;
	/* No introducer has a session: nothing can be asked. */
	path_wanted(end->host, &end->now, end->peer);
	end_run(end, S);
	assert_int_equal(end->count, 0);
	/* It comes: the question is put at once. */
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	open = end_last(end, WIRE_CONTROL_RELAY_OPEN);
	assert_non_null(open);
	assert_int_equal(open->message.peer, PEER);
	assert_true(endpoint_equal(&open->dst, &at));
	/* Again and again, and ever more slowly. */
	end_run(end, 8 * S);
	assert_in_range(end_sent_since(end, 0, WIRE_CONTROL_RELAY_OPEN), 4, 7);
	/* The answer is used at once. */
	end->sessions = 0;
	message = end_grant(PEER, 0x77);
	end_say(end, end->introducer, &at, &message);
	assert_int_equal(end->sessions, 1);
	at = end_ep("relay:0x77@203.0.113.1:7740");
	assert_true(endpoint_equal(&end->session, &at));
	end_free(end);
}

/* In vain: then not again for 5 s, 10 s, 15 s, unless there is news. */
static void test_hold(void **state)
{
	static const unsigned int hold[] = { 5, 10, 15, 15 };
	struct end *end = end_new(true);
	struct path_address own = { .endpoint = end_ep("198.51.100.8:7740"),
				    .prefix = 24 };

	(void)state;
	end->answer = true;
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	for (int i = 0; i < 4; i++) {
		path_wanted(end->host, &end->now, end->peer);
		assert_int_equal(end->notices[PATH_NOTICE_REACHING], i + 1);
		end_run(end, 30 * S + 10 * MS);
		assert_int_equal(end->notices[PATH_NOTICE_UNREACHABLE], i + 1);
		path_wanted(end->host, &end->now, end->peer);
		end_run(end, hold[i] * S - 100 * MS);
		path_wanted(end->host, &end->now, end->peer);
		assert_int_equal(end->notices[PATH_NOTICE_REACHING], i + 1);
		end_run(end, 100 * MS);
	}
	path_wanted(end->host, &end->now, end->peer);
	end_run(end, 31 * S);
	path_addresses_set(end->host, &end->now, &own, 1, true);
	path_wanted(end->host, &end->now, end->peer);
	assert_int_equal(end->notices[PATH_NOTICE_REACHING], 6);
	end_free(end);
}

static void configure(struct end *end, struct path_peer *peer, uint64_t address,
		      uint8_t first, const char *at)
{
	struct path_peer_config config = {
		.address = address, .public = { first, address },
		.endpoint = end_ep(at),
	};

	assert_int_equal(path_peer_set(end->host, &end->now, peer, &config),
			 0);
}

/*
 * After a restart: a peer comes by a relay before the introducer itself has
 * come. Data stays there, and goes nowhere that did not answer.
 */
static void test_carried_first(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct end *end = end_new(i);

		configure(end, end->peer, PEER, i ? 0xf0 : 0x10,
			  "192.0.2.50:7740");
		end_session_up(end, end->peer, "relay:0x7@203.0.113.1:7740");
		end_run(end, 2 * S);
		assert_int_equal(end->uses, 0);
		end_session_up(end, end->introducer, "203.0.113.1:7740");
		assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
		assert_non_null(end_last(end, WIRE_CONTROL_RELAY_OPEN));
		end_run(end, S);
		assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
		assert_non_null(end_last(end, WIRE_CONTROL_CANDIDATES));
		end_free(end);

		/* What is configured may answer sooner. */
		end = end_new(i);
		configure(end, end->peer, PEER, i ? 0xf0 : 0x10,
			  "192.0.2.50:7740");
		end->answer = true;
		end_session_up(end, end->peer, "relay:0x7@203.0.113.1:7740");
		end_run(end, S);
		assert_true(end_uses(end, "192.0.2.50:7740"));
		end_free(end);
	}
}

/* Nobody introduces any more: nothing goes on, and the kernel can learn. */
static void test_stop(void **state)
{
	struct path_message message = end_candidates(5, false);
	struct end *end = end_up(true);
	struct endpoint at = end_ep("192.0.2.50:7740");
	struct path_info info;
	unsigned int from;

	(void)state;
	configure(end, end->peer, PEER, 0xf0, "192.0.2.50:7740");
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	path_agent_stop(end->host, &end->now, end->agent);
	assert_true(endpoint_equal(&end->used, &at));
	assert_ptr_equal(end->used_by, end->peer);
	path_peer_info(end->peer, &info);
	assert_false(info.session);
	assert_int_equal(info.count + info.observed_count, 0);
	from = end->count;
	assert_int_equal(path_next_deadline(end->host), CLOCK_NEVER);
	end_run(end, 60 * S);
	assert_int_equal(end->count, from);
	end_free(end);

	/* Nothing is configured: where it answered, if not as the best. */
	end = end_up(true);
	end_take_nomination(end);
	end_candidate(&message, "192.0.2.1:7740");
	end_told(end, &message);
	end_run(end, 90 * MS);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	path_agent_stop(end->host, &end->now, end->agent);
	at = end_ep("192.0.2.1:7740");
	assert_true(endpoint_equal(&end->used, &at));
	end_free(end);

	/* By a relay, and it is not known whose. */
	end = end_new(true);
	configure(end, end->peer, PEER, 0xf0, "192.0.2.50:7740");
	end_session_up(end, end->peer, "relay:0x7@203.0.113.1:7740");
	path_agent_stop(end->host, &end->now, end->agent);
	at = end_ep("192.0.2.50:7740");
	assert_true(endpoint_equal(&end->used, &at));
	end_free(end);
}

/* Only a relay led to it: it is nowhere, until it comes by itself. */
static void test_stop_nowhere(void **state)
{
	struct end *end = end_up(true);

	(void)state;
	assert_true(endpoint_is_set(&end->used));
	path_agent_stop(end->host, &end->now, end->agent);
	assert_ptr_equal(end->used_by, end->peer);
	assert_false(endpoint_is_set(&end->used));
	end_free(end);

	/* From a direct one the kernel learns: it stays. */
	end = end_new(true);
	end_session_up(end, end->peer, "192.0.2.1:7740");
	end->uses = 0;
	path_agent_stop(end->host, &end->now, end->agent);
	assert_int_equal(end->uses, 0);
	end_free(end);
}

/* A peer that nobody talks to introduces us from now on: it is kept. */
static void test_becomes_introducer(void **state)
{
	struct path_peer_config config = {
		.address = OTHER, .public = { 0x20, OTHER & 0xff },
		.introducer = true,
	};
	struct end *end = end_new(true);
	unsigned int from;

	(void)state;
	end->answer = true;
	end_session_up(end, end->other, "203.0.113.9:7740");
	path_traffic(end->host, &end->now, end->other, PATH_TRAFFIC_IDLE);
	end_run(end, 100 * S);
	from = end->count;
	end_run(end, 100 * S);
	assert_int_equal(end_sent_since(end, from, WIRE_CONTROL_PING), 0);
	assert_int_equal(path_peer_set(end->host, &end->now, end->other,
				       &config), 0);
	end_run(end, 101 * S);
	/* More often as it goes on, for what was asked for late never comes. */
	assert_in_range(end_sent_since(end, from, WIRE_CONTROL_PING), 5, 12);
	end_free(end);
}

/* Other addresses: what else worked is proven again, and kept. */
static void test_backups_after_move(void **state)
{
	struct path_address own = { .endpoint = end_ep("198.51.100.8:7740"),
				    .prefix = 24 };
	struct path_message message = end_candidates(5, false);
	struct end *end = end_up(true);
	struct path_info info;

	(void)state;
	end_take_nomination(end);
	end_candidate(&message, "192.0.2.1:7740");
	end_candidate(&message, "192.0.2.2:7740");
	end_told(end, &message);
	end_run(end, 500 * MS);
	end_take_nomination(end);
	end_run(end, S);
	path_addresses_set(end->host, &end->now, &own, 1, true);
	end_run(end, S);
	path_peer_info(end->peer, &info);
	for (unsigned int i = 0; i < info.count; i++)
		assert_true(info.candidate[i].state == PATH_STATE_VALID ||
			    info.candidate[i].state == PATH_STATE_IN_USE);
	end_free(end);
}

/* Own addresses are these from now on. */
static void own_set(struct end *end, const char *first, const char *second)
{
	struct path_address own[2] = { { .prefix = 24 }, { .prefix = 64 } };

	own[0].endpoint = end_ep(first);
	if (second)
		own[1].endpoint = end_ep(second);
	path_addresses_set(end->host, &end->now, own, second ? 2 : 1, true);
}

static bool dead_after(struct end *end, const char *first, const char *second)
{
	unsigned int deaths = path_host_stats(end->host)->deaths;

	own_set(end, first, second);
	return path_host_stats(end->host)->deaths > deaths;
}

/*
 * That none of a family is listed is no news: a tunnel's are not, and neither are
 * link-local ones.
 */
static void test_family_gone(void **state)
{
	static const char *const at[] = {
		"[2001:db8::9]:7740", "[fe80::9%lo]:7740",
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct end *end = end_new(true);

		end->answer = true;
		configure(end, end->peer, PEER, 0xf0, at[i]);
		end_session_up(end, end->introducer, "203.0.113.1:7740");
		end_session_up(end, end->peer, at[i]);
		end_run(end, S);
		assert_true(end_uses(end, at[i]));
		assert_false(dead_after(end, "198.51.100.8:7740", NULL));
		assert_true(end_uses(end, at[i]));
		assert_false(dead_after(end, "198.51.100.8:7740",
					"[2001:db8::7]:7740"));
		/* Now one is gone, which only the link's own outlive. */
		assert_int_equal(dead_after(end, "198.51.100.8:7740", NULL),
				 !i);
		end_free(end);
	}
}

static void test_nothing_known(void **state)
{
	struct end *end = end_new(true);

	(void)state;
	path_peer_del(end->host, &end->now, end->introducer);
	path_wanted(end->host, &end->now, end->peer);
	end_run(end, S);
	assert_int_equal(end->notices[PATH_NOTICE_UNREACHABLE], 1);
	assert_int_equal(path_next_deadline(end->host), CLOCK_NEVER);
	end_free(end);
}

/* The introducer moves, and so do the paths by it. */
static void test_relay_follows(void **state)
{
	struct end *end = end_up(true);
	struct endpoint to = end_ep("203.0.113.44:7740");

	(void)state;
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	path_moved(end->host, &end->now, end->introducer, &to);
	assert_true(end_uses(end, "relay:0x7@203.0.113.44:7740"));
	assert_ptr_equal(end->used_by, end->peer);
	assert_false(end_knows(end, "relay:0x7@203.0.113.1:7740"));
	end_free(end);
}

static void ended(struct end *end)
{
	const struct path_message message = {
		.type = WIRE_CONTROL_RELAY_REFUSED, .peer = PEER,
		.reason = WIRE_REFUSED_ENDED,
	};
	struct endpoint src = end_ep("203.0.113.1:7740");

	end_say(end, end->introducer, &src, &message);
}

/* The introducer ends it, and nothing else is known: it is asked again. */
static void test_relay_ended(void **state)
{
	struct end *end = end_up(true);
	struct endpoint src = end_ep("203.0.113.1:7740");
	struct path_message message = end_grant(PEER, 9);
	unsigned int from;

	(void)state;
	from = end->count;
	ended(end);
	assert_int_equal(end->notices[PATH_NOTICE_DEAD], 1);
	end_run(end, 10 * MS);
	assert_int_equal(end_sent_since(end, from, WIRE_CONTROL_RELAY_OPEN), 1);
	end_say(end, end->introducer, &src, &message);
	end_run(end, 200 * MS);
	assert_true(end_uses(end, "relay:0x9@203.0.113.1:7740"));
	end_free(end);
}

/* There is another way: data goes there at once. */
static void test_relay_ended_at_hand(void **state)
{
	struct end *end = end_up(false);
	struct endpoint src = end_ep("192.0.2.9:999");
	unsigned int from;

	(void)state;
	path_pinged(end->host, &end->now, end->peer, &src);
	end_run(end, 300 * MS);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	from = end->count;
	ended(end);
	assert_true(end_uses(end, "192.0.2.9:999"));
	end_run(end, 10 * MS);
	assert_int_equal(end_sent_since(end, from, WIRE_CONTROL_PATH_FAILED), 1);
	/* Now it is none that is in use, but the one that is kept ready. */
	end_run(end, 300 * MS);
	ended(end);
	assert_true(end_uses(end, "192.0.2.9:999"));
	assert_int_equal(end->notices[PATH_NOTICE_DEAD], 1);
	end_free(end);
}

/* Nothing comes by the relay: does its kernel know where we are? */
static void test_relay_refresh(void **state)
{
	struct end *end = end_new(true);
	struct endpoint at = end_ep("203.0.113.1:7740");
	struct path_message message = end_grant(PEER, 7);

	(void)state;
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	path_wanted(end->host, &end->now, end->peer);
	end_run(end, 50 * MS);
	end->sessions = 0;
	end_say(end, end->introducer, &at, &message);
	end_run(end, 2900 * MS);
	assert_int_equal(end->sessions, 1);
	/* One with it, and one by it. */
	end_run(end, 200 * MS);
	assert_int_equal(end->sessions, 3);
	end_run(end, 4 * S);
	assert_int_equal(end->sessions, 5);
	end_free(end);
}

/* A ping from where nothing is proven: is it one of its paths? */
static void test_triggered(void **state)
{
	struct end *end = end_up(false);
	struct endpoint src = end_ep("192.0.2.9:999");
	struct path_info info;

	(void)state;
	path_pinged(end->host, &end->now, end->peer, &src);
	end_run(end, 100 * MS);
	path_peer_info(end->peer, &info);
	assert_int_equal(end_info_of(&info, "192.0.2.9:999")->state,
			 PATH_STATE_VALID);
	end_free(end);
}

static void nominate(struct end *end, const char *from, uint32_t number)
{
	struct path_message message = {
		.type = WIRE_CONTROL_NOMINATE, .generation = number,
	};
	struct endpoint src = end_ep(from);

	end_say(end, end->peer, &src, &message);
}

static void test_nomination(void **state)
{
	struct end *end = end_up(false);
	const struct sent *answer;
	unsigned int from;

	(void)state;
	assert_false(end->held);
	nominate(end, "192.0.2.1:7740", 50);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	assert_true(end->held);
	answer = end_last(end, WIRE_CONTROL_NOMINATED);
	assert_non_null(answer);
	assert_int_equal(answer->message.generation, 50);
	assert_int_equal(answer->dst.port, 7740);
	nominate(end, "192.0.2.2:7740", 51);
	assert_true(end_uses(end, "192.0.2.2:7740"));
	/* Overtaken, or said twice. */
	from = end->count;
	nominate(end, "192.0.2.1:7740", 50);
	assert_true(end_uses(end, "192.0.2.2:7740"));
	assert_int_equal(end_sent_since(end, from, WIRE_CONTROL_NOMINATED), 0);
	nominate(end, "192.0.2.2:7740", 51);
	assert_int_equal(end_sent_since(end, from, WIRE_CONTROL_NOMINATED), 1);
	/* A peer that was restarted counts anew, after a while. */
	end_run(end, 11 * S);
	nominate(end, "192.0.2.1:7740", 3);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	/* What cannot be: a relay of nobody, ourselves, loopback. */
	nominate(end, "relay:0x99@203.0.113.9:7740", 60);
	nominate(end, "198.51.100.7:7740", 61);
	nominate(end, "127.0.0.1:7740", 62);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	end_free(end);

	/* The controlling end takes no orders. */
	end = end_up(true);
	nominate(end, "192.0.2.1:7740", 50);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	assert_int_equal(end_sent_since(end, 0, WIRE_CONTROL_NOMINATED), 0);
	end_free(end);
}

/* Five times; when nobody answers the path stays what it was. */
static void test_nominates(void **state)
{
	struct end *end = end_up(true);
	struct path_message message = end_candidates(5, false);
	struct path_message nominated = { .type = WIRE_CONTROL_NOMINATED };
	struct endpoint src = end_ep("192.0.2.1:7740");
	unsigned int from, count = 0;

	(void)state;
	/* That it uses the relay was answered. */
	end_take_nomination(end);
	end_candidate(&message, "192.0.2.1:7740");
	from = end->count;
	end_told(end, &message);
	end_run(end, 3 * S);
	for (unsigned int i = from; i < end->count; i++)
		count += end->sent[i].type == WIRE_CONTROL_NOMINATE &&
			 endpoint_equal(&end->sent[i].dst, &src);
	assert_int_equal(count, 5);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	/* Later again; then an answer that is not to it, and one that is. */
	end_run(end, 12 * S);
	assert_true(end_sent_since(end, from, WIRE_CONTROL_NOMINATE) > 5);
	nominated.generation =
		end_last(end, WIRE_CONTROL_NOMINATE)->message.generation - 1;
	end_say(end, end->peer, &src, &nominated);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	nominated.generation++;
	end_say(end, end->peer, &end->used, &nominated);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	end_free(end);
}

/* Of one kind: a fifth and 5 ms faster, three times, or it stays. */
static void test_hysteresis(void **state)
{
	static const struct {
		uint64_t used, other;
		bool moves;
	} table[] = {
		{ 40 * MS, 39 * MS, false }, { 40 * MS, 33 * MS, false },
		{ 40 * MS, 30 * MS, true }, { 10 * MS, 6 * MS, false },
		{ 10 * MS, 4 * MS, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct end *end = end_up(true);
		struct path_message message = end_candidates(5, false);
		struct endpoint b = end_ep("192.0.2.2:7740");

		end->rtt = table[i].used;
		end_take_nomination(end);
		end_candidate(&message, "192.0.2.1:7740");
		end_told(end, &message);
		end_run(end, 500 * MS);
		end_take_nomination(end);
		assert_true(end_uses(end, "192.0.2.1:7740"));
		end_run(end, 2 * S);
		/* Another of the kind turns up, and is pinged as a backup. */
		path_pinged(end->host, &end->now, end->peer, &b);
		for (int t = 0; t < 20000; t++) {
			unsigned int from = end->count;
			struct endpoint seen = end_ep("198.51.100.7:7740");

			end->answer = false;
			end_run(end, 10 * MS);
			for (unsigned int j = from; j < end->count; j++) {
				struct sent *s = &end->sent[j % SENT_MAX];
				struct sent copy = *s;

				if (copy.type == WIRE_CONTROL_PING)
					path_pong(end->host, &end->now,
						copy.peer, copy.token,
						&copy.dst, &seen,
						copy.dst.in4.s_addr ==
						b.in4.s_addr ?
						table[i].other : table[i].used);
				else if (copy.type == WIRE_CONTROL_NOMINATE)
					end_take_nomination(end);
			}
		}
		assert_int_equal(end_uses(end, "192.0.2.2:7740"), table[i].moves);
		end_free(end);
	}
}

/* Moved at once from what died, and held to against what is under way. */
static void test_fail_over(void **state)
{
	struct end *end = end_up(true);
	struct path_message message = end_candidates(5, false);

	(void)state;
	end_take_nomination(end);
	end_candidate(&message, "192.0.2.1:7740");
	end_told(end, &message);
	end_run(end, 500 * MS);
	end_take_nomination(end);
	end_run(end, 2 * S);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	end->held = false;
	end->answer = false;
	end_run(end, 900 * MS);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	assert_true(end->held);
	assert_int_equal(end_last(end, WIRE_CONTROL_NOMINATE)->dst.kind,
			 ENDPOINT_RELAY);
	/* It is back at once, and has to wait all the same. */
	end->answer = true;
	end_take_nomination(end);
	for (int i = 0; i < 80; i++) {
		struct endpoint src = end_ep("192.0.2.1:7740");

		path_pinged(end->host, &end->now, end->peer, &src);
		end_run(end, 100 * MS);
		end_take_nomination(end);
		assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	}
	for (int i = 0; i < 60; i++) {
		end_run(end, 100 * MS);
		end_take_nomination(end);
	}
	assert_true(end_uses(end, "192.0.2.1:7740"));
	end_free(end);
}

/* The session has no room for pings: later, and nothing else breaks. */
static void test_busy(void **state)
{
	struct end *end = end_up(true);
	struct path_message message = end_candidates(5, false);
	unsigned int from;

	(void)state;
	end_take_nomination(end);
	end_candidate(&message, "192.0.2.1:7740");
	end->ping_error = -EBUSY;
	end_told(end, &message);
	from = end->count;
	end_run(end, 400 * MS);
	assert_int_equal(end_sent_since(end, from, WIRE_CONTROL_PING), 0);
	end->ping_error = 0;
	end_run(end, 600 * MS);
	end_take_nomination(end);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	end_free(end);
}

/* Introducers and peers go while they are in use. */
static void test_removed(void **state)
{
	struct path_peer_config config = {
		.address = INTRODUCER, .public = { 0xf0, INTRODUCER & 0xff },
		.endpoint = end_ep("203.0.113.1:7740"),
	};
	struct end *end = end_up(true);
	struct path_info info;

	(void)state;
	end_take_nomination(end);
	assert_int_equal(path_peer_set(end->host, &end->now, end->introducer,
				       &config), 0);
	end->answer = false;
	end_run(end, 5 * S);
	assert_true(end->notices[PATH_NOTICE_DEAD] >= 1);
	path_peer_del(end->host, &end->now, end->introducer);
	end_run(end, 5 * S);
	path_peer_info(end->peer, &info);
	assert_true(info.session);
	path_session(end->host, &end->now, end->peer, PATH_SESSION_EXPIRED,
		     NULL);
	end_run(end, 60 * S);
	path_peer_info(end->peer, &info);
	assert_false(info.session);
	assert_int_equal(info.count, 0);
	path_peer_del(end->host, &end->now, end->peer);
	assert_null(path_peer_find(end->agent, PEER));
	config.address = SELF;
	assert_int_equal(path_peer_add(end->host, &end->now, end->agent,
				       &config, NULL, &end->peer), -EINVAL);
	config.address = OTHER;
	assert_int_equal(path_peer_add(end->host, &end->now, end->agent,
				       &config, NULL, &end->peer), -EEXIST);
	path_agent_del(end->host, end->agent);
	assert_int_equal(path_next_deadline(end->host), CLOCK_NEVER);
	end_free(end);
}

/* Whatever is shown can be shown. */
static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i <= PATH_KIND_RELAY; i++)
		assert_non_null(path_kind_name(i));
	for (int i = 0; i <= PATH_CLASSES; i++)
		assert_non_null(path_class_name(i));
	for (int i = 0; i <= PATH_STATE_IN_USE; i++)
		assert_non_null(path_state_name(i));
	for (int i = 0; i <= PATH_NOTICE_RELAY; i++)
		assert_non_null(path_notice_name(i));
}

static bool told(const struct end *end, const char *text)
{
	const struct sent *sent = end_last(end, WIRE_CONTROL_CANDIDATES);
	const struct endpoint ep = end_ep(text);

	for (int i = 0; sent && i < sent->message.count; i++)
		if (endpoint_equal(&sent->message.candidate[i].endpoint, &ep))
			return sent->message.candidate[i].kind ==
			       WIRE_CANDIDATE_OBSERVED;
	return false;
}

static void pong(struct end *end, struct path_peer *peer, const char *at,
		 const char *observed)
{
	struct endpoint src = end_ep(at), seen = end_ep(observed);

	assert_ptr_equal(end_last(end, WIRE_CONTROL_PING)->peer, peer);
	path_pong(end->host, &end->now, peer,
		  end_last(end, WIRE_CONTROL_PING)->token, &src, &seen, 40 * MS);
}

/* STUN servers see something: that counts until an introducer sees it. */
static void test_stun(void **state)
{
	struct end *end = end_new(true);
	struct endpoint seen[2] = {
		end_ep("198.51.100.200:7740"), end_ep("127.0.0.1:7740"),
	};
	struct path_info info;
	uint32_t generation;

	(void)state;
	path_stun_set(end->host, &end->now, seen, 2);
	end_session_up(end, end->other, "203.0.113.9:7740");
	end_run(end, 10 * MS);
	/* It says nothing of use, and is proven now. */
	pong(end, end->other, "203.0.113.9:7740", "127.0.0.1:9");
	end_run(end, 100 * MS);
	assert_true(told(end, "198.51.100.200:7740"));
	assert_false(told(end, "127.0.0.1:7740"));
	path_peer_info(end->peer, &info);
	generation = info.generation;
	path_stun_set(end->host, &end->now, seen, 2);
	path_peer_info(end->peer, &info);
	assert_int_equal(info.generation, generation);
	seen[0].port++;
	path_stun_set(end->host, &end->now, seen, 2);
	end_run(end, 100 * MS);
	assert_true(told(end, "198.51.100.200:7741"));
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	end_run(end, 5 * MS);
	pong(end, end->introducer, "203.0.113.1:7740", "192.0.2.10:2222");
	end_run(end, 500 * MS);
	assert_true(told(end, "192.0.2.10:2222"));
	assert_false(told(end, "198.51.100.200:7741"));
	/* What servers see changes nothing now. */
	path_peer_info(end->peer, &info);
	generation = info.generation;
	path_stun_set(end->host, &end->now, seen, 0);
	path_stun_set(end->host, &end->now, seen, 2);
	path_peer_info(end->peer, &info);
	assert_int_equal(info.generation, generation);
	end_free(end);
}

/* What netcheck tells of an introducer. */
static void test_introducer_info(void **state)
{
	struct end *end = end_new(true);
	struct endpoint at = end_ep("203.0.113.1:7740");
	struct path_introducer_info info;
	struct path_message grant = end_grant(PEER, 7);

	(void)state;
	assert_false(path_introducer_info(end->peer, &end->now, &info));
	assert_true(path_introducer_info(end->introducer, &end->now, &info));
	assert_false(info.reachable);
	assert_int_equal(path_introducers_ask(end->agent, &end->now), 0);
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	end_run(end, 5 * MS);
	pong(end, end->introducer, "203.0.113.1:7740", "192.0.2.10:2222");
	assert_true(path_introducer_info(end->introducer, &end->now, &info));
	assert_true(info.reachable);
	assert_true(endpoint_equal(&info.at, &at));
	assert_int_equal(info.class, PATH_CLASS_IPV4);
	assert_int_equal(info.rtt_ns, 40 * MS);
	assert_int_equal(info.observed[0].port, 2222);
	assert_false(endpoint_is_set(&info.observed[1]));
	assert_int_equal(info.relays, PATH_RELAYS_UNKNOWN);
	end_say(end, end->introducer, &at, &grant);
	path_introducer_info(end->introducer, &end->now, &info);
	assert_string_equal(path_relays_name(info.relays), "data");
	grant.flags = WIRE_RELAY_F_SIGNALLING;
	end_say(end, end->introducer, &at, &grant);
	path_introducer_info(end->introducer, &end->now, &info);
	assert_string_equal(path_relays_name(info.relays), "signalling");
	/* Asked, and silent for as long as is waited for an answer. */
	end_run(end, 2 * S);
	assert_int_equal(path_introducers_ask(end->agent, &end->now), 1);
	end_run(end, 1500 * MS);
	path_introducer_info(end->introducer, &end->now, &info);
	assert_false(info.reachable);
	end_free(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_carried_first),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_nowhere),
		cmocka_unit_test(test_becomes_introducer),
		cmocka_unit_test(test_backups_after_move),
		cmocka_unit_test(test_family_gone),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_relay_follows),
		cmocka_unit_test(test_relay_ended),
		cmocka_unit_test(test_relay_ended_at_hand),
		cmocka_unit_test(test_relay_refresh),
		cmocka_unit_test(test_triggered),
		cmocka_unit_test(test_nomination),
		cmocka_unit_test(test_nominates),
		cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_fail_over),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_stun),
		cmocka_unit_test(test_introducer_info),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}

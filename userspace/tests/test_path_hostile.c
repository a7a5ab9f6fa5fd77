// SPDX-License-Identifier: GPL-2.0-or-later
/* What an end believes of whom, and how much it can be made to send. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "path_end.h"

/* Only from who introduces us, only for who we know, only by its address. */
static void test_grants(void **state)
{
	struct endpoint src = end_ep("203.0.113.1:7740");
	struct end *end = end_new(true);
	struct path_message message = end_grant(PEER, 9);
	uint64_t forged;

	(void)state;
	/* It has no session, so it cannot have said that. */
	end_say(end, end->introducer, &src, &message);
	assert_false(end_knows(end, "relay:0x9@203.0.113.1:7740"));
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	end_session_up(end, end->other, "203.0.113.9:7740");
	forged = path_host_stats(end->host)->rx_forged;
	end_say(end, end->other, &src, &message);
	message = end_grant(STRANGER, 9);
	end_say(end, end->introducer, &src, &message);
	message = end_grant(INTRODUCER, 9);
	end_say(end, end->introducer, &src, &message);
	assert_int_equal(path_host_stats(end->host)->rx_forged, forged + 3);
	assert_false(end_knows(end, "relay:0x9@203.0.113.1:7740"));
	/* Wherever it says so from, the relay is where it is. */
	src = end_ep("192.0.2.66:666");
	message = end_grant(PEER, 9);
	end_say(end, end->introducer, &src, &message);
	assert_true(end_knows(end, "relay:0x9@203.0.113.1:7740"));
	end_free(end);
}

/* Frames by a relay nobody granted count when they come by an introducer. */
static void test_relay_adopted(void **state)
{
	struct end *end = end_new(false);
	unsigned int from;

	(void)state;
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	from = end->count;
	end_session_up(end, end->peer, "relay:0x55@203.0.113.1:7740");
	assert_true(end_uses(end, "relay:0x55@203.0.113.1:7740"));
	assert_int_equal(end_sent_since(end, from, WIRE_CONTROL_RELAY_OPEN), 1);
	end_free(end);
	end = end_new(false);
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	end_session_up(end, end->peer, "relay:0x55@203.0.113.2:7740");
	assert_false(end_knows(end, "relay:0x55@203.0.113.2:7740"));
	assert_int_equal(end->uses, 1);
	end_free(end);
}

/* Addresses where no peer can be are not pinged, and neither are we. */
static void test_bad_candidates(void **state)
{
	static const char *const bad[] = {
		"127.0.0.1:7740", "0.1.2.3:7740", "169.254.1.1:7740",
		"240.0.0.1:7740", "[::1]:7740", "[::7f00:1]:7740",
		"[fd50:494c:4f54:1::1]:7740", "198.51.100.7:7740",
	};
	struct end *end = end_up(true);
	struct path_message message = end_candidates(5, false);
	struct path_info info;
	unsigned int from;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		end_candidate(&message, bad[i]);
	/* Link-local ones come without their link. */
	message.candidate[message.count].kind = WIRE_CANDIDATE_HOST;
	message.candidate[message.count].endpoint = end_ep("[2001:db8::1]:1");
	message.candidate[message.count].endpoint.in6.s6_addr[0] = 0xfe;
	message.candidate[message.count++].endpoint.in6.s6_addr[1] = 0x80;
	end_candidate(&message, "192.0.2.1:7740");
	from = end->count;
	end_told(end, &message);
	path_peer_info(end->peer, &info);
	assert_int_equal(info.count, 2);
	assert_true(end_knows(end, "192.0.2.1:7740"));
	assert_int_equal(path_host_stats(end->host)->rx_forged, 9);
	end_run(end, 5 * S);
	for (unsigned int i = from; i < end->count; i++)
		if (end->sent[i].type == WIRE_CONTROL_PING &&
		    endpoint_is_direct(&end->sent[i].dst))
			assert_true(endpoint_equal(&end->sent[i].dst,
				&message.candidate[9].endpoint) ||
				    end->sent[i].peer == end->introducer);
	end_free(end);
}

/* Our own are those of interfaces, and none that others cannot reach. */
static void test_own_candidates(void **state)
{
	static const char *const own[] = {
		"198.51.100.7:7740", "127.0.0.1:7740", "169.254.7.7:7740",
		"[2001:db8::7]:7740", "[::1]:7740",
		"[fd50:494c:4f54:1::6:4]:7740", "[fe80::1%1]:7740",
	};
	struct endpoint mapped = end_ep("203.0.113.77:4000");
	struct path_address list[7];
	struct end *end = end_up(true);
	const struct sent *told;

	(void)state;
	for (int i = 0; i < 7; i++)
		list[i] = (struct path_address){ end_ep(own[i]), 64 };
	path_addresses_set(end->host, &end->now, list, 7, false);
	path_mapped_set(end->host, &end->now, &mapped, 1);
	end_run(end, 200 * MS);
	told = end_last(end, WIRE_CONTROL_CANDIDATES);
	assert_non_null(told);
	assert_ptr_equal(told->peer, end->peer);
	assert_int_equal(told->message.count, 3);
	assert_int_equal(told->message.candidate[2].kind,
			 WIRE_CANDIDATE_MAPPED);
	/* To whom there is no session nothing was said. */
	for (unsigned int i = 0; i < end->count; i++)
		if (end->sent[i].type == WIRE_CONTROL_CANDIDATES)
			assert_ptr_equal(end->sent[i].peer, end->peer);
	end_free(end);
}

static void pong(struct end *end, struct path_peer *peer, const char *at,
		 const char *observed)
{
	struct endpoint src = end_ep(at), seen = end_ep(observed);

	path_pong(end->host, &end->now, peer,
		  end_last(end, WIRE_CONTROL_PING)->token, &src, &seen, 40 * MS);
}

/* An introducer is asked; another's word counts only without one. */
static void test_observed(void **state)
{
	struct end *end = end_new(true);
	struct path_info info;

	(void)state;
	end_session_up(end, end->other, "203.0.113.9:7740");
	end_run(end, 10 * MS);
	pong(end, end->other, "203.0.113.9:7740", "192.0.2.10:1111");
	path_peer_info(end->peer, &info);
	assert_int_equal(info.observed_count, 1);
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	end_run(end, 5 * MS);
	assert_ptr_equal(end_last(end, WIRE_CONTROL_PING)->peer, end->introducer);
	pong(end, end->introducer, "203.0.113.1:7740", "192.0.2.10:2222");
	end_run(end, 260 * MS);
	assert_ptr_equal(end_last(end, WIRE_CONTROL_PING)->peer, end->other);
	pong(end, end->other, "203.0.113.9:7740", "192.0.2.99:3333");
	path_peer_info(end->peer, &info);
	for (unsigned int i = 0; i < info.observed_count; i++)
		assert_int_not_equal(info.observed[i].port, 3333);
	assert_int_equal(info.observed_count, 2);
	end_free(end);
}

/* It is told of us what it may be, and others do not suffer from it. */
static void test_observed_lies(void **state)
{
	struct end *end = end_up(false);
	struct path_message message = end_candidates(5, false);
	unsigned int generations = 0;
	uint32_t generation;
	struct path_info info;

	(void)state;
	path_peer_del(end->host, &end->now, end->introducer);
	end_session_up(end, end->other, "203.0.113.9:7740");
	end_run(end, 10 * MS);
	/* Another peer's address is not ours, whatever is said. */
	pong(end, end->other, "203.0.113.9:7740", "192.0.2.1:7740");
	end_candidate(&message, "192.0.2.1:7740");
	end_told(end, &message);
	assert_true(end_knows(end, "192.0.2.1:7740"));
	/* All the time another: all of it is not told to all peers. */
	path_peer_info(end->peer, &info);
	generation = info.generation;
	for (int i = 0; i < 240; i++) {
		const struct sent *ping;
		char text[32];

		end->answer = false;
		end_run(end, 250 * MS);
		ping = end_last(end, WIRE_CONTROL_PING);
		if (ping->peer != end->other)
			continue;
		snprintf(text, sizeof(text), "192.0.2.7:%d", 1000 + i);
		pong(end, end->other, "203.0.113.9:7740", text);
		path_peer_info(end->peer, &info);
		generations += info.generation != generation;
		generation = info.generation;
	}
	assert_in_range(generations, 1, 4);
	end_free(end);
}

/* Who introduces us to others is not told where we are. */
static void test_introducer_not_told(void **state)
{
	struct path_message message = end_candidates(5, true);
	struct endpoint src = end_ep("203.0.113.1:7740");
	struct end *end = end_up(true);
	unsigned int from = end->count;

	(void)state;
	end_say(end, end->introducer, &src, &message);
	end_run(end, 5 * S);
	for (unsigned int i = from; i < end->count; i++)
		assert_false(end->sent[i].type == WIRE_CONTROL_CANDIDATES &&
			     end->sent[i].peer == end->introducer);
	end_free(end);
}

static void test_observed_nonsense(void **state)
{
	struct end *end = end_new(true);
	struct path_info info;

	(void)state;
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	end_run(end, 10 * MS);
	pong(end, end->introducer, "203.0.113.1:7740", "127.0.0.1:1111");
	path_peer_info(end->peer, &info);
	assert_int_equal(info.observed_count, 0);
	/* A pong from elsewhere proves nothing. */
	end_run(end, 25 * S);
	pong(end, end->introducer, "203.0.113.2:7740", "192.0.2.10:1111");
	path_peer_info(end->peer, &info);
	assert_int_equal(info.observed_count, 0);
	end_free(end);
}

/*
 * A peer that names others all the time, and asks for pings all the time:
 * those get few of them.
 */
static void test_budget(void **state)
{
	struct endpoint src = end_ep("relay:0x7@203.0.113.1:7740");
	struct end *end = end_up(false);
	unsigned int pings[130] = { 0 }, worst = 0;

	(void)state;
	end->rtt = 40 * MS;
	for (int t = 0; t < 1200; t++) {
		struct path_message message = end_candidates(1000 + t, false);
		struct path_message punch = {
			.type = WIRE_CONTROL_PUNCH, .round = t,
			.generation = 1000 + t,
		};
		unsigned int from = end->count;
		char text[40];

		for (int i = 0; i < 16; i++) {
			snprintf(text, sizeof(text), "192.0.2.%d:%d", i + 1,
				 1000 + t);
			end_candidate(&message, text);
		}
		end_told(end, &message);
		end_say(end, end->peer, &src, &punch);
		snprintf(text, sizeof(text), "192.0.3.1:%d", 1000 + t);
		src = end_ep(text);
		path_pinged(end->host, &end->now, end->peer, &src);
		src = end_ep("relay:0x7@203.0.113.1:7740");
		/* Victims do not answer. */
		end->answer = false;
		end_run(end, 100 * MS);
		for (unsigned int i = from; i < end->count; i++)
			if (end->sent[i % SENT_MAX].type ==
			    WIRE_CONTROL_PING &&
			    end->sent[i % SENT_MAX].dst.port != 7740)
				pings[t / 10]++;
		path_pinged(end->host, &end->now, end->peer, &src);
	}
	for (int t = 0; t + 60 <= 120; t++) {
		unsigned int sum = 0;

		for (int i = t; i < t + 60; i++)
			sum += pings[i];
		if (sum > worst)
			worst = sum;
	}
	assert_in_range(worst, 10, 200);
	end_free(end);
}

/* Never more than there is room for, and honest ones are not put out. */
static void test_bounds(void **state)
{
	struct end *end = end_up(true);
	struct path_message message = end_candidates(5, false);
	struct path_info info;
	char text[40];

	(void)state;
	for (int i = 0; i < 16; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d:7740", i + 1);
		end_candidate(&message, text);
	}
	end_told(end, &message);
	end_run(end, 10 * S);
	for (int i = 0; i < 300; i++) {
		struct endpoint src;

		snprintf(text, sizeof(text), "192.0.4.7:%d", i + 1);
		src = end_ep(text);
		path_pinged(end->host, &end->now, end->peer, &src);
	}
	path_peer_info(end->peer, &info);
	assert_true(info.count <= PATH_CANDIDATES_MAX + 1);
	/* Those answered, so they stayed. */
	assert_true(end_knows(end, "192.0.2.1:7740"));
	for (uint32_t id = 100; id < 200; id++) {
		struct endpoint at = end_ep("203.0.113.1:7740");
		struct path_message again = end_grant(PEER, id);

		end_say(end, end->introducer, &at, &again);
	}
	path_peer_info(end->peer, &info);
	assert_true(info.count <= PATH_INFO_CANDIDATES);
	end_free(end);
}

/* Liars cannot make the path jump. */
static void test_path_failed_flood(void **state)
{
	struct end *end = end_up(true);
	struct path_message failed = { .type = WIRE_CONTROL_PATH_FAILED };
	uint64_t before = path_host_stats(end->host)->moves;
	struct endpoint from[2];

	(void)state;
	from[0] = end_ep("192.0.2.1:7740");
	from[1] = end_ep("192.0.2.2:7740");
	for (int i = 0; i < 600; i++) {
		end_say(end, end->peer, &from[i & 1], &failed);
		end_run(end, 100 * MS);
	}
	assert_true(path_host_stats(end->host)->moves - before <= 120);
	end_free(end);
}

/* The wrong messages, and those of others, change nothing. */
static void test_not_ours(void **state)
{
	static const uint8_t garbage[] = { 1, 2, 3 };
	struct endpoint src = end_ep("203.0.113.1:7740");
	struct end *end = end_up(true);

	(void)state;
	assert_false(path_control(end->host, &end->now, end->peer, &src,
				  WIRE_CONTROL_RELAY_OPEN, NULL, 0));
	assert_false(path_control(end->host, &end->now, end->peer, &src,
				  WIRE_CONTROL_RELAY_CLOSE, NULL, 0));
	assert_false(path_control(end->host, &end->now, end->peer, &src,
				  WIRE_CONTROL_PONG, NULL, 0));
	assert_false(path_control(end->host, &end->now, end->peer, &src, 99,
				  NULL, 0));
	assert_true(path_control(end->host, &end->now, end->peer, &src,
				 WIRE_CONTROL_NOMINATE, garbage, 3));
	assert_int_equal(path_host_stats(end->host)->rx_refused, 1);
	path_pong(end->host, &end->now, end->peer, 12345, &src, &src, 1);
	end_free(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_relay_adopted),
		cmocka_unit_test(test_bad_candidates),
		cmocka_unit_test(test_own_candidates),
		cmocka_unit_test(test_observed),
		cmocka_unit_test(test_observed_lies),
		cmocka_unit_test(test_introducer_not_told),
		cmocka_unit_test(test_observed_nonsense),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_path_failed_flood),
		cmocka_unit_test(test_not_ours),
	};

	return cmocka_run_group_tests_name("path_hostile", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths by TURN servers: taken where no other carries data, left where one
 * does, and found again when a server starts anew or dies.
 */
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "path_end.h"
#include "path_pair.h"

/*
 * Behind NATs of this sort; the introducer only signals. @lower: the end that
 * chooses, 0 for a.
 */
static struct pair pair_by_turn(uint64_t seed, enum net_rule rule, int lower)
{
	struct pair pair = { .sim = psim_new(seed) };
	struct net *net = &pair.sim->net;
	int ra = net_nat_add(net, 0, rule, NET_PORT, false);
	int rb = net_nat_add(net, 0, rule, NET_PORT, false);

	pair.r[0] = psim_introducer(pair.sim, true, false);
	pair.sim->node[pair.r[0]].signalling = true;
	pair.a = psim_node(pair.sim, ra, true, false);
	pair.b = psim_node(pair.sim, rb, true, false);
	pair.server[0] = psim_turn_server(pair.sim);
	pair.server[1] = psim_turn_server(pair.sim);
	psim_control(pair.sim, lower ? pair.b : pair.a,
		     lower ? pair.a : pair.b);
	psim_introduce(pair.sim, pair.a, pair.r[0]);
	psim_introduce(pair.sim, pair.b, pair.r[0]);
	psim_pair(pair.sim, pair.a, pair.b, NULL);
	psim_run(pair.sim, 2 * NET_S);
	return pair;
}

static struct turn_server *server(struct pair *pair, int i)
{
	return pair->sim->node[pair->server[i]].server;
}

static unsigned int asked(const struct turn_server *at)
{
	unsigned int n = 0;

	for (int i = 0; i < 16; i++)
		n += at->requests[i];
	return n;
}

static void block(struct pair *pair, int a, int b, bool blocked)
{
	pair->sim->net.blocked[a][b] = blocked;
	pair->sim->net.blocked[b][a] = blocked;
}

/* Real data came to both ends since. */
static int until_data(struct pair *pair, uint64_t limit)
{
	uint64_t began = pair->sim->net.now;

	while (pair->sim->net.now - began < limit) {
		psim_run(pair->sim, 10 * NET_MS);
		if (pair_at_a(pair)->last_received_at > began &&
		    pair_at_b(pair)->last_received_at > began)
			return (pair->sim->net.now - began) / NET_MS;
	}
	psim_show(pair->sim, pair->a, pair->b);
	psim_show(pair->sim, pair->b, pair->a);
	return -1;
}

/* Of either end, whichever chooses, and with loss. */
static void data_goes_by_a_server_where_nothing_else_takes_it(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		struct pair pair = pair_by_turn(100 + i, NET_PORT, i & 1);
		int user = i & 2 ? pair.b : pair.a;

		pair.sim->net.loss = i & 4 ? 10 : 0;
		psim_turn(pair.sim, user, pair.server, 1);
		if (i & 8)
			psim_turn(pair.sim, i & 2 ? pair.a : pair.b,
				  pair.server, 1);
		pair_talk(&pair, 20 * NET_MS);
		/* With loss one in twenty has to tell its candidates again. */
		assert_in_range(until_data(&pair, 20 * NET_S), 0,
				i & 4 ? 15000 : 2000);
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_TURN);
		assert_true(server(&pair, 0)->channel_data > 100);
		/* And stays there, through all that has to be renewed. */
		pair_gaps_reset(&pair);
		psim_run(pair.sim, 700 * NET_S);
		pair_expect(&pair, PATH_CLASS_TURN);
		assert_in_range(pair_longest_gap(&pair), 0, i & 4 ? 2500 : 60);
		psim_free(pair.sim);
	}
}

/* Neither gets to the other's server: from one to the other. */
static void each_may_have_its_own_server(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_by_turn(200 + i, NET_PORT, i);

		block(&pair, pair.a, pair.server[1], true);
		block(&pair, pair.b, pair.server[0], true);
		psim_turn(pair.sim, pair.a, &pair.server[0], 1);
		psim_turn(pair.sim, pair.b, &pair.server[1], 1);
		pair_talk(&pair, 20 * NET_MS);
		assert_in_range(until_data(&pair, 10 * NET_S), 0, 3000);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_TURN);
		assert_true(server(&pair, 0)->channel_data > 50);
		assert_true(server(&pair, 1)->channel_data > 50);
		psim_free(pair.sim);
	}
}

static void nobody_is_asked_where_another_path_works(void **state)
{
	struct pair pair;

	(void)state;
	/* An introducer that takes data. */
	pair = pair_by_turn(300, NET_PORT, 0);
	pair.sim->node[pair.r[0]].signalling = false;
	psim_turn(pair.sim, pair.a, pair.server, 1);
	psim_turn(pair.sim, pair.b, pair.server, 1);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 30 * NET_S);
	pair_expect(&pair, PATH_CLASS_RELAY);
	assert_int_equal(asked(server(&pair, 0)), 0);
	psim_free(pair.sim);
	/* NATs that can be punched. */
	pair = pair_by_turn(301, NET_ENDPOINT, 0);
	psim_turn(pair.sim, pair.a, pair.server, 1);
	psim_turn(pair.sim, pair.b, pair.server, 1);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 30 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	assert_int_equal(asked(server(&pair, 0)), 0);
	psim_free(pair.sim);
}

static void an_idle_pair_needs_no_server(void **state)
{
	struct pair pair = pair_by_turn(310, NET_PORT, 0);

	(void)state;
	psim_turn(pair.sim, pair.a, pair.server, 1);
	psim_run(pair.sim, 60 * NET_S);
	assert_int_equal(asked(server(&pair, 0)), 0);
	psim_free(pair.sim);
}

static void a_server_that_starts_anew_is_used_again(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct pair pair = pair_by_turn(400 + i, NET_PORT, i & 1);

		psim_turn(pair.sim, i & 2 ? pair.b : pair.a, pair.server, 1);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_TURN);
		for (int n = 0; n < 3; n++) {
			turn_server_restart(server(&pair, 0));
			assert_in_range(until_data(&pair, 10 * NET_S), 0,
					4000);
			psim_run(pair.sim, 5 * NET_S);
			pair_expect(&pair, PATH_CLASS_TURN);
		}
		psim_free(pair.sim);
	}
}

static void a_dead_server_is_left_for_another(void **state)
{
	struct pair pair = pair_by_turn(500, NET_PORT, 0);

	(void)state;
	psim_turn(pair.sim, pair.a, pair.server, 2);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_TURN);
	assert_int_equal(asked(server(&pair, 1)), 0);
	server(&pair, 0)->silent = true;
	assert_in_range(until_data(&pair, 30 * NET_S), 0, 14000);
	psim_run(pair.sim, 60 * NET_S);
	pair_expect(&pair, PATH_CLASS_TURN);
	/* It stays there, too. */
	server(&pair, 0)->silent = false;
	pair_gaps_reset(&pair);
	psim_run(pair.sim, 60 * NET_S);
	assert_in_range(pair_longest_gap(&pair), 0, 60);
	psim_free(pair.sim);
}

static void a_server_that_refuses_is_left_for_another(void **state)
{
	struct pair pair = pair_by_turn(510, NET_PORT, 0);

	(void)state;
	psim_turn(pair.sim, pair.b, pair.server, 2);
	server(&pair, 0)->password = "another";
	pair_talk(&pair, 20 * NET_MS);
	assert_in_range(until_data(&pair, 10 * NET_S), 0, 3000);
	psim_run(pair.sim, 5 * NET_S);
	pair_expect(&pair, PATH_CLASS_TURN);
	assert_true(server(&pair, 1)->channel_data > 50);
	psim_free(pair.sim);
}

/* Its grants are no reason to ask it as often as can be. */
static void a_server_that_forgets_is_asked_ever_more_rarely(void **state)
{
	struct pair pair = pair_by_turn(515, NET_PORT, 0);
	unsigned int before;

	(void)state;
	psim_turn(pair.sim, pair.b, pair.server, 1);
	server(&pair, 0)->method = 9;
	server(&pair, 0)->error = 437;
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 300 * NET_S);
	assert_in_range(asked(server(&pair, 0)), 20, 120);
	before = asked(server(&pair, 0));
	psim_run(pair.sim, 300 * NET_S);
	assert_in_range(asked(server(&pair, 0)) - before, 1, 30);
	/* And taken again when it does better. */
	server(&pair, 0)->error = 0;
	assert_true(until_data(&pair, 330 * NET_S) >= 0);
	pair_expect(&pair, PATH_CLASS_TURN);
	psim_run(pair.sim, 60 * NET_S);
	assert_int_equal(pair.sim->node[pair.b].turn.server[0].pause, 0);
	psim_free(pair.sim);
}

static void a_server_that_was_away_is_asked_again(void **state)
{
	struct pair pair = pair_by_turn(520, NET_PORT, 1);

	(void)state;
	server(&pair, 0)->silent = true;
	psim_turn(pair.sim, pair.a, pair.server, 1);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 60 * NET_S);
	server(&pair, 0)->silent = false;
	assert_in_range(until_data(&pair, 60 * NET_S), 0, 50000);
	psim_free(pair.sim);
}

static void a_direct_path_is_better_and_ends_the_need(void **state)
{
	struct pair pair = pair_by_turn(600, NET_ENDPOINT, 0);

	(void)state;
	block(&pair, pair.a, pair.b, true);
	psim_turn(pair.sim, pair.a, pair.server, 1);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_TURN);
	block(&pair, pair.a, pair.b, false);
	pair_gaps_reset(&pair);
	assert_in_range(psim_until_class(pair.sim, pair.a, pair.b,
					 PATH_CLASS_IPV4, 90 * NET_S),
			0, 90000);
	assert_in_range(pair_longest_gap(&pair), 0, 100);
	assert_non_null(turn_server_only(server(&pair, 0)));
	psim_run(pair.sim, 620 * NET_S);
	assert_null(turn_server_only(server(&pair, 0)));
	pair_expect(&pair, PATH_CLASS_IPV4);
	psim_free(pair.sim);
}

/* So slow for a while that it counts as dead: what is sent is late, not lost. */
static void slow_for_a_while(struct pair *pair, enum path_class class,
			     uint64_t delay, uint64_t duration)
{
	struct psim_peer *a = pair_at_a(pair), *b = pair_at_b(pair);
	uint64_t before = pair->sim->net.delay;
	unsigned int missing[2];

	pair_talk(pair, 20 * NET_MS);
	psim_run(pair->sim, 10 * NET_S);
	pair_expect(pair, class);
	pair_talk(pair, 0);
	psim_run(pair->sim, NET_S);
	missing[0] = a->data_sent - b->data_received;
	missing[1] = b->data_sent - a->data_received;
	pair_talk(pair, 20 * NET_MS);
	pair->sim->net.delay = delay;
	psim_run(pair->sim, duration);
	assert_true(a->notices[PATH_NOTICE_DEAD] +
		    b->notices[PATH_NOTICE_DEAD] > 0);
	pair->sim->net.delay = before;
	/* And used again as soon as it answers. */
	psim_run(pair->sim, 2 * NET_S);
	pair_expect(pair, class);
	pair_talk(pair, 0);
	psim_run(pair->sim, 3 * NET_S);
	assert_int_equal(a->data_sent - b->data_received, missing[0]);
	assert_int_equal(b->data_sent - a->data_received, missing[1]);
	psim_free(pair->sim);
}

/* There is nothing else to take data: the introducer's relay does not. */
static void a_slow_path_is_better_than_none(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		struct pair pair = pair_by_turn(650 + i, NET_PORT, i & 1);

		psim_turn(pair.sim, i & 2 ? pair.b : pair.a, pair.server, 1);
		/* Two ways to the server, each way. */
		slow_for_a_while(&pair, PATH_CLASS_TURN,
				 (i & 4 ? 300 : 600) * NET_MS,
				 (i & 8 ? 1500 : 20000) * NET_MS);
	}
	for (int i = 0; i < 8; i++) {
		struct pair pair = pair_by_turn(670 + i, NET_ENDPOINT, i & 1);

		slow_for_a_while(&pair, PATH_CLASS_IPV4,
				 (i & 2 ? 800 : 1000) * NET_MS,
				 (i & 4 ? 1500 : 20000) * NET_MS);
	}
}

static void a_path_that_was_cut_is_used_as_soon_as_it_works(void **state)
{
	(void)state;
	for (int i = 0; i < 32; i++) {
		struct pair pair = pair_by_turn(680 + i, NET_PORT, i & 1);
		int user = i & 2 ? pair.b : pair.a;

		psim_turn(pair.sim, user, pair.server, 1);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_TURN);
		block(&pair, user, pair.server[0], true);
		psim_run(pair.sim, (2000 + i / 4 * 500) * NET_MS);
		pair_expect(&pair, PATH_CLASS_RELAY);
		block(&pair, user, pair.server[0], false);
		psim_run(pair.sim, 2 * NET_S);
		pair_expect(&pair, PATH_CLASS_TURN);
		psim_free(pair.sim);
	}
}

/* The process is another one, and the socket the same. */
static void a_restarted_helper_gets_its_server_back(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct pair pair = pair_by_turn(700 + i, NET_PORT, i & 1);

		psim_turn(pair.sim, pair.a, pair.server, 1);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 10 * NET_S);
		psim_restart(pair.sim, i & 2 ? pair.a : pair.b);
		assert_in_range(until_data(&pair, 40 * NET_S), 0, 25000);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_TURN);
		psim_free(pair.sim);
	}
}

/* There is nobody to say where it is, and no way from here to there. */
static void what_is_configured_is_reached_by_a_server(void **state)
{
	struct psim *sim = psim_new(800);
	int realm = net_nat_add(&sim->net, 0, NET_PORT, NET_PORT, false);
	struct pair pair = { .sim = sim };

	(void)state;
	pair.r[0] = psim_introducer(sim, true, false);
	pair.a = psim_node(sim, realm, true, false);
	pair.b = psim_node(sim, NET_INTERNET, true, false);
	pair.server[0] = psim_turn_server(sim);
	psim_introduce(sim, pair.a, pair.r[0]);
	block(&pair, pair.a, pair.r[0], true);
	block(&pair, pair.a, pair.b, true);
	psim_pair(sim, pair.a, pair.b, &sim->net.host[pair.b].ep4);
	psim_turn(sim, pair.a, pair.server, 1);
	psim_traffic(sim, pair.a, pair.b, 20 * NET_MS);
	psim_run(sim, 5 * NET_S);
	psim_traffic(sim, pair.b, pair.a, 20 * NET_MS);
	assert_in_range(until_data(&pair, 10 * NET_S), 0, 1000);
	psim_run(sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_TURN);
	/* By such a way an introducer could do nothing for us. */
	assert_int_equal(sim->node[pair.r[0]].peer[pair.a].current, 0);
	psim_free(sim);
}

/* @at: where its channels are. */
static struct path_turn end_turn(const char *at)
{
	struct path_turn turn = {
		.server = end_ep("203.0.113.9:3478"),
		.at = end_ep(at),
		.relayed = end_ep("203.0.113.9:50000"),
	};

	return turn;
}

/* What only comes by the server's address is not by its channel. */
static void only_channels_of_our_own_server_are_ways(void **state)
{
	struct end *end = end_up(true);
	struct path_turn turn = end_turn("203.0.113.9:3478");
	struct endpoint src = end_ep("turn:0x4001@203.0.113.9:3478");
	struct path_message told = end_candidates(1, false);

	(void)state;
	path_pinged(end->host, &end->now, end->peer, &src);
	assert_false(end_knows(end, "turn:0x4001@203.0.113.9:3478"));
	path_turn_set(end->host, &end->now, &turn);
	src.port++;
	path_pinged(end->host, &end->now, end->peer, &src);
	assert_false(end_knows(end, "turn:0x4001@203.0.113.9:3479"));
	src.port--;
	path_pinged(end->host, &end->now, end->peer, &src);
	assert_true(end_knows(end, "turn:0x4001@203.0.113.9:3478"));
	/* Nor is our own relayed address one of the peer's. */
	end_candidate(&told, "203.0.113.9:50000");
	end_told(end, &told);
	assert_false(end_knows(end, "203.0.113.9:50000"));
	path_turn_set(end->host, &end->now, NULL);
	assert_false(end_knows(end, "turn:0x4001@203.0.113.9:3478"));
	end_free(end);
}

/* What end_up() comes by, and a way by the server of end_turn(). */
#define INTRODUCER_AT	"203.0.113.1:7740"
#define RELAY		"relay:0x7@" INTRODUCER_AT
#define CHANNEL		"turn:0x4001@203.0.113.9:3478"

/* By the channel, which is silent, with nothing else but a relay to signal by. */
static struct end *end_slow(void)
{
	struct end *end = end_up(true);
	struct path_turn turn = end_turn("203.0.113.9:3478");
	struct endpoint src = end_ep(CHANNEL);
	struct endpoint at = end_ep(INTRODUCER_AT);
	struct path_message grant = end_grant(PEER, 7);

	grant.flags = WIRE_RELAY_F_SIGNALLING;
	end_say(end, end->introducer, &at, &grant);
	end_take_nomination(end);
	path_turn_set(end->host, &end->now, &turn);
	path_pinged(end->host, &end->now, end->peer, &src);
	end_run(end, 500 * MS);
	end_take_nomination(end);
	assert_true(endpoint_equal(&end->used, &src));
	end->silent = src;
	end_run(end, 4 * S);
	assert_true(end_uses(end, RELAY));
	assert_true(endpoint_equal(&end->used, &src));
	return end;
}

/* Data goes by a silent path as long as it can come through there. */
static void an_allocation_that_ends_takes_no_more_data(void **state)
{
	struct endpoint by = end_ep(RELAY);
	struct end *end = end_slow();

	(void)state;
	path_turn_set(end->host, &end->now, NULL);
	assert_true(end_uses(end, RELAY));
	assert_true(endpoint_equal(&end->used, &by));
	end_free(end);
}

/* What was somebody's place may be another's by now. */
static void a_silent_path_takes_data_for_some_seconds_only(void **state)
{
	struct endpoint by = end_ep(RELAY);
	struct end *end = end_slow();

	(void)state;
	end_run(end, 10 * S);
	assert_true(endpoint_equal(&end->used, &by));
	end_free(end);
}

static void a_relay_that_begins_to_take_data_gets_it(void **state)
{
	struct endpoint by = end_ep(RELAY);
	struct endpoint at = end_ep(INTRODUCER_AT);
	struct path_message grant = end_grant(PEER, 7);
	struct end *end = end_slow();

	(void)state;
	end_say(end, end->introducer, &at, &grant);
	assert_true(endpoint_equal(&end->used, &by));
	end_free(end);
}

/* A handshake by the relay turns the kernel there, where no data goes. */
static void a_handshake_by_a_relay_turns_no_data(void **state)
{
	struct endpoint src = end_ep(CHANNEL);
	struct end *end = end_slow();
	unsigned int uses = end->uses;

	(void)state;
	end_session_up(end, end->peer, RELAY);
	assert_true(end->uses > uses);
	assert_true(endpoint_equal(&end->used, &src));
	end_free(end);
}

/*
 * The other end asks for a relay of which no word has come yet, from an introducer
 * that only signals as far as is known: data stays, also when all of it ends.
 */
static void an_unknown_relay_is_as_its_introducer_is(void **state)
{
	struct endpoint direct = end_ep("192.0.2.9:7740");
	struct endpoint src = end_ep("relay:0x9@" INTRODUCER_AT);
	struct endpoint at = end_ep(INTRODUCER_AT);
	struct path_message nominate = {
		.type = WIRE_CONTROL_NOMINATE, .generation = 1,
	};
	struct path_message grant = end_grant(OTHER, 8);
	struct end *end = end_new(false);
	unsigned int uses;

	(void)state;
	end->answer = true;
	end_session_up(end, end->introducer, INTRODUCER_AT);
	end_session_up(end, end->peer, "192.0.2.9:7740");
	end_run(end, 500 * MS);
	grant.flags = WIRE_RELAY_F_SIGNALLING;
	end_say(end, end->introducer, &at, &grant);
	end_say(end, end->peer, &src, &nominate);
	assert_true(end_uses(end, "relay:0x9@" INTRODUCER_AT));
	assert_true(endpoint_equal(&end->used, &direct));
	uses = end->uses;
	path_agent_stop(end->host, &end->now, end->agent);
	assert_int_equal(end->uses, uses);
	end_free(end);
}

/* By TCP or TLS a process on loopback speaks for the server. */
static void one_that_udp_does_not_reach_is_the_slow_path(void **state)
{
	struct end *end = end_up(true);
	struct path_turn turn = end_turn("127.64.1.1:5000");
	struct endpoint by_udp = end_ep("turn:0x4001@203.0.113.9:3478");
	struct endpoint src = end_ep("turn:0x4001@127.64.1.1:5000");
	const struct path_candidate_info *c;
	struct path_info info;

	(void)state;
	path_pinged(end->host, &end->now, end->peer, &src);
	assert_false(end_knows(end, "turn:0x4001@127.64.1.1:5000"));
	path_turn_set(end->host, &end->now, &turn);
	path_pinged(end->host, &end->now, end->peer, &by_udp);
	assert_false(end_knows(end, "turn:0x4001@203.0.113.9:3478"));
	path_pinged(end->host, &end->now, end->peer, &src);
	path_peer_info(end->peer, &info);
	c = end_info_of(&info, "turn:0x4001@127.64.1.1:5000");
	assert_non_null(c);
	assert_int_equal(c->class, PATH_CLASS_TLS);
	assert_int_equal(c->kind, PATH_KIND_TURN);
	path_turn_set(end->host, &end->now, NULL);
	assert_false(end_knows(end, "turn:0x4001@127.64.1.1:5000"));
	end_free(end);
}

static void the_relayed_address_is_told(void **state)
{
	struct end *end = end_up(true);
	struct path_turn turn = end_turn("203.0.113.9:3478");
	const struct sent *sent;
	bool found = false;

	(void)state;
	path_turn_set(end->host, &end->now, &turn);
	end_run(end, 200 * MS);
	sent = end_last(end, WIRE_CONTROL_CANDIDATES);
	assert_non_null(sent);
	for (int i = 0; i < sent->message.count; i++)
		found |= sent->message.candidate[i].kind ==
				 WIRE_CANDIDATE_TURN &&
			 endpoint_equal(&sent->message.candidate[i].endpoint,
					&turn.relayed);
	assert_true(found);
	end_free(end);
}

/* The peer's first data turned the kernel to where the handshake was. */
static void a_late_confirmation_does_not_turn_the_kernel(void **state)
{
	struct end *end = end_up(true);
	unsigned int uses = end->uses;

	(void)state;
	path_session(end->host, &end->now, end->peer, PATH_SESSION_CONFIRMED,
		     NULL);
	assert_int_equal(end->uses, uses + 1);
	assert_true(end->held);
	end_free(end);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_goes_by_a_server_where_nothing_else_takes_it),
		cmocka_unit_test(each_may_have_its_own_server),
		cmocka_unit_test(nobody_is_asked_where_another_path_works),
		cmocka_unit_test(an_idle_pair_needs_no_server),
		cmocka_unit_test(a_server_that_starts_anew_is_used_again),
		cmocka_unit_test(a_dead_server_is_left_for_another),
		cmocka_unit_test(a_server_that_refuses_is_left_for_another),
		cmocka_unit_test(a_server_that_forgets_is_asked_ever_more_rarely),
		cmocka_unit_test(a_server_that_was_away_is_asked_again),
		cmocka_unit_test(a_direct_path_is_better_and_ends_the_need),
		cmocka_unit_test(a_slow_path_is_better_than_none),
		cmocka_unit_test(a_path_that_was_cut_is_used_as_soon_as_it_works),
		cmocka_unit_test(a_restarted_helper_gets_its_server_back),
		cmocka_unit_test(what_is_configured_is_reached_by_a_server),
		cmocka_unit_test(only_channels_of_our_own_server_are_ways),
		cmocka_unit_test(an_allocation_that_ends_takes_no_more_data),
		cmocka_unit_test(a_silent_path_takes_data_for_some_seconds_only),
		cmocka_unit_test(a_relay_that_begins_to_take_data_gets_it),
		cmocka_unit_test(a_handshake_by_a_relay_turns_no_data),
		cmocka_unit_test(an_unknown_relay_is_as_its_introducer_is),
		cmocka_unit_test(one_that_udp_does_not_reach_is_the_slow_path),
		cmocka_unit_test(the_relayed_address_is_told),
		cmocka_unit_test(a_late_confirmation_does_not_turn_the_kernel),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("path turn", tests, NULL, NULL);
}

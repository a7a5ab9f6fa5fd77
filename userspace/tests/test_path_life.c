// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths over time: what dies, moves, restarts, is lost, or falls asleep. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "path_pair.h"

/* What is configured answers, so nobody is asked. */
static void test_configured(void **state)
{
	struct pair pair = pair_new(1, 1);
	struct endpoint at;

	(void)state;
	net_host_move(&pair.sim->net, pair.b, NET_INTERNET, true, false);
	psim_addresses(pair.sim, pair.b, false);
	at = pair.sim->net.host[pair.b].ep4;
	psim_pair(pair.sim, pair.a, pair.b, &at);
	psim_run(pair.sim, 2 * NET_S);
	pair_talk(&pair, 0);
	psim_traffic(pair.sim, pair.a, pair.b, 20 * NET_MS);
	psim_run(pair.sim, 200 * NET_MS);
	assert_true(pair_at_b(&pair)->data_received > 2);
	assert_int_equal(pair.sim->node[pair.r[0]].opens, 0);
	psim_run(pair.sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	assert_int_equal(pair.sim->node[pair.r[0]].opens, 0);
	psim_free(pair.sim);
}

/* It does not answer: the introducer is asked 300 ms later. */
static void test_configured_wrong(void **state)
{
	struct endpoint at = { .family = AF_INET, .port = 7740 };
	struct pair pair = pair_new(2, 1);
	int first;

	(void)state;
	at.in4.s_addr = htonl(0x0b630001);
	psim_pair(pair.sim, pair.a, pair.b, &at);
	psim_run(pair.sim, 2 * NET_S);
	psim_traffic(pair.sim, pair.a, pair.b, 20 * NET_MS);
	psim_run(pair.sim, 290 * NET_MS);
	assert_int_equal(pair.sim->node[pair.r[0]].opens, 0);
	first = psim_until_connected(pair.sim, pair.a, pair.b, 5 * NET_S);
	/* One way only has data, the other has keepalives. */
	assert_true(first < 0);
	assert_in_range((pair_at_b(&pair)->first_received_at -
			 1002 * NET_S) / NET_MS, 300, 550);
	pair_expect(&pair, PATH_CLASS_IPV4);
	psim_free(pair.sim);
}

/* The direct path dies under traffic, and comes back later. */
static void test_fail_over_active(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 16; seed++) {
		struct pair pair = pair_direct(seed, 1);
		unsigned int before = pair_moves(&pair);

		psim_run(pair.sim, seed * 37 * NET_MS);
		pair_gaps_reset(&pair);
		pair_block(&pair, true);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		assert_in_range(pair_longest_gap(&pair), 500, 1000);
		assert_int_equal(pair_moves(&pair), before + 2);
		/* Tried again, not before some time, and not in vain often. */
		psim_run(pair.sim, 60 * NET_S);
		assert_int_equal(pair_moves(&pair), before + 2);
		pair_gaps_reset(&pair);
		pair_block(&pair, false);
		psim_run(pair.sim, 65 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_int_equal(pair_moves(&pair), before + 4);
		assert_true(pair_longest_gap(&pair) < 200);
		psim_free(pair.sim);
	}
}

/* Directly for long: the relay was kept all the time. */
static void test_fail_over_late(void **state)
{
	struct pair pair = pair_direct(25, 1);

	(void)state;
	psim_run(pair.sim, 1000 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	assert_int_equal(pair.sim->node[pair.r[0]].closes, 0);
	pair_gaps_reset(&pair);
	pair_block(&pair, true);
	psim_run(pair.sim, 5 * NET_S);
	pair_expect(&pair, PATH_CLASS_RELAY);
	assert_true(pair_longest_gap(&pair) < 1000);
	psim_free(pair.sim);
}

/* It comes and goes: less and less is tried of it. */
static void test_coming_and_going(void **state)
{
	struct pair pair = pair_direct(26, 1);
	unsigned int before = pair_moves(&pair);

	(void)state;
	for (int i = 0; i < 200; i++) {
		pair_block(&pair, i & 1);
		psim_run(pair.sim, 3 * NET_S);
	}
	/* There and back at both ends: after 10 s, 20 s, and so on. */
	assert_in_range(pair_moves(&pair) - before, 8, 20);
	psim_free(pair.sim);
}

/* One direction dies: the end that does not hear says so. */
static void test_fail_over_one_way(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_direct(20 + i, 1);

		pair_gaps_reset(&pair);
		pair.sim->net.blocked[i ? pair.a : pair.b]
				     [i ? pair.b : pair.a] = true;
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		assert_true(pair_longest_gap(&pair) < 1000);
		psim_free(pair.sim);
	}
}

/* Without traffic, soon after there was some. */
static void test_fail_over_idle(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 16; seed++) {
		struct pair pair = pair_direct(seed, 1);

		pair_talk(&pair, 0);
		psim_run(pair.sim, 15 * NET_S + seed * 91 * NET_MS);
		pair_expect(&pair, PATH_CLASS_IPV4);
		pair_dies(&pair, 1000, 3000);
		psim_free(pair.sim);
	}
}

/* Asleep: nothing is sent. Woken: what died meanwhile is found out. */
static void test_sleep(void **state)
{
	struct pair pair = pair_direct(5, 1);
	unsigned int sent;

	(void)state;
	pair_talk(&pair, 0);
	psim_run(pair.sim, 90 * NET_S);
	sent = pair_at_a(&pair)->controls_sent + pair_at_b(&pair)->controls_sent;
	psim_run(pair.sim, 3600 * NET_S);
	assert_int_equal(pair_at_a(&pair)->controls_sent +
			 pair_at_b(&pair)->controls_sent, sent);
	/* The relay was given back. */
	assert_int_equal(pair.sim->node[pair.r[0]].closes, 2);
	/* The NATs have forgotten, and so the old path is no more. */
	pair_talk(&pair, 20 * NET_MS);
	assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
					     10 * NET_S), 0, 2500);
	psim_run(pair.sim, 70 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	psim_free(pair.sim);
}

/* The introducer that relays dies; another one is at hand. */
static void test_two_introducers(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_new(30 + i, 2);
		struct psim_node *nodes = pair.sim->node;
		unsigned int before;
		int dies;

		pair_block(&pair, true);
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		before = nodes[pair.r[1]].relayed;
		psim_run(pair.sim, NET_S);
		dies = nodes[pair.r[1]].relayed > before + 50;
		pair_gaps_reset(&pair);
		pair.sim->net.host[pair.r[dies]].down = true;
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		assert_in_range(pair_longest_gap(&pair), 500, 1000);
		psim_free(pair.sim);
	}
}

/* Back after its grants have ended, it is the one that the other one's go to. */
static void test_introducers_in_turn(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct pair pair = pair_new(34 + i, 2);
		struct psim_node *nodes = pair.sim->node;
		int first = i & 1;

		pair_block(&pair, true);
		/* Short of the grants' 300 s, and past them. */
		pair.sim->net.host[pair.r[first]].down = true;
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, (i < 2 ? 20 : 400) * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		pair.sim->net.host[pair.r[first]].down = false;
		/* It is looked for each 40 s at most. */
		psim_run(pair.sim, 50 * NET_S);
		pair_gaps_reset(&pair);
		pair.sim->net.host[pair.r[!first]].down = true;
		nodes[pair.r[first]].relayed = 0;
		psim_run(pair.sim, 20 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		assert_true(nodes[pair.r[first]].relayed > 1500);
		assert_in_range(pair_longest_gap(&pair), 500, 1500);
		psim_free(pair.sim);
	}
}

/* One of two is dead from the start, or does not want to. */
static void test_one_introducer_of_two(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct pair pair = pair_new(40 + i, 2);

		if (i < 2)
			pair.sim->net.host[pair.r[i]].down = true;
		else
			pair.sim->node[pair.r[i & 1]].refuse =
				WIRE_REFUSED_FULL;
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
						     5 * NET_S), 0, 300);
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		psim_free(pair.sim);
	}
}

/* It dies after it was asked by one end, with sessions that look well. */
static void test_introducer_dies_early(void **state)
{
	struct pair pair = pair_new(45, 2);

	(void)state;
	pair_know(&pair);
	pair.sim->net.host[pair.r[0]].down = true;
	pair_talk(&pair, 20 * NET_MS);
	assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
					     10 * NET_S), 0, 300);
	psim_free(pair.sim);
}

static bool introduced(struct pair *pair)
{
	struct psim_node *nodes = pair->sim->node;

	return nodes[pair->r[0]].peer[pair->a].current &&
	       nodes[pair->r[0]].peer[pair->b].current &&
	       nodes[pair->a].peer[pair->r[0]].current &&
	       nodes[pair->b].peer[pair->r[0]].current;
}

/* For longer than keys live: found again soon, by itself. */
static void test_introducer_away(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		struct pair pair = pair_new(46 + i, 1);

		pair.sim->hard_age = 600 * NET_S;
		pair_know(&pair);
		assert_true(introduced(&pair));
		pair.sim->net.host[pair.r[0]].down = true;
		psim_run(pair.sim, 3000 * NET_S + i * 150 * NET_S);
		assert_false(introduced(&pair));
		pair.sim->net.host[pair.r[0]].down = false;
		/* The rest of a round, and the time until the next. */
		psim_run(pair.sim, 48 * NET_S);
		assert_true(introduced(&pair));
		psim_free(pair.sim);
	}
}

/* Nor for so long when somebody is wanted. */
static void test_introducer_wanted(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		struct pair pair = pair_new(46 + i, 1);
		unsigned int sent;

		pair.sim->hard_age = 600 * NET_S;
		pair_know(&pair);
		pair.sim->net.host[pair.r[0]].down = true;
		psim_run(pair.sim, 3000 * NET_S + i * 150 * NET_S);
		sent = pair.sim->net.sent[pair.a];
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 60 * NET_S);
		/* And all the same it is not asked all the time. */
		assert_in_range(pair.sim->net.sent[pair.a] - sent, 8, 32);
		pair.sim->net.host[pair.r[0]].down = false;
		assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
						     20 * NET_S), 0, 9000);
		psim_free(pair.sim);
	}
}

/* It was our uplink that was away: at once, when there is another. */
static void test_uplink_away(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		struct pair pair = pair_new(46 + i, 1);

		pair.sim->hard_age = 600 * NET_S;
		pair_know(&pair);
		pair.sim->net.host[pair.a].down = true;
		psim_run(pair.sim, 3000 * NET_S + i * 150 * NET_S);
		assert_false(introduced(&pair));
		pair.sim->net.host[pair.a].down = false;
		psim_addresses(pair.sim, pair.a, true);
		psim_run(pair.sim, 6 * NET_S);
		assert_true(introduced(&pair));
		psim_free(pair.sim);
	}
}

/* A new machine in its place, while all goes through it. */
static void test_introducer_restarts(void **state)
{
	struct pair pair = pair_new(50, 1);

	(void)state;
	pair_block(&pair, true);
	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_RELAY);
	pair_gaps_reset(&pair);
	psim_restart(pair.sim, pair.r[0]);
	psim_run(pair.sim, 30 * NET_S);
	pair_expect(&pair, PATH_CLASS_RELAY);
	assert_in_range(pair_longest_gap(&pair), 500, 8000);
	pair_gaps_reset(&pair);
	psim_run(pair.sim, 30 * NET_S);
	assert_true(pair_longest_gap(&pair) < 100);
	psim_free(pair.sim);
}

/* The same while the path is direct: nobody notices. */
static void test_introducer_restarts_unseen(void **state)
{
	struct pair pair = pair_direct(51, 1);

	(void)state;
	pair_gaps_reset(&pair);
	psim_restart(pair.sim, pair.r[0]);
	psim_run(pair.sim, 60 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	assert_true(pair_longest_gap(&pair) < 100);
	/* And the relay is there when it is needed. */
	pair_block(&pair, true);
	psim_run(pair.sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_RELAY);
	psim_free(pair.sim);
}

/* The peer is a new machine. */
static void test_peer_restarts(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_direct(60 + i, 1);
		int who = i ? pair.b : pair.a;

		pair_gaps_reset(&pair);
		psim_restart(pair.sim, who);
		psim_run(pair.sim, 20 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_true(pair_longest_gap(&pair) < 5000);
		psim_free(pair.sim);
	}
}

/* From one network to another, with traffic. */
static void test_roam(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_direct(70 + i, 1);
		struct net *net = &pair.sim->net;
		int who = i ? pair.b : pair.a;
		int realm = net_nat_add(net, 0, NET_ENDPOINT, NET_PORT, false);

		pair_gaps_reset(&pair);
		net_host_move(net, who, realm, true, false);
		psim_addresses(pair.sim, who, false);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_true(pair_longest_gap(&pair) < 1500);
		psim_free(pair.sim);
	}
}

/* The same when all goes by a relay, which heeds where it comes from. */
static void test_roam_by_relay(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_new(72 + i, 1);
		struct net *net = &pair.sim->net;
		int who = i ? pair.b : pair.a;
		int realm = net_nat_add(net, 0, NET_ENDPOINT, NET_PORT, false);

		pair_block(&pair, true);
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 5 * NET_S);
		pair_gaps_reset(&pair);
		net_host_move(net, who, realm, true, false);
		psim_addresses(pair.sim, who, false);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		assert_true(pair_longest_gap(&pair) < 200);
		psim_free(pair.sim);
	}
}

/* To a network of the other address family: no later than to another of one. */
static void test_roam_to_family(void **state)
{
	struct pair pair = pair_new(77, 1);
	struct net *net = &pair.sim->net;

	(void)state;
	net_host_move(net, pair.a, NET_INTERNET, true, false);
	net_host_move(net, pair.b, NET_INTERNET, true, true);
	psim_addresses(pair.sim, pair.a, false);
	psim_addresses(pair.sim, pair.b, false);
	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 5 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	for (int i = 0; i < 4; i++) {
		pair_gaps_reset(&pair);
		net_host_move(net, pair.a, NET_INTERNET, i & 1, !(i & 1));
		psim_addresses(pair.sim, pair.a, false);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, i & 1 ? PATH_CLASS_IPV4 : PATH_CLASS_IPV6);
		assert_true(pair_longest_gap(&pair) < 1500);
	}
	psim_free(pair.sim);
}

/*
 * IPv6 addresses take a second to be used, so what there was is dead by then, and
 * so is the relay that was taken instead: no answer to it is waited for.
 */
static void test_roam_to_family_late(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_new(78, 1);
		struct net *net = &pair.sim->net;
		int who = i ? pair.b : pair.a, other = i ? pair.a : pair.b;

		net_host_move(net, who, NET_INTERNET, true, false);
		net_host_move(net, other, NET_INTERNET, true, true);
		psim_addresses(pair.sim, who, false);
		psim_addresses(pair.sim, other, false);
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		pair_gaps_reset(&pair);
		net_host_move(net, who, NET_INTERNET, false, false);
		psim_addresses(pair.sim, who, false);
		psim_run(pair.sim, 1200 * NET_MS);
		net_host_move(net, who, NET_INTERNET, false, true);
		psim_addresses(pair.sim, who, false);
		psim_run(pair.sim, 3 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV6);
		assert_true(pair_longest_gap(&pair) < 1600);
		psim_free(pair.sim);
	}
}

/* By a route that was not there: at once, and not at the next try. */
static void test_routed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_new(79, 1);
		struct clock now;

		pair_block(&pair, true);
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 150 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		pair_block(&pair, false);
		psim_clock(pair.sim, &now);
		if (i)
			path_routed(pair.sim->node[pair.a].host, &now);
		assert_in_range(psim_until_class(pair.sim, pair.a, pair.b,
						 PATH_CLASS_IPV4, 70 * NET_S),
				i ? 0 : 3000, i ? 1000 : 65000);
		psim_free(pair.sim);
	}
}

/* Home to the LAN of the peer, and away again. */
static void test_roam_to_lan(void **state)
{
	struct pair pair = pair_direct(75, 1);
	struct net *net = &pair.sim->net;
	int home = net->host[pair.a].realm;

	(void)state;
	net_host_move(net, pair.a, net->host[pair.b].realm, true, false);
	psim_addresses(pair.sim, pair.a, false);
	psim_run(pair.sim, 5 * NET_S);
	pair_expect(&pair, PATH_CLASS_LAN);
	pair_gaps_reset(&pair);
	net_host_move(net, pair.a, home, true, false);
	psim_addresses(pair.sim, pair.a, false);
	psim_run(pair.sim, 5 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	assert_true(pair_longest_gap(&pair) < 1500);
	psim_free(pair.sim);
}

/* A NAT forgets all, and nobody tells us. */
static void test_nat_reboots(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_direct(80 + i, 1);
		struct net *net = &pair.sim->net;

		pair_gaps_reset(&pair);
		net_nat_reset(net, net->host[i ? pair.b : pair.a].realm);
		psim_run(pair.sim, 130 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_true(pair_longest_gap(&pair) < 3000);
		psim_free(pair.sim);
	}
}

/* All is gone, then it is back: the session was kept. */
static void test_outage(void **state)
{
	(void)state;
	for (unsigned int length = 2; length < 200; length *= 3) {
		struct pair pair = pair_direct(90, 1);

		pair.sim->net.host[pair.b].down = true;
		psim_run(pair.sim, length * NET_S);
		pair.sim->net.host[pair.b].down = false;
		assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
						     20 * NET_S), 0, 10000);
		/* What died with all the rest is as good as before. */
		assert_in_range(psim_until_class(pair.sim, pair.a, pair.b,
						 PATH_CLASS_IPV4, 70 * NET_S),
				0, 12000);
		psim_free(pair.sim);
	}
}

/* 400 ms there and back, a fifth lost each way, out of order, doubled. */
static void test_bad_network(void **state)
{
	int worst_first = 0, worst_best = 0, sum = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct pair pair = pair_new(100 + seed, 1);
		struct net *net = &pair.sim->net;
		unsigned int before;
		int first, best;

		net->delay = 200 * NET_MS;
		net->jitter = 100 * NET_MS;
		net->loss = 20;
		net->duplicate = 10;
		pair.sim->forget = seed & 1;
		psim_pair(pair.sim, pair.a, pair.b, NULL);
		psim_run(pair.sim, 20 * NET_S);
		pair_talk(&pair, 50 * NET_MS);
		/* One in some hundred has to wait for the next round. */
		first = psim_until_connected(pair.sim, pair.a, pair.b,
					     60 * NET_S);
		best = psim_until_class(pair.sim, pair.a, pair.b,
					PATH_CLASS_IPV4, 120 * NET_S);
		if (first < 0 || best < 0) {
			psim_show(pair.sim, pair.a, pair.b);
			psim_show(pair.sim, pair.b, pair.a);
			fail_msg("seed %d: %d, %d", (int)seed, first, best);
		}
		sum += first;
		if (first > worst_first)
			worst_first = first;
		if (best > worst_best)
			worst_best = best;
		/* It is a bad path, and it is not dead; the relay is no better. */
		before = pair_moves(&pair);
		psim_run(pair.sim, 300 * NET_S);
		assert_true(pair_moves(&pair) - before <= 4);
		pair_expect(&pair, PATH_CLASS_IPV4);
		psim_free(pair.sim);
	}
	print_message("first path after %d ms, at most %d ms, best after %d ms\n",
		      sum / 40, worst_first, worst_best);
	/* An introducer whose kernel got no data yet does not help. */
	assert_true(sum / 40 < 9000);
}

/* Through the introducer for long: renewed in time, never interrupted. */
static void test_renew(void **state)
{
	struct pair pair = pair_new(150, 1);
	struct psim_node *r = &pair.sim->node[pair.r[0]];
	unsigned int opens;

	(void)state;
	r->lifetime = 60;
	pair_block(&pair, true);
	pair_know(&pair);
	pair_talk(&pair, 50 * NET_MS);
	psim_run(pair.sim, 5 * NET_S);
	pair_gaps_reset(&pair);
	opens = r->opens;
	psim_run(pair.sim, 1200 * NET_S);
	assert_true(pair_longest_gap(&pair) < 100);
	/* One end asks for both, at half time; and with each new session. */
	assert_in_range(r->opens - opens, 38, 62);
	psim_free(pair.sim);
}

/* The introducer says why not; one of the two has data. */
static struct pair pair_refused(uint64_t seed, uint8_t reason,
				uint64_t interval)
{
	struct pair pair = pair_new(seed, 1);

	pair.sim->node[pair.r[0]].refuse = reason;
	pair_know(&pair);
	psim_traffic(pair.sim, pair.a, pair.b, interval);
	return pair;
}

static void test_refused(void **state)
{
	struct pair pair = pair_refused(160, WIRE_REFUSED_NOT_ALLOWED,
					100 * NET_MS);
	struct psim_node *r = &pair.sim->node[pair.r[0]];

	(void)state;
	psim_run(pair.sim, 35 * NET_S);
	assert_int_equal(pair_at_a(&pair)->data_sent, 0);
	assert_true(pair_at_a(&pair)->notices[PATH_NOTICE_UNREACHABLE] >= 1);
	assert_in_range(r->opens, 4, 16);
	/* It changes its mind, and the kernel still has packets. */
	r->refuse = 0;
	psim_run(pair.sim, 15 * NET_S);
	assert_true(pair_at_b(&pair)->data_received > 0);
	psim_free(pair.sim);
}

/* It comes to the introducer after we asked for it: we soon ask again. */
static void test_comes_later(void **state)
{
	(void)state;
	for (unsigned int later = 500; later < 8000; later += 300) {
		struct pair pair = pair_refused(161, WIRE_REFUSED_NOT_HERE,
						20 * NET_MS);
		uint64_t came;

		psim_run(pair.sim, later * NET_MS);
		pair.sim->node[pair.r[0]].refuse = 0;
		came = pair.sim->net.now;
		psim_run(pair.sim, 2 * NET_S);
		assert_in_range((pair_at_b(&pair)->first_received_at - came) /
				NET_MS, 0, 1500);
		psim_free(pair.sim);
	}
}

/* It does not come: then ever less. */
static void test_comes_never(void **state)
{
	struct pair pair = pair_refused(162, WIRE_REFUSED_NOT_HERE,
					20 * NET_MS);
	struct psim_node *r = &pair.sim->node[pair.r[0]];

	(void)state;
	psim_run(pair.sim, 10 * NET_S);
	assert_in_range(r->opens, 8, 11);
	psim_run(pair.sim, 20 * NET_S);
	assert_in_range(r->opens, 12, 17);
	assert_int_equal(pair_at_b(&pair)->data_received, 0);
	psim_free(pair.sim);
}

/* A relay for words only: they suffice to get there. */
static void test_signalling_only(void **state)
{
	struct pair pair = pair_new(170, 1);

	(void)state;
	pair.sim->node[pair.r[0]].signalling = true;
	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
					     5 * NET_S), 0, 2000);
	pair_expect(&pair, PATH_CLASS_IPV4);
	psim_free(pair.sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configured),
		cmocka_unit_test(test_configured_wrong),
		cmocka_unit_test(test_fail_over_active),
		cmocka_unit_test(test_fail_over_late),
		cmocka_unit_test(test_coming_and_going),
		cmocka_unit_test(test_fail_over_one_way),
		cmocka_unit_test(test_fail_over_idle),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_two_introducers),
		cmocka_unit_test(test_introducers_in_turn),
		cmocka_unit_test(test_one_introducer_of_two),
		cmocka_unit_test(test_introducer_dies_early),
		cmocka_unit_test(test_introducer_away),
		cmocka_unit_test(test_introducer_wanted),
		cmocka_unit_test(test_uplink_away),
		cmocka_unit_test(test_introducer_restarts),
		cmocka_unit_test(test_introducer_restarts_unseen),
		cmocka_unit_test(test_peer_restarts),
		cmocka_unit_test(test_roam),
		cmocka_unit_test(test_roam_by_relay),
		cmocka_unit_test(test_roam_to_family),
		cmocka_unit_test(test_roam_to_family_late),
		cmocka_unit_test(test_routed),
		cmocka_unit_test(test_roam_to_lan),
		cmocka_unit_test(test_nat_reboots),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_bad_network),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_comes_later),
		cmocka_unit_test(test_comes_never),
		cmocka_unit_test(test_signalling_only),
	};

	return cmocka_run_group_tests_name("path_life", tests, NULL, NULL);
}
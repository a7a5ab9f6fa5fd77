// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be configured of paths: what they cost, when they are dead. */
#include "check.h"
#include "path_end.h"
#include "path_pair.h"

/* Both could go directly, and the two ask so much for it. */
static struct pair pair_dear(uint16_t a, uint16_t b)
{
	struct pair pair = { .sim = psim_new(180) };

	pair.r[0] = psim_introducer(pair.sim, true, false);
	pair.a = psim_node(pair.sim, 0, true, false);
	pair.b = psim_node(pair.sim, 0, true, false);
	pair.sim->node[pair.a].config.cost[PATH_CLASS_IPV4] = a;
	pair.sim->node[pair.b].config.cost[PATH_CLASS_IPV4] = b;
	psim_control(pair.sim, pair.a, pair.b);
	psim_introduce(pair.sim, pair.a, pair.r[0]);
	psim_introduce(pair.sim, pair.b, pair.r[0]);
	return pair;
}

/* Classes may be made dear, by either end: then the relay it is, for good. */
static void test_cost(void **state)
{
	static const struct {
		uint16_t a, b;
		enum path_class class;
	} table[] = {
		{ 0, 0, PATH_CLASS_IPV4 }, { 1000, 0, PATH_CLASS_RELAY },
		{ 0, 1000, PATH_CLASS_RELAY }, { 60, 0, PATH_CLASS_IPV4 },
		{ 0, 60, PATH_CLASS_IPV4 }, { 60, 60, PATH_CLASS_RELAY },
		{ UINT16_MAX, UINT16_MAX, PATH_CLASS_RELAY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct pair pair = pair_dear(table[i].a, table[i].b);

		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 130 * NET_S);
		pair_expect(&pair, table[i].class);
		psim_free(pair.sim);
	}
}

/* What carries no data is no bargain. */
static void test_cost_signalling(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_dear(i ? UINT16_MAX : 1000, UINT16_MAX);

		pair.sim->node[pair.r[0]].signalling = true;
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
						     5 * NET_S), 0, 2000);
		psim_run(pair.sim, 130 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		psim_free(pair.sim);
	}
}

/* The end that does not choose has other costs since it was started anew. */
static void test_cost_anew(void **state)
{
	struct pair pair = pair_dear(0, 0);
	struct psim_node *b = &pair.sim->node[pair.b];

	(void)state;
	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 10 * NET_S);
	for (int i = 0; i < 2; i++) {
		pair_expect(&pair, PATH_CLASS_IPV4);
		b->config.cost[PATH_CLASS_IPV4] = 1000;
		psim_restart(pair.sim, pair.b);
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		b->config.cost[PATH_CLASS_IPV4] = 0;
		psim_restart(pair.sim, pair.b);
		psim_run(pair.sim, 10 * NET_S);
	}
	psim_free(pair.sim);
}

/* What the peer asks for a class counts at once, and for no introducer. */
static void test_peer_cost(void **state)
{
	struct end *end = end_up(true);
	struct path_message message = end_candidates(5, false);
	struct endpoint at = end_ep("203.0.113.1:7740");
	struct path_info info;

	(void)state;
	end_take_nomination(end);
	end_candidate(&message, "192.0.2.1:7740");
	end_told(end, &message);
	end_run(end, 500 * MS);
	end_take_nomination(end);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	message.cost[PATH_CLASS_IPV4] = 90;
	end_say(end, end->peer, &end->used, &message);
	end_run(end, 200 * MS);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	end_say(end, end->introducer, &at, &message);
	path_peer_info(end->introducer, &info);
	assert_int_equal(end_info_of(&info, "203.0.113.1:7740")->cost, 0);
	message.cost[PATH_CLASS_IPV4] = 110;
	end_say(end, end->peer, &end->used, &message);
	end_run(end, 110 * MS);
	end_take_nomination(end);
	assert_true(end_uses(end, "relay:0x7@203.0.113.1:7740"));
	end_run(end, 500 * MS);
	path_peer_info(end->peer, &info);
	assert_int_equal(end_info_of(&info, "192.0.2.1:7740")->cost, 110);
	assert_string_equal(end_info_of(&info, "192.0.2.1:7740")->reason,
			    "kept ready: costs more");
	/* None any more. */
	message.cost[PATH_CLASS_IPV4] = 0;
	end_say(end, end->peer, &end->used, &message);
	end_run(end, 110 * MS);
	end_take_nomination(end);
	assert_true(end_uses(end, "192.0.2.1:7740"));
	end_free(end);
}

/* As pair_direct(); how long a path may be silent at each end, 0: 750 ms. */
static struct pair pair_dead(uint64_t seed, uint32_t a, uint32_t b)
{
	struct pair pair = pair_new(seed, 1);
	const uint32_t dead[] = { a, b };

	for (int i = 0; i < 2; i++) {
		int who = i ? pair.b : pair.a;
		struct psim_node *node = &pair.sim->node[who];

		node->config.active = dead[i] / 3;
		node->config.active_dead = dead[i];
		psim_restart(pair.sim, who);
	}
	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	/* So long that what is lost of its pings is known. */
	psim_run(pair.sim, 40 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	return pair;
}

/* Found dead as late as it is configured; the end that is sooner says so. */
static void test_dead_time(void **state)
{
	static const struct {
		uint32_t a, b, dead;
	} table[] = {
		{ 300, 300, 300 }, { 0, 300, 300 }, { 300, 0, 300 },
		{ 0, 0, 750 }, { 1500, 1500, 1500 }, { 2500, 2500, 2500 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		for (uint64_t seed = 0; seed < 8; seed++) {
			struct pair pair = pair_dead(seed, table[i].a,
						     table[i].b);

			psim_run(pair.sim, seed * 37 * NET_MS);
			pair_gaps_reset(&pair);
			pair_block(&pair, true);
			psim_run(pair.sim, 5 * NET_S);
			pair_expect(&pair, PATH_CLASS_RELAY);
			/* It was heard a ping ago at most. */
			assert_in_range(pair_longest_gap(&pair),
					table[i].dead * 2 / 3 - 40,
					table[i].dead + 120);
			psim_free(pair.sim);
		}
	}
}

/* Three pings in that time while there is traffic. */
static void test_dead_time_pings(void **state)
{
	static const uint32_t dead[] = { 300, 750, 1500, 2400 };

	(void)state;
	for (size_t i = 0; i < sizeof(dead) / sizeof(*dead); i++) {
		struct pair pair = pair_dead(190, dead[i], dead[i]);
		unsigned int before = pair_at_a(&pair)->pings_sent;
		unsigned int pings = 60 * 1000 / (dead[i] / 3);

		psim_run(pair.sim, 60 * NET_S);
		/* And some to the one that is kept ready. */
		assert_in_range(pair_at_a(&pair)->pings_sent - before,
				pings - 2, pings + 6);
		/* As ever when there is none. */
		pair_talk(&pair, 0);
		psim_run(pair.sim, 15 * NET_S);
		before = pair_at_a(&pair)->pings_sent;
		psim_run(pair.sim, 30 * NET_S);
		assert_in_range(pair_at_a(&pair)->pings_sent - before, 28, 34);
		psim_free(pair.sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_cost_signalling),
		cmocka_unit_test(test_cost_anew),
		cmocka_unit_test(test_peer_cost),
		cmocka_unit_test(test_dead_time),
		cmocka_unit_test(test_dead_time_pings),
	};

	return cmocka_run_group_tests_name("path_config", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Two ends that have IPv6 and IPv4, when one of them dies, or both do. */
#include "check.h"
#include "path_pair.h"

static void pair_addresses6(struct pair *pair)
{
	struct net_host *hosts = pair->sim->net.host;

	endpoint_parse("[2001:db8:a::1]:7740", &hosts[pair->a].ep6);
	endpoint_parse("[2001:db8:b::1]:7740", &hosts[pair->b].ep6);
	psim_addresses(pair->sim, pair->a, false);
	psim_addresses(pair->sim, pair->b, false);
}

static struct pair pair_of_both_families(uint64_t seed)
{
	struct pair pair = pair_direct(seed, 1);

	/* By IPv4 first, so that it is known to work. */
	pair_addresses6(&pair);
	/* It is heard each 25 s from then on. */
	psim_run(pair.sim, 10 * NET_S + seed * 1700 * NET_MS);
	pair_expect(&pair, PATH_CLASS_IPV6);
	return pair;
}

/* IPv6 and IPv4 die together: the relay is taken, and neither of them before. */
static void test_both_die(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 16; seed++) {
		struct pair pair = pair_of_both_families(seed);
		unsigned int before = pair_moves(&pair);

		pair_gaps_reset(&pair);
		pair_block(&pair, true);
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		assert_in_range(pair_longest_gap(&pair), 500, 1000);
		assert_int_equal(pair_moves(&pair), before + 2);
		psim_run(pair.sim, 60 * NET_S);
		assert_int_equal(pair_moves(&pair), before + 2);
		psim_free(pair.sim);
	}
}

/* The same a moment after there was traffic. */
static void test_both_die_idle(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 16; seed++) {
		struct pair pair = pair_of_both_families(seed);

		pair_talk(&pair, 0);
		psim_run(pair.sim, 15 * NET_S);
		pair_dies(&pair, 1000, 3000);
		psim_free(pair.sim);
	}
}

/* One family dies: the other one is taken, and no relay. */
static void test_one_dies(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 16; seed++) {
		struct pair pair = pair_of_both_families(seed);
		struct net *net = &pair.sim->net;
		unsigned int before = pair_moves(&pair);

		pair_gaps_reset(&pair);
		net->blocked6[pair.a][pair.b] = true;
		net->blocked6[pair.b][pair.a] = true;
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_in_range(pair_longest_gap(&pair), 500, 1000);
		assert_int_equal(pair_moves(&pair), before + 2);
		psim_free(pair.sim);
	}
}

/* Both are tried in the first round, although the first one to answer is the best. */
static void test_one_dies_of_two_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 16; seed++) {
		struct pair pair = pair_new(seed, 1);
		struct net *net = &pair.sim->net;
		unsigned int before;

		pair_addresses6(&pair);
		pair_know(&pair);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, 10 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV6);
		before = pair_moves(&pair);
		net->blocked6[pair.a][pair.b] = true;
		net->blocked6[pair.b][pair.a] = true;
		psim_run(pair.sim, 5 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_int_equal(pair_moves(&pair), before + 2);
		psim_free(pair.sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_die),
		cmocka_unit_test(test_both_die_idle),
		cmocka_unit_test(test_one_dies),
		cmocka_unit_test(test_one_dies_of_two_at_once),
	};

	return cmocka_run_group_tests_name("path families", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways that lose some of what goes by them: which one is used, and for how long. */
#include "check.h"
#include "path_pair.h"

/* Per cent, each way, between the two hosts. */
static void lose(struct pair *pair, int a, int b, unsigned int loss)
{
	pair->sim->net.lossy[a][b] = pair->sim->net.lossy[b][a] = loss;
}

/* By relays only, of which there are two. */
static struct pair pair_relayed(uint64_t seed, uint64_t delay)
{
	struct pair pair = pair_new(seed, 2);

	pair.sim->net.delay = delay;
	pair_block(&pair, true);
	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 100 * NET_S);
	pair_expect(&pair, PATH_CLASS_RELAY);
	return pair;
}

/* Of the two relays, by which it goes. */
static int relay_of(struct pair *pair, int from, int to)
{
	const struct endpoint *at = &pair->sim->node[from].peer[to].kernel;

	for (int i = 0; i < 2; i++)
		if (at->in4.s_addr ==
		    pair->sim->net.host[pair->r[i]].ep4.in4.s_addr)
			return i;
	fail_msg("by no relay");
	return 0;
}

/*
 * Of one class, and the one in use loses a fifth: the other, and for good, also
 * where it is not far.
 */
static void test_same_class(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct pair pair = pair_relayed(seed, seed & 1 ? NET_MS :
							  20 * NET_MS);
		int used = relay_of(&pair, pair.a, pair.b);
		unsigned int moves = pair_moves(&pair);

		/* A fifth of pings and answers. */
		lose(&pair, seed & 2 ? pair.a : pair.b, pair.r[used], 11);
		psim_run(pair.sim, 60 * NET_S);
		assert_int_not_equal(relay_of(&pair, pair.a, pair.b), used);
		assert_int_not_equal(relay_of(&pair, pair.b, pair.a), used);
		psim_run(pair.sim, 600 * NET_S);
		assert_int_equal(pair_moves(&pair), moves + 2);
		psim_free(pair.sim);
	}
}

/* Both lose as much: no reason to go to and fro. */
static void test_same_loss(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		struct pair pair = pair_relayed(i, 20 * NET_MS);
		unsigned int moves = pair_moves(&pair);

		lose(&pair, pair.a, pair.r[0], 5 + 5 * (i / 2));
		lose(&pair, pair.a, pair.r[1], 5 + 5 * (i / 2));
		psim_run(pair.sim, 600 * NET_S);
		assert_true(pair_moves(&pair) - moves <= 6);
		psim_free(pair.sim);
	}
}

/*
 * Directly, but that loses far too much: by the relay, until it has not for some
 * minutes, or is another way.
 */
static void test_direct(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct pair pair = pair_direct(20 + seed, 1);
		unsigned int moves = pair_moves(&pair);

		lose(&pair, pair.a, pair.b, 25);
		assert_in_range(psim_until_class(pair.sim, pair.a, pair.b,
						 PATH_CLASS_RELAY, 90 * NET_S),
				12000, 60000);
		psim_run(pair.sim, 3600 * NET_S);
		pair_expect(&pair, PATH_CLASS_RELAY);
		assert_int_equal(pair_moves(&pair), moves + 2);
		lose(&pair, pair.a, pair.b, 0);
		if (seed & 1)
			psim_addresses(pair.sim, pair.a, true);
		assert_in_range(psim_until_class(pair.sim, pair.a, pair.b,
						 PATH_CLASS_IPV4, 900 * NET_S),
				seed & 1 ? 0 : 200000,
				seed & 1 ? 3000 : 900000);
		assert_int_equal(pair_moves(&pair), moves + 4);
		psim_free(pair.sim);
	}
}

/* Our uplink does it, whatever the way: there and back once, and no more. */
static void test_all(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct pair pair = pair_direct(40 + seed, 1);
		unsigned int moves = pair_moves(&pair);

		lose(&pair, pair.a, pair.b, 25);
		lose(&pair, pair.a, pair.r[0], 25);
		psim_run(pair.sim, 3600 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_int_equal(pair_moves(&pair), moves + 4);
		psim_free(pair.sim);
	}
}

/* A little all the time, or more of it for a moment, is no reason. */
static void test_little(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		struct pair pair = pair_direct(60 + seed, 1);
		unsigned int moves = pair_moves(&pair);

		lose(&pair, pair.a, pair.b, 5);
		psim_run(pair.sim, 1200 * NET_S);
		for (int i = 0; i < 20; i++) {
			lose(&pair, pair.a, pair.b, 20);
			psim_run(pair.sim, 6 * NET_S);
			lose(&pair, pair.a, pair.b, 0);
			psim_run(pair.sim, 30 * NET_S);
		}
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_int_equal(pair_moves(&pair), moves);
		psim_free(pair.sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_class),
		cmocka_unit_test(test_same_loss),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_little),
	};

	return cmocka_run_group_tests_name("path_loss", tests, NULL, NULL);
}

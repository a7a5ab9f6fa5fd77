// SPDX-License-Identifier: GPL-2.0-or-later
/* Hosts that did not run for a while: what they did not hear says nothing. */
#include "check.h"
#include "path_pair.h"

static const uint64_t naps[] = {
	300 * NET_MS, 500 * NET_MS, 800 * NET_MS, 2 * NET_S, 5 * NET_S,
	60 * NET_S,
};

#define NAPS		(sizeof(naps) / sizeof(*naps))

/* The NATs are to remember for longer than any nap takes. */
static struct pair pair_remembered(uint64_t seed)
{
	struct pair pair = pair_new(seed, 1);

	pair.sim->net.nat_timeout = 600 * NET_S;
	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	return pair;
}

static void both_sleep(struct pair *pair, uint64_t nap)
{
	pair_sleep(pair, pair->a, nap);
	pair_sleep(pair, pair->b, nap);
	psim_run(pair->sim, nap);
}

static unsigned int rtt_ms(struct pair *pair)
{
	struct path_info info;

	path_peer_info(pair_at_a(pair)->path, &info);
	for (unsigned int i = 0; i < info.count; i++)
		if (info.candidate[i].state == PATH_STATE_IN_USE)
			return info.candidate[i].rtt_ns / NET_MS;
	return 0;
}

static unsigned int deaths(struct pair *pair)
{
	return pair_at_a(pair)->notices[PATH_NOTICE_DEAD] +
	       pair_at_b(pair)->notices[PATH_NOTICE_DEAD];
}

/*
 * With traffic, and in the minute after it: the path stays, whether what came
 * meanwhile is read first or later.
 */
static void test_well(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 16 * NAPS; i++) {
		struct pair pair = pair_remembered(i);
		unsigned int moves;

		pair.sim->net.prompt = i & 2;
		if (i & 1)
			pair_talk(&pair, 0);
		psim_run(pair.sim, 20 * NET_S + i * 37 * NET_MS);
		moves = pair_moves(&pair);
		both_sleep(&pair, naps[i % NAPS]);
		psim_run(pair.sim, 200 * NET_MS);
		/* How long something lay there says nothing of the way. */
		assert_in_range(rtt_ms(&pair), 40, 160);
		psim_run(pair.sim, 20 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_int_equal(pair_moves(&pair), moves);
		assert_int_equal(deaths(&pair), 0);
		psim_free(pair.sim);
	}
}

/* One of them only, while the other has nothing to say and does not listen. */
static void test_one(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4 * NAPS; i++) {
		struct pair pair = pair_remembered(100 + i);
		unsigned int moves;

		pair_watch(&pair, pair.a, pair.b, PATH_WATCH_ALWAYS);
		pair_talk(&pair, 0);
		psim_run(pair.sim, 100 * NET_S + i * 191 * NET_MS);
		moves = pair_moves(&pair);
		pair_sleep(&pair, pair.a, naps[i % NAPS]);
		psim_run(pair.sim, naps[i % NAPS] + 20 * NET_S);
		pair_expect(&pair, PATH_CLASS_IPV4);
		assert_int_equal(pair_moves(&pair), moves);
		assert_int_equal(deaths(&pair), 0);
		psim_free(pair.sim);
	}
}

/* Again and again: whoever runs in between is no reason either. */
static void test_stutter(void **state)
{
	struct pair pair = pair_remembered(130);
	unsigned int moves = pair_moves(&pair);

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		both_sleep(&pair, naps[i % NAPS]);
		psim_run(pair.sim, 30 * NET_MS + i * 17 * NET_MS);
	}
	pair_expect(&pair, PATH_CLASS_IPV4);
	assert_int_equal(pair_moves(&pair), moves);
	psim_free(pair.sim);
}

/* A host that is late all the time notices all the same. */
static void test_always_late(void **state)
{
	struct pair pair = pair_remembered(135);

	(void)state;
	pair_block(&pair, true);
	for (unsigned int i = 0; i < 40; i++) {
		both_sleep(&pair, 400 * NET_MS);
		psim_run(pair.sim, 10 * NET_MS);
	}
	pair_expect(&pair, PATH_CLASS_RELAY);
	psim_free(pair.sim);
}

/* What died meanwhile is found out as soon as at any other time. */
static void test_died(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4 * NAPS; i++) {
		struct pair pair = pair_remembered(140 + i);
		/* After a minute without traffic nobody watches. */
		uint64_t nap = naps[i % (i & 1 ? NAPS - 1 : NAPS)];

		if (i & 1)
			pair_talk(&pair, 0);
		psim_run(pair.sim, 20 * NET_S + i * 37 * NET_MS);
		pair_block(&pair, true);
		both_sleep(&pair, nap);
		assert_in_range(psim_until_class(pair.sim, pair.a, pair.b,
						 PATH_CLASS_RELAY, 10 * NET_S),
				0, i & 1 ? 3100 : 1000);
		psim_free(pair.sim);
	}
}

/* While a way is looked for: the rest of its time is still to come. */
static void test_looking(void **state)
{
	int worst = 0, ms;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		struct pair pair = pair_new(170 + i, 1);

		pair.sim->net.nat_timeout = 600 * NET_S;
		pair_know(&pair);
		psim_traffic(pair.sim, pair.a, pair.b, 20 * NET_MS);
		psim_run(pair.sim, 10 * NET_MS + i * 13 * NET_MS);
		both_sleep(&pair, i & 1 ? 60 * NET_S : 2 * NET_S);
		ms = psim_until_class(pair.sim, pair.a, pair.b,
				      PATH_CLASS_IPV4, 20 * NET_S);
		assert_true(ms >= 0);
		if (ms > worst)
			worst = ms;
		assert_int_equal(pair_at_a(&pair)->
				 notices[PATH_NOTICE_UNREACHABLE], 0);
		psim_free(pair.sim);
	}
	print_message("at most %d ms\n", worst);
	assert_true(worst < 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_stutter),
		cmocka_unit_test(test_always_late),
		cmocka_unit_test(test_died),
		cmocka_unit_test(test_looking),
	};

	return cmocka_run_group_tests_name("path_sleep", tests, NULL, NULL);
}

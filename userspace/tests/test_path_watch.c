// SPDX-License-Identifier: GPL-2.0-or-later
/* How often paths are watched and NATs kept open, and what for. */

#include "check.h"
#include "path_pair.h"

static unsigned int pings_in(struct pair *pair, uint64_t duration)
{
	unsigned int before = pair_at_a(pair)->pings_sent;

	psim_run(pair->sim, duration);
	return pair_at_a(pair)->pings_sent - before;
}

/* Less and less is watched what nobody uses, and at once what somebody does. */
static void test_watch(void **state)
{
	struct pair pair = pair_direct(40, 1);

	(void)state;
	assert_in_range(pings_in(&pair, 10 * NET_S), 38, 50);
	pair_talk(&pair, 0);
	psim_run(pair.sim, 11 * NET_S);
	assert_in_range(pings_in(&pair, 20 * NET_S), 19, 28);
	psim_run(pair.sim, 40 * NET_S);
	/* Not for so long that the NATs forget. */
	assert_int_equal(pings_in(&pair, 20 * NET_S), 0);
	/* One packet. */
	psim_traffic(pair.sim, pair.a, pair.b, 3600 * NET_S);
	assert_in_range(pings_in(&pair, 8 * NET_S), 30, 45);
	assert_int_equal(pair_at_a(&pair)->notices[PATH_NOTICE_DEAD], 0);
	assert_int_equal(pair_at_b(&pair)->notices[PATH_NOTICE_DEAD], 0);
	psim_run(pair.sim, 4 * NET_S);
	assert_in_range(pings_in(&pair, 10 * NET_S), 9, 16);
	psim_free(pair.sim);
}

/* It is watched for as long as one of the two wants. */
static void test_watch_longer(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_direct(41 + i, 1);
		int from = i ? pair.b : pair.a, to = i ? pair.a : pair.b;
		struct psim_peer *peer = i ? pair_at_b(&pair) : pair_at_a(&pair);
		unsigned int before;

		pair_talk(&pair, 0);
		psim_run(pair.sim, 50 * NET_S);
		pair_watch(&pair, from, to, 200);
		psim_run(pair.sim, 100 * NET_S);
		before = peer->pings_sent;
		psim_run(pair.sim, 20 * NET_S);
		assert_in_range(peer->pings_sent - before, 19, 28);
		psim_run(pair.sim, 45 * NET_S);
		before = peer->pings_sent;
		psim_run(pair.sim, 10 * NET_S);
		assert_int_equal(peer->pings_sent, before);
		/* As if it had been watched all the time. */
		pair_watch(&pair, from, to, PATH_WATCH_ALWAYS);
		psim_run(pair.sim, 2000 * NET_S);
		assert_int_equal(peer->notices[PATH_NOTICE_DEAD], 0);
		pair_expect(&pair, PATH_CLASS_IPV4);
		psim_free(pair.sim);
	}
}

/* A day after the last packet, and as soon as on the first. */
static void test_fail_over_watched(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct pair pair = pair_direct(50 + seed, 1);

		if (seed & 1)
			pair_watch(&pair, pair.a, pair.b, PATH_WATCH_ALWAYS);
		if (seed != 1)
			pair_watch(&pair, pair.b, pair.a, PATH_WATCH_ALWAYS);
		pair_talk(&pair, 0);
		psim_run(pair.sim, 3600 * NET_S + seed * 137 * NET_MS);
		pair_expect(&pair, PATH_CLASS_IPV4);
		pair_dies(&pair, 1000, 3000);
		psim_free(pair.sim);
	}
}

/* Idle for longer than it is watched: found out by the first packets. */
static void test_fail_over_asleep(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct pair pair = pair_direct(60 + seed, 1);

		pair_talk(&pair, 0);
		/* The NATs still know of it. */
		psim_run(pair.sim, 80 * NET_S + seed * 137 * NET_MS);
		pair_block(&pair, true);
		pair_talk(&pair, 20 * NET_MS);
		assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
						     10 * NET_S), 0, 1300);
		psim_free(pair.sim);
	}
}

/* Traffic again, whenever that is: what was heard was enough until then. */
static void test_busy_again(void **state)
{
	struct pair pair = pair_direct(68, 1);

	(void)state;
	for (int i = 0; i < 24; i++) {
		pair_talk(&pair, 0);
		psim_run(pair.sim, 15 * NET_S + i * 91 * NET_MS);
		pair_talk(&pair, 20 * NET_MS);
		psim_run(pair.sim, NET_S);
		assert_int_equal(pair_at_a(&pair)->notices[PATH_NOTICE_DEAD],
				 0);
		assert_int_equal(pair_at_b(&pair)->notices[PATH_NOTICE_DEAD],
				 0);
	}
	psim_free(pair.sim);
}

/* Data for an introducer that began before the session, or with it. */
static void test_introducer_busy(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		struct pair pair = pair_new(70 + seed, 1);
		int r = pair.r[0];
		struct psim_peer *at = &pair.sim->node[pair.a].peer[r];

		psim_traffic(pair.sim, pair.a, r, 50 * NET_MS);
		psim_traffic(pair.sim, r, pair.a, 50 * NET_MS);
		psim_run(pair.sim, 40 * NET_S + seed * 137 * NET_MS);
		assert_int_equal(at->notices[PATH_NOTICE_DEAD], 0);
		pair.sim->net.blocked[pair.a][r] = true;
		psim_run(pair.sim, 4 * NET_S);
		assert_int_equal(at->notices[PATH_NOTICE_DEAD], 1);
		psim_free(pair.sim);
	}
}

/* Without, it is watched no more than a NAT needs. */
static void test_introducer_idle(void **state)
{
	struct pair pair = pair_new(75, 1);
	struct psim_peer *at = &pair.sim->node[pair.a].peer[pair.r[0]];
	unsigned int pings;

	(void)state;
	psim_run(pair.sim, 12 * NET_S);
	assert_in_range(at->pings_sent, 9, 13);
	pings = at->pings_sent;
	psim_run(pair.sim, 100 * NET_S);
	assert_in_range(at->pings_sent - pings, 4, 5);
	psim_free(pair.sim);
}

/*
 * Nothing goes on, behind NATs that forget soon: how long may it take until
 * something of the peer comes?
 */
static int first_after_idle(struct pair *pair, uint64_t idle)
{
	struct psim_peer *a = pair_at_a(pair);
	unsigned int before;
	uint64_t began;

	psim_run(pair->sim, idle);
	before = a->data_received;
	began = pair->sim->net.now;
	psim_traffic(pair->sim, pair->b, pair->a, 100 * NET_MS);
	while (a->data_received == before &&
	       pair->sim->net.now - began < 30 * NET_S)
		psim_run(pair->sim, 10 * NET_MS);
	psim_traffic(pair->sim, pair->b, pair->a, 0);
	return (pair->sim->net.now - began) / NET_MS;
}

static void test_nat_forgets_soon(void **state)
{
	int worst = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 24; seed++) {
		struct pair pair = pair_new(200 + seed, 1);
		struct net *net = &pair.sim->net;

		net->nat_timeout = (6 + seed) * NET_S;
		/* What it needs is found out. */
		psim_run(pair.sim, 200 * NET_S);
		psim_pair(pair.sim, pair.a, pair.b, NULL);
		for (int i = 0; i < 8; i++) {
			int ms = first_after_idle(&pair, 90 * NET_S + i *
						  13700 * NET_MS);

			if (ms > worst)
				worst = ms;
			/* Its relay is known, or it is asked for. */
			if (ms > 1000)
				fail_msg("%d s: %d ms", 6 + (int)seed, ms);
		}
		psim_free(pair.sim);
	}
	print_message("at most %d ms\n", worst);
}

/* It costs little, and a NAT that remembers long costs less. */
static void test_keepalives(void **state)
{
	static const struct {
		unsigned int timeout, least, most;
	} forgets[] = { { 60, 24, 26 }, { 20, 24, 42 }, { 6, 80, 125 } };

	(void)state;
	for (size_t i = 0; i < sizeof(forgets) / sizeof(*forgets); i++) {
		struct pair pair = pair_new(230, 1);
		struct psim_node *r = &pair.sim->node[pair.r[0]];
		struct psim_peer *at = &pair.sim->node[pair.a].peer[pair.r[0]];
		unsigned int pings, lates;

		pair.sim->net.nat_timeout = forgets[i].timeout * NET_S;
		psim_run(pair.sim, 200 * NET_S);
		pings = at->pings_sent;
		lates = r->lates;
		psim_run(pair.sim, 620 * NET_S);
		assert_in_range(at->pings_sent - pings, forgets[i].least,
				forgets[i].most);
		assert_true(r->lates - lates >= 2 * forgets[i].least);
		/* Another network, and it begins anew. */
		pair.sim->net.nat_timeout = 60 * NET_S;
		psim_addresses(pair.sim, pair.a, true);
		psim_run(pair.sim, 30 * NET_S);
		pings = at->pings_sent;
		psim_run(pair.sim, 620 * NET_S);
		assert_in_range(at->pings_sent - pings, 24, 26);
		psim_free(pair.sim);
	}
}

/* Who does not say when it could get in again makes it no worse. */
static void test_keepalives_mute(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_new(235 + i, 1);
		struct psim_node *r = &pair.sim->node[pair.r[0]];
		struct psim_peer *at = &pair.sim->node[pair.a].peer[pair.r[0]];
		unsigned int pings;

		/* From the beginning, or from some time on. */
		r->mute = !i;
		psim_run(pair.sim, 200 * NET_S);
		assert_int_equal(r->lates > 0, i);
		r->mute = true;
		pings = at->pings_sent;
		psim_run(pair.sim, 620 * NET_S);
		assert_in_range(at->pings_sent - pings, 24, 26);
		psim_free(pair.sim);
	}
}

/* What is lost by chance makes it no worse than it has to be. */
static void test_keepalives_lost(void **state)
{
	struct pair pair = pair_new(240, 1);
	struct psim_peer *at = &pair.sim->node[pair.a].peer[pair.r[0]];
	unsigned int pings;

	(void)state;
	pair.sim->net.loss = 30;
	psim_run(pair.sim, 1000 * NET_S);
	pair.sim->net.loss = 0;
	psim_run(pair.sim, 30 * NET_S);
	pings = at->pings_sent;
	psim_run(pair.sim, 600 * NET_S);
	assert_in_range(at->pings_sent - pings, 24, 121);
	/* After hours without a loss it is as it was. */
	psim_run(pair.sim, 10 * 3600 * NET_S);
	pings = at->pings_sent;
	psim_run(pair.sim, 600 * NET_S);
	assert_in_range(at->pings_sent - pings, 23, 25);
	psim_free(pair.sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_watch_longer),
		cmocka_unit_test(test_fail_over_watched),
		cmocka_unit_test(test_fail_over_asleep),
		cmocka_unit_test(test_busy_again),
		cmocka_unit_test(test_introducer_busy),
		cmocka_unit_test(test_introducer_idle),
		cmocka_unit_test(test_nat_forgets_soon),
		cmocka_unit_test(test_keepalives),
		cmocka_unit_test(test_keepalives_mute),
		cmocka_unit_test(test_keepalives_lost),
	};

	return cmocka_run_group_tests_name("path_watch", tests, NULL, NULL);
}
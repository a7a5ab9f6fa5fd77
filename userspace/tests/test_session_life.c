// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a session: rekeys, restarts, clocks that step, idle peers. */
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "sim.h"
#include "wire.h"

static struct sim *pair_new(uint64_t seed)
{
	struct sim *sim = sim_new(seed, 2);

	sim_peer(sim, 0, 1, true, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	return sim;
}

/*
 * An hour of traffic both ways: about thirty keys, and at no time does an
 * end transmit with a key the other cannot receive with.
 */
static void test_rekey_without_gap(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		struct sim *sim = pair_new(seed);
		unsigned int epoch;

		sim->check_receivable = true;
		sim->jitter = seed & 1 ? 30 * SIM_MS : 0;
		sim->node[0].traffic = 17 * SIM_MS;
		sim->node[1].traffic = 23 * SIM_MS;
		sim_run(sim, 3600 * SIM_S);
		assert_int_equal(sim->violations, 0);
		assert_int_equal(sim->node[0].data_undeliverable, 0);
		assert_int_equal(sim->node[1].data_undeliverable, 0);
		assert_true(sim->node[0].data_received > 150000);
		epoch = sim->node[0].kernel[1].current.epoch;
		assert_in_range(epoch, 30, 35);
		assert_in_range(sim->node[0].installs, epoch - 1, epoch + 1);
		sim_free(sim);
	}
}

/* The same with a lossy network: keys follow each other all the same. */
static void test_rekey_with_loss(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct sim *sim = pair_new(seed);
		struct sim_node *node = sim->node;

		sim->loss = 30;
		sim->duplicate = 10;
		sim->jitter = 40 * SIM_MS;
		sim->node[0].traffic = 100 * SIM_MS;
		sim->node[1].traffic = 100 * SIM_MS;
		sim_run(sim, 3600 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(node[0].notices[SESSION_NOTICE_EXPIRED], 0);
		assert_int_equal(node[1].notices[SESSION_NOTICE_EXPIRED], 0);
		assert_true(node[0].data_undeliverable +
			    node[1].data_undeliverable < 30);
		sim_free(sim);
	}
}

/* The initiator of the last key is cut off: the other end takes over. */
static void test_rekey_by_responder(void **state)
{
	struct sim *sim = pair_new(3);

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	/* The helper of node 0 is gone for good; its kernel is not. */
	sim_restart(sim, 0, false);
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_run(sim, 170 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_INIT], 1);
	assert_true(sim->node[0].kernel[1].current.epoch > 1);
	sim_free(sim);
}

static void test_soft_limit_event(void **state)
{
	struct sim *sim = pair_new(4);

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, 1);
	sim_run(sim, SIM_S);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 2);
	assert_true(sim_is_up(sim, 0, 1));

	/* At the responder: only when the initiator does not move. */
	sim_event(sim, 1, 0, SESSION_EVENT_SOFT_LIMIT, 2);
	sim_run(sim, 4 * SIM_S);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 2);
	sim_run(sim, 5 * SIM_S);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 3);
	assert_true(sim_is_up(sim, 0, 1));

	/* Of a key that is no more: nothing. */
	sim_event(sim, 1, 0, SESSION_EVENT_SOFT_LIMIT, 1);
	sim_event(sim, 1, 0, SESSION_EVENT_HARD_LIMIT, 77);
	sim_run(sim, 20 * SIM_S);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 3);
	sim_free(sim);
}

/* Nobody talks: no new keys, the last one dies, an acquire begins anew. */
static void test_idle_ends(void **state)
{
	struct sim *sim = pair_new(5);
	unsigned int sent;

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	sent = sim->node[0].sent + sim->node[1].sent;
	sim_event(sim, 0, 1, SESSION_EVENT_PEER_IDLE, 0);
	sim_event(sim, 1, 0, SESSION_EVENT_PEER_IDLE, 0);
	sim_run(sim, 7200 * SIM_S);
	assert_int_equal(sim->node[0].sent + sim->node[1].sent, sent);
	assert_int_equal(sim_state(sim, 0, 1), SESSION_IDLE);
	assert_int_equal(sim_state(sim, 1, 0), SESSION_IDLE);
	assert_int_equal(sim->node[0].notices[SESSION_NOTICE_EXPIRED], 1);
	assert_false(sim->node[0].kernel[1].current.used);
	assert_int_equal(session_next_deadline(sim->node[0].host),
			 CLOCK_NEVER);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	sim_event(sim, 0, 1, SESSION_EVENT_PEER_IDLE, 0);
	sim_run(sim, 130 * SIM_S);
	sim_event(sim, 0, 1, SESSION_EVENT_PEER_ACTIVE, 0);
	sim_run(sim, SIM_S);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 3);
	sim_free(sim);
}

/* Nobody talks, but one end wants the session to be there at any time. */
static void test_idle_persists(void **state)
{
	struct sim *sim = sim_new(6, 2);

	(void)state;
	sim_peer(sim, 0, 1, true, NULL, true);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	sim_event(sim, 0, 1, SESSION_EVENT_PEER_IDLE, 0);
	sim_event(sim, 1, 0, SESSION_EVENT_PEER_IDLE, 0);
	sim_run(sim, 3600 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_int_equal(sim->node[0].notices[SESSION_NOTICE_EXPIRED], 0);
	assert_int_equal(sim->node[1].notices[SESSION_NOTICE_EXPIRED], 0);
	assert_in_range(sim->node[0].kernel[1].current.epoch, 29, 35);
	sim_free(sim);
}

/* Helpers die, one or both, with and without what their kernels hold. */
static void test_restarts(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < 16; i++) {
		struct sim *sim = pair_new(i);

		sim->node[0].traffic = sim->node[1].traffic = SIM_S;
		sim_run(sim, 300 * SIM_S);
		for (int n = 0; n < 2; n++) {
			if (!(i >> n & 1))
				continue;
			sim_restart(sim, n, i >> (n + 2) & 1);
			sim_peer(sim, n, !n, true, NULL, false);
		}
		/* What the kernel says when the far end fell silent. */
		sim_run(sim, 10 * SIM_S);
		for (int n = 0; n < 2; n++)
			if (!sim_is_up(sim, 0, 1))
				sim_event(sim, n, !n,
					  SESSION_EVENT_PEER_SILENT, 0);
		sim_run(sim, 30 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_run(sim, 1000 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

/* The time in which nobody ran does not count as one of trying. */
static void test_asleep(void **state)
{
	struct sim *sim = sim_new(7, 2);
	struct sim_node *node = sim->node;

	(void)state;
	sim_peer(sim, 0, 1, true, NULL, true);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim->blocked[0][1] = sim->blocked[1][0] = true;
	sim_run(sim, 10 * SIM_S);
	sim->now += 60 * SIM_S;
	sim_run(sim, SIM_MS);
	sim->blocked[0][1] = sim->blocked[1][0] = false;
	sim_run(sim, 12 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_int_equal(node[0].notices[SESSION_NOTICE_FAILED], 0);
	sim_free(sim);
}

/* A new helper takes over what the kernel holds, and soon has control keys. */
static void test_adopt(void **state)
{
	struct session_adopted adopted = {
		.slot = SESSION_SLOT_CURRENT, .age = 60, .soft_age = 120,
		.hard_age = 3600,
	};
	struct session_peer_info info;
	struct sim *sim = pair_new(6);
	struct sim_node *node = sim->node;
	struct clock now;

	(void)state;
	sim->check_receivable = true;
	node[0].traffic = node[1].traffic = 50 * SIM_MS;
	sim_run(sim, 60 * SIM_S);
	for (int n = 0; n < 2; n++) {
		struct sim_key *key = &node[n].kernel[!n].current;

		sim_restart(sim, n, false);
		sim_peer(sim, n, !n, true, NULL, false);
		sim_clock(&node[n], &now);
		adopted.epoch = key->epoch;
		adopted.rx_index = key->rx_index;
		assert_int_equal(session_keys_until(node[n].host), 0);
		session_peer_adopt(node[n].host, &now, node[n].peers[!n],
				   &adopted);
		/* An hour less what is gone: not what this helper asks for. */
		assert_int_equal(session_keys_until(node[n].host),
				 now.boot_ns + 3540 * SIM_S);
		session_peer_info(node[n].peers[!n], &info);
		assert_int_equal(info.state, SESSION_ESTABLISHED);
		assert_int_equal(info.key_epoch, 1);
	}
	sim_run(sim, 4 * SIM_S);
	assert_int_equal(node[0].kernel[1].current.epoch, 1);
	assert_false(session_control_ready(node[0].peers[1]));
	sim_run(sim, 8 * SIM_S);
	assert_int_equal(node[0].kernel[1].current.epoch, 2);
	assert_true(session_control_ready(node[0].peers[1]));
	assert_true(session_control_ready(node[1].peers[0]));
	assert_int_equal(sim->violations, 0);
	assert_int_equal(node[0].data_undeliverable, 0);
	assert_int_equal(node[1].data_undeliverable, 0);
	sim_free(sim);
}

/* Wall clocks that step within the hour's slack disturb nothing. */
static void test_clock_steps(void **state)
{
	static const int minutes[] = { 1, -2, 30, -45, 50, -50, 0 };
	struct sim *sim = pair_new(7);

	(void)state;
	sim->check_receivable = true;
	sim->node[0].traffic = sim->node[1].traffic = 100 * SIM_MS;
	sim_run(sim, 10 * SIM_S);
	for (size_t i = 0; i < sizeof(minutes) / sizeof(*minutes); i++) {
		uint32_t epoch = sim->node[0].kernel[1].current.epoch;

		sim->node[i & 1].clock_offset = minutes[i] * 60LL *
						(int64_t)SIM_S;
		sim_run(sim, 130 * SIM_S);
		assert_true(sim->node[0].kernel[1].current.epoch > epoch);
	}
	assert_int_equal(sim->violations, 0);
	assert_int_equal(sim->node[0].data_undeliverable, 0);
	sim_free(sim);
}

/*
 * A clock a day wrong gives no session, in either direction; once it is
 * right again there is one, with no memory of the wrong time.
 */
static void test_clock_wrong(void **state)
{
	(void)state;
	for (int sign = -1; sign < 2; sign += 2) {
		struct sim *sim = pair_new(8);

		sim->node[0].clock_offset = sign * 86400LL * (int64_t)SIM_S;
		sim_acquire(sim, 0, 1);
		sim_acquire(sim, 1, 0);
		sim_run(sim, 60 * SIM_S);
		assert_false(sim_is_up(sim, 0, 1));
		assert_int_equal(sim->node[0].sent_type[WIRE_TYPE_RESP], 0);
		assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_RESP], 0);
		sim->node[0].clock_offset = 0;
		sim_acquire(sim, 0, 1);
		sim_run(sim, SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

/* Both were a day ahead, and both are set right: stamps go back with them. */
static void test_clock_both_back(void **state)
{
	struct sim *sim = pair_new(9);

	(void)state;
	sim->node[0].clock_offset = sim->node[1].clock_offset =
		86400LL * (int64_t)SIM_S;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	sim->node[0].clock_offset = sim->node[1].clock_offset = 0;
	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, 1);
	sim_run(sim, SIM_S);
	assert_int_equal(sim->node[1].kernel[0].current.epoch, 2);
	assert_true(sim_is_up(sim, 0, 1));
	sim_free(sim);
}

/* Across the hours: hints change, sessions do not notice. */
static void test_hours(void **state)
{
	struct sim *sim = pair_new(10);

	(void)state;
	sim->node[0].traffic = sim->node[1].traffic = 5 * SIM_S;
	sim_run(sim, 6 * 3600 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_int_equal(session_host_stats(sim->node[0].host)->rx_stranger +
			 session_host_stats(sim->node[1].host)->rx_stranger,
			 0);
	sim_free(sim);
}

/* The one packet that confirms is lost, and then only one end talks. */
static void test_confirmation_lost(void **state)
{
	struct sim *sim = pair_new(11);

	(void)state;
	sim->check_receivable = true;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	sim->node[1].traffic = 10 * SIM_MS;
	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, 1);
	sim_run(sim, 35 * SIM_MS);
	sim->blocked[0][1] = true;
	sim_run(sim, 35 * SIM_MS);
	sim->blocked[0][1] = false;
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 2);
	assert_int_equal(sim->node[1].kernel[0].current.epoch, 1);
	sim_run(sim, 600 * SIM_S);
	assert_int_equal(sim->violations, 0);
	assert_int_equal(sim->node[0].data_undeliverable, 0);
	assert_true(sim->node[1].kernel[0].current.epoch > 5);
	sim_free(sim);
}

/*
 * Asked for a handshake again and again: by one way its messages become rarer
 * all the same, and by another they begin anew.
 */
static void test_asked_again(void **state)
{
	struct sim *sim = pair_new(13);
	struct sim_node *node = &sim->node[0];
	struct endpoint at = sim->node[1].endpoint;
	unsigned int sent;
	struct clock now;

	(void)state;
	sim->blocked[0][1] = true;
	for (int i = 0; i < 5; i++) {
		sim_clock(node, &now);
		assert_int_equal(session_handshake(node->host, &now,
						   node->peers[1], &at), 0);
		sim_run(sim, 5 * SIM_S - SIM_MS);
	}
	sent = node->sent_type[WIRE_TYPE_INIT];
	assert_in_range(sent, 7, 11);
	at.port++;
	sim_clock(node, &now);
	assert_int_equal(session_handshake(node->host, &now, node->peers[1],
					   &at), 0);
	sim_run(sim, 3 * SIM_S);
	assert_in_range(node->sent_type[WIRE_TYPE_INIT] - sent, 2, 4);
	sim_free(sim);
}

static void test_four_nodes(void **state)
{
	struct sim *sim = sim_new(12, 4);

	(void)state;
	sim->check_receivable = true;
	sim->jitter = 10 * SIM_MS;
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < 4; b++)
			if (a != b)
				sim_peer(sim, a, b, true, NULL, false);
	for (int a = 0; a < 4; a++)
		sim->node[a].traffic = SIM_S;
	sim_run(sim, 1000 * SIM_S);
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < a; b++)
			assert_true(sim_is_up(sim, a, b));
	assert_int_equal(sim->violations, 0);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rekey_without_gap),
		cmocka_unit_test(test_rekey_with_loss),
		cmocka_unit_test(test_rekey_by_responder),
		cmocka_unit_test(test_soft_limit_event),
		cmocka_unit_test(test_idle_ends),
		cmocka_unit_test(test_idle_persists),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_asleep),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_clock_steps),
		cmocka_unit_test(test_clock_wrong),
		cmocka_unit_test(test_clock_both_back),
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_confirmation_lost),
		cmocka_unit_test(test_asked_again),
		cmocka_unit_test(test_four_nodes),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("session life", tests, NULL, NULL);
}

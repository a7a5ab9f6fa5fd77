// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions of several lanes: how many, with which keys, and what ends them. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "sim.h"
#include "wire.h"

static struct sim *pair_new(uint64_t seed, unsigned int a, unsigned int b)
{
	struct sim *sim = sim_new(seed, 2);

	sim_lanes(sim, 0, a);
	sim_lanes(sim, 1, b);
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	return sim;
}

/* A pair with a session that @from began. */
static struct sim *pair_up(uint64_t seed, unsigned int a, unsigned int b,
			   int from)
{
	struct sim *sim = pair_new(seed, a, b);

	sim_acquire(sim, from, !from);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	return sim;
}

static uint32_t epoch_of(struct sim *sim, int node)
{
	struct session_peer_info info;

	session_peer_info(sim->node[node].peers[!node], &info);
	return info.key_epoch;
}

/* The smaller number of the two, whoever begins. */
static void test_number(void **state)
{
	(void)state;
	for (unsigned int a = 0; a <= WIRE_LANES_MAX; a++) {
		for (unsigned int b = 0; b <= WIRE_LANES_MAX; b++) {
			unsigned int n = a < b ? a : b;
			struct sim *sim = pair_up(a * 9 + b, a, b, a & 1);

			n -= !!n;
			assert_int_equal(sim_lanes_up(sim, 0, 1), n);
			assert_int_equal(sim->node[0].lane_installs, n);
			assert_int_equal(sim->node[1].lane_installs, n);
			assert_int_equal(sim->node[0].installs, 1);
			assert_int_equal(sim->node[1].installs, 1);
			sim_free(sim);
		}
	}
}

static void shake(struct sim *sim, const struct endpoint *at)
{
	struct clock now;

	sim_clock(&sim->node[0], &now);
	session_handshake(sim->node[0].host, &now, sim->node[0].peers[1], at);
	sim_run(sim, 2 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
}

/* What speaks for a peer on loopback has no other ports. */
static void test_loopback(void **state)
{
	struct sim *sim = pair_new(5, 4, 4);
	struct endpoint at;

	(void)state;
	sim_carry(sim, 0, "127.64.1.1:4000", 1, "127.64.2.1:5000");
	sim_carry(sim, 1, "127.64.2.1:5000", 0, "127.64.1.1:4000");
	assert_int_equal(endpoint_parse("127.64.1.1:4000", &at), 0);
	shake(sim, &at);
	assert_int_equal(sim_lanes_up(sim, 0, 1), 0);
	/* Directly there are all of them, and by loopback none again. */
	shake(sim, &sim->node[1].endpoint);
	assert_int_equal(sim_lanes_up(sim, 0, 1), 3);
	shake(sim, &at);
	assert_int_equal(sim_lanes_up(sim, 0, 1), 0);
	sim_free(sim);
}

static void test_number_refused(void **state)
{
	struct sim *sim = sim_new(1, 1);
	struct session_config config = { .lanes = WIRE_LANES_MAX + 1 };
	struct session_host *host;
	struct session_ops ops = { .send = NULL };
	struct clock now;

	(void)state;
	sim_clock(&sim->node[0], &now);
	memset(config.ports, 1, sizeof(config.ports));
	assert_null(session_host_new(&ops, NULL, &config, &now));
	config.lanes--;
	host = session_host_new(&ops, NULL, &config, &now);
	assert_non_null(host);
	session_host_free(host);
	config.ports[6] = 0;
	assert_null(session_host_new(&ops, NULL, &config, &now));
	config.lanes--;
	host = session_host_new(&ops, NULL, &config, &now);
	assert_non_null(host);
	session_host_free(host);
	sim_free(sim);
}

/* Index and epoch are those of lane 0, the keys are its own. */
static void test_keys(void **state)
{
	struct sim *sim = pair_up(2, 8, 8, 0);
	struct sim_kernel *kernel = &sim->node[0].kernel[1];
	const uint8_t *keys[2 * WIRE_LANES_MAX];
	size_t n = 0;

	(void)state;
	keys[n++] = kernel->current.rx_key;
	keys[n++] = kernel->current.tx_key;
	for (int i = 1; i < WIRE_LANES_MAX; i++) {
		struct sim_key *key = &kernel->lane[i].current;

		assert_int_equal(key->epoch, kernel->current.epoch);
		assert_int_equal(key->rx_index, kernel->current.rx_index);
		assert_int_equal(key->tx_index, kernel->current.tx_index);
		assert_int_equal(key->cipher, kernel->current.cipher);
		keys[n++] = key->rx_key;
		keys[n++] = key->tx_key;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(keys[i], keys[j], 32);
	sim_free(sim);
}

/* A lane that the kernel does not take costs that lane and nothing else. */
static void test_lane_refused(void **state)
{
	(void)state;
	for (int node = 0; node < 2; node++) {
		struct sim *sim = pair_new(3, 5, 4);
		struct session_peer_info info;

		sim->node[node].lanes_refused = 1U << 2;
		sim_acquire(sim, 0, 1);
		sim_run(sim, SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(sim_lanes_up(sim, 0, 1), 2);
		assert_int_equal(sim->node[node].lane_installs, 2);
		assert_int_equal(sim->node[!node].lane_installs, 3);
		assert_int_equal(sim->node[node].notices[SESSION_NOTICE_LANE],
				 1);
		assert_non_null(strstr(sim->node[node].text, "lane 2"));
		assert_int_equal(sim->node[!node].notices[SESSION_NOTICE_LANE],
				 0);
		session_peer_info(sim->node[node].peers[!node], &info);
		assert_int_equal(info.state, SESSION_ESTABLISHED);
		assert_string_equal(info.last_error, "");
		sim_free(sim);
	}
}

/* Without lane 0 there is no other. */
static void test_lane_zero_refused(void **state)
{
	(void)state;
	for (int node = 0; node < 2; node++) {
		struct sim *sim = pair_new(4, 4, 4);

		sim->node[node].install_error = -ENOTCONN;
		sim->node[node].install_errors = -1;
		sim_acquire(sim, 0, 1);
		sim_run(sim, 60 * SIM_S);
		assert_false(sim_is_up(sim, 0, 1));
		assert_int_equal(sim->node[node].lane_installs, 0);
		assert_int_equal(sim_lanes_up(sim, 0, 1), 0);
		/* A collision is met with another index, for all lanes. */
		sim->node[node].install_error = -EEXIST;
		sim->node[node].install_errors = 1;
		sim_acquire(sim, 0, 1);
		sim_run(sim, 10 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(sim_lanes_up(sim, 0, 1), 3);
		sim_free(sim);
	}
}

/* New keys come in all lanes, for hours. */
static void test_rekey(void **state)
{
	struct sim *sim = pair_up(5, 4, 4, 0);

	(void)state;
	sim->check_receivable = true;
	sim->node[0].traffic = SIM_S;
	for (int i = 0; i < 60; i++) {
		sim_run(sim, 60 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(sim_lanes_up(sim, 0, 1), 3);
	}
	assert_true(epoch_of(sim, 0) > 25);
	assert_int_equal(sim->violations, 0);
	assert_int_equal(sim->node[0].lane_deletes, 0);
	assert_int_equal(sim->node[1].lane_deletes, 0);
	assert_int_equal(sim->node[0].lane_installs,
			 3 * sim->node[0].installs);
	sim_free(sim);
}

/* What is told of a lane above 0 changes nothing, but for a soft limit. */
static void test_events(void **state)
{
	struct sim *sim = pair_up(6, 4, 4, 0);
	struct sim_node *node = &sim->node[0];

	(void)state;
	for (int i = 0; i < 2; i++) {
		sim_lane_event(sim, i, !i, SESSION_EVENT_HARD_LIMIT, 1, 1);
		sim_lane_event(sim, i, !i, SESSION_EVENT_KEY_CURRENT, 3, 1);
		sim_lane_event(sim, i, !i, SESSION_EVENT_SOFT_LIMIT, 1, 99);
		sim_run(sim, 10 * SIM_S);
		assert_int_equal(sim_state(sim, i, !i), SESSION_ESTABLISHED);
		assert_int_equal(epoch_of(sim, i), 1);
		assert_int_equal(sim->node[i].deletes, 0);
		assert_int_equal(sim->node[i].lane_deletes, 0);
	}
	assert_int_equal(node->sent_type[WIRE_TYPE_INIT], 1);
	/* All lanes reach it at once; one handshake comes of that. */
	for (int lane = 1; lane < 4; lane++)
		sim_lane_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, lane, 1);
	sim_run(sim, SIM_S);
	assert_int_equal(node->sent_type[WIRE_TYPE_INIT], 2);
	assert_int_equal(epoch_of(sim, 0), 2);
	assert_int_equal(sim_lanes_up(sim, 0, 1), 3);
	/* The key that was is not in need of a new one. */
	sim_lane_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, 2, 1);
	sim_run(sim, SIM_S);
	assert_int_equal(node->sent_type[WIRE_TYPE_INIT], 2);
	sim_free(sim);
}

/* A key that was offered is confirmed in lane 0, and nowhere else. */
static void test_confirmation(void **state)
{
	struct sim *sim = pair_new(7, 4, 4);

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, 30 * SIM_MS);
	assert_int_equal(sim->node[1].lane_installs, 3);
	sim_lane_event(sim, 1, 0, SESSION_EVENT_KEY_CURRENT, 1, 1);
	sim_lane_event(sim, 1, 0, SESSION_EVENT_SOFT_LIMIT, 1, 1);
	sim_lane_event(sim, 1, 0, SESSION_EVENT_HARD_LIMIT, 1, 1);
	assert_int_equal(sim_state(sim, 1, 0), SESSION_IDLE);
	assert_int_equal(sim->node[1].notices[SESSION_NOTICE_CONFIRMED], 0);
	assert_int_equal(sim->node[1].deletes, 0);
	sim_event(sim, 1, 0, SESSION_EVENT_KEY_CURRENT, 1);
	assert_int_equal(sim_state(sim, 1, 0), SESSION_ESTABLISHED);
	sim_free(sim);
}

/* The end of a key is its end in all lanes. */
static void test_expiry(void **state)
{
	(void)state;
	for (int event = 0; event < 2; event++) {
		struct sim *sim = pair_up(8, 4, 3, 0);

		for (int i = 0; i < 2; i++) {
			sim_event(sim, i, !i, SESSION_EVENT_PEER_IDLE, 0);
			if (event)
				sim_event(sim, i, !i,
					  SESSION_EVENT_HARD_LIMIT, 1);
		}
		sim_run(sim, event ? SIM_S : 700 * SIM_S);
		for (int i = 0; i < 2; i++) {
			struct sim_kernel *k = &sim->node[i].kernel[!i];

			assert_int_equal(sim->node[i].deletes, 1);
			assert_int_equal(sim->node[i].lane_deletes, 2);
			assert_false(k->current.used);
			for (int lane = 1; lane < WIRE_LANES_MAX; lane++)
				assert_false(k->lane[lane].current.used);
		}
		sim_free(sim);
	}
}

/* Nothing is left in a lane that the newer key has not. */
static void test_fewer(void **state)
{
	(void)state;
	for (int from = 0; from < 2; from++) {
		struct sim *sim = pair_up(9, 4, 4, 0);
		struct sim_kernel *kernel = &sim->node[0].kernel[1];

		sim->node[0].traffic = SIM_S;
		sim_run(sim, 150 * SIM_S);
		assert_true(kernel->lane[3].previous.used);
		sim->node[0].traffic = 0;
		sim_restart(sim, 1, true);
		sim_lanes(sim, 1, 2);
		sim_peer(sim, 1, 0, true, NULL, false);
		if (from)
			sim_acquire(sim, 1, 0);
		else
			sim_event(sim, 0, 1, SESSION_EVENT_PEER_SILENT, 0);
		sim_run(sim, SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(sim_lanes_up(sim, 0, 1), 1);
		assert_true(kernel->lane[1].previous.used);
		for (int lane = 2; lane < 4; lane++) {
			assert_false(kernel->lane[lane].current.used);
			assert_false(kernel->lane[lane].previous.used);
		}
		assert_int_equal(sim->node[0].deletes, 0);
		sim_free(sim);
	}
}

/* An offer that another with fewer lanes takes the place of. */
static void test_fewer_offered(void **state)
{
	struct sim *sim = pair_new(10, 4, 4);
	struct sim_kernel *kernel = &sim->node[1].kernel[0];

	(void)state;
	sim->blocked[1][0] = true;
	sim_acquire(sim, 0, 1);
	sim_run(sim, 100 * SIM_MS);
	assert_true(kernel->next.used && kernel->lane[3].next.used);
	sim->blocked[1][0] = false;
	sim_drop(sim);
	sim_lanes(sim, 0, 1);
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	for (int lane = 1; lane < 4; lane++) {
		assert_false(kernel->lane[lane].next.used);
		assert_false(kernel->lane[lane].current.used);
	}
	assert_int_equal(sim->node[1].lane_deletes, 3);
	sim_free(sim);
}

/* A helper that found a key of lane 0 ends it in all lanes it may have. */
static void test_adopted(void **state)
{
	struct sim *sim = pair_up(11, 4, 4, 0);
	struct sim_kernel *kernel = &sim->node[0].kernel[1];
	const struct session_adopted key = {
		.slot = SESSION_SLOT_CURRENT, .epoch = kernel->current.epoch,
		.rx_index = kernel->current.rx_index, .age = 1,
		.soft_age = 120, .hard_age = 600,
	};
	struct clock now;

	(void)state;
	sim_restart(sim, 0, false);
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_clock(&sim->node[0], &now);
	session_peer_adopt(sim->node[0].host, &now, sim->node[0].peers[1],
			   &key);
	assert_int_equal(sim_state(sim, 0, 1), SESSION_ESTABLISHED);
	assert_int_equal(sim_lanes_up(sim, 0, 1), 3);
	sim_event(sim, 0, 1, SESSION_EVENT_HARD_LIMIT, key.epoch);
	assert_int_equal(sim->node[0].deletes, 1);
	assert_int_equal(sim->node[0].lane_deletes,
			 WIRE_LANES_MAX - 1);
	for (int lane = 1; lane < 4; lane++)
		assert_false(kernel->lane[lane].current.used);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_number_refused),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_lane_refused),
		cmocka_unit_test(test_lane_zero_refused),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_confirmation),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_fewer),
		cmocka_unit_test(test_fewer_offered),
		cmocka_unit_test(test_adopted),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("session_lanes", tests, NULL, NULL);
}

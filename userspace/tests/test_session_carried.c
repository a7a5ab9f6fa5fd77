// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions by way of a relay or a TURN server, and on to a direct way. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "control_content.h"
#include "sim.h"

#define OTHER	200		/* a message type of some later layer */

#define RELAY_A	"relay:0x0000000a@203.0.113.1:7740"	/* as 0 has it */
#define RELAY_C	"relay:0xc0000000@203.0.113.1:7740"	/* as 1 has it */
#define TURN_A	"turn:0x4001@203.0.113.2:3478"
#define DIRECT_A	"203.0.113.2:50000"		/* its relayed address */

static struct endpoint endpoint(const char *text)
{
	struct endpoint ep;

	assert_int_equal(endpoint_parse(text, &ep), 0);
	return ep;
}

static int move(struct sim *sim, int from, const char *to)
{
	struct sim_node *node = &sim->node[from];
	struct endpoint ep = endpoint(to);

	return session_peer_move(node->host, node->peers[!from], &ep);
}

/* Neither knows where the other is, and no direct way exists. */
static struct sim *pair_new(uint64_t seed)
{
	struct sim *sim = sim_new(seed, 2);

	sim->check_receivable = true;
	sim->blocked[0][1] = true;
	sim->blocked[1][0] = true;
	sim_carry(sim, 0, RELAY_A, 1, RELAY_C);
	sim_carry(sim, 1, RELAY_C, 0, RELAY_A);
	sim_peer(sim, 0, 1, false, NULL, false);
	sim_peer(sim, 1, 0, false, NULL, false);
	return sim;
}

static struct sim *relay_up(uint64_t seed)
{
	struct sim *sim = pair_new(seed);

	assert_int_equal(move(sim, 0, RELAY_A), 0);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	return sim;
}

static bool goes_to(struct sim *sim, int from, const char *text)
{
	struct endpoint ep = endpoint(text);
	struct session_peer_info info;

	session_peer_info(sim->node[from].peers[!from], &info);
	return endpoint_equal(&info.endpoint, &ep) &&
	       endpoint_equal(&sim->node[from].kernel[!from].endpoint, &ep);
}

/* Both ends know the way after it, the one that was found too. */
static void test_handshake(void **state)
{
	struct sim *sim = relay_up(1);

	(void)state;
	assert_true(goes_to(sim, 0, RELAY_A));
	assert_true(goes_to(sim, 1, RELAY_C));
	sim->node[0].traffic = 100 * SIM_MS;
	sim->node[1].traffic = 100 * SIM_MS;
	sim_run(sim, 500 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_int_equal(sim->violations, 0);
	assert_true(sim->node[0].kernel[1].current.epoch > 1);
	assert_in_range(sim->node[0].data_received, 4990, 5010);
	assert_in_range(sim->node[1].data_received, 4990, 5010);
	assert_int_equal(sim->node[0].data_undeliverable, 0);
	sim_free(sim);
}

static void test_lossy(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		struct sim *sim = pair_new(seed);

		sim->loss = 20;
		sim->duplicate = 10;
		sim->jitter = 200 * SIM_MS;
		move(sim, 0, RELAY_A);
		sim->node[0].traffic = SIM_S;
		sim_run(sim, 60 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		assert_true(goes_to(sim, 1, RELAY_C));
		sim_free(sim);
	}
}

/* Through a TURN server only one end sees a carrier. */
static void test_turn(void **state)
{
	struct sim *sim = sim_new(2, 2);

	(void)state;
	sim->blocked[0][1] = true;
	sim->blocked[1][0] = true;
	sim_carry(sim, 0, TURN_A, 1, DIRECT_A);
	sim_carry(sim, 1, DIRECT_A, 0, TURN_A);
	sim_peer(sim, 0, 1, false, NULL, false);
	sim_peer(sim, 1, 0, false, NULL, false);
	assert_int_equal(move(sim, 0, TURN_A), 0);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_true(goes_to(sim, 0, TURN_A));
	assert_true(goes_to(sim, 1, DIRECT_A));
	sim_free(sim);
}

/* Under load the cookie is for the relay id, and is taken by it. */
static void test_cookie(void **state)
{
	struct sim *sim = pair_new(3);

	(void)state;
	sim->node[1].config.load_rate = 1;
	sim_restart(sim, 1, true);
	sim_peer(sim, 1, 0, false, NULL, false);
	move(sim, 0, RELAY_A);
	for (int i = 0; i < 4; i++) {
		sim_acquire(sim, 0, 1);
		sim_run(sim, 50 * SIM_MS);
		sim_restart(sim, 0, true);
		sim_peer(sim, 0, 1, false, NULL, false);
		move(sim, 0, RELAY_A);
	}
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim->node[1].sent_type[WIRE_TYPE_COOKIE] > 0);
	assert_true(sim_is_up(sim, 0, 1));
	sim_free(sim);
}

/* Control goes the same way, and comes back on the way it came. */
static void test_control(void **state)
{
	static const uint8_t tlv[] = { 0x99, 0, 1, 0, 7 };
	struct sim *sim = relay_up(4);
	struct endpoint relay_a = endpoint(RELAY_A);
	struct endpoint relay_c = endpoint(RELAY_C);
	struct sim_node *a = &sim->node[0];
	struct clock now;
	uint64_t token;

	(void)state;
	sim_clock(a, &now);
	assert_int_equal(session_ping(a->host, &now, a->peers[1], NULL,
				      &token), 0);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(a->pongs, 1);
	assert_true(a->pong.token == token);
	assert_true(endpoint_equal(&a->pong.dst, &relay_a));
	assert_true(endpoint_equal(&a->pong.src, &relay_a));
	assert_false(endpoint_is_set(&a->pong.observed));

	sim->node[1].control_known = OTHER;
	sim->node[1].control_answer = OTHER;
	a->control_known = OTHER;
	sim_clock(a, &now);
	assert_int_equal(session_control_send(a->host, &now, a->peers[1], NULL,
					      OTHER, tlv, sizeof(tlv)), 0);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(sim->node[1].controls, 1);
	assert_true(endpoint_equal(&sim->node[1].control_src, &relay_c));
	assert_int_equal(a->controls, 1);
	assert_true(endpoint_equal(&a->control_src, &relay_a));
	sim_free(sim);
}

/* The answer follows the question also where data goes another way. */
static void test_control_aside(void **state)
{
	struct sim *sim = relay_up(5);
	struct endpoint direct = sim->node[1].endpoint;
	struct sim_node *a = &sim->node[0];
	struct clock now;
	uint64_t token;

	(void)state;
	sim->blocked[0][1] = false;
	sim->blocked[1][0] = false;
	sim_clock(a, &now);
	assert_int_equal(session_ping(a->host, &now, a->peers[1], &direct,
				      &token), 0);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(a->pongs, 1);
	assert_true(endpoint_equal(&a->pong.src, &direct));
	assert_true(endpoint_equal(&a->pong.observed, &a->endpoint));
	assert_true(goes_to(sim, 0, RELAY_A));
	assert_true(goes_to(sim, 1, RELAY_C));
	sim_free(sim);
}

/* Moved to the direct way; what still comes by the relay moves nothing. */
static void test_move(void **state)
{
	struct sim *sim = relay_up(6);
	unsigned int sets;

	(void)state;
	sim->blocked[0][1] = false;
	sim->blocked[1][0] = false;
	sim->node[0].traffic = 10 * SIM_MS;
	sim->node[1].traffic = 10 * SIM_MS;
	sim_run(sim, SIM_S);
	assert_int_equal(move(sim, 0, "192.0.2.2:7740"), 0);
	sim_run(sim, SIM_S);
	assert_true(goes_to(sim, 0, "192.0.2.2:7740"));
	assert_true(goes_to(sim, 1, RELAY_C));
	assert_int_equal(move(sim, 1, "192.0.2.1:7740"), 0);
	sets = sim->node[1].endpoint_sets;
	/* And the next handshakes go there too, of both ends. */
	sim_run(sim, 500 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_true(goes_to(sim, 0, "192.0.2.2:7740"));
	assert_true(goes_to(sim, 1, "192.0.2.1:7740"));
	assert_int_equal(sim->node[1].endpoint_sets, sets);
	assert_int_equal(sim->node[0].data_undeliverable, 0);
	sim_free(sim);
}

/*
 * A key that replaces another may come by the relay, while data has found a
 * better way: that stays.
 */
static void test_rekey_aside(void **state)
{
	struct sim *sim = relay_up(7);
	struct sim_node *a = &sim->node[0];

	(void)state;
	sim->blocked[1][0] = false;
	assert_int_equal(move(sim, 1, "192.0.2.1:7740"), 0);
	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT,
		  a->kernel[1].current.epoch);
	sim_run(sim, SIM_S);
	assert_int_equal(a->kernel[1].current.epoch, 2);
	assert_true(sim_is_up(sim, 0, 1));
	assert_true(goes_to(sim, 0, RELAY_A));
	assert_true(goes_to(sim, 1, "192.0.2.1:7740"));
	sim_free(sim);
}

/* A stale direct endpoint gives way to the one a new session came by. */
static void test_stale(void **state)
{
	struct sim *sim = sim_new(8, 2);

	(void)state;
	sim->blocked[0][1] = true;
	sim->blocked[1][0] = true;
	sim_carry(sim, 0, RELAY_A, 1, RELAY_C);
	sim_carry(sim, 1, RELAY_C, 0, RELAY_A);
	sim_peer(sim, 0, 1, false, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	move(sim, 0, RELAY_A);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_true(goes_to(sim, 1, RELAY_C));
	sim_free(sim);
}

/* Who was reached by a relay and comes directly is reached directly. */
static void test_direct_again(void **state)
{
	struct sim *sim = relay_up(10);
	struct endpoint direct = sim->node[1].endpoint;
	struct sim_node *a = &sim->node[0];
	struct clock now;

	(void)state;
	sim->blocked[0][1] = false;
	sim->blocked[1][0] = false;
	sim_clock(a, &now);
	assert_int_equal(session_handshake(a->host, &now, a->peers[1],
					   &direct), 0);
	sim_run(sim, SIM_S);
	assert_int_equal(a->kernel[1].current.epoch, 2);
	assert_true(sim_is_up(sim, 0, 1));
	assert_true(goes_to(sim, 0, "192.0.2.2:7740"));
	assert_true(goes_to(sim, 1, "192.0.2.1:7740"));
	sim_free(sim);
}

/*
 * An initiation that is not confirmed says to the kernel alone where its sender
 * is: we ask for a session where we would have, and that settles it.
 */
static void test_unconfirmed(void **state)
{
	struct endpoint relay = endpoint(RELAY_C);
	struct sim *sim = sim_new(11, 2);
	struct session_peer_info info;
	struct sim_node *b;

	(void)state;
	sim->blocked[0][1] = true;
	sim->blocked[1][0] = true;
	sim_carry(sim, 0, RELAY_A, 1, RELAY_C);
	sim_peer(sim, 0, 1, false, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	b = &sim->node[1];
	move(sim, 0, RELAY_A);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_false(sim_is_up(sim, 0, 1));
	assert_true(endpoint_equal(&b->kernel[0].endpoint, &relay));
	session_peer_info(b->peers[0], &info);
	assert_true(endpoint_equal(&info.endpoint, &sim->node[0].endpoint));

	sim->blocked[0][1] = false;
	sim->blocked[1][0] = false;
	/* Once the other one has given up on the relay. */
	sim->node[1].traffic = SIM_S;
	sim_run(sim, 60 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_true(goes_to(sim, 1, "192.0.2.1:7740"));
	sim_free(sim);
}

static void test_move_refused(void **state)
{
	struct sim *sim = pair_new(9);
	struct endpoint bad = endpoint(RELAY_A);
	struct session_peer_info info;

	(void)state;
	bad.id = 0;
	assert_int_equal(session_peer_move(sim->node[0].host,
					   sim->node[0].peers[1], &bad),
			 -EINVAL);
	session_peer_info(sim->node[0].peers[1], &info);
	assert_false(endpoint_is_set(&info.endpoint));
	assert_int_equal(sim->node[0].endpoint_sets, 0);
	assert_int_equal(move(sim, 0, RELAY_A), 0);
	assert_int_equal(move(sim, 0, RELAY_A), 0);
	assert_int_equal(sim->node[0].endpoint_sets, 1);
	sim_free(sim);
}

/* What carried it is gone, and where it is nobody knows. */
static void test_forget(void **state)
{
	const struct endpoint none = { .family = AF_UNSPEC };
	struct sim *sim = pair_new(9);
	struct session_peer *peer = sim->node[0].peers[1];
	struct session_peer_config config = {
		.endpoint = sim->node[1].endpoint,
	};
	struct session_peer_info info;
	struct clock now;

	(void)state;
	memcpy(config.public, sim->node[1].id.public, sizeof(config.public));
	sim_clock(&sim->node[0], &now);
	assert_int_equal(move(sim, 0, RELAY_A), 0);
	assert_int_equal(session_peer_move(sim->node[0].host, peer, &none), 0);
	assert_int_equal(sim->node[0].endpoint_sets, 2);
	session_peer_info(peer, &info);
	assert_false(endpoint_is_set(&info.endpoint));
	assert_int_equal(session_peer_move(sim->node[0].host, peer, &none), 0);
	/* A change of what is configured leaves open what the kernel has. */
	assert_int_equal(move(sim, 0, RELAY_A), 0);
	assert_int_equal(session_peer_set(sim->node[0].host, &now, peer,
					  &config), 0);
	config.endpoint = none;
	assert_int_equal(session_peer_set(sim->node[0].host, &now, peer,
					  &config), 0);
	assert_int_equal(session_peer_move(sim->node[0].host, peer, &none), 0);
	assert_int_equal(sim->node[0].endpoint_sets, 5);
	assert_int_equal(move(sim, 0, RELAY_A), 0);
	sim_free(sim);
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_lossy),
		cmocka_unit_test(test_turn),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_control_aside),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_rekey_aside),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_direct_again),
		cmocka_unit_test(test_unconfirmed),
		cmocka_unit_test(test_move_refused),
		cmocka_unit_test(test_forget),
	};

	return cmocka_run_group_tests_name("session by relay", tests, setup,
					   NULL);
}

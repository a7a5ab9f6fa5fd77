// SPDX-License-Identifier: GPL-2.0-or-later
/* Two helpers come to a session, whatever the network does between them. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "addr.h"
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

static void test_acquire_establishes(void **state)
{
	struct sim *sim = pair_new(1);

	(void)state;
	assert_int_equal(sim_state(sim, 0, 1), SESSION_IDLE);
	sim_run(sim, 10 * SIM_S);
	assert_int_equal(sim->node[0].sent + sim->node[1].sent, 0);

	sim_acquire(sim, 0, 1);
	assert_int_equal(sim_state(sim, 0, 1), SESSION_INITIATING);
	sim_run(sim, 100 * SIM_MS);
	assert_true(sim_is_up(sim, 0, 1));
	assert_int_equal(sim_state(sim, 0, 1), SESSION_ESTABLISHED);
	assert_int_equal(sim_state(sim, 1, 0), SESSION_ESTABLISHED);
	assert_int_equal(sim->node[0].sent_type[WIRE_TYPE_INIT], 1);
	assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_RESP], 1);
	assert_int_equal(sim->node[1].notices[SESSION_NOTICE_CONFIRMED], 1);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 1);
	sim_free(sim);
}

/*
 * One end knows no endpoint: it only answers, then it can also begin, told
 * by its kernel where the peer is or not.
 */
static void test_endpoint_learned(void **state)
{
	(void)state;
	for (int untold = 0; untold < 2; untold++) {
		struct sim *sim = sim_new(2, 2);

		sim->node[1].moves_untold = untold;
		sim_peer(sim, 0, 1, true, NULL, false);
		sim_peer(sim, 1, 0, false, NULL, false);
		sim_acquire(sim, 1, 0);
		sim_run(sim, SIM_S);
		assert_int_equal(sim->node[1].sent, 0);
		assert_int_equal(sim->node[1].notices[SESSION_NOTICE_REFUSED],
				 1);
		sim_acquire(sim, 0, 1);
		sim_run(sim, SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_event(sim, 1, 0, SESSION_EVENT_PEER_SILENT, 0);
		sim_run(sim, SIM_S);
		assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_INIT], 1);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(sim->node[0].kernel[1].current.epoch, 2);
		sim_free(sim);
	}
}

static void test_loss_and_disorder(void **state)
{
	(void)state;
	for (unsigned int loss = 0; loss <= 50; loss += 10) {
		for (uint64_t seed = 0; seed < 20; seed++) {
			struct sim *sim = pair_new(100 * loss + seed);

			sim->loss = loss;
			sim->duplicate = 20;
			sim->jitter = 300 * SIM_MS;
			sim->node[0].traffic = SIM_S;
			if (seed & 1)
				sim->node[1].traffic = SIM_S;
			sim_run(sim, 60 * SIM_S);
			assert_int_equal(sim_state(sim, 0, 1),
					 SESSION_ESTABLISHED);
			assert_int_equal(sim_state(sim, 1, 0),
					 SESSION_ESTABLISHED);
			sim_free(sim);
		}
	}
}

static void test_long_delay(void **state)
{
	(void)state;
	for (uint64_t delay = 100; delay <= 1500; delay += 100) {
		struct sim *sim = pair_new(delay);

		sim->delay = delay * SIM_MS;
		sim_acquire(sim, 0, 1);
		sim_run(sim, 25 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

/* Both at once: one handshake wins, and no more than one key is made. */
static void test_simultaneous_open(void **state)
{
	(void)state;
	for (uint64_t skew = 0; skew < 45; skew++) {
		struct sim *sim = pair_new(7 + skew);

		sim->check_receivable = true;
		sim_acquire(sim, skew & 1, !(skew & 1));
		sim_run(sim, skew * SIM_MS);
		sim_acquire(sim, !(skew & 1), skew & 1);
		sim_run(sim, 400 * SIM_MS);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(sim->node[0].kernel[1].current.epoch, 1);
		assert_int_equal(sim->node[0].installs, 1);
		assert_int_equal(sim->node[1].installs, 1);
		assert_int_equal(sim->violations, 0);
		sim_free(sim);
	}
}

static void test_simultaneous_disorder(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct sim *sim = pair_new(seed);

		sim->loss = seed % 4 * 10;
		sim->duplicate = 30;
		sim->jitter = 900 * SIM_MS;
		sim_acquire(sim, 0, 1);
		sim_acquire(sim, 1, 0);
		sim->node[0].traffic = sim->node[1].traffic = SIM_S;
		sim_run(sim, 40 * SIM_S);
		sim->jitter = 0;
		sim->loss = 0;
		sim_run(sim, 150 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

/* The winner's messages do not arrive: the loser's are taken then. */
static void test_simultaneous_one_way(void **state)
{
	(void)state;
	for (int from = 0; from < 2; from++) {
		struct sim *sim = pair_new(9);
		struct endpoint nowhere = { .family = AF_INET, .port = 9 };
		struct session_peer_config config = { .endpoint = nowhere };
		struct clock now;

		config.endpoint.in4.s_addr = htonl(0xc0000299);
		memcpy(config.public, sim->node[!from].id.public, 32);
		sim_clock(&sim->node[from], &now);
		session_peer_set(sim->node[from].host, &now,
				 sim->node[from].peers[!from], &config);
		sim_acquire(sim, 0, 1);
		sim_acquire(sim, 1, 0);
		sim_run(sim, 2 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

/* The lower identity's second message crosses the other's first. */
static void test_simultaneous_repeated(void **state)
{
	(void)state;
	for (uint64_t skew = 0; skew < 30; skew++) {
		struct sim *sim = pair_new(skew);
		int low = memcmp(sim->node[0].id.public,
				 sim->node[1].id.public, 32) > 0;
		struct sim_node *node = &sim->node[low];

		sim->blocked[low][!low] = true;
		sim_acquire(sim, low, !low);
		sim_run(sim, 100 * SIM_MS);
		sim->blocked[low][!low] = false;
		while (node->sent_type[WIRE_TYPE_INIT] < 2)
			sim_run(sim, SIM_MS);
		sim_run(sim, skew * SIM_MS);
		sim_acquire(sim, !low, low);
		sim_run(sim, 400 * SIM_MS);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

/* An answer that gets lost: who wants a session asks for one itself. */
static void test_answer_lost(void **state)
{
	(void)state;
	for (int end = 0; end < 2; end++) {
		struct sim *sim = sim_new(3, 2);

		sim_peer(sim, 0, 1, true, NULL, end == 0);
		sim_peer(sim, 1, 0, true, NULL, end == 1);
		sim->blocked[1][0] = end == 1;
		sim->blocked[0][1] = end == 0;
		sim_run(sim, 100 * SIM_MS);
		sim_acquire(sim, !end, end);
		sim_run(sim, 100 * SIM_MS);
		sim->blocked[0][1] = false;
		sim->blocked[1][0] = false;
		sim_run(sim, 5 * SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

static unsigned int inits_in(struct sim *sim, uint64_t duration)
{
	unsigned int before = sim->node[0].sent_type[WIRE_TYPE_INIT];

	sim_run(sim, duration);
	return sim->node[0].sent_type[WIRE_TYPE_INIT] - before;
}

static void test_back_off(void **state)
{
	struct session_peer_info info;
	struct sim *sim = pair_new(11);
	unsigned int count;

	(void)state;
	sim->blocked[0][1] = true;
	sim_acquire(sim, 0, 1);
	count = inits_in(sim, 60 * SIM_S);
	assert_in_range(count, 6, 8);
	assert_int_equal(sim_state(sim, 0, 1), SESSION_BACKING_OFF);
	assert_int_equal(sim->node[0].notices[SESSION_NOTICE_FAILED], 1);
	session_peer_info(sim->node[0].peers[1], &info);
	assert_string_equal(info.last_error, sim->node[0].text);
	assert_non_null(strstr(info.last_error, "192.0.2.2:7740"));
	assert_int_equal(info.attempts, count + 1);

	/* Nobody asks: nothing is sent, and no timer runs. */
	assert_int_equal(inits_in(sim, 7200 * SIM_S), 0);
	assert_int_equal(session_next_deadline(sim->node[0].host),
			 CLOCK_NEVER);

	/* Asked every 10 ms for an hour: bounded all the same. */
	sim->node[0].traffic = 10 * SIM_MS;
	count = inits_in(sim, 3600 * SIM_S);
	assert_in_range(count, 300, 700);

	/* The peer is there again: up after the next acquire. */
	sim->blocked[0][1] = false;
	sim_run(sim, 61 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	session_peer_info(sim->node[0].peers[1], &info);
	assert_string_equal(info.last_error, "");
	assert_int_equal(info.attempts, 0);
	sim_free(sim);
}

#define ROUND	7	/* messages to one that does not answer, in 30 s */
#define SEEDS	32

/* When node 0 sent its first initiations. */
static struct {
	uint64_t at[2 * ROUND];
	size_t count;
} inits;

static void tap_inits(struct sim *sim, int from, int to, const uint8_t *bytes,
		      size_t len)
{
	(void)to;
	(void)len;
	if (!from && bytes[0] == WIRE_TYPE_INIT && inits.count < 2 * ROUND)
		inits.at[inits.count++] = sim->now;
}

/* The times from each message to the next, in two rounds and between them. */
static void intervals(uint64_t seed, uint64_t *between)
{
	struct sim *sim = sim_new(seed, 2);

	sim_peer(sim, 0, 1, true, NULL, true);
	sim->blocked[0][1] = true;
	sim->tap = tap_inits;
	inits.count = 0;
	sim_run(sim, 200 * SIM_S);
	assert_int_equal(inits.count, 2 * ROUND);
	for (int i = 0; i < 2 * ROUND - 1; i++)
		between[i] = inits.at[i + 1] - inits.at[i];
	sim_free(sim);
}

/* Two that lost each other at once do not call at once for ever. */
static void test_jitter(void **state)
{
	static const unsigned int least_ms[] = {
		500, 1000, 2000, 4000, 8000, 8000,
		68000,		/* one more that is in vain, and a pause */
		500, 1000, 2000, 4000, 8000, 8000,
	};
	uint64_t between[SEEDS][2 * ROUND - 1];

	(void)state;
	for (int i = 0; i < SEEDS; i++)
		intervals(i, between[i]);
	for (int n = 0; n < 2 * ROUND - 1; n++) {
		uint64_t least = least_ms[n] * SIM_MS, low = ~0ULL, high = 0;

		for (int i = 0; i < SEEDS; i++) {
			assert_in_range(between[i][n], least,
					least + least / 4);
			low = between[i][n] < low ? between[i][n] : low;
			high = between[i][n] > high ? between[i][n] : high;
		}
		/* A quarter at random: of so many, two are far apart. */
		assert_true(high - low > least / 8);
	}
}

static void test_persist(void **state)
{
	struct sim *sim = sim_new(12, 2);
	unsigned int count;

	(void)state;
	sim_peer(sim, 0, 1, true, NULL, true);
	sim_peer(sim, 1, 0, false, NULL, false);
	sim->blocked[1][0] = true;
	count = inits_in(sim, 24 * 3600 * SIM_S);
	/* About every quarter of an hour, seven messages. */
	assert_in_range(count, 400, 900);
	sim->blocked[1][0] = false;
	sim_run(sim, 1200 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	sim_free(sim);
}

static void test_psk(void **state)
{
	uint8_t psk[32] = { 1 }, other[32] = { 2 };
	struct sim *sim;

	(void)state;
	sim = sim_new(13, 2);
	sim_peer(sim, 0, 1, true, psk, false);
	sim_peer(sim, 1, 0, true, psk, false);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	sim_free(sim);

	for (int i = 0; i < 2; i++) {
		sim = sim_new(14, 2);
		sim_peer(sim, 0, 1, true, psk, false);
		sim_peer(sim, 1, 0, true, i ? other : NULL, false);
		sim_acquire(sim, 0, 1);
		sim_run(sim, 60 * SIM_S);
		assert_false(sim_is_up(sim, 0, 1));
		assert_int_equal(sim->node[1].sent, 0);
		assert_int_equal(sim_state(sim, 0, 1), SESSION_BACKING_OFF);
		sim_free(sim);
	}
}

/* A psk changed at both ends while a session is up: the next key has it. */
static void test_psk_change(void **state)
{
	struct session_peer_config config = { .has_psk = true, .psk = { 3 } };
	struct sim *sim = pair_new(15);
	struct clock now;

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	for (int i = 0; i < 2; i++) {
		memcpy(config.public, sim->node[!i].id.public, 32);
		config.endpoint = sim->node[!i].endpoint;
		sim_clock(&sim->node[i], &now);
		assert_int_equal(session_peer_set(sim->node[i].host, &now,
						  sim->node[i].peers[!i],
						  &config), 0);
	}
	sim_run(sim, 5 * SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_true(sim->node[0].kernel[1].current.epoch > 1);
	sim_free(sim);
}

static void test_cipher_choice(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct sim *sim = sim_new(16, 2);

		sim->node[0].config.aes_accelerated = i & 1;
		sim->node[1].config.aes_accelerated = i & 2;
		sim_restart(sim, 0, true);
		sim_restart(sim, 1, true);
		sim_peer(sim, 0, 1, true, NULL, false);
		sim_peer(sim, 1, 0, true, NULL, false);
		sim_acquire(sim, 0, 1);
		sim_run(sim, SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		assert_int_equal(sim->node[0].kernel[1].current.cipher,
				 i == 3 ? WIRE_CIPHER_AES_256_GCM :
				 WIRE_CIPHER_CHACHA20_POLY1305);
		sim_free(sim);
	}
}

/* A kernel that takes no key leaves nothing half done, and heals. */
static void test_install_fails(void **state)
{
	(void)state;
	for (int node = 0; node < 2; node++) {
		struct sim *sim = pair_new(17);

		sim->node[node].install_error = -ENOTCONN;
		sim->node[node].install_errors = -1;
		sim_acquire(sim, 0, 1);
		sim_run(sim, 60 * SIM_S);
		assert_false(sim_is_up(sim, 0, 1));
		assert_int_equal(sim_state(sim, 0, 1), SESSION_BACKING_OFF);
		assert_non_null(strstr(sim->node[node].text, "the kernel"));
		assert_int_equal(sim->node[node].installs, 0);
		if (node == 1)
			assert_int_equal(sim->node[1].sent, 0);
		sim->node[node].install_errors = 0;
		sim_run(sim, 60 * SIM_S);
		sim_acquire(sim, 0, 1);
		sim_run(sim, SIM_S);
		assert_true(sim_is_up(sim, 0, 1));
		sim_free(sim);
	}
}

static void test_index_collision(void **state)
{
	(void)state;
	for (int node = 0; node < 2; node++) {
		for (int errors = 1; errors < 4; errors++) {
			struct sim *sim = pair_new(18);

			sim->node[node].install_error = -EEXIST;
			sim->node[node].install_errors = errors;
			sim_acquire(sim, 0, 1);
			sim_run(sim, 450 * SIM_MS);
			assert_true(sim_is_up(sim, 0, 1));
			assert_int_equal(sim_state(sim, 0, 1),
					 SESSION_ESTABLISHED);
			sim_free(sim);
		}
	}
}

static void test_address_disagrees(void **state)
{
	struct session_peer_config config = { .address = 0 };
	struct sim *sim = sim_new(19, 2);
	struct session_peer *peer;
	struct clock now;

	(void)state;
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_clock(&sim->node[1], &now);
	memcpy(config.public, sim->node[0].id.public, 32);
	config.address = addr_make(1, 0x1234);
	assert_int_equal(session_peer_add(sim->node[1].host, &now,
					  sim->node[1].agent, &config, NULL,
					  &peer), 0);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_int_equal(sim->node[1].sent, 0);
	assert_int_equal(sim->node[1].installs, 0);
	assert_true(sim->node[1].notices[SESSION_NOTICE_REFUSED] > 0);
	assert_non_null(strstr(sim->node[1].text, "another address"));
	sim_free(sim);
}

static void test_peer_table(void **state)
{
	struct session_peer_config config = { .address = 0 };
	struct session_peer *peer, *again;
	struct sim *sim = pair_new(20);
	struct sim_node *node = &sim->node[0];
	struct session_agent *agent;
	struct clock now;
	int count = 0;

	(void)state;
	sim_clock(node, &now);
	memcpy(config.public, sim->node[1].id.public, 32);
	assert_int_equal(session_peer_add(node->host, &now, node->agent,
					  &config, NULL, &peer), -EEXIST);
	memcpy(config.public, node->id.public, 32);
	assert_int_equal(session_peer_add(node->host, &now, node->agent,
					  &config, NULL, &peer), -EINVAL);
	memset(config.public, 0, 32);
	assert_int_equal(session_peer_add(node->host, &now, node->agent,
					  &config, NULL, &peer), -EINVAL);
	assert_int_equal(session_agent_add(node->host, &node->id,
					   addr_make(1, 3), NULL, &agent),
			 -EINVAL);
	assert_int_equal(session_agent_add(node->host, &node->id,
			 session_agent_address(node->agent), NULL, &agent),
			 -EEXIST);
	assert_int_equal(session_acquire(node->host, &now, 1, 2), -ENOENT);

	peer = session_peer_find_public(node->agent, sim->node[1].id.public);
	assert_ptr_equal(peer, node->peers[1]);
	assert_ptr_equal(peer, session_peer_find(node->agent,
						 session_peer_address(peer)));
	for (again = NULL; (again = session_peer_next(node->agent, again));)
		count++;
	assert_int_equal(count, 1);
	sim_acquire(sim, 0, 1);
	session_peer_del(node->host, peer);
	node->peers[1] = NULL;
	assert_null(session_peer_find_public(node->agent,
					     sim->node[1].id.public));
	assert_int_equal(session_next_deadline(node->host), CLOCK_NEVER);
	sim_run(sim, 60 * SIM_S);
	sim_free(sim);
}

/* Many agents on one host, and many peers of one agent. */
static void test_population(void **state)
{
	struct sim *sim = sim_new(21, 1);
	struct sim_node *node = &sim->node[0];
	struct session_agent *agents[50];
	struct session_peer *peer;
	struct identity id;
	struct clock now;

	(void)state;
	sim_clock(node, &now);
	for (int i = 0; i < 50; i++) {
		uint8_t seed[32] = { 99, i };

		identity_from_seed(seed, &id);
		assert_int_equal(session_agent_add(node->host, &id,
				 addr_derive(id.public, 1), NULL, &agents[i]),
				 0);
	}
	for (int i = 0; i < 500; i++) {
		struct session_peer_config config = { .persist = false };
		uint8_t seed[32] = { 100, i, i >> 8 };

		identity_from_seed(seed, &id);
		memcpy(config.public, id.public, 32);
		assert_int_equal(session_peer_add(node->host, &now,
				 agents[i % 50], &config, NULL, &peer), 0);
		assert_ptr_equal(session_peer_agent(peer), agents[i % 50]);
	}
	for (int i = 0; i < 50; i += 2)
		session_agent_del(node->host, agents[i]);
	identity_wipe(&id);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acquire_establishes),
		cmocka_unit_test(test_endpoint_learned),
		cmocka_unit_test(test_loss_and_disorder),
		cmocka_unit_test(test_long_delay),
		cmocka_unit_test(test_simultaneous_open),
		cmocka_unit_test(test_simultaneous_disorder),
		cmocka_unit_test(test_simultaneous_one_way),
		cmocka_unit_test(test_simultaneous_repeated),
		cmocka_unit_test(test_answer_lost),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_persist),
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_psk_change),
		cmocka_unit_test(test_cipher_choice),
		cmocka_unit_test(test_install_fails),
		cmocka_unit_test(test_index_collision),
		cmocka_unit_test(test_address_disagrees),
		cmocka_unit_test(test_peer_table),
		cmocka_unit_test(test_population),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Floods of handshakes: what they cost, and whom they keep out. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cookie.h"
#include "handshake.h"
#include "seen.h"
#include "sim.h"

/* Node 1 is flooded with messages of node 0; node 2 has no part in it. */
#define PEER_BURST	16

static struct sim *flooded_new(uint64_t seed, uint32_t load_rate)
{
	struct sim *sim = sim_new(seed, 3);

	sim->node[1].config.load_rate = load_rate;
	sim_restart(sim, 1, true);
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_peer(sim, 2, 1, true, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim_peer(sim, 1, 2, true, NULL, false);
	return sim;
}

static const struct session_stats *stats_of(struct sim *sim)
{
	return session_host_stats(sim->node[1].host);
}

static void pair_of(struct sim *sim, struct pair *pair)
{
	assert_int_equal(pair_derive(pair, &sim->node[0].id,
				     sim->node[1].id.public,
				     sim->node[1].id.x25519_public, NULL), 0);
}

/*
 * The @n-th of many valid messages by which node 0 once called node 1, all
 * older than what it sent since. Return: the length.
 */
static size_t recording(struct sim *sim, unsigned int n, const uint8_t *cookie,
			uint8_t *frame)
{
	struct handshake_terms terms = {
		.index = 7, .epoch = 1, .soft_age = 120, .hard_age = 600,
		.lanes = 1, .chacha = true,
		.address = session_agent_address(sim->node[0].agent),
	};
	struct handshake_ends ends = {
		.self = &sim->node[0].id,
		.peer = sim->node[1].id.public,
		.peer_x25519 = sim->node[1].id.x25519_public,
		.network = 1,
	};
	uint8_t ephemeral[32] = { 1, n, n >> 8 };
	struct handshake hs;
	struct pair pair;
	int len;

	pair_of(sim, &pair);
	ends.pair = &pair;
	len = handshake_init_write(&hs, &ends, &terms,
				   SIM_REAL_START - 60 * SIM_S + n, ephemeral,
				   cookie, frame);
	assert_true(len > 0);
	pair_wipe(&pair);
	return len;
}

/* Where the @n-th datagram of a flood claims to come from. */
static void forged(unsigned int n, struct endpoint *src)
{
	memset(src, 0, sizeof(*src));
	src->family = AF_INET;
	src->in4.s_addr = htonl(0xcb007100 + n / 4);
	src->port = 1 + n;
}

static void flood(struct sim *sim, unsigned int from, unsigned int to)
{
	uint8_t frame[WIRE_FRAME_MAX];
	struct endpoint src;

	for (; from < to; from++) {
		forged(from, &src);
		sim_inject(sim, 1, &src, frame,
			   recording(sim, from, NULL, frame));
	}
}

static struct {
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t len;
	uint8_t type;
} kept;

/* Keeps the last datagram of a type. */
static void tap_last(struct sim *sim, int from, int to, const uint8_t *bytes,
		     size_t len)
{
	(void)sim;
	(void)from;
	(void)to;
	if (bytes[0] != kept.type)
		return;
	memcpy(kept.bytes, bytes, len);
	kept.len = len;
}

static void test_seen(void **state)
{
	uint8_t mac[WIRE_MAC_LEN] = { 0 };
	struct seen *seen = NULL;

	(void)state;
	assert_false(seen_has(seen, mac));
	for (unsigned int i = 0; i < SEEN_MAX + 1; i++) {
		mac[0] = i;
		assert_false(seen_has(seen, mac));
		seen_add(&seen, mac);
		assert_true(seen_has(seen, mac));
	}
	/* The oldest gave way, no other. */
	mac[0] = 0;
	assert_false(seen_has(seen, mac));
	mac[0] = 1;
	assert_true(seen_has(seen, mac));
	seen->count = UINT32_MAX;
	seen_add(&seen, mac);
	assert_true(seen_has(seen, mac));
	free(seen);
}

/*
 * One recorded message from everywhere: no public-key work and no answer, so
 * that even its own peer is served as if nothing was.
 */
static void test_recorded_costs_nothing(void **state)
{
	struct sim *sim = flooded_new(1, 0);
	struct endpoint src;
	unsigned int sent;

	(void)state;
	kept.type = WIRE_TYPE_INIT;
	sim->tap = tap_last;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	sent = sim->node[1].sent;
	for (unsigned int i = 0; i < 10000; i++) {
		forged(i, &src);
		sim_inject(sim, 1, &src, kept.bytes, kept.len);
	}
	assert_int_equal(stats_of(sim)->rx_replayed, 10000);
	assert_int_equal(stats_of(sim)->tx_cookies, 0);
	assert_int_equal(sim->node[1].sent, sent);
	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, 1);
	sim_acquire(sim, 2, 1);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 2);
	assert_true(sim_is_up(sim, 2, 1));
	assert_int_equal(stats_of(sim)->tx_cookies, 0);
	sim_free(sim);
}

/* With a responder that forgot everything it costs one answer, not more. */
static void test_recorded_after_restart(void **state)
{
	struct sim *sim = flooded_new(2, 0);
	struct endpoint src;

	(void)state;
	kept.type = WIRE_TYPE_INIT;
	sim->tap = tap_last;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	sim_restart(sim, 1, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim_peer(sim, 1, 2, true, NULL, false);
	for (unsigned int i = 0; i < 10000; i++) {
		forged(i, &src);
		sim_inject(sim, 1, &src, kept.bytes, kept.len);
	}
	assert_int_equal(stats_of(sim)->tx_responses, 1);
	assert_int_equal(stats_of(sim)->tx_cookies, 0);
	assert_int_equal(stats_of(sim)->rx_replayed, 9999);
	sim_free(sim);
}

/*
 * Many recorded messages of one peer: after a few, public-key work is done
 * only for who proves its source, and only this peer has to.
 */
static void test_one_peer_alone_is_asked(void **state)
{
	const struct session_stats *stats;
	struct sim *sim = flooded_new(3, 0);
	unsigned int bytes, cookies, i;

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, 10 * SIM_S);
	stats = stats_of(sim);
	bytes = sim->node[1].sent_bytes;
	flood(sim, 0, 1000);
	assert_int_equal(stats->rx_replayed, PEER_BURST);
	assert_int_equal(stats->rx_no_cookie, 1000 - PEER_BURST);
	assert_int_equal(stats->tx_cookies, 1000 - PEER_BURST);
	assert_true(sim->node[1].sent_bytes - bytes < 1000 * WIRE_INIT_MIN);
	assert_int_equal(sim->node[1].notices[SESSION_NOTICE_LOAD], 1);

	/* Nobody else is asked for anything. */
	sim_acquire(sim, 2, 1);
	sim_run(sim, 100 * SIM_MS);
	assert_true(sim_is_up(sim, 2, 1));
	assert_int_equal(stats->tx_cookies, 1000 - PEER_BURST);

	/* The peer gets a cookie and is served while the flood goes on. */
	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, 1);
	for (i = 1000; i < 3000; i += 10) {
		flood(sim, i, i + 10);
		sim_run(sim, SIM_MS);
	}
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 2);
	assert_true(sim_is_up(sim, 0, 1));
	/* And the cookie serves again, without another round trip. */
	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, 2);
	cookies = stats->tx_cookies;
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(sim->node[0].kernel[1].current.epoch, 3);
	assert_int_equal(stats->tx_cookies, cookies);
	sim_free(sim);
}

/* What the host does without a cookie is bounded over all its peers. */
static void test_host_limit(void **state)
{
	const struct session_stats *stats;
	struct sim *sim = flooded_new(4, 8);

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, 10 * SIM_S);
	stats = stats_of(sim);
	flood(sim, 0, 100);
	assert_int_equal(stats->rx_replayed, 8);
	assert_int_equal(stats->tx_cookies, 92);
	/* Now the others are asked too, and come in. */
	sim_acquire(sim, 2, 1);
	for (int i = 100; i < 400; i += 10) {
		flood(sim, i, i + 10);
		sim_run(sim, 10 * SIM_MS);
	}
	assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_COOKIE],
			 stats->tx_cookies);
	assert_true(sim_is_up(sim, 2, 1));
	assert_true(sim->node[2].sent_type[WIRE_TYPE_INIT] >= 2);
	sim_free(sim);
}

/* One loud prefix, though proven, does not use up what others need. */
static void test_prefix_limit(void **state)
{
	uint8_t frame[WIRE_FRAME_MAX], cookie[WIRE_COOKIE_LEN];
	struct sim *sim = flooded_new(5, 0);
	struct wire_cookie reply;
	struct wire_init init;
	struct endpoint src;
	struct pair pair;
	size_t len;

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, 10 * SIM_S);
	flood(sim, 1000, 1000 + PEER_BURST);
	kept.type = WIRE_TYPE_COOKIE;
	sim->tap = tap_last;
	forged(0, &src);
	len = recording(sim, 0, NULL, frame);
	sim_inject(sim, 1, &src, frame, len);
	pair_of(sim, &pair);
	assert_int_equal(wire_init_parse(frame, len, &init), 0);
	assert_int_equal(wire_cookie_parse(kept.bytes, kept.len, &reply), 0);
	assert_int_equal(cookie_reply_read(pair.cookie_rx, &reply, init.mac1,
					   cookie), 0);
	for (unsigned int i = 1; i <= 120; i++)
		sim_inject(sim, 1, &src, frame,
			   recording(sim, i, cookie, frame));
	assert_int_equal(stats_of(sim)->rx_limited, 20);
	assert_int_equal(stats_of(sim)->rx_replayed, PEER_BURST + 100);
	pair_wipe(&pair);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_recorded_costs_nothing),
		cmocka_unit_test(test_recorded_after_restart),
		cmocka_unit_test(test_one_peer_alone_is_asked),
		cmocka_unit_test(test_host_limit),
		cmocka_unit_test(test_prefix_limit),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("session load", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Whoever is not the peer gets no answer and changes nothing. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "check.h"
#include "handshake.h"
#include "sim.h"
#include "stamp.h"
#include "wire.h"

static struct {
	uint8_t bytes[16][1500];
	size_t len[16];
	int from[16];
	int count;
} seen;

static void tap_keep(struct sim *sim, int from, int to, const uint8_t *bytes,
		     size_t len)
{
	(void)sim;
	(void)to;
	if (seen.count == 16 || bytes[0] == WIRE_TYPE_DATA)
		return;
	memcpy(seen.bytes[seen.count], bytes, len);
	seen.len[seen.count] = len;
	seen.from[seen.count++] = from;
}

static struct sim *pair_new(uint64_t seed)
{
	struct sim *sim = sim_new(seed, 2);

	memset(&seen, 0, sizeof(seen));
	sim->tap = tap_keep;
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	return sim;
}

/* All that a datagram from outside could have changed. */
struct shot {
	unsigned int sent, installs, deletes, endpoint_sets;
	struct sim_kernel kernel;
	struct session_peer_info info;
	uint64_t deadline;
};

static void shot_take(struct sim *sim, int node, int peer, struct shot *shot)
{
	struct sim_node *n = &sim->node[node];

	memset(shot, 0, sizeof(*shot));
	shot->sent = n->sent;
	shot->installs = n->installs;
	shot->deletes = n->deletes;
	shot->endpoint_sets = n->endpoint_sets;
	shot->kernel = n->kernel[peer];
	shot->deadline = session_next_deadline(n->host);
	session_peer_info(n->peers[peer], &shot->info);
}

static void shot_check(struct sim *sim, int node, int peer,
		       const struct shot *before)
{
	struct shot after;

	shot_take(sim, node, peer, &after);
	assert_memory_equal(before, &after, sizeof(after));
}

static void stranger(struct endpoint *src)
{
	memset(src, 0, sizeof(*src));
	src->family = AF_INET;
	src->in4.s_addr = htonl(0xcb007101);
	src->port = 4000;
}

static void test_random_datagrams(void **state)
{
	struct sim *sim = pair_new(1);
	struct endpoint src;
	uint8_t bytes[1400];
	struct shot before;

	(void)state;
	stranger(&src);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	sim_acquire(sim, 1, 0);
	shot_take(sim, 0, 1, &before);
	for (int i = 0; i < 100000; i++) {
		size_t len = sim_random(sim) % (i & 1 ? 300 : sizeof(bytes));

		for (size_t j = 0; j < len; j += 8) {
			uint64_t r = sim_random(sim);

			memcpy(bytes + j, &r, len - j < 8 ? len - j : 8);
		}
		if (len && i % 4)
			bytes[0] = 0x91 + sim_random(sim) % 3;
		if (len > 4 && i % 8)
			memset(bytes + 1, 0, 3);
		sim_inject(sim, 0, &src, bytes, len);
	}
	shot_check(sim, 0, 1, &before);
	sim_free(sim);
}

/*
 * A stranger with a right format, our public key and identity, but no trust:
 * node 2 knows node 1, and node 1 does not know node 2.
 */
static void test_stranger_silence(void **state)
{
	struct sim *sim = sim_new(2, 3);
	struct shot before;

	(void)state;
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim_peer(sim, 2, 1, true, NULL, true);
	shot_take(sim, 1, 0, &before);
	sim_run(sim, 600 * SIM_S);
	assert_true(sim->node[2].sent > 5);
	shot_check(sim, 1, 0, &before);
	assert_int_equal(session_host_stats(sim->node[1].host)->rx_stranger,
			 sim->node[2].sent);
	sim_free(sim);
}

/* A request of a stranger is in the format, and dropped unread. */
static void test_request_dropped(void **state)
{
	struct sim *sim = pair_new(3);
	struct endpoint src;
	struct shot before;

	(void)state;
	stranger(&src);
	sim_acquire(sim, 0, 1);
	assert_int_equal(seen.count, 1);
	memset(seen.bytes[0] + WIRE_INIT_HINT, 0, WIRE_HINT_LEN);
	shot_take(sim, 1, 0, &before);
	sim_inject(sim, 1, &src, seen.bytes[0], seen.len[0]);
	shot_check(sim, 1, 0, &before);
	assert_int_equal(session_host_stats(sim->node[1].host)->rx_stranger,
			 1);
	sim_free(sim);
}

/* Every message cut at every byte, and with every single bit turned. */
static void mangle(struct sim *sim, int node, int number)
{
	uint8_t frame[1500];
	struct shot before;

	shot_take(sim, node, !node, &before);
	for (size_t len = 0; len < seen.len[number]; len++) {
		uint8_t *cut = malloc(len + !len);

		memcpy(cut, seen.bytes[number], len);
		sim_inject(sim, node, &sim->node[!node].endpoint, cut, len);
		free(cut);
		shot_check(sim, node, !node, &before);
	}
	for (size_t bit = 0; bit < seen.len[number] * 8; bit++) {
		memcpy(frame, seen.bytes[number], seen.len[number]);
		frame[bit / 8] ^= 1 << (bit % 8);
		/* mac2 means nothing when nobody asked for a cookie. */
		if (frame[0] == WIRE_TYPE_INIT &&
		    bit / 8 >= WIRE_INIT_MAC2 && bit / 8 < WIRE_INIT_NOISE)
			continue;
		sim_inject(sim, node, &sim->node[!node].endpoint, frame,
			   seen.len[number]);
		shot_check(sim, node, !node, &before);
	}
	memcpy(frame, seen.bytes[number], seen.len[number]);
	memset(frame + seen.len[number], 0, 8);
	sim_inject(sim, node, &sim->node[!node].endpoint, frame,
		   seen.len[number] + 1);
	shot_check(sim, node, !node, &before);
}

static void test_mangled(void **state)
{
	struct sim *sim = pair_new(4);

	(void)state;
	sim->node[1].config.load_rate = 1;
	sim_restart(sim, 1, true);
	sim_peer(sim, 1, 0, true, NULL, false);

	sim_acquire(sim, 0, 1);
	assert_int_equal(seen.count, 1);
	mangle(sim, 1, 0);
	sim_inject(sim, 1, &sim->node[0].endpoint, seen.bytes[0], seen.len[0]);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.bytes[1][0], WIRE_TYPE_RESP);
	mangle(sim, 0, 1);

	/* The answer is lost; the repeated message meets load. */
	sim_drop(sim);
	sim_run(sim, 700 * SIM_MS);
	assert_int_equal(seen.bytes[2][0], WIRE_TYPE_INIT);
	assert_int_equal(seen.bytes[3][0], WIRE_TYPE_COOKIE);
	sim_free(sim);
}

static void test_mangled_cookie(void **state)
{
	struct sim *sim = pair_new(5);
	struct endpoint src;

	(void)state;
	stranger(&src);
	sim->node[1].config.load_rate = 1;
	sim_restart(sim, 1, true);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim_acquire(sim, 0, 1);
	/* Uses up the capacity, from elsewhere. */
	sim_inject(sim, 1, &src, seen.bytes[0], seen.len[0]);
	sim->node[1].kernel[0].next.used = false;
	sim_drop(sim);
	sim->blocked[1][0] = true;
	sim_run(sim, 700 * SIM_MS);
	sim->blocked[1][0] = false;
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.bytes[3][0], WIRE_TYPE_COOKIE);
	assert_true(seen.len[3] <= seen.len[0]);
	mangle(sim, 0, 3);
	sim_inject(sim, 0, &sim->node[1].endpoint, seen.bytes[3], seen.len[3]);
	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.bytes[4][0], WIRE_TYPE_INIT);
	assert_false(sodium_is_zero(seen.bytes[4] + WIRE_INIT_MAC2, 16));
	sim_free(sim);
}

/* What was recorded is of no use later, at once or after an hour. */
static void test_replay(void **state)
{
	struct sim *sim = pair_new(6);
	struct endpoint src;
	struct shot before;

	(void)state;
	stranger(&src);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_int_equal(seen.count, 2);
	for (int hour = 0; hour < 4; hour++) {
		for (int i = 0; i < 2; i++) {
			for (int node = 0; node < 2; node++) {
				shot_take(sim, node, !node, &before);
				sim_inject(sim, node, &src, seen.bytes[i],
					   seen.len[i]);
				shot_check(sim, node, !node, &before);
			}
		}
		sim_run(sim, 3600 * SIM_S);
	}
	assert_in_range(session_host_stats(sim->node[1].host)->rx_replayed,
			1, 2);
	sim_free(sim);
}

/* An older message of the same peer that arrives late is a replay too. */
static void test_replay_older(void **state)
{
	struct sim *sim = pair_new(7);
	struct shot before;

	(void)state;
	sim->blocked[0][1] = true;
	sim_acquire(sim, 0, 1);
	sim_run(sim, 2 * SIM_S);
	assert_int_equal(seen.count, 3);
	sim_inject(sim, 1, &sim->node[0].endpoint, seen.bytes[2], seen.len[2]);
	assert_int_equal(sim->node[1].sent, 1);
	shot_take(sim, 1, 0, &before);
	for (int i = 0; i < 3; i++)
		sim_inject(sim, 1, &sim->node[0].endpoint, seen.bytes[i],
			   seen.len[i]);
	shot_check(sim, 1, 0, &before);
	sim_free(sim);
}

/* A restarted responder forgot the stamps: the hint bounds what is taken. */
static void test_replay_after_restart(void **state)
{
	struct sim *sim = pair_new(8);
	struct endpoint src;

	(void)state;
	stranger(&src);
	sim_acquire(sim, 0, 1);
	sim_run(sim, 2 * 3600 * SIM_S + SIM_S);
	sim_restart(sim, 1, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	sim_inject(sim, 1, &src, seen.bytes[0], seen.len[0]);
	assert_int_equal(session_host_stats(sim->node[1].host)->rx_stranger,
			 1);
	sim_free(sim);
}

static void mac1_renew(const struct pair *pair, uint8_t *frame, size_t len)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, pair->mac_tx, 32, WIRE_MAC_LEN);
	crypto_generichash_update(&state, frame, WIRE_INIT_MAC1);
	crypto_generichash_update(&state, frame + WIRE_INIT_NOISE,
				  len - WIRE_INIT_NOISE);
	crypto_generichash_final(&state, frame + WIRE_INIT_MAC1, WIRE_MAC_LEN);
}

/* A trusted peer that sends what breaks the format gets nothing by it. */
static void test_peer_breaks_format(void **state)
{
	struct handshake_terms terms = {
		.index = 7, .epoch = 1, .soft_age = 120, .hard_age = 600,
		.lanes = 1, .chacha = true,
	};
	struct handshake_terms bad[8];
	struct sim *sim = pair_new(11);
	uint8_t frame[WIRE_FRAME_MAX];
	struct handshake_ends ends;
	uint8_t ephemeral[32] = { 1 };
	struct handshake hs;
	struct clock now;
	struct pair pair;
	int len;

	(void)state;
	sim_clock(&sim->node[0], &now);
	terms.address = session_agent_address(sim->node[0].agent);
	for (int i = 0; i < 8; i++)
		bad[i] = terms;
	bad[0].epoch = 0;
	bad[1].epoch = UINT32_MAX;
	bad[2].soft_age = 0;
	bad[3].hard_age = 119;
	bad[4].lanes = 0;
	bad[5].chacha = false;			/* no cipher at all */
	bad[6].address ^= 1;
	bad[7].address |= 1ULL << 60;

	assert_int_equal(pair_derive(&pair, &sim->node[0].id,
				     sim->node[1].id.public,
				     sim->node[1].id.x25519_public, NULL), 0);
	ends.self = &sim->node[0].id;
	ends.peer = sim->node[1].id.public;
	ends.peer_x25519 = sim->node[1].id.x25519_public;
	ends.pair = &pair;
	ends.network = 1;
	for (int i = 0; i < 8; i++) {
		len = handshake_init_write(&hs, &ends, &bad[i],
					   now.real_ns + i, ephemeral, NULL,
					   frame);
		assert_true(len > 0);
		sim_inject(sim, 1, &sim->node[0].endpoint, frame, len);
		assert_int_equal(sim->node[1].sent, 0);
		assert_int_equal(sim->node[1].installs, 0);
	}
	/* Another index in front, and the hint of another hour. */
	len = handshake_init_write(&hs, &ends, &terms, now.real_ns + 40,
				   ephemeral, NULL, frame);
	frame[4] ^= 1;
	mac1_renew(&pair, frame, len);
	sim_inject(sim, 1, &sim->node[0].endpoint, frame, len);
	frame[4] ^= 1;
	wire_put64(frame + WIRE_INIT_HINT, pair_hint(pair.hint_tx,
		   stamp_hour(now.real_ns) + 1));
	mac1_renew(&pair, frame, len);
	sim_inject(sim, 1, &sim->node[0].endpoint, frame, len);
	assert_int_equal(session_host_stats(sim->node[1].host)->rx_unauthentic,
			 8);
	assert_int_equal(sim->node[1].sent, 0);
	/* For another network: another prologue. */
	ends.network = 2;
	len = handshake_init_write(&hs, &ends, &terms, now.real_ns + 50,
				   ephemeral, NULL, frame);
	sim_inject(sim, 1, &sim->node[0].endpoint, frame, len);
	assert_int_equal(sim->node[1].sent, 0);
	/* The good one is taken, so the others failed for their fault. */
	ends.network = 1;
	len = handshake_init_write(&hs, &ends, &terms, now.real_ns + 100,
				   ephemeral, NULL, frame);
	sim_inject(sim, 1, &sim->node[0].endpoint, frame, len);
	assert_int_equal(sim->node[1].sent, 1);
	pair_wipe(&pair);
	sim_free(sim);
}

/*
 * A response with a right MAC that does not authenticate: the handshake goes
 * on as if it had not come, and the good one is taken.
 */
static void test_bad_response_first(void **state)
{
	struct sim *sim = pair_new(13);
	crypto_generichash_state hash;
	uint8_t bad[1500];
	struct pair pair;

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_drop(sim);
	sim_inject(sim, 1, &sim->node[0].endpoint, seen.bytes[0], seen.len[0]);
	sim_drop(sim);
	assert_int_equal(seen.count, 2);
	assert_int_equal(pair_derive(&pair, &sim->node[1].id,
				     sim->node[0].id.public,
				     sim->node[0].id.x25519_public, NULL), 0);
	memcpy(bad, seen.bytes[1], seen.len[1]);
	bad[WIRE_RESP_NOISE] ^= 1;
	crypto_generichash_init(&hash, pair.mac_tx, 32, WIRE_MAC_LEN);
	crypto_generichash_update(&hash, bad, WIRE_RESP_MAC1);
	crypto_generichash_update(&hash, bad + WIRE_RESP_NOISE,
				  seen.len[1] - WIRE_RESP_NOISE);
	crypto_generichash_update(&hash, seen.bytes[0] + WIRE_INIT_MAC1,
				  WIRE_MAC_LEN);
	crypto_generichash_final(&hash, bad + WIRE_RESP_MAC1, WIRE_MAC_LEN);
	sim_inject(sim, 0, &sim->node[1].endpoint, bad, seen.len[1]);
	assert_int_equal(session_host_stats(sim->node[0].host)->rx_unauthentic,
			 1);
	assert_int_equal(sim->node[0].installs, 0);
	sim_inject(sim, 0, &sim->node[1].endpoint, seen.bytes[1], seen.len[1]);
	assert_int_equal(sim->node[0].installs, 1);
	pair_wipe(&pair);
	sim_free(sim);
}

/* No identity, address or static key in any byte that is sent. */
static void test_nothing_shown(void **state)
{
	struct sim *sim = pair_new(12);

	(void)state;
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_int_equal(seen.count, 2);
	for (int i = 0; i < seen.count; i++) {
		for (int n = 0; n < 2; n++) {
			struct sim_node *node = &sim->node[n];
			uint8_t address[8];

			wire_put64(address, session_agent_address(node->agent));
			assert_null(memmem(seen.bytes[i], seen.len[i],
					   node->id.public, 8));
			assert_null(memmem(seen.bytes[i], seen.len[i],
					   node->id.x25519_public, 8));
			assert_null(memmem(seen.bytes[i], seen.len[i],
					   address, 6));
		}
	}
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_datagrams),
		cmocka_unit_test(test_stranger_silence),
		cmocka_unit_test(test_request_dropped),
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_mangled_cookie),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_replay_older),
		cmocka_unit_test(test_replay_after_restart),
		cmocka_unit_test(test_peer_breaks_format),
		cmocka_unit_test(test_bad_response_first),
		cmocka_unit_test(test_nothing_shown),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("session hostile", tests, NULL,
					   NULL);
}

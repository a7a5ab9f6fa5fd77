// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control frames of strangers, recordings, and a trusted peer gone bad: no
 * state changes, nobody is flooded, and each is counted as what it is.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "control_content.h"
#include "control_frame.h"
#include "sim.h"

#define KEPT	200

static struct {
	uint8_t bytes[KEPT][WIRE_FRAME_MAX];
	size_t len[KEPT];
	unsigned int count;
} kept;

static void tap_keep(struct sim *sim, int from, int to, const uint8_t *bytes,
		     size_t len)
{
	(void)sim;
	(void)from;
	(void)to;
	if (bytes[0] != WIRE_TYPE_CONTROL || kept.count == KEPT)
		return;
	memcpy(kept.bytes[kept.count], bytes, len);
	kept.len[kept.count++] = len;
}

static struct sim *pair_up(uint64_t seed)
{
	struct sim *sim = sim_new(seed, 3);

	memset(&kept, 0, sizeof(kept));
	sim->tap = tap_keep;
	for (int from = 0; from < 2; from++)
		for (int to = 0; to < 3; to++)
			if (from != to)
				sim_peer(sim, from, to, true, NULL, false);
	sim_peer(sim, 2, 0, true, NULL, false);
	sim_peer(sim, 2, 1, true, NULL, false);
	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	return sim;
}

static void ping(struct sim *sim, int from, int to)
{
	struct sim_node *node = &sim->node[from];
	struct clock now;
	uint64_t token;

	sim_clock(node, &now);
	assert_int_equal(session_ping(node->host, &now, node->peers[to], NULL,
				      &token), 0);
}

static const struct session_stats *stats(struct sim *sim, int node)
{
	return session_host_stats(sim->node[node].host);
}

/* All that a frame could have changed, but for the counters. */
struct shot {
	unsigned int sent, installs, deletes, endpoint_sets, pongs, controls;
	struct sim_kernel kernel;
	struct session_peer_info info;
	uint64_t deadline, taken;
	bool ready;
};

static void shot_take(struct sim *sim, int node, struct shot *shot)
{
	struct sim_node *n = &sim->node[node];

	memset(shot, 0, sizeof(*shot));
	shot->sent = n->sent;
	shot->installs = n->installs;
	shot->deletes = n->deletes;
	shot->endpoint_sets = n->endpoint_sets;
	shot->pongs = n->pongs;
	shot->controls = n->controls;
	shot->kernel = n->kernel[!node];
	shot->deadline = session_next_deadline(n->host);
	shot->taken = session_host_stats(n->host)->rx_control;
	shot->ready = session_control_ready(n->peers[!node]);
	session_peer_info(n->peers[!node], &shot->info);
}

/* Into node 1 on the heap, exact, after a while that lets it be opened. */
static void inject(struct sim *sim, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + !len);

	memcpy(copy, bytes, len);
	sim->now += SIM_S / 32;
	sim_inject(sim, 1, &sim->node[0].endpoint, copy, len);
	free(copy);
}

static void inject_in_vain(struct sim *sim, const void *bytes, size_t len)
{
	struct shot before, after;

	shot_take(sim, 1, &before);
	inject(sim, bytes, len);
	shot_take(sim, 1, &after);
	assert_memory_equal(&before, &after, sizeof(after));
}

/* Cut at every byte, every bit turned; then the whole one is still good. */
static void mangle(struct sim *sim, uint8_t *frame, size_t len)
{
	uint64_t unauthentic = stats(sim, 1)->rx_control_unauthentic;
	uint64_t no_index = stats(sim, 1)->rx_no_index;
	uint64_t malformed = stats(sim, 1)->rx_malformed;
	unsigned int sent = sim->node[1].sent;

	for (size_t cut = 0; cut < len; cut++)
		inject_in_vain(sim, frame, cut);
	for (size_t bit = 0; bit < len * 8; bit++) {
		frame[bit / 8] ^= 1 << bit % 8;
		inject_in_vain(sim, frame, len);
		frame[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(stats(sim, 1)->rx_malformed - malformed,
			 WIRE_CONTROL_MIN + 4 * 8);
	assert_int_equal(stats(sim, 1)->rx_no_index - no_index, 4 * 8);
	assert_int_equal(stats(sim, 1)->rx_control_unauthentic - unauthentic,
			 len - WIRE_CONTROL_MIN + (len - 8) * 8);
	assert_int_equal(stats(sim, 1)->rx_control_limited, 0);
	assert_int_equal(stats(sim, 1)->rx_control_replayed, 0);
	assert_int_equal(sim->node[1].sent, sent);
	inject(sim, frame, len);
	assert_int_equal(stats(sim, 1)->rx_control, 1);
}

static void test_mangled_ping(void **state)
{
	struct sim *sim = pair_up(1);

	(void)state;
	ping(sim, 0, 1);
	sim_drop(sim);
	mangle(sim, kept.bytes[0], kept.len[0]);
	assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_CONTROL], 1);
	sim_free(sim);
}

/* The pong is for a ping that is forgotten by then: nothing happens at all. */
static void test_mangled_pong(void **state)
{
	struct sim *sim = pair_up(2);

	(void)state;
	ping(sim, 1, 0);
	sim_run(sim, 30 * SIM_MS);
	sim_drop(sim);
	assert_int_equal(kept.count, 2);
	sim_run(sim, 6 * SIM_S);
	mangle(sim, kept.bytes[1], kept.len[1]);
	assert_int_equal(sim->node[1].pongs, 0);
	sim_free(sim);
}

static void test_random(void **state)
{
	struct sim *sim = pair_up(3);
	uint32_t index = sim->node[1].kernel[0].current.rx_index;
	uint8_t bytes[WIRE_FRAME_MAX + 8];
	struct shot before, after;

	(void)state;
	shot_take(sim, 1, &before);
	for (int i = 0; i < 20000; i++) {
		size_t len = sim_random(sim) % sizeof(bytes);

		for (size_t j = 0; j < len; j += 8) {
			uint64_t r = sim_random(sim);

			memcpy(bytes + j, &r, len - j < 8 ? len - j : 8);
		}
		if (len < 16)
			continue;
		wire_control_begin(bytes, i & 1 ? index : sim_random(sim),
				   sim_random(sim));
		sim_inject(sim, 1, &sim->node[0].endpoint, bytes, len);
	}
	shot_take(sim, 1, &after);
	assert_memory_equal(&before, &after, sizeof(after));
	/* However many came, few were looked into. */
	assert_int_equal(stats(sim, 1)->rx_control_unauthentic, 128);
	sim_free(sim);
}

static void test_replay(void **state)
{
	struct sim *sim = pair_up(4);

	(void)state;
	ping(sim, 0, 1);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(sim->node[0].pongs, 1);
	for (int i = 0; i < 100; i++)
		inject_in_vain(sim, kept.bytes[0], kept.len[0]);
	assert_int_equal(stats(sim, 1)->rx_control_replayed, 100);
	/* A frame is not the sender's own either: the keys have a direction. */
	sim_inject(sim, 0, &sim->node[1].endpoint, kept.bytes[0], kept.len[0]);
	assert_int_equal(stats(sim, 0)->rx_no_index, 1);
	wire_put32(kept.bytes[0] + 4,
		   sim->node[0].kernel[1].current.rx_index);
	wire_put64(kept.bytes[0] + 8, 1000);
	sim_inject(sim, 0, &sim->node[1].endpoint, kept.bytes[0], kept.len[0]);
	assert_int_equal(stats(sim, 0)->rx_control_unauthentic, 1);
	sim_free(sim);
}

/*
 * From wherever else it is played: never twice. One that the receiver never saw is
 * answered once, to who sends it on, with no more than was spent; nobody's
 * endpoint moves.
 */
static void test_replay_elsewhere(void **state)
{
	static const char *const places[] = {
		"203.0.113.66:666", "[2001:db8::66]:666",
		"relay:0x66@203.0.113.66:7740", "turn:0x4066@203.0.113.66:3478",
	};
	struct sim *sim = pair_up(19);
	struct endpoint src;

	(void)state;
	ping(sim, 0, 1);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(sim->node[0].pongs, 1);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct shot before, after;

		assert_int_equal(endpoint_parse(places[i], &src), 0);
		shot_take(sim, 1, &before);
		for (int j = 0; j < 50; j++)
			sim_inject(sim, 1, &src, kept.bytes[0], kept.len[0]);
		shot_take(sim, 1, &after);
		assert_memory_equal(&before, &after, sizeof(after));
	}
	assert_int_equal(stats(sim, 1)->rx_control_replayed, 200);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct endpoint at = sim->node[1].kernel[0].endpoint;
		unsigned int sent = sim->node[1].sent;

		endpoint_parse(places[i], &src);
		kept.count = 0;
		ping(sim, 0, 1);
		sim_drop(sim);
		assert_int_equal(kept.count, 1);
		for (int j = 0; j < 50; j++)
			sim_inject(sim, 1, &src, kept.bytes[0], kept.len[0]);
		assert_int_equal(sim->node[1].sent, sent + 1);
		assert_int_equal(kept.count, 2);
		assert_true(kept.len[1] <= kept.len[0]);
		assert_true(endpoint_equal(&sim->node[1].kernel[0].endpoint,
					   &at));
		sim_drop(sim);
	}
	sim_free(sim);
}

/* Turned around, what is 64 or more behind the first is too old to tell. */
static void test_window(void **state)
{
	struct sim *sim = pair_up(5);

	(void)state;
	sim->blocked[0][1] = true;
	for (int i = 0; i < 80; i++) {
		ping(sim, 0, 1);
		sim_run(sim, 400 * SIM_MS);
	}
	assert_int_equal(kept.count, 80);
	for (int i = 79; i >= 0; i--)
		inject(sim, kept.bytes[i], kept.len[i]);
	assert_int_equal(stats(sim, 1)->rx_control, 64);
	assert_int_equal(stats(sim, 1)->rx_control_replayed, 16);
	for (int i = 79; i >= 0; i--)
		inject_in_vain(sim, kept.bytes[i], kept.len[i]);
	sim_free(sim);
}

/* An index of something else than a key of ours, and of another peer's. */
static void test_wrong_index(void **state)
{
	struct sim *sim = pair_up(6);
	uint8_t *frame = kept.bytes[0];

	(void)state;
	ping(sim, 0, 1);
	sim_drop(sim);
	sim_acquire(sim, 2, 1);
	sim_run(sim, SIM_S);
	wire_put32(frame + 4, sim->node[1].kernel[2].current.rx_index);
	inject_in_vain(sim, frame, kept.len[0]);
	assert_int_equal(stats(sim, 1)->rx_control_unauthentic, 1);
	wire_put32(frame + 4, 0);
	inject_in_vain(sim, frame, kept.len[0]);
	assert_int_equal(stats(sim, 1)->rx_no_index, 1);
	sim_free(sim);
}

static uint32_t init_index;

static void tap_init(struct sim *sim, int from, int to, const uint8_t *bytes,
		     size_t len)
{
	(void)sim;
	(void)from;
	(void)to;
	(void)len;
	if (bytes[0] == WIRE_TYPE_INIT)
		init_index = wire_get32(bytes + 4);
}

/* There is an index before there is a key. */
static void test_index_of_attempt(void **state)
{
	uint8_t frame[100] = { 0 };
	struct sim *sim = pair_up(7);

	(void)state;
	sim->tap = tap_init;
	sim_event(sim, 1, 0, SESSION_EVENT_PEER_SILENT, 0);
	wire_control_begin(frame, init_index, 0);
	inject_in_vain(sim, frame, sizeof(frame));
	assert_int_equal(stats(sim, 1)->rx_no_index, 1);
	sim_free(sim);
}

/* A peer that says what it wants under its key. */
static void say(struct sim *sim, const void *content, size_t len)
{
	static uint64_t counter = 1000;
	struct sim_key *key = &sim->node[0].kernel[1].current;
	uint8_t frame[WIRE_FRAME_MAX];

	inject(sim, frame, control_frame_seal(key->control_tx, key->tx_index,
					      counter++, content, len, frame));
}

/* A second's worth at once; then the next one, and nobody else pays. */
static void test_rate(void **state)
{
	struct sim *sim = pair_up(8);

	(void)state;
	sim_acquire(sim, 2, 1);
	sim_run(sim, SIM_S);
	sim->blocked[0][1] = true;
	for (int i = 0; i < 66; i++) {
		ping(sim, 0, 1);
		sim_run(sim, 400 * SIM_MS);
	}
	for (int i = 0; i < 40; i++)
		sim_inject(sim, 1, &sim->node[0].endpoint, kept.bytes[i],
			   kept.len[i]);
	assert_int_equal(stats(sim, 1)->rx_control, 32);
	assert_int_equal(stats(sim, 1)->rx_control_limited, 8);
	assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_CONTROL], 32);
	ping(sim, 2, 1);
	sim_run(sim, 21 * SIM_MS);
	assert_int_equal(stats(sim, 1)->rx_control, 33);
	/* What was not opened was not marked as seen. */
	sim_run(sim, SIM_S);
	for (int i = 32; i < 66; i++)
		sim_inject(sim, 1, &sim->node[0].endpoint, kept.bytes[i],
			   kept.len[i]);
	assert_int_equal(stats(sim, 1)->rx_control, 33 + 32);
	assert_int_equal(stats(sim, 1)->rx_control_limited, 10);
	/* What was seen before costs nothing, and takes nothing. */
	sim_run(sim, SIM_S);
	for (int i = 0; i < 1000; i++)
		sim_inject(sim, 1, &sim->node[0].endpoint, kept.bytes[40],
			   kept.len[40]);
	sim_inject(sim, 1, &sim->node[0].endpoint, kept.bytes[65],
		   kept.len[65]);
	assert_int_equal(stats(sim, 1)->rx_control, 33 + 33);
	sim_free(sim);
}

/* In the name of node 0, and to node 1, as who has seen the index can. */
static void forge(struct sim *sim, const struct endpoint *src)
{
	uint32_t index = sim->node[1].kernel[0].current.rx_index;
	uint8_t frame[64];

	wire_control_begin(frame, index, 1000000);
	memset(frame + WIRE_CONTROL_SEALED, 0x5a,
	       sizeof(frame) - WIRE_CONTROL_SEALED);
	sim_inject(sim, 1, src, frame, sizeof(frame));
}

/* A ping of node 0 that comes to node 1 is answered. */
static void check_heard(struct sim *sim)
{
	unsigned int pongs = sim->node[0].pongs;

	ping(sim, 0, 1);
	sim_run(sim, 50 * SIM_MS);
	assert_int_equal(sim->node[0].pongs, pongs + 1);
}

/* Whoever forges from wherever it is, the peer is heard. */
static void test_forger(void **state)
{
	struct sim *sim = pair_up(15);
	struct endpoint src = { .family = AF_INET, .port = 1 };

	(void)state;
	check_heard(sim);
	endpoint_parse("198.51.100.1:7740", &src);
	for (int i = 0; i < 10000; i++)
		forge(sim, &src);
	assert_int_equal(stats(sim, 1)->rx_control_unauthentic, 100);
	check_heard(sim);
	/* And as from a relay, under any id. */
	endpoint_parse("relay:0x1@198.51.100.2:7740", &src);
	for (int i = 0; i < 10000; i++, src.id++)
		forge(sim, &src);
	assert_int_equal(stats(sim, 1)->rx_control_unauthentic, 200);
	check_heard(sim);
	/* From another port of the peer's own address. */
	src = sim->node[0].endpoint;
	src.port++;
	for (int i = 0; i < 10000; i++)
		forge(sim, &src);
	assert_int_equal(stats(sim, 1)->rx_control_unauthentic, 300);
	check_heard(sim);
	sim_free(sim);
}

/* From everywhere: what is spent on it is bounded, and the peer is heard. */
static void test_forger_everywhere(void **state)
{
	struct sim *sim = pair_up(16);
	struct endpoint src = { .family = AF_INET, .port = 1 };

	(void)state;
	check_heard(sim);
	for (uint32_t i = 0; i < 30000; i++) {
		src.in4.s_addr = htonl(0x0a000000 + i * 256);
		forge(sim, &src);
	}
	assert_int_equal(stats(sim, 1)->rx_control_unauthentic, 2048);
	check_heard(sim);
	sim_acquire(sim, 2, 1);
	sim_run(sim, SIM_S);
	ping(sim, 2, 1);
	sim_run(sim, 50 * SIM_MS);
	assert_int_equal(sim->node[2].pongs, 1);
	sim_free(sim);
}

/*
 * From where the peer is itself, as many as the kernel lets up of a prefix:
 * there is room for what the peer has to say.
 */
static void test_forger_in_place(void **state)
{
	struct sim *sim = pair_up(17);

	(void)state;
	for (int i = 0; i < 640; i++) {
		forge(sim, &sim->node[0].endpoint);
		if (i % 16)
			sim_run(sim, SIM_S / 64);
		else
			check_heard(sim);
	}
	assert_int_equal(stats(sim, 1)->rx_control_limited, 0);
	/* Were there more of them, they would cost no more than that. */
	for (int i = 0; i < 10000; i++)
		forge(sim, &sim->node[0].endpoint);
	assert_in_range(stats(sim, 1)->rx_control_unauthentic, 640, 768);
	sim_free(sim);
}

/* A peer that is somewhere new is heard there, while somebody forges. */
static void test_forger_and_roaming(void **state)
{
	struct sim *sim = pair_up(18);
	struct endpoint src;

	(void)state;
	endpoint_parse("198.51.100.1:7740", &src);
	sim->node[0].endpoint.in4.s_addr = htonl(0xcb007109);
	for (int i = 0; i < 1000; i++)
		forge(sim, &src);
	check_heard(sim);
	sim_free(sim);
}

/* The token of a ping that node 0 was sent. */
static uint64_t token_of(struct sim *sim, const uint8_t *frame, size_t len)
{
	uint8_t bytes[CONTROL_FRAME_CONTENT_MAX];
	struct control_content content;
	struct wire_control control;
	uint64_t token;
	int n;

	assert_int_equal(wire_control_parse(frame, len, &control), 0);
	n = control_frame_open(sim->node[0].kernel[1].current.control_rx,
			       &control, bytes);
	assert_true(n > 0);
	assert_int_equal(control_content_parse(bytes, n, &content), 0);
	assert_int_equal(control_ping_read(&content, &token), 0);
	return token;
}

/* A pong of another token changes nothing; the right one counts once. */
static void test_token(void **state)
{
	struct sim *sim = pair_up(9);
	struct endpoint observed = sim->node[1].endpoint;
	uint8_t content[CONTROL_PONG_MAX];
	uint64_t token;
	size_t len;

	(void)state;
	ping(sim, 1, 0);
	sim_drop(sim);
	token = token_of(sim, kept.bytes[0], kept.len[0]);
	for (int bit = 0; bit < 64; bit++) {
		len = control_pong_write(content, token ^ 1ULL << bit,
					 &observed);
		say(sim, content, len);
	}
	assert_int_equal(stats(sim, 1)->rx_control, 64);
	assert_int_equal(stats(sim, 1)->rx_no_index, 64);
	assert_int_equal(sim->node[1].pongs, 0);
	len = control_pong_write(content, token, &observed);
	for (int i = 0; i < 2; i++) {
		say(sim, content, len);
		assert_int_equal(sim->node[1].pongs, 1);
	}
	assert_true(sim->node[1].pong.token == token);
	assert_int_equal(stats(sim, 1)->rx_no_index, 65);
	sim_free(sim);
}

/* A reply is never larger than what it answers, or there is none. */
static void test_amplification(void **state)
{
	static const uint8_t zeros[64];

	(void)state;
	for (int six = 0; six < 2; six++) {
		struct sim *sim = pair_up(10);
		size_t needed = six ? 39 : 27;
		unsigned int answered = 0;

		if (six) {
			sim->node[0].endpoint.family = AF_INET6;
			sim->node[0].endpoint.in6.s6_addr[0] = 0x20;
		}
		for (size_t pad = 0; pad < 40; pad++) {
			uint8_t content[128] = { WIRE_CONTROL_PING };
			struct tlv_writer w;

			tlv_write_begin(&w, content + 4, sizeof(content) - 4);
			tlv_write_u64(&w, WIRE_CONTROL_TLV_TOKEN, pad);
			tlv_write(&w, WIRE_CONTROL_TLV_PADDING, zeros, pad);
			kept.count = 0;
			say(sim, content, 4 + w.len);
			answered += kept.count;
			assert_int_equal(kept.count, 4 + w.len >= needed);
			if (kept.count)
				assert_true(kept.len[0] <= 4 + w.len + 32);
		}
		assert_int_equal(answered, six ? 21 : 33);
		assert_int_equal(stats(sim, 1)->rx_control, 40);
		assert_int_equal(stats(sim, 1)->rx_refused, 40 - answered);
		sim_free(sim);
	}
}

/* A trusted peer that breaks the format gets nothing by it. */
static void test_bad_content(void **state)
{
	struct sim *sim = pair_up(11);
	uint8_t ping[CONTROL_PING_LEN], bad[CONTROL_PING_LEN];
	struct shot before, after;
	unsigned int said = 0;

	(void)state;
	control_ping_write(ping, 3);
	shot_take(sim, 1, &before);
	for (size_t cut = WIRE_CONTROL_HEAD; cut < sizeof(ping); cut++, said++)
		say(sim, ping, cut);
	for (int i = 1; i < 4; i++, said++) {
		memcpy(bad, ping, sizeof(bad));
		bad[i] = 0x80;
		say(sim, bad, sizeof(bad));
	}
	/* No token; one of a wrong length. */
	memcpy(bad, ping, sizeof(bad));
	bad[4] = 99;
	say(sim, bad, sizeof(bad));
	memcpy(bad, ping, sizeof(bad));
	bad[6]++;
	say(sim, bad, sizeof(bad));
	said += 2;
	shot_take(sim, 1, &after);
	assert_int_equal(after.taken, said);
	after.taken = before.taken;
	assert_memory_equal(&before, &after, sizeof(after));
	assert_int_equal(stats(sim, 1)->rx_refused, said);
	/* An unknown type whose TLVs are cut is not handed on. */
	sim->node[1].control_known = 77;
	memcpy(bad, ping, sizeof(bad));
	bad[0] = 77;
	say(sim, bad, sizeof(bad) - 1);
	assert_int_equal(sim->node[1].controls, 0);
	say(sim, bad, sizeof(bad));
	assert_int_equal(sim->node[1].controls, 1);
	say(sim, ping, sizeof(ping));
	assert_int_equal(sim->node[1].sent_type[WIRE_TYPE_CONTROL], 1);
	sim_free(sim);
}

/* Control keys are not data keys, nor those of the other direction. */
static void test_keys_differ(void **state)
{
	struct sim *sim = pair_up(12);
	struct sim_key *a = &sim->node[0].kernel[1].current;
	struct sim_key *b = &sim->node[1].kernel[0].current;
	const uint8_t *keys[] = {
		a->rx_key, a->tx_key, a->control_rx, a->control_tx,
	};

	(void)state;
	assert_memory_equal(a->control_tx, b->control_rx, 32);
	assert_memory_equal(a->control_rx, b->control_tx, 32);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(keys[i], keys[j], 32);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mangled_ping),
		cmocka_unit_test(test_mangled_pong),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_replay_elsewhere),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_wrong_index),
		cmocka_unit_test(test_index_of_attempt),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_forger),
		cmocka_unit_test(test_forger_everywhere),
		cmocka_unit_test(test_forger_in_place),
		cmocka_unit_test(test_forger_and_roaming),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_amplification),
		cmocka_unit_test(test_bad_content),
		cmocka_unit_test(test_keys_differ),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("session control hostile", tests,
					   NULL, NULL);
}

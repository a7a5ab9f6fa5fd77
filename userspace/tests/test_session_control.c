// SPDX-License-Identifier: GPL-2.0-or-later
/* The control channel of two peers: pings, messages, and under which key. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "control_content.h"
#include "control_frame.h"
#include "sim.h"

#define OTHER	200		/* a message type of some later layer */

static struct {
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t len;
	int from, to;
	unsigned int count;
} last;				/* control frame */

static void tap_control(struct sim *sim, int from, int to,
			const uint8_t *bytes, size_t len)
{
	(void)sim;
	if (bytes[0] != WIRE_TYPE_CONTROL)
		return;
	memcpy(last.bytes, bytes, len);
	last.len = len;
	last.from = from;
	last.to = to;
	last.count++;
}

static struct sim *pair_new(uint64_t seed)
{
	struct sim *sim = sim_new(seed, 2);

	memset(&last, 0, sizeof(last));
	sim->tap = tap_control;
	sim_peer(sim, 0, 1, true, NULL, false);
	sim_peer(sim, 1, 0, true, NULL, false);
	return sim;
}

static struct sim *pair_up(uint64_t seed)
{
	struct sim *sim = pair_new(seed);

	sim_acquire(sim, 0, 1);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	return sim;
}

static bool ready(struct sim *sim, int from)
{
	return session_control_ready(sim->node[from].peers[!from]);
}

static int ping(struct sim *sim, int from, const struct endpoint *dst,
		uint64_t *token)
{
	struct sim_node *node = &sim->node[from];
	struct clock now;

	sim_clock(node, &now);
	return session_ping(node->host, &now, node->peers[!from], dst, token);
}

static int want(struct sim *sim, int from)
{
	struct sim_node *node = &sim->node[from];
	struct clock now;

	sim_clock(node, &now);
	return session_control_want(node->host, &now, node->peers[!from]);
}

static int say(struct sim *sim, int from, const struct endpoint *dst,
	       uint8_t type, const void *tlvs, size_t len)
{
	struct sim_node *node = &sim->node[from];
	struct clock now;

	sim_clock(node, &now);
	return session_control_send(node->host, &now, node->peers[!from], dst,
				    type, tlvs, len);
}

static const struct session_stats *stats(struct sim *sim, int node)
{
	return session_host_stats(sim->node[node].host);
}

/* A ping of @from comes back now. */
static void check_ping(struct sim *sim, int from)
{
	struct sim_node *node = &sim->node[from];
	unsigned int pongs = node->pongs;
	uint64_t token;

	assert_int_equal(ping(sim, from, NULL, &token), 0);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(node->pongs, pongs + 1);
	assert_true(node->pong.token == token);
}

static void test_ping(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct sim *sim = sim_new(1, 2);

		for (int n = 0; six && n < 2; n++) {
			struct endpoint *ep = &sim->node[n].endpoint;

			memset(ep, 0, sizeof(*ep));
			ep->family = AF_INET6;
			ep->port = 7000 + n;
			ep->in6.s6_addr[0] = 0x20;
			ep->in6.s6_addr[15] = n + 1;
		}
		sim_peer(sim, 0, 1, true, NULL, false);
		sim_peer(sim, 1, 0, false, NULL, false);
		sim_acquire(sim, 0, 1);
		sim_run(sim, SIM_S);
		for (int from = 0; from < 2; from++) {
			struct sim_node *node = &sim->node[from];

			check_ping(sim, from);
			assert_int_equal(node->pong.rtt_ns, 40 * SIM_MS);
			assert_true(endpoint_equal(&node->pong.observed,
						   &node->endpoint));
			assert_true(endpoint_equal(&node->pong.dst,
						   &sim->node[!from].endpoint));
			assert_true(endpoint_equal(&node->pong.src,
						   &sim->node[!from].endpoint));
			assert_int_equal(stats(sim, from)->tx_control, from + 1);
			assert_int_equal(stats(sim, from)->rx_control, from + 1);
		}
		sim_free(sim);
	}
}

/* No session: nothing can be sent, and asking for one makes it. */
static void test_want(void **state)
{
	struct sim *sim = pair_new(2);
	uint64_t token;

	(void)state;
	assert_false(ready(sim, 0));
	assert_int_equal(ping(sim, 0, NULL, &token), -ENOTCONN);
	assert_int_equal(say(sim, 0, NULL, OTHER, NULL, 0), -ENOTCONN);
	assert_int_equal(sim->node[0].sent, 0);
	assert_int_equal(session_next_deadline(sim->node[0].host),
			 CLOCK_NEVER);
	assert_int_equal(want(sim, 0), -EINPROGRESS);
	assert_int_equal(want(sim, 0), -EINPROGRESS);
	sim_run(sim, SIM_S);
	assert_int_equal(sim->node[0].sent_type[WIRE_TYPE_INIT], 1);
	assert_int_equal(want(sim, 0), 0);
	assert_int_equal(want(sim, 1), 0);
	check_ping(sim, 0);
	check_ping(sim, 1);
	assert_int_equal(sim->node[0].sent_type[WIRE_TYPE_INIT], 1);
	sim_free(sim);
}

/* Wanted in vain, again and again: as seldom as an acquire would ask. */
static void test_want_backs_off(void **state)
{
	struct sim *sim = pair_new(3);

	(void)state;
	sim->blocked[0][1] = true;
	for (int i = 0; i < 3600 * 10; i++) {
		int ret = want(sim, 0);

		assert_true(ret == -EINPROGRESS || ret == -EAGAIN);
		sim_run(sim, 100 * SIM_MS);
	}
	assert_in_range(sim->node[0].sent_type[WIRE_TYPE_INIT], 300, 700);
	sim->blocked[0][1] = false;
	for (int i = 0; i < 610 && want(sim, 0); i++)
		sim_run(sim, 100 * SIM_MS);
	check_ping(sim, 0);
	sim_free(sim);

	sim = sim_new(4, 2);
	sim_peer(sim, 0, 1, false, NULL, false);
	assert_int_equal(want(sim, 0), -EDESTADDRREQ);
	assert_int_equal(session_next_deadline(sim->node[0].host),
			 CLOCK_NEVER);
	sim_free(sim);
}

static void adopt(struct sim *sim, int node)
{
	struct sim_key *key = &sim->node[node].kernel[!node].current;
	struct session_adopted adopted = {
		.slot = SESSION_SLOT_CURRENT, .epoch = key->epoch,
		.rx_index = key->rx_index, .age = 1, .soft_age = 120,
		.hard_age = 600,
	};
	struct clock now;

	sim_restart(sim, node, false);
	sim_peer(sim, node, !node, true, NULL, false);
	sim_clock(&sim->node[node], &now);
	session_peer_adopt(sim->node[node].host, &now,
			   sim->node[node].peers[!node], &adopted);
}

/* After a restart the key goes on for data; control needs a new one. */
static void test_adopted(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		struct sim *sim = pair_up(5);
		uint64_t token;

		adopt(sim, n);
		assert_false(ready(sim, n));
		assert_int_equal(ping(sim, n, NULL, &token), -ENOTCONN);
		/* The other end does not know, and is not answered. */
		assert_int_equal(ping(sim, !n, NULL, &token), 0);
		sim_run(sim, SIM_S);
		assert_int_equal(sim->node[!n].pongs, 0);
		assert_int_equal(stats(sim, n)->rx_no_index, 1);
		assert_int_equal(sim->node[n].kernel[!n].current.epoch, 1);
		assert_int_equal(sim->node[n].sent_type[WIRE_TYPE_INIT], !n);

		assert_int_equal(want(sim, n), -EINPROGRESS);
		sim_run(sim, SIM_S);
		assert_int_equal(want(sim, n), 0);
		assert_int_equal(sim->node[n].kernel[!n].current.epoch, 2);
		check_ping(sim, n);
		check_ping(sim, !n);
		sim_free(sim);
	}
}

/*
 * The one that answered a handshake does not send under the key before the
 * peer has used it. A control frame will do for that, when data was lost.
 */
static void test_not_before_confirmed(void **state)
{
	(void)state;
	for (int rekey = 0; rekey < 2; rekey++) {
		struct sim *sim = rekey ? pair_up(6) : pair_new(6);
		struct sim_kernel *kernel = &sim->node[1].kernel[0];
		uint32_t index = kernel->current.tx_index;
		uint64_t token;

		sim_event(sim, 0, 1, SESSION_EVENT_PEER_SILENT, 0);
		sim_run(sim, 41 * SIM_MS);
		sim_drop(sim);
		assert_true(kernel->next.used);
		assert_int_equal(ready(sim, 1), rekey);
		assert_int_equal(ping(sim, 1, NULL, &token),
				 rekey ? 0 : -ENOTCONN);
		if (rekey) {
			assert_int_equal(wire_get32(last.bytes + 4), index);
			sim_run(sim, 100 * SIM_MS);
			assert_int_equal(sim->node[1].pongs, 1);
			/* Node 0 has it as the one before its current one. */
			assert_int_equal(stats(sim, 0)->rx_control, 1);
		}
		check_ping(sim, 0);
		assert_true(ready(sim, 1));
		assert_int_equal(last.from, 1);
		assert_int_equal(wire_get32(last.bytes + 4),
				 sim->node[0].kernel[1].current.rx_index);
		/* What the kernel sends with is for the kernel to say. */
		assert_int_equal(kernel->current.epoch, rekey);
		assert_int_equal(sim->node[1].notices[SESSION_NOTICE_CONFIRMED],
				 rekey);
		sim_free(sim);
	}
}

static void rekey_now(struct sim *sim)
{
	unsigned int epoch = sim->node[0].kernel[1].current.epoch;

	sim_event(sim, 0, 1, SESSION_EVENT_SOFT_LIMIT, epoch);
	sim_run(sim, SIM_S);
	assert_true(sim_is_up(sim, 0, 1));
	assert_int_equal(sim->node[0].kernel[1].current.epoch, epoch + 1);
}

/* What was sent under the old key arrives; under the one before that, not. */
static void test_old_key(void **state)
{
	struct sim *sim = pair_up(7);
	uint8_t frame[2][WIRE_FRAME_MAX];
	uint64_t token;
	size_t len[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ping(sim, 0, NULL, &token), 0);
		sim_drop(sim);
		memcpy(frame[i], last.bytes, last.len);
		len[i] = last.len;
	}
	rekey_now(sim);
	sim_inject(sim, 1, &sim->node[0].endpoint, frame[0], len[0]);
	assert_int_equal(stats(sim, 1)->rx_control, 1);
	/* The answer goes under the new one. */
	assert_int_equal(last.from, 1);
	assert_int_equal(wire_get32(last.bytes + 4),
			 sim->node[1].kernel[0].current.tx_index);
	/* Each key has counters of its own, which begin at 0. */
	assert_int_equal(wire_get64(last.bytes + 8), 0);
	rekey_now(sim);
	sim_inject(sim, 1, &sim->node[0].endpoint, frame[1], len[1]);
	assert_int_equal(stats(sim, 1)->rx_control, 1);
	assert_int_equal(stats(sim, 1)->rx_no_index, 1);
	check_ping(sim, 0);
	check_ping(sim, 1);
	sim_free(sim);
}

/* Past the hard limit a key is gone, even before the timer says so. */
static void test_expired(void **state)
{
	struct sim *sim = pair_up(8);
	uint64_t token;

	(void)state;
	assert_int_equal(ping(sim, 0, NULL, &token), 0);
	sim_drop(sim);
	sim->now += 700 * SIM_S;
	assert_int_equal(ping(sim, 0, NULL, &token), -ENOTCONN);
	sim_inject(sim, 1, &sim->node[0].endpoint, last.bytes, last.len);
	assert_int_equal(stats(sim, 1)->rx_control, 0);
	assert_int_equal(stats(sim, 1)->rx_no_index, 1);
	sim_run(sim, SIM_MS);
	assert_false(ready(sim, 0));
	sim_free(sim);
}

/* 16 at a time, each for 5 s; what comes later is not taken. */
static void test_outstanding(void **state)
{
	struct sim *sim = pair_up(9);
	uint64_t deadline = session_next_deadline(sim->node[0].host);
	uint64_t token;

	(void)state;
	sim->blocked[0][1] = true;
	for (int i = 0; i < 16; i++)
		assert_int_equal(ping(sim, 0, NULL, &token), 0);
	assert_int_equal(ping(sim, 0, NULL, &token), -EBUSY);
	assert_int_equal(session_next_deadline(sim->node[0].host),
			 sim->now + 5 * SIM_S);
	sim_run(sim, 4999 * SIM_MS);
	assert_int_equal(ping(sim, 0, NULL, &token), -EBUSY);
	sim_run(sim, 2 * SIM_MS);
	assert_int_equal(session_next_deadline(sim->node[0].host), deadline);
	sim->blocked[0][1] = false;

	sim->delay = 2501 * SIM_MS;
	assert_int_equal(ping(sim, 0, NULL, &token), 0);
	sim_run(sim, 6 * SIM_S);
	assert_int_equal(sim->node[0].pongs, 0);
	assert_int_equal(stats(sim, 0)->rx_no_index, 1);
	sim->delay = 2499 * SIM_MS;
	assert_int_equal(ping(sim, 0, NULL, &token), 0);
	sim_run(sim, 6 * SIM_S);
	assert_int_equal(sim->node[0].pongs, 1);
	assert_int_equal(sim->node[0].pong.rtt_ns, 4998 * SIM_MS);
	/* A peer that is let go of with pings under way: nothing is left. */
	assert_int_equal(ping(sim, 0, NULL, &token), 0);
	session_peer_del(sim->node[0].host, sim->node[0].peers[1]);
	sim->node[0].peers[1] = NULL;
	assert_int_equal(session_next_deadline(sim->node[0].host),
			 CLOCK_NEVER);
	sim_run(sim, 6 * SIM_S);
	assert_int_equal(sim->node[0].pongs, 1);
	sim_free(sim);
}

/* Late is late, though the timer is late as well. */
static void test_late_timer(void **state)
{
	struct sim *sim = pair_up(13);
	uint64_t token;

	(void)state;
	assert_int_equal(ping(sim, 0, NULL, &token), 0);
	sim_run(sim, 21 * SIM_MS);
	sim_drop(sim);
	assert_int_equal(last.from, 1);
	sim->now += 5 * SIM_S;
	sim_inject(sim, 0, &sim->node[1].endpoint, last.bytes, last.len);
	assert_int_equal(sim->node[0].pongs, 0);
	assert_int_equal(stats(sim, 0)->rx_no_index, 1);
	sim_free(sim);
}

/* Loss, copies and disorder: as many pongs as pings came through, or less. */
static void test_lossy(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct sim *sim = pair_up(seed);
		unsigned int sent[2] = { 0 };
		uint64_t token;

		sim->loss = 5 * seed;
		sim->duplicate = 30;
		sim->jitter = 500 * SIM_MS;
		for (int i = 0; i < 1000; i++) {
			int from = sim_random(sim) % 2;

			assert_int_equal(ping(sim, from, NULL, &token), 0);
			sent[from]++;
			sim_run(sim, 400 * SIM_MS);
		}
		sim_run(sim, 6 * SIM_S);
		for (int n = 0; n < 2; n++) {
			assert_in_range(sim->node[n].pongs, sent[n] / 4,
					sent[n]);
			if (!sim->loss)
				assert_int_equal(sim->node[n].pongs, sent[n]);
			assert_true(stats(sim, n)->rx_control_replayed > 100);
			assert_int_equal(stats(sim, n)->rx_control_unauthentic,
					 0);
		}
		sim_free(sim);
	}
}

/* From another source: answered there, and data goes on as before. */
static void test_endpoint_stays(void **state)
{
	struct sim *sim = pair_up(10);
	struct endpoint known = sim->node[0].endpoint, other = known;
	struct session_peer_info info;
	uint64_t token;

	(void)state;
	other.port = 9;
	sim->node[0].endpoint = other;		/* what it sends from */
	assert_int_equal(ping(sim, 0, NULL, &token), 0);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(sim->node[0].pongs, 1);
	assert_true(endpoint_equal(&sim->node[0].pong.observed, &other));
	session_peer_info(sim->node[1].peers[0], &info);
	assert_true(endpoint_equal(&info.endpoint, &known));
	assert_true(endpoint_equal(&sim->node[1].kernel[0].endpoint, &known));
	/* Asked to, it sends there; by itself it does not. */
	assert_int_equal(ping(sim, 1, NULL, &token), 0);
	assert_int_equal(last.to, -1);
	assert_int_equal(ping(sim, 1, &other, &token), 0);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(sim->node[1].pongs, 1);
	assert_true(endpoint_equal(&sim->node[1].pong.dst, &other));
	sim_free(sim);
}

/* Messages of other layers: given on as they are, answered from there. */
static void test_messages(void **state)
{
	static const uint8_t tlvs[] = { 7, 0, 3, 0, 'a', 'b', 'c', 9, 0, 0, 0 };
	uint8_t big[CONTROL_FRAME_CONTENT_MAX] = { 0 };
	struct sim *sim = pair_up(11);
	struct endpoint unset = { .family = AF_UNSPEC };

	(void)state;
	sim->node[1].control_known = OTHER;
	sim->node[1].control_answer = OTHER + 1;
	sim->node[0].control_known = OTHER + 1;
	assert_int_equal(say(sim, 0, NULL, OTHER, tlvs, sizeof(tlvs)), 0);
	sim_run(sim, 100 * SIM_MS);
	for (int n = 0; n < 2; n++) {
		struct sim_node *node = &sim->node[n];

		assert_int_equal(node->controls, 1);
		assert_int_equal(node->control_len, sizeof(tlvs));
		assert_memory_equal(node->control_tlvs, tlvs, sizeof(tlvs));
		assert_true(endpoint_equal(&node->control_src,
					   &sim->node[!n].endpoint));
	}
	assert_int_equal(say(sim, 0, NULL, OTHER + 2, tlvs, sizeof(tlvs)), 0);
	assert_int_equal(say(sim, 0, NULL, 0, NULL, 0), 0);
	sim_run(sim, 100 * SIM_MS);
	assert_int_equal(stats(sim, 1)->rx_control_unknown, 2);
	assert_int_equal(sim->node[1].controls, 1);

	assert_int_equal(say(sim, 0, NULL, WIRE_CONTROL_PING, NULL, 0),
			 -EINVAL);
	assert_int_equal(say(sim, 0, NULL, WIRE_CONTROL_PONG, NULL, 0),
			 -EINVAL);
	assert_int_equal(say(sim, 0, &unset, OTHER, NULL, 0), -EDESTADDRREQ);
	assert_int_equal(say(sim, 0, NULL, OTHER, big, sizeof(big) - 4), 0);
	assert_int_equal(last.len, WIRE_FRAME_MAX);
	assert_int_equal(say(sim, 0, NULL, OTHER, big, sizeof(big) - 3),
			 -EMSGSIZE);
	sim_free(sim);
}

/* Nothing of it is left when the next rekey is due by itself. */
static void test_hour(void **state)
{
	struct sim *sim = pair_up(12);

	(void)state;
	sim->node[0].traffic = SIM_S;
	for (int i = 0; i < 720; i++) {
		check_ping(sim, i & 1);
		sim_run(sim, 4900 * SIM_MS);
	}
	assert_true(sim->node[0].kernel[1].current.epoch > 25);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_want),
		cmocka_unit_test(test_want_backs_off),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_not_before_confirmed),
		cmocka_unit_test(test_old_key),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_outstanding),
		cmocka_unit_test(test_late_timer),
		cmocka_unit_test(test_lossy),
		cmocka_unit_test(test_endpoint_stays),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_hour),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("session control", tests, NULL,
					   NULL);
}

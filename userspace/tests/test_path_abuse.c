// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer that lies makes another one send to a host that has nothing to do
 * with any of it: each datagram that goes there is counted.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "path_message.h"
#include "path_sim_impl.h"

/* 200 pings to unproven addresses, and what is under way at its end. */
#define UNPROVEN_MINUTE	200
/* Frames that are taken of one peer. */
#define PEER_SECOND	32

static struct scene {
	struct psim *sim;
	int introducer, honest, liar, friend, victim;
	uint32_t generation;
	void (*deliver)(void *ctx, int host, const struct endpoint *src,
			const uint8_t *bytes, size_t len);
	unsigned int pings, pongs, others, arrived;
	uint64_t at[20000];		/* of what went to the victim */
	unsigned int count;
} scene;

static struct psim_peer *at_honest(int peer)
{
	return &scene.sim->node[scene.honest].peer[peer];
}

/* To any port of the victim. */
static void scene_tap(struct psim *sim, int from, int to,
		      const struct endpoint *dst, uint8_t type)
{
	const struct endpoint *victim = &sim->net.host[scene.victim].ep4;

	(void)to;
	if (from != scene.honest || !endpoint_is_direct(dst) ||
	    dst->in4.s_addr != victim->in4.s_addr)
		return;
	if (type == WIRE_CONTROL_PING)
		scene.pings++;
	else if (type == WIRE_CONTROL_PONG)
		scene.pongs++;
	else
		scene.others++;
	assert_true(scene.count < sizeof(scene.at) / sizeof(*scene.at));
	scene.at[scene.count++] = sim->net.now;
}

/* Where the victim's port is, all frames can be seen: data too. */
static void scene_deliver(void *ctx, int host, const struct endpoint *src,
			  const uint8_t *bytes, size_t len)
{
	if (host != scene.victim) {
		scene.deliver(ctx, host, src, bytes, len);
		return;
	}
	scene.arrived++;
	if (bytes[0] != WIRE_TYPE_CONTROL)
		scene.others++;
}

/*
 * All are public. The liar and the honest one talk, but only by the relay: so the
 * honest one looks for something better. With its friend it talks directly.
 */
static void scene_new(uint64_t seed)
{
	struct psim *sim = psim_new(seed);
	struct path_info info;

	memset(&scene, 0, sizeof(scene));
	scene.sim = sim;
	scene.introducer = psim_introducer(sim, true, false);
	scene.honest = psim_node(sim, NET_INTERNET, true, false);
	scene.liar = psim_node(sim, NET_INTERNET, true, false);
	scene.friend = psim_node(sim, NET_INTERNET, true, false);
	scene.victim = psim_node(sim, NET_INTERNET, true, false);
	psim_introduce(sim, scene.honest, scene.introducer);
	psim_introduce(sim, scene.liar, scene.introducer);
	psim_introduce(sim, scene.friend, scene.introducer);
	sim->net.blocked[scene.honest][scene.liar] = true;
	sim->net.blocked[scene.liar][scene.honest] = true;
	psim_pair(sim, scene.honest, scene.liar, NULL);
	psim_pair(sim, scene.honest, scene.friend, NULL);
	psim_run(sim, 2 * NET_S);
	psim_traffic(sim, scene.honest, scene.liar, 50 * NET_MS);
	psim_traffic(sim, scene.liar, scene.honest, 50 * NET_MS);
	psim_traffic(sim, scene.honest, scene.friend, 20 * NET_MS);
	psim_traffic(sim, scene.friend, scene.honest, 20 * NET_MS);
	psim_run(sim, 10 * NET_S);
	assert_int_equal(psim_class(sim, scene.honest, scene.liar),
			 PATH_CLASS_RELAY);
	assert_int_equal(psim_class(sim, scene.honest, scene.friend),
			 PATH_CLASS_IPV4);
	/* Older ones than the last would not be taken. */
	path_peer_info(sim->node[scene.liar].peer[scene.honest].path, &info);
	scene.generation = info.generation + 1000;
	scene.deliver = sim->net.deliver;
	sim->net.deliver = scene_deliver;
	sim->tap = scene_tap;
	at_honest(scene.friend)->longest_gap = 0;
}

static void scene_free(void)
{
	psim_free(scene.sim);
}

/* The most that went to the victim in any minute. */
static unsigned int worst_minute(void)
{
	unsigned int worst = 0, first = 0;

	for (unsigned int i = 0; i < scene.count; i++) {
		while (scene.at[i] - scene.at[first] >= 60 * NET_S)
			first++;
		if (i - first + 1 > worst)
			worst = i - first + 1;
	}
	return worst;
}

/* The liar says it, under its session, to the honest one. */
static void lie(const struct path_message *message)
{
	struct psim_node *node = &scene.sim->node[scene.liar];
	struct psim_peer *peer = &node->peer[scene.honest];
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(message, tlvs);

	assert_true(len >= 0);
	psim_control_send(node, peer, &peer->kernel, message->type, tlvs, len);
}

/* @count ports of a host from @port on. */
static void lie_candidates(int host, uint16_t port, unsigned int count)
{
	struct path_message message = {
		.type = WIRE_CONTROL_CANDIDATES,
		.generation = ++scene.generation,
	};

	for (unsigned int i = 0; i < count; i++) {
		message.candidate[i].kind = i % 2 ? WIRE_CANDIDATE_MAPPED :
						    WIRE_CANDIDATE_HOST;
		message.candidate[i].endpoint = scene.sim->net.host[host].ep4;
		message.candidate[i].endpoint.port = port + i;
	}
	message.count = count;
	lie(&message);
}

static void lie_punch(unsigned int round)
{
	const struct path_message message = {
		.type = WIRE_CONTROL_PUNCH, .round = round,
		.generation = scene.generation,
	};

	lie(&message);
}

/* A ping of the liar's that seems to come from the victim. */
static void forge_ping(uint16_t port)
{
	struct psim_peer *peer =
		&scene.sim->node[scene.liar].peer[scene.honest];
	struct endpoint src = scene.sim->net.host[scene.victim].ep4;
	uint8_t frame[PSIM_HEAD + 9] = { WIRE_TYPE_CONTROL, scene.liar };

	wire_put32(frame + 4, peer->current);
	frame[PSIM_HEAD] = WIRE_CONTROL_PING;
	src.port = port;
	scene.deliver(scene.sim, scene.honest, &src, frame, sizeof(frame));
}

/* The honest one's other peers have noticed nothing. */
static void check_friend(void)
{
	assert_int_equal(psim_class(scene.sim, scene.honest, scene.friend),
			 PATH_CLASS_IPV4);
	assert_true(at_honest(scene.friend)->longest_gap < 100 * NET_MS);
}

/*
 * New ports of the victim all the time, and rounds of punching: it gets pings,
 * and no more than are sent to anyone unproven.
 */
static void test_names_a_third_party(void **state)
{
	(void)state;
	scene_new(1);
	for (int i = 0; i < 3000; i++) {
		lie_candidates(scene.victim, 1000 + 16 * (i % 1000), 16);
		lie_punch(i);
		psim_run(scene.sim, 100 * NET_MS);
	}
	assert_in_range(worst_minute(), 10, UNPROVEN_MINUTE);
	assert_int_equal(scene.pongs + scene.others, 0);
	check_friend();
	scene_free();
}

/* Always the same one, which costs no memory of others. */
static void test_names_it_again(void **state)
{
	(void)state;
	scene_new(2);
	for (int i = 0; i < 3000; i++) {
		lie_candidates(scene.victim, 7740, 1);
		lie_punch(i);
		psim_run(scene.sim, 100 * NET_MS);
	}
	assert_in_range(worst_minute(), 1, UNPROVEN_MINUTE);
	assert_int_equal(scene.pongs + scene.others, 0);
	check_friend();
	scene_free();
}

/*
 * Each of its pings is answered to where it seems to come from, by a pong that is
 * no larger, and by what pings of our own there are for the unproven.
 */
static void test_pings_in_another_name(void **state)
{
	unsigned int forged = 0;

	(void)state;
	scene_new(3);
	for (int i = 0; i < 6000; i++) {
		forge_ping(1000 + i % 5000);
		forged++;
		psim_run(scene.sim, 20 * NET_MS);
	}
	assert_true(scene.pongs > 0);
	assert_true(scene.pongs <= forged);
	assert_true(scene.pongs <= 121 * PEER_SECOND);
	assert_true(scene.pings > 0);
	assert_true(scene.pings <= 3 * UNPROVEN_MINUTE);
	assert_int_equal(scene.others, 0);
	check_friend();
	scene_free();
}

/* No data goes where the liar says it is, unless it answers from there. */
static void test_data_stays(void **state)
{
	struct psim_peer *peer;
	struct endpoint before;

	(void)state;
	scene_new(4);
	peer = at_honest(scene.liar);
	before = peer->kernel;
	for (int i = 0; i < 300; i++) {
		struct path_message message = {
			.type = WIRE_CONTROL_NOMINATE,
			.generation = scene.generation + i,
		};

		lie_candidates(scene.victim, 7740, 16);
		lie_punch(i);
		lie(&message);
		forge_ping(7740);
		psim_run(scene.sim, 100 * NET_MS);
		assert_true(endpoint_equal(&peer->kernel, &before));
	}
	/* Not one frame of data. */
	assert_int_equal(scene.others, 0);
	scene_free();
}

/* The liar says that it is where another peer of the honest one is. */
static void test_names_a_friend(void **state)
{
	struct endpoint before;

	(void)state;
	scene_new(5);
	before = at_honest(scene.friend)->kernel;
	for (int i = 0; i < 600; i++) {
		lie_candidates(scene.friend, before.port, 1);
		lie_punch(i);
		psim_run(scene.sim, 100 * NET_MS);
	}
	assert_true(endpoint_equal(&at_honest(scene.friend)->kernel, &before));
	assert_false(endpoint_equal(&at_honest(scene.liar)->kernel, &before));
	check_friend();
	scene_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_a_third_party),
		cmocka_unit_test(test_names_it_again),
		cmocka_unit_test(test_pings_in_another_name),
		cmocka_unit_test(test_data_stays),
		cmocka_unit_test(test_names_a_friend),
	};

	return cmocka_run_group_tests_name("path_abuse", tests, NULL, NULL);
}

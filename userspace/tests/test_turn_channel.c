// SPDX-License-Identifier: GPL-2.0-or-later
/* Permissions and channels at a TURN server. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"
#include "check.h"
#include "turn_lab.h"

/* --- permissions and channels ----------------------------------------------- */

static void channels_are_bound_and_renewed(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_new();
	struct turn_server_client *client;

	(void)state;
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -ENOTCONN);
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	client = turn_server_only(&lab->server);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	lab_run(lab, S);
	assert_int_equal(lab->bound, 1);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	lab_is_at(&via, "turn:0x4000@203.0.113.1:3478");
	assert_int_equal(lab->server.requests[9], 1);
	assert_int_equal(turn_server_count(client, lab->now, true), 1);
	/* For as long as somebody wants it; its permission has half its life. */
	for (int i = 0; i < 100; i++) {
		assert_true(turn_keep(&lab->client, lab->now, &via));
		lab_run(lab, 25 * S);
		assert_int_equal(turn_server_count(client, lab->now, true), 1);
		assert_int_equal(turn_server_count(client, lab->now, false),
				 1);
	}
	assert_int_equal(lab->bound, 1);
	assert_in_range(lab->server.requests[9], 9, 12);
	lab_run(lab, 700 * S);
	assert_int_equal(turn_server_count(client, lab->now, true), 0);
	assert_false(turn_keep(&lab->client, lab->now, &via));
	assert_int_equal(lab->server.requests[9] <= 12, true);
	lab_free(lab);
}

static void permissions_are_asked_for_once_and_renewed(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), other = peer;
	struct lab *lab = lab_allocated();
	struct turn_server_client *client = turn_server_only(&lab->server);

	(void)state;
	other.port = 9;
	for (int i = 0; i < 40; i++) {
		turn_permit(&lab->client, lab->now, &peer);
		turn_permit(&lab->client, lab->now, &other);
		lab_run(lab, 25 * S);
		assert_int_equal(turn_server_count(client, lab->now, false),
				 1);
	}
	assert_in_range(lab->server.requests[8], 4, 5);
	lab_run(lab, 400 * S);
	assert_int_equal(turn_server_count(client, lab->now, false), 0);
	/* Not of this family, and none that is one. */
	lab->sent = 0;
	peer = lab_at("[2001:db8::7]:7740");
	turn_permit(&lab->client, lab->now, &peer);
	peer = lab_at("relay:0x7@192.0.2.7:7740");
	turn_permit(&lab->client, lab->now, &peer);
	memset(&peer, 0, sizeof(peer));
	turn_permit(&lab->client, lab->now, &peer);
	assert_int_equal(lab->sent, 0);
	lab_free(lab);
}

static void what_is_forbidden_is_not_asked_for_all_the_time(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	lab->server.forbidden = peer.in4;
	for (int i = 0; i < 50; i++) {
		turn_permit(&lab->client, lab->now, &peer);
		turn_channel(&lab->client, lab->now, &peer, &via);
		lab_run(lab, S);
	}
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EACCES);
	assert_int_equal(lab->server.requests[8], 1);
	assert_int_equal(lab->server.requests[9], 1);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(lab->bound, 0);
	/* It may be allowed later. */
	lab->server.forbidden.s_addr = 0;
	lab_run(lab, 20 * S);
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, S);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	lab_free(lab);
}

static void say(struct lab *lab, const struct endpoint *peer, uint8_t type)
{
	uint8_t frame[32] = { type, 42 };

	turn_server_receive(&lab->server, lab->now, peer, &lab->client.relayed,
			    frame, sizeof(frame));
}

/* Its NAT maps each destination anew: nobody could name this port. */
static void who_comes_from_another_port_gets_a_channel(void **state)
{
	struct endpoint named = lab_at("192.0.2.7:7740"), peer = named, via;
	struct lab *lab = lab_allocated();

	(void)state;
	peer.port = 33333;
	turn_permit(&lab->client, lab->now, &named);
	lab_run(lab, S);
	say(lab, &peer, 0x95);
	lab_run(lab, 29 * MS);
	assert_int_equal(lab->frames, 0);
	lab_run(lab, 2 * MS);
	assert_int_equal(lab->frames, 1);
	assert_int_equal(lab->bound, 1);
	lab_is_at(&lab->frame_src, "turn:0x4000@203.0.113.1:3478");
	assert_int_equal(lab->frame_len, 32);
	assert_int_equal(lab->frame[0], 0x95);
	assert_true(turn_keep(&lab->client, lab->now, &lab->frame_src));
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	lab_is_at(&via, "turn:0x4000@203.0.113.1:3478");
	/* What comes by the channel is the kernel's, or the session's. */
	say(lab, &peer, 0x95);
	assert_int_equal(lab->queued, 1);
	assert_int_equal(lab->queue[0].bytes[0], 0x40);
	lab_free(lab);
}

static void only_frames_from_where_peers_are_get_one(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740");
	struct lab *lab = lab_allocated();
	struct datagram d;

	(void)state;
	turn_permit(&lab->client, lab->now, &peer);
	lab_run(lab, S);
	say(lab, &peer, 0x16);
	lab_run(lab, S);
	assert_int_equal(lab->server.data, 1);
	assert_int_equal(lab->server.requests[9], 0);
	/* A server that does not heed permissions. */
	say(lab, &peer, 0x95);
	d = lab->queue[0];
	lab->queued = 0;
	d.bytes[31] ^= 1;
	assert_true(lab_receive(lab, &d));
	assert_int_equal(lab->queued, 0);
	d.bytes[31] ^= 1;
	d.src.port++;
	assert_false(lab_receive(lab, &d));
	assert_int_equal(lab->queued, 0);
	d.src.port--;
	assert_true(lab_receive(lab, &d));
	assert_int_equal(lab->queued, 1);
	/* Data is not for us, but its way is made. */
	lab_run(lab, S);
	peer.port = 5;
	say(lab, &peer, 0x94);
	lab_run(lab, S);
	assert_int_equal(lab->frames, 1);
	assert_int_equal(lab->bound, 2);
	lab_free(lab);
}

/* The channels of the others were refused, or made room, or are there. */
static void no_frame_waits_for_ever(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:1000");
	struct lab *lab = lab_allocated();
	struct datagram d;

	(void)state;
	turn_permit(&lab->client, lab->now, &peer);
	lab_run(lab, S);
	lab->server.method = 9;
	lab->server.error = 403;
	for (int i = 0; i < 2 * TURN_HELD_MAX; i++) {
		peer.port = 1000 + i % TURN_HELD_MAX;
		say(lab, &peer, 0x95);
		lab_run(lab, S);
	}
	lab->server.error = 0;
	peer.port = 2000;
	say(lab, &peer, 0x95);
	d = lab->queue[0];
	lab_run(lab, S);
	assert_int_equal(lab->frames, 1);
	/* One that was under way when the server bound it. */
	assert_true(lab_receive(lab, &d));
	assert_int_equal(lab->frames, 2);
	lab_is_at(&lab->frame_src, "turn:0x4004@203.0.113.1:3478");
	lab->lose = 1000;
	for (int i = 0; i < TURN_UNCLAIMED_MAX + TURN_HELD_MAX; i++) {
		peer.port++;
		say(lab, &peer, 0x95);
		lab_run(lab, i < TURN_UNCLAIMED_MAX ? 10 * MS : 1100 * MS);
	}
	lab->lose = 0;
	peer.port = 3000;
	say(lab, &peer, 0x95);
	lab_run(lab, 100 * MS);
	assert_int_equal(lab->frames, 3);
	lab_free(lab);
}

/* All of them from one address, a peer's or another's behind the same NAT. */
static void nobody_gets_all_the_channels(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:1000"), via;
	struct lab *lab = lab_allocated();
	unsigned int used = 0;

	(void)state;
	turn_permit(&lab->client, lab->now, &peer);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	lab_run(lab, S);
	for (int i = 0; i < 500; i++) {
		turn_permit(&lab->client, lab->now, &peer);
		turn_keep(&lab->client, lab->now, &via);
		peer.port++;
		say(lab, &peer, 0x95);
		lab_run(lab, 50 * MS);
	}
	for (int i = 0; i < TURN_CHANNELS_MAX; i++)
		used += endpoint_is_set(&lab->client.channel[i].peer);
	assert_int_equal(used, 1 + TURN_UNCLAIMED_MAX);
	/* A burst, and one a second. */
	assert_in_range(lab->server.requests[9], 17, 17 + 30);
	peer.port = 1000;
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	lab_free(lab);
}

static void the_number_of_channels_is_bounded(void **state)
{
	struct endpoint peer = lab_at("192.0.2.1:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
		peer.port++;
		assert_int_equal(turn_channel(&lab->client, lab->now, &peer,
					      &via), -EAGAIN);
		lab_run(lab, 30 * MS);
	}
	peer.port++;
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -ENOSPC);
	/* What nobody wants makes room. */
	lab_run(lab, TURN_UNWANTED);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	lab_is_at(&via, "turn:0x4040@203.0.113.1:3478");
	lab_free(lab);
}

static void a_silent_server_is_noticed_by_its_channels(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	lab->server.silent = true;
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, 20 * S);
	assert_int_equal(lab->client.state, TURN_SILENT);
	lab_free(lab);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels_are_bound_and_renewed),
		cmocka_unit_test(permissions_are_asked_for_once_and_renewed),
		cmocka_unit_test(what_is_forbidden_is_not_asked_for_all_the_time),
		cmocka_unit_test(who_comes_from_another_port_gets_a_channel),
		cmocka_unit_test(only_frames_from_where_peers_are_get_one),
		cmocka_unit_test(no_frame_waits_for_ever),
		cmocka_unit_test(nobody_gets_all_the_channels),
		cmocka_unit_test(the_number_of_channels_is_bounded),
		cmocka_unit_test(a_silent_server_is_noticed_by_its_channels),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("turn channel", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* TURN servers that are reached by a connection, which may end at any time. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "turn_lab.h"

static struct lab *lab_stream_allocated(void)
{
	struct lab *lab = lab_stream();

	turn_start(&lab->client, lab->now);
	lab_connect(lab);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	return lab;
}

static void nothing_is_sent_before_there_is_a_connection(void **state)
{
	struct lab *lab = lab_stream();

	(void)state;
	turn_start(&lab->client, lab->now);
	turn_start(&lab->client, lab->now);
	assert_int_equal(lab->connects, 1);
	/* One that is only begun is none. */
	turn_connected(&lab->client, lab->now, NULL, "");
	lab_run(lab, 2 * S);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	assert_int_equal(lab->sent, 0);
	lab_connect(lab);
	lab_run(lab, 50 * MS);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(lab->sent, 2);
	lab_is_at(&lab->client.relayed, "203.0.113.1:50000");
	lab_free(lab);
}

static void channels_are_where_it_is_spoken_for(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_stream_allocated();
	struct datagram d = { .src = lab->server.at };

	(void)state;
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, S);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	lab_is_at(&via, "turn:0x4000@127.64.1.1:5000");
	/* And nobody else is the server, not even itself by UDP. */
	d.len = lab->last_down.len;
	memcpy(d.bytes, lab->last_down.bytes, d.len);
	assert_false(lab_receive(lab, &d));
	lab_free(lab);
}

static void a_request_goes_out_twice(void **state)
{
	struct lab *lab = lab_stream();

	(void)state;
	lab->server.silent = true;
	turn_start(&lab->client, lab->now);
	lab_connect(lab);
	lab_run(lab, TURN_STREAM_WAIT - MS);
	assert_int_equal(lab->sent, 1);
	lab_run(lab, TURN_STREAM_WAIT);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	assert_int_equal(lab->sent, 2);
	lab_run(lab, 2 * MS);
	assert_int_equal(lab->client.state, TURN_SILENT);
	assert_string_equal(lab->client.problem, "");
	assert_int_equal(lab->sent, 2);
	assert_int_equal(turn_deadline(&lab->client), CLOCK_NEVER);
	lab_free(lab);
}

/* What had no room in the stream does not cost the allocation. */
static void one_that_is_lost_goes_out_again(void **state)
{
	struct lab *lab = lab_stream_allocated();

	(void)state;
	lab->lose = 1;
	turn_check(&lab->client, lab->now);
	lab_run(lab, TURN_STREAM_WAIT + S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(lab->changed, 1);
	assert_int_equal(lab->server.requests[4], 1);
	lab_free(lab);
}

static void no_connection_is_told(void **state)
{
	struct lab *lab = lab_stream();

	(void)state;
	turn_start(&lab->client, lab->now);
	turn_connected(&lab->client, lab->now, NULL, "Connection refused");
	assert_int_equal(lab->client.state, TURN_SILENT);
	assert_string_equal(lab->client.problem, "Connection refused");
	assert_int_equal(lab->changed, 1);
	turn_stop(&lab->client, lab->now);
	assert_int_equal(lab->disconnects, 1);
	/* Nor is it waited for without end when nobody says anything. */
	turn_start(&lab->client, lab->now);
	assert_int_equal(lab->connects, 2);
	lab_run(lab, TURN_CONNECT_WAIT - MS);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	lab_run(lab, 2 * MS);
	assert_int_equal(lab->client.state, TURN_SILENT);
	assert_string_equal(lab->client.problem, "no connection");
	assert_int_equal(lab->sent, 0);
	lab_free(lab);
}

static void a_connection_that_ends_takes_all_with_it(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_stream_allocated();
	unsigned int sent;

	(void)state;
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, S);
	sent = lab->sent;
	lab_cut(lab, "Connection reset by peer");
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	assert_false(endpoint_is_set(&lab->client.relayed));
	assert_int_equal(lab->changed, 2);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -ENOTCONN);
	lab_run(lab, S);
	assert_int_equal(lab->sent, sent);
	/* It is tried again by who had it, and there is another soon. */
	assert_int_equal(lab->connects, 1);
	lab_connect(lab);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	lab_run(lab, S);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	lab_free(lab);
}

/* Its end was not told, or not in time. */
static void another_connection_is_another_allocation(void **state)
{
	struct lab *lab = lab_stream_allocated();

	(void)state;
	turn_server_restart(&lab->server);
	lab_connect(lab);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	/* In the middle of asking, too. */
	turn_check(&lab->client, lab->now);
	turn_server_restart(&lab->server);
	lab_connect(lab);
	lab_connect(lab);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	lab_free(lab);
}

static void one_that_ends_again_and_again_is_given_up(void **state)
{
	struct lab *lab = lab_stream_allocated();

	(void)state;
	for (int i = 0; i < TURN_LOSSES_MAX; i++) {
		lab_cut(lab, "it was ended");
		lab_connect(lab);
		lab_run(lab, S);
		assert_int_equal(lab->client.state, TURN_ALLOCATED);
	}
	lab_cut(lab, "it was ended");
	assert_int_equal(lab->client.state, TURN_REFUSED);
	assert_string_equal(lab->client.problem,
			    "the connection ends again and again");
	lab_free(lab);
}

/* A server that takes the connection and ends it does not serve us. */
static void one_that_ends_unasked_is_no_server(void **state)
{
	struct lab *lab = lab_stream();

	(void)state;
	turn_start(&lab->client, lab->now);
	lab_connect(lab);
	lab_cut(lab, "it was ended");
	assert_int_equal(lab->client.state, TURN_SILENT);
	assert_string_equal(lab->client.problem, "it was ended");
	lab_free(lab);
}

static void it_is_given_back_and_the_connection_too(void **state)
{
	struct lab *lab = lab_stream_allocated();
	struct endpoint local = lab->local;

	(void)state;
	turn_stop(&lab->client, lab->now);
	assert_int_equal(lab->disconnects, 1);
	assert_int_equal(lab->client.state, TURN_OFF);
	lab_run(lab, S);
	assert_null(turn_server_only(&lab->server));
	/* What is told of it afterwards is nothing to us. */
	turn_connected(&lab->client, lab->now, &local, "");
	turn_connected(&lab->client, lab->now, NULL, "it was ended");
	assert_int_equal(lab->client.state, TURN_OFF);
	assert_int_equal(turn_deadline(&lab->client), CLOCK_NEVER);
	turn_start(&lab->client, lab->now);
	assert_int_equal(lab->connects, 2);
	lab_connect(lab);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	lab_free(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_sent_before_there_is_a_connection),
		cmocka_unit_test(channels_are_where_it_is_spoken_for),
		cmocka_unit_test(a_request_goes_out_twice),
		cmocka_unit_test(one_that_is_lost_goes_out_again),
		cmocka_unit_test(no_connection_is_told),
		cmocka_unit_test(a_connection_that_ends_takes_all_with_it),
		cmocka_unit_test(another_connection_is_another_allocation),
		cmocka_unit_test(one_that_ends_again_and_again_is_given_up),
		cmocka_unit_test(one_that_ends_unasked_is_no_server),
		cmocka_unit_test(it_is_given_back_and_the_connection_too),
	};

	return cmocka_run_group_tests_name("turn stream", tests, NULL, NULL);
}

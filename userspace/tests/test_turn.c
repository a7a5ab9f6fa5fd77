// SPDX-License-Identifier: GPL-2.0-or-later
/* The client of a TURN server: messages, and servers of every kind. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"
#include "check.h"
#include "turn_lab.h"

/* --- messages --------------------------------------------------------------- */

static struct turn_realm realm_of(const char *user, const char *password)
{
	struct turn_realm realm = { .realm = "example.org",
				    .nonce = "f//499k954d6OL34oL9FSTvy64sA" };

	turn_key(realm.key, user, realm.realm, password);
	return realm;
}

static void the_key_is_that_of_the_rfc(void **state)
{
	uint8_t key[TURN_KEY_LEN], expected[TURN_KEY_LEN];

	(void)state;
	/* RFC 8489 9.2.2. */
	check_hex("8493fbc53ba582fb4c044c456bdc40eb", expected,
		  sizeof(expected));
	turn_key(key, "user", "realm", "pass");
	assert_memory_equal(key, expected, sizeof(key));
}

static void requests_have_what_they_ask_for(void **state)
{
	static const uint8_t transport[] = { 0, 0x19, 0, 4, 17, 0, 0, 0 };
	static const uint8_t lifetime[] = { 0, 0x0d, 0, 4, 0, 0, 2, 0x58 };
	static const uint8_t channel[] = { 0, 0x0c, 0, 4, 0x40, 1, 0, 0 };
	struct turn_realm realm = realm_of("u", "secret");
	struct turn_request request = {
		.method = TURN_ALLOCATE, .tid = { 1, 2, 3 }, .lifetime = 600,
	};
	uint8_t out[TURN_REQUEST_MAX];
	size_t len;

	(void)state;
	len = turn_request_write(out, &request, "u", NULL);
	assert_true(stun_is_message(out, len));
	assert_int_equal(be_get16(out), 0x0003);
	assert_memory_equal(stun_tid(out), request.tid, STUN_TID_LEN);
	assert_memory_equal(out + 20, transport, 8);
	assert_memory_equal(out + 28, lifetime, 8);
	assert_int_equal(len, 20 + 8 + 8 + 8);
	len = turn_request_write(out, &request, "u", &realm);
	assert_true(stun_is_message(out, len));
	/* And a user, a realm, a nonce, and an integrity. */
	assert_int_equal(len, 44 + 8 + 16 + 32 + 24);
	request.method = TURN_CHANNEL;
	request.channel = 0x4001;
	request.peer = lab_at("192.0.2.7:7740");
	len = turn_request_write(out, &request, "u", NULL);
	assert_int_equal(be_get16(out), 0x0009);
	assert_memory_equal(out + 20, channel, 8);
	assert_int_equal(be_get16(out + 28), 0x0012);
	request.method = TURN_PERMISSION;
	len = turn_request_write(out, &request, "u", NULL);
	assert_int_equal(be_get16(out), 0x0008);
	assert_int_equal(be_get16(out + 20), 0x0012);
	request.method = TURN_REFRESH;
	request.lifetime = 0;
	len = turn_request_write(out, &request, "u", NULL);
	assert_int_equal(be_get16(out), 0x0004);
	assert_int_equal(be_get32(out + 24), 0);
	/* The largest that is configured or taken. */
	memset(realm.realm, 'r', TURN_TEXT_LEN - 1);
	memset(realm.nonce, 'n', TURN_TEXT_LEN - 1);
	request.peer = lab_at("[2001:db8::7]:7740");
	request.method = TURN_CHANNEL;
	assert_true(turn_request_write(out, &request, realm.realm, &realm));
}

/* One of the server's answers, as it came. */
static struct datagram an_answer(struct lab *lab)
{
	turn_start(&lab->client, lab->now);
	lab_run(lab, 35 * MS);
	/* The second request is answered in 5 ms. */
	assert_int_equal(lab->queued, 1);
	if (lab->queue[0].up) {
		lab->now = lab->queue[0].at;
		lab_deliver(lab);
	}
	assert_false(lab->queue[0].up);
	return lab->queue[0];
}

static void answers_cut_anywhere_are_not_believed(void **state)
{
	struct lab *lab = lab_new();
	struct datagram d = an_answer(lab), cut;
	struct turn_answer answer;

	(void)state;
	lab->queued = 0;
	for (size_t len = 0; len < d.len; len++) {
		cut = d;
		cut.len = len;
		assert_false(lab_receive(lab, &cut));
		/* Without its fingerprint it is whole, and signed. */
		if (len < 20 || len & 3 || len == d.len - 8)
			continue;
		be_put16(cut.bytes + 2, len - 20);
		assert_false(lab_receive(lab, &cut));
		turn_answer_parse(cut.bytes, len, TURN_ALLOCATE,
				  lab->client.realm.key, &answer);
	}
	/* Each bit counts. */
	for (size_t bit = 0; bit < 8 * d.len; bit++) {
		cut = d;
		cut.bytes[bit / 8] ^= 1 << bit % 8;
		if (lab_receive(lab, &cut))
			fail_msg("bit %zu of %zu", bit, 8 * d.len);
	}
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	assert_true(lab_receive(lab, &d));
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	/* It is over with this one. */
	assert_false(lab_receive(lab, &d));
	lab_free(lab);
}

static void data_cut_anywhere_is_not_read_beyond(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:4711");
	uint8_t frame[21] = { 0x95, 1, 2, 3 };
	struct lab *lab = lab_allocated();
	struct turn_data data;
	struct datagram d;
	uint8_t *copy;

	(void)state;
	turn_permit(&lab->client, lab->now, &peer);
	lab_run(lab, S);
	turn_server_receive(&lab->server, lab->now, &peer,
			    &lab->client.relayed, frame, sizeof(frame));
	assert_int_equal(lab->queued, 1);
	d = lab->queue[0];
	assert_int_equal(turn_data_parse(d.bytes, d.len, &data), 0);
	lab_is_at(&data.peer, "192.0.2.7:4711");
	assert_int_equal(data.len, sizeof(frame));
	assert_memory_equal(data.bytes, frame, sizeof(frame));
	for (size_t len = 20; len < d.len; len += 4) {
		copy = malloc(len);
		memcpy(copy, d.bytes, len);
		be_put16(copy + 2, len - 20);
		assert_true(stun_is_message(copy, len));
		assert_true(turn_data_parse(copy, len, &data) < 0);
		free(copy);
	}
	/* Each attribute of any length. */
	for (size_t says = 0; says < 256; says++) {
		copy = malloc(d.len);
		memcpy(copy, d.bytes, d.len);
		be_put16(copy + 22, says);
		turn_data_parse(copy, d.len, &data);
		be_put16(copy + 22, 8);
		be_put16(copy + 34, says);
		turn_data_parse(copy, d.len, &data);
		free(copy);
	}
	lab_free(lab);
}

/* --- the allocation --------------------------------------------------------- */

static void an_allocation_takes_two_round_trips(void **state)
{
	struct lab *lab = lab_new();

	(void)state;
	turn_start(&lab->client, lab->now);
	turn_start(&lab->client, lab->now);
	lab_run(lab, 39 * MS);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	lab_run(lab, 2 * MS);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(lab->changed, 1);
	assert_int_equal(lab->sent, 2);
	lab_is_at(&lab->client.relayed, "203.0.113.1:50000");
	lab_is_at(&lab->client.mapped, "198.51.100.7:7740");
	assert_int_equal(lab->client.lifetime, 600);
	assert_int_equal(lab->client.rtt_ns, 20 * MS);
	lab_free(lab);
}

/* Whoever sees the first request could say that. */
static void a_grant_that_nobody_signed_is_none(void **state)
{
	struct lab *lab = lab_new();

	(void)state;
	lab->server.open = true;
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	assert_false(endpoint_is_set(&lab->client.relayed));
	assert_int_equal(lab->changed, 0);
	lab_free(lab);
}

static void requests_are_sent_again_in_time(void **state)
{
	static const unsigned int ms[] = { 0, 500, 1500, 3500, 7500 };
	struct lab *lab = lab_new();
	uint64_t began = lab->now;

	(void)state;
	lab->server.silent = true;
	turn_start(&lab->client, lab->now);
	lab_run(lab, 9499 * MS);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	assert_int_equal(lab->sent, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(lab->sent_at[i] - began, ms[i] * MS);
	lab_run(lab, 2 * MS);
	assert_int_equal(lab->client.state, TURN_SILENT);
	assert_int_equal(lab->changed, 1);
	assert_int_equal(turn_deadline(&lab->client), CLOCK_NEVER);
	/* It may be there again. */
	lab->server.silent = false;
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	lab_free(lab);
}

/* The server knows a request that comes again. */
static void what_is_lost_does_not_cost_the_allocation(void **state)
{
	struct lab *lab = lab_new();

	(void)state;
	lab->lose = 1;
	turn_start(&lab->client, lab->now);
	lab_run(lab, 520 * MS);
	lab->lose_down = 1;
	lab_run(lab, 2 * S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(lab->server.next_port, 50001);
	lab_free(lab);
}

static void it_is_refreshed_at_half_its_life(void **state)
{
	struct lab *lab = lab_new();

	(void)state;
	lab->server.lifetime = 60;
	turn_start(&lab->client, lab->now);
	lab_run(lab, 25 * S);
	assert_int_equal(lab->server.requests[4], 0);
	lab_run(lab, 7 * S);
	assert_int_equal(lab->server.requests[4], 1);
	lab_run(lab, 600 * S);
	assert_in_range(lab->server.requests[4], 19, 22);
	assert_non_null(turn_server_only(&lab->server));
	assert_true(turn_server_only(&lab->server)->until > lab->now);
	assert_int_equal(lab->changed, 1);
	lab_free(lab);
}

static void a_stale_nonce_is_replaced(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	lab->server.nonce++;
	turn_check(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(lab->server.requests[4], 2);
	lab->server.nonce++;
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	lab_run(lab, S);
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	/* Not for ever. */
	lab->server.stale = true;
	turn_check(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_REFUSED);
	assert_non_null(strstr(lab->client.problem, "(438)"));
	lab_free(lab);
}

static void a_wrong_password_is_told(void **state)
{
	struct lab *lab = lab_new();

	(void)state;
	lab->server.password = "another";
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_REFUSED);
	assert_string_equal(lab->client.problem,
			    "the user or the password is wrong (401)");
	assert_int_equal(lab->client.error, TURN_ERROR_UNAUTHORIZED);
	assert_int_equal(lab->sent, 3);
	assert_int_equal(lab->changed, 1);
	lab_free(lab);
}

static void each_refusal_has_a_text(void **state)
{
	static const struct {
		uint16_t error;
		const char *text;
	} all[] = {
		{ 300, "the server refuses (300)" },
		{ 400, "the server does not understand the request (400)" },
		{ 403, "the server does not allow it (403)" },
		{ 420, "the server does not know an attribute of the request (420)" },
		{ 437, "the server has another allocation for this socket (437)" },
		{ 440, "the server has no relayed addresses of this family (440)" },
		{ 441, "another user has an allocation for this socket (441)" },
		{ 442, "the server does not relay UDP (442)" },
		{ 486, "the user has as many allocations as it may have (486)" },
		{ 500, "the server has an error; try again later (500)" },
		{ 508, "the server is full (508)" },
		{ 699, "the server refuses (699)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct lab *lab = lab_new();

		lab->server.method = 3;
		lab->server.error = all[i].error;
		turn_start(&lab->client, lab->now);
		lab_run(lab, S);
		assert_int_equal(lab->client.state, TURN_REFUSED);
		assert_string_equal(lab->client.problem, all[i].text);
		assert_int_equal(turn_deadline(&lab->client), CLOCK_NEVER);
		lab_free(lab);
	}
}

static void another_server_is_named_and_not_gone_to(void **state)
{
	struct lab *lab = lab_new();

	(void)state;
	lab->server.method = 3;
	lab->server.error = 300;
	lab->server.alternate = lab_at("203.0.113.9:3478");
	turn_start(&lab->client, lab->now);
	lab_run(lab, 10 * S);
	assert_int_equal(lab->client.state, TURN_REFUSED);
	assert_non_null(strstr(lab->client.problem, "203.0.113.9:3478"));
	assert_non_null(strstr(lab->client.problem, "(300)"));
	assert_int_equal(lab->sent, 2);
	lab_free(lab);
}

/* Our process died, and the socket did not. */
static void what_is_left_of_before_is_given_back_first(void **state)
{
	struct lab *lab = lab_allocated();
	struct turn_account account = lab->client.account;

	(void)state;
	turn_init(&lab->client, &lab_ops, lab, &account);
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	lab_is_at(&lab->client.relayed, "203.0.113.1:50001");
	assert_non_null(turn_server_only(&lab->server));
	lab_free(lab);
}

static void a_server_that_starts_anew_gets_a_new_one(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	lab_run(lab, S);
	turn_server_restart(&lab->server);
	turn_check(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	lab_is_at(&lab->client.relayed, "203.0.113.1:50101");
	/* Gone, and there again. */
	assert_int_equal(lab->changed, 3);
	assert_false(turn_keep(&lab->client, lab->now, &via));
	/* A channel's request may be the first to tell. */
	turn_server_restart(&lab->server);
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, S);
	lab_is_at(&lab->client.relayed, "203.0.113.1:50202");
	assert_int_equal(lab->changed, 5);
	lab_free(lab);
}

/* What it grants is not there when it is used. */
static void a_server_that_forgets_is_not_asked_without_end(void **state)
{
	struct endpoint peer = lab_at("192.0.2.7:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	lab->server.method = 9;
	lab->server.error = 437;
	for (int i = 0; i < 100; i++) {
		turn_channel(&lab->client, lab->now, &peer, &via);
		lab_run(lab, 250 * MS);
	}
	assert_int_equal(lab->client.state, TURN_REFUSED);
	assert_string_equal(lab->client.problem,
			    "the server forgets what it granted (437)");
	/* Each was asked for, found to be there, given back, asked for. */
	assert_in_range(lab->server.requests[9], TURN_LOSSES_MAX + 1,
			TURN_LOSSES_MAX + 1);
	assert_in_range(lab->server.requests[3], TURN_LOSSES_MAX,
			2 + 2 * TURN_LOSSES_MAX);
	/* The next one is its last, unless it holds. */
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_REFUSED);
	turn_start(&lab->client, lab->now);
	lab_run(lab, TURN_STEADY + S);
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	/* Nor is it its fault that we are elsewhere. */
	for (int i = 0; i < 3 * TURN_LOSSES_MAX; i++) {
		turn_server_restart(&lab->server);
		turn_moved(&lab->client, lab->now);
		lab_run(lab, S);
		assert_int_equal(lab->client.state, TURN_ALLOCATED);
	}
	lab_free(lab);
}

static void a_stop_gives_it_back(void **state)
{
	struct lab *lab = lab_allocated();

	(void)state;
	turn_stop(&lab->client, lab->now);
	assert_int_equal(lab->client.state, TURN_OFF);
	assert_false(endpoint_is_set(&lab->client.relayed));
	assert_int_equal(turn_deadline(&lab->client), CLOCK_NEVER);
	lab_run(lab, S);
	assert_null(turn_server_only(&lab->server));
	assert_int_equal(lab->server.requests[4], 1);
	/* And again. */
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	lab_free(lab);
}

static void forged_answers_are_not_heard(void **state)
{
	struct lab *lab = lab_new();
	struct datagram d;

	(void)state;
	lab->server.forges = true;
	turn_start(&lab->client, lab->now);
	lab_run(lab, 9 * S);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	lab_free(lab);

	/* Without a signature. */
	lab = lab_new();
	lab->server.unsigned_answers = true;
	turn_start(&lab->client, lab->now);
	lab_run(lab, 9 * S);
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	lab_free(lab);

	lab = lab_allocated();
	lab->server.unsigned_answers = true;
	lab->server.method = 4;
	lab->server.error = 437;
	turn_check(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_true(lab->client.tr.waits);
	lab_free(lab);

	/* From elsewhere. */
	lab = lab_new();
	d = an_answer(lab);
	lab->queued = 0;
	d.src = lab_at("203.0.113.1:3479");
	assert_false(lab_receive(lab, &d));
	d.src = lab_at("203.0.113.2:3478");
	assert_false(lab_receive(lab, &d));
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	lab_free(lab);
}

static void the_password_is_wiped(void **state)
{
	struct lab *lab = lab_allocated();
	const uint8_t *bytes = (const uint8_t *)&lab->client;

	(void)state;
	turn_wipe(&lab->client);
	for (size_t i = 0; i + 6 <= sizeof(lab->client); i++)
		assert_memory_not_equal(bytes + i, "secret", 6);
	lab_free(lab);
}

static void every_state_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(turn_state_name(TURN_OFF), "off");
	assert_string_equal(turn_state_name(TURN_ALLOCATING), "asking");
	assert_string_equal(turn_state_name(TURN_ALLOCATED), "allocated");
	assert_string_equal(turn_state_name(TURN_REFUSED), "refused");
	assert_string_equal(turn_state_name(TURN_SILENT), "silent");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_that_of_the_rfc),
		cmocka_unit_test(requests_have_what_they_ask_for),
		cmocka_unit_test(answers_cut_anywhere_are_not_believed),
		cmocka_unit_test(data_cut_anywhere_is_not_read_beyond),
		cmocka_unit_test(an_allocation_takes_two_round_trips),
		cmocka_unit_test(a_grant_that_nobody_signed_is_none),
		cmocka_unit_test(requests_are_sent_again_in_time),
		cmocka_unit_test(what_is_lost_does_not_cost_the_allocation),
		cmocka_unit_test(it_is_refreshed_at_half_its_life),
		cmocka_unit_test(a_stale_nonce_is_replaced),
		cmocka_unit_test(a_wrong_password_is_told),
		cmocka_unit_test(each_refusal_has_a_text),
		cmocka_unit_test(another_server_is_named_and_not_gone_to),
		cmocka_unit_test(what_is_left_of_before_is_given_back_first),
		cmocka_unit_test(a_server_that_starts_anew_gets_a_new_one),
		cmocka_unit_test(a_server_that_forgets_is_not_asked_without_end),
		cmocka_unit_test(a_stop_gives_it_back),
		cmocka_unit_test(forged_answers_are_not_heard),
		cmocka_unit_test(the_password_is_wiped),
		cmocka_unit_test(every_state_has_a_name),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}

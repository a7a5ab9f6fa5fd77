// SPDX-License-Identifier: GPL-2.0-or-later
/* The client of a TURN server: messages, and servers of every kind. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"
#include "check.h"
#include "turn.h"
#include "turn_server.h"

#define S	CLOCK_SECOND
#define MS	CLOCK_MS
#define QUEUE	64

static struct endpoint at(const char *text)
{
	struct endpoint ep;

	if (endpoint_parse(text, &ep))
		fail_msg("%s", text);
	return ep;
}

static void is_at(const struct endpoint *ep, const char *text)
{
	char buf[ENDPOINT_TEXT_LEN] = "none";

	if (endpoint_is_set(ep))
		endpoint_format(ep, buf);
	assert_string_equal(buf, text);
}

/* --- a client, a server, and 10 ms between them --------------------------- */

struct datagram {
	uint64_t at;
	bool up;			/* to the server */
	struct endpoint src, dst;
	size_t len;
	uint8_t bytes[1400];
};

struct lab {
	struct turn_client client;
	struct turn_server server;
	struct endpoint self;
	uint64_t now;
	struct datagram queue[QUEUE];
	unsigned int queued;
	unsigned int lose;		/* so many of ours */
	unsigned int lose_down;		/* so many of the server's */
	unsigned int changed, bound, frames, sent;
	uint64_t sent_at[256];
	struct endpoint frame_src;
	uint8_t frame[TURN_DATA_MAX];
	size_t frame_len;
	/* What got to a peer. */
	unsigned int peer_got;
	struct endpoint peer_src, peer_dst;
	struct datagram last_down;
};

static void lab_queue(struct lab *lab, bool up, const struct endpoint *src,
		      const struct endpoint *dst, const void *bytes, size_t len)
{
	struct datagram *d = &lab->queue[lab->queued++];

	assert_in_range(lab->queued, 0, QUEUE - 1);
	d->at = lab->now + 10 * MS;
	d->up = up;
	d->src = *src;
	d->dst = *dst;
	d->len = len;
	memcpy(d->bytes, bytes, len);
}

static void client_send(void *ctx, const struct endpoint *dst,
			const void *bytes, size_t len)
{
	struct lab *lab = ctx;

	assert_true(stun_is_message(bytes, len));
	lab->sent_at[lab->sent++ % 256] = lab->now;
	if (lab->lose) {
		lab->lose--;
		return;
	}
	lab_queue(lab, true, &lab->self, dst, bytes, len);
}

static void server_send(void *ctx, const struct endpoint *src,
			const struct endpoint *dst, const void *bytes,
			size_t len)
{
	struct lab *lab = ctx;

	if (!endpoint_equal(dst, &lab->self)) {
		lab->peer_got++;
		lab->peer_src = *src;
		lab->peer_dst = *dst;
		return;
	}
	if (lab->lose_down) {
		lab->lose_down--;
		return;
	}
	lab_queue(lab, false, src, dst, bytes, len);
}

static void client_changed(void *ctx)
{
	struct lab *lab = ctx;

	lab->changed++;
}

static const struct turn_client_ops ops = {
	.send = client_send,
	.changed = client_changed,
};

static struct lab *lab_new(void)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct turn_account account = { .user = "u", .password = "secret" };

	lab->now = 1000 * S;
	lab->self = at("198.51.100.7:7740");
	turn_server_init(&lab->server, "203.0.113.1:3478");
	lab->server.ctx = lab;
	lab->server.send = server_send;
	account.server = lab->server.at;
	turn_init(&lab->client, &ops, lab, &account);
	return lab;
}

static bool lab_receive(struct lab *lab, const struct datagram *d)
{
	uint8_t *copy = malloc(d->len);
	bool taken;
	size_t len;

	memcpy(copy, d->bytes, d->len);
	taken = turn_receive(&lab->client, lab->now, &d->src, copy, d->len);
	free(copy);
	lab->bound += turn_take_bound(&lab->client);
	while ((len = turn_take_frame(&lab->client, &lab->frame_src,
				      lab->frame))) {
		lab->frames++;
		lab->frame_len = len;
	}
	return taken;
}

static void lab_deliver(struct lab *lab)
{
	struct datagram d = lab->queue[0];

	lab->queued--;
	memmove(lab->queue, lab->queue + 1, lab->queued * sizeof(d));
	if (d.up) {
		turn_server_receive(&lab->server, lab->now, &d.src, &d.dst,
				    d.bytes, d.len);
		return;
	}
	lab->last_down = d;
	lab_receive(lab, &d);
}

static void lab_run(struct lab *lab, uint64_t duration)
{
	uint64_t end = lab->now + duration, next;

	for (;;) {
		next = turn_deadline(&lab->client);
		if (lab->queued && lab->queue[0].at < next)
			next = lab->queue[0].at;
		if (next > end)
			break;
		if (next > lab->now)
			lab->now = next;
		if (lab->queued && lab->queue[0].at <= lab->now)
			lab_deliver(lab);
		else
			turn_timer(&lab->client, lab->now);
	}
	lab->now = end;
}

static struct lab *lab_allocated(void)
{
	struct lab *lab = lab_new();

	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	return lab;
}

static void lab_free(struct lab *lab)
{
	turn_wipe(&lab->client);
	free(lab);
}

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
	request.peer = at("192.0.2.7:7740");
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
	request.peer = at("[2001:db8::7]:7740");
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
	struct endpoint peer = at("192.0.2.7:4711");
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
	is_at(&data.peer, "192.0.2.7:4711");
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
	is_at(&lab->client.relayed, "203.0.113.1:50000");
	is_at(&lab->client.mapped, "198.51.100.7:7740");
	assert_int_equal(lab->client.lifetime, 600);
	assert_int_equal(lab->client.rtt_ns, 20 * MS);
	lab_free(lab);
}

static void a_server_may_need_no_password(void **state)
{
	struct lab *lab = lab_new();

	(void)state;
	lab->server.open = true;
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	assert_int_equal(lab->sent, 1);
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
	struct endpoint peer = at("192.0.2.7:7740"), via;
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
	lab->server.alternate = at("203.0.113.9:3478");
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
	turn_init(&lab->client, &ops, lab, &account);
	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	is_at(&lab->client.relayed, "203.0.113.1:50001");
	assert_non_null(turn_server_only(&lab->server));
	lab_free(lab);
}

static void a_server_that_starts_anew_gets_a_new_one(void **state)
{
	struct endpoint peer = at("192.0.2.7:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via),
			 -EAGAIN);
	lab_run(lab, S);
	turn_server_restart(&lab->server);
	turn_check(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	is_at(&lab->client.relayed, "203.0.113.1:50101");
	/* Gone, and there again. */
	assert_int_equal(lab->changed, 3);
	assert_false(turn_keep(&lab->client, lab->now, &via));
	/* A channel's request may be the first to tell. */
	turn_server_restart(&lab->server);
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, S);
	is_at(&lab->client.relayed, "203.0.113.1:50202");
	assert_int_equal(lab->changed, 5);
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
	d.src = at("203.0.113.1:3479");
	assert_false(lab_receive(lab, &d));
	d.src = at("203.0.113.2:3478");
	assert_false(lab_receive(lab, &d));
	assert_int_equal(lab->client.state, TURN_ALLOCATING);
	lab_free(lab);
}

/* --- permissions and channels ----------------------------------------------- */

static void channels_are_bound_and_renewed(void **state)
{
	struct endpoint peer = at("192.0.2.7:7740"), via;
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
	is_at(&via, "turn:0x4000@203.0.113.1:3478");
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
	struct endpoint peer = at("192.0.2.7:7740"), other = peer;
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
	peer = at("[2001:db8::7]:7740");
	turn_permit(&lab->client, lab->now, &peer);
	peer = at("relay:0x7@192.0.2.7:7740");
	turn_permit(&lab->client, lab->now, &peer);
	memset(&peer, 0, sizeof(peer));
	turn_permit(&lab->client, lab->now, &peer);
	assert_int_equal(lab->sent, 0);
	lab_free(lab);
}

static void what_is_forbidden_is_not_asked_for_all_the_time(void **state)
{
	struct endpoint peer = at("192.0.2.7:7740"), via;
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
	struct endpoint named = at("192.0.2.7:7740"), peer = named, via;
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
	is_at(&lab->frame_src, "turn:0x4000@203.0.113.1:3478");
	assert_int_equal(lab->frame_len, 32);
	assert_int_equal(lab->frame[0], 0x95);
	assert_true(turn_keep(&lab->client, lab->now, &lab->frame_src));
	assert_int_equal(turn_channel(&lab->client, lab->now, &peer, &via), 0);
	is_at(&via, "turn:0x4000@203.0.113.1:3478");
	/* What comes by the channel is the kernel's, or the session's. */
	say(lab, &peer, 0x95);
	assert_int_equal(lab->queued, 1);
	assert_int_equal(lab->queue[0].bytes[0], 0x40);
	lab_free(lab);
}

static void only_frames_from_where_peers_are_get_one(void **state)
{
	struct endpoint peer = at("192.0.2.7:7740");
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

/* All of them from one address, a peer's or another's behind the same NAT. */
static void nobody_gets_all_the_channels(void **state)
{
	struct endpoint peer = at("192.0.2.7:1000"), via;
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
	struct endpoint peer = at("192.0.2.1:7740"), via;
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
	is_at(&via, "turn:0x4040@203.0.113.1:3478");
	lab_free(lab);
}

static void a_silent_server_is_noticed_by_its_channels(void **state)
{
	struct endpoint peer = at("192.0.2.7:7740"), via;
	struct lab *lab = lab_allocated();

	(void)state;
	lab->server.silent = true;
	turn_channel(&lab->client, lab->now, &peer, &via);
	lab_run(lab, 20 * S);
	assert_int_equal(lab->client.state, TURN_SILENT);
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
		cmocka_unit_test(a_server_may_need_no_password),
		cmocka_unit_test(requests_are_sent_again_in_time),
		cmocka_unit_test(what_is_lost_does_not_cost_the_allocation),
		cmocka_unit_test(it_is_refreshed_at_half_its_life),
		cmocka_unit_test(a_stale_nonce_is_replaced),
		cmocka_unit_test(a_wrong_password_is_told),
		cmocka_unit_test(each_refusal_has_a_text),
		cmocka_unit_test(another_server_is_named_and_not_gone_to),
		cmocka_unit_test(what_is_left_of_before_is_given_back_first),
		cmocka_unit_test(a_server_that_starts_anew_gets_a_new_one),
		cmocka_unit_test(a_stop_gives_it_back),
		cmocka_unit_test(forged_answers_are_not_heard),
		cmocka_unit_test(channels_are_bound_and_renewed),
		cmocka_unit_test(permissions_are_asked_for_once_and_renewed),
		cmocka_unit_test(what_is_forbidden_is_not_asked_for_all_the_time),
		cmocka_unit_test(who_comes_from_another_port_gets_a_channel),
		cmocka_unit_test(only_frames_from_where_peers_are_get_one),
		cmocka_unit_test(nobody_gets_all_the_channels),
		cmocka_unit_test(the_number_of_channels_is_bounded),
		cmocka_unit_test(a_silent_server_is_noticed_by_its_channels),
		cmocka_unit_test(the_password_is_wiped),
		cmocka_unit_test(every_state_has_a_name),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* TURN servers in the worker: those that are reached by the bridge. */
#include <string.h>

#include <sodium.h>

#include "bridge_request.h"
#include "check.h"
#include "turns.h"

#define TCP	"192.0.2.1:3478"
#define TLS	"192.0.2.2:5349"
#define LOCAL	"127.64.1.1:5000"

static struct {
	struct turns *turns;
	unsigned int opens, closes, sent;
	struct bridge_open open;	/* the last */
	struct endpoint closed, sent_to;
} lab;

void bridge_request_open(const struct bridge_open *open)
{
	lab.opens++;
	lab.open = *open;
}

void bridge_request_close(const struct endpoint *server, enum stream_kind kind)
{
	assert_int_equal(kind, STREAM_STUN);
	lab.closes++;
	lab.closed = *server;
}

static void op_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	(void)ctx;
	assert_true(stun_is_message(bytes, len));
	lab.sent++;
	lab.sent_to = *dst;
}

static void op_changed(void *ctx, const struct path_turn *turn)
{
	(void)ctx;
	(void)turn;
}

static void op_told(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void op_checked(void *ctx, uint64_t check)
{
	(void)ctx;
	(void)check;
}

static const struct turns_ops ops = {
	.send = op_send, .changed = op_changed, .told = op_told,
	.checked = op_checked,
};

static struct endpoint at(const char *text)
{
	struct endpoint ep;

	assert_int_equal(endpoint_parse(text, &ep), 0);
	return ep;
}

static bool is_at(const struct endpoint *ep, const char *text)
{
	struct endpoint other = at(text);

	return endpoint_equal(ep, &other);
}

/* Two servers, and a need: the first is asked for. */
static void begin(sd_event *event)
{
	struct turn_account accounts[2] = {
		{ .server = at(TCP), .transport = TURN_TCP, .user = "u",
		  .password = "p" },
		{ .server = at(TLS), .transport = TURN_TLS, .user = "u",
		  .password = "p", .name = "turn.example.org" },
	};

	memset(&lab, 0, sizeof(lab));
	assert_int_equal(turns_new(&lab.turns, event, accounts, 2, &ops, NULL),
			 0);
	turns_need(lab.turns, clock_boot(), TURN_NEED_LACK);
}

static bool told(const char *server, const char *local, uint32_t number,
		 const char *text)
{
	struct bridge_state state = {
		.server = at(server), .local = at(LOCAL), .kind = STREAM_STUN,
		.up = local != NULL, .number = number,
	};

	strcpy(state.text, text);
	return turns_connected(lab.turns, clock_boot(), &state);
}

static void connections_are_asked_for_as_configured(void **state)
{
	sd_event *event;

	(void)state;
	assert_true(sd_event_new(&event) >= 0);
	begin(event);
	assert_int_equal(lab.opens, 1);
	assert_true(is_at(&lab.open.server, TCP));
	assert_int_equal(lab.open.kind, STREAM_STUN);
	assert_true(lab.open.plain);
	assert_string_equal(lab.open.name, "");
	/* The next one, when that is not there. */
	assert_true(told(TCP, NULL, 0, "Connection refused"));
	assert_int_equal(lab.closes, 1);
	assert_true(is_at(&lab.closed, TCP));
	assert_int_equal(lab.opens, 2);
	assert_true(is_at(&lab.open.server, TLS));
	assert_false(lab.open.plain);
	assert_string_equal(lab.open.name, "turn.example.org");
	assert_int_equal(lab.sent, 0);
	turns_release(lab.turns);
	assert_int_equal(lab.closes, 2);
	turns_free(lab.turns);
	sd_event_unref(event);
}

static void a_connection_is_taken_once(void **state)
{
	struct endpoint local = at(LOCAL);
	sd_event *event;

	(void)state;
	assert_true(sd_event_new(&event) >= 0);
	begin(event);
	assert_null(turns_at(lab.turns, &local));
	assert_true(told(TCP, LOCAL, 1, ""));
	assert_int_equal(lab.sent, 1);
	assert_true(is_at(&lab.sent_to, LOCAL));
	assert_true(is_at(&turns_at(lab.turns, &local)->server, TCP));
	/* The same word again, and another connection. */
	assert_true(told(TCP, LOCAL, 1, ""));
	assert_int_equal(lab.sent, 1);
	assert_true(told(TCP, LOCAL, 2, ""));
	assert_int_equal(lab.sent, 2);
	/* What is said of others is for others. */
	assert_false(told("192.0.2.9:3478", LOCAL, 1, ""));
	assert_false(told(TLS, LOCAL, 1, ""));
	turns_need(lab.turns, clock_boot(), TURN_NEED_NONE);
	turns_release(lab.turns);
	assert_int_equal(lab.closes, 1);
	assert_false(told(TCP, NULL, 2, "it was ended"));
	assert_null(turns_at(lab.turns, &local));
	turns_free(lab.turns);
	sd_event_unref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_asked_for_as_configured),
		cmocka_unit_test(a_connection_is_taken_once),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("pilotd_turns", tests, NULL, NULL);
}

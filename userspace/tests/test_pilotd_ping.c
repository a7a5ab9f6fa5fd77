// SPDX-License-Identifier: GPL-2.0-or-later
/* The request "ping" of a worker, answered by another one. */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "addr.h"
#include "answer.h"
#include "check.h"
#include "introduce.h"
#include "ping.h"
#include "reach.h"
#include "worker.h"

struct end {
	struct worker worker;
	struct worker_agent agent;
	struct worker_peer data;
	struct session_peer *peer;
	struct identity id;
	struct endpoint endpoint;
	struct end *other;
	uint8_t frame[8][1500];		/* on their way to the other */
	size_t len[8];
	unsigned int frames;
	json_t *event;
};

static struct end ends[2];

/* The callbacks' context is a worker, the first member of its end. */
static void op_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	struct end *end = ctx;

	assert_true(endpoint_equal(dst, &end->other->endpoint));
	if (end->frames == 8)
		return;
	memcpy(end->frame[end->frames], bytes, len);
	end->len[end->frames++] = len;
}

static int op_key_install(void *ctx, struct session_agent *agent,
			  struct session_peer *peer,
			  const struct session_key *key)
{
	(void)ctx;
	(void)agent;
	(void)peer;
	(void)key;
	return 0;
}

static int op_endpoint_set(void *ctx, struct session_agent *agent,
			   struct session_peer *peer,
			   const struct endpoint *endpoint)
{
	(void)ctx;
	(void)agent;
	(void)peer;
	(void)endpoint;
	return 0;
}

static void op_notify(void *ctx, enum session_notice notice,
		      struct session_agent *agent, struct session_peer *peer,
		      const char *text)
{
	(void)ctx;
	(void)notice;
	(void)agent;
	(void)peer;
	(void)text;
}

static void op_pong(void *ctx, struct session_agent *agent,
		    struct session_peer *peer, const struct session_pong *pong)
{
	struct end *end = ctx;

	json_decref(end->event);
	end->event = ping_event(agent, peer, pong);
	/* Nobody listens here; that must do no harm. */
	ping_answered(ctx, agent, peer, pong);
}

static const struct session_ops ops = {
	.send = op_send, .key_install = op_key_install,
	.endpoint_set = op_endpoint_set, .notify = op_notify, .pong = op_pong,
};

static void end_start(struct end *end, uint8_t number)
{
	uint8_t seed[IDENTITY_SEED_LEN] = { number };
	struct clock now;

	memset(end, 0, sizeof(*end));
	assert_int_equal(identity_from_seed(seed, &end->id), 0);
	end->endpoint.family = AF_INET;
	end->endpoint.in4.s_addr = htonl(0xc0000200 + number);
	end->endpoint.port = 7740;
	strcpy(end->agent.config.name, "pilot0");
	end->agent.address = addr_derive(end->id.public, 1);
	end->worker.queue_end = &end->worker.queue;
	end->worker.agents = &end->agent;
	assert_true(sd_event_new(&end->worker.event) >= 0);
	assert_true(sd_event_add_time(end->worker.event,
				      &end->worker.timer_source, CLOCK_BOOTTIME,
				      0, 0, NULL, NULL) >= 0);
	clock_read(&now);
	end->worker.host = session_host_new(&ops, end, NULL, &now);
	assert_int_equal(introduce_start(&end->worker), 0);
	assert_int_equal(reach_new(&end->worker), 0);
	assert_non_null(end->worker.host);
	assert_int_equal(session_agent_add(end->worker.host, &end->id,
					   end->agent.address, &end->agent,
					   &end->agent.session), 0);
}

static void end_know(struct end *end, struct end *other, bool where)
{
	struct session_peer_config config = { .persist = false };
	struct clock now;

	end->other = other;
	memcpy(config.public, other->id.public, sizeof(config.public));
	if (where)
		config.endpoint = other->endpoint;
	clock_read(&now);
	assert_int_equal(session_peer_add(end->worker.host, &now,
					  end->agent.session, &config,
					  &end->data, &end->peer), 0);
}

static int start(void **state)
{
	(void)state;
	end_start(&ends[0], 1);
	end_start(&ends[1], 2);
	end_know(&ends[0], &ends[1], true);
	end_know(&ends[1], &ends[0], false);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		reach_free(ends[i].worker.reach);
		introducer_free(ends[i].worker.introducer);
		session_host_free(ends[i].worker.host);
		sd_event_source_unref(ends[i].worker.timer_source);
		sd_event_unref(ends[i].worker.event);
		json_decref(ends[i].event);
		identity_wipe(&ends[i].id);
	}
	return 0;
}

/* All that is on its way arrives, and what that leads to. */
static void deliver(void)
{
	while (ends[0].frames || ends[1].frames) {
		struct end *from = &ends[!ends[0].frames];
		struct clock now;

		clock_read(&now);
		from->frames--;
		session_receive(from->other->worker.host, &now, &from->endpoint,
				from->frame[from->frames],
				from->len[from->frames]);
	}
}

static json_t *ask_as(struct end *end, const char *did, const char *more,
		      struct control_error *error)
{
	json_t *args = json_pack("{s:s, s:s*}", "op", "ping", "did", did);
	json_t *result;

	if (more)
		json_object_set_new(args, more, json_string("pilot0"));
	memset(error, 0, sizeof(*error));
	result = answer_request(&end->worker, "ping", args, error);
	json_decref(args);
	assert_true(!result == !!error->code);
	return result;
}

static json_t *ask(struct end *end, struct control_error *error)
{
	char did[DID_TEXT_LEN];

	did_format(end->other->id.public, did);
	return ask_as(end, did, "link", error);
}

static void refused(struct end *end, const char *code)
{
	struct control_error error;

	assert_null(ask(end, &error));
	assert_string_equal(error.code, code);
	assert_true(*error.message && *error.hint);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

static void a_ping_is_answered(void **state)
{
	struct control_error error;
	char address[ADDR_TEXT_LEN];
	json_t *result;
	uint64_t due;

	(void)state;
	refused(&ends[0], "not-ready");
	refused(&ends[0], "not-ready");
	assert_int_equal(ends[0].frames, 1);
	deliver();
	result = ask(&ends[0], &error);
	assert_non_null(result);
	/* The loop is woken for it. */
	assert_true(sd_event_source_get_time(ends[0].worker.timer_source,
					     &due) >= 0);
	assert_int_equal(due,
			 session_next_deadline(ends[0].worker.host) / 1000 + 1);
	assert_null(ends[0].event);
	deliver();
	assert_non_null(ends[0].event);

	addr_format(ends[1].agent.address, address);
	assert_string_equal(text(result, "peer"), address);
	assert_string_equal(text(result, "link"), "pilot0");
	assert_string_equal(text(result, "endpoint"), "192.0.2.2:7740");
	assert_int_equal(strlen(text(result, "token")), 16);
	assert_string_equal(text(ends[0].event, "event"), "pong");
	assert_string_equal(text(ends[0].event, "peer"), address);
	assert_string_equal(text(ends[0].event, "link"), "pilot0");
	assert_string_equal(text(ends[0].event, "token"),
			    text(result, "token"));
	assert_string_equal(text(ends[0].event, "endpoint"), "192.0.2.2:7740");
	assert_string_equal(text(ends[0].event, "from"), "192.0.2.2:7740");
	assert_string_equal(text(ends[0].event, "observed"), "192.0.2.1:7740");
	assert_true(json_is_integer(json_object_get(ends[0].event, "rtt_us")));
	json_decref(result);
}

static void a_peer_that_is_nowhere_is_not_pinged(void **state)
{
	(void)state;
	refused(&ends[1], "no-endpoint");
	assert_int_equal(ends[1].frames, 0);
}

static void the_pings_under_way_are_limited(void **state)
{
	struct control_error error;

	(void)state;
	refused(&ends[0], "not-ready");
	deliver();
	for (int i = 0; i < 16; i++)
		json_decref(ask(&ends[0], &error));
	refused(&ends[0], "busy");
}

static void a_request_names_a_peer_that_is_there(void **state)
{
	struct control_error error;
	char did[DID_TEXT_LEN];

	(void)state;
	assert_null(ask_as(&ends[0], NULL, NULL, &error));
	assert_string_equal(error.code, "bad-request");
	assert_null(ask_as(&ends[0], "did:key:z", NULL, &error));
	assert_string_equal(error.code, "invalid");
	did_format(ends[0].id.public, did);
	assert_null(ask_as(&ends[0], did, NULL, &error));
	assert_string_equal(error.code, "not-found");
	did_format(ends[1].id.public, did);
	assert_null(ask_as(&ends[0], did, "colour", &error));
	assert_string_equal(error.code, "bad-request");
	assert_int_equal(ends[0].frames, 0);
}

static void status_counts_control_frames(void **state)
{
	json_t *args = json_pack("{s:s}", "op", "status");
	struct control_error error = { 0 };
	json_t *result, *control;

	(void)state;
	refused(&ends[0], "not-ready");
	deliver();
	json_decref(ask(&ends[0], &error));
	deliver();
	result = answer_request(&ends[0].worker, "status", args, &error);
	control = json_object_get(result, "control");
	assert_int_equal(json_object_size(control), 6);
	assert_int_equal(json_integer_value(json_object_get(control, "sent")),
			 1);
	assert_int_equal(json_integer_value(json_object_get(control,
							    "received")), 1);
	assert_int_equal(json_integer_value(json_object_get(control,
							    "unknown")), 0);
	json_decref(result);
	json_decref(args);
}

#define with_ends(test)	cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_ends(a_ping_is_answered),
		with_ends(a_peer_that_is_nowhere_is_not_pinged),
		with_ends(the_pings_under_way_are_limited),
		with_ends(a_request_names_a_peer_that_is_there),
		with_ends(status_counts_control_frames),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("pilotd_ping", tests, NULL, NULL);
}

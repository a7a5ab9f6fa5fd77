// SPDX-License-Identifier: GPL-2.0-or-later
/* An introducer that UDP does not get to, and what is made of it. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "path_end.h"

#define UDP	"203.0.113.1:7740"
#define LOCAL	"127.64.1.1:4000"

static void allow(struct end *end, bool tls)
{
	struct path_peer_config config = {
		.address = INTRODUCER, .public = { 0xf0, INTRODUCER & 0xff },
		.endpoint = end_ep(UDP), .introducer = true, .tls = tls,
	};

	assert_int_equal(path_peer_set(end->host, &end->now, end->introducer,
				       &config), 0);
}

/* As a configuration that names it has it. */
static void test_from_the_start(void **state)
{
	struct path_peer_config config = {
		.address = INTRODUCER, .public = { 0xf0, INTRODUCER & 0xff },
		.endpoint = end_ep(UDP), .introducer = true, .tls = true,
	};
	struct end *end = end_new(true);

	(void)state;
	end->silent = end_ep(UDP);
	path_peer_del(end->host, &end->now, end->introducer);
	assert_int_equal(path_peer_add(end->host, &end->now, end->agent,
				       &config, NULL, &end->introducer), 0);
	end_run(end, 3 * S);
	assert_true(end->tls);
	end_free(end);
}

static void up(struct end *end, const char *local)
{
	struct endpoint at = end_ep(local);

	path_tls_set(end->host, &end->now, end->introducer, &at);
}

static enum path_class class_of(const struct path_peer *peer, const char *text)
{
	const struct path_candidate_info *c;
	struct path_info info;

	path_peer_info(peer, &info);
	c = end_info_of(&info, text);
	return c ? c->class : PATH_CLASSES;
}

static bool introducer_at(const struct end *end, const char *text)
{
	const struct path_candidate_info *c;
	struct path_info info;

	path_peer_info(end->introducer, &info);
	c = end_info_of(&info, text);
	return c && c->state == PATH_STATE_IN_USE;
}

static bool went_to(const struct end *end, const char *text)
{
	struct endpoint at = end_ep(text);

	return endpoint_equal(&end->session, &at);
}

/* A helper that was restarted: a handshake shows that UDP is as good as ever. */
static void test_handshake_first(void **state)
{
	struct end *end = end_new(true);

	(void)state;
	end->answer = true;
	allow(end, true);
	end_run(end, 400 * MS);
	assert_int_equal(end->sessions, 0);
	end_run(end, 200 * MS);
	assert_int_equal(end->sessions, 1);
	assert_true(went_to(end, UDP));
	end_session_up(end, end->introducer, UDP);
	end_run(end, 10 * S);
	assert_false(end->tls);
	end_free(end);
}

/* By TLS to the introducer, and by its relay to the peer. */
static struct end *end_by_tls(void)
{
	struct endpoint at = end_ep(LOCAL);
	struct end *end = end_new(true);
	struct path_message message;

	end->answer = true;
	end->silent = end_ep(UDP);
	allow(end, true);
	end_run(end, 3 * S);
	assert_true(end->tls);
	up(end, LOCAL);
	end_session_up(end, end->introducer, LOCAL);
	path_wanted(end->host, &end->now, end->peer);
	end_run(end, 50 * MS);
	message = end_grant(PEER, 7);
	end_say(end, end->introducer, &at, &message);
	end_session_up(end, end->peer, "relay:0x7@" LOCAL);
	end_run(end, 100 * MS);
	return end;
}

static void test_wanted(void **state)
{
	struct end *end = end_new(true);
	struct path_info info;

	(void)state;
	allow(end, true);
	end_run(end, 1900 * MS);
	assert_false(end->tls);
	end_run(end, 200 * MS);
	assert_true(end->tls);
	/* Its connection is there: shake hands at once, and again. */
	up(end, LOCAL);
	assert_true(went_to(end, LOCAL));
	end->sessions = 0;
	end_run(end, 11 * S);
	assert_int_equal(end->sessions, 2);
	end_session_up(end, end->introducer, LOCAL);
	assert_true(introducer_at(end, LOCAL));
	assert_int_equal(class_of(end->introducer, LOCAL), PATH_CLASS_TLS);
	path_peer_info(end->introducer, &info);
	assert_string_equal(info.text, "connected by TLS: UDP is not answered");
	end_free(end);
}

/* Nothing was heard, for nobody listened. */
static void test_asleep(void **state)
{
	struct end *end = end_new(true);

	(void)state;
	allow(end, true);
	end_run(end, 1200 * MS);
	end_sleep(end, 60 * S);
	end_run(end, 400 * MS);
	assert_false(end->tls);
	/* UDP has the rest of its time, and then it is enough. */
	end_run(end, 200 * MS);
	assert_true(end->tls);
	end_free(end);

	end = end_up(true);
	allow(end, true);
	end_run(end, 30 * S);
	path_wanted(end->host, &end->now, end->other);
	end_run(end, 10 * MS);
	end_sleep(end, 5 * S);
	end_run(end, 10 * S);
	assert_false(end->tls);
	end_free(end);
}

static void test_not_wanted(void **state)
{
	struct end *end = end_new(true);

	(void)state;
	end->answer = true;
	allow(end, true);
	end_run(end, S);
	end_session_up(end, end->introducer, UDP);
	end_run(end, 600 * S);
	assert_false(end->tls);
	end_free(end);

	/* Nor where it is not allowed. */
	end = end_new(true);
	end_run(end, 60 * S);
	assert_false(end->tls);
	up(end, LOCAL);
	assert_int_equal(end->sessions, 0);
	assert_int_equal(class_of(end->introducer, LOCAL), PATH_CLASSES);
	end_free(end);
}

static void test_relay(void **state)
{
	struct end *end = end_by_tls();
	const struct sent *told = end_last(end, WIRE_CONTROL_CANDIDATES);
	struct path_introducer_info introducer;
	struct path_info info;

	(void)state;
	path_introducer_info(end->introducer, &end->now, &introducer);
	assert_true(introducer.reachable);
	assert_int_equal(introducer.class, PATH_CLASS_TLS);
	assert_true(end_uses(end, "relay:0x7@" LOCAL));
	assert_int_equal(class_of(end->peer, "relay:0x7@" LOCAL),
			 PATH_CLASS_TLS);
	path_peer_info(end->peer, &info);
	assert_non_null(strstr(info.text, "by TLS"));
	/* Where the introducer sees us is where nobody else can. */
	assert_non_null(told);
	for (int i = 0; i < told->message.count; i++)
		assert_false(endpoint_is_loopback(
				&told->message.candidate[i].endpoint));
	assert_int_equal(info.observed_count, 0);
	end_free(end);
}

/* Pings by UDP, less and less; when one is answered, a handshake, and then all. */
static void test_back(void **state)
{
	struct endpoint configured = end_ep(UDP);
	struct end *end = end_by_tls();
	unsigned int pings = 0, from = end->count;

	(void)state;
	end_run(end, 100 * S);
	for (unsigned int i = from; i < end->count; i++)
		pings += endpoint_equal(&end->sent[i % SENT_MAX].dst,
					&configured);
	/* Soon, as it may have been a restart; then each minute. */
	assert_int_equal(pings, 15);
	assert_true(introducer_at(end, LOCAL));
	memset(&end->silent, 0, sizeof(end->silent));
	end_run(end, 40 * S);
	/* The handshake is under way: until then nothing moves. */
	assert_true(went_to(end, UDP));
	assert_true(introducer_at(end, LOCAL));
	assert_true(end_uses(end, "relay:0x7@" LOCAL));
	end_session_up(end, end->introducer, UDP);
	assert_true(introducer_at(end, UDP));
	assert_true(end_uses(end, "relay:0x7@" UDP));
	assert_ptr_equal(end->used_by, end->peer);
	assert_int_equal(class_of(end->peer, "relay:0x7@" UDP),
			 PATH_CLASS_RELAY);
	/* For a while there may be something on the way by TLS. */
	end_run(end, 9 * S);
	assert_true(end->tls);
	end_run(end, 2 * S);
	assert_false(end->tls);
	assert_int_equal(class_of(end->introducer, LOCAL), PATH_CLASSES);
	end_free(end);
}

/* Another network: is there UDP in it? */
static void test_moved(void **state)
{
	struct path_address own = { .endpoint = end_ep("198.51.100.77:7740"),
				    .prefix = 24 };
	struct end *end = end_by_tls();

	(void)state;
	end_run(end, 10 * S);
	memset(&end->silent, 0, sizeof(end->silent));
	path_addresses_set(end->host, &end->now, &own, 1, true);
	end_run(end, 2 * S);
	assert_true(went_to(end, UDP));
	end_free(end);

	/* And from one with to one without. */
	end = end_up(true);
	allow(end, true);
	end_run(end, 3 * S);
	assert_false(end->tls);
	end->silent = end_ep(UDP);
	path_addresses_set(end->host, &end->now, &own, 1, true);
	end_run(end, 2100 * MS);
	assert_true(end->tls);
	end_free(end);
}

static void test_broken(void **state)
{
	struct end *end = end_by_tls();

	(void)state;
	path_tls_set(end->host, &end->now, end->introducer, NULL);
	assert_false(introducer_at(end, LOCAL));
	assert_true(end->tls);
	end_run(end, S);
	/* A new process is elsewhere; what goes by it follows. */
	up(end, "127.64.2.1:5000");
	assert_true(went_to(end, "127.64.2.1:5000"));
	end_session_up(end, end->introducer, "127.64.2.1:5000");
	assert_true(introducer_at(end, "127.64.2.1:5000"));
	assert_true(end_knows(end, "relay:0x7@127.64.2.1:5000"));
	assert_false(end_knows(end, "relay:0x7@" LOCAL));
	end_free(end);

	/* Only the connection was a new one. */
	end = end_by_tls();
	end->sessions = 0;
	up(end, LOCAL);
	assert_int_equal(end->sessions, 1);
	assert_true(introducer_at(end, LOCAL));
	end_free(end);

	/* It is no place to be remembered. */
	end = end_by_tls();
	path_session(end->host, &end->now, end->introducer,
		     PATH_SESSION_EXPIRED, NULL);
	path_tls_set(end->host, &end->now, end->introducer, NULL);
	path_wanted(end->host, &end->now, end->introducer);
	assert_true(went_to(end, UDP));
	end_free(end);
}

/* Nobody says that the introducer is gone, but what goes by it does not come. */
static void test_gone_silent(void **state)
{
	struct end *end = end_up(true);

	(void)state;
	allow(end, true);
	end_run(end, 30 * S);
	assert_false(end->tls);
	end->silent = end_ep(UDP);
	end_run(end, 6 * S);
	path_wanted(end->host, &end->now, end->other);
	end_run(end, 3 * S);
	assert_true(end->tls);
	end_free(end);
}

static void test_not_allowed_any_more(void **state)
{
	struct end *end = end_by_tls();

	(void)state;
	allow(end, false);
	end_run(end, S);
	assert_false(end->tls);
	assert_true(went_to(end, UDP));
	assert_false(introducer_at(end, LOCAL));
	end_free(end);

	end = end_by_tls();
	path_peer_del(end->host, &end->now, end->introducer);
	assert_false(end->tls);
	end_free(end);
}

/* After a restart: the process was there before. */
static void test_found(void **state)
{
	struct end *end = end_new(true);

	(void)state;
	allow(end, true);
	end_session_up(end, end->introducer, LOCAL);
	assert_true(introducer_at(end, LOCAL));
	end_run(end, S);
	up(end, LOCAL);
	assert_true(end->tls);
	assert_true(introducer_at(end, LOCAL));
	end_free(end);

	/* Nobody but an introducer is on loopback. */
	end = end_by_tls();
	end_session_up(end, end->peer, LOCAL);
	assert_true(end_uses(end, "relay:0x7@" LOCAL));
	end_free(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_the_start),
		cmocka_unit_test(test_handshake_first),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_asleep),
		cmocka_unit_test(test_not_wanted),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_gone_silent),
		cmocka_unit_test(test_not_allowed_any_more),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests_name("path_tls", tests, NULL, NULL);
}

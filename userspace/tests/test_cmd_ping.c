// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link ping against a helper whose part is written down. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../pilot-link/control.h"
#include "clock.h"
#include "cmd_serve.h"
#include "identity.h"

#define PEER	"1:0001.F291.0004"
#define SENT(token)	"{\"ok\":true,\"result\":{\"link\":\"pilot0\"," \
			"\"peer\":\"" PEER "\",\"token\":\"" token "\"," \
			"\"endpoint\":\"192.0.2.2:7740\"}}\n"
#define PONG(token, from)	"{\"event\":\"pong\",\"link\":\"pilot0\"," \
			"\"peer\":\"" PEER "\",\"token\":\"" token "\"," \
			"\"endpoint\":\"192.0.2.2:7740\",\"from\":\"" from "\"," \
			"\"observed\":\"198.51.100.7:41000\",\"rtt_us\":12034}\n"
#define HERE	"192.0.2.2:7740"
#define NOT_READY	"{\"ok\":false,\"error\":{\"code\":\"not-ready\"," \
			"\"message\":\"wait for it\",\"hint\":\"h\"}}\n"

static struct cmd_result result;
static char did[DID_TEXT_LEN];

static void run(const struct cmd_step *steps, const char *line)
{
	cmd_serve(&result, steps, line);
}

static void test_answered(void **state)
{
	static const struct cmd_step steps[] = {
		{ NULL, SENT("aa"), PONG("aa", HERE) }, {},
	};
	char line[256], expected[256];

	(void)state;
	run(steps, "ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, PEER ": sequence 1 endpoint "
			    "192.0.2.2:7740 time 12.034 ms observed "
			    "198.51.100.7:41000\n1 asked, 1 answered\n");
	assert_int_equal(result.status, TOOL_OK);
	assert_string_equal(cmd_requests, "{\"op\":\"ping\",\"address\":\""
			    PEER "\"}\n");
	snprintf(line, sizeof(line), "pin %s dev pilot1 interval 1 count 1",
		 did);
	run(steps, line);
	assert_int_equal(result.status, TOOL_OK);
	snprintf(expected, sizeof(expected),
		 "{\"op\":\"ping\",\"did\":\"%s\",\"link\":\"pilot1\"}\n", did);
	assert_string_equal(cmd_requests, expected);
}

static void test_json(void **state)
{
	static const struct cmd_step steps[] = {
		{ NULL, SENT("aa"), PONG("aa", HERE) }, {},
	};

	(void)state;
	run(steps, "-j ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, "[{\"sequence\":1,\"link\":\"pilot0\","
			    "\"peer\":\"" PEER "\","
			    "\"endpoint\":\"192.0.2.2:7740\","
			    "\"answered\":true,\"from\":\"192.0.2.2:7740\","
			    "\"observed\":\"198.51.100.7:41000\","
			    "\"rtt_us\":12034}]\n");
	assert_int_equal(result.status, TOOL_OK);
}

/* Events of others, of other tokens, and the right one before the answer. */
static void test_events_between(void **state)
{
	static const struct cmd_step steps[] = {
		{ "{\"event\":\"established\",\"peer\":\"x\"}\n"
		  "{\"event\":\"other\",\"token\":\"aa\"}\n"
		  PONG("bb", HERE) PONG("aa", "[2001:db8::9]:1"), SENT("aa"),
		  PONG("cc", HERE) }, {},
	};

	(void)state;
	run(steps, "ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_non_null(strstr(result.out, " endpoint 192.0.2.2:7740 from "
			       "[2001:db8::9]:1 time 12.034 ms "));
	assert_int_equal(result.status, TOOL_OK);
}

/* While the session is made it asks again; the interval is kept. */
static void test_not_ready_at_first(void **state)
{
	static const struct cmd_step steps[] = {
		{ NULL, NOT_READY, NULL }, { NULL, NOT_READY, NULL },
		{ NULL, SENT("aa"), PONG("aa", HERE) },
		{ NULL, SENT("bb"), PONG("bb", HERE) }, {},
	};
	struct clock began, ended;

	(void)state;
	clock_read(&began);
	run(steps, "ping " PEER " count 2 interval 2");
	clock_read(&ended);
	assert_string_equal(result.err, "");
	assert_non_null(strstr(result.out, "\n2 asked, 2 answered\n"));
	assert_non_null(strstr(result.out, "sequence 2 endpoint"));
	assert_int_equal(result.status, TOOL_OK);
	assert_in_range(ended.boot_ns - began.boot_ns, 2 * CLOCK_SECOND,
			4 * CLOCK_SECOND);
}

/* One is lost, the other comes: that is a success. */
static void test_lost(void **state)
{
	static const struct cmd_step steps[] = {
		{ NULL, SENT("aa"), PONG("xx", HERE) },
		{ NULL, SENT("bb"), PONG("bb", HERE) }, {},
	};
	static const struct cmd_step none[] = {
		{ NULL, SENT("aa"), NULL }, {},
	};

	(void)state;
	run(steps, "ping " PEER " count 2");
	assert_string_equal(result.err, "");
	assert_memory_equal(result.out, PEER ": sequence 1 endpoint "
			    "192.0.2.2:7740 no answer\n" PEER ": seq", 80);
	assert_non_null(strstr(result.out, "\n2 asked, 1 answered\n"));
	assert_int_equal(result.status, TOOL_OK);
	run(none, "-j ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_non_null(strstr(result.out, "\"answered\":false,"
			       "\"problem\":\"no answer\"}]\n"));
	assert_int_equal(result.status, TOOL_REFUSED);
}

static void test_never_ready(void **state)
{
	struct cmd_step steps[64] = { { NULL, NULL, NULL } };

	(void)state;
	for (int i = 0; i < 63; i++)
		steps[i].answer = NOT_READY;
	run(steps, "ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, "sequence 1 wait for it\n"
			    "1 asked, 0 answered\n");
	assert_int_equal(result.status, TOOL_REFUSED);
}

static void test_refused(void **state)
{
	static const struct cmd_step refused[] = {
		{ NULL, "{\"ok\":false,\"error\":{\"code\":\"not-found\","
		  "\"message\":\"no such peer\",\"hint\":\"\"}}\n", NULL }, {},
	};
	static const struct cmd_step malformed[] = {
		{ NULL, "{\"ok\":true,\"result\":{\"token\":7}}\n", NULL }, {},
	};
	static const struct cmd_step gone[] = {
		{ NULL, SENT("aa"), NULL }, { NULL, NULL, "" },
	};

	(void)state;
	run(refused, "ping " PEER);
	assert_string_equal(result.err, "Error: no such peer.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	run(malformed, "ping " PEER);
	assert_string_equal(result.err, "Error: the helper's answer is "
			    "malformed; the helper and this command are of "
			    "different versions.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	run(gone, "ping " PEER);
	assert_string_equal(result.err, "Error: the helper closed the "
			    "connection without an answer; see its log: "
			    "journalctl -u pilotd.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	cmd_run(&result, NULL, "--control no.sock ping " PEER);
	assert_memory_equal(result.err, "Error: cannot reach the helper", 30);
	assert_int_equal(result.status, TOOL_REFUSED);
}

static int setup(void **state)
{
	(void)state;
	return cmd_did(did) ?: cmd_serve_setup();
}

static int teardown(void **state)
{
	(void)state;
	return cmd_serve_teardown();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_events_between),
		cmocka_unit_test(test_not_ready_at_first),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

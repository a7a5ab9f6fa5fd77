// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link netcheck against a helper whose part is written down. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../pilot-link/control.h"
#include "cmd_serve.h"

#define BEGUN	"{\"ok\":true,\"result\":{\"check\":3}}\n"
#define DONE(n)	"{\"event\":\"netcheck\",\"check\":" #n "}\n"
#define REPORT(r)	"{\"ok\":true,\"result\":" r "}\n"

#define IPV4	"{\"present\":true,\"udp\":\"open\"," \
		"\"mapped\":\"198.51.100.7:7740\",\"nat\":true," \
		"\"mapping\":\"endpoint-independent\"," \
		"\"filtering\":\"address-dependent\",\"servers\":[" \
		"{\"server\":\"203.0.113.1:3478\",\"answered\":true," \
		"\"mapped\":\"198.51.100.7:7740\",\"rtt_us\":12034}," \
		"{\"server\":\"203.0.113.2:3478\",\"answered\":false}]," \
		"\"port_mapping\":{\"state\":\"mapped\"," \
		"\"gateway\":\"192.0.2.1:5351\",\"protocol\":\"pcp\"," \
		"\"external\":\"198.51.100.7:7741\",\"lifetime_s\":3600," \
		"\"left_s\":61}}"
#define IPV6	"{\"present\":false,\"udp\":\"unknown\",\"servers\":[]," \
		"\"port_mapping\":{\"state\":\"no-gateway\"}}"
#define TURN	"{\"server\":\"203.0.113.3:3478\",\"state\":\"allocated\"," \
		"\"used\":true,\"rtt_us\":20500," \
		"\"relayed\":\"203.0.113.3:50000\"}," \
		"{\"server\":\"203.0.113.4:3478\",\"state\":\"refused\"," \
		"\"used\":false,\"rtt_us\":9000,\"problem\":\"full\"}," \
		"{\"server\":\"203.0.113.5:3478\",\"state\":\"silent\"," \
		"\"used\":false}"
#define INTRODUCERS "[{\"link\":\"pilot0\",\"peer\":\"1:0001.F291.0001\"," \
		"\"reachable\":true,\"relays\":\"data\",\"name\":\"hub\"," \
		"\"transport\":\"udp\",\"rtt_us\":20500,\"answered_ms\":9," \
		"\"mapped4\":\"198.51.100.7:7740\"}," \
		"{\"link\":\"pilot0\",\"peer\":\"1:0001.F291.0002\"," \
		"\"reachable\":false,\"relays\":\"unknown\"," \
		"\"tls\":{\"server\":\"192.0.2.9:443\"," \
		"\"state\":\"failed\",\"used\":true," \
		"\"problem\":\"Connection refused\"}}," \
		"{\"link\":\"pilot0\",\"peer\":\"1:0001.F291.0003\"," \
		"\"reachable\":true,\"relays\":\"unknown\"," \
		"\"transport\":\"tls\",\"rtt_us\":40000}]"
#define WHOLE	"{\"port\":7740,\"host\":[\"192.0.2.10:7740\"," \
		"\"192.0.2.11:7740\"],\"ipv4\":" IPV4 ",\"ipv6\":" IPV6 "," \
		"\"introducers\":" INTRODUCERS "," \
		"\"advice\":[\"do this\",\"and that\"],\"turn\":[" TURN "]}"

static struct cmd_result result;

static void test_whole(void **state)
{
	static const struct cmd_step steps[] = {
		{ NULL, BEGUN, DONE(3) }, { NULL, REPORT(WHOLE), NULL }, {},
	};

	(void)state;
	cmd_serve(&result, steps, "netcheck");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out,
		"port 7740 host 192.0.2.10:7740 host 192.0.2.11:7740\n"
		"ipv4: udp open mapped 198.51.100.7:7740 nat yes mapping "
		"endpoint-independent filtering address-dependent\n"
		"    server 203.0.113.1:3478 time 12.034 ms mapped "
		"198.51.100.7:7740\n"
		"    server 203.0.113.2:3478 no answer\n"
		"    port-mapping mapped protocol pcp external "
		"198.51.100.7:7741 lifetime 1h0m left 1m1s gateway "
		"192.0.2.1:5351\n"
		"ipv6: no address\n"
		"turn: server 203.0.113.3:3478 state allocated time 20.500 ms "
		"relayed 203.0.113.3:50000 in use\n"
		"turn: server 203.0.113.4:3478 state refused time 9.000 ms "
		"(full)\n"
		"turn: server 203.0.113.5:3478 state silent\n"
		"introducer peer 1:0001.F291.0001 name hub link pilot0 time "
		"20.500 ms mapped 198.51.100.7:7740 relays data\n"
		"introducer peer 1:0001.F291.0002 link pilot0 no answer "
		"relays unknown\n"
		"    tls 192.0.2.9:443 state failed in use "
		"(Connection refused)\n"
		"introducer peer 1:0001.F291.0003 link pilot0 by tls time "
		"40.000 ms relays unknown\n"
		"advice: do this\n"
		"advice: and that\n");
	assert_int_equal(result.status, TOOL_OK);
	assert_string_equal(cmd_requests, "{\"op\":\"netcheck\"}\n"
			    "{\"op\":\"netcheck.show\"}\n");
}

static void test_json(void **state)
{
	static const struct cmd_step steps[] = {
		{ NULL, BEGUN, DONE(3) }, { NULL, REPORT(WHOLE), NULL }, {},
	};

	(void)state;
	cmd_serve(&result, steps, "-j netc");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, "[" WHOLE "]\n");
	assert_int_equal(result.status, TOOL_OK);
}

/* Others' checks that ended earlier are not ours; a later one will do. */
static void test_events_between(void **state)
{
	static const struct cmd_step steps[] = {
		{ DONE(2) "{\"event\":\"netcheck\",\"check\":\"3\"}\n"
		  "{\"event\":\"addresses\",\"host\":[]}\n", BEGUN, DONE(4) },
		{ NULL, REPORT("{\"ipv4\":{\"present\":true,"
			       "\"port_mapping\":{\"state\":\"refused\","
			       "\"protocol\":\"nat-pmp\","
			       "\"problem\":\"not authorized\"}}}"), NULL },
		{},
	};

	(void)state;
	cmd_serve(&result, steps, "netcheck");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, "\nipv4:\n"
			    "    port-mapping refused protocol nat-pmp "
			    "(not authorized)\nipv6: no address\n");
	assert_int_equal(result.status, TOOL_OK);
}

static void test_refused(void **state)
{
	static const struct cmd_step refused[] = {
		{ NULL, "{\"ok\":false,\"error\":{\"code\":\"unknown-op\","
		  "\"message\":\"pilotd does not know netcheck\","
		  "\"hint\":\"restart pilotd\"}}\n", NULL }, {},
	};
	static const struct cmd_step malformed[] = {
		{ NULL, "{\"ok\":true,\"result\":{}}\n", NULL }, {},
	};
	static const struct cmd_step odd[] = {
		{ NULL, BEGUN, DONE(3) },
		{ NULL, "{\"ok\":true,\"result\":[1]}\n", NULL }, {},
	};
	static const struct cmd_step gone[] = {
		{ NULL, BEGUN, NULL }, { NULL, NULL, "" },
	};

	(void)state;
	cmd_serve(&result, refused, "netcheck");
	assert_string_equal(result.err, "Error: pilotd does not know netcheck; "
			    "restart pilotd.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	cmd_serve(&result, malformed, "netcheck");
	assert_non_null(strstr(result.err, "answer is malformed"));
	assert_int_equal(result.status, TOOL_REFUSED);
	cmd_serve(&result, odd, "netcheck");
	assert_non_null(strstr(result.err, "answer is malformed"));
	assert_int_equal(result.status, TOOL_REFUSED);
	cmd_serve(&result, gone, "netcheck");
	assert_non_null(strstr(result.err, "closed the connection"));
	assert_int_equal(result.status, TOOL_REFUSED);
	cmd_run(&result, NULL, "--control no.sock netcheck");
	assert_memory_equal(result.err, "Error: cannot reach the helper", 30);
	assert_int_equal(result.status, TOOL_REFUSED);
}

static void test_arguments(void **state)
{
	(void)state;
	cmd_run(&result, NULL, "netcheck help");
	assert_memory_equal(result.out, "Usage: pilot-link netcheck\n", 27);
	assert_int_equal(result.status, TOOL_OK);
	cmd_run(&result, NULL, "netcheck now");
	assert_int_equal(result.status, TOOL_USAGE);
	cmd_run(&result, NULL, "netcheck help now");
	assert_int_equal(result.status, TOOL_USAGE);
}

static int setup(void **state)
{
	(void)state;
	return cmd_serve_setup();
}

static int teardown(void **state)
{
	(void)state;
	return cmd_serve_teardown();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_events_between),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

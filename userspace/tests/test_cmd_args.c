// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of pilot-link: what it refuses, in which words. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pilot-link/args.h"
#include "../pilot-link/counters.h"
#include "../pilot-link/print.h"
#include "cmd_run.h"
#include "identity.h"

#include <linux/pilot.h>

static struct cmd_result result;
static char did[DID_TEXT_LEN];

/* "%D" in @line stands for a valid did. */
static void run(const char *line)
{
	const char *mark = strstr(line, "%D");
	char text[1024];

	if (!mark) {
		cmd_run(&result, NULL, line);
		return;
	}
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - line), line, did,
		 mark + 2);
	cmd_run(&result, NULL, text);
}

struct refusal {
	const char *line;
	const char *message;
};

static void check_refusals(const struct refusal *refusals, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		run(refusals[i].line);
		if (result.status != TOOL_USAGE || *result.out)
			print_message("line: %s\n", refusals[i].line);
		assert_string_equal(result.err, refusals[i].message);
		assert_int_equal(result.status, TOOL_USAGE);
		assert_string_equal(result.out, "");
	}
}

#define CHECK_REFUSALS(table) \
	check_refusals(table, sizeof(table) / sizeof((table)[0]))

static void test_options_refused(void **state)
{
	static const struct refusal table[] = {
		{ "-foo", "Option \"foo\" is unknown, try \"pilot-link -help\".\n" },
		{ "-", "Option \"-\" is unknown, try \"pilot-link -help\".\n" },
		{ "--", "Option \"--\" is unknown, try \"pilot-link -help\".\n" },
		{ "-=", "Option \"-=\" is unknown, try \"pilot-link -help\".\n" },
		{ "-averyveryverylongoption link",
		  "Option \"-averyveryverylongoption\" is unknown, "
		  "try \"pilot-link -help\".\n" },
		{ "-co link",
		  "Option \"co\" is ambiguous: it could be color, control.\n" },
		{ "-color=sometimes link",
		  "Error: argument \"sometimes\" is wrong: color is always, "
		  "auto or never.\n" },
		{ "-json=1 link",
		  "Error: option \"-json=1\" takes no \"=\".\n" },
		{ "-n", "Command line is not complete: option \"-n\" needs a "
		  "value. Try \"pilot-link -help\".\n" },
		{ "--control", "Command line is not complete: option \"--control\" "
		  "needs a value. Try \"pilot-link -help\".\n" },
		{ "-b", "Command line is not complete: option \"-b\" needs a "
		  "value. Try \"pilot-link -help\".\n" },
		{ "-b - link", "Error: \"link\" is not expected after -batch.\n" },
		{ "-n ../x link", "Error: argument \"../x\" is wrong: not a valid "
		  "name of a network namespace.\n" },
		{ "-n no-such-namespace link",
		  "Cannot open network namespace \"no-such-namespace\": "
		  "No such file or directory\n" },
	};

	(void)state;
	CHECK_REFUSALS(table);
}

static void test_words_refused(void **state)
{
	static const struct refusal table[] = {
		{ "foo", "Object \"foo\" is unknown, try \"pilot-link help\".\n" },
		{ "\"\"", "Object \"\" is unknown, try \"pilot-link help\".\n" },
		{ "LINK", "Object \"LINK\" is unknown, try \"pilot-link help\".\n" },
		{ "p", "Object \"p\" is ambiguous: it could be peer, ping, path.\n" },
		{ "link foo",
		  "Command \"foo\" is unknown, try \"pilot-link link help\".\n" },
		{ "peer s",
		  "Command \"s\" is ambiguous: it could be show, set.\n" },
		{ "id x",
		  "Command \"x\" is unknown, try \"pilot-link id help\".\n" },
		{ "monitor bla",
		  "Command \"bla\" is unknown, try \"pilot-link monitor help\".\n" },
		{ "stats bla",
		  "Command \"bla\" is unknown, try \"pilot-link stats help\".\n" },
		{ "link show a b", "Error: \"b\" is not expected here. "
		  "Try \"pilot-link link help\".\n" },
		{ "link help x", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link link help\".\n" },
		{ "link delete a b", "Error: \"b\" is not expected here. "
		  "Try \"pilot-link link help\".\n" },
		{ "link add a b c", "Error: \"b\" is not expected here. "
		  "Try \"pilot-link link help\".\n" },
		{ "monitor all x", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link monitor help\".\n" },
		{ "stats show x", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link stats help\".\n" },
		{ "stats pilotd x", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link stats help\".\n" },
		{ "id export f x", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link id help\".\n" },
		{ "id new f x", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link id help\".\n" },
		{ "ping %D x 1", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link ping help\".\n" },
		{ "ping help x", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link ping help\".\n" },
		{ "peer add %D x 1", "Error: \"x\" is not expected here. "
		  "Try \"pilot-link peer help\".\n" },
		{ "link show \"a/\033[2Jb\"",
		  "Error: argument \"a/\\x1b[2Jb\" is wrong: not a valid name of "
		  "a device.\n" },
		{ "\"a\nb\"",
		  "Object \"a\\x0ab\" is unknown, try \"pilot-link help\".\n" },
	};

	(void)state;
	CHECK_REFUSALS(table);
}

static void test_values_missing(void **state)
{
	static const struct refusal table[] = {
		{ "link add", "Command line is not complete: the name of a link "
		  "is missing. Try \"pilot-link link help\".\n" },
		{ "link show dev", "Command line is not complete: the name of a "
		  "link is missing. Try \"pilot-link link help\".\n" },
		{ "link delete", "Command line is not complete: the name of a "
		  "link is missing. Try \"pilot-link link help\".\n" },
		{ "link add a mtu", "Command line is not complete: \"mtu\" needs "
		  "a value. Try \"pilot-link link help\".\n" },
		{ "peer add", "Command line is not complete: the peer's did is "
		  "missing. Try \"pilot-link peer help\".\n" },
		{ "peer add %D endpoint", "Command line is not complete: "
		  "\"endpoint\" needs a value. Try \"pilot-link peer help\".\n" },
		{ "peer set", "Command line is not complete: the peer's did is "
		  "missing. Try \"pilot-link peer help\".\n" },
		{ "peer delete", "Command line is not complete: the peer's did or "
		  "address is missing. Try \"pilot-link peer help\".\n" },
		{ "peer delete link a", "Command line is not complete: the peer's "
		  "did or address is missing. Try \"pilot-link peer help\".\n" },
		{ "peer show link", "Command line is not complete: \"link\" needs "
		  "a value. Try \"pilot-link peer help\".\n" },
		{ "ping", "Command line is not complete: the peer's did or "
		  "address is missing. Try \"pilot-link ping help\".\n" },
		{ "ping %D count", "Command line is not complete: \"count\" "
		  "needs a value. Try \"pilot-link ping help\".\n" },
		{ "stats link", "Command line is not complete: \"link\" needs a "
		  "value. Try \"pilot-link stats help\".\n" },
		{ "id new network", "Command line is not complete: \"network\" "
		  "needs a value. Try \"pilot-link id help\".\n" },
		{ "id new \"\"", "Command line is not complete: the name of a "
		  "file is empty. Try \"pilot-link id help\".\n" },
	};

	(void)state;
	CHECK_REFUSALS(table);
}

static void test_values_wrong(void **state)
{
	static const struct refusal table[] = {
#define MTU "is wrong: \"mtu\" takes a number from 1280 to 65535.\n"
		{ "link add a mtu abc", "Error: argument \"abc\" " MTU },
		{ "link add a mtu \"\"", "Error: argument \"\" " MTU },
		{ "link add a mtu 1279", "Error: argument \"1279\" " MTU },
		{ "link add a mtu 65536", "Error: argument \"65536\" " MTU },
		{ "link add a mtu -1", "Error: argument \"-1\" " MTU },
		{ "link add a mtu +1400", "Error: argument \"+1400\" " MTU },
		{ "link add a mtu 1400x", "Error: argument \"1400x\" " MTU },
		{ "link add a mtu 99999999999999999999",
		  "Error: argument \"99999999999999999999\" " MTU },
		{ "link add a mtu 1400 mtu 1500",
		  "Error: duplicate \"mtu\": \"1500\" is the second value.\n" },
		{ "link add a network 65536", "Error: argument \"65536\" is wrong: "
		  "\"network\" takes a number from 0 to 65535.\n" },
		{ "link add a netns \"\"",
		  "Error: argument \"\" is wrong: it is empty.\n" },
		{ "link add a netns \"\xff\"",
		  "Error: argument \"\\xff\" is wrong: it is not UTF-8 text.\n" },
		{ "link add a identity \"\"",
		  "Error: argument \"\" is wrong: a path is expected.\n" },
#define NAME "is wrong: not a valid name of a device.\n"
		{ "link add sixteen-letters-", "Error: argument "
		  "\"sixteen-letters-\" " NAME },
		{ "link add a/b", "Error: argument \"a/b\" " NAME },
		{ "link add \"a b\"", "Error: argument \"a b\" " NAME },
		{ "link add a:b", "Error: argument \"a:b\" " NAME },
		{ "link add ..", "Error: argument \"..\" " NAME },
		{ "link show \"\"", "Error: argument \"\" " NAME },
		{ "stats link a/b", "Error: argument \"a/b\" " NAME },
#define ADDRESS "is wrong: an agent address looks like 1:0001.F291.0004, " \
		"its two network numbers must agree.\n"
		{ "link add a address 1:0002.F291.0004",
		  "Error: argument \"1:0002.F291.0004\" " ADDRESS },
		{ "peer show foo", "Error: argument \"foo\" " ADDRESS },
		{ "peer delete fd50:494c:4f54:1::1:2:3", "Error: argument "
		  "\"fd50:494c:4f54:1::1:2:3\" is wrong: this IPv6 address is "
		  "not one of an agent.\n" },
		{ "link add a address 1:0001.0000.0001", "Error: argument "
		  "\"1:0001.0000.0001\" is wrong: this agent address is "
		  "reserved.\n" },
		{ "peer add 1:0001.F291.0004", "Error: argument "
		  "\"1:0001.F291.0004\" is wrong: a peer is named by its did, "
		  "did:key:z6Mk...\n" },
		{ "peer add did:key:zabc", "Error: argument \"did:key:zabc\" is "
		  "wrong: not a did:key of an agent, which begins with "
		  "did:key:z6Mk.\n" },
#define ENDPOINT "is wrong: an endpoint looks like 192.0.2.1:7740 or " \
		 "[2001:db8::1]:7740.\n"
		{ "peer add %D endpoint 192.0.2.1",
		  "Error: argument \"192.0.2.1\" " ENDPOINT },
		{ "peer set %D endpoint example.org:1",
		  "Error: argument \"example.org:1\" " ENDPOINT },
		{ "peer set %D endpoint [fe80::1%no-such]:1", "Error: argument "
		  "\"[fe80::1%no-such]:1\" is wrong: there is no such "
		  "interface.\n" },
		{ "peer add %D keepalive 4294967296", "Error: argument "
		  "\"4294967296\" is wrong: \"keepalive\" takes a number from 0 "
		  "to 4294967295.\n" },
		{ "peer add %D rate-bytes 9223372036854775808", "Error: argument "
		  "\"9223372036854775808\" is wrong: \"rate-bytes\" takes a "
		  "number from 0 to 9223372036854775807.\n" },
		{ "peer set %D introducer 1", "Error: argument \"1\" is wrong: "
		  "expected yes or no.\n" },
		{ "peer set %D introducer", "Command line is not complete: "
		  "\"introducer\" needs a value. Try \"pilot-link peer "
		  "help\".\n" },
		{ "peer add %D endpoint relay:0x1@192.0.2.1:1",
		  "Error: argument \"relay:0x1@192.0.2.1:1\" " ENDPOINT },
		{ "ping 1:0002.F291.0004",
		  "Error: argument \"1:0002.F291.0004\" " ADDRESS },
		{ "ping %D count 0", "Error: argument \"0\" is wrong: \"count\" "
		  "takes a number from 1 to 1000000.\n" },
		{ "ping %D interval 3601", "Error: argument \"3601\" is wrong: "
		  "\"interval\" takes a number from 1 to 3600.\n" },
		{ "ping %D count 1 count 2",
		  "Error: duplicate \"count\": \"2\" is the second value.\n" },
		{ "peer add %D link a dev b",
		  "Error: duplicate \"dev\": \"b\" is the second value.\n" },
		{ "peer show 1:0001.F291.0004 1:0001.F291.0005", "Error: "
		  "\"1:0001.F291.0005\" names a second peer, or is garbage.\n" },
		{ "peer show link a link b",
		  "Error: duplicate \"link\": \"b\" is the second value.\n" },
	};

	(void)state;
	CHECK_REFUSALS(table);
}

static void test_help(void **state)
{
	static const char *const lines[] = {
		"help", "-h", "-help", "--help", "h", "--he",
		"link help", "peer help", "id help", "monitor help",
		"stats help", "relay help", "r h", "ping help", "ping -h", "pi --help",
		"peer --help", "peer -h", "peer add help",
		"l h", "link add --help",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		run(lines[i]);
		assert_int_equal(result.status, TOOL_OK);
		assert_string_equal(result.err, "");
		assert_memory_equal(result.out, "Usage: pilot-link ", 18);
	}
	run("");
	assert_int_equal(result.status, TOOL_USAGE);
	assert_string_equal(result.out, "");
	assert_memory_equal(result.err, "Usage: pilot-link ", 18);
	run("-V");
	assert_int_equal(result.status, TOOL_OK);
	assert_string_equal(result.out, "pilot-link " PILOT_VERSION "\n");
}

static void test_prefixes(void **state)
{
	static const char *const names[] = { "show", "set", "delete", "sh" };
	size_t found;

	(void)state;
	assert_int_equal(args_find("Word", "d", names, 4, "help", &found), 0);
	assert_int_equal(found, 2);
	assert_int_equal(args_find("Word", "sho", names, 4, "help", &found), 0);
	assert_int_equal(found, 0);
	/* A whole name wins over being a prefix. */
	assert_int_equal(args_find("Word", "sh", names, 4, "help", &found), 0);
	assert_int_equal(found, 3);
}

static void test_split(void **state)
{
	char plain[] = "  link \tshow  # rest\n";
	char quoted[] = "a 'b c'\"d\" \"\" e#f";
	char open[] = "a 'b";
	char many[] = "a b c";
	char *words[8];

	(void)state;
	assert_int_equal(args_split(plain, words, 8), 2);
	assert_string_equal(words[0], "link");
	assert_string_equal(words[1], "show");
	assert_int_equal(args_split(quoted, words, 8), 4);
	assert_string_equal(words[1], "b cd");
	assert_string_equal(words[2], "");
	assert_string_equal(words[3], "e#f");
	assert_int_equal(args_split(open, words, 8), -EINVAL);
	assert_int_equal(args_split(many, words, 2), -E2BIG);
}

static void check_escape(const char *text, const char *expected)
{
	char *escaped = print_escape(text);

	assert_string_equal(escaped, expected);
	free(escaped);
}

static void test_escape(void **state)
{
	(void)state;
	check_escape("a\033[2J\r\n\x7f\tb", "a\\x1b[2J\\x0d\\x0a\\x7f\\x09b");
	check_escape("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	check_escape("\xc2\x9b" "2J", "\\xc2\\x9b2J");		/* C1 CSI */
	check_escape("\xe2\x80\xae", "\\xe2\\x80\\xae");	/* override */
	check_escape("\xc0\xaf\xff\xc3", "\\xc0\\xaf\\xff\\xc3");
	check_escape("\xed\xa0\x80", "\\xed\\xa0\\x80");	/* surrogate */
	check_escape("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
	check_escape("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

static void test_age(void **state)
{
	char text[32];

	(void)state;
	print_age(text, sizeof(text), 1234);
	assert_string_equal(text, "1.234s");
	print_age(text, sizeof(text), 59999);
	assert_string_equal(text, "59s");
	print_age(text, sizeof(text), 125000);
	assert_string_equal(text, "2m5s");
	print_age(text, sizeof(text), 3 * 3600000 + 60000);
	assert_string_equal(text, "3h1m");
	print_age(text, sizeof(text), UINT64_MAX);
	assert_string_equal(text, "213503982334d14h");
}

/* Each counter of the header has one name, and a name only one. */
static void check_counters(const struct counter *counters, size_t count,
			   unsigned int max)
{
	size_t i, j;

	assert_int_equal(count, max - 1);
	for (i = 0; i < count; i++) {
		assert_true(counters[i].attr >= 2 && counters[i].attr <= max);
		assert_true(!counters[i].drop ==
			    !strstr(counters[i].name, "drop"));
		for (j = 0; j < i; j++) {
			assert_int_not_equal(counters[i].attr,
					     counters[j].attr);
			assert_string_not_equal(counters[i].name,
						counters[j].name);
		}
	}
}

static void test_counters(void **state)
{
	(void)state;
	check_counters(counters_device, counters_device_count,
		       PILOT_A_DEV_STATS_MAX);
	check_counters(counters_socket, counters_socket_count,
		       PILOT_A_SOCKET_STATS_MAX);
	check_counters(counters_peer, counters_peer_count,
		       PILOT_A_PEER_STATS_MAX);
}

static int setup(void **state)
{
	(void)state;
	return cmd_did(did);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_words_refused),
		cmocka_unit_test(test_values_missing),
		cmocka_unit_test(test_values_wrong),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

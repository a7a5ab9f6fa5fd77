// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link -batch: which line failed, and what runs after it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../pilot-link/tool.h"
#include "cmd_run.h"

static struct cmd_result result;

#define UNKNOWN(word) \
	"Object \"" word "\" is unknown, try \"pilot-link help\".\n"

static void test_stops_at_first(void **state)
{
	(void)state;
	cmd_run(&result, "# nothing\n\nfoo\nbar\n", "-batch -");
	assert_int_equal(result.status, TOOL_USAGE);
	assert_string_equal(result.err, UNKNOWN("foo") "Command failed -:3\n");
}

static void test_force_goes_on(void **state)
{
	(void)state;
	cmd_run(&result, "foo\nid help\nid show /no/such/file\nbar", "-f -b -");
	assert_int_equal(result.status, TOOL_USAGE);
	assert_memory_equal(result.out, "Usage: pilot-link id", 20);
	assert_memory_equal(result.err, UNKNOWN("foo") "Command failed -:1\n",
			    strlen(UNKNOWN("foo") "Command failed -:1\n"));
	assert_non_null(strstr(result.err, "Command failed -:3\n"));
	assert_non_null(strstr(result.err, UNKNOWN("bar")
				     "Command failed -:4\n"));
}

static void test_status_is_the_failing_one(void **state)
{
	(void)state;
	cmd_run(&result, "id help\nid show /no/such/file\nfoo\n", "-b -");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_non_null(strstr(result.err, "Command failed -:2\n"));
	cmd_run(&result, "id help\n", "-b -");
	assert_int_equal(result.status, TOOL_OK);
	cmd_run(&result, "", "-b -");
	assert_int_equal(result.status, TOOL_OK);
	assert_string_equal(result.err, "");
}

static void test_continued_lines(void **state)
{
	(void)state;
	cmd_run(&result, "id \\\n  he\\\n", "-b -");
	assert_int_equal(result.status, TOOL_OK);
	assert_memory_equal(result.out, "Usage: pilot-link id", 20);
	cmd_run(&result, "id help\nfoo \\\nbar\nid help\n", "-b -");
	assert_string_equal(result.err, UNKNOWN("foo") "Command failed -:3\n");
}

static void test_bad_lines(void **state)
{
	char *line = malloc(70 * 1024);

	(void)state;
	cmd_run(&result, "id 'help\n", "-b -");
	assert_int_equal(result.status, TOOL_USAGE);
	assert_string_equal(result.err, "Error: a quote is not closed.\n"
					"Command failed -:1\n");
	memset(line, ' ', 70 * 1024);
	line[70 * 1024 - 1] = '\0';
	cmd_run(&result, line, "-b -");
	assert_int_equal(result.status, TOOL_USAGE);
	assert_string_equal(result.err, "Error: -:1: cannot read the command: "
					"it is too long.\n");
	memset(line, 'a', 300);
	for (int i = 1; i < 300; i += 2)
		line[i] = ' ';
	line[300] = '\0';
	cmd_run(&result, line, "-b -");
	assert_string_equal(result.err, "Error: more than 100 words.\n"
					"Command failed -:1\n");
	free(line);
}

static void test_files(void **state)
{
	char path[] = "/tmp/pilot-link-batch.XXXXXX";
	int fd = mkstemp(path);
	char expected[128];
	char line[64];

	(void)state;
	assert_int_equal(write(fd, "id help\n\0foo\n", 13), 13);
	close(fd);
	snprintf(line, sizeof(line), "--batch %s", path);
	cmd_run(&result, NULL, line);
	assert_int_equal(result.status, TOOL_USAGE);
	snprintf(expected, sizeof(expected), "Error: %s:2: cannot read the "
		 "command: it has a NUL byte.\n", path);
	assert_string_equal(result.err, expected);
	unlink(path);
	cmd_run(&result, NULL, line);
	assert_int_equal(result.status, TOOL_USAGE);
	snprintf(expected, sizeof(expected), "Cannot open file \"%s\" for "
		 "reading: No such file or directory\n", path);
	assert_string_equal(result.err, expected);
	cmd_run(&result, NULL, "-b /tmp");
	assert_int_equal(result.status, TOOL_USAGE);
	assert_string_equal(result.err, "Error: /tmp:0: cannot read the "
					"command: Is a directory.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_at_first),
		cmocka_unit_test(test_force_goes_on),
		cmocka_unit_test(test_status_is_the_failing_one),
		cmocka_unit_test(test_continued_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

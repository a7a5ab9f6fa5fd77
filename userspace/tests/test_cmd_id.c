// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link id, in a folder of its own. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "../pilot-link/tool.h"
#include "addr.h"
#include "cmd_run.h"
#include "identity.h"

static struct cmd_result result;
static char folder[] = "/tmp/pilot-link-id.XXXXXX";

static void run(const char *line)
{
	cmd_run(&result, NULL, line);
}

static json_t *parse_one(void)
{
	json_t *list = json_loads(result.out, 0, NULL);
	json_t *object;

	assert_int_equal(json_array_size(list), 1);
	object = json_incref(json_array_get(list, 0));
	json_decref(list);
	return object;
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

static void test_new(void **state)
{
	struct stat before, after;

	(void)state;
	run("id new first");
	assert_string_equal(result.err, "");
	assert_int_equal(result.status, TOOL_OK);
	assert_memory_equal(result.out, "first: did did:key:z6Mk", 23);
	assert_non_null(strstr(result.out, "\n    network 1 address 1:0001."));
	assert_int_equal(stat("first", &before), 0);
	assert_int_equal(before.st_mode, S_IFREG | 0600);

	run("id new first");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.out, "");
	assert_memory_equal(result.err, "Error: ", 7);
	assert_non_null(strstr(result.err, "first"));
	assert_int_equal(stat("first", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);

	run("id new no-such-folder/file");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_memory_equal(result.err, "Error: ", 7);
}

static void test_json(void **state)
{
	json_t *object, *shown;
	uint8_t public[32];
	char expected[ADDR_TEXT_LEN];

	(void)state;
	run("-j id new second network 7");
	assert_int_equal(result.status, TOOL_OK);
	object = parse_one();
	assert_int_equal(json_object_size(object), 5);
	assert_string_equal(text(object, "file"), "second");
	assert_int_equal(json_integer_value(json_object_get(object, "network")),
			 7);
	assert_int_equal(did_parse(text(object, "did"), public), 0);
	addr_format(addr_derive(public, 7), expected);
	assert_string_equal(text(object, "address"), expected);
	assert_memory_equal(text(object, "inet6"), "fd50:494c:4f54:7:", 17);

	run("-json -pretty id show second network 7");
	assert_int_equal(result.status, TOOL_OK);
	assert_memory_equal(result.out, "[\n    {\n", 8);
	shown = parse_one();
	assert_true(json_equal(object, shown));
	json_decref(shown);
	run("-j id list second network 7");
	shown = parse_one();
	assert_true(json_equal(object, shown));
	json_decref(shown);

	run("-j id export second");
	shown = parse_one();
	assert_int_equal(json_object_size(shown), 1);
	assert_string_equal(text(shown, "did"), text(object, "did"));
	json_decref(shown);
	json_decref(object);
}

static void test_export(void **state)
{
	char did[DID_TEXT_LEN + 2];

	(void)state;
	run("id export first");
	assert_int_equal(result.status, TOOL_OK);
	assert_int_equal(strchr(result.out, '\n') - result.out,
			 strlen(result.out) - 1);
	snprintf(did, sizeof(did), "%.*s", (int)strlen(result.out) - 1,
		 result.out);
	run("id first");
	assert_int_equal(result.status, TOOL_USAGE);
	run("id show first");
	assert_non_null(strstr(result.out, did));
}

static void test_refused(void **state)
{
	int fd;

	(void)state;
	run("id show missing");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_memory_equal(result.err, "Error: ", 7);
	assert_non_null(strstr(result.err, "missing"));
	assert_string_equal(result.out, "");

	fd = open("garbage", O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "garbage\n", 8), 8);
	close(fd);
	run("id show garbage");
	assert_int_equal(result.status, TOOL_REFUSED);
	run("id export garbage");
	assert_int_equal(result.status, TOOL_REFUSED);

	assert_int_equal(chmod("first", 0640), 0);
	run("id show first");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_int_equal(chmod("first", 0600), 0);
	run("id show .");
	assert_int_equal(result.status, TOOL_REFUSED);
}

static void test_colors(void **state)
{
	(void)state;
	run("-c id show first");
	assert_non_null(strstr(result.out, "did \033[36mdid:key:z6Mk"));
	run("-color=always id show first");
	assert_non_null(strstr(result.out, "\033[33m1:0001."));
	run("-color=auto id show first");
	assert_null(strchr(result.out, '\033'));
	run("-color=never id show first");
	assert_null(strchr(result.out, '\033'));
}

static int setup(void **state)
{
	(void)state;
	if (sodium_init() < 0 || !mkdtemp(folder))
		return -1;
	return chdir(folder);
}

static int teardown(void **state)
{
	(void)state;
	unlink("first");
	unlink("second");
	unlink("garbage");
	return chdir("/") || rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_colors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

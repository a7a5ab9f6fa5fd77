// SPDX-License-Identifier: GPL-2.0-or-later
/* Files with secrets: which are taken, and why others are not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "check.h"
#include "psk.h"
#include "secret.h"

static char path[] = "/tmp/pilot-secret-XXXXXX";
static char err[256];

static void put(const char *text, size_t len, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int get(char *text, size_t size)
{
	err[0] = 0;
	return secret_read(path, "word", text, size, err, sizeof(err));
}

static void a_line_is_read_without_its_end(void **state)
{
	char text[9];

	(void)state;
	put("abcdefgh\n", 9, 0600);
	assert_int_equal(get(text, sizeof(text)), 8);
	assert_string_equal(text, "abcdefgh");
	put("abcdefgh", 8, 0400);
	assert_int_equal(get(text, sizeof(text)), 8);
	put("abc\n", 4, 0600);
	assert_int_equal(get(text, sizeof(text)), 3);
	assert_string_equal(text, "abc");
	put("", 0, 0600);
	assert_int_equal(get(text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void what_is_longer_is_not(void **state)
{
	char text[9];

	(void)state;
	put("abcdefghi", 9, 0600);
	assert_int_equal(get(text, sizeof(text)), -EMSGSIZE);
	put("abcdefgh\ni", 10, 0600);
	assert_int_equal(get(text, sizeof(text)), -EMSGSIZE);
	assert_non_null(strstr(err, "too long"));
	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(text[i], 0);
}

static void only_the_owner_may_read_it(void **state)
{
	char text[9], link[sizeof(path) + 2];

	(void)state;
	put("abc\n", 4, 0640);
	assert_int_equal(get(text, sizeof(text)), -EPERM);
	assert_non_null(strstr(err, "run: chmod 600"));
	put("abc\n", 4, 0604);
	assert_int_equal(get(text, sizeof(text)), -EPERM);
	assert_int_equal(secret_read("/tmp", "word", text, sizeof(text), err,
				     sizeof(err)), -EINVAL);
	assert_int_equal(secret_read("/nowhere", "word", text, sizeof(text),
				     err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "cannot open word /nowhere"));
	snprintf(link, sizeof(link), "%s.l", path);
	put("abc\n", 4, 0600);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(secret_read(link, "word", text, sizeof(text), err,
				     sizeof(err)), -ELOOP);
	unlink(link);
}

static void a_psk_is_64_digits(void **state)
{
	static const char digits[] =
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f\nx";
	uint8_t psk[PSK_LEN];

	(void)state;
	put(digits, 65, 0600);
	assert_int_equal(psk_load(path, psk, err, sizeof(err)), 0);
	for (int i = 0; i < PSK_LEN; i++)
		assert_int_equal(psk[i], i);
	put(digits, 64, 0600);
	assert_int_equal(psk_load(path, psk, err, sizeof(err)), 0);
	put(digits, 63, 0600);
	assert_int_equal(psk_load(path, psk, err, sizeof(err)), -EINVAL);
	put(digits, 66, 0600);
	assert_int_equal(psk_load(path, psk, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "not 64 hexadecimal digits"));
	put("xy0102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f\n", 65, 0600);
	assert_int_equal(psk_load(path, psk, err, sizeof(err)), -EINVAL);
	put(digits, 65, 0644);
	assert_int_equal(psk_load(path, psk, err, sizeof(err)), -EPERM);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_without_its_end),
		cmocka_unit_test(what_is_longer_is_not),
		cmocka_unit_test(only_the_owner_may_read_it),
		cmocka_unit_test(a_psk_is_64_digits),
	};
	int fd, ret;

	if (sodium_init() < 0)
		return 1;
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	ret = cmocka_run_group_tests_name("pilotd secret", tests, NULL, NULL);
	unlink(path);
	return ret;
}

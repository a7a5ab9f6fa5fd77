// SPDX-License-Identifier: GPL-2.0-or-later
/* Outer addresses with a port. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "check.h"
#include "endpoint.h"

#define COUNT(a)	(sizeof(a) / sizeof(*(a)))

static void test_good(void **state)
{
	static const struct {
		const char *text;
		const char *again;
	} good[] = {
		{ "192.0.2.1:7740", NULL },
		{ "0.0.0.1:1", NULL },
		{ "192.0.2.1:65535", NULL },
		{ "[2001:db8::1]:7740", NULL },
		{ "[2001:DB8:0:0::1]:7740", "[2001:db8::1]:7740" },
		{ "[::1]:1", NULL },
		{ "[fe80::1%lo]:7740", NULL },
		{ "[fe80::1%1]:7740", "[fe80::1%lo]:7740" },
		{ "[fe80::1%999999]:7740", NULL },
		{ "[::ffff:192.0.2.1]:7740", "192.0.2.1:7740" },
	};
	struct endpoint ep, back;
	struct sockaddr_storage ss;
	char buf[ENDPOINT_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(endpoint_parse(good[i].text, &ep), 0);
		endpoint_format(&ep, buf);
		assert_string_equal(buf, good[i].again ? good[i].again :
						       good[i].text);
		assert_true(endpoint_to_sockaddr(&ep, &ss) > 0);
		assert_int_equal(endpoint_from_sockaddr(&back, &ss), 0);
		assert_true(endpoint_equal(&ep, &back));
	}
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"", ":", ":7740", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0",
		"192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:+1",
		"192.0.2.1:07740", "192.0.2.1: 7740", "192.0.2.1:7740 ",
		"192.0.2.1:77x", "192.0.2.1:99999999999999999999",
		" 192.0.2.1:7740", "192.0.2:7740", "192.0.2.1.1:7740",
		"192.0.2.256:7740", "0xc0.0.2.1:7740", "example.org:7740",
		"0.0.0.0:7740", "255.255.255.255:7740", "224.0.0.1:7740",
		"2001:db8::1:7740", "[2001:db8::1]", "[2001:db8::1]:",
		"[2001:db8::1:7740", "2001:db8::1]:7740", "[]:7740",
		"[2001:db8::1]7740", "[2001:db8::1]]:7740", "[::]:7740",
		"[ff02::1]:7740", "[fe80::1]:7740", "[2001:db8::1%lo]:7740",
		"[fe80::1%]:7740", "[fe80::1%0]:7740", "[%lo]:7740",
		"[fe80::1%4294967296]:7740", "[192.0.2.1]:7740",
		"[::ffff:192.0.2.1%lo]:7740", "[::ffff:0.0.0.0]:7740",
		"[fe80::1%abcdefghijklmnopqrstuvwxyz]:7740",
		"[2001:db8:0000:0000:0000:0000:0000:0000:0000:0001]:7740",
		"11111111111111111111111111111111111111111111111111111111111"
		"11111111111111111111111111111111111111111111111111:7740",
	};
	struct endpoint ep = { .port = 42 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(endpoint_parse(bad[i], &ep), -EINVAL);
	assert_int_equal(endpoint_parse("[fe80::1%nosuchif0]:1", &ep),
			 -ENODEV);
	assert_int_equal(ep.port, 42);
	assert_int_equal(ep.family, AF_UNSPEC);
}

static void test_equal(void **state)
{
	struct endpoint a, b, none = { .family = AF_UNSPEC };
	struct sockaddr_storage ss;
	char buf[ENDPOINT_TEXT_LEN];

	(void)state;
	endpoint_parse("192.0.2.1:7740", &a);
	endpoint_parse("192.0.2.1:7741", &b);
	assert_false(endpoint_equal(&a, &b));
	assert_false(endpoint_equal(&a, &none));
	assert_true(endpoint_equal(&none, &none));
	endpoint_parse("[fe80::1%1]:7740", &a);
	endpoint_parse("[fe80::1%2]:7740", &b);
	assert_false(endpoint_equal(&a, &b));
	assert_false(endpoint_is_set(&none));
	assert_int_equal(endpoint_to_sockaddr(&none, &ss), 0);
	endpoint_format(&none, buf);
	assert_string_equal(buf, "none");
	ss.ss_family = AF_UNIX;
	assert_int_equal(endpoint_from_sockaddr(&a, &ss), -EAFNOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}

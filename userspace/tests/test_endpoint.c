// SPDX-License-Identifier: GPL-2.0-or-later
/* Outer addresses with a port. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
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
		{ "relay:0x1a2b3c4d@192.0.2.1:7740", NULL },
		{ "relay:0x1@192.0.2.1:7740",
		  "relay:0x00000001@192.0.2.1:7740" },
		{ "relay:0xffffffff@[2001:db8::1]:7740", NULL },
		{ "relay:0x00000001@[fe80::1%lo]:7740", NULL },
		{ "turn:0x4000@192.0.2.1:3478", NULL },
		{ "turn:0x4fff@[2001:db8::1]:3478", NULL },
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
		/* A socket address is that of who carries it. */
		assert_int_equal(endpoint_equal(&ep, &back),
				 endpoint_is_direct(&ep));
		assert_int_equal(endpoint_parse_direct(good[i].text, &back),
				 endpoint_is_direct(&ep) ? 0 : -EINVAL);
		back.kind = ep.kind;
		back.id = ep.id;
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
		"relay:", "relay:@192.0.2.1:7740", "relay:192.0.2.1:7740",
		"relay:0x@192.0.2.1:7740", "relay:1@192.0.2.1:7740",
		"relay:0x0@192.0.2.1:7740", "relay:0x1", "relay:0x1@",
		"relay:0x1@192.0.2.1", "relay:0X1@192.0.2.1:7740",
		"relay:0xA@192.0.2.1:7740", "relay:0xg@192.0.2.1:7740",
		"relay:0x1 @192.0.2.1:7740", "relay:0x-1@192.0.2.1:7740",
		"relay:0x012345678@192.0.2.1:7740",
		"relay:0x1@relay:0x1@192.0.2.1:7740",
		"relay:0x1@192.0.2.1:0", "Relay:0x1@192.0.2.1:7740",
		"turn:0x3fff@192.0.2.1:3478", "turn:0x5000@192.0.2.1:3478",
		"turn:0x04000@192.0.2.1:3478", "turn:0x0@192.0.2.1:3478",
		"turn:0x4000@0.0.0.0:3478", "direct:192.0.2.1:7740",
		"11111111111111111111111111111111111111111111111111111111111"
		"11111111111111111111111111111111111111111111111111:7740",
	};
	struct endpoint ep = { .port = 42 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(endpoint_parse(bad[i], &ep), -EINVAL);
		assert_int_equal(endpoint_parse_direct(bad[i], &ep), -EINVAL);
	}
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
	endpoint_parse("relay:0x1@192.0.2.1:7740", &a);
	endpoint_parse("relay:0x2@192.0.2.1:7740", &b);
	assert_false(endpoint_equal(&a, &b));
	b.id = a.id;
	assert_true(endpoint_equal(&a, &b));
	b.kind = ENDPOINT_DIRECT;
	assert_false(endpoint_equal(&a, &b));
	assert_false(endpoint_equal(&a, &none));
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

/* The longest that there can be fits whole. */
static void test_long(void **state)
{
	static const char text[] =
		"relay:0xffffffff@"
		"[febf:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535";
	char buf[ENDPOINT_TEXT_LEN];
	struct endpoint ep;

	(void)state;
	assert_true(sizeof(text) + IF_NAMESIZE - sizeof("4294967295") <
		    ENDPOINT_TEXT_LEN);
	assert_int_equal(endpoint_parse(text, &ep), 0);
	endpoint_format(&ep, buf);
	assert_string_equal(buf, text);
}

/* What text cannot say, and a program may. */
static void test_check(void **state)
{
	struct endpoint ep;

	(void)state;
	endpoint_parse("192.0.2.1:7740", &ep);
	assert_int_equal(endpoint_check(&ep), 0);
	ep.id = 1;
	assert_int_equal(endpoint_check(&ep), -EINVAL);
	ep.kind = ENDPOINT_RELAY;
	assert_int_equal(endpoint_check(&ep), 0);
	ep.kind = ENDPOINT_TURN;
	assert_int_equal(endpoint_check(&ep), -EINVAL);
	ep.id = ENDPOINT_CHANNEL_MAX;
	assert_int_equal(endpoint_check(&ep), 0);
	ep.kind = ENDPOINT_TURN + 1;
	assert_int_equal(endpoint_check(&ep), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}

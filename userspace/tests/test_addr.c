// SPDX-License-Identifier: GPL-2.0-or-later
/* Agent addresses: text, IPv6 form, derivation. */
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "addr.h"
#include "check.h"

#define COUNT(a)	(sizeof(a) / sizeof(*(a)))

static void test_parse_good(void **state)
{
	static const struct {
		const char *text;
		uint64_t addr;
		const char *again;
	} good[] = {
		{ "1:0001.F291.0004", 0x1f2910004ULL, NULL },
		{ "0:0000.0000.0000", 0, NULL },
		{ "65535:FFFF.FFFF.FFFF", 0xffffffffffffULL, NULL },
		{ "10:000A.0000.0001", 0xa00000001ULL, NULL },
		{ "10:000a.dead.beef", 0xadeadbeefULL, "10:000A.DEAD.BEEF" },
		{ "256:0100.0001.0000", 0x10000010000ULL, NULL },
	};
	char buf[ADDR_TEXT_LEN];
	uint64_t addr;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(addr_parse(good[i].text, &addr), 0);
		assert_int_equal(addr, good[i].addr);
		addr_format(addr, buf);
		assert_string_equal(buf, good[i].again ? good[i].again :
						       good[i].text);
	}
}

static void test_parse_bad(void **state)
{
	static const char *const bad[] = {
		"", ":", "1", "1:", "1:0001", "1:0001.F291", "1:0001.F291.",
		"1:0001.F291.000", "1:0001.F291.00045", "1:0001.F291.0004 ",
		" 1:0001.F291.0004", "+1:0001.F291.0004", "-1:0001.F291.0004",
		"01:0001.F291.0004", "00:0000.0000.0004", "1:0002.F291.0004",
		"2:0001.F291.0004", "16:0010.F291.000G", "1:1.F291.0004",
		"1:0001:F291.0004", "1.0001.F291.0004", "1:0001.F291:0004",
		"65536:0000.F291.0004", "65537:0001.F291.0004",
		"4294967297:0001.F291.0004", "0x1:0001.F291.0004",
		"18446744073709551617:0001.F291.0004", "1:0001.F291.0004\n",
		"1:0x01.F291.0004", "1:0001.-291.0004", "1:0001.F291.0004.0",
	};
	uint64_t addr = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(addr_parse(bad[i], &addr), -EINVAL);
		assert_int_equal(addr, 42);
	}
}

static void test_reserved(void **state)
{
	(void)state;
	for (uint32_t node = 0; node <= 3; node++)
		assert_true(addr_is_reserved(addr_make(1, node)));
	assert_false(addr_is_reserved(addr_make(1, 4)));
	assert_true(addr_is_reserved(addr_make(9, 0xffffffff)));
	assert_false(addr_is_reserved(addr_make(9, 0xfffffffe)));
	assert_true(addr_is_reserved(1ULL << 48 | 0x10));
}

static void test_in6(void **state)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	uint64_t addr;

	(void)state;
	addr_to_in6(0x1f2910004ULL, &in6);
	inet_ntop(AF_INET6, &in6, text, sizeof(text));
	assert_string_equal(text, "fd50:494c:4f54:1::f291:4");
	assert_int_equal(addr_from_in6(&in6, &addr), 0);
	assert_int_equal(addr, 0x1f2910004ULL);

	addr_to_in6(ADDR_MAX, &in6);
	inet_ntop(AF_INET6, &in6, text, sizeof(text));
	assert_string_equal(text, "fd50:494c:4f54:ffff::ffff:ffff");
	assert_int_equal(addr_from_in6(&in6, &addr), 0);
	assert_int_equal(addr, ADDR_MAX);

	inet_pton(AF_INET6, "fd50:494c:4f54:1:1::f291:4", &in6);
	assert_int_equal(addr_from_in6(&in6, &addr), -EINVAL);
	inet_pton(AF_INET6, "fd50:494c:4f54:1:0:1:f291:4", &in6);
	assert_int_equal(addr_from_in6(&in6, &addr), -EINVAL);
	inet_pton(AF_INET6, "fd50:494c:4f55:1::f291:4", &in6);
	assert_int_equal(addr_from_in6(&in6, &addr), -EINVAL);
	inet_pton(AF_INET6, "::1", &in6);
	assert_int_equal(addr_from_in6(&in6, &addr), -EINVAL);
}

static void test_derive(void **state)
{
	uint8_t key[32] = { 0 };
	uint64_t one, two;

	(void)state;
	one = addr_derive(key, 1);
	assert_int_equal(one, addr_derive(key, 1));
	two = addr_derive(key, 2);
	assert_int_equal(addr_network(one), 1);
	assert_int_equal(addr_network(two), 2);
	assert_int_not_equal(addr_node(one), addr_node(two));
	/* Part of the protocol: two versions must agree. */
	assert_int_equal(one, 0x14e8cbeb6ULL);
	for (int i = 0; i < 1000; i++) {
		key[0] = i;
		key[1] = i >> 8;
		assert_false(addr_is_reserved(addr_derive(key, 65535)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_good),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_in6),
		cmocka_unit_test(test_derive),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}

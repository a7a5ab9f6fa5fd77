// SPDX-License-Identifier: GPL-2.0-or-later
/* Endpoints and relay entries in netlink attributes, there and back. */
#include <arpa/inet.h>
#include <string.h>

#include <linux/pilot.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "attr.h"
#include "check.h"

#define COUNT(a)	(sizeof(a) / sizeof(*(a)))

static struct nlattr *first(struct nl_msg *msg)
{
	return nlmsg_attrdata(nlmsg_hdr(msg), 0);
}

static void endpoints_of_each_kind_come_back(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1:7740", "[2001:db8::1]:7740", "[fe80::1%lo]:1",
		"relay:0x1a2b3c4d@192.0.2.1:7740",
		"relay:0xffffffff@[2001:db8::1]:7740",
		"turn:0x4001@192.0.2.1:3478", "turn:0x4fff@[2001:db8::1]:1",
	};
	struct endpoint out, in;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct nl_msg *msg = nlmsg_alloc();

		nlmsg_put(msg, 0, 0, 0x20, 0, 0);
		assert_int_equal(endpoint_parse(texts[i], &out), 0);
		assert_int_equal(attr_put_endpoint(msg, 7, &out), 0);
		assert_int_equal(nla_type(first(msg)), 7);
		attr_get_endpoint(first(msg), &in);
		assert_true(endpoint_equal(&in, &out));
		nlmsg_free(msg);
	}
}

/* The kernel forgets the one it has; what is left out changes nothing. */
static void none_is_an_empty_nest(void **state)
{
	const struct endpoint none = { .family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc();
	struct endpoint in;

	(void)state;
	nlmsg_put(msg, 0, 0, 0x20, 0, 0);
	assert_int_equal(attr_put_endpoint(msg, 7, &none), 0);
	assert_int_equal(nlmsg_attrlen(nlmsg_hdr(msg), 0), NLA_HDRLEN);
	assert_int_equal(nla_type(first(msg)), 7);
	assert_int_equal(nla_len(first(msg)), 0);
	assert_true(first(msg)->nla_type & NLA_F_NESTED);
	attr_get_endpoint(first(msg), &in);
	assert_false(endpoint_is_set(&in));
	nlmsg_free(msg);
}

/* A kernel that knows one kind is told nothing of kinds. */
static void a_direct_endpoint_has_no_id(void **state)
{
	struct nlattr *tb[PILOT_A_ENDPOINT_MAX + 1];
	struct nl_msg *msg = nlmsg_alloc();
	struct endpoint ep;

	(void)state;
	nlmsg_put(msg, 0, 0, 0x20, 0, 0);
	endpoint_parse("192.0.2.1:7740", &ep);
	attr_put_endpoint(msg, 1, &ep);
	nla_parse_nested(tb, PILOT_A_ENDPOINT_MAX, first(msg), NULL);
	assert_null(tb[PILOT_A_ENDPOINT_KIND]);
	assert_null(tb[PILOT_A_ENDPOINT_ID]);
	nlmsg_free(msg);
}

/* @leave_out: an attribute, 0 for none. Return: whether it was read as set. */
static bool read_built(int kind, uint32_t id, int leave_out)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct endpoint ep = { .port = 42 };
	struct nlattr *nest;

	nlmsg_put(msg, 0, 0, 0x20, 0, 0);
	nest = nla_nest_start(msg, 1);
	if (leave_out != PILOT_A_ENDPOINT_KIND)
		nla_put_u8(msg, PILOT_A_ENDPOINT_KIND, kind);
	if (leave_out != PILOT_A_ENDPOINT_ID)
		nla_put_u32(msg, PILOT_A_ENDPOINT_ID, id);
	if (leave_out != PILOT_A_ENDPOINT_REMOTE_IP4)
		nla_put_u32(msg, PILOT_A_ENDPOINT_REMOTE_IP4,
			    htonl(0xc0000201));
	if (leave_out != PILOT_A_ENDPOINT_REMOTE_PORT)
		nla_put_u16(msg, PILOT_A_ENDPOINT_REMOTE_PORT, htons(7740));
	nla_nest_end(msg, nest);
	attr_get_endpoint(first(msg), &ep);
	nlmsg_free(msg);
	return endpoint_is_set(&ep);
}

static void what_is_no_endpoint_is_not_set(void **state)
{
	(void)state;
	assert_true(read_built(PILOT_ENDPOINT_RELAY, 1, 0));
	assert_false(read_built(PILOT_ENDPOINT_RELAY, 0, 0));
	assert_false(read_built(PILOT_ENDPOINT_RELAY, 1, PILOT_A_ENDPOINT_ID));
	assert_false(read_built(PILOT_ENDPOINT_RELAY, 1,
				PILOT_A_ENDPOINT_REMOTE_IP4));
	assert_false(read_built(PILOT_ENDPOINT_RELAY, 1,
				PILOT_A_ENDPOINT_REMOTE_PORT));
	assert_true(read_built(PILOT_ENDPOINT_TURN, 0x4000, 0));
	assert_false(read_built(PILOT_ENDPOINT_TURN, 0x5000, 0));
	assert_false(read_built(PILOT_ENDPOINT_TURN + 1, 1, 0));
	assert_true(read_built(PILOT_ENDPOINT_DIRECT, 1, PILOT_A_ENDPOINT_ID));
	assert_false(read_built(PILOT_ENDPOINT_DIRECT, 1, 0));
	/* Without a kind it is direct, and has no id. */
	assert_false(read_built(0, 1, PILOT_A_ENDPOINT_KIND));
}

static const struct relay_entry entry = {
	.id = 0x1a2b3c4d, .next_id = 0xffffffff, .from = 1ULL << 32 | 10,
	.to = 1ULL << 32 | 11, .signalling = true, .packet_rate = 10000,
	.byte_rate = 1ULL << 40, .total_bytes = 1ULL << 50, .seconds = 300,
};

static void a_relay_entry_comes_back(void **state)
{
	static const uint64_t left_ms[] = { 300000, 299001, 1, 0, 1ULL << 50 };
	static const uint32_t left_s[] = { 300, 300, 1, 0, WIRE_RELAY_SECONDS_MAX };
	struct relay_entry in;

	(void)state;
	for (size_t i = 0; i < COUNT(left_ms); i++) {
		struct nl_msg *msg = nlmsg_alloc();

		nlmsg_put(msg, 0, 0, 0x20, 0, 0);
		assert_int_equal(attr_put_relay(msg, &entry), 0);
		assert_int_equal(nla_type(first(msg)), PILOT_A_RELAY);
		/* As the kernel adds it. */
		nla_put_u64(msg, PILOT_A_RELAY_LEFT_MS, left_ms[i]);
		nla_nest_end(msg, first(msg));
		assert_true(attr_get_relay(first(msg), &in));
		assert_int_equal(in.seconds, left_s[i]);
		in.seconds = entry.seconds;
		assert_memory_equal(&in, &entry, sizeof(in));
		nlmsg_free(msg);
	}
}

/* What the kernel says of bytes that are left: none of them, or no limit. */
static void a_spent_relay_entry_has_a_limit(void **state)
{
	static const uint64_t left[] = { 0, 1, 1ULL << 50 };
	struct relay_entry in;

	(void)state;
	for (size_t i = 0; i <= COUNT(left); i++) {
		struct nl_msg *msg = nlmsg_alloc();
		struct nlattr *nest;

		nlmsg_put(msg, 0, 0, 0x20, 0, 0);
		nest = nla_nest_start(msg, PILOT_A_RELAY);
		nla_put_u32(msg, PILOT_A_RELAY_ID, 1);
		nla_put_u64(msg, PILOT_A_RELAY_FROM, 2);
		nla_put_u64(msg, PILOT_A_RELAY_TO, 3);
		nla_put_u32(msg, PILOT_A_RELAY_NEXT_ID, 4);
		if (i < COUNT(left))
			nla_put_u64(msg, PILOT_A_RELAY_BYTES, left[i]);
		nla_nest_end(msg, nest);
		assert_true(attr_get_relay(first(msg), &in));
		assert_int_equal(in.total_bytes, i == COUNT(left) ? 0 :
				 left[i] ? left[i] : 1);
		nlmsg_free(msg);
	}
}

static void a_relay_entry_needs_its_parts(void **state)
{
	static const int needed[] = {
		PILOT_A_RELAY_ID, PILOT_A_RELAY_FROM, PILOT_A_RELAY_TO,
		PILOT_A_RELAY_NEXT_ID,
	};
	struct relay_entry in;

	(void)state;
	for (size_t i = 0; i <= COUNT(needed); i++) {
		struct nl_msg *msg = nlmsg_alloc();
		struct nlattr *nest;

		nlmsg_put(msg, 0, 0, 0x20, 0, 0);
		nest = nla_nest_start(msg, PILOT_A_RELAY);
		for (size_t j = 0; j < COUNT(needed); j++) {
			if (i == j)
				nla_put_u8(msg, needed[j], 1);
			else if (j == 0 || j == 3)
				nla_put_u32(msg, needed[j], 5 + j);
			else
				nla_put_u64(msg, needed[j], 5 + j);
		}
		nla_nest_end(msg, nest);
		assert_int_equal(attr_get_relay(first(msg), &in),
				 i == COUNT(needed));
		nlmsg_free(msg);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_of_each_kind_come_back),
		cmocka_unit_test(none_is_an_empty_nest),
		cmocka_unit_test(a_direct_endpoint_has_no_id),
		cmocka_unit_test(what_is_no_endpoint_is_not_set),
		cmocka_unit_test(a_relay_entry_comes_back),
		cmocka_unit_test(a_spent_relay_entry_has_a_limit),
		cmocka_unit_test(a_relay_entry_needs_its_parts),
	};

	return cmocka_run_group_tests_name("pilotd_attr", tests, NULL, NULL);
}

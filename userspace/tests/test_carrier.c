// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers of relays and TURN channels around a frame. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "carrier.h"
#include "check.h"

#define COUNT(a)	(sizeof(a) / sizeof(*(a)))

static struct endpoint endpoint(const char *text)
{
	struct endpoint ep;

	assert_int_equal(endpoint_parse(text, &ep), 0);
	return ep;
}

/* Exact on the heap, so that reading past the end is seen. */
static int parse(const uint8_t *bytes, size_t len, struct endpoint *src,
		 size_t *at, size_t *left)
{
	uint8_t *copy = malloc(len + !len);
	const uint8_t *frame = copy;
	int ret;

	memcpy(copy, bytes, len);
	*left = len;
	ret = carrier_parse(src, &frame, left);
	*at = frame - copy;
	free(copy);
	return ret;
}

static void test_relay_bytes(void **state)
{
	static const uint8_t expected[] = {
		0x96, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a,
	};
	struct endpoint dst = endpoint("relay:0x1a2b3c4d@192.0.2.1:7740");
	uint8_t header[CARRIER_HEADER_MAX];

	(void)state;
	assert_int_equal(carrier_write(&dst, 100, header), sizeof(expected));
	assert_memory_equal(header, expected, sizeof(expected));
}

static void test_channel_bytes(void **state)
{
	static const uint8_t expected[] = { 0x40, 0x01, 0x04, 0xb0 };
	struct endpoint dst = endpoint("turn:0x4001@192.0.2.1:3478");
	uint8_t header[CARRIER_HEADER_MAX];

	(void)state;
	assert_int_equal(carrier_write(&dst, 1200, header), sizeof(expected));
	assert_memory_equal(header, expected, sizeof(expected));
}

static void test_write_refused(void **state)
{
	struct endpoint dst = endpoint("192.0.2.1:7740");
	uint8_t header[CARRIER_HEADER_MAX];

	(void)state;
	assert_int_equal(carrier_write(&dst, 100, header), 0);
	dst.kind = ENDPOINT_RELAY;
	assert_int_equal(carrier_write(&dst, 100, header), -EINVAL);
	dst.id = 1;
	assert_int_equal(carrier_write(&dst, 0, header), -EMSGSIZE);
	assert_int_equal(carrier_write(&dst, UINT16_MAX, header), -EMSGSIZE);
	dst.kind = ENDPOINT_TURN;
	assert_int_equal(carrier_write(&dst, 100, header), -EINVAL);
	dst.id = 0x4000;
	assert_int_equal(carrier_write(&dst, 0x10000, header), -EMSGSIZE);
	assert_int_equal(carrier_write(&dst, 100, header),
			 WIRE_CHANNEL_HEADER);
}

/* What is written is read as the same, and the endpoint is the one sent to. */
static void test_round_trip(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1:7740", "relay:0x00000001@192.0.2.1:7740",
		"relay:0xffffffff@[2001:db8::1]:7740",
		"turn:0x4000@192.0.2.1:3478", "turn:0x4fff@[2001:db8::1]:3478",
	};
	uint8_t bytes[CARRIER_HEADER_MAX + WIRE_FRAME_MAX];
	struct endpoint dst, src;
	size_t len, at;
	int header;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		dst = endpoint(texts[i]);
		header = carrier_write(&dst, WIRE_FRAME_MAX, bytes);
		assert_true(header >= 0);
		memset(bytes + header, 0x5a, WIRE_FRAME_MAX);
		bytes[header] = WIRE_TYPE_CONTROL;
		src = dst;
		src.kind = ENDPOINT_DIRECT;
		src.id = 0;
		assert_int_equal(parse(bytes, header + WIRE_FRAME_MAX, &src,
				       &at, &len), 0);
		assert_int_equal(at, header);
		assert_int_equal(len, WIRE_FRAME_MAX);
		assert_true(endpoint_equal(&src, &dst));
	}
}

static void test_not_carried(void **state)
{
	static const uint8_t first[] = {
		0, 1, 3, 0x3f, 0x50, 0x64, 0x90, 0x91, 0x95, 0x97, 0xff,
	};
	struct endpoint dst = endpoint("192.0.2.1:7740"), src = dst;
	uint8_t bytes[20] = { 0 };
	size_t len, at;

	(void)state;
	for (size_t i = 0; i < COUNT(first); i++) {
		bytes[0] = first[i];
		assert_int_equal(parse(bytes, sizeof(bytes), &src, &at, &len),
				 0);
		assert_int_equal(at, 0);
		assert_int_equal(len, sizeof(bytes));
		assert_true(endpoint_equal(&src, &dst));
	}
	assert_int_equal(parse(bytes, 0, &src, &at, &len), 0);
	assert_int_equal(len, 0);
}

static void refused(const uint8_t *bytes, size_t size)
{
	struct endpoint dst = endpoint("192.0.2.1:7740"), src = dst;
	size_t len, at;

	assert_int_equal(parse(bytes, size, &src, &at, &len), -EBADMSG);
	assert_int_equal(at, 0);
	assert_int_equal(len, size);
	assert_true(endpoint_equal(&src, &dst));
}

/* A relay frame has no length of its own: it is whole from its type on. */
static void test_relay_truncated(void **state)
{
	struct endpoint src = endpoint("192.0.2.1:7740");
	uint8_t bytes[] = { 0x96, 0, 0, 0, 1, 0, 0, 0, 0x91, 2, 3 };
	size_t len, at;

	(void)state;
	for (size_t n = 1; n <= WIRE_RELAY_HEADER; n++)
		refused(bytes, n);
	assert_int_equal(parse(bytes, WIRE_RELAY_HEADER + 1, &src, &at, &len),
			 0);
	assert_int_equal(len, 1);
	for (int i = 1; i < 4; i++) {
		bytes[i] = 1;
		refused(bytes, sizeof(bytes));
		bytes[i] = 0;
	}
	bytes[WIRE_RELAY_ID] = 0;
	refused(bytes, sizeof(bytes));
}

/* Up to three bytes behind the frame are no part of it. */
static void test_channel_truncated(void **state)
{
	uint8_t bytes[4 + 5 + 4] = { 0x40, 0x01, 0, 5, 0x95, 1, 2, 3, 4 };
	struct endpoint src = endpoint("192.0.2.1:7740");
	size_t len, at;

	(void)state;
	for (size_t n = 1; n < 9; n++)
		refused(bytes, n);
	for (size_t n = 9; n < 13; n++) {
		assert_int_equal(parse(bytes, n, &src, &at, &len), 0);
		assert_int_equal(at, 4);
		assert_int_equal(len, 5);
		assert_int_equal(src.kind, ENDPOINT_TURN);
		assert_int_equal(src.id, 0x4001);
		src = endpoint("192.0.2.1:7740");
	}
	refused(bytes, 13);
	bytes[3] = 0;
	refused(bytes, 4);
	refused(bytes, 7);
}

/* Carried frames are ours, and carried once. */
static void test_inner_types(void **state)
{
	uint8_t relay[12] = { 0x96, 0, 0, 0, 1 };
	uint8_t channel[12] = { 0x4f, 0xff, 0, 8 };
	struct endpoint src;
	size_t len, at;

	(void)state;
	for (int type = 0; type < 256; type++) {
		relay[8] = type;
		channel[4] = type;
		if (type < 0x91 || type > 0x95) {
			refused(relay, sizeof(relay));
			refused(channel, sizeof(channel));
			continue;
		}
		src = endpoint("192.0.2.1:7740");
		assert_int_equal(parse(relay, sizeof(relay), &src, &at, &len),
				 0);
		src = endpoint("192.0.2.1:7740");
		assert_int_equal(parse(channel, sizeof(channel), &src, &at,
				       &len), 0);
		assert_int_equal(src.id, 0x4fff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay_bytes),
		cmocka_unit_test(test_channel_bytes),
		cmocka_unit_test(test_write_refused),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_not_carried),
		cmocka_unit_test(test_relay_truncated),
		cmocka_unit_test(test_channel_truncated),
		cmocka_unit_test(test_inner_types),
	};

	return cmocka_run_group_tests_name("carrier", tests, NULL, NULL);
}

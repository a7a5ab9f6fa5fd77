// SPDX-License-Identifier: GPL-2.0-or-later
/* One control frame and what is in it, apart from any session. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "control_content.h"
#include "control_frame.h"

static const uint8_t key[32] = { 1, 2, 3 };

/* Exact on the heap, so that reading past the end is seen. */
static uint8_t *heap(const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + !len);

	memcpy(copy, bytes, len);
	return copy;
}

static int open_frame(const uint8_t *frame, size_t len, uint8_t *content)
{
	uint8_t *copy = heap(frame, len);
	struct wire_control control;
	int ret;

	ret = wire_control_parse(copy, len, &control);
	if (!ret)
		ret = control_frame_open(key, &control, content);
	free(copy);
	return ret;
}

static void test_round_trip(void **state)
{
	uint8_t content[CONTROL_FRAME_CONTENT_MAX + 1], frame[WIRE_FRAME_MAX];
	uint8_t opened[CONTROL_FRAME_CONTENT_MAX];
	struct wire_control control;
	int len;

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = i * 7;
	for (size_t n = WIRE_CONTROL_HEAD; n < sizeof(content); n++) {
		len = control_frame_seal(key, 0x01020304, n, content, n, frame);
		assert_int_equal(len, n + 32);
		assert_int_equal(wire_control_parse(frame, len, &control), 0);
		assert_int_equal(control.receiver, 0x01020304);
		assert_int_equal(control.counter, n);
		assert_int_equal(open_frame(frame, len, opened), n);
		assert_memory_equal(opened, content, n);
	}
	assert_int_equal(control_frame_seal(key, 1, 1, content, sizeof(content),
					    frame), -EMSGSIZE);
}

/* The bytes are those of the specification, made without our code. */
static void test_layout(void **state)
{
	static const uint8_t head[16] = {
		0x95, 0, 0, 0, 0x0d, 0x0c, 0x0b, 0x0a,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
	};
	static const uint8_t nonce[12] = {
		0, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
	};
	uint8_t frame[WIRE_FRAME_MAX], sealed[6 + 16];
	int len;

	(void)state;
	crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL,
						  (const uint8_t *)"abcdef", 6,
						  NULL, 0, NULL, nonce, key);
	len = control_frame_seal(key, 0x0a0b0c0d, 0x1122334455667788ULL,
				 "abcdef", 6, frame);
	assert_int_equal(len, sizeof(head) + sizeof(sealed));
	assert_memory_equal(frame, head, sizeof(head));
	assert_memory_equal(frame + sizeof(head), sealed, sizeof(sealed));
}

static void test_mangled(void **state)
{
	uint8_t frame[WIRE_FRAME_MAX], content[CONTROL_FRAME_CONTENT_MAX];
	uint8_t ping[CONTROL_PING_LEN], other[32] = { 1, 2, 4 };
	struct wire_control control;
	int len;

	(void)state;
	control_ping_write(ping, 77);
	len = control_frame_seal(key, 5, 6, ping, sizeof(ping), frame);
	for (int cut = 0; cut < len; cut++)
		assert_int_equal(open_frame(frame, cut, content), -EBADMSG);
	assert_int_equal(open_frame(frame, len + 1, content), -EBADMSG);
	for (int bit = 0; bit < len * 8; bit++) {
		/* The index chooses the key; what it says is for the caller. */
		if (bit / 8 >= 4 && bit / 8 < 8)
			continue;
		frame[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(open_frame(frame, len, content), -EBADMSG);
		frame[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(wire_control_parse(frame, len, &control), 0);
	assert_int_equal(control_frame_open(other, &control, content),
			 -EBADMSG);
	assert_int_equal(open_frame(frame, len, content), sizeof(ping));
}

static void test_frame_sizes(void **state)
{
	uint8_t frame[WIRE_FRAME_MAX + 1] = { 0 };
	struct wire_control control;

	(void)state;
	wire_control_begin(frame, 1, 2);
	for (size_t len = 0; len <= sizeof(frame); len++) {
		uint8_t *copy = heap(frame, len);

		assert_int_equal(wire_control_parse(copy, len, &control),
				 len < 36 || len > 1200 ? -EBADMSG : 0);
		free(copy);
	}
}

static struct endpoint v4, v6;

static void test_ping_pong(void **state)
{
	const struct endpoint *from[] = { &v4, &v6 };
	static const size_t sizes[] = { 27, 39 };
	uint8_t ping[CONTROL_PING_LEN], pong[CONTROL_PONG_MAX];
	struct control_content content;
	struct endpoint observed;
	uint64_t token;
	size_t len;

	(void)state;
	control_ping_write(ping, 0x1122334455667788ULL);
	assert_int_equal(control_content_parse(ping, sizeof(ping), &content),
			 0);
	assert_int_equal(content.type, WIRE_CONTROL_PING);
	assert_int_equal(control_ping_read(&content, &token), 0);
	assert_true(token == 0x1122334455667788ULL);
	for (int i = 0; i < 2; i++) {
		len = control_pong_write(pong, 99, from[i]);
		assert_int_equal(len, sizes[i]);
		assert_true(len <= sizeof(ping));
		assert_int_equal(control_content_parse(pong, len, &content),
				 0);
		assert_int_equal(content.type, WIRE_CONTROL_PONG);
		assert_int_equal(control_pong_read(&content, &token,
						   &observed), 0);
		assert_int_equal(token, 99);
		assert_true(endpoint_equal(&observed, from[i]));
	}
}

/* The address of a relay is none of those who come by it. */
static void test_pong_carried(void **state)
{
	uint8_t pong[CONTROL_PONG_MAX];
	struct control_content content;
	struct endpoint from, observed;
	uint64_t token;
	size_t len;

	(void)state;
	endpoint_parse("relay:0x1@192.0.2.1:7740", &from);
	len = control_pong_write(pong, 99, &from);
	assert_int_equal(len, 16);
	assert_int_equal(control_content_parse(pong, len, &content), 0);
	assert_int_equal(control_pong_read(&content, &token, &observed), 0);
	assert_int_equal(token, 99);
	assert_false(endpoint_is_set(&observed));
}

/* Cut anywhere, content is refused or means less, and is not read beyond. */
static void test_content_truncated(void **state)
{
	uint8_t pong[CONTROL_PONG_MAX];
	struct control_content content;
	struct endpoint observed;
	uint64_t token;
	size_t len;

	(void)state;
	len = control_pong_write(pong, 99, &v6);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = heap(pong, cut);
		/* Behind the head and behind each TLV; a token is enough. */
		bool whole = cut == 4 || cut == 16;

		assert_int_equal(control_content_parse(copy, cut, &content),
				 whole ? 0 : -EBADMSG);
		if (whole)
			assert_int_equal(control_pong_read(&content, &token,
							   &observed),
					 cut == 16 ? 0 : -EBADMSG);
		free(copy);
	}
	for (int i = 1; i < 4; i++) {
		pong[i] = 1;
		assert_int_equal(control_content_parse(pong, len, &content),
				 -EBADMSG);
		pong[i] = 0;
	}
	assert_int_equal(control_content_parse(pong, len, &content), 0);
}

struct built {
	uint8_t bytes[256];
	struct tlv_writer w;
};

static void build(struct built *built)
{
	memset(built, 0, sizeof(*built));
	built->bytes[0] = WIRE_CONTROL_PONG;
	tlv_write_begin(&built->w, built->bytes + 4, 252);
	tlv_write_u64(&built->w, WIRE_CONTROL_TLV_TOKEN, 5);
}

static int read_built(struct built *built, struct endpoint *observed)
{
	uint8_t *copy = heap(built->bytes, 4 + built->w.len);
	struct control_content content;
	uint64_t token;
	int ret;

	assert_int_equal(built->w.err, 0);
	ret = control_content_parse(copy, 4 + built->w.len, &content);
	if (!ret)
		ret = control_pong_read(&content, &token, observed);
	free(copy);
	return ret;
}

/* @value behind a token. */
static int read_observed(const void *value, size_t len)
{
	struct endpoint observed;
	struct built built;

	build(&built);
	tlv_write(&built.w, WIRE_CONTROL_TLV_OBSERVED, value, len);
	return read_built(&built, &observed);
}

static void test_observed_values(void **state)
{
	static const uint8_t good4[7] = { 4, 1, 0, 192, 0, 2, 1 };
	static const uint8_t bad4[][7] = {
		{ 4, 0, 0, 192, 0, 2, 1 }, { 4, 1, 0, 0, 0, 0, 0 },
		{ 4, 1, 0, 224, 0, 0, 1 }, { 4, 1, 0, 255, 255, 255, 255 },
		{ 6, 1, 0, 192, 0, 2, 1 }, { 5, 1, 0, 192, 0, 2, 1 },
	};
	static const uint8_t good6[19] = { 6, 1, 0, 0x20, 1, 0xd, 0xb8 };
	static const uint8_t bad6[][19] = {
		{ 6, 0, 0, 0x20, 1, 0xd, 0xb8 }, { 6, 1, 0 },
		{ 6, 1, 0, 0xff, 2 }, { 4, 1, 0, 0x20, 1, 0xd, 0xb8 },
		/* ::ffff:192.0.2.1 */
		{ 6, 1, 0, [13] = 0xff, [14] = 0xff, 192, 0, 2, 1 },
	};

	(void)state;
	assert_int_equal(read_observed(good4, 7), 0);
	assert_int_equal(read_observed(good6, 19), 0);
	for (size_t i = 0; i < sizeof(bad4) / sizeof(*bad4); i++)
		assert_int_equal(read_observed(bad4[i], 7), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad6) / sizeof(*bad6); i++)
		assert_int_equal(read_observed(bad6[i], 19), -EBADMSG);
	for (size_t len = 0; len < 19; len++)
		assert_int_equal(read_observed(good6, len), -EBADMSG);
	for (size_t len = 0; len < 7; len++)
		assert_int_equal(read_observed(good4, len), -EBADMSG);
}

/* Unknown ones and padding are skipped; known ones are there once. */
static void test_tlv_rules(void **state)
{
	static const uint8_t value[7] = { 4, 1, 0, 192, 0, 2, 1 };
	struct endpoint observed;
	struct built built;

	(void)state;
	build(&built);
	tlv_write(&built.w, WIRE_CONTROL_TLV_PADDING, value, 7);
	tlv_write(&built.w, 3, value, 7);
	tlv_write(&built.w, 0xffff, NULL, 0);
	tlv_write(&built.w, WIRE_CONTROL_TLV_PADDING, NULL, 0);
	tlv_write(&built.w, 32 + WIRE_CONTROL_TLV_TOKEN, value, 7);
	tlv_write(&built.w, WIRE_CONTROL_TLV_OBSERVED, value, 7);
	assert_int_equal(read_built(&built, &observed), 0);
	assert_int_equal(observed.port, 1);
	tlv_write(&built.w, WIRE_CONTROL_TLV_OBSERVED, value, 7);
	assert_int_equal(read_built(&built, &observed), -EBADMSG);

	build(&built);
	tlv_write(&built.w, WIRE_CONTROL_TLV_OBSERVED, value, 7);
	tlv_write_u64(&built.w, WIRE_CONTROL_TLV_TOKEN, 5);
	assert_int_equal(read_built(&built, &observed), -EBADMSG);

	for (int len = 0; len < 10; len++) {
		build(&built);
		built.w.len = 0;
		tlv_write(&built.w, WIRE_CONTROL_TLV_OBSERVED, value, 7);
		tlv_write(&built.w, WIRE_CONTROL_TLV_TOKEN, built.bytes, len);
		assert_int_equal(read_built(&built, &observed),
				 len == 8 ? 0 : -EBADMSG);
	}
}

static void test_content_write(void **state)
{
	uint8_t buf[20], tlvs[17] = { 0 };

	(void)state;
	assert_int_equal(control_content_write(buf, 20, 9, tlvs, 16), 20);
	assert_int_equal(buf[0], 9);
	assert_int_equal(control_content_write(buf, 20, 9, tlvs, 17),
			 -EMSGSIZE);
	assert_int_equal(control_content_write(buf, 20, 9, NULL, 0), 4);
	assert_int_equal(control_content_write(buf, 3, 9, NULL, 0),
			 -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_frame_sizes),
		cmocka_unit_test(test_ping_pong),
		cmocka_unit_test(test_content_truncated),
		cmocka_unit_test(test_pong_carried),
		cmocka_unit_test(test_observed_values),
		cmocka_unit_test(test_tlv_rules),
		cmocka_unit_test(test_content_write),
	};

	if (sodium_init() < 0 || endpoint_parse("192.0.2.1:7740", &v4) ||
	    endpoint_parse("[2001:db8::1]:65535", &v6))
		return 1;
	return cmocka_run_group_tests_name("control frame", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* TLVs and the parsers of the frames. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tlv.h"
#include "wire.h"

/* Exact on the heap, so that reading past the end is seen. */
static uint8_t *heap(const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + !len);

	memcpy(copy, bytes, len);
	return copy;
}

static void test_tlv_round_trip(void **state)
{
	uint8_t buf[64];
	struct tlv_writer w;
	struct tlv_reader r;
	struct tlv tlv;

	(void)state;
	tlv_write_begin(&w, buf, sizeof(buf));
	tlv_write_u8(&w, 1, 0xab);
	tlv_write(&w, 0x1234, NULL, 0);
	tlv_write_u32(&w, 3, 0x11223344);
	tlv_write_u64(&w, 0xffff, 0x1122334455667788ULL);
	assert_int_equal(w.err, 0);
	assert_int_equal(w.len, 4 * TLV_HEADER_LEN + 13);

	tlv_read_begin(&r, buf, w.len);
	assert_int_equal(tlv_read(&r, &tlv), 1);
	assert_int_equal(tlv.type, 1);
	assert_int_equal(tlv.value[0], 0xab);
	assert_int_equal(tlv_read(&r, &tlv), 1);
	assert_int_equal(tlv.type, 0x1234);
	assert_int_equal(tlv.len, 0);
	assert_int_equal(tlv_read(&r, &tlv), 1);
	assert_int_equal(wire_get32(tlv.value), 0x11223344);
	assert_int_equal(tlv_read(&r, &tlv), 1);
	assert_int_equal(wire_get64(tlv.value), 0x1122334455667788ULL);
	assert_int_equal(tlv_read(&r, &tlv), 0);
	assert_int_equal(tlv_read(&r, &tlv), 0);
}

static void test_tlv_truncated(void **state)
{
	static const uint8_t bytes[] = {
		1, 0, 1, 0, 9,  2, 0, 0, 0,  3, 0, 4, 0, 1, 2, 3, 4,
	};
	static const size_t ends[] = { 0, 5, 9, 17 };

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint8_t *copy = heap(bytes, len);
		struct tlv_reader r;
		bool whole = false;
		struct tlv tlv;
		int ret;

		for (size_t i = 0; i < 4; i++)
			whole |= ends[i] == len;
		tlv_read_begin(&r, copy, len);
		while ((ret = tlv_read(&r, &tlv)) > 0)
			;
		assert_int_equal(ret, whole ? 0 : -EBADMSG);
		free(copy);
	}
}

static void test_tlv_no_space(void **state)
{
	uint8_t buf[9] = { [8] = 0x55 };
	struct tlv_writer w;

	(void)state;
	for (size_t size = 0; size < 8; size++) {
		tlv_write_begin(&w, buf, size);
		tlv_write_u32(&w, 1, 1);
		assert_int_equal(w.err, -ENOSPC);
		assert_int_equal(w.len, 0);
		tlv_write(&w, 1, NULL, 0);
		assert_int_equal(w.err, -ENOSPC);
	}
	tlv_write_begin(&w, buf, 8);
	tlv_write_u32(&w, 1, 1);
	assert_int_equal(w.err, 0);
	assert_int_equal(buf[8], 0x55);
}

static void test_init_frame(void **state)
{
	uint8_t frame[WIRE_FRAME_MAX + 1] = { 0 };
	struct wire_init init;

	(void)state;
	wire_init_begin(frame, 0x01020304, 0x1122334455667788ULL);
	for (size_t len = 0; len <= sizeof(frame); len++) {
		uint8_t *copy = heap(frame, len);

		assert_int_equal(wire_init_parse(copy, len, &init),
				 len < 144 || len > 1200 ? -EBADMSG : 0);
		free(copy);
	}
	assert_int_equal(wire_init_parse(frame, 200, &init), 0);
	assert_int_equal(init.sender, 0x01020304);
	assert_int_equal(init.hint, 0x1122334455667788ULL);
	assert_ptr_equal(init.mac1, frame + 16);
	assert_ptr_equal(init.mac2, frame + 32);
	assert_ptr_equal(init.noise, frame + 48);
	assert_int_equal(init.noise_len, 152);
	/* Little-endian, as the layout says. */
	assert_int_equal(frame[4], 4);
	assert_int_equal(frame[8], 0x88);
	for (int bit = 0; bit < 32; bit++) {
		frame[bit / 8] ^= 1 << (bit % 8);
		assert_int_equal(wire_init_parse(frame, 200, &init), -EBADMSG);
		frame[bit / 8] ^= 1 << (bit % 8);
	}
}

static void test_resp_frame(void **state)
{
	uint8_t frame[WIRE_FRAME_MAX + 1] = { 0 };
	struct wire_resp resp;

	(void)state;
	wire_resp_begin(frame, 7, 0x99aabbcc);
	for (size_t len = 0; len <= sizeof(frame); len++) {
		uint8_t *copy = heap(frame, len);

		assert_int_equal(wire_resp_parse(copy, len, &resp),
				 len < 80 || len > 1200 ? -EBADMSG : 0);
		free(copy);
	}
	assert_int_equal(wire_resp_parse(frame, 100, &resp), 0);
	assert_int_equal(resp.sender, 7);
	assert_int_equal(resp.receiver, 0x99aabbcc);
	assert_int_equal(resp.noise_len, 68);
	for (int bit = 0; bit < 32; bit++) {
		frame[bit / 8] ^= 1 << (bit % 8);
		assert_int_equal(wire_resp_parse(frame, 100, &resp), -EBADMSG);
		frame[bit / 8] ^= 1 << (bit % 8);
	}
	frame[15] = 1;
	assert_int_equal(wire_resp_parse(frame, 100, &resp), -EBADMSG);
}

static void test_cookie_frame(void **state)
{
	uint8_t frame[WIRE_COOKIE_SIZE + 1] = { 0 };
	struct wire_cookie cookie;

	(void)state;
	wire_cookie_begin(frame, 0xdeadbeef);
	for (size_t len = 0; len <= sizeof(frame); len++) {
		uint8_t *copy = heap(frame, len);

		assert_int_equal(wire_cookie_parse(copy, len, &cookie),
				 len == WIRE_COOKIE_SIZE ? 0 : -EBADMSG);
		free(copy);
	}
	wire_cookie_parse(frame, WIRE_COOKIE_SIZE, &cookie);
	assert_int_equal(cookie.receiver, 0xdeadbeef);
	/* A reply is never larger than what asked for it. */
	assert_true(WIRE_COOKIE_SIZE <= WIRE_INIT_MIN);
	for (int bit = 0; bit < 32; bit++) {
		frame[bit / 8] ^= 1 << (bit % 8);
		assert_int_equal(wire_cookie_parse(frame, WIRE_COOKIE_SIZE,
						   &cookie), -EBADMSG);
		frame[bit / 8] ^= 1 << (bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlv_round_trip),
		cmocka_unit_test(test_tlv_truncated),
		cmocka_unit_test(test_tlv_no_space),
		cmocka_unit_test(test_init_frame),
		cmocka_unit_test(test_resp_frame),
		cmocka_unit_test(test_cookie_frame),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}

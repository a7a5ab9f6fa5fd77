// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages in a stream, the bytes that wait for one, and who may have one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admit.h"
#include "check.h"
#include "outbox.h"
#include "redial.h"
#include "stream.h"

#define S	CLOCK_SECOND
#define MS	CLOCK_MS

struct got {
	unsigned int count;
	size_t len[64];
	uint8_t bytes[64][STREAM_MESSAGE_MAX];
};

static void on_message(void *ctx, const uint8_t *bytes, size_t len)
{
	struct got *got = ctx;

	assert_in_range(len, 1, STREAM_MESSAGE_MAX);
	assert_true(got->count < 64);
	memcpy(got->bytes[got->count], bytes, len);
	got->len[got->count++] = len;
}

/* In pieces of @step bytes. */
static int feed(enum stream_kind kind, const uint8_t *bytes, size_t len,
		size_t step, struct got *got)
{
	struct stream_reader reader;
	int ret = 0;

	stream_reader_init(&reader, kind);
	memset(got, 0, sizeof(*got));
	for (size_t i = 0; i < len && !ret; i += step)
		ret = stream_read(&reader, bytes + i,
				  len - i < step ? len - i : step, on_message,
				  got);
	return ret;
}

static void test_frames(void **state)
{
	static const uint8_t bytes[] = {
		0, 3, 0x91, 1, 2, 0, 1, 0x96, 0, 2, 0x94, 7,
	};
	static struct got got;

	(void)state;
	for (size_t step = 1; step <= sizeof(bytes); step++) {
		assert_int_equal(feed(STREAM_FRAMES, bytes, sizeof(bytes),
				      step, &got), 0);
		assert_int_equal(got.count, 3);
		assert_int_equal(got.len[0], 3);
		assert_memory_equal(got.bytes[0], bytes + 2, 3);
		assert_int_equal(got.len[1], 1);
		assert_int_equal(got.bytes[1][0], 0x96);
		assert_memory_equal(got.bytes[2], bytes + 10, 2);
	}
	/* Cut anywhere, what is whole comes and the rest does not. */
	for (size_t len = 0; len < sizeof(bytes); len++) {
		assert_int_equal(feed(STREAM_FRAMES, bytes, len, 64, &got), 0);
		assert_int_equal(got.count, (len >= 5) + (len >= 8));
	}
}

static void test_frames_refused(void **state)
{
	uint8_t bytes[STREAM_HEADER + STREAM_MESSAGE_MAX + 1] = { 0 };
	static struct got got;

	(void)state;
	/* No length, and one too many. */
	assert_int_equal(feed(STREAM_FRAMES, bytes, 2, 1, &got), -EBADMSG);
	bytes[0] = (STREAM_MESSAGE_MAX + 1) >> 8;
	bytes[1] = (STREAM_MESSAGE_MAX + 1) & 0xff;
	bytes[2] = 0x94;
	assert_int_equal(feed(STREAM_FRAMES, bytes, 2, 1, &got), -EBADMSG);
	bytes[1]--;
	assert_int_equal(feed(STREAM_FRAMES, bytes, sizeof(bytes) - 1, 700,
			      &got), 0);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.len[0], STREAM_MESSAGE_MAX);
	for (int type = 0; type < 256; type++) {
		const uint8_t one[] = { 0, 1, type };
		bool good = type >= 0x91 && type <= 0x96;

		assert_int_equal(feed(STREAM_FRAMES, one, 3, 1, &got),
				 good ? 0 : -EBADMSG);
		assert_int_equal(got.count, good);
	}
}

/* A binding request with an attribute, and ChannelData of five bytes. */
static const uint8_t stun[] = {
	0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 0x80, 0x22, 0, 0, 0x40, 1, 0, 5, 0x94, 1, 2, 3, 4, 0, 0, 0,
};

static void test_stun(void **state)
{
	static struct got got;
	uint8_t bytes[sizeof(stun)];

	(void)state;
	for (size_t step = 1; step <= sizeof(stun); step++) {
		assert_int_equal(feed(STREAM_STUN, stun, sizeof(stun), step,
				      &got), 0);
		assert_int_equal(got.count, 2);
		assert_int_equal(got.len[0], 24);
		assert_int_equal(got.len[1], 9);
		assert_memory_equal(got.bytes[1], stun + 24, 9);
	}
	for (size_t len = 0; len < sizeof(stun); len++) {
		assert_int_equal(feed(STREAM_STUN, stun, len, 64, &got), 0);
		assert_int_equal(got.count, len >= 24);
	}
	memcpy(bytes, stun, sizeof(stun));
	bytes[2] = 0x10;
	assert_int_equal(feed(STREAM_STUN, bytes, sizeof(bytes), 1, &got),
			 -EBADMSG);
	for (int type = 0; type < 256; type++) {
		const uint8_t one[] = { type };

		assert_int_equal(feed(STREAM_STUN, one, 1, 1, &got),
				 type <= 3 || type >> 4 == 4 ? 0 : -EBADMSG);
	}
}

static void test_write(void **state)
{
	uint8_t message[STREAM_MESSAGE_MAX + 1] = { 0x95, 1, 2 };
	uint8_t to[STREAM_WRITTEN_MAX];

	(void)state;
	assert_int_equal(stream_write(STREAM_FRAMES, message, 3, to), 5);
	assert_memory_equal(to, "\0\3\x95\1\2", 5);
	assert_int_equal(stream_write(STREAM_FRAMES, message,
				      STREAM_MESSAGE_MAX, to),
			 STREAM_MESSAGE_MAX + 2);
	assert_int_equal(stream_write(STREAM_FRAMES, message, sizeof(message),
				      to), -EMSGSIZE);
	assert_int_equal(stream_write(STREAM_FRAMES, message, 0, to),
			 -EMSGSIZE);
	message[0] = 0x90;
	assert_int_equal(stream_write(STREAM_FRAMES, message, 3, to),
			 -EBADMSG);
	assert_int_equal(stream_write(STREAM_STUN, stun, 24, to), 24);
	assert_memory_equal(to, stun, 24);
	/* With padding in the datagram and without. */
	for (size_t len = 9; len <= 12; len++) {
		assert_int_equal(stream_write(STREAM_STUN, stun + 24, len, to),
				 12);
		assert_memory_equal(to, stun + 24, 12);
	}
	for (size_t len = 1; len < 9; len++)
		assert_int_equal(stream_write(STREAM_STUN, stun + 24, len, to),
				 -EBADMSG);
	memcpy(message, stun + 24, 12);
	assert_int_equal(stream_write(STREAM_STUN, message, 13, to), -EBADMSG);
}

static void test_outbox(void **state)
{
	struct outbox outbox;
	const uint8_t *first;
	size_t len;

	(void)state;
	assert_int_equal(outbox_init(&outbox, 10), 0);
	assert_true(outbox_put(&outbox, (const uint8_t *)"abcdef", 6));
	/* The newest is dropped, and whole. */
	assert_false(outbox_put(&outbox, (const uint8_t *)"ghijk", 5));
	assert_int_equal(outbox.dropped, 1);
	outbox_take(&outbox, 4);
	assert_true(outbox_put(&outbox, (const uint8_t *)"12345678", 8));
	first = outbox_first(&outbox, &len);
	assert_int_equal(len, 10);
	assert_memory_equal(first, "ef12345678", 10);
	outbox_take(&outbox, 10);
	first = outbox_first(&outbox, &len);
	assert_int_equal(len, 0);
	assert_ptr_equal(first, outbox.bytes);
	outbox_free(&outbox);
}

static void test_redial(void **state)
{
	uint64_t now = 100 * S, wait = REDIAL_FIRST;
	struct redial redial;

	(void)state;
	redial_init(&redial, now);
	assert_int_equal(redial_due(&redial, now), REDIAL_CONNECT);
	assert_int_equal(redial_due(&redial, now), REDIAL_NOTHING);
	assert_int_equal(redial_due(&redial, now + REDIAL_TRY),
			 REDIAL_ABANDON);
	for (int i = 0; i < 10; i++) {
		redial_failed(&redial, now, 0);
		assert_int_equal(redial.at, now + wait);
		assert_int_equal(redial_due(&redial, now + wait - 1),
				 REDIAL_NOTHING);
		now += wait;
		assert_int_equal(redial_due(&redial, now), REDIAL_CONNECT);
		wait = wait * 2 < REDIAL_MAX ? wait * 2 : REDIAL_MAX;
	}
	assert_int_equal(redial.failures, 10);
	redial_failed(&redial, now, UINT32_MAX);
	assert_in_range(redial.at, now + REDIAL_MAX,
			now + REDIAL_MAX * 5 / 4);
	/* Another network: no waiting for what was of the old one. */
	redial_hurry(&redial, now);
	assert_int_equal(redial_due(&redial, now), REDIAL_CONNECT);
	redial_up(&redial, now);
	assert_int_equal(redial.number, 1);
	assert_int_equal(redial.failures, 0);
	assert_int_equal(redial_due(&redial, now + 3600 * S), REDIAL_NOTHING);
	/* One that lasted begins anew, one that did not goes on. */
	now += REDIAL_STABLE;
	redial_failed(&redial, now, 0);
	assert_int_equal(redial.at, now + REDIAL_FIRST);
	now += REDIAL_FIRST;
	redial_due(&redial, now);
	redial_up(&redial, now);
	redial_failed(&redial, now + S, 0);
	assert_int_equal(redial.at, now + S + 2 * REDIAL_FIRST);
}

static struct endpoint at(unsigned int n)
{
	struct endpoint ep = { .family = AF_INET, .port = 1000 };

	ep.in4.s_addr = htonl(0xc0000200 + n);
	return ep;
}

static struct admit *admit_new(unsigned int max)
{
	static const uint8_t key[16] = { 1 };
	static struct admit admit;

	admit_init(&admit, max, key);
	return &admit;
}

static void test_admit_source(void **state)
{
	struct admit *admit = admit_new(256);
	struct endpoint one = at(1), two = at(2);
	int displaced, place;

	(void)state;
	for (int i = 0; i < ADMIT_SOURCE_STRANGERS; i++)
		assert_true(admit_add(admit, S, &one, &displaced) >= 0);
	assert_int_equal(admit_add(admit, S, &one, &displaced), -EBUSY);
	assert_int_equal(admit->stats.refused_source, 1);
	assert_true(admit_add(admit, S, &two, &displaced) >= 0);
	/* Clients are no strangers, and many may be behind one NAT. */
	assert_int_equal(admit_known(admit, S, 0), 0);
	place = admit_add(admit, S, &one, &displaced);
	assert_true(place >= 0);
	assert_int_equal(admit->clients, 1);
	assert_int_equal(admit->strangers, ADMIT_SOURCE_STRANGERS + 1);
	admit_del(admit, place);
	admit_del(admit, place);
	assert_int_equal(admit->strangers, ADMIT_SOURCE_STRANGERS);
	/* An IPv6 source is its /64. */
	assert_int_equal(endpoint_parse("[2001:db8::1]:9", &one), 0);
	for (int i = 0; i < ADMIT_SOURCE_STRANGERS; i++) {
		one.in6.s6_addr[15]++;
		assert_true(admit_add(admit, S, &one, &displaced) >= 0);
	}
	assert_int_equal(admit_add(admit, S, &one, &displaced), -EBUSY);
}

static void test_admit_flood(void **state)
{
	struct admit *admit = admit_new(2);
	struct endpoint from = at(200);
	int displaced, client, late;

	(void)state;
	client = admit_add(admit, S, &from, &displaced);
	assert_int_equal(admit_known(admit, S, client), 0);
	for (unsigned int i = 0; i < ADMIT_STRANGERS; i++) {
		from = at(i);
		assert_true(admit_add(admit, S + i, &from, &displaced) >= 0);
		assert_int_equal(displaced, -1);
	}
	/* The oldest stranger makes room, never the client. */
	for (unsigned int i = 0; i < 3 * ADMIT_STRANGERS; i++) {
		from = at(i % 256);
		late = admit_add(admit, 2 * S + i, &from, &displaced);
		assert_true(late >= 0);
		assert_true(displaced >= 0 && displaced != client);
	}
	assert_int_equal(admit->strangers, ADMIT_STRANGERS);
	assert_int_equal(admit_known(admit, 3 * S, late), 0);
	/* Two clients are all there may be. */
	from = at(77);
	late = admit_add(admit, 4 * S, &from, &displaced);
	assert_int_equal(admit_known(admit, 4 * S, late), -ENOSPC);
	assert_int_equal(admit->stats.refused_full, 1);
}

static int add(struct admit *admit, uint64_t now, const char *from,
	       int *displaced)
{
	struct endpoint source;

	assert_int_equal(endpoint_parse(from, &source), 0);
	return admit_add(admit, now, &source, displaced);
}

/* It has a /48, and so thousands of /64; others may have theirs in the same. */
static void test_admit_site(void **state)
{
	struct admit *admit = admit_new(256);
	int displaced, place, good, other;
	char from[64];

	(void)state;
	good = add(admit, S, "[2001:db8:8::1]:9", &displaced);
	other = add(admit, S, "192.0.2.1:9", &displaced);
	/* The site's own make room: it cannot have more, and none is kept out. */
	for (unsigned int i = 0; i < 256; i++) {
		snprintf(from, sizeof(from), "[2001:db8:9:%x::1]:9", i);
		assert_true(add(admit, 2 * S + i, from, &displaced) >= 0);
		assert_int_equal(displaced >= 0, i >= ADMIT_SITE_STRANGERS);
		assert_true(displaced != good && displaced != other);
	}
	assert_int_equal(admit->strangers, ADMIT_SITE_STRANGERS + 2);
	/* Others fill what is left. */
	for (unsigned int i = 0; admit->strangers < ADMIT_STRANGERS; i++) {
		snprintf(from, sizeof(from), "[2001:db8:%x::1]:9", 100 + i);
		assert_true(add(admit, 3 * S, from, &displaced) >= 0);
		assert_int_equal(displaced, -1);
	}
	/* One after the other of that site goes, not the oldest of all. */
	for (unsigned int i = 0; i < ADMIT_SITE_STRANGERS - 1; i++) {
		snprintf(from, sizeof(from), "198.51.100.%u:9", i);
		place = add(admit, 4 * S, from, &displaced);
		assert_true(place >= 0 && displaced >= 0);
		assert_true(displaced != good && displaced != other);
		assert_int_equal(admit->place[place].source.family, AF_INET);
	}
	/* Each has one: the oldest goes. */
	admit_known(admit, 5 * S, good);
	assert_int_equal(add(admit, 5 * S, "203.0.113.1:9", &displaced) >= 0, 1);
	assert_int_equal(displaced, -1);
	assert_int_equal(add(admit, 5 * S, "203.0.113.2:9", &displaced), other);
	assert_int_equal(displaced, other);
	assert_true(admit->place[good].used);
}

static void test_admit_frames(void **state)
{
	struct admit *admit = admit_new(2);
	struct endpoint from = at(1);
	unsigned int passed = 0;
	int displaced, place;

	(void)state;
	place = admit_add(admit, S, &from, &displaced);
	assert_int_equal(admit_until(admit, place),
			 S + ADMIT_STRANGER_TIME);
	for (int i = 0; i < 1000; i++)
		passed += admit_frame(admit, S, place);
	assert_int_equal(passed, ADMIT_STRANGER_BURST);
	/* What it says keeps no stranger. */
	assert_true(admit_frame(admit, 3 * S, place));
	assert_int_equal(admit_until(admit, place),
			 S + ADMIT_STRANGER_TIME);
	admit_known(admit, 4 * S, place);
	for (int i = 0; i < 1000; i++)
		assert_true(admit_frame(admit, 5 * S, place));
	/* Nor does it keep a client: answers do. */
	assert_int_equal(admit_until(admit, place),
			 4 * S + ADMIT_CLIENT_TIME);
	assert_int_equal(admit_known(admit, 6 * S, place), 0);
	assert_int_equal(admit_until(admit, place),
			 6 * S + ADMIT_CLIENT_TIME);
	/* All strangers together have a bound as well. */
	admit = admit_new(2);
	passed = 0;
	for (unsigned int i = 0; i < 60; i++) {
		from = at(i);
		place = admit_add(admit, S, &from, &displaced);
		for (int n = 0; n < 100; n++)
			passed += admit_frame(admit, S, place);
	}
	assert_int_equal(passed, ADMIT_STRANGERS_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_frames_refused),
		cmocka_unit_test(test_stun),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_outbox),
		cmocka_unit_test(test_redial),
		cmocka_unit_test(test_admit_source),
		cmocka_unit_test(test_admit_flood),
		cmocka_unit_test(test_admit_site),
		cmocka_unit_test(test_admit_frames),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}

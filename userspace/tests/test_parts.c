// SPDX-License-Identifier: GPL-2.0-or-later
/* The small parts under the state machine. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "cookie.h"
#include "log.h"
#include "pair.h"
#include "ratelimit.h"
#include "stamp.h"
#include "table.h"
#include "timer.h"

#define HOUR	STAMP_HOUR_NS
#define NOON	(500000 * HOUR + HOUR / 2)

static void test_stamp_text(void **state)
{
	static const uint8_t label[12] = {
		0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0, 0x3b, 0x9a, 0xc9, 0xff,
	};
	uint8_t out[12], bad[12];
	uint64_t ns;

	(void)state;
	stamp_encode(1700000000ULL * CLOCK_SECOND + 999999999, out);
	assert_memory_equal(out, label, 12);
	assert_int_equal(stamp_decode(label, &ns), 0);
	assert_int_equal(ns, 1700000000ULL * CLOCK_SECOND + 999999999);
	memcpy(bad, label, 12);
	bad[11] = 0;
	bad[8] = 0x3c;				/* a second and more of ns */
	assert_int_equal(stamp_decode(bad, &ns), -EBADMSG);
	memcpy(bad, label, 12);
	bad[0] = 0x3f;				/* before 1970 */
	assert_int_equal(stamp_decode(bad, &ns), -EBADMSG);
	bad[0] = 0x40;
	bad[3] = 0x7f;				/* after 2500 */
	assert_int_equal(stamp_decode(bad, &ns), -EBADMSG);
}

static void test_stamp_rules(void **state)
{
	(void)state;
	assert_int_equal(stamp_next(0, NOON), NOON);
	assert_int_equal(stamp_next(NOON, NOON), NOON + 1);
	assert_int_equal(stamp_next(NOON, NOON + 5), NOON + 5);
	assert_int_equal(stamp_next(NOON, NOON - HOUR), NOON + 1);
	/* Too far ahead of this clock: no one takes it, so begin anew. */
	assert_int_equal(stamp_next(NOON + 2 * HOUR, NOON), NOON);

	assert_true(stamp_is_fresh(NOON, 0, NOON));
	assert_true(stamp_is_fresh(NOON + 1, NOON, NOON));
	assert_false(stamp_is_fresh(NOON, NOON, NOON));
	assert_false(stamp_is_fresh(NOON - 1, NOON, NOON));
	assert_false(stamp_is_fresh(NOON - 1, NOON, NOON - HOUR));
	assert_true(stamp_is_fresh(NOON - 2 * HOUR, NOON, NOON - 2 * HOUR));

	assert_true(stamp_hour_valid(10, 10 * HOUR));
	assert_true(stamp_hour_valid(9, 10 * HOUR));
	assert_true(stamp_hour_valid(11, 10 * HOUR));
	assert_false(stamp_hour_valid(8, 10 * HOUR));
	assert_false(stamp_hour_valid(12, 10 * HOUR));
}

struct item {
	struct table_node node;
	bool in;
};

/* Against what a plain array knows. */
static void test_table(void **state)
{
	static struct item items[500];
	struct table_node *node;
	struct table t;

	(void)state;
	assert_int_equal(table_init(&t), 0);
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct item *item = &items[rand() % 500];
		uint64_t key = (item - items) / 3;
		size_t found = 0, expected = 0;

		if (item->in)
			table_del(&t, &item->node);
		else
			table_add(&t, &item->node, key);
		item->in = !item->in;
		for (node = table_find(&t, key); node;
		     node = table_find_next(node))
			found++;
		for (uint64_t i = key * 3; i < key * 3 + 3 && i < 500; i++)
			expected += items[i].in;
		assert_int_equal(found, expected);
	}
	table_free(&t);
}

static void test_timer(void **state)
{
	struct timer_heap heap = { .count = 0 };
	static struct timer timers[200];

	(void)state;
	assert_int_equal(timer_heap_reserve(&heap, 200), 0);
	assert_null(timer_first(&heap));
	srand(2);
	for (int round = 0; round < 20000; round++) {
		struct timer *timer = &timers[rand() % 200];
		uint64_t least = CLOCK_NEVER;

		timer_set(&heap, timer, rand() % 4 ? (uint64_t)rand() % 1000 :
						     CLOCK_NEVER);
		for (int i = 0; i < 200; i++)
			if (timers[i].pos && timers[i].at < least)
				least = timers[i].at;
		if (least == CLOCK_NEVER)
			assert_null(timer_first(&heap));
		else
			assert_int_equal(timer_first(&heap)->at, least);
	}
	timer_heap_free(&heap);
}

static void test_ratelimit(void **state)
{
	struct ratelimit_bucket bucket = { .full_at = 0 };
	uint64_t now = 1000 * CLOCK_SECOND;
	unsigned int taken = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		taken += ratelimit_take(&bucket, now, 10, 5);
	assert_int_equal(taken, 5);
	assert_false(ratelimit_take(&bucket, now + 99 * CLOCK_MS, 10, 5));
	assert_true(ratelimit_take(&bucket, now + 100 * CLOCK_MS, 10, 5));
	for (int i = 0; i < 1000; i++)
		taken += ratelimit_take(&bucket, now + CLOCK_SECOND +
					i * 10 * CLOCK_MS, 10, 5);
	assert_in_range(taken, 105, 111);
}

static void test_ratelimit_prefix(void **state)
{
	static struct ratelimit_table table;
	struct endpoint a, b, c;
	uint64_t now = CLOCK_SECOND;

	(void)state;
	endpoint_parse("[2001:db8:0:1::1]:1", &a);
	endpoint_parse("[2001:db8:0:1:ffff::2]:2", &b);
	endpoint_parse("[2001:db8:0:2::1]:1", &c);
	for (int i = 0; i < RATELIMIT_PREFIX_BURST; i++)
		assert_true(ratelimit_take_prefix(&table, now, &a));
	assert_false(ratelimit_take_prefix(&table, now, &a));
	assert_false(ratelimit_take_prefix(&table, now, &b));
	assert_true(ratelimit_take_prefix(&table, now, &c));
	/* Who comes by a relay takes nothing from the others who do. */
	a.kind = ENDPOINT_RELAY;
	a.id = 1;
	assert_true(ratelimit_take_prefix(&table, now, &a));
	a.id = 2;
	while (ratelimit_take_prefix(&table, now, &a))
		;
	a.id = 1;
	assert_true(ratelimit_take_prefix(&table, now, &a));
}

static void test_cookie_life(void **state)
{
	uint8_t secret[COOKIE_SECRET_LEN] = { 1 }, cookie[WIRE_COOKIE_LEN];
	uint8_t frame[200] = { WIRE_TYPE_INIT, [100] = 5 };
	struct cookie_jar jar = { .made_at = 0 };
	uint64_t now = 1000 * CLOCK_SECOND;
	struct endpoint src, other;

	(void)state;
	endpoint_parse("192.0.2.1:1000", &src);
	assert_true(cookie_jar_due(&jar, now));
	assert_false(cookie_check(&jar, &src, frame, sizeof(frame)));
	cookie_jar_rotate(&jar, now, secret);
	assert_false(cookie_jar_due(&jar, now));
	cookie_make(&jar, &src, cookie);
	cookie_mac(cookie, frame, sizeof(frame), frame + WIRE_INIT_MAC2);
	assert_true(cookie_check(&jar, &src, frame, sizeof(frame)));

	endpoint_parse("192.0.2.1:1001", &other);
	assert_false(cookie_check(&jar, &other, frame, sizeof(frame)));
	endpoint_parse("192.0.2.2:1000", &other);
	assert_false(cookie_check(&jar, &other, frame, sizeof(frame)));
	endpoint_parse("[2001:db8::1]:1000", &other);
	assert_false(cookie_check(&jar, &other, frame, sizeof(frame)));
	endpoint_parse("relay:0x1@192.0.2.1:1000", &other);
	assert_false(cookie_check(&jar, &other, frame, sizeof(frame)));
	frame[100]++;
	assert_false(cookie_check(&jar, &src, frame, sizeof(frame)));
	frame[100]--;

	/* Good with the secret after, not with the one after that. */
	now += COOKIE_SECRET_LIFE;
	assert_true(cookie_jar_due(&jar, now));
	secret[0]++;
	cookie_jar_rotate(&jar, now, secret);
	assert_true(cookie_check(&jar, &src, frame, sizeof(frame)));
	now += COOKIE_SECRET_LIFE;
	secret[0]++;
	cookie_jar_rotate(&jar, now, secret);
	assert_false(cookie_check(&jar, &src, frame, sizeof(frame)));
	/* A secret nobody used for long is not the one before. */
	cookie_make(&jar, &src, cookie);
	cookie_mac(cookie, frame, sizeof(frame), frame + WIRE_INIT_MAC2);
	now += 2 * COOKIE_SECRET_LIFE;
	secret[0]++;
	cookie_jar_rotate(&jar, now, secret);
	assert_false(cookie_check(&jar, &src, frame, sizeof(frame)));
}

/* Both ends have the same keys, each in its own direction. */
static void test_pair(void **state)
{
	uint8_t seed[32] = { 1 }, psk[32] = { 5 };
	struct pair ab, ba, with;
	struct identity a, b;

	(void)state;
	identity_from_seed(seed, &a);
	seed[0]++;
	identity_from_seed(seed, &b);
	assert_int_equal(pair_derive(&ab, &a, b.public, b.x25519_public, NULL),
			 0);
	assert_int_equal(pair_derive(&ba, &b, a.public, a.x25519_public, NULL),
			 0);
	assert_memory_equal(ab.noise_psk, ba.noise_psk, 32);
	assert_memory_equal(ab.mac_tx, ba.mac_rx, 32);
	assert_memory_equal(ab.mac_rx, ba.mac_tx, 32);
	assert_memory_equal(ab.hint_tx, ba.hint_rx, 32);
	assert_memory_equal(ab.cookie_tx, ba.cookie_rx, 32);
	assert_memory_not_equal(ab.mac_tx, ab.mac_rx, 32);
	assert_memory_not_equal(ab.mac_tx, ab.hint_tx, 32);
	assert_int_equal(pair_hint(ab.hint_tx, 7), pair_hint(ba.hint_rx, 7));
	assert_int_not_equal(pair_hint(ab.hint_tx, 7), pair_hint(ab.hint_tx, 8));
	assert_int_not_equal(pair_hint(ab.hint_tx, 7), pair_hint(ab.hint_rx, 7));

	pair_derive(&with, &a, b.public, b.x25519_public, psk);
	assert_memory_not_equal(ab.mac_tx, with.mac_tx, 32);
	assert_memory_not_equal(ab.noise_psk, with.noise_psk, 32);
	assert_int_equal(pair_derive(&with, &a, a.public, a.x25519_public,
				     NULL), -EINVAL);
	memset(psk, 0, sizeof(psk));
	assert_int_equal(pair_derive(&with, &a, b.public, psk, NULL), -EINVAL);
}

static int hearing, stderr_before;

/* From here on stderr is a pipe. */
static void hear_begin(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	stderr_before = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	hearing = ends[0];
}

/* All that went there. */
static const char *hear_end(void)
{
	static char heard[256];
	ssize_t len;

	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	len = read(hearing, heard, sizeof(heard) - 1);
	close(hearing);
	assert_true(len >= 0);
	heard[len] = '\0';
	return heard;
}

/* What others send cannot forge a line. */
static void test_log(void **state)
{
	enum log_level level;

	(void)state;
	hear_begin();
	log_open("test", LOG_LEVEL_INFO);
	log_debug("not shown");
	log_info("a\nb\033[31m%d", 5);
	assert_string_equal(hear_end(), "test: a?b?[31m5\n");
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("Debug", &level), -EINVAL);
}

/* As systemd says that stderr is the journal: "device:inode". */
static void journal_is(unsigned int inode_offset)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu",
		 (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + inode_offset);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void test_log_journal(void **state)
{
	(void)state;
	hear_begin();
	journal_is(0);
	log_open("test", LOG_LEVEL_DEBUG);
	log_error("failed");
	log_warning("beware");
	log_notice("look");
	log_info("done");
	log_debug("a\n<0>b");
	assert_string_equal(hear_end(),
			    "<3>failed\n<4>beware\n<5>look\n<6>done\n"
			    "<7>a?<0>b\n");

	/* Of somebody whose stderr was the journal, and is not any more. */
	hear_begin();
	journal_is(1);
	log_open("test", LOG_LEVEL_INFO);
	log_error("failed");
	setenv("JOURNAL_STREAM", "garbage", 1);
	log_open("test", LOG_LEVEL_INFO);
	log_error("again");
	assert_string_equal(hear_end(), "test: failed\ntest: again\n");
	unsetenv("JOURNAL_STREAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamp_text),
		cmocka_unit_test(test_stamp_rules),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_ratelimit),
		cmocka_unit_test(test_ratelimit_prefix),
		cmocka_unit_test(test_cookie_life),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_journal),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}

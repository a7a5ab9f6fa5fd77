// SPDX-License-Identifier: GPL-2.0-or-later
/* The introducer and the kernel: refusals, restarts, other configurations. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake_said.h"
#include "tlv.h"

/* Whichever call fails, nothing is left in the kernel. */
static void test_kernel_refuses(void **state)
{
	static const struct {
		int error;
		int reason;
	} errors[] = {
		{ -ENOSPC, WIRE_REFUSED_FULL }, { -ENOMEM, WIRE_REFUSED_FULL },
		{ -ENOENT, WIRE_REFUSED_NOT_HERE },
		{ -EOPNOTSUPP, WIRE_REFUSED_NOT_ALLOWED },
		{ -EEXIST, WIRE_REFUSED_FULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		for (int skip = 0; skip < 2; skip++) {
			struct fake *fake = fake_new(2);

			fake->error = errors[i].error;
			fake->errors = -1;
			fake->skip = skip;
			fake_open(fake, 0, 1);
			assert_int_equal(fake_refused(fake, 0), errors[i].reason);
			assert_int_equal(fake->entries, 0);
			assert_int_equal(fake_stats(fake)->pairs, 0);
			assert_int_equal(fake_sent_to(fake, 1), 0);
			fake->errors = 0;
			fake_open(fake, 0, 1);
			assert_true(fake_is_whole(fake));
			fake_granted(fake, 0, 1);
			fake_free(fake);
		}
	}
}

/* Ids that are taken are met with others. */
static void test_collision(void **state)
{
	(void)state;
	for (int skip = 0; skip < 2; skip++) {
		struct fake *fake = fake_new(2);

		fake->error = -EEXIST;
		fake->errors = 2;
		fake->skip = skip;
		fake_open(fake, 0, 1);
		assert_int_equal(fake->entries, 2);
		assert_true(fake_is_whole(fake));
		assert_int_equal(fake_granted(fake, 0, 1),
				 fake_way(fake, 0, 1)->entry.id);
		fake_free(fake);
	}
}

/* What the kernel lost comes back with the same ids. */
static void test_kernel_forgot(void **state)
{
	struct fake *fake = fake_new(2);
	uint32_t a, b;

	(void)state;
	fake_open(fake, 0, 1);
	a = fake_granted(fake, 0, 1);
	b = fake_granted(fake, 1, 0);
	fake_remove(fake, fake_find(fake, a));
	fake_open(fake, 0, 1);
	assert_true(fake_is_whole(fake));
	assert_int_equal(fake_granted(fake, 0, 1), a);
	assert_non_null(fake_find(fake, b));
	/* An id that became somebody else's is not used on. */
	fake_find(fake, b)->entry.from = fake_peer(77);
	fake_open(fake, 0, 1);
	assert_int_not_equal(fake_granted(fake, 0, 1), a);
	assert_int_not_equal(fake_granted(fake, 1, 0), b);
	fake_free(fake);
}

/* A new worker goes on with what the kernel has. */
static void test_restart(void **state)
{
	struct fake *fake = fake_new(6);
	uint32_t a, b;

	(void)state;
	fake_open(fake, 0, 1);
	fake_open(fake, 2, 3);
	fake_open(fake, 4, 5);
	a = fake_granted(fake, 0, 1);
	b = fake_granted(fake, 1, 0);
	fake_run(fake, 100 * CLOCK_SECOND);
	/* One that lost a direction is of no use. */
	fake_remove(fake, fake_way(fake, 3, 2));
	fake->sents = 0;
	fake_restart(fake);
	assert_int_equal(fake->entries, 4);
	assert_true(fake_is_whole(fake));
	assert_int_equal(fake->sents, 0);
	fake_open(fake, 0, 1);
	assert_int_equal(fake_granted(fake, 0, 1), a);
	assert_int_equal(fake_granted(fake, 1, 0), b);
	fake_open(fake, 2, 3);
	fake_granted(fake, 2, 3);
	/* The one nobody renews ends in its time. */
	fake_run(fake, 202 * CLOCK_SECOND);
	assert_null(fake_way(fake, 4, 5));
	assert_non_null(fake_way(fake, 0, 1));
	assert_true(fake_is_whole(fake));
	/* Who opened is not known: neither ends it alone. */
	fake_restart(fake);
	fake_close(fake, 0, 1);
	assert_non_null(fake_way(fake, 0, 1));
	fake_close(fake, 1, 0);
	assert_null(fake_way(fake, 0, 1));
	/* What is allowed otherwise now is changed, and both know. */
	fake_open(fake, 0, 1);
	fake->config.data = false;
	fake_restart(fake);
	assert_true(fake_is_whole(fake));
	assert_true(fake_way(fake, 0, 1)->entry.signalling);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fake_last_to(fake, i)->message.flags,
				 WIRE_RELAY_F_SIGNALLING);
	/* What is not allowed any more is not adopted. */
	fake->config.enabled = false;
	fake_restart(fake);
	assert_int_equal(fake->entries, 0);
	fake_free(fake);
}

/* What was spent stays so; what allows more than is configured does not. */
static void test_restart_spent(void **state)
{
	static const uint64_t limits[] = { 1000, 500, 0, 600 };
	struct fake *fake = fake_new(2);

	(void)state;
	fake->config.total_bytes = 1000;
	fake_configure(fake);
	fake_open(fake, 0, 1);
	fake_way(fake, 0, 1)->entry.total_bytes = 1;
	for (int i = 0; i < 4; i++) {
		fake->config.total_bytes = limits[i];
		fake->renews = 0;
		fake_restart(fake);
		assert_true(fake_is_whole(fake));
		assert_int_equal(fake->renews, i ? 2 : 0);
		assert_int_equal(fake_way(fake, 0, 1)->entry.total_bytes,
				 i ? limits[i] : 1);
	}
	/* In force at once, without a restart as well. */
	fake->config.total_bytes = 700;
	fake_configure(fake);
	assert_int_equal(fake_way(fake, 1, 0)->entry.total_bytes, 700);
	fake_free(fake);
}

/* Entries that contradict each other are not trusted. */
static void test_adopt_strange(void **state)
{
	static const struct relay_entry strange[] = {
		{ .id = 1, .next_id = 2, .from = 10, .to = 11, .seconds = 9 },
		/* Twice; another way of the same pair; an id of another. */
		{ .id = 1, .next_id = 2, .from = 10, .to = 11, .seconds = 9 },
		{ .id = 3, .next_id = 4, .from = 10, .to = 11, .seconds = 9 },
		{ .id = 3, .next_id = 1, .from = 11, .to = 10, .seconds = 9 },
		{ .id = 2, .next_id = 5, .from = 12, .to = 13, .seconds = 9 },
		{ .id = 6, .next_id = 1, .from = 12, .to = 13, .seconds = 9 },
		/* Not whole. */
		{ .id = 0, .next_id = 2, .from = 10, .to = 11, .seconds = 9 },
		{ .id = 7, .next_id = 7, .from = 14, .to = 15, .seconds = 9 },
		{ .id = 7, .next_id = 8, .from = 14, .to = 14, .seconds = 9 },
		{ .id = 7, .next_id = 8, .from = 14, .to = 15, .seconds = 0 },
	};
	struct fake *fake = fake_new(2);

	(void)state;
	for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
		introducer_adopt(fake->in, fake->now, FAKE_AGENT, &strange[i]);
		assert_int_equal(fake->dels, i);
		assert_int_equal(fake_stats(fake)->pairs, 1);
	}
	introducer_adopt_end(fake->in, fake->now);
	assert_int_equal(fake_stats(fake)->pairs, 0);
	fake_free(fake);
}

static void test_configure(void **state)
{
	struct fake *fake = fake_new(4);
	uint64_t until;

	(void)state;
	fake_open(fake, 0, 1);
	fake_open(fake, 2, 3);
	until = fake_way(fake, 0, 1)->until;
	fake_run(fake, 100 * CLOCK_SECOND);
	fake->config.data = false;
	fake->config.packet_rate = 5;
	fake_configure(fake);
	assert_true(fake_way(fake, 0, 1)->entry.signalling);
	assert_int_equal(fake_way(fake, 1, 0)->entry.packet_rate, 5);
	/* With the life that was left, and both know. */
	assert_true(fake_way(fake, 0, 1)->until == until);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fake_last_to(fake, i)->message.flags,
				 WIRE_RELAY_F_SIGNALLING);
	/* No longer than is allowed now. */
	fake->config.data = true;
	fake->config.lifetime = 60;
	fake_configure(fake);
	assert_int_equal(fake->entries, 4);
	assert_true(fake_way(fake, 0, 1)->until ==
		    fake->now + 60 * CLOCK_SECOND);
	assert_int_equal(fake_last_to(fake, 1)->message.flags, 0);
	assert_int_equal(fake_last_to(fake, 1)->message.lifetime, 60);
	fake->config.pairs = 1;
	fake->renews = 0;
	fake_configure(fake);
	assert_int_equal(fake->renews, 0);
	assert_int_equal(fake->entries, 4);
	fake->config.enabled = false;
	fake_configure(fake);
	assert_int_equal(fake->entries, 0);
	fake_free(fake);
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_refuses),
		cmocka_unit_test(test_collision),
		cmocka_unit_test(test_kernel_forgot),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_spent),
		cmocka_unit_test(test_adopt_strange),
		cmocka_unit_test(test_configure),
	};

	return cmocka_run_group_tests_name("introducer and the kernel", tests,
					   setup, NULL);
}
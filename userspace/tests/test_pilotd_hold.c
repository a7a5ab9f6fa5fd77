// SPDX-License-Identifier: GPL-2.0-or-later
/* Holds on endpoints begin, are prolonged, and end by themselves. */
#include <string.h>

#include "check.h"
#include "hold.h"

struct seen {
	sd_event *event;
	uint64_t began;
	unsigned int count;
	uint64_t peer[4];
	uint64_t at[4];
};

static uint64_t now_us(sd_event *event)
{
	uint64_t now;

	/* What the loop took as now is of its last turn. */
	sd_event_run(event, 0);
	sd_event_now(event, CLOCK_BOOTTIME, &now);
	return now;
}

static int see(void *ctx, uint64_t agent, uint64_t peer)
{
	struct seen *seen = ctx;
	uint64_t now;

	assert_int_equal(agent, 1);
	assert_true(seen->count < 4);
	sd_event_now(seen->event, CLOCK_BOOTTIME, &now);
	seen->peer[seen->count] = peer;
	seen->at[seen->count++] = now - seen->began;
	return 0;
}

static void run_until(struct seen *seen, uint64_t us)
{
	while (now_us(seen->event) - seen->began < us)
		sd_event_run(seen->event, 20000);
}

static void a_hold_ends_after_its_time(void **state)
{
	struct seen seen = { 0 };
	struct holds *holds;

	(void)state;
	assert_true(sd_event_new(&seen.event) >= 0);
	assert_int_equal(holds_new(&holds, seen.event, see, &seen), 0);
	seen.began = now_us(seen.event);
	assert_int_equal(hold_begin(holds, 1, 10), 0);
	assert_int_equal(hold_begin(holds, 1, 11), 0);
	run_until(&seen, HOLD_US / 2);
	assert_int_equal(seen.count, 0);
	/* The first is prolonged, and ends after the other now. */
	assert_int_equal(hold_begin(holds, 1, 10), 0);
	assert_int_equal(hold_begin(holds, 1, 12), 0);
	run_until(&seen, 2 * HOLD_US);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.peer[0], 11);
	assert_int_equal(seen.peer[1], 10);
	assert_int_equal(seen.peer[2], 12);
	assert_true(seen.at[0] >= HOLD_US);
	assert_true(seen.at[1] >= HOLD_US + HOLD_US / 2);
	/* And again, as if there had been none. */
	seen.count = 0;
	seen.began = now_us(seen.event);
	assert_int_equal(hold_begin(holds, 1, 10), 0);
	run_until(&seen, HOLD_US + HOLD_US / 2);
	assert_int_equal(seen.count, 1);
	assert_int_equal(hold_begin(holds, 1, 10), 0);
	holds_free(holds);
	sd_event_unref(seen.event);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hold_ends_after_its_time),
	};

	return cmocka_run_group_tests_name("pilotd_hold", tests, NULL, NULL);
}

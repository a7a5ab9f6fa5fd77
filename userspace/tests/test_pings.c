// SPDX-License-Identifier: GPL-2.0-or-later
/* The pings that are waited for: how many, how long, and no memory else. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "pings.h"

static struct ping ping_at(uint64_t token, uint64_t at)
{
	struct ping ping = { .token = token, .sent_at = at };

	ping.dst.family = AF_INET;
	ping.dst.port = token;
	return ping;
}

static void add(struct pings **pings, uint64_t token, uint64_t at)
{
	struct ping ping = ping_at(token, at);

	assert_int_equal(pings_add(pings, &ping), 0);
}

static void test_take(void **state)
{
	struct pings *pings = NULL;
	struct ping ping;

	(void)state;
	assert_false(pings_take(&pings, 0, &ping));
	for (uint64_t i = 0; i < PINGS_MAX; i++)
		add(&pings, i, 10 * i);
	ping = ping_at(99, 0);
	assert_int_equal(pings_add(&pings, &ping), -EBUSY);
	assert_false(pings_take(&pings, 99, &ping));
	/* Out of the middle, both ends, and each once. */
	for (uint64_t i = 0; i < PINGS_MAX; i++) {
		uint64_t token = (i * 7 + 5) % PINGS_MAX;

		assert_true(pings_take(&pings, token, &ping));
		assert_int_equal(ping.token, token);
		assert_int_equal(ping.sent_at, 10 * token);
		assert_int_equal(ping.dst.port, token);
		assert_false(pings_take(&pings, token, &ping));
	}
	assert_null(pings);
}

static void test_expire(void **state)
{
	struct pings *pings = NULL;
	struct ping ping;

	(void)state;
	assert_int_equal(pings_deadline(pings), CLOCK_NEVER);
	pings_expire(&pings, CLOCK_NEVER);
	for (uint64_t i = 1; i <= 3; i++)
		add(&pings, i, i * CLOCK_SECOND);
	assert_int_equal(pings_deadline(pings), CLOCK_SECOND + PINGS_LIFE);
	pings_expire(&pings, CLOCK_SECOND + PINGS_LIFE - 1);
	assert_int_equal(pings->count, 3);
	pings_expire(&pings, CLOCK_SECOND + PINGS_LIFE);
	assert_int_equal(pings->count, 2);
	assert_false(pings_take(&pings, 1, &ping));
	assert_true(pings_take(&pings, 2, &ping));
	assert_int_equal(pings_deadline(pings), 3 * CLOCK_SECOND + PINGS_LIFE);
	pings_expire(&pings, 100 * CLOCK_SECOND);
	assert_null(pings);
	add(&pings, 1, 0);
	pings_free(&pings);
	assert_null(pings);
	pings_free(&pings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_expire),
	};

	return cmocka_run_group_tests_name("pings", tests, NULL, NULL);
}

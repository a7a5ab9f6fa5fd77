// SPDX-License-Identifier: GPL-2.0-or-later
/* How often a NAT wants to see something, as one end finds it out. */
#include "check.h"
#include "path_end.h"

static struct end *keep_up(void)
{
	struct end *end = end_new(true);

	end->answer = true;
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	/* So that no ping is under way when a run ends. */
	end_run(end, 24 * S + S / 2);
	return end;
}

static unsigned int pings_in(struct end *end, uint64_t duration)
{
	unsigned int from = end->count;

	end_run(end, duration);
	return end_sent_since(end, from, WIRE_CONTROL_PING);
}

/* The word that was asked for, and no other, says that a NAT lets it in. */
static void test_learn(void **state)
{
	struct end *end = keep_up();
	const struct sent *later;

	(void)state;
	later = end_last(end, WIRE_CONTROL_LATER);
	assert_non_null(later);
	assert_int_equal(later->message.lifetime, 24);
	end_late(end, later->message.generation);
	end_run(end, 25 * S);
	assert_int_equal(end_sent_since(end, 0, WIRE_CONTROL_LATER), 2);
	later = end_last(end, WIRE_CONTROL_LATER);
	assert_int_equal(later->message.lifetime, 24);
	end_late(end, later->message.generation + 1);
	/* Now and then, until it needs no more than 5 s. */
	end->shut = true;
	assert_in_range(pings_in(end, 100 * S), 12, 16);
	for (int i = 0; i < 60 &&
	     end_last(end, WIRE_CONTROL_LATER)->message.lifetime == 1; i++)
		end_run(end, S / 2);
	later = end_last(end, WIRE_CONTROL_LATER);
	assert_int_equal(later->message.lifetime, 4);
	/* Who is not there at all proves nothing of a NAT. */
	path_addresses_set(end->host, &end->now, NULL, 0, true);
	end_run(end, S);
	end->answer = false;
	end_run(end, 40 * S);
	end->answer = true;
	end_run(end, 10 * S);
	later = end_last(end, WIRE_CONTROL_LATER);
	assert_int_equal(later->message.lifetime, 24);
	end_free(end);
}

/* An introducer that says no such word proves nothing of a NAT either. */
static void test_mute(void **state)
{
	struct end *end = keep_up();
	const struct sent *later;

	(void)state;
	assert_in_range(pings_in(end, 500 * S), 19, 21);
	/* Nor does the word before the last. */
	for (int i = 0; i < 60; i++) {
		later = end_last(end, WIRE_CONTROL_LATER);
		if (later->message.lifetime == 1)
			break;
		end_run(end, S);
	}
	assert_int_equal(later->message.lifetime, 1);
	end_late(end, later->message.generation - 1);
	assert_in_range(pings_in(end, 100 * S), 3, 5);
	end_free(end);
}

/* Each miss is proven by itself: it may say them no more. */
static void test_muted(void **state)
{
	struct end *end = keep_up();

	(void)state;
	end->shut = true;
	end_run(end, 15 * S);
	assert_int_equal(end_last(end, WIRE_CONTROL_LATER)->message.lifetime,
			 15);
	end->shut = false;
	assert_in_range(pings_in(end, 500 * S), 28, 32);
	end_free(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learn),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_muted),
	};

	return cmocka_run_group_tests_name("path_keep", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The replay window, against a model that remembers every counter. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "window.h"

#define COUNTERS	600

struct model {
	bool came[COUNTERS];
	int top;
};

static bool model_check(const struct model *model, int counter)
{
	return !model->came[counter] && model->top - counter < WINDOW_SIZE;
}

static void model_commit(struct model *model, int counter)
{
	model->came[counter] = true;
	if (counter > model->top)
		model->top = counter;
}

/* Everything the window could be asked for is answered as by the model. */
static void both_agree(const struct window *window, const struct model *model)
{
	for (int i = 0; i < COUNTERS; i++)
		assert_int_equal(window_check(window, i),
				 model_check(model, i));
}

static void test_against_model(void **state)
{
	(void)state;
	srand(1);
	for (int run = 0; run < 100; run++) {
		int reach = 1 + run % 3 * WINDOW_SIZE;
		struct window window = { 0 };
		struct model model = { .top = 0 };

		both_agree(&window, &model);
		for (int i = 0; i < 100; i++) {
			int counter = model.top + rand() % (reach + 8) - reach / 2;

			if (counter < 0 || counter >= COUNTERS)
				continue;
			if (model_check(&model, counter)) {
				window_commit(&window, counter);
				model_commit(&model, counter);
			}
			both_agree(&window, &model);
		}
	}
}

/* Every distance of a jump, the width of the window among them. */
static void test_jumps(void **state)
{
	(void)state;
	for (int jump = 1; jump < 3 * WINDOW_SIZE; jump++) {
		struct window window = { 0 };
		struct model model = { .top = 0 };

		for (int i = 0; i < WINDOW_SIZE; i += 3) {
			window_commit(&window, i);
			model_commit(&model, i);
		}
		window_commit(&window, model.top + jump);
		model_commit(&model, model.top + jump);
		both_agree(&window, &model);
	}
}

static void test_ends(void **state)
{
	struct window window = { 0 };

	(void)state;
	assert_true(window_check(&window, 0));
	window_commit(&window, 0);
	assert_false(window_check(&window, 0));
	assert_true(window_check(&window, UINT64_MAX));
	window_commit(&window, UINT64_MAX);
	assert_false(window_check(&window, UINT64_MAX));
	assert_false(window_check(&window, 0));
	assert_true(window_check(&window, UINT64_MAX - WINDOW_SIZE + 1));
	assert_false(window_check(&window, UINT64_MAX - WINDOW_SIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}

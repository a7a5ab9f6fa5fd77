/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters that came under a key, so that none is taken twice. */
#ifndef PILOT_LIB_WINDOW_H
#define PILOT_LIB_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* How far behind the greatest one a counter may come. */
#define WINDOW_SIZE	64

/* All zero: nothing came. */
struct window {
	uint64_t top;			/* the greatest one taken */
	uint64_t taken;			/* bit i: top - i came */
};

/* Not taken yet, and not too old to tell. */
bool window_check(const struct window *window, uint64_t counter);
/* Only for what was checked, and authenticated since. */
void window_commit(struct window *window, uint64_t counter);

#endif /* PILOT_LIB_WINDOW_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deadlines in a heap: the next one is known, any one moves cheaply. */
#ifndef PILOT_LIB_TIMER_H
#define PILOT_LIB_TIMER_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	uint64_t at;		/* boot time; CLOCK_NEVER: not set */
	size_t pos;		/* in the heap, counted from 1; 0: not in it */
};

struct timer_heap {
	struct timer **timers;
	size_t count;
	size_t size;
};

/* Room for @count timers, so that setting one never fails. */
int timer_heap_reserve(struct timer_heap *heap, size_t count);
void timer_heap_free(struct timer_heap *heap);
void timer_set(struct timer_heap *heap, struct timer *timer, uint64_t at);
/* NULL when none is set. */
struct timer *timer_first(const struct timer_heap *heap);

#endif /* PILOT_LIB_TIMER_H */

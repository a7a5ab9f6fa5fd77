// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "timer.h"

int timer_heap_reserve(struct timer_heap *heap, size_t count)
{
	size_t size = heap->size ? heap->size : 16;
	struct timer **timers;

	if (count <= heap->size)
		return 0;
	while (size < count)
		size *= 2;
	timers = realloc(heap->timers, size * sizeof(*timers));
	if (!timers)
		return -ENOMEM;
	heap->timers = timers;
	heap->size = size;
	return 0;
}

void timer_heap_free(struct timer_heap *heap)
{
	free(heap->timers);
	heap->timers = NULL;
	heap->count = heap->size = 0;
}

static void timer_place(struct timer_heap *heap, struct timer *timer,
			size_t pos)
{
	heap->timers[pos - 1] = timer;
	timer->pos = pos;
}

/* From where it stands, up or down to where it belongs. */
static void timer_sift(struct timer_heap *heap, struct timer *timer)
{
	size_t pos = timer->pos, child;

	while (pos > 1 && heap->timers[pos / 2 - 1]->at > timer->at) {
		timer_place(heap, heap->timers[pos / 2 - 1], pos);
		pos /= 2;
	}
	while ((child = pos * 2) <= heap->count) {
		if (child < heap->count &&
		    heap->timers[child]->at < heap->timers[child - 1]->at)
			child++;
		if (heap->timers[child - 1]->at >= timer->at)
			break;
		timer_place(heap, heap->timers[child - 1], pos);
		pos = child;
	}
	timer_place(heap, timer, pos);
}

static void timer_remove(struct timer_heap *heap, struct timer *timer)
{
	struct timer *last = heap->timers[heap->count - 1];
	size_t pos = timer->pos;

	heap->count--;
	timer->pos = 0;
	if (last == timer)
		return;
	timer_place(heap, last, pos);
	timer_sift(heap, last);
}

void timer_set(struct timer_heap *heap, struct timer *timer, uint64_t at)
{
	timer->at = at;
	if (at == CLOCK_NEVER) {
		if (timer->pos)
			timer_remove(heap, timer);
		return;
	}
	if (!timer->pos)
		timer_place(heap, timer, ++heap->count);
	timer_sift(heap, timer);
}

struct timer *timer_first(const struct timer_heap *heap)
{
	return heap->count ? heap->timers[0] : NULL;
}

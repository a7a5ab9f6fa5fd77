// SPDX-License-Identifier: GPL-2.0-or-later
#include "window.h"

bool window_check(const struct window *window, uint64_t counter)
{
	uint64_t behind = window->top - counter;

	if (counter > window->top)
		return true;
	return behind < WINDOW_SIZE && !(window->taken >> behind & 1);
}

void window_commit(struct window *window, uint64_t counter)
{
	uint64_t ahead = counter - window->top;

	if (counter <= window->top) {
		window->taken |= 1ULL << (window->top - counter);
		return;
	}
	/* A shift by the whole width is undefined. */
	window->taken = ahead < WINDOW_SIZE ? window->taken << ahead : 0;
	window->taken |= 1;
	window->top = counter;
}

// SPDX-License-Identifier: GPL-2.0

#include "counters.h"

#include <linux/atomic.h>

/**
 * pilot_counters_ready - give counters their memory
 * @counters: the counters
 * @gfp: how to allocate; on failure without sleeping a count is lost
 *
 * Context: any that @gfp allows; several may try at once.
 * Return: the per-CPU memory, or NULL.
 */
u64 __percpu *pilot_counters_ready(struct pilot_counters *counters, gfp_t gfp)
{
	u64 __percpu *value = READ_ONCE(counters->value), *old;

	if (value)
		return value;
	value = __alloc_percpu_gfp(counters->n * sizeof(u64), sizeof(u64),
				   gfp);
	if (!value)
		return NULL;
	old = cmpxchg(&counters->value, NULL, value);
	if (!old)
		return value;
	free_percpu(value);
	return old;
}

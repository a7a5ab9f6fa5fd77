/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU counters: an array of u64 indexed by the attribute number under
 * which netlink shows each. Writers run with BH disabled, or are netlink
 * handlers for which a lost race with a softirq is excluded by this_cpu_add.
 */
#ifndef PILOT_COUNTERS_H
#define PILOT_COUNTERS_H

#include <linux/gfp.h>
#include <linux/percpu.h>
#include <net/netlink.h>

struct pilot_counters {
	u64 __percpu *value;	/* NULL: all are zero so far */
	unsigned int n;
};

/* Counters that take memory when the first is counted, or made ready. */
static inline void pilot_counters_init_lazy(struct pilot_counters *counters,
					    unsigned int n)
{
	counters->n = n;
	counters->value = NULL;
}

u64 __percpu *pilot_counters_ready(struct pilot_counters *counters, gfp_t gfp);

static inline int pilot_counters_init(struct pilot_counters *counters,
				      unsigned int n)
{
	pilot_counters_init_lazy(counters, n);
	return pilot_counters_ready(counters, GFP_KERNEL_ACCOUNT) ? 0 :
								    -ENOMEM;
}

static inline void pilot_counters_free(struct pilot_counters *counters)
{
	free_percpu(counters->value);
	counters->value = NULL;
}

static inline void pilot_counters_add(struct pilot_counters *counters,
				      unsigned int i, u64 n)
{
	u64 __percpu *value = READ_ONCE(counters->value);

	if (unlikely(!value)) {
		value = pilot_counters_ready(counters,
					     GFP_NOWAIT | __GFP_NOWARN);
		if (!value)
			return;
	}
	this_cpu_add(value[i], n);
}

static inline void pilot_counters_inc(struct pilot_counters *counters,
				      unsigned int i)
{
	pilot_counters_add(counters, i, 1);
}

static inline u64 pilot_counters_sum(const struct pilot_counters *counters,
				     unsigned int i)
{
	u64 __percpu *value = READ_ONCE(counters->value);
	u64 sum = 0;
	int cpu;

	if (!value)
		return 0;
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(value, cpu)[i]);
	return sum;
}

/**
 * pilot_counters_put - add counters to a netlink message as one nest
 * @msg: message under construction
 * @nest: attribute number of the nest
 * @counters: the counters
 * @first: first attribute number that is a counter; the one below is padding
 * @last: last attribute number that is a counter
 *
 * Return: 0, or -EMSGSIZE with the nest left out.
 */
static inline int pilot_counters_put(struct sk_buff *msg, int nest,
				     const struct pilot_counters *counters,
				     int first, int last)
{
	struct nlattr *attr = nla_nest_start(msg, nest);
	int i;

	if (!attr)
		return -EMSGSIZE;
	for (i = first; i <= last; i++) {
		if (nla_put_u64_64bit(msg, i, pilot_counters_sum(counters, i),
				      first - 1)) {
			nla_nest_cancel(msg, attr);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(msg, attr);
	return 0;
}

#endif /* PILOT_COUNTERS_H */

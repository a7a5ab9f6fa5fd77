/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU counters: an array of u64 indexed by the attribute number under
 * which netlink shows each. Writers run with BH disabled, or are netlink
 * handlers for which a lost race with a softirq is excluded by this_cpu_add.
 */
#ifndef PILOT_COUNTERS_H
#define PILOT_COUNTERS_H

#include <linux/percpu.h>
#include <net/netlink.h>

struct pilot_counters {
	u64 __percpu *value;
	unsigned int n;
};

static inline int pilot_counters_init(struct pilot_counters *counters,
				      unsigned int n)
{
	counters->n = n;
	counters->value = __alloc_percpu(n * sizeof(u64), sizeof(u64));
	return counters->value ? 0 : -ENOMEM;
}

static inline void pilot_counters_free(struct pilot_counters *counters)
{
	free_percpu(counters->value);
	counters->value = NULL;
}

static inline void pilot_counters_add(struct pilot_counters *counters,
				      unsigned int i, u64 n)
{
	this_cpu_add(counters->value[i], n);
}

static inline void pilot_counters_inc(struct pilot_counters *counters,
				      unsigned int i)
{
	this_cpu_inc(counters->value[i]);
}

static inline u64 pilot_counters_sum(const struct pilot_counters *counters,
				     unsigned int i)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(counters->value, cpu)[i]);
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

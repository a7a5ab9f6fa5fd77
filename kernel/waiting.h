/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets to addresses that are no peers (yet): the helper is asked, and they
 * wait a moment for its answer.
 */
#ifndef PILOT_WAITING_H
#define PILOT_WAITING_H

#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/types.h>

/* Packets that wait in one device, and addresses asked for at a time. */
#define PILOT_WAITING_MAX	64
#define PILOT_WAITING_ASKED	64

/**
 * struct pilot_waiting - the waiting packets of a device
 * @queue: the packets, oldest first; its lock guards everything here
 * @asked: addresses asked for lately, and when; a ring
 * @asked_next: where the next one goes
 * @stopped: the device is being deleted
 * @timer: drops what waited too long; pending only while something waits
 */
struct pilot_waiting {
	struct sk_buff_head queue;
	struct {
		u64 address;
		u64 at;
	} asked[PILOT_WAITING_ASKED];
	unsigned int asked_next;
	bool stopped;
	struct timer_list timer;
};

void pilot_waiting_init(struct pilot_waiting *waiting,
			void (*timer)(struct timer_list *));
void pilot_waiting_stop(struct pilot_waiting *waiting);
bool pilot_waiting_add(struct pilot_waiting *waiting, struct sk_buff *skb,
		       u64 address, u64 now, struct sk_buff **overflow);
void pilot_waiting_take(struct pilot_waiting *waiting, u64 address,
			struct sk_buff_head *to);
void pilot_waiting_expire(struct pilot_waiting *waiting, u64 now,
			  struct sk_buff_head *to);

#endif /* PILOT_WAITING_H */

// SPDX-License-Identifier: GPL-2.0

#include "waiting.h"

#include <linux/jiffies.h>

#include "compat.h"
#include "peer.h"

#define ASK_AGAIN_NS	NSEC_PER_SEC
#define WAIT_NS		(PILOT_QUEUE_SECONDS * NSEC_PER_SEC)

/* A waiting packet's control block. */
struct waiting_cb {
	u64 address;
	u64 since;
};

static struct waiting_cb *waiting_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct waiting_cb) > sizeof(skb->cb));
	return (struct waiting_cb *)skb->cb;
}

void pilot_waiting_init(struct pilot_waiting *waiting,
			void (*timer)(struct timer_list *))
{
	skb_queue_head_init(&waiting->queue);
	timer_setup(&waiting->timer, timer, 0);
}

/* Context: process; nobody adds any more after the next grace period. */
void pilot_waiting_stop(struct pilot_waiting *waiting)
{
	spin_lock_bh(&waiting->queue.lock);
	waiting->stopped = true;
	spin_unlock_bh(&waiting->queue.lock);
	timer_shutdown_sync(&waiting->timer);
	skb_queue_purge(&waiting->queue);
}

static bool waiting_ask(struct pilot_waiting *waiting, u64 address, u64 now)
{
	int i;

	for (i = 0; i < PILOT_WAITING_ASKED; i++) {
		if (waiting->asked[i].address != address)
			continue;
		if (now < waiting->asked[i].at + ASK_AGAIN_NS)
			return false;
		waiting->asked[i].at = now;
		return true;
	}
	/* A ring full of fresh questions: the helper has enough to do. */
	i = waiting->asked_next;
	if (waiting->asked[i].address &&
	    now < waiting->asked[i].at + ASK_AGAIN_NS)
		return false;
	waiting->asked[i].address = address;
	waiting->asked[i].at = now;
	waiting->asked_next = (i + 1) % PILOT_WAITING_ASKED;
	return true;
}

/**
 * pilot_waiting_add - let a packet wait
 * @waiting: the device's
 * @skb: inner packet; taken over
 * @address: agent address it goes to
 * @now: coarse CLOCK_BOOTTIME ns
 * @overflow: set to a packet to be dropped, or NULL
 *
 * Context: BH disabled.
 * Return: whether the helper should be asked for @address.
 */
bool pilot_waiting_add(struct pilot_waiting *waiting, struct sk_buff *skb,
		       u64 address, u64 now, struct sk_buff **overflow)
{
	bool ask = false;

	*overflow = NULL;
	spin_lock(&waiting->queue.lock);
	if (waiting->stopped) {
		*overflow = skb;
		goto out;
	}
	if (skb_queue_len(&waiting->queue) >= PILOT_WAITING_MAX)
		*overflow = __skb_dequeue(&waiting->queue);
	waiting_cb(skb)->address = address;
	waiting_cb(skb)->since = now;
	__skb_queue_tail(&waiting->queue, skb);
	ask = waiting_ask(waiting, address, now);
	if (!timer_pending(&waiting->timer))
		mod_timer(&waiting->timer,
			  jiffies + PILOT_QUEUE_SECONDS * HZ + 1);
out:
	spin_unlock(&waiting->queue.lock);
	return ask;
}

/* Move what waits for @address to the end of @to. Context: any but irq. */
void pilot_waiting_take(struct pilot_waiting *waiting, u64 address,
			struct sk_buff_head *to)
{
	struct sk_buff *skb, *tmp;

	spin_lock_bh(&waiting->queue.lock);
	skb_queue_walk_safe(&waiting->queue, skb, tmp) {
		if (waiting_cb(skb)->address != address)
			continue;
		__skb_unlink(skb, &waiting->queue);
		__skb_queue_tail(to, skb);
	}
	spin_unlock_bh(&waiting->queue.lock);
}

/* Move what waited too long to @to, and wait for the rest. */
void pilot_waiting_expire(struct pilot_waiting *waiting, u64 now,
			  struct sk_buff_head *to)
{
	struct sk_buff *skb;

	spin_lock_bh(&waiting->queue.lock);
	while ((skb = skb_peek(&waiting->queue))) {
		u64 until = waiting_cb(skb)->since + WAIT_NS;

		if (until > now) {
			mod_timer(&waiting->timer,
				  jiffies + nsecs_to_jiffies(until - now) + 1);
			break;
		}
		__skb_unlink(skb, &waiting->queue);
		__skb_queue_tail(to, skb);
	}
	spin_unlock_bh(&waiting->queue.lock);
}

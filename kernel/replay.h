/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Anti-replay window over 64-bit counters (RFC 6479's method: the bitmap is
 * a ring of words, and advancing clears whole words).
 */
#ifndef PILOT_REPLAY_H
#define PILOT_REPLAY_H

#include <linux/bitops.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* Counters this far below the highest one seen are still accepted once. */
#define PILOT_REPLAY_WINDOW	8192
/* One word more than the window, because the newest word is partly filled. */
#define PILOT_REPLAY_WORDS	(PILOT_REPLAY_WINDOW / BITS_PER_LONG + 1)

/**
 * struct pilot_replay - replay window of one receive key
 * @lock: guards the whole window; taken with BH disabled, never nested
 * @next: highest counter committed plus one, 0 when none was
 * @bitmap: bit set = counter seen
 */
struct pilot_replay {
	spinlock_t lock;	/* next, bitmap */
	u64 next;
	unsigned long bitmap[PILOT_REPLAY_WORDS];
};

void pilot_replay_init(struct pilot_replay *replay);
bool pilot_replay_check(const struct pilot_replay *replay, u64 counter);
bool pilot_replay_commit(struct pilot_replay *replay, u64 counter,
			 bool *newest);
u64 pilot_replay_commit_all(struct pilot_replay *replay, const u64 *counter,
			    u64 which, bool *newest);

#endif /* PILOT_REPLAY_H */

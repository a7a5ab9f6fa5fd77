// SPDX-License-Identifier: GPL-2.0

#include "replay.h"

#include <linux/minmax.h>
#include <linux/string.h>

static unsigned int replay_word(u64 counter)
{
	return (counter / BITS_PER_LONG) % PILOT_REPLAY_WORDS;
}

/* Counter @counter lies below the window that ends before @next. */
static bool replay_is_old(u64 next, u64 counter)
{
	return next > PILOT_REPLAY_WINDOW &&
	       counter < next - PILOT_REPLAY_WINDOW;
}

void pilot_replay_init(struct pilot_replay *replay)
{
	spin_lock_init(&replay->lock);
	replay->next = 0;
	memset(replay->bitmap, 0, sizeof(replay->bitmap));
}

/**
 * pilot_replay_check - cheap look before authentication
 * @replay: the window
 * @counter: counter of a record that is not authenticated yet
 *
 * Changes nothing and takes no lock: pilot_replay_commit() decides.
 *
 * Return: false when the counter is certainly too old.
 */
bool pilot_replay_check(const struct pilot_replay *replay, u64 counter)
{
	return !replay_is_old(READ_ONCE(replay->next), counter);
}

/* Take a counter; @newest is set when it is above every one before it. */
static bool replay_take(struct pilot_replay *replay, u64 counter, bool *newest)
{
	unsigned int word = replay_word(counter);
	unsigned long bit = BIT(counter % BITS_PER_LONG);
	u64 next = replay->next;
	u64 top, steps, i;
	bool fresh;

	if (replay_is_old(next, counter))
		return false;
	if (counter >= next) {
		top = next ? (next - 1) / BITS_PER_LONG : 0;
		steps = min_t(u64, counter / BITS_PER_LONG - top,
			      PILOT_REPLAY_WORDS);
		for (i = 1; i <= steps; i++)
			replay->bitmap[(top + i) % PILOT_REPLAY_WORDS] = 0;
		WRITE_ONCE(replay->next, counter + 1);
		*newest = true;
	}
	fresh = !(replay->bitmap[word] & bit);
	replay->bitmap[word] |= bit;
	return fresh;
}

/**
 * pilot_replay_commit - take a counter, once
 * @replay: the window
 * @counter: counter of an authenticated record
 * @newest: set to whether this counter is above every one before it
 *
 * Context: BH disabled.
 * Return: false when the counter was seen already or is too old.
 */
bool pilot_replay_commit(struct pilot_replay *replay, u64 counter,
			 bool *newest)
{
	bool fresh;

	*newest = false;
	spin_lock(&replay->lock);
	fresh = replay_take(replay, counter, newest);
	spin_unlock(&replay->lock);
	return fresh;
}

/**
 * pilot_replay_commit_all - take the counters of a batch, each once
 * @replay: the window
 * @counter: counters, at most 64
 * @which: bit i says that counter i belongs to an authenticated record
 * @newest: set to whether one of them is above every one before it
 *
 * Context: BH disabled.
 * Return: those of @which that were neither seen already nor too old.
 */
u64 pilot_replay_commit_all(struct pilot_replay *replay, const u64 *counter,
			    u64 which, bool *newest)
{
	u64 fresh = 0;
	int i;

	*newest = false;
	spin_lock(&replay->lock);
	for (; which; which &= which - 1) {
		i = __ffs64(which);
		if (replay_take(replay, counter[i], newest))
			fresh |= BIT_ULL(i);
	}
	spin_unlock(&replay->lock);
	return fresh;
}

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
	unsigned int word = replay_word(counter);
	unsigned long bit = BIT(counter % BITS_PER_LONG);
	bool fresh = false;
	u64 next, steps, i;

	*newest = false;
	spin_lock(&replay->lock);
	next = replay->next;
	if (replay_is_old(next, counter))
		goto out;
	if (counter >= next) {
		u64 top = next ? (next - 1) / BITS_PER_LONG : 0;

		steps = min_t(u64, counter / BITS_PER_LONG - top,
			      PILOT_REPLAY_WORDS);
		for (i = 1; i <= steps; i++)
			replay->bitmap[(top + i) % PILOT_REPLAY_WORDS] = 0;
		WRITE_ONCE(replay->next, counter + 1);
		*newest = true;
	}
	fresh = !(replay->bitmap[word] & bit);
	replay->bitmap[word] |= bit;
out:
	spin_unlock(&replay->lock);
	return fresh;
}

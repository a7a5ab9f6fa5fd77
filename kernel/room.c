// SPDX-License-Identifier: GPL-2.0

#include "room.h"

#include <linux/cache.h>
#include <linux/mm.h>
#include <net/sock.h>

/* Does it have @len bytes, or will it as it has been left by all others? */
static bool room_suits(const struct page_frag *frag, unsigned int len)
{
	return !frag->page || page_ref_count(frag->page) == 1 ||
	       frag->size - frag->offset >= len;
}

static struct page_frag *room_page(struct pilot_room *room, bool apart)
{
	struct page_frag *frag = &room->frag[room->at];

	if (apart && frag->page)
		frag->offset = min(ALIGN(frag->offset, SMP_CACHE_BYTES),
				   frag->size);
	return frag;
}

/**
 * pilot_room_get - memory for @len bytes
 * @room: zeroed at first
 * @len: how much is needed in one piece
 * @apart: begin at a cache line of its own
 *
 * Context: any in which nobody else uses @room.
 * Return: a page with that much from its offset on, which whoever takes it moves
 * and refers to the page for; NULL when there is none.
 */
struct page_frag *pilot_room_get(struct pilot_room *room, unsigned int len,
				 bool apart)
{
	struct page_frag *frag = room_page(room, apart);

	if (!room_suits(frag, len)) {
		room->at = (room->at + 1) % PILOT_ROOM_PAGES;
		frag = room_page(room, apart);
	}
	if (!skb_page_frag_refill(len, frag, GFP_ATOMIC))
		return NULL;
	if (likely(frag->size - frag->offset >= len))
		return frag;
	/* All ours and too small: it would be had for ever. */
	put_page(frag->page);
	frag->page = NULL;
	return NULL;
}

/* Context: nobody uses it any more. */
void pilot_room_free(struct pilot_room *room)
{
	unsigned int i;

	for (i = 0; i < PILOT_ROOM_PAGES; i++)
		if (room->frag[i].page)
			put_page(room->frag[i].page);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that are the module's own, to write packets to that leave by them. What is
 * written there writes over nobody's data.
 */
#ifndef PILOT_ROOM_H
#define PILOT_ROOM_H

#include <linux/mm_types.h>

#define PILOT_ROOM_PAGES	8

/**
 * struct pilot_room - pages in turn
 * @frag: the pages, each up to 32 KiB, and how far it is used
 * @at: which is in use
 *
 * One that its packets have left is used again: it costs no allocation, and need
 * not be cleared. For one user at a time.
 */
struct pilot_room {
	struct page_frag frag[PILOT_ROOM_PAGES];
	unsigned int at;
};

struct page_frag *pilot_room_get(struct pilot_room *room, unsigned int len,
				 bool apart);
void pilot_room_free(struct pilot_room *room);

#endif /* PILOT_ROOM_H */

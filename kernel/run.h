/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs: TCP segments that came in one batch and make one large packet.
 *
 * The records of a batch are opened from the last to the first into pages,
 * each one's header over the end of the payload of the one before, whose
 * opening then writes over that header. Set aside before, the headers are not
 * lost, and the payloads of the batch stand behind each other as one stream:
 *
 *	record 0   [header | payload 0       ]
 *	record 1                   [header | payload 1       ]
 *	memory     [header | payload 0       | payload 1       | ...
 *
 * How long a header is, is a guess. Where it is wrong, or segments do not
 * follow each other, the records still are whole, and each becomes a packet
 * of its own.
 */
#ifndef PILOT_RUN_H
#define PILOT_RUN_H

#include <linux/skbuff.h>
#include <linux/tcp.h>

#include "aead.h"
#include "short.h"

struct pilot_room;

/* The largest header of a record that can be part of a run. */
#define PILOT_RUN_HEAD_MAX	(sizeof(struct pilot_short_header) + 60)
/* A batch with less text than this would pin more memory than it is worth. */
#define PILOT_RUN_MIN		2048
/* Pieces of memory for a batch, if pages come one by one. */
#define PILOT_RUN_PIECES	32

/**
 * struct pilot_run_piece - records that lie in one piece of memory
 * @page: the memory
 * @offset: where in it the first record begins
 * @first: number of that record
 */
struct pilot_run_piece {
	struct page *page;
	unsigned int offset;
	unsigned int first;
};

/**
 * struct pilot_run - where the records of a batch are opened to
 * @record: the records; all but the last are of one length
 * @n: how many
 * @head: guess of the length of their headers, short header included
 * @stride: from one record to the next
 * @pieces: how many of @piece are used
 * @piece: the memory, each with a reference to its page
 * @header: what is set aside of each record
 */
struct pilot_run {
	const struct pilot_record *record;
	unsigned int n;
	unsigned int head;
	unsigned int stride;
	unsigned int pieces;
	struct pilot_run_piece piece[PILOT_RUN_PIECES];
	u8 header[PILOT_BATCH_MAX][PILOT_RUN_HEAD_MAX] __aligned(4);
};

bool pilot_run_place(struct pilot_run *run, struct pilot_record *record,
		     unsigned int n, unsigned int head,
		     struct pilot_room *pages);
struct sk_buff *pilot_run_next(struct pilot_run *run, unsigned int *at,
			       u64 which, unsigned int *n);
void pilot_run_end(struct pilot_run *run);
unsigned int pilot_run_head(const u8 *plaintext, unsigned int len);

#endif /* PILOT_RUN_H */

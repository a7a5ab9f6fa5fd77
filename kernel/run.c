// SPDX-License-Identifier: GPL-2.0

#include "run.h"

#include <linux/ipv6.h>

#include "room.h"

/* Room in front of a plaintext for the header that the short one stands for. */
#define HEADROOM	(NET_SKB_PAD + sizeof(struct ipv6hdr))
/* Flags that a segment inside a run may have, apart from the ones it shares. */
#define FLAGS_LAST	(TCP_FLAG_FIN | TCP_FLAG_PSH)
#define FLAGS_FIRST	TCP_FLAG_CWR
#define FLAGS_NEVER	(TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_URG)

static struct tcphdr *run_tcp(struct pilot_run *run, unsigned int i)
{
	return (void *)(run->header[i] + sizeof(struct pilot_short_header));
}

static unsigned int run_payload(const struct pilot_run *run, unsigned int i)
{
	return run->record[i].len > run->head ?
		       run->record[i].len - run->head : 0;
}

/**
 * pilot_run_head - what a record says about the length of headers
 * @plaintext: begin of a record's plaintext, linear
 * @len: its length there
 *
 * Return: length of short header and TCP header, 0 when it has none.
 */
unsigned int pilot_run_head(const u8 *plaintext, unsigned int len)
{
	const struct pilot_short_header *header = (const void *)plaintext;
	const struct tcphdr *tcp = (const void *)(header + 1);

	if (len < sizeof(*header) + sizeof(*tcp) || plaintext[0] >> 4 ||
	    header->nexthdr != IPPROTO_TCP || tcp->doff < 5)
		return 0;
	return sizeof(*header) + tcp->doff * 4;
}

/* Memory for the records from @first on. Return: how many it can hold. */
static unsigned int run_piece(struct pilot_run *run, unsigned int first,
			      struct pilot_room *pages)
{
	struct pilot_run_piece *piece = &run->piece[run->pieces];
	unsigned int len = run->record[first].len, space, fit;
	struct page_frag *room;

	if (run->pieces == PILOT_RUN_PIECES)
		return 0;
	room = pilot_room_get(pages, len, true);
	if (!room)
		return 0;
	space = room->size - room->offset;
	fit = min(1 + (space - len) / run->stride, run->n - first);
	get_page(room->page);
	*piece = (struct pilot_run_piece){ .page = room->page,
					   .offset = room->offset,
					   .first = first };
	run->pieces++;
	room->offset += (fit - 1) * run->stride + len;
	return fit;
}

/**
 * pilot_run_place - choose where the records of a batch are opened to
 * @run: filled in; pilot_run_end() releases its memory
 * @record: the records with their lengths: all equal but the last, which may
 *	be shorter; where and what to set aside is filled in
 * @n: how many, at least 2
 * @head: guess of the length of headers, at most PILOT_RUN_HEAD_MAX
 * @pages: memory to cut from
 *
 * Context: BH disabled.
 * Return: false when the lengths do not suit or there is no memory.
 */
bool pilot_run_place(struct pilot_run *run, struct pilot_record *record,
		     unsigned int n, unsigned int head,
		     struct pilot_room *pages)
{
	unsigned int i = 0, end, fit;
	u8 *at;

	run->record = record;
	run->n = n;
	run->head = head;
	run->pieces = 0;
	if (record[0].len <= head)
		return false;
	run->stride = record[0].len - head;
	while (i < n) {
		fit = run_piece(run, i, pages);
		if (!fit) {
			pilot_run_end(run);
			return false;
		}
		at = page_address(run->piece[run->pieces - 1].page) +
		     run->piece[run->pieces - 1].offset;
		for (end = i + fit; i < end; i++, at += run->stride) {
			record[i].dst = at;
			record[i].save = run->header[i];
			record[i].save_len = min(record[i].len, head);
		}
	}
	return true;
}

/* Release the memory: what is part of a packet by now stays with that. */
void pilot_run_end(struct pilot_run *run)
{
	while (run->pieces)
		put_page(run->piece[--run->pieces].page);
}

static unsigned int run_piece_end(const struct pilot_run *run, unsigned int p)
{
	return p + 1 < run->pieces ? run->piece[p + 1].first : run->n;
}

static unsigned int run_piece_of(const struct pilot_run *run, unsigned int i)
{
	unsigned int p = 0;

	while (run_piece_end(run, p) <= i)
		p++;
	return p;
}

/* Can segment @i be followed by another in one packet? */
static bool run_is_open(struct pilot_run *run, unsigned int i)
{
	const struct tcphdr *tcp = run_tcp(run, i);

	return pilot_run_head(run->header[i], run->record[i].save_len) ==
		       run->head &&
	       run_payload(run, i) == run->stride &&
	       !(tcp_flag_word(tcp) & (FLAGS_LAST | FLAGS_NEVER));
}

/* The same connection, state and options, as in the core's own merging. */
static bool run_same_headers(struct pilot_run *run, unsigned int a,
			     unsigned int b)
{
	const struct tcphdr *x = run_tcp(run, a), *y = run_tcp(run, b);

	if (memcmp(run->header[a], run->header[b],
		   sizeof(struct pilot_short_header)))
		return false;
	if (x->source != y->source || x->dest != y->dest ||
	    x->ack_seq != y->ack_seq || x->urg_ptr != y->urg_ptr)
		return false;
	/* The word of the flags holds header length and window as well. */
	if ((tcp_flag_word(x) ^ tcp_flag_word(y)) & ~(FLAGS_LAST | FLAGS_FIRST))
		return false;
	return !memcmp(x + 1, y + 1, run->head -
		       sizeof(struct pilot_short_header) - sizeof(*x));
}

/* Does segment @i continue what segment @first began? */
static bool run_follows(struct pilot_run *run, unsigned int first,
			unsigned int i)
{
	const struct tcphdr *tcp = run_tcp(run, i);
	u32 seq = ntohl(run_tcp(run, first)->seq) + (i - first) * run->stride;

	return run_payload(run, i) &&
	       !(tcp_flag_word(tcp) & (FLAGS_FIRST | FLAGS_NEVER)) &&
	       ntohl(tcp->seq) == seq && run_same_headers(run, first, i);
}

/* Add the payloads of the records @i to @end as fragments. */
static unsigned int run_add_payload(struct pilot_run *run, struct sk_buff *skb,
				    unsigned int i, unsigned int end)
{
	unsigned int p, stop, offset, len, frags = 0;

	for (p = run_piece_of(run, i); i < end; i = stop, p++) {
		if (frags == MAX_SKB_FRAGS)
			break;
		stop = min(end, run_piece_end(run, p));
		offset = run->piece[p].offset +
			 (i - run->piece[p].first) * run->stride + run->head;
		len = (stop - i - 1) * run->stride + run_payload(run, stop - 1);
		if (!len)
			continue;
		get_page(run->piece[p].page);
		skb_fill_page_desc(skb, frags++, run->piece[p].page, offset,
				   len);
		skb->len += len;
		skb->data_len += len;
		skb->truesize += len;
	}
	return i;
}

static void run_set_gso(struct pilot_run *run, struct sk_buff *skb,
			unsigned int first, unsigned int end)
{
	struct tcphdr *tcp = (void *)(skb->data +
				      sizeof(struct pilot_short_header));

	tcp_flag_word(tcp) |= tcp_flag_word(run_tcp(run, end - 1)) & FLAGS_LAST;
	skb_shinfo(skb)->gso_size = run->stride;
	skb_shinfo(skb)->gso_segs = end - first;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV6 |
				    (tcp->cwr ? SKB_GSO_TCP_ECN : 0);
}

/**
 * pilot_run_next - the next packet of a batch that was opened
 * @run: the batch
 * @at: record to begin with; moved behind the last that was used
 * @which: bit i says that record i is authentic and fresh
 * @n: set to how many records the packet is made of
 *
 * The packet's data is the plaintext of a record, or for several of them that
 * of the large segment they make, with its GSO fields set. Checksums are not
 * looked at and not set.
 *
 * Context: BH disabled.
 * Return: the packet; NULL with *@n > 0 when there was no memory for that
 * many records, with *@n == 0 when nothing is left.
 */
struct sk_buff *pilot_run_next(struct pilot_run *run, unsigned int *at,
			       u64 which, unsigned int *n)
{
	unsigned int first = *at, end;
	struct sk_buff *skb;

	while (first < run->n && !(which & BIT_ULL(first)))
		first++;
	*at = run->n;
	*n = 0;
	if (first >= run->n)
		return NULL;
	for (end = first + 1; end < run->n; end++)
		if (!(which & BIT_ULL(end)) || !run_is_open(run, end - 1) ||
		    !run_follows(run, first, end))
			break;

	*at = end;
	*n = end - first;
	skb = alloc_skb(HEADROOM + run->head, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, HEADROOM);
	skb_put_data(skb, run->header[first], run->record[first].save_len);
	if (run_payload(run, first))
		end = run_add_payload(run, skb, first, end);
	*at = end;
	*n = end - first;
	if (end - first > 1)
		run_set_gso(run, skb, first, end);
	return skb;
}

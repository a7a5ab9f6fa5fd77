// SPDX-License-Identifier: GPL-2.0
/*
 * Cutting and merging, each against what does the same packet by packet:
 * records against the core's own segments, large packets against the records
 * they were made of. And the memory that both write to.
 */

#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ip6_checksum.h>
#include <net/net_namespace.h>

#include "carrier.h"
#include "compat.h"
#include "frame.h"
#include "room.h"
#include "run.h"
#include "segment.h"
#include "selftest.h"

#define ROUNDS		300
#define SHORT		sizeof(struct pilot_short_header)

static u32 below(u32 limit)
{
	return get_random_u32() % limit;
}

/*
 * Segments.
 */

static struct sk_buff *large_new(bool tcp, unsigned int hlen, unsigned int mss,
				 unsigned int payload)
{
	unsigned int len = sizeof(struct ipv6hdr) + hlen + payload;
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + len, GFP_KERNEL);
	struct ipv6hdr *ip6;

	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	get_random_bytes(skb_put(skb, len), len);
	skb->dev = init_net.loopback_dev;
	skb->protocol = htons(ETH_P_IPV6);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(*ip6));
	ip6 = ipv6_hdr(skb);
	ip6->version = 6;
	ip6->payload_len = htons(hlen + payload);
	ip6->nexthdr = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	skb_shinfo(skb)->gso_size = mss;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(payload, mss);
	skb_shinfo(skb)->gso_type = tcp ? SKB_GSO_TCPV6 : SKB_GSO_UDP_L4;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	if (tcp) {
		tcp_hdr(skb)->doff = hlen / 4;
		skb->csum_offset = offsetof(struct tcphdr, check);
		if (tcp_hdr(skb)->cwr)
			skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
		tcp_hdr(skb)->check =
			~csum_ipv6_magic(&ip6->saddr, &ip6->daddr,
					 hlen + payload, IPPROTO_TCP, 0);
	} else {
		udp_hdr(skb)->len = htons(hlen + payload);
		skb->csum_offset = offsetof(struct udphdr, check);
		udp_hdr(skb)->check =
			~csum_ipv6_magic(&ip6->saddr, &ip6->daddr,
					 hlen + payload, IPPROTO_UDP, 0);
	}
	return skb;
}

/* Does a record say what the core's segment says? */
static bool record_is_segment(const struct pilot_record *record,
			      struct sk_buff *segment, bool tcp)
{
	unsigned int offset = tcp ? offsetof(struct tcphdr, check) :
				    offsetof(struct udphdr, check);
	unsigned int len = segment->len - sizeof(struct ipv6hdr);
	u8 *ours = record->dst + SHORT;
	struct pilot_short_header header;
	__sum16 *check, full;
	u8 *theirs;

	if (record->len != SHORT + len || skb_linearize(segment))
		return false;
	pilot_short_build(&header, ipv6_hdr(segment), PILOT_SHORT_F_PARTIAL);
	if (memcmp(record->dst, &header, sizeof(header)))
		return false;
	theirs = skb_transport_header(segment);
	check = (__sum16 *)(ours + offset);
	full = csum_fold(csum_partial(ours, len, 0));
	*check = full ?: (tcp ? full : CSUM_MANGLED_0);
	return !memcmp(ours, theirs, len);
}

/* Does the carrier that a frame of @path needs stand in front of it? */
static bool record_is_carried(const struct pilot_record *record,
			      const struct pilot_path *path)
{
	unsigned int front = pilot_carrier_len(path->kind);
	unsigned int frame = PILOT_FRAME_OVERHEAD + record->len;
	const u8 *at = record->dst - sizeof(struct pilot_data_header) - front;
	struct pilot_carrier carrier;

	return pilot_carrier_kind(*at) == path->kind &&
	       pilot_carrier_parse(&carrier, path->kind, at, front + frame) &&
	       carrier.id == path->id && carrier.frame == frame &&
	       at[front] == PILOT_FRAME_DATA;
}

static void path_random(struct pilot_path *path)
{
	memset(path, 0, sizeof(*path));
	path->kind = below(3);
	if (path->kind == PILOT_ENDPOINT_RELAY)
		path->id = get_random_u32();
	if (path->kind == PILOT_ENDPOINT_TURN)
		path->id = PILOT_CHANNEL_MIN +
			   below(PILOT_CHANNEL_MAX - PILOT_CHANNEL_MIN + 1);
}

static int segment_compare(struct sk_buff *large, struct sk_buff *segments,
			   bool tcp, struct pilot_record *record)
{
	struct pilot_segment segment;
	struct pilot_path path;
	struct sk_buff *outer, *at = segments;
	unsigned int i, n;
	bool same = true;

	path_random(&path);
	local_bh_disable();
	if (!pilot_segment_start(&segment, large)) {
		local_bh_enable();
		return -EINVAL;
	}
	while (segment.left && same) {
		outer = pilot_segment_next(&segment, &path, 1, record, &n);
		if (!outer)
			break;
		same = outer->len <= PILOT_FRAME_PAYLOAD_MAX;
		for (i = 0; i < n && same; i++) {
			same = at && record_is_carried(&record[i], &path) &&
			       record_is_segment(&record[i], at, tcp);
			at = at ? at->next : NULL;
		}
		kfree_skb(outer);
	}
	local_bh_enable();
	return same && !at ? 0 : -EINVAL;
}

static int segment_round(struct pilot_record *record)
{
	bool tcp = below(3);
	unsigned int hlen = tcp ? 20 + 4 * below(11) : 8;
	unsigned int mss = below(2) ? 1368 : 1 + below(9000);
	unsigned int payload = mss + 1 + below(min(mss * 50, 60000U) - mss);
	struct sk_buff *large, *segments;
	int ret;

	payload = min(payload, mss * PILOT_SEGMENT_MAX_SEGS);
	large = large_new(tcp, hlen, mss, payload);
	if (!large)
		return -ENOMEM;
	segments = skb_gso_segment(large, 0);
	if (IS_ERR_OR_NULL(segments)) {
		kfree_skb(large);
		return segments ? PTR_ERR(segments) : -EINVAL;
	}
	ret = segment_compare(large, segments, tcp, record);
	if (ret)
		pr_err("pilot: self-test: %s, header %u, mss %u, payload %u\n",
		       tcp ? "TCP" : "UDP", hlen, mss, payload);
	kfree_skb_list(segments);
	kfree_skb(large);
	return ret;
}

/*
 * Runs.
 */

#define TEXT_MAX	(SHORT + 60 + 9000)

struct run_test {
	struct pilot_run run;
	struct pilot_record record[PILOT_BATCH_MAX];
	struct pilot_room room;
	u8 *text[PILOT_BATCH_MAX];
	unsigned int head;
	unsigned int mss;
	unsigned int n;
	u64 which;
};

static struct tcphdr *text_tcp(struct run_test *test, unsigned int i)
{
	return (void *)(test->text[i] + SHORT);
}

/* A batch as one large segment's records are. */
static void run_fill(struct run_test *test)
{
	struct pilot_short_header *header;
	u32 seq = get_random_u32();
	unsigned int i, payload;
	struct tcphdr *tcp;

	test->head = SHORT + 20 + 4 * below(11);
	test->mss = below(2) ? 1368 : 1 + below(4000);
	test->n = 2 + below(min(PILOT_BATCH_MAX - 1U, 64000 / test->mss));
	get_random_bytes(test->text[0], test->head);
	header = (void *)test->text[0];
	header->flow &= PILOT_SHORT_FLOW_MASK;
	header->nexthdr = IPPROTO_TCP;
	tcp = text_tcp(test, 0);
	tcp->doff = (test->head - SHORT) / 4;
	tcp->fin = 0;
	tcp->psh = 0;
	tcp->syn = 0;
	tcp->rst = 0;
	tcp->urg = 0;
	for (i = 0; i < test->n; i++) {
		payload = i + 1 < test->n ? test->mss : 1 + below(test->mss);
		if (i)
			memcpy(test->text[i], test->text[0], test->head);
		get_random_bytes(test->text[i] + test->head, payload);
		tcp = text_tcp(test, i);
		tcp->seq = htonl(seq + i * test->mss);
		tcp->cwr = tcp->cwr && !i;
		test->record[i] = (struct pilot_record){
			.len = test->head + payload,
		};
	}
	text_tcp(test, test->n - 1)->psh = below(2);
	text_tcp(test, test->n - 1)->fin = below(2);
	test->which = GENMASK_ULL(test->n - 1, 0);
}

/* Let one record be something else. */
static void run_disturb(struct run_test *test)
{
	unsigned int i = below(test->n);
	struct tcphdr *tcp = text_tcp(test, i);

	switch (below(12)) {
	case 0:
		test->which &= ~BIT_ULL(i);
		break;
	case 1:
		tcp->seq ^= htonl(1 + below(5));
		break;
	case 2:
		tcp->psh = 1;
		break;
	case 3:
		tcp->cwr = 1;
		break;
	case 4:
		tcp->syn = 1;
		break;
	case 5:
		tcp->ack_seq ^= htonl(1);
		break;
	case 6:
		tcp->window ^= htons(1);
		break;
	case 7:
		tcp->doff = below(16);
		break;
	case 8:
		test->text[i][4] = IPPROTO_UDP;
		break;
	case 9:
		test->text[i][0] ^= 0x60;
		break;
	case 10:
		test->text[i][test->head - 1 - below(test->head - SHORT)] ^= 1;
		break;
	default:
		get_random_bytes(test->text[i], test->record[i].len);
	}
}

/* What opening does: last to first, setting aside what is asked for. */
static void run_open(struct run_test *test)
{
	struct pilot_record *record;
	unsigned int i;

	for (i = test->n; i-- > 0;) {
		record = &test->record[i];
		memcpy(record->dst, test->text[i], record->len);
		memcpy(record->save, record->dst, record->save_len);
	}
}

/* The header that record @i of a run must have had, from the large packet. */
static void run_rebuild(struct run_test *test, u8 *header, unsigned int i,
			unsigned int first, unsigned int n)
{
	struct tcphdr *tcp = (void *)(header + SHORT);

	tcp->seq = htonl(ntohl(tcp->seq) + (i - first) * test->mss);
	tcp->check = text_tcp(test, i)->check;
	if (i > first)
		tcp->cwr = 0;
	if (i + 1 < first + n) {
		tcp->fin = 0;
		tcp->psh = 0;
	}
}

static bool run_holds(struct run_test *test, struct sk_buff *skb,
		      unsigned int first, unsigned int n)
{
	unsigned int i, offset = test->head, payload;
	u8 header[PILOT_RUN_HEAD_MAX] __aligned(4);

	if (n == 1)
		return skb->len == test->record[first].len &&
		       !skb_is_gso(skb) && !skb_linearize(skb) &&
		       !memcmp(skb->data, test->text[first], skb->len);
	if (skb_shinfo(skb)->gso_size != test->mss ||
	    skb_shinfo(skb)->gso_segs != n || skb_linearize(skb))
		return false;
	for (i = first; i < first + n; i++) {
		payload = test->record[i].len - test->head;
		memcpy(header, skb->data, test->head);
		run_rebuild(test, header, i, first, n);
		if (offset + payload > skb->len ||
		    memcmp(header, test->text[i], test->head) ||
		    memcmp(skb->data + offset, test->text[i] + test->head,
			   payload))
			return false;
		offset += payload;
	}
	return offset == skb->len;
}

/* Return: how many packets came out, or 0 when one was not as it must be. */
static unsigned int run_take_all(struct run_test *test)
{
	unsigned int at = 0, n, first, packets = 0;
	struct sk_buff *skb;
	u64 left = test->which;
	bool good = true;

	while ((skb = pilot_run_next(&test->run, &at, test->which, &n)) || n) {
		first = at - n;
		left &= ~GENMASK_ULL(at - 1, first);
		good &= skb && run_holds(test, skb, first, n);
		packets++;
		kfree_skb(skb);
	}
	return good && !left ? packets : 0;
}

static int run_round(struct run_test *test, bool disturb)
{
	unsigned int packets = 0, head;

	run_fill(test);
	head = test->head;
	if (disturb) {
		run_disturb(test);
		if (!below(4))
			head = SHORT + 20 + 4 * below(11);
	}
	local_bh_disable();
	if (test->record[0].len > head &&
	    pilot_run_place(&test->run, test->record, test->n, head,
			    &test->room)) {
		run_open(test);
		packets = run_take_all(test);
		/* Memory in large pieces, so one packet, or two at the most. */
		if (!disturb && packets > 2)
			packets = 0;
		pilot_run_end(&test->run);
	} else if (disturb) {
		packets = 1;
	}
	local_bh_enable();
	if (packets)
		return 0;
	pr_err("pilot: self-test: run of %u, header %u (taken for %u), mss %u\n",
	       test->n, test->head, head, test->mss);
	return -EINVAL;
}

static void run_test_free(struct run_test *test)
{
	int i;

	for (i = 0; i < PILOT_BATCH_MAX; i++)
		kvfree(test->text[i]);
	pilot_room_free(&test->room);
	kvfree(test);
}

static struct run_test *run_test_new(void)
{
	struct run_test *test = kvzalloc(sizeof(*test), GFP_KERNEL);
	int i;

	if (!test)
		return NULL;
	for (i = 0; i < PILOT_BATCH_MAX; i++) {
		test->text[i] = kvmalloc(TEXT_MAX, GFP_KERNEL);
		if (!test->text[i]) {
			run_test_free(test);
			return NULL;
		}
	}
	return test;
}

/*
 * Rooms: what was written stays as it is until its writer lets go of the page.
 */

#define PIECES		64

struct piece {
	struct page *page;
	u8 *at;
	unsigned int len;
	u8 mark;
};

static bool piece_put(struct piece *piece)
{
	bool same;

	if (!piece->page)
		return true;
	same = !memchr_inv(piece->at, piece->mark, piece->len);
	put_page(piece->page);
	piece->page = NULL;
	return same;
}

static int piece_get(struct piece *piece, struct pilot_room *room, u8 mark)
{
	unsigned int len = 1 + below(9000);
	bool apart = below(2);
	struct page_frag *frag;

	frag = pilot_room_get(room, len, apart);
	if (!frag)
		return -ENOMEM;
	if (frag->size - frag->offset < len ||
	    (apart && !IS_ALIGNED(frag->offset, SMP_CACHE_BYTES)))
		return -EINVAL;
	get_page(frag->page);
	*piece = (struct piece){ .page = frag->page, .len = len, .mark = mark,
				 .at = page_address(frag->page) + frag->offset };
	frag->offset += len;
	memset(piece->at, mark, len);
	return 0;
}

static int room_test(struct pilot_room *room)
{
	static struct piece pieces[PIECES];
	unsigned int i, few;
	int ret = 0;
	bool same;

	for (i = 0; i < 10 * ROUNDS && !ret; i++) {
		/* Few are held at a time, then many: pages return, or do not. */
		few = i / ROUNDS % 2 ? PIECES : 4;
		same = piece_put(&pieces[i % few]);
		ret = same ? piece_get(&pieces[i % few], room, i) : -EINVAL;
	}
	for (i = 0; i < PIECES; i++)
		if (!piece_put(&pieces[i]) && !ret)
			ret = -EINVAL;
	if (ret)
		pr_err("pilot: self-test: room: %d\n", ret);
	return ret;
}

/* Return: 0, or a negative error when something is not as it must be. */
int pilot_selftest_batch(void)
{
	struct run_test *test = run_test_new();
	int i, ret = 0;

	if (!test)
		return -ENOMEM;
	for (i = 0; i < ROUNDS && !ret; i++)
		ret = segment_round(test->record);
	for (i = 0; i < ROUNDS && !ret; i++)
		ret = run_round(test, false);
	for (i = 0; i < 4 * ROUNDS && !ret; i++)
		ret = run_round(test, true);
	if (!ret)
		ret = room_test(&test->room);
	run_test_free(test);
	return ret;
}

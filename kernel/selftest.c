// SPDX-License-Identifier: GPL-2.0

#include "selftest.h"

#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "carrier.h"
#include "replay.h"
#include "short.h"

static unsigned int failures;

static void expect(bool ok, const char *what, int line)
{
	if (ok)
		return;
	failures++;
	pr_err_ratelimited("pilot: self-test line %d failed: %s\n", line,
			   what);
}

#define EXPECT(condition) expect(condition, #condition, __LINE__)

/*
 * Replay window against one that remembers every counter.
 */
#define NAIVE_MAX	(4 * PILOT_REPLAY_WINDOW)

struct naive_replay {
	u64 next;
	bool seen[NAIVE_MAX];
};

static bool naive_commit(struct naive_replay *naive, u64 counter)
{
	if (counter + PILOT_REPLAY_WINDOW < naive->next ||
	    naive->seen[counter])
		return false;
	naive->seen[counter] = true;
	naive->next = max(naive->next, counter + 1);
	return true;
}

static void replay_random(struct pilot_replay *replay,
			  struct naive_replay *naive)
{
	u64 counter, center = 0;
	bool newest, fresh;
	u32 random;
	int i;

	for (i = 0; i < 60000; i++) {
		random = get_random_u32();
		center = min_t(u64, center + (random & 1), NAIVE_MAX - 100);
		/* Mostly near the front, at times anywhere, at times ahead. */
		switch (random >> 1 & 7) {
		case 0:
			counter = get_random_u32() % NAIVE_MAX;
			if (counter > center + 20000)
				counter = center;
			break;
		case 1:
			counter = center + get_random_u32() % 100;
			break;
		default:
			counter = center - min_t(u64, center,
						 get_random_u32() % 9000);
		}
		fresh = naive_commit(naive, counter);
		if (fresh)
			EXPECT(pilot_replay_check(replay, counter));
		EXPECT(pilot_replay_commit(replay, counter, &newest) == fresh);
		EXPECT(replay->next == naive->next);
	}
}

static void replay_edges(struct pilot_replay *replay)
{
	bool newest;
	u64 top;

	pilot_replay_init(replay);
	EXPECT(pilot_replay_commit(replay, 0, &newest) && newest);
	EXPECT(!pilot_replay_commit(replay, 0, &newest));
	EXPECT(pilot_replay_commit(replay, PILOT_REPLAY_WINDOW, &newest));
	/* The oldest that is still inside, and the newest that is not. */
	EXPECT(pilot_replay_commit(replay, 1, &newest) && !newest);
	EXPECT(!pilot_replay_commit(replay, 0, &newest));
	EXPECT(!pilot_replay_check(replay, 0));
	/* A jump over the whole ring forgets all that was seen. */
	top = 1000 * PILOT_REPLAY_WINDOW + 17;
	EXPECT(pilot_replay_commit(replay, top, &newest) && newest);
	EXPECT(pilot_replay_commit(replay, top - PILOT_REPLAY_WINDOW + 1,
				   &newest));
	EXPECT(!pilot_replay_commit(replay, top - PILOT_REPLAY_WINDOW,
				    &newest));
	EXPECT(!pilot_replay_commit(replay, top, &newest));
}

static int replay_selftest(void)
{
	struct pilot_replay *replay = kzalloc(sizeof(*replay), GFP_KERNEL);
	struct naive_replay *naive = kvzalloc(sizeof(*naive), GFP_KERNEL);
	int ret = -ENOMEM;

	if (replay && naive) {
		local_bh_disable();
		replay_edges(replay);
		pilot_replay_init(replay);
		replay_random(replay, naive);
		local_bh_enable();
		ret = 0;
	}
	kvfree(naive);
	kfree(replay);
	return ret;
}

/*
 * Short header: what is built from an IPv6 header rebuilds it.
 */
static void short_selftest(void)
{
	struct pilot_short_header header;
	struct ipv6hdr from, to;
	u64 address;
	int i;

	for (i = 0; i < 1000; i++) {
		get_random_bytes(&from, sizeof(from));
		from.version = 6;
		pilot_short_build(&header, &from, i & PILOT_SHORT_F_KNOWN);
		EXPECT((*(u8 *)&header >> 4) == 0);
		EXPECT(pilot_short_expand(&to, &header, ntohs(from.payload_len),
					  &from.saddr, &from.daddr));
		EXPECT(!memcmp(&from, &to, sizeof(from)));
	}
	header.zero = 1;
	EXPECT(!pilot_short_expand(&to, &header, 0, &from.saddr, &from.daddr));
	header.zero = 0;
	EXPECT(!pilot_short_expand(&to, &header, IPV6_MAXPLEN + 1, &from.saddr,
				   &from.daddr));
	header.flags = PILOT_SHORT_F_KNOWN + 1;
	EXPECT(!pilot_short_expand(&to, &header, 0, &from.saddr, &from.daddr));

	pilot_address_to_in6(0x0001f2910004ULL, &from.saddr);
	EXPECT(pilot_address_from_in6(&from.saddr, &address));
	EXPECT(address == 0x0001f2910004ULL);
	from.saddr.s6_addr[8] = 1;
	EXPECT(!pilot_address_from_in6(&from.saddr, &address));
}

/*
 * Carriers.
 */

static bool carrier_parses(const u8 *at, unsigned int len)
{
	struct pilot_carrier carrier;

	return pilot_carrier_parse(&carrier, pilot_carrier_kind(*at), at, len);
}

static void carrier_selftest(void)
{
	static const struct pilot_path relay = { .kind = PILOT_ENDPOINT_RELAY,
						 .id = 0x01020304 };
	static const struct pilot_path turn = { .kind = PILOT_ENDPOINT_TURN,
						.id = 0x4fff };
	static const u8 relay_bytes[] = { 0x96, 0, 0, 0, 4, 3, 2, 1 };
	static const u8 turn_bytes[] = { 0x4f, 0xff, 0x01, 0x02 };
	u8 at[8];
	int i;

	pilot_carrier_write(at, &relay, 100);
	EXPECT(!memcmp(at, relay_bytes, sizeof(relay_bytes)));
	for (i = 0; i <= 8; i++)
		EXPECT(!carrier_parses(at, i));
	EXPECT(carrier_parses(at, 9));
	for (i = 1; i < 4; i++) {
		at[i] = 1;
		EXPECT(!carrier_parses(at, 9));
		at[i] = 0;
	}

	pilot_carrier_write(at, &turn, 0x102);
	EXPECT(!memcmp(at, turn_bytes, sizeof(turn_bytes)));
	for (i = 0; i < 4 + 0x102; i++)
		EXPECT(!carrier_parses(at, i));
	for (i = 0; i <= PILOT_CHANNEL_PAD_MAX; i++)
		EXPECT(carrier_parses(at, 4 + 0x102 + i));
	EXPECT(!carrier_parses(at, 4 + 0x102 + i));
	at[2] = 0;
	at[3] = 0;
	EXPECT(!carrier_parses(at, 4));
	EXPECT(!carrier_parses(at, 5));
}

int pilot_selftest(void)
{
	int ret;

	ret = replay_selftest();
	if (!ret)
		ret = pilot_selftest_aead();
	if (ret)
		return ret;
	short_selftest();
	carrier_selftest();
	ret = pilot_selftest_batch();
	if (ret)
		return ret;
	if (failures)
		return -EINVAL;
	pr_info("pilot: self-tests passed\n");
	return 0;
}

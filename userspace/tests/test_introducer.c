// SPDX-License-Identifier: GPL-2.0-or-later
/* The introducer: who is given a way to whom, for how long, and how many. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake_said.h"
#include "tlv.h"

/* Half a millisecond more than a repetition. */
#define TELL	(INTRODUCER_TELL_AGAIN + CLOCK_MS / 2)

static void test_open(void **state)
{
	struct fake *fake = fake_new(2);
	struct fake_entry *there, *back;
	const struct fake_sent *sent;

	(void)state;
	fake_open(fake, 0, 1);
	assert_int_equal(fake->entries, 2);
	assert_true(fake_is_whole(fake));
	there = fake_way(fake, 0, 1);
	back = fake_way(fake, 1, 0);
	assert_non_null(there);
	assert_non_null(back);
	assert_int_equal(fake_granted(fake, 0, 1), there->entry.id);
	assert_int_equal(fake_granted(fake, 1, 0), back->entry.id);
	assert_int_equal(there->entry.packet_rate, 10000);
	assert_int_equal(there->entry.byte_rate, 12500000);
	assert_int_equal(there->entry.seconds, 300);
	assert_false(there->entry.signalling);
	assert_true(there->agent == FAKE_AGENT);
	/* The answer goes where the question came from. */
	sent = fake_last_to(fake, 0);
	assert_true(sent->to_src);
	assert_int_equal(ntohl(sent->dst.in4.s_addr), 0xc0000200);
	assert_int_equal(sent->message.lifetime, 300);
	assert_int_equal(sent->message.flags, 0);
	assert_int_equal(sent->message.packet_rate, 10000);
	assert_int_equal(sent->message.byte_rate, 12500000);
	assert_false(fake_last_to(fake, 1)->to_src);
	assert_int_equal(fake->notices[INTRODUCER_NOTICE_OPENED], 1);
	fake_free(fake);
}

static void test_signalling(void **state)
{
	struct fake *fake = fake_new(2);

	(void)state;
	fake->config.data = false;
	fake_configure(fake);
	fake_open(fake, 0, 1);
	assert_true(fake_way(fake, 0, 1)->entry.signalling);
	assert_true(fake_way(fake, 1, 0)->entry.signalling);
	assert_int_equal(fake_last_to(fake, 0)->message.flags,
			 WIRE_RELAY_F_SIGNALLING);
	assert_int_equal(fake_last_to(fake, 1)->message.flags,
			 WIRE_RELAY_F_SIGNALLING);
	fake_free(fake);
}

/* The other is told three times more, unless it asks itself. */
static void test_told_again(void **state)
{
	struct fake *fake = fake_new(3);

	(void)state;
	fake_open(fake, 0, 1);
	for (unsigned int i = 1; i <= 4; i++) {
		assert_int_equal(fake_sent_to(fake, 1), i);
		fake_run(fake, TELL);
	}
	fake_run(fake, 20 * CLOCK_SECOND);
	assert_int_equal(fake_sent_to(fake, 1), 4);
	assert_int_equal(fake_sent_to(fake, 0), 1);

	fake_open(fake, 0, 2);
	fake_run(fake, TELL);
	assert_int_equal(fake_sent_to(fake, 2), 2);
	fake_open(fake, 2, 0);
	assert_int_equal(fake_sent_to(fake, 2), 3);
	fake_run(fake, 20 * CLOCK_SECOND);
	assert_int_equal(fake_sent_to(fake, 2), 3);
	assert_int_equal(fake_sent_to(fake, 0), 2);
	fake_free(fake);
}

/* Who repeats gets the same, and the other is not told for it. */
static void test_idempotent(void **state)
{
	struct fake *fake = fake_new(2);
	uint32_t a, b;

	(void)state;
	fake_open(fake, 0, 1);
	a = fake_granted(fake, 0, 1);
	b = fake_granted(fake, 1, 0);
	for (int i = 0; i < 20; i++) {
		fake_run(fake, CLOCK_SECOND);
		fake_open(fake, i % 3 == 2, i % 3 != 2);
		assert_int_equal(fake->entries, 2);
	}
	assert_int_equal(fake_granted(fake, 0, 1), a);
	assert_int_equal(fake_granted(fake, 1, 0), b);
	assert_true(fake_way(fake, 0, 1)->until ==
		    fake->now + 300 * CLOCK_SECOND);
	assert_true(fake_way(fake, 1, 0)->until ==
		    fake->now + 300 * CLOCK_SECOND);
	/* 1 + 14 answers; 1 + 1 told and 6 answers. */
	assert_int_equal(fake_sent_to(fake, 0), 15);
	assert_in_range(fake_sent_to(fake, 1), 7, 10);
	assert_int_equal(fake->dels, 0);
	assert_int_equal(fake_stats(fake)->renewed, 20);
	fake_free(fake);
}

/* Renewed at half its life it lives on, and the other hears of it. */
static void test_renewal(void **state)
{
	struct fake *fake = fake_new(2);
	uint32_t a, b;

	(void)state;
	fake_open(fake, 0, 1);
	a = fake_granted(fake, 0, 1);
	b = fake_granted(fake, 1, 0);
	for (int i = 0; i < 10; i++) {
		fake_run(fake, 150 * CLOCK_SECOND);
		fake_open(fake, 0, 1);
		assert_true(fake_last_to(fake, 1)->at == fake->now);
		assert_int_equal(fake_last_to(fake, 1)->message.lifetime, 300);
	}
	assert_int_equal(fake_granted(fake, 0, 1), a);
	assert_int_equal(fake_granted(fake, 1, 0), b);
	assert_true(fake_is_whole(fake));
	fake_free(fake);
}

static void test_expiry(void **state)
{
	struct fake *fake = fake_new(2);
	uint32_t a;

	(void)state;
	fake_open(fake, 0, 1);
	a = fake_granted(fake, 0, 1);
	fake_run(fake, 299 * CLOCK_SECOND);
	assert_int_equal(fake->entries, 2);
	fake_run(fake, 2 * CLOCK_SECOND);
	assert_int_equal(fake->entries, 0);
	assert_int_equal(fake_stats(fake)->pairs, 0);
	assert_int_equal(fake_stats(fake)->expired, 1);
	assert_true(introducer_next_deadline(fake->in) == CLOCK_NEVER);
	/* A new one has other ids. */
	fake_open(fake, 0, 1);
	assert_int_not_equal(fake_granted(fake, 0, 1), a);
	fake_free(fake);
}

/* All bytes are given anew by a renewal, so none is before its time. */
static void test_total_bytes(void **state)
{
	struct fake *fake = fake_new(2);
	uint32_t a;

	(void)state;
	fake->config.total_bytes = 1000;
	fake_configure(fake);
	fake_open(fake, 0, 1);
	a = fake_granted(fake, 0, 1);
	assert_int_equal(fake_way(fake, 0, 1)->entry.total_bytes, 1000);
	assert_int_equal(fake_way(fake, 1, 0)->entry.total_bytes, 1000);
	/* As the kernel counts them down. */
	fake_way(fake, 0, 1)->entry.total_bytes = 1;
	for (int i = 1; i < 15; i++) {
		fake_run(fake, 10 * CLOCK_SECOND);
		/* Given back by all who wanted it, and opened again. */
		fake_close(fake, 0, 1);
		fake_close(fake, 1, 0);
		fake_open(fake, i % 2, !(i % 2));
		assert_int_equal(fake_granted(fake, 0, 1), a);
		assert_int_equal(fake_last_to(fake, i % 2)->message.lifetime,
				 300 - 10 * i);
	}
	assert_int_equal(fake->news, 2);
	assert_int_equal(fake->renews, 0);
	assert_int_equal(fake_way(fake, 0, 1)->entry.total_bytes, 1);
	fake_run(fake, 10 * CLOCK_SECOND);
	fake_open(fake, 0, 1);
	assert_int_equal(fake_granted(fake, 0, 1), a);
	assert_int_equal(fake_last_to(fake, 0)->message.lifetime, 300);
	assert_int_equal(fake_way(fake, 0, 1)->entry.total_bytes, 1000);
	assert_int_equal(fake->renews, 2);
	/* Nobody wants it: then it ends in its time. */
	fake_close(fake, 0, 1);
	fake_close(fake, 1, 0);
	fake_run(fake, 299 * CLOCK_SECOND);
	assert_int_equal(fake->entries, 2);
	fake_run(fake, 2 * CLOCK_SECOND);
	assert_int_equal(fake->entries, 0);
	fake_free(fake);
}

/* Of what is not here nobody learns why. */
static void test_not_here(void **state)
{
	static const unsigned int absent[] = { 7, 3, 4, 0, 2000 };
	struct fake *fake = fake_new(2);

	(void)state;
	fake->standing[3] = INTRODUCER_ABSENT;
	fake->standing[4] = INTRODUCER_CARRIED;
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++) {
		const struct fake_sent *sent;

		fake_open(fake, 0, absent[i]);
		sent = fake_last_to(fake, 0);
		assert_int_equal(fake_refused(fake, 0), WIRE_REFUSED_NOT_HERE);
		assert_true(sent->message.peer == fake_peer(absent[i]));
		assert_int_equal(sent->len, 17);
		assert_true(sent->to_src);
		assert_int_equal(fake->sents, i + 1);
	}
	assert_int_equal(fake->entries, 0);
	assert_int_equal(fake->news, 0);
	fake_free(fake);
}

static void test_not_allowed(void **state)
{
	struct fake *fake = fake_new(2);

	(void)state;
	fake->standing[0] = INTRODUCER_CARRIED;
	fake_open(fake, 0, 1);
	assert_int_equal(fake_refused(fake, 0), WIRE_REFUSED_NOT_ALLOWED);
	/* Not yet known where it is: it will ask again. */
	fake->standing[0] = INTRODUCER_ABSENT;
	fake_open(fake, 0, 1);
	assert_int_equal(fake->sents, 1);
	fake->standing[0] = INTRODUCER_DIRECT;
	fake->config.enabled = false;
	fake_configure(fake);
	fake_open(fake, 0, 1);
	assert_int_equal(fake->sents, 2);
	assert_int_equal(fake_refused(fake, 0), WIRE_REFUSED_NOT_ALLOWED);
	assert_int_equal(fake->entries, 0);
	fake_free(fake);
}

/* An open with that much padding. Return: its length. */
static size_t open_padded(struct fake *fake, unsigned int to, size_t pad)
{
	static const uint8_t zeros[64];
	const struct endpoint src = {
		.family = AF_INET, .port = 7, .in4.s_addr = 7,
	};
	struct tlv_writer w;
	uint8_t tlvs[128];

	tlv_write_begin(&w, tlvs, sizeof(tlvs));
	tlv_write_u64(&w, WIRE_CONTROL_TLV_PEER, fake_peer(to));
	if (pad)
		tlv_write(&w, WIRE_CONTROL_TLV_PADDING, zeros, pad);
	introducer_receive(fake->in, fake->now, FAKE_AGENT, fake_peer(0), &src,
			   WIRE_CONTROL_RELAY_OPEN, tlvs, w.len);
	return w.len;
}

/*
 * Whatever becomes of a request: one answer, to where it came from, and no more
 * bytes than it took to ask, or none.
 */
static void test_answers_are_not_larger(void **state)
{
	static const struct {
		unsigned int to;
		enum introducer_standing standing;
		int error;
	} cases[] = {
		{ 1, INTRODUCER_DIRECT, 0 },
		{ 1, INTRODUCER_DIRECT, -ENOSPC },
		{ 1, INTRODUCER_CARRIED, 0 },
		{ 1, INTRODUCER_ABSENT, 0 },
		{ 0, INTRODUCER_DIRECT, 0 },
		{ 300, INTRODUCER_DIRECT, 0 },
	};
	unsigned int answered = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t pad = 0; pad <= 64; pad++) {
			struct fake *fake = fake_new(3);
			const struct fake_sent *sent;
			size_t len;

			fake->standing[0] = cases[i].standing;
			fake->error = cases[i].error;
			fake->errors = cases[i].error ? -1 : 0;
			len = open_padded(fake, cases[i].to, pad);
			sent = fake_last_to(fake, 0);
			assert_in_range(fake_sent_to(fake, 0), 0, 1);
			if (sent) {
				assert_true(sent->to_src);
				assert_true(sent->len <= len);
				answered++;
			}
			fake_free(fake);
		}
	}
	assert_in_range(answered, 1, 5 * 64);
}

/* One that opens as many as it can is refused, the others are served. */
static void test_greedy(void **state)
{
	struct fake *fake = fake_new(300);
	unsigned int i;

	(void)state;
	for (i = 1; i <= INTRODUCER_CLIENT_PAIRS; i++) {
		fake_open(fake, 0, i);
		assert_int_equal(fake_refused(fake, 0), 0);
		fake_run(fake, CLOCK_SECOND / 2);
	}
	for (; i < 100; i++) {
		fake_open(fake, 0, i);
		assert_int_equal(fake_refused(fake, 0), WIRE_REFUSED_FULL);
		fake_run(fake, CLOCK_SECOND / 2);
	}
	assert_int_equal(fake_stats(fake)->pairs, INTRODUCER_CLIENT_PAIRS);
	for (i = 1; i <= 100; i++) {
		fake_open(fake, i, 100 + i);
		assert_int_equal(fake_granted(fake, i, 100 + i),
				 fake_way(fake, i, 100 + i)->entry.id);
	}
	/* What others opened to it is not its own. */
	fake_open(fake, 250, 0);
	fake_granted(fake, 250, 0);
	fake_open(fake, 0, 250);
	fake_granted(fake, 0, 250);
	/* One given back is one more. */
	fake_run(fake, 10 * CLOCK_SECOND);
	fake_close(fake, 0, 1);
	fake_open(fake, 0, 99);
	fake_granted(fake, 0, 99);
	fake_open(fake, 0, 98);
	assert_int_equal(fake_refused(fake, 0), WIRE_REFUSED_FULL);
	assert_true(fake_is_whole(fake));
	fake_free(fake);
}

static void test_full(void **state)
{
	struct fake *fake = fake_new(200);

	(void)state;
	fake->config.pairs = 10;
	fake_configure(fake);
	for (unsigned int i = 0; i < 10; i++) {
		fake_open(fake, i, 100 + i);
		fake_granted(fake, i, 100 + i);
	}
	fake_open(fake, 10, 110);
	assert_int_equal(fake_refused(fake, 10), WIRE_REFUSED_FULL);
	/* Those that are there are renewed. */
	fake_open(fake, 3, 103);
	fake_granted(fake, 3, 103);
	fake_run(fake, 301 * CLOCK_SECOND);
	fake_open(fake, 10, 110);
	fake_granted(fake, 10, 110);
	assert_int_equal(fake_stats(fake)->pairs, 1);
	fake_free(fake);
}

static void test_rate(void **state)
{
	struct fake *fake = fake_new(4);

	(void)state;
	for (int i = 0; i < 1000; i++)
		fake_open(fake, 0, 1);
	assert_int_equal(fake_sent_to(fake, 0), INTRODUCER_BURST);
	assert_int_equal(fake_stats(fake)->limited, 1000 - INTRODUCER_BURST);
	fake_open(fake, 2, 3);
	fake_granted(fake, 2, 3);
	/* Going away and coming again gives it nothing. */
	fake_run(fake, CLOCK_SECOND);
	for (int i = 0; i < 100; i++) {
		fake_close(fake, 0, 1);
		fake_open(fake, 0, 1);
	}
	assert_int_equal(fake_stats(fake)->limited, 1000 - INTRODUCER_BURST + 200 -
			 INTRODUCER_RATE);
	fake_run(fake, 400 * CLOCK_SECOND);
	assert_true(introducer_next_deadline(fake->in) == CLOCK_NEVER);
	fake_free(fake);
}

static void test_close(void **state)
{
	struct fake *fake = fake_new(3);
	unsigned int sents;

	(void)state;
	fake_open(fake, 0, 1);
	fake_run(fake, 3 * CLOCK_SECOND);
	sents = fake->sents;
	fake_close(fake, 0, 1);
	assert_int_equal(fake->entries, 0);
	assert_int_equal(fake->sents, sents);
	fake_close(fake, 0, 1);
	fake_close(fake, 0, 2);
	fake_close(fake, 0, 900);
	assert_int_equal(fake_stats(fake)->closed, 1);
	/* The other may still use what it was given. */
	fake_run(fake, CLOCK_MS);
	assert_int_equal(fake->sents, sents + 1);
	assert_int_equal(fake_refused(fake, 1), WIRE_REFUSED_ENDED);
	assert_true(fake_last_to(fake, 1)->message.peer == fake_peer(0));
	assert_false(fake_last_to(fake, 1)->to_src);
	fake_run(fake, 20 * CLOCK_SECOND);
	assert_int_equal(fake->sents, sents + 1);

	/* While the other wants it too, it stays, and is the other's. */
	fake_open(fake, 0, 1);
	fake_open(fake, 1, 0);
	fake_close(fake, 0, 1);
	assert_int_equal(fake->entries, 2);
	/* Somebody else has no say. */
	fake_close(fake, 2, 0);
	fake_close(fake, 2, 1);
	assert_int_equal(fake->entries, 2);
	fake_close(fake, 1, 0);
	assert_int_equal(fake->entries, 0);
	fake_free(fake);
}

static void test_gone(void **state)
{
	struct fake *fake = fake_new(10);
	const struct endpoint src = {
		.family = AF_INET, .port = 1, .in4.s_addr = 1,
	};
	const struct path_message open = {
		.type = WIRE_CONTROL_RELAY_OPEN, .peer = fake_peer(2),
	};
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(&open, tlvs);
	unsigned int sents;

	(void)state;
	for (unsigned int i = 1; i < 10; i++)
		fake_open(fake, 0, i);
	fake_open(fake, 5, 6);
	introducer_receive(fake->in, fake->now, FAKE_OTHER, fake_peer(1), &src,
			   open.type, tlvs, len);
	assert_int_equal(fake->entries, 22);
	introducer_peer_gone(fake->in, FAKE_AGENT, fake_peer(0));
	assert_int_equal(fake->entries, 4);
	/* Not from within, and to all but the one that is gone. */
	sents = fake->sents;
	assert_int_equal(introducer_next_deadline(fake->in), 0);
	introducer_timer(fake->in, fake->now);
	assert_int_equal(fake->sents, sents + 9);
	for (unsigned int i = 1; i < 10; i++)
		assert_int_equal(fake_refused(fake, i), WIRE_REFUSED_ENDED);
	introducer_peer_gone(fake->in, FAKE_AGENT, fake_peer(0));
	introducer_peer_gone(fake->in, FAKE_AGENT, fake_peer(1));
	introducer_peer_gone(fake->in, FAKE_AGENT, fake_peer(999));
	assert_int_equal(fake->entries, 4);
	introducer_agent_gone(fake->in, FAKE_OTHER);
	assert_int_equal(fake->entries, 2);
	assert_non_null(fake_way(fake, 5, 6));
	introducer_agent_gone(fake->in, FAKE_AGENT);
	assert_int_equal(fake->entries, 0);
	fake_run(fake, 20 * CLOCK_SECOND);
	assert_true(introducer_next_deadline(fake->in) == CLOCK_NEVER);
	fake_free(fake);
}

/* Of whom it is not the doing hears of it, unless there is another way. */
static void test_ended(void **state)
{
	struct fake *fake = fake_new(3);

	(void)state;
	/* Nobody renewed it. */
	fake_open(fake, 0, 1);
	fake_run(fake, 301 * CLOCK_SECOND);
	assert_int_equal(fake->entries, 0);
	assert_int_equal(fake_refused(fake, 0), WIRE_REFUSED_ENDED);
	assert_int_equal(fake_refused(fake, 1), WIRE_REFUSED_ENDED);
	/* Opened again before anybody was told. */
	fake_open(fake, 0, 1);
	fake_close(fake, 0, 1);
	fake_open(fake, 0, 1);
	fake_run(fake, CLOCK_MS);
	assert_int_equal(fake_refused(fake, 1), 0);
	/* Introducing is turned off. */
	fake_open(fake, 1, 2);
	fake->config.enabled = false;
	fake_configure(fake);
	fake_run(fake, CLOCK_MS);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fake_refused(fake, i), WIRE_REFUSED_ENDED);
	/* What is not told any more is not kept. */
	fake->config.enabled = true;
	fake_configure(fake);
	fake_open(fake, 0, 1);
	fake_close(fake, 0, 1);
	fake_free(fake);
}

static void receive(struct fake *fake, uint8_t type, const uint8_t *tlvs,
		    size_t len)
{
	const struct endpoint src = {
		.family = AF_INET, .port = 1, .in4.s_addr = 1,
	};
	uint8_t *copy = malloc(len + !len);

	memcpy(copy, tlvs, len);
	assert_int_equal(introducer_receive(fake->in, fake->now, FAKE_AGENT,
					    fake_peer(0), &src, type, copy,
					    len),
			 type == WIRE_CONTROL_RELAY_OPEN ||
			 type == WIRE_CONTROL_RELAY_CLOSE ||
			 type == WIRE_CONTROL_LATER);
	free(copy);
}

/* Cut anywhere, or smaller than its answer, it is not answered. */
static void test_malformed(void **state)
{
	const struct path_message open = {
		.type = WIRE_CONTROL_RELAY_OPEN, .peer = fake_peer(1),
	};
	uint8_t tlvs[PATH_MESSAGE_MAX];
	struct fake *fake = fake_new(2);
	int len = path_message_write(&open, tlvs);

	(void)state;
	for (int cut = 0; cut < len; cut++) {
		fake_run(fake, CLOCK_SECOND);
		receive(fake, open.type, tlvs, cut);
		assert_int_equal(fake_stats(fake)->malformed, cut + 1);
	}
	assert_int_equal(fake->sents, 0);
	assert_int_equal(fake->news, 0);
	receive(fake, open.type, tlvs, len);
	assert_true(fake->sents > 0);
	for (unsigned int i = 0; i < fake->sents; i++)
		assert_true(fake->sent[i].len <= (size_t)len);
	fake_free(fake);
}

static void test_other_types(void **state)
{
	const uint8_t tlvs[200] = { 0 };
	struct fake *fake = fake_new(2);

	(void)state;
	for (int type = 0; type < 256; type++)
		receive(fake, type, tlvs, sizeof(tlvs));
	assert_int_equal(fake->sents, 0);
	fake_free(fake);
}

static void later(struct fake *fake, uint32_t seconds, uint32_t number)
{
	const struct path_message message = {
		.type = WIRE_CONTROL_LATER, .lifetime = seconds,
		.generation = number,
	};
	uint8_t tlvs[PATH_MESSAGE_MAX];

	receive(fake, message.type, tlvs, path_message_write(&message, tlvs));
}

/* One word, to where it was asked from, when it was asked for. */
static void test_later(void **state)
{
	struct fake *fake = fake_new(2);

	(void)state;
	later(fake, 20, 7);
	fake_run(fake, 20 * CLOCK_SECOND - CLOCK_MS);
	assert_int_equal(fake->sents, 0);
	fake_run(fake, 2 * CLOCK_MS);
	assert_int_equal(fake->sents, 1);
	assert_int_equal(fake_last_to(fake, 0)->message.type, WIRE_CONTROL_LATE);
	assert_int_equal(fake_last_to(fake, 0)->message.generation, 7);
	assert_true(fake_last_to(fake, 0)->to_src);
	fake_run(fake, 100 * CLOCK_SECOND);
	assert_true(introducer_next_deadline(fake->in) == CLOCK_NEVER);

	/* The next request takes the place of the one before. */
	later(fake, 20, 8);
	fake_run(fake, 10 * CLOCK_SECOND);
	/* A pair is opened and ends, and it is said all the same. */
	later(fake, 20, 9);
	fake_open(fake, 0, 1);
	fake_close(fake, 0, 1);
	fake_run(fake, CLOCK_MS);
	fake->sents = 0;
	fake_run(fake, 21 * CLOCK_SECOND);
	assert_int_equal(fake->sents, 1);
	assert_int_equal(fake_last_to(fake, 0)->message.generation, 9);

	/* Not for long, not for who is gone, and not where nobody may meet. */
	fake->sents = 0;
	later(fake, WIRE_LATER_SECONDS_MAX + 1, 11);
	assert_int_equal(fake_stats(fake)->malformed, 1);
	later(fake, 20, 12);
	introducer_peer_gone(fake->in, FAKE_AGENT, fake_peer(0));
	fake_run(fake, 100 * CLOCK_SECOND);
	fake->config.enabled = false;
	fake_configure(fake);
	later(fake, 20, 13);
	fake_run(fake, 100 * CLOCK_SECOND);
	assert_int_equal(fake->sents, 0);
	fake_free(fake);
}

/* Whatever comes in whatever order, the kernel's entries fit each other. */
static void test_random(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 20; seed++) {
		struct fake *fake = fake_new(12);
		uint64_t r = seed;

		fake->seed = seed;
		fake->config.pairs = 20;
		fake->config.total_bytes = seed % 2 * 1000;
		fake_configure(fake);
		for (int step = 0; step < 2000; step++) {
			unsigned int a, b;

			r = r * 6364136223846793005ULL + 1442695040888963407ULL;
			a = (r >> 33) % 12;
			b = (r >> 40) % 12;
			fake->standing[b] = (r >> 50) % 8 ? INTRODUCER_DIRECT :
					    (r >> 53) % 3;
			fake->error = (r >> 44) & 1 ? -EEXIST : -ENOMEM;
			fake->errors = (r >> 46) % 5 == 0;
			fake->skip = (r >> 48) & 1;
			switch ((r >> 56) % 8) {
			case 0:
				fake_close(fake, a, b);
				break;
			case 1:
				introducer_peer_gone(fake->in, FAKE_AGENT,
						     fake_peer(a));
				break;
			case 2:
				fake_run(fake, (r >> 35) % 50 * CLOCK_SECOND);
				break;
			case 3:
				if ((r >> 36) % 8 == 0)
					fake_restart(fake);
				break;
			default:
				fake_open(fake, a, b);
			}
			assert_true(fake_is_whole(fake));
			assert_true(fake_stats(fake)->pairs <= 20);
		}
		fake_run(fake, 400 * CLOCK_SECOND);
		assert_int_equal(fake->entries, 0);
		assert_true(introducer_next_deadline(fake->in) == CLOCK_NEVER);
		fake_free(fake);
	}
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_signalling),
		cmocka_unit_test(test_told_again),
		cmocka_unit_test(test_idempotent),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_total_bytes),
		cmocka_unit_test(test_not_here),
		cmocka_unit_test(test_not_allowed),
		cmocka_unit_test(test_answers_are_not_larger),
		cmocka_unit_test(test_greedy),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_other_types),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("introducer", tests, setup, NULL);
}
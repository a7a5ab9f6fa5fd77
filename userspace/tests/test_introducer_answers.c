// SPDX-License-Identifier: GPL-2.0-or-later
/* The introducer: how much comes back for what was asked. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "fake_kernel.h"
#include "tlv.h"

/* The last message to this peer, or NULL; *@count: how many there were. */
static const struct fake_sent *answer_to(struct fake *fake, unsigned int peer,
					 unsigned int *count)
{
	const struct fake_sent *last = NULL;

	*count = 0;
	for (unsigned int i = 0; i < fake->sents; i++) {
		if (fake->sent[i].peer != fake_peer(peer))
			continue;
		last = &fake->sent[i];
		++*count;
	}
	return last;
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
			unsigned int count;
			size_t len;

			fake->standing[0] = cases[i].standing;
			fake->error = cases[i].error;
			fake->errors = cases[i].error ? -1 : 0;
			len = open_padded(fake, cases[i].to, pad);
			sent = answer_to(fake, 0, &count);
			assert_in_range(count, 0, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_not_larger),
	};

	return cmocka_run_group_tests_name("introducer_answers", tests, NULL,
					   NULL);
}

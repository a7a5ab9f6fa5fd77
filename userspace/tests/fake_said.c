// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_said.h"

#include "check.h"

const struct fake_sent *fake_last_to(struct fake *fake, unsigned int peer)
{
	for (unsigned int i = fake->sents; i-- > 0;)
		if (fake->sent[i].peer == fake_peer(peer))
			return &fake->sent[i];
	return NULL;
}

unsigned int fake_sent_to(struct fake *fake, unsigned int peer)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < fake->sents; i++)
		count += fake->sent[i].peer == fake_peer(peer);
	return count;
}

uint32_t fake_granted(struct fake *fake, unsigned int peer, unsigned int other)
{
	const struct fake_sent *sent = fake_last_to(fake, peer);

	assert_non_null(sent);
	assert_int_equal(sent->message.type, WIRE_CONTROL_RELAY_GRANT);
	assert_true(sent->message.peer == fake_peer(other));
	return sent->message.relay;
}

int fake_refused(struct fake *fake, unsigned int peer)
{
	const struct fake_sent *sent = fake_last_to(fake, peer);

	if (!sent || sent->message.type != WIRE_CONTROL_RELAY_REFUSED)
		return 0;
	return sent->message.reason;
}

const struct introducer_stats *fake_stats(struct fake *fake)
{
	return introducer_stats(fake->in);
}

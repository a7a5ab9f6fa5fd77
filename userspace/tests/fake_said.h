/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the introducer on a fake kernel has said to whom. */
#ifndef PILOT_TESTS_FAKE_SAID_H
#define PILOT_TESTS_FAKE_SAID_H

#include "fake_kernel.h"

/* The last message to this peer, or NULL. */
const struct fake_sent *fake_last_to(struct fake *fake, unsigned int peer);
unsigned int fake_sent_to(struct fake *fake, unsigned int peer);
/* The last message was a grant for this other one. Return: the id. */
uint32_t fake_granted(struct fake *fake, unsigned int peer, unsigned int other);
/* Return: why, or 0 when the last message did not refuse. */
int fake_refused(struct fake *fake, unsigned int peer);
const struct introducer_stats *fake_stats(struct fake *fake);

#endif /* PILOT_TESTS_FAKE_SAID_H */

// SPDX-License-Identifier: GPL-2.0-or-later

#include "redial.h"

#include <string.h>

void redial_init(struct redial *redial, uint64_t now)
{
	memset(redial, 0, sizeof(*redial));
	redial->state = REDIAL_WAITING;
	redial->at = now;
	redial->wait = REDIAL_FIRST;
}

enum redial_do redial_due(struct redial *redial, uint64_t now)
{
	if (now < redial->at)
		return REDIAL_NOTHING;
	switch (redial->state) {
	case REDIAL_WAITING:
		redial->state = REDIAL_TRYING;
		redial->at = now + REDIAL_TRY;
		return REDIAL_CONNECT;
	case REDIAL_TRYING:
		return REDIAL_ABANDON;
	case REDIAL_UP:
		break;
	}
	return REDIAL_NOTHING;
}

void redial_up(struct redial *redial, uint64_t now)
{
	redial->state = REDIAL_UP;
	redial->at = CLOCK_NEVER;
	redial->up_at = now;
	redial->number++;
	redial->failures = 0;
}

void redial_failed(struct redial *redial, uint64_t now, uint32_t random)
{
	/* A server that takes us and ends at once must not be hammered. */
	if (redial->state == REDIAL_UP && now - redial->up_at >= REDIAL_STABLE)
		redial->wait = REDIAL_FIRST;
	redial->state = REDIAL_WAITING;
	redial->failures++;
	redial->at = now + redial->wait + random % (redial->wait / 4);
	redial->wait *= 2;
	if (redial->wait > REDIAL_MAX)
		redial->wait = REDIAL_MAX;
}

void redial_hurry(struct redial *redial, uint64_t now)
{
	redial->wait = REDIAL_FIRST;
	if (redial->state == REDIAL_WAITING && redial->at > now)
		redial->at = now;
}

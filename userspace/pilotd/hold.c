// SPDX-License-Identifier: GPL-2.0-or-later

#include "hold.h"

#include <errno.h>
#include <stdlib.h>

struct hold {
	struct hold *next;
	uint64_t agent;
	uint64_t peer;
	uint64_t until;			/* CLOCK_BOOTTIME, us */
};

/* All last equally long, so the first to begin is the first to end. */
struct holds {
	struct hold *first;
	struct hold **end;
	sd_event *event;
	sd_event_source *source;
	hold_release_fn release;
	void *ctx;
};

static void hold_take_out(struct holds *holds, struct hold **link)
{
	struct hold *hold = *link;

	*link = hold->next;
	if (holds->end == &hold->next)
		holds->end = link;
}

static struct hold *hold_find(struct holds *holds, uint64_t agent,
			      uint64_t peer)
{
	struct hold **link, *hold;

	for (link = &holds->first; (hold = *link); link = &hold->next) {
		if (hold->agent != agent || hold->peer != peer)
			continue;
		hold_take_out(holds, link);
		return hold;
	}
	return NULL;
}

static void holds_rearm(struct holds *holds)
{
	if (!holds->first)
		return;
	sd_event_source_set_time(holds->source, holds->first->until);
	sd_event_source_set_enabled(holds->source, SD_EVENT_ONESHOT);
}

static int on_end(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct holds *holds = ctx;
	struct hold *hold;

	(void)source;
	while ((hold = holds->first) && hold->until <= usec) {
		hold_take_out(holds, &holds->first);
		holds->release(holds->ctx, hold->agent, hold->peer);
		free(hold);
	}
	holds_rearm(holds);
	return 0;
}

int holds_new(struct holds **holds, sd_event *event, hold_release_fn release,
	      void *ctx)
{
	struct holds *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	new->end = &new->first;
	new->event = event;
	new->release = release;
	new->ctx = ctx;
	ret = sd_event_add_time(event, &new->source, CLOCK_BOOTTIME, 0, 10000,
				on_end, new);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(new->source, SD_EVENT_OFF);
	if (ret < 0) {
		holds_free(new);
		return ret;
	}
	*holds = new;
	return 0;
}

void holds_free(struct holds *holds)
{
	struct hold *hold;

	if (!holds)
		return;
	while ((hold = holds->first)) {
		holds->first = hold->next;
		free(hold);
	}
	sd_event_source_disable_unref(holds->source);
	free(holds);
}

int hold_begin(struct holds *holds, uint64_t agent, uint64_t peer)
{
	struct hold *hold = hold_find(holds, agent, peer);
	uint64_t now;
	int ret;

	ret = sd_event_now(holds->event, CLOCK_BOOTTIME, &now);
	if (!hold)
		hold = malloc(sizeof(*hold));
	if (ret < 0 || !hold) {
		free(hold);
		return ret < 0 ? ret : -ENOMEM;
	}
	hold->next = NULL;
	hold->agent = agent;
	hold->peer = peer;
	hold->until = now + HOLD_US;
	*holds->end = hold;
	holds->end = &hold->next;
	holds_rearm(holds);
	return 0;
}

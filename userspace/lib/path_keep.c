// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often a NAT wants to see something. An introducer is asked to say
 * something just before the next ping is due: when that does not come and the
 * ping is answered, a NAT has forgotten us meanwhile.
 */
#include "path_impl.h"

#define PATH_KEEP_MIN		(5 * CLOCK_SECOND)
#define PATH_KEEP_MARGIN	CLOCK_SECOND	/* for the way there and back */
#define PATH_KEEP_SURE		(3600 * CLOCK_SECOND)

static uint64_t path_keep_most(const struct path_live *live)
{
	return live->peer->keepalive * CLOCK_SECOND;
}

uint64_t path_keep_interval(const struct path_live *live)
{
	uint64_t most = path_keep_most(live);

	return live->keep && live->keep < most ? live->keep : most;
}

void path_keep_ask(struct path_live *live, const struct clock *now)
{
	uint64_t interval = path_keep_interval(live);
	struct path_message later = {
		.type = WIRE_CONTROL_LATER,
		.lifetime = (interval - PATH_KEEP_MARGIN) / CLOCK_SECOND,
	};

	live->missed_at = live->late_at && live->late_at <= now->boot_ns &&
			  live->late_by == live->used ? now->boot_ns : 0;
	live->late_at = 0;
	if (interval < PATH_KEEP_MIN ||
	    later.lifetime > WIRE_LATER_SECONDS_MAX ||
	    !endpoint_is_direct(&live->used->endpoint) ||
	    live->used->rtt_ns > PATH_KEEP_MARGIN * 3 / 4)
		return;
	later.generation = ++live->late;
	if (!path_send(live, &live->used->endpoint, &later))
		return;
	live->late_by = live->used;
	live->late_at = now->boot_ns + interval;
}

void path_keep_late(struct path_live *live, const struct clock *now,
		    uint32_t number)
{
	if (!live->late_at || number != live->late) {
		path_host_of(live)->stats.rx_stale++;
		return;
	}
	live->late_at = 0;
	/* It may have been chance, or the NAT is another one by now. */
	if (live->keep && now->boot_ns - live->learned_at >= PATH_KEEP_SURE) {
		live->keep += live->keep / 4;
		live->learned_at = now->boot_ns;
	}
}

bool path_keep_ponged(struct path_live *live, const struct clock *now)
{
	uint64_t interval = path_keep_interval(live), at = live->missed_at;

	live->missed_at = 0;
	/* Later than that the way was not there at all. */
	if (!at || now->boot_ns - at > PATH_KEEP_MARGIN)
		return false;
	live->learned_at = now->boot_ns;
	live->keep = path_later(interval * 2 / 3,
				path_earlier(PATH_KEEP_MIN,
					     path_keep_most(live)));
	return true;
}

void path_keep_interrupted(struct path_live *live)
{
	live->late_at = live->missed_at = 0;
}

void path_keep_anew(struct path_live *live)
{
	live->keep = 0;
	live->late_at = live->missed_at = 0;
}

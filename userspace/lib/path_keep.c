// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often a NAT wants to see something. An introducer is asked to say
 * something just before the next ping is due: when that does not come and the
 * ping is answered, a NAT has forgotten us meanwhile. Or the introducer does
 * not do as it is asked: so it is asked once more, for a word that comes while
 * the NAT is open for sure.
 */
#include "path_impl.h"

#define PATH_KEEP_MIN		(5 * CLOCK_SECOND)
#define PATH_KEEP_MARGIN	CLOCK_SECOND	/* for the way there and back */
#define PATH_KEEP_SURE		(3600 * CLOCK_SECOND)
#define PATH_KEEP_PROOF		1	/* seconds, no NAT forgets so soon */

static uint64_t path_keep_most(const struct path_live *live)
{
	return live->peer->keepalive * CLOCK_SECOND;
}

uint64_t path_keep_interval(const struct path_live *live)
{
	uint64_t most = path_keep_most(live);

	return live->keep && live->keep < most ? live->keep : most;
}

/* Return: whether the word was asked for. */
static bool path_keep_send(struct path_live *live, uint32_t seconds)
{
	struct path_message later = {
		.type = WIRE_CONTROL_LATER, .lifetime = seconds,
		.generation = ++live->late,
	};

	live->late_by = live->used;
	return path_send(live, &live->used->endpoint, &later);
}

void path_keep_ask(struct path_live *live, const struct clock *now)
{
	uint64_t interval = path_keep_interval(live);
	uint64_t seconds = (interval - PATH_KEEP_MARGIN) / CLOCK_SECOND;

	live->missed_at = live->late_at && live->late_at <= now->boot_ns &&
			  live->late_by == live->used ? now->boot_ns : 0;
	live->late_at = 0;
	live->late_doubt = false;
	if (interval < PATH_KEEP_MIN || seconds > WIRE_LATER_SECONDS_MAX ||
	    !endpoint_is_direct(&live->used->endpoint) ||
	    live->used->rtt_ns > PATH_KEEP_MARGIN * 3 / 4)
		return;
	if (path_keep_send(live, seconds))
		live->late_at = now->boot_ns + interval;
}

/* It answers such requests, so the one before was kept out by a NAT. */
static void path_keep_shrink(struct path_live *live, const struct clock *now)
{
	live->learned_at = now->boot_ns;
	live->keep = path_later(path_keep_interval(live) * 2 / 3,
				path_earlier(PATH_KEEP_MIN,
					     path_keep_most(live)));
	live->watch_at = path_earlier(live->watch_at, now->boot_ns +
				      path_keep_interval(live));
	/* Its word for the next time was given up for this one. */
	if (path_mode(live, now) == PATH_MODE_KEEP)
		path_keep_ask(live, now);
}

void path_keep_late(struct path_live *live, const struct clock *now,
		    uint32_t number)
{
	bool doubt = live->late_doubt;

	if ((!live->late_at && !doubt) || number != live->late) {
		path_host_of(live)->stats.rx_stale++;
		return;
	}
	live->late_at = 0;
	live->late_doubt = false;
	if (doubt) {
		if (live->used && live->late_by == live->used)
			path_keep_shrink(live, now);
		return;
	}
	/* It may have been chance, or the NAT is another one by now. */
	if (live->keep && now->boot_ns - live->learned_at >= PATH_KEEP_SURE) {
		live->keep += live->keep / 4;
		live->learned_at = now->boot_ns;
	}
}

void path_keep_ponged(struct path_live *live, const struct clock *now)
{
	uint64_t at = live->missed_at;

	live->missed_at = 0;
	/* Later than that the way was not there at all. */
	if (!at || now->boot_ns - at > PATH_KEEP_MARGIN || !live->used)
		return;
	live->late_at = 0;
	live->late_doubt = path_keep_send(live, PATH_KEEP_PROOF);
}

void path_keep_interrupted(struct path_live *live)
{
	live->late_at = live->missed_at = 0;
	live->late_doubt = false;
}

void path_keep_anew(struct path_live *live)
{
	live->keep = 0;
	path_keep_interrupted(live);
}

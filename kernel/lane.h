/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lanes: the outer 5-tuples of one peer, each with its own keys, so that one
 * peer's traffic scales over processors without an order to keep between them
 * (RFC 9611 does the same for ESP). See Documentation/datapath.rst.
 */
#ifndef PILOT_LANE_H
#define PILOT_LANE_H

#include <linux/compiler.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "endpoint.h"
#include "key.h"

/*
 * A lane is known to work for this long after something came by it. Who gets
 * something by a lane on which it has not sent lately answers, so that a lane
 * in use stays known.
 */
#define PILOT_LANE_FRESH_NS	(5 * NSEC_PER_SEC)
#define PILOT_LANE_ANSWER_NS	NSEC_PER_SEC
/* Who tries a lane gets an answer at most this often. */
#define PILOT_LANE_ANSWERS_NS	(50 * NSEC_PER_MSEC)
/*
 * One that is not known to work is tried when so many packets wanted it, and
 * so often: a request now and then is not worth it.
 */
#define PILOT_LANE_WANTED	32
#define PILOT_LANE_PROBE_NS	NSEC_PER_SEC

/**
 * struct pilot_lane - one lane of a peer
 * @endpoint: where its frames go, NULL = unknown
 * @current_key: transmit and receive
 * @next: receive only; its first packet makes it current
 * @previous: receive only, for what was under way at the swap
 * @last_rx: when it last carried an authenticated record from the peer, 0 =
 *	it is not known to work
 * @last_tx: when the last record went, 0 = never
 * @probed_at: when it was last tried, 0 = never
 * @answered_at: when the peer was last let know that it works, 0 = never
 * @moved_at: when its endpoint was last learned, 0 = never
 * @wanted: packets that wanted it since it was last tried, counted racily
 * @port: where the peer says it receives the lane; unused in lane 0
 *
 * The pointers are RCU pointers written under the lock of the peer. A key is
 * in exactly one slot, and reachable by index exactly while it is. The times
 * are coarse CLOCK_BOOTTIME ns, written racily.
 */
struct pilot_lane {
	struct pilot_endpoint __rcu *endpoint;
	struct pilot_key __rcu *current_key;
	struct pilot_key __rcu *next;
	struct pilot_key __rcu *previous;
	u64 last_rx;
	u64 last_tx;
	u64 probed_at;
	u64 answered_at;
	u64 moved_at;
	u32 wanted;
	__be16 port;
};

/* Was @time set, and less than @ns ago? Another CPU's clock may be ahead. */
static inline bool pilot_lane_within(u64 time, u64 ns, u64 now)
{
	return time && (s64)(now - time) < (s64)ns;
}

static inline bool pilot_lane_is_fresh(const struct pilot_lane *lane, u64 now)
{
	return pilot_lane_within(READ_ONCE(lane->last_rx), PILOT_LANE_FRESH_NS,
				 now);
}

#endif /* PILOT_LANE_H */

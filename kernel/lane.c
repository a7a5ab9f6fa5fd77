// SPDX-License-Identifier: GPL-2.0
/*
 * The lanes of a peer: where each goes. Changes are made under the lock of
 * the peer; readers use RCU.
 */

#include "lane.h"

#include <linux/slab.h>

#include "peer.h"

static struct pilot_endpoint *lane_endpoint(struct pilot_peer *peer,
					    struct pilot_lane *lane)
{
	return rcu_dereference_protected(lane->endpoint,
					 lockdep_is_held(&peer->lock));
}

/* Takes @endpoint over, NULL = unknown. */
static void lane_replace(struct pilot_peer *peer, struct pilot_lane *lane,
			 struct pilot_endpoint *endpoint)
{
	pilot_endpoint_free(rcu_replace_pointer(lane->endpoint, endpoint,
						lockdep_is_held(&peer->lock)));
}

/* Try a lane at @port of the host of @path. It is not known to work there. */
static void lane_aim(struct pilot_peer *peer, struct pilot_lane *lane,
		     const struct pilot_path *path, __be16 port)
{
	struct pilot_path guess = *path;
	struct pilot_endpoint *endpoint;

	WRITE_ONCE(lane->last_rx, 0);
	guess.port = port;
	endpoint = pilot_endpoint_new(&guess, GFP_ATOMIC);
	if (endpoint)
		lane_replace(peer, lane, endpoint);
}

/*
 * Lane @from worked where @old is and now does where @new is. Those that went
 * to the same host have moved too, in all likelihood, unless they were just
 * heard; those that went nowhere are tried there. @old is NULL when it went
 * nowhere itself. When only the port is new a translator has forgotten the old
 * one, and theirs perhaps too.
 */
static void lanes_follow(struct pilot_peer *peer, struct pilot_lane *from,
			 const struct pilot_endpoint *old,
			 const struct pilot_path *new)
{
	struct pilot_endpoint *at;
	struct pilot_lane *lane;
	u64 now = pilot_now();
	unsigned int i;
	bool heard;

	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++) {
		if (lane == from)
			continue;
		at = lane_endpoint(peer, lane);
		if (at && !(old && pilot_path_same_host(&at->path, &old->path)))
			continue;
		heard = pilot_lane_within(READ_ONCE(lane->last_rx),
					  PILOT_LANE_ANSWER_NS, now);
		WRITE_ONCE(lane->last_rx, 0);
		if (at && !heard)
			lane_aim(peer, lane, new, at->path.port);
		else if (!at && lane->port)
			lane_aim(peer, lane, new, lane->port);
	}
}

/**
 * pilot_peer_lane_make - have a lane
 * @peer: the peer, the lock of its device held
 * @number: number of the lane
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pilot_peer_lane_make(struct pilot_peer *peer, unsigned int number)
{
	struct pilot_lane *more;

	if (pilot_peer_lane(peer, number))
		return 0;
	more = kcalloc(PILOT_LANES - 1, sizeof(*more), GFP_KERNEL_ACCOUNT);
	if (!more)
		return -ENOMEM;
	/* Pairs with the acquire in pilot_peer_lane(). */
	smp_store_release(&peer->more, more);
	return 0;
}

/**
 * pilot_peer_lane_aim - where the peer says it receives a lane
 * @peer: the peer, its lock held
 * @number: number of the lane, not 0
 * @port: the port, at the host of lane 0
 *
 * As long as it says the same the lane goes on as it does: behind a NAT the
 * peer's own port says nothing.
 */
void pilot_peer_lane_aim(struct pilot_peer *peer, unsigned int number,
			 __be16 port)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	struct pilot_endpoint *at0 = lane_endpoint(peer, &peer->lane0);
	struct pilot_endpoint *at = lane_endpoint(peer, lane);
	bool same = lane->port == port;

	lockdep_assert_held(&peer->lock);
	lane->port = port;
	if (pilot_endpoint_is_carried(at0) ||
	    (at && pilot_lane_is_fresh(lane, pilot_now())))
		return;
	if (at0 && !(at && same && pilot_path_same_host(&at->path, &at0->path)))
		lane_aim(peer, lane, &at0->path, port);
}

/**
 * pilot_peer_endpoint_set - say where a peer is
 * @peer: the peer
 * @endpoint: endpoint of lane 0, taken over; NULL = unknown
 *
 * The other lanes are tried at the same host; who is reached by a relay or a
 * TURN server has only lane 0.
 *
 * Context: BH disabled or process.
 */
void pilot_peer_endpoint_set(struct pilot_peer *peer,
			     struct pilot_endpoint *endpoint)
{
	bool direct = endpoint && !pilot_endpoint_is_carried(endpoint);
	struct pilot_endpoint *old;
	struct pilot_lane *lane;
	unsigned int i;
	bool moved;

	spin_lock_bh(&peer->lock);
	old = lane_endpoint(peer, &peer->lane0);
	moved = endpoint && !(old && pilot_path_same_remote(&old->path,
							    &endpoint->path));
	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++) {
		if (!direct) {
			WRITE_ONCE(lane->last_rx, 0);
			if (i)
				lane_replace(peer, lane, NULL);
		} else if (moved && lane->port) {
			lane_aim(peer, lane, &endpoint->path, lane->port);
		}
	}
	lane_replace(peer, &peer->lane0, endpoint);
	spin_unlock_bh(&peer->lock);
}

/**
 * pilot_peer_endpoint_learn - a lane's newest record came from elsewhere
 * @peer: the peer
 * @number: number of the lane
 * @endpoint: where it came from, directly; taken over
 * @now0: set to where lane 0 goes now, if that has changed
 *
 * Who is reached by a relay or a TURN server stays there until the helper says
 * otherwise. This and the peer's flags are looked at under the lock, so that
 * nothing is learned any more once a request that forbids it has returned.
 *
 * Context: BH disabled.
 * Return: whether the remote address or port of lane 0 has changed.
 */
bool pilot_peer_endpoint_learn(struct pilot_peer *peer, unsigned int number,
			       struct pilot_endpoint *endpoint,
			       struct pilot_path *now0)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	struct pilot_endpoint *old, *old0, *new0;
	bool moved;

	spin_lock(&peer->lock);
	old = lane_endpoint(peer, lane);
	old0 = lane_endpoint(peer, &peer->lane0);
	if (pilot_endpoint_is_carried(old0) ||
	    READ_ONCE(peer->config.flags) & PILOT_PEER_F_FIXED_ENDPOINT) {
		spin_unlock(&peer->lock);
		pilot_endpoint_free(endpoint);
		return false;
	}
	/* Where it was only tried it has not moved from. */
	if (!old || (READ_ONCE(lane->last_rx) &&
		     !pilot_path_same_remote(&old->path, &endpoint->path)))
		lanes_follow(peer, lane, old, &endpoint->path);
	lane_replace(peer, lane, endpoint);
	new0 = lane_endpoint(peer, &peer->lane0);
	/* What is replaced is freed after a grace period at the earliest. */
	moved = new0 && new0 != old0 &&
		!(old0 && pilot_path_same_remote(&old0->path,
						     &new0->path));
	if (moved)
		*now0 = new0->path;
	spin_unlock(&peer->lock);
	return moved;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The key slots of a peer: install, promote, remove, expire. Every change is
 * made under the lock of the peer; readers use RCU.
 */

#include "peer.h"

static struct pilot_key *slot_key(struct pilot_peer *peer,
				  struct pilot_key __rcu **slot)
{
	return rcu_dereference_protected(*slot, lockdep_is_held(&peer->lock));
}

static struct pilot_key *slot_take(struct pilot_peer *peer,
				   struct pilot_key __rcu **slot)
{
	return rcu_replace_pointer(*slot, NULL, lockdep_is_held(&peer->lock));
}

/*
 * There are as many lanes to choose from as the last with a key says. One that
 * only waits in next can be tried: that is how it gets to be current.
 */
static void lanes_count(struct pilot_peer *peer)
{
	struct pilot_lane *lane;
	unsigned int i, n = 0;

	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++)
		if (rcu_access_pointer(lane->current_key) ||
		    rcu_access_pointer(lane->next))
			n = i + 1;
	WRITE_ONCE(peer->lanes, n);
}

/* Make @key current; what was current can still be received under. */
static void lane_advance(struct pilot_peer *peer, struct pilot_lane *lane,
			 struct pilot_key *key)
{
	/* A session begins: the time for idle too, whatever was told before. */
	if (lane == &peer->lane0 && !rcu_access_pointer(lane->current_key)) {
		clear_bit(PILOT_PEER_IDLE_TOLD, &peer->told);
		timer_reduce(&peer->timer, jiffies + 1);
	}
	pilot_key_retire(slot_take(peer, &lane->previous));
	rcu_assign_pointer(lane->previous,
			   slot_key(peer, &lane->current_key));
	rcu_assign_pointer(lane->current_key, key);
	lanes_count(peer);
}

/**
 * pilot_peer_key_find - a key by its name
 * @peer: the peer
 * @lane: lane number, below PILOT_LANES
 * @epoch: epoch
 *
 * Context: RCU read section, or a lock that excludes removal.
 * Return: the key or NULL.
 */
struct pilot_key *pilot_peer_key_find(struct pilot_peer *peer, u8 lane,
				      u32 epoch)
{
	struct pilot_lane *l = pilot_peer_lane(peer, lane);
	struct pilot_key *key;

	if (!l)
		return NULL;
	key = rcu_dereference_check(l->current_key,
				    lockdep_is_held(&peer->lock));
	if (key && key->epoch == epoch)
		return key;
	key = rcu_dereference_check(l->next, lockdep_is_held(&peer->lock));
	if (key && key->epoch == epoch)
		return key;
	key = rcu_dereference_check(l->previous, lockdep_is_held(&peer->lock));
	return key && key->epoch == epoch ? key : NULL;
}

/**
 * pilot_peer_key_install - put a key into a slot
 * @peer: the peer, its lock held
 * @key: indexed already
 * @slot: current or next; a key that waits in next gives way
 *
 * Return: whether the lane had no current key before and has one now.
 */
bool pilot_peer_key_install(struct pilot_peer *peer, struct pilot_key *key,
			    enum pilot_key_slot slot)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, key->lane);
	bool first = !rcu_access_pointer(lane->current_key);

	lockdep_assert_held(&peer->lock);
	pilot_key_retire(slot_take(peer, &lane->next));
	if (slot == PILOT_KEY_SLOT_NEXT) {
		rcu_assign_pointer(lane->next, key);
		lanes_count(peer);
		return false;
	}
	lane_advance(peer, lane, key);
	return first;
}

/* Epochs only grow, and may wrap. */
static bool key_is_older(const struct pilot_key *a, const struct pilot_key *b)
{
	return (s32)(a->epoch - b->epoch) < 0;
}

/*
 * Is @key older than the current key of its lane? A look without a lock, for
 * the path of packets. Context: RCU read section.
 */
bool pilot_peer_key_is_stale(struct pilot_peer *peer,
			     const struct pilot_key *key)
{
	struct pilot_lane *lane;
	struct pilot_key *now;

	lane = pilot_peer_lane(peer, key->lane);
	now = rcu_dereference(lane->current_key);
	return now && key_is_older(key, now);
}

/**
 * pilot_peer_key_promote - make the next key current
 * @peer: the peer, its lock held
 * @key: the key that should be in the next slot
 * @asked: the helper asks for it; otherwise a record came under it, which
 *	says little when two handshakes have crossed: a key that is older than
 *	the current one is then only received under
 *
 * Return: false when it is not there (any more), or must not be current.
 */
bool pilot_peer_key_promote(struct pilot_peer *peer, struct pilot_key *key,
			    bool asked)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, key->lane);
	struct pilot_key *now = slot_key(peer, &lane->current_key);

	lockdep_assert_held(&peer->lock);
	if (rcu_access_pointer(lane->next) != key)
		return false;
	if (now && !asked && key_is_older(key, now))
		return false;
	RCU_INIT_POINTER(lane->next, NULL);
	lane_advance(peer, lane, key);
	return true;
}

/**
 * pilot_peer_key_remove - take a key out of its slot and retire it
 * @peer: the peer, its lock held
 * @key: a key in one of its slots
 *
 * Return: whether it was a current key.
 */
bool pilot_peer_key_remove(struct pilot_peer *peer, struct pilot_key *key)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, key->lane);
	bool current_key = rcu_access_pointer(lane->current_key) == key;

	lockdep_assert_held(&peer->lock);
	if (current_key)
		RCU_INIT_POINTER(lane->current_key, NULL);
	else if (rcu_access_pointer(lane->next) == key)
		RCU_INIT_POINTER(lane->next, NULL);
	else if (rcu_access_pointer(lane->previous) == key)
		RCU_INIT_POINTER(lane->previous, NULL);
	else
		return false;
	lanes_count(peer);
	pilot_key_retire(key);
	return current_key;
}

/**
 * pilot_peer_keys_expire - retire the keys past their hard age
 * @peer: the peer, its lock held
 * @now: coarse CLOCK_BOOTTIME ns
 *
 * Return: how many of them were current keys.
 */
unsigned int pilot_peer_keys_expire(struct pilot_peer *peer, u64 now)
{
	struct pilot_key __rcu **slot[3];
	unsigned int i, j, gone = 0;
	struct pilot_lane *lane;
	struct pilot_key *key;

	lockdep_assert_held(&peer->lock);
	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++) {
		slot[0] = &lane->current_key;
		slot[1] = &lane->next;
		slot[2] = &lane->previous;
		for (j = 0; j < ARRAY_SIZE(slot); j++) {
			key = slot_key(peer, slot[j]);
			if (key && pilot_key_expired(key, now))
				gone += pilot_peer_key_remove(peer, key);
		}
	}
	return gone;
}

/**
 * pilot_peer_keys_index - make the keys of a lane reachable by a new socket
 * @peer: the peer
 * @family: whose socket changed
 * @number: the lane
 * @socket: identifier of the new socket, 0 = none
 *
 * Return: 0, or -EEXIST or -ENOMEM with some keys unreachable.
 */
int pilot_peer_keys_index(struct pilot_peer *peer, enum pilot_family family,
			  unsigned int number, u64 socket)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	struct pilot_key *key[3];
	int i, ret = 0;

	if (!lane)
		return 0;
	spin_lock_bh(&peer->lock);
	key[0] = slot_key(peer, &lane->current_key);
	key[1] = slot_key(peer, &lane->next);
	key[2] = slot_key(peer, &lane->previous);
	for (i = 0; i < ARRAY_SIZE(key); i++) {
		if (!key[i])
			continue;
		pilot_index_del(&key[i]->index[family]);
		if (socket && !ret)
			ret = pilot_index_add(&key[i]->index[family], socket,
					      key[i]->rx_index, key[i]);
	}
	WRITE_ONCE(lane->last_rx, 0);
	spin_unlock_bh(&peer->lock);
	return ret;
}

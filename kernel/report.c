// SPDX-License-Identifier: GPL-2.0
/*
 * Every function adds nests to a message and returns 0 or -EMSGSIZE, then
 * with the message to be cancelled by the caller. All run in an RCU read
 * section. Secrets are shown nowhere.
 */

#include "report.h"

#include <net/genetlink.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "dev.h"
#include "event.h"

static int report_socket(struct sk_buff *msg, int attr,
			 struct pilot_socket *socket, struct net *net)
{
	struct nlattr *nest;
	struct net *home;

	if (!socket)
		return 0;
	nest = nla_nest_start(msg, attr);
	if (!nest || nla_put_be16(msg, PILOT_A_SOCKET_PORT,
				  inet_sk(socket->sk)->inet_sport) ||
	    nla_put_u32(msg, PILOT_A_SOCKET_DEVICES,
			READ_ONCE(socket->n_devices)) ||
	    nla_put_u8(msg, PILOT_A_SOCKET_LANE, socket->lane))
		return -EMSGSIZE;
	home = sock_net(socket->sk);
	if (home != net &&
	    nla_put_s32(msg, PILOT_A_SOCKET_NETNSID,
			peernet2id_alloc(net, home, GFP_ATOMIC)))
		return -EMSGSIZE;
	if (pilot_counters_put(msg, PILOT_A_SOCKET_STATS, &socket->stats,
			       PILOT_A_SOCKET_STATS_PAD + 1,
			       PILOT_A_SOCKET_STATS_MAX))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int report_sockets(struct sk_buff *msg, int attr,
			  const struct pilot_dev *dev,
			  enum pilot_family family, struct net *net)
{
	int lane, ret = 0;

	for (lane = 0; !ret && lane < PILOT_LANES; lane++)
		ret = report_socket(msg, attr,
				    pilot_dev_socket(dev, family, lane), net);
	return ret;
}

/**
 * pilot_report_dev - add a device to a message
 * @msg: the message
 * @dev: the device
 * @net: namespace of the reader
 *
 * Return: 0 or -EMSGSIZE.
 */
int pilot_report_dev(struct sk_buff *msg, const struct pilot_dev *dev,
		     struct net *net)
{
	struct nlattr *nest;

	if (nla_put_u32(msg, PILOT_A_IFINDEX, dev->netdev->ifindex))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, PILOT_A_DEV);
	if (!nest ||
	    nla_put_string(msg, PILOT_A_DEV_IFNAME, dev->netdev->name) ||
	    nla_put_u64_64bit(msg, PILOT_A_DEV_ADDRESS,
			      READ_ONCE(dev->address), PILOT_A_DEV_PAD) ||
	    nla_put_u32(msg, PILOT_A_DEV_PEERS, READ_ONCE(dev->peers.count)) ||
	    report_sockets(msg, PILOT_A_DEV_SOCKET4, dev, PILOT_FAMILY4, net) ||
	    report_sockets(msg, PILOT_A_DEV_SOCKET6, dev, PILOT_FAMILY6, net) ||
	    pilot_counters_put(msg, PILOT_A_DEV_STATS, &dev->stats,
			       PILOT_A_DEV_STATS_PAD + 1,
			       PILOT_A_DEV_STATS_MAX))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static enum pilot_key_slot key_slot(const struct pilot_key *key)
{
	struct pilot_lane *lane = pilot_peer_lane(key->peer, key->lane);

	if (rcu_access_pointer(lane->current_key) == key)
		return PILOT_KEY_SLOT_CURRENT;
	if (rcu_access_pointer(lane->next) == key)
		return PILOT_KEY_SLOT_NEXT;
	return PILOT_KEY_SLOT_PREVIOUS;
}

static int report_key_limits(struct sk_buff *msg, const struct pilot_key *key)
{
	u32 soft = div_u64(key->soft_at - key->created, NSEC_PER_SEC);
	u32 hard = div_u64(key->hard_at - key->created, NSEC_PER_SEC);

	if (nla_put_u64_64bit(msg, PILOT_A_KEY_SOFT_PACKETS,
			      key->soft_packets, PILOT_A_KEY_PAD) ||
	    nla_put_u64_64bit(msg, PILOT_A_KEY_HARD_PACKETS,
			      key->hard_packets, PILOT_A_KEY_PAD) ||
	    nla_put_u32(msg, PILOT_A_KEY_SOFT_AGE, soft) ||
	    nla_put_u32(msg, PILOT_A_KEY_HARD_AGE, hard))
		return -EMSGSIZE;
	return 0;
}

/**
 * pilot_report_key - add a key to a message, without its secrets
 * @msg: the message
 * @attr: number of the nest
 * @key: the key
 *
 * Return: 0 or -EMSGSIZE.
 */
int pilot_report_key(struct sk_buff *msg, int attr, struct pilot_key *key)
{
	u64 age = div_u64(pilot_now() - key->created, NSEC_PER_MSEC);
	struct nlattr *nest = nla_nest_start(msg, attr);

	if (!nest || nla_put_u8(msg, PILOT_A_KEY_LANE, key->lane) ||
	    nla_put_u32(msg, PILOT_A_KEY_EPOCH, key->epoch) ||
	    nla_put_u8(msg, PILOT_A_KEY_SLOT, key_slot(key)) ||
	    nla_put_u8(msg, PILOT_A_KEY_CIPHER, key->cipher) ||
	    nla_put_u32(msg, PILOT_A_KEY_RX_INDEX, key->rx_index) ||
	    nla_put_u32(msg, PILOT_A_KEY_TX_INDEX, key->tx_index) ||
	    report_key_limits(msg, key) ||
	    nla_put_u64_64bit(msg, PILOT_A_KEY_AGE, age, PILOT_A_KEY_PAD) ||
	    nla_put_u64_64bit(msg, PILOT_A_KEY_TX_COUNTER,
			      atomic64_read(&key->tx_counter),
			      PILOT_A_KEY_PAD) ||
	    nla_put_u64_64bit(msg, PILOT_A_KEY_RX_COUNTER,
			      READ_ONCE(key->replay.next), PILOT_A_KEY_PAD) ||
	    nla_put_string(msg, PILOT_A_KEY_DRIVER, key->tx.driver))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int report_since(struct sk_buff *msg, int attr, u64 when, int pad)
{
	u64 now = pilot_now();

	if (!when)
		return 0;
	return nla_put_u64_64bit(msg, attr,
				 div_u64(now - min(when, now), NSEC_PER_MSEC),
				 pad);
}

static int report_peer_config(struct sk_buff *msg,
			      const struct pilot_peer *peer)
{
	const struct pilot_peer_config *config = &peer->config;
	struct pilot_endpoint *endpoint = rcu_dereference(peer->lane0.endpoint);

	if (nla_put_u64_64bit(msg, PILOT_A_PEER_ADDRESS, peer->address,
			      PILOT_A_PEER_PAD) ||
	    nla_put_u32(msg, PILOT_A_PEER_FLAGS, READ_ONCE(config->flags)) ||
	    nla_put_u32(msg, PILOT_A_PEER_KEEPALIVE,
			READ_ONCE(config->keepalive)) ||
	    nla_put_u32(msg, PILOT_A_PEER_SILENCE_TIMEOUT,
			READ_ONCE(config->silence)) ||
	    nla_put_u32(msg, PILOT_A_PEER_IDLE_TIMEOUT,
			READ_ONCE(config->idle)) ||
	    nla_put_u32(msg, PILOT_A_PEER_RX_PACKET_RATE,
			READ_ONCE(config->rx_packet_rate)) ||
	    nla_put_u64_64bit(msg, PILOT_A_PEER_RX_BYTE_RATE,
			      READ_ONCE(config->rx_byte_rate),
			      PILOT_A_PEER_PAD))
		return -EMSGSIZE;
	return endpoint ? pilot_event_put_endpoint(msg, PILOT_A_PEER_ENDPOINT,
						   &endpoint->path) : 0;
}

static int report_peer_keys(struct sk_buff *msg, struct pilot_peer *peer)
{
	struct pilot_lane *lane;
	struct pilot_key *key[3];
	unsigned int i, j;

	for (i = 0; (lane = pilot_peer_lane_at(peer, i)); i++) {
		key[0] = rcu_dereference(lane->current_key);
		key[1] = rcu_dereference(lane->next);
		key[2] = rcu_dereference(lane->previous);
		for (j = 0; j < ARRAY_SIZE(key); j++)
			if (key[j] &&
			    pilot_report_key(msg, PILOT_A_PEER_KEY, key[j]))
				return -EMSGSIZE;
	}
	return 0;
}

static int report_lane(struct sk_buff *msg, unsigned int number,
		       const struct pilot_lane *lane)
{
	struct pilot_endpoint *endpoint = rcu_dereference(lane->endpoint);
	struct nlattr *nest = nla_nest_start(msg, PILOT_A_PEER_LANE);
	u64 last_rx = pilot_lane_is_fresh(lane, pilot_now()) ?
		      READ_ONCE(lane->last_rx) : 0;

	if (!nest || nla_put_u8(msg, PILOT_A_LANE_ID, number) ||
	    (endpoint && pilot_event_put_endpoint(msg, PILOT_A_LANE_ENDPOINT,
						  &endpoint->path)) ||
	    report_since(msg, PILOT_A_LANE_SINCE_RX, last_rx,
			 PILOT_A_LANE_PAD) ||
	    report_since(msg, PILOT_A_LANE_SINCE_TX, READ_ONCE(lane->last_tx),
			 PILOT_A_LANE_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int report_lanes(struct sk_buff *msg, struct pilot_peer *peer)
{
	unsigned int i, n = READ_ONCE(peer->lanes);
	struct pilot_lane *lane;
	int ret = 0;

	if (n < 2)
		return 0;
	for (i = 0; !ret && i < n; i++) {
		lane = pilot_peer_lane(peer, i);
		if (lane)
			ret = report_lane(msg, i, lane);
	}
	return ret;
}

/**
 * pilot_report_peer - add a peer, with its device's index, to a message
 * @msg: the message
 * @peer: the peer
 *
 * Return: 0 or -EMSGSIZE.
 */
int pilot_report_peer(struct sk_buff *msg, struct pilot_peer *peer)
{
	struct nlattr *nest;

	if (nla_put_u32(msg, PILOT_A_IFINDEX, peer->dev->netdev->ifindex))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, PILOT_A_PEER);
	if (!nest || report_peer_config(msg, peer) ||
	    nla_put_u32(msg, PILOT_A_PEER_QUEUED,
			skb_queue_len_lockless(&peer->queue)) ||
	    report_since(msg, PILOT_A_PEER_SINCE_RX,
			 READ_ONCE(peer->last_rx), PILOT_A_PEER_PAD) ||
	    report_since(msg, PILOT_A_PEER_SINCE_TX,
			 READ_ONCE(peer->last_tx), PILOT_A_PEER_PAD) ||
	    pilot_counters_put(msg, PILOT_A_PEER_STATS, &peer->stats,
			       PILOT_A_PEER_STATS_PAD + 1,
			       PILOT_A_PEER_STATS_MAX) ||
	    report_lanes(msg, peer) || report_peer_keys(msg, peer))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int report_relay_caps(struct sk_buff *msg,
			     const struct pilot_relay *relay)
{
	const struct pilot_relay_config *config = &relay->config;
	u64 now = pilot_now();

	if (nla_put_u32(msg, PILOT_A_RELAY_NEXT_ID, config->next_id) ||
	    nla_put_u32(msg, PILOT_A_RELAY_FLAGS, config->flags) ||
	    nla_put_u32(msg, PILOT_A_RELAY_PACKET_RATE, config->packet_rate) ||
	    nla_put_u64_64bit(msg, PILOT_A_RELAY_BYTE_RATE, config->byte_rate,
			      PILOT_A_RELAY_PAD))
		return -EMSGSIZE;
	/* 0 left is not what 0 in a request says. */
	if (config->bytes &&
	    nla_put_u64_64bit(msg, PILOT_A_RELAY_BYTES, relay->left,
			      PILOT_A_RELAY_PAD))
		return -EMSGSIZE;
	if (nla_put_u32(msg, PILOT_A_RELAY_SECONDS, config->seconds))
		return -EMSGSIZE;
	return nla_put_u64_64bit(msg, PILOT_A_RELAY_LEFT_MS,
				 div_u64(max(relay->expires_at, now) - now,
					 NSEC_PER_MSEC), PILOT_A_RELAY_PAD);
}

static int report_relay_counters(struct sk_buff *msg,
				 const struct pilot_relay *relay)
{
	if (nla_put_u64_64bit(msg, PILOT_A_RELAY_PACKETS, relay->packets,
			      PILOT_A_RELAY_PAD) ||
	    nla_put_u64_64bit(msg, PILOT_A_RELAY_BYTES_DONE, relay->bytes,
			      PILOT_A_RELAY_PAD))
		return -EMSGSIZE;
	return nla_put_u64_64bit(msg, PILOT_A_RELAY_DROPS, relay->drops,
				 PILOT_A_RELAY_PAD);
}

/**
 * pilot_report_relay - add a relay entry, with its device's index, to a message
 * @msg: the message
 * @relay: the entry, the lock of its device held
 *
 * Return: 0 or -EMSGSIZE.
 */
int pilot_report_relay(struct sk_buff *msg, struct pilot_relay *relay)
{
	struct nlattr *nest;
	int ret;

	if (nla_put_u32(msg, PILOT_A_IFINDEX,
			relay->from->dev->netdev->ifindex))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, PILOT_A_RELAY);
	if (!nest || nla_put_u32(msg, PILOT_A_RELAY_ID, relay->config.id) ||
	    nla_put_u64_64bit(msg, PILOT_A_RELAY_FROM, relay->from->address,
			      PILOT_A_RELAY_PAD) ||
	    nla_put_u64_64bit(msg, PILOT_A_RELAY_TO, relay->to->address,
			      PILOT_A_RELAY_PAD))
		return -EMSGSIZE;
	spin_lock_bh(&relay->lock);
	ret = report_relay_caps(msg, relay) ?: report_relay_counters(msg, relay);
	spin_unlock_bh(&relay->lock);
	if (!ret)
		nla_nest_end(msg, nest);
	return ret;
}

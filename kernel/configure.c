// SPDX-License-Identifier: GPL-2.0

#include "configure.h"

#include <linux/netlink.h>
#include <net/sock.h>

#include "alive.h"
#include "compat.h"
#include "event.h"
#include "wire.h"
#include "xmit.h"

int pilot_device_address_check(u64 address, struct netlink_ext_ack *extack)
{
	if (address <= PILOT_ADDRESS_MAX && pilot_address_is_unicast(address))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "not an agent's address: 48 bits, node neither zero nor broadcast");
	return -EINVAL;
}

/* Also allowed on a device that nobody can have peers on yet. */
int pilot_device_address_set(struct pilot_dev *dev, u64 address,
			     struct netlink_ext_ack *extack)
{
	int ret;

	ret = pilot_device_address_check(address, extack);
	if (ret || address == dev->address)
		return ret;
	if (dev->peers.count) {
		NL_SET_ERR_MSG(extack,
			       "device has peers: delete them before changing its address");
		return -EBUSY;
	}
	pilot_address_to_in6(address, &dev->in6);
	WRITE_ONCE(dev->address, address);
	pilot_dev_carrier_update(dev);
	return 0;
}

/*
 * A walk over all peers lets others run so often. It goes on by number, so
 * that peers may come and go meanwhile.
 */
#define WALK_STRIDE	64

/* Context: RCU read section, which is left and entered again. */
static void walk_pause(unsigned int *walked)
{
	if (++*walked % WALK_STRIDE)
		return;
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
}

static void peer_routes_forget(struct pilot_peer *peer, unsigned int number,
			       sa_family_t af)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	struct pilot_endpoint *endpoint;

	if (!lane)
		return;
	spin_lock_bh(&peer->lock);
	endpoint = rcu_dereference_protected(lane->endpoint,
					     lockdep_is_held(&peer->lock));
	if (endpoint && endpoint->path.family == af)
		pilot_endpoint_routes_forget(endpoint);
	spin_unlock_bh(&peer->lock);
}

/*
 * Routes belong to the namespace of the socket they were looked up for, and
 * must not outlive it. No sender may be using the socket any more.
 */
static void device_routes_forget(struct pilot_dev *dev,
				 enum pilot_family family, unsigned int lane)
{
	sa_family_t af = family == PILOT_FAMILY4 ? AF_INET : AF_INET6;
	struct pilot_peer *peer;
	unsigned int walked = 0;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&dev->peers.ids, id, peer) {
		peer_routes_forget(peer, lane, af);
		walk_pause(&walked);
	}
	rcu_read_unlock();
}

static int device_keys_index(struct pilot_dev *dev, enum pilot_family family,
			     unsigned int lane, u64 socket)
{
	struct pilot_peer *peer;
	unsigned int walked = 0;
	unsigned long id;
	int ret = 0, one;

	rcu_read_lock();
	xa_for_each(&dev->peers.ids, id, peer) {
		one = pilot_peer_keys_index(peer, family, lane, socket);
		ret = ret ?: one;
		walk_pause(&walked);
	}
	rcu_read_unlock();
	return ret;
}

/* All that a socket leads to. The locks of device and sockets are held. */
static int device_socket_index(struct pilot_dev *dev, enum pilot_family family,
			       unsigned int lane, u64 socket)
{
	int ret = device_keys_index(dev, family, lane, socket);

	if (lane || (ret && socket))
		return ret;
	return pilot_relays_index(dev, family, socket) ?: ret;
}

/* Use no socket there any more. The lock of the sockets is held. */
static void device_socket_unset(struct pilot_dev *dev,
				enum pilot_family family, unsigned int lane)
{
	struct pilot_socket_link *link = &dev->link[family][lane];
	struct pilot_socket *old;

	old = rcu_dereference_protected(link->socket, pilot_sockets_held());
	if (!old)
		return;
	pilot_socket_link_set(link, NULL);
	synchronize_net();
	device_routes_forget(dev, family, lane);
	device_socket_index(dev, family, lane, 0);
	pilot_event_socket_gone(dev, sock_net(old->sk), PILOT_REASON_UNBOUND);
}

/**
 * pilot_device_socket_set - bind a socket to a device, or unbind
 * @dev: the device, its lock held
 * @family: which of its sockets
 * @lane: for which lane
 * @sock: the socket, or NULL to unbind
 * @extack: told why not
 *
 * Return: 0 or a negative error; then the device has no socket there,
 * unless the new one was unfit, which changes nothing.
 */
int pilot_device_socket_set(struct pilot_dev *dev, enum pilot_family family,
			    unsigned int lane, struct socket *sock,
			    struct netlink_ext_ack *extack)
{
	struct pilot_socket_link *link = &dev->link[family][lane];
	struct pilot_socket *socket = NULL;
	int ret = 0;

	pilot_sockets_lock();
	if (sock) {
		socket = pilot_socket_attach(sock, family, lane, extack);
		if (IS_ERR(socket)) {
			ret = PTR_ERR(socket);
			goto out;
		}
		if (rcu_access_pointer(link->socket) == socket)
			goto out;
	}
	device_socket_unset(dev, family, lane);
	if (socket) {
		ret = device_socket_index(dev, family, lane, socket->id);
		if (ret) {
			NL_SET_ERR_MSG(extack,
				       "a key's receiver index or a relay id is taken on that socket: delete the key or relay entry first");
			device_socket_index(dev, family, lane, 0);
		} else {
			pilot_socket_link_set(link, socket);
		}
	}
	pilot_dev_carrier_update(dev);
out:
	pilot_sockets_unlock();
	return ret;
}

/**
 * pilot_device_socket_gone - a device's socket was closed by its owner
 * @link: the device's place for it, empty by now
 * @family: which of its sockets
 * @sk: the socket, whose namespace is about to be let go
 *
 * Relay entries stay where they are in their table, by an identifier that is
 * never used again.
 *
 * Context: the lock of the sockets is held, the lock of the device is not;
 * nobody uses the socket any more.
 */
void pilot_device_socket_gone(struct pilot_socket_link *link,
			      enum pilot_family family, struct sock *sk)
{
	struct pilot_dev *dev = link->dev;

	device_routes_forget(dev, family, link->lane);
	device_keys_index(dev, family, link->lane, 0);
	pilot_dev_carrier_update(dev);
	pilot_event_socket_gone(dev, sock_net(sk), PILOT_REASON_CLOSED);
}

static int peer_address_check(const struct pilot_dev *dev, u64 address,
			      struct netlink_ext_ack *extack)
{
	if (dev->dead) {
		NL_SET_ERR_MSG(extack, "device is being deleted");
		return -ENODEV;
	}
	if (!dev->address) {
		NL_SET_ERR_MSG(extack, "give the device an address first");
		return -EADDRNOTAVAIL;
	}
	if (pilot_address_network(address) !=
	    pilot_address_network(dev->address)) {
		NL_SET_ERR_MSG(extack, "peer is in another network than the device");
		return -EINVAL;
	}
	if (address == dev->address) {
		NL_SET_ERR_MSG(extack, "peer has the address of the device");
		return -EINVAL;
	}
	return pilot_device_address_check(address, extack);
}

/* What waited for the peer now waits for its key, as much as may. */
static void peer_take_waiting(struct pilot_dev *dev, struct pilot_peer *peer)
{
	struct sk_buff_head taken;
	struct sk_buff *skb;

	__skb_queue_head_init(&taken);
	pilot_waiting_take(&dev->waiting, peer->address, &taken);
	spin_lock_bh(&peer->queue.lock);
	if (skb_queue_empty(&peer->queue))
		WRITE_ONCE(peer->queued_at, pilot_now());
	while (skb_queue_len(&peer->queue) < PILOT_QUEUE_MAX &&
	       (skb = __skb_dequeue(&taken)))
		__skb_queue_tail(&peer->queue, skb);
	spin_unlock_bh(&peer->queue.lock);
	while ((skb = __skb_dequeue(&taken))) {
		pilot_dev_count(dev, PILOT_A_DEV_STATS_TX_DROP_QUEUE_FULL);
		kfree_skb(skb);
	}
}

/**
 * pilot_device_peer_add - add a peer
 * @dev: the device, its lock held
 * @address: agent address of the peer
 * @config: the rest of its configuration
 * @path: where it is reached, or NULL when that is not known
 * @extack: told why not
 *
 * Packets that waited for this address now wait for its key.
 *
 * Return: 0 or a negative error.
 */
int pilot_device_peer_add(struct pilot_dev *dev, u64 address,
			  const struct pilot_peer_config *config,
			  const struct pilot_path *path,
			  struct netlink_ext_ack *extack)
{
	struct pilot_endpoint *endpoint = NULL;
	struct pilot_peer *peer;
	int ret;

	ret = peer_address_check(dev, address, extack);
	if (ret)
		return ret;
	peer = pilot_peer_new(dev, address, pilot_alive_peer_timer);
	if (!peer)
		return -ENOMEM;
	if (path) {
		endpoint = pilot_endpoint_new(path, GFP_KERNEL_ACCOUNT);
		if (!endpoint) {
			pilot_peer_free(peer);
			return -ENOMEM;
		}
	}
	pilot_peer_configure(peer, config);
	rcu_assign_pointer(peer->lane0.endpoint, endpoint);
	ret = pilot_peer_link(&dev->peers, peer);
	if (ret) {
		if (ret == -EEXIST)
			NL_SET_ERR_MSG(extack, "device has this peer already");
		else if (ret == -ENOSPC)
			NL_SET_ERR_MSG(extack, "device has as many peers as it can hold");
		pilot_peer_free(peer);
		return ret;
	}
	peer_take_waiting(dev, peer);
	/* Without packets there is nothing to look after before a key comes. */
	if (!skb_queue_empty_lockless(&peer->queue))
		pilot_alive_kick(peer);
	return 0;
}

/**
 * pilot_device_peer_idle_anew - begin the idle time, which is about to be set
 * @peer: the peer, the lock of its device held
 *
 * Whoever sets it is told from now on, whatever was told to others before.
 * Without data so far the time begins with a key.
 */
void pilot_device_peer_idle_anew(struct pilot_peer *peer)
{
	rcu_read_lock();
	spin_lock_bh(&peer->lock);
	if (READ_ONCE(peer->last_data))
		WRITE_ONCE(peer->last_data, pilot_now());
	if (test_and_clear_bit(PILOT_PEER_IDLE_TOLD, &peer->told))
		pilot_event_peer(peer->dev, PILOT_EVENT_PEER_ACTIVE,
				 PILOT_REASON_REQUEST, peer);
	spin_unlock_bh(&peer->lock);
	rcu_read_unlock();
}

/**
 * pilot_device_peer_set - change a peer
 * @peer: the peer, the lock of its device held
 * @config: its whole new configuration
 * @path: its new endpoint, or NULL to keep it
 * @forget: forget the endpoint instead
 *
 * Return: 0 or -ENOMEM with nothing changed.
 */
int pilot_device_peer_set(struct pilot_peer *peer,
			  const struct pilot_peer_config *config,
			  const struct pilot_path *path, bool forget)
{
	struct pilot_endpoint *endpoint = NULL;

	if (path) {
		endpoint = pilot_endpoint_new(path, GFP_KERNEL_ACCOUNT);
		if (!endpoint)
			return -ENOMEM;
	}
	pilot_peer_configure(peer, config);
	if (path || forget)
		pilot_peer_endpoint_set(peer, endpoint);
	pilot_alive_kick(peer);
	return 0;
}

/* What waits is given up before its time. */
static void queue_give_up(struct pilot_dev *dev, struct sk_buff_head *queue)
{
	struct sk_buff *skb;

	while ((skb = skb_dequeue(queue))) {
		pilot_dev_count(dev, PILOT_A_DEV_STATS_TX_DROP_UNANSWERED);
		kfree_skb(skb);
	}
}

/**
 * pilot_device_peer_del - delete a peer
 * @dev: the device, its lock held
 * @peer: the peer
 *
 * When this returns no packet goes to or comes from the peer any more, nor is
 * any forwarded.
 */
void pilot_device_peer_del(struct pilot_dev *dev, struct pilot_peer *peer)
{
	pilot_relays_del_peer(dev, peer);
	pilot_dev_keyed(dev, -(int)pilot_peer_unlink(&dev->peers, peer));
	/* Revocation waits for every CPU; it should not wait long. */
	synchronize_rcu_expedited();
	queue_give_up(dev, &peer->queue);
	pilot_peer_free(peer);
}

static int key_check(struct pilot_dev *dev, struct pilot_peer *peer,
		     const struct pilot_key_config *config,
		     struct netlink_ext_ack *extack)
{
	unsigned int lane = config->lane;
	bool exists;

	if (!rcu_access_pointer(dev->link[PILOT_FAMILY4][lane].socket) &&
	    !rcu_access_pointer(dev->link[PILOT_FAMILY6][lane].socket)) {
		NL_SET_ERR_MSG(extack,
			       "bind a socket of the key's lane to the device first: receiver indexes belong to it");
		return -ENOTCONN;
	}
	rcu_read_lock();
	exists = pilot_peer_key_find(peer, config->lane, config->epoch);
	rcu_read_unlock();
	if (exists) {
		NL_SET_ERR_MSG(extack, "lane has a key of this epoch already");
		return -EEXIST;
	}
	return 0;
}

/* The lock of the peer and that of the sockets are held. */
static int key_index(struct pilot_dev *dev, struct pilot_key *key)
{
	struct pilot_socket *socket;
	int i, ret;

	for (i = 0; i < PILOT_FAMILIES; i++) {
		socket = rcu_dereference_protected(dev->link[i][key->lane].socket,
						   pilot_sockets_held());
		if (!socket)
			continue;
		ret = pilot_index_add(&key->index[i], socket->id,
				      key->rx_index, key);
		if (!ret)
			continue;
		while (i--)
			pilot_index_del(&key->index[i]);
		return ret;
	}
	return 0;
}

/* Send what waited for the key, or a keepalive: the peer awaits either. */
static void key_confirm(struct pilot_peer *peer, unsigned int number)
{
	struct pilot_lane *lane = pilot_peer_lane(peer, number);
	struct pilot_key *key;

	local_bh_disable();
	rcu_read_lock();
	pilot_xmit_flush(peer);
	key = rcu_dereference(lane->current_key);
	if (key && !atomic64_read(&key->tx_counter))
		pilot_xmit_touch(peer, number);
	/* Lane 0 is no longer the only one: is it known to the peer as well? */
	if (number)
		pilot_xmit_probe(peer, 0);
	rcu_read_unlock();
	local_bh_enable();
}

/**
 * pilot_device_key_add - install a key
 * @dev: the device, its lock held
 * @peer: whose key
 * @config: checked configuration
 * @extack: told why not
 *
 * Return: 0 or a negative error.
 */
int pilot_device_key_add(struct pilot_dev *dev, struct pilot_peer *peer,
			 const struct pilot_key_config *config,
			 struct netlink_ext_ack *extack)
{
	struct pilot_key *key;
	bool first = false;
	int ret;

	ret = key_check(dev, peer, config, extack);
	if (ret)
		return ret;
	/* From now on there is something to count. */
	if (pilot_peer_lane_make(peer, config->lane) ||
	    !pilot_counters_ready(&peer->stats, GFP_KERNEL_ACCOUNT))
		return -ENOMEM;
	key = pilot_key_new(peer, config);
	if (IS_ERR(key)) {
		if (PTR_ERR(key) == -ENOENT)
			NL_SET_ERR_MSG(extack, "this kernel lacks the cipher");
		return PTR_ERR(key);
	}
	pilot_sockets_lock();
	spin_lock_bh(&peer->lock);
	ret = key_index(dev, key);
	if (!ret) {
		first = pilot_peer_key_install(peer, key, config->slot);
		if (config->lane)
			pilot_peer_lane_aim(peer, config->lane, config->port);
	}
	spin_unlock_bh(&peer->lock);
	pilot_sockets_unlock();
	if (ret) {
		if (ret == -EEXIST)
			NL_SET_ERR_MSG(extack,
				       "receiver index is taken on this socket: choose another");
		pilot_key_retire(key);
		return ret;
	}
	pilot_dev_keyed(dev, first);
	if (config->slot == PILOT_KEY_SLOT_CURRENT)
		key_confirm(peer, config->lane);
	pilot_alive_kick(peer);
	return 0;
}

/*
 * Context: RCU read section. Nothing is sent or received under the key after
 * the next grace period.
 */
void pilot_device_key_del(struct pilot_dev *dev, struct pilot_key *key)
{
	struct pilot_peer *peer = key->peer;
	bool gone;

	spin_lock_bh(&peer->lock);
	gone = pilot_peer_key_remove(peer, key);
	spin_unlock_bh(&peer->lock);
	pilot_dev_keyed(dev, -(int)gone);
}

/**
 * pilot_device_key_swap - make the next key current on the helper's word
 * @dev: the device, its lock held
 * @key: the key
 * @extack: told why not
 *
 * Context: RCU read section.
 * Return: 0, or -EINVAL when the key does not wait in the next slot.
 */
int pilot_device_key_swap(struct pilot_dev *dev, struct pilot_key *key,
			  struct netlink_ext_ack *extack)
{
	struct pilot_peer *peer = key->peer;
	bool first, promoted;

	spin_lock_bh(&peer->lock);
	first = !rcu_access_pointer(pilot_peer_lane(peer, key->lane)->current_key);
	promoted = pilot_peer_key_promote(peer, key, true);
	spin_unlock_bh(&peer->lock);
	if (!promoted) {
		NL_SET_ERR_MSG(extack, "key is not in the next slot");
		return -EINVAL;
	}
	pilot_dev_keyed(dev, first);
	pilot_event_key(dev, PILOT_EVENT_KEY_CURRENT, PILOT_REASON_REQUEST,
			key);
	key_confirm(peer, key->lane);
	return 0;
}

static int relay_check(struct pilot_dev *dev, u64 from, u64 to,
		       struct netlink_ext_ack *extack)
{
	if (from == to) {
		NL_SET_ERR_MSG(extack, "a relay entry is between two peers");
		return -EINVAL;
	}
	if (!pilot_peer_find(&dev->peers, from) ||
	    !pilot_peer_find(&dev->peers, to)) {
		NL_SET_ERR_MSG(extack,
			       "device has no such peer: a relay entry is between two of them");
		return -ENOENT;
	}
	if (!rcu_access_pointer(dev->link[PILOT_FAMILY4][0].socket) &&
	    !rcu_access_pointer(dev->link[PILOT_FAMILY6][0].socket)) {
		NL_SET_ERR_MSG(extack,
			       "bind a socket to the device first: relay ids belong to it");
		return -ENOTCONN;
	}
	return 0;
}

static int relay_link(struct pilot_dev *dev, struct pilot_relay *relay,
		      struct netlink_ext_ack *extack)
{
	int ret = pilot_relay_link(dev, relay);

	if (ret == -EEXIST)
		NL_SET_ERR_MSG(extack,
			       "relay id is taken on this socket: choose another");
	else if (ret == -ENOSPC)
		NL_SET_ERR_MSG(extack,
			       "device has as many relay entries as it can hold");
	return ret;
}

/**
 * pilot_device_relay_add - forward from one peer to another, or renew that
 * @dev: the device, its lock held
 * @from: agent address of the peer that frames come from
 * @to: of the peer that they go to
 * @config: checked configuration
 * @replace: an entry of the same peers with this id is renewed
 * @extack: told why not
 *
 * Return: 0 or a negative error.
 */
int pilot_device_relay_add(struct pilot_dev *dev, u64 from, u64 to,
			   const struct pilot_relay_config *config,
			   bool replace, struct netlink_ext_ack *extack)
{
	struct pilot_relay *relay;
	int ret;

	ret = relay_check(dev, from, to, extack);
	if (ret)
		return ret;
	relay = pilot_relay_from(dev, config->id);
	if (relay && relay->config.id == config->id) {
		if (!replace || relay->from->address != from ||
		    relay->to->address != to) {
			NL_SET_ERR_MSG(extack,
				       "relay id is in use: only an entry of the same peers is replaced, and on request");
			return -EEXIST;
		}
		pilot_relay_renew(dev, relay, config);
		return 0;
	}
	relay = pilot_relay_new(pilot_peer_find(&dev->peers, from),
				pilot_peer_find(&dev->peers, to), config);
	if (!relay)
		return -ENOMEM;
	ret = relay_link(dev, relay, extack);
	/* On one of two sockets it may have been found already. */
	if (ret)
		kfree_rcu(relay, rcu);
	return ret;
}

/**
 * pilot_device_relay_del - end a relay entry
 * @dev: the device, its lock held
 * @relay: the entry
 *
 * When this returns nothing is forwarded by it any more.
 */
void pilot_device_relay_del(struct pilot_dev *dev, struct pilot_relay *relay)
{
	pilot_relay_del(dev, relay);
	synchronize_rcu_expedited();
}

/* Drop every packet that waits. The lock of the device is not held. */
void pilot_device_drop_queued(struct pilot_dev *dev)
{
	struct pilot_peer *peer;
	unsigned long id;

	mutex_lock(&dev->lock);
	queue_give_up(dev, &dev->waiting.queue);
	xa_for_each(&dev->peers.ids, id, peer) {
		queue_give_up(dev, &peer->queue);
		cond_resched();
	}
	mutex_unlock(&dev->lock);
}

/**
 * pilot_device_clear - end all that a device has: sockets, relays, then peers
 * @dev: the device, its lock not held
 *
 * One grace period serves all peers. When it returns nothing is received for
 * the device any more.
 */
void pilot_device_clear(struct pilot_dev *dev)
{
	struct pilot_peer *peer;
	LIST_HEAD(peers);
	unsigned long id;
	int i, lane;

	mutex_lock(&dev->lock);
	dev->dead = true;
	pilot_sockets_lock();
	for (i = 0; i < PILOT_FAMILIES; i++)
		for (lane = 0; lane < PILOT_LANES; lane++)
			pilot_socket_link_set(&dev->link[i][lane], NULL);
	pilot_sockets_unlock();
	pilot_relays_del_all(dev);
	xa_for_each(&dev->peers.ids, id, peer) {
		pilot_peer_unlink(&dev->peers, peer);
		list_add(&peer->removed, &peers);
		cond_resched();
	}
	mutex_unlock(&dev->lock);

	synchronize_net();
	while (!list_empty(&peers)) {
		peer = list_first_entry(&peers, struct pilot_peer, removed);
		list_del(&peer->removed);
		pilot_peer_free(peer);
		cond_resched();
	}
}

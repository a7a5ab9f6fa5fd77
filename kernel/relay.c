// SPDX-License-Identifier: GPL-2.0

#include "relay.h"

#include <linux/slab.h>

#include "dev.h"
#include "wire.h"

/* A whole batch must fit a bucket, or it would never get through. */
#define LIMIT_PACKETS_FLOOR	64
#define LIMIT_BYTES_FLOOR	(128 * 1024)
/*
 * Frames a second, and as many at once, that are not data, and how long they may
 * be (Documentation/protocol.rst, Control): enough for two helpers that make
 * keys and watch a path. It is less than the receiver's kernel shows its helper
 * of all that one relay sends, and too little to be worth using for data.
 */
#define SIGNALS_RATE		32
#define SIGNALS_BURST		64
#define SIGNAL_MAX		(sizeof(struct pilot_relay_header) + 1200)
/* What is over goes this late at the earliest: many go in one walk. */
#define EXPIRY_NS		NSEC_PER_SEC

/*
 * One table serves all sockets. A socket that was closed may stay behind in
 * it: its identifier is never used again, so nothing finds what it leads to.
 */
static const struct rhashtable_params relay_params = {
	.key_len = sizeof(struct pilot_relay_id),
	.key_offset = offsetof(struct pilot_relay_index, id),
	.head_offset = offsetof(struct pilot_relay_index, node),
	.automatic_shrinking = true,
};

static struct rhashtable relay_table;

int pilot_relay_module_init(void)
{
	return rhashtable_init(&relay_table, &relay_params);
}

/* No device is left, and so no entry. */
void pilot_relay_module_exit(void)
{
	rhashtable_destroy(&relay_table);
}

/* Return: when the next one's time is over, U64_MAX when there is none. */
static u64 relays_expire(struct pilot_dev *dev, u64 now)
{
	struct pilot_relay *relay;
	struct rb_node *node, *next;
	u64 first = U64_MAX;

	for (node = rb_first(&dev->relays.tree); node; node = next) {
		next = rb_next(node);
		relay = rb_entry(node, struct pilot_relay, node);
		if (pilot_relay_expired(relay, now))
			pilot_relay_del(dev, relay);
		else
			first = min(first, relay->expires_at);
		cond_resched();
	}
	return first;
}

/* An entry's time is over at @at: look again then, if not before. */
static void relays_arm(struct pilot_dev *dev, u64 at)
{
	u64 now = pilot_now(), wait = at > now ? at - now : 0;

	if (at >= dev->relays.expiry_at)
		return;
	dev->relays.expiry_at = at;
	mod_delayed_work(system_power_efficient_wq, &dev->relays.expiry,
			 nsecs_to_jiffies(max_t(u64, wait, EXPIRY_NS)) + 1);
}

static void relays_expiry_work(struct work_struct *work)
{
	struct pilot_dev *dev = container_of(to_delayed_work(work),
					     struct pilot_dev, relays.expiry);
	mutex_lock(&dev->lock);
	dev->relays.expiry_at = U64_MAX;
	relays_arm(dev, relays_expire(dev, pilot_now()));
	mutex_unlock(&dev->lock);
}

void pilot_relays_init(struct pilot_relays *relays)
{
	relays->tree = RB_ROOT;
	relays->count = 0;
	relays->expiry_at = U64_MAX;
	INIT_DELAYED_WORK(&relays->expiry, relays_expiry_work);
}

/* Context: process, the lock of the device not held; nothing is added again. */
void pilot_relays_stop(struct pilot_relays *relays)
{
	cancel_delayed_work_sync(&relays->expiry);
}

/* The lock of the entry is held, or nobody can find it yet. */
static void relay_configure(struct pilot_relay *relay,
			    const struct pilot_relay_config *config)
{
	u64 now = ktime_get_ns();

	/* A bucket whose rate stays is not filled: renewing earns nothing. */
	if (relay->config.packet_rate != config->packet_rate)
		pilot_bucket_init(&relay->packets_limit, config->packet_rate,
				  LIMIT_PACKETS_FLOOR, now);
	if (relay->config.byte_rate != config->byte_rate)
		pilot_bucket_init(&relay->bytes_limit, config->byte_rate,
				  LIMIT_BYTES_FLOOR, now);
	WRITE_ONCE(relay->config.next_id, config->next_id);
	WRITE_ONCE(relay->config.flags, config->flags);
	relay->config.packet_rate = config->packet_rate;
	relay->config.byte_rate = config->byte_rate;
	relay->config.bytes = config->bytes;
	relay->config.seconds = config->seconds;
	relay->left = config->bytes;
	WRITE_ONCE(relay->expires_at,
		   pilot_now() + config->seconds * NSEC_PER_SEC);
}

/**
 * pilot_relay_new - make an entry that nobody can find yet
 * @from: peer that the frames come from
 * @to: peer that they go to, another one of the same device
 * @config: checked configuration
 *
 * Context: process, may sleep.
 * Return: the entry, or NULL when there is no memory.
 */
struct pilot_relay *pilot_relay_new(struct pilot_peer *from,
				    struct pilot_peer *to,
				    const struct pilot_relay_config *config)
{
	struct pilot_relay *relay = kzalloc(sizeof(*relay), GFP_KERNEL_ACCOUNT);

	if (!relay)
		return NULL;
	spin_lock_init(&relay->lock);
	pilot_bucket_init(&relay->signals_limit, SIGNALS_RATE, SIGNALS_BURST,
			  ktime_get_ns());
	relay->from = from;
	relay->to = to;
	relay->config.id = config->id;
	relay_configure(relay, config);
	return relay;
}

static int relay_index_add(struct pilot_relay *relay, enum pilot_family family,
			   u64 socket)
{
	struct pilot_relay_index *index = &relay->index[family];
	int ret;

	index->id = (struct pilot_relay_id){ .socket = socket,
					     .id = relay->config.id };
	index->relay = relay;
	ret = rhashtable_lookup_insert_fast(&relay_table, &index->node,
					    relay_params);
	index->linked = !ret;
	return ret;
}

static void relay_index_del(struct pilot_relay *relay, enum pilot_family family)
{
	struct pilot_relay_index *index = &relay->index[family];

	if (!index->linked)
		return;
	rhashtable_remove_fast(&relay_table, &index->node, relay_params);
	index->linked = false;
}

static void relay_index_del_all(struct pilot_relay *relay)
{
	int i;

	for (i = 0; i < PILOT_FAMILIES; i++)
		relay_index_del(relay, i);
}

/* The lock of the sockets is held. */
static int relay_index_add_all(struct pilot_dev *dev, struct pilot_relay *relay)
{
	struct pilot_socket *socket;
	int i, ret = 0;

	for (i = 0; !ret && i < PILOT_FAMILIES; i++) {
		socket = rcu_dereference_protected(dev->link[i][0].socket,
						   pilot_sockets_held());
		if (socket)
			ret = relay_index_add(relay, i, socket->id);
	}
	if (ret)
		relay_index_del_all(relay);
	return ret;
}

static void relay_tree_add(struct pilot_relays *relays,
			   struct pilot_relay *relay)
{
	struct rb_node **at = &relays->tree.rb_node, *parent = NULL;
	struct pilot_relay *other;

	while (*at) {
		parent = *at;
		other = rb_entry(parent, struct pilot_relay, node);
		at = relay->config.id < other->config.id ? &parent->rb_left :
							   &parent->rb_right;
	}
	rb_link_node(&relay->node, parent, at);
	rb_insert_color(&relay->node, &relays->tree);
}

/**
 * pilot_relay_link - put an entry into force
 * @dev: the device, its lock held; it has no entry with this id
 * @relay: from pilot_relay_new()
 *
 * Return: 0, -ENOSPC when the device has too many, -EEXIST when another
 * device has the id on one of the sockets, or -ENOMEM.
 */
int pilot_relay_link(struct pilot_dev *dev, struct pilot_relay *relay)
{
	int ret;

	if (dev->relays.count >= PILOT_RELAYS_MAX)
		return -ENOSPC;
	pilot_sockets_lock();
	ret = relay_index_add_all(dev, relay);
	pilot_sockets_unlock();
	if (ret)
		return ret;
	relay_tree_add(&dev->relays, relay);
	hlist_add_head(&relay->from_node, &relay->from->relays_from);
	hlist_add_head(&relay->to_node, &relay->to->relays_to);
	dev->relays.count++;
	relays_arm(dev, relay->expires_at);
	return 0;
}

/**
 * pilot_relay_renew - give an entry new caps and a new lifetime
 * @dev: its device, the lock held
 * @relay: the entry
 * @config: what it is to have; the id stays
 */
void pilot_relay_renew(struct pilot_dev *dev, struct pilot_relay *relay,
		       const struct pilot_relay_config *config)
{
	lockdep_assert_held(&dev->lock);
	spin_lock_bh(&relay->lock);
	relay_configure(relay, config);
	spin_unlock_bh(&relay->lock);
	/* The new time may be the earlier one. */
	relays_arm(dev, relay->expires_at);
}

/**
 * pilot_relay_del - take an entry out of force
 * @dev: its device, the lock held
 * @relay: the entry; freed after a grace period, after which nothing is
 *	forwarded by it any more
 */
void pilot_relay_del(struct pilot_dev *dev, struct pilot_relay *relay)
{
	lockdep_assert_held(&dev->lock);
	relay_index_del_all(relay);
	rb_erase(&relay->node, &dev->relays.tree);
	hlist_del(&relay->from_node);
	hlist_del(&relay->to_node);
	dev->relays.count--;
	kfree_rcu(relay, rcu);
}

/* The device is being deleted. */
void pilot_relays_del_all(struct pilot_dev *dev)
{
	struct rb_node *node;

	while ((node = rb_first(&dev->relays.tree))) {
		pilot_relay_del(dev, rb_entry(node, struct pilot_relay, node));
		cond_resched();
	}
}

/* A peer is about to be deleted: what comes from it and goes to it as well. */
void pilot_relays_del_peer(struct pilot_dev *dev, struct pilot_peer *peer)
{
	struct pilot_relay *relay;
	struct hlist_node *tmp;

	hlist_for_each_entry_safe(relay, tmp, &peer->relays_from, from_node)
		pilot_relay_del(dev, relay);
	hlist_for_each_entry_safe(relay, tmp, &peer->relays_to, to_node)
		pilot_relay_del(dev, relay);
}

/**
 * pilot_relays_index - make the entries of a device reachable by a new socket
 * @dev: the device, its lock held
 * @family: whose socket changed
 * @socket: identifier of the new socket of lane 0, 0 = none
 *
 * Return: 0, or -EEXIST or -ENOMEM with some entries unreachable.
 */
int pilot_relays_index(struct pilot_dev *dev, enum pilot_family family,
		       u64 socket)
{
	struct pilot_relay *relay;
	struct rb_node *node;
	int ret = 0;

	for (node = rb_first(&dev->relays.tree); node; node = rb_next(node)) {
		relay = rb_entry(node, struct pilot_relay, node);
		relay_index_del(relay, family);
		if (socket && !ret)
			ret = relay_index_add(relay, family, socket);
		cond_resched();
	}
	return ret;
}

/**
 * pilot_relay_from - the first entry of a device from an id on
 * @dev: the device, its lock held
 * @id: the id, which may be above all
 *
 * Return: the entry or NULL.
 */
struct pilot_relay *pilot_relay_from(struct pilot_dev *dev, u64 id)
{
	struct rb_node *node = dev->relays.tree.rb_node;
	struct pilot_relay *relay, *found = NULL;

	while (node) {
		relay = rb_entry(node, struct pilot_relay, node);
		if (relay->config.id >= id)
			found = relay;
		node = relay->config.id >= id ? node->rb_left : node->rb_right;
	}
	return found;
}

/* Context: RCU read section, in which the entry and its peers stay valid. */
struct pilot_relay *pilot_relay_find(u64 socket, u32 id)
{
	struct pilot_relay_id key = { .socket = socket, .id = id };
	struct pilot_relay_index *index;

	index = rhashtable_lookup(&relay_table, &key, relay_params);
	return index ? index->relay : NULL;
}

/* The lock of the entry is held. */
static bool relay_allows(struct pilot_relay *relay, unsigned int packets,
			 unsigned int bytes, bool data, u64 now)
{
	if (relay->config.bytes && relay->left < bytes)
		return false;
	if (!data && (bytes > SIGNAL_MAX ||
		      !pilot_bucket_has(&relay->signals_limit, packets, now)))
		return false;
	if (relay->config.packet_rate &&
	    !pilot_bucket_has(&relay->packets_limit, packets, now))
		return false;
	return !relay->config.byte_rate ||
	       pilot_bucket_has(&relay->bytes_limit, bytes, now);
}

/**
 * pilot_relay_take - charge frames to the caps of an entry
 * @relay: the entry
 * @packets: how many
 * @bytes: how many bytes of relay frames in all
 * @data: data frames; there is one frame if not
 *
 * Context: BH disabled.
 * Return: false when a cap does not allow all of them; then they are counted
 * as drops, and nothing is charged.
 */
bool pilot_relay_take(struct pilot_relay *relay, unsigned int packets,
		      unsigned int bytes, bool data)
{
	u64 now = ktime_get_ns();
	bool allowed;

	spin_lock(&relay->lock);
	allowed = relay_allows(relay, packets, bytes, data, now);
	if (likely(allowed)) {
		if (relay->config.bytes)
			relay->left -= bytes;
		if (relay->config.packet_rate)
			pilot_bucket_take(&relay->packets_limit, packets);
		if (relay->config.byte_rate)
			pilot_bucket_take(&relay->bytes_limit, bytes);
		if (!data)
			pilot_bucket_take(&relay->signals_limit, packets);
		relay->packets += packets;
		relay->bytes += bytes;
	} else {
		relay->drops += packets;
	}
	spin_unlock(&relay->lock);
	return allowed;
}

/* Count frames that are not forwarded. Context: BH disabled. */
void pilot_relay_refuse(struct pilot_relay *relay, unsigned int packets)
{
	spin_lock(&relay->lock);
	relay->drops += packets;
	spin_unlock(&relay->lock);
}

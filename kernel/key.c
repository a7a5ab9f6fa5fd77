// SPDX-License-Identifier: GPL-2.0

#include "key.h"

#include <linux/err.h>
#include <linux/slab.h>

/*
 * AES-256-GCM: RFC 9001 section B.1 allows about 2^28 records of a full
 * datagram for its confidentiality bound. ChaCha20-Poly1305 has none in
 * practice; stay well below where a 64-bit counter would wrap.
 */
#define GCM_SOFT_PACKETS	BIT_ULL(27)
#define GCM_HARD_PACKETS	BIT_ULL(28)
#define CHACHA_SOFT_PACKETS	BIT_ULL(60)
#define CHACHA_HARD_PACKETS	BIT_ULL(62)

static struct workqueue_struct *key_free_wq;

int pilot_key_module_init(void)
{
	key_free_wq = alloc_workqueue("pilot-key", WQ_UNBOUND, 0);
	return key_free_wq ? 0 : -ENOMEM;
}

void pilot_key_module_exit(void)
{
	/* Keys queue themselves from an RCU callback. */
	rcu_barrier();
	destroy_workqueue(key_free_wq);
}

/* The defaults, which are also the largest values allowed. */
void pilot_key_limits(enum pilot_cipher cipher, u64 *soft, u64 *hard)
{
	bool gcm = cipher == PILOT_CIPHER_AES_256_GCM;

	*soft = gcm ? GCM_SOFT_PACKETS : CHACHA_SOFT_PACKETS;
	*hard = gcm ? GCM_HARD_PACKETS : CHACHA_HARD_PACKETS;
}

static void key_destroy(struct pilot_key *key)
{
	pilot_aead_destroy(&key->rx);
	pilot_aead_destroy(&key->tx);
	kfree_sensitive(key);
}

static void key_free_work(struct work_struct *work)
{
	key_destroy(container_of(to_rcu_work(work), struct pilot_key,
				 free_work));
}

/**
 * pilot_key_new - make a key that is in no slot yet
 * @peer: whose key
 * @config: checked configuration
 *
 * Context: process, may sleep.
 * Return: the key or an ERR_PTR().
 */
struct pilot_key *pilot_key_new(struct pilot_peer *peer,
				const struct pilot_key_config *config)
{
	struct pilot_key *key;
	u64 soft;
	int ret;

	key = kzalloc(sizeof(*key), GFP_KERNEL_ACCOUNT);
	if (!key)
		return ERR_PTR(-ENOMEM);
	ret = pilot_aead_init(&key->tx, config->cipher, config->tx_key);
	if (!ret)
		ret = pilot_aead_init(&key->rx, config->cipher,
				      config->rx_key);
	if (ret) {
		key_destroy(key);
		return ERR_PTR(ret);
	}
	key->peer = peer;
	key->lane = config->lane;
	key->epoch = config->epoch;
	key->cipher = config->cipher;
	key->rx_index = config->rx_index;
	key->tx_index = config->tx_index;
	key->soft_packets = config->soft_packets;
	key->hard_packets = config->hard_packets;
	pilot_key_limits(config->cipher, &soft, &key->rx_max);
	key->created = pilot_now();
	key->soft_at = key->created + config->soft_age * NSEC_PER_SEC;
	key->hard_at = key->created + config->hard_age * NSEC_PER_SEC;
	pilot_replay_init(&key->replay);
	INIT_RCU_WORK(&key->free_work, key_free_work);
	return key;
}

/* Wipe and free a key that was never in a slot. May sleep. */
void pilot_key_free(struct pilot_key *key)
{
	key_destroy(key);
}

/**
 * pilot_key_retire - take a key out of use
 * @key: key that left its slot; NULL is allowed
 *
 * Context: the lock of the key's peer is held. Frees the key, wiped, when the
 * last RCU reader is done.
 */
void pilot_key_retire(struct pilot_key *key)
{
	int i;

	if (!key)
		return;
	for (i = 0; i < PILOT_FAMILIES; i++)
		pilot_index_del(&key->index[i]);
	queue_rcu_work(key_free_wq, &key->free_work);
}

/**
 * pilot_key_reserve - take counters for a batch
 * @key: key to transmit under
 * @n: how many records
 *
 * Return: the first of @n consecutive counters. The caller must use none that
 * is not below the key's hard limit.
 */
u64 pilot_key_reserve(struct pilot_key *key, unsigned int n)
{
	return atomic64_fetch_add(n, &key->tx_counter);
}

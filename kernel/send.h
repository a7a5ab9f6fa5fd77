/* SPDX-License-Identifier: GPL-2.0 */
/* Sending: frames are numbered, sealed and handed to IP. */
#ifndef PILOT_SEND_H
#define PILOT_SEND_H

#include <linux/types.h>

#include "aead.h"

struct pilot_dev;
struct pilot_endpoint;
struct pilot_key;
struct pilot_peer;
struct sk_buff;

/**
 * struct pilot_burst - frames that leave together
 * @skb: outer skb, data at the first frame header or its carrier
 * @endpoint: where to, or NULL when that is not known; the carriers are its
 * @record: plaintexts, each directly behind its frame header
 * @n: how many
 * @bytes: inner bytes, 0 = keepalive
 * @ecn: outer ECN field
 */
struct pilot_burst {
	struct sk_buff *skb;
	struct pilot_endpoint *endpoint;
	struct pilot_record *record;
	unsigned int n;
	unsigned int bytes;
	u8 ecn;
};

void pilot_send(struct pilot_dev *dev, struct pilot_peer *peer,
		struct pilot_key *key, const struct pilot_burst *burst);
unsigned int pilot_send_lane(const struct pilot_peer *peer);
struct pilot_key *pilot_send_key_of(struct pilot_peer *peer,
				    unsigned int number, u64 now);
struct pilot_key *pilot_send_key(struct pilot_peer *peer);
struct pilot_endpoint *pilot_send_endpoint(const struct pilot_key *key);
void pilot_send_drop(struct pilot_dev *dev, struct pilot_peer *peer,
		     struct sk_buff *skb, unsigned int reason, unsigned int n);

#endif /* PILOT_SEND_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opening: frames under one key are verified and decrypted together, and what
 * is authentic takes effect on their peer.
 */
#ifndef PILOT_OPEN_H
#define PILOT_OPEN_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include "aead.h"
#include "endpoint.h"
#include "room.h"
#include "run.h"

struct pilot_dev;
struct pilot_key;
struct pilot_peer;
struct sk_buff;

/**
 * struct pilot_source - what frames that came together have in common
 * @dev: the device
 * @peer: the peer
 * @key: the key that the frames name, NULL = none yet
 * @index: the index they name it by
 * @path: where they came from
 * @ds: outer DSCP and ECN
 * @hops: outer hop limit
 */
struct pilot_source {
	struct pilot_dev *dev;
	struct pilot_peer *peer;
	struct pilot_key *key;
	__le32 index;
	struct pilot_path path;
	u8 ds;
	u8 hops;
};

/**
 * struct pilot_inbound - frames under one key on their way in
 * @n: how many
 * @text_used: bytes of @text in use
 * @text: private copies of ciphertexts that may be shared with others
 * @room: memory that runs are opened to
 * @skb: the datagram of a frame, data at the ciphertext, or NULL when the
 *	ciphertext is in @text
 * @counter: its counter
 * @record: where its ciphertext is, unless in @skb, and the text's length
 * @run: where it is opened to
 *
 * One per CPU, used with BH disabled. Nothing that may send runs before it is
 * done with: delivery only queues.
 */
struct pilot_inbound {
	unsigned int n;
	unsigned int text_used;
	u8 *text;
	struct pilot_room room;
	struct sk_buff *skb[PILOT_BATCH_MAX];
	u64 counter[PILOT_BATCH_MAX];
	struct pilot_record record[PILOT_BATCH_MAX];
	struct pilot_run run;
};

int pilot_open_module_init(void);
void pilot_open_module_exit(void);

void pilot_open_single(const struct pilot_source *source, struct sk_buff *skb,
		       u64 counter);

struct pilot_inbound *pilot_inbound_get(void);
u8 *pilot_inbound_text(struct pilot_inbound *batch, unsigned int len);
void pilot_inbound_flush(struct pilot_inbound *batch,
			 const struct pilot_source *source);

#endif /* PILOT_OPEN_H */

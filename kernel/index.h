/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receiver indexes: from (socket, index) of a data frame to its key. One
 * table serves all sockets, so that a socket may vanish without a walk: its
 * identifier is never used again.
 */
#ifndef PILOT_INDEX_H
#define PILOT_INDEX_H

#include <linux/rhashtable.h>
#include <linux/types.h>

struct pilot_key;

struct pilot_index_id {
	u64 socket;
	u32 index;
	u32 zero;
};

/**
 * struct pilot_index - a key's place in the table
 * @node: table linkage
 * @id: what it is found by
 * @key: the key, valid for as long as an RCU reader can find this entry
 * @linked: in the table; guarded by the lock of the key's peer
 */
struct pilot_index {
	struct rhash_head node;
	struct pilot_index_id id;
	struct pilot_key *key;
	bool linked;
};

int pilot_index_module_init(void);
void pilot_index_module_exit(void);
int pilot_index_add(struct pilot_index *entry, u64 socket, u32 index,
		    struct pilot_key *key);
void pilot_index_del(struct pilot_index *entry);
struct pilot_key *pilot_index_find(u64 socket, u32 index);

#endif /* PILOT_INDEX_H */

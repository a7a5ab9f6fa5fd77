// SPDX-License-Identifier: GPL-2.0

#include "index.h"

static const struct rhashtable_params index_params = {
	.key_len = sizeof(struct pilot_index_id),
	.key_offset = offsetof(struct pilot_index, id),
	.head_offset = offsetof(struct pilot_index, node),
	.automatic_shrinking = true,
};

static struct rhashtable index_table;

int pilot_index_module_init(void)
{
	return rhashtable_init(&index_table, &index_params);
}

void pilot_index_module_exit(void)
{
	rhashtable_destroy(&index_table);
}

/**
 * pilot_index_add - make a key reachable through a socket
 * @entry: entry of the key, not linked
 * @socket: identifier of the socket
 * @index: receiver index
 * @key: the key
 *
 * Context: the lock of the key's peer is held.
 * Return: 0, -EEXIST when the index is taken on this socket, or -ENOMEM.
 */
int pilot_index_add(struct pilot_index *entry, u64 socket, u32 index,
		    struct pilot_key *key)
{
	int ret;

	entry->id = (struct pilot_index_id){ .socket = socket,
					     .index = index };
	entry->key = key;
	ret = rhashtable_lookup_insert_fast(&index_table, &entry->node,
					    index_params);
	entry->linked = !ret;
	return ret;
}

void pilot_index_del(struct pilot_index *entry)
{
	if (!entry->linked)
		return;
	rhashtable_remove_fast(&index_table, &entry->node, index_params);
	entry->linked = false;
}

/* Context: RCU read section, in which the key stays valid. */
struct pilot_key *pilot_index_find(u64 socket, u32 index)
{
	struct pilot_index_id id = { .socket = socket, .index = index };
	struct pilot_index *entry;

	entry = rhashtable_lookup(&index_table, &id, index_params);
	return entry ? entry->key : NULL;
}

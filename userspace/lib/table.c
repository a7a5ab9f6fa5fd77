// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "table.h"

#define TABLE_SIZE_MIN	16

/* The finalizer of MurmurHash3: every bit of the key reaches every bit. */
static size_t table_bucket(uint64_t key, size_t size)
{
	key ^= key >> 33;
	key *= 0xff51afd7ed558ccdULL;
	key ^= key >> 33;
	key *= 0xc4ceb9fe1a85ec53ULL;
	key ^= key >> 33;
	return key & (size - 1);
}

int table_init(struct table *t)
{
	t->buckets = calloc(TABLE_SIZE_MIN, sizeof(*t->buckets));
	t->size = TABLE_SIZE_MIN;
	t->count = 0;
	return t->buckets ? 0 : -ENOMEM;
}

void table_free(struct table *t)
{
	free(t->buckets);
	t->buckets = NULL;
}

static void table_grow(struct table *t)
{
	size_t size = t->size * 2;
	struct table_node **buckets = calloc(size, sizeof(*buckets));

	if (!buckets)
		return;
	for (size_t i = 0; i < t->size; i++) {
		while (t->buckets[i]) {
			struct table_node *node = t->buckets[i];
			size_t to = table_bucket(node->key, size);

			t->buckets[i] = node->next;
			node->next = buckets[to];
			buckets[to] = node;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->size = size;
}

void table_add(struct table *t, struct table_node *node, uint64_t key)
{
	struct table_node **bucket;

	if (t->count >= t->size)
		table_grow(t);
	bucket = &t->buckets[table_bucket(key, t->size)];
	node->key = key;
	node->next = *bucket;
	*bucket = node;
	t->count++;
}

void table_del(struct table *t, struct table_node *node)
{
	struct table_node **at = &t->buckets[table_bucket(node->key, t->size)];

	while (*at && *at != node)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = node->next;
	t->count--;
}

struct table_node *table_find(const struct table *t, uint64_t key)
{
	struct table_node *node = t->buckets[table_bucket(key, t->size)];

	while (node && node->key != key)
		node = node->next;
	return node;
}

struct table_node *table_find_next(const struct table_node *node)
{
	uint64_t key = node->key;

	do {
		node = node->next;
	} while (node && node->key != key);
	return (struct table_node *)node;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table of nodes that live in their owners; keys are not unique. */
#ifndef PILOT_LIB_TABLE_H
#define PILOT_LIB_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define table_entry(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

struct table_node {
	struct table_node *next;
	uint64_t key;
};

struct table {
	struct table_node **buckets;
	size_t size;			/* a power of two */
	size_t count;
};

int table_init(struct table *t);
void table_free(struct table *t);
/* Grows as it fills; without memory for that it only gets slower. */
void table_add(struct table *t, struct table_node *node, uint64_t key);
void table_del(struct table *t, struct table_node *node);
/* The first node of the key, and the next one after @node. */
struct table_node *table_find(const struct table *t, uint64_t key);
struct table_node *table_find_next(const struct table_node *node);

#endif /* PILOT_LIB_TABLE_H */

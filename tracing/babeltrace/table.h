/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table from 64-bit keys to values of one fixed size: open addressing with linear probing,
 * at most 3/4 full, entries move back when one is removed (so there are no tombstones). Value
 * pointers are valid until the next insertion or removal.
 */
#ifndef RIG_BT_TABLE_H
#define RIG_BT_TABLE_H

#include <linux/types.h>

struct rig_table {
	u8 *entries; /* each: u64 key, then the value */
	u8 *used;
	size_t value_size, entry_size, capacity, count;
};

void rig_table_init(struct rig_table *table, size_t value_size);
void rig_table_fini(struct rig_table *table);

/* The value of @key, or NULL. */
void *rig_table_find(const struct rig_table *table, u64 key);

/* The value of @key, made (zeroed) if it was not there; @made may be NULL. */
void *rig_table_put(struct rig_table *table, u64 key, bool *made);

void rig_table_remove(struct rig_table *table, u64 key);

/* Walks all entries: *position starts at 0; NULL at the end. */
void *rig_table_next(const struct rig_table *table, size_t *position, u64 *key);

u64 rig_hash_text(const char *text);

#endif

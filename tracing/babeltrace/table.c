// SPDX-License-Identifier: GPL-2.0-only
/* See table.h. One owner, no locking. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define INITIAL_CAPACITY 1024

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory) {
		fprintf(stderr, "kmemrig: no memory\n");
		abort();
	}
	return memory;
}

static size_t home(const struct rig_table *table, u64 key)
{
	return (size_t)((key ^ key >> 32) * 0x9e3779b97f4a7c15ULL >> 20) & (table->capacity - 1);
}

static u64 *key_at(const struct rig_table *table, size_t slot)
{
	return (u64 *)(table->entries + slot * table->entry_size);
}

static void set_capacity(struct rig_table *table, size_t capacity)
{
	table->capacity = capacity;
	table->entries = allocate(capacity, table->entry_size);
	table->used = allocate(capacity, 1);
}

void rig_table_init(struct rig_table *table, size_t value_size)
{
	table->value_size = value_size;
	table->entry_size = sizeof(u64) + (value_size + 7) / 8 * 8;
	table->count = 0;
	set_capacity(table, INITIAL_CAPACITY);
}

void rig_table_fini(struct rig_table *table)
{
	free(table->entries);
	free(table->used);
	table->entries = NULL;
	table->used = NULL;
}

/* The slot that has @key, or the free one where it belongs. */
static size_t slot_of(const struct rig_table *table, u64 key)
{
	size_t slot = home(table, key);

	while (table->used[slot] && *key_at(table, slot) != key)
		slot = (slot + 1) & (table->capacity - 1);
	return slot;
}

void *rig_table_find(const struct rig_table *table, u64 key)
{
	size_t slot = slot_of(table, key);

	return table->used[slot] ? key_at(table, slot) + 1 : NULL;
}

static void double_capacity(struct rig_table *table)
{
	struct rig_table old = *table;

	set_capacity(table, old.capacity * 2);
	for (size_t i = 0; i < old.capacity; i++) {
		size_t slot;

		if (!old.used[i])
			continue;
		slot = slot_of(table, *key_at(&old, i));
		memcpy(key_at(table, slot), key_at(&old, i), table->entry_size);
		table->used[slot] = 1;
	}
	rig_table_fini(&old);
}

void *rig_table_put(struct rig_table *table, u64 key, bool *made)
{
	size_t slot = slot_of(table, key);

	if (made)
		*made = !table->used[slot];
	if (table->used[slot])
		return key_at(table, slot) + 1;
	if ((table->count + 1) * 4 > table->capacity * 3) {
		double_capacity(table);
		slot = slot_of(table, key);
	}
	table->count++;
	table->used[slot] = 1;
	memset(key_at(table, slot), 0, table->entry_size);
	*key_at(table, slot) = key;
	return key_at(table, slot) + 1;
}

void rig_table_remove(struct rig_table *table, u64 key)
{
	size_t mask = table->capacity - 1;
	size_t hole = slot_of(table, key);

	if (!table->used[hole])
		return;
	table->count--;
	/* move back each follower whose home is not between the hole and itself */
	for (size_t slot = (hole + 1) & mask; table->used[slot]; slot = (slot + 1) & mask) {
		size_t wanted = home(table, *key_at(table, slot));

		if (((slot - wanted) & mask) < ((slot - hole) & mask))
			continue;
		memcpy(key_at(table, hole), key_at(table, slot), table->entry_size);
		hole = slot;
	}
	table->used[hole] = 0;
}

void *rig_table_next(const struct rig_table *table, size_t *position, u64 *key)
{
	while (*position < table->capacity) {
		size_t slot = (*position)++;

		if (!table->used[slot])
			continue;
		*key = *key_at(table, slot);
		return key_at(table, slot) + 1;
	}
	return NULL;
}

u64 rig_hash_text(const char *text)
{
	u64 hash = 0xcbf29ce484222325ULL;

	while (*text)
		hash = (hash ^ (u8)*text++) * 0x100000001b3ULL;
	return hash;
}

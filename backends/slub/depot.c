// SPDX-License-Identifier: GPL-2.0-only
/*
 * The depot of stacks: slub_debug=U notes for each object who allocated and who freed it, and the
 * same few stacks come again and again, so each is kept once and an object's track holds its
 * number (the kernel's lib/stackdepot.c). Numbers start at 1; 0 says that there is no stack.
 *
 * Open addressing over the stacks' hashes. One lock; taken only where tracking is on.
 */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/fault_control.h>

#include "debug.h"

#define MAX_STACKS 16384U /* then the rest goes without: tracks still name the caller */
#define SLOTS (2 * MAX_STACKS)

struct stack {
	unsigned int nr;
	unsigned long entries[SLUB_TRACK_DEPTH];
};

struct slub_depot {
	spinlock_t lock;
	u32 nr;
	u32 slots[SLOTS]; /* number of a stack; 0: free */
	struct stack stacks[MAX_STACKS];
};

static u32 hash_of(const unsigned long *entries, unsigned int nr)
{
	u64 hash = nr;

	for (unsigned int i = 0; i < nr; i++)
		hash = (hash ^ entries[i]) * 0x9e3779b97f4a7c15ULL;
	return (u32)(hash >> 32);
}

static u32 find_or_add(struct slub_depot *depot, const unsigned long *entries, unsigned int nr)
{
	u32 slot = hash_of(entries, nr) % SLOTS;

	for (; depot->slots[slot]; slot = (slot + 1) % SLOTS) {
		const struct stack *stack = &depot->stacks[depot->slots[slot] - 1];

		if (stack->nr == nr && !memcmp(stack->entries, entries, nr * sizeof(*entries)))
			return depot->slots[slot];
	}
	if (depot->nr == MAX_STACKS)
		return 0;
	depot->stacks[depot->nr].nr = nr;
	memcpy(depot->stacks[depot->nr].entries, entries, nr * sizeof(*entries));
	depot->slots[slot] = ++depot->nr;
	return depot->nr;
}

u32 slub_depot_save(struct slub_machine *m, struct rig_cpu *cpu)
{
	unsigned long entries[SLUB_TRACK_DEPTH];
	unsigned int nr = rig_stack_trace(cpu, entries, SLUB_TRACK_DEPTH);
	u32 handle;

	if (!m->depot || !nr)
		return 0;
	rig_spin_lock(&m->depot->lock);
	handle = find_or_add(m->depot, entries, nr);
	rig_spin_unlock(&m->depot->lock);
	return handle;
}

void slub_depot_print(struct rig_machine *machine, u32 handle)
{
	const struct slub_depot *depot = slub_machine(machine)->depot;
	char name[160];

	if (!depot || handle == 0 || handle > depot->nr)
		return;
	for (unsigned int i = 0; i < depot->stacks[handle - 1].nr; i++)
		rig_log(machine, " %s",
			rig_symbol(depot->stacks[handle - 1].entries[i], name, sizeof(name)));
}

/* Mostly untouched memory: the host gives pages as stacks come. */
struct slub_depot *slub_depot_create(void)
{
	return calloc(1, sizeof(struct slub_depot));
}

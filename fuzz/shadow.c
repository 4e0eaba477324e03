// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shadow of objects: one interval for each slot, compared with all others when a slot is
 * filled. See shadow.h. Ops that fill several slots are followed through rig_ops_slot().
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/slab.h>

#include "run.h"
#include "shadow.h"

#define NR_CACHES 16

struct interval {
	u64 start; /* kernel's view; 0: the slot is empty */
	u64 size;  /* bytes */
};

struct shape_of_cache {
	bool exists;
	u64 size;
	u64 align;
};

struct fuzz_shadow {
	struct rig_machine *machine;
	unsigned int nr_slots;
	struct shape_of_cache caches[NR_CACHES];
	struct interval slots[];
};

struct fuzz_shadow *fuzz_shadow_create(struct rig_machine *machine, unsigned int nr_slots)
{
	struct fuzz_shadow *shadow =
		calloc(1, sizeof(*shadow) + nr_slots * sizeof(shadow->slots[0]));

	if (shadow) {
		shadow->machine = machine;
		shadow->nr_slots = nr_slots;
	}
	return shadow;
}

void fuzz_shadow_destroy(struct fuzz_shadow *shadow)
{
	free(shadow);
}

static void check_overlap(const struct fuzz_shadow *shadow, unsigned int slot)
{
	const struct interval *new = &shadow->slots[slot];

	for (unsigned int i = 0; i < shadow->nr_slots; i++) {
		const struct interval *old = &shadow->slots[i];

		if (i != slot && old->start && new->start < old->start + old->size &&
		    old->start < new->start + new->size)
			fuzz_fail(shadow->machine, "shadow.overlap",
				  "slot %u got [%#llx, +%llu), slot %u has [%#llx, +%llu)", slot,
				  (unsigned long long)new->start, (unsigned long long)new->size, i,
				  (unsigned long long)old->start, (unsigned long long)old->size);
	}
}

/* What kmalloc promises: powers of two are aligned to themselves, all else to a word. */
static u64 kmalloc_alignment(u64 size)
{
	return is_power_of_2(size) ? max(size, ARCH_KMALLOC_MINALIGN) : ARCH_KMALLOC_MINALIGN;
}

static void fill(struct fuzz_shadow *shadow, unsigned int slot, u64 start, u64 size, u64 align)
{
	if (start & (align - 1))
		fuzz_fail(shadow->machine, "shadow.alignment",
			  "slot %u: %#llx is not aligned to %llu", slot, (unsigned long long)start,
			  (unsigned long long)align);
	if (!rig_host_address(shadow->machine, start) ||
	    !rig_host_address(shadow->machine, start + max(size, 1ULL) - 1))
		fuzz_fail(shadow->machine, "shadow.outside", "slot %u: [%#llx, +%llu)", slot,
			  (unsigned long long)start, (unsigned long long)size);
	shadow->slots[slot] = (struct interval){ start, max(size, 1ULL) };
	check_overlap(shadow, slot);
}

static void note_cache(struct fuzz_shadow *shadow, const struct rig_op *op,
		       const struct rig_op_result *result)
{
	u64 align = is_power_of_2(op->align) ? op->align : 1;

	if (op->id < NR_CACHES && result->status == RIG_OP_DONE)
		shadow->caches[op->id] = (struct shape_of_cache){
			.exists = true, .size = op->size, .align = max(align, ARCH_SLAB_MINALIGN)
		};
}

/* One object of kmalloc or krealloc. */
static void note_kmalloc(struct fuzz_shadow *shadow, const struct rig_op *op,
			 const struct rig_op_result *result)
{
	if (result->zero_size || !result->address)
		return;
	if (result->size && result->size < op->size)
		fuzz_fail(shadow->machine, "shadow.size", "slot %u: ksize %llu, asked for %llu",
			  op->slot, (unsigned long long)result->size, (unsigned long long)op->size);
	fill(shadow, op->slot, result->address, max(result->size, op->size),
	     op->kind == RIG_OP_KMALLOC ? kmalloc_alignment(op->size) : ARCH_KMALLOC_MINALIGN);
}

/* Objects of a cache: in one slot, or in several one after the other. */
static void note_objects(struct fuzz_shadow *shadow, const struct rig_ops *ops,
			 const struct rig_op *op, unsigned int count)
{
	const struct shape_of_cache *cache;

	if (op->id >= NR_CACHES || !shadow->caches[op->id].exists)
		return;
	cache = &shadow->caches[op->id];
	for (unsigned int slot = op->slot; slot < op->slot + count && slot < shadow->nr_slots;
	     slot++) {
		void *object = rig_ops_slot(ops, slot);

		if (object && !shadow->slots[slot].start)
			fill(shadow, slot, rig_kernel_address(shadow->machine, object), cache->size,
			     cache->align);
	}
}

/* Slots that the ops have emptied are empty here too. */
static void forget_freed(struct fuzz_shadow *shadow, const struct rig_ops *ops)
{
	for (unsigned int slot = 0; slot < shadow->nr_slots; slot++)
		if (shadow->slots[slot].start && !rig_ops_slot(ops, slot))
			shadow->slots[slot].start = 0;
}

void fuzz_shadow_after(struct fuzz_shadow *shadow, const struct rig_ops *ops,
		       const struct rig_op *op, const struct rig_op_result *result)
{
	if (op->kind == RIG_OP_FREE || op->kind == RIG_OP_KREALLOC ||
	    op->kind == RIG_OP_PAGE_FREE_LIST)
		forget_freed(shadow, ops);
	if (result->status != RIG_OP_DONE || op->slot >= shadow->nr_slots)
		return;
	switch (op->kind) {
	case RIG_OP_CACHE_CREATE:
		note_cache(shadow, op, result);
		break;
	case RIG_OP_CACHE_DESTROY:
		if (op->id < NR_CACHES)
			shadow->caches[op->id].exists = false;
		break;
	case RIG_OP_CACHE_ALLOC:
		note_objects(shadow, ops, op, 1);
		break;
	case RIG_OP_CACHE_ALLOC_BULK:
		note_objects(shadow, ops, op, op->count);
		break;
	case RIG_OP_KMALLOC:
	case RIG_OP_KREALLOC:
		shadow->slots[op->slot].start = 0;
		note_kmalloc(shadow, op, result);
		break;
	default:
		break;
	}
}

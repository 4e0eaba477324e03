// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots of a stream of ops: what calls returned, where it is, and what its owner wrote there.
 *
 * With config.fill each allocation is filled with a pattern made of its slot's number, and looked
 * at before it is freed: memory handed out twice, or written to while in use, shows.
 */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/kmem.h>
#include <kmemrig/page.h>
#include <kmemrig/vmalloc.h>
#include <linux/mm.h>

#include "op_slots.h"

struct slot *op_empty_slot(struct rig_ops *ops, unsigned int slot)
{
	if (slot >= ops->config.slots || ops->slots[slot].kind != SLOT_EMPTY)
		return NULL;
	memset(&ops->slots[slot], 0, sizeof(ops->slots[slot]));
	return &ops->slots[slot];
}

struct slot *op_used_slot(struct rig_ops *ops, unsigned int slot)
{
	if (slot >= ops->config.slots || ops->slots[slot].kind == SLOT_EMPTY)
		return NULL;
	return &ops->slots[slot];
}

struct op_cache *op_live_cache(struct rig_ops *ops, unsigned int id)
{
	if (id >= ops->config.caches || !ops->caches[id].cache)
		return NULL;
	return &ops->caches[id];
}

gfp_t op_sane_gfp(unsigned int bits)
{
	const unsigned int zones = ___GFP_DMA | ___GFP_HIGHMEM | ___GFP_DMA32;
	unsigned int zone = bits & zones;

	/* Two zones at once are a caller's bug: the lowest counts. Movable goes with highmem. */
	if (zone & (zone - 1))
		bits = (bits & ~zones) | (zone & -zone);
	/* Neither is there a migratetype for both of these. */
	if ((bits & ___GFP_MOVABLE) && (bits & ___GFP_RECLAIMABLE))
		bits &= ~___GFP_MOVABLE;
	return (gfp_t)bits & __GFP_BITS_MASK;
}

static u8 pattern(const struct rig_ops *ops, const struct slot *slot)
{
	return (u8)((slot - ops->slots) * 37 + 11);
}

/* What a constructor writes: a byte, since there are objects of one byte. */
#define CONSTRUCTED 0xc7

void op_constructor(void *object)
{
	*(u8 *)object = CONSTRUCTED;
}

/* Is the slot's object of a cache with a constructor? */
static bool is_constructed(const struct rig_ops *ops, const struct slot *slot)
{
	if (slot->kind == SLOT_OBJECT)
		return ops->caches[slot->id].constructed;
	return slot->kind == SLOT_ELEMENT && ops->caches[ops->pools[slot->id].cache].constructed;
}

void op_reconstruct(struct rig_ops *ops, const struct slot *slot)
{
	if (slot->filled && is_constructed(ops, slot))
		op_constructor(slot->address);
}

/*
 * Which part of a slot the pattern covers: all of it, but of large blocks of pages their first and
 * their last page only. Touching every page costs the host far more than the allocation did.
 */
struct piece {
	u8 *start;
	u64 size;
};

#define LARGE_BLOCK (16 * PAGE_SIZE)

static unsigned int pieces_of(const struct slot *slot, struct piece pieces[2])
{
	u8 *start = slot->address;

	pieces[0] = (struct piece){ start, slot->size };
	if ((slot->kind != SLOT_PAGES && slot->kind != SLOT_EXACT) || slot->size <= LARGE_BLOCK)
		return 1;
	pieces[0].size = PAGE_SIZE;
	pieces[1] = (struct piece){ start + slot->size - PAGE_SIZE, PAGE_SIZE };
	return 2;
}

/* The first byte of the slot that is not @expected, or the slot's size. */
static u64 first_difference(const struct slot *slot, u8 expected)
{
	struct piece pieces[2];
	unsigned int nr = pieces_of(slot, pieces);

	for (unsigned int n = 0; n < nr; n++) {
		const u8 *bytes = pieces[n].start;

		/* The first byte is right and each equals the one before it: all are. */
		if (bytes[0] == expected && memcmp(bytes, bytes + 1, pieces[n].size - 1) == 0)
			continue;
		for (u64 i = 0; i < pieces[n].size; i++)
			if (bytes[i] != expected)
				return (u64)(bytes - (u8 *)slot->address) + i;
	}
	return slot->size;
}

static void look_at_new(struct rig_ops *ops, const struct slot *slot, gfp_t gfp)
{
	u64 at = gfp & __GFP_ZERO ? first_difference(slot, 0) : slot->size;

	if (at < slot->size)
		rig_fails(&ops->found, "op.zeroed", "slot %td: byte %llu of %llu is %#x",
			  slot - ops->slots, (unsigned long long)at, (unsigned long long)slot->size,
			  ((u8 *)slot->address)[at]);
	else if (is_constructed(ops, slot) && *(u8 *)slot->address != CONSTRUCTED)
		rig_fails(&ops->found, "op.constructed",
			  "slot %td: the object is not as its constructor left it (%#x)",
			  slot - ops->slots, *(u8 *)slot->address);
}

void op_fill(struct rig_ops *ops, struct slot *slot, gfp_t gfp)
{
	struct piece pieces[2];
	unsigned int nr;

	if (!ops->config.fill || !slot->address || !slot->size || slot->kind == SLOT_IOREMAP)
		return;
	look_at_new(ops, slot, gfp);
	nr = pieces_of(slot, pieces);
	for (unsigned int n = 0; n < nr; n++)
		memset(pieces[n].start, pattern(ops, slot), pieces[n].size);
	slot->filled = true;
}

bool op_contents_hold(struct rig_ops *ops, struct slot *slot, struct rig_verdict *verdict)
{
	u8 expected = pattern(ops, slot);
	u64 at;

	if (!slot->filled)
		return true;
	at = first_difference(slot, expected);
	if (at == slot->size)
		return true;
	return rig_fails(verdict, "op.contents",
			 "slot %td: byte %llu of %llu is %#x, its owner wrote %#x",
			 slot - ops->slots, (unsigned long long)at, (unsigned long long)slot->size,
			 ((u8 *)slot->address)[at], expected);
}

void op_locate(struct rig_ops *ops, const void *object, struct rig_op_result *result)
{
	struct rig_machine *machine = ops->machine;
	const struct page *head;

	result->address = rig_kernel_address(machine, object);
	if (result->address - RIG_PAGE_OFFSET >= PFN_PHYS(machine->max_low_pfn))
		return;
	head = compound_head(rig_virt_to_page(machine, object));
	result->pfn = rig_page_to_pfn(machine, head);
	result->order = compound_order(head);
	result->slab = PageSlab(head);
}

static void free_contents(struct rig_ops *ops, struct slot *slot)
{
	struct rig_cpu *cpu = ops->cpu;

	switch (slot->kind) {
	case SLOT_OBJECT:
		rig_kmem_cache_free(cpu, ops->caches[slot->id].cache, slot->address, 0);
		ops->caches[slot->id].objects--;
		break;
	case SLOT_KMALLOC:
		rig_kfree(cpu, slot->address, 0);
		break;
	case SLOT_PAGES:
		rig_free_pages(cpu, slot->page, slot->order);
		break;
	case SLOT_EXACT:
		rig_free_pages_exact(cpu, slot->address, slot->size);
		break;
	case SLOT_VMALLOC:
		rig_vfree(cpu, slot->address);
		break;
	case SLOT_ELEMENT:
	case SLOT_IOREMAP:
		op_free_mapping(ops, slot);
		break;
	case SLOT_EMPTY:
		break;
	}
}

bool op_free_slot(struct rig_ops *ops, struct slot *slot, struct rig_verdict *verdict)
{
	bool held = op_contents_hold(ops, slot, verdict);

	op_reconstruct(ops, slot);
	free_contents(ops, slot);
	slot->kind = SLOT_EMPTY;
	return held;
}

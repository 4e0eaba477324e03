// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements in reserve belong to no one. With check tier 1 or slub_debug their memory is filled
 * with POISON_FREE, the last byte POISON_END, and a write to it is found when the element leaves
 * the reserve. Pages, which may be highmem, are reached one at a time by a local mapping: a block
 * of several is not one piece of addresses there.
 */
#include <string.h>

#include <kmemrig/asan.h>
#include <kmemrig/check.h>
#include <kmemrig/highmem.h>
#include <kmemrig/kmem.h>
#include <kmemrig/kmem_cache.h>
#include <kmemrig/machine.h>
#include <linux/mm.h>
#include <linux/poison.h>
#include <linux/slab.h>

#include "private.h"

static bool wanted(const struct rig_machine *machine)
{
	return machine->check_tier >= 1 || rig_boot_option(machine, "slub_debug", NULL, 0);
}

static bool is_object(const mempool_t *pool)
{
	return pool->free == mempool_free_slab || pool->free == mempool_kfree;
}

/*
 * Bytes of an object. SLOB knows the size of kmalloc's objects only; a cache knows its own, which
 * grows when a cache of larger objects joins it: what counts is what it was at first.
 */
static size_t object_bytes(mempool_t *pool, const void *element)
{
	if (pool->free != mempool_free_slab)
		return rig_ksize(rig_this_cpu(), element);
	if (!pool->object_size)
		pool->object_size = ((const struct kmem_cache *)pool->pool_data)->object_size;
	return pool->object_size;
}

static bool is_known(const mempool_t *pool)
{
	return is_object(pool) || pool->free == mempool_free_pages;
}

static unsigned int nr_pages(const mempool_t *pool)
{
	return 1U << (unsigned long)pool->pool_data;
}

static RIG_NO_ASAN void fill(u8 *memory, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		memory[i] = POISON_FREE;
	memory[size - 1] = POISON_END;
}

static RIG_NO_ASAN void mark_in_use(u8 *memory, size_t size)
{
	for (size_t i = 0; i < size; i++)
		memory[i] = POISON_INUSE;
}

/* The first byte that is not as filled, or @size. */
static RIG_NO_ASAN size_t first_difference(const u8 *memory, size_t size, u8 *byte)
{
	for (size_t i = 0; i < size; i++) {
		*byte = memory[i];
		if (*byte != (i + 1 < size ? POISON_FREE : POISON_END))
			return i;
	}
	return size;
}

/* Is this piece of an element as it was filled? Otherwise says where not, if asked to. */
static bool piece_is_whole(mempool_t *pool, const u8 *memory, size_t size, bool complain)
{
	struct rig_cpu *cpu = rig_this_cpu();
	size_t at;
	u8 byte;

	at = first_difference(memory, size, &byte);
	if (at != size && complain)
		rig_misuse(cpu, "mempool.poison",
			   "mempool element poison mismatch\nMempool %016llx size %zu\n"
			   " nr=%d @ %016llx: byte %zu is 0x%x",
			   (unsigned long long)rig_kernel_address(cpu->machine, pool), size,
			   pool->curr_nr,
			   (unsigned long long)rig_kernel_address(cpu->machine, memory), at, byte);
	return at == size;
}

static bool element_is_whole(mempool_t *pool, void *element, bool complain)
{
	struct rig_cpu *cpu = rig_this_cpu();
	bool whole = true;

	if (is_object(pool))
		return piece_is_whole(pool, element, object_bytes(pool, element), complain);
	for (unsigned int i = 0; i < nr_pages(pool) && whole; i++) {
		void *memory = rig_kmap_local(cpu, (struct page *)element + i);

		whole = piece_is_whole(pool, memory, PAGE_SIZE, complain);
		rig_kunmap_local(cpu, memory);
	}
	return whole;
}

bool element_is_poisoned(mempool_t *pool, void *element)
{
	return !wanted(rig_this_cpu()->machine) || !is_known(pool) ||
	       element_is_whole(pool, element, false);
}

void element_poison(mempool_t *pool, void *element)
{
	struct rig_cpu *cpu = rig_this_cpu();

	if (!is_known(pool))
		return;
	if (is_object(pool)) {
		size_t size = object_bytes(pool, element);

		if (wanted(cpu->machine))
			fill(element, size);
		rig_asan_poison(element, size);
		return;
	}
	for (unsigned int i = 0; wanted(cpu->machine) && i < nr_pages(pool); i++) {
		void *memory = rig_kmap_local(cpu, (struct page *)element + i);

		fill(memory, PAGE_SIZE);
		rig_kunmap_local(cpu, memory);
	}
}

void element_unpoison(mempool_t *pool, void *element)
{
	struct rig_cpu *cpu = rig_this_cpu();
	bool looked = is_known(pool) && wanted(cpu->machine);

	if (looked)
		element_is_whole(pool, element, true);
	if (!is_object(pool))
		return;
	if (looked)
		mark_in_use(element, object_bytes(pool, element));
	rig_asan_unpoison(element, object_bytes(pool, element));
}

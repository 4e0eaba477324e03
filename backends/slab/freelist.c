// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free list of one slab: an array with the number of every object. Those in use come first,
 * in no order; those from page->active on are free, and handed out from there.
 *
 *	page->slab_freelist:  [ x | x | x | 7 | 2 | 5 ]
 *	page->active = 3 -------------------^
 *
 * The list may lie inside a free object (geometry.c): then that object is the last one of the
 * list, and page->slab_freelist is NULL while all objects are in use.
 *
 * A new slab's list is 0, 1, 2 ... or, with slab_freelist_random, a permutation: the cache has
 * one, and each slab starts somewhere else in it. All numbers are there once
 * (slab.freelist_unique).
 */
#include <errno.h>

#include "slab.h"

/* The list may lie in memory that is no caller's: AddressSanitizer would complain. */
RIG_NO_ASAN unsigned int slab_get_index(const struct page *page, unsigned int slot)
{
	return ((const slab_index_t *)page->slab_freelist)[slot];
}

RIG_NO_ASAN void slab_set_index(struct page *page, unsigned int slot, unsigned int index)
{
	((slab_index_t *)page->slab_freelist)[slot] = (slab_index_t)index;
}

void *slab_take(struct slab_cache *data, struct page *page)
{
	return slab_slot(data, page, slab_get_index(page, page->active++));
}

void slab_put(struct slab_cache *data, struct page *page, void *slot)
{
	page->active--;
	if (!page->slab_freelist)
		page->slab_freelist = (u8 *)slot + data->obj_offset;
	slab_set_index(page, page->active, slab_slot_index(data, page, slot));
}

/* The upper half of the machine's generator, which CPUs share. */
static unsigned int random_u32(struct slab_cache *data)
{
	struct slab_machine *all = slab_machine(data->machine);
	unsigned int number;

	rig_spin_lock(&all->random_lock);
	number = (unsigned int)(rig_random(data->machine) >> 32);
	rig_spin_unlock(&all->random_lock);
	return number;
}

int slab_make_random_seq(struct slab_cache *data)
{
	struct rig_cpu *cpu = rig_kmem_cpu(data->machine);
	unsigned int *seq;

	if (!slab_machine(data->machine)->randomize || data->num < 2 || data->random_seq)
		return 0;
	seq = slab_own_alloc(data, data->num * sizeof(*seq), GFP_KERNEL, NUMA_NO_NODE, cpu);
	if (!seq)
		return -ENOMEM;
	for (unsigned int i = 0; i < data->num; i++)
		seq[i] = i;
	for (unsigned int i = data->num - 1; i > 0; i--) {
		unsigned int other = random_u32(data) % (i + 1);

		swap(seq[i], seq[other]);
	}
	data->random_seq = seq;
	return 0;
}

/*
 * The cache's permutation from a random place on. Where the list lies in a free object, that is
 * the permutation's first, which has to be handed out last.
 */
static void fill_random(struct slab_cache *data, struct page *page)
{
	unsigned int at = random_u32(data) % data->num;
	unsigned int home = data->random_seq[at], slot = 0;

	if (slab_in_object(data))
		page->slab_freelist = (u8 *)slab_slot(data, page, home) + data->obj_offset;
	else
		slab_set_index(page, slot++, home);
	for (unsigned int i = 1; i < data->num; i++)
		slab_set_index(page, slot++, data->random_seq[(at + i) % data->num]);
	if (slab_in_object(data))
		slab_set_index(page, slot, home);
}

static void fill_in_order(struct slab_cache *data, struct page *page)
{
	if (slab_in_object(data))
		page->slab_freelist = (u8 *)slab_slot(data, page, data->num - 1) + data->obj_offset;
	for (unsigned int i = 0; i < data->num; i++)
		slab_set_index(page, i, i);
}

void slab_construct(struct slab_cache *data, void *object)
{
	rig_asan_unpoison(object, data->cache->object_size);
	data->cache->ctor(object);
}

void slab_init_objects(struct slab_cache *data, struct page *page)
{
	slab_debug_init(data, page);
	if (data->random_seq && data->num > 1)
		fill_random(data, page);
	else
		fill_in_order(data, page);
	/* a poisoned object is constructed each time it is handed out */
	if (!data->cache->ctor || data->cache->flags & SLAB_POISON)
		return;
	for (unsigned int i = 0; i < data->num; i++) {
		void *object = (u8 *)slab_slot(data, page, i) + data->obj_offset;

		slab_construct(data, object);
		rig_asan_poison(object, data->cache->object_size);
	}
}

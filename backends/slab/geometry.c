// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shape of a cache's slabs: how far apart objects lie, how many pages a slab has, and where
 * its free list (one index an object) is kept. Three places are tried in turn:
 *
 *	in a free object	no byte is spent: the list lies in the object that is handed out
 *last. Not where a constructor or RCU readers want free objects whole. off slab		in
 *memory of kmalloc, where that leaves more room than it takes
 *	on slab			in the last bytes of the slab
 *
 *	| colour | object 0 | object 1 | ... | object num-1 | left over | [free list] |
 *
 * What is left over is used for colouring: each new slab begins its objects one cache line later
 * than the one before, so that equal fields of different slabs fall into different cache lines.
 *
 * The order of a slab follows calculate_slab_order of Linux 6.1, the rest __kmem_cache_create.
 */
#include <errno.h>

#include <linux/cache.h>
#include <linux/kernel.h>

#include "slab.h"

/* A free list of that many bytes takes how many, off slab; 0: it may not be there. */
static size_t off_slab_cost(const struct slab_cache *data, size_t freelist_size)
{
	const struct kmem_cache *home;
	unsigned int order = 0;

	if (freelist_size <= KMALLOC_MAX_CACHE_SIZE) {
		home = rig_kmalloc_cache(data->machine, freelist_size, 0);
		/* a list whose home needs lists off slab could need itself */
		return home && !(home->flags & SLAB_OFF_SLAB) ? home->size : 0;
	}
	while (PAGE_SIZE << order < freelist_size)
		order++;
	return PAGE_SIZE << order;
}

/*
 * Chooses data->order and ->num for objects of @size bytes and a free list as @flags say; num
 * stays 0 where there is no way. Returns the bytes left over.
 */
static size_t choose_order(struct slab_cache *data, size_t size, slab_flags_t flags)
{
	bool list_elsewhere = flags & (SLAB_IN_FREE_OBJECT | SLAB_OFF_SLAB);
	size_t object_cost = size + (list_elsewhere ? 0 : sizeof(slab_index_t));
	size_t left_over = 0;

	data->num = 0;
	for (unsigned int order = 0; order <= KMALLOC_MAX_ORDER; order++) {
		size_t slab_size = PAGE_SIZE << order;
		size_t num = slab_size / object_cost;

		if (num == 0)
			continue;
		if (num > SLAB_OBJ_MAX_NUM)
			break;
		if (flags & SLAB_OFF_SLAB) {
			size_t cost = off_slab_cost(data, num * sizeof(slab_index_t));

			/* the size of the cache is not set yet when this is asked: the object's */
			if (cost == 0 || cost > data->cache->size / 2)
				continue;
		}
		data->num = (unsigned int)num;
		data->order = order;
		left_over = slab_size % object_cost;
		/* reclaimable objects are asked for where large blocks can't be had */
		if (flags & SLAB_RECLAIM_ACCOUNT)
			break;
		if (order >= slab_machine(data->machine)->max_order)
			break;
		if (left_over * 8 <= slab_size)
			break;
	}
	return left_over;
}

static bool try_in_free_object(struct slab_cache *data, size_t size, slab_flags_t flags)
{
	size_t left;

	if (data->cache->ctor || flags & SLAB_TYPESAFE_BY_RCU)
		return false;
	left = choose_order(data, size, flags | SLAB_IN_FREE_OBJECT);
	if (data->num == 0 || data->num * sizeof(slab_index_t) > data->cache->object_size)
		return false;
	data->colour = (unsigned int)(left / data->colour_off);
	return true;
}

static bool try_off_slab(struct slab_cache *data, size_t size, slab_flags_t flags)
{
	size_t left;

	if (flags & SLAB_NOLEAKTRACE)
		return false;
	left = choose_order(data, size, flags | SLAB_OFF_SLAB);
	/* it would fit on the slab as well: better there */
	if (data->num == 0 || left >= data->num * sizeof(slab_index_t))
		return false;
	data->colour = (unsigned int)(left / data->colour_off);
	return true;
}

static bool try_on_slab(struct slab_cache *data, size_t size, slab_flags_t flags)
{
	size_t left = choose_order(data, size, flags);

	if (data->num == 0)
		return false;
	data->colour = (unsigned int)(left / data->colour_off);
	return true;
}

/* Where every cache is debugged: what CONFIG_DEBUG_SLAB would add to the flags. */
static slab_flags_t forced_debug(unsigned int size, slab_flags_t flags)
{
	unsigned int padded = size - 1 + sizeof(u64) + 2 * sizeof(u64);

	/* not where the red zones would push an object over the next power of two */
	if (size < 4096 || __builtin_clz(size - 1) == __builtin_clz(padded))
		flags |= SLAB_RED_ZONE | SLAB_STORE_USER;
	if (!(flags & SLAB_TYPESAFE_BY_RCU))
		flags |= SLAB_POISON;
	return flags;
}

/* Room for red zones and the last user around an object of @size bytes. */
static unsigned int add_debug_room(struct slab_cache *data, unsigned int size, slab_flags_t flags)
{
	data->obj_offset = 0;
	if (flags & SLAB_RED_ZONE) {
		data->obj_offset = sizeof(u64);
		size += 2 * sizeof(u64);
	}
	if (flags & SLAB_STORE_USER)
		size += sizeof(u64);
	return size;
}

static gfp_t page_flags(slab_flags_t flags)
{
	gfp_t gfp = __GFP_COMP;

	if (flags & SLAB_CACHE_DMA)
		gfp |= GFP_DMA;
	if (flags & SLAB_CACHE_DMA32)
		gfp |= GFP_DMA32;
	if (flags & SLAB_RECLAIM_ACCOUNT)
		gfp |= __GFP_RECLAIMABLE;
	return gfp;
}

int slab_set_geometry(struct slab_cache *data)
{
	struct kmem_cache *cache = data->cache;
	slab_flags_t flags = cache->flags;
	unsigned int size;

	cache->size = cache->object_size;
	if (slab_machine(data->machine)->debug)
		flags = forced_debug(cache->size, flags);
	cache->align = max(cache->align, (unsigned int)sizeof(void *));
	if (cache->align > sizeof(u64))
		flags &= ~(SLAB_RED_ZONE | SLAB_STORE_USER);
	data->colour_off = max((unsigned int)L1_CACHE_BYTES, cache->align);

	size = add_debug_room(data, ALIGN(cache->size, (unsigned int)sizeof(void *)), flags);
	size = ALIGN(size, cache->align);
	if (SLAB_BYTE_INDEX && size < SLAB_OBJ_MIN_SIZE)
		size = ALIGN((unsigned int)SLAB_OBJ_MIN_SIZE, cache->align);

	if (try_in_free_object(data, size, flags))
		flags |= SLAB_IN_FREE_OBJECT;
	else if (try_off_slab(data, size, flags))
		flags |= SLAB_OFF_SLAB;
	else if (!try_on_slab(data, size, flags))
		return -E2BIG;

	data->freelist_size = data->num * (unsigned int)sizeof(slab_index_t);
	cache->flags = flags;
	cache->allocflags = page_flags(flags);
	cache->size = size;
	cache->usable_size = cache->object_size;
	cache->wants_caller = flags & SLAB_STORE_USER;
	if (!data->several_nodes && !(flags & SLAB_DEBUG)) {
		cache->alloc = slab_alloc_plain;
		cache->free = slab_free_plain;
	} else {
		cache->alloc = slab_alloc;
		cache->free = slab_free;
	}
	return 0;
}

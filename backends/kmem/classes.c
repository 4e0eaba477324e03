// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmalloc's size classes: powers of two from the backend's smallest to its largest, and 96 and 192
 * where small alignments allow, once for each kind of memory:
 *
 *	kmalloc-N        everything else
 *	kmalloc-cg-N     __GFP_ACCOUNT, where control groups are on; otherwise the same caches
 *	kmalloc-rcl-N    __GFP_RECLAIMABLE
 *	dma-kmalloc-N    __GFP_DMA
 *
 * Classes are numbered as in the kernel: 1 is 96, 2 is 192, n is 2^n bytes.
 */
#include <errno.h>
#include <stdio.h>

#include <linux/kernel.h>
#include <linux/mm.h>

#include "kmem_private.h"

#define INDEX_96 1
#define INDEX_192 2

static unsigned int class_size(unsigned int index)
{
	return index == INDEX_96 ? 96 : index == INDEX_192 ? 192 : 1U << index;
}

static void class_name(char *name, size_t size, enum kmalloc_cache_type type, unsigned int bytes)
{
	static const char *const prefix[NR_KMALLOC_TYPES] = {
		[KMALLOC_NORMAL] = "kmalloc-",
		[KMALLOC_CGROUP] = "kmalloc-cg-",
		[KMALLOC_RECLAIM] = "kmalloc-rcl-",
		[KMALLOC_DMA] = "dma-kmalloc-",
	};

	if (bytes >= 1024)
		snprintf(name, size, "%s%uk", prefix[type], bytes / 1024);
	else
		snprintf(name, size, "%s%u", prefix[type], bytes);
}

static slab_flags_t class_flags(enum kmalloc_cache_type type)
{
	switch (type) {
	case KMALLOC_RECLAIM:
		return SLAB_RECLAIM_ACCOUNT;
	case KMALLOC_CGROUP:
		return SLAB_ACCOUNT;
	case KMALLOC_DMA:
		return SLAB_CACHE_DMA;
	default:
		return 0;
	}
}

static int create_class(struct rig_kmem *kmem, enum kmalloc_cache_type type, unsigned int index)
{
	struct kmem_cache *cache;
	char name[32];

	if (kmem->kmalloc_caches[type][index])
		return 0;
	if (type == KMALLOC_CGROUP && !kmem->memcg) {
		kmem->kmalloc_caches[type][index] = kmem->kmalloc_caches[KMALLOC_NORMAL][index];
		return 0;
	}
	class_name(name, sizeof(name), type, class_size(index));
	cache = rig_kmem_boot_cache(kmem->machine, name, class_size(index),
				    kmem->machine->slab->kmalloc_flags | SLAB_KMALLOC |
					    class_flags(type));
	if (!cache)
		return -ENOMEM;
	/* With control groups on, unaccounted classes may not serve accounted caches. */
	cache->refcount = kmem->memcg && type == KMALLOC_NORMAL ? -1 : 1;
	kmem->kmalloc_caches[type][index] = cache;
	return 0;
}

/* Which class serves sizes up to 192, by (size - 1) / 8 (the kernel's size_index). */
static void fill_size_index(struct rig_kmem *kmem, size_t min_size)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(kmem->size_index); i++) {
		unsigned int bytes = (i + 1) * 8;

		if (bytes <= min_size)
			kmem->size_index[i] = (u8)ilog2(min_size);
		else if (bytes > 64 && bytes <= 96 && min_size <= 32)
			kmem->size_index[i] = INDEX_96;
		else if (bytes > 128 && bytes <= 192 && min_size <= 64)
			kmem->size_index[i] = INDEX_192;
		else
			kmem->size_index[i] = (u8)fls(bytes - 1);
	}
}

void kmem_set_limits(struct rig_kmem *kmem)
{
	const struct slab_backend *backend = kmem->machine->slab;

	kmem->max_cache_size = backend->kmalloc_max_cache_size
				       ? backend->kmalloc_max_cache_size(kmem->machine)
				       : KMALLOC_MAX_CACHE_SIZE;
	kmem->max_cache_size = min(kmem->max_cache_size, (size_t)KMALLOC_MAX_CACHE_SIZE);
	kmem->fast_limit = backend->kmalloc ? 0 : kmem->max_cache_size;
	fill_size_index(kmem, backend->kmalloc_min_size ? backend->kmalloc_min_size : 8);
}

int kmem_create_classes(struct rig_kmem *kmem)
{
	const struct slab_backend *backend = kmem->machine->slab;
	size_t min_size = backend->kmalloc_min_size ? backend->kmalloc_min_size : 8;
	unsigned int low = (unsigned int)ilog2(min_size);
	unsigned int high = (unsigned int)ilog2(kmem->max_cache_size);
	int error = 0;

	if (backend->kmalloc_first_size)
		error = create_class(kmem, KMALLOC_NORMAL,
				     (unsigned int)ilog2(backend->kmalloc_first_size));
	for (int type = 0; type < NR_KMALLOC_TYPES && !error; type++) {
		for (unsigned int index = low; index <= high && !error; index++) {
			error = create_class(kmem, type, index);
			/* The odd sizes follow the power of two below them, as in the kernel. */
			if (!error && index == 6 && min_size <= 32)
				error = create_class(kmem, type, INDEX_96);
			if (!error && index == 7 && min_size <= 64)
				error = create_class(kmem, type, INDEX_192);
		}
	}
	return error;
}

/* Restoring: the classes are found among the machine's caches by their names. */
bool kmem_adopt_classes(struct rig_kmem *kmem)
{
	bool complete = true;
	char name[32];

	for (int type = 0; type < NR_KMALLOC_TYPES; type++) {
		for (unsigned int index = 1; index <= KMALLOC_SHIFT_HIGH; index++) {
			struct kmem_cache *cache;

			class_name(name, sizeof(name), type, class_size(index));
			cache = rig_kmem_cache_find(kmem->machine, name);
			if (type == KMALLOC_CGROUP && cache)
				kmem->memcg = true;
			if (!cache)
				cache = kmem->kmalloc_caches[KMALLOC_NORMAL][index];
			kmem->kmalloc_caches[type][index] = cache;
			complete &= cache != NULL;
		}
	}
	return complete;
}

size_t rig_kmalloc_size_roundup(struct rig_machine *machine, size_t size)
{
	struct kmem_cache *cache;

	if (size == 0 || size == SIZE_MAX)
		return size;
	if (machine->slab->kmalloc) /* SLOB: no classes, and it promises no more than alignment */
		return ALIGN(size, ARCH_KMALLOC_MINALIGN);
	if (size > kmem_of(machine)->max_cache_size)
		return PAGE_SIZE << (unsigned int)get_order(size);
	cache = rig_kmalloc_cache(machine, size, GFP_KERNEL);
	return cache ? cache->object_size : size;
}

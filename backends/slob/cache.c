// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLOB behind the backend's contract: caches and kmalloc on the one heap of heap.c.
 *
 * A cache is nothing but a size, an alignment and a constructor, which runs at each allocation:
 * objects of all caches and kmalloc's blocks lie side by side in the same pages. Objects of a page
 * or more are blocks of pages. kmalloc puts 8 bytes in front of its block, of which the first 4
 * hold the size; blocks of a power of two are aligned to their size.
 *
 *	kmalloc(100):   [ 100 | pad ][ 100 bytes . . . ]
 *	                ^ block       ^ what the caller gets
 *
 * Since an object does not know its cache, the rig keeps that beside the memory, in the owner map
 * (slob.h): from it come the checks slob.wrong_cache and slob.leak, which the kernel's SLOB can't
 * make. It changes nothing of where memory comes from.
 *
 * Locking: slob->lock guards the heap, the counters and the table of caches; entries of the owner
 * map belong to whoever owns the block.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <kmemrig/asan.h>
#include <kmemrig/kmem.h>
#include <kmemrig/rcu.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "slob.h"

/* Behind each object of a SLAB_TYPESAFE_BY_RCU cache: the callback that frees it later. */
struct slob_rcu {
	struct rcu_head head;
	int size;
};

/* --- a machine's heap */

static int slob_init(struct rig_machine *machine)
{
	struct slob *slob = calloc(1, sizeof(*slob));

	if (!slob)
		return -ENOMEM;
	slob->machine = machine;
	slob->owners_size =
		(PFN_PHYS(machine->max_low_pfn) >> SLOB_OWNER_SHIFT) * sizeof(slob_owner_t);
	slob->caches = calloc(SLOB_MAX_OWNERS, sizeof(struct slob_cache *));
	slob->owners = mmap(NULL, slob->owners_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!slob->caches || slob->owners == MAP_FAILED) {
		free(slob->caches);
		free(slob);
		return -ENOMEM;
	}
	for (int list = 0; list < SLOB_NR_LISTS; list++)
		INIT_LIST_HEAD(&slob->free[list]);
	INIT_LIST_HEAD(&slob->full);
	INIT_LIST_HEAD(&slob->large);
	spin_lock_init(&slob->lock);
	machine->slab_private = slob;
	return 0;
}

static void slob_fini(struct rig_machine *machine)
{
	struct slob *slob = slob_of(machine);

	if (!slob)
		return;
	for (unsigned int i = 0; i < slob->nr_caches; i++)
		free(slob->caches[i]);
	free(slob->caches);
	munmap(slob->owners, slob->owners_size);
	free(slob);
	machine->slab_private = NULL;
}

/* --- caches */

/* A free number for a cache; 0: there is none. */
static slob_owner_t new_owner(struct slob *slob)
{
	for (unsigned int i = SLOB_OWNER_FIRST_CACHE; i < SLOB_MAX_OWNERS; i++) {
		if (slob->caches[i])
			continue;
		slob->nr_caches = max(slob->nr_caches, i + 1);
		return (slob_owner_t)i;
	}
	return SLOB_OWNER_NONE;
}

static int slob_cache_init(struct kmem_cache *cache)
{
	struct slob *slob = slob_of(cache->machine);
	struct slob_cache *data = calloc(1, sizeof(*data));

	if (!data)
		return -ENOMEM;
	cache->size = cache->object_size;
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		cache->size += sizeof(struct slob_rcu);
	/* Debugging that the kernel's SLOB drops: see debug.c. */
	if (cache->size >= PAGE_SIZE || cache->flags & SLAB_TYPESAFE_BY_RCU)
		cache->flags &= ~(SLAB_RED_ZONE | SLAB_POISON);
	if (cache->flags & SLAB_RED_ZONE) {
		data->head = max(cache->align, (unsigned int)sizeof(u64));
		cache->size = ALIGN(cache->size, sizeof(u64)) + data->head + sizeof(u64);
		if (cache->size >= PAGE_SIZE) {
			cache->flags &= ~SLAB_RED_ZONE;
			cache->size = cache->object_size;
			data->head = 0;
		}
	}
	cache->size = SLOB_UNITS(cache->size) * SLOB_UNIT;
	data->cache = cache;
	rig_spin_lock(&slob->lock);
	data->owner = new_owner(slob);
	if (data->owner)
		slob->caches[data->owner] = data;
	rig_spin_unlock(&slob->lock);
	if (!data->owner) {
		free(data);
		return -ENOMEM;
	}
	cache->backend_data = data;
	return 0;
}

static void slob_cache_fini(struct kmem_cache *cache)
{
	struct slob *slob = slob_of(cache->machine);
	struct slob_cache *data = cache->backend_data;

	rig_spin_lock(&slob->lock);
	slob->caches[data->owner] = NULL;
	rig_spin_unlock(&slob->lock);
	free(data);
	cache->backend_data = NULL;
}

/* Says which objects of the cache are in use, from the owner map of each page of the heap. */
static void report_leaks(struct slob_cache *data, struct page *page, unsigned long bytes)
{
	struct rig_machine *machine = data->cache->machine;
	u8 *start = rig_page_address(machine, page);

	for (unsigned long offset = 0; offset < bytes; offset += 1UL << SLOB_OWNER_SHIFT)
		if (*slob_owner(slob_of(machine), start + offset) == data->owner)
			rig_log(machine, "Object 0x%llx @offset=%lu",
				(unsigned long long)rig_kernel_address(machine, start + offset),
				offset);
}

static bool slob_cache_shutdown(struct kmem_cache *cache)
{
	struct slob *slob = slob_of(cache->machine);
	struct slob_cache *data = cache->backend_data;
	struct page *page;

	slob_debug_drain(data, rig_kmem_cpu(cache->machine));
	if (READ_ONCE(data->live) == 0)
		return true;
	rig_log(cache->machine, "Objects remaining in %s on shutdown: %lu", cache->name,
		data->live);
	rig_spin_lock(&slob->lock);
	for (int list = 0; list < SLOB_NR_LISTS; list++)
		list_for_each_entry (page, &slob->free[list], slab_list)
			report_leaks(data, page, PAGE_SIZE);
	list_for_each_entry (page, &slob->full, slab_list)
		report_leaks(data, page, PAGE_SIZE);
	list_for_each_entry (page, &slob->large, slab_list)
		report_leaks(data, page, 1);
	rig_spin_unlock(&slob->lock);
	return false;
}

static int slob_cache_shrink(struct kmem_cache *cache)
{
	slob_debug_drain(cache->backend_data, rig_kmem_cpu(cache->machine));
	return 0;
}

/* --- objects */

static void *slob_alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct slob *slob = slob_of(cache->machine);
	struct slob_cache *data = cache->backend_data;
	u8 *block;

	if (cache->size < PAGE_SIZE)
		block = slob_alloc_block(slob, cache->size, gfp, cache->align, node, data->head,
					 cpu);
	else
		block = slob_alloc_pages(slob, gfp, slob_order(cache->size), node, cpu);
	if (!block)
		return NULL;
	block += data->head;
	*slob_owner(slob, block) = data->owner;
	__atomic_fetch_add(&data->live, 1, __ATOMIC_RELAXED);
	rig_asan_unpoison(block, cache->object_size);
	slob_debug_alloc(data, block);
	if (cache->ctor)
		cache->ctor(block);
	return block;
}

void slob_cache_release(struct slob_cache *data, void *object, struct rig_cpu *cpu)
{
	struct kmem_cache *cache = data->cache;
	struct slob *slob = slob_of(cache->machine);

	*slob_owner(slob, object) = data->owner | SLOB_OWNER_FREED;
	if (cache->size < PAGE_SIZE)
		slob_free_block(slob, (u8 *)object - data->head, cache->size, cpu);
	else
		slob_free_pages(slob, object, slob_order(cache->size), cpu);
}

/* An object whose readers may still be there; the kernel keeps this behind the object. */
struct slob_late {
	struct rcu_head head;
	struct slob_cache *data;
	void *object;
};

static void release_late(struct rcu_head *head)
{
	struct slob_late *late = container_of(head, struct slob_late, head);

	slob_cache_release(late->data, late->object, rig_kmem_cpu(late->data->cache->machine));
	free(late);
}

static void release_after_grace_period(struct slob_cache *data, void *object, struct rig_cpu *cpu)
{
	struct slob_late *late = malloc(sizeof(*late));

	if (!late) {
		slob_cache_release(data, object, cpu);
		return;
	}
	*slob_owner(slob_of(data->cache->machine), object) = data->owner | SLOB_OWNER_QUARANTINE;
	late->data = data;
	late->object = object;
	rig_call_rcu(cpu, &late->head, release_late);
}

static void slob_free(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	struct slob *slob = slob_of(cache->machine);
	struct slob_cache *data = cache->backend_data;
	slob_owner_t owner = *slob_owner(slob, object);

	if (owner != data->owner) {
		bool known = owner >= SLOB_OWNER_FIRST_CACHE && owner < SLOB_MAX_OWNERS;

		rig_misuse(cpu, "slob.wrong_cache",
			   "cache_from_obj: Wrong slab cache. %s but object 0x%llx is from %s",
			   cache->name,
			   (unsigned long long)rig_kernel_address(cache->machine, object),
			   owner == SLOB_OWNER_KMALLOC	  ? "kmalloc"
			   : known && slob->caches[owner] ? slob->caches[owner]->cache->name
							  : "no cache");
		return;
	}
	__atomic_fetch_sub(&data->live, 1, __ATOMIC_RELAXED);
	object = slob_debug_free(data, object, cpu);
	if (!object)
		return;
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		release_after_grace_period(data, object, cpu);
	else
		slob_cache_release(data, object, cpu);
}

/* --- kmalloc */

static RIG_NO_ASAN void write_size(void *block, unsigned int size)
{
	*(unsigned int *)block = size;
}

static RIG_NO_ASAN unsigned int read_size(const void *object)
{
	return *(const unsigned int *)((const u8 *)object - SLOB_MINALIGN);
}

static void *slob_kmalloc(struct rig_machine *machine, size_t size, gfp_t gfp, int node,
			  struct rig_cpu *cpu, size_t *bytes_alloc)
{
	struct slob *slob = slob_of(machine);
	u8 *object;

	if (size < PAGE_SIZE - SLOB_MINALIGN) {
		bool power_of_2 = size && (size & (size - 1)) == 0;
		size_t align = power_of_2 ? max(SLOB_MINALIGN, size) : SLOB_MINALIGN;
		u8 *block;

		*bytes_alloc = size + SLOB_MINALIGN;
		block = slob_alloc_block(slob, *bytes_alloc, gfp, align, node, SLOB_MINALIGN, cpu);
		if (!block)
			return NULL;
		write_size(block, (unsigned int)size);
		object = block + SLOB_MINALIGN;
	} else {
		unsigned int order = slob_order(size);

		*bytes_alloc = PAGE_SIZE << order;
		if (order)
			gfp |= __GFP_COMP;
		object = slob_alloc_pages(slob, gfp, order, node, cpu);
		if (!object)
			return NULL;
	}
	*slob_owner(slob, object) = SLOB_OWNER_KMALLOC;
	__atomic_fetch_add(&slob->nr_kmalloc, 1, __ATOMIC_RELAXED);
	rig_asan_unpoison(object, size);
	return object;
}

static void slob_kfree(struct rig_machine *machine, void *object, struct rig_cpu *cpu)
{
	struct slob *slob = slob_of(machine);
	struct page *page = rig_virt_to_page(machine, object);
	slob_owner_t *owner = slob_owner(slob, object);

	if (*owner != SLOB_OWNER_KMALLOC) {
		rig_misuse(cpu, "slob.wrong_cache", "kfree of 0x%llx, which kmalloc did not return",
			   (unsigned long long)rig_kernel_address(machine, object));
		return;
	}
	*owner = SLOB_OWNER_KMALLOC | SLOB_OWNER_FREED;
	__atomic_fetch_sub(&slob->nr_kmalloc, 1, __ATOMIC_RELAXED);
	if (PageSlab(page))
		slob_free_block(slob, (u8 *)object - SLOB_MINALIGN,
				read_size(object) + SLOB_MINALIGN, cpu);
	else
		slob_free_pages(slob, object, compound_order(page), cpu);
}

/* The bytes of whole units that the caller asked for: never more than the block has. */
static size_t slob_ksize(struct rig_machine *machine, const void *object)
{
	struct page *page = rig_virt_to_page(machine, object);

	if (!PageSlab(page))
		return PAGE_SIZE << compound_order(page);
	return SLOB_UNITS(read_size(object)) * SLOB_UNIT;
}

static size_t slob_kmalloc_max_cache_size(const struct rig_machine *machine)
{
	return PAGE_SIZE;
}

static void slob_slabinfo(struct kmem_cache *cache, struct slabinfo *info)
{
	const struct slob_cache *data = cache->backend_data;

	*info = (struct slabinfo){
		.active_objs = READ_ONCE(data->live),
		.num_objs = READ_ONCE(data->live),
	};
}

/* Of an object that was freed, too: a second free can be told from a foreign pointer. */
static struct kmem_cache *slob_cache_of(struct rig_machine *machine, const void *object)
{
	const struct slob *slob = slob_of(machine);
	slob_owner_t owner = *slob_owner(slob, object) & SLOB_OWNER_MASK;

	if (owner < SLOB_OWNER_FIRST_CACHE || !slob->caches[owner])
		return NULL;
	return slob->caches[owner]->cache;
}

const struct slab_backend slob_backend = {
	.abi = RIG_BACKEND_ABI,
	.name = "slob",
	.init = slob_init,
	.fini = slob_fini,
	.cache_init = slob_cache_init,
	.cache_fini = slob_cache_fini,
	.cache_shutdown = slob_cache_shutdown,
	.cache_shrink = slob_cache_shrink,
	.alloc = slob_alloc,
	.free = slob_free,
	.kmalloc = slob_kmalloc,
	.kfree = slob_kfree,
	.ksize = slob_ksize,
	.kmalloc_max_cache_size = slob_kmalloc_max_cache_size,
	.kmalloc_min_size = SLOB_MINALIGN,
	.create_mask = SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_PANIC |
		       SLAB_TYPESAFE_BY_RCU | SLAB_DEBUG_OBJECTS | SLAB_NOLEAKTRACE |
		       SLAB_RED_ZONE | SLAB_POISON,
	.slabinfo = slob_slabinfo,
	.cache_of = slob_cache_of,
	.use_up = slob_use_up,
	.check = slob_check,
	.check_machine = slob_check_machine,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example of backends/README.md: a complete slab backend of one page. Each cache keeps a stack
 * of free objects and takes blocks of pages as it needs them; they go back when the cache ends.
 *
 * A free object's first word points to the next one. The block of each object finds its cache
 * through page->slab_cache, which is what kfree looks at.
 *
 * Locking: one lock a cache.
 */
#include <errno.h>
#include <stdlib.h>

#include <kmemrig/asan.h>
#include <kmemrig/backend.h>
#include <kmemrig/kmem.h>
#include <kmemrig/kmem_cache.h>
#include <kmemrig/page.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#define OBJECTS_A_BLOCK 8 /* at least */

struct example_cache {
	spinlock_t lock;
	void *free;		 /* the stack */
	struct list_head blocks; /* all pages, by page->slab_list */
	unsigned int order;
	unsigned int objects; /* in a block */
	unsigned int link;    /* where in a free object the next one's address is; bytes */
	unsigned long nr_free, nr_blocks;
};

/* Free objects belong to no one: AddressSanitizer must not look here. */
static RIG_NO_ASAN void push(struct example_cache *data, void *object)
{
	*(void **)((u8 *)object + data->link) = data->free;
	data->free = object;
	data->nr_free++;
}

static RIG_NO_ASAN void *pop(struct example_cache *data)
{
	void *object = data->free;

	if (object) {
		data->free = *(void **)((u8 *)object + data->link);
		data->nr_free--;
	}
	return object;
}

static int example_cache_init(struct kmem_cache *cache)
{
	struct example_cache *data = calloc(1, sizeof(*data));

	if (!data)
		return -ENOMEM;
	spin_lock_init(&data->lock);
	INIT_LIST_HEAD(&data->blocks);
	/* a constructed object must stay as it is while it is free: the link goes behind it */
	if (cache->ctor || cache->flags & SLAB_TYPESAFE_BY_RCU)
		data->link = ALIGN(cache->object_size, (unsigned int)sizeof(void *));
	cache->size = ALIGN(max(cache->object_size, data->link + (unsigned int)sizeof(void *)),
			    cache->align);
	while (PAGE_SIZE << data->order < (size_t)cache->size * OBJECTS_A_BLOCK &&
	       (data->order < 3 || PAGE_SIZE << data->order < cache->size))
		data->order++;
	data->objects = (unsigned int)((PAGE_SIZE << data->order) / cache->size);
	cache->allocflags = __GFP_COMP;
	if (cache->flags & SLAB_CACHE_DMA)
		cache->allocflags |= GFP_DMA;
	cache->backend_data = data;
	return 0;
}

static bool grow(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct example_cache *data = cache->backend_data;
	struct page *page;
	u8 *start;

	page = rig_alloc_pages(cpu, (gfp & ~__GFP_ZERO) | cache->allocflags, data->order, node,
			       NULL);
	if (!page)
		return false;
	start = rig_page_address(cache->machine, page);
	for (unsigned int i = 0; cache->ctor && i < data->objects; i++)
		cache->ctor(start + i * cache->size);
	rig_asan_poison(start, PAGE_SIZE << data->order);
	__SetPageSlab(page);
	page->slab_cache = cache;
	page->s_mem = start;

	rig_spin_lock(&data->lock);
	list_add(&page->slab_list, &data->blocks);
	data->nr_blocks++;
	for (unsigned int i = data->objects; i-- > 0;)
		push(data, start + i * cache->size);
	rig_spin_unlock(&data->lock);
	return true;
}

static void *example_alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct example_cache *data = cache->backend_data;
	void *object;

	do {
		rig_spin_lock(&data->lock);
		object = pop(data);
		rig_spin_unlock(&data->lock);
	} while (!object && grow(cache, gfp, node, cpu));
	return object;
}

static void example_free(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	struct example_cache *data = cache->backend_data;

	rig_spin_lock(&data->lock);
	push(data, object);
	rig_spin_unlock(&data->lock);
}

static void example_cache_fini(struct kmem_cache *cache)
{
	struct example_cache *data = cache->backend_data;
	struct rig_cpu *cpu = rig_kmem_cpu(cache->machine);

	while (!list_empty(&data->blocks)) {
		struct page *page = list_first_entry(&data->blocks, struct page, slab_list);

		list_del(&page->slab_list);
		__ClearPageSlab(page);
		page->mapping = NULL; /* shares its place with slab_cache */
		rig_asan_unpoison(page->s_mem, PAGE_SIZE << data->order);
		rig_free_pages(cpu, page, data->order);
	}
	free(data);
}

static bool example_cache_shutdown(struct kmem_cache *cache)
{
	struct example_cache *data = cache->backend_data;
	unsigned long used = data->nr_blocks * data->objects - data->nr_free;

	if (used)
		rig_log(cache->machine, "Objects remaining in %s on shutdown: %lu", cache->name,
			used);
	return used == 0;
}

static int example_cache_shrink(struct kmem_cache *cache)
{
	return 0;
}

/* The stack holds as many objects as it says, and none of them twice or in use. */
static RIG_NO_ASAN bool example_check(struct kmem_cache *cache, int tier,
				      struct rig_verdict *verdict)
{
	struct example_cache *data = cache->backend_data;
	unsigned long found = 0;

	if (tier < 2)
		return true;
	for (u8 *object = data->free; object; object = *(u8 **)(object + data->link)) {
		if (++found > data->nr_free)
			break;
		if (rig_kmem_is_live(cache->machine, object))
			return rig_fails(verdict, "example.free_in_use", "%s: object %p is in use",
					 cache->name, (void *)object);
	}
	if (found != data->nr_free)
		return rig_fails(verdict, "example.free_count", "%s: %lu free, %lu counted",
				 cache->name, found, data->nr_free);
	return true;
}

static const struct slab_backend example_backend = {
	.abi = RIG_BACKEND_ABI,
	.name = "example",
	.cache_init = example_cache_init,
	.cache_fini = example_cache_fini,
	.cache_shutdown = example_cache_shutdown,
	.cache_shrink = example_cache_shrink,
	.alloc = example_alloc,
	.free = example_free,
	.kmalloc_min_size = 8,
	.create_mask = SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_PANIC | SLAB_TYPESAFE_BY_RCU,
	.check = example_check,
};

const struct slab_backend *kmemrig_slab_backend(void);

const struct slab_backend *kmemrig_slab_backend(void)
{
	return &example_backend;
}

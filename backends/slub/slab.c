// SPDX-License-Identifier: GPL-2.0-only
/*
 * From pages to slabs and back (allocate_slab, free_slab in mm/slub.c): the order that is wanted
 * or, under pressure, the least that will do; constructors; the first free list, in address order
 * or shuffled.
 */
#include <kmemrig/page.h>
#include <kmemrig/rcu.h>

#include "slub.h"

/* What of a caller's flags reaches the page allocator. */
#define GFP_RECLAIM_MASK                                                                           \
	(__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_RETRY_MAYFAIL |   \
	 __GFP_NOFAIL | __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC | __GFP_ATOMIC |         \
	 __GFP_NOLOCKDEP)
#define GFP_CONSTRAINT_MASK (__GFP_HARDWALL | __GFP_THISNODE)
#define GFP_SLAB_BUG_MASK (__GFP_DMA32 | __GFP_HIGHMEM | ~__GFP_BITS_MASK)

static struct page *slab_pages(struct slub_cache *s, gfp_t gfp, int node, struct slub_oo oo,
			       struct rig_cpu *cpu)
{
	struct page *slab = rig_alloc_pages(cpu, gfp, oo.order, node, NULL);

	if (!slab)
		return NULL;
	__SetPageSlab(slab);
	if (page_is_pfmemalloc(slab))
		__SetPageSlabPfmemalloc(slab);
	slab->counters = 0;
	slab->objects = oo.objects;
	return slab;
}

/* An object's first hour: debugging marks it, its constructor runs. */
static void *setup_object(struct slub_cache *s, struct page *slab, void *object)
{
	struct kmem_cache *cache = s->cache;

	slub_setup_object_debug(s, slab, object);
	if (cache->ctor) {
		rig_asan_unpoison(object, cache->object_size);
		cache->ctor(object);
		if (RIG_ASAN)
			rig_asan_poison(object, cache->object_size);
	}
	return object;
}

static void link_in_order(struct slub_cache *s, struct page *slab)
{
	u8 *object = setup_object(s, slab, slub_object(s, slab, 0));

	slab->freelist = object;
	for (unsigned int i = 1; i < slab->objects; i++) {
		u8 *next = setup_object(s, slab, object + s->cache->size);

		slub_set_next(s, object, next);
		object = next;
	}
	slub_set_next(s, object, NULL);
}

/* The cache's random sequence from a random place on; places beyond a smaller slab are left out. */
static void link_shuffled(struct slub_cache *s, struct page *slab)
{
	unsigned int pos = (unsigned int)(rig_random(s->cache->machine) % s->oo.objects);
	unsigned int limit = slab->objects * s->cache->size;
	u8 *start = slub_object(s, slab, 0);
	void *last = NULL;

	for (unsigned int done = 0; done < slab->objects;) {
		unsigned int offset = s->random_seq[pos];
		void *object = start + offset;

		pos = pos + 1 < s->oo.objects ? pos + 1 : 0;
		if (offset >= limit)
			continue;
		setup_object(s, slab, object);
		if (last)
			slub_set_next(s, last, object);
		else
			slab->freelist = object;
		last = object;
		done++;
	}
	slub_set_next(s, last, NULL);
}

/* A new slab: on no list, not frozen, no object in use. NULL: no memory. May sleep, by @gfp. */
struct page *slub_new_slab(struct slub_cache *s, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct kmem_cache *cache = s->cache;
	struct slub_oo oo = s->oo;
	struct page *slab;
	gfp_t first;

	if (unlikely(gfp & GFP_SLAB_BUG_MASK))
		gfp = rig_kmem_fix_flags(cpu, gfp);
	gfp = (gfp & (GFP_RECLAIM_MASK | GFP_CONSTRAINT_MASK)) | cache->allocflags;
	/* The wanted order may fail: no warning, no effort, when a smaller one would do. */
	first = (gfp | __GFP_NOWARN | __GFP_NORETRY) & ~__GFP_NOFAIL;
	if ((first & __GFP_DIRECT_RECLAIM) && oo.order > s->min.order)
		first = (first | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM;
	slab = slab_pages(s, first, node, oo, cpu);
	if (!slab) {
		oo = s->min;
		slab = slab_pages(s, gfp, node, oo, cpu);
		if (!slab)
			return NULL;
	}
	rig_kmem_account_slab(cache, page_to_nid(slab), 1L << oo.order);
	slab->slab_cache = cache;
	slub_setup_slab_debug(s, slab);
	if (RIG_ASAN)
		rig_asan_poison(slub_slab_address(s, slab), PAGE_SIZE << oo.order);
	if (s->random_seq && slab->objects >= 2)
		link_shuffled(s, slab);
	else
		link_in_order(s, slab);
	return slab;
}

static void give_pages_back(struct slub_cache *s, struct page *slab, struct rig_cpu *cpu)
{
	unsigned int order = compound_order(slab);

	slub_check_slab_before_free(s, slab);
	if (RIG_ASAN)
		rig_asan_unpoison(slub_slab_address(s, slab), PAGE_SIZE << order);
	__ClearPageSlabPfmemalloc(slab);
	__ClearPageSlab(slab);
	slab->slab_cache = NULL; /* the word that is page->mapping */
	slab->freelist = NULL;
	slab->counters = 0;
	rig_kmem_account_slab(s->cache, page_to_nid(slab), -(1L << order));
	rig_free_pages(cpu, slab, order);
}

static void free_slab_later(struct rcu_head *head)
{
	struct page *slab = container_of(head, struct page, rcu_head);
	struct kmem_cache *cache = slab->slab_cache;

	give_pages_back(slub_of(cache), slab, rig_kmem_cpu(cache->machine));
}

/* Readers may still look into objects of SLAB_TYPESAFE_BY_RCU caches: those slabs stay a while. */
void slub_free_slab(struct slub_cache *s, struct page *slab, struct rig_cpu *cpu)
{
	if (s->cache->flags & SLAB_TYPESAFE_BY_RCU)
		rig_call_rcu(cpu, &slab->rcu_head, free_slab_later);
	else
		give_pages_back(s, slab, cpu);
}

void slub_count_slab(struct slub_cache *s, const struct page *slab)
{
	struct slub_node *n = slub_node_of(s, slab);

	atomic_long_inc(&n->nr_slabs);
	atomic_long_add(slab->objects, &n->total_objects);
}

void slub_uncount_slab(struct slub_cache *s, const struct page *slab)
{
	struct slub_node *n = slub_node_of(s, slab);

	atomic_long_dec(&n->nr_slabs);
	atomic_long_sub(slab->objects, &n->total_objects);
}

void slub_discard_slab(struct slub_cache *s, struct page *slab, struct rig_cpu *cpu)
{
	slub_uncount_slab(s, slab);
	slub_free_slab(s, slab, cpu);
}

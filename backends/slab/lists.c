// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slabs, and the three lists that a node keeps of them: full, partial, free. Objects come from the
 * first partial slab, then from the first free one; a slab that an object comes back to goes to
 * the end of the partial list, so that the others have time to empty; an empty one goes to the
 * front of the free list, and when more objects are free than node->free_limit, free slabs go
 * back to the page allocator from that list's end.
 *
 *	grow --> free ----take----> partial ----take last----> full
 *	          ^ put last --------- | ^ ------put------------ |
 *
 * Invariants: slab.list_membership, slab.free_count, slab.slab_count.
 *
 * Locking: node->lock guards lists, counters and the slabs' free lists. Slabs leave under the lock
 * to a list of doomed ones, and are given back after it was dropped.
 */
#include <kmemrig/page.h>
#include <kmemrig/rcu.h>

#include "slab.h"

/* Flags of a request that the page allocator is to see. */
#define GFP_RECLAIM_MASK                                                                           \
	(__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_RETRY_MAYFAIL |   \
	 __GFP_NOFAIL | __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC | __GFP_ATOMIC |         \
	 __GFP_NOLOCKDEP)
#define GFP_CONSTRAINT_MASK (__GFP_HARDWALL | __GFP_THISNODE)

/* For a first try on one node: no other node, no reclaim, no complaint. */
gfp_t slab_exact_node(const struct slab_cache *data, gfp_t gfp)
{
	if (!data->several_nodes)
		return gfp & ~__GFP_NOFAIL;
	return (gfp | __GFP_THISNODE | __GFP_NOWARN) & ~(__GFP_RECLAIM | __GFP_NOFAIL);
}

static void free_pages(struct slab_cache *data, struct page *page, struct rig_cpu *cpu)
{
	rig_asan_unpoison(rig_page_address(data->machine, page), PAGE_SIZE << data->order);
	__ClearPageSlabPfmemalloc(page);
	__ClearPageSlab(page);
	page_mapcount_reset(page);
	page->mapping = NULL;
	rig_kmem_account_slab(data->cache, page_to_nid(page), -(1L << data->order));
	rig_free_pages(cpu, page, data->order);
}

/* Offset of a new slab's first object, and the next one's turn. */
static size_t next_colour(struct slab_cache *data, int nid)
{
	struct slab_node *node = slab_lock_node(data, nid);
	unsigned int colour;

	node->colour_next++;
	if (node->colour_next >= data->colour)
		node->colour_next = 0;
	colour = node->colour_next < data->colour ? node->colour_next : 0;
	rig_spin_unlock(&node->lock);
	return (size_t)colour * data->colour_off;
}

/* Finds a place for the slab's free list; false: no memory. */
static bool place_freelist(struct slab_cache *data, struct page *page, gfp_t gfp,
			   struct rig_cpu *cpu)
{
	u8 *end = (u8 *)rig_page_address(data->machine, page) + (PAGE_SIZE << data->order);

	if (slab_in_object(data))
		page->slab_freelist = NULL;
	else if (slab_off_slab(data))
		page->slab_freelist = rig_kmalloc(cpu, data->freelist_size, gfp, page_to_nid(page),
						  (unsigned long)slab_grow_begin);
	else
		page->slab_freelist = end - data->freelist_size;
	return page->slab_freelist || !slab_off_slab(data);
}

struct page *slab_grow_begin(struct slab_cache *data, gfp_t gfp, int nid, struct rig_cpu *cpu)
{
	struct kmem_cache *cache = data->cache;
	gfp_t local = gfp & (GFP_CONSTRAINT_MASK | GFP_RECLAIM_MASK);
	struct page *page;
	u8 *start;

	page = rig_alloc_pages(cpu, local | cache->allocflags, data->order, nid, NULL);
	if (!page)
		return NULL;
	start = rig_page_address(data->machine, page);
	rig_kmem_account_slab(cache, page_to_nid(page), 1L << data->order);
	__SetPageSlab(page);
	rig_asan_poison(start, PAGE_SIZE << data->order);
	page->slab_cache = cache;
	page->s_mem = start + next_colour(data, page_to_nid(page));
	page->active = 0;
	if (!place_freelist(data, page, local & ~GFP_CONSTRAINT_MASK, cpu)) {
		free_pages(data, page, cpu);
		return NULL;
	}
	slab_init_objects(data, page);
	return page;
}

void slab_grow_end(struct slab_cache *data, struct page *page)
{
	struct slab_node *node;

	if (!page)
		return;
	INIT_LIST_HEAD(&page->slab_list);
	node = slab_lock_node(data, page_to_nid(page));
	node->total_slabs++;
	if (page->active) {
		slab_file(data, node, page);
	} else {
		list_add_tail(&page->slab_list, &node->free);
		WRITE_ONCE(node->free_slabs, node->free_slabs + 1);
	}
	WRITE_ONCE(node->free_objects, node->free_objects + data->num - page->active);
	rig_spin_unlock(&node->lock);
}

struct page *slab_first(struct slab_node *node)
{
	struct page *page = list_first_entry_or_null(&node->partial, struct page, slab_list);

	if (page)
		return page;
	WRITE_ONCE(node->free_touched, 1);
	page = list_first_entry_or_null(&node->free, struct page, slab_list);
	if (page)
		WRITE_ONCE(node->free_slabs, node->free_slabs - 1);
	return page;
}

void slab_file(struct slab_cache *data, struct slab_node *node, struct page *page)
{
	if (page->active < data->num) {
		list_move(&page->slab_list, &node->partial);
		return;
	}
	list_move(&page->slab_list, &node->full);
	if (slab_in_object(data)) {
		slab_debug_refill_poison(data, (u8 *)page->slab_freelist - data->obj_offset);
		page->slab_freelist = NULL;
	}
}

void slab_free_block(struct slab_cache *data, void **slots, unsigned int nr, int nid,
		     struct list_head *doomed)
{
	struct slab_node *node = data->node[nid];

	WRITE_ONCE(node->free_objects, node->free_objects + nr);
	for (unsigned int i = 0; i < nr; i++) {
		struct page *page = slab_page_of(data, slots[i]);

		slab_put(data, page, slots[i]);
		if (page->active == 0) {
			list_move(&page->slab_list, &node->free);
			WRITE_ONCE(node->free_slabs, node->free_slabs + 1);
		} else {
			list_move_tail(&page->slab_list, &node->partial);
		}
	}
	while (node->free_objects > node->free_limit && !list_empty(&node->free)) {
		WRITE_ONCE(node->free_objects, node->free_objects - data->num);
		list_move(node->free.prev, doomed);
		WRITE_ONCE(node->free_slabs, node->free_slabs - 1);
		node->total_slabs--;
	}
}

/* Readers of a SLAB_TYPESAFE_BY_RCU cache may look at its objects until a grace period is over. */
static void free_pages_later(struct rcu_head *head)
{
	struct page *page = container_of(head, struct page, rcu_head);
	struct slab_cache *data = page->slab_cache->backend_data;

	free_pages(data, page, rig_kmem_cpu(data->machine));
}

static void destroy(struct slab_cache *data, struct page *page, struct rig_cpu *cpu)
{
	void *freelist = page->slab_freelist;

	slab_debug_destroy(data, page, cpu);
	if (unlikely(data->cache->flags & SLAB_TYPESAFE_BY_RCU))
		rig_call_rcu(cpu, &page->rcu_head, free_pages_later);
	else
		free_pages(data, page, cpu);
	if (slab_off_slab(data))
		rig_kfree(cpu, freelist, (unsigned long)slab_destroy_list);
}

void slab_destroy_list(struct slab_cache *data, struct list_head *doomed, struct rig_cpu *cpu)
{
	while (!list_empty(doomed)) {
		struct page *page = list_first_entry(doomed, struct page, slab_list);

		list_del(&page->slab_list);
		destroy(data, page, cpu);
	}
}

unsigned long slab_drain_free(struct slab_cache *data, int nid, unsigned long nr,
			      struct rig_cpu *cpu)
{
	unsigned long freed = 0;

	while (freed < nr) {
		struct slab_node *node = slab_lock_node(data, nid);
		struct page *page = NULL;

		if (!list_empty(&node->free)) {
			page = list_last_entry(&node->free, struct page, slab_list);
			list_del(&page->slab_list);
			WRITE_ONCE(node->free_slabs, node->free_slabs - 1);
			node->total_slabs--;
			WRITE_ONCE(node->free_objects, node->free_objects - data->num);
		}
		rig_spin_unlock(&node->lock);
		if (!page)
			break;
		destroy(data, page, cpu);
		freed++;
	}
	return freed;
}

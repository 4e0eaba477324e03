// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmalloc and its relatives (mm/slab_common.c): small sizes from the size classes or the backend's
 * own kmalloc, large ones straight from the page allocator as a compound page, whose order is how
 * kfree knows its size.
 */
#include <kmemrig/page.h>
#include <linux/mm.h>

#include "hot.h"

void kmem_trace_kmalloc(struct rig_cpu *cpu, const void *object, size_t bytes_req,
			size_t bytes_alloc, gfp_t gfp, int node, unsigned long call_site)
{
	RIG_TRACE(cpu, kmalloc, .call_site = event_site(cpu, call_site),
		  .ptr = rig_kernel_address(cpu->machine, object), .bytes_req = bytes_req,
		  .bytes_alloc = bytes_alloc, .gfp_flags = gfp, .node = node);
}

static noinline enum kmalloc_cache_type type_of(gfp_t gfp)
{
	return gfp & __GFP_DMA		 ? KMALLOC_DMA
	       : gfp & __GFP_RECLAIMABLE ? KMALLOC_RECLAIM
					 : KMALLOC_CGROUP;
}

static __always_inline struct kmem_cache *class_of(const struct rig_kmem *kmem, size_t size,
						   gfp_t gfp)
{
	unsigned int index = size <= 192 ? kmem->size_index[(size - 1) / 8]
					 : 64U - (unsigned int)__builtin_clzl(size - 1);

	if (likely(!(gfp & (__GFP_RECLAIMABLE | __GFP_DMA | __GFP_ACCOUNT))))
		return kmem->kmalloc_caches[KMALLOC_NORMAL][index];
	return kmem->kmalloc_caches[type_of(gfp)][index];
}

struct kmem_cache *rig_kmalloc_cache(struct rig_machine *machine, size_t size, gfp_t gfp)
{
	struct rig_kmem *kmem = kmem_of(machine);

	if (size == 0 || size > kmem->max_cache_size || machine->slab->kmalloc)
		return NULL;
	return class_of(kmem, size, gfp);
}

static noinline void *kmalloc_pages(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node,
				    unsigned long call_site)
{
	unsigned int order = (unsigned int)get_order(size);
	struct page *page = NULL;
	void *object = NULL;

	if (unlikely((gfp & __GFP_DIRECT_RECLAIM) && may_not_sleep(cpu)))
		kmem_report_sleeping(cpu, gfp, call_site);
	if (unlikely(gfp & GFP_SLAB_BUG_MASK))
		gfp = rig_kmem_fix_flags(cpu, gfp);
	/* Larger than any block: the page allocator warns once and has none, which is no misuse. */
	if (likely(order < MAX_ORDER))
		page = rig_alloc_pages(cpu, gfp | __GFP_COMP, order, node, NULL);
	if (page) {
		object = rig_page_address(cpu->machine, page);
		rig_asan_unpoison(object, PAGE_SIZE << order);
		if (RIG_ASAN && size < PAGE_SIZE << order) {
			size_t end = ALIGN(size, 8UL);

			rig_asan_poison((u8 *)object + end, (PAGE_SIZE << order) - end);
		}
		rig_kmem_account_pages(cpu->machine, page_to_nid(page), false, 1L << order);
	}
	if (rig_event_enabled(&cpu->machine->events, RIG_EVENT_kmalloc))
		kmem_trace_kmalloc(cpu, object, size, PAGE_SIZE << order, gfp, node, call_site);
	return object;
}

/* SLOB: the backend keeps the size in front of the block. */
static noinline void *kmalloc_own(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node,
				  unsigned long call_site)
{
	struct rig_machine *machine = cpu->machine;
	size_t bytes_alloc = size;
	void *object = NULL;

	if (unlikely((gfp & __GFP_DIRECT_RECLAIM) && may_not_sleep(cpu)))
		kmem_report_sleeping(cpu, gfp, call_site);
	if (!rig_should_failslab(cpu, NULL, size, gfp))
		object = machine->slab->kmalloc(machine, size, gfp, node, cpu, &bytes_alloc);
	if (object) {
		u8 *live = live_byte(machine, object);

		if (unlikely(*live != KMEM_LIVE_NONE))
			kmem_report_live_twice(machine, NULL, object);
		__atomic_store_n(live, KMEM_LIVE_OWN_KMALLOC, __ATOMIC_RELAXED);
		kmem_history_alloc(machine->kmem->history, cpu->id, NULL, object, size);
		rig_asan_unpoison(object, size);
		/* init_on_alloc: here the kernel's SLOB would leave the bytes as they are. */
		if ((gfp & __GFP_ZERO) || machine->kmem->init_on_alloc)
			memset(object, 0, size);
	}
	if (rig_event_enabled(&machine->events, RIG_EVENT_kmalloc))
		kmem_trace_kmalloc(cpu, object, size, bytes_alloc, gfp, node, call_site);
	return object;
}

static noinline void *kmalloc_slow(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node,
				   unsigned long call_site)
{
	struct rig_kmem *kmem = kmem_of(cpu->machine);
	struct kmem_cache *cache;
	void *object;

	if (size > kmem->max_cache_size)
		return kmalloc_pages(cpu, size, gfp, node, call_site);
	if (size == 0)
		return ZERO_SIZE_PTR;
	if (cpu->machine->slab->kmalloc)
		return kmalloc_own(cpu, size, gfp, node, call_site);
	cache = class_of(kmem, size, gfp);
	object = alloc_object(cpu, cache, gfp, node, size, size, call_site);
	if (rig_event_enabled(&cpu->machine->events, RIG_EVENT_kmalloc))
		kmem_trace_kmalloc(cpu, object, size, cache->size, gfp, node, call_site);
	if (cpu->machine->check_tier)
		kmem_check_after(cpu, cache, object);
	return object;
}

/* As kmem_cache_alloc_plain(). */
static noinline void *kmalloc_plain(struct rig_cpu *cpu, struct kmem_cache *cache, size_t size,
				    gfp_t gfp, int node, unsigned long call_site)
{
	void *object;

	if (unlikely(cache->special))
		return kmalloc_slow(cpu, size, gfp, node, call_site);
	object = cache->alloc(cache, gfp, node, cpu);
	if (likely(object))
		mark_live(cpu, cache, object, size);
	return object;
}

static __always_inline void *do_kmalloc(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node,
					unsigned long call_site)
{
	struct rig_kmem *kmem = kmem_of(cpu->machine);

	struct kmem_cache *cache;
	void *object;

	/* Size 0 wraps to the largest; where kmalloc is the backend's own, fast_limit is 0. */
	if (unlikely(size - 1 >= kmem->fast_limit) || alloc_is_unusual(cpu, gfp))
		return kmalloc_slow(cpu, size, gfp, node, call_site);
	cache = class_of(kmem, size, gfp);
	if (node != NUMA_NO_NODE)
		return kmalloc_plain(cpu, cache, size, gfp, node, call_site);
	object = take_from_list(cpu, cache);
	if (unlikely(!object))
		return kmalloc_plain(cpu, cache, size, gfp, node, call_site);
	return marked_live(cpu, cache, object, size);
}

void *rig_kmalloc(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node, unsigned long call_site)
{
	return do_kmalloc(cpu, size, gfp, node, call_site);
}

void *rig_kmalloc_large(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node,
			unsigned long call_site)
{
	return kmalloc_pages(cpu, size, gfp, node, call_site);
}

/* Pages of kmalloc_large, or nothing that kfree may take. */
static noinline void kfree_pages(struct rig_cpu *cpu, struct page *page, const void *object,
				 unsigned long call_site)
{
	unsigned int order = compound_order(page);

	/*
	 * The kernel warns about a page of order 0 (it is none of kmalloc's); a page that is free
	 * already, or the middle of one, it would not notice.
	 */
	if (order == 0 || page_ref_count(page) <= 0 ||
	    rig_page_address(cpu->machine, page) != object) {
		kmem_report_bad_free(cpu, NULL, object, call_site);
		return;
	}
	rig_asan_unpoison(object, PAGE_SIZE << order);
	rig_kmem_account_pages(cpu->machine, page_to_nid(page), false, -(1L << order));
	rig_free_pages(cpu, page, order);
}

/* A block of SLOB's own kmalloc. */
static noinline void kfree_own(struct rig_cpu *cpu, void *object)
{
	struct rig_machine *machine = cpu->machine;

	__atomic_store_n(live_byte(machine, object), KMEM_LIVE_NONE, __ATOMIC_RELAXED);
	kmem_history_free(machine->kmem->history, cpu->id, object);
	if (RIG_ASAN)
		rig_asan_poison(object, machine->slab->ksize(machine, object) & ~7UL);
	machine->slab->kfree(machine, object, cpu);
}

static noinline void kfree_slow(struct rig_cpu *cpu, void *object, unsigned long call_site)
{
	struct rig_machine *machine = cpu->machine;
	struct kmem_cache *cache;
	struct page *page;

	if (ZERO_OR_NULL_PTR(object))
		return;
	if (live_index(machine, object) >= live_limit(machine)) {
		kmem_report_bad_free(cpu, NULL, object, call_site);
		return;
	}
	if (machine->slab->kmalloc && *live_byte(machine, object) == KMEM_LIVE_OWN_KMALLOC) {
		kfree_own(cpu, object);
		return;
	}
	if (!has_page(machine, object)) {
		kmem_report_bad_free(cpu, NULL, object, call_site);
		return;
	}
	page = compound_head(rig_virt_to_page(machine, object));
	if (!PageSlab(page)) {
		kfree_pages(cpu, page, object, call_site);
		return;
	}
	cache = page->slab_cache;
	if (!cache) { /* SLOB: of a cache, or free */
		kmem_report_bad_free(cpu, NULL, object, call_site);
		return;
	}
	if (!take_back_slow(cpu, cache, object, call_site))
		return;
	cache->free(cache, object, cpu);
	if (machine->check_tier)
		kmem_check_after(cpu, cache, object);
}

/* As kmem_cache_free_plain(). */
static noinline void kfree_plain(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				 unsigned long call_site)
{
	u8 *live = live_at(cache->live, object);

	if (unlikely(cache->special || __atomic_load_n(live, __ATOMIC_RELAXED) != cache->live_id)) {
		kfree_slow(cpu, object, call_site);
		return;
	}
	__atomic_store_n(live, KMEM_LIVE_NONE, __ATOMIC_RELAXED);
	poison_freed(cpu, cache, object);
	cache->free(cache, object, cpu);
}

/* A live object of a cache, and nothing out of the ordinary; otherwise kfree_slow() sees to it. */
static __always_inline void do_kfree(struct rig_cpu *cpu, void *object, unsigned long call_site)
{
	struct rig_machine *machine = cpu->machine;
	struct kmem_cache *cache = NULL;
	struct page *page;

	if (likely(!cpu->checked && has_page(machine, object))) {
		page = compound_head(rig_virt_to_page(machine, object));
		if (likely(PageSlab(page)))
			cache = page->slab_cache;
	}
	if (unlikely(!cache))
		kfree_slow(cpu, object, call_site);
	else if (unlikely(!put_on_list(cpu, cache, object)))
		kfree_plain(cpu, cache, object, call_site);
}

void rig_kfree_untraced(struct rig_cpu *cpu, const void *object, unsigned long call_site)
{
	do_kfree(cpu, (void *)object, call_site);
}

static noinline void kfree_watched(struct rig_cpu *cpu, const void *object, unsigned long call_site)
{
	RIG_TRACE(cpu, kfree, .call_site = event_site(cpu, call_site),
		  .ptr = rig_kernel_address(cpu->machine, object));
	kfree_slow(cpu, (void *)object, call_site);
}

void rig_kfree(struct rig_cpu *cpu, const void *object, unsigned long call_site)
{
	if (is_watched(cpu))
		kfree_watched(cpu, object, call_site);
	else
		do_kfree(cpu, (void *)object, call_site);
}

/* Is @object one that ksize and krealloc may ask about? */
static bool known_object(struct rig_cpu *cpu, const void *object)
{
	struct rig_machine *machine = cpu->machine;
	struct page *page;

	if (live_index(machine, object) >= live_limit(machine))
		return false;
	if (*live_byte(machine, object) != KMEM_LIVE_NONE)
		return true;
	if (!has_page(machine, object))
		return false;
	page = compound_head(rig_virt_to_page(machine, object));
	if (PageSlab(page))
		return false;
	return compound_order(page) > 0 && rig_page_address(machine, page) == object;
}

size_t rig_ksize(struct rig_cpu *cpu, const void *object)
{
	struct rig_machine *machine = cpu->machine;
	struct page *page;

	if (ZERO_OR_NULL_PTR(object))
		return 0;
	if (!known_object(cpu, object)) {
		kmem_report_bad_free(cpu, NULL, object, cpu->call_site);
		return 0;
	}
	if (*live_byte(machine, object) == KMEM_LIVE_OWN_KMALLOC)
		return machine->slab->ksize(machine, object);
	if (!has_page(machine, object))
		return 0;
	page = compound_head(rig_virt_to_page(machine, object));
	if (!PageSlab(page))
		return PAGE_SIZE << compound_order(page);
	return page->slab_cache ? page->slab_cache->usable_size : 0;
}

void *rig_krealloc(struct rig_cpu *cpu, const void *object, size_t size, gfp_t gfp,
		   unsigned long call_site)
{
	size_t had;
	void *moved;

	if (size == 0) {
		rig_kfree(cpu, object, call_site);
		return ZERO_SIZE_PTR;
	}
	had = rig_ksize(cpu, object);
	if (had >= size) {
		u8 *start = (u8 *)object;

		rig_asan_unpoison(start, had);
		if (gfp & __GFP_ZERO)
			memset(start + size, 0, had - size);
		if (RIG_ASAN && ALIGN(size, 8UL) < (had & ~7UL))
			rig_asan_poison(start + ALIGN(size, 8UL), (had & ~7UL) - ALIGN(size, 8UL));
		if (RIG_ASAN)
			rig_asan_unpoison(start, size);
		return start;
	}
	moved = rig_kmalloc(cpu, size, gfp, NUMA_NO_NODE, call_site);
	if (moved && had) {
		rig_asan_unpoison(object, had);
		memcpy(moved, object, had);
	}
	if (moved)
		rig_kfree(cpu, object, call_site);
	return moved;
}

/* The kernel's API. */

void *__kmalloc(size_t size, gfp_t gfp)
{
	return do_kmalloc(rig_this_cpu(), size, gfp, NUMA_NO_NODE, _RET_IP_);
}

void *__kmalloc_node(size_t size, gfp_t gfp, int node)
{
	return do_kmalloc(rig_this_cpu(), size, gfp, node, _RET_IP_);
}

void *__kmalloc_node_track_caller(size_t size, gfp_t gfp, int node, unsigned long caller)
{
	return do_kmalloc(rig_this_cpu(), size, gfp, node, caller);
}

void *kmalloc_large(size_t size, gfp_t gfp)
{
	return kmalloc_pages(rig_this_cpu(), size, gfp, NUMA_NO_NODE, _RET_IP_);
}

void *kmalloc_large_node(size_t size, gfp_t gfp, int node)
{
	return kmalloc_pages(rig_this_cpu(), size, gfp, node, _RET_IP_);
}

void kfree(const void *object)
{
	rig_kfree(rig_this_cpu(), object, _RET_IP_);
}

void kfree_sensitive(const void *object)
{
	size_t size = ksize(object);

	if (size)
		explicit_bzero((void *)object, size);
	rig_kfree(rig_this_cpu(), object, _RET_IP_);
}

void *krealloc(const void *object, size_t size, gfp_t gfp)
{
	return rig_krealloc(rig_this_cpu(), object, size, gfp, _RET_IP_);
}

size_t __ksize(const void *object)
{
	return rig_ksize(rig_this_cpu(), object);
}

/* Who asks may use the whole object. */
size_t ksize(const void *object)
{
	size_t size = rig_ksize(rig_this_cpu(), object);

	if (size)
		rig_asan_unpoison(object, size);
	return size;
}

size_t kmalloc_size_roundup(size_t size)
{
	return rig_kmalloc_size_roundup(rig_this_cpu()->machine, size);
}

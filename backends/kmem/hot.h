/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hot paths of the front end, inlined into each entry point: one predicted branch each for the
 * fault hook, the sleep check, debugging caches, events and checks, one indirect call, and the
 * shadow of live objects.
 */
#ifndef KMEM_HOT_H
#define KMEM_HOT_H

#include <linux/preempt.h>
#include <string.h>

#include "kmem_private.h"

/* GFP flags that make no sense for slabs: they ask for memory the kernel can't address. */
#define GFP_SLAB_BUG_MASK (__GFP_DMA32 | __GFP_HIGHMEM | ~__GFP_BITS_MASK)

static __always_inline bool may_not_sleep(const struct rig_cpu *cpu)
{
	return cpu->preempt_count | (unsigned long)cpu->irqs_disabled;
}

/* Before any allocation: may it sleep where it is (might_alloc), must it fail? */
static __always_inline bool before_alloc(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp,
					 size_t orig_size, unsigned long call_site)
{
	if (unlikely((gfp & __GFP_DIRECT_RECLAIM) && may_not_sleep(cpu)))
		kmem_report_sleeping(cpu, gfp, call_site);
	if (rig_should_failslab(cpu, cache, cache->object_size, gfp))
		return false;
	if (unlikely(cache->wants_caller)) {
		cpu->slab_caller = event_site(cpu, call_site);
		cpu->slab_orig_size = orig_size;
	}
	return true;
}

/* An object leaves: it is the caller's from here on. @usable: the bytes that were asked for. */
static __always_inline void hand_out(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				     gfp_t gfp, size_t usable)
{
	u8 *live = live_byte(cpu->machine, object);

	if (unlikely(__atomic_load_n(live, __ATOMIC_RELAXED) != KMEM_LIVE_NONE))
		kmem_report_live_twice(cpu, cache, object);
	__atomic_store_n(live, cache->live_id, __ATOMIC_RELAXED);
	if (gfp & __GFP_ZERO) {
		rig_asan_unpoison(object, cache->object_size);
		memset(object, 0, cache->object_size);
		if (RIG_ASAN)
			rig_asan_poison(object, cache->object_size);
	}
	rig_asan_unpoison(object, usable);
}

static __always_inline void *alloc_object(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp,
					  int node, size_t orig_size, size_t usable,
					  unsigned long call_site)
{
	void *object = NULL;

	if (likely(before_alloc(cpu, cache, gfp, orig_size, call_site)))
		object = cache->alloc(cache, gfp, node, cpu);
	if (likely(object))
		hand_out(cpu, cache, object, gfp, usable);
	return object;
}

static __always_inline void *cache_alloc(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp,
					 int node, unsigned long call_site)
{
	void *object = alloc_object(cpu, cache, gfp, node, cache->object_size, cache->object_size,
				    call_site);

	if (rig_event_enabled(&cpu->machine->events, RIG_EVENT_kmem_cache_alloc))
		kmem_trace_alloc(cpu, cache, object, cache->object_size, gfp, node, call_site);
	if (unlikely(cpu->machine->check_tier))
		kmem_check_after(cpu, cache);
	return object;
}

/*
 * Takes a live object back. False: it is not a live object of that cache; reported. The bytes
 * become no one's.
 */
static __always_inline bool take_back(struct rig_cpu *cpu, struct kmem_cache *cache,
				      const void *object, unsigned long call_site)
{
	u8 *live;

	if (unlikely(live_index(cpu->machine, object) >= live_limit(cpu->machine)))
		goto bad;
	live = live_byte(cpu->machine, object);
	if (unlikely(__atomic_load_n(live, __ATOMIC_RELAXED) != cache->live_id))
		goto bad;
	__atomic_store_n(live, KMEM_LIVE_NONE, __ATOMIC_RELAXED);
	if (unlikely(cache->wants_caller))
		cpu->slab_caller = event_site(cpu, call_site);
	if (RIG_ASAN && !(cache->flags & SLAB_TYPESAFE_BY_RCU))
		rig_asan_poison(object, cache->usable_size & ~7U);
	return true;
bad:
	kmem_report_bad_free(cpu, cache, object, call_site);
	return false;
}

static __always_inline void cache_free(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				       unsigned long call_site)
{
	if (rig_event_enabled(&cpu->machine->events, RIG_EVENT_kmem_cache_free))
		rig_kmem_trace_cache_free(cpu, cache, object, call_site);
	if (!take_back(cpu, cache, object, call_site))
		return;
	cache->free(cache, object, cpu);
	if (unlikely(cpu->machine->check_tier))
		kmem_check_after(cpu, cache);
}

#endif

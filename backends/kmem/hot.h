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

/*
 * Is this call out of the ordinary? Then the slow functions take it: someone listens to events of
 * objects, or checks after each operation; of an allocation also: fault injection, clearing, and
 * where sleeping is forbidden they look whether this call might.
 */
static __always_inline bool is_watched(const struct rig_cpu *cpu)
{
	return unlikely(rig_slab_events_wanted(cpu) | cpu->checked);
}

static __always_inline bool alloc_is_unusual(const struct rig_cpu *cpu, gfp_t gfp)
{
	return unlikely(READ_ONCE(cpu->unusual) | (gfp & __GFP_ZERO));
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

static __always_inline bool is_live(const u8 *live)
{
	return __atomic_load_n(live, __ATOMIC_RELAXED) != KMEM_LIVE_NONE;
}

/* The object becomes the caller's. @usable: the bytes that were asked for. */
static __always_inline void set_live(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				     u8 *live, size_t usable)
{
	__atomic_store_n(live, cache->live_id, __ATOMIC_RELAXED);
	rig_asan_unpoison(object, usable);
	if (RIG_ASAN)
		kmem_history_alloc(cpu->machine->kmem->history, cpu->id, cache->name, object,
				   usable);
}

static __always_inline void mark_live(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				      size_t usable)
{
	u8 *live = live_at(cache->live, object);

	if (unlikely(is_live(live)))
		kmem_report_live_twice(cache->machine, cache, object);
	set_live(cpu, cache, object, live, usable);
}

/* As slab_want_init_on_alloc of the kernel. */
static inline bool wants_zero(const struct kmem_cache *cache, gfp_t gfp)
{
	if (!cache->machine->kmem->init_on_alloc ||
	    (cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_POISON)))
		return gfp & __GFP_ZERO;
	return !cache->ctor;
}

/* The same with clearing, where that is wanted. */
static inline void hand_out(struct rig_cpu *cpu, struct kmem_cache *cache, void *object, gfp_t gfp,
			    size_t usable)
{
	if (wants_zero(cache, gfp)) {
		rig_asan_unpoison(object, cache->object_size);
		memset(object, 0, cache->object_size);
		if (RIG_ASAN)
			rig_asan_poison(object, cache->object_size);
	}
	mark_live(cpu, cache, object, usable);
}

static inline void *alloc_object(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, int node,
				 size_t orig_size, size_t usable, unsigned long call_site)
{
	void *object = NULL;

	if (likely(before_alloc(cpu, cache, gfp, orig_size, call_site)))
		object = cache->alloc(cache, gfp, node, cpu);
	if (likely(object))
		hand_out(cpu, cache, object, gfp, usable);
	return object;
}

/* The first object of the CPU's list; NULL: the backend has to be asked. */
static __always_inline void *take_from_list(struct rig_cpu *cpu, const struct kmem_cache *cache)
{
	u8 *lists = kmem_enter(cpu, &cache->cpu_lists);
	struct kmem_cpu_list *list = (struct kmem_cpu_list *)((unsigned long)lists + cpu->list_at);
	unsigned long offset = cache->offset;
	void *object = NULL, *next;

	if (likely(lists))
		object = list->freelist;
	if (likely(object)) {
		next = rig_read_raw((u8 *)object + offset);
		list->freelist = next;
		/* the next call reads there; a number: behind the last object there is none */
		__builtin_prefetch((void *)((unsigned long)next + offset), 1);
	}
	kmem_leave(cpu);
	return object;
}

/*
 * mark_live() in a form that needs nothing kept for after a call. Returns the object. @usable 0:
 * the cache's object_size.
 */
static __always_inline void *marked_live(struct rig_cpu *cpu, struct kmem_cache *cache,
					 void *object, size_t usable)
{
	u8 *live = live_at(cache->live, object);

	if (unlikely(is_live(live)))
		return kmem_mark_live(cpu, cache, object, usable);
	set_live(cpu, cache, object, live, usable);
	return object;
}

static __always_inline void *cache_alloc(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp,
					 int node, unsigned long call_site)
{
	void *object;

	if (alloc_is_unusual(cpu, gfp))
		return kmem_cache_alloc_slow(cpu, cache, gfp, node, call_site);
	if (node != NUMA_NO_NODE)
		return kmem_cache_alloc_plain(cpu, cache, gfp, node, call_site);
	object = take_from_list(cpu, cache);
	if (unlikely(!object))
		return kmem_cache_alloc_plain(cpu, cache, gfp, node, call_site);
	return marked_live(cpu, cache, object, RIG_ASAN ? cache->object_size : 0);
}

/* As slab_want_init_on_free. */
static inline bool wants_wipe(const struct kmem_cache *cache)
{
	return cache->machine->kmem->init_on_free && !cache->ctor &&
	       !(cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_POISON));
}

/* Nobody's, for AddressSanitizer; readers of RCU-safe caches may look a while longer. */
static __always_inline void poison_freed(struct rig_cpu *cpu, struct kmem_cache *cache,
					 const void *object)
{
	if (!RIG_ASAN)
		return;
	kmem_history_free(cpu->machine->kmem->history, cpu->id, object);
	if (!(cache->flags & SLAB_TYPESAFE_BY_RCU))
		rig_asan_poison(object, cache->usable_size & ~7U);
}

/*
 * Takes a live object back. False: it is not a live object of that cache; reported. The bytes
 * become no one's.
 */
static __always_inline bool take_back(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				      unsigned long call_site)
{
	u8 *live;

	if (unlikely(live_index(cpu->machine, object) >= live_limit(cpu->machine)))
		goto bad;
	live = live_at(cache->live, object);
	if (unlikely(__atomic_load_n(live, __ATOMIC_RELAXED) != cache->live_id))
		goto bad;
	__atomic_store_n(live, KMEM_LIVE_NONE, __ATOMIC_RELAXED);
	poison_freed(cpu, cache, object);
	return true;
bad:
	kmem_report_bad_free(cpu, cache, object, call_site);
	return false;
}

/* What else a free may need: clearing, tracking. */
static inline bool take_back_slow(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				  unsigned long call_site)
{
	if (wants_wipe(cache) && rig_kmem_is_live(cpu->machine, object)) {
		rig_asan_unpoison(object, cache->object_size);
		memset(object, 0, cache->object_size);
	}
	if (cache->wants_caller)
		cpu->slab_caller = event_site(cpu, call_site);
	return take_back(cpu, cache, object, call_site);
}

/* If it is one of the cache's live objects it is no more; poisoned, and linked before @next. */
static __always_inline bool take_back_before(struct rig_cpu *cpu, struct kmem_cache *cache,
					     void *object, void *next)
{
	u8 *live = live_at(cache->live, object);

	if (unlikely(__atomic_load_n(live, __ATOMIC_RELAXED) != cache->live_id))
		return false;
	__atomic_store_n(live, KMEM_LIVE_NONE, __ATOMIC_RELAXED);
	poison_freed(cpu, cache, object);
	rig_write_raw((u8 *)object + cache->offset, next);
	return true;
}

/*
 * A live object of the cache that lies in the block of the CPU's list, or in the other one, goes
 * there. False: not done.
 */
static __always_inline bool put_on_list(struct rig_cpu *cpu, struct kmem_cache *cache, void *object)
{
	u8 *lists = kmem_enter(cpu, &cache->cpu_lists);
	struct kmem_cpu_list *list = (struct kmem_cpu_list *)((unsigned long)lists + cpu->list_at);
	struct kmem_block_list *other;
	bool put = false;

	if (unlikely(!lists)) {
		/* not done */
	} else if (words_from(list->base, object) < list->words) {
		put = take_back_before(cpu, cache, object, list->freelist);
		if (likely(put))
			list->freelist = object;
	} else if (words_from(list->other_base, object) < list->other_words) {
		other = list->other;
		put = take_back_before(cpu, cache, object, READ_ONCE(other->freelist));
		if (likely(put)) {
			WRITE_ONCE(other->freelist, object);
			WRITE_ONCE(other->in_use, other->in_use - 1);
		}
	}
	kmem_leave(cpu);
	return put;
}

static __always_inline void cache_free(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
				       unsigned long call_site)
{
	if (is_watched(cpu))
		kmem_cache_free_slow(cpu, cache, object, call_site);
	else if (unlikely(!put_on_list(cpu, cache, object)))
		kmem_cache_free_plain(cpu, cache, object, call_site);
}

#endif

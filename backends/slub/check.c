// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has to hold of a SLUB cache, by name:
 *
 *	slub.cpu_slab          a CPU's free list lies in the CPU's slab; no slab, no list     (tier
 *1) slub.frozen            slabs of CPUs are frozen; slabs on node lists are not          (2)
 *	slub.owner             a slab's page says it is this cache's; the CPU that owns it is
 *	                       the one on whose partial list it is                            (2)
 *	slub.objects           a slab holds as many objects as its order and their size allow (2)
 *	slub.inuse             inuse is objects less those on the slab's own list             (2)
 *	slub.freelist          free lists end, stay in their slab, and hit object starts      (2)
 *	slub.object_alignment  objects have the alignment that was asked for                  (2)
 *	slub.double_free       no object is twice on free lists                               (2)
 *	slub.live              an object on a free list is not in use by a caller             (2)
 *	slub.partial_count     nr_partial is the length of the node's list                    (2)
 *	slub.partial_empty     a slab on a node's list has a free object                      (2)
 *	slub.cpu_partial_count page->slabs counts the CPU's partial list down to 1            (2)
 *	slub.slab_count        slabs found are not more than nr_slabs                         (2)
 *
 * slub_check() walks the cache, which has to be at rest. slub_check_touched() comes after one
 * operation, and other CPUs may go on meanwhile. Of the CPU's list it looks at the next two
 *objects, so that a broken pointer is found before the object that it leads to is handed out; the
 *slab's lists are walked whole when the slab has become the CPU's, its list was reloaded, or it has
 *just been given up. Another slab, to which an object was freed, is walked whole where there is one
 *CPU; where there are several, the first object and the counts have to be possible.
 *
 * Locking: the CPU's lock keeps its slab where it is; others may only add to the slab's own list.
 * Other slabs may change at any time: what looks broken is, if it did not change meanwhile.
 */
#include <string.h>

#include "slub.h"

struct walk {
	struct slub_cache *s;
	struct rig_verdict *verdict;
	unsigned long slabs;
	unsigned long seen[(SLUB_MAX_OBJECTS + 1) / 64];
};

static bool fails(struct walk *w, const char *name, const struct page *slab, const char *what,
		  unsigned long value)
{
	return rig_fails(w->verdict, name, "cache %s, slab pfn %#lx: %s (%lu)", w->s->cache->name,
			 rig_page_to_pfn(w->s->cache->machine, slab), what, value);
}

/* Follows a free list of @slab; counts its objects into @count. */
static bool walk_freelist(struct walk *w, const struct page *slab, void *object,
			  unsigned int *count)
{
	const struct slub_cache *s = w->s;
	unsigned long bytes = (unsigned long)slab->objects * s->cache->size;

	const u8 *first = (u8 *)slub_slab_address(s, slab) + s->red_left_pad;

	for (; object; object = slub_next(s, object)) {
		unsigned long offset = (unsigned long)((u8 *)object - first);
		unsigned int index = (unsigned int)offset / s->cache->size;

		if (offset >= bytes || index * s->cache->size != offset)
			return fails(w, "slub.freelist", slab, "pointer out of the slab", offset);
		if (w->seen[index / 64] & 1UL << index % 64)
			return fails(w, "slub.double_free", slab, "object twice on free lists",
				     index);
		if ((unsigned long)object & (s->cache->align - 1))
			return fails(w, "slub.object_alignment", slab, "object", index);
		if (rig_kmem_is_live(s->cache->machine, object))
			return fails(w, "slub.live", slab, "free object is in use", index);
		w->seen[index / 64] |= 1UL << index % 64;
		if (++*count > slab->objects)
			return fails(w, "slub.freelist", slab, "longer than the slab", *count);
	}
	return true;
}

/* A slab's own list and counters, of one moment: a CPU that adds an object changes the counters. */
static struct slub_state snapshot(const struct page *slab)
{
	struct slub_state state = slub_read(slab), again;

	while ((again = slub_read(slab)).freelist != state.freelist ||
	       again.counters != state.counters)
		state = again;
	return state;
}

static bool check_slab(struct walk *w, const struct page *slab, bool frozen, void *cpu_freelist)
{
	const struct slub_cache *s = w->s;
	unsigned int order = compound_order(slab), own = 0, cpus = 0;
	struct slub_state state = snapshot(slab);

	w->slabs++;
	if (!PageSlab(slab) || slab->slab_cache != s->cache)
		return fails(w, "slub.owner", slab, "flags", slab->flags);
	if (state.frozen != frozen)
		return fails(w, "slub.frozen", slab, "frozen", state.frozen);
	if (state.owner && (!frozen || cpu_freelist))
		return fails(w, "slub.owner", slab, "owned by a CPU", state.owner - 1);
	if (slab->objects !=
	    min((unsigned int)(PAGE_SIZE << order) / s->cache->size, SLUB_MAX_OBJECTS))
		return fails(w, "slub.objects", slab, "objects", slab->objects);
	memset(w->seen, 0, (slab->objects / 64U + 1) * sizeof(w->seen[0]));
	if (!walk_freelist(w, slab, state.freelist, &own) ||
	    !walk_freelist(w, slab, cpu_freelist, &cpus))
		return false;
	if (state.inuse != slab->objects - own)
		return fails(w, "slub.inuse", slab, "inuse", state.inuse);
	return true;
}

static bool check_cpu(struct walk *w, const struct slub_cpu *c, int tier)
{
	int slabs = c->partial ? c->partial->slabs : 0;

	if (!c->slab && c->list.freelist)
		return rig_fails(w->verdict, "slub.cpu_slab",
				 "cache %s: a free list without a slab", w->s->cache->name);
	if (c->slab && c->list.freelist &&
	    compound_head(rig_virt_to_page(w->s->cache->machine, c->list.freelist)) != c->slab)
		return fails(w, "slub.cpu_slab", c->slab, "free list of another slab", 0);
	if (tier < 2)
		return true;
	if (c->slab && !check_slab(w, c->slab, true, c->list.freelist))
		return false;
	for (const struct page *slab = c->partial; slab; slab = slab->next) {
		if (slab->slabs != slabs--)
			return fails(w, "slub.cpu_partial_count", slab, "slabs",
				     (unsigned long)slab->slabs);
		if (slab->owner && &w->s->cpu[slab->owner - 1] != c)
			return fails(w, "slub.owner", slab, "owned by another CPU",
				     slab->owner - 1);
		if (!check_slab(w, slab, true, NULL))
			return false;
	}
	return true;
}

static bool check_node(struct walk *w, const struct slub_node *n)
{
	unsigned long listed = 0;
	struct page *slab;

	list_for_each_entry (slab, &n->partial, slab_list) {
		if (!check_slab(w, slab, false, NULL))
			return false;
		if (!slab->freelist)
			return fails(w, "slub.partial_empty", slab, "inuse", slab->inuse);
		listed++;
	}
	if (listed != n->nr_partial)
		return rig_fails(w->verdict, "slub.partial_count",
				 "cache %s: %lu partial slabs, counter %lu", w->s->cache->name,
				 listed, n->nr_partial);
	list_for_each_entry (slab, &n->full, slab_list)
		if (!check_slab(w, slab, false, NULL))
			return false;
	return true;
}

bool slub_check(struct kmem_cache *cache, int tier, struct rig_verdict *verdict)
{
	struct walk w; /* large; what a slab needs of it is cleared there */
	unsigned long counted = 0;

	w.s = slub_of(cache);
	w.verdict = verdict;
	w.slabs = 0;
	for (int cpu = 0; cpu < w.s->nr_cpus && tier >= 1; cpu++)
		if (!check_cpu(&w, &w.s->cpu[cpu], tier))
			return false;
	for (int nid = 0; nid < w.s->nr_nodes && tier >= 2; nid++) {
		if (!w.s->node[nid])
			continue;
		if (!check_node(&w, w.s->node[nid]))
			return false;
		counted += (unsigned long)atomic_long_read(&w.s->node[nid]->nr_slabs);
	}
	if (tier >= 2 && w.slabs > counted)
		return rig_fails(verdict, "slub.slab_count", "cache %s: %lu slabs, counter %lu",
				 cache->name, w.slabs, counted);
	return true;
}

/* --- after an operation */

/* Looks at what another CPU may be changing before it counts as broken. */
#define SETTLE 1000

/* May @object be on a free list of @slab? */
static __always_inline const char *bad_free_object(const struct slub_cache *s,
						   const struct page *slab, const void *object)
{
	const struct kmem_cache *cache = s->cache;
	unsigned long offset = (unsigned long)((const u8 *)object - s->red_left_pad -
					       (const u8 *)slub_slab_address(s, slab));

	if (offset >= (unsigned long)slab->objects * cache->size ||
	    (unsigned int)offset % cache->size)
		return "slub.freelist";
	if ((unsigned long)object & (cache->align - 1))
		return "slub.object_alignment";
	return rig_kmem_is_live(cache->machine, object) ? "slub.live" : NULL;
}

/* The first two of a list that no one else takes objects from. */
static __always_inline const char *bad_list(const struct slub_cache *s, const struct page *slab,
					    const void *object)
{
	const char *bad = bad_free_object(s, slab, object);
	const void *next;

	if (unlikely(bad))
		return bad;
	next = slub_next(s, object);
	if (!next)
		return NULL;
	return next == object ? "slub.double_free" : bad_free_object(s, slab, next);
}

static __always_inline const char *bad_counts(struct slub_state state)
{
	return state.inuse > state.objects ||
			       (state.freelist == NULL) != (state.inuse == state.objects)
		       ? "slub.inuse"
		       : NULL;
}

static noinline bool touched_fails(struct slub_cache *s, const char *name, const struct page *slab,
				   struct slub_state state, struct rig_verdict *verdict)
{
	return rig_fails(verdict, name, "cache %s, slab pfn %#lx: list %#llx, inuse %u of %u%s",
			 s->cache->name, rig_page_to_pfn(s->cache->machine, slab),
			 state.freelist ? (unsigned long long)rig_kernel_address(s->cache->machine,
										 state.freelist)
					: 0ULL,
			 state.inuse, state.objects, state.frozen ? ", frozen" : "");
}

/* Whole: the slab that has become the CPU's, and with one CPU also the one that was its before. */
static noinline bool walk_changed(struct slub_cache *s, struct slub_cpu *c,
				  struct rig_verdict *verdict)
{
	const struct page *before = c->walked;
	struct walk w;

	w.s = s;
	w.verdict = verdict;
	w.slabs = 0;
	c->walked = c->list.freelist ? c->slab : NULL;
	if (c->slab && !check_slab(&w, c->slab, true, c->list.freelist))
		return false;
	if (before && before != c->slab && !s->smp && PageSlab(before) &&
	    before->slab_cache == s->cache && !check_slab(&w, before, before->frozen, NULL))
		return false;
	if (c->partial && c->partial->slabs != (c->partial->next ? c->partial->next->slabs : 0) + 1)
		return fails(&w, "slub.cpu_partial_count", c->partial, "slabs",
			     (unsigned long)c->partial->slabs);
	return true;
}

/* The CPU's place. Under its lock. */
static __always_inline bool check_place(struct slub_cache *s, struct slub_cpu *c, int tier,
					struct rig_verdict *verdict)
{
	const struct page *slab = c->slab;
	const void *freelist = c->list.freelist;
	struct slub_state state;
	const char *bad;

	if (unlikely(!slab || !freelist)) {
		if (!slab && freelist)
			return rig_fails(verdict, "slub.cpu_slab",
					 "cache %s: a free list without a slab", s->cache->name);
		c->walked = NULL;
		return true;
	}
	if (unlikely(compound_head(rig_virt_to_page(s->cache->machine, freelist)) != slab)) {
		state = slub_read(slab);
		return touched_fails(s, "slub.cpu_slab", slab, state, verdict);
	}
	if (tier < 2)
		return true;
	if (unlikely(slab != c->walked))
		return walk_changed(s, c, verdict);
	bad = bad_list(s, slab, freelist);
	if (unlikely(bad)) {
		state = slub_read(slab);
		return touched_fails(s, bad, slab, state, verdict);
	}
	return true;
}

/* Nobody else is there to change it: whole, since its counter is of use only beside its list. */
static bool walk_other(struct slub_cache *s, const struct page *slab, struct rig_verdict *verdict)
{
	struct walk w;

	w.s = s;
	w.verdict = verdict;
	w.slabs = 0;
	return check_slab(&w, slab, slab->frozen, NULL);
}

/* @slab is not the CPU's: it is on a list, another CPU's, or has gone back to its zone. */
static __always_inline bool check_other(struct slub_cache *s, const struct page *slab,
					const struct rig_cpu *cpu, struct rig_verdict *verdict)
{
	struct slub_state state, again;
	const char *bad;

	/* debugging caches change their slabs step by step, under the node's lock */
	if (!PageSlab(slab) || slab->slab_cache != s->cache || (s->smp && s->debug))
		return true;
	state = slub_read(slab);
	if (state.owner && state.owner != (unsigned int)cpu->id + 1)
		return true; /* its owner changes it step by step */
	bad = bad_counts(state);
	if (!bad && state.freelist)
		bad = s->smp ? bad_free_object(s, slab, state.freelist)
			     : bad_list(s, slab, state.freelist);
	if (likely(!bad))
		return s->smp || walk_other(s, slab, verdict);
	for (int i = 0; s->smp && i < SETTLE; i++) {
		again = slub_read(slab);
		if (again.freelist != state.freelist || again.counters != state.counters ||
		    !PageSlab(slab) || READ_ONCE(slab->slab_cache) != s->cache)
			return true;
	}
	return touched_fails(s, bad, slab, state, verdict);
}

/* The node's list that the slab may have come to or left. */
static __always_inline bool check_ends(struct slub_cache *s, struct slub_node *n,
				       struct rig_verdict *verdict)
{
	const struct list_head *list = &n->partial;
	bool sound;

	if (s->smp)
		rig_spin_lock(&n->list_lock);
	sound = list_empty(list) == !n->nr_partial && list->next->prev == list &&
		list->prev->next == list;
	if (s->smp)
		rig_spin_unlock(&n->list_lock);
	if (likely(sound))
		return true;
	return rig_fails(verdict, "slub.partial_count", "cache %s: partial slabs, counter %lu",
			 s->cache->name, n->nr_partial);
}

bool slub_check_touched(struct kmem_cache *cache, const void *object, struct rig_cpu *cpu, int tier,
			struct rig_verdict *verdict)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[cpu->id];
	const struct page *slab;
	bool sound;

	slub_lock_cpu(s, c);
	sound = check_place(s, c, tier, verdict);
	slub_unlock_cpu(s, c);
	if (unlikely(!sound) || tier < 2)
		return sound;
	slab = compound_head(rig_virt_to_page(cache->machine, object));
	if (slab == READ_ONCE(c->slab))
		return true;
	return check_other(s, slab, cpu, verdict) && check_ends(s, slub_node_of(s, slab), verdict);
}

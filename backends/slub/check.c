// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has to hold of a SLUB cache, by name:
 *
 *	slub.cpu_slab          a CPU's free list lies in the CPU's slab; no slab, no list     (tier
 *1) slub.frozen            slabs of CPUs are frozen; slabs on node lists are not          (2)
 *	slub.owner             a slab's page says it is this cache's                          (2)
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
 * The walk needs the cache at rest.
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

	for (; object; object = slub_next(s, object)) {
		unsigned long offset = (unsigned long)((u8 *)object - s->red_left_pad -
						       (u8 *)slub_slab_address(s, slab));
		unsigned int index = (unsigned int)(offset / s->cache->size);

		if (offset >= bytes || offset % s->cache->size)
			return fails(w, "slub.freelist", slab, "pointer out of the slab", offset);
		if (w->seen[index / 64] & 1UL << index % 64)
			return fails(w, "slub.double_free", slab, "object twice on free lists",
				     index);
		if ((unsigned long)object % s->cache->align)
			return fails(w, "slub.object_alignment", slab, "object", index);
		if (rig_kmem_is_live(s->cache->machine, object))
			return fails(w, "slub.live", slab, "free object is in use", index);
		w->seen[index / 64] |= 1UL << index % 64;
		if (++*count > slab->objects)
			return fails(w, "slub.freelist", slab, "longer than the slab", *count);
	}
	return true;
}

static bool check_slab(struct walk *w, const struct page *slab, bool frozen, void *cpu_freelist)
{
	const struct slub_cache *s = w->s;
	unsigned int order = compound_order(slab), own = 0, cpus = 0;

	w->slabs++;
	if (!PageSlab(slab) || slab->slab_cache != s->cache)
		return fails(w, "slub.owner", slab, "flags", slab->flags);
	if (slab->frozen != frozen)
		return fails(w, "slub.frozen", slab, "frozen", slab->frozen);
	if (slab->objects !=
	    min((unsigned int)(PAGE_SIZE << order) / s->cache->size, SLUB_MAX_OBJECTS))
		return fails(w, "slub.objects", slab, "objects", slab->objects);
	memset(w->seen, 0, (slab->objects / 64U + 1) * sizeof(w->seen[0]));
	if (!walk_freelist(w, slab, slab->freelist, &own) ||
	    !walk_freelist(w, slab, cpu_freelist, &cpus))
		return false;
	if (slab->inuse != slab->objects - own)
		return fails(w, "slub.inuse", slab, "inuse", slab->inuse);
	return true;
}

static bool check_cpu(struct walk *w, const struct slub_cpu *c, int tier)
{
	int slabs = c->partial ? c->partial->slabs : 0;

	if (!c->slab && c->freelist)
		return rig_fails(w->verdict, "slub.cpu_slab",
				 "cache %s: a free list without a slab", w->s->cache->name);
	if (c->slab && c->freelist &&
	    compound_head(rig_virt_to_page(w->s->cache->machine, c->freelist)) != c->slab)
		return fails(w, "slub.cpu_slab", c->slab, "free list of another slab", 0);
	if (tier < 2)
		return true;
	if (c->slab && !check_slab(w, c->slab, true, c->freelist))
		return false;
	for (const struct page *slab = c->partial; slab; slab = slab->next) {
		if (slab->slabs != slabs--)
			return fails(w, "slub.cpu_partial_count", slab, "slabs",
				     (unsigned long)slab->slabs);
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
	struct walk w = { .s = slub_of(cache), .verdict = verdict };
	unsigned long counted = 0;

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

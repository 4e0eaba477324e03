// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slab part of kmemrig/restore.h: caches and slabs of a recorded kernel into a bare machine,
 * and reading them back.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/restore.h>
#include <kmemrig/state.h>

#include "slub.h"

/* A recorded constructor's code is not ours to run. */
static void no_constructor(void *object)
{
}

static int refuse(char *error, const char *format, ...) __printf(2, 3);

static int refuse(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, RIG_RESTORE_ERROR, format, args);
	va_end(args);
	return -EINVAL;
}

static void set_cache(struct kmem_cache *cache, struct slub_cache *s,
		      const struct rig_state_cache *recorded)
{
	cache->size = recorded->size;
	cache->object_size = recorded->object_size;
	cache->align = recorded->align ? recorded->align : 8;
	cache->flags = (__force slab_flags_t)recorded->flags;
	cache->allocflags = (__force gfp_t)recorded->allocflags;
	cache->refcount = recorded->refcount;
	cache->ctor = recorded->ctor ? no_constructor : NULL;
	cache->usersize = cache->flags & SLAB_KMALLOC ? cache->object_size : 0;
	s->offset = cache->offset = recorded->fp_offset;
	s->inuse = recorded->inuse;
	s->oo = (struct slub_oo){ .order = recorded->order, .objects = recorded->objects };
	s->min = (struct slub_oo){ .order = recorded->min_order, .objects = recorded->min_objects };
	s->min_partial = recorded->min_partial;
	s->cpu_partial = recorded->cpu_partial;
	s->cpu_partial_slabs = recorded->cpu_partial_slabs;
	slub_choose_paths(s);
	slub_set_usable_size(s);
	cache->special = cache->wants_caller;
}

struct kmem_cache *rig_restore_cache(struct rig_machine *machine,
				     const struct rig_state_cache *recorded, char *error)
{
	struct kmem_cache *cache;
	struct slub_cache *s;

	if (machine->slab != &slub) {
		refuse(error, "caches of a state need the slab backend slub, not %s",
		       machine->slab->name);
		return NULL;
	}
	if (!recorded->size || !recorded->objects || recorded->object_size > recorded->size ||
	    recorded->fp_offset + sizeof(void *) > recorded->size || recorded->order >= MAX_ORDER ||
	    (u64)recorded->objects * recorded->size > PAGE_SIZE << recorded->order) {
		refuse(error, "cache %s: sizes that fit no slab", recorded->name);
		return NULL;
	}
	cache = rig_kmem_restore_cache(machine, recorded->name);
	s = cache ? slub_new_cache(cache) : NULL;
	if (!s || slub_new_nodes(s)) {
		refuse(error, "cache %s: no host memory", recorded->name);
		return NULL;
	}
	set_cache(cache, s, recorded);
	return cache;
}

/* Links free objects and marks them as such. NULL and @error when one is free already. */
static void *link_list(struct slub_cache *s, struct page *slab, const u16 *indexes, size_t nr,
		       char *error)
{
	void *head = NULL;

	for (size_t i = nr; i-- > 0;) {
		void *object = indexes[i] < slab->objects ? slub_object(s, slab, indexes[i]) : NULL;

		if (!object || !rig_kmem_is_live(s->cache->machine, object)) {
			refuse(error, "cache %s: slab %lx has no object %u in use to be freed",
			       s->cache->name, rig_page_to_pfn(s->cache->machine, slab),
			       indexes[i]);
			return NULL;
		}
		rig_kmem_set_live(s->cache->machine, object, false);
		slub_set_next(s, object, head);
		head = object;
	}
	return head;
}

/* A CPU's partial slabs know how many follow them. */
static void add_cpu_partial(struct slub_cpu *c, struct page *slab)
{
	struct page **link = &c->partial;

	for (; *link; link = &(*link)->next)
		(*link)->slabs++;
	slab->slabs = 1;
	slab->next = NULL;
	*link = slab;
}

static int place_slab(struct slub_cache *s, struct page *slab,
		      const struct rig_state_slab *recorded, char *error)
{
	int limit = recorded->place == RIG_STATE_NODE_PARTIAL ? s->nr_nodes : s->nr_cpus;

	if (recorded->place == RIG_STATE_FULL)
		return 0;
	if (recorded->where < 0 || recorded->where >= limit)
		return refuse(error, "cache %s: no CPU or node %d", s->cache->name,
			      recorded->where);
	switch (recorded->place) {
	case RIG_STATE_CPU_SLAB:
		if (s->cpu[recorded->where].slab)
			return refuse(error, "cache %s: CPU %d has two slabs", s->cache->name,
				      recorded->where);
		slub_set_slab(s, &s->cpu[recorded->where], slab);
		break;
	case RIG_STATE_CPU_PARTIAL:
		add_cpu_partial(&s->cpu[recorded->where], slab);
		break;
	default:
		if (!s->node[recorded->where])
			return refuse(error, "cache %s: no node %d", s->cache->name,
				      recorded->where);
		slub_add_partial(s->node[recorded->where], slab, SLUB_TO_TAIL);
	}
	return 0;
}

/* The CPU's own free list of the slab that it allocates from. */
static int restore_cpu_list(struct slub_cache *s, const struct rig_state_slab *recorded,
			    char *error)
{
	struct slub_cpu *c;

	if (recorded->where < 0 || recorded->where >= s->nr_cpus)
		return refuse(error, "cache %s: no CPU %d", s->cache->name, recorded->where);
	c = &s->cpu[recorded->where];
	if (!c->slab || rig_page_to_pfn(s->cache->machine, c->slab) != recorded->pfn)
		return refuse(error,
			      "cache %s: CPU %d's free list is of slab %lx, which is not its",
			      s->cache->name, recorded->where, recorded->pfn);
	c->list.freelist = link_list(s, c->slab, recorded->free, recorded->nr_free, error);
	return recorded->nr_free && !c->list.freelist ? -EINVAL : 0;
}

/* The order whose pages hold that many objects: the wanted one, or the least that will do. */
static unsigned int order_of(const struct slub_cache *s, unsigned int objects)
{
	return objects == s->oo.objects ? s->oo.order : s->min.order;
}

static void make_slab(struct slub_cache *s, struct page *slab,
		      const struct rig_state_slab *recorded)
{
	struct kmem_cache *cache = s->cache;

	__SetPageSlab(slab);
	slab->slab_cache = cache;
	slab->counters = 0;
	slab->inuse = recorded->inuse;
	slab->objects = recorded->objects;
	slab->frozen = recorded->frozen;
	rig_kmem_account_slab(cache, page_to_nid(slab), 1L << order_of(s, recorded->objects));
	slub_count_slab(s, slab);
	for (unsigned int i = 0; i < recorded->objects; i++)
		rig_kmem_set_live(cache->machine, slub_object(s, slab, i), true);
}

int rig_restore_slab(struct kmem_cache *cache, const struct rig_state_slab *recorded, char *error)
{
	struct slub_cache *s = slub_of(cache);
	struct page *slab = rig_pfn_to_page(cache->machine, recorded->pfn);
	int code;

	if (recorded->place == RIG_STATE_CPU_FREELIST)
		return restore_cpu_list(s, recorded, error);
	if (recorded->pfn >= cache->machine->max_low_pfn || recorded->inuse > recorded->objects ||
	    (recorded->objects != s->oo.objects && recorded->objects != s->min.objects))
		return refuse(error, "cache %s: slab %lx of %u objects, %u in use", cache->name,
			      recorded->pfn, recorded->objects, recorded->inuse);
	code = rig_restore_block(cache->machine, recorded->pfn, order_of(s, recorded->objects),
				 error);
	if (code)
		return code;
	make_slab(s, slab, recorded);
	slab->freelist = link_list(s, slab, recorded->free, recorded->nr_free, error);
	if (recorded->nr_free && !slab->freelist)
		return -EINVAL;
	return place_slab(s, slab, recorded, error);
}

int rig_restore_slabs_done(struct rig_machine *machine, char *error)
{
	/* Its lists' objects are the past's: new caches account theirs nowhere. */
	slub_machine(machine)->node_cache = NULL;
	if (!rig_kmem_restore_done(machine))
		return refuse(error, "a kmalloc cache is missing");
	return 0;
}

void rig_cache_describe(struct kmem_cache *cache, struct rig_state_cache *record)
{
	const struct slub_cache *s = slub_of(cache);

	record->size = cache->size;
	record->object_size = cache->object_size;
	record->align = cache->align;
	record->fp_offset = s->offset;
	record->inuse = s->inuse;
	record->order = s->oo.order;
	record->objects = s->oo.objects;
	record->min_order = s->min.order;
	record->min_objects = s->min.objects;
	record->flags = (__force unsigned int)cache->flags;
	record->allocflags = (__force unsigned int)cache->allocflags;
	record->min_partial = (unsigned int)s->min_partial;
	record->cpu_partial = s->cpu_partial;
	record->cpu_partial_slabs = s->cpu_partial_slabs;
	record->refcount = cache->refcount;
	record->ctor = cache->ctor != NULL;
}

/* --- reading back */

struct slab_walk {
	struct slub_cache *s;
	rig_slab_fn each;
	void *data;
	u16 free[SLUB_MAX_OBJECTS + 1];
};

static bool show_slab(struct slab_walk *walk, const struct page *slab,
		      enum rig_state_slab_place place, int where, void *object)
{
	struct rig_state_slab record = {
		.place = place,
		.where = where,
		.pfn = rig_page_to_pfn(walk->s->cache->machine, slab),
		.free = walk->free,
	};

	if (place != RIG_STATE_CPU_FREELIST) {
		record.inuse = slab->inuse;
		record.objects = slab->objects;
		record.frozen = slab->frozen;
	}
	for (; object && record.nr_free < slab->objects; object = slub_next(walk->s, object))
		walk->free[record.nr_free++] = (u16)slub_index(walk->s, slab, object);
	return walk->each(&record, walk->data);
}

/* Full slabs are on no list: they are looked for in the memory map. */
static bool walk_full(struct slab_walk *walk)
{
	struct rig_machine *machine = walk->s->cache->machine;

	for (unsigned long pfn = 0; pfn < machine->max_low_pfn; pfn++) {
		struct page *page = rig_pfn_to_page(machine, pfn);

		if (!PageSlab(page) || PageTail(page) || page->slab_cache != walk->s->cache)
			continue;
		if (!page->frozen && !page->freelist &&
		    !show_slab(walk, page, RIG_STATE_FULL, 0, NULL))
			return false;
	}
	return true;
}

static bool walk_cpu(struct slab_walk *walk, int cpu)
{
	const struct slub_cpu *c = &walk->s->cpu[cpu];

	if (c->slab && (!show_slab(walk, c->slab, RIG_STATE_CPU_SLAB, cpu, c->slab->freelist) ||
			!show_slab(walk, c->slab, RIG_STATE_CPU_FREELIST, cpu, c->list.freelist)))
		return false;
	for (const struct page *slab = c->partial; slab; slab = slab->next)
		if (!show_slab(walk, slab, RIG_STATE_CPU_PARTIAL, cpu, slab->freelist))
			return false;
	return true;
}

static bool walk_node(struct slab_walk *walk, int nid)
{
	struct page *slab;

	list_for_each_entry (slab, &walk->s->node[nid]->partial, slab_list)
		if (!show_slab(walk, slab, RIG_STATE_NODE_PARTIAL, nid, slab->freelist))
			return false;
	return true;
}

void rig_slab_walk(struct kmem_cache *cache, rig_slab_fn each, void *data)
{
	struct slab_walk *walk = malloc(sizeof(*walk));
	bool going = walk != NULL;

	if (!walk)
		return;
	walk->s = slub_of(cache);
	walk->each = each;
	walk->data = data;
	for (int cpu = 0; cpu < walk->s->nr_cpus && going; cpu++)
		going = walk_cpu(walk, cpu);
	for (int nid = 0; nid < walk->s->nr_nodes && going; nid++)
		going = !walk->s->node[nid] || walk_node(walk, nid);
	if (going)
		walk_full(walk);
	free(walk);
}

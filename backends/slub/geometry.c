// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a SLUB cache is laid out: the bytes of an object and what is kept beside it, the order of a
 * slab, how many slabs its lists may hold (calculate_sizes, calculate_order, set_cpu_partial,
 * kmem_cache_open in mm/slub.c). An object's slot:
 *
 *	| left red zone | object | red zone | free pointer | 2 x track, size | pad | right red zone
 *| ^ 0               ^ inuse
 *
 * Without debugging only the object is there, and the free pointer lies in its middle; it moves
 * behind the object when the object's contents must survive a free (constructor, RCU, poison).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debug.h"
#include "debug.h"
#include "slub.h"

static unsigned int order_objects(unsigned int order, unsigned int size)
{
	return (unsigned int)(PAGE_SIZE << order) / size;
}

static struct slub_oo make_oo(unsigned int order, unsigned int size)
{
	return (struct slub_oo){ .order = order, .objects = order_objects(order, size) };
}

/* The smallest order that holds @min_objects and wastes at most 1/@fraction of the slab. */
static unsigned int slab_order(const struct slub_machine *m, unsigned int size,
			       unsigned int min_objects, unsigned int max_order,
			       unsigned int fraction)
{
	unsigned int order;

	if (order_objects(m->min_order, size) > SLUB_MAX_OBJECTS)
		return (unsigned int)get_order((unsigned long)size * SLUB_MAX_OBJECTS) - 1;
	order = (unsigned int)get_order((unsigned long)min_objects * size);
	for (order = max(m->min_order, order); order <= max_order; order++) {
		unsigned int slab_size = (unsigned int)PAGE_SIZE << order;

		if (slab_size % size <= slab_size / fraction)
			break;
	}
	return order;
}

/*
 * First more waste is accepted (1/16, 1/8, 1/4), then fewer objects, then the largest order is
 * given up. -ENOSYS: the object fits no slab.
 */
static int choose_order(const struct slub_machine *m, unsigned int size, int nr_cpus)
{
	unsigned int min_objects = m->min_objects;
	unsigned int order;

	if (!min_objects)
		min_objects = 4 * ((unsigned int)fls((unsigned int)nr_cpus) + 1);
	min_objects = min(min_objects, order_objects(m->max_order, size));
	for (; min_objects > 1; min_objects--) {
		for (unsigned int fraction = 16; fraction >= 4; fraction /= 2) {
			order = slab_order(m, size, min_objects, m->max_order, fraction);
			if (order <= m->max_order)
				return (int)order;
		}
	}
	order = slab_order(m, size, 1, m->max_order, 1);
	if (order <= m->max_order)
		return (int)order;
	order = slab_order(m, size, 1, MAX_ORDER, 1);
	return order < MAX_ORDER ? (int)order : -ENOSYS;
}

static gfp_t slab_gfp(slab_flags_t flags, unsigned int order)
{
	gfp_t gfp = order ? __GFP_COMP : 0;

	if (flags & SLAB_CACHE_DMA)
		gfp |= GFP_DMA;
	if (flags & SLAB_CACHE_DMA32)
		gfp |= GFP_DMA32;
	if (flags & SLAB_RECLAIM_ACCOUNT)
		gfp |= __GFP_RECLAIMABLE;
	return gfp;
}

/* Must the free pointer stay out of the object? */
static bool pointer_outside(const struct kmem_cache *cache)
{
	return (cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_POISON)) || cache->ctor ||
	       ((cache->flags & SLAB_RED_ZONE) && cache->object_size < sizeof(void *));
}

/* The slot's size from the object's; sets inuse, offset and red_left_pad. */
static unsigned int layout_slot(struct slub_cache *s)
{
	struct kmem_cache *cache = s->cache;
	unsigned int word = sizeof(void *);
	unsigned int size = ALIGN(cache->object_size, word);

	if ((cache->flags & SLAB_POISON) && !(cache->flags & SLAB_TYPESAFE_BY_RCU) && !cache->ctor)
		cache->flags |= __OBJECT_POISON;
	else
		cache->flags &= ~__OBJECT_POISON;
	/* A red zone needs at least some bytes behind the object. */
	if ((cache->flags & SLAB_RED_ZONE) && size == cache->object_size)
		size += word;
	s->inuse = size;
	if (pointer_outside(cache)) {
		s->offset = size;
		size += word;
	} else {
		s->offset = ALIGN_DOWN(cache->object_size / 2, word);
	}
	if (cache->flags & SLAB_STORE_USER) {
		size += 2 * (unsigned int)sizeof(struct slub_track);
		if (cache->flags & SLAB_KMALLOC)
			size += (unsigned int)sizeof(unsigned int);
	}
	s->red_left_pad = 0;
	if (cache->flags & SLAB_RED_ZONE) {
		s->red_left_pad = ALIGN(word, cache->align);
		size += word + s->red_left_pad;
	}
	return ALIGN(size, cache->align);
}

int slub_set_geometry(struct slub_cache *s)
{
	struct kmem_cache *cache = s->cache;
	const struct slub_machine *m = slub_machine(cache->machine);
	int order;

	if (cache->object_size > KMALLOC_MAX_SIZE)
		return -EINVAL;
	cache->size = layout_slot(s);
	cache->offset = s->offset;
	order = choose_order(m, cache->size, cache->machine->nr_cpus);
	if (order < 0)
		return -EINVAL;
	s->oo = make_oo((unsigned int)order, cache->size);
	s->min = make_oo((unsigned int)get_order(cache->size), cache->size);
	cache->allocflags = slab_gfp(cache->flags, s->oo.order);
	return s->oo.objects ? 0 : -EINVAL;
}

void slub_set_cpu_partial(struct slub_cache *s, unsigned int objects)
{
	s->cpu_partial = objects;
	/* Slabs on the list are taken for half full. */
	s->cpu_partial_slabs = DIV_ROUND_UP(objects * 2, s->oo.objects);
}

static void set_list_limits(struct slub_cache *s)
{
	unsigned int size = s->cache->size;

	s->min_partial = min(SLUB_MAX_PARTIAL, (unsigned long)ilog2(size) / 2);
	s->min_partial = max(SLUB_MIN_PARTIAL, s->min_partial);
	if (!slub_has_cpu_partial(s))
		slub_set_cpu_partial(s, 0);
	else if (size >= PAGE_SIZE)
		slub_set_cpu_partial(s, 6);
	else if (size >= 1024)
		slub_set_cpu_partial(s, 24);
	else if (size >= 256)
		slub_set_cpu_partial(s, 52);
	else
		slub_set_cpu_partial(s, 120);
}

/* What ksize tells (slab_ksize): debugging and RCU claim what lies behind the object. */
void slub_set_usable_size(struct slub_cache *s)
{
	struct kmem_cache *cache = s->cache;

	if (cache->flags & (SLAB_RED_ZONE | SLAB_POISON))
		cache->usable_size = cache->object_size;
	else if (cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_STORE_USER))
		cache->usable_size = s->inuse;
	else
		cache->usable_size = cache->size;
}

void slub_choose_paths(struct slub_cache *s)
{
	struct kmem_cache *cache = s->cache;

	s->debug = cache->flags & SLAB_DEBUG_FLAGS;
	if ((cache->flags & SLAB_STORE_USER) && !slub_machine(cache->machine)->depot)
		slub_machine(cache->machine)->depot = slub_depot_create();
	s->smp = cache->machine->nr_cpus > 1;
	s->biased = s->smp && slub_can_block();
	cache->wants_caller = cache->flags & (SLAB_STORE_USER | SLAB_TRACE);
	/* Hardened pointers, and CPUs that can't be blocked, are not for the front end. */
	s->open = s->biased ? (u8 *)s->cpu : NULL;
	cache->cpu_lists = s->debug || s->random || s->biased != s->smp ? NULL : (u8 *)s->cpu;
	if (s->debug) {
		cache->alloc = slub_alloc_debug;
		cache->free = slub_free_debug;
	} else {
		cache->alloc = s->biased && s->random ? slub_alloc_biased_mixed
			       : s->biased	      ? slub_alloc_biased
			       : s->smp		      ? slub_alloc_smp
			       : s->random	      ? slub_alloc_mixed
						      : slub_alloc;
		cache->free = s->biased && s->random ? slub_free_biased_mixed
			      : s->biased	     ? slub_free_biased
			      : s->smp		     ? slub_free_smp
			      : s->random	     ? slub_free_mixed
						     : slub_free;
	}
}

/* A random order of the objects of a full slab, as offsets (cache_random_seq_create). */
static int make_random_sequence(struct slub_cache *s)
{
	unsigned int count = s->oo.objects;

	if (count < 2)
		return 0;
	s->random_seq = calloc(count, sizeof(*s->random_seq));
	if (!s->random_seq)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		s->random_seq[i] = i * s->cache->size;
	for (unsigned int i = count - 1; i > 0; i--) {
		unsigned int other = (unsigned int)(rig_random(s->cache->machine) % (i + 1));

		swap(s->random_seq[i], s->random_seq[other]);
	}
	return 0;
}

struct slub_cache *slub_new_cache(struct kmem_cache *cache)
{
	struct rig_machine *machine = cache->machine;
	size_t bytes =
		sizeof(struct slub_cache) + (size_t)machine->nr_cpus * sizeof(struct slub_cpu);
	struct slub_cache *s = aligned_alloc(64, ALIGN(bytes, 64UL));

	if (!s)
		return NULL;
	memset(s, 0, bytes);
	s->cache = cache;
	s->nr_cpus = machine->nr_cpus;
	s->nr_nodes = machine->nr_nodes;
	s->node = calloc((size_t)max(machine->nr_nodes, 1), sizeof(*s->node));
	if (!s->node) {
		free(s);
		return NULL;
	}
	for (int cpu = 0; cpu < s->nr_cpus; cpu++)
		s->cpu[cpu].list.tid = (unsigned long)cpu;
	cache->backend_data = s;
	return s;
}

static bool has_normal_memory(const struct rig_machine *machine, int nid)
{
	if (!machine->nodes[nid])
		return false;
	for (int zone = 0; zone <= ZONE_NORMAL; zone++)
		if (populated_zone(&machine->nodes[nid]->node_zones[zone]))
			return true;
	return false;
}

int slub_new_nodes(struct slub_cache *s)
{
	struct rig_machine *machine = s->cache->machine;

	for (int nid = 0; nid < s->nr_nodes; nid++) {
		if (!has_normal_memory(machine, nid))
			continue;
		s->node[nid] = calloc(1, sizeof(*s->node[nid]));
		if (!s->node[nid])
			return -ENOMEM;
		INIT_LIST_HEAD(&s->node[nid]->partial);
		INIT_LIST_HEAD(&s->node[nid]->full);
	}
	return 0;
}

/* Each node's lists are an object of kmem_cache_node, except for the first of all. */
static int account_nodes(struct slub_cache *s)
{
	struct rig_machine *machine = s->cache->machine;
	struct slub_machine *m = slub_machine(machine);

	if (!m->node_cache || machine->bare)
		return 0;
	for (int nid = 0; nid < s->nr_nodes; nid++) {
		if (!s->node[nid])
			continue;
		s->node[nid]->self = rig_kmem_cache_alloc(rig_kmem_cpu(machine), m->node_cache,
							  GFP_KERNEL, nid, 0);
		if (!s->node[nid]->self)
			return -ENOMEM;
	}
	return 0;
}

void slub_cache_fini(struct kmem_cache *cache)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_machine *m = slub_machine(cache->machine);

	for (int nid = 0; nid < s->nr_nodes; nid++) {
		if (s->node[nid] && s->node[nid]->self && m->node_cache && m->node_cache != cache)
			rig_kmem_cache_free(rig_kmem_cpu(cache->machine), m->node_cache,
					    s->node[nid]->self, 0);
		free(s->node[nid]);
	}
	if (m->node_cache == cache)
		m->node_cache = NULL;
	free(s->node);
	free(s->random_seq);
	free(s);
	cache->backend_data = NULL;
}

void slub_cache_alias(struct kmem_cache *cache, unsigned int object_size)
{
	struct slub_cache *s = slub_of(cache);

	s->inuse = max(s->inuse, ALIGN(object_size, (unsigned int)sizeof(void *)));
	slub_set_usable_size(s);
}

int slub_cache_init(struct kmem_cache *cache)
{
	struct slub_machine *m = slub_machine(cache->machine);
	struct slub_cache *s = slub_new_cache(cache);
	int error;

	if (!s)
		return -ENOMEM;
	cache->flags = slub_cache_flags(cache->machine, cache->size, cache->flags, cache->name);
	if (m->freelist_hardened)
		s->random = rig_random(cache->machine) | 1;
	error = slub_set_geometry(s);
	if (!error && m->no_higher_order_debug &&
	    get_order(cache->size) > get_order(cache->object_size)) {
		/* slub_debug=O: no debugging that makes slabs larger */
		cache->flags &= ~DEBUG_METADATA_FLAGS;
		error = slub_set_geometry(s);
	}
	if (!error) {
		if (!(cache->flags & SLAB_NO_CMPXCHG))
			cache->flags |= __CMPXCHG_DOUBLE;
		slub_choose_paths(s);
		set_list_limits(s);
		slub_set_usable_size(s);
		if (m->freelist_random)
			error = make_random_sequence(s);
	}
	if (!error)
		error = slub_new_nodes(s);
	if (!error)
		error = account_nodes(s);
	if (error)
		slub_cache_fini(cache);
	return error;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation (slab_alloc_node and ___slab_alloc in mm/slub.c), from the cheapest source to the
 * dearest: the CPU's free list; what others freed into the CPU's slab; the CPU's partial slabs; the
 * node's, then other nodes'; a new slab.
 *
 * Locking: the fast path takes none. Where CPUs are several, one compare and exchange changes free
 * list and transaction id together, and fails when anything happened in between. A slab changes
 * its CPU only under the CPU's lock.
 */
#include "slub.h"

/* The pointer that the CPU's next allocation will read. */
static __always_inline void prefetch_next(const struct slub_cache *s, const void *object)
{
	/* a number, not a pointer: the last object has none after it */
	__builtin_prefetch((const void *)((unsigned long)object + s->offset), 1);
}

/* Others' frees become the CPU's: the slab's own list is taken whole; NULL: the slab is full. */
static void *take_slab_list(struct slub_cache *s, struct page *slab)
{
	struct slub_state old, new;

	do {
		old = slub_read(slab);
		new.freelist = NULL;
		new.counters = old.counters;
		new.inuse = old.objects;
		new.frozen = old.freelist != NULL;
		new.owner = 0;
	} while (!slub_swap(s, slab, old, new));
	slub_end_owner(s, old.owner);
	return old.freelist;
}

/* The first object of @freelist is handed out, the rest is the CPU's. Under the CPU's lock. */
static void *load_freelist(struct slub_cache *s, struct slub_cpu *c, void *freelist)
{
	WRITE_ONCE(c->list.freelist, slub_next(s, freelist));
	WRITE_ONCE(c->list.tid, c->list.tid + SLUB_TID_STEP);
	return freelist;
}

/*
 * From the slab that the CPU has. NULL: it can't serve the request and the CPU has none any more.
 */
static void *alloc_from_cpu_slab(struct slub_cache *s, struct slub_cpu *c, gfp_t gfp, int node,
				 struct rig_cpu *cpu)
{
	struct page *slab = c->slab;
	void *freelist;

	if (unlikely((node != NUMA_NO_NODE && page_to_nid(slab) != node) ||
		     !slub_pfmemalloc_match(slab, gfp, cpu))) {
		freelist = slub_take_freelist(s, c);
		slub_unlock_cpu(s, c);
		slub_deactivate(s, slab, freelist, cpu);
		slub_lock_cpu(s, c);
		return NULL;
	}
	freelist = c->list.freelist;
	if (!freelist)
		freelist = take_slab_list(s, slab);
	if (freelist)
		return load_freelist(s, c, freelist);
	slub_set_slab(s, c, NULL);
	WRITE_ONCE(c->list.tid, c->list.tid + SLUB_TID_STEP);
	return NULL;
}

/* From the CPU's slab, then from its partial ones, each of which becomes its slab. */
static void *alloc_from_cpu(struct slub_cache *s, struct slub_cpu *c, gfp_t gfp, int node,
			    struct rig_cpu *cpu)
{
	void *object = NULL;

	slub_lock_cpu(s, c);
	for (;;) {
		if (c->slab)
			object = alloc_from_cpu_slab(s, c, gfp, node, cpu);
		if (object || (!c->slab && !c->partial))
			break;
		if (!c->slab) {
			struct page *slab = c->partial;

			c->partial = slab->next;
			slub_set_slab(s, c, slab);
		}
	}
	slub_unlock_cpu(s, c);
	return object;
}

/* @slab is ours and frozen, @freelist its free objects: it becomes the CPU's slab. */
static void *install_slab(struct slub_cache *s, struct slub_cpu *c, struct page *slab,
			  void *freelist, struct rig_cpu *cpu)
{
	void *object;

	slub_lock_cpu(s, c);
	while (unlikely(c->slab)) { /* something came in between: reclaim, an interrupt */
		struct page *other = c->slab;
		void *others = slub_take_freelist(s, c);

		slub_unlock_cpu(s, c);
		slub_deactivate(s, other, others, cpu);
		slub_lock_cpu(s, c);
	}
	slub_set_slab(s, c, slab);
	object = load_freelist(s, c, freelist);
	slub_unlock_cpu(s, c);
	return object;
}

/* No memory: a line for each cache now and then, as the kernel's slab_out_of_memory. */
static void say_out_of_memory(struct slub_cache *s, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct rig_machine *machine = cpu->machine;
	struct slub_machine *m = slub_machine(machine);

	if ((gfp & __GFP_NOWARN) || m->warnings++ >= 10)
		return;
	rig_log(machine, "SLUB: Unable to allocate memory on node %d, gfp=%#x", node,
		(unsigned int)gfp);
	rig_log(machine,
		"  cache: %s, object size: %u, buffer size: %u, default order: %u, min order: %u",
		s->cache->name, s->cache->object_size, s->cache->size, s->oo.order, s->min.order);
	for (int nid = 0; nid < s->nr_nodes; nid++)
		if (s->node[nid])
			rig_log(machine, "  node %d: slabs: %ld, objs: %ld", nid,
				atomic_long_read(&s->node[nid]->nr_slabs),
				atomic_long_read(&s->node[nid]->total_objects));
}

/* A node without memory for slabs constrains nothing. */
static int real_node(const struct slub_cache *s, int node)
{
	return node >= 0 && node < s->nr_nodes && s->node[node] ? node : NUMA_NO_NODE;
}

static void *alloc_from_new_slab(struct slub_cache *s, struct slub_cpu *c, struct page *slab,
				 gfp_t gfp, struct rig_cpu *cpu)
{
	void *freelist = slab->freelist;

	slab->freelist = NULL;
	slab->inuse = slab->objects;
	slab->frozen = 1;
	slub_count_slab(s, slab);
	if (unlikely(!slub_pfmemalloc_match(slab, gfp, cpu))) {
		/* From the reserves: nobody else is to get the rest easily. */
		slub_deactivate(s, slab, slub_next(s, freelist), cpu);
		return freelist;
	}
	return install_slab(s, c, slab, freelist, cpu);
}

static noinline void *alloc_slow(struct slub_cache *s, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct slub_cpu *c = &s->cpu[cpu->id];
	struct page *slab;
	void *object;

	node = real_node(s, node);
	object = alloc_from_cpu(s, c, gfp, node, cpu);
	if (object)
		return object;
	object = slub_get_partial(s, node, gfp, &slab, cpu);
	if (object)
		return install_slab(s, c, slab, object, cpu);
	slab = slub_new_slab(s, gfp, node, cpu);
	if (unlikely(!slab)) {
		say_out_of_memory(s, gfp, node, cpu);
		return NULL;
	}
	return alloc_from_new_slab(s, c, slab, gfp, cpu);
}

/* One CPU: no one can come in between. @mixed: the cache hardens its free pointers. */
static __always_inline void *alloc_alone(struct kmem_cache *cache, gfp_t gfp, int node,
					 struct rig_cpu *cpu, bool mixed)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[0];
	void *object = c->list.freelist;
	void *next;

	if (unlikely(!object || (node != NUMA_NO_NODE && page_to_nid(c->slab) != node)))
		return alloc_slow(s, gfp, node, cpu);
	next = mixed ? slub_next(s, object) : rig_read_raw((u8 *)object + s->offset);
	c->list.freelist = next;
	prefetch_next(s, next);
	return object;
}

void *slub_alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	return alloc_alone(cache, gfp, node, cpu, false);
}

void *slub_alloc_mixed(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	return alloc_alone(cache, gfp, node, cpu, true);
}

/* Several CPUs, each of which alone touches its own place, but for those who block it. */
static __always_inline void *alloc_biased(struct kmem_cache *cache, gfp_t gfp, int node,
					  struct rig_cpu *cpu, bool mixed)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[cpu->id];
	void *object = NULL, *next;

	if (likely(kmem_enter(cpu, &s->open)))
		object = c->list.freelist;
	if (unlikely(node != NUMA_NO_NODE && object && page_to_nid(c->slab) != node))
		object = NULL;
	if (likely(object)) {
		next = mixed ? slub_next(s, object) : rig_read_raw((u8 *)object + s->offset);
		c->list.freelist = next;
		prefetch_next(s, next);
	}
	kmem_leave(cpu);
	return likely(object) ? object : alloc_slow(s, gfp, node, cpu);
}

void *slub_alloc_biased(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	return alloc_biased(cache, gfp, node, cpu, false);
}

void *slub_alloc_biased_mixed(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	return alloc_biased(cache, gfp, node, cpu, true);
}

void *slub_alloc_smp(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[cpu->id];
	unsigned long tid;
	struct page *slab;
	void *object, *next;

	do {
		/* The tid first: what is read after it belongs to it, or the exchange fails. */
		tid = smp_load_acquire(&c->list.tid);
		object = READ_ONCE(c->list.freelist);
		slab = READ_ONCE(c->slab);
		if (unlikely(!object || !slab ||
			     (node != NUMA_NO_NODE && page_to_nid(slab) != node)))
			return alloc_slow(s, gfp, node, cpu);
		next = slub_next(s, object);
	} while (unlikely(!slub_cmpxchg16(&c->list.freelist, (unsigned long)object, tid,
					  (unsigned long)next, tid + SLUB_TID_STEP)));
	prefetch_next(s, next);
	return object;
}

/* Debugging: one object at a time, from slabs that stay on their lists. */
void *slub_alloc_debug(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct slub_cache *s = slub_of(cache);
	struct page *slab;
	void *object;

	node = real_node(s, node);
	do {
		object = slub_get_partial(s, node, gfp, &slab, cpu);
		if (!object) {
			slab = slub_new_slab(s, gfp, node, cpu);
			if (unlikely(!slab)) {
				say_out_of_memory(s, gfp, node, cpu);
				return NULL;
			}
			object = slub_alloc_single_new(s, slab, cpu);
		}
	} while (unlikely(!object));
	slub_track_alloc(s, object, cpu);
	return object;
}

/* All or none. The CPU's free list is taken object by object, without exchanges in between. */
size_t slub_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects,
		       struct rig_cpu *cpu)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[cpu->id];
	size_t i = 0;

	while (i < nr && s->debug) {
		objects[i] = slub_alloc_debug(cache, gfp, NUMA_NO_NODE, cpu);
		if (!objects[i])
			goto undo;
		i++;
	}
	while (i < nr) {
		slub_lock_cpu(s, c);
		while (i < nr && c->list.freelist) {
			objects[i] = c->list.freelist;
			WRITE_ONCE(c->list.freelist, slub_next(s, objects[i]));
			i++;
		}
		/* The slow path may let others in: what we took must not be taken again. */
		WRITE_ONCE(c->list.tid, c->list.tid + SLUB_TID_STEP);
		slub_unlock_cpu(s, c);
		if (i == nr)
			break;
		/* Interrupts were off up to here: one that came meanwhile finds the list as it is.
		 */
		if (unlikely(cpu->irqs_pending))
			rig_irq_deliver_pending(cpu);
		objects[i] = alloc_slow(s, gfp, NUMA_NO_NODE, cpu);
		if (unlikely(!objects[i]))
			goto undo;
		i++;
	}
	return nr;
undo:
	slub_free_bulk(cache, i, objects, cpu);
	return 0;
}

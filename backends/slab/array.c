// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects go through a CPU's array, a stack: the object freed last is handed out first, while it
 * is warm in the CPU's caches. An empty array takes half its limit from the node (from the shared
 * array first, else from slabs); a full one gives the older half back.
 *
 *	alloc <-- [ CPU 0's array ] <--batch--> [ shared array ] <--> slabs of the node
 *	free  --> [ CPU 1's array ] <--batch-->
 *
 * Objects of other nodes never enter an array: numa.c.
 *
 * Invariants: slab.array_limit, slab.array_entry, slab.active_count.
 *
 * Locking: an array belongs to its CPU; where CPUs are threads its lock is taken too, since
 * draining (the kernel asks the other CPU to do it) comes from outside. Order: array lock, then
 * node->lock. Neither is held while pages or memory of kmalloc are taken or given back.
 */
#include "slab.h"

/* A CPU that had no use for the array lately takes no more than this at a time. */
#define BATCHREFILL_LIMIT 16

unsigned int slab_transfer(struct slab_array *to, struct slab_array *from, unsigned int max)
{
	unsigned int room = to->limit - to->avail, nr = min(from->avail, max);

	nr = min(nr, room);
	for (unsigned int i = 0; i < nr; i++)
		to->entry[to->avail + i] = from->entry[from->avail - nr + i];
	WRITE_ONCE(from->avail, from->avail - nr);
	WRITE_ONCE(to->avail, to->avail + nr);
	return nr;
}

/* Up to @batch objects of one slab onto the array; returns how many of the batch are left. */
static unsigned int take_batch(struct slab_cache *data, struct slab_array *array, struct page *page,
			       unsigned int batch)
{
	while (page->active < data->num && batch) {
		array->entry[array->avail++] = slab_take(data, page);
		batch--;
	}
	return batch;
}

/* From the node's shared array or its slabs; the array is empty before. */
static void refill_from_node(struct slab_cache *data, struct slab_array *array, int nid,
			     unsigned int batch)
{
	struct slab_node *node = slab_lock_node(data, nid);

	if (node->shared && slab_transfer(array, node->shared, batch)) {
		node->shared->touched = 1;
	} else {
		while (batch) {
			struct page *page = slab_first(node);

			if (!page)
				break;
			batch = take_batch(data, array, page, batch);
			slab_file(data, node, page);
		}
		WRITE_ONCE(node->free_objects, node->free_objects - array->avail);
	}
	rig_spin_unlock(&node->lock);
}

/* May there be objects on the node? Asked without its lock, as the kernel does. */
static bool node_has_objects(const struct slab_node *node)
{
	const struct slab_array *shared = __atomic_load_n(&node->shared, __ATOMIC_ACQUIRE);

	return READ_ONCE(node->free_objects) || (shared && READ_ONCE(shared->avail));
}

/* The array was empty, its lock is held; returns a slot, or NULL: no memory on the CPU's node. */
static noinline void *refill(struct slab_cache *data, gfp_t gfp, struct rig_cpu *cpu)
{
	struct slab_array *array = data->cpus[cpu->id].array;
	int nid = slab_node_of_cpu(cpu);
	unsigned int batch = array->batchcount;

	if (!array->touched)
		batch = min(batch, (unsigned int)BATCHREFILL_LIMIT);
	if (node_has_objects(data->node[nid]))
		refill_from_node(data, array, nid, batch);
	if (!array->avail) {
		struct page *page;

		slab_unlock_array(data, cpu->id);
		page = slab_grow_begin(data, slab_exact_node(data, gfp), nid, cpu);
		array = slab_lock_array(data, cpu->id);
		/* reclaim may have filled it meanwhile, or it may be another one */
		if (!array->avail && page)
			take_batch(data, array, page, min(batch, array->limit));
		slab_grow_end(data, page);
		if (!array->avail)
			return NULL;
	}
	array->touched = 1;
	return array->entry[--array->avail];
}

/* From the CPU's array; NULL: none, and no memory on its node. */
static inline void *alloc_local(struct slab_cache *data, gfp_t gfp, struct rig_cpu *cpu)
{
	struct slab_array *array = slab_lock_array(data, cpu->id);
	void *slot;

	if (likely(array->avail)) {
		array->touched = 1;
		slot = array->entry[--array->avail];
	} else {
		slot = refill(data, gfp, cpu);
	}
	slab_unlock_array(data, cpu->id);
	return slot;
}

void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct slab_cache *data = cache->backend_data;
	void *slot = NULL;

	if (likely(!data->several_nodes)) {
		slot = alloc_local(data, gfp, cpu);
	} else {
		int here = slab_node_of_cpu(cpu);

		if (node < 0 || node >= cache->machine->nr_nodes || !data->node[node])
			node = here;
		if (node == here)
			slot = alloc_local(data, gfp, cpu);
		if (!slot)
			slot = slab_alloc_node(data, gfp, node, cpu);
	}
	if (unlikely(cache->flags & SLAB_DEBUG) && slot)
		return slab_debug_alloc(data, slot, cpu);
	return slot;
}

/* The older half of a full array goes to the node: to the shared array while there is room. */
static noinline void flush(struct slab_cache *data, struct slab_array *array, int nid,
			   struct list_head *doomed)
{
	struct slab_node *node = slab_lock_node(data, nid);
	unsigned int batch = array->batchcount;
	struct slab_array *shared = node->shared;

	if (shared && shared->avail < shared->limit) {
		batch = min(batch, shared->limit - shared->avail);
		for (unsigned int i = 0; i < batch; i++)
			shared->entry[shared->avail + i] = array->entry[i];
		WRITE_ONCE(shared->avail, shared->avail + batch);
	} else {
		slab_free_block(data, array->entry, batch, nid, doomed);
	}
	rig_spin_unlock(&node->lock);
	array->avail -= batch;
	for (unsigned int i = 0; i < array->avail; i++)
		array->entry[i] = array->entry[i + batch];
}

void slab_free(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	struct slab_cache *data = cache->backend_data;
	LIST_HEAD(doomed);
	struct slab_array *array;

	if (unlikely(cache->flags & SLAB_DEBUG))
		object = slab_debug_free(data, object, cpu);
	if (unlikely(data->several_nodes) && slab_free_alien(data, object, cpu))
		return;
	array = slab_lock_array(data, cpu->id);
	if (unlikely(array->avail >= array->limit))
		flush(data, array, slab_node_of_cpu(cpu), &doomed);
	array->entry[array->avail++] = object;
	slab_unlock_array(data, cpu->id);
	if (unlikely(!list_empty(&doomed)))
		slab_destroy_list(data, &doomed, cpu);
}

/* The same on one node, without debugging: the CPU's array alone, unless it is empty or full. */
void *slab_alloc_plain(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct slab_cache *data = cache->backend_data;
	struct slab_array *array = slab_lock_array(data, cpu->id);
	unsigned int avail = array->avail;
	void *slot;

	if (unlikely(!avail)) {
		slab_unlock_array(data, cpu->id);
		return slab_alloc(cache, gfp, node, cpu);
	}
	array->touched = 1;
	slot = array->entry[avail - 1];
	array->avail = avail - 1;
	slab_unlock_array(data, cpu->id);
	return slot;
}

void slab_free_plain(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	struct slab_cache *data = cache->backend_data;
	struct slab_array *array = slab_lock_array(data, cpu->id);
	unsigned int avail = array->avail;

	if (unlikely(avail >= array->limit)) {
		slab_unlock_array(data, cpu->id);
		slab_free(cache, object, cpu);
		return;
	}
	array->entry[avail] = object;
	array->avail = avail + 1;
	slab_unlock_array(data, cpu->id);
}

void slab_drain_array_locked(struct slab_cache *data, struct slab_array *array, int nid, bool all,
			     struct list_head *doomed)
{
	unsigned int nr;

	if (!array || !array->avail)
		return;
	nr = all ? array->avail : (array->limit + 4) / 5;
	if (nr > array->avail)
		nr = (array->avail + 1) / 2;
	slab_free_block(data, array->entry, nr, nid, doomed);
	WRITE_ONCE(array->avail, array->avail - nr);
	for (unsigned int i = 0; i < array->avail; i++)
		array->entry[i] = array->entry[i + nr];
}

/* What do_drain does on each CPU. */
static void drain_cpu(struct slab_cache *data, struct rig_cpu *owner, struct rig_cpu *cpu)
{
	int nid = slab_node_of_cpu(owner);
	struct slab_array *array = slab_lock_array(data, owner->id);
	LIST_HEAD(doomed);

	if (array->avail) {
		struct slab_node *node = slab_lock_node(data, nid);

		slab_free_block(data, array->entry, array->avail, nid, &doomed);
		rig_spin_unlock(&node->lock);
		array->avail = 0;
	}
	slab_unlock_array(data, owner->id);
	slab_destroy_list(data, &doomed, cpu);
}

void slab_drain_all_arrays(struct slab_cache *data, struct rig_cpu *cpu)
{
	struct rig_machine *machine = data->machine;

	drain_cpu(data, cpu, cpu);
	for (int id = 0; id < machine->nr_cpus; id++)
		if (id != cpu->id)
			drain_cpu(data, &machine->cpus[id], cpu);
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (data->node[nid] && data->node[nid]->alien)
			slab_drain_aliens(data, data->node[nid]->alien, cpu);
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		LIST_HEAD(doomed);
		struct slab_node *node;

		if (!data->node[nid])
			continue;
		node = slab_lock_node(data, nid);
		slab_drain_array_locked(data, node->shared, nid, true, &doomed);
		rig_spin_unlock(&node->lock);
		slab_destroy_list(data, &doomed, cpu);
	}
}

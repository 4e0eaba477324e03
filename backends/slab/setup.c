// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cache's arrays and nodes: how large, and where their memory comes from.
 *
 * The CPUs' arrays are per-CPU memory; nodes, shared and alien arrays are objects of kmalloc, of
 * this very allocator. At boot that goes in steps: nodes of the first caches are the host's until
 * kmalloc-128 works, then they move there; every array holds one object until all kmalloc caches
 * are made (slab_machine->full), then gets its real size.
 *
 * Sizes are those of enable_cpucache: the larger the objects, the fewer are kept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/jiffies.h>

#include "slab.h"

#define BOOT_CPUCACHE_ENTRIES 1
#define NO_BATCH 0xbaadf00d /* the batch count of arrays that have none */
#define REAPTIMEOUT_NODE (4 * HZ)
#define DEBUG_LIMIT 32	/* objects in a debugged cache's arrays */
#define SHARED_FACTOR 8 /* batches in a shared array */

static bool is_simulated(const struct slab_cache *data, const void *memory)
{
	return rig_kernel_address(data->machine, memory) != (u64)memory;
}

void *slab_own_alloc(struct slab_cache *data, size_t size, gfp_t gfp, int nid, struct rig_cpu *cpu)
{
	struct slab_machine *all = slab_machine(data->machine);
	void *memory = NULL;

	if (!all->full)
		gfp = (gfp & __GFP_ZERO) | GFP_NOWAIT | __GFP_NOWARN;
	if (all->full || rig_kmalloc_cache(data->machine, size, gfp))
		memory = rig_kmalloc(cpu, size, gfp, nid, (unsigned long)slab_own_alloc);
	/* boot, or a machine whose free memory is not there yet */
	if (!memory && !all->full)
		memory = calloc(1, size);
	return memory;
}

void slab_own_free(struct slab_cache *data, void *memory, struct rig_cpu *cpu)
{
	if (!memory)
		return;
	if (!is_simulated(data, memory))
		free(memory);
	else if (!slab_machine(data->machine)->ending)
		rig_kfree(cpu, memory, (unsigned long)slab_own_free);
}

/* --- per-CPU arrays */

static struct slab_array *make_array(unsigned int limit, unsigned int batchcount)
{
	struct slab_array *array = calloc(1, sizeof(*array) + sizeof(void *) * limit);

	if (array) {
		array->limit = limit;
		array->batchcount = batchcount;
	}
	return array;
}

/* One array a CPU into @arrays; all or none. */
static int make_arrays(struct slab_cache *data, struct slab_array **arrays, unsigned int limit,
		       unsigned int batchcount)
{
	for (int id = 0; id < data->machine->nr_cpus; id++) {
		arrays[id] = make_array(limit, batchcount);
		if (!arrays[id]) {
			while (id-- > 0)
				free(arrays[id]);
			return -ENOMEM;
		}
	}
	return 0;
}

/* --- nodes */

static int nr_cpus_of_node(const struct rig_machine *machine, int nid)
{
	int nr = 0;

	for (int id = 0; id < machine->nr_cpus; id++)
		nr += machine->cpus[id].nid == nid;
	return nr;
}

static void init_node(struct slab_cache *data, struct slab_node *node)
{
	u64 where = data->cache->self ? rig_kernel_address(data->machine, data->cache->self)
				      : data->number * 128UL;

	memset(node, 0, sizeof(*node));
	INIT_LIST_HEAD(&node->partial);
	INIT_LIST_HEAD(&node->full);
	INIT_LIST_HEAD(&node->free);
	spin_lock_init(&node->lock);
	/* the reaper does not come to all caches at once */
	node->next_reap = data->machine->clock_ns / RIG_NS_PER_JIFFY + REAPTIMEOUT_NODE +
			  where % REAPTIMEOUT_NODE;
}

static unsigned int free_limit(const struct slab_cache *data, int nid)
{
	return (1 + (unsigned int)nr_cpus_of_node(data->machine, nid)) * data->batchcount +
	       data->num;
}

/* Makes the node, or tells it the new limit. */
static int init_cache_node(struct slab_cache *data, int nid, gfp_t gfp, struct rig_cpu *cpu)
{
	struct slab_node *node = data->node[nid];

	if (node) {
		rig_spin_lock(&node->lock);
		node->free_limit = free_limit(data, nid);
		rig_spin_unlock(&node->lock);
		return 0;
	}
	node = slab_own_alloc(data, sizeof(*node), gfp, nid, cpu);
	if (!node)
		return -ENOMEM;
	init_node(data, node);
	node->free_limit = free_limit(data, nid);
	data->node[nid] = node;
	return 0;
}

static int make_shared(struct slab_cache *data, int nid, gfp_t gfp, struct rig_cpu *cpu,
		       struct slab_array **shared)
{
	unsigned int limit = data->shared * data->batchcount;

	*shared = NULL;
	if (!data->shared)
		return 0;
	*shared = slab_own_alloc(data, sizeof(void *) * limit + sizeof(struct slab_array), gfp, nid,
				 cpu);
	if (!*shared)
		return -ENOMEM;
	(*shared)->avail = 0;
	(*shared)->limit = limit;
	(*shared)->batchcount = NO_BATCH;
	(*shared)->touched = 0;
	return 0;
}

/* The node gets a new shared array, and alien ones if it has none; what is left over goes. */
static void install(struct slab_cache *data, int nid, struct slab_array *shared,
		    struct slab_alien **aliens, struct rig_cpu *cpu)
{
	struct slab_node *node = slab_lock_node(data, nid);
	struct slab_array *old_shared = node->shared;
	LIST_HEAD(doomed);

	if (old_shared) {
		slab_free_block(data, old_shared->entry, old_shared->avail, nid, &doomed);
		old_shared->avail = 0;
	}
	__atomic_store_n(&node->shared, shared, __ATOMIC_RELEASE);
	if (!node->alien) {
		node->alien = aliens;
		aliens = NULL;
	}
	rig_spin_unlock(&node->lock);
	slab_destroy_list(data, &doomed, cpu);
	slab_own_free(data, old_shared, cpu);
	slab_free_aliens(data, aliens, cpu);
}

static int setup_node(struct slab_cache *data, int nid, gfp_t gfp, struct rig_cpu *cpu)
{
	struct slab_alien **aliens = NULL;
	struct slab_array *shared = NULL;
	int code = 0;

	if (slab_machine(data->machine)->use_alien) {
		aliens = slab_make_aliens(data, nid, gfp, cpu);
		code = aliens ? 0 : -ENOMEM;
	}
	if (!code)
		code = make_shared(data, nid, gfp, cpu, &shared);
	if (!code)
		code = init_cache_node(data, nid, gfp, cpu);
	if (code) {
		slab_own_free(data, shared, cpu);
		slab_free_aliens(data, aliens, cpu);
		return code;
	}
	install(data, nid, shared, aliens, cpu);
	return 0;
}

/* --- sizes */

int slab_tune(struct slab_cache *data, unsigned int limit, unsigned int batchcount,
	      unsigned int shared, gfp_t gfp, struct rig_cpu *cpu)
{
	struct rig_machine *machine = data->machine;
	struct slab_array *arrays[RIG_NR_CPUS];
	int code = make_arrays(data, arrays, limit, batchcount);

	if (code)
		return code;
	data->batchcount = batchcount;
	data->limit = limit;
	data->shared = shared;
	for (int id = 0; id < machine->nr_cpus; id++) {
		int nid = slab_node_of_cpu(&machine->cpus[id]);
		struct slab_array *old = slab_lock_array(data, id);
		LIST_HEAD(doomed);

		data->cpus[id].array = arrays[id];
		slab_unlock_array(data, id);
		if (old && old->avail) {
			struct slab_node *node = slab_lock_node(data, nid);

			slab_free_block(data, old->entry, old->avail, nid, &doomed);
			rig_spin_unlock(&node->lock);
		}
		slab_destroy_list(data, &doomed, cpu);
		free(old);
	}
	for (int nid = 0; nid < machine->nr_nodes && !code; nid++)
		if (machine->nodes[nid])
			code = setup_node(data, nid, gfp, cpu);
	return code;
}

int slab_enable_cpucache(struct slab_cache *data, gfp_t gfp, struct rig_cpu *cpu)
{
	unsigned int size = data->cache->size, limit, shared = 0;
	int code = slab_make_random_seq(data);

	if (code)
		return code;
	if (size > 131072)
		limit = 1;
	else if (size > PAGE_SIZE)
		limit = 8;
	else if (size > 1024)
		limit = 24;
	else if (size > 256)
		limit = 54;
	else
		limit = 120;
	if (size <= PAGE_SIZE && data->machine->nr_cpus > 1)
		shared = SHARED_FACTOR;
	if (data->cache->flags & SLAB_DEBUG)
		limit = min(limit, (unsigned int)DEBUG_LIMIT);
	return slab_tune(data, limit, (limit + 1) / 2, shared, gfp, cpu);
}

/* --- boot */

/* Nodes that the host holds since kmalloc did not work yet move there. */
static void adopt_node(struct slab_cache *data, int nid, struct rig_cpu *cpu)
{
	struct slab_node *old = data->node[nid];
	struct slab_node *node;

	if (!old || is_simulated(data, old))
		return;
	node = slab_own_alloc(data, sizeof(*node), GFP_NOWAIT, nid, cpu);
	if (!node || !is_simulated(data, node)) {
		free(node);
		return;
	}
	*node = *old;
	spin_lock_init(&node->lock);
	INIT_LIST_HEAD(&node->partial);
	INIT_LIST_HEAD(&node->full);
	INIT_LIST_HEAD(&node->free);
	list_splice(&old->partial, &node->partial);
	list_splice(&old->full, &node->full);
	list_splice(&old->free, &node->free);
	data->node[nid] = node;
	free(old);
}

static void adopt_boot_nodes(struct rig_machine *machine, struct rig_cpu *cpu)
{
	struct slab_cache *data;

	if (!rig_kmalloc_cache(machine, sizeof(struct slab_node), GFP_NOWAIT))
		return;
	list_for_each_entry_reverse (data, &slab_machine(machine)->caches, list)
		for (int nid = 0; nid < machine->nr_nodes; nid++)
			adopt_node(data, nid, cpu);
}

int slab_setup_cpu_cache(struct slab_cache *data, struct rig_cpu *cpu)
{
	struct rig_machine *machine = data->machine;
	struct slab_array *arrays[RIG_NR_CPUS];

	if (slab_machine(machine)->full)
		return slab_enable_cpucache(data, GFP_KERNEL, cpu);
	adopt_boot_nodes(machine, cpu);
	if (make_arrays(data, arrays, BOOT_CPUCACHE_ENTRIES, 1))
		return -ENOMEM;
	for (int id = 0; id < machine->nr_cpus; id++)
		data->cpus[id].array = arrays[id];
	data->limit = BOOT_CPUCACHE_ENTRIES;
	data->batchcount = 1;
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		if (!machine->nodes[nid])
			continue;
		data->node[nid] =
			slab_own_alloc(data, sizeof(struct slab_node), GFP_NOWAIT, nid, cpu);
		if (!data->node[nid])
			return -ENOMEM;
		init_node(data, data->node[nid]);
	}
	return 0;
}

void slab_release(struct slab_cache *data, struct rig_cpu *cpu)
{
	slab_own_free(data, data->random_seq, cpu);
	for (int id = 0; id < data->machine->nr_cpus; id++)
		free(data->cpus[id].array);
	for (int nid = 0; nid < data->machine->nr_nodes; nid++) {
		struct slab_node *node = data->node[nid];

		if (!node)
			continue;
		slab_own_free(data, node->shared, cpu);
		slab_free_aliens(data, node->alien, cpu);
		slab_own_free(data, node, cpu);
	}
}

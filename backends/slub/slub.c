// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLUB, the slab allocator that Linux uses by default: boot (kmem_cache_init in mm/slub.c) and the
 * table of the backend. slub.h has the picture of the data structure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/slub.h>
#include <linux/topology.h>

#include "slub.h"

/* Size of a kernel's struct kmem_cache without and with NUMA, up to its node pointers. */
#define KERNEL_CACHE_BYTES 192U
#define KERNEL_CACHE_BYTES_NUMA 200U
#define KERNEL_CACHE_NODE_BYTES 64U

static bool number_option(const struct rig_machine *machine, const char *name, unsigned int *value)
{
	char text[16];

	if (!rig_boot_option(machine, name, text, sizeof(text)))
		return false;
	*value = (unsigned int)strtoul(text, NULL, 0);
	return true;
}

static void read_options(struct rig_machine *machine, struct slub_machine *m)
{
	char text[256];

	m->max_order = PAGE_ALLOC_COSTLY_ORDER;
	number_option(machine, "slub_min_order", &m->min_order);
	number_option(machine, "slub_max_order", &m->max_order);
	number_option(machine, "slub_min_objects", &m->min_objects);
	m->max_order = min(m->max_order, MAX_ORDER - 1U);
	m->min_order = min(m->min_order, MAX_ORDER - 1U);
	m->freelist_random = rig_boot_option(machine, "slab_freelist_random", text, sizeof(text));
	m->freelist_hardened =
		rig_boot_option(machine, "slab_freelist_hardened", text, sizeof(text));
	if (rig_boot_option(machine, "slub_debug", text, sizeof(text)))
		slub_read_debug_option(m, text);
}

static bool has_memory(const struct rig_machine *machine, int nid)
{
	if (!machine->nodes[nid])
		return false;
	for (int zone = 0; zone <= ZONE_NORMAL; zone++)
		if (populated_zone(&machine->nodes[nid]->node_zones[zone]))
			return true;
	return false;
}

/* The nearest node with memory for each CPU. */
static int find_memory_nodes(struct rig_machine *machine, struct slub_machine *m)
{
	m->mem_node = calloc((size_t)machine->nr_cpus, sizeof(*m->mem_node));
	if (!m->mem_node)
		return -ENOMEM;
	for (int cpu = 0; cpu < machine->nr_cpus; cpu++) {
		int own = machine->cpus[cpu].nid, best = -1;

		for (int nid = 0; nid < machine->nr_nodes; nid++) {
			if (!has_memory(machine, nid))
				continue;
			if (best < 0 || nid == own ||
			    (best != own && rig_node_distance(machine, own, nid) <
						    rig_node_distance(machine, own, best)))
				best = nid;
		}
		m->mem_node[cpu] = max(best, 0);
	}
	return 0;
}

/*
 * The lists of kmem_cache_node are objects of that very cache: its first slab is made by hand, and
 * its first object taken (early_kmem_cache_node_alloc).
 */
static int take_first_node(struct slub_cache *s, int nid, struct rig_cpu *cpu)
{
	struct page *slab = slub_new_slab(s, GFP_NOWAIT, nid, cpu);
	struct slub_node *n = s->node[nid];

	if (!slab)
		return -ENOMEM;
	n->self = slab->freelist;
	slab->freelist = slub_next(s, n->self);
	slab->inuse = 1;
	slub_count_slab(s, slab);
	slub_add_partial(slub_node_of(s, slab), slab, SLUB_TO_HEAD);
	rig_kmem_set_live(cpu->machine, n->self, true);
	return 0;
}

/* A boot cache gets an object for itself; CPU slabs are given up, as the kernel does there. */
static int bootstrap(struct kmem_cache *cache, struct kmem_cache *cache_cache, struct rig_cpu *cpu)
{
	cache->self =
		rig_kmem_cache_alloc(cpu, cache_cache, GFP_NOWAIT | __GFP_ZERO, NUMA_NO_NODE, 0);
	if (!cache->self)
		return -ENOMEM;
	slub_flush_cpu(slub_of(cache), cpu->id, cpu);
	return 0;
}

static int make_boot_caches(struct rig_machine *machine, struct slub_machine *m)
{
	unsigned int nodes = (unsigned int)machine->nr_nodes;
	struct rig_cpu *cpu = rig_kmem_cpu(machine);
	struct kmem_cache *node_cache, *cache_cache;
	int error = 0;

	node_cache = rig_kmem_boot_cache(machine, "kmem_cache_node", KERNEL_CACHE_NODE_BYTES,
					 SLAB_HWCACHE_ALIGN);
	if (!node_cache)
		return -ENOMEM;
	for (int nid = 0; nid < machine->nr_nodes && !error; nid++)
		if (slub_of(node_cache)->node[nid])
			error = take_first_node(slub_of(node_cache), nid, cpu);
	if (error)
		return error;
	m->node_cache = node_cache;
	cache_cache =
		rig_kmem_boot_cache(machine, "kmem_cache",
				    (nodes > 1 ? KERNEL_CACHE_BYTES_NUMA : KERNEL_CACHE_BYTES) +
					    nodes * (unsigned int)sizeof(void *),
				    SLAB_HWCACHE_ALIGN);
	if (!cache_cache)
		return -ENOMEM;
	list_move(&cache_cache->list, &node_cache->list); /* it counts as the oldest */
	error = bootstrap(cache_cache, cache_cache, cpu);
	if (!error)
		error = bootstrap(node_cache, cache_cache, cpu);
	if (!error)
		rig_kmem_account_caches_in(machine, cache_cache);
	return error;
}

static int slub_init(struct rig_machine *machine)
{
	struct slub_machine *m = calloc(1, sizeof(*m));
	int error;

	if (!m)
		return -ENOMEM;
	machine->slab_private = m;
	read_options(machine, m);
	error = find_memory_nodes(machine, m);
	if (!error && !machine->bare)
		error = make_boot_caches(machine, m);
	return error;
}

static void slub_fini(struct rig_machine *machine)
{
	struct slub_machine *m = slub_machine(machine);

	if (!m)
		return;
	free(m->debug_string);
	free(m->mem_node);
	free(m->depot);
	free(m);
	machine->slab_private = NULL;
}

static size_t slub_max_cache_size(const struct rig_machine *machine)
{
	return PAGE_SIZE * 2;
}

static void *slub_nearest_object(struct kmem_cache *cache, const void *address)
{
	struct page *slab = compound_head(rig_virt_to_page(cache->machine, address));
	struct slub_cache *s = slub_of(cache);
	unsigned int index = slub_index(s, slab, address);

	return slub_object(s, slab, min(index, (unsigned int)slab->objects - 1));
}

/* active_objs counts what lies on CPUs' lists as active, as the kernel's get_slabinfo does. */
static void slub_slabinfo(struct kmem_cache *cache, struct slabinfo *info)
{
	struct slub_cache *s = slub_of(cache);
	unsigned long unused = 0;
	struct page *slab;

	for (int nid = 0; nid < s->nr_nodes; nid++) {
		struct slub_node *n = s->node[nid];

		if (!n)
			continue;
		info->num_slabs += (unsigned long)atomic_long_read(&n->nr_slabs);
		info->num_objs += (unsigned long)atomic_long_read(&n->total_objects);
		rig_spin_lock(&n->list_lock);
		list_for_each_entry (slab, &n->partial, slab_list)
			unused += slab->objects - slab->inuse;
		rig_spin_unlock(&n->list_lock);
	}
	info->active_objs = info->num_objs - unused;
	info->active_slabs = info->num_slabs;
	info->objects_per_slab = s->oo.objects;
	info->cache_order = s->oo.order;
}

void rig_slub_cpu_state(const struct kmem_cache *cache, const struct rig_cpu *cpu,
			const void **freelist, unsigned long *tid)
{
	const struct slub_cpu *c = &slub_of(cache)->cpu[cpu->id];

	*freelist = READ_ONCE(c->list.freelist);
	*tid = READ_ONCE(c->list.tid);
}

const struct slab_backend slub = {
	.abi = RIG_BACKEND_ABI,
	.name = "slub",
	.init = slub_init,
	.fini = slub_fini,
	.cache_flags = slub_cache_flags,
	.cache_init = slub_cache_init,
	.cache_alias = slub_cache_alias,
	.cache_fini = slub_cache_fini,
	.cache_shutdown = slub_cache_shutdown,
	.cache_shrink = slub_cache_shrink,
	.alloc = slub_alloc,
	.free = slub_free,
	.alloc_bulk = slub_alloc_bulk,
	.free_bulk = slub_free_bulk,
	.kmalloc_max_cache_size = slub_max_cache_size,
	.kmalloc_min_size = 8,
	/* SLAB_CORE_FLAGS | SLAB_DEBUG_FLAGS | SLAB_CACHE_FLAGS of the kernel */
	.create_mask = SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_PANIC |
		       SLAB_TYPESAFE_BY_RCU | SLAB_DEBUG_FLAGS | SLAB_NOLEAKTRACE |
		       SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT | SLAB_NO_USER_FLAGS,
	.merges = true,
	.slabinfo = slub_slabinfo,
	.nearest_object = slub_nearest_object,
	.cpu_dead = slub_cpu_dead,
	.check = slub_check,
	.check_touched = slub_check_touched,
};

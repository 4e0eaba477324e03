// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLAB behind the backend's contract: the life of a machine's allocator and of its caches.
 *
 * The allocator of Bonwick's paper, as Linux had it until 6.8: objects of one size in slabs
 * (lists.c), handed out through arrays of each CPU (array.c), nodes apart (numa.c), and let go of
 * little by little when they are not used (reap.c). Everything that the kernel's SLAB keeps in
 * memory of its own allocation is kept so here too, so that its pages are the kernel's.
 *
 * Parameters of the command line: slab_max_order=N, noaliencache; and, for what a kernel's
 * configuration says: slab_freelist_random, slab_debug (CONFIG_DEBUG_SLAB).
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/gfp.h>

#include "slab.h"

/* Bytes of the kernel's struct kmem_cache in front of its array of nodes. */
#define KMEM_CACHE_BYTES 120

/* Machines with more memory may use slabs of two pages for small objects. */
#define MAX_ORDER_THRESHOLD (32UL << 20)

static int count_nodes(const struct rig_machine *machine)
{
	int nr = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		nr += machine->nodes[nid] != NULL;
	return nr;
}

static void read_options(const struct rig_machine *machine, struct slab_machine *all)
{
	long pages = atomic_long_read(&machine->totalram_pages);
	char value[16];

	all->max_order = pages > (long)(MAX_ORDER_THRESHOLD >> PAGE_SHIFT) ? 1 : 0;
	if (rig_boot_option(machine, "slab_max_order", value, sizeof(value)))
		all->max_order = (unsigned int)clamp_t(int, atoi(value), 0, MAX_ORDER - 1);
	all->use_alien =
		count_nodes(machine) > 1 && !rig_boot_option(machine, "noaliencache", NULL, 0);
	all->randomize = rig_boot_option(machine, "slab_freelist_random", NULL, 0);
	all->debug = rig_boot_option(machine, "slab_debug", NULL, 0);
}

static void slab_fini(struct rig_machine *machine)
{
	struct slab_machine *all = slab_machine(machine);

	if (!all)
		return;
	free(all->reapers);
	free(all);
	machine->slab_private = NULL;
}

static int slab_init(struct rig_machine *machine)
{
	struct slab_machine *all = calloc(1, sizeof(*all));
	size_t size = KMEM_CACHE_BYTES + sizeof(void *) * (size_t)machine->nr_nodes;
	struct kmem_cache *caches;

	if (!all)
		return -ENOMEM;
	machine->slab_private = all;
	spin_lock_init(&all->lock);
	INIT_LIST_HEAD(&all->caches);
	read_options(machine, all);
	caches = slab_init_reapers(machine) == 0
			 ? rig_kmem_boot_cache(machine, "kmem_cache", (unsigned int)size,
					       SLAB_HWCACHE_ALIGN)
			 : NULL;
	if (!caches) {
		slab_fini(machine);
		return -ENOMEM;
	}
	rig_kmem_account_caches_in(machine, caches);
	return 0;
}

static int slab_init_late(struct rig_machine *machine)
{
	struct slab_machine *all = slab_machine(machine);
	struct rig_cpu *cpu = rig_kmem_cpu(machine);
	struct slab_cache *data;

	list_for_each_entry (data, &all->caches, list) {
		int code = slab_enable_cpucache(data, GFP_NOWAIT, cpu);

		if (code)
			return code;
	}
	all->full = true;
	return 0;
}

static void forget(struct slab_cache *data, struct rig_cpu *cpu)
{
	slab_release(data, cpu);
	data->cache->backend_data = NULL;
	free(data->node);
	free(data);
}

static int slab_cache_init(struct kmem_cache *cache)
{
	struct rig_machine *machine = cache->machine;
	struct slab_machine *all = slab_machine(machine);
	struct rig_cpu *cpu = rig_kmem_cpu(machine);
	size_t cpus = sizeof(struct slab_cpu) * (size_t)machine->nr_cpus;
	struct slab_cache *data = aligned_alloc(64, ALIGN(sizeof(*data) + cpus, 64UL));
	int code;

	if (!data)
		return -ENOMEM;
	*data = (struct slab_cache){
		.cache = cache,
		.machine = machine,
		.threads = machine->nr_cpus > 1,
		.several_nodes = count_nodes(machine) > 1,
		.number = all->next_number++,
		.node = calloc((size_t)machine->nr_nodes, sizeof(struct slab_node *)),
	};
	for (int id = 0; id < machine->nr_cpus; id++)
		data->cpus[id] = (struct slab_cpu){ .array = NULL };
	cache->backend_data = data;
	if (!data->node) {
		free(data);
		return -ENOMEM;
	}
	code = slab_set_geometry(data);
	if (!code)
		code = slab_setup_cpu_cache(data, cpu);
	if (code) {
		forget(data, cpu);
		return code;
	}
	rig_spin_lock(&all->lock);
	list_add(&data->list, &all->caches);
	rig_spin_unlock(&all->lock);
	return 0;
}

/* What is on the list goes back, in use or not. */
static void drop_slabs(struct slab_cache *data, struct list_head *slabs, struct rig_cpu *cpu)
{
	/* objects in use have no poison and no quiet red zones; and nobody waits for a cache's end
	 */
	data->cache->flags &= ~(SLAB_DEBUG | SLAB_TYPESAFE_BY_RCU);
	if (slab_machine(data->machine)->ending)
		data->cache->flags &= ~SLAB_OFF_SLAB;
	slab_destroy_list(data, slabs, cpu);
}

static void slab_cache_fini(struct kmem_cache *cache)
{
	struct slab_machine *all = slab_machine(cache->machine);
	struct rig_cpu *cpu = rig_kmem_cpu(cache->machine);
	struct slab_cache *data = slab_data(cache);

	/* the allocator's own memory lies in these: only the machine's end takes them */
	if (cache->flags & SLAB_KMALLOC || cache->refcount < 0)
		all->ending = true;
	rig_spin_lock(&all->lock);
	list_del(&data->list);
	rig_spin_unlock(&all->lock);
	for (int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct slab_node *node = data->node[nid];

		if (!node)
			continue;
		drop_slabs(data, &node->full, cpu);
		drop_slabs(data, &node->partial, cpu);
		drop_slabs(data, &node->free, cpu);
	}
	forget(data, cpu);
}

static int slab_cache_shrink(struct kmem_cache *cache)
{
	struct rig_cpu *cpu = rig_kmem_cpu(cache->machine);
	struct slab_cache *data = slab_data(cache);
	bool left = false;

	slab_drain_all_arrays(data, cpu);
	for (int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct slab_node *node = data->node[nid];

		if (!node)
			continue;
		slab_drain_free(data, nid, ULONG_MAX, cpu);
		left |= !list_empty(&node->full) || !list_empty(&node->partial);
	}
	return left;
}

static bool slab_cache_shutdown(struct kmem_cache *cache)
{
	if (!slab_cache_shrink(cache))
		return true;
	slab_report_leaks(slab_data(cache));
	return false;
}

static void slab_cache_alias(struct kmem_cache *cache, unsigned int object_size)
{
	cache->usable_size = max(cache->usable_size, object_size);
}

static size_t slab_kmalloc_max_cache_size(const struct rig_machine *machine)
{
	return 2 * PAGE_SIZE;
}

static void slab_slabinfo(struct kmem_cache *cache, struct slabinfo *info)
{
	struct slab_cache *data = slab_data(cache);
	unsigned long free_objects = 0;

	*info = (struct slabinfo){
		.limit = data->limit,
		.batchcount = data->batchcount,
		.shared = data->shared,
		.objects_per_slab = data->num,
		.cache_order = data->order,
	};
	for (int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct slab_node *node;

		if (!data->node[nid])
			continue;
		node = slab_lock_node(data, nid);
		info->num_slabs += node->total_slabs;
		info->active_slabs += node->total_slabs - node->free_slabs;
		free_objects += node->free_objects;
		if (node->shared)
			info->shared_avail += node->shared->avail;
		rig_spin_unlock(&node->lock);
	}
	info->num_objs = info->num_slabs * data->num;
	info->active_objs = info->num_objs - free_objects;
}

/* A write to /proc/slabinfo; nonsense is ignored, as there. CPUs must be at rest. */
static int slab_write_slabinfo(struct kmem_cache *cache, int limit, int batchcount, int shared)
{
	if (limit < 1 || batchcount < 1 || batchcount > limit || shared < 0)
		return 0;
	return slab_tune(slab_data(cache), (unsigned int)limit, (unsigned int)batchcount,
			 (unsigned int)shared, GFP_KERNEL, rig_kmem_cpu(cache->machine));
}

static void *slab_nearest_object(struct kmem_cache *cache, const void *address)
{
	struct slab_cache *data = slab_data(cache);
	struct page *page = slab_page_of(data, address);
	unsigned int index;

	if ((const u8 *)address < (u8 *)page->s_mem)
		return NULL;
	index = slab_slot_index(data, page, address);
	return index < data->num ? (u8 *)slab_slot(data, page, index) + data->obj_offset : NULL;
}

/* What cpuup_canceled does for one cache. */
static void slab_cpu_dead(struct kmem_cache *cache, struct rig_cpu *dead)
{
	struct rig_cpu *cpu = rig_kmem_cpu(cache->machine);
	struct slab_cache *data = slab_data(cache);
	int nid = slab_node_of_cpu(dead);
	struct slab_array *array = slab_lock_array(data, dead->id);
	struct slab_node *node = slab_lock_node(data, nid);
	LIST_HEAD(doomed);

	node->free_limit -= min(node->free_limit, data->batchcount);
	slab_free_block(data, array->entry, array->avail, nid, &doomed);
	array->avail = 0;
	rig_spin_unlock(&node->lock);
	slab_unlock_array(data, dead->id);
	slab_destroy_list(data, &doomed, cpu);
	slab_drain_free(data, nid, ULONG_MAX, cpu);
}

const struct slab_backend slab_backend = {
	.abi = RIG_BACKEND_ABI,
	.name = "slab",
	.init = slab_init,
	.init_late = slab_init_late,
	.fini = slab_fini,
	.tick = slab_tick,
	.cache_init = slab_cache_init,
	.cache_alias = slab_cache_alias,
	.cache_fini = slab_cache_fini,
	.cache_shutdown = slab_cache_shutdown,
	.cache_shrink = slab_cache_shrink,
	.alloc = slab_alloc,
	.free = slab_free,
	.kmalloc_max_cache_size = slab_kmalloc_max_cache_size,
	.kmalloc_min_size = 32,
	.kmalloc_flags = SLAB_HWCACHE_ALIGN,
	.kmalloc_first_size = 128,
	.create_mask = SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_PANIC |
		       SLAB_TYPESAFE_BY_RCU | SLAB_DEBUG_OBJECTS | SLAB_MEM_SPREAD |
		       SLAB_NOLEAKTRACE | SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT | SLAB_DEBUG,
	.merges = true,
	.merge_compares_align = true,
	.slabinfo = slab_slabinfo,
	.tune = slab_write_slabinfo,
	.nearest_object = slab_nearest_object,
	.cpu_dead = slab_cpu_dead,
	.check = slab_check,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slab front end's life: options of the command line, the shadow of live objects, boot of the
 * backend and the size classes, the end, and the check of everything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/kernel.h>

#include <kmemrig/fault.h>
#include <kmemrig/rcu.h>

#include "kmem_private.h"

/* From the command line; the later of slab_merge and slab_nomerge would count in a kernel. */
static void read_options(struct rig_kmem *kmem)
{
	struct rig_machine *machine = kmem->machine;
	char value[8];

	kmem->init_on_alloc =
		rig_boot_option(machine, "init_on_alloc", value, sizeof(value)) && value[0] == '1';
	kmem->init_on_free =
		rig_boot_option(machine, "init_on_free", value, sizeof(value)) && value[0] == '1';
	kmem->nomerge = rig_boot_option(machine, "slab_nomerge", value, sizeof(value)) ||
			rig_boot_option(machine, "slub_nomerge", value, sizeof(value));
	kmem->memcg = rig_boot_option(machine, "memcg_kmem", value, sizeof(value));
}

#define HOST_ADDRESS_END (1UL << 47)

static int map_shadow(struct rig_kmem *kmem)
{
	struct rig_machine *machine = kmem->machine;

	machine->object_base = machine->direct_map;
	machine->object_limit = machine->max_low_pfn << (PAGE_SHIFT - 3);
	if (machine->slab->host_memory) {
		machine->object_base = NULL;
		machine->object_limit = HOST_ADDRESS_END >> 3;
	}
	kmem->live_bytes = machine->object_limit;
	kmem->live = mmap(NULL, kmem->live_bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (kmem->live == MAP_FAILED) {
		kmem->live = NULL;
		return -ENOMEM;
	}
	kmem->live_bias = (unsigned long)kmem->live - ((unsigned long)machine->object_base >> 3);
	madvise(kmem->live, kmem->live_bytes, MADV_NOHUGEPAGE);
	kmem->history = kmem_history_create(machine);
	return 0;
}

static int boot(struct rig_kmem *kmem)
{
	struct rig_machine *machine = kmem->machine;
	const struct slab_backend *backend = machine->slab;
	int error = 0;

	/* the end of a backend takes away what a start that failed has left */
	kmem->backend_up = true;
	if (backend->init)
		error = backend->init(machine);
	if (error)
		return error;
	if (kmem->bare)
		return 0;
	if (!backend->kmalloc)
		error = kmem_create_classes(kmem);
	if (error)
		return error;
	kmem->up = true;
	return backend->init_late ? backend->init_late(machine) : 0;
}

int rig_kmem_init(struct rig_machine *machine)
{
	struct rig_kmem *kmem = calloc(1, sizeof(*kmem));
	struct rig_cpu *before;
	int error;

	if (!kmem)
		return -ENOMEM;
	machine->kmem = kmem;
	kmem->machine = machine;
	kmem->next_id = 1;
	kmem->rcu_tail = &kmem->rcu_list;
	kmem->bare = machine->bare;
	INIT_LIST_HEAD(&kmem->caches);
	INIT_LIST_HEAD(&kmem->aliases);
	kmem->pages = calloc((size_t)max(machine->nr_nodes, 1), sizeof(*kmem->pages));
	read_options(kmem);
	kmem_set_limits(kmem);
	error = kmem->pages ? map_shadow(kmem) : -ENOMEM;
	if (!error) {
		before = rig_cpu_enter(rig_kmem_cpu(machine));
		error = boot(kmem);
		rig_cpu_enter(before);
	}
	if (error)
		rig_kmem_fini(machine);
	return error;
}

/* Boot caches last: the others' own objects came from them. */
static void drop_all(struct rig_kmem *kmem)
{
	struct kmem_cache *cache, *next;

	rig_rcu_run(rig_kmem_cpu(kmem->machine));
	kmem->cache_cache = NULL;
	list_for_each_entry_safe (cache, next, &kmem->caches, list)
		kmem_drop_cache(kmem, cache);
}

void rig_kmem_fini(struct rig_machine *machine)
{
	struct rig_kmem *kmem = kmem_of(machine);
	struct rig_cpu *before;

	if (!kmem)
		return;
	before = rig_cpu_enter(rig_kmem_cpu(machine));
	drop_all(kmem);
	if (kmem->backend_up && machine->slab->fini)
		machine->slab->fini(machine);
	rig_cpu_enter(before);
	if (kmem->live)
		munmap(kmem->live, kmem->live_bytes);
	kmem_history_destroy(kmem->history);
	free(kmem->pages);
	free(kmem);
	machine->kmem = NULL;
}

struct rig_cpu *rig_kmem_cpu(struct rig_machine *machine)
{
	struct rig_cpu *cpu = rig_this_cpu();

	return cpu && cpu->machine == machine ? cpu : &machine->cpus[0];
}

void rig_kmem_account_pages(struct rig_machine *machine, int nid, bool reclaimable, long pages)
{
	atomic_long_add(pages, &kmem_of(machine)->pages[nid][reclaimable ? 0 : 1]);
}

void rig_kmem_account_slab(const struct kmem_cache *cache, int nid, long pages)
{
	rig_kmem_account_pages(cache->machine, nid, cache->flags & SLAB_RECLAIM_ACCOUNT, pages);
}

unsigned long rig_kmem_pages(const struct rig_machine *machine, int nid, bool reclaimable)
{
	const struct rig_kmem *kmem = machine->kmem;
	long pages = kmem ? atomic_long_read(&kmem->pages[nid][reclaimable ? 0 : 1]) : 0;

	return pages < 0 ? 0 : (unsigned long)pages;
}

bool rig_kmem_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	const struct slab_backend *backend = machine->slab;
	struct kmem_cache *cache = NULL;

	if (!machine->kmem)
		return true;
	if (backend->check_machine && !backend->check_machine(machine, tier, verdict))
		return false;
	while ((cache = rig_kmem_cache_next(machine, cache)))
		if (backend->check && !backend->check(cache, tier, verdict))
			return false;
	return true;
}

/* Without the fault part nothing is made to fail. */
__attribute__((weak)) bool rig_failslab_decide(struct rig_cpu *cpu, struct kmem_cache *cache,
					       size_t size, gfp_t gfp)
{
	return false;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memblock's start, and the one behind the kernel's API (linux/memblock.h): the functions of
 * that header, each a line over the core.
 *
 * struct memblock memblock is a variable of its own, since programs name it; the rest of its state
 * is in kernel_memblock. movable_node_enabled is in movable_node.c, so that a program may bring
 * its own.
 */
#include <linux/memory_hotplug.h>

#include "internal.h"

unsigned long min_low_pfn;
unsigned long max_low_pfn;
unsigned long max_pfn;
unsigned long long max_possible_pfn;
bool mirrored_kernelcore;

static struct rig_memblock kernel_memblock = {
	.map = &memblock,
	.physmem = &physmem,
	.max_low_pfn = &max_low_pfn,
	.movable_node = &movable_node_enabled,
	.mirrored_kernelcore = &mirrored_kernelcore,
};

#define EMPTY_TYPE(array, type_name)                                                               \
	{                                                                                          \
		.regions = (array), .cnt = 1, .max = ARRAY_SIZE(array), .name = (type_name)        \
	}

struct memblock memblock = {
	.memory = EMPTY_TYPE(kernel_memblock.memory_init, "memory"),
	.reserved = EMPTY_TYPE(kernel_memblock.reserved_init, "reserved"),
	.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
};

struct memblock_type physmem = EMPTY_TYPE(kernel_memblock.physmem_init, "physmem");

struct rig_memblock *rig_memblock_kernel(void)
{
	return &kernel_memblock;
}

void rig_memblock_init(struct rig_memblock *mb, unsigned long virt_base)
{
	*mb = (struct rig_memblock){
		.map = &mb->own_map,
		.physmem = &mb->own_physmem,
		.virt_base = virt_base,
		.max_low_pfn = &mb->own_max_low_pfn,
		.movable_node = &mb->own_movable_node,
		.mirrored_kernelcore = &mb->own_mirrored_kernelcore,
		.own_max_low_pfn = ~0UL,
		.own_map.memory = EMPTY_TYPE(mb->memory_init, "memory"),
		.own_map.reserved = EMPTY_TYPE(mb->reserved_init, "reserved"),
		.own_map.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
		.own_physmem = EMPTY_TYPE(mb->physmem_init, "physmem"),
	};
}

void memblock_discard(void)
{
	rig_memblock_discard(&kernel_memblock);
}

void memblock_allow_resize(void)
{
	kernel_memblock.can_resize = true;
}

int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags)
{
	return rig_memblock_add_node(&kernel_memblock, base, size, nid, flags, _RET_IP_);
}

int memblock_add(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_add(&kernel_memblock, base, size, _RET_IP_);
}

int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_remove(&kernel_memblock, base, size, _RET_IP_);
}

int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_phys_free(&kernel_memblock, base, size, _RET_IP_);
}

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_reserve(&kernel_memblock, base, size, _RET_IP_);
}

int memblock_physmem_add(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_physmem_add(&kernel_memblock, base, size, _RET_IP_);
}

void memblock_trim_memory(phys_addr_t align)
{
	rig_memblock_trim_memory(&kernel_memblock, align);
}

bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_overlaps_region(type, base, size);
}

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_mark(&kernel_memblock, base, size, MEMBLOCK_HOTPLUG);
}

int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_clear(&kernel_memblock, base, size, MEMBLOCK_HOTPLUG);
}

int memblock_mark_mirror(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_mark(&kernel_memblock, base, size, MEMBLOCK_MIRROR);
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_mark(&kernel_memblock, base, size, MEMBLOCK_NOMAP);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_clear(&kernel_memblock, base, size, MEMBLOCK_NOMAP);
}

void reset_node_managed_pages(pg_data_t *pgdat)
{
	for (int type = 0; type < MAX_NR_ZONES; type++)
		atomic_long_set(&pgdat->node_zones[type].managed_pages, 0);
}

void reset_all_zones_managed_pages(void)
{
	struct rig_cpu *cpu = rig_this_cpu();

	for (int nid = 0; cpu && nid < cpu->machine->nr_nodes; nid++)
		if (cpu->machine->nodes[nid])
			reset_node_managed_pages(cpu->machine->nodes[nid]);
}

void memblock_free_all(void)
{
	(void)rig_memblock_free_all(&kernel_memblock);
}

void memblock_free(void *ptr, size_t size)
{
	rig_memblock_free(&kernel_memblock, ptr, size, _RET_IP_);
}

void memblock_free_late(phys_addr_t base, phys_addr_t size)
{
	rig_memblock_free_late(&kernel_memblock, base, size, _RET_IP_);
}

void __next_mem_range(u64 *idx, int nid, enum memblock_flags flags, struct memblock_type *type_a,
		      struct memblock_type *type_b, phys_addr_t *out_start, phys_addr_t *out_end,
		      int *out_nid)
{
	rig_memblock_next_range(&kernel_memblock, idx, nid, flags, type_a, type_b, out_start,
				out_end, out_nid);
}

void __next_mem_range_rev(u64 *idx, int nid, enum memblock_flags flags,
			  struct memblock_type *type_a, struct memblock_type *type_b,
			  phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid)
{
	rig_memblock_next_range_rev(&kernel_memblock, idx, nid, flags, type_a, type_b, out_start,
				    out_end, out_nid);
}

void __next_mem_pfn_range(int *idx, int nid, unsigned long *out_start_pfn,
			  unsigned long *out_end_pfn, int *out_nid)
{
	rig_memblock_next_pfn_range(&kernel_memblock, idx, nid, out_start_pfn, out_end_pfn,
				    out_nid);
}

void __next_mem_pfn_range_in_zone(u64 *idx, struct zone *zone, unsigned long *out_spfn,
				  unsigned long *out_epfn)
{
	rig_memblock_next_pfn_range_in_zone(&kernel_memblock, idx, zone, out_spfn, out_epfn);
}

int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn)
{
	return rig_memblock_search_pfn_nid(&kernel_memblock, pfn, start_pfn, end_pfn);
}

int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid)
{
	return rig_memblock_set_node(&kernel_memblock, base, size, type, nid);
}

phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end)
{
	return rig_memblock_phys_alloc_range(&kernel_memblock, size, align, start, end, _RET_IP_);
}

phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				     phys_addr_t end, int nid, bool exact_nid)
{
	return rig_memblock_alloc_range_nid(&kernel_memblock, size, align, start, end, nid,
					    exact_nid);
}

phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid)
{
	return rig_memblock_phys_alloc_try_nid(&kernel_memblock, size, align, nid);
}

void *memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				   phys_addr_t max_addr, int nid)
{
	return rig_memblock_alloc_exact_nid_raw(&kernel_memblock, size, align, min_addr, max_addr,
						nid, _RET_IP_);
}

void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid)
{
	return rig_memblock_alloc_try_nid_raw(&kernel_memblock, size, align, min_addr, max_addr,
					      nid, _RET_IP_);
}

void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid)
{
	return rig_memblock_alloc_try_nid(&kernel_memblock, size, align, min_addr, max_addr, nid,
					  _RET_IP_);
}

phys_addr_t memblock_phys_mem_size(void)
{
	return memblock.memory.total_size;
}

phys_addr_t memblock_reserved_size(void)
{
	return memblock.reserved.total_size;
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return rig_memblock_start_of_dram(&kernel_memblock);
}

phys_addr_t memblock_end_of_DRAM(void)
{
	return rig_memblock_end_of_dram(&kernel_memblock);
}

void memblock_enforce_memory_limit(phys_addr_t memory_limit)
{
	rig_memblock_enforce_memory_limit(&kernel_memblock, memory_limit);
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	rig_memblock_cap_memory_range(&kernel_memblock, base, size);
}

void memblock_mem_limit_remove_map(phys_addr_t limit)
{
	rig_memblock_mem_limit_remove_map(&kernel_memblock, limit);
}

bool memblock_is_memory(phys_addr_t addr)
{
	return rig_memblock_is_memory(&kernel_memblock, addr);
}

bool memblock_is_map_memory(phys_addr_t addr)
{
	return rig_memblock_is_map_memory(&kernel_memblock, addr);
}

bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_is_region_memory(&kernel_memblock, base, size);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return rig_memblock_is_reserved(&kernel_memblock, addr);
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return rig_memblock_overlaps_region(&memblock.reserved, base, size);
}

void memblock_dump_all(void)
{
	if (kernel_memblock.debug)
		rig_memblock_dump(&kernel_memblock);
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}

int deferred_page_init_max_threads(const struct cpumask *node_cpumask)
{
	return 1;
}

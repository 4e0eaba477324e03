// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of memblock's service: what is memory and not reserved goes to the page allocator, in
 * ascending order (memblock_free_all). The page allocator cuts each range into the largest aligned
 * blocks itself.
 */
#include "internal.h"

static void reserve_pages(struct rig_memblock *mb, const struct memblock_region *region)
{
	if (mb->ops && mb->ops->reserve_range && region->size)
		mb->ops->reserve_range(mb->ops_data, PFN_DOWN(region->base),
				       PFN_UP(region_end(region)));
}

/* memmap_init_reserved_pages: memory that is not mapped is reserved too. */
static void reserve_all(struct rig_memblock *mb)
{
	const struct memblock_type *reserved = &mb->map->reserved, *memory = &mb->map->memory;

	for (unsigned long i = 0; i < reserved->cnt; i++)
		reserve_pages(mb, &reserved->regions[i]);
	for (unsigned long i = 0; i < memory->cnt; i++)
		if (memory->regions[i].flags & MEMBLOCK_NOMAP)
			reserve_pages(mb, &memory->regions[i]);
}

static unsigned long free_pages_of(struct rig_memblock *mb, unsigned long start_pfn,
				   unsigned long end_pfn)
{
	if (start_pfn >= end_pfn)
		return 0;
	if (mb->ops && mb->ops->free_range)
		mb->ops->free_range(mb->ops_data, start_pfn, end_pfn);
	mb->freed_pages += end_pfn - start_pfn;
	return end_pfn - start_pfn;
}

unsigned long rig_memblock_free_all(struct rig_memblock *mb)
{
	unsigned long pages = 0;
	phys_addr_t start, end;
	u64 i;

	/* the kernel does not look at the result either: at worst a region stays hotpluggable */
	(void)rig_memblock_clear(mb, 0, PHYS_ADDR_MAX, MEMBLOCK_HOTPLUG);
	reserve_all(mb);
	rig_for_each_free_mem_range(mb, i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL) pages +=
		free_pages_of(mb, PFN_UP(start), min(PFN_DOWN(end), *mb->max_low_pfn));
	return pages;
}

void rig_memblock_free_late(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			    unsigned long caller)
{
	memblock_trace_range(mb, "memblock_free_late", base, size, caller);
	for (unsigned long pfn = PFN_UP(base); pfn < PFN_DOWN(base + size); pfn++)
		free_pages_of(mb, pfn, pfn + 1);
}

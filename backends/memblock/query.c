// SPDX-License-Identifier: GPL-2.0-only
/* Questions about memory and reservations. Nothing changes. */
#include "internal.h"

unsigned long memblock_addrs_overlap(phys_addr_t base1, phys_addr_t size1, phys_addr_t base2,
				     phys_addr_t size2)
{
	return base1 < base2 + size2 && base2 < base1 + size1;
}

bool rig_memblock_overlaps_region(const struct memblock_type *type, phys_addr_t base,
				  phys_addr_t size)
{
	size = capped_size(base, size);
	for (unsigned long i = 0; i < type->cnt; i++)
		if (memblock_addrs_overlap(base, size, type->regions[i].base,
					   type->regions[i].size))
			return true;
	return false;
}

int rig_memblock_search(const struct memblock_type *type, phys_addr_t address)
{
	unsigned long low = 0, high = type->cnt;

	while (low < high) {
		unsigned long middle = (low + high) / 2;

		if (address < type->regions[middle].base)
			high = middle;
		else if (address >= region_end(&type->regions[middle]))
			low = middle + 1;
		else
			return (int)middle;
	}
	return -1;
}

phys_addr_t rig_memblock_start_of_dram(const struct rig_memblock *mb)
{
	return mb->map->memory.regions[0].base;
}

phys_addr_t rig_memblock_end_of_dram(const struct rig_memblock *mb)
{
	return region_end(&mb->map->memory.regions[mb->map->memory.cnt - 1]);
}

bool rig_memblock_is_memory(const struct rig_memblock *mb, phys_addr_t address)
{
	return rig_memblock_search(&mb->map->memory, address) != -1;
}

bool rig_memblock_is_map_memory(const struct rig_memblock *mb, phys_addr_t address)
{
	int i = rig_memblock_search(&mb->map->memory, address);

	return i != -1 && !(mb->map->memory.regions[i].flags & MEMBLOCK_NOMAP);
}

bool rig_memblock_is_region_memory(const struct rig_memblock *mb, phys_addr_t base,
				   phys_addr_t size)
{
	int i = rig_memblock_search(&mb->map->memory, base);

	return i != -1 && region_end(&mb->map->memory.regions[i]) >= base + capped_size(base, size);
}

bool rig_memblock_is_reserved(const struct rig_memblock *mb, phys_addr_t address)
{
	return rig_memblock_search(&mb->map->reserved, address) != -1;
}

int rig_memblock_search_pfn_nid(const struct rig_memblock *mb, unsigned long pfn,
				unsigned long *start_pfn, unsigned long *end_pfn)
{
	int i = rig_memblock_search(&mb->map->memory, PFN_PHYS(pfn));
	const struct memblock_region *region;

	if (i == -1)
		return -1;
	region = &mb->map->memory.regions[i];
	*start_pfn = PFN_DOWN(region->base);
	*end_pfn = PFN_DOWN(region_end(region));
	return region->nid;
}

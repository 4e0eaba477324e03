// SPDX-License-Identifier: GPL-2.0-only
/*
 * Less memory than the firmware reports: mem= and friends, and regions cut to whole pages or
 * larger blocks.
 */
#include "internal.h"

/* The address below which @limit bytes of memory lie; PHYS_ADDR_MAX: there is not so much. */
static phys_addr_t address_of_limit(const struct memblock_type *memory, phys_addr_t limit)
{
	for (unsigned long i = 0; i < memory->cnt; i++) {
		const struct memblock_region *region = &memory->regions[i];

		if (limit <= region->size)
			return region->base + limit;
		limit -= region->size;
	}
	return PHYS_ADDR_MAX;
}

void rig_memblock_enforce_memory_limit(struct rig_memblock *mb, phys_addr_t limit)
{
	phys_addr_t end = limit ? address_of_limit(&mb->map->memory, limit) : PHYS_ADDR_MAX;

	if (end == PHYS_ADDR_MAX)
		return;
	/* as in the kernel, an array that can't be split is left as it is */
	(void)memblock_remove_range(mb, &mb->map->memory, end, PHYS_ADDR_MAX);
	(void)memblock_remove_range(mb, &mb->map->reserved, end, PHYS_ADDR_MAX);
}

static void remove_mapped(struct memblock_type *memory, unsigned long first, unsigned long last)
{
	while (last-- > first)
		if (!(memory->regions[last].flags & MEMBLOCK_NOMAP))
			memblock_remove_region(memory, last);
}

void rig_memblock_cap_memory_range(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size)
{
	struct memblock_type *memory = &mb->map->memory;
	unsigned long first, last;

	if (!size)
		return;
	if (!memory->total_size) {
		memblock_log(mb, "memblock_cap_memory_range: No memory registered yet");
		return;
	}
	if (memblock_isolate(mb, memory, base, size, &first, &last))
		return;
	remove_mapped(memory, last, memory->cnt);
	remove_mapped(memory, 0, first);
	(void)memblock_remove_range(mb, &mb->map->reserved, 0, base);
	(void)memblock_remove_range(mb, &mb->map->reserved, base + size, PHYS_ADDR_MAX);
}

void rig_memblock_mem_limit_remove_map(struct rig_memblock *mb, phys_addr_t limit)
{
	phys_addr_t end = limit ? address_of_limit(&mb->map->memory, limit) : PHYS_ADDR_MAX;

	if (end != PHYS_ADDR_MAX)
		rig_memblock_cap_memory_range(mb, 0, end);
}

/* total_size stays what it was for regions that are cut, as in the kernel. */
void rig_memblock_trim_memory(struct rig_memblock *mb, phys_addr_t align)
{
	struct memblock_type *memory = &mb->map->memory;

	for (unsigned long i = 0; i < memory->cnt;) {
		struct memblock_region *region = &memory->regions[i];
		phys_addr_t start = round_up(region->base, align);
		phys_addr_t end = round_down(region_end(region), align);

		/* the empty region that the last one leaves behind is as it should be, too */
		if (start == region->base && end == region_end(region)) {
			i++;
		} else if (start < end) {
			region->base = start;
			region->size = end - start;
			mb->trimmed = true;
			i++;
		} else {
			memblock_remove_region(memory, i);
		}
	}
}

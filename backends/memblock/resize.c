// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region arrays that double (memblock_double_array), and their end.
 *
 * The new array comes from memblock itself, page aligned, and is reserved after the old one was
 * copied: reserving needs the room that doubling makes. When the array of the reserved regions
 * doubles, the range whose reservation made that necessary is not in the array yet and so looks
 * free; the new array is searched above it first, then below it, never in it.
 */
#include <errno.h>
#include <string.h>

#include <linux/bug.h>

#include "internal.h"

static bool is_initial(const struct rig_memblock *mb, const struct memblock_region *regions)
{
	return regions == mb->memory_init || regions == mb->reserved_init ||
	       regions == mb->physmem_init;
}

/* As in the kernel, physmem shares the flag of the reserved regions. */
static bool *in_slab(struct rig_memblock *mb, const struct memblock_type *type)
{
	return type == &mb->map->memory ? &mb->memory_in_slab : &mb->reserved_in_slab;
}

/* A place for the new array; 0: none. */
static phys_addr_t find_place(struct rig_memblock *mb, const struct memblock_type *type,
			      phys_addr_t base, phys_addr_t size, phys_addr_t bytes)
{
	phys_addr_t limit = mb->map->current_limit, found;

	if (type != &mb->map->reserved)
		base = size = 0;
	found = memblock_find_in_range(mb, base + size, limit, bytes, PAGE_SIZE);
	if (!found && size)
		found = memblock_find_in_range(mb, 0, min(base, limit), bytes, PAGE_SIZE);
	return found;
}

static void free_array(struct rig_memblock *mb, struct memblock_region *regions, size_t bytes,
		       bool was_in_slab)
{
	if (was_in_slab)
		mb->ops->slab_free(mb->ops_data, regions);
	else if (!is_initial(mb, regions))
		rig_memblock_free(mb, regions, PAGE_ALIGN(bytes), RIG_HERE);
}

int memblock_double(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
		    phys_addr_t size)
{
	size_t old_bytes = type->max * sizeof(*type->regions), new_bytes = 2 * old_bytes;
	struct memblock_region *old = type->regions, *new = NULL;
	bool use_slab = mb->slab_is_available || mb->arrays_in_slab;
	phys_addr_t place = 0;

	if (!mb->can_resize)
		return -ENOMEM;
	if (use_slab) {
		new = mb->ops->slab_alloc(mb->ops_data, new_bytes, NUMA_NO_NODE);
		place = new ? phys(mb, new) : 0;
	} else {
		place = find_place(mb, type, base, size, PAGE_ALIGN(new_bytes));
		new = place ? virt(mb, place) : NULL;
	}
	if (!new) {
		memblock_log(mb, "memblock: Failed to double %s array from %ld to %ld entries !",
			     type->name, (long)type->max, (long)type->max * 2);
		return -ENOMEM;
	}
	if (mb->debug)
		memblock_log(mb, "memblock: %s is doubled to %ld at [0x%016llx-0x%016llx]",
			     type->name, (long)type->max * 2, (unsigned long long)place,
			     (unsigned long long)(place + new_bytes - 1));

	/* It may be the array of the reserved regions that is full: move first, then reserve. */
	memcpy(new, old, old_bytes);
	memset((char *)new + old_bytes, 0, old_bytes);
	type->regions = new;
	type->max *= 2;
	free_array(mb, old, old_bytes, *in_slab(mb, type));
	if (!use_slab)
		BUG_ON(rig_memblock_reserve(mb, place, PAGE_ALIGN(new_bytes), RIG_HERE));
	*in_slab(mb, type) = use_slab;
	return 0;
}

static void discard_array(struct rig_memblock *mb, struct memblock_type *type, bool was_in_slab)
{
	size_t bytes = type->max * sizeof(*type->regions);

	if (is_initial(mb, type->regions))
		return;
	if (was_in_slab)
		mb->ops->slab_free(mb->ops_data, type->regions);
	else
		rig_memblock_free_late(mb, phys(mb, type->regions), PAGE_ALIGN(bytes), RIG_HERE);
}

void rig_memblock_discard(struct rig_memblock *mb)
{
	discard_array(mb, &mb->map->reserved, mb->reserved_in_slab);
	discard_array(mb, &mb->map->memory, mb->memory_in_slab);
	mb->discarded = true;
}

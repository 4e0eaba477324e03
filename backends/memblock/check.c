// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants of region arrays.
 *
 *	memblock.count		at least one region, not more than the array has room for
 *	memblock.not_empty	a region has bytes, and its end does not wrap, unless the type is
 *empty memblock.sorted		regions ascend
 *	memblock.disjoint	no byte belongs to two regions of one type
 *	memblock.merged		neighbours that touch differ in node or flags
 *	memblock.total_size	total_size is the sum of the sizes; after trimming, at least that
 */
#include "internal.h"

static bool check_region(const struct memblock_type *type, unsigned long i,
			 struct rig_verdict *verdict)
{
	const struct memblock_region *region = &type->regions[i], *before = region - 1;

	if (region->size == 0 || region_end(region) < region->base)
		return rig_fails(verdict, "memblock.not_empty", "%s[%lu] at %#llx: %#llx bytes",
				 type->name, i, (unsigned long long)region->base,
				 (unsigned long long)region->size);
	if (i == 0)
		return true;
	if (region->base < before->base)
		return rig_fails(verdict, "memblock.sorted", "%s[%lu] at %#llx is below %#llx",
				 type->name, i, (unsigned long long)region->base,
				 (unsigned long long)before->base);
	if (region->base < region_end(before))
		return rig_fails(verdict, "memblock.disjoint",
				 "%s[%lu] at %#llx, the one before ends at %#llx", type->name, i,
				 (unsigned long long)region->base,
				 (unsigned long long)region_end(before));
	if (region->base == region_end(before) && region->nid == before->nid &&
	    region->flags == before->flags)
		return rig_fails(verdict, "memblock.merged", "%s[%lu] at %#llx continues %#llx",
				 type->name, i, (unsigned long long)region->base,
				 (unsigned long long)before->base);
	return true;
}

static bool check_type(const struct memblock_type *type, bool trimmed, struct rig_verdict *verdict)
{
	phys_addr_t sum = 0;

	if (type->cnt == 0 || type->cnt > type->max)
		return rig_fails(verdict, "memblock.count", "%s: %lu regions, room for %lu",
				 type->name, type->cnt, type->max);
	if (type->cnt == 1 && type->regions[0].size == 0 && type->total_size == 0)
		return true;
	for (unsigned long i = 0; i < type->cnt; i++) {
		if (!check_region(type, i, verdict))
			return false;
		sum += type->regions[i].size;
	}
	if (trimmed ? sum > type->total_size : sum != type->total_size)
		return rig_fails(verdict, "memblock.total_size", "%s: %#llx, regions have %#llx",
				 type->name, (unsigned long long)type->total_size,
				 (unsigned long long)sum);
	return true;
}

bool rig_memblock_check(const struct rig_memblock *mb, struct rig_verdict *verdict)
{
	verdict->name = NULL;
	return check_type(&mb->map->memory, mb->trimmed, verdict) &&
	       check_type(&mb->map->reserved, false, verdict) &&
	       check_type(mb->physmem, false, verdict);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walking over ranges: the regions of one type that another type leaves free.
 *
 *	type_a:    [0 ............ 100)          [200 .......... 300)
 *	type_b:          [30 .. 50)                    [220 ............ 400)
 *	gaps of b: [0 30)         [50 .................. 220)            [400 max)
 *	ranges:    [0 30)         [50  100)      [200 220)
 *
 * A position is the index of a region of a (low half) and of a gap of b (high half). Gap i lies
 * below region i of b, the last one above all regions. Both arrays are sorted, so both indices
 * move one way only; whichever of region and gap ends first is left behind.
 */
#include <limits.h>

#include "internal.h"

#define END_OF_RANGES (~(u64)0)

static void warn_numnodes(struct rig_memblock *mb, int *nid)
{
	if (likely(*nid != MAX_NUMNODES))
		return;
	if (!mb->warned_numnodes)
		memblock_log(mb, "Usage of MAX_NUMNODES is deprecated. Use NUMA_NO_NODE instead");
	mb->warned_numnodes = true;
	*nid = NUMA_NO_NODE;
}

/* Only memory has nodes and flags; other types are walked whole. */
static bool skips(const struct rig_memblock *mb, const struct memblock_type *type,
		  const struct memblock_region *region, int nid, enum memblock_flags flags)
{
	if (type != &mb->map->memory || mb->discarded)
		return false;
	if (nid != NUMA_NO_NODE && nid != region->nid)
		return true;
	if (*mb->movable_node && (region->flags & MEMBLOCK_HOTPLUG) && !(flags & MEMBLOCK_HOTPLUG))
		return true;
	if ((flags & MEMBLOCK_MIRROR) && !(region->flags & MEMBLOCK_MIRROR))
		return true;
	if ((region->flags & MEMBLOCK_NOMAP) && !(flags & MEMBLOCK_NOMAP))
		return true;
	return (region->flags & MEMBLOCK_DRIVER_MANAGED) && !(flags & MEMBLOCK_DRIVER_MANAGED);
}

struct range {
	phys_addr_t start, end;
};

/* What lies below region @index of @type and above the one before it. */
static struct range gap(const struct memblock_type *type, int index)
{
	return (struct range){
		.start = index ? region_end(&type->regions[index - 1]) : 0,
		.end = index < (int)type->cnt ? type->regions[index].base : PHYS_ADDR_MAX,
	};
}

static void put_range(const struct memblock_region *region, struct range within,
		      phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid)
{
	if (out_start)
		*out_start = max(region->base, within.start);
	if (out_end)
		*out_end = min(region_end(region), within.end);
	if (out_nid)
		*out_nid = region->nid;
}

static u64 position(int a, int b)
{
	return (u32)a | (u64)b << 32;
}

void rig_memblock_next_range(struct rig_memblock *mb, u64 *idx, int nid, enum memblock_flags flags,
			     struct memblock_type *type_a, struct memblock_type *type_b,
			     phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid)
{
	const struct range everything = { 0, PHYS_ADDR_MAX };
	int a = (int)*idx, b = (int)(*idx >> 32);

	warn_numnodes(mb, &nid);
	for (; a < (int)type_a->cnt; a++) {
		const struct memblock_region *region = &type_a->regions[a];

		if (skips(mb, type_a, region, nid, flags))
			continue;
		if (!type_b) {
			put_range(region, everything, out_start, out_end, out_nid);
			*idx = position(a + 1, b);
			return;
		}
		for (; b < (int)type_b->cnt + 1; b++) {
			struct range free = gap(type_b, b);

			if (free.start >= region_end(region))
				break;
			if (region->base >= free.end)
				continue;
			put_range(region, free, out_start, out_end, out_nid);
			*idx = region_end(region) <= free.end ? position(a + 1, b)
							      : position(a, b + 1);
			return;
		}
	}
	*idx = END_OF_RANGES;
}

void rig_memblock_next_range_rev(struct rig_memblock *mb, u64 *idx, int nid,
				 enum memblock_flags flags, struct memblock_type *type_a,
				 struct memblock_type *type_b, phys_addr_t *out_start,
				 phys_addr_t *out_end, int *out_nid)
{
	const struct range everything = { 0, PHYS_ADDR_MAX };
	int a = (int)*idx, b = (int)(*idx >> 32);

	warn_numnodes(mb, &nid);
	if (*idx == END_OF_RANGES) {
		a = (int)type_a->cnt - 1;
		b = type_b ? (int)type_b->cnt : 0;
	}
	for (; a >= 0; a--) {
		const struct memblock_region *region = &type_a->regions[a];

		if (skips(mb, type_a, region, nid, flags))
			continue;
		if (!type_b) {
			put_range(region, everything, out_start, out_end, out_nid);
			*idx = position(a - 1, b);
			return;
		}
		for (; b >= 0; b--) {
			struct range free = gap(type_b, b);

			if (free.end <= region->base)
				break;
			if (region_end(region) <= free.start)
				continue;
			put_range(region, free, out_start, out_end, out_nid);
			*idx = region->base >= free.start ? position(a - 1, b) : position(a, b - 1);
			return;
		}
	}
	*idx = END_OF_RANGES;
}

void rig_memblock_next_pfn_range(struct rig_memblock *mb, int *idx, int nid,
				 unsigned long *out_start_pfn, unsigned long *out_end_pfn,
				 int *out_nid)
{
	const struct memblock_type *type = &mb->map->memory;

	while (++*idx < (int)type->cnt) {
		const struct memblock_region *region = &type->regions[*idx];
		unsigned long start = PFN_UP(region->base), end = PFN_DOWN(region_end(region));

		if (start >= end || (nid != MAX_NUMNODES && nid != region->nid))
			continue;
		if (out_start_pfn)
			*out_start_pfn = start;
		if (out_end_pfn)
			*out_end_pfn = end;
		if (out_nid)
			*out_nid = region->nid;
		return;
	}
	*idx = -1;
}

void rig_memblock_next_pfn_range_in_zone(struct rig_memblock *mb, u64 *idx, struct zone *zone,
					 unsigned long *out_start_pfn, unsigned long *out_end_pfn)
{
	for (;;) {
		phys_addr_t start, end;
		unsigned long start_pfn, end_pfn;

		rig_memblock_next_range(mb, idx, zone->node, MEMBLOCK_NONE, &mb->map->memory,
					&mb->map->reserved, &start, &end, NULL);
		if (*idx == END_OF_RANGES)
			break;
		start_pfn = PFN_UP(start);
		end_pfn = PFN_DOWN(end);
		if (start_pfn >= end_pfn || end_pfn <= zone->zone_start_pfn)
			continue;
		if (start_pfn >= zone_end_pfn(zone)) {
			*idx = END_OF_RANGES;
			break;
		}
		if (out_start_pfn)
			*out_start_pfn = max(start_pfn, zone->zone_start_pfn);
		if (out_end_pfn)
			*out_end_pfn = min(end_pfn, zone_end_pfn(zone));
		return;
	}
	if (out_start_pfn)
		*out_start_pfn = ULONG_MAX;
	if (out_end_pfn)
		*out_end_pfn = 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region arrays: adding, removing, splitting and merging ranges (mm/memblock.c).
 *
 *	regions:   [0 ........ 4)[4 . 6)      [9 ....... 14)        cnt 3, max 128
 *	           node 0        node 1       node 1
 *
 * Invariants (check.c): sorted, disjoint, merged (neighbours that touch differ in node or flags),
 * total_size is the sum. A range is added in two passes over the same gaps: the first counts what
 * has to be inserted, so that the array can be doubled before anything changes; the second
 * inserts. Doubling may itself reserve memory and so move what the first pass counted, therefore
 * the passes share nothing but the range.
 */
#include <errno.h>
#include <string.h>

#include <linux/bug.h>

#include "internal.h"

void memblock_insert(struct memblock_type *type, unsigned long index,
		     const struct memblock_region *region)
{
	struct memblock_region *place = &type->regions[index];
	struct memblock_region copy = *region;

	BUG_ON(type->cnt >= type->max);
	memmove(place + 1, place, (type->cnt - index) * sizeof(*place));
	*place = copy;
	type->cnt++;
	type->total_size += copy.size;
}

void memblock_remove_region(struct memblock_type *type, unsigned long index)
{
	struct memblock_region *place = &type->regions[index];

	type->total_size -= place->size;
	memmove(place, place + 1, (type->cnt - index - 1) * sizeof(*place));
	type->cnt--;
	if (type->cnt)
		return;
	/* an empty array keeps one region of size 0 */
	WARN_ON(type->total_size != 0);
	type->cnt = 1;
	type->regions[0] = (struct memblock_region){ .nid = MAX_NUMNODES };
}

void memblock_merge(struct memblock_type *type)
{
	struct memblock_region *kept = type->regions;

	for (unsigned long i = 1; i < type->cnt; i++) {
		const struct memblock_region *next = &type->regions[i];

		BUG_ON(region_end(kept) > next->base);
		if (region_end(kept) == next->base && kept->nid == next->nid &&
		    kept->flags == next->flags)
			kept->size += next->size;
		else
			*++kept = *next;
	}
	type->cnt = (unsigned long)(kept - type->regions) + 1;
}

/*
 * Finds the parts of [base, end) that no region covers; inserts them when @insert. Returns how
 * many there are. What is covered keeps the node and flags it has.
 */
static unsigned long fill_gaps(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			       int nid, enum memblock_flags flags, bool insert)
{
	struct memblock_region gap = { .flags = flags, .nid = nid };
	unsigned long gaps = 0, i;

	for (i = 0; i < type->cnt && type->regions[i].base < end; i++) {
		const struct memblock_region *region = &type->regions[i];
		phys_addr_t covered_to = region_end(region);

		if (covered_to <= base)
			continue;
		if (region->base > base) {
			WARN_ON(nid != region->nid);
			WARN_ON(flags != region->flags);
			gaps++;
			gap.base = base;
			gap.size = region->base - base;
			if (insert)
				memblock_insert(type, i++, &gap);
		}
		base = min(covered_to, end);
	}
	if (base < end) {
		gaps++;
		gap.base = base;
		gap.size = end - base;
		if (insert)
			memblock_insert(type, i, &gap);
	}
	return gaps;
}

int memblock_add_range(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
		       phys_addr_t size, int nid, enum memblock_flags flags)
{
	unsigned long gaps;

	size = capped_size(base, size);
	if (size == 0)
		return 0;
	if (type->regions[0].size == 0) {
		WARN_ON(type->cnt != 1 || type->total_size);
		type->regions[0] = (struct memblock_region){ base, size, flags, nid };
		type->total_size = size;
		return 0;
	}
	/* A range has at most one gap more than there are regions: then there is no need to count.
	 */
	if (type->cnt * 2 + 1 >= type->max) {
		gaps = fill_gaps(type, base, base + size, nid, flags, false);
		if (gaps == 0)
			return 0;
		while (type->cnt + gaps > type->max)
			if (memblock_double(mb, type, base, size))
				return -ENOMEM;
	}
	if (fill_gaps(type, base, base + size, nid, flags, true))
		memblock_merge(type);
	return 0;
}

/* Cuts the region at @index in two at @at; the lower part keeps the index. */
static void split(struct memblock_type *type, unsigned long index, phys_addr_t at)
{
	struct memblock_region *upper = &type->regions[index];
	struct memblock_region lower = *upper;

	lower.size = at - lower.base;
	upper->base = at;
	upper->size -= lower.size;
	type->total_size -= lower.size;
	memblock_insert(type, index, &lower);
}

int memblock_isolate(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
		     phys_addr_t size, unsigned long *first, unsigned long *last)
{
	phys_addr_t end;
	unsigned long i;

	*first = *last = 0;
	size = capped_size(base, size);
	end = base + size;
	if (size == 0)
		return 0;
	while (type->cnt + 2 > type->max)
		if (memblock_double(mb, type, base, size))
			return -ENOMEM;
	for (i = 0; i < type->cnt && type->regions[i].base < end; i++) {
		const struct memblock_region *region = &type->regions[i];

		if (region_end(region) <= base)
			continue;
		if (region->base < base) {
			split(type, i, base);
			continue; /* with the upper part */
		}
		if (region_end(region) > end)
			split(type, i, end);
		if (*last == 0)
			*first = i;
		*last = i + 1;
	}
	return 0;
}

int memblock_remove_range(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
			  phys_addr_t size)
{
	unsigned long first, last;
	int code = memblock_isolate(mb, type, base, size, &first, &last);

	if (code)
		return code;
	while (last-- > first)
		memblock_remove_region(type, last);
	return 0;
}

int rig_memblock_add_node(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size, int nid,
			  enum memblock_flags flags, unsigned long caller)
{
	if (unlikely(mb->debug)) {
		char from[128];

		memblock_format_caller(from, sizeof(from), caller);
		memblock_log(mb, "memblock_add_node: [0x%016llx-0x%016llx] nid=%d flags=%x %s",
			     (unsigned long long)base, (unsigned long long)(base + size - 1), nid,
			     flags, from);
	}
	return memblock_add_range(mb, &mb->map->memory, base, size, nid, flags);
}

int rig_memblock_add(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
		     unsigned long caller)
{
	memblock_trace_range(mb, "memblock_add", base, size, caller);
	return memblock_add_range(mb, &mb->map->memory, base, size, MAX_NUMNODES, MEMBLOCK_NONE);
}

int rig_memblock_remove(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			unsigned long caller)
{
	memblock_trace_range(mb, "memblock_remove", base, size, caller);
	return memblock_remove_range(mb, &mb->map->memory, base, size);
}

int rig_memblock_reserve(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			 unsigned long caller)
{
	memblock_trace_range(mb, "memblock_reserve", base, size, caller);
	return memblock_add_range(mb, &mb->map->reserved, base, size, MAX_NUMNODES, MEMBLOCK_NONE);
}

int rig_memblock_phys_free(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			   unsigned long caller)
{
	memblock_trace_range(mb, "memblock_phys_free", base, size, caller);
	return memblock_remove_range(mb, &mb->map->reserved, base, size);
}

int rig_memblock_physmem_add(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			     unsigned long caller)
{
	memblock_trace_range(mb, "memblock_physmem_add", base, size, caller);
	return memblock_add_range(mb, mb->physmem, base, size, MAX_NUMNODES, MEMBLOCK_NONE);
}

int rig_memblock_mark(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
		      enum memblock_flags flag)
{
	struct memblock_type *type = &mb->map->memory;
	unsigned long first, last;
	int code;

	if (flag & MEMBLOCK_MIRROR) {
		if (!*mb->mirrored_kernelcore)
			return 0;
		mb->has_mirror = true;
	}
	code = memblock_isolate(mb, type, base, size, &first, &last);
	if (code)
		return code;
	for (; first < last; first++)
		type->regions[first].flags |= flag;
	memblock_merge(type);
	return 0;
}

int rig_memblock_clear(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
		       enum memblock_flags flag)
{
	struct memblock_type *type = &mb->map->memory;
	unsigned long first, last;
	int code = memblock_isolate(mb, type, base, size, &first, &last);

	if (code)
		return code;
	for (; first < last; first++)
		type->regions[first].flags &= ~flag;
	memblock_merge(type);
	return 0;
}

int rig_memblock_set_node(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			  struct memblock_type *type, int nid)
{
	unsigned long first, last;
	int code = memblock_isolate(mb, type, base, size, &first, &last);

	if (code)
		return code;
	for (; first < last; first++)
		type->regions[first].nid = nid;
	memblock_merge(type);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation: the first free range that fits, from the highest address down or (bottom_up) from
 * the lowest up, is reserved. What may be given up, and in which order, when nothing fits:
 *
 *	1. the node (unless it is demanded)
 *	2. mirroring, with the node wanted again
 *	3. the lower bound, by the functions that return host addresses, with all else wanted again
 *
 * Page 0 is never handed out, so that 0 can mean failure.
 */
#include <string.h>

#include <linux/bug.h>

#include "internal.h"

/* Where to look, and for what. */
struct search {
	phys_addr_t size, align;
	phys_addr_t start, end;
	int nid;
	enum memblock_flags flags;
};

static phys_addr_t find_bottom_up(struct rig_memblock *mb, const struct search *search)
{
	phys_addr_t start, end, candidate;
	u64 i;

	rig_for_each_free_mem_range(mb, i, search->nid, search->flags, &start, &end, NULL)
	{
		start = clamp(start, search->start, search->end);
		end = clamp(end, search->start, search->end);
		candidate = round_up(start, search->align);
		if (candidate < end && end - candidate >= search->size)
			return candidate;
	}
	return 0;
}

static phys_addr_t find_top_down(struct rig_memblock *mb, const struct search *search)
{
	phys_addr_t start, end, candidate;
	u64 i;

	rig_for_each_free_mem_range_reverse(mb, i, search->nid, search->flags, &start, &end, NULL)
	{
		start = clamp(start, search->start, search->end);
		end = clamp(end, search->start, search->end);
		if (end < search->size)
			continue;
		candidate = round_down(end - search->size, search->align);
		if (candidate >= start)
			return candidate;
	}
	return 0;
}

/* memblock_find_in_range_node */
static phys_addr_t find(struct rig_memblock *mb, struct search search)
{
	if (search.end == MEMBLOCK_ALLOC_ACCESSIBLE || search.end == MEMBLOCK_ALLOC_NOLEAKTRACE)
		search.end = mb->map->current_limit;
	search.start = max(search.start, (phys_addr_t)PAGE_SIZE);
	search.end = max(search.start, search.end);
	return mb->map->bottom_up ? find_bottom_up(mb, &search) : find_top_down(mb, &search);
}

static void say_no_mirrored(struct rig_memblock *mb, phys_addr_t size)
{
	memblock_log(mb, "Could not allocate 0x%016llx bytes of mirrored memory",
		     (unsigned long long)size);
}

phys_addr_t memblock_find_in_range(struct rig_memblock *mb, phys_addr_t start, phys_addr_t end,
				   phys_addr_t size, phys_addr_t align)
{
	struct search search = { size, align, start, end, NUMA_NO_NODE, preferred_flags(mb) };
	phys_addr_t found = find(mb, search);

	if (found || !(search.flags & MEMBLOCK_MIRROR))
		return found;
	say_no_mirrored(mb, size);
	search.flags &= ~MEMBLOCK_MIRROR;
	return find(mb, search);
}

static phys_addr_t find_and_reserve(struct rig_memblock *mb, struct search search)
{
	phys_addr_t found = find(mb, search);

	if (found && rig_memblock_reserve(mb, found, search.size, RIG_HERE))
		return 0;
	return found;
}

phys_addr_t rig_memblock_alloc_range_nid(struct rig_memblock *mb, phys_addr_t size,
					 phys_addr_t align, phys_addr_t start, phys_addr_t end,
					 int nid, bool exact_nid)
{
	struct search search = { size, align, start, end, nid, preferred_flags(mb) };
	phys_addr_t found;

	if (nid == MAX_NUMNODES) {
		if (!mb->warned_numnodes)
			memblock_log(mb, "Usage of MAX_NUMNODES is deprecated. "
					 "Use NUMA_NO_NODE instead");
		mb->warned_numnodes = true;
		nid = NUMA_NO_NODE;
	}
	if (!align) {
		memblock_log(mb, "memblock_alloc_range_nid: no alignment given, %d is taken",
			     SMP_CACHE_BYTES);
		search.align = SMP_CACHE_BYTES;
	}
	for (;;) {
		search.nid = nid;
		found = find_and_reserve(mb, search);
		if (found)
			return found;
		if (nid != NUMA_NO_NODE && !exact_nid) {
			search.nid = NUMA_NO_NODE;
			found = find_and_reserve(mb, search);
			if (found)
				return found;
		}
		if (!(search.flags & MEMBLOCK_MIRROR))
			return 0;
		search.flags &= ~MEMBLOCK_MIRROR;
		say_no_mirrored(mb, size);
	}
}

phys_addr_t rig_memblock_phys_alloc_range(struct rig_memblock *mb, phys_addr_t size,
					  phys_addr_t align, phys_addr_t start, phys_addr_t end,
					  unsigned long caller)
{
	if (unlikely(mb->debug)) {
		char from[128];

		memblock_format_caller(from, sizeof(from), caller);
		memblock_log(mb,
			     "memblock_phys_alloc_range: %llu bytes align=0x%llx from=0x%016llx "
			     "max_addr=0x%016llx %s",
			     (unsigned long long)size, (unsigned long long)align,
			     (unsigned long long)start, (unsigned long long)end, from);
	}
	return rig_memblock_alloc_range_nid(mb, size, align, start, end, NUMA_NO_NODE, false);
}

phys_addr_t rig_memblock_phys_alloc_try_nid(struct rig_memblock *mb, phys_addr_t size,
					    phys_addr_t align, int nid)
{
	return rig_memblock_alloc_range_nid(mb, size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, nid,
					    false);
}

/* Memblock's service is over: the slab allocator serves whoever comes late, with a warning. */
static void *alloc_late(struct rig_memblock *mb, phys_addr_t size, int nid)
{
	void *memory;

	if (!mb->warned_slab)
		WARN_ON(true);
	mb->warned_slab = true;
	memory = mb->ops->slab_alloc(mb->ops_data, size, nid);
	if (memory)
		memset(memory, 0, size);
	return memory;
}

/* memblock_alloc_internal */
static void *alloc_virtual(struct rig_memblock *mb, phys_addr_t size, phys_addr_t align,
			   phys_addr_t min_addr, phys_addr_t max_addr, int nid, bool exact_nid)
{
	phys_addr_t found;

	if (mb->slab_is_available)
		return alloc_late(mb, size, nid);
	max_addr = min(max_addr, mb->map->current_limit);
	found = rig_memblock_alloc_range_nid(mb, size, align, min_addr, max_addr, nid, exact_nid);
	if (!found && min_addr)
		found = rig_memblock_alloc_range_nid(mb, size, align, 0, max_addr, nid, exact_nid);
	return found ? virt(mb, found) : NULL;
}

static void trace_alloc(struct rig_memblock *mb, const char *function, phys_addr_t size,
			phys_addr_t align, phys_addr_t min_addr, phys_addr_t max_addr, int nid,
			unsigned long caller)
{
	char from[128];

	if (likely(!mb->debug))
		return;
	memblock_format_caller(from, sizeof(from), caller);
	memblock_log(mb, "%s: %llu bytes align=0x%llx nid=%d from=0x%016llx max_addr=0x%016llx %s",
		     function, (unsigned long long)size, (unsigned long long)align, nid,
		     (unsigned long long)min_addr, (unsigned long long)max_addr, from);
}

void *rig_memblock_alloc_exact_nid_raw(struct rig_memblock *mb, phys_addr_t size, phys_addr_t align,
				       phys_addr_t min_addr, phys_addr_t max_addr, int nid,
				       unsigned long caller)
{
	trace_alloc(mb, "memblock_alloc_exact_nid_raw", size, align, min_addr, max_addr, nid,
		    caller);
	return alloc_virtual(mb, size, align, min_addr, max_addr, nid, true);
}

void *rig_memblock_alloc_try_nid_raw(struct rig_memblock *mb, phys_addr_t size, phys_addr_t align,
				     phys_addr_t min_addr, phys_addr_t max_addr, int nid,
				     unsigned long caller)
{
	trace_alloc(mb, "memblock_alloc_try_nid_raw", size, align, min_addr, max_addr, nid, caller);
	return alloc_virtual(mb, size, align, min_addr, max_addr, nid, false);
}

void *rig_memblock_alloc_try_nid(struct rig_memblock *mb, phys_addr_t size, phys_addr_t align,
				 phys_addr_t min_addr, phys_addr_t max_addr, int nid,
				 unsigned long caller)
{
	void *memory;

	trace_alloc(mb, "memblock_alloc_try_nid", size, align, min_addr, max_addr, nid, caller);
	memory = alloc_virtual(mb, size, align, min_addr, max_addr, nid, false);
	if (memory)
		memset(memory, 0, size);
	return memory;
}

void rig_memblock_free(struct rig_memblock *mb, void *memory, size_t size, unsigned long caller)
{
	if (memory)
		rig_memblock_phys_free(mb, phys(mb, memory), size, caller);
}

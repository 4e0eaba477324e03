/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share. */
#ifndef RIG_MEMBLOCK_INTERNAL_H
#define RIG_MEMBLOCK_INTERNAL_H

#include <kmemrig/memblock.h>
#include <linux/kernel.h>

static inline phys_addr_t region_end(const struct memblock_region *region)
{
	return region->base + region->size;
}

/* The size of a range from @base that would wrap is cut (memblock_cap_size). */
static inline phys_addr_t capped_size(phys_addr_t base, phys_addr_t size)
{
	return min(size, PHYS_ADDR_MAX - base);
}

static inline void *virt(const struct rig_memblock *mb, phys_addr_t address)
{
	return (void *)(mb->virt_base + address);
}

static inline phys_addr_t phys(const struct rig_memblock *mb, const void *memory)
{
	return (unsigned long)memory - mb->virt_base;
}

/* Mirrored memory is wanted where there is some (choose_memblock_flags). */
static inline enum memblock_flags preferred_flags(const struct rig_memblock *mb)
{
	return mb->has_mirror ? MEMBLOCK_MIRROR : MEMBLOCK_NONE;
}

/* --- regions.c */
/* One more region at @index; there must be room. */
void memblock_insert(struct memblock_type *type, unsigned long index,
		     const struct memblock_region *region);
void memblock_remove_region(struct memblock_type *type, unsigned long index);
/* Joins neighbours that touch and agree in node and flags. */
void memblock_merge(struct memblock_type *type);
/*
 * Splits regions at the ends of the range, so that those inside are [*first, *last). 0 or -ENOMEM.
 */
int memblock_isolate(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
		     phys_addr_t size, unsigned long *first, unsigned long *last);
int memblock_add_range(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
		       phys_addr_t size, int nid, enum memblock_flags flags);
int memblock_remove_range(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
			  phys_addr_t size);

/* --- resize.c */
/*
 * Doubles the array. When it is that of the reserved regions, the new one stays clear of
 * [base, base + size), which is about to be reserved. 0 or -ENOMEM.
 */
int memblock_double(struct rig_memblock *mb, struct memblock_type *type, phys_addr_t base,
		    phys_addr_t size);

/* --- alloc.c */
/* The place for @size bytes in [start, end) on any node, preferring mirrored memory; 0: none. */
phys_addr_t memblock_find_in_range(struct rig_memblock *mb, phys_addr_t start, phys_addr_t end,
				   phys_addr_t size, phys_addr_t align);

/* --- show.c */
void memblock_log(struct rig_memblock *mb, const char *format, ...) __printf(2, 3);
/* "FUNCTION: [FIRST-LAST] CALLER" when debug prints are on. */
void memblock_trace_range(struct rig_memblock *mb, const char *function, phys_addr_t base,
			  phys_addr_t size, unsigned long caller);
/* SYMBOL+OFFSET, as %pS. */
void memblock_format_caller(char *text, size_t size, unsigned long address);

#endif

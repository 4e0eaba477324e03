/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memblock, the allocator of early boot (formerly LMB): which physical memory exists, and which of
 * it is taken, as two sorted arrays of regions. It serves until the page allocator takes over.
 *
 * This is the interface of Linux 6.1's header of this name, over the kernel's one memblock. That
 * one belongs to no machine: its physical addresses are host addresses (__va and __pa change
 * nothing), so that code written against the kernel's memblock runs in a plain program. The
 * memblock of a machine, and any number of others, are used through kmemrig/memblock.h, of which
 * all this is a thin layer.
 *
 * Addresses and sizes are physical, in bytes; a pfn is a page frame number. Nothing here sleeps
 * and nothing locks: early boot has one CPU.
 */
#ifndef _LINUX_MEMBLOCK_H_RIG
#define _LINUX_MEMBLOCK_H_RIG

#include <kmemrig/page_size.h>
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/numa.h>
#include <linux/types.h>

/* Page frames: lowest, one above the last directly mapped one, one above the last one. */
extern unsigned long min_low_pfn;
extern unsigned long max_low_pfn;
extern unsigned long max_pfn;
extern unsigned long long max_possible_pfn; /* with memory that may be plugged in later */

enum memblock_flags {
	MEMBLOCK_NONE = 0x0,
	MEMBLOCK_HOTPLUG = 0x1, /* may be unplugged: with movable_node only for movable pages */
	MEMBLOCK_MIRROR = 0x2,	/* mirrored: preferred for the kernel, with kernelcore=mirror */
	MEMBLOCK_NOMAP = 0x4,	/* not in the direct map; its struct pages are reserved */
	MEMBLOCK_DRIVER_MANAGED = 0x8, /* added by a driver, not by the firmware's map */
};

struct memblock_region {
	phys_addr_t base;
	phys_addr_t size;
	enum memblock_flags flags;
	int nid; /* MAX_NUMNODES: none was given */
};

/*
 * One array of regions, ascending and disjoint; neighbours that touch differ in flags or node.
 * An empty type holds one region of size 0.
 */
struct memblock_type {
	unsigned long cnt;	/* regions */
	unsigned long max;	/* for so many the array has room */
	phys_addr_t total_size; /* bytes in all regions */
	struct memblock_region *regions;
	char *name;
};

struct memblock {
	bool bottom_up;		   /* allocations start at the lowest address, not the highest */
	phys_addr_t current_limit; /* allocations stay below unless they name an upper bound */
	struct memblock_type memory;
	struct memblock_type reserved;
};

extern struct memblock memblock;
/* The memory that is installed, whatever limits were applied (as with HAVE_MEMBLOCK_PHYS_MAP). */
extern struct memblock_type physmem;

/* kernelcore=mirror was given: memblock_mark_mirror() has an effect. Set it before that. */
extern bool mirrored_kernelcore;

#define __init_memblock
#define __initdata_memblock

/* Region arrays that came from memory (not the initial ones) go to the page allocator. */
void memblock_discard(void);

/* From now on region arrays may double, in memory taken from memblock. Before: -ENOMEM when full.
 */
void memblock_allow_resize(void);

/*
 * Change what is memory, and what is reserved. Ranges may overlap what is there; what is there
 * stays as it is. 0, or -ENOMEM when the array is full and may not grow or finds no room.
 */
int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags);
int memblock_add(phys_addr_t base, phys_addr_t size);
int memblock_remove(phys_addr_t base, phys_addr_t size);
int memblock_phys_free(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int memblock_physmem_add(phys_addr_t base, phys_addr_t size);

/* Cuts each memory region to whole multiples of @align; what is left empty goes. */
void memblock_trim_memory(phys_addr_t align);
/* Non-zero when the two ranges share a byte. */
unsigned long memblock_addrs_overlap(phys_addr_t base1, phys_addr_t size1, phys_addr_t base2,
				     phys_addr_t size2);
bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base, phys_addr_t size);

/* Set or clear a flag of memory; regions are split at the range's ends, and merged. 0 or -ENOMEM.
 */
int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_mark_mirror(phys_addr_t base, phys_addr_t size);
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_clear_nomap(phys_addr_t base, phys_addr_t size);

/* The end of memblock's service: all free memory goes to the page allocator. */
void memblock_free_all(void);
/* Undoes an allocation, by the address that memblock_alloc*() returned; NULL is allowed. */
void memblock_free(void *ptr, size_t size);
/* Whole pages of a reserved range, after memblock_free_all(). */
void memblock_free_late(phys_addr_t base, phys_addr_t size);
void reset_node_managed_pages(pg_data_t *pgdat);
void reset_all_zones_managed_pages(void);

/*
 * The steps behind the iterators: the next range of @type_a that is not in @type_b (NULL: nothing
 * is left out). *idx holds the two positions and starts at 0 (ULLONG_MAX downwards); ULLONG_MAX
 * ends. Node and flags select only where @type_a is memblock.memory.
 */
void __next_mem_range(u64 *idx, int nid, enum memblock_flags flags, struct memblock_type *type_a,
		      struct memblock_type *type_b, phys_addr_t *out_start, phys_addr_t *out_end,
		      int *out_nid);
void __next_mem_range_rev(u64 *idx, int nid, enum memblock_flags flags,
			  struct memblock_type *type_a, struct memblock_type *type_b,
			  phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid);
void __next_mem_pfn_range(int *idx, int nid, unsigned long *out_start_pfn,
			  unsigned long *out_end_pfn, int *out_nid);
void __next_mem_pfn_range_in_zone(u64 *idx, struct zone *zone, unsigned long *out_spfn,
				  unsigned long *out_epfn);

static inline void __next_physmem_range(u64 *idx, struct memblock_type *type,
					phys_addr_t *out_start, phys_addr_t *out_end)
{
	__next_mem_range(idx, NUMA_NO_NODE, MEMBLOCK_NONE, &physmem, type, out_start, out_end,
			 NULL);
}

/* Outputs that are not wanted may be NULL in all of these. */
#define __for_each_mem_range(i, type_a, type_b, nid, flags, p_start, p_end, p_nid)                 \
	for (i = 0, __next_mem_range(&i, nid, flags, type_a, type_b, p_start, p_end, p_nid);       \
	     i != (u64)ULLONG_MAX;                                                                 \
	     __next_mem_range(&i, nid, flags, type_a, type_b, p_start, p_end, p_nid))

#define __for_each_mem_range_rev(i, type_a, type_b, nid, flags, p_start, p_end, p_nid)             \
	for (i = (u64)ULLONG_MAX,                                                                  \
	    __next_mem_range_rev(&i, nid, flags, type_a, type_b, p_start, p_end, p_nid);           \
	     i != (u64)ULLONG_MAX;                                                                 \
	     __next_mem_range_rev(&i, nid, flags, type_a, type_b, p_start, p_end, p_nid))

/* What is installed, less @type. */
#define for_each_physmem_range(i, type, p_start, p_end)                                            \
	for (i = 0, __next_physmem_range(&i, type, p_start, p_end); i != (u64)ULLONG_MAX;          \
	     __next_physmem_range(&i, type, p_start, p_end))

/* All memory (not what has MEMBLOCK_NOMAP), upwards and downwards. */
#define for_each_mem_range(i, p_start, p_end)                                                      \
	__for_each_mem_range(i, &memblock.memory, NULL, NUMA_NO_NODE,                              \
			     MEMBLOCK_HOTPLUG | MEMBLOCK_DRIVER_MANAGED, p_start, p_end, NULL)
#define for_each_mem_range_rev(i, p_start, p_end)                                                  \
	__for_each_mem_range_rev(i, &memblock.memory, NULL, NUMA_NO_NODE,                          \
				 MEMBLOCK_HOTPLUG | MEMBLOCK_DRIVER_MANAGED, p_start, p_end, NULL)

#define for_each_reserved_mem_range(i, p_start, p_end)                                             \
	__for_each_mem_range(i, &memblock.reserved, NULL, NUMA_NO_NODE, MEMBLOCK_NONE, p_start,    \
			     p_end, NULL)

/* Memory that is not reserved, upwards and downwards. */
#define for_each_free_mem_range(i, nid, flags, p_start, p_end, p_nid)                              \
	__for_each_mem_range(i, &memblock.memory, &memblock.reserved, nid, flags, p_start, p_end,  \
			     p_nid)
#define for_each_free_mem_range_reverse(i, nid, flags, p_start, p_end, p_nid)                      \
	__for_each_mem_range_rev(i, &memblock.memory, &memblock.reserved, nid, flags, p_start,     \
				 p_end, p_nid)

/* Whole pages of memory; @nid may be MAX_NUMNODES: all nodes. */
#define for_each_mem_pfn_range(i, nid, p_start, p_end, p_nid)                                      \
	for (i = -1, __next_mem_pfn_range(&i, nid, p_start, p_end, p_nid); i >= 0;                 \
	     __next_mem_pfn_range(&i, nid, p_start, p_end, p_nid))

/* Free whole pages inside a zone, from the start or from where @i stands. */
#define for_each_free_mem_pfn_range_in_zone(i, zone, p_start, p_end)                               \
	for (i = 0, __next_mem_pfn_range_in_zone(&i, zone, p_start, p_end); i != (u64)ULLONG_MAX;  \
	     __next_mem_pfn_range_in_zone(&i, zone, p_start, p_end))
#define for_each_free_mem_pfn_range_in_zone_from(i, zone, p_start, p_end)                          \
	for (; i != (u64)ULLONG_MAX; __next_mem_pfn_range_in_zone(&i, zone, p_start, p_end))

#define for_each_mem_region(region)                                                                \
	for (region = memblock.memory.regions;                                                     \
	     region < (memblock.memory.regions + memblock.memory.cnt); region++)
#define for_each_reserved_mem_region(region)                                                       \
	for (region = memblock.reserved.regions;                                                   \
	     region < (memblock.reserved.regions + memblock.reserved.cnt); region++)

static inline bool memblock_is_hotpluggable(struct memblock_region *m)
{
	return m->flags & MEMBLOCK_HOTPLUG;
}

static inline bool memblock_is_mirror(struct memblock_region *m)
{
	return m->flags & MEMBLOCK_MIRROR;
}

static inline bool memblock_is_nomap(struct memblock_region *m)
{
	return m->flags & MEMBLOCK_NOMAP;
}

static inline bool memblock_is_driver_managed(struct memblock_region *m)
{
	return m->flags & MEMBLOCK_DRIVER_MANAGED;
}

/* Node of the memory region that holds @pfn and the region's ends in pfns; -1: not memory. */
int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn);

/* Gives the range of @type to a node. 0 or -ENOMEM. */
int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid);

static inline void memblock_set_region_node(struct memblock_region *r, int nid)
{
	r->nid = nid;
}

static inline int memblock_get_region_node(const struct memblock_region *r)
{
	return r->nid;
}

/* Upper bounds with a meaning. */
#define MEMBLOCK_ALLOC_ANYWHERE (~(phys_addr_t)0)
#define MEMBLOCK_ALLOC_ACCESSIBLE 0  /* current_limit */
#define MEMBLOCK_ALLOC_NOLEAKTRACE 1 /* the same, unseen by kmemleak */

#define MEMBLOCK_LOW_LIMIT 0

#ifndef ARCH_LOW_ADDRESS_LIMIT
#define ARCH_LOW_ADDRESS_LIMIT 0xffffffffUL
#endif

/*
 * Allocations by physical address, which is returned; 0: no room. @align is a power of two (0 is
 * reported and taken for SMP_CACHE_BYTES). @nid is preferred, or with @exact_nid demanded. @end
 * counts as it is given, even above current_limit.
 */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end);
phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				     phys_addr_t end, int nid, bool exact_nid);
phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid);

static __always_inline phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_phys_alloc_range(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE);
}

/*
 * Allocations by host address; NULL: no room. @min_addr is given up when it can't be met;
 * @max_addr is lowered to current_limit. The raw ones do not clear the memory.
 */
void *memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				   phys_addr_t max_addr, int nid);
void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid);
void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid);

static __always_inline void *memblock_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid(size, align, MEMBLOCK_LOW_LIMIT, MEMBLOCK_ALLOC_ACCESSIBLE,
				      NUMA_NO_NODE);
}

static inline void *memblock_alloc_raw(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid_raw(size, align, MEMBLOCK_LOW_LIMIT,
					  MEMBLOCK_ALLOC_ACCESSIBLE, NUMA_NO_NODE);
}

static inline void *memblock_alloc_from(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr)
{
	return memblock_alloc_try_nid(size, align, min_addr, MEMBLOCK_ALLOC_ACCESSIBLE,
				      NUMA_NO_NODE);
}

static inline void *memblock_alloc_low(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid(size, align, MEMBLOCK_LOW_LIMIT, ARCH_LOW_ADDRESS_LIMIT,
				      NUMA_NO_NODE);
}

static inline void *memblock_alloc_node(phys_addr_t size, phys_addr_t align, int nid)
{
	return memblock_alloc_try_nid(size, align, MEMBLOCK_LOW_LIMIT, MEMBLOCK_ALLOC_ACCESSIBLE,
				      nid);
}

static inline void memblock_set_bottom_up(bool enable)
{
	memblock.bottom_up = enable;
}

static inline bool memblock_bottom_up(void)
{
	return memblock.bottom_up;
}

phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);
phys_addr_t memblock_start_of_DRAM(void);
phys_addr_t memblock_end_of_DRAM(void);
/* Keeps the lowest @memory_limit bytes of memory (mem=); 0, or more than there is: no change. */
void memblock_enforce_memory_limit(phys_addr_t memory_limit);
/* Keeps the range, and what has MEMBLOCK_NOMAP. */
void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size);
/* As memblock_enforce_memory_limit(), but what has MEMBLOCK_NOMAP stays. */
void memblock_mem_limit_remove_map(phys_addr_t limit);
bool memblock_is_memory(phys_addr_t addr);
bool memblock_is_map_memory(phys_addr_t addr);
/* The whole range lies in one memory region. */
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);
bool memblock_is_reserved(phys_addr_t addr);
/* Any byte of the range is reserved. */
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size);

/* Prints all regions, where memblock=debug is on (rig_memblock_set_debug()). */
void memblock_dump_all(void);

void memblock_set_current_limit(phys_addr_t limit);
phys_addr_t memblock_get_current_limit(void);

/* Whole pages of memory; any page that a reservation touches. */
static inline unsigned long memblock_region_memory_base_pfn(const struct memblock_region *reg)
{
	return PFN_UP(reg->base);
}

static inline unsigned long memblock_region_memory_end_pfn(const struct memblock_region *reg)
{
	return PFN_DOWN(reg->base + reg->size);
}

static inline unsigned long memblock_region_reserved_base_pfn(const struct memblock_region *reg)
{
	return PFN_DOWN(reg->base);
}

static inline unsigned long memblock_region_reserved_end_pfn(const struct memblock_region *reg)
{
	return PFN_UP(reg->base + reg->size);
}

#define HASH_EARLY 0x00000001 /* from memblock */
#define HASH_SMALL 0x00000002 /* less than a page is fine; *_hash_shift holds the minimum */
#define HASH_ZERO 0x00000004  /* cleared */

/*
 * A hash table of a power of two buckets of @bucketsize bytes: @numentries, or (0) one bucket for
 * each 2^scale bytes of memory. Never NULL: no room is a BUG. Only HASH_EARLY ones are served.
 */
void *alloc_large_system_hash(const char *tablename, unsigned long bucketsize,
			      unsigned long numentries, int scale, int flags,
			      unsigned int *_hash_shift, unsigned int *_hash_mask,
			      unsigned long low_limit, unsigned long high_limit);

/* Tables lie where memblock finds room, not spread over nodes. */
#define HASHDIST_DEFAULT 0
#define hashdist (0)

struct cpumask;

/* Threads that initialise a node's memory map: it is initialised when it is touched, so one. */
int deferred_page_init_max_threads(const struct cpumask *node_cpumask);

static inline void early_memtest(phys_addr_t start, phys_addr_t end)
{
	(void)start;
	(void)end;
}

#endif

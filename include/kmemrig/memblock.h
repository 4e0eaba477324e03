/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any number of memblocks: one for each machine, one for the kernel's API (linux/memblock.h, whose
 * functions of the same names are what these follow), others for tests.
 *
 * A struct rig_memblock is the kernel's struct memblock with what the kernel keeps in static
 * variables of mm/memblock.c beside it. Not locked: one thread at a time works on one. Addresses
 * and sizes are physical bytes. @caller, where a function takes it, is the address that debug
 * prints name as the origin: _RET_IP_, or RIG_HERE.
 */
#ifndef KMEMRIG_MEMBLOCK_H
#define KMEMRIG_MEMBLOCK_H

#include <kmemrig/check.h>
#include <linux/memblock.h>

#define INIT_MEMBLOCK_REGIONS 128 /* room in the arrays before they double */
#define INIT_PHYSMEM_REGIONS 4

/* What a memblock needs from around it. Each may be NULL. */
struct rig_memblock_ops {
	/* A line of the log, without newline. NULL: the log of the current CPU's machine. */
	void (*print)(void *data, const char *line);
	/* Pages [start_pfn, end_pfn) are free from now on: to the page allocator. */
	void (*free_range)(void *data, unsigned long start_pfn, unsigned long end_pfn);
	/* Pages [start_pfn, end_pfn) will not be free: their struct pages become PageReserved. */
	void (*reserve_range)(void *data, unsigned long start_pfn, unsigned long end_pfn);
	/* Once rig_memblock->slab_is_available: kmalloc and kfree of late requests. */
	void *(*slab_alloc)(void *data, size_t size, int nid);
	void (*slab_free)(void *data, void *memory);
};

struct rig_memblock {
	struct memblock *map;	       /* own_map; the kernel's API: the global */
	struct memblock_type *physmem; /* own_physmem; the kernel's API: the global */
	unsigned long virt_base;       /* host address of physical address 0 */
	unsigned long *max_low_pfn;    /* free pages from here on are not handed out (highmem) */
	bool *movable_node;	       /* hotpluggable memory is not allocated */
	bool *mirrored_kernelcore;     /* mirrored memory is preferred */
	const struct rig_memblock_ops *ops;
	void *ops_data;
	bool can_resize;
	bool debug;
	bool has_mirror;	/* some region was marked with MEMBLOCK_MIRROR */
	bool discarded;		/* memblock_discard() was called: the arrays are gone */
	bool slab_is_available; /* late allocations come from there */
	bool arrays_in_slab;	/* region arrays double there, even before */
	bool memory_in_slab;
	bool reserved_in_slab;
	bool warned_numnodes; /* warnings that are given once */
	bool warned_slab;
	bool trimmed; /* memblock_trim_memory() cut something without changing total_size */
	unsigned long freed_pages; /* handed out by memblock_free_all() and later */
	/* the initial arrays, and what the pointers point to unless told otherwise */
	struct memblock own_map;
	struct memblock_type own_physmem;
	unsigned long own_max_low_pfn;
	bool own_movable_node;
	bool own_mirrored_kernelcore;
	struct memblock_region memory_init[INIT_MEMBLOCK_REGIONS];
	struct memblock_region reserved_init[INIT_MEMBLOCK_REGIONS];
	struct memblock_region physmem_init[INIT_PHYSMEM_REGIONS];
};

/* The memblock behind linux/memblock.h. */
struct rig_memblock *rig_memblock_kernel(void);

/* Empty, allocations from the top, no limit; @virt_base: host address of physical address 0. */
void rig_memblock_init(struct rig_memblock *mb, unsigned long virt_base);

/* Prints of memblock=debug: each change and allocation, in the kernel's wording. */
void rig_memblock_set_debug(struct rig_memblock *mb, bool debug);

/* An address inside the calling function, for @caller. */
#define RIG_HERE                                                                                   \
	({                                                                                         \
		__label__ _here;                                                                   \
	_here:                                                                                     \
		(unsigned long)&&_here;                                                            \
	})

/* --- regions.c, resize.c: what is memory, what is reserved; 0 or -ENOMEM */
int rig_memblock_add_node(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size, int nid,
			  enum memblock_flags flags, unsigned long caller);
int rig_memblock_add(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
		     unsigned long caller);
int rig_memblock_remove(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			unsigned long caller);
int rig_memblock_reserve(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			 unsigned long caller);
int rig_memblock_phys_free(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			   unsigned long caller);
int rig_memblock_physmem_add(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			     unsigned long caller);
/* MEMBLOCK_MIRROR has an effect only with *mb->mirrored_kernelcore. */
int rig_memblock_mark(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
		      enum memblock_flags flag);
int rig_memblock_clear(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
		       enum memblock_flags flag);
int rig_memblock_set_node(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			  struct memblock_type *type, int nid);
/* Puts arrays that were taken from memory back (memblock_discard). Nothing may be asked after. */
void rig_memblock_discard(struct rig_memblock *mb);

/* --- limits.c */
void rig_memblock_trim_memory(struct rig_memblock *mb, phys_addr_t align);
void rig_memblock_enforce_memory_limit(struct rig_memblock *mb, phys_addr_t limit);
void rig_memblock_cap_memory_range(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size);
void rig_memblock_mem_limit_remove_map(struct rig_memblock *mb, phys_addr_t limit);

/* --- iterate.c */
void rig_memblock_next_range(struct rig_memblock *mb, u64 *idx, int nid, enum memblock_flags flags,
			     struct memblock_type *type_a, struct memblock_type *type_b,
			     phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid);
void rig_memblock_next_range_rev(struct rig_memblock *mb, u64 *idx, int nid,
				 enum memblock_flags flags, struct memblock_type *type_a,
				 struct memblock_type *type_b, phys_addr_t *out_start,
				 phys_addr_t *out_end, int *out_nid);
void rig_memblock_next_pfn_range(struct rig_memblock *mb, int *idx, int nid,
				 unsigned long *out_start_pfn, unsigned long *out_end_pfn,
				 int *out_nid);
void rig_memblock_next_pfn_range_in_zone(struct rig_memblock *mb, u64 *idx, struct zone *zone,
					 unsigned long *out_start_pfn, unsigned long *out_end_pfn);

/* As for_each_free_mem_range(), for_each_free_mem_range_reverse(), for_each_mem_pfn_range(). */
#define rig_for_each_free_mem_range(mb, i, nid, flags, p_start, p_end, p_nid)                      \
	for (i = 0, rig_memblock_next_range(mb, &i, nid, flags, &(mb)->map->memory,                \
					    &(mb)->map->reserved, p_start, p_end, p_nid);          \
	     i != ~(u64)0; rig_memblock_next_range(mb, &i, nid, flags, &(mb)->map->memory,         \
						   &(mb)->map->reserved, p_start, p_end, p_nid))
#define rig_for_each_free_mem_range_reverse(mb, i, nid, flags, p_start, p_end, p_nid)              \
	for (i = ~(u64)0,                                                                          \
	    rig_memblock_next_range_rev(mb, &i, nid, flags, &(mb)->map->memory,                    \
					&(mb)->map->reserved, p_start, p_end, p_nid);              \
	     i != ~(u64)0;                                                                         \
	     rig_memblock_next_range_rev(mb, &i, nid, flags, &(mb)->map->memory,                   \
					 &(mb)->map->reserved, p_start, p_end, p_nid))
#define rig_for_each_mem_pfn_range(mb, i, nid, p_start, p_end, p_nid)                              \
	for (i = -1, rig_memblock_next_pfn_range(mb, &i, nid, p_start, p_end, p_nid); i >= 0;      \
	     rig_memblock_next_pfn_range(mb, &i, nid, p_start, p_end, p_nid))

/* --- alloc.c: physical address or 0; host address or NULL */
phys_addr_t rig_memblock_alloc_range_nid(struct rig_memblock *mb, phys_addr_t size,
					 phys_addr_t align, phys_addr_t start, phys_addr_t end,
					 int nid, bool exact_nid);
phys_addr_t rig_memblock_phys_alloc_range(struct rig_memblock *mb, phys_addr_t size,
					  phys_addr_t align, phys_addr_t start, phys_addr_t end,
					  unsigned long caller);
phys_addr_t rig_memblock_phys_alloc_try_nid(struct rig_memblock *mb, phys_addr_t size,
					    phys_addr_t align, int nid);
void *rig_memblock_alloc_exact_nid_raw(struct rig_memblock *mb, phys_addr_t size, phys_addr_t align,
				       phys_addr_t min_addr, phys_addr_t max_addr, int nid,
				       unsigned long caller);
void *rig_memblock_alloc_try_nid_raw(struct rig_memblock *mb, phys_addr_t size, phys_addr_t align,
				     phys_addr_t min_addr, phys_addr_t max_addr, int nid,
				     unsigned long caller);
void *rig_memblock_alloc_try_nid(struct rig_memblock *mb, phys_addr_t size, phys_addr_t align,
				 phys_addr_t min_addr, phys_addr_t max_addr, int nid,
				 unsigned long caller);
void rig_memblock_free(struct rig_memblock *mb, void *memory, size_t size, unsigned long caller);

/* --- query.c */
bool rig_memblock_overlaps_region(const struct memblock_type *type, phys_addr_t base,
				  phys_addr_t size);
/* Index of the region of @type that holds @address; -1: none. */
int rig_memblock_search(const struct memblock_type *type, phys_addr_t address);
phys_addr_t rig_memblock_start_of_dram(const struct rig_memblock *mb);
phys_addr_t rig_memblock_end_of_dram(const struct rig_memblock *mb);
bool rig_memblock_is_memory(const struct rig_memblock *mb, phys_addr_t address);
bool rig_memblock_is_map_memory(const struct rig_memblock *mb, phys_addr_t address);
bool rig_memblock_is_region_memory(const struct rig_memblock *mb, phys_addr_t base,
				   phys_addr_t size);
bool rig_memblock_is_reserved(const struct rig_memblock *mb, phys_addr_t address);
int rig_memblock_search_pfn_nid(const struct rig_memblock *mb, unsigned long pfn,
				unsigned long *start_pfn, unsigned long *end_pfn);

/* --- release.c: to the page allocator */
/* Returns the pages handed out. */
unsigned long rig_memblock_free_all(struct rig_memblock *mb);
void rig_memblock_free_late(struct rig_memblock *mb, phys_addr_t base, phys_addr_t size,
			    unsigned long caller);

/* --- show.c */
/* Prints all regions (__memblock_dump_all), debug on or off. */
void rig_memblock_dump(struct rig_memblock *mb);
/*
 * The file memory, reserved or physmem of debugfs: a line a region. Returns a string that the
 * caller frees; NULL: no host memory.
 */
char *rig_memblock_show(const struct memblock_type *type);

/* --- check.c */
/*
 * memblock.count, memblock.not_empty, memblock.sorted, memblock.disjoint, memblock.merged,
 * memblock.total_size: true when both types keep all of them.
 */
bool __must_check rig_memblock_check(const struct rig_memblock *mb, struct rig_verdict *verdict);

#endif

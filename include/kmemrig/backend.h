/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend exports. A backend is one folder under backends/ with one const table; the build
 * finds the folders and writes the list of tables (include/kmemrig/registry.h), and the same
 * table plugs in from a shared object at run time: it exports
 *
 *	const struct slab_backend *kmemrig_slab_backend(void);     or
 *	const struct page_backend *kmemrig_page_backend(void);
 *
 * Fault injection and tracing sit in front of backends: a backend does neither (but the page
 * allocator emits its inner events: zone_locked, pcpu_drain, extfrag).
 */
#ifndef KMEMRIG_BACKEND_H
#define KMEMRIG_BACKEND_H

#include <kmemrig/check.h>
#include <kmemrig/cpu.h>
#include <kmemrig/machine.h>
#include <linux/gfp_types.h>
#include <linux/types.h>

/* Raised when a table's layout or meaning changes; a plug-in built for another is refused. */
#define RIG_BACKEND_ABI 3

struct kmem_cache;
struct slabinfo;

struct rig_page_request {
	gfp_t gfp;
	unsigned int order;
	int preferred_nid;
	const unsigned long *nodemask; /* bitmap of MAX_NUMNODES; NULL: all nodes */
};

struct page_backend {
	unsigned int abi; /* RIG_BACKEND_ABI */
	const char *name; /* the folder's name, and the value on the command line */
	/* Zones exist and are empty. -errno. */
	int (*init)(struct rig_machine *machine);
	void (*fini)(struct rig_machine *machine);
	/* Boot: pages [start_pfn, end_pfn) become free; in ascending order of calls. */
	void (*free_boot_range)(struct rig_machine *machine, unsigned long start_pfn,
				unsigned long end_pfn);
	/* NULL: no memory. The page is prepared: refcount 1, compound when __GFP_COMP. */
	struct page *(*alloc)(struct rig_cpu *cpu, const struct rig_page_request *request);
	/* Order-0 pages into @pages; returns how many slots are filled, as alloc_pages_bulk_array.
	 */
	unsigned long (*alloc_bulk)(struct rig_cpu *cpu, const struct rig_page_request *request,
				    unsigned long nr_pages, struct page **pages);
	/* The last reference is gone. */
	void (*free)(struct rig_cpu *cpu, struct page *page, unsigned int order);
	/* The same, to where it will be used last (FPI_TO_TAIL); NULL: free() will do. */
	void (*free_to_tail)(struct rig_cpu *cpu, struct page *page, unsigned int order);
	/* Pages linked by lru whose last reference is gone (free_unref_page_list). */
	void (*free_list)(struct rig_cpu *cpu, struct list_head *pages);
	/* Per-CPU lists of @cpu back to the zones. */
	void (*drain)(struct rig_cpu *cpu);
	/* true: all invariants up to the tier hold. */
	bool (*check)(struct rig_machine *machine, int tier, struct rig_verdict *verdict);
};

/*
 * A slab allocator. struct kmem_cache is the front end's (kmemrig/kmem_cache.h): name, sizes,
 * flags, constructor; the backend keeps its own data in cache->backend_data.
 */
struct slab_backend {
	unsigned int abi;
	const char *name;
	/*
	 * Once per machine, when pages can be had; may create boot caches (rig_kmem_boot_cache). On
	 * a bare machine (no free pages yet) it may not allocate. -errno.
	 */
	int (*init)(struct rig_machine *machine);
	/*
	 * The kmalloc caches exist and work (kmem_cache_init_late): what had to be small before
	 * gets its real size. NULL: nothing to do. -errno.
	 */
	int (*init_late)(struct rig_machine *machine);
	/* Every cache is gone. */
	void (*fini)(struct rig_machine *machine);
	/* The virtual clock moved on: @cpu runs what is due (SLAB's cache_reap). NULL: nothing. */
	void (*tick)(struct rig_cpu *cpu);
	/* Flags that the command line adds for a cache of this name (kmem_cache_flags); or NULL. */
	slab_flags_t (*cache_flags)(struct rig_machine *machine, unsigned int object_size,
				    slab_flags_t flags, const char *name);
	/*
	 * Sets cache->size, ->align, ->flags, ->usable_size, ->allocflags and its own data from
	 * object_size, align (calculate_alignment was applied) and flags. -errno, with nothing left
	 * allocated.
	 */
	int (*cache_init)(struct kmem_cache *cache);
	/* Another user with objects of @object_size bytes joined (merging). May be NULL. */
	void (*cache_alias)(struct kmem_cache *cache, unsigned int object_size);
	/*
	 * Gives back every page and all data, after cache_shutdown said true; and also, without
	 * that, when the machine ends with objects in use.
	 */
	void (*cache_fini)(struct kmem_cache *cache);
	/*
	 * True: no object is in use; all pages were given back. Otherwise reports each that is, in
	 * the kernel's wording, through rig_log; the cache goes on.
	 */
	bool (*cache_shutdown)(struct kmem_cache *cache);
	/* As __kmem_cache_shrink: 0 when no slab is left (each backend's notion). */
	int (*cache_shrink)(struct kmem_cache *cache);
	/* NULL: no memory. Not constructed again, not zeroed: constructors run when a slab is made.
	 */
	void *(*alloc)(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
	void (*free)(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
	/* Bulk calls; NULL: the front end loops. alloc_bulk: all or none; returns the number. */
	size_t (*alloc_bulk)(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects,
			     struct rig_cpu *cpu);
	void (*free_bulk)(struct kmem_cache *cache, size_t nr, void **objects, struct rig_cpu *cpu);
	/*
	 * kmalloc that does not go through caches (SLOB keeps the size in front of the block);
	 * NULL: the front end's size classes. @bytes_alloc gets what the event reports.
	 */
	void *(*kmalloc)(struct rig_machine *machine, size_t size, gfp_t gfp, int node,
			 struct rig_cpu *cpu, size_t *bytes_alloc);
	/* Of its own kmalloc's objects only: cache objects and large pages are the front end's. */
	void (*kfree)(struct rig_machine *machine, void *object, struct rig_cpu *cpu);
	size_t (*ksize)(struct rig_machine *machine, const void *object);
	/* Where kmalloc stops using size classes: larger requests are pages. Bytes. */
	size_t (*kmalloc_max_cache_size)(const struct rig_machine *machine);
	/*
	 * Objects are the host's memory, not the machine's: baselines for comparison. Needs its own
	 * kmalloc, since no page leads from an object to its cache.
	 */
	bool host_memory;
	/* Smallest alignment and size of kmalloc objects: ARCH_KMALLOC_MINALIGN, KMALLOC_MIN_SIZE.
	 */
	size_t kmalloc_min_size;
	/* Flags of every kmalloc cache (ARCH_KMALLOC_FLAGS: SLAB_HWCACHE_ALIGN for SLAB). */
	slab_flags_t kmalloc_flags;
	/* The size class made first, since the backend needs it for the others; 0: none. Bytes. */
	size_t kmalloc_first_size;
	/* Flags of kmem_cache_create that are kept (CACHE_CREATE_MASK); the others are dropped. */
	slab_flags_t create_mask;
	/* Caches that fit may be one (find_mergeable); SLAB also asks that the alignments agree. */
	bool merges;
	bool merge_compares_align;
	/* One line of /proc/slabinfo. */
	void (*slabinfo)(struct kmem_cache *cache, struct slabinfo *info);
	/* A write to /proc/slabinfo; -errno. NULL: -EIO, as where the kernel has no tunables. */
	int (*tune)(struct kmem_cache *cache, int limit, int batchcount, int shared);
	/*
	 * The cache that owns the slab at an address of the direct map; NULL: not a slab of caches
	 * (SLOB: of any cache). May be NULL: the front end reads page->slab_cache.
	 */
	struct kmem_cache *(*cache_of)(struct rig_machine *machine, const void *object);
	/* Start of the object slot that @address lies in, NULL: in none. For reports; or NULL. */
	void *(*nearest_object)(struct kmem_cache *cache, const void *address);
	/*
	 * Takes all room in partly used pages, for good: what comes next begins on fresh ones, as
	 * where the op scripts were recorded. NULL: caches of the script's own are fresh anyway.
	 */
	void (*use_up)(struct rig_machine *machine);
	/* A CPU goes away: its private objects go back. */
	void (*cpu_dead)(struct kmem_cache *cache, struct rig_cpu *cpu);
	bool (*check)(struct kmem_cache *cache, int tier, struct rig_verdict *verdict);
	/* What belongs to no single cache (SLOB's lists); may be NULL. */
	bool (*check_machine)(struct rig_machine *machine, int tier, struct rig_verdict *verdict);
	/*
	 * After @cpu allocated or freed @object, where the machine asks for checks after each
	 * operation: what that touched, up to tier 2. Other CPUs may run. NULL: check() instead.
	 */
	bool (*check_touched)(struct kmem_cache *cache, const void *object, struct rig_cpu *cpu,
			      int tier, struct rig_verdict *verdict);
};

/* The backends of this build; NULL ends each table. */
extern const struct page_backend *const rig_page_backends[];
extern const struct slab_backend *const rig_slab_backends[];

/* By name; NULL: no such backend. */
const struct page_backend *rig_find_page_backend(const char *name);
const struct slab_backend *rig_find_slab_backend(const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slab front end's core functions: what include/linux/slab.h wraps, with the CPU and the call
 * site said. The front end owns the list of caches, the kmalloc size classes, events, the fault
 * hook, zeroing, and the contracts of callers; where memory comes from is the slab backend's.
 *
 * Tier-0 contracts rest on a shadow of the direct map, a byte for each 8 bytes of memory, which is
 * 1 exactly where a live object starts: a free of anything else is caught in constant time on
 * every backend (double free, pointer into an object, foreign pointer).
 *
 * A @call_site of 0 means: not known. The event gets cpu->call_site where that is set.
 */
#ifndef KMEMRIG_KMEM_H
#define KMEMRIG_KMEM_H

#include <stdio.h>

#include <kmemrig/backend.h>
#include <kmemrig/cpu.h>
#include <kmemrig/kmem_cache.h>
#include <linux/slab.h>
#include <linux/types.h>

/* A part of the machine (see backends/machine/parts.h). -errno. */
int rig_kmem_init(struct rig_machine *machine);
void rig_kmem_fini(struct rig_machine *machine);
bool rig_kmem_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict);

/* Caches. NULL and a line in the log: refused or no memory. */
struct kmem_cache *rig_kmem_cache_create(struct rig_cpu *cpu, const char *name, unsigned int size,
					 unsigned int align, slab_flags_t flags,
					 unsigned int useroffset, unsigned int usersize,
					 void (*ctor)(void *));
/* 0, or -EBUSY: objects are in use; they were reported and the cache stays. */
int rig_kmem_cache_destroy(struct rig_cpu *cpu, struct kmem_cache *cache, unsigned long call_site);
int rig_kmem_cache_shrink(struct rig_cpu *cpu, struct kmem_cache *cache);

/* Objects. @node may be NUMA_NO_NODE. NULL: no memory. */
void *rig_kmem_cache_alloc(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, int node,
			   unsigned long call_site);
void rig_kmem_cache_free(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
			 unsigned long call_site);
size_t rig_kmem_cache_alloc_bulk(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp,
				 size_t nr, void **objects);
void rig_kmem_cache_free_bulk(struct rig_cpu *cpu, struct kmem_cache *cache, size_t nr,
			      void **objects);

/* kmalloc. ZERO_SIZE_PTR for 0 bytes. */
void *rig_kmalloc(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node, unsigned long call_site);
void *rig_kmalloc_large(struct rig_cpu *cpu, size_t size, gfp_t gfp, int node,
			unsigned long call_site);
void *rig_krealloc(struct rig_cpu *cpu, const void *object, size_t size, gfp_t gfp,
		   unsigned long call_site);
void rig_kfree(struct rig_cpu *cpu, const void *object, unsigned long call_site);
size_t rig_ksize(struct rig_cpu *cpu, const void *object);
/* The size class that serves @size with @gfp; NULL: none (pages, or the backend's own kmalloc). */
struct kmem_cache *rig_kmalloc_cache(struct rig_machine *machine, size_t size, gfp_t gfp);
size_t rig_kmalloc_size_roundup(struct rig_machine *machine, size_t size);

/*
 * Caches of a machine, in the order of /proc/slabinfo (newest first). @cache NULL: the first;
 * NULL: there is no other.
 */
struct kmem_cache *rig_kmem_cache_next(struct rig_machine *machine, struct kmem_cache *cache);
/* By name, merged names (aliases) too; NULL: none. */
struct kmem_cache *rig_kmem_cache_find(struct rig_machine *machine, const char *name);
/* The cache of the object at @address, or NULL; any address inside the object's slab will do. */
struct kmem_cache *rig_kmem_cache_of(struct rig_machine *machine, const void *address);
/* Is @object the start of a live object of a cache or of the backend's kmalloc? */
bool rig_kmem_is_live(const struct rig_machine *machine, const void *object);
/*
 * Restoring only. A cache is made, with its name and no more, as the newest: the backend
 * fills in the rest. NULL: no host memory.
 */
struct kmem_cache *rig_kmem_restore_cache(struct rig_machine *machine, const char *name);
/* The size classes are among the caches by now. False: one is missing. */
bool rig_kmem_restore_done(struct rig_machine *machine);
/* Restoring only: says that a live object starts at @object. */
void rig_kmem_set_live(struct rig_machine *machine, const void *object, bool live);

/* /proc/slabinfo in the kernel's format (version 2.1). */
void rig_slabinfo_show(struct rig_machine *machine, FILE *out);

/*
 * For backends: a cache made while the machine boots, without merging and without an object for
 * itself (create_boot_cache); NULL: no memory. @align 0: ARCH_KMALLOC_MINALIGN, and the size where
 * that is a power of two.
 */
struct kmem_cache *rig_kmem_boot_cache(struct rig_machine *machine, const char *name,
				       unsigned int size, slab_flags_t flags);
/*
 * For backends: from now on each new cache takes an object of @cache, as the kernel's struct
 * kmem_cache objects come from a cache of their own.
 */
void rig_kmem_account_caches_in(struct rig_machine *machine, struct kmem_cache *cache);

/* For backends: @pages pages of a slab of @cache came (or, negative, went). */
void rig_kmem_account_slab(const struct kmem_cache *cache, int nid, long pages);
void rig_kmem_account_pages(struct rig_machine *machine, int nid, bool reclaimable, long pages);
/* Pages that slabs and large kmallocs hold on a node: NR_SLAB_(UN)RECLAIMABLE_B, in pages. */
unsigned long rig_kmem_pages(const struct rig_machine *machine, int nid, bool reclaimable);
/* For backends, before taking pages: says and drops flags that slabs can't have. */
gfp_t rig_kmem_fix_flags(struct rig_cpu *cpu, gfp_t gfp);
/* For backends: a free of an object that is not @cache's, found where the shadow did not tell. */
void rig_kmem_wrong_cache(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object);

/*
 * The CPU that code without one runs on: the calling thread's where it belongs to @machine,
 * otherwise CPU 0. For cache_init and the like.
 */
struct rig_cpu *rig_kmem_cpu(struct rig_machine *machine);

/*
 * Parameters of the kernel command line that the front end and SLUB know (rig_machine_config):
 * slab_nomerge slab_merge slub_nomerge slub_merge, slub_debug=FZPUTA[,cache..],
 * slub_min_order= slub_max_order= slub_min_objects=, and, for what a kernel's configuration
 * says: slab_freelist_random slab_freelist_hardened memcg_kmem (kmalloc-cg caches are their own)
 * init_on_alloc=1 init_on_free=1.
 */

#endif

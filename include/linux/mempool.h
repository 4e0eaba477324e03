/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools that keep a number of elements in reserve, so that an allocation which may sleep never
 * fails: Linux 6.1's mm/mempool.c. A pool belongs to its user (it may be embedded); its functions
 * act on the CPU that the thread drives.
 */
#ifndef _LINUX_MEMPOOL_H_RIG
#define _LINUX_MEMPOOL_H_RIG

#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct kmem_cache;
struct rig_verdict;

typedef void *(mempool_alloc_t)(gfp_t gfp_mask, void *pool_data);
typedef void(mempool_free_t)(void *element, void *pool_data);

typedef struct mempool_s {
	spinlock_t lock;
	int min_nr;	 /* elements that the reserve is filled up to */
	int curr_nr;	 /* elements in the reserve now */
	void **elements; /* [min_nr]; the last one goes first */
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	wait_queue_head_t wait;
	size_t object_size; /* of a slab pool's elements when the first one came; bytes */
} mempool_t;

static inline bool mempool_initialized(mempool_t *pool)
{
	return pool->elements != NULL;
}

/*
 * Makes a pool with @min_nr elements in reserve, which alloc_fn gives and free_fn takes. The
 * _node form says where the pool's own memory and with which gfp flags all of it comes from; the
 * others use GFP_KERNEL. NULL / -ENOMEM: not all of the reserve could be had. May sleep.
 */
mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			  void *pool_data);
mempool_t *mempool_create_node(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			       void *pool_data, gfp_t gfp_mask, int nid);
int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
		 void *pool_data);
int mempool_init_node(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn,
		      mempool_free_t *free_fn, void *pool_data, gfp_t gfp_mask, int nid);

/* Gives the reserve back; all elements in use must have come back. NULL is nothing. */
void mempool_destroy(mempool_t *pool);
void mempool_exit(mempool_t *pool);

/*
 * Another size of the reserve. Growing allocates with GFP_KERNEL and stops quietly where that
 * fails (mempool_free fills the rest); -ENOMEM when not even the array can be had. May sleep.
 */
int mempool_resize(mempool_t *pool, int new_min_nr);

/*
 * An element: from alloc_fn without trying hard, then from the reserve, then from alloc_fn with
 * all that @gfp_mask allows, then waiting until one comes back. NULL only when @gfp_mask has no
 * __GFP_DIRECT_RECLAIM. A task that waits 120 seconds of the virtual clock while nothing can
 * happen any more is reported as hung ("mempool.hung") and then gets NULL.
 */
void *mempool_alloc(mempool_t *pool, gfp_t gfp_mask);

/* Into the reserve while that is short (waking a waiter), to free_fn otherwise. Any context. */
void mempool_free(void *element, mempool_t *pool);

/* Elements from a kmem_cache without constructor (pool_data). */
void *mempool_alloc_slab(gfp_t gfp_mask, void *pool_data);
void mempool_free_slab(void *element, void *pool_data);
/* Elements of kmalloc (pool_data is the size in bytes). */
void *mempool_kmalloc(gfp_t gfp_mask, void *pool_data);
void mempool_kfree(void *element, void *pool_data);
/* Elements are struct page * (pool_data is the order). */
void *mempool_alloc_pages(gfp_t gfp_mask, void *pool_data);
void mempool_free_pages(void *element, void *pool_data);

/*
 * Whether the elements in reserve are poisoned and looked at when they leave it ("BUG: mempool
 * element poison mismatch"): from check tier 1 on, or when slub_debug is on the command line.
 */

/* Invariants "mempool.*" of one pool: counts, no element twice, poison intact. */
bool rig_mempool_check(mempool_t *pool, int tier, struct rig_verdict *verdict);

static inline int mempool_init_slab_pool(mempool_t *pool, int min_nr, struct kmem_cache *cache)
{
	return mempool_init(pool, min_nr, mempool_alloc_slab, mempool_free_slab, cache);
}

static inline mempool_t *mempool_create_slab_pool(int min_nr, struct kmem_cache *cache)
{
	return mempool_create(min_nr, mempool_alloc_slab, mempool_free_slab, cache);
}

static inline int mempool_init_kmalloc_pool(mempool_t *pool, int min_nr, size_t size)
{
	return mempool_init(pool, min_nr, mempool_kmalloc, mempool_kfree, (void *)size);
}

static inline mempool_t *mempool_create_kmalloc_pool(int min_nr, size_t size)
{
	return mempool_create(min_nr, mempool_kmalloc, mempool_kfree, (void *)size);
}

static inline int mempool_init_page_pool(mempool_t *pool, int min_nr, int order)
{
	return mempool_init(pool, min_nr, mempool_alloc_pages, mempool_free_pages,
			    (void *)(long)order);
}

static inline mempool_t *mempool_create_page_pool(int min_nr, int order)
{
	return mempool_create(min_nr, mempool_alloc_pages, mempool_free_pages, (void *)(long)order);
}

#endif

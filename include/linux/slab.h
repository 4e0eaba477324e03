/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slab API of Linux 6.1, as kernel code includes it: caches of equal objects (kmem_cache_*)
 * and memory of any size (kmalloc and friends). Which allocator serves it (SLUB, SLAB, SLOB, a
 * plug-in) is the machine's choice at run time.
 *
 * All functions act on the CPU that the calling thread drives (rig_cpu_enter). Allocations return
 * NULL when there is no memory. With __GFP_DIRECT_RECLAIM they may sleep; frees never do. Behaviour
 * is that of the kernel's functions of the same names in mm/slab_common.c and mm/slub.c.
 */
#ifndef _LINUX_SLAB_H_RIG
#define _LINUX_SLAB_H_RIG

#include <kmemrig/page_size.h>
#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/kernel.h>
#include <linux/mmzone.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/types.h>

/* Flags of a cache. Those marked "debug" cost time and memory. */
#define SLAB_CONSISTENCY_CHECKS ((__force slab_flags_t)0x00000100U) /* debug: check every call */
#define SLAB_RED_ZONE ((__force slab_flags_t)0x00000400U)	    /* debug: guard bytes */
#define SLAB_POISON ((__force slab_flags_t)0x00000800U)		    /* debug: fill free objects */
#define SLAB_KMALLOC ((__force slab_flags_t)0x00001000U)	    /* a kmalloc size class */
#define SLAB_HWCACHE_ALIGN ((__force slab_flags_t)0x00002000U)	    /* align to cache lines */
#define SLAB_CACHE_DMA ((__force slab_flags_t)0x00004000U)	    /* from ZONE_DMA */
#define SLAB_CACHE_DMA32 ((__force slab_flags_t)0x00008000U)	    /* from ZONE_DMA32 */
#define SLAB_STORE_USER ((__force slab_flags_t)0x00010000U)	    /* debug: who had it last */
#define SLAB_RECLAIM_ACCOUNT ((__force slab_flags_t)0x00020000U)    /* objects are reclaimable */
#define SLAB_TEMPORARY SLAB_RECLAIM_ACCOUNT
#define SLAB_PANIC ((__force slab_flags_t)0x00040000U)		 /* creation may not fail */
#define SLAB_TYPESAFE_BY_RCU ((__force slab_flags_t)0x00080000U) /* slabs live a grace period */
#define SLAB_MEM_SPREAD ((__force slab_flags_t)0x00100000U)	 /* spread over a cpuset */
#define SLAB_TRACE ((__force slab_flags_t)0x00200000U)		 /* debug: print every call */
#define SLAB_DEBUG_OBJECTS ((__force slab_flags_t)0)
#define SLAB_NOLEAKTRACE ((__force slab_flags_t)0x00800000U)
#define SLAB_FAILSLAB                                                                              \
	((__force slab_flags_t)0x02000000U)		 /* failslab's cache filter lets it pass   \
							  */
#define SLAB_ACCOUNT ((__force slab_flags_t)0x04000000U) /* charged to a control group */
#define SLAB_KASAN ((__force slab_flags_t)0)
#define SLAB_NO_USER_FLAGS ((__force slab_flags_t)0x10000000U) /* ignore slub_debug= */
#define SLAB_SKIP_KFENCE ((__force slab_flags_t)0)

/* What kmalloc(0) returns: not NULL, not memory, and kfree takes it. */
#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(x) ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)

#define ARCH_KMALLOC_MINALIGN 8UL
#define ARCH_SLAB_MINALIGN 8UL

/*
 * Limits of kmalloc. The smallest class and the size from which pages are taken are the backend's
 * (8 and 8192 bytes on SLUB, 32 and 8192 on SLAB, none and 4096 on SLOB).
 */
#define KMALLOC_SHIFT_HIGH (PAGE_SHIFT + 1)
#define KMALLOC_SHIFT_MAX (MAX_ORDER + PAGE_SHIFT - 1)
#define KMALLOC_SHIFT_LOW 3
#define KMALLOC_MAX_SIZE (1UL << KMALLOC_SHIFT_MAX)
#define KMALLOC_MAX_CACHE_SIZE (1UL << KMALLOC_SHIFT_HIGH)
#define KMALLOC_MAX_ORDER (KMALLOC_SHIFT_MAX - PAGE_SHIFT)
#define KMALLOC_MIN_SIZE (1UL << KMALLOC_SHIFT_LOW)

/* Kinds of kmalloc caches, numbered as in a kernel with control groups and ZONE_DMA. */
enum kmalloc_cache_type {
	KMALLOC_NORMAL,
	KMALLOC_CGROUP, /* the same caches as KMALLOC_NORMAL where control groups are off */
	KMALLOC_RECLAIM,
	KMALLOC_DMA,
	NR_KMALLOC_TYPES
};

struct kmem_cache;
struct list_lru;

/*
 * Makes a cache of objects of @size bytes, aligned to @align (0: as the machine likes). @ctor,
 * when given, runs once for each object at the time its slab is made. A cache may be merged with
 * an older one of nearly the same size (find_mergeable). @name is copied. NULL, with a line in the
 * log, when the flags or sizes are refused or there is no memory; with SLAB_PANIC the run ends.
 * Process context only.
 */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     slab_flags_t flags, void (*ctor)(void *));

/* The same, with the window of each object that may be copied to and from user space (bytes). */
struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size,
					      unsigned int align, slab_flags_t flags,
					      unsigned int useroffset, unsigned int usersize,
					      void (*ctor)(void *));

#define KMEM_CACHE(__struct, __flags)                                                              \
	kmem_cache_create(#__struct, sizeof(struct __struct), __alignof__(struct __struct),        \
			  (__flags), NULL)
#define KMEM_CACHE_USERCOPY(__struct, __flags, __field)                                            \
	kmem_cache_create_usercopy(                                                                \
		#__struct, sizeof(struct __struct), __alignof__(struct __struct), (__flags),       \
		offsetof(struct __struct, __field), sizeof_field(struct __struct, __field), NULL)
#ifndef sizeof_field
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#endif

/*
 * Drops a user of the cache; with the last one the cache goes. All objects must be free: those
 * that are not are reported, and the cache stays. NULL is allowed.
 */
void kmem_cache_destroy(struct kmem_cache *cache);

/* Gives empty slabs back. 0 when no slab is left, as the kernel defines it. */
int kmem_cache_shrink(struct kmem_cache *cache);

/* Bytes of an object, as asked for. */
unsigned int kmem_cache_size(struct kmem_cache *cache);

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp) __attribute__((malloc));
void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node) __attribute__((malloc));
void *kmem_cache_alloc_lru(struct kmem_cache *cache, struct list_lru *lru, gfp_t gfp)
	__attribute__((malloc));
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* @nr objects or none: returns @nr or 0. No event is emitted, as in the kernel. */
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects);
/* @cache may be NULL: each object goes to its own cache; pages of large kmallocs too. */
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects);

void *__kmalloc(size_t size, gfp_t gfp) __attribute__((malloc, alloc_size(1)));
void *__kmalloc_node(size_t size, gfp_t gfp, int node) __attribute__((malloc, alloc_size(1)));
/* @caller is the call site that the event names. */
void *__kmalloc_node_track_caller(size_t size, gfp_t gfp, int node, unsigned long caller)
	__attribute__((malloc, alloc_size(1)));
/* Straight from the page allocator, whatever the size. */
void *kmalloc_large(size_t size, gfp_t gfp) __attribute__((malloc, alloc_size(1)));
void *kmalloc_large_node(size_t size, gfp_t gfp, int node) __attribute__((malloc, alloc_size(1)));

/* NULL and ZERO_SIZE_PTR are allowed. Objects of kmem caches may be freed by it too. */
void kfree(const void *object);
/* Overwrites the whole object first. */
void kfree_sensitive(const void *object);

/*
 * Same contents in @size bytes, perhaps elsewhere. NULL leaves @object as it was. @size 0 frees
 * and returns ZERO_SIZE_PTR. With __GFP_ZERO what lies above @size inside the object is cleared.
 */
void *krealloc(const void *object, size_t size, gfp_t gfp) __must_check;

/* Bytes that may be used at @object; 0 for NULL and ZERO_SIZE_PTR. */
size_t ksize(const void *object);
size_t __ksize(const void *object);
/* What kmalloc(@size) would really give, bytes. */
size_t kmalloc_size_roundup(size_t size);

/* Says in the log what is known of an object. False: not of a slab. */
bool kmem_dump_obj(void *object);
bool slab_is_available(void);

/* kmalloc where possible, otherwise vmalloc. */
void *kvmalloc_node(size_t size, gfp_t gfp, int node) __attribute__((malloc, alloc_size(1)));
void kvfree(const void *address);
void kvfree_sensitive(const void *address, size_t size);

#define kmalloc_node_track_caller(size, gfp, node)                                                 \
	__kmalloc_node_track_caller(size, gfp, node, _RET_IP_)
#define kmalloc_track_caller(size, gfp)                                                            \
	__kmalloc_node_track_caller(size, gfp, NUMA_NO_NODE, _RET_IP_)

/* The helpers below are inlined even where nothing is optimised: call sites are their callers'. */
static __always_inline void *kmalloc(size_t size, gfp_t gfp)
{
	return __kmalloc(size, gfp);
}

static __always_inline void *kmalloc_node(size_t size, gfp_t gfp, int node)
{
	return __kmalloc_node(size, gfp, node);
}

static __always_inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}

static __always_inline void *kzalloc(size_t size, gfp_t gfp)
{
	return __kmalloc(size, gfp | __GFP_ZERO);
}

static __always_inline void *kzalloc_node(size_t size, gfp_t gfp, int node)
{
	return __kmalloc_node(size, gfp | __GFP_ZERO, node);
}

/* Arrays: NULL when @n times @size does not fit a size_t. */
static __always_inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : __kmalloc(bytes, gfp);
}

static __always_inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

static __always_inline void *kmalloc_array_node(size_t n, size_t size, gfp_t gfp, int node)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : __kmalloc_node(bytes, gfp, node);
}

static __always_inline void *kcalloc_node(size_t n, size_t size, gfp_t gfp, int node)
{
	return kmalloc_array_node(n, size, gfp | __GFP_ZERO, node);
}

static __always_inline void *__must_check krealloc_array(void *object, size_t n, size_t size,
							 gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : krealloc(object, bytes, gfp);
}

static __always_inline void kfree_bulk(size_t nr, void **objects)
{
	kmem_cache_free_bulk(NULL, nr, objects);
}

static __always_inline void *kvmalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_node(size, gfp, NUMA_NO_NODE);
}

static __always_inline void *kvzalloc_node(size_t size, gfp_t gfp, int node)
{
	return kvmalloc_node(size, gfp | __GFP_ZERO, node);
}

static __always_inline void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_node(size, gfp | __GFP_ZERO, NUMA_NO_NODE);
}

static __always_inline void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL
						       : kvmalloc_node(bytes, gfp, NUMA_NO_NODE);
}

static __always_inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

#endif

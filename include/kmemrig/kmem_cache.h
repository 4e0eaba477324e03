/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kmem_cache: what the front end (backends/kmem) and a slab backend share. Callers of the
 * kernel's API hold pointers only.
 */
#ifndef KMEMRIG_KMEM_CACHE_H
#define KMEMRIG_KMEM_CACHE_H

#include <linux/list.h>
#include <linux/types.h>

struct rig_cpu;
struct rig_machine;
struct slab_backend;

struct kmem_cache {
	/* fast path first: one cache line */
	void *backend_data; /* the backend's own; set by cache_init */
	/* backend->alloc and ->free, or what cache_init chose instead for this cache */
	void *(*alloc)(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
	void (*free)(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
	struct rig_machine *machine;
	unsigned int object_size; /* bytes asked for; the largest of merged caches */
	slab_flags_t flags;	  /* SLAB_* of linux/slab.h, and the backend's above 0x40000000 */
	unsigned int size;	  /* bytes from object to object, metadata included */
	/* The backend wants cpu->slab_caller and ->slab_orig_size with each call (debugging). */
	bool wants_caller;
	bool special; /* the front end's: wants_caller, or clearing by init_on_alloc, init_on_free
		       */
	/*
	 * The front end's shadow of live objects: the byte of an object is at live + object / 8,
	 * and holds live_id.
	 */
	u8 live_id;
	unsigned long live;
	/* the rest */
	const struct slab_backend *backend;
	unsigned int align;	  /* bytes */
	unsigned int offset;	  /* SLUB: of the free pointer in a free object, bytes */
	unsigned int usable_size; /* what ksize() tells: bytes; cache_init sets it */
	gfp_t allocflags;	  /* added to each slab's page request: __GFP_COMP, GFP_DMA, ... */
	void (*ctor)(void *object); /* runs once for each object when its slab is made */
	char *name;		    /* owned by the cache */
	int refcount;		    /* users: aliases that merged count; < 0: a boot cache */
	unsigned int useroffset;    /* usercopy window, bytes */
	unsigned int usersize;
	struct list_head list;	   /* machine's caches, newest first as the kernel keeps them */
	unsigned int fault_inject; /* SLAB_FAILSLAB: failslab's cache-filter looks at it */
	/* The object that a kernel's struct kmem_cache would be; NULL: not accounted. */
	void *self;
};

struct slabinfo {
	unsigned long active_objs;
	unsigned long num_objs;
	unsigned long active_slabs;
	unsigned long num_slabs;
	unsigned long shared_avail;
	unsigned int limit;
	unsigned int batchcount;
	unsigned int shared;
	unsigned int objects_per_slab;
	unsigned int cache_order;
};

#endif

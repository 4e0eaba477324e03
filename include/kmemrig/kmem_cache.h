/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kmem_cache: what the front end (backends/kmem) and a slab backend share. Callers of the
 * kernel's API hold pointers only.
 */
#ifndef KMEMRIG_KMEM_CACHE_H
#define KMEMRIG_KMEM_CACHE_H

#include <linux/list.h>
#include <linux/types.h>

struct rig_machine;
struct slab_backend;

struct kmem_cache {
	/* fast path first */
	void *backend_data; /* the backend's own; set by cache_init */
	const struct slab_backend *backend;
	struct rig_machine *machine;
	slab_flags_t flags;	  /* SLAB_* of linux/slab.h */
	unsigned int object_size; /* bytes asked for */
	unsigned int size;	  /* bytes from object to object, metadata included */
	unsigned int align;	  /* bytes */
	gfp_t allocflags;	  /* added to each slab's page request: __GFP_COMP, GFP_DMA, ... */
	void (*ctor)(void *object); /* runs once for each object when its slab is made */
	const char *name;	    /* owned by the cache */
	int refcount;		    /* users: aliases that merged count */
	unsigned int useroffset;    /* usercopy window, bytes */
	unsigned int usersize;
	struct list_head list;	   /* machine's caches, newest first as the kernel keeps them */
	unsigned int fault_inject; /* SLAB_FAILSLAB: failslab's cache-filter looks at it */
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

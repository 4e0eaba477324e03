/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kmem_cache: what the front end (backends/kmem) and a slab backend share. Callers of the
 * kernel's API hold pointers only.
 */
#ifndef KMEMRIG_KMEM_CACHE_H
#define KMEMRIG_KMEM_CACHE_H

#include <kmemrig/cpu.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/types.h>

struct rig_machine;
struct slab_backend;

/* A block's own list, and a count of its objects in use in the lowest bits of a word. */
struct kmem_block_list {
	void *freelist;
	unsigned long in_use;
};

/*
 * A CPU's free objects of a cache, where a backend keeps them on a list of this form: the front
 * end takes and puts objects there without calling the backend. All objects on it, and all that
 * the front end puts there, lie in one block of memory; each holds the address of the next one at
 * cache->offset. There may be another block whose list this CPU alone changes: objects are put
 * there, too. With an empty list, and for objects of other places, it calls cache->alloc and
 * cache->free.
 *
 * Only the CPU itself touches its list, but for those who empty it. CPUs may be threads, so the
 * CPU says busy before it reads cache->cpu_lists, and 0 when it is done. Who empties another CPU's
 * list makes cpu_lists NULL, puts a barrier into all threads (the CPU's store is a plain one) and
 * waits until it is not busy.
 */
struct kmem_cpu_list {
	void *freelist;
	unsigned long tid;	  /* the backend's */
	unsigned long base;	  /* where the block begins */
	unsigned long other_base; /* and the other one */
	unsigned int words;	  /* their sizes, in words of 8 bytes; 0: there is none */
	unsigned int other_words;
	struct kmem_block_list *other;
};

/* From here to kmem_leave() nobody else touches the lists that it returns (CPU 0's; or NULL). */
static __always_inline u8 *kmem_enter(struct rig_cpu *cpu, u8 *const *lists)
{
	WRITE_ONCE(cpu->busy, 1);
	barrier();
	return smp_load_acquire(lists);
}

static __always_inline void kmem_leave(struct rig_cpu *cpu)
{
	smp_store_release(&cpu->busy, 0);
}

/* From CPU to CPU; what is left behind the list is the backend's. */
#define KMEM_CPU_LIST_STRIDE 128

struct kmem_cache {
	/* fast path first: one cache line */
	void *backend_data; /* the backend's own; set by cache_init */
	u8 *cpu_lists;	    /* struct kmem_cpu_list of CPU 0, of 1...; NULL: none, or not now */
	/* backend->alloc and ->free, or what cache_init chose instead for this cache */
	void *(*alloc)(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
	void (*free)(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
	unsigned int object_size; /* bytes asked for; the largest of merged caches */
	unsigned int offset;	  /* of the pointer to the next in a free object, bytes (SLUB) */
	slab_flags_t flags;	  /* SLAB_* of linux/slab.h, and the backend's above 0x40000000 */
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
	struct rig_machine *machine;
	const struct slab_backend *backend;
	unsigned int size;	  /* bytes from object to object, metadata included */
	unsigned int align;	  /* bytes */
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

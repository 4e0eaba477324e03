/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share: a cache's arrays, lists and geometry. */
#ifndef RIG_SLAB_H
#define RIG_SLAB_H

#include <kmemrig/asan.h>
#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/kmem.h>
#include <kmemrig/kmem_cache.h>
#include <kmemrig/machine.h>
#include <linux/list.h>
#include <linux/page-flags.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

/* An object's number in its slab, as free lists hold it: a byte where all numbers fit one. */
#define SLAB_OBJ_MIN_SIZE 16
#if (PAGE_SIZE >> 8) <= SLAB_OBJ_MIN_SIZE
#define SLAB_BYTE_INDEX 1
typedef u8 slab_index_t;
#else
#define SLAB_BYTE_INDEX 0
typedef u16 slab_index_t;
#endif
#define SLAB_OBJ_MAX_NUM ((1U << (sizeof(slab_index_t) * 8)) - 1)

/* Where a slab keeps its free list; neither: in the last bytes of the slab. */
#define SLAB_IN_FREE_OBJECT ((__force slab_flags_t)0x40000000U) /* CFLGS_OBJFREELIST_SLAB */
#define SLAB_OFF_SLAB ((__force slab_flags_t)0x80000000U)	/* CFLGS_OFF_SLAB */

#define SLAB_DEBUG (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

/* A stack of free objects; a CPU's own, a node's shared one, or one for another node's objects. */
struct slab_array {
	unsigned int avail;
	unsigned int limit;
	unsigned int batchcount;
	unsigned int touched; /* used since the reaper came by */
	void *entry[];
};

struct slab_alien {
	spinlock_t lock;
	struct slab_array array;
};

/* The slabs of a cache that lie on one node. */
struct slab_node {
	spinlock_t lock; /* guards all but next_reap */
	struct list_head partial;
	struct list_head full;
	struct list_head free;
	unsigned long total_slabs;
	unsigned long free_slabs;
	unsigned long free_objects;
	unsigned int free_limit; /* free objects above it are given back with their slabs */
	unsigned int colour_next;
	struct slab_array *shared; /* between the node's CPUs */
	struct slab_alien **alien; /* [node]: freed here, owned by that node */
	unsigned long next_reap;   /* jiffies */
	unsigned int free_touched; /* slabs of the free list were used since the reaper came by */
};

_Static_assert(sizeof(struct slab_node) > 96 && sizeof(struct slab_node) <= 128,
	       "the kernel's struct kmem_cache_node comes from kmalloc-128");

/* A CPU's part of a cache. The lock is taken where CPUs are threads. */
struct slab_cpu {
	struct slab_array *array;
	spinlock_t lock;
} __attribute__((aligned(64)));

struct slab_cache {
	struct kmem_cache *cache;
	struct rig_machine *machine;
	bool threads; /* other CPUs may come: lock the arrays */
	bool several_nodes;
	unsigned int num;	    /* objects a slab */
	unsigned int order;	    /* of a slab */
	unsigned int colour;	    /* different offsets of a slab's first object */
	unsigned int colour_off;    /* bytes between them */
	unsigned int obj_offset;    /* from a slot's start to its object: the first red zone */
	unsigned int freelist_size; /* bytes */
	unsigned int limit;
	unsigned int batchcount;
	unsigned int shared;
	unsigned int number;	  /* counts the machine's caches */
	unsigned int *random_seq; /* of objects in a new slab; NULL: in order */
	struct list_head list;	  /* the machine's caches, newest first */
	struct slab_node **node;  /* [machine->nr_nodes] */
	struct slab_cpu cpus[];
};

struct slab_reaper {
	u64 due;  /* jiffies */
	int node; /* whose alien objects are flushed next */
};

struct slab_machine {
	spinlock_t lock; /* of the list; held while the reaper goes through it (slab_mutex) */
	struct list_head caches;
	unsigned int next_number;
	unsigned int max_order;
	bool use_alien;
	bool randomize;
	spinlock_t random_lock; /* of the machine's generator, as far as slabs draw from it */
	bool debug;		/* every cache is debugged (CONFIG_DEBUG_SLAB) */
	bool full;		/* kmalloc works: arrays get their real sizes */
	bool ending;		/* caches that others live in go: nothing is given back to them */
	struct slab_reaper *reapers; /* [cpu] */
	spinlock_t tick_lock;	     /* of the reapers */
	u64 next_due;		     /* jiffies: before, no reaper has to do anything */
};

static inline struct slab_cache *slab_data(const struct kmem_cache *cache)
{
	return cache->backend_data;
}

static inline struct slab_machine *slab_machine(const struct rig_machine *machine)
{
	return machine->slab_private;
}

static inline bool slab_in_object(const struct slab_cache *data)
{
	return data->cache->flags & SLAB_IN_FREE_OBJECT;
}

static inline bool slab_off_slab(const struct slab_cache *data)
{
	return data->cache->flags & SLAB_OFF_SLAB;
}

/* The slab of an object. */
static inline struct page *slab_page_of(const struct slab_cache *data, const void *object)
{
	return compound_head(rig_virt_to_page(data->machine, object));
}

/* Slots: where object number @index of the slab begins, its red zone included; and back. */
static inline void *slab_slot(const struct slab_cache *data, const struct page *page,
			      unsigned int index)
{
	return (u8 *)page->s_mem + (size_t)data->cache->size * index;
}

static inline unsigned int slab_slot_index(const struct slab_cache *data, const struct page *page,
					   const void *slot)
{
	return (unsigned int)((const u8 *)slot - (const u8 *)page->s_mem) / data->cache->size;
}

/* The node that the CPU's memory comes from: its own, or the nearest with memory. */
int slab_node_of_cpu(const struct rig_cpu *cpu);

static inline struct slab_node *slab_lock_node(struct slab_cache *data, int nid)
{
	rig_spin_lock(&data->node[nid]->lock);
	return data->node[nid];
}

/* A CPU's array; only its own CPU comes without need. */
static inline struct slab_array *slab_lock_array(struct slab_cache *data, int cpu)
{
	if (data->threads)
		rig_spin_lock(&data->cpus[cpu].lock);
	return data->cpus[cpu].array;
}

static inline void slab_unlock_array(struct slab_cache *data, int cpu)
{
	if (data->threads)
		rig_spin_unlock(&data->cpus[cpu].lock);
}

/* geometry.c: sizes, alignment, the order of slabs and the place of their free lists. */
int slab_set_geometry(struct slab_cache *data);

/* freelist.c: the free objects of one slab. */
unsigned int slab_get_index(const struct page *page, unsigned int slot);
void slab_set_index(struct page *page, unsigned int slot, unsigned int index);
/* The next free slot of the slab is in use from here on, and back. */
void *slab_take(struct slab_cache *data, struct page *page);
void slab_put(struct slab_cache *data, struct page *page, void *slot);
/* Fills a new slab's free list and constructs its objects. */
void slab_init_objects(struct slab_cache *data, struct page *page);
int slab_make_random_seq(struct slab_cache *data);

/* lists.c: slabs, and a node's three lists of them. */
struct page *slab_grow_begin(struct slab_cache *data, gfp_t gfp, int nid, struct rig_cpu *cpu);
void slab_grow_end(struct slab_cache *data, struct page *page);
/* The slab that the next object comes from, with its lists' lock held; NULL: there is none. */
struct page *slab_first(struct slab_node *node);
/* Puts a slab that objects were taken from on the list it belongs to now. */
void slab_file(struct slab_cache *data, struct slab_node *node, struct page *page);
/* @nr objects go back to their slabs, lock held; slabs that are to go are moved to @doomed. */
void slab_free_block(struct slab_cache *data, void **slots, unsigned int nr, int nid,
		     struct list_head *doomed);
/* Gives the slabs on @doomed back. No lock may be held. */
void slab_destroy_list(struct slab_cache *data, struct list_head *doomed, struct rig_cpu *cpu);
/* Up to @nr free slabs go back, from the list's tail; returns how many did. */
unsigned long slab_drain_free(struct slab_cache *data, int nid, unsigned long nr,
			      struct rig_cpu *cpu);
gfp_t slab_exact_node(const struct slab_cache *data, gfp_t gfp);

/* array.c: objects through the CPUs' arrays. */
void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
void slab_free(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
void *slab_alloc_plain(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
void slab_free_plain(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
unsigned int slab_transfer(struct slab_array *to, struct slab_array *from, unsigned int max);
/* All, or a fifth, of an array's objects go to their slabs, lock of the node held. */
void slab_drain_array_locked(struct slab_cache *data, struct slab_array *array, int nid, bool all,
			     struct list_head *doomed);
/* Every CPU's, node's and alien array is emptied. */
void slab_drain_all_arrays(struct slab_cache *data, struct rig_cpu *cpu);

/* numa.c: objects of other nodes. */
void *slab_alloc_node(struct slab_cache *data, gfp_t gfp, int nid, struct rig_cpu *cpu);
/* True: the slot belongs to another node and was taken care of. */
bool slab_free_alien(struct slab_cache *data, void *slot, struct rig_cpu *cpu);
struct slab_alien **slab_make_aliens(struct slab_cache *data, int nid, gfp_t gfp,
				     struct rig_cpu *cpu);
void slab_free_aliens(struct slab_cache *data, struct slab_alien **aliens, struct rig_cpu *cpu);
void slab_drain_aliens(struct slab_cache *data, struct slab_alien **aliens, struct rig_cpu *cpu);
void slab_reap_alien(struct slab_cache *data, struct slab_node *node, int nid, struct rig_cpu *cpu);

/* setup.c: arrays and nodes of a cache, their sizes and their memory. */
int slab_setup_cpu_cache(struct slab_cache *data, struct rig_cpu *cpu);
int slab_enable_cpucache(struct slab_cache *data, gfp_t gfp, struct rig_cpu *cpu);
int slab_tune(struct slab_cache *data, unsigned int limit, unsigned int batchcount,
	      unsigned int shared, gfp_t gfp, struct rig_cpu *cpu);
void slab_release(struct slab_cache *data, struct rig_cpu *cpu);
/* Memory of the allocator's own: kmalloc's, or the host's while there is none. */
void *slab_own_alloc(struct slab_cache *data, size_t size, gfp_t gfp, int nid, struct rig_cpu *cpu);
void slab_own_free(struct slab_cache *data, void *memory, struct rig_cpu *cpu);

/* reap.c */
int slab_init_reapers(struct rig_machine *machine);
void slab_tick(struct rig_cpu *cpu);

/* debug.c: red zones, poison, last users. */
void slab_debug_init(struct slab_cache *data, struct page *page);
void slab_debug_destroy(struct slab_cache *data, struct page *page, struct rig_cpu *cpu);
/* The slot's object, after looking at what lies around and in it; and back. */
void *slab_debug_alloc(struct slab_cache *data, void *slot, struct rig_cpu *cpu);
void *slab_debug_free(struct slab_cache *data, void *object, struct rig_cpu *cpu);
/* Poisons a slot again after a free list lay in it. */
void slab_debug_refill_poison(struct slab_cache *data, void *slot);
void slab_construct(struct slab_cache *data, void *object);

/* check.c */
bool slab_check(struct kmem_cache *cache, int tier, struct rig_verdict *verdict);
/* Reports every object in use. */
void slab_report_leaks(struct slab_cache *data);

#endif

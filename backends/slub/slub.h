/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of SLUB share.
 *
 *	kmem_cache --> slub_cache --> cpu[id]   freelist, tid, slab, partial -> slab -> slab
 *	                         \--> node[nid] partial: slab <-> slab <-> slab   (list_lock)
 *
 * A slab is a block of pages; struct page of its head holds the slab's own free list and counters
 * (inuse, objects, frozen), which change together by one 16-byte compare and exchange. A slab is
 *
 *	frozen       it belongs to a CPU: the one it allocates from (slab), or one of its partial
 *	             list. Others may free into it, but do not move it.
 *	on a list    of its node, when some objects are free
 *	full         on no list at all: the free of an object finds it through its page
 *
 * The CPU's slab has its free objects on the CPU's free list, where only that CPU takes and puts
 * them; inuse counts those as in use. Objects that others free in the meantime go to the slab's
 * own list.
 *
 * A slab that a CPU freezes for its partial list is owned by that CPU (struct page, owner), where
 * CPUs are threads: most frees there are the CPU's own, and a compare and exchange costs as much
 * as ten of them. The owner changes list and counters in its fast path with plain stores. Another
 * CPU that has to free into the slab first takes it away from its owner, who then leaves some
 * slabs unowned: slub_disown(). A slab is owned on its CPU's partial list only, and on the way
 * there.
 */
#ifndef SLUB_H
#define SLUB_H

#include <kmemrig/asan.h>
#include <kmemrig/backend.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/restore.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

/* Partial slabs that a node keeps even when they are empty. */
#define SLUB_MIN_PARTIAL 5UL
#define SLUB_MAX_PARTIAL 10UL
#define SLUB_MAX_OBJECTS 32767U /* counters.objects has 15 bits */
#define SLUB_TID_STEP 64UL

/* Internal flags, above those of linux/slab.h. */
#define __OBJECT_POISON ((__force slab_flags_t)0x80000000U)
#define __CMPXCHG_DOUBLE ((__force slab_flags_t)0x40000000U)

#define SLAB_DEBUG_FLAGS                                                                           \
	(SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE | SLAB_CONSISTENCY_CHECKS)
/* What debugging keeps beside an object. */
#define DEBUG_METADATA_FLAGS (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)
/* Debugging that needs the slab's fields to stand still. */
#define SLAB_NO_CMPXCHG (SLAB_CONSISTENCY_CHECKS | SLAB_STORE_USER | SLAB_TRACE)

enum slub_position { SLUB_TO_HEAD, SLUB_TO_TAIL };

struct slub_cpu {
	/* freelist changes together with tid; other: the owned slab that was freed to last */
	struct kmem_cpu_list list;
	struct page *slab;    /* slub_set_slab() */
	struct page *partial; /* linked by page->next; page->slabs counts from here on */
	spinlock_t lock;      /* slab and partial, where CPUs are several: flushing */
	unsigned int unowned; /* so many slabs are not to be owned when frozen */
	struct page *walked;  /* checks: the slab whose lists were walked whole; NULL: none */
} __aligned(64);

_Static_assert(sizeof(struct slub_cpu) == KMEM_CPU_LIST_STRIDE, "CPUs share no cache line");

struct slub_node {
	spinlock_t list_lock;
	unsigned long nr_partial;
	struct list_head partial;
	atomic_long_t nr_slabs;
	atomic_long_t total_objects;
	struct list_head full; /* debugging with SLAB_STORE_USER only */
	void *self;	       /* the object that a kernel's struct kmem_cache_node would be */
};

/* Order and objects of a slab. */
struct slub_oo {
	unsigned int order;
	unsigned int objects;
};

struct slub_cache {
	/* fast path */
	unsigned int offset;  /* of the free pointer in an object, bytes */
	bool smp;	      /* several CPUs: slabs change by compare and exchange */
	bool biased;	      /* fast paths say that they are busy instead of exchanging */
	u8 *open;	      /* cpu[], where fast paths are; NULL: blocked, or not biased */
	bool debug;	      /* some of SLAB_DEBUG_FLAGS */
	unsigned long random; /* hardening: mixed into free pointers */
	/* geometry */
	struct kmem_cache *cache;
	unsigned int inuse; /* offset of what debugging keeps beside the object */
	unsigned int red_left_pad;
	struct slub_oo oo;  /* what is wanted */
	struct slub_oo min; /* what will do */
	unsigned long min_partial;
	unsigned int cpu_partial; /* objects */
	unsigned int cpu_partial_slabs;
	unsigned int *random_seq; /* free-list randomisation: offsets; NULL: off */
	int nr_cpus;
	int nr_nodes;
	spinlock_t block_lock;	 /* slub_block() */
	u8 *front;		 /* meanwhile: the cache's cpu_lists */
	struct slub_node **node; /* [nr_nodes]; NULL where a node has no memory for slabs */
	struct slub_cpu cpu[];	 /* [nr_cpus] */
};

/* Of a machine: what the command line says, and the boot caches. */
struct slub_depot;

struct slub_machine {
	struct kmem_cache *node_cache; /* kmem_cache_node */
	unsigned int min_order;
	unsigned int max_order;
	unsigned int min_objects;
	bool freelist_random;
	bool freelist_hardened;
	bool down;		    /* the first slab of node_cache is not there yet */
	bool no_higher_order_debug; /* slub_debug=O */
	slab_flags_t debug;	    /* slub_debug= for all caches */
	char *debug_string;	    /* slub_debug=FLAGS,names;FLAGS,names */
	unsigned long warnings;	    /* printed about failed allocations */
	int *count_errors;	    /* where tests have reports counted instead; or NULL */
	int *mem_node;		    /* [nr_cpus] the nearest node with memory */
	struct slub_depot *depot;   /* of stacks, for SLAB_STORE_USER; NULL: no memory for it */
	rig_slab_verdict on_empty;  /* where a trace is followed; or NULL */
	void *on_empty_data;
};

static __always_inline struct slub_cache *slub_of(const struct kmem_cache *cache)
{
	return cache->backend_data;
}

static inline struct slub_machine *slub_machine(const struct rig_machine *machine)
{
	return machine->slab_private;
}

static inline bool slub_has_cpu_partial(const struct slub_cache *s)
{
	return !s->debug;
}

/* Hardening: the value in memory depends on the place and the cache's secret; its own inverse. */
static __always_inline void *slub_mix(const struct slub_cache *s, void *pointer,
				      const void *address)
{
	return (void *)((unsigned long)pointer ^ s->random ^
			(s->random ? __builtin_bswap64((unsigned long)address) : 0));
}

static __always_inline void *slub_next(const struct slub_cache *s, const void *object)
{
	const void *address = (const u8 *)object + s->offset;

	return slub_mix(s, rig_read_raw(address), address);
}

static __always_inline void slub_set_next(const struct slub_cache *s, void *object, void *next)
{
	void *address = (u8 *)object + s->offset;

	rig_write_raw(address, slub_mix(s, next, address));
}

/* Freelist and counters of a slab, as one value. */
struct slub_state {
	void *freelist;
	union {
		unsigned long counters;
		struct {
			unsigned inuse : 16;
			unsigned objects : 15;
			unsigned frozen : 1;
			unsigned owner; /* a CPU's number + 1; 0: no one */
		};
	};
};

static __always_inline struct slub_state slub_read(const struct page *slab)
{
	struct slub_state state;

	state.freelist = READ_ONCE(slab->freelist);
	state.counters = READ_ONCE(slab->counters);
	return state;
}

static __always_inline bool slub_cmpxchg16(void *where, unsigned long old_low,
					   unsigned long old_high, unsigned long new_low,
					   unsigned long new_high)
{
	unsigned __int128 old = (unsigned __int128)old_high << 64 | old_low;
	unsigned __int128 new = (unsigned __int128)new_high << 64 | new_low;

	return __sync_bool_compare_and_swap((unsigned __int128 *)where, old, new);
}

/* The slab's state becomes @new if it still is @old. One CPU has no one to compete with. */
static __always_inline bool slub_swap(const struct slub_cache *s, struct page *slab,
				      struct slub_state old, struct slub_state new)
{
	if (s->smp)
		return slub_cmpxchg16(&slab->freelist, (unsigned long)old.freelist, old.counters,
				      (unsigned long)new.freelist, new.counters);
	slab->freelist = new.freelist;
	slab->counters = new.counters;
	return true;
}

/* For a slab that @cpu freezes: who is to own it. */
static inline unsigned int slub_new_owner(struct slub_cache *s, const struct rig_cpu *cpu)
{
	struct slub_cpu *c = &s->cpu[cpu->id];
	unsigned int unowned = READ_ONCE(c->unowned);

	if (!s->biased)
		return 0;
	if (unlikely(unowned)) {
		WRITE_ONCE(c->unowned, unowned - 1);
		return 0;
	}
	return (unsigned int)cpu->id + 1;
}

/* An owner @before of a slab, if there was one, is it no more: by itself, or blocked. */
static inline void slub_end_owner(struct slub_cache *s, unsigned int before)
{
	if (before)
		s->cpu[before - 1].list.other_words = 0;
}

static inline unsigned int slub_slab_words(const struct slub_cache *s, const struct page *slab)
{
	return slab->objects * s->cache->size / 8;
}

static __always_inline void slub_lock_cpu(const struct slub_cache *s, struct slub_cpu *c)
{
	if (s->smp)
		rig_spin_lock(&c->lock);
}

static __always_inline void slub_unlock_cpu(const struct slub_cache *s, struct slub_cpu *c)
{
	if (s->smp)
		rig_spin_unlock(&c->lock);
}

/*
 * The fast path where CPUs are threads. A kernel's CPU changes its own free list by a compare and
 * exchange without a bus lock, which no other CPU can disturb; a thread has no such thing. So the
 * fast path marks its CPU busy, and whoever wants to empty another CPU's place closes the cache
 * and has the host put a barrier into every thread (membarrier): then either the fast path saw it
 * closed, or busy is seen here and waited for. That costs two plain stores and a load. Where the
 * host has no membarrier, the fast path exchanges free list and tid as one, with a bus lock.
 */
static inline void slub_set_slab(const struct slub_cache *s, struct slub_cpu *c, struct page *slab)
{
	WRITE_ONCE(c->slab, slab);
	c->list.words = slab ? slub_slab_words(s, slab) : 0;
	if (slab)
		c->list.base = (unsigned long)rig_page_address(s->cache->machine, slab);
}

/*
 * Empties the CPU's place: slab first, then free list and tid in one step, so that a fast path
 * that runs at the same time either finished before or sees another tid. Under the CPU's lock.
 */
static inline void *slub_take_freelist(const struct slub_cache *s, struct slub_cpu *c)
{
	void *freelist;
	unsigned long tid;

	slub_set_slab(s, c, NULL);
	do {
		tid = READ_ONCE(c->list.tid);
		freelist = READ_ONCE(c->list.freelist);
		if (!s->smp || s->biased) {
			c->list.freelist = NULL;
			c->list.tid = tid + SLUB_TID_STEP;
			break;
		}
	} while (!slub_cmpxchg16(&c->list.freelist, (unsigned long)freelist, tid, 0,
				 tid + SLUB_TID_STEP));
	return freelist;
}

static inline void *slub_slab_address(const struct slub_cache *s, const struct page *slab)
{
	return rig_page_address(s->cache->machine, slab);
}

/* The object proper, behind its left red zone. */
static inline void *slub_fixup_red_left(const struct slub_cache *s, void *slot)
{
	return (u8 *)slot + s->red_left_pad;
}

static inline struct slub_node *slub_node_of(const struct slub_cache *s, const struct page *slab)
{
	return s->node[page_to_nid(slab)];
}

/* Number of the slot that an address lies in. */
static inline unsigned int slub_index(const struct slub_cache *s, const struct page *slab,
				      const void *address)
{
	return (unsigned int)((unsigned long)((const u8 *)address -
					      (const u8 *)slub_slab_address(s, slab)) /
			      s->cache->size);
}

static inline void *slub_object(const struct slub_cache *s, const struct page *slab,
				unsigned int index)
{
	return slub_fixup_red_left(s, (u8 *)slub_slab_address(s, slab) +
					      (size_t)index * s->cache->size);
}

extern const struct slab_backend slub;

/* geometry.c */
int slub_cache_init(struct kmem_cache *cache);
void slub_cache_fini(struct kmem_cache *cache);
void slub_cache_alias(struct kmem_cache *cache, unsigned int object_size);
int slub_set_geometry(struct slub_cache *s);
void slub_set_cpu_partial(struct slub_cache *s, unsigned int objects);
struct slub_cache *slub_new_cache(struct kmem_cache *cache);
int slub_new_nodes(struct slub_cache *s);
void slub_choose_paths(struct slub_cache *s);
void slub_set_usable_size(struct slub_cache *s);

/* slab.c: pages become slabs and go back */
struct page *slub_new_slab(struct slub_cache *s, gfp_t gfp, int node, struct rig_cpu *cpu);
void slub_free_slab(struct slub_cache *s, struct page *slab, struct rig_cpu *cpu);
void slub_discard_slab(struct slub_cache *s, struct page *slab, struct rig_cpu *cpu);
void slub_count_slab(struct slub_cache *s, const struct page *slab);
void slub_uncount_slab(struct slub_cache *s, const struct page *slab);

/* alloc.c */
void *slub_alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
void *slub_alloc_mixed(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
void *slub_alloc_biased_mixed(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
void *slub_alloc_biased(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
void *slub_alloc_smp(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
void *slub_alloc_debug(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu);
size_t slub_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects,
		       struct rig_cpu *cpu);

/* free.c */
void slub_free(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
void slub_free_mixed(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
void slub_free_biased_mixed(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
void slub_free_biased(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
void slub_free_smp(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
void slub_free_debug(struct kmem_cache *cache, void *object, struct rig_cpu *cpu);
void slub_free_bulk(struct kmem_cache *cache, size_t nr, void **objects, struct rig_cpu *cpu);

/* partial.c: the lists */
void slub_add_partial(struct slub_node *n, struct page *slab, enum slub_position where);
void slub_remove_partial(struct slub_node *n, struct page *slab);
void slub_deactivate(struct slub_cache *s, struct page *slab, void *freelist, struct rig_cpu *cpu);
void slub_unfreeze_partials(struct slub_cache *s, struct page *partial, struct rig_cpu *cpu);
void slub_put_cpu_partial(struct slub_cache *s, struct page *slab, bool drain, struct rig_cpu *cpu);
void *slub_get_partial(struct slub_cache *s, int node, gfp_t gfp, struct page **slab,
		       struct rig_cpu *cpu);
bool slub_pfmemalloc_match(const struct page *slab, gfp_t gfp, const struct rig_cpu *cpu);

/* flush.c: emptying */
void slub_flush_cpu(struct slub_cache *s, int cpu_id, struct rig_cpu *cpu);
bool slub_can_block(void);
void slub_disown(struct slub_cache *s, struct page *slab, const struct rig_cpu *cpu);
void slub_flush_all(struct slub_cache *s, struct rig_cpu *cpu);
bool slub_cache_shutdown(struct kmem_cache *cache);
int slub_cache_shrink(struct kmem_cache *cache);
void slub_cpu_dead(struct kmem_cache *cache, struct rig_cpu *cpu);

/* debug*.c */
slab_flags_t slub_cache_flags(struct rig_machine *machine, unsigned int object_size,
			      slab_flags_t flags, const char *name);
void slub_read_debug_option(struct slub_machine *m, const char *text);
void slub_setup_slab_debug(struct slub_cache *s, struct page *slab);
void slub_setup_object_debug(struct slub_cache *s, struct page *slab, void *object);
void slub_check_slab_before_free(struct slub_cache *s, struct page *slab);
void *slub_alloc_single(struct slub_cache *s, struct slub_node *n, struct page *slab,
			struct rig_cpu *cpu);
void *slub_alloc_single_new(struct slub_cache *s, struct page *slab, struct rig_cpu *cpu);
void slub_free_single(struct slub_cache *s, struct page *slab, void *object, struct rig_cpu *cpu);
void slub_track_alloc(struct slub_cache *s, void *object, struct rig_cpu *cpu);
void slub_list_objects(struct slub_cache *s, struct page *slab, const char *text);

/* follow.c */
/* @slab is empty: does its node keep enough others? */
bool slub_is_enough(const struct slub_cache *s, const struct slub_node *n, struct page *slab);

/* check.c */
bool slub_check(struct kmem_cache *cache, int tier, struct rig_verdict *verdict);
bool slub_check_touched(struct kmem_cache *cache, const void *object, struct rig_cpu *cpu, int tier,
			struct rig_verdict *verdict);

#endif

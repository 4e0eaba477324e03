/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the slab front end share; no other folder includes it. */
#ifndef KMEM_PRIVATE_H
#define KMEM_PRIVATE_H

#include <kmemrig/asan.h>
#include <kmemrig/check.h>
#include <kmemrig/fault.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <linux/spinlock.h>

#include "history.h"

/* Values of the shadow: 0 no live object starts here; otherwise whose it is. */
#define KMEM_LIVE_NONE 0
#define KMEM_LIVE_OWN_KMALLOC 255 /* of the backend's own kmalloc */

/* Another name of a merged cache. */
struct kmem_alias {
	struct list_head list;
	struct kmem_cache *cache;
	char name[];
};

struct rig_kmem {
	struct rig_machine *machine;
	spinlock_t lock;      /* the kernel's slab_mutex: making, merging and ending caches */
	spinlock_t list_lock; /* the list of caches, for readers that may not wait long */
	struct list_head caches;
	struct list_head aliases;
	struct kmem_cache *kmalloc_caches[NR_KMALLOC_TYPES][KMALLOC_SHIFT_HIGH + 1];
	u8 size_index[24];     /* (size - 1) / 8 -> index, sizes up to 192 */
	size_t max_cache_size; /* larger kmallocs are pages; bytes */
	size_t fast_limit;     /* kmallocs of 1 .. fast_limit bytes come from size classes */
	struct kmem_cache *cache_cache; /* where cache->self objects come from; NULL: nowhere */
	u8 *live;			/* the shadow: direct map offset / 8 */
	size_t live_bytes;
	struct kmem_history *history; /* with AddressSanitizer: who allocated and freed what */
	unsigned long live_bias;      /* live - direct_map / 8 */
	u8 next_id;		      /* of the next cache: 1 .. 254 */
	bool bare;		      /* no boot: a state brings the caches */
	bool backend_up;
	bool up; /* caches can be made in the ordinary way */
	bool nomerge;
	bool memcg;	    /* kmalloc-cg caches are their own */
	bool init_on_alloc; /* as the kernel's parameter: all memory comes cleared */
	bool init_on_free;
	spinlock_t rcu_lock;
	struct rcu_head *rcu_list, **rcu_tail; /* callbacks that wait, oldest first */
	unsigned long rcu_waiting;
	/* Pages of slabs and large kmallocs by node: [nid][0] reclaimable, [1] not. */
	atomic_long_t (*pages)[2];
};

static __always_inline struct rig_kmem *kmem_of(const struct rig_machine *machine)
{
	return machine->kmem;
}

/* In words, rotated so that one comparison finds what is below, above, or not aligned. */
static __always_inline unsigned long words_from(unsigned long base, const void *object)
{
	unsigned long offset = (unsigned long)object - base;

	return offset >> 3 | offset << 61;
}

static __always_inline unsigned long live_index(const struct rig_machine *machine,
						const void *object)
{
	return words_from((unsigned long)machine->object_base, object);
}

static __always_inline unsigned long live_limit(const struct rig_machine *machine)
{
	return machine->object_limit;
}

/* Of an aligned object: does it lie in simulated memory, where pages can be asked? */
static __always_inline bool has_page(const struct rig_machine *machine, const void *object)
{
	return words_from((unsigned long)machine->direct_map, object) < machine->max_low_pfn
										<< (PAGE_SHIFT - 3);
}

/* @live: of a cache or of the front end, see struct kmem_cache. */
static __always_inline u8 *live_at(unsigned long live, const void *object)
{
	return (u8 *)(live + ((unsigned long)object >> 3));
}

static __always_inline u8 *live_byte(const struct rig_machine *machine, const void *object)
{
	return live_at(machine->kmem->live_bias, object);
}

/* report.c: misuse, in the kernel's wording. They say what is wrong with a free and return. */
void kmem_report_bad_free(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object,
			  unsigned long call_site);
void kmem_report_sleeping(struct rig_cpu *cpu, gfp_t gfp, unsigned long call_site);
void kmem_report_live_twice(struct rig_machine *machine, struct kmem_cache *cache,
			    const void *object);
/* After an operation on @object; NULL: on none, or on many. */
void kmem_check_after(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object);

void *kmem_mark_live(struct rig_cpu *cpu, struct kmem_cache *cache, void *object, size_t usable);
void *kmem_cache_alloc_plain(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, int node,
			     unsigned long call_site);
void *kmem_cache_alloc_slow(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, int node,
			    unsigned long call_site);
void kmem_cache_free_plain(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
			   unsigned long call_site);
void kmem_cache_free_slow(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
			  unsigned long call_site);
/* alloc.c, kmalloc.c: the slow parts, out of the hot path. */
void rig_kmem_trace_cache_free(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object,
			       unsigned long call_site);
void rig_kfree_untraced(struct rig_cpu *cpu, const void *object, unsigned long call_site);
void kmem_trace_alloc(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object,
		      size_t bytes_req, gfp_t gfp, int node, unsigned long call_site);
void kmem_trace_kmalloc(struct rig_cpu *cpu, const void *object, size_t bytes_req,
			size_t bytes_alloc, gfp_t gfp, int node, unsigned long call_site);

/* cache.c */
struct kmem_cache *kmem_create_cache(struct rig_kmem *kmem, const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     unsigned int useroffset, unsigned int usersize,
				     void (*ctor)(void *), int *error);
void kmem_drop_cache(struct rig_kmem *kmem, struct kmem_cache *cache);
/* classes.c */
void kmem_set_limits(struct rig_kmem *kmem);
int kmem_create_classes(struct rig_kmem *kmem);
bool kmem_adopt_classes(struct rig_kmem *kmem);

static __always_inline unsigned long event_site(const struct rig_cpu *cpu, unsigned long call_site)
{
	return cpu->call_site ? cpu->call_site : call_site;
}

#endif

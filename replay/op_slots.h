/* SPDX-License-Identifier: GPL-2.0-only */
/* What the performers of ops share: slots, caches and pools of one stream of ops. */
#ifndef REPLAY_OP_SLOTS_H
#define REPLAY_OP_SLOTS_H

#include <kmemrig/kmem_cache.h>
#include <kmemrig/op.h>
#include <linux/mempool.h>
#include <linux/slab.h>

enum slot_kind {
	SLOT_EMPTY,
	SLOT_OBJECT,  /* of a cache */
	SLOT_KMALLOC, /* kmalloc, krealloc */
	SLOT_PAGES,   /* a block of 1 << order pages */
	SLOT_EXACT,   /* alloc_pages_exact */
	SLOT_VMALLOC,
	SLOT_ELEMENT, /* of a mempool */
	SLOT_IOREMAP,
};

struct slot {
	enum slot_kind kind;
	unsigned int id; /* of the cache or pool */
	unsigned int order;
	unsigned int mappings; /* kmap */
	void *address;	       /* host; NULL: pages of highmem */
	struct page *page;     /* SLOT_PAGES */
	u64 size;	       /* bytes that are the owner's */
	bool filled;
};

struct op_cache {
	struct kmem_cache *cache; /* NULL: no such cache */
	unsigned int objects;	  /* in slots */
	unsigned int pools;
	bool constructed;
};

struct op_pool {
	mempool_t *pool;
	unsigned int cache;
	unsigned int elements;
};

struct rig_ops {
	struct rig_machine *machine;
	struct rig_ops_config config;
	struct rig_cpu *cpu;
	struct slot *slots;
	struct op_cache *caches;
	struct op_pool *pools; /* as many as caches */
	struct task_struct task;
	u64 performed;
	struct rig_verdict found; /* by op_fill(); name NULL: nothing */
};

/* The slot, when it is there and (not) in use; NULL otherwise. */
struct slot *op_empty_slot(struct rig_ops *ops, unsigned int slot);
struct slot *op_used_slot(struct rig_ops *ops, unsigned int slot);
struct op_cache *op_live_cache(struct rig_ops *ops, unsigned int id);

/* Frees what a slot holds; false and @verdict when its contents were changed. */
bool op_free_slot(struct rig_ops *ops, struct slot *slot, struct rig_verdict *verdict);

/*
 * Puts the owner's pattern into what a slot holds / looks at it. Before, what was asked for with
 * __GFP_ZERO must be zero ("op.zeroed"), and an object of a cache with a constructor as that left
 * it ("op.constructed"): ops->found.
 */
void op_fill(struct rig_ops *ops, struct slot *slot, gfp_t gfp);
bool op_contents_hold(struct rig_ops *ops, struct slot *slot, struct rig_verdict *verdict);

/* The constructor of ops' caches; and the same before an object is freed. */
void op_constructor(void *object);
void op_reconstruct(struct rig_ops *ops, const struct slot *slot);

/* Where an object is; for results. */
void op_locate(struct rig_ops *ops, const void *object, struct rig_op_result *result);

/* Flags that make sense together: one zone, one kind of mobility, and only bits that exist. */
gfp_t op_sane_gfp(unsigned int gfp);

/* op_mapping.c: kmap, mempools, ioremap and device accesses. */
void op_free_mapping(struct rig_ops *ops, struct slot *slot); /* SLOT_ELEMENT, SLOT_IOREMAP */
void op_destroy_pools(struct rig_ops *ops);
enum rig_op_status op_perform_mapping(struct rig_ops *ops, const struct rig_op *op,
				      struct rig_op_result *result);

#endif

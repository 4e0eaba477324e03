/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share: the heap, and what a cache and a machine keep. */
#ifndef RIG_SLOB_H
#define RIG_SLOB_H

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/kmem_cache.h>
#include <kmemrig/machine.h>
#include <linux/list.h>
#include <linux/spinlock.h>

/* Block sizes and offsets count in units of this type: 2 bytes for pages up to 32 KiB. */
#if PAGE_SIZE <= 32767 * 2
typedef s16 slob_index_t;
#else
typedef s32 slob_index_t;
#endif

typedef struct slob_unit {
	slob_index_t units;
} slob_unit_t;

#define SLOB_UNIT sizeof(slob_unit_t)
#define SLOB_UNITS(size) DIV_ROUND_UP(size, SLOB_UNIT)
#define SLOB_PAGE_UNITS ((long)SLOB_UNITS(PAGE_SIZE))

/* A block below 256 bytes goes to the small list, below 1024 to the medium one. */
#define SLOB_BREAK1 256
#define SLOB_BREAK2 1024

enum slob_list { SLOB_SMALL, SLOB_MEDIUM, SLOB_LARGE, SLOB_NR_LISTS };

/* kmalloc keeps the size in front of the block; that many bytes keep the block aligned. */
#define SLOB_MINALIGN 8UL

/*
 * Whose a block is, in the owner map: one entry for each 8 bytes of memory (every block that is
 * handed out is aligned to 8), at the block's first byte. 0: nothing starts here.
 */
typedef u16 slob_owner_t;
#define SLOB_OWNER_NONE 0
#define SLOB_OWNER_KMALLOC 1
#define SLOB_OWNER_FIRST_CACHE 2
#define SLOB_OWNER_QUARANTINE 0x8000 /* freed, and kept back for a while (SLAB_POISON) */
#define SLOB_OWNER_FREED 0x4000	     /* was freed, and its memory not handed out again */
#define SLOB_OWNER_GONE (SLOB_OWNER_QUARANTINE | SLOB_OWNER_FREED)
#define SLOB_OWNER_MASK 0x3fff
#define SLOB_MAX_OWNERS (SLOB_OWNER_MASK + 1)
#define SLOB_OWNER_SHIFT 3

struct slob {
	struct rig_machine *machine;
	spinlock_t lock; /* everything below, and all blocks and lists */
	struct list_head
		free[SLOB_NR_LISTS]; /* pages with free units, where searches start first */
	struct list_head full;	     /* pages without; the kernel keeps no such list */
	struct list_head large;	     /* blocks of whole pages, by their first page; likewise */
	unsigned long nr_pages;	     /* pages of blocks: on free[] and full */
	unsigned long nr_large_pages;
	unsigned long nr_kmalloc;   /* live blocks of kmalloc */
	slob_owner_t *owners;	    /* [lowmem >> SLOB_OWNER_SHIFT], sparse */
	size_t owners_size;	    /* bytes */
	struct slob_cache **caches; /* [SLOB_MAX_OWNERS]; NULL: the number is free */
	unsigned int nr_caches;	    /* one above the highest number ever used */
};

/* Objects of a poisoned cache that were freed last wait here, oldest first. */
#define SLOB_QUARANTINE 32

struct slob_cache {
	struct kmem_cache *cache;
	slob_owner_t owner;
	unsigned long live;
	unsigned int head; /* bytes in front of the object: the red zone */
	void *quarantine[SLOB_QUARANTINE];
	unsigned int quarantined;
	unsigned int oldest;
};

static inline struct slob *slob_of(const struct rig_machine *machine)
{
	return machine->slab_private;
}

static inline slob_owner_t *slob_owner(const struct slob *slob, const void *block)
{
	unsigned long offset = (unsigned long)((const u8 *)block - slob->machine->direct_map);

	return &slob->owners[offset >> SLOB_OWNER_SHIFT];
}

/* A live object starts here, not one that was freed. */
static inline bool slob_owner_is_live(slob_owner_t owner)
{
	return owner != SLOB_OWNER_NONE && !(owner & SLOB_OWNER_GONE);
}

/* Memory of @size bytes at @block is handed out, or goes back: what was known of it is void. */
static inline void slob_forget_owners(struct slob *slob, const void *block, size_t size)
{
	slob_owner_t *owner = slob_owner(slob, block);
	slob_owner_t *end = owner + DIV_ROUND_UP(size, 1UL << SLOB_OWNER_SHIFT);

	while (owner < end)
		*owner++ = SLOB_OWNER_NONE;
}

/* heap.c: blocks inside pages, and blocks of whole pages. */

/*
 * A block of @size bytes (less than a page); the address @align_offset bytes into it is a multiple
 * of @align. @node: NUMA_NO_NODE, or the only node whose pages will do. NULL: no memory.
 */
void *slob_alloc_block(struct slob *slob, size_t size, gfp_t gfp, size_t align, int node,
		       size_t align_offset, struct rig_cpu *cpu);
void slob_free_block(struct slob *slob, void *block, size_t size, struct rig_cpu *cpu);
void *slob_alloc_pages(struct slob *slob, gfp_t gfp, unsigned int order, int node,
		       struct rig_cpu *cpu);
void slob_free_pages(struct slob *slob, void *block, unsigned int order, struct rig_cpu *cpu);

void slob_use_up(struct rig_machine *machine);

/* The next free block of the page and its size; for the checks. */
slob_unit_t *slob_next(const slob_unit_t *block);
slob_index_t slob_size(const slob_unit_t *block);
bool slob_is_last(const slob_unit_t *block);
unsigned int slob_order(size_t size);

/* debug.c: red zones and poison, which the kernel's SLOB does not have. */
void slob_debug_alloc(struct slob_cache *data, void *object);
/* Returns the object whose time in quarantine is over (to be freed now), or NULL: none. */
void *slob_debug_free(struct slob_cache *data, void *object, struct rig_cpu *cpu);
/* Empties the quarantine through slob_cache_release(). */
void slob_debug_drain(struct slob_cache *data, struct rig_cpu *cpu);
/* What is overwritten in the quarantine; true: nothing. */
bool slob_debug_check(const struct slob_cache *data, struct rig_verdict *verdict);

/* cache.c */
void slob_cache_release(struct slob_cache *data, void *object, struct rig_cpu *cpu);

/* check.c */
bool slob_check(struct kmem_cache *cache, int tier, struct rig_verdict *verdict);
bool slob_check_machine(struct rig_machine *machine, int tier, struct rig_verdict *verdict);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What debugging keeps beside objects, and the reports of it (debug.c, debug_report.c). */
#ifndef SLUB_DEBUG_H
#define SLUB_DEBUG_H

#include "slub.h"

/* Who allocated or freed an object last; 32 bytes, as in the kernel. */
struct slub_track {
	unsigned long addr; /* called from */
	unsigned int handle;
	int cpu;
	int pid;
	unsigned long when; /* jiffies: virtual ns / 4000000 */
};

_Static_assert(sizeof(struct slub_track) == 32, "the kernel's struct track");

enum slub_track_item { SLUB_TRACK_ALLOC, SLUB_TRACK_FREE };

/* Where what is kept beside the object begins, the free pointer (if outside) included. */
static inline unsigned int slub_info_end(const struct slub_cache *s)
{
	return s->offset >= s->inuse ? s->inuse + (unsigned int)sizeof(void *) : s->inuse;
}

static inline struct slub_track *slub_track_of(const struct slub_cache *s, void *object,
					       enum slub_track_item item)
{
	return (struct slub_track *)((u8 *)object + slub_info_end(s)) + item;
}

static inline bool slub_keeps_orig_size(const struct slub_cache *s)
{
	return (s->cache->flags & SLAB_STORE_USER) && (s->cache->flags & SLAB_KMALLOC);
}

/* Bytes of a slot from its object on. */
static inline unsigned int slub_size_from_object(const struct slub_cache *s)
{
	return s->cache->size - s->red_left_pad;
}

bool slub_valid_pointer(const struct slub_cache *s, const struct page *slab, const void *object);

/* Reports in the kernel's wording; each ends in the machine's policy, unless a test counts them. */
void slub_object_err(struct slub_cache *s, struct page *slab, void *object, const char *check,
		     const char *reason);
void slub_slab_err(struct slub_cache *s, struct page *slab, const char *check, const char *format,
		   ...) __printf(4, 5);
void slub_overwritten(struct slub_cache *s, struct page *slab, void *object, const char *what,
		      u8 *from, u8 *to, unsigned int value);
void slub_fix(struct slub_cache *s, const char *format, ...) __printf(2, 3);
/* Frames that a track's stack has at most (the kernel's TRACK_ADDRS_COUNT). */
#define SLUB_TRACK_DEPTH 16

/* depot.c: the stack that this CPU runs in, as a number for tracks; 0: none. */
u32 slub_depot_save(struct slub_machine *m, struct rig_cpu *cpu);
void slub_depot_print(struct rig_machine *machine, u32 handle);
struct slub_depot *slub_depot_create(void);

void slub_print_tracking(struct slub_cache *s, void *object);
void slub_print_slab(struct slub_cache *s, const struct page *slab);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a trace says about its objects, found before the replay: which page events belong to slabs,
 * which cache an allocation was from, and which caches do things that are not traced.
 */
#ifndef RIG_OBJECT_PLAN_H
#define RIG_OBJECT_PLAN_H

#include <kmemrig/state.h>

#include "trace_log.h"

#define RIG_NO_LIFE UINT32_MAX
#define RIG_NO_EVENT UINT32_MAX

/* The life of a block of pages: from its allocation (or the past) to its free. */
struct rig_block_life {
	u32 alloc_event;  /* UINT32_MAX: the past, or not traced */
	u32 first_object; /* event: the first about an object in it */
	u32 order;
	bool objects;	   /* object events point into it: a slab, or a large kmalloc */
	bool large;	   /* a large kmalloc */
	bool kmalloc;	   /* some of them are kmalloc's */
	const char *cache; /* the slab's, from a free or from the state; NULL: not said */
};

struct rig_object_plan {
	const struct rig_trace_log *log;
	struct rig_block_life *lives;
	size_t nr_lives;
	u32 *life;	/* by event of the log: the block that it is about; RIG_NO_LIFE */
	bool *of_slab;	/* by event: a page event that the slab allocator caused */
	bool *untraced; /* by event: such a page event that no traced call explains */
	/* By event: of a page event, the allocation that it was for, when others came in between;
	 * RIG_NO_EVENT. Of an allocation that was made at its page event, itself. */
	u32 *early;
	const char **cache;  /* by event: the cache of a kmem_cache_alloc; NULL: not known */
	const char **hidden; /* names of caches with untraced calls (bulk) */
	size_t nr_hidden;
	u32 *next; /* by object event: the next one of the same address; RIG_NO_EVENT */
	struct rig_address_map {
		struct rig_address_entry {
			u64 key;
			u64 value;
		} * entries;
		size_t nr_slots, nr;
	} upcoming; /* by address: number of its next event, plus one; see rig_object_plan_passed */
	struct rig_address_map page_ends; /* by page frame, plus one: index of page_end, plus one */
	struct rig_page_end {
		u32 event; /* mm_page_free */
		u32 next;  /* of the same page frame: index plus one; 0: none */
	} * page_end;
	size_t nr_page_ends;
	u64 slab_pages; /* page allocations and frees of slabs */
};

/*
 * @state: what was there at first, or NULL. @large_are_pages: page events of large kmallocs are not
 * the slab allocator's. NULL: no host memory.
 */
struct rig_object_plan *rig_object_plan_create(struct rig_trace_log *log,
					       const struct rig_state *state, bool large_are_pages);
void rig_object_plan_destroy(struct rig_object_plan *plan);

/* Does the trace show that calls of this cache are missing from it? */
bool rig_object_plan_hides(const struct rig_object_plan *plan, const char *cache);

/* The replay is past this object event. */
void rig_object_plan_passed(struct rig_object_plan *plan, u32 number);

/*
 * What the trace says next of the object at an address. FREED: an object that is free now will have
 * been allocated by a call that is not traced.
 */
enum rig_object_fate { RIG_OBJECT_SILENT, RIG_OBJECT_ALLOCATED, RIG_OBJECT_FREED };
enum rig_object_fate rig_object_plan_fate(struct rig_object_plan *plan, u64 address);

/* Does the trace give the page frame back at @number or later? Ask with rising numbers. */
bool rig_object_plan_page_ends(struct rig_object_plan *plan, u64 pfn, u32 number);

/* A table from addresses to numbers; 0 is no address. */
struct rig_address_map;

/* The entry of @key, made when it is not there (@make) with value 0. NULL: not there, no memory. */
u64 *rig_address_map_find(struct rig_address_map *map, u64 key, bool make);
void rig_address_map_free(struct rig_address_map *map);

/* Address of the object that an object event is about; 0: NULL or no object event. */
u64 rig_event_object(const struct rig_event *event);

#endif

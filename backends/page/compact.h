/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of compaction share:
 *
 *	compaction.c		is it worth it, was it in vain lately; requests' direct compaction
 *	compact_zone.c		one run through a zone
 *	compact_source.c	the scanner for pages to move, upwards
 *	compact_target.c	the scanner for places to move them to, downwards
 *	compact_hints.c		what runs leave for later ones: cached positions, skipped pageblocks
 *	kcompactd.c		the node's own thread
 *	migrate.c		moving one page
 *
 *	   zone_start                                                        zone_end
 *	   |  migrate_pfn ->                                      <- free_pfn      |
 *	   [--------|---------------- pageblocks -----------------------|---------]
 *	             sources                                     targets
 *
 * Pages of the LRU (rig_lru_add) whose only reference is the LRU's can be moved; all others can't.
 *
 * Locking: front->compact_lock is held for a whole run, so that two CPUs do not compact at a time;
 * inside of it front->lru_lock, and inside of that zone->lock.
 */
#ifndef RIG_PAGE_COMPACT_H
#define RIG_PAGE_COMPACT_H

#include "internal.h"

/* Pages that are gathered before they are moved. */
#define COMPACT_CLUSTER_MAX SWAP_CLUSTER_MAX
#define COMPACT_WHOLE_NODE (-1) /* order: everything, whatever is free */

/* With the kernel's numbers. */
enum compact_mode { COMPACT_ASYNC, COMPACT_SYNC_LIGHT, COMPACT_SYNC };

struct compaction {
	struct rig_cpu *cpu;
	struct zone *zone;
	/* what it is for */
	int order; /* or COMPACT_WHOLE_NODE */
	gfp_t gfp;
	int migratetype;
	unsigned int alloc_flags;
	enum zone_type highest_zoneidx;
	enum compact_mode mode;
	bool direct;	      /* for a request; kcompactd otherwise */
	bool proactive;	      /* before anyone asks */
	bool whole_zone;      /* from end to end, not from the cached positions */
	bool ignore_skip;     /* of pageblocks */
	bool ignore_suitable; /* any kind of pageblock may take pages */
	/* the scanners */
	unsigned long migrate_pfn, free_pfn;
	unsigned long fast_start_pfn; /* lowest that the quick search chose; ULONG_MAX: used up */
	int search_order;	      /* where the quick search for targets begins */
	unsigned int search_failures; /* quick searches in a row */
	bool rescan;		      /* the same pageblock for the second time */
	/* pages on the way, linked by lru */
	struct list_head sources, targets;
	unsigned long nr_sources, nr_targets;
	unsigned long migrate_scanned, free_scanned;
	struct page *captured; /* freed in this run, of the wanted order: the request's */
};

/* --- internal views of a zone */

static inline unsigned long pageblock_start(const struct zone *zone, unsigned long pfn)
{
	return ALIGN_DOWN(pfn, pageblock_nr_pages(zone->machine));
}

static inline unsigned long pageblock_end(const struct zone *zone, unsigned long pfn)
{
	return ALIGN(pfn + 1, pageblock_nr_pages(zone->machine));
}

static inline bool is_pageblock_start(const struct zone *zone, unsigned long pfn)
{
	return pageblock_start(zone, pfn) == pfn;
}

/* The scanners are in one pageblock, or past each other. */
static inline bool compact_scanners_met(const struct compaction *c)
{
	unsigned int order = c->zone->machine->pageblock_order;

	return c->free_pfn >> order <= c->migrate_pfn >> order;
}

/* How many blocks of a free list a quick search looks at. */
static inline unsigned long compact_search_limit(const struct compaction *c)
{
	return (COMPACT_CLUSTER_MAX >> min(63u, c->search_failures)) + 1;
}

/* Is all of [start, end), of one pageblock, the zone's? */
bool compact_block_is_whole(const struct zone *zone, unsigned long start, unsigned long end);

/* --- compaction.c */

bool compaction_deferred(struct rig_cpu *cpu, struct zone *zone, int order);
void defer_compaction(struct rig_cpu *cpu, struct zone *zone, int order);
bool compaction_restarting(const struct zone *zone, int order);
/* SKIPPED: too little is free; SUCCESS: no need to; CONTINUE: it is worth it. */
enum compact_result compaction_suitable(struct rig_cpu *cpu, struct zone *zone, int order,
					unsigned int alloc_flags, enum zone_type highest_zoneidx);

/* --- kcompactd.c: how mixed a zone is, and up to where that is well, percent */

unsigned int fragmentation_score_zone(const struct zone *zone);
unsigned int fragmentation_score_mark(const struct rig_machine *machine, bool low);

/* --- compact_zone.c; compact_lock is held */

enum compact_result compact_zone(struct compaction *c);

/* --- compact_source.c */

/* Gathers pages from the first pageblock that has some, from migrate_pfn on. */
void compact_find_sources(struct compaction *c);
/* Back to the LRU, as its youngest. */
void compact_put_back_sources(struct compaction *c);

/* --- compact_target.c */

/* A free page to move one to; NULL: none is left in front of the other scanner. */
struct page *compact_next_target(struct compaction *c);
/* One that was not used: the next again. */
void compact_return_target(struct compaction *c, struct page *page);
/* Frees those that are left; returns the highest page frame of them, or 0. */
unsigned long compact_release_targets(struct compaction *c);

/* --- compact_hints.c */

bool pageblock_is_skipped(const struct zone *zone, unsigned long pfn);
void pageblock_skip(struct zone *zone, unsigned long pfn, bool skip);
void compact_reset_positions(struct zone *zone);
void compact_note_source_block(struct compaction *c, unsigned long pfn);
void compact_note_full_block(struct compaction *c, unsigned long pfn);
/* Forgets which pageblocks were in vain, as far as a look into them says that they may not be. */
void compact_forget_skipped(struct zone *zone);

/* --- migrate.c */

/*
 * Moves a page that was taken off the LRU to @target, which is of order 0 and in use: it becomes
 * the youngest of the LRU, and the old page is freed. False: somebody else uses the page, too.
 */
bool migrate_to(struct rig_cpu *cpu, struct page *page, struct page *target);

#endif

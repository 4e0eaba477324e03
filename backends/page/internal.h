/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the page allocator share. Nothing outside of this folder includes it.
 *
 *	api.c, frag.c		the kernel's API, the front of every page backend
 *	alloc.c			a request's way: zones, per-CPU lists or buddy lists, preparation
 *	slowpath.c		when that failed: reclaim.c, compaction (compact.h), OOM, report.c
 *	pcp.c			per-CPU lists
 *	buddy.c			the zones' free lists: split and merge
 *	fallback.c		what happens when the wanted migratetype has no pages
 *	lazy.c			memory that was never handed out
 */
#ifndef RIG_PAGE_INTERNAL_H
#define RIG_PAGE_INTERNAL_H

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <kmemrig/page.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>

/* How an allocation may go about it (mm/internal.h in the kernel, with its values). */
#define ALLOC_WMARK_MIN WMARK_MIN
#define ALLOC_WMARK_LOW WMARK_LOW
#define ALLOC_WMARK_HIGH WMARK_HIGH
#define ALLOC_NO_WATERMARKS 0x04u
#define ALLOC_WMARK_MASK (ALLOC_NO_WATERMARKS - 1)
#define ALLOC_OOM 0x08u
#define ALLOC_NON_BLOCK 0x10u
#define ALLOC_MIN_RESERVE 0x20u /* == __GFP_HIGH */
#define ALLOC_CPUSET 0x40u
#define ALLOC_CMA 0x80u
#define ALLOC_NOFRAGMENT 0x100u
#define ALLOC_HIGHATOMIC 0x200u
#define ALLOC_KSWAPD 0x800u /* == __GFP_KSWAPD_RECLAIM */
#define ALLOC_RESERVES (ALLOC_NON_BLOCK | ALLOC_MIN_RESERVE | ALLOC_HIGHATOMIC | ALLOC_OOM)

/* How a block goes back. */
#define FPI_NONE 0u
#define FPI_TO_TAIL 2u

#define PCP_BATCH_SCALE_MAX 5 /* CONFIG_PCP_BATCH_SCALE_MAX */
#define SWAP_CLUSTER_MAX 32UL
#define MAX_RECLAIM_RETRIES 16

/* kcompactd looks at its node by itself that often. */
#define KCOMPACTD_INTERVAL_NS 500000000ull

#define PENALTY_FOR_NODE_WITH_CPUS 1

/*
 * The rig's own bits of page->flags, between the kernel's flags and the zone. A page whose
 * PAGE_KNOWN bit is clear was never touched: its struct page is all zero.
 */
#define PAGE_KNOWN BIT(40)
#define PAGE_USE_SHIFT 41
#define PAGE_USE_MASK (3UL << PAGE_USE_SHIFT)
#define PAGE_ORDER_SHIFT 43
#define PAGE_ORDER_MASK (15UL << PAGE_ORDER_SHIFT)
#define PAGE_LINKS_MASK                                                                            \
	(RIG_PAGE_NODE_MASK << RIG_PAGE_NODE_SHIFT | RIG_PAGE_ZONE_MASK << RIG_PAGE_ZONE_SHIFT)

enum page_use {
	PAGE_USE_NONE,	/* in a free block, or the tail of a block in use */
	PAGE_USE_BLOCK, /* first page of an allocated block; its order beside */
	PAGE_USE_PAST,	/* in use since before a state was recorded: of any order */
	PAGE_USE_PCP,	/* first page of a block on a per-CPU list; its order beside */
};

/* Counters of vmstat; written by their CPU only. */
enum page_event {
	PGALLOC,
	PGFREE,
	NUMA_HIT,
	NUMA_MISS,
	NUMA_FOREIGN,
	NUMA_LOCAL,
	NUMA_OTHER,
	NR_PAGE_EVENTS
};

struct per_cpu_zonestat {
	unsigned long events[NR_PAGE_EVENTS];
	s8 free_diff; /* what this CPU has not yet added to NR_FREE_PAGES */
	s8 cma_diff;
	s8 stat_threshold;
} __attribute__((aligned(64)));

/* What runs of compaction leave for later ones. */
struct compact_memory {
	/* the next 1 << defer_shift attempts at order_failed or above are left out */
	unsigned int considered, defer_shift;
	int order_failed;
	/* where the scanners go on; of the first, async and other runs have their own */
	unsigned long migrate_pfn[2], free_pfn;
	unsigned long init_migrate_pfn, init_free_pfn;
	bool forget_skipped; /* kswapd is to forget which pageblocks were in vain */
};

struct compaction;

/* zone->backend_private */
struct zone_extra {
	struct per_cpu_zonestat *stats; /* [cpu] */
	struct lazy_range *lazy;	/* newest first */
	unsigned long percpu_drift_mark;
	unsigned long allocstall;
	struct compact_memory compact;
	struct compaction *capture; /* a request's, which takes what is freed of its order */
};

/* machine->page_private */
struct buddy {
	u8 *pageblocks; /* [pfn >> pageblock_order]: migratetype ^ MIGRATE_MOVABLE */
	bool *skipped;	/* by compaction, lately in vain; indexed as pageblocks */
	unsigned long nr_pageblocks;
};

/* machine->page_front */
struct rig_page_front {
	struct list_head shrinkers;
	struct list_head lru; /* oldest first */
	spinlock_t lru_lock;
	unsigned long nr_lru;
	bool (*oom_kill)(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, void *data);
	void *oom_data;
	int numa_mem[MAX_NUMNODES]; /* nearest node with memory */
	unsigned long totalreserve_pages;
	unsigned long allocstall, kswapd_runs, oom_kills, compact_stall, compact_success,
		compact_fail, pgsteal_direct, pgsteal_kswapd, pgscan_direct, pgscan_kswapd,
		slabs_scanned, drop_pagecache, pageoutrun;
	spinlock_t compact_lock; /* held for a run of compaction */
	unsigned long compact_isolated, compact_migrate_scanned, compact_free_scanned,
		compact_daemon_wake, compact_daemon_migrate_scanned, compact_daemon_free_scanned,
		pgmigrate_success, pgmigrate_fail;
	unsigned int zone_reclaim_mode;	       /* vm.zone_reclaim_mode: NODE_RECLAIM_* */
	bool node_reclaims[MAX_NUMNODES];      /* a CPU is at it: others go on */
	unsigned int compaction_proactiveness; /* vm.compaction_proactiveness; 0: never */
	void (*moved)(struct rig_cpu *cpu, struct page *from, struct page *to, void *data);
	void *moved_data;
	bool init_on_alloc; /* the kernel's parameter: every block comes cleared */
	u64 reported_ns;    /* the last report of a failure, if any */
	bool reported;
	bool reclaim_off; /* a replay: what reclaim did is in the trace */
	bool what_if;	  /* but on another machine than the traced one: see rig_page_what_if() */
	/* what the trace says about the next pageblocks that are stolen from, a queue */
	struct {
		unsigned long pfn;
		bool changes;
	} expected[16];
	unsigned int expected_first, nr_expected;
};

struct rig_page_batch;

struct alloc_context {
	struct zonelist *zonelist;
	const unsigned long *nodemask;
	struct zoneref *preferred_zoneref;
	int migratetype;
	enum zone_type highest_zoneidx;
};

static inline struct buddy *machine_buddy(const struct rig_machine *machine)
{
	return machine->page_private;
}

static inline struct zone_extra *zone_extra(const struct zone *zone)
{
	return zone->backend_private;
}

static inline unsigned long pageblock_nr_pages(const struct rig_machine *machine)
{
	return 1UL << machine->pageblock_order;
}

static inline int get_pageblock_migratetype(const struct rig_machine *machine, unsigned long pfn)
{
	return READ_ONCE(machine_buddy(machine)->pageblocks[pfn >> machine->pageblock_order]) ^
	       MIGRATE_MOVABLE;
}

static inline void set_pageblock_migratetype(struct rig_machine *machine, unsigned long pfn,
					     int migratetype)
{
	if (machine->page_group_by_mobility_disabled && migratetype < MIGRATE_PCPTYPES)
		migratetype = MIGRATE_UNMOVABLE;
	WRITE_ONCE(machine_buddy(machine)->pageblocks[pfn >> machine->pageblock_order],
		   (u8)(migratetype ^ MIGRATE_MOVABLE));
}

static inline bool migratetype_is_mergeable(int migratetype)
{
	return migratetype < MIGRATE_PCPTYPES;
}

static inline void count_page_event(const struct rig_cpu *cpu, const struct zone *zone,
				    enum page_event event, unsigned long nr)
{
	unsigned long *counter = &zone_extra(zone)->stats[cpu->id].events[event];

	WRITE_ONCE(*counter, *counter + nr);
}

/* --- the rig's bits of struct page */

static inline enum page_use page_use(const struct page *page)
{
	return (enum page_use)((READ_ONCE(page->flags) & PAGE_USE_MASK) >> PAGE_USE_SHIFT);
}

static inline unsigned int page_block_order(const struct page *page)
{
	return (unsigned int)((page->flags & PAGE_ORDER_MASK) >> PAGE_ORDER_SHIFT);
}

static inline void set_page_use(struct page *page, enum page_use use, unsigned int order)
{
	WRITE_ONCE(page->flags, (page->flags & ~(PAGE_USE_MASK | PAGE_ORDER_MASK)) |
					(unsigned long)use << PAGE_USE_SHIFT |
					(unsigned long)order << PAGE_ORDER_SHIFT);
}

static inline int get_pcppage_migratetype(const struct page *page)
{
	return (int)page->index;
}

static inline void set_pcppage_migratetype(struct page *page, int migratetype)
{
	page->index = (unsigned long)migratetype;
}

static inline bool same_zone(const struct page *a, const struct page *b)
{
	return ((READ_ONCE(a->flags) ^ READ_ONCE(b->flags)) & PAGE_LINKS_MASK) == 0;
}

static inline unsigned int buddy_order(const struct page *page)
{
	return (unsigned int)page->private;
}

static inline bool page_is_buddy(const struct page *page, const struct page *buddy,
				 unsigned int order)
{
	return PageBuddy(buddy) && buddy_order(buddy) == order && same_zone(page, buddy);
}

static inline bool free_area_empty(const struct free_area *area, int migratetype)
{
	return list_empty(&area->free_list[migratetype]);
}

/* --- buddy.c; zone->lock is held by the caller of all of these */

void mod_zone_freepage_state(struct rig_cpu *cpu, struct zone *zone, long pages, int migratetype);
void mod_zone_cma_state(struct rig_cpu *cpu, struct zone *zone, long pages);
void fold_zone_diff(struct zone *zone, int cpu);
void free_one_page_locked(struct rig_cpu *cpu, struct page *page, unsigned long pfn,
			  struct zone *zone, unsigned int order, int migratetype, unsigned int fpi);
void del_page_from_free_list(struct page *page, struct zone *zone, unsigned int order);
void move_to_free_list(struct page *page, struct zone *zone, unsigned int order, int migratetype);
void add_to_free_list(struct page *page, struct zone *zone, unsigned int order, int migratetype);
void set_buddy_order(struct page *page, unsigned int order);
struct page *get_page_from_free_area(struct zone *zone, unsigned int order, int migratetype);
void expand(struct zone *zone, struct page *page, unsigned int low, unsigned int high,
	    int migratetype);
struct page *rmqueue_smallest(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
			      int migratetype);
struct page *rmqueue_locked(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
			    int migratetype, unsigned int alloc_flags);
/* Takes the lock itself. */
void free_one_page(struct rig_cpu *cpu, struct zone *zone, struct page *page, unsigned long pfn,
		   unsigned int order, int migratetype, unsigned int fpi);

/* --- lazy.c; under zone->lock too */

struct lazy_range {
	struct list_head list; /* in free_area[MAX_ORDER - 1].free_list[] */
	unsigned long start_pfn, end_pfn;
	int migratetype;
	struct lazy_range *next; /* of the zone, to be freed at the end */
};

/* Is the page part of memory that was never handed out, whose struct pages nobody touched? */
bool lazy_contains(const struct zone *zone, unsigned long pfn);
bool lazy_is(const struct rig_machine *machine, const struct list_head *entry);
struct page *lazy_first(struct zone *zone, struct list_head *entry);
void lazy_touch(struct zone *zone, unsigned long pfn);
int lazy_add(struct zone *zone, unsigned long start_pfn, unsigned long end_pfn);
void lazy_fini(struct zone *zone);
void page_init_range(struct zone *zone, unsigned long start_pfn, unsigned long end_pfn);

/* --- fallback.c; under zone->lock */

bool rmqueue_fallback(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
		      int start_migratetype, unsigned int alloc_flags);
bool has_suitable_fallback(const struct zone *zone, unsigned int order, int migratetype);
int move_freepages_block(struct zone *zone, unsigned long pfn, int migratetype, int *num_movable);
/* These two take it themselves. */
void reserve_highatomic_pageblock(struct page *page, struct zone *zone);
bool unreserve_highatomic_pageblock(struct rig_cpu *cpu, const struct alloc_context *ac,
				    bool force);

/* --- pcp.c */

unsigned int order_to_pindex(int migratetype, unsigned int order);
unsigned int pindex_to_order(const struct rig_machine *machine, unsigned int pindex);
void pcp_note_migratetype(const struct rig_machine *machine, struct page *page, unsigned int index);
bool pcp_allowed_order(const struct rig_machine *machine, unsigned int order);
void free_pcppages_bulk(struct rig_cpu *cpu, struct zone *zone, int count,
			struct per_cpu_pages *pcp, unsigned int pindex);
struct page *rmqueue_pcplist(struct rig_cpu *cpu, struct zone *preferred, struct zone *zone,
			     unsigned int order, int migratetype, unsigned int alloc_flags);
struct page *rmqueue_pcplist_locked(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
				    int migratetype, unsigned int alloc_flags,
				    struct per_cpu_pages *pcp, struct list_head *list);
void free_unref_page(struct rig_cpu *cpu, struct page *page, unsigned int order);
bool free_unref_page_prepare(struct rig_cpu *cpu, struct page *page, unsigned int order);
void free_unref_list_page(struct rig_cpu *cpu, struct rig_page_batch *batch, struct page *page);
void free_unref_list_end(struct rig_cpu *cpu, struct rig_page_batch *batch);
void free_unref_list(struct rig_cpu *cpu, struct list_head *pages);
void free_pages_ok(struct rig_cpu *cpu, struct page *page, unsigned int order, unsigned int fpi);
void free_the_page(struct rig_cpu *cpu, struct page *page, unsigned int order);
void drain_pages_zone(struct rig_cpu *cpu, int pcp_cpu, struct zone *zone);
void zone_statistics(struct rig_cpu *cpu, struct zone *preferred, struct zone *zone, long nr);

/* --- prep.c */

void prep_new_page(struct rig_cpu *cpu, struct page *page, unsigned int order, gfp_t gfp,
		   unsigned int alloc_flags);
bool free_pages_prepare(struct rig_cpu *cpu, struct page *page, unsigned int order, bool check);
bool free_page_is_bad(struct rig_cpu *cpu, struct page *page);
bool check_new_pages(struct rig_cpu *cpu, struct page *page, unsigned int order);
void bad_page(struct rig_cpu *cpu, struct page *page, const char *check, const char *reason);

/* --- alloc.c */

struct page *get_page_from_freelist(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
				    unsigned int alloc_flags, const struct alloc_context *ac);
void prepare_context(struct rig_cpu *cpu, const struct rig_page_request *request,
		     struct alloc_context *ac, unsigned int *alloc_flags);
struct page *buddy_alloc(struct rig_cpu *cpu, const struct rig_page_request *request);
int request_migratetype(const struct rig_machine *machine, gfp_t gfp);
unsigned int gfp_to_alloc_flags(gfp_t gfp, unsigned int order);
unsigned int gfp_to_alloc_flags_cma(gfp_t gfp, unsigned int alloc_flags);
/* Rights to all, or for the OOM killer's victims to more, of the reserves. */
unsigned int pfmemalloc_flags(const struct rig_cpu *cpu, gfp_t gfp);

/* --- bulk.c */

unsigned long buddy_alloc_bulk(struct rig_cpu *cpu, const struct rig_page_request *request,
			       unsigned long nr_pages, struct page **pages);

/* --- watermark.c */

/* What of a zone's free pages a request without the rights to it can't have. */
long zone_unusable_free(const struct zone *zone, unsigned int order, unsigned int alloc_flags);
/* The part of min that a request's rights leave. */
long zone_reduced_min(long min, unsigned int alloc_flags);

bool zone_watermark_ok_free(const struct zone *zone, unsigned int order, unsigned long mark,
			    int highest_zoneidx, unsigned int alloc_flags, long free_pages);
bool zone_watermark_ok(const struct zone *zone, unsigned int order, unsigned long mark,
		       int highest_zoneidx, unsigned int alloc_flags);
bool zone_watermark_ok_safe(const struct zone *zone, unsigned int order, unsigned long mark,
			    int highest_zoneidx);
bool zone_watermark_fast(const struct zone *zone, unsigned int order, unsigned long mark,
			 int highest_zoneidx, unsigned int alloc_flags, gfp_t gfp);
unsigned long zone_free_snapshot(const struct zone *zone);
void refresh_zone_stat_thresholds(struct rig_machine *machine);
void setup_watermarks(struct rig_machine *machine);
/* After a change of min_free_kbytes or watermark_scale_factor (setup_per_zone_wmarks). */
void update_watermarks(struct rig_machine *machine);
/* After a change of lowmem_reserve_ratio (setup_per_zone_lowmem_reserve). */
void update_lowmem_reserve(struct rig_machine *machine);
void calculate_totalreserve_pages(struct rig_machine *machine);
void zone_pcp_update(struct zone *zone);
unsigned long nr_free_buffer_pages(const struct rig_machine *machine);

/* --- zonelist.c */

int build_zonelists(struct rig_machine *machine);
void free_zonelists(struct rig_machine *machine);
struct zoneref *next_zones_zonelist(struct zoneref *z, enum zone_type highest_zoneidx,
				    const unsigned long *nodemask);
struct zonelist *node_zonelist(const struct rig_machine *machine, int nid, gfp_t gfp);
int nr_online_nodes(const struct rig_machine *machine);

#define for_each_zone_from(zone, z, highest_zoneidx, nodemask)                                     \
	for ((zone) = (z)->zone; (zone);                                                           \
	     (z) = next_zones_zonelist((z) + 1, (highest_zoneidx), (nodemask)),                    \
	    (zone) = (z)->zone)

struct zone *next_zone(const struct rig_machine *machine, const struct zone *zone);

#define for_each_zone(machine, zone)                                                               \
	for ((zone) = next_zone((machine), NULL); (zone); (zone) = next_zone((machine), (zone)))
#define for_each_populated_zone(machine, zone)                                                     \
	for_each_zone(machine, zone) if (populated_zone(zone))

/* --- slowpath.c, reclaim.c, compaction.c, report.c */

/* How hard compaction tries; the kernel's numbers. */
enum compact_priority {
	COMPACT_PRIO_SYNC_FULL,
	COMPACT_PRIO_SYNC_LIGHT,
	COMPACT_PRIO_ASYNC,
};

/* The kernel's numbers: events show them. */
enum compact_result {
	COMPACT_NOT_SUITABLE_ZONE, /* in events only: what fails does so for want of memory */
	COMPACT_SKIPPED,	   /* too little is free to begin */
	COMPACT_DEFERRED,	   /* it was in vain lately */
	COMPACT_NO_SUITABLE_PAGE,  /* in events only: not yet */
	COMPACT_CONTINUE,
	COMPACT_COMPLETE,	 /* the whole zone was scanned, without success */
	COMPACT_PARTIAL_SKIPPED, /* the rest of the zone was scanned, without success */
	COMPACT_CONTENDED,	 /* given up: no places were left to move pages to */
	COMPACT_SUCCESS,
};

struct page *alloc_pages_slowpath(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
				  struct alloc_context *ac);
void wakeup_kswapd(struct rig_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order,
		   enum zone_type highest_zoneidx);
unsigned long try_to_free_pages(struct rig_cpu *cpu, const struct alloc_context *ac,
				unsigned int order, gfp_t gfp);
unsigned long zone_reclaimable_pages(const struct zone *zone);
/*
 * vm.zone_reclaim_mode: rather than going on to a remote node, reclaim from this one. @zone is one
 * that is below its watermark. True: enough was freed for 1 << order pages.
 */
bool node_reclaim(struct rig_cpu *cpu, const struct zone *preferred, struct zone *zone, gfp_t gfp,
		  unsigned int order);
/* @captured: a block that the run freed for the request, off all lists; or NULL. */
enum compact_result try_to_compact_pages(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
					 unsigned int alloc_flags, const struct alloc_context *ac,
					 enum compact_priority priority, struct page **captured);
bool compaction_zonelist_suitable(const struct alloc_context *ac, unsigned int order,
				  unsigned int alloc_flags);
void compaction_defer_reset(struct rig_cpu *cpu, struct zone *zone, int order, bool allocated);
/* The allocation succeeded after a run: no reason to forget what it learned. */
void compaction_succeeded(struct rig_cpu *cpu, struct zone *zone, int order);
bool compaction_captures(const struct compaction *capture, const struct rig_cpu *cpu,
			 unsigned int order, int migratetype);
void compaction_capture(struct compaction *capture, struct page *page);
void reset_isolation_suitable(struct rig_cpu *cpu, struct pglist_data *node);
void wakeup_kcompactd(struct rig_cpu *cpu, struct pglist_data *node, int order,
		      enum zone_type highest_zoneidx);
void kcompactd_run(struct rig_cpu *cpu, struct pglist_data *node);
/* Under lru_lock: the page joins the LRU as its youngest, or leaves it. */
void lru_link(struct rig_machine *machine, struct page *page);
void lru_unlink(struct rig_machine *machine, struct page *page);
void warn_alloc(struct rig_cpu *cpu, gfp_t gfp, const unsigned long *nodemask, unsigned int order);

/* --- check.c */

bool buddy_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict);

/* --- check_touched.c: tiers 1 and 2, after each operation */

void check_touched(struct rig_cpu *cpu, struct page *page, unsigned int order);
void check_lists_touched(struct rig_cpu *cpu, struct page *page, unsigned int order);

static inline bool in_interrupt_of(const struct rig_cpu *cpu)
{
	return cpu->preempt_count & 0xfff00UL;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes, zones and their free lists, as in Linux 6.1.
 *
 *	node (struct pglist_data)
 *	 +- zone DMA | DMA32 | NORMAL | HIGHMEM | MOVABLE (struct zone)
 *	     +- free_area[order].free_list[migratetype]     the buddy lists, under zone->lock
 *	     +- per_cpu_pageset[cpu].lists[index]           the per-CPU lists, under their own lock
 *
 * Memory is measured in pages here; positions are page frame numbers (pfn).
 */
#ifndef _LINUX_MMZONE_H_RIG
#define _LINUX_MMZONE_H_RIG

#include <linux/atomic.h>
#include <linux/gfp_types.h>
#include <linux/list.h>
#include <linux/page-flags.h>
#include <linux/spinlock.h>
#include <kmemrig/page_size.h>

/* Orders 0 to MAX_ORDER - 1 exist. */
#define MAX_ORDER 11
#define MAX_ORDER_NR_PAGES (1UL << (MAX_ORDER - 1))
/* Allocations above this order are expensive: fewer efforts are made for them. */
#define PAGE_ALLOC_COSTLY_ORDER 3

#define MAX_NUMNODES 1024
#define NUMA_NO_NODE (-1)
#define RIG_NR_CPUS 64

/* The kernel's numbering with CMA and isolation configured in. */
enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES,
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES
};

static inline bool is_migrate_isolate(int migratetype)
{
	return migratetype == MIGRATE_ISOLATE;
}

static inline bool is_migrate_cma(int migratetype)
{
	return migratetype == MIGRATE_CMA;
}

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGHMEM, ZONE_MOVABLE, __MAX_NR_ZONES };
#define MAX_NR_ZONES __MAX_NR_ZONES

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO, NR_WMARK };

enum zone_stat_item {
	NR_FREE_PAGES,
	NR_ZONE_INACTIVE_ANON,
	NR_ZONE_ACTIVE_ANON,
	NR_ZONE_INACTIVE_FILE,
	NR_ZONE_ACTIVE_FILE,
	NR_ZONE_UNEVICTABLE,
	NR_ZONE_WRITE_PENDING,
	NR_MLOCK,
	NR_BOUNCE,
	NR_FREE_CMA_PAGES,
	NR_VM_ZONE_STAT_ITEMS
};

struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	unsigned long nr_free; /* blocks on all lists of this order */
};

/*
 * Per-CPU lists: three migratetypes for each order up to PAGE_ALLOC_COSTLY_ORDER, and with huge
 * pages two more for order pageblock_order (not movable, movable).
 */
#define NR_PCP_LISTS (MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1) + 2)

struct per_cpu_pages {
	spinlock_t lock;
	int count;	   /* pages on all lists */
	int high;	   /* above this, pages go back to the buddy lists */
	int batch;	   /* pages moved at a time */
	short free_factor; /* scales batch while pages are freed without allocations between */
	short expire;
	struct list_head lists[NR_PCP_LISTS]; /* index: MIGRATE_PCPTYPES * order + migratetype */
} __attribute__((aligned(64)));

struct pglist_data;
struct rig_machine;

/* Flags of a zone. */
enum zone_flags { ZONE_BOOSTED_WATERMARK, ZONE_RECLAIM_ACTIVE };

struct zone {
	unsigned long _watermark[NR_WMARK];
	unsigned long watermark_boost;
	unsigned long nr_reserved_highatomic;
	/* Pages that a request for zone [i] must leave here. */
	long lowmem_reserve[MAX_NR_ZONES];
	int node;
	struct pglist_data *zone_pgdat;
	struct rig_machine *machine;
	struct per_cpu_pages *per_cpu_pageset; /* [cpu] */
	int pageset_high;
	int pageset_batch;
	unsigned long zone_start_pfn;
	unsigned long spanned_pages; /* from the first pfn to the last, holes included */
	unsigned long present_pages; /* less the holes */
	atomic_long_t managed_pages; /* less what was reserved at boot */
	unsigned long cma_pages;
	const char *name;
	unsigned long nr_isolate_pageblock;
	bool initialized;
	struct free_area free_area[MAX_ORDER];
	unsigned long flags; /* 1 << enum zone_flags */
	spinlock_t lock;
	atomic_long_t vm_stat[NR_VM_ZONE_STAT_ITEMS];
	void *backend_private; /* the page backend's own */
};

static inline unsigned long zone_end_pfn(const struct zone *zone)
{
	return zone->zone_start_pfn + zone->spanned_pages;
}

static inline unsigned long zone_managed_pages(const struct zone *zone)
{
	return (unsigned long)atomic_long_read(&zone->managed_pages);
}

static inline bool managed_zone(const struct zone *zone)
{
	return zone_managed_pages(zone) != 0;
}

static inline bool populated_zone(const struct zone *zone)
{
	return zone->present_pages != 0;
}

static inline bool zone_spans_pfn(const struct zone *zone, unsigned long pfn)
{
	return zone->zone_start_pfn <= pfn && pfn < zone_end_pfn(zone);
}

static inline unsigned long zone_page_state(const struct zone *zone, enum zone_stat_item item)
{
	long pages = atomic_long_read(&zone->vm_stat[item]);

	return pages < 0 ? 0 : (unsigned long)pages;
}

#define wmark_pages(zone, i) ((zone)->_watermark[i] + (zone)->watermark_boost)
#define min_wmark_pages(zone) wmark_pages(zone, WMARK_MIN)
#define low_wmark_pages(zone) wmark_pages(zone, WMARK_LOW)
#define high_wmark_pages(zone) wmark_pages(zone, WMARK_HIGH)

struct zoneref {
	struct zone *zone;
	int zone_idx; /* zone's enum zone_type */
};

/* The zones that a request may be served from, best first; ends with a NULL zone. */
struct zonelist {
	struct zoneref _zonerefs[MAX_NR_ZONES * 64 + 1];
};

enum { ZONELIST_FALLBACK, ZONELIST_NOFALLBACK, MAX_ZONELISTS };

typedef struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	struct zonelist *node_zonelists[MAX_ZONELISTS]; /* sized by the machine's nodes */
	int nr_zones;
	unsigned long node_start_pfn;
	unsigned long node_present_pages;
	unsigned long node_spanned_pages;
	int node_id;
	int kswapd_order;
	enum zone_type kswapd_highest_zoneidx;
	int kswapd_failures;
	bool kswapd_woken;
	int kcompactd_max_order; /* of those who woke it, or tried to */
	enum zone_type kcompactd_highest_zoneidx;
	bool kcompactd_woken;
	unsigned long long kcompactd_next_look_ns; /* for proactive compaction */
	void *backend_private;
} pg_data_t;

#define zone_idx(zone) ((enum zone_type)((zone) - (zone)->zone_pgdat->node_zones))

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page allocator's core functions: what linux/gfp.h and linux/mm.h wrap. They take the CPU
 * they run on, check the caller's contract, ask the fault hook, call the machine's page backend
 * and emit kmem:mm_page_alloc and kmem:mm_page_free. Orders are powers of two of pages.
 */
#ifndef KMEMRIG_PAGE_H
#define KMEMRIG_PAGE_H

#include <kmemrig/cpu.h>
#include <kmemrig/machine.h>
#include <linux/gfp_types.h>
#include <linux/types.h>

/* Boot: after zones exist, starts the machine's page backend; builds zonelists. -errno. */
int rig_page_init(struct rig_machine *machine);
/* Boot: pages [start_pfn, end_pfn) become free, and are managed from now on. */
void rig_page_free_boot_range(struct rig_machine *machine, unsigned long start_pfn,
			      unsigned long end_pfn);
/* Boot: all free memory was handed over; sets watermarks and per-CPU list sizes. */
void rig_page_boot_done(struct rig_machine *machine);
void rig_page_fini(struct rig_machine *machine);

/*
 * Allocates 1 << order pages, physically contiguous (__alloc_pages in the kernel).
 * @nid: the node to begin with; NUMA_NO_NODE: the CPU's. @nodemask: bitmap of MAX_NUMNODES bits
 * with the nodes that are allowed, NULL: all. Returns the first page with one reference, NULL when
 * there is no memory. Sleeps (reclaims) if @gfp has __GFP_DIRECT_RECLAIM.
 */
struct page *rig_alloc_pages(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid,
			     const unsigned long *nodemask);

/* Drops a reference; the last one frees 1 << order pages (__free_pages). Never sleeps. */
void rig_free_pages(struct rig_cpu *cpu, struct page *page, unsigned int order);

/* Drops a reference to a page or compound page, frees it with its own order (put_page). */
void rig_put_page(struct rig_cpu *cpu, struct page *page);

/* Pages of order 0 linked by lru whose references are gone (free_unref_page_list). */
void rig_free_page_list(struct rig_cpu *cpu, struct list_head *pages);

/*
 * Pages of order 0 into the empty slots of @pages (alloc_pages_bulk_array); returns how many slots
 * are filled. Emits nothing when served from the per-CPU lists, as the kernel.
 */
unsigned long rig_alloc_pages_bulk(struct rig_cpu *cpu, gfp_t gfp, int nid,
				   const unsigned long *nodemask, unsigned long nr_pages,
				   struct page **pages);

/* @size bytes rounded up to pages, the rest of the power of two freed; host address or NULL. */
void *rig_alloc_pages_exact(struct rig_cpu *cpu, size_t size, gfp_t gfp, int nid);
void rig_free_pages_exact(struct rig_cpu *cpu, void *address, size_t size);

/* A block of 1 << order pages that is not compound becomes that many single pages. */
void rig_split_page(struct rig_cpu *cpu, struct page *page, unsigned int order);

/*
 * Exactly the range [start_pfn, end_pfn), after its pages in use were moved away
 * (alloc_contig_range).
 * @migratetype: of the range's pageblocks. 0 or -errno (-EBUSY: a page can't be moved).
 */
int rig_alloc_contig_range(struct rig_cpu *cpu, unsigned long start_pfn, unsigned long end_pfn,
			   int migratetype, gfp_t gfp);
struct page *rig_alloc_contig_pages(struct rig_cpu *cpu, unsigned long nr_pages, gfp_t gfp, int nid,
				    const unsigned long *nodemask);
void rig_free_contig_range(struct rig_cpu *cpu, unsigned long pfn, unsigned long nr_pages);

/*
 * Reserved memory becomes a CMA area: lent to movable requests, to be had as a range with
 * rig_alloc_contig_range(..., MIGRATE_CMA, ...). Whole pageblocks. -EINVAL, -EBUSY: not reserved.
 */
int rig_cma_area_init(struct rig_cpu *cpu, unsigned long start_pfn, unsigned long nr_pages);

/* A page that boot reserved goes to the allocator. */
void rig_free_reserved_page(struct rig_cpu *cpu, struct page *page);

/* The per-CPU lists of @cpu (of all CPUs) for @zone (NULL: all zones) go back to the zones. */
void rig_drain_local_pages(struct rig_cpu *cpu, struct zone *zone);
void rig_drain_all_pages(struct rig_cpu *cpu, struct zone *zone);

/*
 * The zone that a page frame lies in, by the boot map: nodes may interleave, and its struct page
 * need not have been touched. NULL: a hole.
 */
struct zone *rig_pfn_zone(const struct rig_machine *machine, unsigned long pfn);

/* vm.min_free_kbytes is written: watermarks and per-CPU list sizes follow. CPUs are at rest. */
void rig_page_set_min_free_kbytes(struct rig_machine *machine, unsigned long kbytes);

/*
 * Memory came online: watermarks, reserves and per-CPU list sizes of the machine's new size
 * (init_per_zone_wmark_min); min_free_kbytes does not fall. CPUs are at rest.
 */
void rig_page_memory_added(struct rig_machine *machine);

/*
 * Writes the settings "sysctl.vm.NAME=VALUE" of the machine's command line: min_free_kbytes,
 * watermark_scale_factor, watermark_boost_factor, lowmem_reserve_ratio,
 * percpu_pagelist_high_fraction. Boot does it when it is done; a machine that was built bare gets
 * it when its state is restored. -EINVAL: an unknown name of vm., or a wrong value: @error says so.
 */
int rig_page_boot_sysctls(struct rig_machine *machine, char *error, size_t size);

/*
 * CPUs come and go. The pages of @gone's lists go back, done by @cpu, and the others' lists may
 * become longer. Both CPUs are at rest.
 */
void rig_page_cpu_offline(struct rig_cpu *cpu, struct rig_cpu *gone);
void rig_page_cpu_online(struct rig_cpu *cpu);

/* Migratetype of the pageblock of a page frame. */
int rig_pageblock_migratetype(const struct rig_machine *machine, unsigned long pfn);
void rig_set_pageblock_migratetype(struct rig_machine *machine, unsigned long pfn, int migratetype);

/*
 * Reclaim. A shrinker registered here is called from direct reclaim and kswapd with the request's
 * flags; @io: it needs I/O or file systems, so it is skipped without __GFP_IO / __GFP_FS.
 */
struct rig_shrinker {
	/* Objects that could go. */
	unsigned long (*count)(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp);
	/* Frees up to @nr objects; returns the pages freed. */
	unsigned long (*scan)(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp,
			      unsigned long nr);
	bool io; /* skipped for requests without __GFP_IO */
	bool fs; /* skipped for requests without __GFP_FS */
	void *data;
	struct list_head list; /* the machine's */
};

void rig_shrinker_register(struct rig_machine *machine, struct rig_shrinker *shrinker);
void rig_shrinker_unregister(struct rig_machine *machine, struct rig_shrinker *shrinker);

/*
 * The simulated page cache: pages of order 0 that reclaim may take back, least recently added
 * first. The LRU holds the only reference. @dirty: reclaim needs __GFP_IO and __GFP_FS to write it.
 *
 * These are also the pages that can be moved, by compaction and rig_alloc_contig_range(): page
 * contents go along, and who wants to know where a page went says so by rig_lru_on_move(). A page
 * that somebody holds another reference to stays where it is.
 */
void rig_lru_add(struct rig_cpu *cpu, struct page *page, bool dirty);
/* Takes a page off the LRU; the reference is the caller's again. */
void rig_lru_del(struct rig_cpu *cpu, struct page *page);

void rig_lru_on_move(struct rig_machine *machine,
		     void (*moved)(struct rig_cpu *cpu, struct page *from, struct page *to,
				   void *data),
		     void *data);

/*
 * kswapd and kcompactd are no threads: each node's do what they were woken for, kswapd first, when
 * rig_daemons_run() is called. It is called when a task sleeps or lets time pass
 * (rig_sleep(), rig_time_pass() in task context), and before a request reclaims for itself. On
 * other page backends than the buddy allocator it does nothing.
 */
void rig_daemons_run(struct rig_cpu *cpu);

/* The same of kswapd alone, in replays too. */
void rig_kswapd_run(struct rig_cpu *cpu);

/*
 * Compacts all zones from end to end (writing to /proc/sys/vm/compact_memory). Task context.
 */
void rig_compact_memory(struct rig_cpu *cpu);

/* vm.compaction_proactiveness, percent: 20 at first; 0: kcompactd acts only when it is woken. */
void rig_compaction_proactiveness_set(struct rig_machine *machine, unsigned int percent);

/* Counters, as /proc/vmstat and /proc/zoneinfo tell them. */
enum rig_zone_event {
	RIG_ZONE_PGALLOC,
	RIG_ZONE_PGFREE,
	RIG_ZONE_NUMA_HIT,
	RIG_ZONE_NUMA_MISS,
	RIG_ZONE_NUMA_FOREIGN,
	RIG_ZONE_NUMA_LOCAL,
	RIG_ZONE_NUMA_OTHER,
	RIG_ZONE_ALLOCSTALL,
};

unsigned long rig_zone_events(const struct zone *zone, enum rig_zone_event event);
/* How far a CPU lets its own count of free pages go before it adds it to the zone's. */
int rig_zone_stat_threshold(const struct zone *zone, int cpu);

struct rig_reclaim_counters {
	unsigned long kswapd_runs, steal_kswapd, steal_direct, scan_kswapd, scan_direct,
		slabs_scanned, compact_stall, compact_fail, compact_success, oom_kills, lru_pages,
		compact_isolated, compact_migrate_scanned, compact_free_scanned,
		compact_daemon_wake, compact_daemon_migrate_scanned, compact_daemon_free_scanned,
		pgmigrate_success, pgmigrate_fail;
};

void rig_reclaim_counters(const struct rig_machine *machine, struct rig_reclaim_counters *counters);

/* Pages that are not for users: watermarks and reserves of all zones. */
unsigned long rig_totalreserve_pages(const struct rig_machine *machine);

/*
 * What follows is for the out-of-memory killer: called when nothing else helped. Returns true when
 * something was killed and its memory is, or is about to be, free; then the allocation retries.
 */
void rig_oom_handler_set(struct rig_machine *machine,
			 bool (*kill)(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
				      void *data),
			 void *data);

#endif

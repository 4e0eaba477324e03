/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a trace says about memory, gathered record by record. Nothing grows with the
 * length of the trace: tables hold call sites, caches, tasks, requests (gfp and order) and what is
 * live; time is cut into a fixed number of buckets, which double their width when they run out.
 *
 * analysis.c   slab objects: call sites, caches, tasks, lifetimes
 * pages.c      pages: requests, failures, order and migratetype
 * buddy.c      which page frames are free, as far as the trace tells
 * timeline.c   values over time
 * perf_stat.c  the counts of perf kmem stat, its way
 */
#ifndef RIG_BT_ANALYSIS_H
#define RIG_BT_ANALYSIS_H

#include "record.h"
#include "table.h"

#define RIG_BUCKETS 256
#define RIG_ORDERS 11
#define RIG_MIGRATETYPES 6
#define RIG_LIFETIME_BINS 64 /* by powers of two of nanoseconds */

struct rig_timeline {
	s64 begin_ns;
	s64 width_ns;	   /* of a bucket */
	unsigned int used; /* buckets up to the last event */
	bool started;
};

/* A gauge over time: its value when each bucket ended; -1: no event touched it there. */
struct rig_series {
	s64 value[RIG_BUCKETS];
};

struct rig_lifetimes {
	u64 bins[RIG_LIFETIME_BINS];
	u64 count;
	u64 total_ns;
	u64 max_ns;
};

struct rig_site {
	u64 address;	    /* or, of traces without addresses, the symbol's hash */
	const char *symbol; /* owned; NULL: only the address is known */
	u64 allocs, bytes_req, bytes_alloc, frees, failed, ping_pong;
	u64 live_objects, live_bytes;
	u64 lifetime_ns; /* of those freed, together */
	u64 live_bytes_at_failure;
};

/* Objects of one size from one call site: all of one cache. */
struct rig_class {
	unsigned int site;
	unsigned int bytes_alloc;
	bool kmalloc;
	int cache; /* learned from the first free that has a name; -1 */
	u64 allocs, bytes_req, frees, live_objects, live_bytes;
	u64 live_bytes_at_failure;
	struct rig_series *live; /* bytes over time */
};

struct rig_cache {
	char *name;
	u64 allocs, bytes_req, bytes_alloc, frees, unknown_frees, live_objects, live_bytes;
	unsigned int object_size;
	struct rig_series *live;
};

struct rig_task {
	int pid;
	char comm[32];
	u64 slab_allocs, slab_bytes, slab_frees, page_allocs, pages, page_frees, failures;
	u64 live_slab_bytes, live_pages;
};

/* Page allocations with the same flags and order by the same task. */
struct rig_request {
	u64 gfp;
	unsigned int order;
	unsigned int task;
	int migratetype;
	u64 allocs, frees, live;
	u64 failures;
	u64 live_at_failure;
};

/* Failed page allocations with the same flags and order, and the state at the first of them. */
struct rig_failure {
	u64 gfp;
	unsigned int order;
	int migratetype;
	u64 count;
	s64 first_ns, last_ns;
	unsigned int first_task;
	u64 free_by_order[RIG_ORDERS];
	u64 live_pages, live_slab_bytes;
};

struct rig_object {
	unsigned int class;
	unsigned int task;
	unsigned int bytes_req;
	int cpu;
	s64 time_ns;
};

struct rig_page {
	u8 order;
	s8 migratetype;
	bool slab; /* an object was found in it */
	int cpu;
	unsigned int request;
	s64 time_ns;
};

struct rig_pages_state {
	u64 allocs, alloc_bytes, frees, free_bytes, unknown_frees, unknown_free_bytes, failures,
		failed_bytes, batched;
	u64 by_order[RIG_ORDERS][RIG_MIGRATETYPES];
	u64 live, live_pages, slab_pages;
	u64 refills, direct, drains;
	u64 extfrag, extfrag_stolen, extfrag_by_type[RIG_MIGRATETYPES][RIG_MIGRATETYPES];
	struct rig_lifetimes lifetimes;
};

struct rig_slab_state {
	u64 allocs, bytes_req, bytes_alloc, frees, bytes_freed, failed, null_frees, unknown_frees,
		hidden_frees, ping_pong, cross_node;
	u64 live_objects, live_bytes, max_live_bytes;
	struct rig_lifetimes lifetimes;
};

struct rig_analysis_options {
	u64 page_offset;	 /* of the direct map; 0xffff888000000000 */
	unsigned int page_shift; /* 12 */
	bool perf;		 /* keep perf's counts too (memory grows with distinct addresses) */
};

struct rig_buddy;
struct rig_perf_stat;

struct rig_analysis {
	struct rig_analysis_options options;
	s64 first_ns, last_ns;
	u64 records;
	struct rig_slab_state slab;
	struct rig_pages_state pages;
	/* growing arrays; indexes stay valid */
	struct rig_site *sites;
	struct rig_class *classes;
	struct rig_cache *caches;
	struct rig_task *tasks;
	struct rig_request *requests;
	struct rig_failure *failures;
	size_t nr_sites, nr_classes, nr_caches, nr_tasks, nr_requests, nr_failures;
	struct rig_table site_index, class_index, task_index, request_index, cache_index;
	struct rig_table objects;    /* by address: struct rig_object */
	struct rig_table live_pages; /* by pfn: struct rig_page */
	unsigned int last_task;
	u64 pending_pfn[1024]; /* by CPU: page that the next slab event may be in; + 1 */
	struct rig_buddy *buddy;
	struct rig_timeline timeline;
	struct rig_series slab_bytes, page_count, free_by_order[RIG_ORDERS];
	u64 failures_over_time[RIG_BUCKETS], extfrag_over_time[RIG_BUCKETS],
		allocs_by_order_over_time[RIG_ORDERS][RIG_BUCKETS],
		failures_by_order_over_time[RIG_ORDERS][RIG_BUCKETS];
	struct rig_perf_stat *perf;
};

struct rig_analysis *rig_analysis_create(const struct rig_analysis_options *options);
void rig_analysis_destroy(struct rig_analysis *analysis);
void rig_analysis_add(struct rig_analysis *analysis, const struct rig_record *record);

/* After the last record: fills what depends on names learned late (caches). */
void rig_analysis_finish(struct rig_analysis *analysis);

/* pages.c */
void rig_analysis_add_page_alloc(struct rig_analysis *analysis, const struct rig_record *record);
void rig_analysis_add_page_free(struct rig_analysis *analysis, const struct rig_record *record);
void rig_analysis_add_extfrag(struct rig_analysis *analysis, const struct rig_record *record);
void rig_analysis_attribute_page(struct rig_analysis *analysis, const struct rig_record *record);

/* analysis.c */
unsigned int rig_analysis_task(struct rig_analysis *analysis, const struct rig_record *record);
void rig_lifetime_add(struct rig_lifetimes *lifetimes, s64 ns);

/* Makes room for one more element; returns it zeroed. Aborts when there is no memory. */
void *rig_grow(void **array, size_t *nr, size_t element);

/* timeline.c: the bucket of a time; older values are merged when the time is past the last one. */
unsigned int rig_timeline_bucket(struct rig_analysis *analysis, s64 time_ns);
void rig_series_init(struct rig_series *series);
void rig_series_fill(struct rig_series *series, unsigned int used);

/* buddy.c: page frames that the trace shows to be free. */
struct rig_buddy *rig_buddy_create(void);
void rig_buddy_destroy(struct rig_buddy *buddy);
void rig_buddy_allocated(struct rig_buddy *buddy, u64 pfn, unsigned int order);
void rig_buddy_freed(struct rig_buddy *buddy, u64 pfn, unsigned int order);
void rig_buddy_refilled(struct rig_buddy *buddy, u64 pfn, unsigned int order);
void rig_buddy_drained(struct rig_buddy *buddy, u64 pfn, unsigned int order);
/* Free blocks of each order in the zones' lists; per-CPU lists apart. */
const u64 *rig_buddy_free_by_order(const struct rig_buddy *buddy);
u64 rig_buddy_on_cpu_lists(const struct rig_buddy *buddy);

/* perf_stat.c */
struct rig_perf_total {
	u64 requested, allocated, freed, allocs, cross;
};
struct rig_perf_entry {
	u64 key; /* call site or object */
	u64 site;
	u64 hits, bytes_req, bytes_alloc, ping_pong;
	u64 last_alloc;
	int cpu;
};
struct rig_perf_stat *rig_perf_stat_create(void);
void rig_perf_stat_destroy(struct rig_perf_stat *perf);
void rig_perf_stat_add(struct rig_perf_stat *perf, const struct rig_record *record);
const struct rig_perf_total *rig_perf_stat_total(const struct rig_perf_stat *perf);
/* A sorted copy, the most fragmented first as perf does it; the caller frees it. */
struct rig_perf_entry *rig_perf_stat_sorted(const struct rig_perf_stat *perf, bool by_site,
					    size_t *nr);

#endif

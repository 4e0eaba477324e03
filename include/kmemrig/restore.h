/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filling a machine that was built `bare` from a recorded state, and following a trace on it.
 *
 * Order of calls: rig_restore_zone() for each zone, rig_restore_pageblocks(), then the lists head
 * first, then rig_restore_pcp(), last rig_restore_done(). Functions that can be refused return 0
 * or -EINVAL with a one-line reason in @error (of RIG_RESTORE_ERROR bytes).
 */
#ifndef KMEMRIG_RESTORE_H
#define KMEMRIG_RESTORE_H

#include <kmemrig/machine.h>
#include <linux/mmzone.h>

#define RIG_RESTORE_ERROR 200

/* The page part: backends/page. */

/* What a state says of a zone; all in pages. */
struct rig_zone_state {
	unsigned long watermark[3]; /* min, low, high */
	unsigned long watermark_boost;
	unsigned long nr_reserved_highatomic;
	unsigned long managed_pages;
	unsigned long present_pages; /* 0: as the machine says */
	unsigned long nr_free_pages; /* the zone's counter: CPUs may hold differences to it */
	const long *lowmem_reserve;
	int nr_lowmem_reserve; /* entries given; zone types above get the last one's value */
};

int rig_restore_zone(struct zone *zone, const struct rig_zone_state *state, char *error);

/* Migratetypes of @nr pageblocks from the one of @pfn on; one byte each (enum migratetype). */
int rig_restore_pageblocks(struct rig_machine *machine, unsigned long pfn, const u8 *migratetypes,
			   size_t nr, char *error);

/* A free block joins the tail of the zone's list of that order and migratetype. */
int rig_restore_free(struct zone *zone, unsigned int order, int migratetype, unsigned long pfn,
		     char *error);

/* A block joins the tail of per-CPU list @index (MIGRATE_PCPTYPES * order + migratetype). */
int rig_restore_pcp_page(struct zone *zone, int cpu, unsigned int index, unsigned long pfn,
			 char *error);

/* Settings of a zone's per-CPU lists; @count is compared with what the lists hold. */
int rig_restore_pcp(struct zone *zone, int cpu, int count, int high, int batch, int free_factor,
		    char *error);

/*
 * The lists are complete. Every other page below the zones' ends is in use by the past: one
 * reference each, to be freed with any order by rig_page_free_traced().
 */
int rig_restore_done(struct rig_machine *machine, char *error);

/*
 * After that: the past allocated pages [pfn, pfn + (1 << order)) as one block, compound where order
 * is not 0 (a slab).
 */
int rig_restore_block(struct rig_machine *machine, unsigned long pfn, unsigned int order,
		      char *error);

/* Reading back: calls @each for every block of a list, head first; false from it ends the walk. */
typedef bool (*rig_block_fn)(unsigned long pfn, void *data);
void rig_free_list_walk(struct zone *zone, unsigned int order, int migratetype, rig_block_fn each,
			void *data);
void rig_pcp_list_walk(struct zone *zone, int cpu, unsigned int index, rig_block_fn each,
		       void *data);

/* Where a page frame is now. */
enum rig_page_place {
	RIG_PLACE_USED,	 /* allocated, by the past or since */
	RIG_PLACE_BUDDY, /* in a free block of a zone */
	RIG_PLACE_PCP,	 /* on a per-CPU list */
	RIG_PLACE_NONE,	 /* no such page */
};

struct rig_page_where {
	enum rig_page_place place;
	unsigned long head_pfn; /* of the free block that holds it */
	unsigned int order;	/* of that block */
	int migratetype;	/* of the list */
	int cpu;		/* PCP: whose list */
};

enum rig_page_place rig_page_where(struct rig_machine *machine, unsigned long pfn,
				   struct rig_page_where *where);

/*
 * Frees pages as a trace says: [pfn, pfn + (1 << order)), whatever they were allocated as (a past
 * page, a part of a larger block that was split, a compound page). Emits kmem:mm_page_free.
 * False, and nothing done, when a page of the range is free already.
 */
bool rig_page_free_traced(struct rig_cpu *cpu, unsigned long pfn, unsigned int order);

/*
 * Adds a page to a list to be given to rig_free_page_list(), which emits mm_page_free for each and
 * then mm_page_free_batched for each. False: it is free already.
 */
bool rig_page_list_add_traced(struct rig_cpu *cpu, unsigned long pfn, struct list_head *pages);

/*
 * Pages freed in a list, as free_unref_page_list() does: all are prepared (the trace's
 * mm_page_free), then one by one they go to the per-CPU list (mm_page_free_batched), whose lock is
 * held from one to the next. What an interrupt allocates or frees in between meets that lock. So a
 * replay prepares and commits page by page where the events are, and ends the batch after the last.
 */
struct rig_page_batch {
	struct zone *zone; /* whose per-CPU list is locked; NULL: none */
	unsigned int nr;   /* pages since it was */
};

/* False, and nothing done, when the page is free already. */
bool rig_page_batch_prepare(struct rig_cpu *cpu, unsigned long pfn);
void rig_page_batch_commit(struct rig_cpu *cpu, struct rig_page_batch *batch, unsigned long pfn);
void rig_page_batch_end(struct rig_cpu *cpu, struct rig_page_batch *batch);

/*
 * An allocation that a trace shows. As rig_alloc_pages(), with the event it emits, but it neither
 * zeroes, nor prints a report, nor tries for ever: what the trace did not wait for is not waited
 * for here.
 */
struct page *rig_alloc_pages_traced(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid);

/*
 * Following a trace after a difference. rig_page_put_back() undoes the choice of an allocation: the
 * block goes to the head of the list that it came from. rig_page_take() takes the traced block
 * where it is free: from a per-CPU list, or out of a buddy block that is split as the kernel would
 * split it. It is prepared as by an allocation with @gfp. NULL when it is not free as a whole.
 */
void rig_page_put_back(struct rig_cpu *cpu, struct page *page, unsigned int order, int migratetype);
struct page *rig_page_take(struct rig_cpu *cpu, unsigned long pfn, unsigned int order, gfp_t gfp);

/*
 * A drain that the trace shows (a run of mm_page_pcpu_drain that no free explains): @nr_pages pages
 * of @pcp_cpu's lists of @zone go back, as drain_pages_zone() frees them.
 */
void rig_page_drain_traced(struct rig_cpu *cpu, int pcp_cpu, struct zone *zone, int nr_pages);

/* The counters of @cpu join the machine's (what each CPU does once a second). */
void rig_vmstat_fold(struct rig_machine *machine, int cpu);

/*
 * What a trace does not show but lets one see. kswapd at work keeps per-CPU lists short:
 * rig_zone_reclaim_active() says whether it is. mm_page_alloc_extfrag tells whether the pageblock
 * of @pfn, from which the next allocation steals, is claimed: rig_pageblock_expect().
 */
void rig_zone_reclaim_active(struct zone *zone, bool active);
void rig_pageblock_expect(struct rig_machine *machine, unsigned long pfn, bool changes);
void rig_pageblock_expect_none(struct rig_machine *machine);

/*
 * A refill as a trace shows it: @nr blocks with these first pages. @vanished is asked about each
 * other page that would be chosen: true, it has been in use for a while (bulk allocations and
 * compaction are not traced), so it leaves the free lists first. NULL: none has.
 */
struct rig_refill_trace {
	unsigned int order;
	int migratetype;
	const u64 *pfns;
	int nr;
	bool (*vanished)(void *data, unsigned long pfn);
	void *data;
};

/* Returns how many blocks had to be moved to the head of their list first. */
int rig_pcp_refill_traced(struct rig_cpu *cpu, struct zone *zone,
			  const struct rig_refill_trace *trace);

/*
 * A trace is going to be followed on a machine that differs from the traced one: nothing can be
 * learnt from its choices. The trace still says what reclaim frees; a request that may sleep waits
 * for kswapd, which rig_kswapd_run() lets run in between, to end the boosts of watermarks.
 */
void rig_page_what_if(struct rig_machine *machine);

/* The zone that a request would be served from now, by the watermarks; NULL: none. */
struct zone *rig_zone_for(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid);

/*
 * The slab part: backends/slub. After rig_restore_done(): rig_restore_cache() for each recorded
 * cache, oldest first; then rig_restore_slab() for each recorded slab, lists head first, and for
 * each CPU's own free list; last rig_restore_slabs_done(). Pages of the slabs are in use by the
 * past until then. Objects on no free list are live: to be freed with any call. See kmemrig/state.h
 * for what the records mean.
 */
struct kmem_cache;
struct rig_state_cache;
struct rig_state_slab;

/*
 * The machine's cache becomes the recorded one: a boot or kmalloc cache of that name is changed to
 * the recorded geometry, another is made (without merging). NULL: @error.
 */
struct kmem_cache *rig_restore_cache(struct rig_machine *machine,
				     const struct rig_state_cache *recorded, char *error);

/* One record of a slab or (RIG_STATE_CPU_FREELIST) of the CPU's own free list of its slab. */
int rig_restore_slab(struct kmem_cache *cache, const struct rig_state_slab *recorded, char *error);

int rig_restore_slabs_done(struct rig_machine *machine, char *error);

/*
 * Reading back: calls @each for the cache's slabs and per-CPU free lists, in the order of the
 * records of kmemrig/state.h, lists head first; @slab->cache is not set and @slab->free is
 * borrowed. false from it ends the walk.
 */
typedef bool (*rig_slab_fn)(const struct rig_state_slab *slab, void *data);
void rig_slab_walk(struct kmem_cache *cache, rig_slab_fn each, void *data);

/* Fills a record with the cache's geometry; name and line are not set. */
void rig_cache_describe(struct kmem_cache *cache, struct rig_state_cache *record);

/*
 * Following a trace at object level. rig_object_put_back() undoes an allocation: the object goes
 * back to where it came from. rig_object_take() takes the traced object of @cache where it is free
 * (any slab of the cache), as if it had been allocated. NULL: it is not free.
 */
void rig_object_put_back(struct rig_cpu *cpu, struct kmem_cache *cache, void *object);
void *rig_object_take(struct rig_cpu *cpu, struct kmem_cache *cache, void *object);

/* What the next allocation from @cache on @cpu would give; NULL: it would need another slab. */
void *rig_object_next(struct rig_cpu *cpu, struct kmem_cache *cache);

/*
 * The slab of @object is on another CPU's partial list, and @cpu has no free object at hand: the
 * first slab of @cpu's partial list from now on. A slab that was full belongs to the CPU that frees
 * into it first; which one that was, events of one instant do not say. False: nothing is changed.
 */
bool rig_slab_adopt(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object);

/*
 * Called when a slab became empty, and the length of its node's list is to decide whether its pages
 * go back (@enough). Returns whether they do. NULL: the rule alone decides.
 */
typedef bool (*rig_slab_verdict)(void *data, struct kmem_cache *cache, unsigned long pfn,
				 bool enough);
void rig_slab_on_empty(struct rig_machine *machine, rig_slab_verdict verdict, void *data);

/* Gives back the pages of the slab that begins at @pfn, wherever it is. False: it is none, or it
 * has objects in use. */
bool rig_slab_give_back(struct rig_cpu *cpu, unsigned long pfn);

#endif

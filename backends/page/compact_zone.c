// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run of compaction through a zone (compact_zone in the kernel): pages that the upper scanner
 * gathers move to places that the lower one found, until a block of the wanted order is free or the
 * scanners meet. What goes through a CPU's lists on its way is flushed as soon as the scanner has
 * left the aligned block that it came from, so that it can merge.
 *
 * There are no other tasks that could want the CPU, or hold a page's lock: a run is given up only
 * for want of places to move to.
 *
 * Locking: compact_lock is held.
 */
#include <linux/gfp.h>

#include "compact.h"

/* --- is it done? */

/* A block of the order or above that the request could take. */
static bool is_block_free(const struct compaction *c)
{
	for (int order = c->order; order < MAX_ORDER; order++) {
		const struct free_area *area = &c->zone->free_area[order];

		if (!free_area_empty(area, c->migratetype))
			return true;
		if (c->migratetype == MIGRATE_MOVABLE && !free_area_empty(area, MIGRATE_CMA))
			return true;
		if (has_suitable_fallback(c->zone, (unsigned int)order, c->migratetype))
			return true;
	}
	return false;
}

static enum compact_result scanners_met(struct compaction *c)
{
	compact_reset_positions(c->zone);
	if (c->direct)
		zone_extra(c->zone)->compact.forget_skipped = true;
	return c->whole_zone ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED;
}

static enum compact_result progress_of(struct compaction *c)
{
	bool is_free;

	if (compact_scanners_met(c))
		return scanners_met(c);
	if (c->proactive)
		return fragmentation_score_zone(c->zone) >
				       fragmentation_score_mark(c->cpu->machine, true)
			       ? COMPACT_CONTINUE
			       : COMPACT_SUCCESS;
	/* pageblocks are finished, so that kinds mix less later */
	if (c->order == COMPACT_WHOLE_NODE || !is_pageblock_start(c->zone, c->migrate_pfn))
		return COMPACT_CONTINUE;
	rig_spin_lock(&c->zone->lock);
	is_free = is_block_free(c);
	rig_spin_unlock(&c->zone->lock);
	return is_free ? COMPACT_SUCCESS : COMPACT_NO_SUITABLE_PAGE;
}

/* CONTINUE: not yet. */
static enum compact_result compact_finished(struct compaction *c)
{
	enum compact_result result = progress_of(c);

	RIG_TRACE(c->cpu, mm_compaction_finished, .nid = c->zone->node,
		  .idx = (s32)zone_idx(c->zone), .order = c->order, .ret = (s32)result);
	return result == COMPACT_NO_SUITABLE_PAGE ? COMPACT_CONTINUE : result;
}

/* --- one round */

enum round_result {
	ROUND_DONE,
	ROUND_FAILED, /* some pages stayed where they were */
	ROUND_NO_PLACE,
};

/* Moves what was gathered, last in first out. What can't be moved goes back to the LRU. */
static enum round_result move_sources(struct compaction *c)
{
	struct rig_page_front *front = c->cpu->machine->page_front;
	enum round_result result = ROUND_DONE;
	unsigned long moved = 0, failed = 0;
	struct page *page, *next;

	list_for_each_entry_safe (page, next, &c->sources, lru) {
		struct page *target = compact_next_target(c);
		struct list_head *place = page->lru.next;

		if (!target) {
			result = ROUND_NO_PLACE;
			failed++;
			break;
		}
		list_del(&page->lru);
		if (migrate_to(c->cpu, page, target)) {
			moved++;
			continue;
		}
		list_add_tail(&page->lru, place);
		compact_return_target(c, target);
		result = ROUND_FAILED;
		failed++;
	}
	front->pgmigrate_success += moved;
	front->pgmigrate_fail += failed;
	RIG_TRACE(c->cpu, mm_compaction_migratepages, .nr_migrated = moved,
		  .nr_failed = c->nr_sources - moved);
	compact_put_back_sources(c);
	return result;
}

/* An async run is over with the aligned block in which a page could not be moved. */
static void leave_block(struct compaction *c, unsigned long *last_migrated)
{
	if (!c->direct || c->mode != COMPACT_ASYNC)
		return;
	c->migrate_pfn = ALIGN(c->migrate_pfn, 1UL << c->order);
	*last_migrated = 0;
}

/* The scanner has left the aligned block from which pages were moved: they shall merge. */
static void flush_moved(struct compaction *c, unsigned long *last_migrated)
{
	if (c->order <= 0 || !*last_migrated ||
	    *last_migrated >= ALIGN_DOWN(c->migrate_pfn, 1UL << c->order))
		return;
	rig_drain_local_pages(c->cpu, c->zone);
	*last_migrated = 0;
}

static enum compact_result run(struct compaction *c, bool follow_cached)
{
	struct compact_memory *memory = &zone_extra(c->zone)->compact;
	unsigned long last_migrated = 0;
	enum compact_result result;

	while ((result = compact_finished(c)) == COMPACT_CONTINUE) {
		unsigned long from = c->migrate_pfn;
		enum round_result round;

		c->rescan =
			pageblock_start(c->zone, last_migrated) == pageblock_start(c->zone, from);
		compact_find_sources(c);
		if (c->nr_sources) {
			follow_cached = false;
			last_migrated = from;
			round = move_sources(c);
			if (round == ROUND_NO_PLACE && !compact_scanners_met(c))
				return COMPACT_CONTENDED;
			if (round != ROUND_DONE)
				leave_block(c, &last_migrated);
		} else if (follow_cached) {
			memory->migrate_pfn[1] = memory->migrate_pfn[0];
		}
		flush_moved(c, &last_migrated);
		if (c->captured)
			return COMPACT_SUCCESS;
	}
	return result;
}

/* --- the run */

/* From the ends of the zone, or from where the last run stopped. */
static void place_scanners(struct compaction *c)
{
	struct compact_memory *memory = &zone_extra(c->zone)->compact;
	unsigned long start = c->zone->zone_start_pfn, end = zone_end_pfn(c->zone);

	c->fast_start_pfn = 0;
	if (c->whole_zone) {
		c->migrate_pfn = start;
		c->free_pfn = pageblock_start(c->zone, end - 1);
		return;
	}
	c->migrate_pfn = memory->migrate_pfn[c->mode != COMPACT_ASYNC];
	c->free_pfn = memory->free_pfn;
	if (c->free_pfn < start || c->free_pfn >= end) {
		c->free_pfn = pageblock_start(c->zone, end - 1);
		memory->free_pfn = c->free_pfn;
	}
	if (c->migrate_pfn < start || c->migrate_pfn >= end) {
		c->migrate_pfn = start;
		memory->migrate_pfn[0] = memory->migrate_pfn[1] = start;
	}
	c->whole_zone = c->migrate_pfn <= memory->init_migrate_pfn;
}

/* Pages taken as targets and not needed go back, and the scanner with them. */
static void finish_targets(struct compaction *c)
{
	struct compact_memory *memory = &zone_extra(c->zone)->compact;
	unsigned long pfn;

	if (!c->nr_targets)
		return;
	pfn = pageblock_start(c->zone, compact_release_targets(c));
	memory->free_pfn = max(memory->free_pfn, pfn);
}

static void begin(struct compaction *c)
{
	c->nr_sources = c->nr_targets = 0;
	c->migrate_scanned = c->free_scanned = 0;
	c->captured = NULL;
	INIT_LIST_HEAD(&c->sources);
	INIT_LIST_HEAD(&c->targets);
	c->migratetype = request_migratetype(c->cpu->machine, c->gfp);
}

enum compact_result compact_zone(struct compaction *c)
{
	struct rig_page_front *front = c->cpu->machine->page_front;
	struct compact_memory *memory = &zone_extra(c->zone)->compact;
	unsigned long start = c->zone->zone_start_pfn, end = zone_end_pfn(c->zone);
	bool sync = c->mode != COMPACT_ASYNC;
	enum compact_result result;

	begin(c);
	result = compaction_suitable(c->cpu, c->zone, c->order, c->alloc_flags, c->highest_zoneidx);
	if (result != COMPACT_CONTINUE)
		return result;
	if (compaction_restarting(c->zone, c->order))
		compact_forget_skipped(c->zone);
	place_scanners(c);
	RIG_TRACE(c->cpu, mm_compaction_begin, .zone_start = start, .migrate_pfn = c->migrate_pfn,
		  .free_pfn = c->free_pfn, .zone_end = end, .sync = sync);
	if (c->direct)
		WRITE_ONCE(zone_extra(c->zone)->capture, c);
	result = run(c, !sync && memory->migrate_pfn[0] == memory->migrate_pfn[1]);
	finish_targets(c);
	WRITE_ONCE(zone_extra(c->zone)->capture, NULL);
	front->compact_migrate_scanned += c->migrate_scanned;
	front->compact_free_scanned += c->free_scanned;
	RIG_TRACE(c->cpu, mm_compaction_end, .zone_start = start, .migrate_pfn = c->migrate_pfn,
		  .free_pfn = c->free_pfn, .zone_end = end, .sync = sync, .status = (s32)result);
	return c->captured ? COMPACT_SUCCESS : result;
}

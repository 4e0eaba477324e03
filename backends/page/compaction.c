// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct compaction: pages that can be moved (those of the simulated page cache) go from the low
 * end of a zone to free pages at its high end, until a block of the wanted order is free.
 *
 * A zone is worth it when it has enough single pages above its watermark (__compaction_suitable).
 * After failures compaction is deferred: the next 1 << compact_defer_shift attempts at that order
 * or above are skipped.
 *
 * Locking: front->lru_lock around a page's move, inside of it zone->lock.
 */
#include <string.h>

#include <linux/gfp.h>

#include "internal.h"

#define COMPACT_MAX_DEFER_SHIFT 6u

/* Enough single pages to move things around, above the watermark that applies? */
static bool compaction_suitable(const struct zone *zone, unsigned int order,
				unsigned int alloc_flags, enum zone_type highest_zoneidx,
				bool *already)
{
	unsigned long mark = wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK);

	*already = zone_watermark_ok(zone, order, mark, (int)highest_zoneidx, alloc_flags);
	if (*already)
		return true;
	mark = order > PAGE_ALLOC_COSTLY_ORDER ? low_wmark_pages(zone) : min_wmark_pages(zone);
	return zone_watermark_ok(zone, 0, mark + (2UL << order), (int)highest_zoneidx, ALLOC_CMA);
}

/* Would it be, if all that can be reclaimed were free? */
bool compaction_zonelist_suitable(const struct alloc_context *ac, unsigned int order,
				  unsigned int alloc_flags)
{
	struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	struct zone *zone;

	for_each_zone_from(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		unsigned long available =
			zone_reclaimable_pages(zone) / order + zone_free_snapshot(zone);
		unsigned long mark = order > PAGE_ALLOC_COSTLY_ORDER ? low_wmark_pages(zone)
								     : min_wmark_pages(zone);

		if (zone_watermark_ok_free(zone, 0, mark + (2UL << order), (int)ac->highest_zoneidx,
					   ALLOC_CMA, (long)available))
			return true;
	}
	return false;
}

static bool is_deferred(struct zone *zone, unsigned int order)
{
	struct zone_extra *extra = zone_extra(zone);

	if ((int)order < extra->compact_order_failed || !extra->compact_defer_shift)
		return false;
	return ++extra->compact_considered < 1U << extra->compact_defer_shift;
}

static void note_result(struct zone *zone, unsigned int order, bool success)
{
	struct zone_extra *extra = zone_extra(zone);

	extra->compact_considered = 0;
	if (success) {
		extra->compact_defer_shift = 0;
		extra->compact_order_failed = max(extra->compact_order_failed, (int)order + 1);
		return;
	}
	extra->compact_defer_shift = min(extra->compact_defer_shift + 1, COMPACT_MAX_DEFER_SHIFT);
	extra->compact_order_failed = min(extra->compact_order_failed, (int)order);
}

/* --- moving a page */

/* A free page of the zone, as high as can be, at @limit_pfn or above and not in [start, end). */
static struct page *take_free_above(struct rig_cpu *cpu, struct zone *zone, unsigned long limit_pfn,
				    unsigned long start, unsigned long end)
{
	unsigned long best = 0;
	unsigned int best_order = 0;
	struct page *page;
	int migratetype;

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int mt = 0; mt < MIGRATE_PCPTYPES; mt++) {
			struct list_head *entry;

			list_for_each (entry, &zone->free_area[order].free_list[mt]) {
				unsigned long pfn;

				if (lazy_is(zone->machine, entry))
					pfn = list_entry(entry, struct lazy_range, list)->end_pfn -
					      MAX_ORDER_NR_PAGES;
				else
					pfn = rig_page_to_pfn(
						zone->machine,
						list_entry(entry, struct page, buddy_list));
				if (pfn >= limit_pfn && (pfn < start || pfn >= end) && pfn > best) {
					best = pfn;
					best_order = order;
				}
			}
		}
	if (!best)
		return NULL;
	lazy_touch(zone, best);
	page = rig_pfn_to_page(zone->machine, best);
	migratetype = get_pageblock_migratetype(zone->machine, best);
	del_page_from_free_list(page, zone, best_order);
	expand(zone, page, 0, best_order, migratetype);
	mod_zone_freepage_state(cpu, zone, -1, migratetype);
	return page;
}

static void copy_page(const struct rig_machine *machine, struct page *to, const struct page *from)
{
	bool lowmem = rig_page_to_pfn(machine, to) < machine->max_low_pfn &&
		      rig_page_to_pfn(machine, from) < machine->max_low_pfn;

	if (lowmem)
		memcpy(rig_page_address(machine, to), rig_page_address(machine, from), PAGE_SIZE);
}

/*
 * Moves a page of the page cache to a free one of its zone at @limit_pfn or above, outside of
 * [avoid_start, avoid_end); the new one takes its place on the LRU. False: it can't be moved.
 */
bool migrate_page(struct rig_cpu *cpu, struct page *page, unsigned long limit_pfn,
		  unsigned long avoid_start, unsigned long avoid_end)
{
	struct rig_machine *machine = cpu->machine;
	struct zone *zone = rig_page_zone(machine, page);
	struct page *target = NULL;
	LIST_HEAD(old);

	rig_spin_lock(&machine->page_front->lru_lock);
	if (PageLRU(page) && page_ref_count(page) == 1) {
		rig_spin_lock(&zone->lock);
		target = take_free_above(cpu, zone, limit_pfn, avoid_start, avoid_end);
		rig_spin_unlock(&zone->lock);
	}
	if (target) {
		prep_new_page(cpu, target, 0, 0, 0);
		copy_page(machine, target, page);
		SetPageLRU(target);
		if (PageDirty(page))
			SetPageDirty(target);
		__list_add(&target->lru, &page->lru, page->lru.next);
		list_del(&page->lru);
		ClearPageLRU(page);
		ClearPageDirty(page);
	}
	rig_spin_unlock(&machine->page_front->lru_lock);
	if (!target)
		return false;
	set_page_count(page, 0);
	free_pages_ok(cpu, page, 0, FPI_NONE);
	return true;
}

/* --- making a block free */

/* Pages to move for [start, start + nr) to be free; -1: something there can't be. */
static long pages_to_move(struct zone *zone, unsigned long start, unsigned long nr)
{
	long to_move = 0;

	for (unsigned long pfn = start; pfn < start + nr;) {
		const struct page *page = rig_pfn_to_page(zone->machine, pfn);

		if (PageBuddy(page)) {
			pfn += 1UL << buddy_order(page);
			continue;
		}
		if (!PageLRU(page) || page_ref_count(page) != 1)
			return -1;
		to_move++;
		pfn++;
	}
	return to_move;
}

static bool empty_block(struct rig_cpu *cpu, struct zone *zone, unsigned long start,
			unsigned long nr)
{
	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		struct page *page = rig_pfn_to_page(zone->machine, pfn);

		if (PageLRU(page) && !migrate_page(cpu, page, start + nr, start, start + nr))
			return false;
	}
	return true;
}

/* Low blocks first, as the migration scanner goes. True: a block of @order is free now. */
static bool compact_zone(struct rig_cpu *cpu, struct zone *zone, unsigned int order, bool sync)
{
	unsigned long nr = 1UL << order, start = zone->zone_start_pfn, end = zone_end_pfn(zone);
	unsigned long free_pfn = ALIGN_DOWN(end - 1, pageblock_nr_pages(zone->machine));
	unsigned long pfn = ALIGN(start, nr);
	bool success = false;

	RIG_TRACE(cpu, mm_compaction_begin, .zone_start = start, .migrate_pfn = start,
		  .free_pfn = free_pfn, .zone_end = end, .sync = sync);
	rig_drain_all_pages(cpu, zone);
	for (; pfn + nr <= end && !success; pfn += nr) {
		long to_move = pages_to_move(zone, pfn, nr);

		success = to_move > 0 && empty_block(cpu, zone, pfn, nr);
	}
	RIG_TRACE(cpu, mm_compaction_end, .zone_start = start, .migrate_pfn = min(pfn, end),
		  .free_pfn = free_pfn, .zone_end = end, .sync = sync,
		  .status = success ? COMPACT_SUCCESS : COMPACT_COMPLETE);
	return success;
}

/* What came of it for the best zone (try_to_compact_pages). */
enum compact_result try_to_compact_pages(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
					 unsigned int alloc_flags, const struct alloc_context *ac,
					 enum compact_priority priority)
{
	enum compact_result result = COMPACT_SKIPPED;
	struct zoneref *z = ac->preferred_zoneref;
	struct zone *zone;

	if (!(gfp & __GFP_IO) || cpu->machine->page_front->reclaim_off)
		return COMPACT_SKIPPED;
	RIG_TRACE(cpu, mm_compaction_try_to_compact_pages, .order = (int)order, .gfp_mask = gfp,
		  .prio = priority);
	for_each_zone_from(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		bool already, success;

		if (is_deferred(zone, order)) {
			result = max_t(enum compact_result, result, COMPACT_DEFERRED);
			continue;
		}
		if (!compaction_suitable(zone, order, alloc_flags, ac->highest_zoneidx, &already))
			continue;
		if (already)
			return COMPACT_SUCCESS;
		success = compact_zone(cpu, zone, order, priority != COMPACT_PRIO_ASYNC);
		note_result(zone, order, success);
		if (success)
			return COMPACT_SUCCESS;
		result = max_t(enum compact_result, result, COMPACT_COMPLETE);
	}
	return result;
}

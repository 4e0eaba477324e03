// SPDX-License-Identifier: GPL-2.0-only
/*
 * When compaction is worth it, and the direct compaction of a request that may sleep.
 *
 * A zone is worth it when it has enough single pages above its watermark to move others to, and,
 * for costly orders, when what is free there would do if only it lay together (the fragmentation
 * index). After runs in vain compaction is deferred: the next 1 << defer_shift attempts at that
 * order or above are left out.
 *
 * Locking: front->compact_lock around a request's way through its zones.
 */
#include <linux/gfp.h>

#include "compact.h"

#define COMPACT_MAX_DEFER_SHIFT 6u
/* vm.extfrag_threshold: above it a failure is due to fragmentation, per mille. */
#define EXTFRAG_THRESHOLD 500

/* --- is it worth it? */

/*
 * Per mille: towards 0 a request would fail for want of memory, towards 1000 because what is free
 * is in pieces; -1000: it would not fail.
 */
static int fragmentation_index(struct zone *zone, unsigned int order)
{
	u64 blocks = 0, pages = 0;
	bool suitable = false;

	for (unsigned int i = 0; i < MAX_ORDER; i++) {
		u64 nr = READ_ONCE(zone->free_area[i].nr_free);

		blocks += nr;
		pages += nr << i;
		suitable |= nr && i >= order;
	}
	if (!blocks)
		return 0;
	if (suitable)
		return -1000;
	return 1000 - (int)((1000 + (pages * 1000 >> order)) / blocks);
}

/* Watermarks: is there no need, or too little to move pages to? */
static enum compact_result suitable_by_marks(const struct zone *zone, int order,
					     unsigned int alloc_flags,
					     enum zone_type highest_zoneidx,
					     unsigned long free_pages)
{
	unsigned long mark;

	if (order == COMPACT_WHOLE_NODE)
		return COMPACT_CONTINUE;
	mark = wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK);
	if (zone_watermark_ok(zone, (unsigned int)order, mark, (int)highest_zoneidx, alloc_flags))
		return COMPACT_SUCCESS;
	mark = order > PAGE_ALLOC_COSTLY_ORDER ? low_wmark_pages(zone) : min_wmark_pages(zone);
	if (!zone_watermark_ok_free(zone, 0, mark + (2UL << order), (int)highest_zoneidx, ALLOC_CMA,
				    (long)free_pages))
		return COMPACT_SKIPPED;
	return COMPACT_CONTINUE;
}

enum compact_result compaction_suitable(struct rig_cpu *cpu, struct zone *zone, int order,
					unsigned int alloc_flags, enum zone_type highest_zoneidx)
{
	enum compact_result result = suitable_by_marks(zone, order, alloc_flags, highest_zoneidx,
						       zone_page_state(zone, NR_FREE_PAGES));

	if (result == COMPACT_CONTINUE && order > PAGE_ALLOC_COSTLY_ORDER) {
		int index = fragmentation_index(zone, (unsigned int)order);

		if (index >= 0 && index <= EXTFRAG_THRESHOLD)
			result = COMPACT_NOT_SUITABLE_ZONE;
	}
	RIG_TRACE(cpu, mm_compaction_suitable, .nid = zone->node, .idx = (s32)zone_idx(zone),
		  .order = order, .ret = (s32)result);
	return result == COMPACT_NOT_SUITABLE_ZONE ? COMPACT_SKIPPED : result;
}

/* Would it be, if some of what can be reclaimed were free? */
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

		if (suitable_by_marks(zone, (int)order, alloc_flags, ac->highest_zoneidx,
				      available) == COMPACT_CONTINUE)
			return true;
	}
	return false;
}

/* --- was it in vain lately? */

#define TRACE_DEFER(cpu, event, zone, the_order)                                                   \
	RIG_TRACE(cpu, event, .nid = (zone)->node, .idx = (s32)zone_idx(zone), .order = the_order, \
		  .considered = zone_extra(zone)->compact.considered,                              \
		  .defer_shift = zone_extra(zone)->compact.defer_shift,                            \
		  .order_failed = zone_extra(zone)->compact.order_failed)

void defer_compaction(struct rig_cpu *cpu, struct zone *zone, int order)
{
	struct compact_memory *memory = &zone_extra(zone)->compact;

	memory->considered = 0;
	memory->defer_shift = min(memory->defer_shift + 1, COMPACT_MAX_DEFER_SHIFT);
	memory->order_failed = min(memory->order_failed, order);
	TRACE_DEFER(cpu, mm_compaction_defer_compaction, zone, order);
}

bool compaction_deferred(struct rig_cpu *cpu, struct zone *zone, int order)
{
	struct compact_memory *memory = &zone_extra(zone)->compact;
	unsigned int limit = 1U << memory->defer_shift;

	if (order < memory->order_failed)
		return false;
	memory->considered = min(memory->considered + 1, limit);
	if (memory->considered >= limit)
		return false;
	TRACE_DEFER(cpu, mm_compaction_deferred, zone, order);
	return true;
}

void compaction_defer_reset(struct rig_cpu *cpu, struct zone *zone, int order, bool allocated)
{
	struct compact_memory *memory = &zone_extra(zone)->compact;

	if (allocated)
		memory->considered = memory->defer_shift = 0;
	memory->order_failed = max(memory->order_failed, order + 1);
	TRACE_DEFER(cpu, mm_compaction_defer_reset, zone, order);
}

/* Is it tried again after the longest deferral? */
bool compaction_restarting(const struct zone *zone, int order)
{
	const struct compact_memory *memory = &zone_extra(zone)->compact;

	return order >= memory->order_failed && memory->defer_shift == COMPACT_MAX_DEFER_SHIFT &&
	       memory->considered >= 1U << memory->defer_shift;
}

void compaction_succeeded(struct rig_cpu *cpu, struct zone *zone, int order)
{
	rig_spin_lock(&cpu->machine->page_front->compact_lock);
	zone_extra(zone)->compact.forget_skipped = false;
	compaction_defer_reset(cpu, zone, order, true);
	rig_spin_unlock(&cpu->machine->page_front->compact_lock);
}

/* --- direct compaction */

/*
 * Is a block that the CPU frees during its run the one that it is for? Not when it would bring
 * another kind into a movable pageblock, or one that is not for everybody.
 */
bool compaction_captures(const struct compaction *capture, const struct rig_cpu *cpu,
			 unsigned int order, int migratetype)
{
	if (capture->cpu != cpu || capture->captured || (int)order != capture->order ||
	    is_migrate_cma(migratetype) || is_migrate_isolate(migratetype))
		return false;
	return order >= cpu->machine->pageblock_order || migratetype != MIGRATE_MOVABLE;
}

void compaction_capture(struct compaction *capture, struct page *page)
{
	capture->captured = page;
}

static enum compact_result compact_for(struct rig_cpu *cpu, struct zone *zone, gfp_t gfp,
				       unsigned int order, unsigned int alloc_flags,
				       const struct alloc_context *ac,
				       enum compact_priority priority, struct page **captured)
{
	bool all = priority == COMPACT_PRIO_SYNC_FULL;
	struct compaction c = {
		.cpu = cpu,
		.zone = zone,
		.order = (int)order,
		.search_order = (int)order,
		.gfp = gfp,
		.mode = priority == COMPACT_PRIO_ASYNC ? COMPACT_ASYNC : COMPACT_SYNC_LIGHT,
		.alloc_flags = alloc_flags,
		.highest_zoneidx = ac->highest_zoneidx,
		.direct = true,
		.whole_zone = all,
		.ignore_skip = all,
		.ignore_suitable = all,
	};
	enum compact_result result = compact_zone(&c);

	*captured = c.captured;
	return result;
}

static enum compact_result compact_zones(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
					 unsigned int alloc_flags, const struct alloc_context *ac,
					 enum compact_priority priority, struct page **captured)
{
	struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	enum compact_result best = COMPACT_SKIPPED;
	struct zone *zone;

	for_each_zone_from(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		enum compact_result result;

		if (priority > COMPACT_PRIO_SYNC_FULL &&
		    compaction_deferred(cpu, zone, (int)order)) {
			best = max_t(enum compact_result, best, COMPACT_DEFERRED);
			continue;
		}
		result = compact_for(cpu, zone, gfp, order, alloc_flags, ac, priority, captured);
		best = max(best, result);
		if (result == COMPACT_SUCCESS) {
			compaction_defer_reset(cpu, zone, (int)order, false);
			break;
		}
		if (priority != COMPACT_PRIO_ASYNC &&
		    (result == COMPACT_COMPLETE || result == COMPACT_PARTIAL_SKIPPED))
			defer_compaction(cpu, zone, (int)order);
	}
	return best;
}

enum compact_result try_to_compact_pages(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
					 unsigned int alloc_flags, const struct alloc_context *ac,
					 enum compact_priority priority, struct page **captured)
{
	struct rig_page_front *front = cpu->machine->page_front;
	enum compact_result result;

	*captured = NULL;
	if (!(gfp & __GFP_IO) || front->reclaim_off)
		return COMPACT_SKIPPED;
	RIG_TRACE(cpu, mm_compaction_try_to_compact_pages, .order = (int)order, .gfp_mask = gfp,
		  .prio = priority);
	rig_spin_lock(&front->compact_lock);
	result = compact_zones(cpu, gfp, order, alloc_flags, ac, priority, captured);
	rig_spin_unlock(&front->compact_lock);
	return result;
}

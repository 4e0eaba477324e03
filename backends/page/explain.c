// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a request can't be served: see kmemrig/explain.h. Asks the same functions that decide
 * (watermark.c), so that an explanation is never another opinion.
 */
#include <string.h>

#include <kmemrig/explain.h>
#include <linux/gfp.h>

#include "internal.h"

const char *rig_zone_refusal_text(enum rig_zone_refusal refusal)
{
	static const char *const texts[] = {
		[RIG_ZONE_SERVES] = "would serve it",
		[RIG_ZONE_LOW] = "below its watermark",
		[RIG_ZONE_FRAGMENTED] = "fragmented",
		[RIG_ZONE_RESERVED] = "reserved for high-order atomic requests",
	};

	return texts[refusal];
}

static bool may_have(int migratetype, unsigned int alloc_flags)
{
	switch (migratetype) {
	case MIGRATE_HIGHATOMIC:
		return alloc_flags & (ALLOC_HIGHATOMIC | ALLOC_OOM);
	case MIGRATE_CMA:
		return alloc_flags & ALLOC_CMA;
	default:
		return migratetype < MIGRATE_PCPTYPES;
	}
}

static int largest_order(const struct zone *zone, unsigned int alloc_flags)
{
	for (int order = MAX_ORDER - 1; order >= 0; order--)
		for (int mt = 0; mt < MIGRATE_TYPES; mt++)
			if (may_have(mt, alloc_flags) &&
			    !free_area_empty(&zone->free_area[order], mt))
				return order;
	return -1;
}

static bool has_reserved_block(const struct zone *zone, unsigned int order)
{
	for (; order < MAX_ORDER; order++)
		if (!free_area_empty(&zone->free_area[order], MIGRATE_HIGHATOMIC))
			return true;
	return false;
}

static enum rig_zone_refusal refusal_of(const struct zone *zone, gfp_t gfp, unsigned int order,
					int highest_zoneidx, unsigned int alloc_flags)
{
	unsigned long mark = wmark_pages(zone, ALLOC_WMARK_MIN);
	bool any = alloc_flags & ALLOC_NO_WATERMARKS;

	if (!any && !zone_watermark_fast(zone, 0, mark, highest_zoneidx, alloc_flags, gfp))
		return RIG_ZONE_LOW;
	if (largest_order(zone, alloc_flags) < (int)order)
		return has_reserved_block(zone, order) ? RIG_ZONE_RESERVED : RIG_ZONE_FRAGMENTED;
	/* a large request may go below the mark by its own size */
	if (!any && !zone_watermark_fast(zone, order, mark, highest_zoneidx, alloc_flags, gfp))
		return RIG_ZONE_LOW;
	return RIG_ZONE_SERVES;
}

static void explain_zone(struct rig_zone_answer *answer, const struct zone *zone, gfp_t gfp,
			 unsigned int order, int highest_zoneidx, unsigned int alloc_flags)
{
	*answer = (struct rig_zone_answer){
		.zone = zone,
		.refusal = refusal_of(zone, gfp, order, highest_zoneidx, alloc_flags),
		.free_pages = (long)zone_page_state(zone, NR_FREE_PAGES),
		.unusable = zone_unusable_free(zone, 0, alloc_flags),
		.watermark =
			zone_reduced_min((long)wmark_pages(zone, ALLOC_WMARK_MIN), alloc_flags),
		.lowmem_reserve = zone->lowmem_reserve[highest_zoneidx],
		.largest_order = largest_order(zone, alloc_flags),
	};
	for (unsigned int i = 0; i < MAX_ORDER; i++)
		answer->nr_free[i] = zone->free_area[i].nr_free;
}

int rig_page_explain(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid,
		     struct rig_zone_answer *answers, int max)
{
	struct rig_page_request request = { .gfp = gfp, .order = order, .preferred_nid = nid };
	unsigned int alloc_flags = ALLOC_WMARK_MIN;
	struct alloc_context ac;
	struct zoneref *z;
	struct zone *zone;
	int nr = 0;

	if (cpu->machine->page->alloc != buddy_alloc)
		return 0;
	if (nid == NUMA_NO_NODE)
		request.preferred_nid = cpu->machine->page_front->numa_mem[cpu->nid];
	prepare_context(cpu, &request, &ac, &alloc_flags);
	alloc_flags = gfp_to_alloc_flags(gfp, order) | pfmemalloc_flags(cpu, gfp);
	z = ac.preferred_zoneref;
	for_each_zone_from(zone, z, ac.highest_zoneidx, ac.nodemask)
	{
		if (nr == max)
			break;
		explain_zone(&answers[nr++], zone, gfp, order, (int)ac.highest_zoneidx,
			     alloc_flags);
	}
	return nr;
}

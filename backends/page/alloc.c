// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request's way through the zones (__alloc_pages and get_page_from_freelist): the zonelist is
 * walked from the best zone on; the first whose watermark allows it serves the request, small
 * orders from the CPU's lists, others from the buddy lists. The first walk stops at the low
 * watermark; what it can't serve goes to slowpath.c.
 */
#include <linux/gfp.h>

#include "internal.h"

/* Without mobility grouping all is of one kind. */
int request_migratetype(const struct rig_machine *machine, gfp_t gfp)
{
	return machine->page_group_by_mobility_disabled ? MIGRATE_UNMOVABLE : gfp_migratetype(gfp);
}

unsigned int gfp_to_alloc_flags_cma(gfp_t gfp, unsigned int alloc_flags)
{
	return gfp_migratetype(gfp) == MIGRATE_MOVABLE ? alloc_flags | ALLOC_CMA : alloc_flags;
}

/*
 * Keep kinds apart at first (ALLOC_NOFRAGMENT) where there is another zone to go to: ZONE_NORMAL
 * with a ZONE_DMA32 below it.
 */
static unsigned int alloc_flags_nofragment(const struct rig_machine *machine,
					   const struct zone *zone, gfp_t gfp)
{
	unsigned int alloc_flags = gfp & __GFP_KSWAPD_RECLAIM;

	if (!zone || zone_idx(zone) != ZONE_NORMAL)
		return alloc_flags;
	if (nr_online_nodes(machine) > 1 && !populated_zone(zone - 1))
		return alloc_flags;
	return alloc_flags | ALLOC_NOFRAGMENT;
}

/* From the buddy lists, past the CPU's (rmqueue_buddy). */
static struct page *rmqueue_buddy(struct rig_cpu *cpu, struct zone *preferred, struct zone *zone,
				  unsigned int order, unsigned int alloc_flags, int migratetype)
{
	struct page *page;

	do {
		page = NULL;
		rig_spin_lock(&zone->lock);
		if (alloc_flags & ALLOC_HIGHATOMIC)
			page = rmqueue_smallest(cpu, zone, order, MIGRATE_HIGHATOMIC);
		if (!page)
			page = rmqueue_locked(cpu, zone, order, migratetype, alloc_flags);
		/* rather the reserve than failing */
		if (!page && (alloc_flags & (ALLOC_OOM | ALLOC_NON_BLOCK)))
			page = rmqueue_smallest(cpu, zone, order, MIGRATE_HIGHATOMIC);
		if (page)
			mod_zone_freepage_state(cpu, zone, -(1L << order),
						get_pcppage_migratetype(page));
		rig_spin_unlock(&zone->lock);
		if (!page)
			return NULL;
	} while (check_new_pages(cpu, page, order));
	count_page_event(cpu, zone, PGALLOC, 1UL << order);
	zone_statistics(cpu, preferred, zone, 1);
	return page;
}

static struct page *rmqueue(struct rig_cpu *cpu, struct zone *preferred, struct zone *zone,
			    unsigned int order, unsigned int alloc_flags, int migratetype)
{
	struct page *page = NULL;

	/* the movable list may hold CMA pages: not for those who may not have them */
	if (likely(pcp_allowed_order(cpu->machine, order)) &&
	    ((alloc_flags & ALLOC_CMA) || migratetype != MIGRATE_MOVABLE))
		page = rmqueue_pcplist(cpu, preferred, zone, order, migratetype, alloc_flags);
	if (!page)
		page = rmqueue_buddy(cpu, preferred, zone, order, alloc_flags, migratetype);
	if (unlikely(READ_ONCE(zone->flags) & BIT(ZONE_BOOSTED_WATERMARK))) {
		__atomic_fetch_and(&zone->flags, ~BIT(ZONE_BOOSTED_WATERMARK), __ATOMIC_RELAXED);
		wakeup_kswapd(cpu, zone, 0, 0, zone_idx(zone));
	}
	return page;
}

struct page *get_page_from_freelist(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
				    unsigned int alloc_flags, const struct alloc_context *ac)
{
	struct zone *preferred = ac->preferred_zoneref->zone, *zone;
	bool many_nodes = cpu->machine->nr_nodes > 1, no_fallback;
	struct zoneref *z;

retry:
	no_fallback = alloc_flags & ALLOC_NOFRAGMENT;
	z = ac->preferred_zoneref;
	for_each_zone_from(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		unsigned long mark = wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK);
		struct page *page;

		/* a local block of another kind is better than a remote one */
		if (no_fallback && many_nodes && zone != preferred &&
		    zone->node != preferred->node) {
			alloc_flags &= ~ALLOC_NOFRAGMENT;
			goto retry;
		}
		if (!zone_watermark_fast(zone, order, mark, (int)ac->highest_zoneidx, alloc_flags,
					 gfp) &&
		    !(alloc_flags & ALLOC_NO_WATERMARKS) &&
		    (likely(!cpu->machine->page_front->zone_reclaim_mode) ||
		     !node_reclaim(cpu, preferred, zone, gfp, order) ||
		     !zone_watermark_ok(zone, order, mark, (int)ac->highest_zoneidx, alloc_flags)))
			continue;
		page = rmqueue(cpu, preferred, zone, order, alloc_flags, ac->migratetype);
		if (page) {
			prep_new_page(cpu, page, order, gfp, alloc_flags);
			if (unlikely(alloc_flags & ALLOC_HIGHATOMIC))
				reserve_highatomic_pageblock(page, zone);
			return page;
		}
	}
	if (no_fallback) {
		alloc_flags &= ~ALLOC_NOFRAGMENT;
		goto retry;
	}
	return NULL;
}

void prepare_context(struct rig_cpu *cpu, const struct rig_page_request *request,
		     struct alloc_context *ac, unsigned int *alloc_flags)
{
	ac->highest_zoneidx = gfp_zone(request->gfp);
	ac->zonelist = node_zonelist(cpu->machine, request->preferred_nid, request->gfp);
	ac->nodemask = request->nodemask;
	ac->migratetype = request_migratetype(cpu->machine, request->gfp);
	ac->preferred_zoneref =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	*alloc_flags = gfp_to_alloc_flags_cma(request->gfp, *alloc_flags);
}

struct page *buddy_alloc(struct rig_cpu *cpu, const struct rig_page_request *request)
{
	unsigned int alloc_flags = ALLOC_WMARK_LOW;
	struct alloc_context ac;
	struct page *page;

	prepare_context(cpu, request, &ac, &alloc_flags);
	alloc_flags |=
		alloc_flags_nofragment(cpu->machine, ac.preferred_zoneref->zone, request->gfp);
	page = get_page_from_freelist(cpu, request->gfp, request->order, alloc_flags, &ac);
	if (likely(page))
		return page;
	return alloc_pages_slowpath(cpu, request->gfp, request->order, &ac);
}

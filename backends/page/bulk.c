// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single pages by the dozen (__alloc_pages_bulk): from one CPU list under one lock, without an
 * event for each. When the zone is too low, or the list is busy, one page comes the usual way.
 */
#include "internal.h"

static unsigned long skip_filled(struct page **pages, unsigned long i, unsigned long nr_pages)
{
	while (i < nr_pages && pages[i])
		i++;
	return i;
}

/* A local zone that stays above its low watermark when it gives that many. */
static struct zone *find_zone(const struct alloc_context *ac, unsigned int alloc_flags, gfp_t gfp,
			      unsigned long nr_pages)
{
	struct zoneref *z = ac->preferred_zoneref;
	struct zone *zone;

	for_each_zone_from(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		if (zone->node != ac->preferred_zoneref->zone->node)
			return NULL;
		if (zone_watermark_fast(
			    zone, 0, wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK) + nr_pages,
			    ac->preferred_zoneref->zone_idx, alloc_flags, gfp))
			return zone;
	}
	return NULL;
}

static unsigned long take_from_list(struct rig_cpu *cpu, struct zone *zone,
				    const struct alloc_context *ac, unsigned int alloc_flags,
				    gfp_t gfp, unsigned long nr_pages, struct page **pages)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	unsigned long taken = 0;

	if (!rig_spin_trylock(&pcp->lock))
		return 0;
	for (unsigned long i = skip_filled(pages, 0, nr_pages); i < nr_pages;
	     i = skip_filled(pages, i, nr_pages)) {
		pages[i] = rmqueue_pcplist_locked(cpu, zone, 0, ac->migratetype, alloc_flags, pcp,
						  &pcp->lists[order_to_pindex(ac->migratetype, 0)]);
		if (!pages[i])
			break;
		prep_new_page(cpu, pages[i], 0, gfp, 0);
		taken++;
	}
	rig_spin_unlock(&pcp->lock);
	count_page_event(cpu, zone, PGALLOC, taken);
	zone_statistics(cpu, ac->preferred_zoneref->zone, zone, (long)taken);
	return taken;
}

/* Returns how many slots are filled from the first on; 0 taken: the caller gets one by itself. */
unsigned long buddy_alloc_bulk(struct rig_cpu *cpu, const struct rig_page_request *request,
			       unsigned long nr_pages, struct page **pages)
{
	unsigned int alloc_flags = ALLOC_WMARK_LOW;
	struct alloc_context ac;
	struct zone *zone = NULL;

	prepare_context(cpu, request, &ac, &alloc_flags);
	if (ac.preferred_zoneref->zone)
		zone = find_zone(&ac, alloc_flags, request->gfp, nr_pages);
	if (zone)
		take_from_list(cpu, zone, &ac, alloc_flags, request->gfp, nr_pages, pages);
	return skip_filled(pages, 0, nr_pages);
}

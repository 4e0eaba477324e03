// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mobility grouping: when the lists of the wanted migratetype are empty, a block of another one is
 * taken over, if possible with all that is free in its pageblock, so that kinds mix in as few
 * pageblocks as possible. Also the reserve of pageblocks for high-order atomic requests.
 *
 * Invariant: page.highatomic (the reserve's count is that of its pageblocks).
 *
 * Locking: zone->lock.
 */
#include "internal.h"

/* In which order the others are looked at; MIGRATE_TYPES ends a row. */
static const int fallbacks[MIGRATE_PCPTYPES][3] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE, MIGRATE_TYPES },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE, MIGRATE_TYPES },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_TYPES },
};

/*
 * Moves what is free in [start, end] to the tails of another migratetype's lists; returns the
 * pages moved, and in @num_movable those in use that could be migrated.
 */
static int move_freepages(struct zone *zone, unsigned long start, unsigned long end,
			  int migratetype, int *num_movable)
{
	int pages_moved = 0;

	for (unsigned long pfn = start; pfn <= end;) {
		struct page *page = rig_pfn_to_page(zone->machine, pfn);
		unsigned int order;

		if (!PageBuddy(page)) {
			if (num_movable && PageLRU(page))
				(*num_movable)++;
			pfn++;
			continue;
		}
		order = buddy_order(page);
		pfn += 1UL << order;
		/* another node's, where nodes meet inside a pageblock (a bug, to the kernel) */
		if (unlikely(rig_page_zone(zone->machine, page) != zone))
			continue;
		move_to_free_list(page, zone, order, migratetype);
		pages_moved += 1 << order;
	}
	return pages_moved;
}

int move_freepages_block(struct zone *zone, unsigned long pfn, int migratetype, int *num_movable)
{
	unsigned long nr = pageblock_nr_pages(zone->machine);
	unsigned long start = ALIGN_DOWN(pfn, nr), end = start + nr - 1;

	if (num_movable)
		*num_movable = 0;
	if (!zone_spans_pfn(zone, start))
		start = pfn;
	if (!zone_spans_pfn(zone, end))
		return 0;
	for (unsigned long block = start; block <= end; block += MAX_ORDER_NR_PAGES)
		lazy_touch(zone, block);
	return move_freepages(zone, start, end, migratetype, num_movable);
}

/* May the whole pageblock be taken over, for a request of this kind and a block of this order? */
static bool can_steal_fallback(const struct rig_machine *machine, unsigned int order,
			       int start_migratetype)
{
	return order >= machine->pageblock_order / 2 || start_migratetype == MIGRATE_RECLAIMABLE ||
	       start_migratetype == MIGRATE_UNMOVABLE || machine->page_group_by_mobility_disabled;
}

/* Raises the watermarks for a while, so that kswapd makes room against further mixing. */
static bool boost_watermark(struct zone *zone)
{
	unsigned long nr = pageblock_nr_pages(zone->machine);
	unsigned long high = zone->_watermark[WMARK_HIGH];
	unsigned long factor = zone->machine->watermark_boost_factor, max_boost;

	if (!factor)
		return false;
	/* not in zones so small that it would stop them */
	if (nr * 4 > zone_managed_pages(zone))
		return false;
	max_boost = high / 10000 * factor + high % 10000 * factor / 10000;
	if (!max_boost)
		return false;
	max_boost = max(nr, max_boost);
	WRITE_ONCE(zone->watermark_boost, min(zone->watermark_boost + nr, max_boost));
	return true;
}

/*
 * Is the pageblock the new owner's from now on? When a trace is followed it may have said so: a
 * recorded state does not tell which of the pages in use could be moved.
 */
static bool claims_pageblock(struct rig_machine *machine, unsigned long pfn, int good_pages)
{
	struct rig_page_front *front = machine->page_front;

	if (unlikely(front->expected_first < front->nr_expected) &&
	    front->expected[front->expected_first].pfn == pfn)
		return front->expected[front->expected_first++].changes;
	return good_pages >= 1 << (machine->pageblock_order - 1) ||
	       machine->page_group_by_mobility_disabled;
}

/* Pages in use in the block that suit the new owner, as far as that can be known. */
static int alike_pages(const struct rig_machine *machine, int start_type, int old_type,
		       int free_pages, int movable_pages)
{
	if (start_type == MIGRATE_MOVABLE)
		return movable_pages;
	if (old_type == MIGRATE_MOVABLE)
		return (int)pageblock_nr_pages(machine) - (free_pages + movable_pages);
	return 0;
}

static void steal_suitable_fallback(struct zone *zone, struct page *page, unsigned int alloc_flags,
				    int start_type, bool whole_block)
{
	struct rig_machine *machine = zone->machine;
	unsigned long pfn = rig_page_to_pfn(machine, page);
	unsigned int order = buddy_order(page);
	int old_type = get_pageblock_migratetype(machine, pfn);
	int free_pages, movable_pages, alike;

	if (old_type == MIGRATE_HIGHATOMIC)
		goto single_page;
	if (order >= machine->pageblock_order) {
		for (unsigned long block = pfn; block < pfn + (1UL << order);
		     block += pageblock_nr_pages(machine))
			set_pageblock_migratetype(machine, block, start_type);
		goto single_page;
	}
	if (boost_watermark(zone) && (alloc_flags & ALLOC_KSWAPD))
		__atomic_fetch_or(&zone->flags, BIT(ZONE_BOOSTED_WATERMARK), __ATOMIC_RELAXED);
	if (!whole_block)
		goto single_page;
	free_pages = move_freepages_block(zone, pfn, start_type, &movable_pages);
	if (!free_pages)
		goto single_page;
	alike = alike_pages(machine, start_type, old_type, free_pages, movable_pages);
	if (claims_pageblock(machine, pfn, free_pages + alike))
		set_pageblock_migratetype(machine, pfn, start_type);
	return;

single_page:
	move_to_free_list(page, zone, order, start_type);
}

/* The migratetype to fall back to at this order; -1: none has a block. */
static int find_suitable_fallback(const struct zone *zone, unsigned int order, int migratetype,
				  bool *can_steal)
{
	const struct free_area *area = &zone->free_area[order];

	if (!area->nr_free)
		return -1;
	*can_steal = can_steal_fallback(zone->machine, order, migratetype);
	for (int i = 0; fallbacks[migratetype][i] != MIGRATE_TYPES; i++)
		if (!free_area_empty(area, fallbacks[migratetype][i]))
			return fallbacks[migratetype][i];
	*can_steal = false;
	return -1;
}

/* Would a request take a block of this order from another kind, with its whole pageblock? */
bool has_suitable_fallback(const struct zone *zone, unsigned int order, int migratetype)
{
	bool can_steal;

	return migratetype < MIGRATE_PCPTYPES &&
	       find_suitable_fallback(zone, order, migratetype, &can_steal) != -1 && can_steal;
}

/* The largest block of another kind, or -1. */
static int find_largest(const struct zone *zone, int min_order, int migratetype, int *fallback,
			bool *can_steal)
{
	for (int order = MAX_ORDER - 1; order >= min_order; order--) {
		*fallback =
			find_suitable_fallback(zone, (unsigned int)order, migratetype, can_steal);
		if (*fallback != -1)
			return order;
	}
	return -1;
}

/*
 * Makes a block of another migratetype one of @start_migratetype's; true: there is one now
 * (__rmqueue_fallback).
 */
bool rmqueue_fallback(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
		      int start_migratetype, unsigned int alloc_flags)
{
	struct rig_machine *machine = zone->machine;
	int min_order = (int)order, found, fallback;
	struct page *page;
	bool can_steal;

	if (start_migratetype >= MIGRATE_PCPTYPES)
		return false;
	if (order < machine->pageblock_order && (alloc_flags & ALLOC_NOFRAGMENT))
		min_order = (int)machine->pageblock_order;
	found = find_largest(zone, min_order, start_migratetype, &fallback, &can_steal);
	if (found < 0)
		return false;
	/* A movable request that can't have the pageblock splits the smallest block instead. */
	if (!can_steal && start_migratetype == MIGRATE_MOVABLE && found > (int)order)
		for (found = (int)order; found < MAX_ORDER; found++) {
			fallback = find_suitable_fallback(zone, (unsigned int)found,
							  start_migratetype, &can_steal);
			if (fallback != -1)
				break;
		}
	page = get_page_from_free_area(zone, (unsigned int)found, fallback);
	steal_suitable_fallback(zone, page, alloc_flags, start_migratetype, can_steal);
	RIG_TRACE(cpu, mm_page_alloc_extfrag, .pfn = rig_page_to_pfn(machine, page),
		  .alloc_order = (s32)order, .fallback_order = found,
		  .alloc_migratetype = start_migratetype, .fallback_migratetype = fallback,
		  .change_ownership =
			  start_migratetype ==
			  get_pageblock_migratetype(machine, rig_page_to_pfn(machine, page)));
	return true;
}

/* --- the reserve for high-order atomic requests */

void reserve_highatomic_pageblock(struct page *page, struct zone *zone)
{
	struct rig_machine *machine = zone->machine;
	unsigned long pfn = rig_page_to_pfn(machine, page);
	unsigned long nr = pageblock_nr_pages(machine);
	unsigned long limit = zone_managed_pages(zone) / 100 + nr;

	rig_spin_lock(&zone->lock);
	if (zone->nr_reserved_highatomic < limit &&
	    migratetype_is_mergeable(get_pageblock_migratetype(machine, pfn))) {
		WRITE_ONCE(zone->nr_reserved_highatomic, zone->nr_reserved_highatomic + nr);
		set_pageblock_migratetype(machine, pfn, MIGRATE_HIGHATOMIC);
		move_freepages_block(zone, pfn, MIGRATE_HIGHATOMIC, NULL);
	}
	rig_spin_unlock(&zone->lock);
}

static bool unreserve_in_zone(struct zone *zone, int migratetype)
{
	struct rig_machine *machine = zone->machine;
	unsigned long nr = pageblock_nr_pages(machine);

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct page *page = get_page_from_free_area(zone, order, MIGRATE_HIGHATOMIC);
		unsigned long pfn;

		if (!page)
			continue;
		pfn = rig_page_to_pfn(machine, page);
		/* once a pageblock, though several of its blocks may be met */
		if (get_pageblock_migratetype(machine, pfn) == MIGRATE_HIGHATOMIC)
			WRITE_ONCE(zone->nr_reserved_highatomic,
				   zone->nr_reserved_highatomic -
					   min(nr, zone->nr_reserved_highatomic));
		set_pageblock_migratetype(machine, pfn, migratetype);
		if (move_freepages_block(zone, pfn, migratetype, NULL))
			return true;
	}
	return false;
}

/* Gives one pageblock of the reserve back to @ac's migratetype; true: some pages moved. */
bool unreserve_highatomic_pageblock(struct rig_cpu *cpu, const struct alloc_context *ac, bool force)
{
	struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	struct zone *zone;

	for_each_zone_from(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		bool done;

		/* keep the last one unless pressure is really high */
		if (!force &&
		    READ_ONCE(zone->nr_reserved_highatomic) <= pageblock_nr_pages(zone->machine))
			continue;
		rig_spin_lock(&zone->lock);
		done = unreserve_in_zone(zone, ac->migratetype);
		rig_spin_unlock(&zone->lock);
		if (done)
			return true;
	}
	return false;
}

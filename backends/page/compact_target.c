// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction's lower hand: the scanner that walks down a zone, pageblock by pageblock, and takes
 * free pages to move others to (isolate_freepages in the kernel). Inside a pageblock it walks up.
 * Only movable pageblocks are taken from, and not from those that are free as a whole.
 *
 * A quick search of the free lists goes first: the last blocks of the lists, from the order where
 * the search was successful last, for one that lies in the last quarter of what the scanners have
 * left, or at least in the last half.
 *
 * Locking: compact_lock is held; zone->lock for what is taken off the free lists.
 */
#include <limits.h>

#include <linux/gfp.h>

#include "compact.h"

/* Takes a free block off its list, as far as the zone's reserve allows. Under zone->lock. */
static bool isolate_free_page(struct compaction *c, struct page *page, unsigned int order)
{
	struct rig_machine *machine = c->zone->machine;
	unsigned long pfn = rig_page_to_pfn(machine, page);
	int migratetype = get_pageblock_migratetype(machine, pfn);

	if (!is_migrate_isolate(migratetype)) {
		unsigned long mark = c->zone->_watermark[WMARK_MIN] + (1UL << order);

		if (!zone_watermark_ok(c->zone, 0, mark, 0, ALLOC_CMA))
			return false;
		mod_zone_freepage_state(c->cpu, c->zone, -(1L << order), migratetype);
	}
	del_page_from_free_list(page, c->zone, order);
	if (order < machine->pageblock_order - 1)
		return true;
	/* most of the pageblock will hold movable pages */
	for (unsigned long at = pfn; at < pfn + (1UL << order) - 1;
	     at += pageblock_nr_pages(machine))
		if (migratetype_is_mergeable(get_pageblock_migratetype(machine, at)))
			set_pageblock_migratetype(machine, at, MIGRATE_MOVABLE);
	return true;
}

/* Off its list, it waits with the others; its order is in private. */
static void keep_block(struct compaction *c, struct page *page, unsigned int order)
{
	page->private = order;
	list_add_tail(&page->lru, &c->targets);
	c->nr_targets += 1UL << order;
}

/* --- one pageblock */

/*
 * isolate_freepages_block: free pages of [*start, end), of which every @stride'th is looked at,
 * until there are enough. *start is where it came to. Returns the pages taken.
 */
static unsigned long take_from_block(struct compaction *c, unsigned long *start, unsigned long end,
				     unsigned long stride)
{
	struct zone *zone = c->zone;
	unsigned long pfn = *start, scanned = 0, taken = 0;

	rig_spin_lock(&zone->lock);
	for (; pfn < end; pfn += stride) {
		struct page *page = rig_pfn_to_page(zone->machine, pfn);
		unsigned int order;

		scanned++;
		if (lazy_contains(zone, pfn))
			continue; /* inside of a block that is free as a whole */
		if (PageHead(page))
			pfn += (1UL << compound_order(page)) - 1;
		if (!PageBuddy(page))
			continue;
		order = buddy_order(page);
		if (!isolate_free_page(c, page, order))
			break;
		scanned += (1UL << order) - 1;
		taken += 1UL << order;
		keep_block(c, page, order);
		if (c->nr_sources <= c->nr_targets) {
			pfn += 1UL << order;
			break;
		}
		pfn += (1UL << order) - 1;
	}
	rig_spin_unlock(&zone->lock);
	pfn = min(pfn, end);
	RIG_TRACE(c->cpu, mm_compaction_isolate_freepages, .start_pfn = *start, .end_pfn = pfn,
		  .nr_scanned = scanned, .nr_taken = taken);
	*start = pfn;
	c->free_scanned += scanned;
	c->cpu->machine->page_front->compact_isolated += taken;
	return taken;
}

/* --- the quick search */

struct quick_search {
	struct compaction *c;
	unsigned long low_pfn, min_pfn; /* from here it is good; from here it will do */
	unsigned long highest;		/* pageblock of the highest seen */
	unsigned long scanned, limit;
};

/* Looks at one order's list from its end. NULL: nothing there. Under zone->lock. */
static struct page *search_order(struct quick_search *search, int order)
{
	struct compaction *c = search->c;
	struct zone *zone = c->zone;
	struct list_head *list = &zone->free_area[order].free_list[MIGRATE_MOVABLE];
	unsigned long of_order = 0, high_pfn = 0;
	struct page *page, *found = NULL, *last = NULL;

	list_for_each_entry_reverse (page, list, buddy_list) {
		unsigned long pfn = rig_page_to_pfn(zone->machine, page);

		last = page;
		of_order++;
		search->scanned++;
		if (pfn >= search->highest)
			search->highest = max(pageblock_start(zone, pfn), zone->zone_start_pfn);
		if (pfn >= search->low_pfn) {
			c->search_failures = 0;
			c->search_order = order;
			found = page;
			break;
		}
		if (pfn >= search->min_pfn && pfn > high_pfn) {
			high_pfn = pfn;
			search->limit >>= 1;
		}
		if (of_order >= search->limit)
			break;
	}
	if (!found && high_pfn)
		last = found = rig_pfn_to_page(zone->machine, high_pfn);
	/* what was not looked at comes first next time: a ring, its head goes in front of it */
	if (last)
		list_move_tail(list, &last->buddy_list);
	if (of_order >= search->limit)
		search->limit = max(1UL, search->limit >> 1);
	return found;
}

/* The next order to search, around; -1: all were. */
static int next_search_order(struct compaction *c, int order)
{
	if (--order < 0)
		order = c->order - 1;
	if (order != c->search_order)
		return order;
	if (--c->search_order < 0)
		c->search_order = c->order - 1;
	return -1;
}

/* Search and isolation; NULL: nothing. */
static struct page *search_lists(struct quick_search *search)
{
	struct compaction *c = search->c;
	struct page *page = NULL;

	c->search_order = min(c->order - 1, c->search_order);
	for (int order = c->search_order; !page && order >= 0;
	     order = next_search_order(c, order)) {
		if (!c->zone->free_area[order].nr_free)
			continue;
		rig_spin_lock(&c->zone->lock);
		page = search_order(search, order);
		if (page && isolate_free_page(c, page, (unsigned int)order)) {
			search->scanned += (1UL << order) - 1;
			keep_block(c, page, (unsigned int)order);
			c->cpu->machine->page_front->compact_isolated += 1UL << order;
		} else if (page) {
			/* the reserve is reached: no more */
			order = c->search_order + 1;
			page = NULL;
		}
		rig_spin_unlock(&c->zone->lock);
	}
	return page;
}

/* More from the pageblock of a page that was found, if it is worth it. */
static void take_around(struct compaction *c, unsigned long pfn)
{
	unsigned long start = max(pageblock_start(c->zone, pfn), c->zone->zone_start_pfn);
	unsigned long end = min(pageblock_end(c->zone, pfn), zone_end_pfn(c->zone));
	unsigned long block = start;

	if (c->nr_targets >= c->nr_sources || (c->direct && c->mode == COMPACT_ASYNC) ||
	    !compact_block_is_whole(c->zone, start, end))
		return;
	take_from_block(c, &start, end, 1);
	if (c->nr_targets < c->nr_sources)
		pageblock_skip(c->zone, block, true);
}

#define NOWHERE ULONG_MAX

/* At the start of a scan, and nothing was found: from where to walk, then; or NOWHERE. */
static unsigned long start_of_walk(struct compaction *c, const struct quick_search *search)
{
	struct zone *zone = c->zone;

	if (search->highest >= search->min_pfn) {
		c->free_pfn = search->highest;
		return search->highest;
	}
	if (!c->direct)
		return NOWHERE;
	c->free_pfn = search->min_pfn;
	return compact_block_is_whole(zone, search->min_pfn,
				      min(pageblock_end(zone, search->min_pfn), zone_end_pfn(zone)))
		       ? search->min_pfn
		       : NOWHERE;
}

/* fast_isolate_freepages */
static void quick_search(struct compaction *c)
{
	struct compact_memory *memory = &zone_extra(c->zone)->compact;
	struct quick_search search = { .c = c, .limit = max(1UL, compact_search_limit(c) >> 1) };
	unsigned long distance = c->free_pfn - c->migrate_pfn, pfn = NOWHERE;
	bool begins = c->free_pfn >= memory->init_free_pfn;
	struct page *page;

	if (c->order <= 0)
		return;
	if (begins)
		search.limit = pageblock_nr_pages(c->zone->machine) >> 1;
	search.low_pfn = pageblock_start(c->zone, c->free_pfn - (distance >> 2));
	search.min_pfn = pageblock_start(c->zone, c->free_pfn - (distance >> 1));
	page = search_lists(&search);
	if (page) {
		pfn = rig_page_to_pfn(c->zone->machine, page);
	} else {
		c->search_failures++;
		if (begins)
			pfn = start_of_walk(c, &search);
	}
	if (search.highest && search.highest >= memory->free_pfn)
		memory->free_pfn = search.highest - pageblock_nr_pages(c->zone->machine);
	c->free_scanned += search.scanned;
	if (pfn != NOWHERE)
		take_around(c, pfn);
}

/* --- pageblock after pageblock */

static bool suits_as_target(const struct compaction *c, unsigned long pfn)
{
	const struct rig_machine *machine = c->zone->machine;
	const struct page *page = rig_pfn_to_page(machine, pfn);
	int migratetype = get_pageblock_migratetype(machine, pfn);

	if (lazy_contains(c->zone, pfn) && !(pfn & (MAX_ORDER_NR_PAGES - 1)))
		return false;
	if (PageBuddy(page) && buddy_order(page) >= machine->pageblock_order)
		return false;
	return c->ignore_suitable || migratetype == MIGRATE_MOVABLE || is_migrate_cma(migratetype);
}

/* The walk down from free_pfn, until there are enough or the other scanner is met. */
static void walk_down(struct compaction *c)
{
	struct zone *zone = c->zone;
	unsigned long nr = pageblock_nr_pages(zone->machine);
	unsigned long pfn = c->free_pfn, start = pageblock_start(zone, pfn);
	unsigned long end = min(start + nr, zone_end_pfn(zone));
	unsigned long lowest = pageblock_end(zone, c->migrate_pfn);
	unsigned long stride = c->mode == COMPACT_ASYNC ? COMPACT_CLUSTER_MAX : 1;

	for (; start >= lowest; end = start, start -= nr, pfn = start) {
		unsigned long taken;

		if (!compact_block_is_whole(zone, start, end) || !suits_as_target(c, start) ||
		    (!c->ignore_skip && pageblock_is_skipped(zone, start)))
			continue;
		taken = take_from_block(c, &pfn, end, stride);
		if (pfn == end)
			compact_note_full_block(c, start);
		if (c->nr_targets >= c->nr_sources) {
			if (pfn >= end)
				pfn = start - nr;
			break;
		}
		if (pfn < end)
			break;
		stride = taken ? 1 : min(COMPACT_CLUSTER_MAX, stride << 1);
	}
	c->free_pfn = pfn;
}

/* Blocks become single pages in use: the last page first. */
static void split_blocks(struct compaction *c)
{
	LIST_HEAD(pages);

	while (!list_empty(&c->targets)) {
		struct page *page = list_first_entry(&c->targets, struct page, lru);
		unsigned int order = (unsigned int)page->private;

		list_del(&page->lru);
		prep_new_page(c->cpu, page, order, __GFP_MOVABLE, 0);
		rig_split_page(c->cpu, page, order);
		for (unsigned long i = 0; i < 1UL << order; i++)
			list_add(&page[i].lru, &pages);
	}
	list_splice(&pages, &c->targets);
}

struct page *compact_next_target(struct compaction *c)
{
	struct page *page;

	if (list_empty(&c->targets)) {
		quick_search(c);
		if (!c->nr_targets)
			walk_down(c);
		split_blocks(c);
		if (list_empty(&c->targets))
			return NULL;
	}
	page = list_first_entry(&c->targets, struct page, lru);
	list_del(&page->lru);
	c->nr_targets--;
	return page;
}

void compact_return_target(struct compaction *c, struct page *page)
{
	list_add(&page->lru, &c->targets);
	c->nr_targets++;
}

unsigned long compact_release_targets(struct compaction *c)
{
	unsigned long highest = 0;

	while (!list_empty(&c->targets)) {
		struct page *page = list_first_entry(&c->targets, struct page, lru);

		list_del(&page->lru);
		highest = max(highest, rig_page_to_pfn(c->zone->machine, page));
		rig_free_pages(c->cpu, page, 0);
	}
	c->nr_targets = 0;
	return highest;
}

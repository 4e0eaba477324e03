// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction's upper hand: the scanner that walks up a zone and gathers pages to move, at most
 * COMPACT_CLUSTER_MAX at a time and from one pageblock (isolate_migratepages in the kernel).
 *
 * For costly orders a quick search of the free lists goes first: a pageblock that has large free
 * blocks already needs few moves. For a request that must not wait (async), only pageblocks of its
 * own kind are walked, and an aligned block of the wanted order is given up, with what was gathered
 * from it, at the first page that can't be moved.
 *
 * Locking: compact_lock is held; lru_lock and zone->lock around the walk through a pageblock.
 */
#include <limits.h>

#include <linux/gfp.h>

#include "compact.h"

bool compact_block_is_whole(const struct zone *zone, unsigned long start, unsigned long end)
{
	return rig_pfn_zone(zone->machine, start) == zone &&
	       rig_pfn_zone(zone->machine, end - 1) == zone;
}

/* Under lru_lock. */
static void put_back(struct compaction *c)
{
	while (!list_empty(&c->sources)) {
		struct page *page = list_first_entry(&c->sources, struct page, lru);

		list_del(&page->lru);
		lru_link(c->cpu->machine, page);
	}
	c->nr_sources = 0;
}

void compact_put_back_sources(struct compaction *c)
{
	rig_spin_lock(&c->cpu->machine->page_front->lru_lock);
	put_back(c);
	rig_spin_unlock(&c->cpu->machine->page_front->lru_lock);
}

/* --- one pageblock */

/* A walk through a pageblock, from @start to @end at most. */
struct walk {
	struct compaction *c;
	unsigned long start, end;
	unsigned long pfn;	/* the one at hand; in the end, where to go on */
	unsigned long next_try; /* async: end of the aligned block that is tried now */
	unsigned long scanned, isolated;
	bool by_block;	 /* async: whole aligned blocks or nothing of them */
	bool at_start;	 /* the pageblock's first page was seen */
	bool noted_skip; /* the first page taken has marked the pageblock */
};

static unsigned long order_block_end(unsigned long pfn, int order)
{
	return ALIGN(pfn + 1, 1UL << order);
}

/* Pages that the one at hand stands for in a walk: a free or compound block goes at once. */
static unsigned long pages_at(const struct zone *zone, unsigned long pfn, bool *free)
{
	const struct page *page = rig_pfn_to_page(zone->machine, pfn);
	unsigned int order = 0;

	*free = false;
	if (lazy_contains(zone, pfn)) {
		/* only a block's first page says that it is free */
		*free = !(pfn & (MAX_ORDER_NR_PAGES - 1));
		return *free ? MAX_ORDER_NR_PAGES : 1;
	}
	if (PageBuddy(page)) {
		*free = true;
		order = buddy_order(page);
	} else if (PageHead(page)) {
		order = compound_order(page);
	}
	return 1UL << order;
}

/* Without __GFP_FS only what needs no file system is moved, and all of the LRU here is files. */
static bool may_take(const struct compaction *c, const struct page *page)
{
	return PageLRU(page) && (c->gfp & __GFP_FS);
}

/* The first page that is taken marks its pageblock. False: it was marked, leave it. */
static bool note_skip(struct walk *walk)
{
	const struct compaction *c = walk->c;
	bool was;

	if (walk->noted_skip)
		return true;
	walk->noted_skip = true;
	if (c->ignore_skip || !is_pageblock_start(c->zone, walk->pfn))
		return true;
	was = pageblock_is_skipped(c->zone, walk->pfn);
	pageblock_skip(c->zone, walk->pfn, true);
	return !was;
}

/* A page that can't be moved: in an async walk, what was gathered from its block was in vain. */
static void give_up_block(struct walk *walk)
{
	struct compaction *c = walk->c;

	if (!walk->by_block)
		return;
	put_back(c);
	walk->isolated = 0;
	if (walk->pfn < walk->next_try) {
		walk->pfn = walk->next_try - 1;
		walk->next_try += 1UL << c->order;
	}
}

/* Takes the page at hand. False: the walk ends here, without it. */
static bool take(struct walk *walk, struct page *page)
{
	struct compaction *c = walk->c;

	if (!note_skip(walk))
		return false;
	lru_unlink(c->cpu->machine, page);
	list_add(&page->lru, &c->sources);
	c->nr_sources++;
	walk->isolated++;
	return true;
}

/* The page at hand; false: the walk is at its end, which is walk->pfn. */
static bool step(struct walk *walk)
{
	struct compaction *c = walk->c;
	struct page *page = rig_pfn_to_page(c->zone->machine, walk->pfn);
	unsigned long pages;
	bool free;

	if (walk->by_block && walk->pfn >= walk->next_try) {
		if (walk->isolated)
			return false;
		walk->next_try = order_block_end(walk->pfn, c->order);
	}
	walk->scanned++;
	if (!walk->at_start && is_pageblock_start(c->zone, walk->pfn)) {
		if (!c->ignore_skip && pageblock_is_skipped(c->zone, walk->pfn)) {
			walk->pfn = walk->end;
			return false;
		}
		walk->at_start = true;
	}
	pages = pages_at(c->zone, walk->pfn, &free);
	walk->pfn += pages - 1;
	if (free) {
		walk->pfn++;
		return true;
	}
	if (pages > 1 || !may_take(c, page)) {
		give_up_block(walk);
		walk->pfn++;
		return true;
	}
	if (!take(walk, page))
		return false;
	walk->pfn++;
	/* enough for now; but a pageblock that is walked again is cleared whole */
	return c->nr_sources < COMPACT_CLUSTER_MAX || c->rescan;
}

/* isolate_migratepages_block: from @pfn to @end, and leaves migrate_pfn where it came to. */
static void walk_block(struct compaction *c, unsigned long pfn, unsigned long end)
{
	struct rig_page_front *front = c->cpu->machine->page_front;
	struct walk walk = { .c = c, .start = pfn, .end = end, .pfn = pfn };

	walk.by_block = c->direct && c->mode == COMPACT_ASYNC;
	if (walk.by_block)
		walk.next_try = order_block_end(pfn, c->order);
	rig_spin_lock(&front->lru_lock);
	rig_spin_lock(&c->zone->lock);
	while (walk.pfn < end && step(&walk))
		;
	rig_spin_unlock(&c->zone->lock);
	rig_spin_unlock(&front->lru_lock);
	walk.pfn = min(walk.pfn, end);
	if (walk.pfn == end && (!walk.isolated || c->rescan)) {
		if (walk.at_start && !walk.noted_skip)
			pageblock_skip(c->zone, walk.start, true);
		compact_note_source_block(c, walk.pfn);
	}
	RIG_TRACE(c->cpu, mm_compaction_isolate_migratepages, .start_pfn = walk.start,
		  .end_pfn = walk.pfn, .nr_scanned = walk.scanned, .nr_taken = walk.isolated);
	c->migrate_scanned += walk.scanned;
	front->compact_isolated += walk.isolated;
	c->migrate_pfn = walk.pfn;
}

/* --- the quick search */

/* The first entries, up to @page, go behind all others: to be looked at last from now on. */
static void rotate_past(struct list_head *list, struct page *page)
{
	list_move(list, &page->buddy_list); /* a ring: its head goes behind the page */
}

struct quick_search {
	struct compaction *c;
	unsigned long below; /* only pageblocks that begin in the first part of what is left */
	unsigned long scanned, limit;
};

/* A block of that order in a pageblock that was not in vain lately; NULL. Under zone->lock. */
static struct page *search_order(struct quick_search *search, int order)
{
	struct zone *zone = search->c->zone;
	struct list_head *list = &zone->free_area[order].free_list[MIGRATE_MOVABLE];
	struct page *page;

	list_for_each_entry (page, list, buddy_list) {
		unsigned long pfn = rig_page_to_pfn(zone->machine, page);

		if (search->scanned++ >= search->limit) {
			rotate_past(list, page);
			return NULL;
		}
		if (pfn >= search->below || pageblock_is_skipped(zone, pfn))
			continue;
		rotate_past(list, page);
		pageblock_skip(zone, pfn, true);
		return page;
	}
	return NULL;
}

static bool quick_search_pays(const struct compaction *c)
{
	const struct zone *zone = c->zone;

	if (c->ignore_skip || c->order <= PAGE_ALLOC_COSTLY_ORDER)
		return false;
	/* in the middle of a pageblock: it was not finished */
	if (c->migrate_pfn != zone->zone_start_pfn && !is_pageblock_start(zone, c->migrate_pfn))
		return false;
	return !c->direct || c->migratetype == MIGRATE_MOVABLE;
}

/* The search found nothing: on from the lowest that one ever found, once. */
static unsigned long begin_anew(struct compaction *c)
{
	c->search_failures++;
	if (c->fast_start_pfn && c->fast_start_pfn != ULONG_MAX) {
		c->migrate_pfn = c->fast_start_pfn;
		c->fast_start_pfn = ULONG_MAX;
	}
	return c->migrate_pfn;
}

/* fast_find_migrateblock: where to walk; migrate_pfn, or a pageblock that is free in part. */
static unsigned long quick_search(struct compaction *c)
{
	struct quick_search search = { .c = c, .limit = compact_search_limit(c) };
	unsigned long distance, pfn;
	struct page *page = NULL;

	if (!quick_search_pays(c))
		return c->migrate_pfn;
	distance = (c->free_pfn - c->migrate_pfn) >> 1;
	if (c->migrate_pfn != c->zone->zone_start_pfn)
		distance >>= 2;
	search.below = pageblock_start(c->zone, c->migrate_pfn + distance);
	for (int order = c->order - 1;
	     order >= PAGE_ALLOC_COSTLY_ORDER && !page && search.scanned < search.limit; order--) {
		if (!c->zone->free_area[order].nr_free)
			continue;
		rig_spin_lock(&c->zone->lock);
		page = search_order(&search, order);
		rig_spin_unlock(&c->zone->lock);
	}
	c->migrate_scanned += search.scanned;
	if (!page)
		return begin_anew(c);
	pfn = rig_page_to_pfn(c->zone->machine, page);
	if (c->fast_start_pfn != ULONG_MAX)
		c->fast_start_pfn = c->fast_start_pfn ? min(c->fast_start_pfn, pfn) : pfn;
	c->search_failures = 0;
	return max(pageblock_start(c->zone, pfn), c->zone->zone_start_pfn);
}

/* --- pageblock after pageblock */

static bool suits_as_source(const struct compaction *c, unsigned long pfn)
{
	const struct page *page = rig_pfn_to_page(c->zone->machine, pfn);
	int migratetype;

	if (PageCompound(page) &&
	    compound_order(compound_head((struct page *)page)) >= c->zone->machine->pageblock_order)
		return false;
	if (c->mode != COMPACT_ASYNC || !c->direct)
		return true;
	migratetype = get_pageblock_migratetype(c->zone->machine, pfn);
	if (c->migratetype == MIGRATE_MOVABLE)
		return migratetype == MIGRATE_MOVABLE || is_migrate_cma(migratetype);
	return migratetype == c->migratetype;
}

void compact_find_sources(struct compaction *c)
{
	struct zone *zone = c->zone;
	unsigned long pfn = quick_search(c);
	bool found = pfn != c->migrate_pfn && !c->search_failures;
	unsigned long start = max(pageblock_start(zone, pfn), zone->zone_start_pfn);
	unsigned long end = pageblock_end(zone, pfn);

	for (; end <= c->free_pfn; end += pageblock_nr_pages(zone->machine)) {
		bool skip = is_pageblock_start(zone, pfn) && !found && !c->ignore_skip &&
			    pageblock_is_skipped(zone, pfn);

		if (compact_block_is_whole(zone, start, end) && !skip) {
			if (suits_as_source(c, start)) {
				walk_block(c, pfn, end);
				return;
			}
			compact_note_source_block(c, end);
		}
		found = false;
		c->migrate_pfn = pfn = start = end;
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page allocator's invariants, by name. They change nothing; CPUs are at rest.
 *
 * Tier 1, per zone:
 *	page.counters		free pages and per-CPU pages together are not more than managed ones
 *	page.boost		no boost of watermarks below four pageblocks, and none above the
 *				larger of a pageblock and the boost factor's share of high
 * Tier 2, the per-CPU lists:
 *	page.pcp_count		count is the sum of the lists
 *	page.pcp_entry		an entry says that it is one, of the list's order and CPU
 *	page.pcp_type		an entry's migratetype is the list's; those of reserved, CMA and
 *				isolated pageblocks wait among the movable ones
 *	page.lru		a page of the page cache is in use and has one reference
 * Tier 3, all free lists:
 *	page.buddy_aligned	a block starts at a multiple of its size, inside its zone
 *	page.links		its neighbours on the list know it
 *	page.buddy_head		its first page says that it is free, and of which order
 *	page.refcount		a free page has no reference, no mapping, no flags of use
 *	page.buddy_coalesced	no block's buddy is free as well, if they may merge
 *	page.list_type		blocks in CMA and isolated pageblocks are on the lists of that type
 *	page.nr_free		the order's counter is the number of its blocks
 *	page.one_place		no page is in two blocks
 *	page.conservation	NR_FREE_PAGES, with the CPUs' differences, is the sum of all blocks
 *	page.free_cma		the same for CMA
 *	page.highatomic		the reserve is as large as its pageblocks; in a zone that shares a
 *				pageblock with another one it is whole pageblocks, within the limit
 */
#include <stdlib.h>

#include "internal.h"

/* More blocks than this are looked at in the order of memory, not of the lists. */
#define MANY_BLOCKS 65536UL
#define ANY_LIST (-1)

struct checker {
	struct rig_machine *machine;
	struct zone *zone;
	struct rig_verdict *verdict;
	unsigned long *seen; /* a bit for each page */
	long free_pages;     /* of the zone, isolated ones not counted */
	long cma_pages;
};

/* Marks [pfn, pfn + nr); false: a page of it was marked. */
static bool mark_seen(struct checker *c, unsigned long pfn, unsigned long nr)
{
	if (nr >= BITS_PER_LONG) {
		unsigned long *words = &c->seen[pfn / BITS_PER_LONG];

		for (unsigned long i = 0; i < nr / BITS_PER_LONG; i++) {
			if (words[i])
				return false;
			words[i] = ~0UL;
		}
	} else {
		unsigned long mask = (BIT(nr) - 1) << (pfn % BITS_PER_LONG);

		if (c->seen[pfn / BITS_PER_LONG] & mask)
			return false;
		c->seen[pfn / BITS_PER_LONG] |= mask;
	}
	return true;
}

static bool check_place(struct checker *c, unsigned long pfn, unsigned int order)
{
	unsigned long nr = 1UL << order;

	if (pfn & (nr - 1) || pfn + nr > ALIGN(c->machine->max_pfn, MAX_ORDER_NR_PAGES) ||
	    !zone_spans_pfn(c->zone, pfn) || !zone_spans_pfn(c->zone, pfn + nr - 1))
		return rig_fails(c->verdict, "page.buddy_aligned",
				 "zone %s: a block of order %u at pfn %#lx", c->zone->name, order,
				 pfn);
	if (!mark_seen(c, pfn, nr))
		return rig_fails(c->verdict, "page.one_place",
				 "zone %s: a page of the block of order %u at pfn %#lx is free "
				 "twice",
				 c->zone->name, order, pfn);
	return true;
}

static bool check_free_page(struct checker *c, const struct page *page)
{
	if (page_ref_count(page) || page->mapping || page->flags & PAGE_FLAGS_CHECK_AT_FREE)
		return rig_fails(c->verdict, "page.refcount",
				 "pfn %#lx is free: refcount %d mapping %p flags %#lx",
				 rig_page_to_pfn(c->machine, page), page_ref_count(page),
				 (void *)page->mapping, page->flags & RIG_PAGE_FLAGS_MASK);
	return true;
}

static bool check_coalesced(struct checker *c, const struct page *page, unsigned long pfn,
			    unsigned int order)
{
	unsigned long buddy_pfn = pfn ^ (1UL << order);
	const struct page *buddy = rig_pfn_to_page(c->machine, buddy_pfn);

	if (order >= MAX_ORDER - 1 || !page_is_buddy(page, buddy, order))
		return true;
	if (order >= c->machine->pageblock_order) {
		int a = get_pageblock_migratetype(c->machine, pfn);
		int b = get_pageblock_migratetype(c->machine, buddy_pfn);

		if (a != b && (!migratetype_is_mergeable(a) || !migratetype_is_mergeable(b)))
			return true;
	}
	return rig_fails(c->verdict, "page.buddy_coalesced",
			 "zone %s: pfn %#lx and %#lx, both free with order %u", c->zone->name, pfn,
			 buddy_pfn, order);
}

static bool type_is_strict(int migratetype)
{
	return is_migrate_cma(migratetype) || is_migrate_isolate(migratetype);
}

static bool check_block(struct checker *c, const struct page *page, unsigned int order,
			int migratetype)
{
	unsigned long pfn = rig_page_to_pfn(c->machine, page);
	int pageblock;

	if (!check_place(c, pfn, order))
		return false;
	if (!PageBuddy(page) || buddy_order(page) != order ||
	    rig_page_zone(c->machine, page) != c->zone)
		return rig_fails(c->verdict, "page.buddy_head",
				 "zone %s: pfn %#lx on the list of order %u: %s, order %lu",
				 c->zone->name, pfn, order,
				 PageBuddy(page) ? "free" : "not marked free", page->private);
	pageblock = get_pageblock_migratetype(c->machine, pfn);
	if (migratetype != ANY_LIST && pageblock != migratetype &&
	    (type_is_strict(pageblock) || type_is_strict(migratetype)))
		return rig_fails(c->verdict, "page.list_type",
				 "zone %s: pfn %#lx of a pageblock of type %d on the list of %d",
				 c->zone->name, pfn, pageblock, migratetype);
	return check_free_page(c, page) && check_coalesced(c, page, pfn, order);
}

static bool check_lazy(struct checker *c, const struct lazy_range *range, unsigned long *blocks)
{
	for (unsigned long pfn = range->start_pfn; pfn < range->end_pfn;
	     pfn += MAX_ORDER_NR_PAGES) {
		if (!check_place(c, pfn, MAX_ORDER - 1))
			return false;
		(*blocks)++;
	}
	return true;
}

static bool check_list(struct checker *c, unsigned int order, int migratetype,
		       unsigned long *blocks)
{
	struct list_head *list = &c->zone->free_area[order].free_list[migratetype], *entry;
	unsigned long before = *blocks;

	list_for_each (entry, list) {
		if (unlikely(lazy_is(c->machine, entry))) {
			if (!check_lazy(c, list_entry(entry, struct lazy_range, list), blocks))
				return false;
			continue;
		}
		if (!check_block(c, list_entry(entry, struct page, buddy_list), order, migratetype))
			return false;
		(*blocks)++;
	}
	if (!is_migrate_isolate(migratetype))
		c->free_pages += (long)((*blocks - before) << order);
	if (is_migrate_cma(migratetype))
		c->cma_pages += (long)((*blocks - before) << order);
	return true;
}

static bool check_free_lists(struct checker *c)
{
	c->free_pages = c->cma_pages = 0;
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		unsigned long blocks = 0;

		for (int mt = 0; mt < MIGRATE_TYPES; mt++)
			if (!check_list(c, order, mt, &blocks))
				return false;
		if (blocks != c->zone->free_area[order].nr_free)
			return rig_fails(c->verdict, "page.nr_free",
					 "zone %s: %lu blocks of order %u, counted %lu",
					 c->zone->name, blocks, order,
					 c->zone->free_area[order].nr_free);
	}
	return true;
}

/* --- zones with many blocks: lists jump through memory, so memory is walked instead */

static bool check_links(struct checker *c, const struct page *page)
{
	const struct list_head *entry = &page->buddy_list;

	if (entry->next->prev != entry || entry->prev->next != entry)
		return rig_fails(c->verdict, "page.links", "zone %s: pfn %#lx: its list is broken",
				 c->zone->name, rig_page_to_pfn(c->machine, page));
	return true;
}

/* The block at @pfn, in use or free; its pages are added to @step. */
static bool scan_block(struct checker *c, unsigned long pfn, unsigned long *blocks,
		       unsigned long *step)
{
	const struct page *page = rig_pfn_to_page(c->machine, pfn);
	unsigned int order;

	*step = 1;
	if (PageBuddy(page)) {
		order = buddy_order(page);
		if (order >= MAX_ORDER)
			return rig_fails(c->verdict, "page.buddy_head",
					 "zone %s: pfn %#lx is free with order %u", c->zone->name,
					 pfn, order);
		*step = 1UL << order;
		blocks[order]++;
		if (!is_migrate_isolate(get_pageblock_migratetype(c->machine, pfn)))
			c->free_pages += 1L << order;
		if (is_migrate_cma(get_pageblock_migratetype(c->machine, pfn)))
			c->cma_pages += 1L << order;
		return check_block(c, page, order, ANY_LIST) && check_links(c, page);
	}
	if (page_use(page) == PAGE_USE_BLOCK || page_use(page) == PAGE_USE_PCP)
		*step = 1UL << page_block_order(page);
	return true;
}

static bool scan_memory(struct checker *c, unsigned long *blocks)
{
	unsigned long end = zone_end_pfn(c->zone), step;

	for (unsigned long pfn = c->zone->zone_start_pfn; pfn < end; pfn += step) {
		const struct page *page = rig_pfn_to_page(c->machine, pfn);

		if (!(page->flags & PAGE_KNOWN)) {
			step = 1;
			/* whole blocks of memory that was never touched */
			if (IS_ALIGNED(pfn, MAX_ORDER_NR_PAGES) &&
			    !(page[MAX_ORDER_NR_PAGES - 1].flags & PAGE_KNOWN))
				step = MAX_ORDER_NR_PAGES;
		} else if (rig_page_zone(c->machine, page) != c->zone) {
			step = 1;
		} else if (!scan_block(c, pfn, blocks, &step)) {
			return false;
		}
	}
	return true;
}

static bool scan_strict_lists(struct checker *c)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int mt = MIGRATE_CMA; mt <= MIGRATE_ISOLATE; mt++) {
			const struct page *page;

			list_for_each_entry (page, &c->zone->free_area[order].free_list[mt],
					     buddy_list)
				if (get_pageblock_migratetype(
					    c->machine, rig_page_to_pfn(c->machine, page)) != mt)
					return rig_fails(c->verdict, "page.list_type",
							 "zone %s: pfn %#lx on the list of %d",
							 c->zone->name,
							 rig_page_to_pfn(c->machine, page), mt);
		}
	return true;
}

static bool scan_free_blocks(struct checker *c)
{
	unsigned long blocks[MAX_ORDER] = { 0 };

	c->free_pages = c->cma_pages = 0;
	if (!scan_memory(c, blocks) || !scan_strict_lists(c))
		return false;
	for (const struct lazy_range *range = zone_extra(c->zone)->lazy; range;
	     range = range->next) {
		if (!check_lazy(c, range, &blocks[MAX_ORDER - 1]))
			return false;
		c->free_pages += (long)(range->end_pfn - range->start_pfn);
	}
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		if (blocks[order] != c->zone->free_area[order].nr_free)
			return rig_fails(c->verdict, "page.nr_free",
					 "zone %s: %lu blocks of order %u, counted %lu",
					 c->zone->name, blocks[order], order,
					 c->zone->free_area[order].nr_free);
	return true;
}

static bool has_many_blocks(const struct zone *zone)
{
	unsigned long blocks = 0;

	for (int order = 0; order < MAX_ORDER - 1; order++)
		blocks += zone->free_area[order].nr_free;
	return blocks > MANY_BLOCKS;
}

static bool check_counters(struct checker *c)
{
	long counted = atomic_long_read(&c->zone->vm_stat[NR_FREE_PAGES]);
	long cma = atomic_long_read(&c->zone->vm_stat[NR_FREE_CMA_PAGES]);

	for (int cpu = 0; cpu < c->machine->nr_cpus; cpu++) {
		counted += zone_extra(c->zone)->stats[cpu].free_diff;
		cma += zone_extra(c->zone)->stats[cpu].cma_diff;
	}
	if (counted != c->free_pages)
		return rig_fails(c->verdict, "page.conservation",
				 "zone %s: %ld pages on the free lists, NR_FREE_PAGES is %ld",
				 c->zone->name, c->free_pages, counted);
	if (cma != c->cma_pages)
		return rig_fails(c->verdict, "page.free_cma",
				 "zone %s: %ld CMA pages are free, NR_FREE_CMA_PAGES is %ld",
				 c->zone->name, c->cma_pages, cma);
	return true;
}

/*
 * Do pageblocks of @zone hold pages of another one too? Their migratetype is then that of both:
 * one reserves the pageblock and counts it, the other may hand it back, and counts it too. The
 * kernel knows no better, so that neither counter is that of the zone's pageblocks any more.
 */
static bool shares_pageblock(struct rig_machine *machine, const struct zone *zone)
{
	unsigned long nr = pageblock_nr_pages(machine);
	const struct zone *other;

	for_each_populated_zone(machine, other)
	{
		if (other != zone &&
		    ALIGN_DOWN(other->zone_start_pfn, nr) < ALIGN(zone_end_pfn(zone), nr) &&
		    ALIGN_DOWN(zone->zone_start_pfn, nr) < ALIGN(zone_end_pfn(other), nr))
			return true;
	}
	return false;
}

/* Pages of the reserved pageblocks of the zone. */
static unsigned long reserved_pages(const struct checker *c)
{
	unsigned long nr = pageblock_nr_pages(c->machine), pages = 0;

	for (unsigned long pfn = ALIGN_DOWN(c->zone->zone_start_pfn, nr);
	     pfn < zone_end_pfn(c->zone); pfn += nr)
		if (get_pageblock_migratetype(c->machine, pfn) == MIGRATE_HIGHATOMIC)
			pages += nr;
	return pages;
}

static bool check_highatomic(struct checker *c)
{
	unsigned long nr = pageblock_nr_pages(c->machine);
	unsigned long counted = c->zone->nr_reserved_highatomic, pages;

	/* none reserved, and in a large zone none can be found without looking at all */
	if (!counted && c->zone->spanned_pages > 1UL << 26)
		return true;
	if (shares_pageblock(c->machine, c->zone)) {
		/* below the limit one more is reserved, and no more after that */
		if (counted % nr == 0 && counted < zone_managed_pages(c->zone) / 100 + 2 * nr)
			return true;
		return rig_fails(c->verdict, "page.highatomic",
				 "zone %s: %lu pages counted as reserved, in pageblocks of %lu",
				 c->zone->name, counted, nr);
	}
	pages = reserved_pages(c);
	if (pages != counted)
		return rig_fails(c->verdict, "page.highatomic",
				 "zone %s: pageblocks of %lu pages are reserved, counted %lu",
				 c->zone->name, pages, counted);
	return true;
}

/* May a page that would go back to the list of @migratetype wait on the CPU's list @index? */
static bool pcp_type_fits(const struct checker *c, unsigned int index, int migratetype)
{
	int list = (int)(index % MIGRATE_PCPTYPES);

	/* huge pages: movable ones and all others */
	if (pindex_to_order(c->machine, index) > PAGE_ALLOC_COSTLY_ORDER)
		return true;
	return migratetype == list || (list == MIGRATE_MOVABLE && migratetype >= MIGRATE_PCPTYPES);
}

static bool check_pcp_list(struct checker *c, int cpu, unsigned int index, long *pages)
{
	struct list_head *list = &c->zone->per_cpu_pageset[cpu].lists[index];
	unsigned int order = pindex_to_order(c->machine, index);
	const struct page *page;

	list_for_each_entry (page, list, pcp_list) {
		unsigned long pfn = rig_page_to_pfn(c->machine, page);

		if (page_use(page) != PAGE_USE_PCP || page_block_order(page) != order ||
		    (int)page->private != cpu || PageBuddy(page))
			return rig_fails(c->verdict, "page.pcp_entry",
					 "zone %s CPU %d list %u: pfn %#lx is no block of order %u",
					 c->zone->name, cpu, index, pfn, order);
		if (!pcp_type_fits(c, index, get_pcppage_migratetype(page)))
			return rig_fails(c->verdict, "page.pcp_type",
					 "zone %s CPU %d list %u: pfn %#lx is of type %d",
					 c->zone->name, cpu, index, pfn,
					 get_pcppage_migratetype(page));
		if (c->seen && !check_place(c, pfn, order))
			return false;
		*pages += 1L << order;
	}
	return true;
}

static bool check_pcp(struct checker *c)
{
	for (int cpu = 0; cpu < c->machine->nr_cpus; cpu++) {
		long pages = 0;

		for (unsigned int index = 0; index < NR_PCP_LISTS; index++)
			if (!check_pcp_list(c, cpu, index, &pages))
				return false;
		if (pages != c->zone->per_cpu_pageset[cpu].count)
			return rig_fails(c->verdict, "page.pcp_count",
					 "zone %s CPU %d: the lists hold %ld pages, counted %d",
					 c->zone->name, cpu, pages,
					 c->zone->per_cpu_pageset[cpu].count);
	}
	return true;
}

static bool check_totals(struct checker *c)
{
	unsigned long pages = zone_free_snapshot(c->zone);

	for (int cpu = 0; cpu < c->machine->nr_cpus; cpu++)
		pages += (unsigned long)c->zone->per_cpu_pageset[cpu].count;
	if (pages > zone_managed_pages(c->zone))
		return rig_fails(c->verdict, "page.counters",
				 "zone %s: %lu pages are free, it has %lu", c->zone->name, pages,
				 zone_managed_pages(c->zone));
	return true;
}

/* boost_watermark(): what it may have come to. Setting the watermarks anew starts from 0. */
static bool check_boost(struct checker *c)
{
	unsigned long boost = READ_ONCE(c->zone->watermark_boost);
	unsigned long nr = pageblock_nr_pages(c->machine), high, most;

	if (likely(!boost))
		return true;
	high = c->zone->_watermark[WMARK_HIGH];
	most = max(nr, high / 10000 * c->machine->watermark_boost_factor +
			       high % 10000 * c->machine->watermark_boost_factor / 10000);
	if (boost > most || zone_managed_pages(c->zone) < 4 * nr)
		return rig_fails(c->verdict, "page.boost",
				 "zone %s: boosted by %lu pages; it has %lu, high is %lu",
				 c->zone->name, boost, zone_managed_pages(c->zone), high);
	return true;
}

static bool check_lru(struct rig_machine *machine, struct rig_verdict *verdict)
{
	const struct page *page;

	list_for_each_entry (page, &machine->page_front->lru, lru)
		if (!PageLRU(page) || page_ref_count(page) < 1 || PageBuddy(page) ||
		    page_use(page) == PAGE_USE_PCP)
			return rig_fails(verdict, "page.lru", "pfn %#lx: refcount %d",
					 rig_page_to_pfn(machine, page), page_ref_count(page));
	return true;
}

static bool check_zone(struct checker *c, int tier)
{
	if (tier >= 1 && (!check_totals(c) || !check_boost(c)))
		return false;
	if (tier >= 2 && !check_pcp(c))
		return false;
	if (tier < 3)
		return true;
	return (has_many_blocks(c->zone) ? scan_free_blocks(c) : check_free_lists(c)) &&
	       check_counters(c) && check_highatomic(c);
}

bool buddy_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	struct checker c = { .machine = machine, .verdict = verdict };
	unsigned long words = ALIGN(machine->max_pfn, MAX_ORDER_NR_PAGES) / BITS_PER_LONG;
	bool good = tier < 2 || check_lru(machine, verdict);

	if (tier >= 3) {
		c.seen = calloc(words, sizeof(unsigned long));
		if (!c.seen)
			return rig_fails(verdict, "page.host", "no host memory for the check");
	}
	for_each_populated_zone(machine, c.zone) if (good) good = check_zone(&c, tier);
	free(c.seen);
	return good;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of pages by number (alloc_contig_range): the pageblocks around are isolated, so that what
 * is freed there is not handed out again; pages of the page cache move away; what is free then is
 * taken, the parts outside of the range go back, and the pageblocks are given their kind again.
 *
 *	       start                end
 *	|------[====range===========]----|      pageblocks: MIGRATE_ISOLATE meanwhile
 *
 * Free isolated pages are not counted in NR_FREE_PAGES. CMA areas are pageblocks of their own
 * kind, lent to movable pages, out of which such ranges come.
 *
 * Locking: zone->lock for each change of a pageblock's kind.
 */
#include <errno.h>
#include <stdlib.h>

#include <kmemrig/restore.h>
#include <linux/gfp.h>

#include "compact.h"

/* A range being worked on; pageblocks [first, last) around it, and the kinds that they had. */
struct contig {
	struct rig_cpu *cpu;
	struct zone *zone;
	unsigned long start, end;
	unsigned long first, last;
	u8 *kinds;
};

/* A free block larger than a pageblock is cut at the border of the pageblock at @pfn. */
static void cut_at(struct contig *c, unsigned long pfn)
{
	struct rig_machine *machine = c->cpu->machine;

	for (unsigned int order = machine->pageblock_order + 1; order < MAX_ORDER; order++) {
		unsigned long head = ALIGN_DOWN(pfn, 1UL << order);
		struct page *page = rig_pfn_to_page(machine, head);
		int migratetype;

		if (head == pfn || !PageBuddy(page) || buddy_order(page) != order)
			continue;
		migratetype = get_pageblock_migratetype(machine, head);
		del_page_from_free_list(page, c->zone, order);
		for (unsigned long i = 0; i < 1UL << order; i += pageblock_nr_pages(machine)) {
			add_to_free_list(page + i, c->zone, machine->pageblock_order, migratetype);
			set_buddy_order(page + i, machine->pageblock_order);
		}
		return;
	}
}

/* Can every page there be had: free, on a per-CPU list, or in the page cache? */
static bool is_movable(const struct contig *c, unsigned long pfn, unsigned long end)
{
	while (pfn < end) {
		const struct page *page = rig_pfn_to_page(c->cpu->machine, pfn);
		struct rig_page_where where;

		rig_page_where(c->cpu->machine, pfn, &where);
		if (where.place == RIG_PLACE_BUDDY || where.place == RIG_PLACE_PCP)
			pfn = where.head_pfn + (1UL << where.order);
		else if (PageLRU(page) && page_ref_count(page) == 1)
			pfn++;
		else
			return false;
	}
	return true;
}

static void isolate_block(struct contig *c, unsigned long pfn, u8 *kind)
{
	struct zone *zone = c->zone;
	int moved;

	*kind = (u8)get_pageblock_migratetype(zone->machine, pfn);
	set_pageblock_migratetype(zone->machine, pfn, MIGRATE_ISOLATE);
	zone->nr_isolate_pageblock++;
	moved = move_freepages_block(zone, pfn, MIGRATE_ISOLATE, NULL);
	mod_zone_freepage_state(c->cpu, zone, -(long)moved, *kind);
}

static void unisolate_block(struct contig *c, unsigned long pfn, int migratetype)
{
	struct zone *zone = c->zone;
	int moved = move_freepages_block(zone, pfn, migratetype, NULL);

	mod_zone_freepage_state(c->cpu, zone, moved, migratetype);
	set_pageblock_migratetype(zone->machine, pfn, migratetype);
	zone->nr_isolate_pageblock--;
}

static int isolate(struct contig *c)
{
	unsigned long nr = pageblock_nr_pages(c->cpu->machine);

	rig_spin_lock(&c->zone->lock);
	for (unsigned long pfn = ALIGN_DOWN(c->first, MAX_ORDER_NR_PAGES); pfn < c->last;
	     pfn += MAX_ORDER_NR_PAGES)
		lazy_touch(c->zone, pfn);
	cut_at(c, c->first);
	cut_at(c, c->last);
	for (unsigned long pfn = c->first; pfn < c->last; pfn += nr) {
		if (!is_movable(c, max(pfn, c->start), min(pfn + nr, c->end))) {
			while (pfn > c->first) {
				pfn -= nr;
				unisolate_block(c, pfn, c->kinds[(pfn - c->first) / nr]);
			}
			rig_spin_unlock(&c->zone->lock);
			return -EBUSY;
		}
		isolate_block(c, pfn, &c->kinds[(pfn - c->first) / nr]);
	}
	rig_spin_unlock(&c->zone->lock);
	return 0;
}

/* @migratetype < 0: as they were. */
static void unisolate(struct contig *c, int migratetype)
{
	unsigned long nr = pageblock_nr_pages(c->cpu->machine);

	rig_spin_lock(&c->zone->lock);
	for (unsigned long pfn = c->first; pfn < c->last; pfn += nr)
		unisolate_block(c, pfn,
				migratetype < 0 ? c->kinds[(pfn - c->first) / nr] : migratetype);
	rig_spin_unlock(&c->zone->lock);
}

/* An isolated pageblock gives nothing, so the place is outside of the range. */
static bool move_out(struct contig *c, struct page *page)
{
	struct rig_page_front *front = c->cpu->machine->page_front;
	const struct rig_page_request request = {
		.gfp = GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY,
		.preferred_nid = c->zone->node,
	};
	struct page *target = buddy_alloc(c->cpu, &request);
	bool moved;

	if (!target)
		return false;
	rig_spin_lock(&front->lru_lock);
	lru_unlink(c->cpu->machine, page);
	rig_spin_unlock(&front->lru_lock);
	moved = migrate_to(c->cpu, page, target);
	*(moved ? &front->pgmigrate_success : &front->pgmigrate_fail) += 1;
	if (moved)
		return true;
	rig_spin_lock(&front->lru_lock);
	lru_link(c->cpu->machine, page);
	rig_spin_unlock(&front->lru_lock);
	rig_free_pages(c->cpu, target, 0);
	return false;
}

static bool move_away(struct contig *c)
{
	for (unsigned long pfn = c->start; pfn < c->end; pfn++) {
		struct page *page = rig_pfn_to_page(c->cpu->machine, pfn);

		if (PageLRU(page) && !move_out(c, page))
			return false;
	}
	return true;
}

/*
 * Takes all free blocks that reach into the range off the lists, as single pages in use. Returns
 * the end of the last, or 0: something is not free.
 */
static unsigned long take_free(struct contig *c, unsigned long outer_start)
{
	struct rig_machine *machine = c->cpu->machine;
	unsigned long pfn = outer_start;

	rig_spin_lock(&c->zone->lock);
	while (pfn < c->end && PageBuddy(rig_pfn_to_page(machine, pfn)))
		pfn += 1UL << buddy_order(rig_pfn_to_page(machine, pfn));
	if (pfn < c->end) {
		rig_spin_unlock(&c->zone->lock);
		return 0;
	}
	for (pfn = outer_start; pfn < c->end;) {
		struct page *page = rig_pfn_to_page(machine, pfn);
		unsigned int order = buddy_order(page);

		del_page_from_free_list(page, c->zone, order);
		prep_new_page(c->cpu, page, order, 0, 0);
		rig_split_page(c->cpu, page, order);
		pfn += 1UL << order;
	}
	rig_spin_unlock(&c->zone->lock);
	return pfn;
}

static int take_range(struct contig *c)
{
	unsigned long outer_start = c->start, outer_end;
	struct rig_page_where where;

	if (rig_page_where(c->cpu->machine, c->start, &where) == RIG_PLACE_BUDDY)
		outer_start = where.head_pfn;
	outer_end = take_free(c, outer_start);
	if (!outer_end)
		return -EBUSY;
	rig_free_contig_range(c->cpu, outer_start, c->start - outer_start);
	rig_free_contig_range(c->cpu, c->end, outer_end - c->end);
	return 0;
}

static bool prepare_range(struct contig *c)
{
	unsigned long nr = pageblock_nr_pages(c->cpu->machine);

	c->zone = rig_pfn_zone(c->cpu->machine, c->start);
	c->first = ALIGN_DOWN(c->start, nr);
	c->last = ALIGN(c->end, nr);
	if (!c->zone || c->start >= c->end || !zone_spans_pfn(c->zone, c->first) ||
	    !zone_spans_pfn(c->zone, c->last - 1))
		return false;
	c->kinds = malloc((c->last - c->first) / nr);
	return c->kinds != NULL;
}

int rig_alloc_contig_range(struct rig_cpu *cpu, unsigned long start_pfn, unsigned long end_pfn,
			   int migratetype, gfp_t gfp)
{
	struct contig c = { .cpu = cpu, .start = start_pfn, .end = end_pfn };
	int error;

	if (cpu->machine->page->alloc != buddy_alloc)
		return -EOPNOTSUPP;
	if (!prepare_range(&c))
		return -EINVAL;
	error = isolate(&c);
	if (!error) {
		rig_drain_all_pages(cpu, c.zone);
		error = move_away(&c) ? take_range(&c) : -EBUSY;
		unisolate(&c, error ? -1 : migratetype);
	}
	free(c.kinds);
	return error;
}

struct page *rig_alloc_contig_pages(struct rig_cpu *cpu, unsigned long nr_pages, gfp_t gfp, int nid,
				    const unsigned long *nodemask)
{
	struct zonelist *list;
	enum zone_type highest = gfp_zone(gfp);
	struct zoneref *z;
	struct zone *zone;

	if (!nr_pages || cpu->machine->page->alloc != buddy_alloc)
		return NULL;
	list = node_zonelist(cpu->machine, nid == NUMA_NO_NODE ? cpu->nid : nid, gfp);
	z = next_zones_zonelist(list->_zonerefs, highest, nodemask);
	for_each_zone_from(zone, z, highest, nodemask) for (
		unsigned long pfn = ALIGN(zone->zone_start_pfn, roundup_pow_of_two(nr_pages));
		pfn + nr_pages <= zone_end_pfn(zone);
		pfn +=
		nr_pages) if (!rig_alloc_contig_range(cpu, pfn, pfn + nr_pages, MIGRATE_MOVABLE,
						      gfp)) return rig_pfn_to_page(cpu->machine,
										   pfn);
	return NULL;
}

void rig_free_contig_range(struct rig_cpu *cpu, unsigned long pfn, unsigned long nr_pages)
{
	for (unsigned long i = 0; i < nr_pages; i++)
		rig_free_pages(cpu, rig_pfn_to_page(cpu->machine, pfn + i), 0);
}

/* --- CMA */

int rig_cma_area_init(struct rig_cpu *cpu, unsigned long start_pfn, unsigned long nr_pages)
{
	struct rig_machine *machine = cpu->machine;
	unsigned long nr = pageblock_nr_pages(machine);
	struct zone *zone = rig_pfn_zone(machine, start_pfn);

	if (!zone || !nr_pages || start_pfn % nr || nr_pages % nr ||
	    !zone_spans_pfn(zone, start_pfn + nr_pages - 1))
		return -EINVAL;
	for (unsigned long pfn = start_pfn; pfn < start_pfn + nr_pages; pfn++)
		if (rig_pfn_to_page(machine, pfn)->flags & PAGE_KNOWN &&
		    !PageReserved(rig_pfn_to_page(machine, pfn)))
			return -EBUSY;
	for (unsigned long pfn = start_pfn; pfn < start_pfn + nr_pages; pfn += nr) {
		struct page *page = rig_pfn_to_page(machine, pfn);

		page_init_range(zone, pfn, pfn + nr);
		set_pageblock_migratetype(machine, pfn, MIGRATE_CMA);
		set_page_count(page, 1);
		set_page_use(page, PAGE_USE_BLOCK, machine->pageblock_order);
		rig_free_pages(cpu, page, machine->pageblock_order);
	}
	zone->cma_pages += nr_pages;
	atomic_long_add((long)nr_pages, &zone->managed_pages);
	atomic_long_add((long)nr_pages, &machine->totalram_pages);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buddy lists of a zone: blocks of 1 << order pages, aligned to their size, on one list for
 * each order and migratetype.
 *
 *	free_area[order].free_list[migratetype]:  head <-> page <-> page <-> ... (lru)
 *	first page of a free block: PageBuddy, private = order, refcount 0
 *
 * A block that is freed merges with its buddy (the block whose number differs in one bit) as long
 * as that is free and whole. It goes to the head of its list, to be used again soon; to the tail
 * when the block above would merge soon, or when the caller says so.
 *
 * Invariants: page.buddy_aligned, page.buddy_coalesced (no two free buddies of the same order that
 * may merge), page.nr_free (the list's length is counted), page.conservation.
 *
 * Locking: zone->lock for everything here.
 */
#include <stdlib.h>

#include "internal.h"

/* Adds to a counter by way of the CPU's difference, as __mod_zone_page_state. */
static void mod_zone_state(struct zone *zone, s8 *diff, int threshold, enum zone_stat_item item,
			   long pages)
{
	long sum = pages + *diff;

	if (unlikely(labs(sum) > threshold)) {
		atomic_long_add(sum, &zone->vm_stat[item]);
		sum = 0;
	}
	WRITE_ONCE(*diff, (s8)sum);
}

void mod_zone_cma_state(struct rig_cpu *cpu, struct zone *zone, long pages)
{
	struct per_cpu_zonestat *stat = &zone_extra(zone)->stats[cpu->id];

	mod_zone_state(zone, &stat->cma_diff, stat->stat_threshold, NR_FREE_CMA_PAGES, pages);
}

void mod_zone_freepage_state(struct rig_cpu *cpu, struct zone *zone, long pages, int migratetype)
{
	struct per_cpu_zonestat *stat = &zone_extra(zone)->stats[cpu->id];

	mod_zone_state(zone, &stat->free_diff, stat->stat_threshold, NR_FREE_PAGES, pages);
	if (is_migrate_cma(migratetype))
		mod_zone_cma_state(cpu, zone, pages);
}

/* What a CPU holds back joins the counters (refresh_cpu_vm_stats does it each second). */
void fold_zone_diff(struct zone *zone, int cpu)
{
	struct per_cpu_zonestat *stat = &zone_extra(zone)->stats[cpu];

	atomic_long_add(stat->free_diff, &zone->vm_stat[NR_FREE_PAGES]);
	atomic_long_add(stat->cma_diff, &zone->vm_stat[NR_FREE_CMA_PAGES]);
	WRITE_ONCE(stat->free_diff, 0);
	WRITE_ONCE(stat->cma_diff, 0);
}

void set_buddy_order(struct page *page, unsigned int order)
{
	page->private = order;
	__SetPageBuddy(page);
}

void add_to_free_list(struct page *page, struct zone *zone, unsigned int order, int migratetype)
{
	struct free_area *area = &zone->free_area[order];

	list_add(&page->buddy_list, &area->free_list[migratetype]);
	WRITE_ONCE(area->nr_free, area->nr_free + 1);
}

static void add_to_free_list_tail(struct page *page, struct zone *zone, unsigned int order,
				  int migratetype)
{
	struct free_area *area = &zone->free_area[order];

	list_add_tail(&page->buddy_list, &area->free_list[migratetype]);
	WRITE_ONCE(area->nr_free, area->nr_free + 1);
}

/* Between lists of one order: to the tail, so that moved blocks are not used first. */
void move_to_free_list(struct page *page, struct zone *zone, unsigned int order, int migratetype)
{
	list_move_tail(&page->buddy_list, &zone->free_area[order].free_list[migratetype]);
}

void del_page_from_free_list(struct page *page, struct zone *zone, unsigned int order)
{
	struct free_area *area = &zone->free_area[order];

	list_del(&page->buddy_list);
	__ClearPageBuddy(page);
	page->private = 0;
	WRITE_ONCE(area->nr_free, area->nr_free - 1);
}

static struct page *find_buddy_page_pfn(struct page *page, unsigned long pfn, unsigned int order,
					unsigned long *buddy_pfn)
{
	struct page *buddy;

	*buddy_pfn = pfn ^ (1UL << order);
	buddy = page + ((long)*buddy_pfn - (long)pfn);
	return page_is_buddy(page, buddy, order) ? buddy : NULL;
}

/*
 * If the buddy of the block that this one would be part of is free, more is probably being freed
 * around here: waiting at the tail leaves it the time to merge.
 */
static bool buddy_merge_likely(unsigned long pfn, unsigned long buddy_pfn, struct page *page,
			       unsigned int order)
{
	unsigned long higher_pfn = buddy_pfn & pfn, ignored;

	if (order >= MAX_ORDER - 2)
		return false;
	return find_buddy_page_pfn(page + ((long)higher_pfn - (long)pfn), higher_pfn, order + 1,
				   &ignored) != NULL;
}

/* Blocks of a pageblock or more do not merge across reserved, CMA or isolated pageblocks. */
static bool pageblocks_may_merge(const struct rig_machine *machine, unsigned long buddy_pfn,
				 int migratetype)
{
	int buddy_migratetype = get_pageblock_migratetype(machine, buddy_pfn);

	return migratetype == buddy_migratetype || (migratetype_is_mergeable(migratetype) &&
						    migratetype_is_mergeable(buddy_migratetype));
}

/* __free_one_page */
void free_one_page_locked(struct rig_cpu *cpu, struct page *page, unsigned long pfn,
			  struct zone *zone, unsigned int order, int migratetype, unsigned int fpi)
{
	const struct rig_machine *machine = zone->machine;
	struct compaction *capture = READ_ONCE(zone_extra(zone)->capture);
	unsigned long buddy_pfn = 0;

	if (likely(!is_migrate_isolate(migratetype)))
		mod_zone_freepage_state(cpu, zone, 1L << order, migratetype);
	while (order < MAX_ORDER - 1) {
		struct page *buddy;

		if (unlikely(capture) && compaction_captures(capture, cpu, order, migratetype)) {
			mod_zone_freepage_state(cpu, zone, -(1L << order), migratetype);
			compaction_capture(capture, page);
			return;
		}
		buddy = find_buddy_page_pfn(page, pfn, order, &buddy_pfn);

		if (!buddy)
			break;
		if (unlikely(order >= machine->pageblock_order) &&
		    !pageblocks_may_merge(machine, buddy_pfn, migratetype))
			break;
		del_page_from_free_list(buddy, zone, order);
		page -= pfn - (buddy_pfn & pfn);
		pfn = buddy_pfn & pfn;
		order++;
	}
	set_buddy_order(page, order);
	if ((fpi & FPI_TO_TAIL) || buddy_merge_likely(pfn, buddy_pfn, page, order))
		add_to_free_list_tail(page, zone, order, migratetype);
	else
		add_to_free_list(page, zone, order, migratetype);
}

void free_one_page(struct rig_cpu *cpu, struct zone *zone, struct page *page, unsigned long pfn,
		   unsigned int order, int migratetype, unsigned int fpi)
{
	rig_spin_lock(&zone->lock);
	if (unlikely(zone->nr_isolate_pageblock || is_migrate_isolate(migratetype)))
		migratetype = get_pageblock_migratetype(zone->machine, pfn);
	free_one_page_locked(cpu, page, pfn, zone, order, migratetype, fpi);
	rig_spin_unlock(&zone->lock);
}

/* The block that an allocation takes next: the list's first. */
struct page *get_page_from_free_area(struct zone *zone, unsigned int order, int migratetype)
{
	struct list_head *list = &zone->free_area[order].free_list[migratetype];

	if (list_empty(list))
		return NULL;
	if (order == MAX_ORDER - 1 && unlikely(lazy_is(zone->machine, list->next)))
		return lazy_first(zone, list->next);
	return list_first_entry(list, struct page, buddy_list);
}

/* Halves a block of order @high until its first part has order @low; the other parts are free. */
void expand(struct zone *zone, struct page *page, unsigned int low, unsigned int high,
	    int migratetype)
{
	while (high > low) {
		struct page *half = page + (1UL << --high);

		add_to_free_list(half, zone, high, migratetype);
		set_buddy_order(half, high);
	}
}

/* The smallest block that is large enough, of one migratetype (__rmqueue_smallest). */
struct page *rmqueue_smallest(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
			      int migratetype)
{
	for (unsigned int found = order; found < MAX_ORDER; found++) {
		struct page *page = get_page_from_free_area(zone, found, migratetype);

		if (!page)
			continue;
		del_page_from_free_list(page, zone, found);
		expand(zone, page, order, found, migratetype);
		set_pcppage_migratetype(page, migratetype);
		RIG_TRACE(cpu, mm_page_alloc_zone_locked,
			  .pfn = rig_page_to_pfn(zone->machine, page), .order = order,
			  .migratetype = migratetype,
			  .percpu_refill = pcp_allowed_order(zone->machine, order) &&
					   migratetype < MIGRATE_PCPTYPES);
		return page;
	}
	return NULL;
}

/* __rmqueue */
struct page *rmqueue_locked(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
			    int migratetype, unsigned int alloc_flags)
{
	struct page *page;

	/* Movable requests use CMA first while more than half of what is free lies there. */
	if ((alloc_flags & ALLOC_CMA) &&
	    zone_page_state(zone, NR_FREE_CMA_PAGES) > zone_page_state(zone, NR_FREE_PAGES) / 2) {
		page = rmqueue_smallest(cpu, zone, order, MIGRATE_CMA);
		if (page)
			return page;
	}
	do {
		page = rmqueue_smallest(cpu, zone, order, migratetype);
		if (likely(page))
			break;
		if (alloc_flags & ALLOC_CMA)
			page = rmqueue_smallest(cpu, zone, order, MIGRATE_CMA);
	} while (!page && rmqueue_fallback(cpu, zone, order, migratetype, alloc_flags));
	return page;
}

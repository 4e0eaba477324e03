// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that was never handed out. Boot gives whole blocks of the highest order to the tail of
 * their free list; a run of them stands in that list as one placeholder, at the place and in the
 * order that its blocks would have. So a machine of any size boots at once and its memory map is
 * not touched: a block's struct pages are filled in when it is the list's first, or is looked for
 * by number.
 *
 *	free_list[MIGRATE_MOVABLE] of order 10:  head <-> page <-> [start_pfn, end_pfn) <-> page ...
 *
 * nr_free and NR_FREE_PAGES count the blocks of placeholders like others.
 *
 * Locking: zone->lock.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* A list entry that lies in no struct page is a placeholder (or the list's head). */
bool lazy_is(const struct rig_machine *machine, const struct list_head *entry)
{
	unsigned long end = ALIGN(machine->max_pfn, MAX_ORDER_NR_PAGES);

	return (const u8 *)entry < (const u8 *)machine->vmemmap ||
	       (const u8 *)entry >= (const u8 *)(machine->vmemmap + end);
}

void page_init_range(struct zone *zone, unsigned long start_pfn, unsigned long end_pfn)
{
	unsigned long flags = (unsigned long)zone->node << RIG_PAGE_NODE_SHIFT |
			      (unsigned long)zone_idx(zone) << RIG_PAGE_ZONE_SHIFT | PAGE_KNOWN;

	for (unsigned long pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = rig_pfn_to_page(zone->machine, pfn);

		page->flags = flags;
		set_page_count(page, 0); /* boot's reserved pages had a reference */
		page_mapcount_reset(page);
	}
}

/* Takes the block at @pfn, the first of @range, out of the placeholder, in front of it. */
static struct page *take_first(struct zone *zone, struct lazy_range *range)
{
	unsigned long pfn = range->start_pfn;
	struct page *page = rig_pfn_to_page(zone->machine, pfn);

	page_init_range(zone, pfn, pfn + MAX_ORDER_NR_PAGES);
	set_buddy_order(page, MAX_ORDER - 1);
	list_add_tail(&page->buddy_list, &range->list);
	range->start_pfn += MAX_ORDER_NR_PAGES;
	if (range->start_pfn == range->end_pfn) {
		list_del_init(&range->list);
		range->start_pfn = range->end_pfn = 0;
	}
	return page;
}

struct page *lazy_first(struct zone *zone, struct list_head *entry)
{
	return take_first(zone, list_entry(entry, struct lazy_range, list));
}

static struct lazy_range *find_range(const struct zone *zone, unsigned long pfn)
{
	struct lazy_range *range = zone_extra(zone)->lazy;

	while (range && (pfn < range->start_pfn || pfn >= range->end_pfn))
		range = range->next;
	return range;
}

bool lazy_contains(const struct zone *zone, unsigned long pfn)
{
	return find_range(zone, pfn) != NULL;
}

static struct lazy_range *new_range(struct zone *zone, unsigned long start, unsigned long end,
				    int migratetype)
{
	struct lazy_range *range = malloc(sizeof(*range));

	if (!range)
		return NULL;
	range->start_pfn = start;
	range->end_pfn = end;
	range->migratetype = migratetype;
	range->next = zone_extra(zone)->lazy;
	zone_extra(zone)->lazy = range;
	return range;
}

/* The block that holds @pfn gets its struct pages, if it has none yet. */
void lazy_touch(struct zone *zone, unsigned long pfn)
{
	struct lazy_range *range = find_range(zone, pfn);
	unsigned long block = ALIGN_DOWN(pfn, MAX_ORDER_NR_PAGES);

	if (likely(!range))
		return;
	if (block > range->start_pfn) {
		struct lazy_range *front =
			new_range(zone, range->start_pfn, block, range->migratetype);

		if (!front)
			abort(); /* the host has no memory for a few words */
		list_add_tail(&front->list, &range->list);
		range->start_pfn = block;
	}
	take_first(zone, range);
}

/* Whole blocks of the highest order join the tail of their list; -errno. */
int lazy_add(struct zone *zone, unsigned long start_pfn, unsigned long end_pfn)
{
	int migratetype = get_pageblock_migratetype(zone->machine, start_pfn);
	struct free_area *area = &zone->free_area[MAX_ORDER - 1];
	struct list_head *list = &area->free_list[migratetype];
	struct lazy_range *last = NULL;

	if (!list_empty(list) && lazy_is(zone->machine, list->prev))
		last = list_last_entry(list, struct lazy_range, list);
	if (last && last->end_pfn == start_pfn) {
		last->end_pfn = end_pfn;
	} else {
		last = new_range(zone, start_pfn, end_pfn, migratetype);
		if (!last)
			return -ENOMEM;
		list_add_tail(&last->list, list);
	}
	area->nr_free += (end_pfn - start_pfn) / MAX_ORDER_NR_PAGES;
	atomic_long_add((long)(end_pfn - start_pfn), &zone->vm_stat[NR_FREE_PAGES]);
	return 0;
}

void lazy_fini(struct zone *zone)
{
	while (zone_extra(zone)->lazy) {
		struct lazy_range *range = zone_extra(zone)->lazy;

		zone_extra(zone)->lazy = range->next;
		free(range);
	}
}

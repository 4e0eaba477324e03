// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a recorded state to a machine: zones, lists in their order, per-CPU lists, and the rest in
 * use by the past. And back: walking the lists, finding a page. See kmemrig/restore.h.
 *
 * Locking: none; the machine's CPUs are at rest.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <kmemrig/restore.h>

#include "internal.h"

static int refuse(char *error, const char *format, ...) __printf(2, 3);

static int refuse(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, RIG_RESTORE_ERROR, format, args);
	va_end(args);
	return -EINVAL;
}

int rig_restore_zone(struct zone *zone, const struct rig_zone_state *state, char *error)
{
	struct rig_machine *machine = zone->machine;
	long reserve = 0;

	if (!zone_extra(zone))
		return refuse(error, "zone %s: the page backend '%s' takes no recorded state",
			      zone->name, machine->page->name);
	if (zone->free_area[MAX_ORDER - 1].nr_free || zone_page_state(zone, NR_FREE_PAGES))
		return refuse(error, "zone %s: the machine is not bare", zone->name);
	for (int i = 0; i < 3; i++)
		zone->_watermark[i] = state->watermark[i];
	zone->_watermark[WMARK_PROMO] =
		2 * zone->_watermark[WMARK_HIGH] - zone->_watermark[WMARK_LOW];
	zone->watermark_boost = state->watermark_boost;
	zone->nr_reserved_highatomic = state->nr_reserved_highatomic;
	if (state->present_pages)
		zone->present_pages = state->present_pages;
	atomic_long_set(&zone->managed_pages, (long)state->managed_pages);
	atomic_long_add((long)state->managed_pages, &machine->totalram_pages);
	for (int type = 0; type < MAX_NR_ZONES; type++) {
		if (type < state->nr_lowmem_reserve)
			reserve = state->lowmem_reserve[type];
		zone->lowmem_reserve[type] = reserve;
	}
	/* the counter as recorded; what the lists hold beyond is CPU 0's difference */
	atomic_long_set(&zone->vm_stat[NR_FREE_PAGES], (long)state->nr_free_pages);
	page_init_range(zone, zone->zone_start_pfn, zone_end_pfn(zone));
	return 0;
}

int rig_restore_pageblocks(struct rig_machine *machine, unsigned long pfn, const u8 *migratetypes,
			   size_t nr, char *error)
{
	unsigned long first = pfn >> machine->pageblock_order;

	for (size_t i = 0; i < nr; i++) {
		if (first + i >= machine_buddy(machine)->nr_pageblocks)
			break; /* of a section that ends after the memory */
		if (migratetypes[i] >= MIGRATE_TYPES)
			return refuse(error, "pageblock of pfn %#lx: no migratetype %u",
				      (first + i) << machine->pageblock_order, migratetypes[i]);
		machine_buddy(machine)->pageblocks[first + i] = migratetypes[i] ^ MIGRATE_MOVABLE;
	}
	return 0;
}

static int check_block(struct zone *zone, unsigned long pfn, unsigned int order, char *error)
{
	const struct rig_machine *machine = zone->machine;
	unsigned long nr = 1UL << order;

	if (order >= MAX_ORDER || pfn & (nr - 1))
		return refuse(error, "pfn %#lx: no block of order %u starts there", pfn, order);
	if (!zone_spans_pfn(zone, pfn) || !zone_spans_pfn(zone, pfn + nr - 1))
		return refuse(error, "pfn %#lx: not in zone %s of node %d", pfn, zone->name,
			      zone->node);
	if (rig_page_where((struct rig_machine *)machine, pfn, NULL) != RIG_PLACE_USED)
		return refuse(error, "pfn %#lx is on two lists", pfn);
	return 0;
}

int rig_restore_free(struct zone *zone, unsigned int order, int migratetype, unsigned long pfn,
		     char *error)
{
	struct page *page = rig_pfn_to_page(zone->machine, pfn);

	if (migratetype < 0 || migratetype >= MIGRATE_TYPES)
		return refuse(error, "no migratetype %d", migratetype);
	if (check_block(zone, pfn, order, error))
		return -EINVAL;
	list_add_tail(&page->buddy_list, &zone->free_area[order].free_list[migratetype]);
	zone->free_area[order].nr_free++;
	set_buddy_order(page, order);
	return 0;
}

int rig_restore_pcp_page(struct zone *zone, int cpu, unsigned int index, unsigned long pfn,
			 char *error)
{
	struct rig_machine *machine = zone->machine;
	struct page *page = rig_pfn_to_page(machine, pfn);
	struct per_cpu_pages *pcp;
	unsigned int order;

	if (cpu < 0 || cpu >= machine->nr_cpus || index >= NR_PCP_LISTS)
		return refuse(error, "no per-CPU list %u of CPU %d", index, cpu);
	order = pindex_to_order(machine, index);
	if (check_block(zone, pfn, order, error))
		return -EINVAL;
	pcp = &zone->per_cpu_pageset[cpu];
	list_add_tail(&page->pcp_list, &pcp->lists[index]);
	pcp->count += 1 << order;
	set_page_use(page, PAGE_USE_PCP, order);
	page->private = (unsigned long)cpu;
	pcp_note_migratetype(machine, page, index);
	return 0;
}

int rig_restore_pcp(struct zone *zone, int cpu, int count, int high, int batch, int free_factor,
		    char *error)
{
	struct per_cpu_pages *pcp;

	if (cpu < 0 || cpu >= zone->machine->nr_cpus)
		return refuse(error, "no CPU %d", cpu);
	pcp = &zone->per_cpu_pageset[cpu];
	if (pcp->count != count)
		return refuse(error, "CPU %d's lists of zone %s hold %d pages, not %d", cpu,
			      zone->name, pcp->count, count);
	if (batch < 1 || high < 0 || free_factor < 0 || free_factor > PCP_BATCH_SCALE_MAX)
		return refuse(error, "CPU %d's lists of zone %s: high %d, batch %d, factor %d", cpu,
			      zone->name, high, batch, free_factor);
	pcp->high = high;
	pcp->batch = batch;
	pcp->free_factor = (short)free_factor;
	zone->pageset_high = high;
	zone->pageset_batch = batch;
	return 0;
}

/* Pages of the lists of a zone. */
static long count_free(const struct zone *zone, int migratetype)
{
	long pages = 0;

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int mt = 0; mt < MIGRATE_TYPES; mt++) {
			const struct list_head *entry;

			if (mt == MIGRATE_ISOLATE || (migratetype >= 0 && mt != migratetype))
				continue;
			list_for_each (entry, &zone->free_area[order].free_list[mt])
				pages += 1L << order;
		}
	return pages;
}

static void mark_past(struct zone *zone)
{
	struct rig_machine *machine = zone->machine;

	for (unsigned long pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone);) {
		struct page *page = rig_pfn_to_page(machine, pfn);

		if (rig_page_zone(machine, page) != zone) {
			pfn++;
		} else if (PageBuddy(page)) {
			pfn += 1UL << buddy_order(page);
		} else if (page_use(page) == PAGE_USE_PCP) {
			pfn += 1UL << page_block_order(page);
		} else {
			set_page_count(page, 1);
			set_page_use(page, PAGE_USE_PAST, 0);
			pfn++;
		}
	}
}

int rig_restore_done(struct rig_machine *machine, char *error)
{
	struct zone *zone;

	refresh_zone_stat_thresholds(machine);
	for_each_populated_zone(machine, zone)
	{
		struct per_cpu_zonestat *stat = &zone_extra(zone)->stats[0];
		long free_pages = count_free(zone, -1);
		long diff = free_pages - atomic_long_read(&zone->vm_stat[NR_FREE_PAGES]);

		if (labs(diff) > stat->stat_threshold * machine->nr_cpus)
			return refuse(error,
				      "zone %s: %ld pages on the lists, the counter says %ld",
				      zone->name, free_pages,
				      atomic_long_read(&zone->vm_stat[NR_FREE_PAGES]));
		stat->free_diff = (s8)diff;
		atomic_long_set(&zone->vm_stat[NR_FREE_CMA_PAGES], count_free(zone, MIGRATE_CMA));
		mark_past(zone);
	}
	calculate_totalreserve_pages(machine);
	/* the setting is not recorded: about what the zones' watermarks add up to */
	if (!machine->min_free_kbytes)
		for_each_populated_zone(machine, zone) if (zone_idx(zone) != ZONE_HIGHMEM)
			machine->min_free_kbytes += zone->_watermark[WMARK_MIN]
						    << (PAGE_SHIFT - 10);
	/* what reclaim and compaction did is in the trace */
	machine->page_front->reclaim_off = true;
	return 0;
}

void rig_page_what_if(struct rig_machine *machine)
{
	machine->page_front->what_if = true;
}

int rig_restore_block(struct rig_machine *machine, unsigned long pfn, unsigned int order,
		      char *error)
{
	struct page *page = rig_pfn_to_page(machine, pfn);

	if (order >= MAX_ORDER || pfn + (1UL << order) > machine->max_pfn ||
	    pfn & ((1UL << order) - 1))
		return refuse(error, "page %lx: no block of order %u begins there", pfn, order);
	for (struct page *p = page; p < page + (1UL << order); p++)
		if (page_use(p) != PAGE_USE_PAST)
			return refuse(error, "page %lx is in use and free at once",
				      pfn + (unsigned long)(p - page));
	for (struct page *p = page + 1; p < page + (1UL << order); p++) {
		set_page_count(p, 0);
		set_page_use(p, PAGE_USE_NONE, 0);
	}
	prep_new_page(&machine->cpus[0], page, order, order ? __GFP_COMP : 0, 0);
	return 0;
}

/* --- reading back */

static bool walk_lazy(const struct lazy_range *range, rig_block_fn each, void *data)
{
	for (unsigned long pfn = range->start_pfn; pfn < range->end_pfn; pfn += MAX_ORDER_NR_PAGES)
		if (!each(pfn, data))
			return false;
	return true;
}

static void walk(const struct rig_machine *machine, struct list_head *list, rig_block_fn each,
		 void *data)
{
	struct list_head *entry;

	list_for_each (entry, list) {
		if (unlikely(lazy_is(machine, entry))) {
			if (!walk_lazy(list_entry(entry, struct lazy_range, list), each, data))
				return;
		} else if (!each(rig_page_to_pfn(machine, list_entry(entry, struct page, lru)),
				 data)) {
			return;
		}
	}
}

void rig_free_list_walk(struct zone *zone, unsigned int order, int migratetype, rig_block_fn each,
			void *data)
{
	walk(zone->machine, &zone->free_area[order].free_list[migratetype], each, data);
}

void rig_pcp_list_walk(struct zone *zone, int cpu, unsigned int index, rig_block_fn each,
		       void *data)
{
	walk(zone->machine, &zone->per_cpu_pageset[cpu].lists[index], each, data);
}

/* Is @pfn in the block that starts at @head, free with @order or more? */
static enum rig_page_place place_of(const struct page *head, unsigned int order)
{
	if (PageBuddy(head) && buddy_order(head) == order)
		return RIG_PLACE_BUDDY;
	if (page_use(head) == PAGE_USE_PCP && page_block_order(head) == order)
		return RIG_PLACE_PCP;
	return RIG_PLACE_USED;
}

enum rig_page_place rig_page_where(struct rig_machine *machine, unsigned long pfn,
				   struct rig_page_where *where)
{
	struct rig_page_where unused;

	if (!where)
		where = &unused;
	where->place = RIG_PLACE_NONE;
	if (pfn >= machine->max_pfn)
		return RIG_PLACE_NONE;
	if (!(rig_pfn_to_page(machine, pfn)->flags & PAGE_KNOWN)) {
		struct zone *zone = rig_pfn_zone(machine, pfn);

		if (zone)
			lazy_touch(zone, pfn);
		if (!(rig_pfn_to_page(machine, pfn)->flags & PAGE_KNOWN))
			return RIG_PLACE_NONE;
	}
	where->place = RIG_PLACE_USED;
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		unsigned long head_pfn = ALIGN_DOWN(pfn, 1UL << order);
		const struct page *head = rig_pfn_to_page(machine, head_pfn);
		enum rig_page_place place = place_of(head, order);

		if (place == RIG_PLACE_USED)
			continue;
		where->place = place;
		where->head_pfn = head_pfn;
		where->order = order;
		where->cpu = place == RIG_PLACE_PCP ? (int)head->private : -1;
		where->migratetype = place == RIG_PLACE_PCP
					     ? get_pcppage_migratetype(head)
					     : get_pageblock_migratetype(machine, head_pfn);
		break;
	}
	return where->place;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks after each operation, when the machine asks for them: what was touched, in constant time.
 *
 * Tier 1, the page:
 *	page.handed_out		it is in use, of the order asked for, with a reference, on no list
 * Tier 2, the lists that may have changed:
 *	page.links		a list's first and last entry know the list
 *	page.nr_free		an order's counter is 0 when its lists are empty, and only then
 *	page.pcp_count		a CPU's count is 0 when its lists are empty, and only then
 *
 * Locking: takes pcp->lock and zone->lock like any operation.
 */
#include "internal.h"

static bool ends_know(const struct list_head *list)
{
	return list->next->prev == list && list->prev->next == list;
}

static bool check_area(struct zone *zone, unsigned int order, struct rig_verdict *verdict)
{
	const struct free_area *area = &zone->free_area[order];
	bool empty = true;

	for (int mt = 0; mt < MIGRATE_TYPES; mt++) {
		empty &= list_empty(&area->free_list[mt]);
		if (!ends_know(&area->free_list[mt]))
			return rig_fails(verdict, "page.links", "zone %s: order %u, kind %d",
					 zone->name, order, mt);
	}
	if (empty != !area->nr_free)
		return rig_fails(verdict, "page.nr_free",
				 "zone %s: order %u: %lu blocks counted, %s", zone->name, order,
				 area->nr_free, empty ? "none there" : "some there");
	return true;
}

static bool check_cpu_lists(const struct zone *zone, const struct per_cpu_pages *pcp, int cpu,
			    struct rig_verdict *verdict)
{
	bool empty = true;

	for (unsigned int i = 0; i < NR_PCP_LISTS; i++) {
		empty &= list_empty(&pcp->lists[i]);
		if (!ends_know(&pcp->lists[i]))
			return rig_fails(verdict, "page.links", "zone %s: CPU %d's list %u",
					 zone->name, cpu, i);
	}
	if (empty != !pcp->count)
		return rig_fails(verdict, "page.pcp_count", "zone %s: CPU %d: %d pages counted, %s",
				 zone->name, cpu, pcp->count, empty ? "none there" : "some there");
	return true;
}

void check_lists_touched(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	struct rig_verdict verdict = { .name = NULL };
	struct zone *zone = rig_page_zone(machine, page);
	struct per_cpu_pages *pcp;

	if (machine->check_tier < 2 || machine->page->alloc != buddy_alloc)
		return;
	pcp = &zone->per_cpu_pageset[cpu->id];
	if (rig_spin_trylock(&pcp->lock)) {
		check_cpu_lists(zone, pcp, cpu->id, &verdict);
		rig_spin_unlock(&pcp->lock);
	}
	if (!verdict.name) {
		rig_spin_lock(&zone->lock);
		check_area(zone, order, &verdict);
		rig_spin_unlock(&zone->lock);
	}
	if (verdict.name)
		rig_broken(machine, &verdict);
}

void check_touched(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	struct rig_verdict verdict = { .name = NULL };

	if (machine->page->alloc != buddy_alloc)
		return;
	if (page_use(page) != PAGE_USE_BLOCK || page_block_order(page) != order ||
	    page_ref_count(page) < 1 || PageBuddy(page)) {
		rig_fails(&verdict, "page.handed_out",
			  "pfn %#lx was handed out with order %u: use %d, order %u, refcount %d",
			  rig_page_to_pfn(machine, page), order, (int)page_use(page),
			  page_block_order(page), page_ref_count(page));
		rig_broken(machine, &verdict);
		return;
	}
	check_lists_touched(cpu, page, order);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks after each operation, when the machine asks for them: what was touched, in constant time.
 *
 * Tier 1, the page:
 *	page.handed_out		it is in use, of the order asked for, with a reference, on no list
 * Tier 2, the lists of that order, where the page came from or went to:
 *	page.links		a list's first and last entry know the list
 *	page.nr_free		an order's counter is 0 when its lists are empty, and only then
 *	page.pcp_count		a CPU's count is 0 when its lists are empty, and only then
 *
 * Locking: takes pcp->lock and zone->lock like any operation; on a machine of one CPU, where only
 * an operation that this one interrupted can hold them, it looks whether that is so.
 */
#include "internal.h"

static __always_inline bool begin(const struct rig_machine *machine, spinlock_t *lock)
{
	return machine->nr_cpus == 1 ? !spin_is_locked(lock) : rig_spin_trylock(lock);
}

static __always_inline void end(const struct rig_machine *machine, spinlock_t *lock)
{
	if (machine->nr_cpus > 1)
		rig_spin_unlock(lock);
}

static __always_inline bool ends_know(const struct list_head *list)
{
	return list->next->prev == list && list->prev->next == list;
}

static __always_inline bool check_area(struct zone *zone, unsigned int order,
				       struct rig_verdict *verdict)
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

/* Only where a counter is at odds with the lists of one order the others are looked at. */
static noinline bool any_listed(const struct per_cpu_pages *pcp)
{
	for (unsigned int i = 0; i < NR_PCP_LISTS; i++)
		if (!list_empty(&pcp->lists[i]))
			return true;
	return false;
}

static __always_inline bool check_cpu_lists(const struct zone *zone,
					    const struct per_cpu_pages *pcp, int cpu,
					    unsigned int order, struct rig_verdict *verdict)
{
	unsigned int first = order_to_pindex(0, order);
	unsigned int limit =
		order > PAGE_ALLOC_COSTLY_ORDER ? NR_PCP_LISTS : first + MIGRATE_PCPTYPES;
	bool listed = false;

	for (unsigned int i = first; i < limit; i++) {
		listed |= !list_empty(&pcp->lists[i]);
		if (!ends_know(&pcp->lists[i]))
			return rig_fails(verdict, "page.links", "zone %s: CPU %d's list %u",
					 zone->name, cpu, i);
	}
	if (listed != !!pcp->count && any_listed(pcp) != !!pcp->count)
		return rig_fails(verdict, "page.pcp_count", "zone %s: CPU %d: %d pages counted, %s",
				 zone->name, cpu, pcp->count,
				 pcp->count ? "none there" : "some there");
	return true;
}

static noinline void check_lists(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	struct zone *zone = rig_page_zone(machine, page);
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	struct rig_verdict verdict; /* large; who finds something fills it */
	bool sound = true;

	if (!pcp_allowed_order(machine, order)) {
		/* straight from and to the zone */
	} else if (begin(machine, &pcp->lock)) {
		sound = check_cpu_lists(zone, pcp, cpu->id, order, &verdict);
		end(machine, &pcp->lock);
	}
	if (sound) {
		if (machine->nr_cpus > 1)
			rig_spin_lock(&zone->lock);
		else if (spin_is_locked(&zone->lock))
			return;
		sound = check_area(zone, order, &verdict);
		end(machine, &zone->lock);
	}
	if (unlikely(!sound))
		rig_broken(machine, &verdict);
}

void check_lists_touched(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	if (cpu->machine->check_tier >= 2 && cpu->machine->page->alloc == buddy_alloc)
		check_lists(cpu, page, order);
}

static noinline void say_handed_out(struct rig_machine *machine, const struct page *page,
				    unsigned int order)
{
	struct rig_verdict verdict;

	(void)rig_fails(&verdict, "page.handed_out",
			"pfn %#lx was handed out with order %u: use %d, order %u, refcount %d",
			rig_page_to_pfn(machine, page), order, (int)page_use(page),
			page_block_order(page), page_ref_count(page));
	rig_broken(machine, &verdict);
}

void check_touched(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;

	if (machine->page->alloc != buddy_alloc)
		return;
	if (unlikely(page_use(page) != PAGE_USE_BLOCK || page_block_order(page) != order ||
		     page_ref_count(page) < 1 || PageBuddy(page))) {
		say_handed_out(machine, page, order);
		return;
	}
	if (machine->check_tier >= 2)
		check_lists(cpu, page, order);
}

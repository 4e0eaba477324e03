// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page backend "page": Linux 6.1's zoned buddy allocator. Here: its start, how boot hands it
 * the free memory, and its end. The picture of the folder is in internal.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

static void pcp_init(struct per_cpu_pages *pcp)
{
	spin_lock_init(&pcp->lock);
	/* keeps nothing, until the machine's size is known */
	pcp->high = 0;
	pcp->batch = 1;
	for (int i = 0; i < NR_PCP_LISTS; i++)
		INIT_LIST_HEAD(&pcp->lists[i]);
}

static int zone_start(struct zone *zone)
{
	size_t nr_cpus = (size_t)zone->machine->nr_cpus;
	struct zone_extra *extra = calloc(1, sizeof(*extra));

	zone->backend_private = extra;
	if (!extra)
		return -ENOMEM;
	extra->stats = aligned_alloc(64, nr_cpus * sizeof(*extra->stats));
	zone->per_cpu_pageset = aligned_alloc(64, nr_cpus * sizeof(*zone->per_cpu_pageset));
	if (!extra->stats || !zone->per_cpu_pageset)
		return -ENOMEM;
	for (size_t cpu = 0; cpu < nr_cpus; cpu++) {
		extra->stats[cpu] = (struct per_cpu_zonestat){ .free_diff = 0 };
		zone->per_cpu_pageset[cpu] = (struct per_cpu_pages){ .count = 0 };
		pcp_init(&zone->per_cpu_pageset[cpu]);
	}
	spin_lock_init(&zone->lock);
	zone->initialized = true;
	return 0;
}

static void zone_end(struct zone *zone)
{
	if (!zone->backend_private)
		return;
	lazy_fini(zone);
	free(zone_extra(zone)->stats);
	free(zone->backend_private);
	free(zone->per_cpu_pageset);
	zone->backend_private = NULL;
	zone->per_cpu_pageset = NULL;
}

static void buddy_fini(struct rig_machine *machine)
{
	struct zone *zone;

	for_each_zone(machine, zone) zone_end(zone);
	if (machine_buddy(machine)) {
		free(machine_buddy(machine)->pageblocks);
		free(machine_buddy(machine)->skipped);
	}
	free(machine->page_private);
	machine->page_private = NULL;
}

static int buddy_init(struct rig_machine *machine)
{
	unsigned long end = ALIGN(machine->max_pfn, MAX_ORDER_NR_PAGES);
	struct buddy *buddy = calloc(1, sizeof(*buddy));
	struct zone *zone;

	machine->page_private = buddy;
	if (!buddy)
		return -ENOMEM;
	buddy->nr_pageblocks = end >> machine->pageblock_order;
	/* all of it zero, which says MIGRATE_MOVABLE, and costs nothing until it is touched */
	buddy->pageblocks = calloc(buddy->nr_pageblocks, 1);
	buddy->skipped = calloc(buddy->nr_pageblocks, sizeof(*buddy->skipped));
	if (!buddy->pageblocks || !buddy->skipped)
		return -ENOMEM;
	for_each_zone(machine, zone) if (zone_start(zone)) return -ENOMEM;
	return 0;
}

static void free_boot_block(struct rig_cpu *cpu, struct zone *zone, unsigned long pfn,
			    unsigned int order)
{
	page_init_range(zone, pfn, pfn + (1UL << order));
	free_one_page(cpu, zone, rig_pfn_to_page(zone->machine, pfn), pfn, order,
		      get_pageblock_migratetype(zone->machine, pfn), FPI_TO_TAIL);
}

/* One zone's part: blocks as large as alignment allows; whole ones of the highest order lazily. */
static void free_zone_range(struct rig_cpu *cpu, struct zone *zone, unsigned long start,
			    unsigned long end)
{
	while (start < end) {
		unsigned int order = start ? min(MAX_ORDER - 1, (int)__ffs(start)) : MAX_ORDER - 1;

		if (order == MAX_ORDER - 1 && start + MAX_ORDER_NR_PAGES <= end) {
			unsigned long whole = ALIGN_DOWN(end, MAX_ORDER_NR_PAGES);

			if (lazy_add(zone, start, whole))
				abort(); /* the host has no memory for a few words */
			start = whole;
			continue;
		}
		while (start + (1UL << order) > end)
			order--;
		free_boot_block(cpu, zone, start, order);
		start += 1UL << order;
	}
}

static void buddy_free_boot_range(struct rig_machine *machine, unsigned long start_pfn,
				  unsigned long end_pfn)
{
	while (start_pfn < end_pfn) {
		struct zone *zone = rig_pfn_zone(machine, start_pfn);
		unsigned long end = end_pfn;

		if (!zone) {
			start_pfn++;
			continue;
		}
		end = min(end, zone_end_pfn(zone));
		free_zone_range(&machine->cpus[0], zone, start_pfn, end);
		start_pfn = end;
	}
}

static void buddy_free(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	free_the_page(cpu, page, order);
}

static void buddy_free_to_tail(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	free_pages_ok(cpu, page, order, FPI_TO_TAIL);
}

static void buddy_drain(struct rig_cpu *cpu)
{
	rig_drain_local_pages(cpu, NULL);
}

int rig_pageblock_migratetype(const struct rig_machine *machine, unsigned long pfn)
{
	return get_pageblock_migratetype(machine, pfn);
}

void rig_set_pageblock_migratetype(struct rig_machine *machine, unsigned long pfn, int migratetype)
{
	set_pageblock_migratetype(machine, pfn, migratetype);
}

const struct page_backend rig_buddy_page_backend = {
	.abi = RIG_BACKEND_ABI,
	.name = "page",
	.init = buddy_init,
	.fini = buddy_fini,
	.free_boot_range = buddy_free_boot_range,
	.alloc = buddy_alloc,
	.alloc_bulk = buddy_alloc_bulk,
	.free = buddy_free,
	.free_to_tail = buddy_free_to_tail,
	.free_list = free_unref_list,
	.drain = buddy_drain,
	.check = buddy_check,
};

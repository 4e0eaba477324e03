// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where ZONE_MOVABLE starts in each node (find_zone_movable_pfns_for_nodes): with movable_node at
 * the first hotpluggable memory, with kernelcore=mirror at the first memory above 4 GiB that is
 * not mirrored, otherwise so that each node keeps its share of the memory that the kernel wants.
 *
 * Nodes that are too small for their share leave the rest to the others: passes over the nodes
 * are repeated, with one node less to share between, until all is placed.
 */
#include <kmemrig/memblock.h>

#include "zones.h"

#define FIRST_PFN_ABOVE_4G PFN_DOWN(4UL << 30)

static bool node_has_memory(struct rig_machine *machine, int nid)
{
	unsigned long start, end;

	rig_node_range(machine, nid, &start, &end);
	return end > start;
}

static void find_movable_zone(struct zone_plan *plan)
{
	for (int type = ZONE_MOVABLE - 1; type >= 0; type--)
		if (plan->highest[type] > plan->lowest[type]) {
			plan->movable_zone = type;
			return;
		}
}

static void lower_start(struct zone_plan *plan, int nid, unsigned long pfn)
{
	plan->movable[nid] = plan->movable[nid] ? min(pfn, plan->movable[nid]) : pfn;
}

static void start_at_hotpluggable(const struct memblock_type *memory, struct zone_plan *plan)
{
	for (unsigned long i = 0; i < memory->cnt; i++)
		if (memory->regions[i].flags & MEMBLOCK_HOTPLUG)
			lower_start(plan, memory->regions[i].nid,
				    PFN_DOWN(memory->regions[i].base));
}

static void start_at_unmirrored(const struct memblock_type *memory, struct zone_plan *plan)
{
	for (unsigned long i = 0; i < memory->cnt; i++) {
		const struct memblock_region *region = &memory->regions[i];
		unsigned long pfn = memblock_region_memory_base_pfn(region);

		if (!(region->flags & MEMBLOCK_MIRROR) && pfn >= FIRST_PFN_ABOVE_4G)
			lower_start(plan, region->nid, pfn);
	}
}

/* Pages that the kernel needs outside of ZONE_MOVABLE; 0: no wish, all is the kernel's. */
static unsigned long wanted_kernelcore(const struct core_request *request, unsigned long total)
{
	unsigned long core = request->kernelcore_pages, movable = request->movablecore_pages;

	if (request->kernelcore_percent)
		core = total * 100 * request->kernelcore_percent / 10000;
	if (request->movablecore_percent)
		movable = total * 100 * request->movablecore_percent / 10000;
	if (movable) {
		movable = roundup(movable, MAX_ORDER_NR_PAGES);
		core = max(core, total - min(total, movable));
	}
	return core >= total ? 0 : core;
}

/* Gives up to *share pages of a node to the kernel; what it got is taken off *required. */
static void take_share(struct rig_machine *machine, int nid, unsigned long share,
		       struct zone_plan *plan, unsigned long *required)
{
	unsigned long usable = plan->lowest[plan->movable_zone];
	unsigned long start, end, pages;
	int i;

	rig_for_each_mem_pfn_range(machine->memblock, i, nid, &start, &end, NULL)
	{
		start = max(start, plan->movable[nid]);
		if (start >= end)
			continue;
		if (start < usable) {
			/* memory below the zone is the kernel's anyway */
			pages = min(end, usable) - start;
			share -= min(pages, share);
			*required -= min(pages, *required);
			if (end <= usable) {
				plan->movable[nid] = end;
				continue;
			}
			start = usable;
		}
		pages = min(end - start, share);
		plan->movable[nid] = start + pages;
		*required -= min(*required, pages);
		share -= pages;
		if (!share)
			break;
	}
}

static void spread_kernelcore(struct rig_machine *machine, unsigned long required,
			      struct zone_plan *plan)
{
	unsigned long usable_nodes = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		usable_nodes += node_has_memory(machine, nid);
	while (usable_nodes) {
		unsigned long share = required / usable_nodes;

		for (int nid = 0; nid < machine->nr_nodes; nid++) {
			if (!node_has_memory(machine, nid))
				continue;
			if (required < share)
				share = required / usable_nodes;
			take_share(machine, nid, share, plan, &required);
		}
		usable_nodes--;
		if (required <= usable_nodes)
			break;
	}
}

/* To whole blocks of the highest order; a start above all memory means there is no such zone. */
static void align_starts(struct rig_machine *machine, struct zone_plan *plan)
{
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		unsigned long start, end;

		plan->movable[nid] = roundup(plan->movable[nid], MAX_ORDER_NR_PAGES);
		rig_node_range(machine, nid, &start, &end);
		if (plan->movable[nid] >= end)
			plan->movable[nid] = 0;
	}
}

void rig_find_movable(struct rig_machine *machine, const struct core_request *request,
		      struct zone_plan *plan)
{
	const struct memblock_type *memory = &machine->memblock->map->memory;
	unsigned long total = 0, start, end, core;
	int i;

	find_movable_zone(plan);
	if (*machine->memblock->movable_node) {
		start_at_hotpluggable(memory, plan);
	} else if (plan->mirrored) {
		start_at_unmirrored(memory, plan);
	} else {
		rig_for_each_mem_pfn_range(machine->memblock, i, MAX_NUMNODES, &start, &end, NULL)
		{
			total += end - start;
		}
		core = wanted_kernelcore(request, total);
		if (!core)
			return;
		spread_kernelcore(machine, core, plan);
	}
	align_starts(machine, plan);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes and zones from the boot map (free_area_init of mm/page_alloc.c, with the limits of x86).
 *
 *	0     16M          4G                 max_low_pfn          max_pfn
 *	| DMA |   DMA32    |      NORMAL      |      HIGHMEM      |
 *	                          | MOVABLE: from a point on, in each node (zone_movable.c) ...
 *
 * A machine with a limit of lowmem is one of 32 bits: it has no DMA32. A zone spans from its first
 * page frame to its last in its node, and has present pages where there is memory; nodes may
 * interleave, so a span can hold another node's memory.
 */
#include <stdlib.h>

#include <kmemrig/memblock.h>
#include <kmemrig/page.h>

#include "parts.h"
#include "zones.h"

#define DMA_LIMIT_PFN PFN_DOWN(16UL << 20)
#define DMA32_LIMIT_PFN PFN_DOWN(4UL << 30)

static const char *const zone_names[MAX_NR_ZONES] = { "DMA", "DMA32", "Normal", "HighMem",
						      "Movable" };

/* One above the highest page frame that a zone of this type can have. */
static unsigned long zone_limit(const struct rig_machine *machine, enum zone_type type,
				bool has_highmem)
{
	switch (type) {
	case ZONE_DMA:
		return min(DMA_LIMIT_PFN, machine->max_low_pfn);
	case ZONE_DMA32:
		return has_highmem ? 0 : min(DMA32_LIMIT_PFN, machine->max_low_pfn);
	case ZONE_NORMAL:
		return machine->max_low_pfn;
	default:
		return machine->max_pfn;
	}
}

/* A type whose limit is below the one before it has no pages. */
void rig_zone_limits(const struct rig_machine *machine, bool has_highmem, struct zone_plan *plan)
{
	unsigned long start = PHYS_PFN(rig_memblock_start_of_dram(machine->memblock));

	for (int type = 0; type < ZONE_MOVABLE; type++) {
		plan->lowest[type] = start;
		start = max(start, zone_limit(machine, type, has_highmem));
		plan->highest[type] = start;
	}
}

void rig_node_range(struct rig_machine *machine, int nid, unsigned long *start_pfn,
		    unsigned long *end_pfn)
{
	unsigned long start, end;
	int i;

	*start_pfn = ~0UL;
	*end_pfn = 0;
	rig_for_each_mem_pfn_range(machine->memblock, i, nid, &start, &end, NULL)
	{
		*start_pfn = min(*start_pfn, start);
		*end_pfn = max(*end_pfn, end);
	}
	if (*start_pfn == ~0UL)
		*start_pfn = 0;
}

struct pfn_range {
	unsigned long start, end;
};

/* ZONE_MOVABLE takes the upper part of its node from the zones below (adjust_zone_range...). */
static void leave_movable(const struct zone_plan *plan, int nid, enum zone_type type,
			  unsigned long node_end, struct pfn_range *range)
{
	unsigned long movable = plan->movable[nid];

	if (!movable)
		return;
	if (type == ZONE_MOVABLE) {
		range->start = movable;
		range->end = min(node_end, plan->highest[plan->movable_zone]);
	} else if (!plan->mirrored && range->start < movable && range->end > movable) {
		range->end = movable;
	} else if (range->start >= movable) {
		range->start = range->end;
	}
}

/* Where the zone could be in the node; its holes are counted over this, not over its span. */
static struct pfn_range zone_range(const struct zone_plan *plan, int nid, enum zone_type type,
				   const struct pfn_range *node)
{
	struct pfn_range range = {
		clamp(node->start, plan->lowest[type], plan->highest[type]),
		clamp(node->end, plan->lowest[type], plan->highest[type]),
	};

	leave_movable(plan, nid, type, node->end, &range);
	return range;
}

static unsigned long clipped_size(const struct pfn_range *range, unsigned long start,
				  unsigned long end)
{
	start = clamp(start, range->start, range->end);
	end = clamp(end, range->start, range->end);
	return end - start;
}

/* With kernelcore=mirror ZONE_MOVABLE is what is not mirrored, though zones overlap. */
static unsigned long pages_of_other_mirroring(const struct rig_machine *machine,
					      enum zone_type type, const struct pfn_range *range)
{
	const struct memblock_type *memory = &machine->memblock->map->memory;
	unsigned long pages = 0;

	for (unsigned long i = 0; i < memory->cnt; i++) {
		const struct memblock_region *region = &memory->regions[i];
		bool mirrored = region->flags & MEMBLOCK_MIRROR;

		if ((type == ZONE_MOVABLE && mirrored) || (type == ZONE_NORMAL && !mirrored))
			pages += clipped_size(range, memblock_region_memory_base_pfn(region),
					      memblock_region_memory_end_pfn(region));
	}
	return pages;
}

static unsigned long present_pages(struct rig_machine *machine, const struct zone_plan *plan,
				   int nid, enum zone_type type, const struct pfn_range *range)
{
	unsigned long start, end, pages = 0;
	int i;

	rig_for_each_mem_pfn_range(machine->memblock, i, nid, &start, &end, NULL)
	{
		pages += clipped_size(range, start, end);
	}
	if (plan->mirrored && plan->movable[nid])
		pages -= pages_of_other_mirroring(machine, type, range);
	return pages;
}

static void size_zone(struct rig_machine *machine, const struct zone_plan *plan, struct zone *zone,
		      const struct pfn_range *node)
{
	enum zone_type type = zone_idx(zone);
	struct pfn_range range, span;

	if (!node->start && !node->end)
		return;
	range = span = zone_range(plan, zone->node, type, node);
	if (span.end < node->start || span.start > node->end)
		return;
	span.end = min(span.end, node->end);
	span.start = max(span.start, node->start);
	zone->spanned_pages = span.end - span.start;
	zone->zone_start_pfn = zone->spanned_pages ? span.start : 0;
	zone->present_pages = present_pages(machine, plan, zone->node, type, &range);
}

static void init_zone(struct rig_machine *machine, struct pglist_data *node, enum zone_type type)
{
	struct zone *zone = &node->node_zones[type];

	zone->node = node->node_id;
	zone->zone_pgdat = node;
	zone->machine = machine;
	zone->name = zone_names[type];
	spin_lock_init(&zone->lock);
	for (int order = 0; order < MAX_ORDER; order++)
		for (int mt = 0; mt < MIGRATE_TYPES; mt++)
			INIT_LIST_HEAD(&zone->free_area[order].free_list[mt]);
}

int rig_node_init(struct rig_machine *machine, int nid, const struct zone_plan *plan)
{
	struct pglist_data *node = calloc(1, sizeof(*node));
	struct pfn_range range;

	if (!node)
		return -ENOMEM;
	machine->nodes[nid] = node;
	rig_node_range(machine, nid, &range.start, &range.end);
	node->node_id = nid;
	node->node_start_pfn = range.start;
	for (int type = 0; type < MAX_NR_ZONES; type++) {
		struct zone *zone = &node->node_zones[type];

		init_zone(machine, node, type);
		size_zone(machine, plan, zone, &range);
		node->node_spanned_pages += zone->spanned_pages;
		node->node_present_pages += zone->present_pages;
		if (zone->spanned_pages) {
			node->nr_zones = type + 1;
			zone->initialized = true;
		}
	}
	return 0;
}

struct zone *rig_pfn_zone(const struct rig_machine *machine, unsigned long pfn)
{
	const struct memblock_type *memory = &machine->memblock->map->memory;
	int i = rig_memblock_search(memory, PFN_PHYS(pfn));
	const struct memblock_region *region;
	struct pglist_data *node;

	if (i == -1)
		return NULL;
	region = &memory->regions[i];
	node = machine->nodes[region->nid];
	/* where zones overlap (kernelcore=mirror), what is not mirrored is movable */
	for (int type = MAX_NR_ZONES - 1; type >= 0; type--) {
		struct zone *zone = &node->node_zones[type];

		if (type == ZONE_MOVABLE && *machine->memblock->mirrored_kernelcore &&
		    (region->flags & MEMBLOCK_MIRROR))
			continue;
		if (zone->spanned_pages && zone_spans_pfn(zone, pfn))
			return zone;
	}
	return NULL;
}

static bool check_zone(const struct zone *zone, struct rig_verdict *verdict)
{
	if (zone->present_pages > zone->spanned_pages)
		return rig_fails(verdict, "zone.span",
				 "node %d zone %s: %lu present of %lu spanned", zone->node,
				 zone->name, zone->present_pages, zone->spanned_pages);
	if (zone_managed_pages(zone) > zone->present_pages)
		return rig_fails(verdict, "zone.managed", "node %d zone %s: %lu managed of %lu",
				 zone->node, zone->name, zone_managed_pages(zone),
				 zone->present_pages);
	return true;
}

static bool check_node(const struct pglist_data *node, struct rig_verdict *verdict)
{
	unsigned long spanned = 0, present = 0;

	for (int type = 0; type < MAX_NR_ZONES; type++) {
		if (!check_zone(&node->node_zones[type], verdict))
			return false;
		spanned += node->node_zones[type].spanned_pages;
		present += node->node_zones[type].present_pages;
	}
	if (spanned != node->node_spanned_pages || present != node->node_present_pages)
		return rig_fails(verdict, "zone.span",
				 "node %d: %lu spanned, %lu present, zones: "
				 "%lu, %lu",
				 node->node_id, node->node_spanned_pages, node->node_present_pages,
				 spanned, present);
	return true;
}

bool rig_boot_check(const struct rig_machine *machine, struct rig_verdict *verdict)
{
	if (!rig_memblock_check(machine->memblock, verdict))
		return false;
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid] && !check_node(machine->nodes[nid], verdict))
			return false;
	return true;
}

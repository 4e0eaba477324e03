// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot: from the firmware's memory map to nodes and zones, and the free pages' way to the page
 * allocator.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/machine.h>
#include <kmemrig/page.h>
#include <linux/kernel.h>

#include "parts.h"

static const char *const zone_names[] = { "DMA", "DMA32", "Normal", "HighMem", "Movable" };

#define DMA_LIMIT_PFN PFN_DOWN(16UL << 20)
#define DMA32_LIMIT_PFN PFN_DOWN(4UL << 30)

/* First pfn above the zone. */
static unsigned long zone_limit(const struct rig_machine *machine, enum zone_type type)
{
	switch (type) {
	case ZONE_DMA:
		return min(DMA_LIMIT_PFN, machine->max_low_pfn);
	case ZONE_DMA32:
		return min(DMA32_LIMIT_PFN, machine->max_low_pfn);
	case ZONE_NORMAL:
		return machine->max_low_pfn;
	default:
		return machine->max_pfn;
	}
}

static void add_to_zone(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long zone_end = zone->spanned_pages ? zone_end_pfn(zone) : end;

	if (!zone->spanned_pages || start < zone->zone_start_pfn)
		zone->zone_start_pfn = start;
	zone->spanned_pages = max(zone_end, end) - zone->zone_start_pfn;
	zone->present_pages += end - start;
}

static int make_node(struct rig_machine *machine, int nid)
{
	struct pglist_data *node;

	if (machine->nodes[nid])
		return 0;
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->node_id = nid;
	node->nr_zones = MAX_NR_ZONES;
	for (int type = 0; type < MAX_NR_ZONES; type++) {
		struct zone *zone = &node->node_zones[type];

		zone->node = nid;
		zone->zone_pgdat = node;
		zone->machine = machine;
		zone->name = zone_names[type];
		for (int order = 0; order < MAX_ORDER; order++)
			for (int mt = 0; mt < MIGRATE_TYPES; mt++)
				INIT_LIST_HEAD(&zone->free_area[order].free_list[mt]);
	}
	machine->nodes[nid] = node;
	machine->nr_nodes = max(machine->nr_nodes, nid + 1);
	return 0;
}

static void add_range(struct rig_machine *machine, const struct rig_memory_range *range)
{
	unsigned long start = PFN_UP(range->base), end = PFN_DOWN(range->base + range->size);
	struct pglist_data *node = machine->nodes[range->nid];
	unsigned long from = 0;

	for (int type = 0; type < ZONE_MOVABLE; type++) {
		unsigned long limit = zone_limit(machine, type);
		unsigned long low = max(start, from), high = min(end, limit);

		if (low < high)
			add_to_zone(&node->node_zones[type], low, high);
		from = max(from, limit);
	}
}

int rig_boot(struct rig_machine *machine, const struct rig_machine_config *config, char *error,
	     size_t error_size)
{
	for (size_t i = 0; i < config->nr_memory; i++) {
		const struct rig_memory_range *range = &config->memory[i];

		if (range->flags & RIG_MEMORY_RESERVED)
			continue;
		if (range->nid < 0 || range->nid >= MAX_NUMNODES ||
		    make_node(machine, range->nid)) {
			snprintf(error, error_size, "memory range %zu: node %d", i, range->nid);
			return -EINVAL;
		}
		add_range(machine, range);
	}
	if (rig_page_init(machine)) {
		snprintf(error, error_size, "page backend %s does not start", machine->page->name);
		return -ENOMEM;
	}
	if (config->bare)
		return 0;
	for (size_t i = 0; i < config->nr_memory; i++) {
		const struct rig_memory_range *range = &config->memory[i];

		if (!(range->flags & RIG_MEMORY_RESERVED))
			rig_page_free_boot_range(machine, max(1UL, PFN_UP(range->base)),
						       PFN_DOWN(range->base + range->size));
	}
	rig_page_boot_done(machine);
	return 0;
}

void rig_boot_fini(struct rig_machine *machine)
{
	if (machine->page && machine->nr_nodes)
		rig_page_fini(machine);
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		free(machine->nodes[nid]);
}

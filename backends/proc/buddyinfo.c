// SPDX-License-Identifier: GPL-2.0-only
/* /proc/buddyinfo and /proc/pagetypeinfo: free blocks by order, and by kind of pageblock. */
#include <kmemrig/restore.h>

#include "proc.h"

#define MAX_COUNTED 100000UL /* longer lists are cut, as in the kernel */

static const char *const migratetype_names[MIGRATE_TYPES] = { "Unmovable",   "Movable",
							      "Reclaimable", "HighAtomic",
							      "CMA",	     "Isolate" };

void proc_buddyinfo(struct rig_machine *machine, FILE *out)
{
	for_each_proc_zone(machine, nid, type, zone)
	{
		if (!populated_zone(zone))
			continue;
		fprintf(out, "Node %d, zone %8s ", nid, zone->name);
		for (int order = 0; order < MAX_ORDER; order++)
			fprintf(out, "%6lu ", zone->free_area[order].nr_free);
		fputc('\n', out);
	}
}

static bool count_block(unsigned long pfn, void *data)
{
	return ++*(unsigned long *)data < MAX_COUNTED;
}

static void show_free(struct rig_machine *machine, struct zone *zone, FILE *out)
{
	for (int mt = 0; mt < MIGRATE_TYPES; mt++) {
		if (!proc_has_migratetype(machine, mt))
			continue;
		fprintf(out, "Node %4d, zone %8s, type %12s ", zone->node, zone->name,
			migratetype_names[mt]);
		for (unsigned int order = 0; order < MAX_ORDER; order++) {
			unsigned long blocks = 0;

			rig_free_list_walk(zone, order, mt, count_block, &blocks);
			fprintf(out, "%s%6lu ", blocks >= MAX_COUNTED ? ">" : "", blocks);
		}
		fputc('\n', out);
	}
}

static void show_pageblocks(struct rig_machine *machine, struct zone *zone, FILE *out)
{
	unsigned long counts[MIGRATE_TYPES] = { 0 }, nr = 1UL << machine->pageblock_order;

	for (unsigned long pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone);
	     pfn = ALIGN_DOWN(pfn, nr) + nr)
		if (rig_pfn_zone(machine, pfn) == zone)
			counts[rig_pageblock_migratetype(machine, pfn)]++;
	fprintf(out, "Node %d, zone %8s ", zone->node, zone->name);
	for (int mt = 0; mt < MIGRATE_TYPES; mt++)
		if (proc_has_migratetype(machine, mt))
			fprintf(out, "%12lu ", counts[mt]);
	fputc('\n', out);
}

void proc_pagetypeinfo(struct rig_machine *machine, FILE *out)
{
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		if (!machine->nodes[nid])
			continue;
		fprintf(out, "Page block order: %u\nPages per block:  %lu\n\n",
			machine->pageblock_order, 1UL << machine->pageblock_order);
		fprintf(out, "%-43s ", "Free pages count per migrate type at order");
		for (int order = 0; order < MAX_ORDER; order++)
			fprintf(out, "%6d ", order);
		fputc('\n', out);
		for (int type = 0; type < MAX_NR_ZONES; type++)
			if (populated_zone(&machine->nodes[nid]->node_zones[type]))
				show_free(machine, &machine->nodes[nid]->node_zones[type], out);
		fprintf(out, "\n%-23s", "Number of blocks type ");
		for (int mt = 0; mt < MIGRATE_TYPES; mt++)
			if (proc_has_migratetype(machine, mt))
				fprintf(out, "%12s ", migratetype_names[mt]);
		fputc('\n', out);
		for (int type = 0; type < MAX_NR_ZONES; type++)
			if (populated_zone(&machine->nodes[nid]->node_zones[type]))
				show_pageblocks(machine, &machine->nodes[nid]->node_zones[type],
						out);
	}
}

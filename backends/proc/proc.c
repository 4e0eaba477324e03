// SPDX-License-Identifier: GPL-2.0-only
/* /proc files by name, and what their writers share. */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/iomem.h>
#include <kmemrig/vmalloc.h>

#include "proc.h"

const char *const rig_proc_names[] = { "buddyinfo", "pagetypeinfo", "zoneinfo", "vmstat", "meminfo",
				       "slabinfo",  "vmallocinfo",  "iomem",	NULL };

bool proc_has_zone(const struct rig_machine *machine, int type)
{
	return type != ZONE_HIGHMEM || machine->max_low_pfn < machine->max_pfn;
}

bool proc_has_migratetype(const struct rig_machine *machine, int migratetype)
{
	if (migratetype < MIGRATE_CMA || machine->huge_pages)
		return true;
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		for (int type = 0; machine->nodes[nid] && type < MAX_NR_ZONES; type++) {
			const struct zone *zone = &machine->nodes[nid]->node_zones[type];

			if (zone->cma_pages || zone->nr_isolate_pageblock)
				return true;
		}
	return false;
}

unsigned long proc_zone_sum(const struct rig_machine *machine, enum zone_stat_item item)
{
	unsigned long sum = 0;

	for_each_proc_zone(machine, nid, type, zone) sum += zone_page_state(zone, item);
	return sum;
}

unsigned long proc_slab_pages(const struct rig_machine *machine, int nid, bool reclaimable)
{
	return machine->kmem ? rig_kmem_pages(machine, nid, reclaimable) : 0;
}

static void write_iomem(struct rig_machine *machine, FILE *out)
{
	char *text = machine->iomem ? rig_iomem_show(machine) : NULL;

	if (text)
		fputs(text, out);
	free(text);
}

static void write_slabinfo(struct rig_machine *machine, FILE *out)
{
	if (machine->kmem)
		rig_slabinfo_show(machine, out);
}

static void write_vmallocinfo(struct rig_machine *machine, FILE *out)
{
	if (machine->vmalloc)
		rig_vmallocinfo(machine, out);
}

bool rig_proc_write(struct rig_machine *machine, const char *name, FILE *out)
{
	static void (*const writers[])(struct rig_machine * machine, FILE * out) = {
		proc_buddyinfo, proc_pagetypeinfo, proc_zoneinfo,     proc_vmstat,
		proc_meminfo,	write_slabinfo,	   write_vmallocinfo, write_iomem,
	};

	for (size_t i = 0; rig_proc_names[i]; i++)
		if (strcmp(name, rig_proc_names[i]) == 0) {
			writers[i](machine, out);
			return true;
		}
	return false;
}

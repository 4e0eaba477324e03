// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start and end of the front that page backends share: zonelists, reclaim's lists, and, when all
 * memory of boot is there, the watermarks.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* Where each kind could not have a pageblock of its own, kinds are not kept apart. */
static void disable_grouping_on_small_machines(struct rig_machine *machine)
{
	/* kernels with huge pages have CMA's and isolation's kinds configured in */
	unsigned long kinds = machine->huge_pages ? MIGRATE_TYPES : MIGRATE_CMA, pages = 0;
	struct zone *zone;

	for_each_zone(machine, zone) pages += zone->present_pages;
	machine->page_group_by_mobility_disabled = pages < kinds << machine->pageblock_order;
}

int rig_page_init(struct rig_machine *machine)
{
	static const int ratios[MAX_NR_ZONES] = {
		[ZONE_DMA] = 256, [ZONE_DMA32] = 256, [ZONE_NORMAL] = 32
	};
	struct rig_page_front *front = calloc(1, sizeof(*front));
	char value[8];

	machine->page_front = front;
	if (!front)
		return -ENOMEM;
	front->init_on_alloc =
		rig_boot_option(machine, "init_on_alloc", value, sizeof(value)) && value[0] == '1';
	INIT_LIST_HEAD(&front->shrinkers);
	INIT_LIST_HEAD(&front->lru);
	spin_lock_init(&front->lru_lock);
	spin_lock_init(&front->compact_lock);
	front->compaction_proactiveness = 20;
	machine->daemons = rig_daemons_run;
	for (int type = 0; type < MAX_NR_ZONES; type++)
		machine->lowmem_reserve_ratio[type] = ratios[type];
	machine->watermark_boost_factor = 15000;
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid]) {
			struct pglist_data *node = machine->nodes[nid];

			node->kswapd_highest_zoneidx = MAX_NR_ZONES;
			node->kcompactd_highest_zoneidx = (enum zone_type)(node->nr_zones - 1);
			node->kcompactd_next_look_ns = KCOMPACTD_INTERVAL_NS;
		}
	if (build_zonelists(machine))
		return -ENOMEM;
	disable_grouping_on_small_machines(machine);
	return machine->page->init(machine);
}

void rig_page_free_boot_range(struct rig_machine *machine, unsigned long start_pfn,
			      unsigned long end_pfn)
{
	while (start_pfn < end_pfn) {
		struct zone *zone = rig_pfn_zone(machine, start_pfn);
		unsigned long end;

		if (!zone) {
			start_pfn++;
			continue;
		}
		end = min(end_pfn, zone_end_pfn(zone));
		atomic_long_add((long)(end - start_pfn), &zone->managed_pages);
		atomic_long_add((long)(end - start_pfn), &machine->totalram_pages);
		machine->page->free_boot_range(machine, start_pfn, end);
		start_pfn = end;
	}
}

void rig_page_boot_done(struct rig_machine *machine)
{
	setup_watermarks(machine);
}

void rig_page_set_min_free_kbytes(struct rig_machine *machine, unsigned long kbytes)
{
	machine->min_free_kbytes = kbytes;
	setup_watermarks(machine);
}

void rig_page_cpu_offline(struct rig_cpu *cpu, struct rig_cpu *gone)
{
	struct zone *zone;

	gone->online = false;
	if (cpu->machine->page->alloc != buddy_alloc)
		return;
	for_each_populated_zone(cpu->machine, zone)
	{
		drain_pages_zone(cpu, gone->id, zone);
		rig_spin_lock(&zone->lock);
		fold_zone_diff(zone, gone->id);
		rig_spin_unlock(&zone->lock);
		zone_pcp_update(zone);
	}
	refresh_zone_stat_thresholds(cpu->machine);
}

void rig_page_cpu_online(struct rig_cpu *cpu)
{
	struct zone *zone;

	cpu->online = true;
	for_each_populated_zone(cpu->machine, zone) zone_pcp_update(zone);
	refresh_zone_stat_thresholds(cpu->machine);
}

void rig_page_fini(struct rig_machine *machine)
{
	machine->page->fini(machine);
	free_zonelists(machine);
	free(machine->page_front);
	machine->page_front = NULL;
}

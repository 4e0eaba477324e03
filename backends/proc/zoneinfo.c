// SPDX-License-Identifier: GPL-2.0-only
/* /proc/zoneinfo and /proc/vmstat. */
#include <string.h>

#include "proc.h"
#include "vmstat_names.h"

static const char *const zone_stat_names[NR_VM_ZONE_STAT_ITEMS] = { "nr_free_pages",
								    "nr_zone_inactive_anon",
								    "nr_zone_active_anon",
								    "nr_zone_inactive_file",
								    "nr_zone_active_file",
								    "nr_zone_unevictable",
								    "nr_zone_write_pending",
								    "nr_mlock",
								    "nr_bounce",
								    "nr_free_cma" };

static const struct {
	const char *name;
	enum rig_zone_event event;
	bool counted;
} numa_names[] = {
	{ "numa_hit", RIG_ZONE_NUMA_HIT, true },
	{ "numa_miss", RIG_ZONE_NUMA_MISS, true },
	{ "numa_foreign", RIG_ZONE_NUMA_FOREIGN, true },
	{ "numa_interleave", RIG_ZONE_NUMA_HIT, false },
	{ "numa_local", RIG_ZONE_NUMA_LOCAL, true },
	{ "numa_other", RIG_ZONE_NUMA_OTHER, true },
};

static bool shows_numa(const struct rig_machine *machine)
{
	return machine->nr_nodes > 1 || machine->huge_pages;
}

/* A node's statistic; @nid < 0: of all nodes. */
static unsigned long node_stat(const struct rig_machine *machine, int nid, const char *name)
{
	unsigned long sum = 0;

	for (int node = 0; node < machine->nr_nodes; node++) {
		if (!machine->nodes[node] || (nid >= 0 && nid != node))
			continue;
		if (!strcmp(name, "nr_slab_reclaimable"))
			sum += proc_slab_pages(machine, node, true);
		else if (!strcmp(name, "nr_slab_unreclaimable"))
			sum += proc_slab_pages(machine, node, false);
		else if (!strcmp(name, "nr_inactive_file") || !strcmp(name, "nr_file_pages"))
			for (int type = 0; type < MAX_NR_ZONES; type++)
				sum += zone_page_state(&machine->nodes[node]->node_zones[type],
						       NR_ZONE_INACTIVE_FILE);
	}
	return sum;
}

static bool is_first_populated(const struct zone *zone)
{
	for (int type = 0; type < MAX_NR_ZONES; type++)
		if (populated_zone(&zone->zone_pgdat->node_zones[type]))
			return &zone->zone_pgdat->node_zones[type] == zone;
	return false;
}

static void show_pagesets(const struct zone *zone, FILE *out)
{
	fputs("\n  pagesets", out);
	for (int cpu = 0; cpu < zone->machine->nr_cpus; cpu++) {
		const struct per_cpu_pages *pcp;

		if (!zone->machine->cpus[cpu].online || !zone->per_cpu_pageset)
			continue;
		pcp = &zone->per_cpu_pageset[cpu];
		fprintf(out,
			"\n    cpu: %d\n              count: %d\n              high:  %d"
			"\n              batch: %d\n  vm stats threshold: %d",
			cpu, pcp->count, pcp->high, pcp->batch, rig_zone_stat_threshold(zone, cpu));
	}
}

static void show_zone(const struct rig_machine *machine, const struct zone *zone, FILE *out)
{
	fprintf(out, "Node %d, zone %8s", zone->node, zone->name);
	if (is_first_populated(zone)) {
		fputs("\n  per-node stats", out);
		for (size_t i = 0; i < ARRAY_SIZE(node_stat_names); i++)
			fprintf(out, "\n      %-12s %lu", node_stat_names[i],
				node_stat(machine, zone->node, node_stat_names[i]));
	}
	fprintf(out,
		"\n  pages free     %lu\n        boost    %lu\n        min      %lu"
		"\n        low      %lu\n        high     %lu\n        spanned  %lu"
		"\n        present  %lu\n        managed  %lu\n        cma      %lu",
		zone_page_state(zone, NR_FREE_PAGES), zone->watermark_boost, min_wmark_pages(zone),
		low_wmark_pages(zone), high_wmark_pages(zone), zone->spanned_pages,
		zone->present_pages, zone_managed_pages(zone), zone->cma_pages);
	fprintf(out, "\n        protection: (%ld", zone->lowmem_reserve[0]);
	for (int type = 1; type < MAX_NR_ZONES; type++)
		if (proc_has_zone(machine, type))
			fprintf(out, ", %ld", zone->lowmem_reserve[type]);
	fputc(')', out);
	if (!populated_zone(zone)) {
		fputc('\n', out);
		return;
	}
	for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		fprintf(out, "\n      %-12s %lu", zone_stat_names[i], zone_page_state(zone, i));
	for (size_t i = 0; shows_numa(machine) && i < ARRAY_SIZE(numa_names); i++)
		fprintf(out, "\n      %-12s %lu", numa_names[i].name,
			numa_names[i].counted ? rig_zone_events(zone, numa_names[i].event) : 0);
	show_pagesets(zone, out);
	fprintf(out, "\n  node_unreclaimable:  %d\n  start_pfn:           %lu\n",
		zone->zone_pgdat->kswapd_failures >= 16, zone->zone_start_pfn);
}

void proc_zoneinfo(struct rig_machine *machine, FILE *out)
{
	for_each_proc_zone(machine, nid, type, zone) show_zone(machine, zone, out);
}

static unsigned long sum_events(struct rig_machine *machine, enum rig_zone_event event, int only)
{
	unsigned long sum = 0;

	for_each_proc_zone(machine, nid, type, zone) if (only < 0 || type == only) sum +=
		rig_zone_events(zone, event);
	return sum;
}

/* "pgalloc_dma32" and the like: the zone type behind the name's @prefix; -1: another name. */
static int zone_of_name(const char *name, const char *prefix)
{
	static const char *const suffixes[MAX_NR_ZONES] = { "dma", "dma32", "normal", "high",
							    "movable" };
	size_t length = strlen(prefix);

	if (strncmp(name, prefix, length))
		return -1;
	for (int type = 0; type < MAX_NR_ZONES; type++)
		if (!strcmp(name + length, suffixes[type]))
			return type;
	return -1;
}

static unsigned long reclaim_value(const struct rig_machine *machine, const char *name)
{
	struct rig_reclaim_counters c;

	rig_reclaim_counters(machine, &c);
	const struct {
		const char *name;
		unsigned long value;
	} known[] = {
		{ "pgsteal_kswapd", c.steal_kswapd },
		{ "pgsteal_direct", c.steal_direct },
		{ "pgscan_kswapd", c.scan_kswapd },
		{ "pgscan_direct", c.scan_direct },
		{ "pgscan_file", c.scan_kswapd + c.scan_direct },
		{ "pgsteal_file", c.steal_kswapd + c.steal_direct },
		{ "slabs_scanned", c.slabs_scanned },
		{ "pageoutrun", c.kswapd_runs },
		{ "oom_kill", c.oom_kills },
		{ "compact_stall", c.compact_stall },
		{ "compact_fail", c.compact_fail },
		{ "compact_success", c.compact_success },
		{ "compact_isolated", c.compact_isolated },
		{ "compact_migrate_scanned", c.compact_migrate_scanned },
		{ "compact_free_scanned", c.compact_free_scanned },
		{ "compact_daemon_wake", c.compact_daemon_wake },
		{ "compact_daemon_migrate_scanned", c.compact_daemon_migrate_scanned },
		{ "compact_daemon_free_scanned", c.compact_daemon_free_scanned },
		{ "pgmigrate_success", c.pgmigrate_success },
		{ "pgmigrate_fail", c.pgmigrate_fail },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i].name))
			return known[i].value;
	return 0;
}

static unsigned long event_value(struct rig_machine *machine, const char *name)
{
	int type = zone_of_name(name, "pgalloc_");

	if (type >= 0)
		return sum_events(machine, RIG_ZONE_PGALLOC, type);
	type = zone_of_name(name, "allocstall_");
	if (type >= 0)
		return sum_events(machine, RIG_ZONE_ALLOCSTALL, type);
	if (!strcmp(name, "pgfree"))
		return sum_events(machine, RIG_ZONE_PGFREE, -1);
	return reclaim_value(machine, name);
}

void proc_vmstat(struct rig_machine *machine, FILE *out)
{
	for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		fprintf(out, "%s %lu\n", zone_stat_names[i], proc_zone_sum(machine, i));
	for (size_t i = 0; shows_numa(machine) && i < ARRAY_SIZE(numa_names); i++)
		fprintf(out, "%s %lu\n", numa_names[i].name,
			numa_names[i].counted ? sum_events(machine, numa_names[i].event, -1) : 0);
	for (size_t i = 0; i < ARRAY_SIZE(node_stat_names); i++)
		fprintf(out, "%s %lu\n", node_stat_names[i],
			node_stat(machine, -1, node_stat_names[i]));
	for (size_t i = 0; i < ARRAY_SIZE(vmstat_event_names); i++)
		if (!vmstat_event_names[i].huge || machine->huge_pages)
			fprintf(out, "%s %lu\n", vmstat_event_names[i].name,
				event_value(machine, vmstat_event_names[i].name));
}

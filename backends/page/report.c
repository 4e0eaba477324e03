// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's log says when memory can't be had: the request, and Mem-Info, in the kernel's
 * wording. At most one report in ten seconds of the machine's clock, as there.
 */
#include <stdio.h>
#include <string.h>

#include <kmemrig/gfp_table.h>
#include <linux/gfp.h>

#include "internal.h"

#define REPORT_INTERVAL_NS 10000000000ULL

#define K(pages) ((pages) << (PAGE_SHIFT - 10))

static unsigned long zone_sum(const struct rig_machine *machine, enum zone_stat_item item)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone(machine, zone) sum += zone_page_state(zone, item);
	return sum;
}

static unsigned long zone_pcp(const struct zone *zone)
{
	unsigned long pages = 0;

	for (int cpu = 0; cpu < zone->machine->nr_cpus; cpu++)
		pages += (unsigned long)READ_ONCE(zone->per_cpu_pageset[cpu].count);
	return pages;
}

static void show_totals(struct rig_machine *machine)
{
	unsigned long pcp = 0;
	struct zone *zone;

	for_each_populated_zone(machine, zone) pcp += zone_pcp(zone);
	rig_log(machine, "active_anon:0 inactive_anon:0 isolated_anon:0");
	rig_log(machine, " active_file:%lu inactive_file:%lu isolated_file:0",
		zone_sum(machine, NR_ZONE_ACTIVE_FILE), zone_sum(machine, NR_ZONE_INACTIVE_FILE));
	rig_log(machine, " unevictable:0 dirty:0 writeback:0");
	rig_log(machine, " slab_reclaimable:0 slab_unreclaimable:0");
	rig_log(machine, " mapped:0 shmem:0 pagetables:0");
	rig_log(machine, " sec_pagetables:0 bounce:0");
	rig_log(machine, " kernel_misc_reclaimable:0");
	rig_log(machine, " free:%lu free_pcp:%lu free_cma:%lu", zone_sum(machine, NR_FREE_PAGES),
		pcp, zone_sum(machine, NR_FREE_CMA_PAGES));
}

static void show_node(struct rig_machine *machine, const struct pglist_data *node)
{
	unsigned long file = 0;

	for (int type = 0; type < MAX_NR_ZONES; type++)
		file += zone_page_state(&node->node_zones[type], NR_ZONE_INACTIVE_FILE);
	rig_log(machine,
		"Node %d active_anon:0kB inactive_anon:0kB active_file:0kB inactive_file:%lukB "
		"unevictable:0kB isolated(anon):0kB isolated(file):0kB mapped:0kB dirty:0kB "
		"writeback:0kB shmem:0kB writeback_tmp:0kB kernel_stack:0kB pagetables:0kB "
		"sec_pagetables:0kB all_unreclaimable? %s",
		node->node_id, K(file),
		node->kswapd_failures >= MAX_RECLAIM_RETRIES ? "yes" : "no");
}

static void show_zone(struct rig_cpu *cpu, const struct zone *zone)
{
	char reserve[MAX_NR_ZONES * 21] = "";
	size_t used = 0;

	rig_log(cpu->machine,
		"Node %d %s free:%lukB boost:%lukB min:%lukB low:%lukB high:%lukB "
		"reserved_highatomic:%luKB active_anon:0kB inactive_anon:0kB active_file:%lukB "
		"inactive_file:%lukB unevictable:0kB writepending:0kB present:%lukB managed:%lukB "
		"mlocked:0kB bounce:0kB free_pcp:%lukB local_pcp:%ukB free_cma:%lukB",
		zone->node, zone->name, K(zone_page_state(zone, NR_FREE_PAGES)),
		K(zone->watermark_boost), K(min_wmark_pages(zone)), K(low_wmark_pages(zone)),
		K(high_wmark_pages(zone)), K(zone->nr_reserved_highatomic),
		K(zone_page_state(zone, NR_ZONE_ACTIVE_FILE)),
		K(zone_page_state(zone, NR_ZONE_INACTIVE_FILE)), K(zone->present_pages),
		K(zone_managed_pages(zone)), K(zone_pcp(zone)),
		K((unsigned int)zone->per_cpu_pageset[cpu->id].count),
		K(zone_page_state(zone, NR_FREE_CMA_PAGES)));
	for (int type = 0; type < MAX_NR_ZONES; type++)
		used += (size_t)snprintf(reserve + used, sizeof(reserve) - used, " %ld",
					 zone->lowmem_reserve[type]);
	rig_log(cpu->machine, "lowmem_reserve[]:%s", reserve);
}

/* "3*4kB (UM) 0*8kB ... = 12kB" */
static void show_blocks(struct rig_machine *machine, const struct zone *zone)
{
	static const char types[MIGRATE_TYPES + 1] = "UMEHCI";
	unsigned long total = 0;
	char line[512];
	size_t used = 0;

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free_area[order];
		char kinds[MIGRATE_TYPES + 1];
		int nr = 0;

		total += area->nr_free << order;
		for (int mt = 0; mt < MIGRATE_TYPES; mt++)
			if (!free_area_empty(area, mt))
				kinds[nr++] = types[mt];
		kinds[nr] = '\0';
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%lu*%lukB %s%s%s",
					 area->nr_free, K(1UL) << order, nr ? "(" : "", kinds,
					 nr ? ") " : "");
	}
	rig_log(machine, "Node %d %s: %s= %lukB", zone->node, zone->name, line, K(total));
}

static void show_ram(struct rig_machine *machine)
{
	unsigned long total = 0, managed = 0, high = 0;
	struct zone *zone;

	for_each_populated_zone(machine, zone)
	{
		total += zone->present_pages;
		managed += zone_managed_pages(zone);
		if (zone_idx(zone) == ZONE_HIGHMEM || zone_idx(zone) == ZONE_MOVABLE)
			high += zone->present_pages;
	}
	rig_log(machine, "%lu total pagecache pages", machine->page_front->nr_lru);
	rig_log(machine, "%lu pages RAM", total);
	rig_log(machine, "%lu pages HighMem/MovableOnly", high);
	rig_log(machine, "%lu pages reserved", total - managed);
}

/* Mem-Info, up to the zones that the request could use. */
static void show_mem(struct rig_cpu *cpu, enum zone_type highest_zoneidx)
{
	struct rig_machine *machine = cpu->machine;
	struct zone *zone;

	rig_log(machine, "Mem-Info:");
	show_totals(machine);
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid])
			show_node(machine, machine->nodes[nid]);
	for_each_populated_zone(machine, zone) if (zone_idx(zone) <= highest_zoneidx)
		show_zone(cpu, zone);
	for_each_populated_zone(machine, zone) if (zone_idx(zone) <= highest_zoneidx)
		show_blocks(machine, zone);
	show_ram(machine);
}

/* "0-1,3", as %*pbl prints a mask; "(null)" for none. */
static void nodemask_name(const struct rig_machine *machine, const unsigned long *nodemask,
			  char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "%s", nodemask ? "" : "(null)");
	for (int nid = 0; nodemask && nid < machine->nr_nodes; nid++) {
		int last = nid;

		if (!(nodemask[nid / BITS_PER_LONG] >> (nid % BITS_PER_LONG) & 1))
			continue;
		while (last + 1 < machine->nr_nodes &&
		       (nodemask[(last + 1) / BITS_PER_LONG] >> ((last + 1) % BITS_PER_LONG) & 1))
			last++;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used,
						 last > nid ? "%s%d-%d" : "%s%d", used ? "," : "",
						 nid, last);
		nid = last;
	}
}

static bool may_report(struct rig_machine *machine)
{
	struct rig_page_front *front = machine->page_front;

	if (front->reported && machine->clock_ns < front->reported_ns + REPORT_INTERVAL_NS)
		return false;
	front->reported = true;
	front->reported_ns = machine->clock_ns;
	return true;
}

static bool has_managed_dma(const struct rig_machine *machine)
{
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid] && managed_zone(&machine->nodes[nid]->node_zones[ZONE_DMA]))
			return true;
	return false;
}

void warn_alloc(struct rig_cpu *cpu, gfp_t gfp, const unsigned long *nodemask, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	char flags[RIG_GFP_TEXT_SIZE], nodes[64], allowed[16] = "0";

	if ((gfp & __GFP_NOWARN) || ((gfp & __GFP_DMA) && !has_managed_dma(machine)) ||
	    !may_report(machine))
		return;
	rig_gfp_format(rig_gfp_table(NULL), gfp, flags, sizeof(flags));
	nodemask_name(machine, nodemask, nodes, sizeof(nodes));
	if (machine->nr_nodes > 1)
		snprintf(allowed, sizeof(allowed), "0-%d", machine->nr_nodes - 1);
	rig_log(machine,
		"%s: page allocation failure: order:%u, mode:%#x(%s), "
		"nodemask=%s,cpuset=/,mems_allowed=%s",
		cpu->task->comm, order, gfp, flags, nodes, allowed);
	rig_log(machine, "CPU: %d PID: %d Comm: %s Not tainted 6.1.192 #1", cpu->id, cpu->task->pid,
		cpu->task->comm);
	show_mem(cpu, gfp_zone(gfp));
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share: the writers of /proc files. */
#ifndef RIG_PROC_PRIVATE_H
#define RIG_PROC_PRIVATE_H

#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/page.h>
#include <kmemrig/proc.h>
#include <linux/kernel.h>

/* In kernels without highmem its zone is not there; nor are CMA and isolated pageblocks. */
bool proc_has_zone(const struct rig_machine *machine, int type);
bool proc_has_migratetype(const struct rig_machine *machine, int migratetype);

unsigned long proc_zone_sum(const struct rig_machine *machine, enum zone_stat_item item);
unsigned long proc_slab_pages(const struct rig_machine *machine, int nid, bool reclaimable);

#define for_each_proc_zone(machine, nid, type, zone)                                               \
	for (int nid = 0; nid < (machine)->nr_nodes; nid++)                                        \
		for (int type = 0; (machine)->nodes[nid] && type < MAX_NR_ZONES; type++)           \
			for (struct zone *zone = &(machine)->nodes[nid]->node_zones[type]; zone;   \
			     zone = NULL)                                                          \
				if (proc_has_zone(machine, type))

void proc_buddyinfo(struct rig_machine *machine, FILE *out);
void proc_pagetypeinfo(struct rig_machine *machine, FILE *out);
void proc_zoneinfo(struct rig_machine *machine, FILE *out);
void proc_vmstat(struct rig_machine *machine, FILE *out);
void proc_meminfo(struct rig_machine *machine, FILE *out);

#endif

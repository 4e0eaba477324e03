/* SPDX-License-Identifier: GPL-2.0-only */
/* Boot: where zones lie. */
#ifndef RIG_ZONES_H
#define RIG_ZONES_H

#include <errno.h>

#include <kmemrig/machine.h>
#include <linux/kernel.h>

/* Decided once for the machine; page frames. */
struct zone_plan {
	unsigned long lowest[MAX_NR_ZONES];  /* of each type but MOVABLE */
	unsigned long highest[MAX_NR_ZONES]; /* one above */
	unsigned long movable[MAX_NUMNODES]; /* where ZONE_MOVABLE starts; 0: the node has none */
	enum zone_type movable_zone;	     /* whose memory ZONE_MOVABLE takes */
	bool mirrored;			     /* kernelcore=mirror */
};

/* What the command line wants for the kernel and for movable pages; 0: nothing was said. */
struct core_request {
	unsigned long kernelcore_pages, movablecore_pages;
	unsigned long kernelcore_percent, movablecore_percent;
};

void rig_zone_limits(const struct rig_machine *machine, bool has_highmem, struct zone_plan *plan);

/* First page frame of a node's memory and one above the last; 0 and 0: it has none. */
void rig_node_range(struct rig_machine *machine, int nid, unsigned long *start_pfn,
		    unsigned long *end_pfn);

/* Fills plan->movable and ->movable_zone; the other fields are set. */
void rig_find_movable(struct rig_machine *machine, const struct core_request *request,
		      struct zone_plan *plan);

/* Makes machine->nodes[nid] and its zones. -ENOMEM. */
int rig_node_init(struct rig_machine *machine, int nid, const struct zone_plan *plan);

#endif

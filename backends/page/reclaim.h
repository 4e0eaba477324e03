/* SPDX-License-Identifier: GPL-2.0-only */
/* What direct reclaim (reclaim.c) and kswapd (kswapd.c) share. */
#ifndef RIG_PAGE_RECLAIM_H
#define RIG_PAGE_RECLAIM_H

#include "internal.h"

#define DEF_PRIORITY 12

struct scan_control {
	struct rig_cpu *cpu;
	gfp_t gfp;
	unsigned long nr_to_reclaim;
	unsigned long nr_reclaimed;
	enum zone_type reclaim_idx;
	const unsigned long *nodemask;
	int nid; /* kswapd: its node; NUMA_NO_NODE: all that nodemask has */
	bool kswapd;
	bool no_writes; /* dirty pages stay */
};

/* Takes pages off the LRU until nr_to_reclaim; returns the pages looked at. */
unsigned long shrink_lru(struct scan_control *sc);
void shrink_slab(struct scan_control *sc, int priority);

#endif

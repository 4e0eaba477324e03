/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why can't a request for pages be served? The watermark checks' own answer for each zone that the
 * request may use, with the numbers that it comes from: what a person works out by hand from the
 * Mem-Info of a "page allocation failure".
 */
#ifndef KMEMRIG_EXPLAIN_H
#define KMEMRIG_EXPLAIN_H

#include <kmemrig/machine.h>
#include <linux/gfp_types.h>
#include <linux/mmzone.h>

/* In the order in which the kernel asks. */
enum rig_zone_refusal {
	RIG_ZONE_SERVES,     /* it would be served now */
	RIG_ZONE_LOW,	     /* too little is free above the watermark, for a single page too */
	RIG_ZONE_FRAGMENTED, /* enough is free, but in no block that is large enough */
	RIG_ZONE_RESERVED,   /* such blocks are there, but kept for high-order atomic requests */
};

/* Words for it: "below its watermark". A static string. */
const char *rig_zone_refusal_text(enum rig_zone_refusal refusal);

/*
 * All in pages. The rule: free_pages - unusable - (2^order - 1) must be more than watermark +
 * lowmem_reserve.
 */
struct rig_zone_answer {
	const struct zone *zone;
	enum rig_zone_refusal refusal;
	long free_pages;     /* the zone's counter */
	long unusable;	     /* of these: kept for high-order atomic requests, or CMA */
	long watermark;	     /* min, less what the request's rights take off */
	long lowmem_reserve; /* of the zone against requests that could go to higher ones */
	int largest_order;   /* of its free blocks that the request may have; -1: none */
	unsigned long nr_free[MAX_ORDER]; /* free blocks by order, of all kinds */
};

/*
 * What each zone, in the order of the request's zonelist, says to the slow path's last attempt
 * (__alloc_pages_slowpath: min watermark, the request's rights to reserves). Fills up to @max
 * answers, returns how many. @nid: as for rig_alloc_pages(). Changes nothing, takes no lock: the
 * machine's CPUs are at rest, or it is called from a sink on the allocation's own event. The
 * machine's page backend must be the buddy allocator; with another: 0.
 */
int rig_page_explain(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid,
		     struct rig_zone_answer *answers, int max);

#endif

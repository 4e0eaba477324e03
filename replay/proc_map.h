/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A map of a machine's page frames, drawn from /proc files (proc_files.h) and the trace that begins
 * where they were copied: which are free, which are on a CPU's list, and the pageblocks' types.
 */
#ifndef RIG_PROC_MAP_H
#define RIG_PROC_MAP_H

#include "proc_files.h"
#include "trace_log.h"

enum place {
	PLACE_UNKNOWN,
	PLACE_USED,
	PLACE_FREE,
	PLACE_PCP,
	PLACE_BLOCK, /* free: of a block that was placed there, while blocks are being placed */
};

#define PAGE_NEVER_SEEN (~0u)

/* Of a pageblock: how much speaks for each type. */
struct votes {
	unsigned int of[MIGRATE_PCPTYPES];
	u8 type; /* that was chosen */
};

/* A block on a CPU's list, in the order in which the trace takes them. */
struct pcp_page {
	unsigned long pfn;
	int cpu;
	unsigned int index;
	unsigned int order;
};

struct proc_map {
	struct proc_files files;
	const struct rig_trace_log *log;
	unsigned long nr_pages;
	unsigned int block_order;
	u8 *place; /* enum place, by page frame */
	u32 *seen; /* one more than the trace's event that names the page first; 0: none */
	struct votes *votes;
	size_t nr_votes;
	struct pcp_page *pcp_pages;
	size_t nr_pcp_pages;
};

/*
 * Draws it. @log may be NULL. False: @error (RIG_STATE_ERROR bytes). The map is to be freed in both
 * cases.
 */
bool proc_map_draw(struct proc_map *map, const char *folder, const struct rig_trace_log *log,
		   char *error);
void proc_map_free(struct proc_map *map);

/* The first free page in [pfn, end); @end: none. */
unsigned long proc_map_next_free(const struct proc_map *map, unsigned long pfn, unsigned long end);

/* The order of the block that begins at free page @pfn, when no block reaches beyond @end. */
unsigned int proc_map_order_at(const struct proc_map *map, unsigned long pfn, unsigned long end);

/* Ends the program where host memory ends: what is small is not expected to fail. */
void *proc_must(void *memory);

#endif

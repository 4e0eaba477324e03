/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a running kernel tells of its page allocator without any tool: a folder with copies of
 *
 *	/proc/zoneinfo		zones, watermarks, sizes of the per-CPU lists (needed)
 *	/proc/pagetypeinfo	free blocks by order and migratetype, pageblocks by type (root only)
 *	/proc/buddyinfo		free blocks by order, where there is no pagetypeinfo
 *	/proc/kpageflags	which page frames are free, and what the others are for (root only)
 *
 * each under its own name, plain, .xz or .zst.
 */
#ifndef RIG_PROC_FILES_H
#define RIG_PROC_FILES_H

#include <kmemrig/machine.h>
#include <kmemrig/state.h>

/* Bits of /proc/kpageflags: include/uapi/linux/kernel-page-flags.h. */
#define KPF_LRU 5
#define KPF_SLAB 7
#define KPF_BUDDY 10
#define KPF_ANON 12
#define KPF_NOPAGE 20
#define KPF_PGTABLE 26

struct proc_pcp {
	int count, high, batch; /* pages */
};

struct proc_zone {
	struct rig_state_zone record;
	struct proc_pcp pcps[RIG_NR_CPUS];
	int nr_pcps;
	/* free blocks; without pagetypeinfo all are of MIGRATE_MOVABLE */
	unsigned long free_blocks[MIGRATE_TYPES][MAX_ORDER];
	unsigned long pageblocks[MIGRATE_TYPES];
};

struct proc_files {
	struct proc_zone *zones; /* with pages */
	size_t nr_zones;
	unsigned int pageblock_order; /* 0: not said */
	bool have_types;	      /* pagetypeinfo was there */
	u64 *flags;		      /* by page frame; NULL: kpageflags was not there */
	size_t nr_flags;
	void *flags_owner;
};

/* False: @error (RIG_STATE_ERROR bytes), "FOLDER/zoneinfo:17: ...". Free @files in both cases. */
bool proc_files_read(struct proc_files *files, const char *folder, char *error);
void proc_files_free(struct proc_files *files);

#endif

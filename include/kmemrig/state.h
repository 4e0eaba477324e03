/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorded state of a kernel's allocators: text, a record a line. Page frame numbers and lists
 * of them are hexadecimal, all other numbers decimal unless said.
 *
 *	zone Z NAME start_pfn spanned present managed wm_min wm_low wm_high wm_boost highatomic
 *	     lowmem_reserve a,b,.. free node
 *	free Z ORDER MIGRATETYPE pfn...      a free list, head first
 *	pcp Z CPU count high batch free_factor
 *	pcplist Z CPU INDEX pfn...           head first; INDEX = 3 x order + migratetype, 12 and 13
 *	                                     huge pages
 *	pageblocks START order N digits      migratetype of each pageblock from pfn START on
 *	cache NAME size .. object_size .. align .. fp_offset .. inuse .. order .. objects ..
 *	     min_order .. min_objects .. flags(hex) .. min_partial .. cpu_partial ..
 *	     cpu_partial_slabs .. refcount .. allocflags(hex) .. ctor 0|1
 *	cpu_slab NAME CPU pfn inuse objects frozen free i...
 *	cpu_freelist NAME CPU pfn i...       the CPU's free list, head first, as object indexes
 *	cpu_partial NAME CPU pfn inuse objects frozen free i...     a slab a line, head first
 *	node_partial NAME NODE pfn inuse objects frozen free i...
 *	full NAME pfn inuse objects frozen free                     slabs on no list
 *
 * This header reads, writes and compares them, and makes machines of them and them of machines.
 */
#ifndef KMEMRIG_STATE_H
#define KMEMRIG_STATE_H

#include <kmemrig/machine.h>
#include <linux/types.h>
#include <stdio.h>

#define RIG_STATE_ERROR 400

struct rig_state_zone {
	size_t line;	     /* of the file; 0: read from a machine */
	unsigned int number; /* Z of the other records */
	char name[16];
	int node;
	unsigned long start_pfn, spanned, present, managed;
	unsigned long watermark[3], watermark_boost;
	unsigned long highatomic;
	long lowmem_reserve[MAX_NR_ZONES];
	int nr_lowmem_reserve;
	unsigned long free;
};

/* A free list (cpu < 0) or a per-CPU list. */
struct rig_state_list {
	size_t line;
	unsigned int zone; /* index into zones */
	int cpu;
	unsigned int order;	  /* free list */
	unsigned int migratetype; /* free list */
	unsigned int index;	  /* per-CPU list */
	unsigned long *pfns;	  /* head first */
	size_t nr;
};

struct rig_state_pcp {
	size_t line;
	unsigned int zone;
	int cpu;
	int count, high, batch, free_factor;
};

struct rig_state_pageblocks {
	size_t line;
	unsigned long start_pfn;
	unsigned int order;
	u8 *migratetypes; /* one a pageblock */
	size_t nr;
};

struct rig_state_cache {
	size_t line;
	char *name;
	unsigned int size, object_size, align, fp_offset, inuse;
	unsigned int order, objects, min_order, min_objects;
	unsigned int flags, allocflags;
	unsigned int min_partial, cpu_partial, cpu_partial_slabs;
	int refcount;
	bool ctor;
};

enum rig_state_slab_place {
	RIG_STATE_CPU_SLAB,
	RIG_STATE_CPU_FREELIST, /* not a slab: the CPU's own free list of its slab */
	RIG_STATE_CPU_PARTIAL,
	RIG_STATE_NODE_PARTIAL,
	RIG_STATE_FULL,
};

/* Records of one place, cache and CPU (node) stand in the list's order, head first. */
struct rig_state_slab {
	size_t line;
	enum rig_state_slab_place place;
	unsigned int cache; /* index into caches */
	int where;	    /* CPU or node; 0 for full ones */
	unsigned long pfn;
	unsigned int inuse, objects;
	bool frozen;
	u16 *free; /* object indexes, head of the free list first */
	size_t nr_free;
};

struct rig_state {
	char *file;
	unsigned int page_struct_size; /* bytes of struct page in that kernel; 0: not said */
	unsigned int pageblock_order;
	int nr_cpus; /* the highest that a record names, and one */
	int nr_nodes;
	struct rig_state_zone *zones;
	size_t nr_zones;
	struct rig_state_list *lists;
	size_t nr_lists;
	struct rig_state_pcp *pcps;
	size_t nr_pcps;
	struct rig_state_pageblocks *pageblocks;
	size_t nr_pageblocks;
	struct rig_state_cache *caches; /* newest first, as the kernel keeps them */
	size_t nr_caches;
	struct rig_state_slab *slabs;
	size_t nr_slabs;
	u64 added_bytes; /* by rig_state_add_memory() */
	bool from_proc;	 /* made from /proc files: lists are likely, not recorded */
};

/*
 * Reads a state file (.xz and .zst too). NULL: @error (RIG_STATE_ERROR bytes) has one line with
 * file and line number, "before.state:17: ...".
 */
struct rig_state *rig_state_read(const char *path, char *error);

/* The same from text in memory; @name stands for the file in errors. @text is changed. */
struct rig_state *rig_state_parse(const char *name, char *text, size_t size, char *error);

/*
 * A state from a folder with copies of /proc files, which is what one can record on any kernel
 * without a module: zoneinfo (needed), pagetypeinfo or buddyinfo, kpageflags; plain, .xz or .zst.
 * How much of it is known:
 *
 *	sizes, watermarks, free blocks by order and migratetype	as the files say
 *	which pages are free	as kpageflags says; without it places are made up that fit the
 *				counts and the trace
 *	per-CPU lists		from the trace: what is allocated there without having come from a
 *				zone was on the CPU's list
 *	pageblocks' types	as many of each as pagetypeinfo says; which ones from what the
 *				pages are used for
 *	the order of lists	by when the trace uses their pages
 *	slabs			nothing
 *
 * @log: the trace that begins where the files were copied, or NULL. NULL: @error (RIG_STATE_ERROR
 * bytes) with file and line.
 */
struct rig_trace_log;
struct rig_state *rig_state_from_proc(const char *folder, const struct rig_trace_log *log,
				      char *error);

void rig_state_free(struct rig_state *state);

/*
 * Free pages of the state are in use after all: those whose bits are set in @taken, by page frame.
 */
void rig_state_take_pages(struct rig_state *state, const u8 *taken, unsigned long nr_bits);

/*
 * What if that machine had more memory? @bytes (a multiple of 128 MiB, the kernel's unit of memory
 * hotplug) come behind the last zone's end, free. Watermarks and reserves of a machine made from
 * the state are then those that the kernel gives a machine of that size. False: @error.
 */
bool rig_state_add_memory(struct rig_state *state, u64 bytes, char *error);

/* Writes the records in the order of the file format. */
void rig_state_write(const struct rig_state *state, FILE *out);

/*
 * What a machine looks like now: zones, lists, per-CPU lists, pageblocks, and with SLUB the caches
 * and slabs. NULL: no host memory.
 */
struct rig_state *rig_state_of_machine(struct rig_machine *machine);

/*
 * A machine with the zones, CPUs and free lists of the state; @config adds what a state does not
 * say (name, backends, checks; its memory is ignored; NULL: defaults). @objects: the caches and
 * slabs too (needs the slub backend). NULL: @error.
 */
struct rig_machine *rig_state_make_machine(const struct rig_state *state,
					   const struct rig_machine_config *config, bool objects,
					   char *error);

/* A machine with the memory and CPUs of the state that has just booted: nothing else of it. */
struct rig_machine *rig_state_boot_machine(const struct rig_state *state,
					   const struct rig_machine_config *config, char *error);

struct rig_state_difference {
	unsigned long lists;	       /* compared: free lists, per-CPU lists, per-CPU counters */
	unsigned long lists_identical; /* same blocks in the same order */
	unsigned long pageblocks, pageblocks_identical;
	unsigned long slab_lists,
		slab_lists_identical; /* slabs and their free lists, by cache and CPU or node */
};

/*
 * Compares two states of the same machine, list by list; lists empty in both don't count. Where
 * they differ, the first @show lines go to @out (may be NULL).
 */
struct rig_state_difference rig_state_compare(const struct rig_state *expected,
					      const struct rig_state *got, FILE *out,
					      unsigned int show);

#endif

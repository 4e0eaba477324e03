/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The op grammar: bytes to a machine and a stream of ops (kmemrig/op.h). Swarm style: the first
 * bytes choose the machine's shape, its backends, a fault plan, and a random subset of the op
 * kinds with random weights; each later op is a byte that chooses the kind and the bytes of its
 * arguments. Subsets matter: with every kind allowed all the time the frees keep up with the
 * allocations and memory never fills.
 *
 *	byte 0	   nodes - 1 (2 bits), CPUs - 1 (2), pageblock order 9, huge pages, highmem, movable
 *	     1	   size of a node: 4 MiB and up; CMA, gaps in node numbers, unaligned nodes
 *	     2	   slab backend, page backend; leaks watched for, interrupts, check tier
 *	     3	   min_free_kbytes (up to half of memory), or reserved pages that come late
 *	     4	   fault plan
 *	     5	   slots, profile of sizes, command line
 *	     6	   weights
 *	     7-10  which kinds are in
 *	     11-   ops
 *
 * What a target does not want (kinds, backends, nodes) its shape takes away; the layout of the
 * bytes stays, so that one corpus serves them all.
 */
#ifndef RIG_FUZZ_PLAN_H
#define RIG_FUZZ_PLAN_H

#include <kmemrig/machine.h>
#include <kmemrig/op.h>

#include "bytes.h"

#define FUZZ_MAX_NODES 4
#define FUZZ_MAX_CPUS 4
/* Longer inputs are cut: a run has to stay short. */
#define FUZZ_MAX_OPS 4000
#define FUZZ_MAX_SLOTS 256

#define FUZZ_OP(name) (1ULL << RIG_OP_##name)

/* What a target of ops is about. */
struct fuzz_shape {
	const char *name;
	u64 kinds;	     /* FUZZ_OP() of those it may use */
	const char *backend; /* slab backend; NULL: the bytes choose */
	int check_every;     /* ops between checks of the whole machine (tier 2) */
	int max_cpus;
	int max_nodes;
};

/* Defined by each target of ops; absent (weak, NULL) in targets that read files. */
extern const struct fuzz_shape fuzz_shape __attribute__((weak));

struct fuzz_plan {
	struct rig_machine_config config;
	struct rig_ops_config ops_config;
	struct rig_memory_range memory[2 * FUZZ_MAX_NODES + 2];
	struct rig_device_config device;
	int cpu_nid[FUZZ_MAX_CPUS];
	unsigned long cma_start_pfn, cma_nr_pages; /* a CMA area; 0: none */
	unsigned int late_pages;
	bool witness;	       /* of what is left at the end */
	bool interrupts;       /* in between: witness.h */
	char description[200]; /* of the machine, for people */
	u8 kind_table[256];    /* byte -> enum rig_op_kind */
	unsigned int nr_slots;
	u8 used[FUZZ_MAX_SLOTS]; /* what slots are thought to hold: lead_to_slot() */
	unsigned int size_profile;
	struct rig_op prologue[8]; /* the fault plan */
	unsigned int nr_prologue;
	unsigned int next_prologue;
	unsigned int nr_ops; /* decoded so far */
	const struct fuzz_shape *shape;
	struct fuzz_bytes bytes;
};

/* Reads the header. */
void fuzz_plan_init(struct fuzz_plan *plan, const struct fuzz_shape *shape, const u8 *data,
		    size_t size);

/* The next op; false: there is none. */
bool fuzz_plan_next(struct fuzz_plan *plan, struct rig_op *op);

/*
 * All ops of an input, for people and for shrinking. Returns their number; *@ops is the caller's
 * to free. Aborts when the host has no memory.
 */
size_t fuzz_plan_ops(struct fuzz_plan *plan, struct rig_op **ops);

#endif

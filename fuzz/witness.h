/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens beside the ops of a run, by way of the machine's events.
 *
 * Interrupts in between: an allocation of pages may be where an interrupt comes, whose handler
 * allocates and frees as drivers do, from the very cache that is being served.
 *
 * What is left at the end, when all was freed:
 *
 *	shadow.leak_objects	objects that were allocated and not freed
 *	shadow.leak_frames	page frames in use that are no slab's
 *
 * And what an interrupt can see of a bulk allocation that it came into (SLUB):
 *
 *	slub.tid		the CPU's free list changed under the number it had before
 */
#ifndef RIG_FUZZ_WITNESS_H
#define RIG_FUZZ_WITNESS_H

#include <kmemrig/op.h>

struct fuzz_witness;

/*
 * From here on, what is allocated has to be freed. @ops may be NULL where there are no ops, and no
 * interrupts. NULL: out of host memory.
 */
struct fuzz_witness *fuzz_witness_begin(struct rig_machine *machine, struct rig_ops *ops,
					bool interrupts);

void fuzz_witness_before(struct fuzz_witness *witness, const struct rig_op *op);
void fuzz_witness_after(struct fuzz_witness *witness, const struct rig_op *op,
			const struct rig_op_result *result);

/* No interrupts any more; what their handler holds is freed. Before the ops' caches end. */
void fuzz_witness_stop(struct fuzz_witness *witness);

/* All of the ops' is freed. A leak is a finding (fuzz_fail). */
void fuzz_witness_end(struct fuzz_witness *witness);

#endif

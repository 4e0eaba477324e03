// SPDX-License-Identifier: GPL-2.0-only
/* Performs the ops of mappings and pools: kmap, mempools, ioremap and device accesses. */
#include "op_slots.h"

void op_free_mapping(struct rig_ops *ops, struct slot *slot)
{
}

void op_destroy_pools(struct rig_ops *ops)
{
}

enum rig_op_status op_perform_mapping(struct rig_ops *ops, const struct rig_op *op,
				      struct rig_op_result *result)
{
	return RIG_OP_SKIPPED;
}

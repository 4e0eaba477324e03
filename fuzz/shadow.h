/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shadow of objects: what a caller may expect of each address it was given, from nothing but
 * the calls and their answers. It knows no backend.
 *
 *	shadow.overlap		an object lies in another one that is in use
 *	shadow.alignment	an object is not aligned as was asked for
 *	shadow.size		ksize is less than what was asked for
 *	shadow.outside		an object is in no memory of the machine
 */
#ifndef RIG_FUZZ_SHADOW_H
#define RIG_FUZZ_SHADOW_H

#include <kmemrig/op.h>

struct fuzz_shadow;

struct fuzz_shadow *fuzz_shadow_create(struct rig_machine *machine, unsigned int nr_slots);
void fuzz_shadow_destroy(struct fuzz_shadow *shadow);

/* After each op. A difference is a finding (fuzz_fail). */
void fuzz_shadow_after(struct fuzz_shadow *shadow, const struct rig_ops *ops,
		       const struct rig_op *op, const struct rig_op_result *result);

#endif

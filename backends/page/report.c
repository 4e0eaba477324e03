// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's log says when memory can't be had. */
#include "internal.h"

void warn_alloc(struct rig_cpu *cpu, gfp_t gfp, const unsigned long *nodemask, unsigned int order)
{
}

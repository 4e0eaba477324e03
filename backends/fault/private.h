/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share. */
#ifndef RIG_FAULT_PRIVATE_H
#define RIG_FAULT_PRIVATE_H

#include <kmemrig/fault_control.h>
#include <kmemrig/machine.h>

/* The kernel's names of the attributes, by enum rig_fault_kind. */
extern const char *const rig_fault_names[RIG_NR_FAULTS];

/* The code address that asked for the allocation which is being made on this CPU. */
unsigned long rig_fault_call_site(struct rig_cpu *cpu);

/* watch.c: a planned failure of a run under `kmemrig fault` was made. */
void rig_fault_watch_fired(struct rig_cpu *cpu, const char *attribute, u64 nth, size_t size,
			   gfp_t gfp);

#endif

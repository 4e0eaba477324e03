/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU memory as a part of a machine; see percpu.c. */
#ifndef RIG_PERCPU_H
#define RIG_PERCPU_H

struct rig_machine;

int rig_percpu_init(struct rig_machine *machine);
void rig_percpu_fini(struct rig_machine *machine);

#endif

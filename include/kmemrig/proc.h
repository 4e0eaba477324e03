/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc files of a machine, in Linux 6.1's formats. What the rig does not model (page tables,
 * swap, file systems) is there and zero.
 */
#ifndef KMEMRIG_PROC_H
#define KMEMRIG_PROC_H

#include <kmemrig/machine.h>
#include <stdio.h>

/*
 * Writes buddyinfo, pagetypeinfo, zoneinfo, vmstat, meminfo, slabinfo, vmallocinfo or iomem.
 * False: there is no file of that name.
 */
bool rig_proc_write(struct rig_machine *machine, const char *name, FILE *out);

/* Names of the files, in no special order; ends with NULL. */
extern const char *const rig_proc_names[];

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine of these tests: 64 MiB of memory and an edu-like device at EDU_BASE on line EDU_IRQ.
 */
#ifndef TEST_IOREMAP_MACHINE_H
#define TEST_IOREMAP_MACHINE_H

#include <kmemrig/device.h>
#include <kmemrig/machine.h>

#define EDU_BASE 0xfea00000UL
#define EDU_IRQ 11

/* NULL: a line on stderr says why. The thread drives CPU 0 then; misuse is counted. */
struct rig_machine *edu_machine_create(int nr_cpus);

#endif

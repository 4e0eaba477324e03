// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of a machine, in the order in which they start: the order of dependence, lowest first.
 */
#include <kmemrig/device.h>
#include <kmemrig/drivers.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/highmem.h>
#include <kmemrig/irq.h>
#include <kmemrig/kmem.h>
#include <kmemrig/vmalloc.h>

#include "parts.h"
#include "percpu.h"

const struct rig_part rig_parts[] = {
	{ "irq", rig_irq_init, rig_irq_fini, NULL },
	{ "highmem", rig_highmem_init, rig_highmem_fini, rig_highmem_check },
	{ "fault", rig_fault_init, rig_fault_fini, NULL },
	{ "kmem", rig_kmem_init, rig_kmem_fini, rig_kmem_check },
	{ "devices", rig_devices_init, rig_devices_fini, NULL },
	{ "vmalloc", rig_vmalloc_init, rig_vmalloc_fini, rig_vmalloc_check },
	{ "percpu", rig_percpu_init, rig_percpu_fini, NULL },
	{ "drivers", rig_drivers_init, rig_drivers_fini, NULL },
	{ "ioremap", rig_ioremap_init, rig_ioremap_fini, NULL },
	{ NULL, NULL, NULL, NULL },
};

const size_t rig_nr_parts = ARRAY_SIZE(rig_parts) - 1;

bool rig_machine_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	verdict->name = NULL;
	if (tier >= 2 && !rig_boot_check(machine, verdict))
		return false;
	if (machine->page && machine->page->check && !machine->page->check(machine, tier, verdict))
		return false;
	for (size_t i = 0; i < rig_nr_parts; i++)
		if (rig_parts[i].check && !rig_parts[i].check(machine, tier, verdict))
			return false;
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of a machine, in the order in which they start: the order of dependence, lowest first.
 */
#include "parts.h"

const struct rig_part rig_parts[] = {
	{ NULL, NULL, NULL, NULL },
};

const size_t rig_nr_parts = ARRAY_SIZE(rig_parts) - 1;

bool rig_machine_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	verdict->name = NULL;
	if (machine->page && machine->page->check && !machine->page->check(machine, tier, verdict))
		return false;
	for (size_t i = 0; i < rig_nr_parts; i++)
		if (rig_parts[i].check && !rig_parts[i].check(machine, tier, verdict))
			return false;
	return true;
}

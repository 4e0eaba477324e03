// SPDX-License-Identifier: GPL-2.0-only
/* See machine.h. */
#include "machine.h"

#include <stdio.h>

#include <kmemrig/check.h>
#include <linux/sizes.h>

struct rig_machine *edu_machine_create(int nr_cpus)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 63 * SZ_1M } };
	static const struct rig_device_config devices[] = {
		{ .model = RIG_EDU_MODEL, .base = EDU_BASE, .size = RIG_EDU_SIZE, .irq = EDU_IRQ },
	};
	struct rig_machine_config config = { .name = "edu",
					     .memory = memory,
					     .nr_memory = 1,
					     .devices = devices,
					     .nr_devices = 1,
					     .nr_cpus = nr_cpus,
					     .check_tier = 1 };
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));

	if (!machine) {
		fprintf(stderr, "%s\n", error);
		return NULL;
	}
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print_limit = 1;
	rig_cpu_enter(&machine->cpus[0]);
	return machine;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the module that it is linked with: module [BACKEND [COMMAND LINE]]. Exit 0: the module's
 * init function returned 0; afterwards every invariant of the machine holds.
 */
#include <stdio.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <linux/module.h>

int main(int argc, char **argv)
{
	struct rig_memory_range memory = { .size = 256UL << 20 };
	struct rig_machine_config config = {
		.memory = &memory,
		.nr_memory = 1,
		.slab_backend = argc > 1 ? argv[1] : NULL,
		.command_line = argc > 2 ? argv[2] : NULL,
	};
	struct rig_verdict verdict = { .name = NULL };
	char error[200];
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));
	int code;

	if (!machine) {
		fprintf(stderr, "module: %s\n", error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	code = init_module();
	if (!rig_machine_check(machine, 2, &verdict)) {
		fprintf(stderr, "module: %s: %s\n", verdict.name, verdict.detail);
		code = -1;
	}
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	return code ? 1 : 0;
}

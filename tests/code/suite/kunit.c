// SPDX-License-Identifier: GPL-2.0-only
/* Runs the KUnit suites that it is linked with: PROGRAM [BACKEND]. Exit 0: all cases passed. */
#include <stdio.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <kunit/test.h>

int main(int argc, char **argv)
{
	struct rig_memory_range memory = { .size = 64UL << 20 };
	struct rig_machine_config config = {
		.memory = &memory,
		.nr_memory = 1,
		.slab_backend = argc > 1 ? argv[1] : NULL,
	};
	struct rig_verdict verdict = { .name = NULL };
	char error[200];
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));
	int failed = 0;

	if (!machine) {
		fprintf(stderr, "kunit: %s\n", error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	for (struct kunit_suite **suite = kunit_suites_of_module(); *suite; suite++)
		failed += kunit_run_suite(*suite, NULL, NULL);
	if (!rig_machine_check(machine, 2, &verdict)) {
		fprintf(stderr, "kunit: %s: %s\n", verdict.name, verdict.detail);
		failed++;
	}
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	return failed ? 1 : 0;
}

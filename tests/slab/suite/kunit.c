// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the KUnit suite that it is linked with on a machine with SLUB. Reports of SLUB are counted
 * in the test's resource "slab_errors", as in a kernel built with KUnit. Exit 0: all cases passed.
 */
#include <stdio.h>

#include <kmemrig/machine.h>
#include <kmemrig/slub.h>
#include <kunit/test.h>

static void count_errors(struct kunit *test)
{
	struct kunit_resource *resource = kunit_find_named_resource(test, "slab_errors");

	rig_slub_count_errors(rig_this_cpu()->machine, resource ? resource->data : NULL);
}

static void report_errors(struct kunit *test)
{
	rig_slub_count_errors(rig_this_cpu()->machine, NULL);
}

int main(void)
{
	struct rig_memory_range memory = { .size = 64UL << 20 };
	struct rig_machine_config config = { .memory = &memory, .nr_memory = 1 };
	char error[200];
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));
	int failed;

	if (!machine) {
		fprintf(stderr, "kunit: %s\n", error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	failed = 0;
	for (struct kunit_suite **suite = kunit_suites_of_module(); *suite; suite++)
		failed += kunit_run_suite(*suite, count_errors, report_errors);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	return failed ? 1 : 0;
}

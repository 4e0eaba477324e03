// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the KUnit suite that it is linked with on a machine with SLUB. Reports of SLUB are counted
 * in the test's resource "slab_errors", as in a kernel built with KUnit. Exit 0: all cases passed.
 */
#include <stdio.h>
#include <string.h>

#include <kmemrig/machine.h>
#include <kmemrig/slub.h>
#include <kunit/test.h>

struct kunit_resource *kunit_find_named_resource(struct kunit *test, const char *name)
{
	struct kunit_resource *resource = test->resources;

	while (resource && strcmp(resource->name, name) != 0)
		resource = resource->next;
	return resource;
}

void kunit_fail(struct kunit *test, const char *file, int line, const char *text, long long left,
		long long right)
{
	test->failed = true;
	printf("    # %s: EXPECTATION FAILED at %s:%d\n    Expected %s, but left is %lld, right %lld\n",
	       test->name, file, line, text, left, right);
}

static void free_resources(struct kunit *test)
{
	for (struct kunit_resource *resource = test->resources; resource; resource = resource->next)
		if (resource->free)
			resource->free(resource);
}

int kunit_run_suite(struct kunit_suite *suite, void (*before)(struct kunit *test),
		    void (*after)(struct kunit *test))
{
	int number = 0, failed = 0;

	printf("KTAP version 1\n# Subtest: %s\n", suite->name);
	for (struct kunit_case *test_case = suite->test_cases; test_case->run_case; test_case++) {
		struct kunit test = { .name = test_case->name };

		test.failed = suite->init && suite->init(&test);
		if (before)
			before(&test);
		if (!test.failed)
			test_case->run_case(&test);
		if (after)
			after(&test);
		if (suite->exit)
			suite->exit(&test);
		free_resources(&test);
		failed += test.failed;
		printf("%s %d - %s\n", test.failed ? "not ok" : "ok", ++number, test.name);
	}
	printf("1..%d\n", number);
	return failed;
}

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
	failed = kunit_run_suite(kunit_suite_of_module(), count_errors, report_errors);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	return failed ? 1 : 0;
}

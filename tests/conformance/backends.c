// SPDX-License-Identifier: GPL-2.0-only
/* Running tests on every slab backend: machines, failures seen, names. */
#include "backends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/page.h>
#include <linux/kernel.h>

#define MAX_TESTS 256
#define PLUGIN "plugin_example.so"

const char *conformance_folder(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(length > 0);
	path[length] = '\0';
	*strrchr(path, '/') = '\0';
	return path;
}

static void saw_failure(struct rig_machine *machine, const char *check, const char *text,
			void *data)
{
	struct conformance *test = data;

	snprintf(test->check, sizeof(test->check), "%s", check);
	test->failures++;
}

static void print_nothing(struct rig_machine *machine, const char *line, void *data)
{
	if (getenv("VERBOSE"))
		fprintf(stderr, "%s\n", line);
}

static struct rig_machine *make_machine(const struct conformance *test, char *error, size_t size)
{
	struct rig_memory_range memory = { .base = 0, .size = test->memory };
	struct rig_machine_config config = {
		.name = "conformance",
		.memory = &memory,
		.nr_memory = 1,
		.nr_cpus = test->nr_cpus,
		.slab_backend = test->backend,
	};

	return rig_machine_create(&config, error, size);
}

static bool can_start(const struct conformance *test)
{
	char error[300];
	struct rig_machine *machine = make_machine(test, error, sizeof(error));

	rig_machine_destroy(machine);
	return machine;
}

void conformance_start(struct conformance *test)
{
	char error[300] = "";

	test->machine = make_machine(test, error, sizeof(error));
	if (!test->machine)
		fail_msg("%s", error);
	test->cpu = &test->machine->cpus[0];
	rig_cpu_enter(test->cpu);
	test->machine->check->on_failure = RIG_FAILURE_COUNT;
	test->machine->check->hook = saw_failure;
	test->machine->check->hook_data = test;
	test->machine->check->print = print_nothing;
	test->failures = 0;
	test->check[0] = '\0';
}

void conformance_check(const struct conformance *test)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(test->machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

void conformance_end(struct conformance *test)
{
	if (!test->machine)
		return;
	conformance_check(test);
	rig_cpu_enter(NULL);
	rig_machine_destroy(test->machine);
	test->machine = NULL;
}

unsigned long conformance_free_pages(struct conformance *test)
{
	unsigned long pages = 0;

	rig_drain_all_pages(test->cpu, NULL);
	for (int nid = 0; nid < test->machine->nr_nodes; nid++)
		for (int type = 0; test->machine->nodes[nid] && type < MAX_NR_ZONES; type++)
			pages += zone_page_state(rig_machine_zone(test->machine, nid, type),
						 NR_FREE_PAGES);
	return pages;
}

unsigned int conformance_random(unsigned long *state)
{
	*state = *state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned int)(*state >> 33);
}

/* One test on one backend, as cmocka sees it. */
struct instance {
	const struct conformance_test *test;
	struct conformance with;
	char name[128];
};

static void run_instance(void **state)
{
	struct instance *instance = *state;
	const struct slab_backend *backend = rig_find_slab_backend(instance->with.backend);

	/* a baseline's library may be missing, and ThreadSanitizer leaves it no room */
	if (backend && backend->host_memory && !can_start(&instance->with))
		skip();

	conformance_start(&instance->with);
	instance->test->run(&instance->with);
	conformance_end(&instance->with);
}

static size_t add_backend(const char *backend, const char *shown,
			  const struct conformance_test *tests, size_t nr,
			  const struct conformance *model, struct instance *instances,
			  struct CMUnitTest *units, size_t at)
{
	const struct slab_backend *known = rig_find_slab_backend(backend);

	for (size_t i = 0; i < nr; i++) {
		assert_true(at < MAX_TESTS);
		if (known && known->host_memory && tests[i].simulated)
			continue;
		instances[at].test = &tests[i];
		instances[at].with = *model;
		instances[at].with.backend = backend;
		snprintf(instances[at].name, sizeof(instances[at].name), "%s: %s", shown,
			 tests[i].name);
		units[at] = (struct CMUnitTest){ .name = instances[at].name,
						 .test_func = run_instance,
						 .initial_state = &instances[at] };
		at++;
	}
	return at;
}

int conformance_run(const char *group, const struct conformance_test *tests, size_t nr, int nr_cpus,
		    unsigned long memory)
{
	static struct instance instances[MAX_TESTS];
	static struct CMUnitTest units[MAX_TESTS];
	static char plugin[4200];
	struct conformance model = { .nr_cpus = nr_cpus ? nr_cpus : 1,
				     .memory = memory ? memory : 64UL << 20 };
	size_t total = 0;

	for (const struct slab_backend *const *backend = rig_slab_backends; *backend; backend++)
		total = add_backend((*backend)->name, (*backend)->name, tests, nr, &model,
				    instances, units, total);
	snprintf(plugin, sizeof(plugin), "%s/%s", conformance_folder(), PLUGIN);
	total = add_backend(plugin, PLUGIN, tests, nr, &model, instances, units, total);
	return _cmocka_run_group_tests(group, units, total, NULL, NULL);
}

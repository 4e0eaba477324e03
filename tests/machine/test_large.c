// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines of any size: what was never handed out costs neither time nor the host's memory. The
 * limits of time are many times what is needed, since sanitizers and busy hosts slow all down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <kmemrig/memblock.h>
#include <kmemrig/page.h>
#include <linux/kernel.h>
#include <linux/sizes.h>

#define SZ_1T (1024UL * SZ_1G)

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A field of /proc/self/status, in MiB. */
static long status_mib(const char *field)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[200];
	long kib = 0;

	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		if (strncmp(line, field, strlen(field)) == 0)
			kib = strtol(line + strlen(field), NULL, 10);
	fclose(status);
	return kib / 1024;
}

static struct rig_machine *boot(u64 bytes, int nodes, double *took)
{
	struct rig_memory_range memory[8];
	struct rig_machine_config config = { .name = "large", .memory = memory };
	char error[200] = "";
	double start = seconds();
	struct rig_machine *machine;

	for (int nid = 0; nid < nodes; nid++)
		memory[config.nr_memory++] = (struct rig_memory_range){
			.base = bytes / (u64)nodes * (u64)nid,
			.size = bytes / (u64)nodes,
			.nid = nid,
		};
	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine)
		fail_msg("%s", error);
	*took = seconds() - start;
	return machine;
}

static void boot_within(u64 bytes, int nodes, double limit, long limit_mib)
{
	long before = status_mib("VmRSS:"), after;
	double took;
	struct rig_machine *machine = boot(bytes, nodes, &took);
	struct rig_verdict verdict;
	struct page *page;

	after = status_mib("VmRSS:");
	print_message("%llu GiB, %d nodes: %.1f ms, %ld MiB\n", (unsigned long long)(bytes >> 30),
		      nodes, took * 1e3, after - before);
	assert_int_equal(atomic_long_read(&machine->totalram_pages), bytes / PAGE_SIZE - 1);
	assert_true(took < limit);
	assert_true(after - before < limit_mib);
	page = rig_alloc_pages(&machine->cpus[0], GFP_KERNEL, 0, NUMA_NO_NODE, NULL);
	assert_non_null(page);
	memset(rig_page_address(machine, page), 1, PAGE_SIZE);
	rig_free_pages(&machine->cpus[0], page, 0);
	if (!rig_machine_check(machine, 2, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	rig_machine_destroy(machine);
}

static void four_mib_boot(void **state)
{
	boot_within(SZ_4M, 1, 0.5, 64);
}

#ifndef __SANITIZE_THREAD__
static void one_tib_boots_at_once(void **state)
{
	boot_within(SZ_1T, 1, 0.5, 64);
}

static void sixty_four_tib_of_eight_nodes_boot_at_once(void **state)
{
	boot_within(64 * SZ_1T, 8, 5.0, 1024);
}

/* Memory comes from the top of a node first, and each node serves its own. */
static void each_node_of_a_large_machine_serves(void **state)
{
	double took;
	struct rig_machine *machine = boot(64 * SZ_1T, 8, &took);

	for (int nid = 0; nid < 8; nid++) {
		struct page *page = rig_alloc_pages(&machine->cpus[0], GFP_KERNEL | __GFP_THISNODE,
						    MAX_ORDER - 1, nid, NULL);

		assert_non_null(page);
		assert_int_equal(page_to_nid(page), nid);
		rig_free_pages(&machine->cpus[0], page, MAX_ORDER - 1);
	}
	rig_machine_destroy(machine);
}

/* Half of 8 TiB is reserved, and a hole of 40 TiB too. */
static void large_reservations_cost_nothing(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = 4 * SZ_1T },
		{ .base = 44 * SZ_1T, .size = 4 * SZ_1T },
		{ .base = 2 * SZ_1T + SZ_1M, .size = 44 * SZ_1T, .flags = RIG_MEMORY_RESERVED },
	};
	const struct rig_machine_config config = { .name = "reserved",
						   .memory = memory,
						   .nr_memory = 3 };
	long before = status_mib("VmRSS:");
	char error[200] = "";
	double start = seconds();
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));
	struct rig_verdict verdict;

	if (!machine)
		fail_msg("%s", error);
	assert_true(seconds() - start < 1.0);
	assert_true(status_mib("VmRSS:") - before < 64);
	assert_int_equal(atomic_long_read(&machine->totalram_pages), 4 * SZ_1T / PAGE_SIZE - 1);
	assert_true(PageReserved(rig_pfn_to_page(machine, PFN_DOWN(2 * SZ_1T + SZ_1M))));
	assert_true(PageReserved(rig_pfn_to_page(machine, PFN_DOWN(46 * SZ_1T))));
	if (!rig_machine_check(machine, 2, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	rig_machine_destroy(machine);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_mib_boot),
#ifndef __SANITIZE_THREAD__
		cmocka_unit_test(one_tib_boots_at_once),
		cmocka_unit_test(sixty_four_tib_of_eight_nodes_boot_at_once),
		cmocka_unit_test(each_node_of_a_large_machine_serves),
		cmocka_unit_test(large_reservations_cost_nothing),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

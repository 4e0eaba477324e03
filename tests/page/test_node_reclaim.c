// SPDX-License-Identifier: GPL-2.0-only
/* vm.zone_reclaim_mode: a node's page cache goes before a request goes to another node. */
#include "rig.h"

#define MAX_PAGES 8192

static struct page *filled[MAX_PAGES];

static void give_up(struct rig_cpu *cpu, size_t i)
{
	rig_lru_del(cpu, filled[i]);
	__free_page(filled[i]);
	filled[i] = NULL;
}

/*
 * Fills the first node with page cache down to its reserve, then gives back what is missing to the
 * low watermarks but for a page.
 */
static void fill(struct rig_machine *machine, bool dirty)
{
	const gfp_t gfp = (GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NOWARN) & ~__GFP_RECLAIM;
	struct rig_cpu *cpu = &machine->cpus[0];
	size_t nr = 0;

	while (nr < MAX_PAGES && (filled[nr] = alloc_pages_node(0, gfp, 0)))
		rig_lru_add(cpu, filled[nr++], dirty);
	assert_in_range(nr, 7000, MAX_PAGES - 1);
	drain_all_pages(NULL);
	rig_vmstat_fold(machine, 0);
	for (size_t i = nr; i-- > 0;) {
		const struct zone *zone = rig_pfn_zone(machine, page_to_pfn(filled[i]));

		if (zone_page_state(zone, NR_FREE_PAGES) + 1 >= low_wmark_pages(zone))
			continue;
		give_up(cpu, i);
		drain_all_pages(NULL);
		rig_vmstat_fold(machine, 0);
	}
	/* then the CPU's lists: what reclaim frees has to go on to the zone */
	for (size_t i = nr; i-- > 0;) {
		const struct zone *zone =
			filled[i] ? rig_pfn_zone(machine, page_to_pfn(filled[i])) : NULL;

		if (zone && zone->per_cpu_pageset[0].count + 1 < zone->per_cpu_pageset[0].high)
			give_up(cpu, i);
	}
}

/* Two nodes with a CPU each; the first node is filled with page cache, the second is free. */
static struct rig_machine *boot(const char *mode, bool dirty)
{
	static const int cpu_nid[] = { 0, 1 };
	struct rig_memory_range memory[] = {
		{ .base = 0, .size = 32 * MIB, .nid = 0 },
		{ .base = 32 * MIB, .size = 32 * MIB, .nid = 1 },
	};
	struct rig_machine_config config = { .memory = memory,
					     .nr_memory = 2,
					     .nr_cpus = 2,
					     .nr_nodes = 2,
					     .cpu_nid = cpu_nid,
					     .command_line = mode };
	struct rig_machine *machine = test_boot_config(&config);

	machine->watermark_boost_factor = 0;
	fill(machine, dirty);
	return machine;
}

/* The node that a request of CPU 0 is served from, and whether page cache was given up for it. */
static int node_of_request(struct rig_machine *machine, gfp_t gfp, bool *reclaimed)
{
	struct rig_reclaim_counters before, after;
	struct page *page;

	rig_reclaim_counters(machine, &before);
	page = alloc_pages_node(0, gfp, 0);
	rig_reclaim_counters(machine, &after);
	assert_non_null(page);
	*reclaimed = after.lru_pages < before.lru_pages;
	test_check(machine);
	return page_to_nid(page);
}

static void expect(const char *mode, bool dirty, gfp_t gfp, int nid, bool reclaims)
{
	struct rig_machine *machine = boot(mode, dirty);
	bool reclaimed;

	assert_int_equal(node_of_request(machine, gfp, &reclaimed), nid);
	assert_int_equal(reclaimed, reclaims);
	test_end(machine);
}

static void without_it_requests_go_to_the_other_node(void **state)
{
	expect(NULL, false, GFP_KERNEL, 1, false);
	expect("sysctl.vm.zone_reclaim_mode=0", false, GFP_KERNEL, 1, false);
}

static void with_it_the_node_gives_its_page_cache_first(void **state)
{
	expect("sysctl.vm.zone_reclaim_mode=1", false, GFP_KERNEL, 0, true);
}

static void who_may_not_wait_goes_to_the_other_node(void **state)
{
	expect("sysctl.vm.zone_reclaim_mode=1", false, GFP_ATOMIC, 1, false);
}

static void dirty_pages_go_only_where_writing_is_allowed(void **state)
{
	expect("sysctl.vm.zone_reclaim_mode=1", true, GFP_KERNEL, 1, false);
	expect("sysctl.vm.zone_reclaim_mode=3", true, GFP_KERNEL, 0, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_it_requests_go_to_the_other_node),
		cmocka_unit_test(with_it_the_node_gives_its_page_cache_first),
		cmocka_unit_test(who_may_not_wait_goes_to_the_other_node),
		cmocka_unit_test(dirty_pages_go_only_where_writing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

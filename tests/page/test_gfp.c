// SPDX-License-Identifier: GPL-2.0-only
/* What a request's flags mean: which memory, how much of the reserves, and what is done to get it.
 */
#include "rig.h"

/* Free pages, those on this CPU's lists too, that were left when requests of this kind failed. */
static unsigned long left_after(struct rig_machine *machine, gfp_t gfp)
{
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	unsigned long nr, left;
	struct page *pages = test_exhaust(gfp, 0, &nr);

	left = test_free_pages(zone);
	test_check(machine);
	test_free_all(pages, 0);
	drain_all_pages(NULL);
	return left;
}

static void each_kind_may_go_as_deep_as_its_rights(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	unsigned long min = min_wmark_pages(zone);
	unsigned long kernel = left_after(machine, GFP_KERNEL | __GFP_NORETRY);
	unsigned long nowait = left_after(machine, GFP_NOWAIT);
	unsigned long high = left_after(machine, GFP_KERNEL | __GFP_HIGH | __GFP_NORETRY);
	unsigned long atomic = left_after(machine, GFP_ATOMIC);
	unsigned long memalloc = left_after(machine, GFP_KERNEL | __GFP_MEMALLOC);

	/* a batch may be taken at once when the mark is still met */
	assert_in_range(kernel, min - 16, min);
	assert_in_range(nowait, min - 16, min);
	assert_in_range(high, min / 2 - 16, min / 2 + 1);
	assert_in_range(atomic, min * 3 / 8 - 16, min * 3 / 8 + 2);
	assert_int_equal(memalloc, 0);
	assert_true(kernel > high && high > atomic && atomic > memalloc);
	test_end(machine);
}

static void nomemalloc_overrules_memalloc(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	unsigned long min = min_wmark_pages(rig_machine_zone(machine, 0, ZONE_DMA32));

	machine->cpus[0].task->flags |= PF_MEMALLOC;
	assert_int_equal(left_after(machine, GFP_KERNEL), 0);
	assert_in_range(left_after(machine, GFP_KERNEL | __GFP_NOMEMALLOC | __GFP_NORETRY),
			min - 16, min);
	machine->cpus[0].task->flags &= ~(unsigned int)PF_MEMALLOC;
	test_end(machine);
}

static void zones_follow_the_flags(void **state)
{
	struct rig_memory_range memory = { .base = 0, .size = 64 * MIB };
	struct rig_machine_config config = {
		.name = "highmem", .memory = &memory, .nr_memory = 1, .lowmem_limit = 40 * MIB
	};
	struct rig_machine *machine = test_boot_config(&config);
	struct page *page;

	page = alloc_page(GFP_KERNEL | GFP_DMA);
	assert_true(page_to_pfn(page) < 4096);
	__free_page(page);
	page = alloc_page(GFP_HIGHUSER);
	assert_true(PageHighMem(page));
	__free_page(page);
	for (int i = 0; i < 2000; i++) {
		page = alloc_page(GFP_KERNEL);
		assert_non_null(page);
		assert_false(PageHighMem(page));
	}
	test_end(machine);
}

static void kernel_requests_fail_rather_than_take_highmem(void **state)
{
	struct rig_memory_range memory = { .base = 0, .size = 64 * MIB };
	struct rig_machine_config config = {
		.name = "highmem", .memory = &memory, .nr_memory = 1, .lowmem_limit = 40 * MIB
	};
	struct rig_machine *machine = test_boot_config(&config);
	struct zone *high = rig_machine_zone(machine, 0, ZONE_HIGHMEM);
	unsigned long before = test_free_pages(high), nr;
	struct page *pages = test_exhaust(GFP_KERNEL | __GFP_NORETRY, 0, &nr);

	assert_true(nr > 0);
	assert_int_equal(test_free_pages(high), before);
	test_free_all(pages, 0);
	test_check(machine);
	test_end(machine);
}

/* --- reclaim */

static struct page *fill_page_cache(struct rig_machine *machine, unsigned long pages, bool dirty)
{
	for (unsigned long i = 0; i < pages; i++)
		rig_lru_add(&machine->cpus[0], alloc_page(GFP_HIGHUSER_MOVABLE), dirty);
	return NULL;
}

static void sleepers_reclaim_the_page_cache_and_others_fail(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	unsigned long nr;

	fill_page_cache(machine, 2000, false);
	test_exhaust(GFP_ATOMIC, 0, &nr);
	assert_null(alloc_page(GFP_ATOMIC | __GFP_NOWARN));
	for (int i = 0; i < 500; i++)
		assert_non_null(alloc_page(GFP_KERNEL));
	test_check(machine);
	test_end(machine);
}

static void dirty_pages_wait_for_those_who_may_write(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	unsigned long nr;

	fill_page_cache(machine, 2000, true);
	/* kswapd may write: it is not asked */
	test_exhaust(GFP_NOIO & ~__GFP_KSWAPD_RECLAIM, 0, &nr);
	assert_null(alloc_page((GFP_NOIO & ~__GFP_KSWAPD_RECLAIM) | __GFP_NOWARN));
	assert_non_null(alloc_page(GFP_KERNEL));
	test_end(machine);
}

struct counting_shrinker {
	struct rig_shrinker shrinker;
	unsigned long calls;
	gfp_t seen; /* all flags that it was called with */
};

static unsigned long count_some(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp)
{
	struct counting_shrinker *c = container_of(shrinker, struct counting_shrinker, shrinker);

	c->calls++;
	c->seen |= gfp;
	return 0;
}

static unsigned long scan_none(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp,
			       unsigned long nr)
{
	return 0;
}

static void noio_and_nofs_stay_out_of_shrinkers(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct counting_shrinker io = {
		.shrinker = { .count = count_some, .scan = scan_none, .io = true }
	};
	struct counting_shrinker fs = {
		.shrinker = { .count = count_some, .scan = scan_none, .fs = true }
	};
	struct counting_shrinker plain = { .shrinker = { .count = count_some, .scan = scan_none } };
	unsigned long nr;

	rig_shrinker_register(machine, &io.shrinker);
	rig_shrinker_register(machine, &fs.shrinker);
	rig_shrinker_register(machine, &plain.shrinker);
	test_exhaust((GFP_NOIO | __GFP_NORETRY) & ~__GFP_KSWAPD_RECLAIM, 0, &nr);
	assert_true(plain.calls > 0);
	assert_int_equal(io.calls + fs.calls, 0);
	assert_null(alloc_page((GFP_NOFS | __GFP_NORETRY | __GFP_NOWARN) & ~__GFP_KSWAPD_RECLAIM));
	assert_true(io.calls > 0);
	assert_int_equal(fs.calls, 0);
	assert_null(
		alloc_page((GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN) & ~__GFP_KSWAPD_RECLAIM));
	assert_true(fs.calls > 0);
	/* a scope of the task does the same */
	fs.calls = io.calls = 0;
	current->flags |= PF_MEMALLOC_NOIO;
	assert_null(
		alloc_page((GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN) & ~__GFP_KSWAPD_RECLAIM));
	assert_int_equal(io.calls + fs.calls, 0);
	current->flags &= ~(unsigned int)PF_MEMALLOC_NOIO;
	rig_shrinker_unregister(machine, &plain.shrinker);
	rig_shrinker_unregister(machine, &fs.shrinker);
	rig_shrinker_unregister(machine, &io.shrinker);
	test_end(machine);
}

struct victim {
	struct page *pages;
	int kills;
};

static bool kill_victim(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, void *data)
{
	struct victim *victim = data;
	struct page *page = victim->pages;

	if (!page)
		return false;
	victim->kills++;
	for (int i = 0; i < 64 && victim->pages; i++) {
		page = victim->pages;
		victim->pages = (struct page *)page->private;
		rig_free_pages(cpu, page, 0);
	}
	return true;
}

static void nofail_and_small_requests_end_at_the_oom_killer(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct victim victim = { 0 };
	unsigned long nr;

	victim.pages = test_exhaust(GFP_KERNEL | __GFP_MEMALLOC, 0, &nr);
	rig_oom_handler_set(machine, kill_victim, &victim);
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	assert_int_equal(victim.kills, 1);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	assert_null(alloc_page(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN));
	assert_int_equal(victim.kills, 1);
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_true(victim.kills > 1);
	test_check(machine);
	test_end(machine);
}

static void compaction_makes_blocks_of_movable_pages(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page **pages = calloc(16384, sizeof(*pages));
	unsigned long nr = 0;

	while (nr < 16384 &&
	       (pages[nr] = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN)))
		nr++;
	/* every second page is free, the others could be moved */
	for (unsigned long i = 0; i < nr; i++) {
		if (page_to_pfn(pages[i]) % 2)
			__free_page(pages[i]);
		else
			rig_lru_add(&machine->cpus[0], pages[i], false);
	}
	drain_all_pages(NULL);
	assert_null(alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 5));
	assert_non_null(alloc_pages(GFP_KERNEL, 5));
	test_check(machine);
	free(pages);
	test_end(machine);
}

static void failures_are_reported_as_the_kernel_does(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	unsigned long nr;

	test_exhaust(GFP_ATOMIC, 0, &nr);
	snprintf(current->comm, sizeof(current->comm), "worker");
	assert_null(alloc_pages(GFP_ATOMIC | __GFP_COMP, 2));
	assert_non_null(strstr(test_log(), "worker: page allocation failure: order:2, "
					   "mode:0x40a20(GFP_ATOMIC|__GFP_COMP), nodemask=(null)"));
	assert_non_null(strstr(test_log(), "Mem-Info:\nactive_anon:"));
	assert_non_null(strstr(test_log(), "Node 0 DMA32 free:"));
	assert_non_null(strstr(test_log(), "lowmem_reserve[]: 0 0 0 0 0"));
	assert_non_null(strstr(test_log(), "16384 pages RAM"));
	test_end(machine);
}

static void sleeping_is_reported_where_it_is_forbidden(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);

	preempt_disable();
	__free_page(alloc_page(GFP_ATOMIC));
	assert_string_equal(test_last_check(machine), "");
	__free_page(alloc_page(GFP_KERNEL));
	assert_string_equal(test_last_check(machine), "page.sleep_in_atomic");
	assert_non_null(strstr(test_log(), "BUG: sleeping function called from invalid context"));
	preempt_enable();
	local_irq_disable();
	__free_page(alloc_page(GFP_NOIO));
	assert_string_equal(test_last_check(machine), "page.sleep_in_atomic");
	local_irq_enable();
	test_end(machine);
}

/* --- nodes */

static void nodes_come_by_distance(void **state)
{
	struct rig_memory_range memory[] = { { .base = 0, .size = 64 * MIB, .nid = 0 },
					     { .base = 64 * MIB, .size = 64 * MIB, .nid = 1 },
					     { .base = 128 * MIB, .size = 64 * MIB, .nid = 2 } };
	u8 distance[] = { 10, 30, 20, 30, 10, 20, 20, 20, 10 };
	int cpu_nid[] = { 0, 1 };
	struct rig_machine_config config = { .name = "nodes",
					     .memory = memory,
					     .nr_memory = 3,
					     .nr_cpus = 2,
					     .cpu_nid = cpu_nid,
					     .node_distance = distance };
	struct rig_machine *machine = test_boot_config(&config);
	struct zonelist *list = machine->nodes[0]->node_zonelists[ZONELIST_FALLBACK];
	int order[8], nr = 0;
	unsigned long pages;
	nodemask_t mask;

	for (struct zoneref *z = list->_zonerefs; z->zone; z++)
		if (!nr || order[nr - 1] != z->zone->node)
			order[nr++] = z->zone->node;
	assert_int_equal(nr, 3);
	assert_int_equal(order[0], 0);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 1);
	assert_int_equal(page_to_nid(alloc_page(GFP_KERNEL)), 0);
	assert_int_equal(page_to_nid(alloc_pages_node(1, GFP_KERNEL, 0)), 1);
	nodes_clear(mask);
	node_set(2, mask);
	assert_int_equal(page_to_nid(__alloc_pages(GFP_KERNEL, 0, 0, &mask)), 2);
	/* this node only, until it is used up; then others serve */
	test_exhaust(GFP_KERNEL | __GFP_THISNODE | __GFP_NORETRY, 0, &pages);
	assert_null(alloc_page(GFP_KERNEL | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN));
	assert_int_equal(page_to_nid(alloc_page(GFP_KERNEL)), 2);
	assert_true(rig_zone_events(rig_machine_zone(machine, 0, ZONE_DMA32),
				    RIG_ZONE_NUMA_FOREIGN) > 0);
	test_check(machine);
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_may_go_as_deep_as_its_rights),
		cmocka_unit_test(nomemalloc_overrules_memalloc),
		cmocka_unit_test(zones_follow_the_flags),
		cmocka_unit_test(kernel_requests_fail_rather_than_take_highmem),
		cmocka_unit_test(sleepers_reclaim_the_page_cache_and_others_fail),
		cmocka_unit_test(dirty_pages_wait_for_those_who_may_write),
		cmocka_unit_test(noio_and_nofs_stay_out_of_shrinkers),
		cmocka_unit_test(nofail_and_small_requests_end_at_the_oom_killer),
		cmocka_unit_test(compaction_makes_blocks_of_movable_pages),
		cmocka_unit_test(failures_are_reported_as_the_kernel_does),
		cmocka_unit_test(sleeping_is_reported_where_it_is_forbidden),
		cmocka_unit_test(nodes_come_by_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

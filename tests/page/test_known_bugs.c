// SPDX-License-Identifier: GPL-2.0-only
/* Bugs that the kernel's page allocator had, and ours may not have. */
#include "rig.h"

static struct zone *dma32(struct rig_machine *machine)
{
	return rig_machine_zone(machine, 0, ZONE_DMA32);
}

/* nr_reserved_highatomic was lowered twice for one pageblock (4855e4a7f29d). */
static void the_highatomic_reserve_is_counted_once(void **state)
{
	struct rig_machine *machine = test_boot(256, 1);
	struct zone *zone = dma32(machine);
	unsigned long nr;
	struct page *pages = test_exhaust(GFP_KERNEL | __GFP_NORETRY, 0, &nr);

	assert_non_null(alloc_pages(GFP_ATOMIC, 1));
	assert_int_equal(zone->nr_reserved_highatomic, 1UL << machine->pageblock_order);
	test_check(machine);
	/* it comes back when nothing else helps */
	while (alloc_page(GFP_KERNEL | __GFP_NOWARN))
		;
	assert_int_equal(zone->nr_reserved_highatomic, 0);
	test_check(machine);
	test_free_all(pages, 0);
	test_end(machine);
}

/* The fast watermark check did not see the reserve (f27ce0e14088); then it wrapped (9282012fc0aa).
 */
static void the_fast_check_sees_the_reserve(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct zone *zone = dma32(machine);
	unsigned long nr, low = low_wmark_pages(zone);
	struct page *pages;

	/* only this zone, and as if much of it were reserved */
	pages = test_exhaust(GFP_KERNEL | GFP_DMA | __GFP_MEMALLOC, 0, &nr);
	zone->nr_reserved_highatomic = test_free_pages(zone) - low / 2;
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	/* more than there is */
	zone->nr_reserved_highatomic = test_free_pages(zone) * 2;
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	zone->nr_reserved_highatomic = 0;
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	test_free_all(pages, 0);
	test_end(machine);
}

/* Per-CPU pages went to the list of a kind that their pageblock no longer had (7b086755fb8c). */
static void isolated_pages_go_to_the_isolated_list(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_page(GFP_KERNEL);
	struct zone *zone = dma32(machine);

	__free_page(page); /* waits on the per-CPU list */
	for (unsigned long start = zone->zone_start_pfn; start < zone_end_pfn(zone); start += 1024)
		if (!alloc_contig_range(start + 1, start + 9, MIGRATE_MOVABLE, GFP_KERNEL)) {
			test_check(machine);
			free_contig_range(start + 1, 8);
			test_check(machine);
			test_end(machine);
			return;
		}
	fail_msg("no pageblock could be isolated");
}

/* A bulk request got nothing though there were pages (c572e4888ad1). */
static void bulk_requests_make_progress(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *array[8] = { NULL };
	unsigned long nr;

	array[0] = alloc_page(GFP_KERNEL);
	array[3] = alloc_page(GFP_KERNEL);
	assert_int_equal(alloc_pages_bulk_array(GFP_KERNEL, 8, array), 8);
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(array[i], array[j]);
	/* below the low watermark one at least */
	test_exhaust(GFP_KERNEL | __GFP_NORETRY, 0, &nr);
	memset(array, 0, sizeof(array));
	assert_true(alloc_pages_bulk_array(GFP_ATOMIC, 8, array) >= 1);
	test_end(machine);
}

/* Boosting the watermarks of a tiny zone stopped all allocations (14f69140ff9c). */
static void tiny_zones_are_not_boosted(void **state)
{
	struct rig_machine *machine = test_boot(12, 1);
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA);
	unsigned long nr;

	test_exhaust(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY, 0, &nr);
	while (alloc_page(GFP_ATOMIC | __GFP_NOWARN) &&
	       alloc_page(GFP_ATOMIC | __GFP_RECLAIMABLE | __GFP_NOWARN))
		;
	assert_int_equal(zone->watermark_boost, 0);
	test_check(machine);
	test_end(machine);
}

/* In a larger one they are: that this can be seen at all. */
static void larger_zones_are_boosted(void **state)
{
	struct rig_machine *machine = test_boot(256, 1);
	struct zone *zone = dma32(machine);
	unsigned long nr, boost = 0;
	struct page *pages = test_exhaust(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY, 0, &nr),
		    *keep = NULL;

	/* small free blocks in movable pageblocks only: an unmovable page must steal */
	while (pages) {
		struct page *page = pages;

		pages = (struct page *)page->private;
		if (page_to_pfn(page) % 4 == 0) {
			page->private = (unsigned long)keep;
			keep = page;
		} else {
			__free_page(page);
		}
	}
	drain_all_pages(NULL);
	for (int i = 0; i < 2000 && !boost; i++) {
		alloc_page(GFP_ATOMIC | __GFP_NOWARN);
		boost = zone->watermark_boost;
	}
	assert_int_equal(boost, 1UL << machine->pageblock_order);
	test_check(machine);
	test_end(machine);
}

/* An order that is too high got as far as the tables (2018). */
static void high_orders_stop_at_the_door(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);

	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER));
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 63));
	assert_null(
		alloc_pages_exact((PAGE_SIZE << (MAX_ORDER - 1)) + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_int_equal(__get_free_pages(GFP_KERNEL | __GFP_NOWARN, 1000), 0);
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highatomic_reserve_is_counted_once),
		cmocka_unit_test(the_fast_check_sees_the_reserve),
		cmocka_unit_test(isolated_pages_go_to_the_isolated_list),
		cmocka_unit_test(bulk_requests_make_progress),
		cmocka_unit_test(tiny_zones_are_not_boosted),
		cmocka_unit_test(larger_zones_are_boosted),
		cmocka_unit_test(high_orders_stop_at_the_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

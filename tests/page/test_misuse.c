// SPDX-License-Identifier: GPL-2.0-only
/* What callers may not do, and what is said about it: "Bad page state" with the check's name. */
#include "rig.h"

static void expect(struct rig_machine *machine, const char *check, const char *reason)
{
	assert_string_equal(test_last_check(machine), check);
	if (!strstr(test_log(), reason))
		fail_msg("'%s' is not in:\n%s", reason, test_log());
	test_check(machine);
}

static void freeing_twice(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_page(GFP_KERNEL), *large = alloc_pages(GFP_KERNEL, 5);

	__free_page(page);
	__free_page(page);
	expect(machine, "page.double_free", "BUG: Bad page state in process swapper/0  pfn:");
	expect(machine, "", "page dumped because: free of a free page");
	/* not on a per-CPU list but in the buddy lists, perhaps merged by now */
	__free_pages(large, 5);
	__free_pages(large, 5);
	expect(machine, "page.double_free", "refcount:0 mapcount:");
	test_end(machine);
}

static void freeing_with_another_order(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	struct page *compound = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);

	__free_pages(page, 1);
	expect(machine, "page.wrong_order", "freed with another order than allocated");
	__free_pages(page, 2);
	__free_pages(compound, 2);
	expect(machine, "page.wrong_order", "freed with another order than allocated");
	__free_pages(compound + 1, 0);
	expect(machine, "page.refcount", "free of a page without reference");
	put_page(compound);
	assert_string_equal(test_last_check(machine), "");
	test_check(machine);
	test_end(machine);
}

static void freeing_a_part_of_a_block(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	__free_page(page + 1);
	expect(machine, "page.refcount", "free of a page without reference");
	split_page(page, 2);
	for (int i = 0; i < 4; i++)
		__free_page(page + i);
	assert_string_equal(test_last_check(machine), "");
	test_end(machine);
}

static void freeing_reserved_and_foreign_pages(void **state)
{
	struct rig_memory_range memory[] = {
		{ .base = 0, .size = 64 * MIB },
		{ .base = 32 * MIB, .size = 4 * MIB, .flags = RIG_MEMORY_RESERVED },
	};
	struct rig_machine_config config = { .name = "reserved", .memory = memory, .nr_memory = 2 };
	struct rig_machine *machine = test_boot_config(&config);
	struct page *reserved = pfn_to_page(33 * MIB >> PAGE_SHIFT);
	unsigned long managed = zone_managed_pages(rig_machine_zone(machine, 0, ZONE_DMA32));

	__free_page(reserved);
	expect(machine, "page.reserved", "reserved page");
	__free_pages(pfn_to_page(1UL << 40), 0);
	expect(machine, "page.foreign", "no page of this machine");
	/* the right way */
	free_reserved_page(reserved);
	assert_string_equal(test_last_check(machine), "");
	assert_int_equal(zone_managed_pages(rig_machine_zone(machine, 0, ZONE_DMA32)), managed + 1);
	test_check(machine);
	test_end(machine);
}

static void freeing_pages_that_are_in_use(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_pages(GFP_KERNEL, 5);

	page->mapping = (struct address_space *)page;
	__free_pages(page, 5);
	expect(machine, "page.mapping", "page dumped because: non-NULL mapping");
	page = alloc_pages(GFP_KERNEL, 5);
	SetPageLocked(page);
	__free_pages(page, 5);
	expect(machine, "page.flags", "page dumped because: PAGE_FLAGS_CHECK_AT_FREE flag(s) set");
	assert_non_null(strstr(test_log(), "(locked)"));
	page = alloc_pages(GFP_KERNEL, 5);
	atomic_set(&page->_mapcount, 0);
	__free_pages(page, 5);
	expect(machine, "page.mapcount", "page dumped because: nonzero mapcount");
	page = alloc_pages(GFP_KERNEL, 5);
	set_page_count(page + 3, 1);
	__free_pages(page, 5);
	expect(machine, "page.refcount", "page dumped because: nonzero _refcount");
	test_end(machine);
}

static void writing_to_a_free_page(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_page(GFP_KERNEL), *next;

	__free_page(page);
	drain_all_pages(NULL);
	SetPageDirty(page);
	for (int i = 0; i < 16000 && (next = alloc_page(GFP_ATOMIC | __GFP_NOWARN)); i++)
		assert_ptr_not_equal(next, page);
	assert_string_equal(test_last_check(machine), "page.flags");
	assert_non_null(strstr(test_log(), "PAGE_FLAGS_CHECK_AT_PREP flag(s) set"));
	test_end(machine);
}

static void asking_for_more_than_the_highest_order(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);

	assert_null(alloc_pages(GFP_KERNEL, MAX_ORDER));
	assert_string_equal(test_last_check(machine), "page.order_too_high");
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 40));
	assert_string_equal(test_last_check(machine), "");
	test_end(machine);
}

static void splitting_what_can_not_be_split(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);

	split_page(page, 1);
	expect(machine, "page.split", "split of a compound or free page");
	__free_pages(page, 1);
	test_check(machine);
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freeing_twice),
		cmocka_unit_test(freeing_with_another_order),
		cmocka_unit_test(freeing_a_part_of_a_block),
		cmocka_unit_test(freeing_reserved_and_foreign_pages),
		cmocka_unit_test(freeing_pages_that_are_in_use),
		cmocka_unit_test(writing_to_a_free_page),
		cmocka_unit_test(asking_for_more_than_the_highest_order),
		cmocka_unit_test(splitting_what_can_not_be_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

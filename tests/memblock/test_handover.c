// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memblock hands over is what the page allocator has: each free page once, no reserved one,
 * blocks as large as can be; and reserved memory that is freed late joins its neighbours, though
 * their struct pages were never touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <kmemrig/memblock.h>
#include <kmemrig/page.h>
#include <kmemrig/restore.h>
#include <linux/kernel.h>
#include <linux/sizes.h>

static struct rig_machine *boot(const struct rig_memory_range *memory, size_t nr)
{
	const struct rig_machine_config config = { .name = "handover",
						   .memory = memory,
						   .nr_memory = nr };
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));

	if (!machine)
		fail_msg("%s", error);
	return machine;
}

static void expect_whole(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

static void reserved_pages_are_never_free(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = SZ_64M },
		{ .base = SZ_32M + SZ_8K, .size = SZ_4M + 5, .flags = RIG_MEMORY_RESERVED },
	};
	struct rig_machine *machine = boot(memory, 2);
	struct rig_page_where where;

	for (unsigned long pfn = PFN_DOWN(SZ_32M + SZ_8K); pfn < PFN_UP(SZ_32M + SZ_8K + SZ_4M + 5);
	     pfn++) {
		assert_true(PageReserved(rig_pfn_to_page(machine, pfn)));
		assert_false(rig_page_where(machine, pfn, &where) == RIG_PLACE_BUDDY);
	}
	assert_int_equal(rig_page_where(machine, PFN_DOWN(SZ_32M) + 1, &where), RIG_PLACE_BUDDY);
	assert_int_equal(where.order, 1);
	expect_whole(machine);
	rig_machine_destroy(machine);
}

/* A page in the middle of 1 GiB that no one touched: freed late, it completes its block. */
static void memory_freed_late_joins_untouched_neighbours(void **state)
{
	const phys_addr_t late = SZ_512M + SZ_1M;
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = SZ_1G },
		{ .base = late, .size = SZ_4K, .flags = RIG_MEMORY_RESERVED },
	};
	struct rig_machine *machine = boot(memory, 2);
	long before = atomic_long_read(&machine->totalram_pages);
	struct rig_page_where where;

	expect_whole(machine);
	rig_memblock_free_late(machine->memblock, late, SZ_4K, RIG_HERE);
	assert_int_equal(atomic_long_read(&machine->totalram_pages), before + 1);
	assert_int_equal(rig_page_where(machine, PFN_DOWN(late), &where), RIG_PLACE_BUDDY);
	assert_int_equal(where.order, MAX_ORDER - 1);
	assert_false(PageReserved(rig_pfn_to_page(machine, PFN_DOWN(late))));
	expect_whole(machine);
	rig_machine_destroy(machine);
}

/* The same at a block's very edge, where the neighbour is a whole untouched block. */
static void memory_freed_late_at_an_edge_leaves_the_next_block_alone(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = SZ_1G },
		{ .base = SZ_512M, .size = SZ_4M, .flags = RIG_MEMORY_RESERVED },
	};
	struct rig_machine *machine = boot(memory, 2);
	struct rig_page_where where;

	rig_memblock_free_late(machine->memblock, SZ_512M, SZ_4M, RIG_HERE);
	expect_whole(machine);
	for (unsigned long at = SZ_512M - SZ_4M; at <= SZ_512M + SZ_4M; at += SZ_4M) {
		assert_int_equal(rig_page_where(machine, PFN_DOWN(at), &where), RIG_PLACE_BUDDY);
		assert_int_equal(where.order, MAX_ORDER - 1);
		assert_int_equal(where.head_pfn, PFN_DOWN(at));
	}
	expect_whole(machine);
	rig_machine_destroy(machine);
}

/* Nodes whose border is in the middle of a block of the highest order. */
static void blocks_end_where_nodes_meet(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = SZ_4G, .size = SZ_64M + SZ_1M, .nid = 0 },
		{ .base = SZ_4G + SZ_64M + SZ_1M, .size = SZ_64M, .nid = 1 },
	};
	struct rig_machine *machine = boot(memory, 2);
	const unsigned long border = PFN_DOWN(SZ_4G + SZ_64M + SZ_1M);
	struct rig_page_where where;

	assert_int_equal(rig_page_where(machine, border - 1, &where), RIG_PLACE_BUDDY);
	assert_int_equal(where.order, 8);
	assert_int_equal(rig_page_where(machine, border, &where), RIG_PLACE_BUDDY);
	assert_int_equal(where.head_pfn, border);
	assert_int_equal(page_to_nid(rig_pfn_to_page(machine, border - 1)), 0);
	assert_int_equal(page_to_nid(rig_pfn_to_page(machine, border)), 1);
	expect_whole(machine);
	rig_machine_destroy(machine);
}

static bool note_block(unsigned long pfn, void *data)
{
	unsigned long **next = data;

	*(*next)++ = pfn;
	return true;
}

/* Two ranges of highmem, one on either side of a hole; neither begins nor ends with a whole block.
 */
static void expect_highmem_order(u64 size)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = SZ_64M + size },
		{ .base = SZ_64M + SZ_16M - SZ_4K, .size = SZ_8K, .flags = RIG_MEMORY_RESERVED },
	};
	const struct rig_machine_config config = {
		.name = "highmem", .memory = memory, .nr_memory = 2, .lowmem_limit = SZ_64M + SZ_8K
	};
	struct rig_machine *machine;
	char error[200] = "";
	static unsigned long blocks[1024], *next;
	struct zone *zone;

	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine)
		fail_msg("%s", error);
	zone = rig_machine_zone(machine, 0, ZONE_HIGHMEM);
	assert_int_equal(zone_managed_pages(zone), PFN_DOWN(size - SZ_8K) - 2);
	next = blocks;
	rig_free_list_walk(zone, MAX_ORDER - 1, MIGRATE_MOVABLE, note_block, &next);
	assert_int_equal(next - blocks, size / SZ_4M - 3);
	for (unsigned long *block = blocks; block + 1 < next; block++)
		assert_true(block[0] > block[1]);
	expect_whole(machine);
	rig_machine_destroy(machine);
}

/* The kernel frees highmem page by page to the heads of the lists. */
static void the_highest_block_of_highmem_comes_first(void **state)
{
	expect_highmem_order(SZ_128M);
	expect_highmem_order(3UL * SZ_1G);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserved_pages_are_never_free),
		cmocka_unit_test(memory_freed_late_joins_untouched_neighbours),
		cmocka_unit_test(memory_freed_late_at_an_edge_leaves_the_next_block_alone),
		cmocka_unit_test(blocks_end_where_nodes_meet),
		cmocka_unit_test(the_highest_block_of_highmem_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

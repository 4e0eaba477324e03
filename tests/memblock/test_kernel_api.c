// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's API: code as a kernel's architecture has it, over the one memblock, whose physical
 * addresses are host addresses. Iterators, predicates, hash tables, the hand-over at the end.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/memblock.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/sizes.h>

static u8 ram[SZ_8M] __attribute__((aligned(4096)));
#define RAM ((phys_addr_t)ram)

/* Everything is gone: memory, reservations, settings. */
static int reset(void **state)
{
	memblock_remove(0, PHYS_ADDR_MAX);
	memblock_phys_free(0, PHYS_ADDR_MAX);
	memblock_set_bottom_up(false);
	memblock_set_current_limit(MEMBLOCK_ALLOC_ANYWHERE);
	movable_node_enabled = false;
	return 0;
}

static void a_boot_in_the_kernels_words(void **state)
{
	struct memblock_region *region;
	phys_addr_t start, end, sum = 0;
	void *table, *low;
	u64 i;

	memblock_allow_resize();
	assert_int_equal(memblock_add(RAM, SZ_8M), 0);
	assert_int_equal(memblock_reserve(RAM, SZ_1M), 0); /* the kernel's image */
	memblock_set_current_limit(RAM + SZ_4M);
	table = memblock_alloc(SZ_64K, PAGE_SIZE);
	assert_ptr_equal(table, ram + SZ_4M - SZ_64K);
	low = memblock_alloc_from(SZ_4K, PAGE_SIZE, RAM + SZ_2M);
	assert_ptr_equal(low, (u8 *)table - SZ_4K);
	assert_true(memblock_is_reserved((phys_addr_t)table));
	memblock_free(table, SZ_64K);
	assert_false(memblock_is_reserved((phys_addr_t)table));
	assert_int_equal(memblock_phys_alloc(SZ_4K, SZ_4K), RAM + SZ_4M - SZ_4K);
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		sum += end - start;
	assert_int_equal(sum, SZ_8M - SZ_1M - 2 * SZ_4K);
	assert_int_equal(memblock_phys_mem_size() - memblock_reserved_size(), sum);
	sum = 0;
	for_each_reserved_mem_region (region)
		sum += region->size;
	assert_int_equal(sum, memblock_reserved_size());
	assert_int_equal(memblock_start_of_DRAM(), RAM);
	assert_int_equal(memblock_end_of_DRAM(), RAM + SZ_8M);
	assert_int_equal(memblock_get_current_limit(), RAM + SZ_4M);
}

static void iterators_walk_what_they_say(void **state)
{
	unsigned long start_pfn, end_pfn, pages = 0;
	phys_addr_t start, end;
	int i, nid, n = 0;
	u64 j;

	memblock_add_node(SZ_1M, SZ_1M, 0, MEMBLOCK_NONE);
	memblock_add_node(4 * SZ_1M, SZ_1M, 1, MEMBLOCK_HOTPLUG);
	memblock_reserve(SZ_1M, SZ_64K);
	for_each_mem_range (j, &start, &end)
		assert_int_equal(start, n++ ? 4 * SZ_1M : SZ_1M);
	for_each_mem_range_rev(j, &start, &end) assert_int_equal(end, n-- == 2 ? 5 * SZ_1M : SZ_2M);
	assert_int_equal(n, 0);
	for_each_reserved_mem_range (j, &start, &end)
		assert_int_equal(end - start, SZ_64K);
	for_each_free_mem_range_reverse (j, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, &nid)
		assert_int_equal(end - start, nid ? SZ_1M : SZ_1M - SZ_64K);
	for_each_mem_pfn_range (i, MAX_NUMNODES, &start_pfn, &end_pfn, &nid)
		pages += end_pfn - start_pfn;
	assert_int_equal(pages, SZ_2M >> PAGE_SHIFT);
	movable_node_enabled = true;
	for_each_free_mem_range (j, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, &nid)
		assert_int_equal(nid, 0);
	for_each_free_mem_range (j, NUMA_NO_NODE, MEMBLOCK_HOTPLUG, &start, &end, &nid)
		n++;
	assert_int_equal(n, 2);
}

static void a_zones_free_pages_are_walked(void **state)
{
	static struct zone zone = { .node = 0, .zone_start_pfn = 0x110, .spanned_pages = 0x100 };
	unsigned long start, end, pages = 0;
	u64 i;

	memblock_add_node(SZ_1M, SZ_4M, 0, MEMBLOCK_NONE);
	memblock_reserve(0x180000, SZ_64K);
	for_each_free_mem_pfn_range_in_zone(i, &zone, &start, &end)
	{
		assert_true(start >= 0x110 && end <= 0x210);
		pages += end - start;
	}
	assert_int_equal(pages, 0x100 - 0x10);
	assert_int_equal(start, ULONG_MAX);
}

static void physical_memory_outlives_limits(void **state)
{
	phys_addr_t start, end;
	int n = 0;
	u64 i;

	memblock_physmem_add(SZ_1M, SZ_8M);
	memblock_add(SZ_1M, SZ_8M);
	memblock_enforce_memory_limit(SZ_4M);
	for_each_physmem_range(i, &memblock.memory, &start, &end)
	{
		assert_int_equal(start, 5 * SZ_1M);
		assert_int_equal(end, 9 * SZ_1M);
		n++;
	}
	assert_int_equal(n, 1);
	assert_int_equal(physmem.total_size, SZ_8M);
}

static void predicates_look_at_whole_ranges(void **state)
{
	memblock_add(SZ_1M, SZ_1M);
	memblock_reserve(SZ_1M + SZ_64K, SZ_64K);
	memblock_mark_nomap(SZ_1M, SZ_4K);
	assert_true(memblock_is_region_memory(SZ_1M + SZ_4K, SZ_64K));
	assert_false(memblock_is_region_memory(SZ_1M + SZ_4K, SZ_1M));
	assert_true(memblock_is_region_reserved(SZ_1M, SZ_128K));
	assert_false(memblock_is_region_reserved(SZ_1M, SZ_64K));
	assert_false(memblock_is_map_memory(SZ_1M));
	assert_true(memblock_is_map_memory(SZ_1M + SZ_4K));
	assert_true(memblock_overlaps_region(&memblock.reserved, 0, SZ_2M));
	assert_true(memblock_addrs_overlap(0, 5, 4, 1));
	assert_false(memblock_addrs_overlap(0, 5, 5, 1));
	memblock_clear_nomap(SZ_1M, SZ_4K);
	assert_int_equal(memblock.memory.cnt, 1);
}

static void silent(void *data, const char *line)
{
}

/* 8 MiB: one bucket of 16 bytes for each 16 KiB; the memory map's pages don't count. */
static void hash_tables_follow_memory(void **state)
{
	static const struct rig_memblock_ops ops = { .print = silent };
	unsigned int shift = 0, mask = 0;
	u64 *table;

	rig_memblock_kernel()->ops = &ops;
	memblock_add(RAM, SZ_8M);
	memset(ram, 1, SZ_8M);
	table = alloc_large_system_hash("test", 16, 0, 14, HASH_EARLY | HASH_ZERO, &shift, &mask, 0,
					0);
	assert_int_equal(shift, 9);
	assert_int_equal(mask, 511);
	assert_int_equal(table[0], 0);
	assert_int_equal(table[1023], 0);
	alloc_large_system_hash("limited", 16, 100000, 0, HASH_EARLY, &shift, &mask, 0, 4096);
	assert_int_equal(shift, 12);
	/* a sixteenth of memory is 512 KiB: 2^15 buckets */
	alloc_large_system_hash("large", 16, 1 << 20, 0, HASH_EARLY, &shift, &mask, 0, 0);
	assert_int_equal(shift, 15);
	rig_memblock_kernel()->ops = NULL;
}

static unsigned long freed[8][2], nr_freed;

static void note_free(void *data, unsigned long start_pfn, unsigned long end_pfn)
{
	freed[nr_freed][0] = start_pfn;
	freed[nr_freed++][1] = end_pfn;
}

static void free_memory_is_handed_over_in_order(void **state)
{
	static const struct rig_memblock_ops ops = { .free_range = note_free };

	memblock_add(0x1800, 0x10000);
	memblock_add_node(SZ_1M, SZ_1M, 0, MEMBLOCK_HOTPLUG);
	memblock_reserve(0x4800, 0x100);
	max_low_pfn = 0x180;
	rig_memblock_kernel()->ops = &ops;
	memblock_free_all();
	memblock_free_late(0x4000, 0x2000);
	rig_memblock_kernel()->ops = NULL;
	assert_int_equal(nr_freed, 5);
	assert_int_equal(freed[0][0], 2);
	assert_int_equal(freed[0][1], 4);
	assert_int_equal(freed[1][0], 5);
	assert_int_equal(freed[1][1], 0x11);
	assert_int_equal(freed[2][0], 0x100);
	assert_int_equal(freed[2][1], 0x180); /* the rest is highmem */
	assert_int_equal(freed[3][0], 4);
	assert_int_equal(freed[4][1], 6);
	assert_int_equal(memblock.memory.regions[1].flags, MEMBLOCK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_boot_in_the_kernels_words, reset),
		cmocka_unit_test_setup(iterators_walk_what_they_say, reset),
		cmocka_unit_test_setup(a_zones_free_pages_are_walked, reset),
		cmocka_unit_test_setup(physical_memory_outlives_limits, reset),
		cmocka_unit_test_setup(predicates_look_at_whole_ranges, reset),
		cmocka_unit_test_setup(hash_tables_follow_memory, reset),
		cmocka_unit_test_setup(free_memory_is_handed_over_in_order, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

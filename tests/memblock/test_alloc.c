// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is found free, and in which order it is given: directions, bounds, nodes, flags; walking,
 * asking, cutting; and what is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/kernel.h>

#include "fixture.h"

static phys_addr_t alloc(struct rig_memblock *mb, u64 size, u64 align, u64 start, u64 end)
{
	return rig_memblock_phys_alloc_range(mb, size, align, start, end, RIG_HERE);
}

static void allocation_goes_from_the_top_or_the_bottom(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 0, 256 * K);
	assert_int_equal(alloc(mb, K, 16 * K, 0, 0), 240 * K);
	assert_int_equal(alloc(mb, K, K, 0, 0), 255 * K);
	assert_int_equal(alloc(mb, 100, 64, 0, 0), 255 * K - 128);
	mb->map->bottom_up = true;
	assert_int_equal(alloc(mb, K, K, 0, 0), PAGE_SIZE); /* never page 0 */
	assert_int_equal(alloc(mb, K, 16 * K, 0, 0), 16 * K);
	expect_good(mb);
}

static void bounds_of_an_allocation_are_kept(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 0, SZ_1M);
	assert_int_equal(alloc(mb, 16 * K, K, 64 * K, 80 * K), 64 * K);
	assert_int_equal(alloc(mb, 16 * K, K, 64 * K, 80 * K), 0);
	assert_int_equal(alloc(mb, 16 * K, 32 * K, 80 * K, 111 * K), 0);
	assert_int_equal(alloc(mb, 15 * K, 32 * K, 80 * K, 111 * K), 96 * K);
	assert_int_equal(alloc(mb, 2 * SZ_1M, K, 0, 0), 0);
}

/* An upper bound given in figures counts, even above current_limit. */
static void only_accessible_allocations_heed_the_limit(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 0, SPACE);
	mb->map->current_limit = SZ_1M;
	assert_int_equal(alloc(mb, K, K, 0, MEMBLOCK_ALLOC_ACCESSIBLE), SZ_1M - K);
	assert_int_equal(alloc(mb, K, K, 0, MEMBLOCK_ALLOC_NOLEAKTRACE), SZ_1M - 2 * K);
	assert_int_equal(alloc(mb, K, K, 0, MEMBLOCK_ALLOC_ANYWHERE), SPACE - K);
	assert_int_equal(alloc(mb, K, K, SZ_1M, 2 * SZ_1M), 2 * SZ_1M - K);
	/* host addresses must be mapped */
	assert_ptr_equal(rig_memblock_alloc_try_nid(mb, K, K, 0, MEMBLOCK_ALLOC_ANYWHERE,
						    NUMA_NO_NODE, RIG_HERE),
			 space + SZ_1M - 3 * K);
}

static void memory_is_cleared_unless_raw(void **state)
{
	struct rig_memblock *mb = fresh_memblock();
	u8 *memory;

	add(mb, 0, SZ_1M);
	memset(space, 0x5a, SZ_1M);
	memory = rig_memblock_alloc_try_nid_raw(mb, K, K, 0, 0, NUMA_NO_NODE, RIG_HERE);
	assert_int_equal(memory[K - 1], 0x5a);
	rig_memblock_free(mb, memory, K, RIG_HERE);
	memory = rig_memblock_alloc_try_nid(mb, K, K, 0, 0, NUMA_NO_NODE, RIG_HERE);
	assert_int_equal(memory[0], 0);
	assert_int_equal(memory[K - 1], 0);
	assert_int_equal(memory[-1], 0x5a);
	rig_memblock_free(mb, NULL, K, RIG_HERE);
	expect_reserved(mb, "1023+1");
}

/* node 0: [64K, 128K), node 1: [128K, 192K), node 0: [192K, 256K) */
static struct rig_memblock *two_nodes(void)
{
	struct rig_memblock *mb = fresh_memblock();

	for (u64 i = 0; i < 3; i++)
		rig_memblock_add_node(mb, (64 + 64 * i) * K, 64 * K, (int)(i & 1), MEMBLOCK_NONE,
				      RIG_HERE);
	return mb;
}

static void nodes_are_preferred_or_demanded(void **state)
{
	struct rig_memblock *mb = two_nodes();

	assert_int_equal(rig_memblock_phys_alloc_try_nid(mb, 64 * K, K, 1), 128 * K);
	/* full: any node, unless this one is demanded */
	assert_int_equal(rig_memblock_alloc_range_nid(mb, K, K, 0, 0, 1, true), 0);
	assert_int_equal(rig_memblock_phys_alloc_try_nid(mb, K, K, 1), 255 * K);
	assert_null(rig_memblock_alloc_exact_nid_raw(mb, K, K, 0, 0, 1, RIG_HERE));
	/* MAX_NUMNODES is an old way to say "any", and is reported once */
	assert_int_equal(rig_memblock_phys_alloc_try_nid(mb, K, K, MAX_NUMNODES), 254 * K);
	assert_int_equal(rig_memblock_phys_alloc_try_nid(mb, K, K, MAX_NUMNODES), 253 * K);
	assert_string_equal(printed, "Usage of MAX_NUMNODES is deprecated. "
				     "Use NUMA_NO_NODE instead\n");
}

static void the_lower_bound_is_given_up_last(void **state)
{
	struct rig_memblock *mb = two_nodes();

	/* node 1 has no room above 160K for 48K; below it has */
	assert_ptr_equal(rig_memblock_alloc_exact_nid_raw(mb, 48 * K, K, 160 * K, 0, 1, RIG_HERE),
			 space + 144 * K);
	/* without demand the node is given up before the bound */
	assert_ptr_equal(rig_memblock_alloc_try_nid_raw(mb, 48 * K, K, 160 * K, 0, 1, RIG_HERE),
			 space + 208 * K);
}

static void mirrored_memory_is_preferred(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 0, 256 * K);
	/* without kernelcore=mirror the mark means nothing */
	assert_int_equal(rig_memblock_mark(mb, 64 * K, 64 * K, MEMBLOCK_MIRROR), 0);
	expect_mapped(mb, "0+256");
	*mb->mirrored_kernelcore = true;
	assert_int_equal(rig_memblock_mark(mb, 64 * K, 64 * K, MEMBLOCK_MIRROR), 0);
	expect_mapped(mb, "0+64 64+64 128+128");
	assert_int_equal(alloc(mb, 48 * K, K, 0, 0), 80 * K);
	assert_string_equal(printed, "");
	assert_int_equal(alloc(mb, 48 * K, K, 0, 0), 208 * K);
	assert_string_equal(printed,
			    "Could not allocate 0x000000000000c000 bytes of mirrored memory\n");
}

static void nomap_hotplug_and_driver_memory_is_left_alone(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 0, 256 * K);
	rig_memblock_mark(mb, 192 * K, 64 * K, MEMBLOCK_NOMAP);
	rig_memblock_mark(mb, 128 * K, 64 * K, MEMBLOCK_DRIVER_MANAGED);
	rig_memblock_mark(mb, 64 * K, 64 * K, MEMBLOCK_HOTPLUG);
	assert_int_equal(alloc(mb, K, K, 0, 0), 127 * K);
	*mb->movable_node = true;
	assert_int_equal(alloc(mb, K, K, 0, 0), 63 * K);
	assert_true(rig_memblock_is_memory(mb, 192 * K));
	assert_false(rig_memblock_is_map_memory(mb, 192 * K));
	assert_true(rig_memblock_is_map_memory(mb, 128 * K));
	rig_memblock_clear(mb, 192 * K, 64 * K, MEMBLOCK_NOMAP);
	assert_int_equal(alloc(mb, K, K, 0, 0), 255 * K);
	expect_good(mb);
}

/* --- walking, asking, cutting */

static void free_ranges_are_walked_both_ways(void **state)
{
	static const u64 wanted[][2] = { { 64, 80 }, { 96, 128 }, { 128, 144 }, { 192, 256 } };
	struct rig_memblock *mb = two_nodes();
	phys_addr_t start, end;
	size_t n = 0;
	u64 i;

	reserve(mb, 80 * K, 16 * K);
	reserve(mb, 144 * K, 48 * K);
	reserve(mb, 256 * K, 16 * K);
	rig_for_each_free_mem_range(mb, i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
	{
		assert_true(n < ARRAY_SIZE(wanted));
		assert_int_equal(start, wanted[n][0] * K);
		assert_int_equal(end, wanted[n][1] * K);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(wanted));
	rig_for_each_free_mem_range_reverse(mb, i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
	{
		n--;
		assert_int_equal(start, wanted[n][0] * K);
		assert_int_equal(end, wanted[n][1] * K);
	}
	assert_int_equal(n, 0);
	rig_for_each_free_mem_range(mb, i, 1, MEMBLOCK_NONE, &start, &end, NULL)
	{
		assert_int_equal(start, 128 * K);
		n++;
	}
	assert_int_equal(n, 1);
}

static void pfn_ranges_are_whole_pages(void **state)
{
	struct rig_memblock *mb = fresh_memblock();
	unsigned long start, end, pages = 0;
	int i, nid;

	rig_memblock_add_node(mb, 0x800, 0x2800, 0, MEMBLOCK_NONE, RIG_HERE);
	rig_memblock_add_node(mb, 0x5100, 0xf00, 0, MEMBLOCK_NONE, RIG_HERE);
	rig_memblock_add_node(mb, 0x8000, 0x4800, 1, MEMBLOCK_NONE, RIG_HERE);
	rig_for_each_mem_pfn_range(mb, i, MAX_NUMNODES, &start, &end, &nid)
	{
		assert_int_equal(start, nid ? 8 : 1);
		pages += end - start;
	}
	assert_int_equal(pages, 2 + 4);
	assert_int_equal(rig_memblock_search_pfn_nid(mb, 9, &start, &end), 1);
	assert_int_equal(end, 12);
	assert_int_equal(rig_memblock_search_pfn_nid(mb, 100, &start, &end), -1);
}

static void limits_cut_memory_and_reservations(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 0, 64 * K);
	add(mb, 128 * K, 64 * K);
	reserve(mb, 32 * K, 128 * K);
	rig_memblock_enforce_memory_limit(mb, 0);
	rig_memblock_enforce_memory_limit(mb, SZ_1M);
	expect_mapped(mb, "0+64 128+64");
	rig_memblock_enforce_memory_limit(mb, 80 * K);
	expect_mapped(mb, "0+64 128+16");
	expect_reserved(mb, "32+112");
	rig_memblock_mark(mb, 0, 16 * K, MEMBLOCK_NOMAP);
	rig_memblock_cap_memory_range(mb, 48 * K, 90 * K);
	expect_mapped(mb, "0+16 48+16 128+10");
	expect_reserved(mb, "48+90");
	rig_memblock_mem_limit_remove_map(mb, 20 * K);
	expect_mapped(mb, "0+16 48+4");
}

static void trimming_keeps_whole_blocks(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 1 * K, 10 * K);
	add(mb, 13 * K, 2 * K);
	add(mb, 17 * K, 7 * K);
	rig_memblock_trim_memory(mb, 4 * K);
	expect_mapped(mb, "4+4 20+4");
	mb = fresh_memblock();
	add(mb, 1 * K, 10 * K);
	rig_memblock_trim_memory(mb, 64 * K);
	expect_mapped(mb, "0+0");
}

/* --- prints */

static void noinline reserve_here(struct rig_memblock *mb)
{
	reserve(mb, 0x1000, 0x2000);
}

static void debug_prints_are_the_kernels(void **state)
{
	struct rig_memblock *mb = fresh_memblock();
	char *text;

	rig_memblock_set_debug(mb, true);
	rig_memblock_add_node(mb, 0, 0x10000, 1, MEMBLOCK_HOTPLUG, 0);
	reserve_here(mb);
	rig_memblock_alloc_try_nid(mb, 0x100, 0x40, 0, 0, NUMA_NO_NODE, 0);
	rig_memblock_dump(mb);
	text = strstr(printed, "memblock_reserve: [0x0000000000001000-0x0000000000002fff] ");
	assert_non_null(text);
	text = strstr(printed, "memblock_alloc_try_nid: 256 bytes align=0x40 nid=-1 "
			       "from=0x0000000000000000 max_addr=0x0000000000000000 0x0\n");
	assert_non_null(text);
	assert_ptr_equal(strstr(printed, "memblock_add_node: [0x0000000000000000-"
					 "0x000000000000ffff] nid=1 flags=1 0x0\n"),
			 printed);
	text = strstr(printed, "MEMBLOCK configuration:\n");
	assert_non_null(text);
	assert_string_equal(
		text,
		"MEMBLOCK configuration:\n"
		" memory size = 0x0000000000010000 reserved size = 0x0000000000002100\n"
		" memory.cnt  = 0x1\n"
		" memory[0]\t[0x0000000000000000-0x000000000000ffff], 0x0000000000010000 bytes on "
		"node 1 flags: 0x1\n"
		" reserved.cnt  = 0x2\n"
		" reserved[0]\t[0x0000000000001000-0x0000000000002fff], 0x0000000000002000 bytes "
		"flags: 0\n"
		" reserved[0x1]\t[0x000000000000ff00-0x000000000000ffff], 0x0000000000000100 bytes "
		"flags: 0\n");
	text = rig_memblock_show(&mb->map->reserved);
	assert_string_equal(text, "   0: 0x0000000000001000..0x0000000000002fff\n"
				  "   1: 0x000000000000ff00..0x000000000000ffff\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocation_goes_from_the_top_or_the_bottom),
		cmocka_unit_test(bounds_of_an_allocation_are_kept),
		cmocka_unit_test(only_accessible_allocations_heed_the_limit),
		cmocka_unit_test(memory_is_cleared_unless_raw),
		cmocka_unit_test(nodes_are_preferred_or_demanded),
		cmocka_unit_test(the_lower_bound_is_given_up_last),
		cmocka_unit_test(mirrored_memory_is_preferred),
		cmocka_unit_test(nomap_hotplug_and_driver_memory_is_left_alone),
		cmocka_unit_test(free_ranges_are_walked_both_ways),
		cmocka_unit_test(pfn_ranges_are_whole_pages),
		cmocka_unit_test(limits_cut_memory_and_reservations),
		cmocka_unit_test(trimming_keeps_whole_blocks),
		cmocka_unit_test(debug_prints_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

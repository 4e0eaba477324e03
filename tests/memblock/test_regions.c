// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region arrays: what adding, removing and marking make of them; where arrays that double go; the
 * invariants, each also seen broken.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/kernel.h>

#include "fixture.h"

static void an_empty_memblock_is_good(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	expect_mapped(mb, "0+0");
	expect_reserved(mb, "0+0");
	assert_int_equal(mb->map->memory.max, 128);
	assert_int_equal(mb->map->current_limit, MEMBLOCK_ALLOC_ANYWHERE);
	assert_string_equal(mb->map->reserved.name, "reserved");
}

static void what_touches_or_overlaps_is_merged(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 64 * K, 64 * K);
	add(mb, 256 * K, 64 * K);
	expect_mapped(mb, "64+64 256+64");
	add(mb, 128 * K, 64 * K); /* touches the first */
	expect_mapped(mb, "64+128 256+64");
	add(mb, 32 * K, 64 * K); /* overlaps it from below */
	expect_mapped(mb, "32+160 256+64");
	add(mb, 16 * K, 512 * K); /* covers all */
	expect_mapped(mb, "16+512");
	add(mb, 64 * K, 4 * K); /* inside */
	expect_mapped(mb, "16+512");
	assert_int_equal(mb->map->memory.total_size, 512 * K);
}

static void a_range_over_many_fills_all_gaps(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	for (u64 i = 0; i < 40; i++)
		reserve(mb, (2 * i + 1) * K, K);
	assert_int_equal(mb->map->reserved.cnt, 40);
	reserve(mb, 0, 100 * K);
	expect_reserved(mb, "0+100");
}

static void other_flags_or_nodes_keep_regions_apart(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	rig_memblock_add_node(mb, 0, 64 * K, 0, MEMBLOCK_NONE, RIG_HERE);
	rig_memblock_add_node(mb, 64 * K, 64 * K, 1, MEMBLOCK_NONE, RIG_HERE);
	rig_memblock_add_node(mb, 128 * K, 64 * K, 1, MEMBLOCK_HOTPLUG, RIG_HERE);
	expect_mapped(mb, "0+64 64+64 128+64");
	assert_int_equal(rig_memblock_clear(mb, 0, SPACE, MEMBLOCK_HOTPLUG), 0);
	expect_mapped(mb, "0+64 64+128");
	assert_int_equal(rig_memblock_set_node(mb, 32 * K, 64 * K, &mb->map->memory, 2), 0);
	expect_mapped(mb, "0+32 32+64 96+96");
	assert_int_equal(rig_memblock_set_node(mb, 0, SPACE, &mb->map->memory, 0), 0);
	expect_mapped(mb, "0+192");
}

static void removal_cuts_splits_and_empties(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 64 * K, 192 * K);
	rig_memblock_remove(mb, 128 * K, 64 * K, RIG_HERE);
	expect_mapped(mb, "64+64 192+64");
	rig_memblock_remove(mb, 0, 96 * K, RIG_HERE);
	expect_mapped(mb, "96+32 192+64");
	rig_memblock_remove(mb, 0, SPACE, RIG_HERE);
	expect_mapped(mb, "0+0");
	assert_int_equal(mb->map->memory.regions[0].nid, MAX_NUMNODES);
	add(mb, 4 * K, 4 * K);
	expect_mapped(mb, "4+4");
}

static void ranges_that_wrap_are_cut(void **state)
{
	struct rig_memblock *mb = fresh_memblock();
	const u64 top = PHYS_ADDR_MAX - SZ_1M;

	add(mb, top, SZ_4G);
	assert_int_equal(mb->map->memory.regions[0].base, top);
	assert_int_equal(mb->map->memory.regions[0].size, SZ_1M);
	reserve(mb, 64 * K, ~0UL);
	assert_int_equal(mb->map->reserved.regions[0].size, PHYS_ADDR_MAX - 64 * K);
	assert_true(rig_memblock_overlaps_region(&mb->map->memory, top + 5, ~0UL));
	assert_false(rig_memblock_overlaps_region(&mb->map->memory, 0, SZ_4G));
	assert_true(rig_memblock_is_region_memory(mb, top, ~0UL));
	rig_memblock_phys_free(mb, SZ_1M, ~0UL, RIG_HERE);
	expect_reserved(mb, "64+960");
	/* nothing fits below an end that would wrap */
	assert_int_equal(
		rig_memblock_phys_alloc_range(mb, SZ_4G, 64, 0, MEMBLOCK_ALLOC_ANYWHERE, RIG_HERE),
		0);
	expect_good(mb);
}

/* --- arrays that double */

/* 128 reservations of 1 KiB at every second KiB from @base on: the array is full. */
static struct rig_memblock *full_of_reservations(u64 base)
{
	struct rig_memblock *mb = fresh_memblock();

	add(mb, 0, SPACE);
	mb->can_resize = true;
	for (u64 i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		reserve(mb, base + 2 * i * K, K);
	assert_int_equal(mb->map->reserved.max, 128);
	return mb;
}

static void expect_array_at(const struct rig_memblock *mb, const struct memblock_type *type,
			    u64 place, unsigned long max)
{
	assert_int_equal((u8 *)type->regions - space, place);
	assert_int_equal(type->max, max);
	assert_true(rig_memblock_is_reserved(mb, place));
	expect_good(mb);
}

/* 256 regions of 24 bytes take two pages, at the end of memory. */
static void a_full_array_doubles_at_the_top(void **state)
{
	struct rig_memblock *mb = full_of_reservations(64 * K);

	reserve(mb, 1024 * K, K);
	expect_array_at(mb, &mb->map->reserved, SPACE - 8 * K, 256);
	assert_int_equal(mb->map->reserved.cnt, 130);
}

/* The range that is being reserved is not in the array yet, and must not be used for it. */
static void a_doubled_array_stays_clear_of_the_new_range(void **state)
{
	struct rig_memblock *mb = full_of_reservations(64 * K);

	reserve(mb, SPACE - 16 * K, 16 * K);
	expect_array_at(mb, &mb->map->reserved, SPACE - 24 * K, 256);
	assert_int_equal(mb->map->reserved.total_size, 128 * K + 16 * K + 8 * K);

	/* room above the range is preferred to room below it, though it is not the highest found */
	mb = full_of_reservations(64 * K);
	reserve(mb, SPACE - 64 * K, 32 * K);
	expect_array_at(mb, &mb->map->reserved, SPACE - 8 * K, 256);

	/* above it 4 KiB are left: too little */
	mb = full_of_reservations(64 * K);
	reserve(mb, SPACE - 64 * K, 60 * K);
	expect_array_at(mb, &mb->map->reserved, SPACE - 72 * K, 256);
}

static void the_old_array_is_freed_when_it_doubles_again(void **state)
{
	struct rig_memblock *mb = full_of_reservations(64 * K);

	for (u64 i = 0; i < 200; i++)
		reserve(mb, 1024 * K + 2 * i * K, K);
	/* 512 regions: three pages, below the two that were then given back */
	expect_array_at(mb, &mb->map->reserved, SPACE - 20 * K, 512);
	assert_false(rig_memblock_is_reserved(mb, SPACE - 8 * K));
	assert_int_equal(mb->map->reserved.cnt, 128 + 200 + 1);
}

static void the_array_of_memory_doubles_too(void **state)
{
	struct rig_memblock *mb = fresh_memblock();

	mb->can_resize = true;
	for (u64 i = 0; i < 127; i++)
		add(mb, 2 * i * K, K);
	add(mb, 2048 * K, 2048 * K);
	assert_int_equal(mb->map->memory.max, 128);
	add(mb, 1024 * K, K);
	expect_array_at(mb, &mb->map->memory, SPACE - 8 * K, 256);
	assert_int_equal(mb->map->memory.cnt, 129);
	expect_reserved(mb, "4088+8");
}

static void bottom_up_arrays_go_low(void **state)
{
	struct rig_memblock *mb = full_of_reservations(64 * K);

	mb->map->bottom_up = true;
	reserve(mb, 1024 * K, K);
	/* above the new range first, and there from the lowest address */
	expect_array_at(mb, &mb->map->reserved, 1028 * K, 256);
}

static void a_full_array_that_may_not_grow_refuses(void **state)
{
	struct rig_memblock *mb = full_of_reservations(64 * K);

	mb->can_resize = false;
	assert_int_equal(rig_memblock_reserve(mb, 1024 * K, K, RIG_HERE), -ENOMEM);
	assert_int_equal(mb->map->reserved.cnt, 128);
	/* what fills a hole between two regions needs one for a moment; what is there needs none */
	assert_int_equal(rig_memblock_reserve(mb, 65 * K, K, RIG_HERE), -ENOMEM);
	reserve(mb, 64 * K, K);
	assert_int_equal(mb->map->reserved.cnt, 128);
	expect_good(mb);
}

static void no_room_for_the_array_is_said_and_changes_nothing(void **state)
{
	struct rig_memblock *mb = full_of_reservations(64 * K);

	rig_memblock_remove(mb, 0, SPACE - 4 * K, RIG_HERE);
	assert_int_equal(rig_memblock_reserve(mb, 1024 * K, K, RIG_HERE), -ENOMEM);
	assert_int_equal(mb->map->reserved.cnt, 128);
	assert_string_equal(
		printed, "memblock: Failed to double reserved array from 128 to 256 entries !\n");
	expect_good(mb);
}

static void *host_alloc(void *data, size_t size, int nid)
{
	return malloc(size);
}

static void host_free(void *data, void *memory)
{
	free(memory);
}

static void with_a_slab_allocator_arrays_come_from_there(void **state)
{
	static const struct rig_memblock_ops slab = { .print = keep_line,
						      .slab_alloc = host_alloc,
						      .slab_free = host_free };
	struct rig_memblock *mb = full_of_reservations(64 * K);
	void *late;

	mb->ops = &slab;
	mb->slab_is_available = true;
	for (u64 i = 0; i < 200; i++)
		reserve(mb, 1024 * K + 2 * i * K, K);
	assert_int_equal(mb->map->reserved.max, 512);
	assert_int_equal(mb->map->reserved.cnt, 328);
	expect_good(mb);
	late = rig_memblock_alloc_try_nid(mb, 100, 8, 0, 0, NUMA_NO_NODE, RIG_HERE);
	assert_non_null(late);
	free(late);
	rig_memblock_discard(mb);
}

/* --- the invariants are seen broken */

static void each_invariant_can_fail(void **state)
{
	struct rig_memblock *mb = fresh_memblock();
	struct memblock_region *regions = mb->map->memory.regions;

	add(mb, 64 * K, 64 * K);
	add(mb, 192 * K, 64 * K);
	add(mb, 320 * K, 64 * K);
	expect_good(mb);
	regions[1].base = 128 * K;
	expect_bad(mb, "memblock.merged");
	regions[1].nid = 3;
	expect_good(mb);
	regions[1].base = 100 * K;
	expect_bad(mb, "memblock.disjoint");
	regions[1].base = 32 * K;
	expect_bad(mb, "memblock.sorted");
	regions[1].base = 192 * K;
	regions[1].size = 0;
	expect_bad(mb, "memblock.not_empty");
	regions[1].size = 32 * K;
	expect_bad(mb, "memblock.total_size");
	regions[1].size = 64 * K;
	mb->map->memory.cnt = 129;
	expect_bad(mb, "memblock.count");
}

/* Thousands of changes from a fixed seed; the invariants hold after each. */
static void any_sequence_keeps_the_invariants(void **state)
{
	struct rig_memblock *mb = fresh_memblock();
	u64 random = 88172645463325252ULL;

	mb->can_resize = true;
	add(mb, 0, SPACE);
	for (int n = 0; n < 20000; n++) {
		u64 base, size;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		base = random % (SPACE - SZ_256K) & ~0xffUL;
		size = (random >> 40) % 0x4000 & ~0xffUL;
		switch (random >> 32 & 7) {
		case 0:
		case 1:
		case 2:
			(void)rig_memblock_reserve(mb, base, size, RIG_HERE);
			break;
		case 3:
			(void)rig_memblock_phys_alloc_range(mb, size, 256, 0, 0, RIG_HERE);
			break;
		case 4:
			(void)rig_memblock_mark(mb, base, size, MEMBLOCK_HOTPLUG);
			break;
		case 5:
			(void)rig_memblock_clear(mb, base, 8 * size, MEMBLOCK_HOTPLUG);
			break;
		case 6:
			(void)rig_memblock_set_node(mb, base, size, &mb->map->memory, n & 3);
			break;
		default:
			/* not the arrays themselves, which lie at the top */
			(void)rig_memblock_phys_free(mb, base % SZ_2M, 3 * size, RIG_HERE);
		}
		expect_good(mb);
	}
	assert_true(mb->map->memory.max > 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_memblock_is_good),
		cmocka_unit_test(what_touches_or_overlaps_is_merged),
		cmocka_unit_test(a_range_over_many_fills_all_gaps),
		cmocka_unit_test(other_flags_or_nodes_keep_regions_apart),
		cmocka_unit_test(removal_cuts_splits_and_empties),
		cmocka_unit_test(ranges_that_wrap_are_cut),
		cmocka_unit_test(a_full_array_doubles_at_the_top),
		cmocka_unit_test(a_doubled_array_stays_clear_of_the_new_range),
		cmocka_unit_test(the_old_array_is_freed_when_it_doubles_again),
		cmocka_unit_test(the_array_of_memory_doubles_too),
		cmocka_unit_test(bottom_up_arrays_go_low),
		cmocka_unit_test(a_full_array_that_may_not_grow_refuses),
		cmocka_unit_test(no_room_for_the_array_is_said_and_changes_nothing),
		cmocka_unit_test(with_a_slab_allocator_arrays_come_from_there),
		cmocka_unit_test(each_invariant_can_fail),
		cmocka_unit_test(any_sequence_keeps_the_invariants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

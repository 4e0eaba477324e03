// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region arrays: what adding, removing and marking make of them; where arrays that double go; what
 * is found free, and in which order; the invariants, each also seen broken.
 *
 * Physical address 0 is the first byte of an array here, so memory can really be used.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/memblock.h>
#include <linux/kernel.h>
#include <linux/sizes.h>

#define K 1024UL
#define SPACE (4 * SZ_1M)

static u8 space[SPACE] __attribute__((aligned(4096)));
static char printed[65536];

static void keep_line(void *data, const char *line)
{
	strncat(printed, line, sizeof(printed) - strlen(printed) - 2);
	strcat(printed, "\n");
}

static const struct rig_memblock_ops ops = { .print = keep_line };

static struct rig_memblock *fresh(void)
{
	static struct rig_memblock mb;

	rig_memblock_init(&mb, (unsigned long)space);
	mb.ops = &ops;
	printed[0] = '\0';
	return &mb;
}

static void add(struct rig_memblock *mb, u64 base, u64 size)
{
	assert_int_equal(rig_memblock_add(mb, base, size, RIG_HERE), 0);
}

static void reserve(struct rig_memblock *mb, u64 base, u64 size)
{
	assert_int_equal(rig_memblock_reserve(mb, base, size, RIG_HERE), 0);
}

static void expect_good(const struct rig_memblock *mb)
{
	struct rig_verdict verdict;

	if (!rig_memblock_check(mb, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

static void expect_bad(const struct rig_memblock *mb, const char *name)
{
	struct rig_verdict verdict;

	assert_false(rig_memblock_check(mb, &verdict));
	assert_string_equal(verdict.name, name);
}

/* Regions as "base+size base+size ...", sizes and bases in KiB. */
static void expect(const struct rig_memblock *mb, const struct memblock_type *type,
		   const char *wanted)
{
	char text[4096] = "";
	size_t length = 0;

	for (unsigned long i = 0; i < type->cnt && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%llu+%llu",
					   i ? " " : "",
					   (unsigned long long)(type->regions[i].base / K),
					   (unsigned long long)(type->regions[i].size / K));
	assert_string_equal(text, wanted);
	expect_good(mb);
}

#define expect_mapped(mb, wanted) expect(mb, &(mb)->map->memory, wanted)
#define expect_reserved(mb, wanted) expect(mb, &(mb)->map->reserved, wanted)

static void an_empty_memblock_is_good(void **state)
{
	struct rig_memblock *mb = fresh();

	expect_mapped(mb, "0+0");
	expect_reserved(mb, "0+0");
	assert_int_equal(mb->map->memory.max, 128);
	assert_int_equal(mb->map->current_limit, MEMBLOCK_ALLOC_ANYWHERE);
	assert_string_equal(mb->map->reserved.name, "reserved");
}

static void what_touches_or_overlaps_is_merged(void **state)
{
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

	for (u64 i = 0; i < 40; i++)
		reserve(mb, (2 * i + 1) * K, K);
	assert_int_equal(mb->map->reserved.cnt, 40);
	reserve(mb, 0, 100 * K);
	expect_reserved(mb, "0+100");
}

static void other_flags_or_nodes_keep_regions_apart(void **state)
{
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();
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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

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

/* --- allocation */

static phys_addr_t alloc(struct rig_memblock *mb, u64 size, u64 align, u64 start, u64 end)
{
	return rig_memblock_phys_alloc_range(mb, size, align, start, end, RIG_HERE);
}

static void allocation_goes_from_the_top_or_the_bottom(void **state)
{
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();
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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();
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
	struct rig_memblock *mb = fresh();

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
	struct rig_memblock *mb = fresh();

	add(mb, 1 * K, 10 * K);
	add(mb, 13 * K, 2 * K);
	add(mb, 17 * K, 7 * K);
	rig_memblock_trim_memory(mb, 4 * K);
	expect_mapped(mb, "4+4 20+4");
	mb = fresh();
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
	struct rig_memblock *mb = fresh();
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

/* --- the invariants are seen broken */

static void each_invariant_can_fail(void **state)
{
	struct rig_memblock *mb = fresh();
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
	struct rig_memblock *mb = fresh();
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
			(void)alloc(mb, size, 256, 0, 0);
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
		cmocka_unit_test(each_invariant_can_fail),
		cmocka_unit_test(any_sequence_keeps_the_invariants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

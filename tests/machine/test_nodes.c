// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines whose memory is complicated: what is handed out lies where the boot map says. All of a
 * machine's memory is taken page by page, and each page is asked for its node and zone.
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
#include <linux/kernel.h>
#include <linux/sizes.h>

static struct rig_machine *boot(const struct rig_machine_config *config)
{
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(config, error, sizeof(error));

	if (!machine)
		fail_msg("%s", error);
	return machine;
}

static void end(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	rig_machine_destroy(machine);
}

static struct page *take(struct rig_machine *machine, gfp_t gfp, int nid)
{
	return rig_alloc_pages(&machine->cpus[0], gfp | __GFP_NOWARN | __GFP_NORETRY, 0, nid, NULL);
}

typedef void (*look_fn)(const struct rig_machine *machine, const struct page *page,
			unsigned long pfn);

/* Takes pages until there are no more, looks at each, and gives all back. Returns how many. */
static unsigned long drain(struct rig_machine *machine, gfp_t gfp, int nid, look_fn look)
{
	struct page *page, *taken = NULL;
	unsigned long nr = 0;

	while ((page = take(machine, gfp, nid))) {
		look(machine, page, rig_page_to_pfn(machine, page));
		page->private = (unsigned long)taken;
		taken = page;
		nr++;
	}
	while (taken) {
		page = taken;
		taken = (struct page *)page->private;
		page->private = 0;
		rig_free_pages(&machine->cpus[0], page, 0);
	}
	return nr;
}

static void is_where_memblock_says(const struct rig_machine *machine, const struct page *page,
				   unsigned long pfn)
{
	const struct zone *zone = rig_pfn_zone(machine, pfn);
	unsigned long start, last;

	assert_non_null(zone);
	assert_ptr_equal(rig_page_zone(machine, page), zone);
	assert_int_equal(page_to_nid(page),
			 rig_memblock_search_pfn_nid(machine->memblock, pfn, &start, &last));
	assert_false(rig_memblock_is_reserved(machine->memblock, PFN_PHYS(pfn)));
	assert_true(rig_memblock_is_map_memory(machine->memblock, PFN_PHYS(pfn)));
}

static void is_of_node_1(const struct rig_machine *machine, const struct page *page,
			 unsigned long pfn)
{
	is_where_memblock_says(machine, page, pfn);
	assert_int_equal(page_to_nid(page), 1);
}

/* Pieces of 1 MiB, by turns of two nodes: no block of the highest order is of one node. */
static void finely_interleaved_nodes_keep_their_pages(void **state)
{
	struct rig_memory_range memory[64];
	struct rig_machine_config config = { .name = "mixed", .memory = memory, .nr_memory = 64 };
	struct rig_machine *machine;

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		memory[i] = (struct rig_memory_range){ .base = SZ_16M + i * SZ_1M,
						       .size = SZ_1M,
						       .nid = (int)(i & 1) };
	machine = boot(&config);
	assert_true(drain(machine, GFP_KERNEL, 0, is_where_memblock_says) > SZ_64M / SZ_4K * 3 / 4);
	assert_true(drain(machine, GFP_KERNEL | __GFP_THISNODE, 1, is_of_node_1) >
		    SZ_32M / SZ_4K * 3 / 4);
	end(machine);
}

static void holes_and_unmapped_memory_are_never_handed_out(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0x1000, .size = 0x9e000 },
		{ .base = SZ_1M, .size = SZ_8M },
		{ .base = 11UL * SZ_1M + SZ_4K, .size = SZ_8M },
		{ .base = SZ_32M, .size = SZ_8M, .flags = RIG_MEMORY_NOMAP },
		{ .base = 40UL * SZ_1M, .size = SZ_8M },
		{ .base = 42UL * SZ_1M, .size = SZ_1M + 1, .flags = RIG_MEMORY_RESERVED },
		{ .base = 45UL * SZ_1M,
		  .size = SZ_64K,
		  .flags = RIG_MEMORY_RESERVED | RIG_MEMORY_NOMAP },
	};
	struct rig_machine_config config = { .name = "holes",
					     .memory = memory,
					     .nr_memory = ARRAY_SIZE(memory) };
	struct rig_machine *machine = boot(&config);

	assert_true(drain(machine, GFP_KERNEL, 0, is_where_memblock_says) > SZ_16M / SZ_4K);
	end(machine);
}

/* Node 1 has a CPU only. Its requests go to the nearest node; asked for alone it has nothing. */
static void a_node_without_memory_borrows(void **state)
{
	static const u8 distance[] = { 10, 30, 20, 30, 10, 15, 20, 15, 10 };
	static const int cpu_nid[] = { 0, 1, 2 };
	const struct rig_memory_range memory[] = {
		{ .base = SZ_16M, .size = SZ_64M, .nid = 0 },
		{ .base = SZ_128M, .size = SZ_64M, .nid = 2 },
	};
	struct rig_machine_config config = {
		.name = "lacking",
		.memory = memory,
		.nr_memory = 2,
		.nr_cpus = 3,
		.cpu_nid = cpu_nid,
		.node_distance = distance,
	};
	struct rig_machine *machine = boot(&config);
	struct page *page = take(machine, GFP_KERNEL, 1);

	assert_non_null(page);
	assert_int_equal(page_to_nid(page), 2);
	rig_free_pages(&machine->cpus[1], page, 0);
	assert_null(take(machine, GFP_KERNEL | __GFP_THISNODE, 1));
	end(machine);
}

static void is_mirrored(const struct rig_machine *machine, const struct page *page,
			unsigned long pfn)
{
	is_where_memblock_says(machine, page, pfn);
	assert_true(pfn < PFN_DOWN(SZ_4G + SZ_64M) || pfn >= PFN_DOWN(SZ_4G + SZ_128M));
}

/* With kernelcore=mirror the zones' spans overlap; the kernel's own pages are mirrored ones. */
static void the_kernel_gets_mirrored_memory_only(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = SZ_4G, .size = SZ_64M, .flags = RIG_MEMORY_MIRROR },
		{ .base = SZ_4G + SZ_64M, .size = SZ_64M },
		{ .base = SZ_4G + SZ_128M, .size = SZ_64M, .flags = RIG_MEMORY_MIRROR },
	};
	struct rig_machine_config config = { .name = "mirror",
					     .memory = memory,
					     .nr_memory = 3,
					     .command_line = "kernelcore=mirror" };
	struct rig_machine *machine = boot(&config);
	struct page *page = take(machine, GFP_HIGHUSER_MOVABLE, 0);

	assert_true(drain(machine, GFP_KERNEL, 0, is_mirrored) > SZ_64M / SZ_4K);
	assert_int_equal(page_zonenum(page), ZONE_MOVABLE);
	rig_free_pages(&machine->cpus[0], page, 0);
	end(machine);
}

static void is_not_hotpluggable(const struct rig_machine *machine, const struct page *page,
				unsigned long pfn)
{
	is_where_memblock_says(machine, page, pfn);
	assert_true(pfn < PFN_DOWN(SZ_128M));
}

static void hotpluggable_memory_is_for_movable_pages(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = SZ_64M, .size = SZ_64M },
		{ .base = SZ_128M, .size = SZ_64M, .flags = RIG_MEMORY_HOTPLUG },
	};
	struct rig_machine_config config = {
		.name = "hotplug", .memory = memory, .nr_memory = 2, .command_line = "movable_node"
	};
	struct rig_machine *machine = boot(&config);
	struct page *page = take(machine, GFP_HIGHUSER_MOVABLE, 0);

	drain(machine, GFP_KERNEL, 0, is_not_hotpluggable);
	assert_true(rig_page_to_pfn(machine, page) >= PFN_DOWN(SZ_128M));
	rig_free_pages(&machine->cpus[0], page, 0);
	end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finely_interleaved_nodes_keep_their_pages),
		cmocka_unit_test(holes_and_unmapped_memory_are_never_handed_out),
		cmocka_unit_test(a_node_without_memory_borrows),
		cmocka_unit_test(the_kernel_gets_mirrored_memory_only),
		cmocka_unit_test(hotpluggable_memory_is_for_movable_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

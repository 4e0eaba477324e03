// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a description to nodes and zones: where zones start and end, what is present, what is free,
 * and /proc/iomem. The page allocator is the reference model: only what boot decides is looked at.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/device.h>
#include <kmemrig/iomem.h>
#include <kmemrig/machine.h>
#include <kmemrig/memblock.h>
#include <linux/kernel.h>
#include <linux/sizes.h>

#define PAGES(bytes) ((unsigned long)(bytes) >> PAGE_SHIFT)

static struct rig_machine_config config_of(const struct rig_memory_range *memory, size_t nr)
{
	return (struct rig_machine_config){ .name = "test",
					    .memory = memory,
					    .nr_memory = nr,
					    .bare = true,
					    .slab_backend = "slob" };
}

static struct rig_machine *boot(const struct rig_machine_config *config)
{
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(config, error, sizeof(error));

	if (!machine)
		fail_msg("%s", error);
	return machine;
}

static void expect_error(const struct rig_machine_config *config, const char *text)
{
	char error[200] = "";

	assert_null(rig_machine_create(config, error, sizeof(error)));
	if (!strstr(error, text))
		fail_msg("'%s' is not in '%s'", text, error);
	assert_null(strchr(error, '\n'));
}

static void expect_zone(const struct rig_machine *machine, int nid, enum zone_type type,
			unsigned long start, unsigned long spanned, unsigned long present)
{
	const struct zone *zone = rig_machine_zone(machine, nid, type);

	assert_int_equal(zone->zone_start_pfn, start);
	assert_int_equal(zone->spanned_pages, spanned);
	assert_int_equal(zone->present_pages, present);
	assert_int_equal(zone->node, nid);
	assert_int_equal(zone_idx(zone), type);
}

/* 3 GiB below the hole for devices, 3 GiB above 4 GiB; DMA32 spans the hole, as on a real PC. */
static void zones_of_a_pc_lie_at_16_mib_and_4_gib(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0x1000, .size = 0x9f000 - 0x1000 },
		{ .base = SZ_1M, .size = 3UL * SZ_1G - SZ_1M },
		{ .base = SZ_4G, .size = 3UL * SZ_1G },
	};
	const struct rig_machine_config config = config_of(memory, 3);
	struct rig_machine *machine = boot(&config);

	expect_zone(machine, 0, ZONE_DMA, 1, 0xfff, 0x9e + 0xf00);
	expect_zone(machine, 0, ZONE_DMA32, 0x1000, 0xff000, PAGES(3UL * SZ_1G) - 0x1000);
	expect_zone(machine, 0, ZONE_NORMAL, 0x100000, 0xc0000, 0xc0000);
	expect_zone(machine, 0, ZONE_HIGHMEM, 0, 0, 0);
	expect_zone(machine, 0, ZONE_MOVABLE, 0, 0, 0);
	assert_int_equal(machine->nodes[0]->nr_zones, ZONE_NORMAL + 1);
	assert_int_equal(machine->nodes[0]->node_start_pfn, 1);
	assert_ptr_equal(rig_pfn_zone(machine, 0xfff), rig_machine_zone(machine, 0, ZONE_DMA));
	assert_ptr_equal(rig_pfn_zone(machine, 0x1000), rig_machine_zone(machine, 0, ZONE_DMA32));
	assert_ptr_equal(rig_pfn_zone(machine, 0x100000),
			 rig_machine_zone(machine, 0, ZONE_NORMAL));
	assert_null(rig_pfn_zone(machine, 0xa0));
	assert_null(rig_pfn_zone(machine, 0xc0000));
	rig_machine_destroy(machine);
}

/* Firmware maps and zones of kernels 6.1.192 under QEMU, with 256 MiB and with two of 192 MiB. */
static void zones_are_those_of_recorded_kernels(void **state)
{
	const struct rig_memory_range calm[] = {
		{ .base = 0x1000, .size = 0x9fc00 - 0x1000 },
		{ .base = SZ_1M, .size = 0xffdd000 - SZ_1M },
	};
	const struct rig_memory_range numa[] = {
		{ .base = 0x1000, .size = 0x9fc00 - 0x1000 },
		{ .base = SZ_1M, .size = 0xc000000 - SZ_1M },
		{ .base = 0xc000000, .size = 0x17fdd000 - 0xc000000, .nid = 1 },
	};
	struct rig_machine_config config = config_of(calm, 2);
	struct rig_machine *machine = boot(&config);

	expect_zone(machine, 0, ZONE_DMA, 1, 4095, 3998);
	expect_zone(machine, 0, ZONE_DMA32, 4096, 61405, 61405);
	expect_zone(machine, 0, ZONE_NORMAL, 0, 0, 0);
	rig_machine_destroy(machine);
	config = config_of(numa, 3);
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_DMA, 1, 4095, 3998);
	expect_zone(machine, 0, ZONE_DMA32, 4096, 45056, 45056);
	expect_zone(machine, 1, ZONE_DMA, 0, 0, 0);
	expect_zone(machine, 1, ZONE_DMA32, 49152, 49117, 49117);
	rig_machine_destroy(machine);
}

static void highmem_starts_at_the_limit_and_leaves_no_dma32(void **state)
{
	const struct rig_memory_range memory[] = { { .base = 0, .size = SZ_1G } };
	struct rig_machine_config config = config_of(memory, 1);
	struct rig_machine *machine;

	config.lowmem_limit = 896UL * SZ_1M;
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_DMA, 0, 0x1000, 0x1000);
	expect_zone(machine, 0, ZONE_DMA32, 0, 0, 0);
	expect_zone(machine, 0, ZONE_NORMAL, 0x1000, 0x37000, 0x37000);
	expect_zone(machine, 0, ZONE_HIGHMEM, 0x38000, 0x8000, 0x8000);
	rig_machine_destroy(machine);
}

static void four_mib_are_one_zone(void **state)
{
	const struct rig_memory_range memory[] = { { .base = 0, .size = SZ_4M } };
	const struct rig_machine_config config = config_of(memory, 1);
	struct rig_machine *machine = boot(&config);

	expect_zone(machine, 0, ZONE_DMA, 0, 0x400, 0x400);
	expect_zone(machine, 0, ZONE_DMA32, 0, 0, 0);
	expect_zone(machine, 0, ZONE_NORMAL, 0, 0, 0);
	rig_machine_destroy(machine);
}

/* node 0: [0, 1G) and [2G, 3G); node 1: [1G, 2G); node 2: a CPU only; node 3: nothing. */
static void nodes_may_interleave_and_lack_memory(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = SZ_1G, .nid = 0 },
		{ .base = SZ_1G, .size = SZ_1G, .nid = 1 },
		{ .base = SZ_2G, .size = SZ_1G, .nid = 0 },
		{ .base = 5UL * SZ_1G, .size = SZ_1G, .nid = 4 },
	};
	const int cpu_nid[] = { 0, 2 };
	struct rig_machine_config config = config_of(memory, 4);
	struct rig_machine *machine;

	config.nr_cpus = 2;
	config.cpu_nid = cpu_nid;
	machine = boot(&config);
	assert_int_equal(machine->nr_nodes, 5);
	assert_null(machine->nodes[3]);
	expect_zone(machine, 0, ZONE_DMA32, 0x1000, 0xbf000, 0x7f000);
	expect_zone(machine, 1, ZONE_DMA32, 0x40000, 0x40000, 0x40000);
	expect_zone(machine, 4, ZONE_NORMAL, 0x140000, 0x40000, 0x40000);
	assert_int_equal(machine->nodes[2]->node_present_pages, 0);
	assert_int_equal(machine->nodes[0]->node_spanned_pages, 0xc0000);
	assert_int_equal(machine->nodes[0]->node_present_pages, 0x80000);
	assert_ptr_equal(rig_pfn_zone(machine, 0x50000), rig_machine_zone(machine, 1, ZONE_DMA32));
	assert_int_equal(machine->node_distance[0 * 5 + 4], 20);
	assert_int_equal(machine->node_distance[4 * 5 + 4], 10);
	rig_machine_destroy(machine);
}

/* 1 GiB for movable pages of two nodes of 1 GiB: 512 MiB of each, from its upper end. */
static void movablecore_is_spread_over_nodes(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = SZ_4G, .size = SZ_1G, .nid = 0 },
		{ .base = 5UL * SZ_1G, .size = SZ_1G, .nid = 1 },
	};
	struct rig_machine_config config = config_of(memory, 2);
	struct rig_machine *machine;

	config.movablecore_pages = PAGES(SZ_1G);
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_NORMAL, 0x100000, 0x20000, 0x20000);
	expect_zone(machine, 0, ZONE_MOVABLE, 0x120000, 0x20000, 0x20000);
	expect_zone(machine, 1, ZONE_NORMAL, 0x140000, 0x20000, 0x20000);
	expect_zone(machine, 1, ZONE_MOVABLE, 0x160000, 0x20000, 0x20000);
	rig_machine_destroy(machine);
}

/* A node of 256 MiB can't keep its half of 1 GiB: the other keeps 768 MiB. */
static void kernelcore_that_a_node_lacks_moves_to_others(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = SZ_4G, .size = SZ_256M, .nid = 0 },
		{ .base = 5UL * SZ_1G, .size = SZ_2G, .nid = 1 },
	};
	struct rig_machine_config config = config_of(memory, 2);
	struct rig_machine *machine;

	config.command_line = "quiet kernelcore=1G";
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_NORMAL, 0x100000, 0x10000, 0x10000);
	expect_zone(machine, 0, ZONE_MOVABLE, 0, 0, 0);
	expect_zone(machine, 1, ZONE_NORMAL, 0x140000, 0x30000, 0x30000);
	expect_zone(machine, 1, ZONE_MOVABLE, 0x170000, 0x50000, 0x50000);
	rig_machine_destroy(machine);
}

static void kernelcore_may_be_a_percentage(void **state)
{
	const struct rig_memory_range memory[] = { { .base = SZ_4G, .size = SZ_4G } };
	struct rig_machine_config config = config_of(memory, 1);
	struct rig_machine *machine;

	config.command_line = "kernelcore=25%";
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_NORMAL, 0x100000, 0x40000, 0x40000);
	expect_zone(machine, 0, ZONE_MOVABLE, 0x140000, 0xc0000, 0xc0000);
	rig_machine_destroy(machine);
}

static void movable_node_takes_hotpluggable_memory(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = SZ_4G, .size = SZ_1G },
		{ .base = 5UL * SZ_1G, .size = SZ_1G, .flags = RIG_MEMORY_HOTPLUG },
	};
	struct rig_machine_config config = config_of(memory, 2);
	struct rig_machine *machine;

	config.command_line = "movable_node";
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_NORMAL, 0x100000, 0x40000, 0x40000);
	expect_zone(machine, 0, ZONE_MOVABLE, 0x140000, 0x40000, 0x40000);
	rig_machine_destroy(machine);
}

/* Zones overlap: both span the upper memory, each has what is, or is not, mirrored. */
static void kernelcore_mirror_parts_memory_by_its_mirroring(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = SZ_4G, .size = SZ_1G, .flags = RIG_MEMORY_MIRROR },
		{ .base = 5UL * SZ_1G, .size = SZ_1G },
		{ .base = 6UL * SZ_1G, .size = SZ_1G, .flags = RIG_MEMORY_MIRROR },
	};
	struct rig_machine_config config = config_of(memory, 3);
	struct rig_machine *machine;

	config.command_line = "kernelcore=mirror";
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_NORMAL, 0x100000, 0xc0000, 0x80000);
	expect_zone(machine, 0, ZONE_MOVABLE, 0x140000, 0x80000, 0x40000);
	assert_ptr_equal(rig_pfn_zone(machine, 0x150000),
			 rig_machine_zone(machine, 0, ZONE_MOVABLE));
	assert_ptr_equal(rig_pfn_zone(machine, 0x190000),
			 rig_machine_zone(machine, 0, ZONE_NORMAL));
	rig_machine_destroy(machine);
}

static void mem_cuts_memory(void **state)
{
	const struct rig_memory_range memory[] = { { .base = 0, .size = SZ_1G } };
	struct rig_machine_config config = config_of(memory, 1);
	struct rig_machine *machine;

	config.command_line = "mem=512M";
	machine = boot(&config);
	expect_zone(machine, 0, ZONE_DMA32, 0x1000, 0x1f000, 0x1f000);
	rig_machine_destroy(machine);
}

/* What boot handed over, whatever was allocated since. */
static unsigned long pages_managed(const struct rig_machine *machine)
{
	unsigned long pages = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		for (int type = 0; machine->nodes[nid] && type < MAX_NR_ZONES; type++)
			pages += zone_managed_pages(rig_machine_zone(machine, nid, type));
	return pages;
}

static void what_is_not_reserved_is_free(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = SZ_64M },
		{ .base = SZ_64M, .size = SZ_16M, .flags = RIG_MEMORY_NOMAP },
		{ .base = 80UL * SZ_1M, .size = SZ_16M },
		{ .base = SZ_16M, .size = SZ_8M + 1, .flags = RIG_MEMORY_RESERVED },
		{ .base = 84UL * SZ_1M,
		  .size = SZ_1M,
		  .flags = RIG_MEMORY_RESERVED | RIG_MEMORY_NOMAP },
		{ .base = SZ_1G, .size = SZ_1M, .flags = RIG_MEMORY_RESERVED },
	};
	struct rig_machine_config config = config_of(memory, ARRAY_SIZE(memory));
	struct rig_machine *machine;
	const struct page *page;

	config.bare = false;
	machine = boot(&config);
	/* page 0; 8 MiB and a page; 1 MiB that may not be mapped */
	assert_int_equal(pages_managed(machine),
			 PAGES(80 * SZ_1M) - 1 - PAGES(SZ_8M) - 1 - PAGES(SZ_1M));
	assert_int_equal(atomic_long_read(&machine->totalram_pages), pages_managed(machine));
	page = rig_pfn_to_page(machine, 0x1000);
	assert_true(PageReserved(page));
	assert_int_equal(page_count(page), 1);
	assert_int_equal(page_zonenum(page), ZONE_DMA32);
	assert_true(PageReserved(rig_pfn_to_page(machine, 0x4000)));
	assert_false(PageReserved(rig_pfn_to_page(machine, 0x1801)));
	rig_machine_destroy(machine);
}

static void free_highmem_counts_too(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0, .size = SZ_64M },
		{ .base = 62UL * SZ_1M, .size = SZ_1M, .flags = RIG_MEMORY_RESERVED },
	};
	struct rig_machine_config config = config_of(memory, 2);
	struct rig_machine *machine;

	config.bare = false;
	config.lowmem_limit = SZ_32M;
	machine = boot(&config);
	assert_int_equal(zone_managed_pages(rig_machine_zone(machine, 0, ZONE_HIGHMEM)),
			 PAGES(31 * SZ_1M));
	rig_machine_destroy(machine);
}

static void more_ranges_than_the_first_array_holds(void **state)
{
	struct rig_memory_range memory[600];
	struct rig_machine_config config;
	struct rig_machine *machine;
	struct rig_verdict verdict;

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		memory[i] = (struct rig_memory_range){ .base = i * SZ_2M, .size = SZ_1M };
	for (size_t i = 1; i < ARRAY_SIZE(memory); i += 2) {
		memory[i].base = memory[i - 1].base + SZ_4K;
		memory[i].size = SZ_4K;
		memory[i].flags = RIG_MEMORY_RESERVED;
	}
	config = config_of(memory, ARRAY_SIZE(memory));
	config.bare = false;
	machine = boot(&config);
	assert_true(rig_memblock_check(machine->memblock, &verdict));
	assert_int_equal(machine->memblock->map->memory.cnt, 300);
	assert_int_equal(machine->memblock->map->reserved.cnt, 300);
	assert_int_equal(pages_managed(machine), 300 * 255 - 1);
	rig_machine_destroy(machine);
}

static void descriptions_that_make_no_sense_are_refused(void **state)
{
	const struct rig_memory_range two_nodes[] = {
		{ .base = 0, .size = SZ_1G, .nid = 0 },
		{ .base = SZ_512M, .size = SZ_1G, .nid = 1 },
	};
	const struct rig_memory_range bad_node[] = { { .base = 0, .size = SZ_1G, .nid = 5000 } };
	const struct rig_memory_range wraps[] = {
		{ .base = 0, .size = SZ_1G },
		{ .base = ~0UL - 5, .size = SZ_1G, .flags = RIG_MEMORY_RESERVED }
	};
	const struct rig_memory_range tiny[] = { { .base = 0x800, .size = 0x900 } };
	const struct rig_memory_range all_reserved[] = {
		{ .base = 0, .size = SZ_1M },
		{ .base = SZ_4K, .size = SZ_4M, .flags = RIG_MEMORY_RESERVED },
	};
	const struct rig_memory_range good[] = { { .base = 0, .size = SZ_1G } };
	const u8 distance[] = { 11 };
	struct rig_machine_config config = config_of(two_nodes, 2);

	expect_error(&config, "memory range 1 at 0x20000000 overlaps range 0");
	config = config_of(bad_node, 1);
	expect_error(&config, "node 5000");
	config = config_of(wraps, 2);
	expect_error(&config, "memory range 1 at 0xfffffffffffffffa: 0x40000000 bytes wrap");
	config = config_of(tiny, 1);
	expect_error(&config, "no whole page");
	config = config_of(all_reserved, 2);
	config.bare = false;
	expect_error(&config, "all of the machine's memory is reserved");
	config = config_of(NULL, 0);
	expect_error(&config, "no memory");
	config = config_of(good, 1);
	config.node_distance = distance;
	expect_error(&config, "distance of node 0 to node 0 is 11");
	config = config_of(good, 1);
	config.command_line = "mem=lots";
	expect_error(&config, "mem=lots");
	config.command_line = "kernelcore=120%";
	expect_error(&config, "kernelcore=120%");
}

static void iomem_has_the_kernels_format(void **state)
{
	const struct rig_memory_range memory[] = {
		{ .base = 0x100000, .size = 0x3ff00000, .nid = 0 },
		{ .base = 0x1000, .size = 0x9ec00 },
		{ .base = 0x40000000, .size = 0x40000000, .nid = 1 },
		{ .base = SZ_4G, .size = SZ_4G, .nid = 1 },
		{ .base = 0x1000000,
		  .size = 0xc00000,
		  .flags = RIG_MEMORY_RESERVED,
		  .name = "Kernel code" },
		{ .base = 0x0, .size = 0x1000, .flags = RIG_MEMORY_RESERVED },
		/* memblock's alone */
		{ .base = 0x2000, .size = 0x1000, .flags = RIG_MEMORY_RESERVED },
	};
	const struct rig_device_config devices[] = {
		{ .model = RIG_EDU_MODEL, .base = 0xfea00000, .irq = 11, .name = "edu" }
	};
	struct rig_machine_config config = config_of(memory, ARRAY_SIZE(memory));
	struct rig_machine *machine;
	char *text;

	config.devices = devices;
	config.nr_devices = 1;
	machine = boot(&config);
	assert_int_equal(rig_iomem_add(machine, 0xfea00100, 0x100, "registers"), 0);
	assert_int_equal(rig_iomem_add(machine, 0xfeafff00, 0x200, "crossing"), -EBUSY);
	text = rig_iomem_show(machine);
	assert_string_equal(text, "00000000-00000fff : Reserved\n"
				  "00001000-0009fbff : System RAM\n"
				  "00100000-7fffffff : System RAM\n"
				  "  01000000-01bfffff : Kernel code\n"
				  "fea00000-feafffff : edu\n"
				  "  fea00100-fea001ff : registers\n"
				  "100000000-1ffffffff : System RAM\n");
	free(text);
	rig_machine_destroy(machine);
}

static void expect_bad(struct rig_machine *machine, const char *name)
{
	struct rig_verdict verdict;

	assert_false(rig_machine_check(machine, 2, &verdict));
	assert_string_equal(verdict.name, name);
}

static void what_boot_made_is_checked(void **state)
{
	const struct rig_memory_range memory[] = { { .base = 0, .size = SZ_64M } };
	struct rig_machine_config config = config_of(memory, 1);
	struct rig_verdict verdict;
	struct rig_machine *machine;
	struct zone *zone;

	config.bare = false;
	machine = boot(&config);
	zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	assert_true(rig_machine_check(machine, 3, &verdict));
	zone->present_pages++;
	expect_bad(machine, "zone.span");
	zone->spanned_pages++;
	expect_bad(machine, "zone.span");
	zone->present_pages--;
	zone->spanned_pages--;
	atomic_long_inc(&zone->managed_pages);
	expect_bad(machine, "zone.managed");
	atomic_long_dec(&zone->managed_pages);
	machine->memblock->map->memory.total_size++;
	expect_bad(machine, "memblock.total_size");
	machine->memblock->map->memory.total_size--;
	assert_true(rig_machine_check(machine, 3, &verdict));
	rig_machine_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_of_a_pc_lie_at_16_mib_and_4_gib),
		cmocka_unit_test(zones_are_those_of_recorded_kernels),
		cmocka_unit_test(highmem_starts_at_the_limit_and_leaves_no_dma32),
		cmocka_unit_test(four_mib_are_one_zone),
		cmocka_unit_test(nodes_may_interleave_and_lack_memory),
		cmocka_unit_test(movablecore_is_spread_over_nodes),
		cmocka_unit_test(kernelcore_that_a_node_lacks_moves_to_others),
		cmocka_unit_test(kernelcore_may_be_a_percentage),
		cmocka_unit_test(movable_node_takes_hotpluggable_memory),
		cmocka_unit_test(kernelcore_mirror_parts_memory_by_its_mirroring),
		cmocka_unit_test(mem_cuts_memory),
		cmocka_unit_test(what_is_not_reserved_is_free),
		cmocka_unit_test(free_highmem_counts_too),
		cmocka_unit_test(more_ranges_than_the_first_array_holds),
		cmocka_unit_test(descriptions_that_make_no_sense_are_refused),
		cmocka_unit_test(what_boot_made_is_checked),
		cmocka_unit_test(iomem_has_the_kernels_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

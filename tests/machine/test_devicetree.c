// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device trees: what each node and property becomes in a machine's description, and what is said
 * about trees that make no sense: one line with the file and the place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include <kmemrig/devicetree.h>
#include <kmemrig/iomem.h>
#include <linux/kernel.h>
#include <linux/sizes.h>

static char folder[] = "build/test-devicetree-XXXXXX";

static const char *write_file(const char *name, const void *bytes, size_t size)
{
	static char path[200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
	return path;
}

/* A tree whose root has two address cells and one size cell, and this inside. */
static const char *write_tree(const char *inside)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "/dts-v1/;\n/ {\n#address-cells = <2>; #size-cells = <1>;\n%s\n};\n", inside);
	return write_file("tree.dts", text, strlen(text));
}

static struct rig_devicetree *open_tree(const char *path)
{
	char error[400] = "";
	struct rig_devicetree *tree = rig_devicetree_open(path, error, sizeof(error));

	if (!tree)
		fail_msg("%s", error);
	return tree;
}

#define MEMORY "memory@0 { device_type = \"memory\"; reg = <0 0 0x40000000>; };\n"

static void expect_error_of(const char *path, const char *text)
{
	char error[400] = "", wanted[400];

	assert_null(rig_devicetree_open(path, error, sizeof(error)));
	snprintf(wanted, sizeof(wanted), "%s:", path);
	if (strncmp(error, wanted, strlen(wanted)) || !strstr(error, text))
		fail_msg("'%s' does not begin with '%s' or lacks '%s'", error, wanted, text);
	assert_null(strchr(error, '\n'));
}

static void expect_error(const char *inside, const char *text)
{
	expect_error_of(write_tree(inside), text);
}

static void expect_range(const struct rig_machine_config *config, size_t i, u64 base, u64 size,
			 int nid, unsigned int flags)
{
	assert_true(i < config->nr_memory);
	assert_int_equal(config->memory[i].base, base);
	assert_int_equal(config->memory[i].size, size);
	assert_int_equal(config->memory[i].nid, nid);
	assert_int_equal(config->memory[i].flags, flags);
}

static void memory_has_nodes_and_flags(void **state)
{
	struct rig_devicetree *tree = open_tree(write_tree(
		"memory@0 { device_type = \"memory\"; reg = <0 0 0x1000>, <0 0x2000 0x3000>; };\n"
		"memory@1 { device_type = \"memory\"; reg = <1 0 0x40000000>; numa-node-id = <2>;"
		"	hotpluggable; };\n"
		"memory@2 { device_type = \"memory\"; reg = <2 0 0x40000000>;"
		"	kmemrig,mirror; };\n"
		"memory@3 { device_type = \"memory\"; reg = <3 0 0x1000>; status = \"disabled\"; };\n"
		"memory@4 { device_type = \"memory\"; reg = <4 0 0x2000>;"
		"	linux,usable-memory = <4 0 0x1000>; };\n"
		"memory-controller@5 { reg = <5 0 0x1000>; };\n"));

	assert_int_equal(tree->config.nr_memory, 5);
	expect_range(&tree->config, 0, 0, 0x1000, 0, 0);
	expect_range(&tree->config, 1, 0x2000, 0x3000, 0, 0);
	expect_range(&tree->config, 2, SZ_4G, SZ_1G, 2, RIG_MEMORY_HOTPLUG);
	expect_range(&tree->config, 3, 2 * SZ_4G, SZ_1G, 0, RIG_MEMORY_MIRROR);
	expect_range(&tree->config, 4, 4 * SZ_4G, 0x1000, 0, 0);
	assert_int_equal(tree->config.nr_nodes, 3);
	assert_int_equal(tree->config.nr_cpus, 0);
	rig_devicetree_close(tree);
}

static void reservations_have_places_or_get_them(void **state)
{
	struct rig_devicetree *tree = open_tree(write_tree(
		MEMORY
		"reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
		"	kernel@1 { reg = <0 0x1000000 0 0x800000>; label = \"Kernel code\"; };\n"
		"	shared { size = <0 0x100000>; no-map; };\n"
		"	dma { size = <0 0x200000>; alignment = <0 0x400000>;\n"
		"		alloc-ranges = <0 0 0 0x1000000>; };\n"
		"	fw@2 { reg = <0 0x3ff00000 0 0x100000>; no-map; };\n"
		"};\n"));
	const unsigned int no_map = RIG_MEMORY_RESERVED | RIG_MEMORY_NOMAP;

	assert_int_equal(tree->config.nr_memory, 5);
	expect_range(&tree->config, 1, 0x1000000, 0x800000, 0, RIG_MEMORY_RESERVED);
	assert_string_equal(tree->config.memory[1].name, "Kernel code");
	expect_range(&tree->config, 2, 0x3ff00000, 0x100000, 0, no_map);
	/* from the top, below the one above; inside its range, aligned */
	expect_range(&tree->config, 3, 0x3fe00000, 0x100000, 0, no_map);
	expect_range(&tree->config, 4, 0xc00000, 0x200000, 0, RIG_MEMORY_RESERVED);
	rig_devicetree_close(tree);
}

static void memreserve_entries_are_reserved(void **state)
{
	static const char text[] =
		"/dts-v1/;\n/memreserve/ 0x10000 0x4000;\n"
		"/ { #address-cells = <1>; #size-cells = <1>;\n"
		"memory@0 { device_type = \"memory\"; reg = <0 0x100000>; }; };\n";
	struct rig_devicetree *tree = open_tree(write_file("reserve.dts", text, strlen(text)));

	expect_range(&tree->config, 1, 0x10000, 0x4000, 0, RIG_MEMORY_RESERVED);
	rig_devicetree_close(tree);
}

static void cpus_and_distances_are_read(void **state)
{
	struct rig_devicetree *tree = open_tree(write_tree(
		MEMORY
		"cpus { #address-cells = <1>; #size-cells = <0>;\n"
		"	cpu-map { };\n"
		"	cpu@0 { device_type = \"cpu\"; reg = <0>; numa-node-id = <1>; };\n"
		"	cpu@1 { device_type = \"cpu\"; reg = <1>; status = \"disabled\"; };\n"
		"	cpu@2 { reg = <2>; };\n"
		"};\n"
		"distance-map { compatible = \"numa-distance-map-v1\";\n"
		"	distance-matrix = <0 0 10>, <0 1 15>, <1 2 30>, <2 1 40>; };\n"));
	static const u8 wanted[] = { 10, 15, 20, 15, 10, 30, 20, 40, 10 };

	assert_int_equal(tree->config.nr_cpus, 2);
	assert_int_equal(tree->config.cpu_nid[0], 1);
	assert_int_equal(tree->config.cpu_nid[1], 0);
	assert_int_equal(tree->config.nr_nodes, 3);
	assert_memory_equal(tree->config.node_distance, wanted, sizeof(wanted));
	rig_devicetree_close(tree);
}

static void devices_are_translated_and_have_interrupts(void **state)
{
	struct rig_devicetree *tree = open_tree(write_tree(
		"interrupt-parent = <&gic>;\n" MEMORY
		"gic: intc { #interrupt-cells = <3>; interrupt-controller; };\n"
		"pic: pic { #interrupt-cells = <2>; interrupt-controller; };\n"
		"uart@9000000 { compatible = \"arm,pl011\"; reg = <0 0x9000000 0x1000>; };\n"
		"bus { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>;\n"
		"	ranges = <0 0 0xf0000000 0x100000>, <0x800000 1 0 0x100000>;\n"
		"	one@1000 { compatible = \"acme,x\", \"kmemrig,edu\"; reg = <0x1000 0x100>;\n"
		"		interrupts = <0 5 4>; };\n"
		"	two@800000 { compatible = \"kmemrig,other\"; reg = <0x800010 0x10>;\n"
		"		interrupt-parent = <&pic>; interrupts = <7 1>; label = \"second\"; };\n"
		"};\n"
		"three@a000000 { compatible = \"kmemrig,edu\"; reg = <0 0xa000000 0x100>; };\n"));
	const struct rig_device_config *devices = tree->config.devices;

	assert_int_equal(tree->config.nr_devices, 3);
	assert_string_equal(devices[0].model, "kmemrig,edu");
	assert_int_equal(devices[0].base, 0xf0001000);
	assert_int_equal(devices[0].size, 0x100);
	assert_int_equal(devices[0].irq, 37);
	assert_string_equal(devices[1].model, "kmemrig,other");
	assert_int_equal(devices[1].base, SZ_4G + 0x10);
	assert_int_equal(devices[1].irq, 7);
	assert_string_equal(devices[1].name, "second");
	assert_int_equal(devices[2].irq, 0);
	assert_string_equal(devices[2].name, "three@a000000");
	rig_devicetree_close(tree);
}

static void chosen_has_the_kernels_settings(void **state)
{
	struct rig_devicetree *tree = open_tree(write_tree(
		"model = \"board\";\n" MEMORY
		"chosen { bootargs = \"quiet slub_debug\"; kmemrig,lowmem-limit = <0 0x38000000>;\n"
		"	kmemrig,pageblock-order = <9>; kmemrig,huge-pages;\n"
		"	kmemrig,min-free-kbytes = <1200>; kmemrig,watermark-scale-factor = <20>;\n"
		"	kmemrig,movablecore = <0x1000000>; kmemrig,slab-backend = \"slob\"; };\n"));
	const struct rig_machine_config *config = &tree->config;

	assert_string_equal(config->name, "board");
	assert_string_equal(config->command_line, "quiet slub_debug");
	assert_int_equal(config->lowmem_limit, 0x38000000);
	assert_int_equal(config->pageblock_order, 9);
	assert_true(config->huge_pages);
	assert_int_equal(config->min_free_kbytes, 1200);
	assert_int_equal(config->watermark_scale_factor, 20);
	assert_int_equal(config->movablecore_pages, 0x1000);
	assert_string_equal(config->slab_backend, "slob");
	assert_null(config->page_backend);
	rig_devicetree_close(tree);
}

static void trees_that_make_no_sense_name_the_place(void **state)
{
	expect_error("", "no memory");
	expect_error("memory@0 { device_type = \"memory\"; };", ": /memory@0: reg: missing");
	expect_error("memory@0 { device_type = \"memory\"; reg = <0 0>; };",
		     ": /memory@0: reg: 8 bytes are not pairs of 2 and 1 cells");
	expect_error(
		"memory@0 { device_type = \"memory\"; reg = <0xffffffff 0xfffff000 0x2000>; };",
		": /memory@0: reg: 0x2000 bytes at 0xfffffffffffff000 wrap");
	expect_error(
		"memory@0 { device_type = \"memory\"; reg = <0 0 1>; numa-node-id = <4096>; };",
		": /memory@0: numa-node-id: 4096: 0 to 1023 are possible");
	expect_error("memory@0 { device_type = \"memory\"; reg = <0 0 1>; numa-node-id = <1 2>; };",
		     ": /memory@0: numa-node-id: 8 bytes: one cell is wanted");
	expect_error(MEMORY "reserved-memory { a { no-map; }; };",
		     ": /reserved-memory/a: neither reg nor size");
	expect_error(MEMORY "reserved-memory { a { size = <0x80000000>; }; };",
		     ": /reserved-memory/a: size: no room for 0x80000000 bytes");
	expect_error(MEMORY "reserved-memory { a { size = <4096>; alignment = <3>; }; };",
		     ": /reserved-memory/a: alignment: not a power of two");
	expect_error(MEMORY "distance-map { distance-matrix = <0 1 10>; };",
		     ": /distance-map: distance-matrix: node 0 to node 1: 10");
	expect_error(MEMORY "distance-map { distance-matrix = <0 1>; };", "triples");
	expect_error(MEMORY "d@1 { compatible = \"kmemrig,edu\"; };", ": /d@1: reg: missing");
	expect_error(MEMORY "bus { d@1 { compatible = \"kmemrig,edu\"; reg = <0 1 1>; }; };",
		     ": /bus: ranges: missing");
	expect_error(MEMORY "bus { #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0 4>;"
			    "d@1 { compatible = \"kmemrig,edu\"; reg = <8 1>; }; };",
		     ": /bus/d@1: reg: 0x8 is in no range");
	expect_error(MEMORY "chosen { kmemrig,pageblock-order = <11>; };",
		     ": /chosen: kmemrig,pageblock-order: 11: 0 to 10 are possible");
	expect_error(MEMORY "chosen { bootargs = [41 42]; };", ": /chosen: bootargs: not a string");
	expect_error("#address-cells = <9>;" MEMORY, "#address-cells");
}

static void sources_that_dtc_refuses_name_the_line(void **state)
{
	char error[400];

	assert_null(rig_devicetree_open(write_tree("memory@0 {\n oops\n};"), error, sizeof(error)));
	assert_non_null(strstr(error, "tree.dts:6."));
	assert_non_null(strstr(error, "syntax error"));
	assert_null(strchr(error, '\n'));
}

static void files_that_are_none_are_refused(void **state)
{
	static const u8 magic[] = { 0xd0, 0x0d, 0xfe, 0xed, 0, 0, 0 };

	expect_error_of(write_file("short.dtb", magic, sizeof(magic)), "not a device tree");
	expect_error_of("build/there-is-none.dts", "No such file");
	expect_error_of("build", "directory");
	expect_error_of("nonsense", "no such machine or file; machines: highmem pc server");
}

/* Every truncation of a good tree is refused or read, and nothing else happens (ASan looks on). */
static void truncated_and_damaged_trees_do_no_harm(void **state)
{
	const struct rig_shipped_machine *good = rig_shipped_machines;
	char error[400], *bytes = malloc(good->size);

	for (size_t size = 0; size < good->size; size++) {
		struct rig_devicetree *tree =
			rig_devicetree_parse(good->blob, size, "short", error, sizeof(error));

		assert_null(tree);
	}
	for (size_t i = 0; i < good->size; i++) {
		memcpy(bytes, good->blob, good->size);
		bytes[i] = (char)(bytes[i] ^ 0x55);
		rig_devicetree_close(
			rig_devicetree_parse(bytes, good->size, "damaged", error, sizeof(error)));
	}
	free(bytes);
}

static void shipped_machines_boot(void **state)
{
	char error[400] = "";

	for (const struct rig_shipped_machine *shipped = rig_shipped_machines; shipped->name;
	     shipped++) {
		struct rig_devicetree *tree = open_tree(shipped->name);
		struct rig_machine *machine;

		machine = rig_machine_create(&tree->config, error, sizeof(error));
		if (!machine)
			fail_msg("%s: %s", shipped->name, error);
		assert_string_equal(machine->name, shipped->name);
		assert_true(atomic_long_read(&machine->totalram_pages) > 0);
		rig_machine_destroy(machine);
		rig_devicetree_close(tree);
	}
}

/* The same lines as a real PC's, but for buses and their devices. */
static void pc_has_a_pcs_iomem(void **state)
{
	struct rig_devicetree *tree = open_tree("pc");
	char error[400] = "", *text;
	struct rig_machine *machine;

	machine = rig_machine_create(&tree->config, error, sizeof(error));
	assert_non_null(machine);
	text = rig_iomem_show(machine);
	assert_string_equal(text, "00000000-00000fff : Reserved\n"
				  "00001000-0009fbff : System RAM\n"
				  "0009fc00-0009ffff : Reserved\n"
				  "000f0000-000fffff : Reserved\n"
				  "00100000-1ffdcfff : System RAM\n"
				  "  01000000-01801137 : Kernel code\n"
				  "  01a00000-01c16fff : Kernel rodata\n"
				  "  01e00000-01f330bf : Kernel data\n"
				  "  02018000-021fffff : Kernel bss\n"
				  "1ffdd000-1fffffff : Reserved\n"
				  "fea00000-feafffff : edu@fea00000\n");
	assert_int_equal(zone_managed_pages(rig_machine_zone(machine, 0, ZONE_DMA)), 3840);
	free(text);
	rig_machine_destroy(machine);
	rig_devicetree_close(tree);
}

static void highmem_machine_has_128_mib_of_it(void **state)
{
	struct rig_devicetree *tree = open_tree("highmem");
	char error[400] = "";
	struct rig_machine *machine;

	machine = rig_machine_create(&tree->config, error, sizeof(error));
	assert_non_null(machine);
	assert_int_equal(rig_machine_zone(machine, 0, ZONE_HIGHMEM)->present_pages,
			 SZ_128M >> PAGE_SHIFT);
	assert_int_equal(machine->max_low_pfn, 896UL * SZ_1M >> PAGE_SHIFT);
	rig_machine_destroy(machine);
	rig_devicetree_close(tree);
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_has_nodes_and_flags),
		cmocka_unit_test(reservations_have_places_or_get_them),
		cmocka_unit_test(memreserve_entries_are_reserved),
		cmocka_unit_test(cpus_and_distances_are_read),
		cmocka_unit_test(devices_are_translated_and_have_interrupts),
		cmocka_unit_test(chosen_has_the_kernels_settings),
		cmocka_unit_test(trees_that_make_no_sense_name_the_place),
		cmocka_unit_test(sources_that_dtc_refuses_name_the_line),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(truncated_and_damaged_trees_do_no_harm),
		cmocka_unit_test(shipped_machines_boot),
		cmocka_unit_test(pc_has_a_pcs_iomem),
		cmocka_unit_test(highmem_machine_has_128_mib_of_it),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

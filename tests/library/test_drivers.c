// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers: binding by device tree, managed resources, memory for DMA. Abuse is found, in the words
 * of a kernel that checks for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/device.h>
#include <kmemrig/devicetree.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

static char log_text[8192];

static void keep_line(struct rig_machine *machine, const char *line, void *data)
{
	size_t length = strlen(log_text);

	snprintf(log_text + length, sizeof(log_text) - length, "%s\n", line);
}

static int make_machine(void **state)
{
	char error[200] = "";
	struct rig_devicetree *tree =
		rig_devicetree_open("tests/library/edu.dts", error, sizeof(error));
	struct rig_machine *machine =
		tree ? rig_machine_create(&tree->config, error, sizeof(error)) : NULL;

	if (tree)
		rig_devicetree_close(tree);
	if (!machine) {
		fprintf(stderr, "%s\n", error);
		return -1;
	}
	log_text[0] = '\0';
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = keep_line;
	rig_cpu_enter(&machine->cpus[0]);
	*state = machine;
	return 0;
}

static int end_machine(void **state)
{
	rig_machine_destroy(*state);
	return 0;
}

static void expect_log(const char *text)
{
	if (!strstr(log_text, text))
		fail_msg("'%s' is not in:\n%s", text, log_text);
}

/* --- a driver whose probe does what a test says */

static int (*probe_body)(struct platform_device *device);
static struct platform_device *probed;
static int removed;

static int probe(struct platform_device *device)
{
	probed = device;
	return probe_body ? probe_body(device) : 0;
}

static int remove_device(struct platform_device *device)
{
	removed++;
	return 0;
}

static const int match_data = 5;
static const struct of_device_id ids[] = {
	{ .compatible = "vendor,other" },
	{ .compatible = "vendor,board", .data = &match_data },
	{},
};
static struct platform_driver driver = {
	.probe = probe,
	.remove = remove_device,
	.driver = { .name = "board", .of_match_table = ids },
};

static void load(int (*body)(struct platform_device *device))
{
	probe_body = body;
	probed = NULL;
	removed = 0;
	assert_int_equal(platform_driver_register(&driver), 0);
}

static void a_driver_is_bound_by_the_device_tree(void **state)
{
	struct rig_machine *machine = *state;
	struct resource *registers;
	const char *text;
	u32 cells[3];

	load(NULL);
	assert_non_null(probed);
	assert_string_equal(dev_name(&probed->dev), "fea00000.board");
	registers = platform_get_resource(probed, IORESOURCE_MEM, 0);
	assert_int_equal(registers->start, 0xfea00000);
	assert_int_equal(resource_size(registers), RIG_EDU_SIZE);
	assert_null(platform_get_resource(probed, IORESOURCE_MEM, 1));
	assert_int_equal(platform_get_irq(probed, 0), 11);
	assert_int_equal(platform_get_irq(probed, 1), -ENXIO);
	expect_log("board fea00000.board: error -6: IRQ index 1 not found");
	assert_ptr_equal(of_device_get_match_data(&probed->dev), &match_data);
	assert_int_equal(of_property_read_u32_array(probed->dev.of_node, "vendor,rings", cells, 3),
			 0);
	assert_int_equal(cells[2], 30);
	assert_int_equal(of_property_read_u32_array(probed->dev.of_node, "vendor,rings", cells, 4),
			 -EOVERFLOW);
	assert_int_equal(of_property_read_u32(probed->dev.of_node, "vendor,none", cells), -EINVAL);
	assert_int_equal(of_property_read_string(probed->dev.of_node, "label", &text), 0);
	assert_string_equal(text, "a board");
	assert_true(of_property_read_bool(probed->dev.of_node, "dma-coherent"));
	assert_int_equal(
		of_property_match_string(probed->dev.of_node, "compatible", "vendor,board"), 0);
	platform_driver_unregister(&driver);
	assert_int_equal(removed, 1);
	assert_int_equal(machine->check->failures, 0);
}

/* --- managed resources */

static char order[16];

static void note(void *data)
{
	strcat(order, data);
}

static void *managed;

static int take_resources(struct platform_device *device)
{
	struct device *dev = &device->dev;
	void __iomem *registers = devm_platform_ioremap_resource(device, 0);

	order[0] = '\0';
	if (IS_ERR(registers))
		return (int)PTR_ERR(registers);
	managed = devm_kzalloc(dev, 100, GFP_KERNEL);
	devm_add_action(dev, note, "1");
	assert_non_null(devm_kasprintf(dev, GFP_KERNEL, "%s-%d", "name", 3));
	devm_add_action(dev, note, "2");
	assert_non_null(devm_get_free_pages(dev, GFP_KERNEL, 2));
	assert_non_null(devm_alloc_percpu(dev, u64));
	return 0;
}

static int take_resources_and_fail(struct platform_device *device)
{
	assert_int_equal(take_resources(device), 0);
	return -EIO;
}

static void managed_resources_go_in_the_opposite_order(void **state)
{
	struct rig_machine *machine = *state;

	load(take_resources);
	memset(managed, 1, 100);
	assert_string_equal(order, "");
	platform_driver_unregister(&driver);
	assert_string_equal(order, "21");
	load(take_resources_and_fail);
	assert_string_equal(order, "21");
	expect_log("board: probe of fea00000.board failed with error -5");
	platform_driver_unregister(&driver);
	assert_int_equal(removed, 0);
	assert_int_equal(machine->check->failures, 0);
}

/* --- memory for DMA */

static int map_and_forget(struct platform_device *device)
{
	struct device *dev = &device->dev;
	void *data = devm_kmalloc(dev, 256, GFP_KERNEL);
	dma_addr_t at = dma_map_single(dev, data, 256, DMA_TO_DEVICE);

	return dma_mapping_error(dev, at);
}

static void what_stays_mapped_is_reported(void **state)
{
	struct rig_machine *machine = *state;

	load(map_and_forget);
	assert_int_equal(machine->check->failures, 0);
	platform_driver_unregister(&driver);
	assert_int_equal(machine->check->failures, 1);
	assert_string_equal(machine->check->last_check, "dma.pending");
	expect_log("BUG: DMA-API: board fea00000.board: device driver has pending DMA allocations "
		   "while released from device [count=1]");
	expect_log("[size=256 bytes] [mapped with DMA_TO_DEVICE] [mapped as single]");
}

static struct device *bound_device(void)
{
	load(NULL);
	return &probed->dev;
}

static void unmapping_is_checked_against_mapping(void **state)
{
	struct rig_machine *machine = *state;
	struct device *dev = bound_device();
	void *data = kmalloc(512, GFP_KERNEL);
	dma_addr_t at;

	at = dma_map_single(dev, data, 512, DMA_FROM_DEVICE);
	assert_int_equal(dma_mapping_error(dev, at), 0);
	assert_int_equal(at, virt_to_phys(data));
	dma_sync_single_for_cpu(dev, at + 256, 256, DMA_FROM_DEVICE);
	dma_unmap_single(dev, at, 512, DMA_FROM_DEVICE);
	assert_int_equal(machine->check->failures, 0);

	dma_unmap_single(dev, at, 512, DMA_FROM_DEVICE);
	assert_string_equal(machine->check->last_check, "dma.unmap");
	dma_sync_single_for_cpu(dev, at, 256, DMA_FROM_DEVICE);
	assert_string_equal(machine->check->last_check, "dma.sync");
	at = dma_map_single(dev, data, 512, DMA_FROM_DEVICE);
	assert_int_equal(dma_mapping_error(dev, at), 0);
	dma_unmap_single(dev, at, 511, DMA_FROM_DEVICE);
	assert_string_equal(machine->check->last_check, "dma.size");
	at = dma_map_single(dev, data, 512, DMA_FROM_DEVICE);
	assert_int_equal(dma_mapping_error(dev, at), 0);
	dma_unmap_single(dev, at, 512, DMA_TO_DEVICE);
	assert_string_equal(machine->check->last_check, "dma.direction");
	at = dma_map_single(dev, data, 512, DMA_FROM_DEVICE);
	dma_unmap_single(dev, at, 512, DMA_FROM_DEVICE);
	assert_string_equal(machine->check->last_check, "dma.unchecked");
	assert_int_equal(machine->check->failures, 5);
	kfree(data);
	platform_driver_unregister(&driver);
	assert_int_equal(machine->check->failures, 5);
}

static void what_a_device_does_not_reach_is_not_mapped(void **state)
{
	struct device *dev = bound_device();
	void *scattered = vmalloc(PAGE_SIZE), *high;

	assert_int_equal(dma_map_single(dev, scattered, 100, DMA_TO_DEVICE), DMA_MAPPING_ERROR);
	expect_log("rejecting DMA map of vmalloc memory");
	vfree(scattered);
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(12)), -EIO);
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(24)), 0);
	high = (void *)__get_free_pages(GFP_KERNEL, 0);
	assert_true(virt_to_phys(high) > DMA_BIT_MASK(24));
	assert_int_equal(dma_map_single(dev, high, 100, DMA_TO_DEVICE), DMA_MAPPING_ERROR);
	expect_log("overflow (mask ffffff, bus limit 0).");
	free_page((unsigned long)high);
	platform_driver_unregister(&driver);
}

static void coherent_memory_comes_from_the_zone_of_the_mask(void **state)
{
	struct rig_machine *machine = *state;
	struct device *dev = bound_device();
	dma_addr_t at, low;
	u8 *memory, *low_memory;

	memory = dma_alloc_coherent(dev, 5000, &at, GFP_KERNEL);
	assert_non_null(memory);
	assert_null(memchr_inv(memory, 0, 8192));
	assert_true(at > DMA_BIT_MASK(24));
	assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(24)), 0);
	low_memory = dma_alloc_coherent(dev, 5000, &low, GFP_KERNEL);
	assert_non_null(low_memory);
	assert_true(low + 5000 <= DMA_BIT_MASK(24));
	assert_int_equal(page_zonenum(virt_to_page(low_memory)), ZONE_DMA);
	dma_free_coherent(dev, 5000, low_memory, low);
	dma_free_coherent(dev, 5000, memory, at);
	assert_int_equal(machine->check->failures, 0);
	dma_free_coherent(dev, 5000, memory, at);
	assert_string_equal(machine->check->last_check, "dma.unmap");
	platform_driver_unregister(&driver);
}

static void lists_are_mapped_entry_by_entry(void **state)
{
	struct rig_machine *machine = *state;
	struct device *dev = bound_device();
	struct scatterlist list[3];
	void *data[3];

	sg_init_table(list, 3);
	for (int i = 0; i < 3; i++) {
		data[i] = kmalloc(1000, GFP_KERNEL);
		sg_set_buf(&list[i], data[i], 1000);
	}
	assert_int_equal(dma_map_sg(dev, list, 3, DMA_TO_DEVICE), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sg_dma_address(&list[i]), virt_to_phys(data[i]));
		assert_int_equal(sg_dma_len(&list[i]), 1000);
	}
	dma_unmap_sg(dev, list, 3, DMA_TO_DEVICE);
	for (int i = 0; i < 3; i++)
		kfree(data[i]);
	platform_driver_unregister(&driver);
	assert_int_equal(machine->check->failures, 0);
}

/* --- devices that code makes, drivers that wait for others */

static bool ready;

static int probe_when_ready(struct platform_device *device)
{
	return ready ? 0 : -EPROBE_DEFER;
}

static int make_ready(struct platform_device *device)
{
	ready = true;
	return 0;
}

static void a_probe_that_waits_is_asked_again(void **state)
{
	struct platform_driver late = { .probe = probe_when_ready, .driver = { .name = "late" } };
	struct platform_device *one, *two;

	ready = false;
	one = platform_device_register_simple("late", 0, NULL, 0);
	two = platform_device_register_simple("late", 1, NULL, 0);
	assert_string_equal(dev_name(&two->dev), "late.1");
	assert_int_equal(platform_driver_register(&late), 0);
	assert_null(one->dev.driver);
	load(make_ready);
	assert_non_null(one->dev.driver);
	assert_non_null(two->dev.driver);
	platform_driver_unregister(&driver);
	platform_device_unregister(one);
	platform_driver_unregister(&late);
	platform_device_unregister(two);
}

static void registers_have_one_owner(void **state)
{
	struct resource *mine = request_mem_region(0x1000, 0x100, "mine");

	assert_non_null(mine);
	assert_null(request_mem_region(0x10ff, 1, "other"));
	assert_non_null(request_mem_region(0x1100, 1, "other"));
	release_mem_region(0x1000, 0x100);
	release_mem_region(0x1100, 1);
	release_mem_region(0x1100, 1);
	expect_log("Trying to free nonexistent resource <0000000000001100-0000000000001100>");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_driver_is_bound_by_the_device_tree),
		TEST(managed_resources_go_in_the_opposite_order),
		TEST(what_stays_mapped_is_reported),
		TEST(unmapping_is_checked_against_mapping),
		TEST(what_a_device_does_not_reach_is_not_mapped),
		TEST(coherent_memory_comes_from_the_zone_of_the_mask),
		TEST(lists_are_mapped_entry_by_entry),
		TEST(a_probe_that_waits_is_asked_again),
		TEST(registers_have_one_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* I/O memory and the edu-like device: mappings, accesses right and wrong, registers, DMA. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/vmalloc.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "machine.h"

static int make_machine(void **state)
{
	*state = edu_machine_create(1);
	return *state ? 0 : -1;
}

static int end_machine(void **state)
{
	rig_machine_destroy(*state);
	return 0;
}

static void expect_misuse(struct rig_machine *machine, const char *check, unsigned long before)
{
	assert_int_equal(machine->check->failures, before + 1);
	assert_string_equal(machine->check->last_check, check);
}

static void an_area_of_the_vmalloc_space_stands_for_the_registers(void **state)
{
	struct rig_machine *machine = *state;
	u8 __iomem *base = ioremap(EDU_BASE, RIG_EDU_SIZE);
	const struct vm_struct *area;
	char *text = NULL;
	size_t size;
	FILE *out;

	assert_non_null(base);
	area = rig_find_vm_area(machine, base);
	assert_int_equal(area->phys_addr, EDU_BASE);
	/* aligned to its size, as the kernel aligns what it ioremaps */
	assert_int_equal(rig_kernel_address(machine, base) % (2 * RIG_EDU_SIZE) % RIG_EDU_SIZE, 0);
	out = open_memstream(&text, &size);
	rig_vmallocinfo(machine, out);
	fclose(out);
	assert_non_null(strstr(text, " phys=0x00000000fea00000 ioremap\n"));
	free(text);
	iounmap(base);
	assert_int_equal(rig_vmalloc_nr_areas(machine), 0);
}

static void registers_answer(void **state)
{
	struct rig_machine *machine = *state;
	u8 __iomem *base = ioremap(EDU_BASE, 0x100);

	assert_int_equal(readl(base + RIG_EDU_ID), RIG_EDU_ID_VALUE);
	writel(0x12345678, base + RIG_EDU_LIVENESS);
	assert_int_equal(readl(base + RIG_EDU_LIVENESS), ~0x12345678u);
	writel(0xcafe, base + RIG_EDU_SCRATCH);
	assert_int_equal(ioread32(base + RIG_EDU_SCRATCH), 0xcafe);
	iowrite32(1, base + RIG_EDU_SCRATCH);
	assert_int_equal(readl_relaxed(base + RIG_EDU_SCRATCH), 1);
	assert_int_equal(rig_device_find(machine, RIG_EDU_MODEL, 0)->reads, 4);
	assert_null(rig_device_find(machine, RIG_EDU_MODEL, 1));
	iounmap(base);
	assert_int_equal(machine->check->failures, 0);
}

/* A driver that polls makes the virtual time pass that its device needs. */
static void a_factorial_is_computed_while_the_driver_polls(void **state)
{
	struct rig_machine *machine = *state;
	u8 __iomem *base = ioremap(EDU_BASE, 0x100);
	unsigned int polls = 0;

	writel(500, base + RIG_EDU_FACTORIAL);
	assert_true(readl(base + RIG_EDU_STATUS) & RIG_EDU_STATUS_COMPUTING);
	while (readl(base + RIG_EDU_STATUS) & RIG_EDU_STATUS_COMPUTING)
		polls++;
	assert_in_range(polls, 1, 10);
	assert_int_equal(readl(base + RIG_EDU_FACTORIAL), 0);
	writel(10, base + RIG_EDU_FACTORIAL);
	udelay(10);
	assert_int_equal(readl(base + RIG_EDU_FACTORIAL), 3628800);
	iounmap(base);
	assert_int_equal(machine->check->failures, 0);
}

static void wrong_accesses_are_reported(void **state)
{
	struct rig_machine *machine = *state;
	u8 __iomem *base = ioremap(EDU_BASE, 0x200);
	unsigned long before = machine->check->failures;

	assert_int_equal(readw(base + RIG_EDU_ID), 0xffff);
	expect_misuse(machine, "io.size", before);
	writeb(1, base + RIG_EDU_SCRATCH);
	expect_misuse(machine, "io.size", before + 1);
	readl(base + 2);
	expect_misuse(machine, "io.size", before + 2);
	readq(base + RIG_EDU_LIVENESS + 4);
	expect_misuse(machine, "io.size", before + 3);
	assert_int_equal(readl(base + 0x1fc), ~0u);
	expect_misuse(machine, "io.register", before + 4);
	writel(1, base + RIG_EDU_ID);
	expect_misuse(machine, "io.register", before + 5);
	readl(base + RIG_EDU_DOORBELL);
	expect_misuse(machine, "io.register", before + 6);
	/* the rest of the last page is mapped, its end is not */
	readl(base + PAGE_SIZE);
	expect_misuse(machine, "io.unmapped", before + 7);
	iounmap(base);
	assert_int_equal(readl(base + RIG_EDU_ID), ~0u);
	expect_misuse(machine, "io.unmapped", before + 8);
	iounmap(base);
	expect_misuse(machine, "io.unmap", before + 9);
}

static void nothing_answers_with_all_ones(void **state)
{
	struct rig_machine *machine = *state;
	u8 __iomem *base = ioremap(0xfd000000, PAGE_SIZE);

	assert_int_equal(readl(base), ~0u);
	assert_int_equal(readb(base + 1), 0xff);
	writel(1, base);
	iounmap(base);
	assert_int_equal(machine->check->failures, 0);
}

static void memory_and_nonsense_are_not_ioremapped(void **state)
{
	assert_null(ioremap(2 * SZ_1M, PAGE_SIZE));
	assert_null(ioremap(EDU_BASE, 0));
	assert_null(ioremap(~0UL - PAGE_SIZE, 3 * PAGE_SIZE));
	assert_null(ioremap(1UL << 50, PAGE_SIZE));
	assert_int_equal(rig_vmalloc_nr_areas(*state), 0);
}

static void an_address_keeps_its_offset_in_the_page(void **state)
{
	u8 __iomem *base = ioremap(EDU_BASE + RIG_EDU_SCRATCH, 4);

	assert_int_equal((unsigned long)base & ~PAGE_MASK, RIG_EDU_SCRATCH);
	writel(77, base);
	assert_int_equal(readl(base), 77);
	iounmap(base);
	assert_int_equal(rig_vmalloc_nr_areas(*state), 0);
}

static void memory_mapped_twice_has_one_cache_mode(void **state)
{
	void __iomem *cached = ioremap_cache(0xfd000000, PAGE_SIZE), *other;

	assert_null(ioremap(0xfd000000, PAGE_SIZE));
	assert_null(ioremap_wc(0xfd000000, PAGE_SIZE));
	iounmap(cached);
	other = ioremap(0xfd000000, PAGE_SIZE);
	cached = ioremap_cache(0xfd000000, PAGE_SIZE);
	assert_non_null(cached);
	assert_non_null(other);
	iounmap(cached);
	iounmap(other);
	assert_int_equal(rig_vmalloc_nr_areas(*state), 0);
}

static void blocks_are_copied_in_words_and_bytes(void **state)
{
	u32 dma[4] = { 1, 2, 3, 4 }, back[4];
	u8 __iomem *base = ioremap(EDU_BASE, 0x100);

	memcpy_toio(base + RIG_EDU_SCRATCH, dma + 2, 4);
	assert_int_equal(readl(base + RIG_EDU_SCRATCH), 3);
	memcpy_fromio(back, base + RIG_EDU_ID, 8);
	assert_int_equal(back[0], RIG_EDU_ID_VALUE);
	memset_io(base + RIG_EDU_SCRATCH, 0x5a, 4);
	assert_int_equal(readl(base + RIG_EDU_SCRATCH), 0x5a5a5a5a);
	iounmap(base);
	assert_int_equal(((struct rig_machine *)*state)->check->failures, 0);
}

static void transfer(u8 __iomem *base, u64 source, u64 target, u64 count, u64 command)
{
	writeq(source, base + RIG_EDU_DMA_SOURCE);
	writeq(target, base + RIG_EDU_DMA_TARGET);
	writeq(count, base + RIG_EDU_DMA_COUNT);
	writeq(command | RIG_EDU_DMA_START, base + RIG_EDU_DMA_COMMAND);
	while (readl(base + RIG_EDU_DMA_COMMAND) & RIG_EDU_DMA_START)
		;
}

static void dma_goes_to_and_from_memory(void **state)
{
	struct rig_machine *machine = *state;
	u8 __iomem *base = ioremap(EDU_BASE, 0x100);
	char *memory = kmalloc(256, GFP_KERNEL);

	memset(memory, 0, 256);
	strcpy(memory, "by way of the device");
	transfer(base, virt_to_phys(memory), RIG_EDU_BUFFER + 8, 64, 0);
	transfer(base, RIG_EDU_BUFFER + 8, virt_to_phys(memory + 128), 64, RIG_EDU_DMA_TO_MEMORY);
	assert_string_equal(memory + 128, "by way of the device");
	assert_int_equal(machine->check->failures, 0);
	/* to where its buffer ends, to freed memory, to where no memory is */
	transfer(base, virt_to_phys(memory), RIG_EDU_BUFFER + 4000, 200, 0);
	expect_misuse(machine, "device.dma", 0);
	kfree(memory);
	memory = (char *)__get_free_pages(GFP_KERNEL, 0);
	free_pages((unsigned long)memory, 0);
	transfer(base, RIG_EDU_BUFFER, virt_to_phys(memory), 64, RIG_EDU_DMA_TO_MEMORY);
	expect_misuse(machine, "device.dma", 1);
	transfer(base, RIG_EDU_BUFFER, 1UL << 40, 64, RIG_EDU_DMA_TO_MEMORY);
	expect_misuse(machine, "device.dma", 2);
	iounmap(base);
}

static void devices_do_not_overlap(void **state)
{
	const struct rig_device_model *edu = rig_device_model_find(RIG_EDU_MODEL);

	assert_null(rig_device_model_find("kmemrig,none"));
	assert_int_equal(rig_device_add(*state, edu, EDU_BASE + PAGE_SIZE, 0, 12), -EBUSY);
	assert_int_equal(rig_device_add(*state, edu, 2 * SZ_1M, 0, 12), -EBUSY);
	assert_int_equal(rig_device_add(*state, edu, 0xfd000000, 0, 99), -EINVAL);
	assert_int_equal(rig_device_add(*state, edu, 0xfd000000, 0, 12), 0);
	assert_string_equal(rig_device_find(*state, RIG_EDU_MODEL, 0)->name,
			    "kmemrig,edu-like@fd000000");
}

static void a_description_with_a_wrong_device_is_refused(void **state)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 31 * SZ_1M } };
	struct rig_device_config device = { .model = "acme,none", .base = EDU_BASE };
	struct rig_machine_config config = {
		.memory = memory, .nr_memory = 1, .devices = &device, .nr_devices = 1
	};
	char error[200] = "";

	assert_null(rig_machine_create(&config, error, sizeof(error)));
	assert_string_equal(error, "device acme,none at 0xfea00000: no such model");
	device.model = RIG_EDU_MODEL;
	device.base = 2 * SZ_1M;
	assert_null(rig_machine_create(&config, error, sizeof(error)));
	assert_non_null(strstr(error, "something is there already"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_area_of_the_vmalloc_space_stands_for_the_registers),
		TEST(registers_answer),
		TEST(a_factorial_is_computed_while_the_driver_polls),
		TEST(wrong_accesses_are_reported),
		TEST(nothing_answers_with_all_ones),
		TEST(memory_and_nonsense_are_not_ioremapped),
		TEST(an_address_keeps_its_offset_in_the_page),
		TEST(memory_mapped_twice_has_one_cache_mode),
		TEST(blocks_are_copied_in_words_and_bytes),
		TEST(dma_goes_to_and_from_memory),
		TEST(devices_do_not_overlap),
		cmocka_unit_test(a_description_with_a_wrong_device_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

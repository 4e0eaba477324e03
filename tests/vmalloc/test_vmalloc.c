// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmalloc: the kernel's addresses for a recorded script, and what areas are made of.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/context.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/input.h>
#include <kmemrig/machine.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "on_machine.h"

#define NR_SLOTS 4096

static int make_machine(void **state)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 255 * SZ_1M } };
	struct rig_machine_config config = {
		.name = "vmalloc", .memory = memory, .nr_memory = 1, .check_tier = 2
	};

	return start_machine(state, &config);
}

static char *read_data(struct rig_input *input, const char *name)
{
	char path[200], error[RIG_INPUT_ERROR];

	snprintf(path, sizeof(path), "tests/vmalloc/data/%s.xz", name);
	if (!rig_input_read(input, path, error))
		fail_msg("%s", error);
	return input->data;
}

/* What lay in the vmalloc space of that kernel before the script. */
static void occupy_as_recorded(struct rig_machine *machine)
{
	struct rig_input input;
	char *save = NULL, *line;

	read_data(&input, "vmalloc-1.vmallocinfo");
	for (line = strtok_r(input.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long start, end;

		assert_int_equal(sscanf(line, "0x%llx-0x%llx", &start, &end), 2);
		if (start - RIG_VMALLOC_START < SZ_1G)
			assert_int_equal(rig_vmalloc_occupy(machine, start - RIG_VMALLOC_START,
							    end - start, 0, NULL),
					 0);
	}
	rig_input_free(&input);
}

static void run_line(struct rig_machine *machine, const char *line, void **slots, char **answers)
{
	unsigned long long a = 0, b = 0;
	char expected[64], got[64];

	switch (line[0]) {
	case 'B':
		assert_int_equal(sscanf(line, "B %llx %llx", &a, &b), 2);
		assert_int_equal(rig_vmalloc_occupy(machine, a, b, 0, NULL), 0);
		break;
	case 'V':
		vm_unmap_aliases();
		break;
	case 'f':
		a = strtoull(line + 2, NULL, 10);
		vfree(slots[a]);
		slots[a] = NULL;
		break;
	case 'v':
		assert_int_equal(sscanf(line, "v %llu %llu", &a, &b), 2);
		slots[a] = vmalloc(b);
		assert_non_null(slots[a]);
		snprintf(got, sizeof(got), "v %llu %llx", a,
			 (unsigned long long)(rig_kernel_address(machine, slots[a]) -
					      RIG_VMALLOC_START));
		snprintf(expected, sizeof(expected), "%.*s", (int)strcspn(*answers, "\n"),
			 *answers);
		assert_string_equal(got, expected);
		*answers += strcspn(*answers, "\n") + 1;
		break;
	default:
		fail_msg("%s", line);
	}
}

static void areas_get_the_addresses_that_a_kernel_gave(void **state)
{
	struct rig_machine *machine = *state;
	struct rig_input script, kernel;
	char *save = NULL, *answers, *line;
	void **slots = calloc(NR_SLOTS, sizeof(*slots));
	unsigned int areas = 0;

	occupy_as_recorded(machine);
	read_data(&script, "vmalloc-1.ops");
	answers = read_data(&kernel, "vmalloc-1.kernel");
	for (line = strtok_r(script.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		areas += line[0] == 'v';
		run_line(machine, line, slots, &answers);
	}
	assert_int_equal(areas, 2001);
	assert_int_equal(*answers, '\0');
	expect_sound(machine);
	for (int i = 0; i < NR_SLOTS; i++)
		vfree(slots[i]);
	vm_unmap_aliases();
	expect_sound(machine);
	free(slots);
	rig_input_free(&script);
	rig_input_free(&kernel);
}

static void pages_lie_side_by_side_and_are_the_frames(void **state)
{
	struct rig_machine *machine = *state;
	u8 *area = vmalloc(5 * PAGE_SIZE);

	assert_true(is_vmalloc_addr(area));
	for (unsigned int i = 0; i < 5; i++) {
		struct page *page = vmalloc_to_page(area + i * PAGE_SIZE);

		memset(area + i * PAGE_SIZE, (int)i + 1, PAGE_SIZE);
		/* the same memory by way of the direct map */
		assert_int_equal(*((u8 *)page_address(page) + 77), i + 1);
		assert_int_equal(vmalloc_to_pfn(area + i * PAGE_SIZE), page_to_pfn(page));
	}
	assert_null(vmalloc_to_page(area + 5 * PAGE_SIZE));
	assert_int_equal(rig_vmalloc_nr_pages(machine), 5);
	vfree(area);
	assert_int_equal(rig_vmalloc_nr_pages(machine), 0);
	expect_sound(machine);
}

static void freed_addresses_wait_for_the_purge(void **state)
{
	void *first = vmalloc(PAGE_SIZE), *second;

	vfree(first);
	second = vmalloc(PAGE_SIZE);
	assert_ptr_not_equal(first, second);
	vfree(second);
	vm_unmap_aliases();
	second = vmalloc(PAGE_SIZE);
	assert_ptr_equal(first, second);
	vfree(second);
}

/* 32 MiB may wait on one CPU; one page more and all of it is purged. */
static void too_much_that_waits_is_purged(void **state)
{
	void *first = vmalloc(15 * SZ_1M), *second;

	vfree(first);
	second = vmalloc(15 * SZ_1M);
	assert_ptr_not_equal(first, second);
	vfree(second);
	second = vmalloc(3 * SZ_1M);
	assert_ptr_not_equal(first, second);
	vfree(second);
	second = vmalloc(PAGE_SIZE);
	assert_ptr_equal(first, second);
	vfree(second);
}

static void zeroed_and_user_areas(void **state)
{
	struct rig_machine *machine = *state;
	unsigned long before = machine->check->failures;
	struct vm_area_struct vma = { .vm_start = 0x10000, .vm_end = 0x10000 + 2 * PAGE_SIZE };
	u8 *plain, *area;

	plain = vmalloc(3 * PAGE_SIZE);
	memset(plain, 0xff, 3 * PAGE_SIZE);
	vfree(plain);
	area = vmalloc_user(3 * PAGE_SIZE);
	for (size_t i = 0; i < 3 * PAGE_SIZE; i++)
		assert_int_equal(area[i], 0);
	assert_int_equal(remap_vmalloc_range(&vma, area, 0), 0);
	assert_int_equal(remap_vmalloc_range(&vma, area, 1), 0);
	/* beyond the area: its guard page is not to be mapped */
	assert_int_equal(remap_vmalloc_range(&vma, area, 2), -EINVAL);
	/* an offset that wraps */
	assert_int_equal(remap_vmalloc_range(&vma, area, ~0UL >> 1), -EINVAL);
	assert_int_equal(remap_vmalloc_range(&vma, area, (~0UL >> PAGE_SHIFT)), -EINVAL);
	assert_int_equal(remap_vmalloc_range(&vma, area + 1, 0), -EINVAL);
	plain = vzalloc(PAGE_SIZE);
	assert_int_equal(remap_vmalloc_range(&vma, plain, 0), -EINVAL);
	vfree(plain);
	vfree(area);
	assert_int_equal(machine->check->failures, before);
}

static void sizes_that_can_not_be_had_are_refused(void **state)
{
	struct rig_machine *machine = *state;

	assert_null(vmalloc(0));
	assert_null(vmalloc(SZ_1G));
	/* address + size wraps */
	assert_null(vmalloc(~0UL - 10));
	assert_null(rig_get_vm_area(&machine->cpus[0], ~0UL - 2 * PAGE_SIZE, 0, 0));
	assert_int_equal(rig_vmalloc_nr_areas(machine), 0);
	expect_sound(machine);
}

static void vmap_maps_pages_again_and_may_take_them(void **state)
{
	struct rig_machine *machine = *state;
	struct page **pages = kmalloc_array(3, sizeof(*pages), GFP_KERNEL);
	u8 *area;

	for (int i = 0; i < 3; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	area = vmap(pages, 3, VM_MAP, PAGE_KERNEL);
	area[PAGE_SIZE + 5] = 42;
	assert_int_equal(*((u8 *)page_address(pages[1]) + 5), 42);
	vunmap(area);
	assert_int_equal(page_count(pages[0]), 1);
	area = vmap(pages, 3, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	assert_ptr_equal(vmalloc_to_page(area + 2 * PAGE_SIZE), pages[2]);
	vfree(area);
	expect_sound(machine);
}

static void kvmalloc_falls_back_to_vmalloc(void **state)
{
	struct rig_machine *machine = *state;
	void *small = kvmalloc(100, GFP_KERNEL), *large = kvmalloc(8 * SZ_1M, GFP_KERNEL);

	assert_false(is_vmalloc_addr(small));
	assert_true(is_vmalloc_addr(large));
	kvfree(small);
	kvfree(large);
	assert_null(kvmalloc(8 * SZ_1M, GFP_ATOMIC));
	expect_sound(machine);
}

static void a_wrong_address_to_free_is_reported(void **state)
{
	struct rig_machine *machine = *state;
	unsigned long before = machine->check->failures;
	u8 *area = vmalloc(2 * PAGE_SIZE);

	vfree(area + 16);
	expect_misuse(machine, "vmalloc.free", before);
	vfree(area + PAGE_SIZE);
	expect_misuse(machine, "vmalloc.free", before + 1);
	vfree(area);
	vfree(area);
	expect_misuse(machine, "vmalloc.free", before + 2);
}

static void an_interrupt_frees_later_and_may_not_allocate(void **state)
{
	struct rig_machine *machine = *state;
	struct rig_cpu *cpu = &machine->cpus[0];
	unsigned long before = machine->check->failures;
	void *area = vmalloc(PAGE_SIZE);

	cpu->preempt_count += HARDIRQ_OFFSET;
	vfree(area);
	cpu->preempt_count -= HARDIRQ_OFFSET;
	assert_int_equal(rig_vmalloc_nr_areas(machine), 1);
	rig_run_work(cpu);
	assert_int_equal(rig_vmalloc_nr_areas(machine), 0);
	assert_int_equal(machine->check->failures, before);
	cpu->preempt_count += HARDIRQ_OFFSET;
	area = rig_vmalloc(cpu, PAGE_SIZE, 1, GFP_ATOMIC, 0, NUMA_NO_NODE, 0);
	cpu->preempt_count -= HARDIRQ_OFFSET;
	assert_null(area);
	expect_misuse(machine, "vmalloc.interrupt", before);
	/* with its guard page an area of nearly all addresses is one of none */
	assert_null(rig_get_vm_area(rig_this_cpu(), -PAGE_SIZE, VM_ALLOC, 0));
	expect_misuse(machine, "vmalloc.size", before + 1);
}

/* Each allocation inside fails once: nothing may be left behind. */
static void failures_inside_leave_nothing(void **state)
{
	struct rig_machine *machine = *state;
	char error[100];
	unsigned int failures = 0;

	assert_int_equal(rig_fault_set(machine, "failslab/ignore-gfp-wait", "N", error, 100), 0);
	assert_int_equal(rig_fault_set(machine, "fail_page_alloc/ignore-gfp-wait", "N", error, 100),
			 0);
	assert_int_equal(
		rig_fault_set(machine, "fail_page_alloc/ignore-gfp-highmem", "N", error, 100), 0);
	assert_int_equal(rig_fault_set(machine, "fail_page_alloc/min-order", "0", error, 100), 0);
	assert_int_equal(rig_fault_set(machine, "failslab/verbose", "0", error, 100), 0);
	assert_int_equal(rig_fault_set(machine, "fail_page_alloc/verbose", "0", error, 100), 0);
	for (unsigned int nth = 1;; nth++) {
		void *area;

		rig_fault_fail_nth(machine, current, nth);
		area = vmalloc(600 * PAGE_SIZE);
		if (rig_fault_fail_nth(machine, current, 0) != 0) {
			vfree(area);
			break;
		}
		failures += area == NULL;
		vfree(area);
		expect_sound(machine);
		assert_int_equal(rig_vmalloc_nr_areas(machine), 0);
		assert_int_equal(rig_vmalloc_nr_pages(machine), 0);
	}
	assert_true(failures >= 3);
}

static void vmallocinfo_is_the_kernels(void **state)
{
	struct rig_machine *machine = *state;
	void *first = vmalloc(PAGE_SIZE), *second = vmalloc_user(600 * PAGE_SIZE);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	vfree(first);
	rig_vmalloc_occupy(machine, SZ_1G, 0x2000, VM_IOREMAP, "hpet_enable+0xcb/0x406");
	rig_vmallocinfo(machine, out);
	fclose(out);
	assert_non_null(strstr(text, "0xffffc90000002000-0xffffc9000025b000 2461696 "));
	assert_non_null(strstr(text, " pages=600 vmalloc user vpages\n"));
	assert_non_null(strstr(text, "0xffffc90040000000-0xffffc90040002000    8192 "
				     "hpet_enable+0xcb/0x406 ioremap\n"));
	assert_non_null(
		strstr(text, "0xffffc90000000000-0xffffc90000002000    8192 unpurged vm_area\n"));
	free(text);
	vfree(second);
}

struct recorder {
	struct rig_event_sink sink;
	char text[2048];
};

static void record(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct recorder *recorder = container_of(sink, struct recorder, sink);
	size_t length = strlen(recorder->text);
	char *at = recorder->text + length;
	size_t room = sizeof(recorder->text) - length;

	if (event->id == RIG_EVENT_kmalloc)
		snprintf(at, room, "kmalloc %llu %#llx\n",
			 (unsigned long long)event->kmalloc.bytes_req,
			 (unsigned long long)event->kmalloc.gfp_flags);
	else if (event->id == RIG_EVENT_kmem_cache_alloc)
		snprintf(at, room, "kmem_cache_alloc %llu %#llx\n",
			 (unsigned long long)event->kmem_cache_alloc.bytes_req,
			 (unsigned long long)event->kmem_cache_alloc.gfp_flags);
	else
		snprintf(at, room, "%s\n", rig_event_name(event->id));
}

/*
 * What a kernel's trace shows of fork's kernel stack: the area, its span, a span kept ready, the
 * page array; and of its end.
 */
static void events_are_those_of_a_kernel(void **state)
{
	struct rig_machine *machine = *state;
	struct recorder recorder = {
		.sink = { .emit = record,
			  .wanted = RIG_WANT(kmalloc) | RIG_WANT(kmem_cache_alloc) |
				    RIG_WANT(kfree) | RIG_WANT(kmem_cache_free) }
	};
	void *stack;

	rig_event_attach(machine, &recorder.sink);
	stack = rig_vmalloc(&machine->cpus[0], 4 * PAGE_SIZE, 4 * PAGE_SIZE,
			    GFP_KERNEL | __GFP_ZERO, 0, NUMA_NO_NODE, _RET_IP_);
	assert_string_equal(recorder.text, "kmalloc 64 0xdc0\n"
					   "kmem_cache_alloc 64 0xcc0\n"
					   "kmem_cache_alloc 64 0xcc0\n"
					   "kmalloc 32 0xdc0\n");
	recorder.text[0] = '\0';
	vfree(stack);
	assert_string_equal(recorder.text, "kfree\nkfree\n");
	rig_event_detach(machine, &recorder.sink);
}

/* The check of the trees must be able to fail. */
static void a_broken_count_of_lazy_pages_is_seen(void **state)
{
	struct rig_machine *machine = *state;
	struct page *page;
	struct rig_verdict verdict;
	u8 *area = vmalloc(PAGE_SIZE);

	page = vmalloc_to_page(area);
	rig_find_vm_area(machine, area)->pages[0] = page + 1;
	assert_false(rig_vmalloc_check(machine, 2, &verdict));
	assert_string_equal(verdict.name, "vmalloc.page");
	rig_find_vm_area(machine, area)->pages[0] = page;
	rig_find_vm_area(machine, area)->size += PAGE_SIZE;
	assert_false(rig_vmalloc_check(machine, 2, &verdict));
	assert_string_equal(verdict.name, "vmalloc.area");
	rig_find_vm_area(machine, area)->size -= PAGE_SIZE;
	vfree(area);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(areas_get_the_addresses_that_a_kernel_gave),
		TEST(pages_lie_side_by_side_and_are_the_frames),
		TEST(freed_addresses_wait_for_the_purge),
		TEST(too_much_that_waits_is_purged),
		TEST(zeroed_and_user_areas),
		TEST(sizes_that_can_not_be_had_are_refused),
		TEST(vmap_maps_pages_again_and_may_take_them),
		TEST(kvmalloc_falls_back_to_vmalloc),
		TEST(a_wrong_address_to_free_is_reported),
		TEST(an_interrupt_frees_later_and_may_not_allocate),
		TEST(failures_inside_leave_nothing),
		TEST(vmallocinfo_is_the_kernels),
		TEST(events_are_those_of_a_kernel),
		TEST(a_broken_count_of_lazy_pages_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

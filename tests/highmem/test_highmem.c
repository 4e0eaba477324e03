// SPDX-License-Identifier: GPL-2.0-only
/* High memory: what kmap gives, how its places are used, and what a touch without it does. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "on_machine.h"

static int make_machine(void **state)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 127 * SZ_1M } };
	struct rig_machine_config config = { .name = "highmem",
					     .memory = memory,
					     .nr_memory = 1,
					     .lowmem_limit = 64 * SZ_1M,
					     .check_tier = 2 };

	return start_machine(state, &config);
}

static struct page *highpage(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	assert_non_null(page);
	assert_true(PageHighMem(page));
	return page;
}

static void a_highmem_page_has_no_address_until_kmapped(void **state)
{
	struct page *page = highpage();
	char *address;

	assert_null(page_address(page));
	address = kmap(page);
	assert_ptr_equal(page_address(page), address);
	strcpy(address, "kept");
	assert_ptr_equal(kmap(page), address);
	kunmap(page);
	kunmap(page);
	/* Still there until the next flush: the same address, the same memory. */
	assert_ptr_equal(kmap(page), address);
	assert_string_equal(address, "kept");
	kunmap(page);
	kmap_flush_unused();
	assert_null(page_address(page));
	address = kmap(page);
	assert_string_equal(address, "kept");
	kunmap(page);
	__free_page(page);
	expect_sound(*state);
}

static void lowmem_keeps_its_own_address(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	assert_false(PageHighMem(page));
	assert_ptr_equal(kmap(page), page_address(page));
	assert_ptr_equal(kmap_local_page(page), page_address(page));
	assert_ptr_equal(kmap_to_page(page_address(page)), page);
	kunmap_local(page_address(page));
	kunmap(page);
	__free_page(page);
}

/* The first place taken is place 1; place 0 comes when the search starts over. */
static void places_are_taken_in_turn(void **state)
{
	struct page *first = highpage(), *second = highpage();
	char *a = kmap(first), *b = kmap(second), *again;

	assert_ptr_equal(b, a + PAGE_SIZE);
	kunmap(first);
	again = kmap(first);
	assert_ptr_equal(again, a);
	kunmap(first);
	kmap_flush_unused();
	again = kmap(first);
	assert_ptr_equal(again, b + PAGE_SIZE);
	kunmap(first);
	kunmap(second);
	__free_page(first);
	__free_page(second);
}

static void unused_places_come_back_when_the_search_starts_over(void **state)
{
	struct page *page[LAST_PKMAP + 10];

	for (int i = 0; i < LAST_PKMAP + 10; i++) {
		page[i] = highpage();
		assert_non_null(kmap(page[i]));
		kunmap(page[i]);
	}
	assert_null(page_address(page[0]));
	assert_non_null(page_address(page[LAST_PKMAP + 9]));
	for (int i = 0; i < LAST_PKMAP + 10; i++)
		__free_page(page[i]);
	expect_sound(*state);
}

struct late_kunmap {
	struct work_struct work;
	struct page *page;
};

static void do_late_kunmap(struct work_struct *work)
{
	kunmap(container_of(work, struct late_kunmap, work)->page);
}

static void kmap_waits_for_a_place(void **state)
{
	struct rig_machine *machine = *state;
	struct page *page[LAST_PKMAP], *one_more = highpage();
	struct late_kunmap late;
	unsigned long before = machine->check->failures;

	for (int i = 0; i < LAST_PKMAP; i++) {
		page[i] = highpage();
		assert_non_null(kmap(page[i]));
	}
	INIT_WORK(&late.work, do_late_kunmap);
	late.page = page[5];
	schedule_work(&late.work);
	assert_non_null(kmap(one_more));
	assert_int_equal(machine->check->failures, before);
	kunmap(one_more);
	/* Nobody else will give one back: a task that hangs is reported. */
	kmap(page[5]);
	assert_null(kmap(one_more));
	expect_misuse(machine, "task.hung", before);
	for (int i = 0; i < LAST_PKMAP; i++) {
		kunmap(page[i]);
		__free_page(page[i]);
	}
	__free_page(one_more);
	expect_sound(machine);
}

static void too_many_kunmaps_are_reported(void **state)
{
	struct rig_machine *machine = *state;
	struct page *page = highpage();

	kmap(page);
	kunmap(page);
	kunmap(page);
	expect_misuse(machine, "highmem.kunmap", 0);
	__free_page(page);
}

static void kmap_in_atomic_context_is_reported(void **state)
{
	struct rig_machine *machine = *state;
	struct page *page = highpage();

	preempt_disable();
	kmap(page);
	preempt_enable();
	expect_misuse(machine, "context.sleep", 0);
	kunmap(page);
	__free_page(page);
}

static void local_mappings_are_a_stack(void **state)
{
	struct rig_machine *machine = *state;
	struct page *page[2] = { highpage(), highpage() };
	char *a = kmap_local_page(page[0]), *b = kmap_atomic(page[1]);

	assert_true(in_atomic());
	strcpy(a, "first");
	strcpy(b, "second");
	kunmap_local(a);
	expect_misuse(machine, "highmem.local_order", 0);
	kunmap_atomic(b);
	assert_false(in_atomic());
	kunmap_local(a + 3);
	assert_ptr_equal(kmap_local_page(page[1]), a);
	assert_string_equal(a, "second");
	kunmap_local(a);
	for (int i = 0; i < KM_MAX_IDX; i++)
		assert_non_null(kmap_local_page(page[0]));
	assert_null(kmap_local_page(page[0]));
	expect_misuse(machine, "highmem.local", 1);
	for (int i = KM_MAX_IDX - 1; i >= 0; i--)
		kunmap_local(a + i * PAGE_SIZE);
	__free_page(page[0]);
	__free_page(page[1]);
	expect_sound(machine);
}

/* kmap_to_page must know local mappings too. */
static void kmap_to_page_knows_every_mapping(void **state)
{
	struct page *page[2] = { highpage(), highpage() };
	char *shared = kmap(page[0]), *local = kmap_local_page(page[1]);

	assert_ptr_equal(kmap_to_page(shared + 100), page[0]);
	assert_ptr_equal(kmap_to_page(local + 100), page[1]);
	kunmap_local(local);
	kunmap(page[0]);
	__free_page(page[0]);
	__free_page(page[1]);
}

static void pages_are_copied_and_cleared(void **state)
{
	struct page *from = highpage(), *to = highpage();
	char text[8] = "";

	memcpy_to_page(from, 4000, "abcdefg", 8);
	clear_highpage(to);
	memcpy_from_page(text, to, 4000, 8);
	assert_string_equal(text, "");
	copy_highpage(to, from);
	memcpy_from_page(text, to, 4000, 8);
	assert_string_equal(text, "abcdefg");
	memzero_page(to, 4001, 1);
	memcpy_from_page(text, to, 4000, 8);
	assert_string_equal(text, "a");
	__free_page(from);
	__free_page(to);
	expect_sound(*state);
}

static void highmem_that_should_be_zero_is(void **state)
{
	struct page *page = highpage();
	char byte = 1;

	memset_page(page, 0, 0xff, PAGE_SIZE);
	__free_page(page);
	page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	memcpy_from_page(&byte, page, 123, 1);
	assert_int_equal(byte, 0);
	__free_page(page);
}

static void counts_of_highmem(void **state)
{
	unsigned long before = nr_free_highpages();
	struct page *page;

	assert_int_equal(totalhigh_pages(), 64 * SZ_1M / PAGE_SIZE);
	page = alloc_pages(GFP_HIGHUSER, 8);
	assert_int_equal(nr_free_highpages(), before - 256);
	__free_pages(page, 8);
}

static void the_check_sees_a_freed_page_in_use(void **state)
{
	struct rig_verdict verdict;
	struct page *page = highpage();

	kmap(page);
	__free_page(page);
	assert_false(rig_highmem_check(*state, 2, &verdict));
	assert_string_equal(verdict.name, "highmem.freed");
	kunmap(page);
	assert_true(rig_highmem_check(*state, 2, &verdict));
}

/* --- touches of what is not mapped: in a child, which ends */

static char output[16384];

static int touch_in_child(volatile char *address, bool write)
{
	int ends[2], status;
	size_t length = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		/* not back into the test framework */
		signal(SIGSEGV, SIG_DFL);
		rig_page_fault_report_install();
		if (write)
			*address = 1;
		else
			(void)*address;
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], output + length, sizeof(output) - 1 - length)) > 0)
		length += (size_t)got;
	output[length] = '\0';
	close(ends[0]);
	waitpid(pid, &status, 0);
	return status;
}

static void expect_fault(volatile char *address, bool write, const char *what)
{
	int status = touch_in_child(address, write);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), RIG_EXIT_BROKEN);
	if (!strstr(output, "unable to handle page fault for address: ffff") ||
	    !strstr(output, what) || !strstr(output, write ? "write" : "read"))
		fail_msg("'%s' is not in:\n%s", what, output);
}

static void touches_of_unmapped_memory_say_what_is_there(void **state)
{
	struct rig_machine *machine = *state;
	struct page *page = highpage();
	char *area = vmalloc(PAGE_SIZE), *mapped = kmap(page), *local;
	char *direct = (char *)machine->direct_map + (page_to_pfn(page) << PAGE_SHIFT);

	machine->check->on_failure = RIG_FAILURE_EXIT;
	machine->check->print_limit = 0;
	expect_fault(direct, true, "without kmap");
	expect_fault(area + PAGE_SIZE, true, "guard page, 0 bytes behind");
	vfree(area);
	expect_fault(area, false, "vmalloc space where no area is");
	kunmap(page);
	kmap_flush_unused();
	expect_fault(mapped, true, "not kmapped any more");
	local = kmap_local_page(page);
	assert_int_equal(touch_in_child(local, true), 0);
	kunmap_local(local);
	expect_fault(local, false, "mapping was given back");
	__free_page(page);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_highmem_page_has_no_address_until_kmapped),
		TEST(lowmem_keeps_its_own_address),
		TEST(places_are_taken_in_turn),
		TEST(unused_places_come_back_when_the_search_starts_over),
		TEST(kmap_waits_for_a_place),
		TEST(too_many_kunmaps_are_reported),
		TEST(kmap_in_atomic_context_is_reported),
		TEST(local_mappings_are_a_stack),
		TEST(kmap_to_page_knows_every_mapping),
		TEST(pages_are_copied_and_cleared),
		TEST(highmem_that_should_be_zero_is),
		TEST(counts_of_highmem),
		TEST(the_check_sees_a_freed_page_in_use),
		TEST(touches_of_unmapped_memory_say_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

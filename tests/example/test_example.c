// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example driver is right, takes every failed allocation well, and each planted mistake is
 * found, in words that kernel developers know. With an argument this program is the driver's test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "life.h"

static char text[65536];

/* Runs @prefix and this program with that bug; the exit code, and @text. */
static int run(const char *prefix, const char *bug)
{
	char self[512], command[1400];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t size;
	FILE *pipe;

	assert_true(length > 0);
	self[length] = '\0';
	snprintf(command, sizeof(command), "%s %s bug=%s 2>&1", prefix, self, bug);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	size = fread(text, 1, sizeof(text) - 1, pipe);
	text[size] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static int run_fault(const char *bug)
{
	return run("build/" RIG_VARIANT "/kmemrig fault --", bug);
}

static void expect(const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void the_right_driver_has_no_findings(void **state)
{
	assert_int_equal(run("", ""), 0);
	assert_string_equal(text, "");
	assert_int_equal(run_fault(""), 0);
	expect("GFP_ATOMIC, at edu_interrupt+");
	expect(": 0 findings\n");
}

static void a_leak_on_the_error_path(void **state)
{
	assert_int_equal(run("", "leak"), 0); /* nothing failed, nothing to see */
	assert_int_equal(run("build/" RIG_VARIANT "/kmemrig fault --once --", "leak"), 1);
	expect("LEAK: object of ");
	expect(" bytes from edu_probe+");
	expect("1 LEAK\n");
}

static void sleeping_in_the_handler(void **state)
{
	assert_int_equal(run("", "sleep"), 3);
	expect("BUG: sleeping function called from invalid context at tests/example/edu.c:");
	expect("in_atomic(): 1, irqs_disabled(): 1, non_block: 0, pid: 0, name: swapper/0");
}

static void gfp_kernel_in_the_handler(void **state)
{
	assert_int_equal(run("", "gfp"), 3);
	expect("BUG: sleeping function called from invalid context at ");
}

/* Under AddressSanitizer the touch itself is found, before SLUB looks. */
static bool found_by_sanitizer(void)
{
	if (strcmp(RIG_VARIANT, "asan") != 0)
		return false;
	expect("ERROR: AddressSanitizer: use-after-poison");
	return true;
}

static void writing_beyond_an_object(void **state)
{
	int code = run("", "overrun");

	if (found_by_sanitizer())
		return;
	assert_int_equal(code, 3);
	expect("BUG kmalloc-64 (Not tainted): Right Redzone overwritten");
	expect("Allocated in edu_interrupt+");
}

static void writing_to_a_freed_object(void **state)
{
	int code = run("", "use-after-free");

	if (found_by_sanitizer())
		return;
	assert_int_equal(code, 3);
	expect("BUG kmalloc-64 (Not tainted): Poison overwritten");
	expect("Freed in edu_work+");
}

static void freeing_twice(void **state)
{
	assert_int_equal(run("", "double-free"), 3);
	expect("BUG: ");
	expect("check: slab.");
}

static void dma_memory_that_stays_behind(void **state)
{
	assert_int_equal(run("", "unmap"), 3);
	expect("BUG: DMA-API: edu ");
	expect("device driver has pending DMA allocations while released from device [count=1]");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_driver_has_no_findings),
		cmocka_unit_test(a_leak_on_the_error_path),
		cmocka_unit_test(sleeping_in_the_handler),
		cmocka_unit_test(gfp_kernel_in_the_handler),
		cmocka_unit_test(writing_beyond_an_object),
		cmocka_unit_test(writing_to_a_freed_object),
		cmocka_unit_test(freeing_twice),
		cmocka_unit_test(dma_memory_that_stays_behind),
	};

	if (argc > 1)
		return life(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

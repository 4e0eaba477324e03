// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig fault, from outside: a driver that takes every failure well, and the same driver with
 * an error path that leaks, one that goes on with NULL, and one that frees twice. This program is
 * also those drivers: with an argument it runs one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver.h"

static char text[65536];

/* Runs the command on this program as the driver with that bug; its exit code, and @text. */
static int run_fault(const char *options, const char *bug)
{
	char self[512], command[1400];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t size;
	FILE *pipe;

	assert_true(length > 0);
	self[length] = '\0';
	snprintf(command, sizeof(command), "build/%s/kmemrig fault %s -- %s %s 2>&1", RIG_VARIANT,
		 options, self, bug);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	size = fread(text, 1, sizeof(text) - 1, pipe);
	text[size] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void expect(const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void a_right_driver_has_no_findings(void **state)
{
	assert_int_equal(run_fault("", "right"), 0);
	expect("n=1 once: object of 32 bytes, GFP_KERNEL|__GFP_ZERO, at probe+");
	expect("n=4 persistent: pages of 16384 bytes, GFP_ATOMIC, at probe+");
	expect(" 0 findings\n");
}

static void a_leak_in_an_error_path_is_found(void **state)
{
	assert_int_equal(run_fault("", "leaks"), 1);
	expect("n=4 once: pages of 16384 bytes, GFP_ATOMIC, at probe+");
	expect("LEAK: object of 32 bytes from probe+");
	expect(" 2 findings, 2 LEAK\n");
}

static void going_on_with_null_is_found(void **state)
{
	assert_int_equal(run_fault("--once", "dereferences"), 1);
	expect(strcmp(RIG_VARIANT, "asan") == 0 ? "SANITIZER" : "CRASH");
	expect(" 1 findings");
}

static void a_double_free_is_found(void **state)
{
	assert_int_equal(run_fault("--once", "frees-twice"), 1);
	expect("MISUSE");
}

static void only_the_flags_asked_for_count(void **state)
{
	assert_int_equal(run_fault("--gfp GFP_ATOMIC --once", "leaks"), 1);
	expect("n=1 once: pages of 16384 bytes, GFP_ATOMIC, at probe+");
	expect("1 allocations, 1 runs with failures: 1 findings, 1 LEAK\n");
}

static void a_range_is_kept_to(void **state)
{
	assert_int_equal(run_fault("--fail-nth 2..3 --once --quiet", "right"), 0);
	expect(" 2 runs with failures: 0 findings\n");
}

static void json_says_the_same(void **state)
{
	assert_int_equal(run_fault("--json --once", "leaks"), 1);
	expect("\"findings\": 1");
	expect("\"outcome\": \"LEAK\"");
	expect("\"kind\": \"object\"");
}

static void bad_usage_is_one_line_and_exit_2(void **state)
{
	assert_int_equal(run_fault("--fail-nth 3..1", "right"), 2);
	expect("--fail-nth: '3..1' is not all, N or N..M");
	assert_int_equal(run_fault("--gfp GFP_WHAT", "right"), 2);
	expect("'GFP_WHAT' is not gfp flags");
	assert_int_equal(run_fault("-- /nonexistent/program", ""), 2);
	expect("/nonexistent/program: No such file or directory\n");
	assert_int_equal(run_fault("-- /bin/true", ""), 2);
	expect("no machine of libkmemrig was made and taken down in it\n");
}

static int run_driver(const char *name)
{
	static const char *const names[] = { "right", "leaks", "dereferences", "frees-twice" };

	for (int bug = DRIVER_RIGHT; bug <= DRIVER_FREES_TWICE; bug++)
		if (strcmp(name, names[bug]) == 0)
			return driver_main((enum driver_bug)bug);
	return 2;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_driver_has_no_findings),
		cmocka_unit_test(a_leak_in_an_error_path_is_found),
		cmocka_unit_test(going_on_with_null_is_found),
		cmocka_unit_test(a_double_free_is_found),
		cmocka_unit_test(only_the_flags_asked_for_count),
		cmocka_unit_test(a_range_is_kept_to),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(bad_usage_is_one_line_and_exit_2),
	};

	if (argc > 1)
		return run_driver(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

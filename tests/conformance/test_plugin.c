// SPDX-License-Identifier: GPL-2.0-only
/* Backends from shared objects: which are taken, and what is said of the others. */
#include "backends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/plugin.h>
#include <linux/kernel.h>

static const char *plugin(const char *name)
{
	static char path[4300];

	snprintf(path, sizeof(path), "%s/%s", conformance_folder(), name);
	return path;
}

/* A machine with that backend can't be made, for a reason of one line that contains @reason. */
static void expect_refused(const char *path, const char *reason)
{
	struct rig_memory_range memory = { .size = 32UL << 20 };
	struct rig_machine_config config = { .memory = &memory,
					     .nr_memory = 1,
					     .slab_backend = path };
	char error[600] = "";

	assert_null(rig_machine_create(&config, error, sizeof(error)));
	if (!strstr(error, reason))
		fail_msg("'%s' is not in '%s'", reason, error);
	if (rig_is_plugin(path) && !strstr(error, strrchr(path, '/') + 1))
		fail_msg("'%s' does not name the file", error);
	assert_null(strchr(error, '\n'));
}

static void a_missing_file_is_refused(void **state)
{
	expect_refused("/nowhere/mine.so", "No such file");
	expect_refused("./mine.so", "No such file");
}

static void a_file_that_is_no_object_is_refused(void **state)
{
	char path[] = "/tmp/kmemrig-plugin-XXXXXX.so";
	int fd = mkstemps(path, 3);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hello\n", 6), 6);
	close(fd);
	expect_refused(path, "file too short");
	unlink(path);
}

static void an_object_without_the_symbol_is_refused(void **state)
{
	expect_refused(plugin("plugin_nothing.so"), "does not export kmemrig_slab_backend()");
}

static void another_abi_is_refused(void **state)
{
	expect_refused(plugin("plugin_other_abi.so"), "was built for backend ABI");
}

static void an_incomplete_backend_is_refused(void **state)
{
	expect_refused(plugin("plugin_incomplete.so"), "has no free()");
}

static void an_unknown_name_is_refused(void **state)
{
	expect_refused("slab2", "unknown slab backend 'slab2'");
}

static void loading_twice_gives_the_same(void **state)
{
	char error[600] = "";
	const struct slab_backend *first, *second;

	first = rig_load_slab_backend(plugin("plugin_example.so"), error, sizeof(error));
	second = rig_load_slab_backend(plugin("plugin_example.so"), error, sizeof(error));
	assert_non_null(first);
	assert_ptr_equal(first, second);
	assert_string_equal(first->name, "example");
	assert_null(rig_load_page_backend(plugin("plugin_example.so"), error, sizeof(error)));
	assert_non_null(strstr(error, "does not export kmemrig_page_backend()"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_file_is_refused),
		cmocka_unit_test(a_file_that_is_no_object_is_refused),
		cmocka_unit_test(an_object_without_the_symbol_is_refused),
		cmocka_unit_test(another_abi_is_refused),
		cmocka_unit_test(an_incomplete_backend_is_refused),
		cmocka_unit_test(an_unknown_name_is_refused),
		cmocka_unit_test(loading_twice_gives_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

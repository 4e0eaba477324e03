// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call sites in events: where a kernel has its code, and the same in every run. With an argument
 * this program is one such run and prints what its events say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <kmemrig/machine.h>
#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/slab.h>

static void print_site(struct rig_event_sink *sink, const struct rig_event *event)
{
	if (event->id == RIG_EVENT_kmalloc)
		printf("kmalloc %#llx\n", (unsigned long long)event->kmalloc.call_site);
	else
		printf("kfree %#llx\n", (unsigned long long)event->kfree.call_site);
}

static int print_events(void)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 31 * SZ_1M } };
	struct rig_machine_config config = { .name = "code", .memory = memory, .nr_memory = 1 };
	struct rig_event_sink sink = { .emit = print_site,
				       .wanted = RIG_WANT(kmalloc) | RIG_WANT(kfree) };
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));

	if (!machine) {
		puts(error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	rig_event_attach(machine, &sink);
	for (int i = 0; i < 3; i++)
		kfree(kmalloc(100, GFP_KERNEL));
	rig_event_detach(machine, &sink);
	rig_machine_destroy(machine);
	return 0;
}

static void run(char *text, size_t size)
{
	char self[512], command[600];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t got;
	FILE *pipe;

	assert_true(length > 0);
	self[length] = '\0';
	snprintf(command, sizeof(command), "%s print", self);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	got = fread(text, 1, size - 1, pipe);
	text[got] = '\0';
	assert_int_equal(pclose(pipe), 0);
}

static void call_sites_are_the_same_in_every_run(void **state)
{
	char first[1000], second[1000];

	run(first, sizeof(first));
	run(second, sizeof(second));
	assert_string_equal(first, second);
	assert_int_equal(strncmp(first, "kmalloc 0xffffffff81", 20), 0);
	assert_non_null(strstr(first, "kfree 0xffffffff81"));
}

static void what_is_not_code_stays_as_it_is(void **state)
{
	assert_int_equal(rig_code_address(0), 0);
	assert_int_equal(rig_code_address(0x1234), 0x1234);
	assert_int_equal(rig_code_address(0xffffffff8106c120), 0xffffffff8106c120);
}

static void libraries_are_where_modules_are(void **state)
{
	u64 address = rig_code_address((u64)(unsigned long)puts);

	assert_in_range(address, 0xffffffffa0000000, 0xfffffffffeffffff);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_sites_are_the_same_in_every_run),
		cmocka_unit_test(what_is_not_code_stays_as_it_is),
		cmocka_unit_test(libraries_are_where_modules_are),
	};

	if (argc > 1)
		return print_events();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver at work: probe, interrupts whose handler allocates with GFP_ATOMIC until memory is out,
 * high orders until none are left, and every allocation of its life failing in turn.
 *
 * With an argument this program is that driver's life once, for `kmemrig fault`.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/fault_control.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "driver.h"
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

static void expect_sound(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	assert_int_equal(machine->check->failures, 0);
}

static struct edu_driver *probe(void)
{
	struct edu_driver *edu;

	assert_int_equal(edu_probe(EDU_BASE, EDU_IRQ, &edu), 0);
	return edu;
}

static void it_probes_its_device_and_no_other(void **state)
{
	struct edu_driver *edu;

	assert_int_equal(edu_probe(0xfd000000, EDU_IRQ, &edu), -ENODEV);
	edu = probe();
	assert_int_equal(edu_loopback(edu), 0);
	edu_remove(edu);
	expect_sound(*state);
}

static void its_handler_allocates_in_interrupts(void **state)
{
	struct edu_driver *edu = probe();

	edu_receive(edu, 100);
	assert_int_equal(edu_stats(edu)->interrupts, 100);
	assert_int_equal(edu_stats(edu)->packets, 100);
	assert_int_equal(edu_stats(edu)->from_reserve, 0);
	expect_sound(*state);
	edu_remove(edu);
	expect_sound(*state);
}

/* Atomic allocations fail: the reserve serves, then packets are dropped; nothing else breaks. */
static void when_atomic_allocations_fail_it_drops_packets(void **state)
{
	struct rig_machine *machine = *state;
	struct edu_driver *edu = probe();
	char error[200] = "";

	assert_int_equal(
		rig_fault_parse(machine, "failslab:times=-1,gfp=GFP_ATOMIC", error, sizeof(error)),
		0);
	edu_receive(edu, 50);
	assert_int_equal(edu_stats(edu)->interrupts, 50);
	assert_int_equal(edu_stats(edu)->from_reserve, 4);
	assert_int_equal(edu_stats(edu)->dropped, 46);
	assert_int_equal(rig_fault_parse(machine, "failslab:probability=0", error, sizeof(error)),
			 0);
	edu_flush(edu);
	edu_receive(edu, 10);
	assert_int_equal(edu_stats(edu)->dropped, 46);
	edu_remove(edu);
	expect_sound(machine);
}

/* Memory really runs out, in interrupts, and comes back. */
static void it_lives_through_the_end_of_memory(void **state)
{
	struct rig_machine *machine = *state;
	struct edu_driver *edu = probe();

	edu_receive(edu, 60000);
	assert_int_equal(edu_stats(edu)->interrupts, 60000);
	assert_true(edu_stats(edu)->dropped > 1000);
	assert_int_equal(edu_stats(edu)->from_reserve, 4);
	assert_null(kmalloc(8192, GFP_ATOMIC | __GFP_NOWARN));
	edu_flush(edu);
	edu_receive(edu, 10);
	assert_int_equal(edu_stats(edu)->packets, 10);
	assert_int_equal(edu_loopback(edu), 0);
	edu_remove(edu);
	expect_sound(machine);
}

/* While packets lie all over memory, high orders become scarce. */
static void high_orders_run_out_first(void **state)
{
	struct rig_machine *machine = *state;
	struct edu_driver *edu = probe();
	unsigned int before;

	edu_stress_high_order(edu, MAX_ORDER - 1, 8);
	assert_int_equal(edu_stats(edu)->high_order, 8);
	edu_receive(edu, 25000);
	before = edu_stats(edu)->high_order;
	edu_stress_high_order(edu, MAX_ORDER - 1, 16);
	assert_true(edu_stats(edu)->high_order_not > 0);
	edu_stress_high_order(edu, 0, 16);
	assert_true(edu_stats(edu)->high_order >= before + 16);
	edu_remove(edu);
	expect_sound(machine);
}

/* The driver's life, once. An exit status. */
static int live(void)
{
	struct rig_machine *machine = edu_machine_create(1);
	struct edu_driver *edu;
	int code;

	if (!machine)
		return 2;
	machine->check->on_failure = RIG_FAILURE_EXIT;
	code = edu_probe(EDU_BASE, EDU_IRQ, &edu);
	if (code == 0) {
		edu_receive(edu, 3);
		edu_stress_high_order(edu, 3, 2);
		code = edu_loopback(edu);
		edu_remove(edu);
	}
	rig_machine_destroy(machine);
	return code ? 1 : 0;
}

static void every_allocation_may_fail(void **state)
{
	char self[512], command[1200], text[2000] = "";
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *pipe;
	size_t size;

	assert_true(length > 0);
	self[length] = '\0';
	snprintf(command, sizeof(command), "build/%s/kmemrig fault -q -- %s live 2>&1", RIG_VARIANT,
		 self);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	size = fread(text, 1, sizeof(text) - 1, pipe);
	text[size] = '\0';
	if (WEXITSTATUS(pclose(pipe)) != 0 || !strstr(text, ": 0 findings"))
		fail_msg("%s", text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(it_probes_its_device_and_no_other),
		TEST(its_handler_allocates_in_interrupts),
		TEST(when_atomic_allocations_fail_it_drops_packets),
		TEST(it_lives_through_the_end_of_memory),
		TEST(high_orders_run_out_first),
		cmocka_unit_test(every_allocation_may_fail),
	};

	if (argc > 1)
		return live();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

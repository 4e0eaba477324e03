// SPDX-License-Identifier: GPL-2.0-only
/* See on_machine.h. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <kmemrig/check.h>

#include "on_machine.h"

int start_machine(void **state, const struct rig_machine_config *config)
{
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(config, error, sizeof(error));

	if (!machine)
		fail_msg("%s", error);
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print_limit = 1;
	rig_cpu_enter(&machine->cpus[0]);
	*state = machine;
	return 0;
}

int end_machine(void **state)
{
	rig_machine_destroy(*state);
	return 0;
}

void expect_sound(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

void expect_misuse(struct rig_machine *machine, const char *check, unsigned long before)
{
	assert_int_equal(machine->check->failures, before + 1);
	assert_string_equal(machine->check->last_check, check);
}

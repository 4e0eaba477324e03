/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests that run on a machine of their own: setup, teardown, and what they expect of it. */
#ifndef TESTS_ON_MACHINE_H
#define TESTS_ON_MACHINE_H

#include <kmemrig/machine.h>

/*
 * Builds the machine, counts what is misused on it instead of ending the run, and drives its
 * CPU 0. @state gets it. For cmocka's setup functions: 0, or the test fails with the reason.
 */
int start_machine(void **state, const struct rig_machine_config *config);

/* cmocka's teardown. */
int end_machine(void **state);

/* All invariants hold. */
void expect_sound(struct rig_machine *machine);

/* One more misuse than @before was reported, by that check. */
void expect_misuse(struct rig_machine *machine, const char *check, unsigned long before);

#endif

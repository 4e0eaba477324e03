// SPDX-License-Identifier: GPL-2.0-only
/* What the page backend "checked" sees of an allocator that breaks the rules. */
#include <kmemrig/checked.h>

#include "rig.h"

static const struct page_backend *buddy;

/* Takes what only emergencies may have, whoever asks. */
static struct page *alloc_from_reserves(struct rig_cpu *cpu, const struct rig_page_request *request)
{
	struct rig_page_request generous = *request;

	generous.gfp |= __GFP_MEMALLOC;
	return buddy->alloc(cpu, &generous);
}

static void reserves_are_not_for_everybody(void **state)
{
	struct rig_memory_range memory = { .base = 0, .size = 64 * MIB };
	struct rig_machine_config config = {
		.name = "test", .memory = &memory, .nr_memory = 1, .page_backend = "checked"
	};
	struct rig_machine *machine = test_boot_config(&config);
	struct page_backend broken;
	unsigned long nr;

	test_exhaust(GFP_NOWAIT | __GFP_NOWARN, 0, &nr);
	assert_string_equal(test_last_check(machine), "");
	/* those with rights may go on, and that is no fault either */
	assert_non_null(alloc_page(GFP_ATOMIC));
	assert_string_equal(test_last_check(machine), "");
	buddy = rig_checked_inner(machine);
	broken = *buddy;
	broken.alloc = alloc_from_reserves;
	rig_checked_set_inner(machine, &broken);
	assert_non_null(alloc_page(GFP_NOWAIT));
	assert_string_equal(test_last_check(machine), "checked.below_min");
	rig_checked_set_inner(machine, buddy);
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserves_are_not_for_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

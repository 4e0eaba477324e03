// SPDX-License-Identifier: GPL-2.0-only
/* See states.h. */
#include <stdlib.h>

#include <kmemrig/check.h>

#include "run.h"
#include "states.h"

/* A small text can describe a machine that takes long to build: those are left out. */
#define MOST_PFN (1UL << 18)

static bool small(const struct rig_state *state)
{
	if (state->nr_cpus > FUZZ_MAX_CPUS || state->nr_nodes > FUZZ_MAX_NODES)
		return false;
	for (size_t i = 0; i < state->nr_zones; i++)
		if (state->zones[i].start_pfn > MOST_PFN || state->zones[i].spanned > MOST_PFN)
			return false;
	return true;
}

static void drop_line(struct rig_machine *machine, const char *line, void *data)
{
}

/* What a what-if does to a state before it makes a machine of it. */
static void change(struct rig_state *state, unsigned int chance)
{
	char error[RIG_STATE_ERROR];
	u8 taken[256];

	for (size_t i = 0; i < sizeof(taken); i++)
		taken[i] = (u8)((chance * (i + 1)) >> 3 & (chance >> 5));
	if (chance & 1)
		rig_state_take_pages(state, taken, 8 * sizeof(taken));
	if (chance & 2)
		rig_state_add_memory(state, (u64)(chance >> 2 & 7) << 27, error);
}

void fuzz_use_state(struct rig_state *state, unsigned int chance)
{
	const struct rig_machine_config config = { .name = "state" };
	struct rig_verdict verdict;
	char error[RIG_STATE_ERROR];
	struct rig_machine *machine;

	if (!small(state))
		return;
	change(state, chance);
	machine = rig_state_make_machine(state, &config, false, error);
	if (!machine)
		return;
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = drop_line;
	/* the counters of a state may lie; looking at them may not crash */
	if (rig_machine_check(machine, 2, &verdict))
		rig_state_free(rig_state_of_machine(machine));
	rig_machine_destroy(machine);
}

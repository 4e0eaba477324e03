// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: the parser of recorded states, and, with a state that it takes, a machine made of it: a
 * state that a person wrote wrongly must be refused with a line number, never crash the machine.
 */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/state.h>

#include "run.h"

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

static void make_machine(const struct rig_state *state)
{
	const struct rig_machine_config config = { .name = "state" };
	struct rig_verdict verdict;
	char error[RIG_STATE_ERROR];
	struct rig_machine *machine = rig_state_make_machine(state, &config, false, error);

	if (!machine)
		return;
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = drop_line;
	/* the counters of a state may lie; looking at them may not crash */
	if (rig_machine_check(machine, 2, &verdict))
		rig_state_free(rig_state_of_machine(machine));
	rig_machine_destroy(machine);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text = malloc(size + 1), error[RIG_STATE_ERROR] = "";
	struct rig_state *state;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	state = rig_state_parse("fuzz.state", text, size, error);
	if (!state && !error[0])
		abort(); /* refused, and nobody says why */
	if (state && small(state))
		make_machine(state);
	rig_state_free(state);
	free(text);
	return 0;
}

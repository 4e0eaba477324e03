// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: the parser of recorded states, and, with a state that it takes, a machine made of it: a
 * state that a person wrote wrongly must be refused with a line number, never crash the machine.
 */
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "states.h"

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
	if (state)
		fuzz_use_state(state, (unsigned int)size);
	rig_state_free(state);
	free(text);
	return 0;
}

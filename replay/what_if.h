/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What if? A trace is replayed on a machine that differs in something from the traced one. What the
 * trace hides (pages that were taken with no event, the recorder's own buffers above all) can only
 * be learnt where nothing differs: so it is followed there first.
 */
#ifndef RIG_WHAT_IF_H
#define RIG_WHAT_IF_H

#include "command_machine.h"

/* Does the command line change settings that decide on page allocations? */
bool rig_what_if_settings(const char *command_line);

/*
 * Follows the trace's page events on the machine as the state of @source describes it. @source then
 * says which pages are in use beside what the state says (source->taken, freed by the caller).
 * False: @error (RIG_COMMAND_ERROR bytes).
 */
bool rig_what_if_learn(struct rig_machine_source *source, struct rig_trace_log *log, char *error);

#endif

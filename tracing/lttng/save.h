/* SPDX-License-Identifier: GPL-2.0-only */
/* The flight recorder's save from inside the traced process. */
#ifndef KMEMRIG_LTTNG_SAVE_H
#define KMEMRIG_LTTNG_SAVE_H

#include <kmemrig/event.h>

#include <kmemrig/trace_state.h>

/* Is there a flight recorder, KMEMRIG_TRACE_SNAPSHOT? Reads the environment; call it once. */
bool rig_lttng_save_wanted(void);

/*
 * Saves the session's snapshot if @event, which has been recorded, is a failed check or, where that
 * was asked for, a failed allocation: check-failed-*, allocation-failed-*. Returns when it
 * is saved: what happens next overwrites nothing.
 */
void rig_lttng_save_failure(struct rig_trace_state *state, const struct rig_event *event);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The flight recorder's save from inside the traced process. */
#ifndef KMEMRIG_LTTNG_SAVE_H
#define KMEMRIG_LTTNG_SAVE_H

/*
 * Saves the session's snapshot, check-failed-*, if KMEMRIG_TRACE_SNAPSHOT names a session; the
 * first call of a process only. Returns when it is saved: what happens next overwrites nothing.
 */
void rig_lttng_save(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's clock as LTTng's trace clock. The session keeps one 64-bit number of nanoseconds in
 * a file that the traced process writes and the consumer daemon reads; the environment names it.
 */
#ifndef RIG_TRACE_CLOCK_H
#define RIG_TRACE_CLOCK_H

#include <stdint.h>

#define RIG_TRACE_CLOCK_FILE "KMEMRIG_TRACE_CLOCK"
#define RIG_TRACE_CLOCK_PLUGIN "kmemrig-lttng-clock.so"

/* Exported by the plug-in: where the number is; NULL when there is no clock file. */
extern uint64_t *rig_trace_clock;

#endif

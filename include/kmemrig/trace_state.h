/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the processes of a session share: a file in the session's own folder, named by the
 * environment, that each of them maps. It is the machine's clock, which traced processes write and
 * the consumer daemon reads, and it says what nobody could tell from outside: whether the
 * session daemon could set the clock's offset to 0, whether a process died while it wrote an event,
 * how many snapshots failing checks have saved.
 *
 * Locking: none. A writer's slot belongs to one thread; all else is atomic.
 */
#ifndef RIG_TRACE_STATE_H
#define RIG_TRACE_STATE_H

#include <stdint.h>

#define RIG_TRACE_STATE_FILE "KMEMRIG_TRACE_STATE"
#define RIG_TRACE_CLOCK_PLUGIN "kmemrig-lttng-clock.so"
#define RIG_TRACE_WRITERS 1023

struct rig_trace_writer {
	_Alignas(64) int32_t pid; /* of the process, while its thread writes an event; else 0 */
};

struct rig_trace_state {
	uint64_t now_ns;
	uint32_t measured;   /* how often the session daemon read the clock to find its offset */
	uint32_t answered;   /* how often it was told the wall clock in between: half of that */
	uint32_t nr_saved;   /* snapshots */
	uint32_t nr_writers; /* slots taken; may exceed RIG_TRACE_WRITERS */
	struct rig_trace_writer writers[RIG_TRACE_WRITERS];
};

#endif

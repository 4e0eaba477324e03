/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a trace to its end, for the targets of the readers. */
#ifndef RIG_FUZZ_TRACES_H
#define RIG_FUZZ_TRACES_H

#include <kmemrig/recording.h>
#include <linux/types.h>

/* A few bytes can promise many events; a run has to end. */
#define FUZZ_MAX_EVENTS 100000

/* As the replay reads it. Aborts when a reader refuses a trace without saying why. */
void fuzz_read_trace(const char *path);

/* As the babeltrace2 plugin reads it; all that an event has is looked at. Its events. */
u64 fuzz_read_recording(const char *path);

/* perf's own reader is not what is fuzzed. */
bool fuzz_is_perf(const u8 *data, size_t size);

#endif

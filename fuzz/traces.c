// SPDX-License-Identifier: GPL-2.0-only
/* Reading a trace to its end: see traces.h. */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/trace_event.h>

#include "traces.h"

/* A few bytes can promise many events; a run has to end. */
#define MAX_EVENTS 100000

void fuzz_read_trace(const char *path)
{
	char error[RIG_TRACE_ERROR] = "";
	struct rig_trace_reader *reader = rig_trace_open(path, error);
	enum rig_trace_status status = RIG_TRACE_EVENT;
	struct rig_trace_event event;

	if (!reader) {
		if (!error[0] || strchr(error, '\n'))
			abort(); /* one line, always */
		return;
	}
	for (int i = 0; i < MAX_EVENTS && status == RIG_TRACE_EVENT; i++)
		status = rig_trace_next(reader, &event);
	if (status == RIG_TRACE_BROKEN && !rig_trace_error(reader)[0])
		abort();
	rig_trace_cpus(reader);
	rig_trace_close(reader);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What a replay has to tell, and the forms in which it does. */
#ifndef RIG_REPLAY_REPORT_H
#define RIG_REPLAY_REPORT_H

#include <kmemrig/state.h>
#include <kmemrig/symbols.h>
#include <stdio.h>

#include "engine.h"
#include "failures.h"

struct rig_replay_report {
	const struct rig_engine *engine;
	const struct rig_trace_log *log;
	const char *level;   /* "page", "object" */
	const char *backend; /* slab backend's name */
	double seconds;	     /* of the replay, reading excluded */
	double seconds_reading;
	u64 written[RIG_NR_EVENTS]; /* events that the machine gave */
	bool have_difference;
	struct rig_state_difference difference;
	bool have_trace; /* a new trace was written */
	u64 discarded;	 /* events that the new trace lost */
	u64 faults_injected;
	const struct rig_symbols *symbols; /* for call sites without a name; NULL: none */
	const struct rig_failures *failures;
};

/* The summary for a person. */
void rig_replay_print(const struct rig_replay_report *report, FILE *out);

/* One JSON object; false: no host memory, or @out can't be written. */
bool rig_replay_print_json(const struct rig_replay_report *report, FILE *out);

#endif

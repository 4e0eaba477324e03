/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page allocations that fail in a replay, and why: grouped by order, flags and reason, with the
 * machine's memory as it was at the first of each group.
 */
#ifndef RIG_FAILURES_H
#define RIG_FAILURES_H

#include <jansson.h>
#include <kmemrig/explain.h>
#include <kmemrig/machine.h>
#include <stdio.h>

#include "trace_log.h"

#define RIG_FAILURE_ZONES 8 /* of a request's zonelist that are shown */

struct rig_failures;

/* Watches the machine's allocations from here on; NULL: no host memory. */
struct rig_failures *rig_failures_watch(struct rig_machine *machine);

/* Ends the watching; the groups stay. */
void rig_failures_stop(struct rig_failures *failures);

void rig_failures_free(struct rig_failures *failures);

/*
 * The groups, most frequent first, beside how often the same request failed in the trace; then the
 * zones at the first failure of all. Nothing when nothing failed.
 */
void rig_failures_print(const struct rig_failures *failures, const struct rig_trace_log *log,
			FILE *out);

/* The same as an array of objects; NULL: no host memory. */
json_t *rig_failures_json(const struct rig_failures *failures, const struct rig_trace_log *log);

#endif

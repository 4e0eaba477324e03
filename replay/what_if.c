// SPDX-License-Identifier: GPL-2.0-only
/* See what_if.h. */
#include <kmemrig/check.h>

#include <stdlib.h>
#include <string.h>

#include <kmemrig/page.h>

#include "engine.h"
#include "what_if.h"

bool rig_what_if_settings(const char *command_line)
{
	return command_line && strstr(command_line, "sysctl.");
}

static long free_now(struct rig_machine *machine)
{
	long pages = 0;

	for (int i = 0; i < machine->nr_nodes * MAX_NR_ZONES; i++) {
		const struct zone *zone;

		if (!machine->nodes[i / MAX_NR_ZONES])
			continue;
		zone = rig_machine_zone(machine, i / MAX_NR_ZONES, i % MAX_NR_ZONES);
		if (!populated_zone(zone))
			continue;
		pages += (long)zone_page_state(zone, NR_FREE_PAGES);
		for (int cpu = 0; cpu < machine->nr_cpus; cpu++)
			pages += zone->per_cpu_pageset[cpu].count;
		pages -= (long)min_wmark_pages(zone);
	}
	return pages;
}

/*
 * At the trace's tightest instant there must have been the min watermarks' pages at least: what is
 * free at the start, less what the trace has allocated by then, is all that can have been hidden.
 */
static long most_hidden(struct rig_machine *machine, const struct rig_trace_log *log)
{
	long allocated = 0, most = 0;

	for (size_t i = log->first; i < log->end; i++) {
		const struct rig_event *event = &log->events[i];

		if (event->id == RIG_EVENT_mm_page_alloc && event->mm_page_alloc.pfn != ~0ULL)
			allocated += 1L << (event->mm_page_alloc.order & 31);
		else if (event->id == RIG_EVENT_mm_page_free)
			allocated -= 1L << (event->mm_page_free.order & 31);
		most = max(most, allocated);
	}
	return free_now(machine) - most;
}

bool rig_what_if_learn(struct rig_machine_source *source, struct rig_trace_log *log, char *error)
{
	struct rig_machine_source traced = { .state_path = source->state_path, .log = log };
	struct rig_engine engine = { .log = log, .from_state = true };
	struct rig_state *state = NULL;
	bool good = false;

	engine.machine = rig_machine_from(&traced, &state, error);
	if (engine.machine) {
		engine.state = state;
		engine.machine->check->on_failure = RIG_FAILURE_COUNT;
		engine.machine->check->print_limit = 0;
		engine.nr_hidden_bits = engine.machine->max_pfn;
		engine.hidden = calloc(engine.nr_hidden_bits / 8 + 1, 1);
		engine.most_hidden = most_hidden(engine.machine, log);
		good = engine.hidden && rig_engine_run_pages(&engine, error);
		if (!engine.hidden)
			snprintf(error, RIG_COMMAND_ERROR, "no host memory for %lu pages",
				 engine.nr_hidden_bits);
	}
	rig_machine_destroy(engine.machine);
	rig_state_free(state);
	if (!good) {
		free(engine.hidden);
		return false;
	}
	source->taken = engine.hidden;
	source->nr_taken_bits = engine.nr_hidden_bits;
	return true;
}

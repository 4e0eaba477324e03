// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replayed events a second: the command replays the bundled trace, at page and at object level,
 * and says how long that took.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/check.h>

#include "bench.h"

#define SAMPLES "replay/samples/"

/* Events that the replay itself gave, of all names. */
static double events_given(json_t *json)
{
	double events = 0;
	const char *name;
	json_t *count;

	json_object_foreach(json_object_get(json, "events_written"), name, count) events +=
		json_number_value(count);
	return events;
}

/* Those a second of one replay (the reading of the trace is not in it), or -1. */
static double replay(void *data)
{
	const char *level = data;
	char command[4096], answer[65536];
	double events, seconds;
	size_t length;
	json_t *json;
	FILE *out;

	snprintf(command, sizeof(command),
		 "'%.2000s/kmemrig' replay --json --level %s --state " SAMPLES
		 "calm/before.state.xz " SAMPLES "calm/trace.dat.xz 2>/dev/null",
		 bench_folder(), level);
	out = popen(command, "r");
	if (!out)
		return -1;
	length = fread(answer, 1, sizeof(answer) - 1, out);
	answer[length] = '\0';
	if (pclose(out) != 0)
		return -1;
	json = json_loads(answer, 0, NULL);
	events = events_given(json);
	seconds = json_number_value(json_object_get(json, "seconds"));
	json_decref(json);
	return seconds > 0 ? events / seconds : -1;
}

void bench_replay(void)
{
	struct bench_group group = {
		.name = "replay",
		.title = "Replay of the bundled kernel trace, without reading it",
		.unit = "events a second",
		.reference = -1,
		.rounds = 5
	};

	if (!bench_wanted("replay"))
		return;
	bench_add(&group, "page level", replay, (void *)"page");
	bench_add(&group, "object level", replay, (void *)"object");
	bench_run(&group);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the same objects take by slab backend: the bundled trace is replayed at object level on
 * each, from the recorded state, whose objects are there before it begins. Memory is that of
 * slabs and large kmallocs when the trace ends. The bytes in use are the same for all, those that
 * the replay on SLUB counts: sizes of caches' objects (of kmallocs, of their size class) and the
 * pages of large kmallocs.
 *
 * Not quite alike: SLUB begins with the recorded slabs and their holes, while the others are given
 * the same objects one after the other, with hardly a hole. The trace is short beside that past.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define SAMPLE "replay/samples/calm/"

/* Counts of the objects' replay on a backend, or NULL. */
static json_t *counts(const char *backend)
{
	char command[4096];
	json_t *json, *object;
	FILE *out;

	snprintf(command, sizeof(command),
		 "'%.2000s/kmemrig' replay --json --level object --backend %s --state " SAMPLE
		 "before.state.xz " SAMPLE "trace.dat.xz 2>/dev/null",
		 bench_folder(), backend);
	out = popen(command, "r");
	if (!out)
		return NULL;
	json = json_loadf(out, 0, NULL);
	if (pclose(out) != 0) {
		json_decref(json);
		return NULL;
	}
	object = json_incref(json_object_get(json, "object"));
	json_decref(json);
	return object;
}

static double figure(const char *backend, const char *name)
{
	json_t *object = counts(backend);
	double value = json_number_value(json_object_get(object, name));

	json_decref(object);
	return value;
}

static double memory_a_live_byte(void *data)
{
	static double live;

	if (live == 0)
		live = figure("slub", "live_bytes_after");
	return live > 0 ? figure(data, "slab_kb_after") * 1024 / live : -1;
}

void bench_memory(void)
{
	struct bench_group group = {
		.name = "memory",
		.title = "Memory for the objects of the bundled kernel trace at its end (SLUB from "
			 "its recorded slabs, the others packed afresh)",
		.unit = "bytes a byte in use",
		.rounds = 1,
		.reference = 0
	};

	if (!bench_wanted("memory"))
		return;
	bench_add(&group, "slub", memory_a_live_byte, (void *)"slub");
	bench_add(&group, "slab", memory_a_live_byte, (void *)"slab");
	bench_add(&group, "slob", memory_a_live_byte, (void *)"slob");
	bench_run(&group);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: the whole babeltrace2 plugin on a file, its components linked in:
 *
 *	source.kmemrig.ftrace -> decode -> pair -> attribute -> lttng -> sink.kmemrig.summary
 *
 * The summary's JSON has to parse, and its events have to be those that the reader gives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <kmemrig/components.h>

#include "run.h"
#include "temporary.h"
#include "traces.h"

static const bt_component_class_source *source_class;
static const bt_component_class_filter *filter_classes[RIG_LINKED_FILTERS];
static const bt_component_class_sink *sink_class;
/* Takes what the components say of bad input; sanitizers do not print to it. */
static FILE *nowhere;

static void expect(bool good)
{
	if (!good)
		abort();
}

/* Once for the process: classes have no state. */
static void make_classes(void)
{
	bt_logging_set_global_level(BT_LOGGING_LEVEL_NONE);
	nowhere = fopen("/dev/null", "we");
	expect(nowhere != NULL);
	source_class = rig_linked_source();
	for (int i = 0; i < RIG_LINKED_FILTERS; i++)
		filter_classes[i] = rig_linked_filter(i);
	sink_class = rig_linked_summary();
}

static const bt_component_source *add_source(bt_graph *graph, const char *path)
{
	const bt_component_source *source = NULL;
	bt_value *parameters = bt_value_map_create(), *inputs = NULL;

	expect(!bt_value_map_insert_empty_array_entry(parameters, "inputs", &inputs) &&
	       !bt_value_array_append_string_element(inputs, path) &&
	       !bt_graph_add_source_component(graph, source_class, "source", parameters,
					      BT_LOGGING_LEVEL_NONE, &source));
	bt_value_put_ref(parameters);
	return source;
}

static const bt_component_sink *add_sink(bt_graph *graph, const char *output)
{
	const bt_component_sink *sink = NULL;
	bt_value *parameters = bt_value_map_create();

	expect(!bt_value_map_insert_string_entry(parameters, "format", "json") &&
	       !bt_value_map_insert_string_entry(parameters, "output", output) &&
	       !bt_value_map_insert_signed_integer_entry(parameters, "limit", 0) &&
	       !bt_graph_add_sink_component(graph, sink_class, "sink", parameters,
					    BT_LOGGING_LEVEL_NONE, &sink));
	bt_value_put_ref(parameters);
	return sink;
}

/* False: babeltrace2 or a component says no; what was made is given back with the graph. */
static bool connect(bt_graph *graph, const bt_port_output *from, const bt_port_input *to)
{
	return from && to && !bt_graph_connect_ports(graph, from, to, NULL);
}

static bool build(bt_graph *graph, const char *path, const char *output)
{
	const bt_port_output *from =
		bt_component_source_borrow_output_port_by_index_const(add_source(graph, path), 0);
	static const char *const names[] = { "decode", "pair", "attribute", "lttng" };

	for (int i = 0; i < RIG_LINKED_FILTERS; i++) {
		const bt_component_filter *filter;

		expect(!bt_graph_add_filter_component(graph, filter_classes[i], names[i], NULL,
						      BT_LOGGING_LEVEL_NONE, &filter));
		if (!connect(graph, from,
			     bt_component_filter_borrow_input_port_by_index_const(filter, 0)))
			return false;
		from = bt_component_filter_borrow_output_port_by_index_const(filter, 0);
	}
	return connect(
		graph, from,
		bt_component_sink_borrow_input_port_by_index_const(add_sink(graph, output), 0));
}

/* True: the graph ran, to its end or to where the file is bad. */
static bool run(const char *path, const char *output)
{
	bt_graph *graph = bt_graph_create(0);
	FILE *errors = stderr;
	bool good;

	expect(graph != NULL);
	stderr = nowhere;
	good = build(graph, path, output) &&
	       bt_graph_run(graph) != BT_GRAPH_RUN_STATUS_MEMORY_ERROR;
	bt_current_thread_clear_error();
	bt_graph_put_ref(graph);
	stderr = errors;
	return good;
}

/*
 * The summary's events are those of the file, what pair adds at the end, and the changes of task
 * that lttng adds to those that the file has.
 */
static void check_summary(const char *output, u64 events)
{
	json_t *summary = json_load_file(output, 0, NULL), *counts;
	u64 sum = 0, added = 0;

	expect(summary != NULL);
	counts = json_object_get(summary, "events");
	for (void *at = json_object_iter(counts); at; at = json_object_iter_next(counts, at)) {
		const char *name = json_object_iter_key(at);
		u64 count = (u64)json_integer_value(json_object_iter_value(at));

		if (!strcmp(name, "sched_switch") || !strcmp(name, "kmemrig:leak"))
			added += count;
		else
			sum += count;
	}
	expect(sum <= events && events <= sum + added);
	json_decref(summary);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_file file, output;
	u64 events;

	if (fuzz_is_perf(data, size))
		return 0;
	if (!source_class)
		make_classes();
	fuzz_file_make(&file, data, size);
	fuzz_file_make(&output, NULL, 0);
	events = fuzz_read_recording(file.path);
	expect(run(file.path, output.path) || !events);
	if (events && events < FUZZ_MAX_EVENTS)
		check_summary(output.path, events);
	fuzz_file_drop(&output);
	fuzz_file_drop(&file);
	return 0;
}

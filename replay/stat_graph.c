// SPDX-License-Identifier: GPL-2.0-only
/*
 * The graph that babeltrace2 would build for the same command line: a source.ctf.fs for each CTF
 * trace, source.kmemrig.ftrace for what it recognizes of the rest, the muxer, and a sink of ours.
 *
 * A source that can't be made is told and left out: the other traces are read. One that fails later
 * ends the graph; our own components say why themselves, of the others the first cause is told.
 */
#include <kmemrig/command.h>

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stat.h"

#define PLUGIN "babeltrace-plugin-kmemrig.so"

struct graph {
	bt_graph *graph;
	const bt_plugin *ours, *ctf, *utils;
	const bt_plugin_set *set;
	const bt_component_filter *muxer;
	const bt_component_sink *sink;
	const struct rig_stat_inputs *inputs;
	u64 muxer_ports;
	size_t nr_sources;
	bool bad;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	interrupted = signal_number;
}

/* In a build tree beside the command, where it is installed in ../lib; else where babeltrace2
 * looks. */
static bool find_ours(struct graph *graph)
{
	static const char *const places[] = { "babeltrace", "../lib/babeltrace2/plugins" };
	char self[PATH_MAX], file[PATH_MAX + 100];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *here;

	self[length < 0 ? 0 : length] = '\0';
	here = dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s/" PLUGIN, here, places[i]);
		if (access(file, R_OK) ||
		    bt_plugin_find_all_from_file(file, BT_TRUE, &graph->set) ||
		    !bt_plugin_set_get_plugin_count(graph->set))
			continue;
		graph->ours = bt_plugin_set_borrow_plugin_by_index_const(graph->set, 0);
		bt_plugin_get_ref(graph->ours);
		return true;
	}
	return !bt_plugin_find("kmemrig", BT_TRUE, BT_TRUE, BT_TRUE, BT_FALSE, BT_FALSE,
			       &graph->ours);
}

static bool find_plugins(struct graph *graph)
{
	if (!find_ours(graph)) {
		rig_usage_error("the babeltrace2 plugin (" PLUGIN ") is not there");
		return false;
	}
	if (bt_plugin_find("ctf", BT_TRUE, BT_TRUE, BT_TRUE, BT_FALSE, BT_FALSE, &graph->ctf) ||
	    bt_plugin_find("utils", BT_TRUE, BT_TRUE, BT_TRUE, BT_FALSE, BT_FALSE, &graph->utils)) {
		rig_usage_error("babeltrace2's plugins ctf and utils are not there");
		return false;
	}
	return true;
}

/* The component that an error's cause comes from, or "". */
static const char *component_of(const bt_error_cause *cause)
{
	switch (bt_error_cause_get_actor_type(cause)) {
	case BT_ERROR_CAUSE_ACTOR_TYPE_COMPONENT:
		return bt_error_cause_component_actor_get_component_name(cause);
	case BT_ERROR_CAUSE_ACTOR_TYPE_MESSAGE_ITERATOR:
		return bt_error_cause_message_iterator_actor_get_component_name(cause);
	default:
		return "";
	}
}

/*
 * babeltrace2's words for a person: the first line, without the values that are addresses, which
 * come as "...: KEY=VALUE, KEY=VALUE".
 */
static void put_cause(char *text, size_t size, const char *cause)
{
	const char *values = cause, *end = cause + strcspn(cause, "\n");
	size_t used;

	while (values && values < end && strcspn(values, "=") > strcspn(values, " ,"))
		values = strstr(values, ": ") ? strstr(values, ": ") + 2 : end;
	used = (size_t)snprintf(text, size, "%.*s", (int)(values - cause), cause);
	while (used < size && values < end) {
		size_t length = strcspn(values, ",\n"), key = strcspn(values, "=");

		if (key < 5 || strncmp(values + key - 5, "-addr", 5))
			used += (size_t)snprintf(text + used, size - used, "%.*s ", (int)length,
						 values);
		values += length + strspn(values + length, ", ");
	}
	used = strlen(text);
	while (used && strchr(": ", text[used - 1]))
		text[--used] = '\0';
}

/* Our own components have told theirs. */
static void tell_error(struct graph *graph, u64 batches)
{
	const bt_error *error = bt_current_thread_take_error();
	const bt_error_cause *first = error && bt_error_get_cause_count(error)
					      ? bt_error_borrow_cause_by_index(error, 0)
					      : NULL;
	const char *component = first ? component_of(first) : "", *name = NULL;
	char text[300] = "can't be read";

	graph->bad = true;
	for (u64 i = 1; error && !*component && i < bt_error_get_cause_count(error); i++)
		component = component_of(bt_error_borrow_cause_by_index(error, i));
	if (first)
		put_cause(text, sizeof(text), bt_error_cause_get_message(first));
	if (!strncmp(component, "ctf-", 4))
		name = graph->inputs->items[atoi(component + 4)].name;
	else if (!strcmp(component, "muxer") && graph->nr_sources > 1)
		rig_usage_error("these traces have no common clock: read them one at a time");
	else if (!strcmp(component, "muxer"))
		name = graph->inputs->items[0].name;
	if (!strncmp(text, "Youngest upstream", 17))
		memmove(text, "time goes back", 15);
	if (name && batches)
		rig_usage_error("%s: after about %llu events: %s", name,
				(unsigned long long)batches * RIG_STAT_BATCH, text);
	else if (name)
		rig_usage_error("%s: %s", name, text);
	if (error)
		bt_error_release(error);
}

static bt_value *source_parameters(const char *path)
{
	bt_value *parameters = bt_value_map_create(), *list = NULL;

	if (!parameters || bt_value_map_insert_empty_array_entry(parameters, "inputs", &list) ||
	    bt_value_array_append_string_element(list, path))
		abort();
	return parameters;
}

/* Does our source know this file? As babeltrace2 asks it. */
static bool recognized(struct graph *graph, const char *path)
{
	const bt_component_class_source *class =
		bt_plugin_borrow_source_component_class_by_name_const(graph->ours, "ftrace");
	bt_value *parameters = bt_value_map_create();
	const bt_value *weight = NULL;
	bt_query_executor *query;
	bool known;

	if (!parameters || bt_value_map_insert_string_entry(parameters, "type", "file") ||
	    bt_value_map_insert_string_entry(parameters, "input", path))
		abort();
	query = bt_query_executor_create(bt_component_class_source_as_component_class_const(class),
					 "babeltrace.support-info", parameters);
	known = query && !bt_query_executor_query(query, &weight) && bt_value_real_get(weight) > 0;
	bt_value_put_ref(weight);
	bt_query_executor_put_ref(query);
	bt_value_put_ref(parameters);
	return known;
}

static void add_source(struct graph *graph, size_t number)
{
	const struct rig_stat_input *input = &graph->inputs->items[number];
	const bt_component_class_source *class =
		input->ctf ? bt_plugin_borrow_source_component_class_by_name_const(graph->ctf, "fs")
			   : bt_plugin_borrow_source_component_class_by_name_const(graph->ours,
										   "ftrace");
	const bt_component_source *source;
	bt_value *parameters;
	char name[32];
	bool good;

	if (!input->ctf && !recognized(graph, input->plain)) {
		rig_usage_error(
			"%s: byte 0: neither trace.dat, perf.data, CTF nor ftrace text with kmem events",
			input->name);
		graph->bad = true;
		return;
	}
	parameters = source_parameters(input->plain);
	snprintf(name, sizeof(name), "%s-%zu", input->ctf ? "ctf" : "ftrace", number);
	good = !bt_graph_add_source_component(
		graph->graph, class, name, parameters,
		input->ctf ? BT_LOGGING_LEVEL_ERROR : BT_LOGGING_LEVEL_NONE, &source);
	bt_value_put_ref(parameters);
	if (!good) {
		tell_error(graph, 0);
		return;
	}
	graph->nr_sources++;
	for (u64 i = 0; i < bt_component_source_get_output_port_count(source); i++)
		if (bt_graph_connect_ports(
			    graph->graph,
			    bt_component_source_borrow_output_port_by_index_const(source, i),
			    bt_component_filter_borrow_input_port_by_index_const(
				    graph->muxer, graph->muxer_ports++),
			    NULL))
			tell_error(graph, 0);
}

static bool build(struct graph *graph, const struct rig_stat_job *job)
{
	const bt_component_class_filter *muxer =
		bt_plugin_borrow_filter_component_class_by_name_const(graph->utils, "muxer");
	const bt_component_class_sink *sink =
		bt_plugin_borrow_sink_component_class_by_name_const(graph->ours, job->sink);

	/* the sink first: it knows at once which parameters are wrong */
	if (!sink ||
	    bt_graph_add_sink_component(graph->graph, sink, "sink", job->parameters,
					BT_LOGGING_LEVEL_NONE, &graph->sink) ||
	    bt_graph_add_filter_component(graph->graph, muxer, "muxer", NULL, BT_LOGGING_LEVEL_NONE,
					  &graph->muxer)) {
		tell_error(graph, 0);
		return false;
	}
	for (size_t i = 0; i < graph->inputs->nr; i++)
		add_source(graph, i);
	if (!graph->nr_sources)
		return false;
	if (bt_graph_connect_ports(
		    graph->graph,
		    bt_component_filter_borrow_output_port_by_index_const(graph->muxer, 0),
		    bt_component_sink_borrow_input_port_by_index_const(graph->sink, 0), NULL)) {
		tell_error(graph, 0);
		return false;
	}
	return true;
}

static void run(struct graph *graph, struct rig_stat_shared *shared, u64 limit)
{
	struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!interrupted && (!limit || shared->batches < limit)) {
		switch (bt_graph_run_once(graph->graph)) {
		case BT_GRAPH_RUN_ONCE_STATUS_OK:
			shared->batches++;
			break;
		case BT_GRAPH_RUN_ONCE_STATUS_AGAIN:
			usleep(1000);
			break;
		case BT_GRAPH_RUN_ONCE_STATUS_END:
			return;
		default:
			tell_error(graph, shared->batches);
			return;
		}
	}
}

bool rig_stat_graph(const struct rig_stat_job *job, const struct rig_stat_inputs *inputs,
		    struct rig_stat_shared *shared, u64 limit)
{
	struct graph graph = { .inputs = inputs };

	bt_logging_set_global_level(BT_LOGGING_LEVEL_NONE);
	/* whoever reads our standard error picks the line of bad metadata from what is logged */
	setenv("BABELTRACE_PLUGIN_CTF_METADATA_LOG_LEVEL", "ERROR", 1);
	shared->batches = 0;
	graph.graph = bt_graph_create(0);
	if (!graph.graph)
		abort();
	if (!find_plugins(&graph) || !build(&graph, job))
		graph.bad = true;
	else
		run(&graph, shared, limit);
	/* a sink that was not told of the end shows what it has when it goes */
	bt_graph_put_ref(graph.graph);
	bt_plugin_put_ref(graph.ours);
	bt_plugin_put_ref(graph.ctf);
	bt_plugin_put_ref(graph.utils);
	bt_plugin_set_put_ref(graph.set);
	return !graph.bad;
}

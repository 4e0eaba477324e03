// SPDX-License-Identifier: GPL-2.0-only
/*
 * CTF through libbabeltrace2: a graph of one source.ctf.fs for each trace below the folder, the
 * muxer that puts all streams in time order, and a sink of ours. LTTng's kernel traces (events
 * named kmem_*, the CPU in the packet's context) and our own user-space ones (kmem:*) are both
 * read; which fields an event has is looked up once for each of its classes.
 */
#include <babeltrace2/babeltrace.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctf_cut.h"
#include "ctf_folder.h"
#include "reader.h"

#define MAX_FIELDS 12

/* What is known of an event class; found again by its address, which lives as long as the trace. */
struct class_entry {
	const bt_event_class *event_class;
	int id;
	const char *name;
	bool marker;
	struct {
		const struct rig_trace_field *field;
		u64 index; /* of the payload's member */
	} fields[MAX_FIELDS];
	int nr_fields;
};

struct reading {
	const char *path;
	struct rig_trace_out *out;
	struct class_entry *classes; /* open hash */
	size_t nr_slots, nr_classes;
	u64 events;
	u64 lost;
	bool stopped;
};

/* Kernel events by name; LTTng's prefix is only taken off where an event of that name exists. */
static int event_id(const char *name)
{
	if (!strncmp(name, "kmem", 4) || !strncmp(name, "mm_page", 7) || !strcmp(name, "kfree"))
		return rig_trace_event_id(name);
	return RIG_TRACE_OTHER;
}

static bool needed(const char *name)
{
	static const char *const needed_fields[] = { "ptr",	  "pfn",       "order",
						     "gfp_flags", "bytes_req", "bytes_alloc" };

	for (size_t i = 0; i < sizeof(needed_fields) / sizeof(needed_fields[0]); i++)
		if (!strcmp(name, needed_fields[i]))
			return true;
	return false;
}

static bool match_fields(struct reading *reading, struct class_entry *entry)
{
	const bt_field_class *payload =
		bt_event_class_borrow_payload_field_class_const(entry->event_class);
	const struct rig_trace_field *field = rig_trace_fields((enum rig_event_id)entry->id);
	u64 nr = payload ? bt_field_class_structure_get_member_count(payload) : 0;

	for (; field->name; field++) {
		bool found = false;

		for (u64 i = 0; i < nr && !found; i++) {
			const bt_field_class_structure_member *member =
				bt_field_class_structure_borrow_member_by_index_const(payload, i);

			if (strcmp(bt_field_class_structure_member_get_name(member), field->name))
				continue;
			found = true;
			if (entry->nr_fields < MAX_FIELDS) {
				entry->fields[entry->nr_fields].field = field;
				entry->fields[entry->nr_fields++].index = i;
			}
		}
		if (!found && needed(field->name)) {
			rig_trace_put_error(reading->out, "%s: event %s has no field '%s'",
					    reading->path, entry->name, field->name);
			return false;
		}
	}
	return true;
}

static struct class_entry *slot_of(struct class_entry *classes, size_t nr_slots,
				   const bt_event_class *event_class)
{
	size_t slot = ((size_t)event_class >> 4) * 0x9e3779b97f4a7c15ull % nr_slots;

	while (classes[slot].event_class && classes[slot].event_class != event_class)
		slot = (slot + 1) % nr_slots;
	return &classes[slot];
}

static bool grow_classes(struct reading *reading)
{
	size_t nr = reading->nr_slots ? reading->nr_slots * 2 : 256;
	struct class_entry *classes = calloc(nr, sizeof(*classes));

	if (!classes)
		return false;
	for (size_t i = 0; i < reading->nr_slots; i++)
		if (reading->classes[i].event_class)
			*slot_of(classes, nr, reading->classes[i].event_class) =
				reading->classes[i];
	free(reading->classes);
	reading->classes = classes;
	reading->nr_slots = nr;
	return true;
}

static struct class_entry *find_class(struct reading *reading, const bt_event_class *event_class)
{
	struct class_entry *entry;

	if (reading->nr_classes * 2 >= reading->nr_slots && !grow_classes(reading))
		return NULL;
	entry = slot_of(reading->classes, reading->nr_slots, event_class);
	if (entry->event_class)
		return entry;
	reading->nr_classes++;
	entry->event_class = event_class;
	entry->name = bt_event_class_get_name(event_class);
	if (!entry->name)
		entry->name = "unnamed";
	entry->id = event_id(entry->name);
	entry->marker =
		!strcmp(entry->name, "lttng_logger") || !strcmp(entry->name, "lttng_logger:event");
	if (entry->id >= 0 && !match_fields(reading, entry))
		return NULL;
	return entry;
}

/* A field's number; 0 for what is no number. */
static u64 number_of(const bt_field *field)
{
	bt_field_class_type type = bt_field_get_class_type(field);

	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
		return bt_field_integer_unsigned_get_value(field);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
		return (u64)bt_field_integer_signed_get_value(field);
	if (type == BT_FIELD_CLASS_TYPE_BOOL)
		return bt_field_bool_get_value(field);
	return 0;
}

/* Strings are strings or arrays of characters. */
static const char *text_of(const bt_field *field, char *buffer, size_t size)
{
	bt_field_class_type type = bt_field_get_class_type(field);
	size_t used = 0;

	if (type == BT_FIELD_CLASS_TYPE_STRING)
		return bt_field_string_get_value(field);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY)) {
		u64 nr = bt_field_array_get_length(field);

		for (u64 i = 0; i < nr && used + 1 < size; i++)
			buffer[used++] = (char)number_of(
				bt_field_array_borrow_element_field_by_index_const(field, i));
	}
	buffer[used] = '\0';
	return buffer;
}

static const bt_field *member(const bt_field *structure, const char *name)
{
	if (!structure || bt_field_get_class_type(structure) != BT_FIELD_CLASS_TYPE_STRUCTURE)
		return NULL;
	return bt_field_structure_borrow_member_field_by_name_const(structure, name);
}

static void read_context(const bt_event *source, struct rig_event *event, char *comm, size_t size)
{
	const bt_packet *packet = bt_event_borrow_packet_const(source);
	const bt_field *context = bt_event_borrow_common_context_field_const(source);
	const bt_field *field =
		packet ? member(bt_packet_borrow_context_field_const(packet), "cpu_id") : NULL;

	if (field)
		event->cpu = (int)number_of(field);
	field = member(context, "tid");
	if (!field)
		field = member(context, "vtid");
	if (!field)
		field = member(context, "pid");
	if (field)
		event->pid = (int)number_of(field);
	field = member(context, "procname");
	event->comm = field ? text_of(field, comm, size) : "";
}

/* LTTng writes the kernel's release into the trace's environment. */
static void put_release(struct reading *reading, const bt_event *event)
{
	const bt_trace *trace = bt_stream_borrow_trace_const(bt_event_borrow_stream_const(event));
	const bt_value *release =
		bt_trace_borrow_environment_entry_value_by_name_const(trace, "kernel_release");

	if (release && bt_value_is_string(release))
		rig_trace_put_release(reading->out, bt_value_string_get(release));
}

static void put_event(struct reading *reading, const bt_message *message)
{
	const bt_event *source = bt_message_event_borrow_event_const(message);
	const bt_field *payload = bt_event_borrow_payload_field_const(source);
	struct class_entry *entry = find_class(reading, bt_event_borrow_class_const(source));
	struct rig_trace_event event = { .lost_before = reading->lost };
	char comm[64], text[256], name[128];
	int64_t time = 0;

	if (!entry) {
		reading->stopped = true;
		return;
	}
	reading->lost = 0;
	if (!reading->events++)
		put_release(reading, source);
	event.id = entry->id;
	event.name = entry->name;
	event.position = 0;
	event.event.id = entry->id < 0 ? 0 : (enum rig_event_id)entry->id;
	if (bt_clock_snapshot_get_ns_from_origin(
		    bt_message_event_borrow_default_clock_snapshot_const(message), &time) == 0)
		event.event.time_ns = (u64)time;
	read_context(source, &event.event, comm, sizeof(comm));
	for (int i = 0; i < entry->nr_fields; i++) {
		const struct rig_trace_field *field = entry->fields[i].field;
		const bt_field *value = bt_field_structure_borrow_member_field_by_index_const(
			payload, entry->fields[i].index);

		if (field->is_string)
			*(const char **)((char *)&event.event + field->offset) =
				text_of(value, name, sizeof(name));
		else
			rig_trace_store(&event.event, field, number_of(value));
	}
	if (entry->marker && member(payload, "msg"))
		event.text = text_of(member(payload, "msg"), text, sizeof(text));
	if (!rig_trace_put(reading->out, &event))
		reading->stopped = true;
}

static void count_lost(struct reading *reading, const bt_message *message)
{
	u64 nr = 1;

	if (bt_message_discarded_events_get_count(message, &nr) !=
	    BT_PROPERTY_AVAILABILITY_AVAILABLE)
		nr = 1;
	reading->lost += nr;
}

static bt_graph_simple_sink_component_consume_func_status consume(bt_message_iterator *iterator,
								  void *data)
{
	struct reading *reading = data;
	bt_message_array_const messages;
	u64 nr;

	switch (bt_message_iterator_next(iterator, &messages, &nr)) {
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
		break;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_AGAIN;
	default:
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_ERROR;
	}
	for (u64 i = 0; i < nr; i++) {
		if (!reading->stopped && bt_message_get_type(messages[i]) == BT_MESSAGE_TYPE_EVENT)
			put_event(reading, messages[i]);
		else if (bt_message_get_type(messages[i]) == BT_MESSAGE_TYPE_DISCARDED_EVENTS)
			count_lost(reading, messages[i]);
		bt_message_put_ref(messages[i]);
	}
	return reading->stopped ? BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END
				: BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK;
}

/* The first cause of babeltrace2's error says most; the others wrap it. */
static void put_babeltrace_error(struct reading *reading)
{
	const bt_error *error = bt_current_thread_take_error();
	const char *cause = "its events can't be read";
	char text[240];

	if (error && bt_error_get_cause_count(error))
		cause = bt_error_cause_get_message(bt_error_borrow_cause_by_index(error, 0));
	snprintf(text, sizeof(text), "%s", cause);
	text[strcspn(text, "\n")] = '\0';
	rig_trace_put_error(reading->out, "%s: after event %llu: %s", reading->path,
			    (unsigned long long)reading->events, text);
	if (error)
		bt_error_release(error);
}

/* A source for one trace; all its ports go to the muxer. */
static bool add_source(bt_graph *graph, const bt_component_class_source *source_class,
		       const bt_component_filter *muxer, const char *trace, int number,
		       u64 *muxer_port)
{
	const bt_component_source *source;
	bt_value *parameters = bt_value_map_create(), *inputs = NULL;
	char name[32];
	bool good;

	snprintf(name, sizeof(name), "trace-%d", number);
	good = parameters &&
	       !bt_value_map_insert_empty_array_entry(parameters, "inputs", &inputs) &&
	       !bt_value_array_append_string_element(inputs, trace) &&
	       !bt_graph_add_source_component(graph, source_class, name, parameters,
					      BT_LOGGING_LEVEL_NONE, &source);
	for (u64 i = 0; good && i < bt_component_source_get_output_port_count(source); i++)
		good = !bt_graph_connect_ports(
			graph, bt_component_source_borrow_output_port_by_index_const(source, i),
			bt_component_filter_borrow_input_port_by_index_const(muxer,
									     (*muxer_port)++),
			NULL);
	bt_value_put_ref(parameters);
	return good;
}

static bool build_graph(struct reading *reading, bt_graph *graph, const char *traces[], int nr)
{
	const bt_plugin *ctf = NULL, *utils = NULL;
	const bt_component_filter *muxer;
	const bt_component_sink *sink;
	u64 muxer_port = 0;
	bool good;

	good = !bt_plugin_find("ctf", BT_TRUE, BT_TRUE, BT_TRUE, BT_FALSE, BT_FALSE, &ctf) &&
	       !bt_plugin_find("utils", BT_TRUE, BT_TRUE, BT_TRUE, BT_FALSE, BT_FALSE, &utils) &&
	       !bt_graph_add_filter_component(
		       graph, bt_plugin_borrow_filter_component_class_by_name_const(utils, "muxer"),
		       "muxer", NULL, BT_LOGGING_LEVEL_NONE, &muxer);
	if (!good)
		rig_trace_put_error(reading->out,
				    "%s: babeltrace2's plugins ctf and utils are not there",
				    reading->path);
	for (int i = 0; good && i < nr; i++)
		good = add_source(graph,
				  bt_plugin_borrow_source_component_class_by_name_const(ctf, "fs"),
				  muxer, traces[i], i, &muxer_port);
	good = good &&
	       !bt_graph_add_simple_sink_component(graph, "sink", NULL, consume, NULL, reading,
						   &sink) &&
	       !bt_graph_connect_ports(
		       graph, bt_component_filter_borrow_output_port_by_index_const(muxer, 0),
		       bt_component_sink_borrow_input_port_by_index_const(sink, 0), NULL);
	bt_plugin_put_ref(ctf);
	bt_plugin_put_ref(utils);
	return good;
}

/* The folders that are read: where a stream was cut off, one without its broken end. */
static int replace_cut(char *traces[], const char *sources[], struct rig_ctf_cut *cuts, int nr)
{
	int first = -1;

	for (int i = 0; i < nr; i++) {
		sources[i] = rig_ctf_cut_begin(&cuts[i], traces[i]) ? cuts[i].folder : traces[i];
		if (cuts[i].cut && first < 0)
			first = i;
	}
	return first;
}

void rig_read_ctf(const char *path, const char *plain, struct rig_trace_out *out)
{
	struct reading reading = { .path = path, .out = out };
	char *traces[RIG_CTF_MAX_TRACES], error[RIG_CTF_ERROR];
	const char *sources[RIG_CTF_MAX_TRACES];
	struct rig_ctf_cut *cuts = calloc(RIG_CTF_MAX_TRACES, sizeof(*cuts));
	int nr = cuts ? rig_ctf_find_traces(plain, traces) : 0, cut = -1;
	bt_graph *graph = bt_graph_create(0);
	bool whole = cuts != NULL;

	for (int i = 0; i < nr && whole; i++) {
		whole = rig_ctf_metadata_whole(traces[i], error);
		if (!whole)
			rig_trace_put_error(out, "%s", error);
	}
	bt_logging_set_global_level(BT_LOGGING_LEVEL_NONE);
	if (whole)
		cut = replace_cut(traces, sources, cuts, nr);
	if (whole &&
	    (!graph || !build_graph(&reading, graph, sources, nr) || bt_graph_run(graph) < 0))
		put_babeltrace_error(&reading);
	if (cut >= 0)
		rig_trace_put_error(out, "%s", cuts[cut].why);
	bt_graph_put_ref(graph);
	free(reading.classes);
	for (int i = 0; i < nr; i++) {
		rig_ctf_cut_end(&cuts[i]);
		free(traces[i]);
	}
	free(cuts);
}

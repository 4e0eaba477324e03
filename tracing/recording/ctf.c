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

#include <kmemrig/ctf_cut.h>
#include <kmemrig/ctf_folder.h>

#include "recording.h"

#define MAX_TEXT 256

/* What is known of an event class; found again by its address, which lives as long as the trace. */
struct class_entry {
	const bt_event_class *event_class;
	struct rig_recording_class *class;
	u64 index[RIG_MAX_FIELDS]; /* of the payload's member */
};

struct reading {
	const char *path;
	struct rig_out *out;
	struct class_entry *classes; /* open hash */
	size_t nr_slots, nr_classes;
	u64 events;
	u64 lost;
	bool stopped;
	struct rig_out_event event;
	char text[RIG_MAX_FIELDS][MAX_TEXT];
};

/* Of other events only the name is wanted. */
static bool wants_fields(const char *name)
{
	if (!strcmp(name, "lttng_logger") || !strcmp(name, "lttng_logger:event"))
		return true;
	return (!strncmp(name, "kmem", 4) || !strncmp(name, "mm_page", 7) ||
		!strcmp(name, "kfree")) &&
	       rig_recording_event_id(name) >= 0;
}

/* False: a field of a type that is not read. */
static bool set_type(struct rig_recording_field *field, const bt_field_class *class)
{
	bt_field_class_type type = bt_field_class_get_type(class);

	field->bits = 64;
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)) {
		field->type = RIG_FIELD_SIGNED;
	} else if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER) ||
		   type == BT_FIELD_CLASS_TYPE_BOOL) {
		field->type = RIG_FIELD_UNSIGNED;
	} else if (type == BT_FIELD_CLASS_TYPE_STRING ||
		   bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY)) {
		field->type = RIG_FIELD_STRING;
		field->bits = 0;
	} else {
		return false;
	}
	return true;
}

static void add_fields(struct class_entry *entry)
{
	const bt_field_class *payload =
		bt_event_class_borrow_payload_field_class_const(entry->event_class);
	struct rig_recording_class *class = entry->class;
	u64 nr = payload ? bt_field_class_structure_get_member_count(payload) : 0;

	for (u64 i = 0; i < nr && class->nr_fields < RIG_MAX_FIELDS; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(payload, i);
		struct rig_recording_field *field = &class->fields[class->nr_fields];

		if (!set_type(field,
			      bt_field_class_structure_member_borrow_field_class_const(member)))
			continue;
		field->name = bt_field_class_structure_member_get_name(member);
		entry->index[class->nr_fields++] = i;
	}
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
	entry->class = calloc(1, sizeof(*entry->class));
	if (!entry->class)
		return NULL;
	reading->nr_classes++;
	entry->event_class = event_class;
	entry->class->name = bt_event_class_get_name(event_class);
	if (!entry->class->name)
		entry->class->name = "unnamed";
	if (wants_fields(entry->class->name))
		add_fields(entry);
	rig_out_class(reading->out, entry->class);
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

static void read_context(const bt_event *source, struct rig_out_event *event, char *comm,
			 size_t size)
{
	const bt_packet *packet = bt_event_borrow_packet_const(source);
	const bt_field *context = bt_event_borrow_common_context_field_const(source);
	const bt_field *field =
		packet ? member(bt_packet_borrow_context_field_const(packet), "cpu_id") : NULL;

	event->cpu = field ? (int)number_of(field) : 0;
	field = member(context, "tid");
	if (!field)
		field = member(context, "vtid");
	if (!field)
		field = member(context, "pid");
	event->pid = field ? (int)number_of(field) : 0;
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
		rig_out_release(reading->out, bt_value_string_get(release));
}

static void read_field(struct reading *reading, const bt_field *value, enum rig_field_type type,
		       unsigned int i)
{
	if (type != RIG_FIELD_STRING) {
		reading->event.number[i] = number_of(value);
		return;
	}
	reading->event.text[i] = text_of(value, reading->text[i], MAX_TEXT);
	reading->event.length[i] = strlen(reading->event.text[i]);
}

static void put_event(struct reading *reading, const bt_message *message)
{
	const bt_event *source = bt_message_event_borrow_event_const(message);
	const bt_field *payload = bt_event_borrow_payload_field_const(source);
	struct class_entry *entry;
	struct rig_out_event *event = &reading->event;
	char comm[64];
	int64_t time = 0;

	if (!reading->events++)
		put_release(reading, source);
	entry = find_class(reading, bt_event_borrow_class_const(source));
	if (!entry) {
		rig_out_error(reading->out, "%s: no host memory", reading->path);
		reading->stopped = true;
		return;
	}
	event->class = entry->class;
	event->lost = reading->lost;
	reading->lost = 0;
	if (bt_clock_snapshot_get_ns_from_origin(
		    bt_message_event_borrow_default_clock_snapshot_const(message), &time))
		time = 0;
	event->time_ns = (u64)time;
	read_context(source, event, comm, sizeof(comm));
	for (unsigned int i = 0; i < entry->class->nr_fields; i++)
		read_field(reading,
			   bt_field_structure_borrow_member_field_by_index_const(payload,
										 entry->index[i]),
			   entry->class->fields[i].type, i);
	if (!rig_out_event(reading->out, event))
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
	rig_out_error(reading->out, "%s: after event %llu: %s", reading->path,
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
		rig_out_error(reading->out, "%s: babeltrace2's plugins ctf and utils are not there",
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

void rig_produce_ctf(struct rig_out *out, const struct rig_recording_request *request)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	char *traces[RIG_CTF_MAX_TRACES], error[RIG_CTF_ERROR];
	const char *sources[RIG_CTF_MAX_TRACES];
	struct rig_ctf_cut *cuts = calloc(RIG_CTF_MAX_TRACES, sizeof(*cuts));
	int nr = cuts ? rig_ctf_find_traces(request->plain, traces) : 0, cut = -1;
	bt_graph *graph = bt_graph_create(0);
	bool whole = cuts && reading;

	if (!whole) {
		rig_out_error(out, "%s: no host memory", request->path);
		return;
	}
	reading->path = request->path;
	reading->out = out;
	for (int i = 0; i < nr && whole; i++) {
		whole = rig_ctf_metadata_whole(traces[i], error);
		if (!whole)
			rig_out_error(out, "%s", error);
	}
	bt_logging_set_global_level(BT_LOGGING_LEVEL_NONE);
	if (whole)
		cut = replace_cut(traces, sources, cuts, nr);
	if (whole &&
	    (!graph || !build_graph(reading, graph, sources, nr) || bt_graph_run(graph) < 0))
		put_babeltrace_error(reading);
	if (cut >= 0)
		rig_out_error(out, "%s", cuts[cut].why);
	bt_graph_put_ref(graph);
	/* the process ends now; only what is in the file system has to go */
	for (int i = 0; i < nr; i++)
		rig_ctf_cut_end(&cuts[i]);
}

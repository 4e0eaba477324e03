// SPDX-License-Identifier: GPL-2.0-only
/*
 * source.kmemrig.ftrace: trace.dat, ftrace text and perf.data as babeltrace2 messages, so that
 * every filter and sink works on them; "babeltrace2 FILE" finds it by itself.
 *
 * One output port a file. A trace has a stream for each CPU, a packet for each stretch without lost
 * events, cpu_id in the packet's context, procname and tid in the event's, as LTTng's kernel
 * traces have them. The clock starts at an arbitrary moment (the machine's boot).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/recording.h>

#include "components.h"
#include "table.h"

struct source {
	char **paths;
	size_t nr_paths;
};

struct stream {
	bt_stream *stream;
	bt_packet *packet; /* open; NULL: none */
};

struct iterator {
	bt_self_message_iterator *self;
	const char *path;
	struct rig_recording *recording;
	bt_trace_class *trace_class;
	bt_clock_class *clock;
	bt_stream_class *stream_class;
	bt_trace *trace;
	struct rig_table streams; /* by CPU: struct stream */
	struct rig_recording_event event;
	bool has_event; /* read and not sent yet */
	bool ended;	/* no more events; streams are being closed */
	enum rig_recording_status end;
	u64 last_ns; /* of the last message: time never goes back, whatever the file says */
};

bt_component_class_initialize_method_status
rig_source_initialize(bt_self_component_source *component,
		      bt_self_component_source_configuration *configuration, const bt_value *params,
		      void *data)
{
	const bt_value *inputs = bt_value_map_borrow_entry_value_const(params, "inputs");
	struct source *source;
	char name[32];

	if (!inputs || !bt_value_is_array(inputs) || bt_value_array_is_empty(inputs)) {
		fprintf(stderr,
			"kmemrig: source.kmemrig.ftrace: parameter inputs: a list of files\n");
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	source = calloc(1, sizeof(*source));
	source->nr_paths = bt_value_array_get_length(inputs);
	source->paths = calloc(source->nr_paths, sizeof(char *));
	bt_self_component_set_data(bt_self_component_source_as_self_component(component), source);
	for (size_t i = 0; i < source->nr_paths; i++) {
		const bt_value *path = bt_value_array_borrow_element_by_index_const(inputs, i);

		if (!bt_value_is_string(path))
			return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
		source->paths[i] = strdup(bt_value_string_get(path));
		snprintf(name, sizeof(name), "out%zu", i);
		if (bt_self_component_source_add_output_port(component, name, source->paths[i],
							     NULL) !=
		    BT_SELF_COMPONENT_ADD_PORT_STATUS_OK)
			return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void rig_source_finalize(bt_self_component_source *component)
{
	struct source *source =
		bt_self_component_get_data(bt_self_component_source_as_self_component(component));

	if (!source)
		return;
	for (size_t i = 0; i < source->nr_paths; i++)
		free(source->paths[i]);
	free(source->paths);
	free(source);
}

bt_component_class_query_method_status rig_source_query(bt_self_component_class_source *class,
							bt_private_query_executor *executor,
							const char *object, const bt_value *params,
							void *data, const bt_value **result)
{
	const bt_value *type, *input;
	double weight = 0;

	if (strcmp(object, "babeltrace.support-info") != 0)
		return BT_COMPONENT_CLASS_QUERY_METHOD_STATUS_UNKNOWN_OBJECT;
	type = bt_value_map_borrow_entry_value_const(params, "type");
	input = bt_value_map_borrow_entry_value_const(params, "input");
	if (strcmp(bt_value_string_get(type), "file") == 0)
		weight = rig_recording_weight(bt_value_string_get(input));
	*result = bt_value_real_create_init(weight);
	return *result ? BT_COMPONENT_CLASS_QUERY_METHOD_STATUS_OK
		       : BT_COMPONENT_CLASS_QUERY_METHOD_STATUS_MEMORY_ERROR;
}

static void append(bt_trace_class *trace_class, bt_field_class *structure, const char *name,
		   bt_field_class *member)
{
	(void)!bt_field_class_structure_append_member(structure, name, member);
	bt_field_class_put_ref(member);
}

static bt_field_class *integer(bt_trace_class *trace_class, const struct rig_recording_field *field)
{
	bt_field_class *class = field->type == RIG_FIELD_SIGNED
					? bt_field_class_integer_signed_create(trace_class)
					: bt_field_class_integer_unsigned_create(trace_class);

	bt_field_class_integer_set_field_value_range(class, field->bits);
	if (field->type == RIG_FIELD_HEX)
		bt_field_class_integer_set_preferred_display_base(
			class, BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL);
	return class;
}

static void make_classes(struct iterator *iterator, bt_self_component *component)
{
	static const struct rig_recording_field cpu_id = { "cpu_id", RIG_FIELD_UNSIGNED, 32 };
	static const struct rig_recording_field tid = { "tid", RIG_FIELD_SIGNED, 32 };
	bt_field_class *packet_context, *event_context;

	iterator->trace_class = bt_trace_class_create(component);
	iterator->clock = bt_clock_class_create(component);
	bt_clock_class_set_name(iterator->clock, "boot");
	bt_clock_class_set_description(iterator->clock, "the recording kernel's trace clock");
	bt_clock_class_set_frequency(iterator->clock, 1000000000);
	bt_clock_class_set_origin_is_unix_epoch(iterator->clock, BT_FALSE);
	iterator->stream_class = bt_stream_class_create(iterator->trace_class);
	bt_stream_class_set_assigns_automatic_stream_id(iterator->stream_class, BT_FALSE);
	bt_stream_class_set_default_clock_class(iterator->stream_class, iterator->clock);
	bt_stream_class_set_supports_packets(iterator->stream_class, BT_TRUE, BT_TRUE, BT_TRUE);
	/* without times: sink.ctf.fs wants them to end with the next packet, which isn't known */
	bt_stream_class_set_supports_discarded_events(iterator->stream_class, BT_TRUE, BT_FALSE);
	packet_context = bt_field_class_structure_create(iterator->trace_class);
	append(iterator->trace_class, packet_context, "cpu_id",
	       integer(iterator->trace_class, &cpu_id));
	bt_stream_class_set_packet_context_field_class(iterator->stream_class, packet_context);
	bt_field_class_put_ref(packet_context);
	event_context = bt_field_class_structure_create(iterator->trace_class);
	append(iterator->trace_class, event_context, "procname",
	       bt_field_class_string_create(iterator->trace_class));
	append(iterator->trace_class, event_context, "tid", integer(iterator->trace_class, &tid));
	bt_stream_class_set_event_common_context_field_class(iterator->stream_class, event_context);
	bt_field_class_put_ref(event_context);
	iterator->trace = bt_trace_create(iterator->trace_class);
	bt_trace_set_environment_entry_string(iterator->trace, "domain", "kernel");
	bt_trace_set_environment_entry_string(iterator->trace, "trace_name", iterator->path);
	if (rig_recording_release(iterator->recording)[0])
		bt_trace_set_environment_entry_string(iterator->trace, "kernel_release",
						      rig_recording_release(iterator->recording));
	if (rig_recording_format(iterator->recording) == RIG_FORMAT_TRACE_DAT)
		bt_trace_set_environment_entry_string(iterator->trace, "kmemrig_symbols",
						      iterator->path);
}

bt_message_iterator_class_initialize_method_status
rig_source_iterator_initialize(bt_self_message_iterator *self,
			       bt_self_message_iterator_configuration *configuration,
			       bt_self_component_port_output *port)
{
	struct iterator *iterator = calloc(1, sizeof(*iterator));
	char error[RIG_RECORDING_ERROR];

	if (!iterator)
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	iterator->self = self;
	iterator->path = bt_self_component_port_get_data(
		bt_self_component_port_output_as_self_component_port(port));
	iterator->recording = rig_recording_open(iterator->path, 0, error);
	if (!iterator->recording) {
		fprintf(stderr, "kmemrig: %s\n", error);
		free(iterator);
		BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_MESSAGE_ITERATOR(self, "%s", error);
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	make_classes(iterator, bt_self_message_iterator_borrow_component(self));
	rig_table_init(&iterator->streams, sizeof(struct stream));
	bt_self_message_iterator_set_data(self, iterator);
	return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void rig_source_iterator_finalize(bt_self_message_iterator *self)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);
	struct stream *stream;
	size_t position = 0;
	u64 cpu;

	if (!iterator)
		return;
	while ((stream = rig_table_next(&iterator->streams, &position, &cpu))) {
		bt_packet_put_ref(stream->packet);
		bt_stream_put_ref(stream->stream);
	}
	rig_table_fini(&iterator->streams);
	rig_recording_close(iterator->recording);
	bt_trace_put_ref(iterator->trace);
	bt_stream_class_put_ref(iterator->stream_class);
	bt_clock_class_put_ref(iterator->clock);
	bt_trace_class_put_ref(iterator->trace_class);
	free(iterator);
}

static bt_event_class *make_event_class(struct iterator *iterator,
					struct rig_recording_class *class)
{
	bt_field_class *payload = bt_field_class_structure_create(iterator->trace_class);
	bt_event_class *event_class = bt_event_class_create(iterator->stream_class);

	bt_event_class_set_name(event_class, class->name);
	for (unsigned int i = 0; i < class->nr_fields; i++) {
		const struct rig_recording_field *field = &class->fields[i];

		append(iterator->trace_class, payload, field->name,
		       field->type == RIG_FIELD_STRING
			       ? bt_field_class_string_create(iterator->trace_class)
			       : integer(iterator->trace_class, field));
	}
	bt_event_class_set_payload_field_class(event_class, payload);
	bt_field_class_put_ref(payload);
	class->user = event_class;
	/* the stream class keeps it */
	bt_event_class_put_ref(event_class);
	return event_class;
}

static bt_field *member(bt_field *structure, u64 index)
{
	return bt_field_structure_borrow_member_field_by_index(structure, index);
}

static const bt_message *event_message(struct iterator *iterator, struct stream *stream)
{
	const struct rig_recording_event *event = &iterator->event;
	bt_event_class *event_class = event->class->user;
	bt_field *payload, *context;
	bt_event *ours;
	bt_message *message;

	if (!event_class)
		event_class = make_event_class(iterator, event->class);
	message = bt_message_event_create_with_packet_and_default_clock_snapshot(
		iterator->self, event_class, stream->packet, event->time_ns);
	if (!message)
		return NULL;
	ours = bt_message_event_borrow_event(message);
	context = bt_event_borrow_common_context_field(ours);
	bt_field_string_set_value(member(context, 0), event->comm);
	bt_field_integer_signed_set_value(member(context, 1), event->pid);
	payload = bt_event_borrow_payload_field(ours);
	for (unsigned int i = 0; i < event->class->nr_fields; i++) {
		bt_field *field = member(payload, i);

		if (event->class->fields[i].type == RIG_FIELD_STRING)
			bt_field_string_set_value(field, rig_recording_text(event, i));
		else if (event->class->fields[i].type == RIG_FIELD_SIGNED)
			bt_field_integer_signed_set_value(field, (s64)event->number[i]);
		else if (event->class->fields[i].bits < 64)
			bt_field_integer_unsigned_set_value(
				field,
				event->number[i] & ((1ULL << event->class->fields[i].bits) - 1));
		else
			bt_field_integer_unsigned_set_value(field, event->number[i]);
	}
	iterator->has_event = false;
	return message;
}

static const bt_message *open_packet(struct iterator *iterator, struct stream *stream)
{
	bt_field *context;

	stream->packet = bt_packet_create(stream->stream);
	context = bt_packet_borrow_context_field(stream->packet);
	bt_field_integer_unsigned_set_value(member(context, 0), (u64)iterator->event.cpu);
	return bt_message_packet_beginning_create_with_default_clock_snapshot(
		iterator->self, stream->packet, iterator->event.time_ns);
}

static const bt_message *close_packet(struct iterator *iterator, struct stream *stream)
{
	bt_message *message = bt_message_packet_end_create_with_default_clock_snapshot(
		iterator->self, stream->packet, iterator->last_ns);

	bt_packet_put_ref(stream->packet);
	stream->packet = NULL;
	return message;
}

static const bt_message *lost_events(struct iterator *iterator, struct stream *stream)
{
	bt_message *message = bt_message_discarded_events_create(iterator->self, stream->stream);

	if (message && iterator->event.lost != RIG_LOST_SOME)
		bt_message_discarded_events_set_count(message, iterator->event.lost);
	iterator->event.lost = 0;
	return message;
}

/* The message that the stream of the pending event needs next: the event itself at last. */
static const bt_message *message_for_event(struct iterator *iterator)
{
	struct stream *stream;
	bool made;

	stream = rig_table_put(&iterator->streams, (u64)iterator->event.cpu, &made);
	if (made) {
		stream->stream = bt_stream_create_with_id(iterator->stream_class, iterator->trace,
							  (u64)iterator->event.cpu);
		return bt_message_stream_beginning_create(iterator->self, stream->stream);
	}
	if (iterator->event.lost)
		return stream->packet ? close_packet(iterator, stream)
				      : lost_events(iterator, stream);
	/* perf script prints some events late: they get the time of the one before */
	if (iterator->event.time_ns < iterator->last_ns)
		iterator->event.time_ns = iterator->last_ns;
	iterator->last_ns = iterator->event.time_ns;
	if (!stream->packet)
		return open_packet(iterator, stream);
	return event_message(iterator, stream);
}

/* After the last event: ends packets and streams one by one; NULL when none is left. */
static const bt_message *closing_message(struct iterator *iterator)
{
	struct stream *stream;
	size_t position = 0;
	u64 cpu;

	while ((stream = rig_table_next(&iterator->streams, &position, &cpu))) {
		bt_message *message;

		if (stream->packet)
			return close_packet(iterator, stream);
		message = bt_message_stream_end_create(iterator->self, stream->stream);
		bt_stream_put_ref(stream->stream);
		rig_table_remove(&iterator->streams, cpu);
		return message;
	}
	return NULL;
}

static const bt_message *next_message(struct iterator *iterator)
{
	if (!iterator->has_event && !iterator->ended) {
		iterator->end = rig_recording_next(iterator->recording, &iterator->event);
		iterator->has_event = iterator->end == RIG_RECORDING_EVENT;
		iterator->ended = !iterator->has_event;
	}
	if (iterator->has_event)
		return message_for_event(iterator);
	/* streams stay open when the input ended with an error, as the error is the end */
	return iterator->end == RIG_RECORDING_END ? closing_message(iterator) : NULL;
}

bt_message_iterator_class_next_method_status rig_source_next(bt_self_message_iterator *self,
							     bt_message_array_const messages,
							     u64 capacity, u64 *count)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);
	const bt_message *message;

	*count = 0;
	while (*count < capacity && (message = next_message(iterator)))
		messages[(*count)++] = message;
	if (*count)
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK;
	if (iterator->end == RIG_RECORDING_END)
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
	fprintf(stderr, "kmemrig: %s\n", rig_recording_error(iterator->recording));
	BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_MESSAGE_ITERATOR(
		self, "%s", rig_recording_error(iterator->recording));
	return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_ERROR;
}

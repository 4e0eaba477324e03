// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.kmemrig.decode, .pair and .attribute: one machinery (see copy.h), three tables.
 *
 * Classes, streams and packets of the input are found by pointer in tables that lead to their
 * copies; a reference to each input object keeps its pointer its own. What a message says is said
 * again with the copies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"

/* names too long for a line */
#define events_beginning bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const
#define events_end bt_message_discarded_events_borrow_end_default_clock_snapshot_const
#define packets_beginning bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const
#define packets_end bt_message_discarded_packets_borrow_end_default_clock_snapshot_const

#define FIND(table, key) rig_table_find(table, (u64)(uintptr_t)(key))

static struct rig_pairing *pair_up(struct rig_table *table, const void *in, void *out)
{
	struct rig_pairing *pairing = rig_table_put(table, (u64)(uintptr_t)in, NULL);

	pairing->in = in;
	pairing->out = out;
	return pairing;
}

static bt_clock_class *copy_clock(struct rig_copy *copy, const bt_clock_class *in)
{
	struct rig_pairing *pairing = FIND(&copy->clock_classes, in);
	bt_clock_class *out;
	s64 seconds;
	u64 cycles;
	bt_uuid uuid;

	if (pairing)
		return pairing->out;
	out = bt_clock_class_create(copy->component);
	if (bt_clock_class_get_name(in))
		(void)!bt_clock_class_set_name(out, bt_clock_class_get_name(in));
	if (bt_clock_class_get_description(in))
		(void)!bt_clock_class_set_description(out, bt_clock_class_get_description(in));
	bt_clock_class_get_offset(in, &seconds, &cycles);
	bt_clock_class_set_frequency(out, bt_clock_class_get_frequency(in));
	bt_clock_class_set_offset(out, seconds, cycles);
	bt_clock_class_set_precision(out, bt_clock_class_get_precision(in));
	bt_clock_class_set_origin_is_unix_epoch(out, bt_clock_class_origin_is_unix_epoch(in));
	uuid = bt_clock_class_get_uuid(in);
	if (uuid)
		bt_clock_class_set_uuid(out, uuid);
	bt_clock_class_get_ref(in);
	pair_up(&copy->clock_classes, in, out);
	return out;
}

static bt_trace_class *copy_trace_class(struct rig_copy *copy, const bt_trace_class *in)
{
	struct rig_pairing *pairing = FIND(&copy->trace_classes, in);
	bt_trace_class *out;

	if (pairing)
		return pairing->out;
	out = bt_trace_class_create(copy->component);
	bt_trace_class_set_assigns_automatic_stream_class_id(out, BT_FALSE);
	bt_trace_class_get_ref(in);
	pair_up(&copy->trace_classes, in, out);
	return out;
}

static bt_stream_class *copy_stream_class(struct rig_copy *copy, const bt_stream_class *in)
{
	struct rig_pairing *pairing = FIND(&copy->stream_classes, in);
	const bt_clock_class *clock = bt_stream_class_borrow_default_clock_class_const(in);
	const bt_field_class *packet = bt_stream_class_borrow_packet_context_field_class_const(in);
	const bt_field_class *event =
		bt_stream_class_borrow_event_common_context_field_class_const(in);
	bt_trace_class *trace_class;
	bt_stream_class *out;

	if (pairing)
		return pairing->out;
	trace_class = copy_trace_class(copy, bt_stream_class_borrow_trace_class_const(in));
	out = bt_stream_class_create_with_id(trace_class, bt_stream_class_get_id(in));
	bt_stream_class_set_assigns_automatic_stream_id(out, BT_FALSE);
	bt_stream_class_set_assigns_automatic_event_class_id(out, BT_FALSE);
	if (bt_stream_class_get_name(in))
		(void)!bt_stream_class_set_name(out, bt_stream_class_get_name(in));
	if (clock)
		(void)!bt_stream_class_set_default_clock_class(out, copy_clock(copy, clock));
	bt_stream_class_set_supports_packets(
		out, bt_stream_class_supports_packets(in),
		bt_stream_class_packets_have_beginning_default_clock_snapshot(in),
		bt_stream_class_packets_have_end_default_clock_snapshot(in));
	bt_stream_class_set_supports_discarded_events(
		out, bt_stream_class_supports_discarded_events(in),
		bt_stream_class_discarded_events_have_default_clock_snapshots(in));
	if (bt_stream_class_supports_packets(in))
		bt_stream_class_set_supports_discarded_packets(
			out, bt_stream_class_supports_discarded_packets(in),
			bt_stream_class_discarded_packets_have_default_clock_snapshots(in));
	if (packet) {
		bt_field_class *class = rig_copy_scope_class(trace_class, packet,
							     BT_FIELD_PATH_SCOPE_PACKET_CONTEXT);

		(void)!bt_stream_class_set_packet_context_field_class(out, class);
		bt_field_class_put_ref(class);
	}
	if (event) {
		bt_field_class *class = rig_copy_scope_class(
			trace_class, event, BT_FIELD_PATH_SCOPE_EVENT_COMMON_CONTEXT);

		(void)!bt_stream_class_set_event_common_context_field_class(out, class);
		bt_field_class_put_ref(class);
	}
	bt_stream_class_get_ref(in);
	pair_up(&copy->stream_classes, in, out);
	return out;
}

static bt_event_class *copy_event_class(struct rig_copy *copy, const bt_event_class *in)
{
	struct rig_pairing *pairing = FIND(&copy->event_classes, in);
	const bt_stream_class *stream_in = bt_event_class_borrow_stream_class_const(in);
	const bt_field_class *payload = bt_event_class_borrow_payload_field_class_const(in);
	const bt_field_class *specific =
		bt_event_class_borrow_specific_context_field_class_const(in);
	const char *name = bt_event_class_get_name(in);
	bt_trace_class *trace_class;
	bt_field_class *class;
	bt_event_class *out;

	if (pairing)
		return pairing->out;
	trace_class = copy_trace_class(copy, bt_stream_class_borrow_trace_class_const(stream_in));
	out = bt_event_class_create_with_id(copy_stream_class(copy, stream_in),
					    bt_event_class_get_id(in));
	if (name)
		(void)!bt_event_class_set_name(out, name);
	class = payload ? rig_copy_scope_class(trace_class, payload,
					       BT_FIELD_PATH_SCOPE_EVENT_PAYLOAD)
			: bt_field_class_structure_create(trace_class);
	if (copy->filter->add_fields && name)
		copy->filter->add_fields(trace_class, rig_kind_of(name), class);
	(void)!bt_event_class_set_payload_field_class(out, class);
	bt_field_class_put_ref(class);
	if (specific) {
		class = rig_copy_scope_class(trace_class, specific,
					     BT_FIELD_PATH_SCOPE_EVENT_SPECIFIC_CONTEXT);
		(void)!bt_event_class_set_specific_context_field_class(out, class);
		bt_field_class_put_ref(class);
	}
	bt_event_class_get_ref(in);
	pair_up(&copy->event_classes, in, out);
	return out;
}

static void copy_environment(const bt_trace *in, bt_trace *out)
{
	for (u64 i = 0; i < bt_trace_get_environment_entry_count(in); i++) {
		const bt_value *value;
		const char *name;

		bt_trace_borrow_environment_entry_by_index_const(in, i, &name, &value);
		if (bt_value_is_string(value))
			(void)!bt_trace_set_environment_entry_string(out, name,
								     bt_value_string_get(value));
		else
			(void)!bt_trace_set_environment_entry_integer(
				out, name, bt_value_integer_signed_get(value));
	}
}

static bt_trace *copy_trace(struct rig_copy *copy, const bt_trace *in)
{
	struct rig_pairing *pairing = FIND(&copy->traces, in);
	bt_trace *out;

	if (pairing)
		return pairing->out;
	out = bt_trace_create(copy_trace_class(copy, bt_trace_borrow_class_const(in)));
	if (bt_trace_get_name(in))
		(void)!bt_trace_set_name(out, bt_trace_get_name(in));
	if (bt_trace_get_uuid(in))
		bt_trace_set_uuid(out, bt_trace_get_uuid(in));
	copy_environment(in, out);
	bt_trace_get_ref(in);
	pair_up(&copy->traces, in, out);
	return out;
}

static bt_stream *copy_stream(struct rig_copy *copy, const bt_stream *in)
{
	struct rig_pairing *pairing = FIND(&copy->streams, in);
	bt_stream *out;

	if (pairing)
		return pairing->out;
	out = bt_stream_create_with_id(copy_stream_class(copy, bt_stream_borrow_class_const(in)),
				       copy_trace(copy, bt_stream_borrow_trace_const(in)),
				       bt_stream_get_id(in));
	if (bt_stream_get_name(in))
		(void)!bt_stream_set_name(out, bt_stream_get_name(in));
	bt_stream_get_ref(in);
	pair_up(&copy->streams, in, out);
	return out;
}

static u64 clock_value(const bt_clock_snapshot *snapshot)
{
	return bt_clock_snapshot_get_value(snapshot);
}

static bt_message *copy_event(struct rig_copy *copy, const bt_message *message)
{
	const bt_event *in = bt_message_event_borrow_event_const(message);
	const bt_event_class *class_in = bt_event_borrow_class_const(in);
	const bt_stream_class *stream_class = bt_event_class_borrow_stream_class_const(class_in);
	bt_event_class *class = copy_event_class(copy, class_in);
	bt_stream *stream = copy_stream(copy, bt_event_borrow_stream_const(in));
	bool has_clock = bt_stream_class_borrow_default_clock_class_const(stream_class) != NULL;
	const bt_field *payload = bt_event_borrow_payload_field_const(in);
	struct rig_record record;
	bool known = rig_reader_read(copy->state.reader, message, &record);
	const bt_packet *packet = NULL;
	struct rig_pairing *pairing;
	bt_message *result;
	bt_event *out;
	u64 time =
		has_clock
			? clock_value(bt_message_event_borrow_default_clock_snapshot_const(message))
			: 0;

	copy->last_ns = record.time_ns;
	copy->last_value = time;
	if (bt_stream_class_supports_packets(stream_class)) {
		pairing = FIND(&copy->packets, bt_event_borrow_packet_const(in));
		packet = pairing ? pairing->out : NULL;
	}
	if (packet && has_clock)
		result = bt_message_event_create_with_packet_and_default_clock_snapshot(
			copy->self, class, packet, time);
	else if (packet)
		result = bt_message_event_create_with_packet(copy->self, class, packet);
	else if (has_clock)
		result = bt_message_event_create_with_default_clock_snapshot(copy->self, class,
									     stream, time);
	else
		result = bt_message_event_create(copy->self, class, stream);
	out = bt_message_event_borrow_event(result);
	if (payload)
		rig_copy_members(payload, bt_event_borrow_payload_field(out));
	if (bt_event_borrow_common_context_field_const(in))
		rig_copy_members(bt_event_borrow_common_context_field_const(in),
				 bt_event_borrow_common_context_field(out));
	if (bt_event_borrow_specific_context_field_const(in))
		rig_copy_members(bt_event_borrow_specific_context_field_const(in),
				 bt_event_borrow_specific_context_field(out));
	if (copy->filter->set_fields && record.kind != RIG_KIND_OTHER)
		copy->filter->set_fields(&copy->state, record.kind, known ? &record : NULL,
					 bt_event_borrow_payload_field(out),
					 payload ? bt_field_class_structure_get_member_count(
							   bt_field_borrow_class_const(payload))
						 : 0);
	return result;
}

static bt_message *copy_packet_beginning(struct rig_copy *copy, const bt_message *message)
{
	const bt_packet *in = bt_message_packet_beginning_borrow_packet_const(message);
	const bt_stream *stream = bt_packet_borrow_stream_const(in);
	bt_packet *out = bt_packet_create(copy_stream(copy, stream));

	rig_reader_packet_begin(copy->state.reader, in);
	if (bt_packet_borrow_context_field_const(in))
		rig_copy_members(bt_packet_borrow_context_field_const(in),
				 bt_packet_borrow_context_field(out));
	bt_packet_get_ref(in);
	pair_up(&copy->packets, in, out);
	if (bt_stream_class_packets_have_beginning_default_clock_snapshot(
		    bt_stream_borrow_class_const(stream)))
		return bt_message_packet_beginning_create_with_default_clock_snapshot(
			copy->self, out,
			clock_value(bt_message_packet_beginning_borrow_default_clock_snapshot_const(
				message)));
	return bt_message_packet_beginning_create(copy->self, out);
}

static bt_message *copy_packet_end(struct rig_copy *copy, const bt_message *message)
{
	const bt_packet *in = bt_message_packet_end_borrow_packet_const(message);
	struct rig_pairing *pairing = FIND(&copy->packets, in);
	bt_packet *out = pairing->out;
	bt_message *result;

	if (bt_stream_class_packets_have_end_default_clock_snapshot(
		    bt_stream_borrow_class_const(bt_packet_borrow_stream_const(in))))
		result = bt_message_packet_end_create_with_default_clock_snapshot(
			copy->self, out,
			clock_value(bt_message_packet_end_borrow_default_clock_snapshot_const(
				message)));
	else
		result = bt_message_packet_end_create(copy->self, out);
	rig_table_remove(&copy->packets, (u64)(uintptr_t)in);
	bt_packet_put_ref(out);
	bt_packet_put_ref(in);
	return result;
}

static bt_message *copy_discarded(struct rig_copy *copy, const bt_message *message)
{
	const bt_stream *in = bt_message_discarded_events_borrow_stream_const(message);
	bt_stream *out = copy_stream(copy, in);
	bt_message *result;
	u64 count;

	if (bt_stream_class_discarded_events_have_default_clock_snapshots(
		    bt_stream_borrow_class_const(in)))
		result = bt_message_discarded_events_create_with_default_clock_snapshots(
			copy->self, out, clock_value(events_beginning(message)),
			clock_value(events_end(message)));
	else
		result = bt_message_discarded_events_create(copy->self, out);
	if (bt_message_discarded_events_get_count(message, &count) ==
	    BT_PROPERTY_AVAILABILITY_AVAILABLE)
		bt_message_discarded_events_set_count(result, count);
	return result;
}

static bt_message *copy_discarded_packets(struct rig_copy *copy, const bt_message *message)
{
	const bt_stream *in = bt_message_discarded_packets_borrow_stream_const(message);
	bt_stream *out = copy_stream(copy, in);
	bt_message *result;
	u64 count;

	if (bt_stream_class_discarded_packets_have_default_clock_snapshots(
		    bt_stream_borrow_class_const(in)))
		result = bt_message_discarded_packets_create_with_default_clock_snapshots(
			copy->self, out, clock_value(packets_beginning(message)),
			clock_value(packets_end(message)));
	else
		result = bt_message_discarded_packets_create(copy->self, out);
	if (bt_message_discarded_packets_get_count(message, &count) ==
	    BT_PROPERTY_AVAILABILITY_AVAILABLE)
		bt_message_discarded_packets_set_count(result, count);
	return result;
}

static bt_message *copy_stream_end(struct rig_copy *copy, const bt_message *message)
{
	const bt_stream *in = bt_message_stream_end_borrow_stream_const(message);
	bt_message *result = bt_message_stream_end_create(copy->self, copy_stream(copy, in));

	rig_reader_stream_end(copy->state.reader, in);
	return result;
}

bt_message *rig_copy_message(struct rig_copy *copy, const bt_message *message)
{
	switch (bt_message_get_type(message)) {
	case BT_MESSAGE_TYPE_EVENT:
		return copy_event(copy, message);
	case BT_MESSAGE_TYPE_PACKET_BEGINNING:
		return copy_packet_beginning(copy, message);
	case BT_MESSAGE_TYPE_PACKET_END:
		return copy_packet_end(copy, message);
	case BT_MESSAGE_TYPE_STREAM_BEGINNING:
		return bt_message_stream_beginning_create(
			copy->self,
			copy_stream(copy,
				    bt_message_stream_beginning_borrow_stream_const(message)));
	case BT_MESSAGE_TYPE_STREAM_END:
		return copy_stream_end(copy, message);
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		return copy_discarded(copy, message);
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		return copy_discarded_packets(copy, message);
	default:
		/* inactivity: says nothing of any class */
		bt_message_get_ref(message);
		return (bt_message *)message;
	}
}

void rig_copy_init(struct rig_copy *copy)
{
	struct rig_table *tables[] = { &copy->trace_classes,  &copy->clock_classes,
				       &copy->stream_classes, &copy->event_classes,
				       &copy->traces,	      &copy->streams,
				       &copy->packets };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		rig_table_init(tables[i], sizeof(struct rig_pairing));
}

static void drop(struct rig_table *table, void (*put_in)(const void *),
		 void (*put_out)(const void *))
{
	struct rig_pairing *pairing;
	size_t position = 0;
	u64 key;

	while ((pairing = rig_table_next(table, &position, &key))) {
		put_out(pairing->out);
		put_in(pairing->in);
	}
	rig_table_fini(table);
}

#define PUT(what)                                                                                  \
	static void put_##what(const void *object)                                                 \
	{                                                                                          \
		bt_##what##_put_ref(object);                                                       \
	}
PUT(packet)
PUT(stream)
PUT(trace)
PUT(event_class)
PUT(stream_class)
PUT(clock_class)
PUT(trace_class)

void rig_copy_fini(struct rig_copy *copy)
{
	drop(&copy->packets, put_packet, put_packet);
	drop(&copy->streams, put_stream, put_stream);
	drop(&copy->traces, put_trace, put_trace);
	drop(&copy->event_classes, put_event_class, put_event_class);
	drop(&copy->stream_classes, put_stream_class, put_stream_class);
	drop(&copy->clock_classes, put_clock_class, put_clock_class);
	drop(&copy->trace_classes, put_trace_class, put_trace_class);
}

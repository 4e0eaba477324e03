// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.kmemrig.lttng: the input said again as a trace of LTTng's kernel tracer, so that what was
 * made for these (lttng-analyses, Trace Compass) reads it.
 *
 *	input trace    a trace of domain "kernel", environment and clock named as LTTng's
 *	CPU	       a stream, with cpu_id in the context of its packets
 *	event	       its event, with LTTng's name and field types, procname and tid in its context
 *	other task     a sched_switch before the event: such tools know tasks by these alone
 *
 * The CPU is the one that the event happened on, the simulated one in our own traces; kmemrig:task,
 * which tells it there, goes. A sched_switch that the input holds is taken as it is, and then none
 * is made for that change. One that is made stands where the new task was first seen; what isn't
 * known about it has values that the kernel never gives: UNKNOWN_PRIO, UNKNOWN_STATE (Trace
 * Compass: waits, reason unknown), task UNKNOWN_TID before the first one.
 *
 * A message may become several, which wait in a queue. Lost events are told at the next packet or
 * event of their stream, when its CPU is known. Invariant: the messages of an output stream are
 * ordered by time, as the input's are.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components.h"
#include "lttng_export.h"
#include "record.h"

#define EVENTS_A_PACKET 8192
#define COMM_SIZE 32
#define UNKNOWN_TID (-1)
#define UNKNOWN_PRIO INT_MIN
#define UNKNOWN_STATE 0x200 /* TASK_WAKING: no task leaves a CPU in it */

struct cpu_stream {
	bt_stream *stream;
	bt_packet *packet; /* open; NULL: none */
	unsigned int nr_events;
	u64 last_value;
	int pid;
	char comm[COMM_SIZE];
};

struct lost {
	u64 events, packets;
	bool unknown; /* events too, nobody knows how many */
};

struct iterator {
	bt_self_message_iterator *self;
	bt_self_component *component;
	bt_message_iterator *upstream;
	struct rig_reader *reader;
	struct rig_export_trace **traces;
	size_t nr_traces;
	struct rig_table plans; /* by event class: struct rig_export_plan * */
	struct rig_table lost;	/* by input stream: struct lost */
	const bt_message **queue;
	size_t first, nr, capacity;
	bool failed; /* a message that can't be exported */
	bool ended;  /* nothing more comes; after what is in the queue: end_status */
	bt_message_iterator_next_status end_status;
};

bt_component_class_initialize_method_status
rig_lttng_initialize(bt_self_component_filter *component,
		     bt_self_component_filter_configuration *configuration, const bt_value *params,
		     void *data)
{
	if (bt_self_component_filter_add_input_port(component, "in", NULL, NULL) !=
		    BT_SELF_COMPONENT_ADD_PORT_STATUS_OK ||
	    bt_self_component_filter_add_output_port(component, "out", NULL, NULL) !=
		    BT_SELF_COMPONENT_ADD_PORT_STATUS_OK)
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

bt_message_iterator_class_initialize_method_status
rig_lttng_iterator_initialize(bt_self_message_iterator *self,
			      bt_self_message_iterator_configuration *configuration,
			      bt_self_component_port_output *port)
{
	struct iterator *iterator = calloc(1, sizeof(*iterator));

	if (!iterator)
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	iterator->self = self;
	iterator->component = bt_self_message_iterator_borrow_component(self);
	iterator->reader = rig_reader_create();
	rig_table_init(&iterator->plans, sizeof(struct rig_export_plan *));
	rig_table_init(&iterator->lost, sizeof(struct lost));
	bt_self_message_iterator_set_data(self, iterator);
	if (bt_message_iterator_create_from_message_iterator(
		    self,
		    bt_self_component_filter_borrow_input_port_by_index(
			    (bt_self_component_filter *)iterator->component, 0),
		    &iterator->upstream) !=
	    BT_MESSAGE_ITERATOR_CREATE_FROM_MESSAGE_ITERATOR_STATUS_OK) {
		/* nobody finalizes what was not initialized */
		rig_lttng_iterator_finalize(self);
		bt_self_message_iterator_set_data(self, NULL);
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

static void free_trace(struct rig_export_trace *trace)
{
	struct cpu_stream *stream;
	size_t position = 0;
	u64 cpu;

	while ((stream = rig_table_next(&trace->cpus, &position, &cpu))) {
		bt_packet_put_ref(stream->packet);
		bt_stream_put_ref(stream->stream);
	}
	rig_table_fini(&trace->cpus);
	rig_export_trace_destroy(trace);
}

void rig_lttng_iterator_finalize(bt_self_message_iterator *self)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);
	struct rig_export_plan **plan;
	size_t position = 0;
	u64 key;

	if (!iterator)
		return;
	bt_message_iterator_put_ref(iterator->upstream);
	for (size_t i = iterator->first; i < iterator->nr; i++)
		bt_message_put_ref(iterator->queue[i]);
	free(iterator->queue);
	while ((plan = rig_table_next(&iterator->plans, &position, &key)))
		rig_export_plan_destroy(*plan);
	rig_table_fini(&iterator->plans);
	rig_table_fini(&iterator->lost);
	for (size_t i = 0; i < iterator->nr_traces; i++)
		free_trace(iterator->traces[i]);
	free(iterator->traces);
	rig_reader_destroy(iterator->reader);
	free(iterator);
}

static void push(struct iterator *iterator, const bt_message *message)
{
	if (!message)
		abort(); /* out of memory */
	if (iterator->nr == iterator->capacity) {
		iterator->capacity = iterator->capacity ? 2 * iterator->capacity : 64;
		iterator->queue =
			realloc(iterator->queue, iterator->capacity * sizeof(*iterator->queue));
		if (!iterator->queue)
			abort();
	}
	iterator->queue[iterator->nr++] = message;
}

static bt_field *member(bt_field *structure, u64 index)
{
	return bt_field_structure_borrow_member_field_by_index(structure, index);
}

/* NULL: the input can't be exported. */
static struct rig_export_trace *find_trace(struct iterator *iterator, const bt_stream *stream)
{
	const bt_trace *in = bt_stream_borrow_trace_const(stream);
	struct rig_export_trace *trace;

	for (size_t i = 0; i < iterator->nr_traces; i++)
		if (iterator->traces[i]->in == in)
			return iterator->traces[i];
	trace = rig_export_trace_create(iterator->component, stream);
	if (!trace) {
		iterator->failed = true;
		return NULL;
	}
	rig_table_init(&trace->cpus, sizeof(struct cpu_stream));
	iterator->traces =
		realloc(iterator->traces, (iterator->nr_traces + 1) * sizeof(*iterator->traces));
	if (!iterator->traces)
		abort();
	return iterator->traces[iterator->nr_traces++] = trace;
}

static struct cpu_stream *find_cpu(struct iterator *iterator, struct rig_export_trace *trace,
				   int cpu)
{
	struct cpu_stream *stream;
	char name[32];
	bool made;

	stream = rig_table_put(&trace->cpus, (u32)cpu, &made);
	if (made) {
		/* sink.ctf.fs makes it the file's name; LTTng's is CHANNEL_CPU */
		snprintf(name, sizeof(name), "kmemrig_%u", (u32)cpu);
		stream->pid = UNKNOWN_TID;
		stream->stream =
			bt_stream_create_with_id(trace->stream_class, trace->out, (u32)cpu);
		(void)!bt_stream_set_name(stream->stream, name);
		push(iterator, bt_message_stream_beginning_create(iterator->self, stream->stream));
	}
	return stream;
}

static void close_packet(struct iterator *iterator, struct cpu_stream *stream)
{
	if (!stream->packet)
		return;
	push(iterator, bt_message_packet_end_create_with_default_clock_snapshot(
			       iterator->self, stream->packet, stream->last_value));
	bt_packet_put_ref(stream->packet);
	stream->packet = NULL;
}

/* So that an event of time @value can be added. */
static void open_packet(struct iterator *iterator, struct cpu_stream *stream, u64 value)
{
	if (stream->nr_events >= EVENTS_A_PACKET)
		close_packet(iterator, stream);
	stream->last_value = value;
	if (stream->packet)
		return;
	stream->nr_events = 0;
	stream->packet = bt_packet_create(stream->stream);
	bt_field_integer_unsigned_set_value(
		member(bt_packet_borrow_context_field(stream->packet), 0),
		bt_stream_get_id(stream->stream));
	push(iterator, bt_message_packet_beginning_create_with_default_clock_snapshot(
			       iterator->self, stream->packet, value));
}

/* The payload of a new event of @class, whose fields aren't set yet. */
static bt_field *add_event(struct iterator *iterator, struct cpu_stream *stream,
			   const bt_event_class *class, int pid, const char *comm)
{
	bt_message *message = bt_message_event_create_with_packet_and_default_clock_snapshot(
		iterator->self, class, stream->packet, stream->last_value);
	bt_event *event;
	bt_field *context;

	push(iterator, message);
	event = bt_message_event_borrow_event(message);
	context = bt_event_borrow_common_context_field(event);
	(void)!bt_field_string_set_value(member(context, 0), comm);
	bt_field_integer_signed_set_value(member(context, 1), pid);
	stream->nr_events++;
	return bt_event_borrow_payload_field(event);
}

static void make_switch_class(struct rig_export_trace *trace)
{
	bt_field_class *payload = rig_export_switch_payload(trace);

	trace->switch_class = bt_event_class_create(trace->stream_class);
	(void)!bt_event_class_set_name(trace->switch_class, "sched_switch");
	(void)!bt_event_class_set_payload_field_class(trace->switch_class, payload);
	bt_field_class_put_ref(payload);
}

static void set_current(struct cpu_stream *stream, int pid, const char *comm)
{
	stream->pid = pid;
	snprintf(stream->comm, sizeof(stream->comm), "%s", comm);
}

/* Another task than before runs on the CPU: a sched_switch, in the order of its fields. */
static void tell_switch(struct iterator *iterator, struct rig_export_trace *trace,
			struct cpu_stream *stream, const struct rig_record *record)
{
	bt_field *payload;

	if (!trace->switch_class)
		make_switch_class(trace);
	payload = add_event(iterator, stream, trace->switch_class, stream->pid, stream->comm);
	(void)!bt_field_string_set_value(member(payload, 0), stream->comm);
	bt_field_integer_signed_set_value(member(payload, 1), stream->pid);
	bt_field_integer_signed_set_value(member(payload, 2), UNKNOWN_PRIO);
	bt_field_integer_signed_set_value(member(payload, 3), UNKNOWN_STATE);
	(void)!bt_field_string_set_value(member(payload, 4), record->comm);
	bt_field_integer_signed_set_value(member(payload, 5), record->pid);
	bt_field_integer_signed_set_value(member(payload, 6), UNKNOWN_PRIO);
	set_current(stream, record->pid, record->comm);
}

/* Events that were lost in @in, told in the stream of the CPU that it belongs to now. */
static void tell_lost(struct iterator *iterator, struct rig_export_trace *trace,
		      const bt_stream *in)
{
	const struct lost *found = rig_table_find(&iterator->lost, (u64)(uintptr_t)in);
	struct cpu_stream *stream;
	bt_message *message;
	struct lost lost;

	if (!found)
		return;
	lost = *found;
	rig_table_remove(&iterator->lost, (u64)(uintptr_t)in);
	stream = find_cpu(iterator, trace, rig_reader_cpu(iterator->reader, in));
	close_packet(iterator, stream);
	if (lost.events || lost.unknown) {
		message = bt_message_discarded_events_create(iterator->self, stream->stream);
		push(iterator, message);
		if (!lost.unknown)
			bt_message_discarded_events_set_count(message, lost.events);
	}
	if (lost.packets) {
		message = bt_message_discarded_packets_create(iterator->self, stream->stream);
		push(iterator, message);
		bt_message_discarded_packets_set_count(message, lost.packets);
	}
}

static void note_lost_events(struct iterator *iterator, const bt_message *message)
{
	const bt_stream *in = bt_message_discarded_events_borrow_stream_const(message);
	struct lost *lost = rig_table_put(&iterator->lost, (u64)(uintptr_t)in, NULL);
	u64 count;

	if (bt_message_discarded_events_get_count(message, &count) ==
	    BT_PROPERTY_AVAILABILITY_AVAILABLE)
		lost->events += count;
	else
		lost->unknown = true;
}

static void note_lost_packets(struct iterator *iterator, const bt_message *message)
{
	const bt_stream *in = bt_message_discarded_packets_borrow_stream_const(message);
	struct lost *lost = rig_table_put(&iterator->lost, (u64)(uintptr_t)in, NULL);
	u64 count;

	lost->packets += bt_message_discarded_packets_get_count(message, &count) ==
					 BT_PROPERTY_AVAILABILITY_AVAILABLE
				 ? count
				 : 1;
}

static struct rig_export_plan *find_plan(struct iterator *iterator, struct rig_export_trace *trace,
					 const bt_event_class *class)
{
	struct rig_export_plan **plan;
	bool made;

	plan = rig_table_put(&iterator->plans, (u64)(uintptr_t) class, &made);
	if (made)
		*plan = rig_export_plan_create(trace, class);
	return *plan;
}

static void export_event(struct iterator *iterator, const bt_message *message)
{
	const bt_event *in = bt_message_event_borrow_event_const(message);
	const bt_stream *stream_in = bt_event_borrow_stream_const(in);
	struct rig_export_trace *trace = find_trace(iterator, stream_in);
	const bt_field *payload = bt_event_borrow_payload_field_const(in);
	struct rig_export_plan *plan;
	struct cpu_stream *stream;
	struct rig_record record;

	if (!trace)
		return;
	rig_reader_read(iterator->reader, message, &record);
	if (iterator->lost.count)
		tell_lost(iterator, trace, stream_in);
	plan = find_plan(iterator, trace, bt_event_borrow_class_const(in));
	if (!plan->out)
		return;
	stream = find_cpu(iterator, trace, record.cpu);
	open_packet(iterator, stream,
		    bt_clock_snapshot_get_value(
			    bt_message_event_borrow_default_clock_snapshot_const(message)));
	if (!plan->is_switch && record.pid >= 0 && record.pid != stream->pid)
		tell_switch(iterator, trace, stream, &record);
	rig_export_fields(plan, payload,
			  add_event(iterator, stream, plan->out, record.pid, record.comm));
	if (plan->is_switch && plan->next_pid >= 0)
		set_current(stream,
			    (int)rig_export_number(
				    bt_field_structure_borrow_member_field_by_index_const(
					    payload, (u64)plan->next_pid)),
			    plan->next_comm < 0
				    ? ""
				    : bt_field_string_get_value(
					      bt_field_structure_borrow_member_field_by_index_const(
						      payload, (u64)plan->next_comm)));
}

static void begin_packet(struct iterator *iterator, const bt_message *message)
{
	const bt_packet *packet = bt_message_packet_beginning_borrow_packet_const(message);
	const bt_stream *stream = bt_packet_borrow_stream_const(packet);
	struct rig_export_trace *trace = find_trace(iterator, stream);

	rig_reader_packet_begin(iterator->reader, packet);
	if (trace)
		tell_lost(iterator, trace, stream);
}

static void end_stream(struct iterator *iterator, const bt_message *message)
{
	const bt_stream *stream = bt_message_stream_end_borrow_stream_const(message);
	struct rig_export_trace *trace = find_trace(iterator, stream);

	if (trace)
		tell_lost(iterator, trace, stream);
	rig_reader_stream_end(iterator->reader, stream);
}

static void export_message(struct iterator *iterator, const bt_message *message)
{
	switch (bt_message_get_type(message)) {
	case BT_MESSAGE_TYPE_EVENT:
		export_event(iterator, message);
		break;
	case BT_MESSAGE_TYPE_PACKET_BEGINNING:
		begin_packet(iterator, message);
		break;
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		note_lost_events(iterator, message);
		break;
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		note_lost_packets(iterator, message);
		break;
	case BT_MESSAGE_TYPE_STREAM_END:
		end_stream(iterator, message);
		break;
	case BT_MESSAGE_TYPE_MESSAGE_ITERATOR_INACTIVITY:
		bt_message_get_ref(message);
		push(iterator, message);
		break;
	default: /* our own streams and packets have beginnings and ends of their own */
		break;
	}
}

/* All end at once, as LTTng's do when a session stops: tools look where all streams are. */
static void end_streams(struct iterator *iterator)
{
	for (size_t i = 0; i < iterator->nr_traces; i++) {
		const struct rig_table *cpus = &iterator->traces[i]->cpus;
		struct cpu_stream *stream;
		size_t position = 0;
		u64 cpu, end = 0;

		while ((stream = rig_table_next(cpus, &position, &cpu)))
			if (stream->last_value > end)
				end = stream->last_value;
		position = 0;
		while ((stream = rig_table_next(cpus, &position, &cpu))) {
			stream->last_value = end;
			close_packet(iterator, stream);
			push(iterator,
			     bt_message_stream_end_create(iterator->self, stream->stream));
		}
	}
}

/*
 * Nothing more comes. After an error, too, streams are ended first: what came before it makes a
 * whole trace, which sink.ctf.fs writes to the end (and in which it would crash otherwise).
 */
static void finish(struct iterator *iterator, bt_message_iterator_next_status status)
{
	iterator->ended = true;
	iterator->end_status = status;
	end_streams(iterator);
}

/* Fills the empty queue, as long as there is something to come. */
static bt_message_iterator_next_status fill(struct iterator *iterator)
{
	bt_message_array_const messages;
	u64 nr;

	iterator->first = iterator->nr = 0;
	while (!iterator->nr && !iterator->ended) {
		bt_message_iterator_next_status status =
			bt_message_iterator_next(iterator->upstream, &messages, &nr);

		if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN)
			return status;
		if (status != BT_MESSAGE_ITERATOR_NEXT_STATUS_OK) {
			finish(iterator, status);
			break;
		}
		for (u64 i = 0; i < nr; i++) {
			if (!iterator->failed)
				export_message(iterator, messages[i]);
			bt_message_put_ref(messages[i]);
		}
		if (iterator->failed)
			finish(iterator, BT_MESSAGE_ITERATOR_NEXT_STATUS_ERROR);
	}
	return iterator->nr ? BT_MESSAGE_ITERATOR_NEXT_STATUS_OK : iterator->end_status;
}

bt_message_iterator_class_next_method_status rig_lttng_next(bt_self_message_iterator *self,
							    bt_message_array_const messages,
							    u64 capacity, u64 *count)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);
	bt_message_iterator_next_status status;

	*count = 0;
	if (iterator->first == iterator->nr) {
		status = fill(iterator);
		if (status != BT_MESSAGE_ITERATOR_NEXT_STATUS_OK)
			return (bt_message_iterator_class_next_method_status)status;
	}
	while (*count < capacity && iterator->first < iterator->nr)
		messages[(*count)++] = iterator->queue[iterator->first++];
	return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK;
}

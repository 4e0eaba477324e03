// SPDX-License-Identifier: GPL-2.0-only
/*
 * An output trace of filter.kmemrig.lttng: environment, clock, and the contexts of packets and
 * events as LTTng's kernel tracer has them. The environment holds the same entries; those that the
 * input doesn't tell are empty, as nothing is made up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "lttng_export.h"

static bt_field_class *integer(bt_trace_class *trace_class, bool is_signed)
{
	bt_field_class *class = is_signed ? bt_field_class_integer_signed_create(trace_class)
					  : bt_field_class_integer_unsigned_create(trace_class);

	bt_field_class_integer_set_field_value_range(class, 32);
	return class;
}

static const bt_value *entry(const struct rig_export_trace *trace, const char *name)
{
	return bt_trace_borrow_environment_entry_value_by_name_const(trace->in, name);
}

/* perf calls some entries otherwise. */
static const bt_value *entry_of_any(const struct rig_export_trace *trace, const char *name)
{
	const bt_value *value = entry(trace, name);

	if (!value && strcmp(name, "hostname") == 0)
		return entry(trace, "host");
	if (!value && strcmp(name, "kernel_release") == 0)
		return entry(trace, "release");
	return value;
}

static void set_string(const struct rig_export_trace *trace, const char *name, const char *fallback)
{
	const bt_value *value = entry_of_any(trace, name);

	(void)!bt_trace_set_environment_entry_string(
		trace->out, name,
		value && bt_value_is_string(value) ? bt_value_string_get(value) : fallback);
}

static void make_environment(struct rig_export_trace *trace)
{
	const bt_value *tracer = entry(trace, "tracer_name");
	/* our own machines, which follow Linux 6.1 */
	bool ours = tracer && bt_value_is_string(tracer) &&
		    strcmp(bt_value_string_get(tracer), "lttng-ust") == 0;
	bt_trace *out = trace->out;

	set_string(trace, "hostname", "");
	(void)!bt_trace_set_environment_entry_string(out, "domain", "kernel");
	(void)!bt_trace_set_environment_entry_string(out, "sysname", "Linux");
	set_string(trace, "kernel_release", ours ? "6.1" : "");
	set_string(trace, "kernel_version", ours ? "kmemrig" : "");
	/* by these, readers know the names of events and fields to expect */
	(void)!bt_trace_set_environment_entry_string(out, "tracer_name", "lttng-modules");
	(void)!bt_trace_set_environment_entry_integer(out, "tracer_major", 2);
	(void)!bt_trace_set_environment_entry_integer(out, "tracer_minor", 13);
	(void)!bt_trace_set_environment_entry_integer(out, "tracer_patchlevel", 9);
	(void)!bt_trace_set_environment_entry_string(out, "trace_buffering_scheme", "global");
	set_string(trace, "trace_name", "");
	set_string(trace, "trace_creation_datetime", "");
	if (entry(trace, "kmemrig_symbols"))
		set_string(trace, "kmemrig_symbols", "");
	(void)!bt_trace_set_environment_entry_string(out, "kmemrig_exported_by",
						     "filter.kmemrig.lttng");
}

static bt_clock_class *make_clock(bt_self_component *component, const bt_clock_class *in)
{
	bt_clock_class *out = bt_clock_class_create(component);
	bt_uuid uuid = bt_clock_class_get_uuid(in);
	s64 seconds;
	u64 cycles;

	(void)!bt_clock_class_set_name(out, "monotonic");
	if (bt_clock_class_get_description(in))
		(void)!bt_clock_class_set_description(out, bt_clock_class_get_description(in));
	bt_clock_class_get_offset(in, &seconds, &cycles);
	bt_clock_class_set_frequency(out, bt_clock_class_get_frequency(in));
	bt_clock_class_set_offset(out, seconds, cycles);
	bt_clock_class_set_precision(out, bt_clock_class_get_precision(in));
	bt_clock_class_set_origin_is_unix_epoch(out, bt_clock_class_origin_is_unix_epoch(in));
	if (uuid)
		bt_clock_class_set_uuid(out, uuid);
	return out;
}

static void make_stream_class(struct rig_export_trace *trace, bt_clock_class *clock)
{
	bt_stream_class *class = bt_stream_class_create(trace->class);
	bt_field_class *packet, *event;

	bt_stream_class_set_assigns_automatic_stream_id(class, BT_FALSE);
	(void)!bt_stream_class_set_default_clock_class(class, clock);
	bt_stream_class_set_supports_packets(class, BT_TRUE, BT_TRUE, BT_TRUE);
	/* without times: sink.ctf.fs wants them to end with the next packet, which isn't known */
	bt_stream_class_set_supports_discarded_events(class, BT_TRUE, BT_FALSE);
	bt_stream_class_set_supports_discarded_packets(class, BT_TRUE, BT_FALSE);
	packet = bt_field_class_structure_create(trace->class);
	rig_append(packet, "cpu_id", integer(trace->class, false));
	(void)!bt_stream_class_set_packet_context_field_class(class, packet);
	bt_field_class_put_ref(packet);
	event = bt_field_class_structure_create(trace->class);
	rig_append(event, "procname", bt_field_class_string_create(trace->class));
	rig_append(event, "tid", integer(trace->class, true));
	(void)!bt_stream_class_set_event_common_context_field_class(class, event);
	bt_field_class_put_ref(event);
	trace->stream_class = class;
}

struct rig_export_trace *rig_export_trace_create(bt_self_component *component,
						 const bt_stream *stream)
{
	const bt_clock_class *clock_in = bt_stream_class_borrow_default_clock_class_const(
		bt_stream_borrow_class_const(stream));
	const bt_trace *in = bt_stream_borrow_trace_const(stream);
	struct rig_export_trace *trace;
	bt_clock_class *clock;

	if (!clock_in) {
		fprintf(stderr, "kmemrig: filter.kmemrig.lttng: trace %s has no clock\n",
			bt_trace_get_name(in) ? bt_trace_get_name(in) : "(unnamed)");
		return NULL;
	}
	trace = calloc(1, sizeof(*trace));
	if (!trace)
		abort();
	trace->in = in;
	bt_trace_get_ref(in);
	trace->class = bt_trace_class_create(component);
	clock = make_clock(component, clock_in);
	make_stream_class(trace, clock);
	bt_clock_class_put_ref(clock);
	trace->out = bt_trace_create(trace->class);
	/* sink.ctf.fs makes it the folder's name, which is what lttng-analyses looks for */
	(void)!bt_trace_set_name(trace->out, "kernel");
	make_environment(trace);
	return trace;
}

void rig_export_trace_destroy(struct rig_export_trace *trace)
{
	bt_event_class_put_ref(trace->switch_class);
	bt_trace_put_ref(trace->out);
	bt_stream_class_put_ref(trace->stream_class);
	bt_trace_class_put_ref(trace->class);
	bt_trace_put_ref(trace->in);
	free(trace);
}

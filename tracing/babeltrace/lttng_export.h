/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.kmemrig.lttng's traces: what an output trace is made of (lttng_trace.c) and how an input
 * event becomes one of its events (lttng_plan.c). The messages are lttng_export.c's.
 */
#ifndef RIG_BT_LTTNG_EXPORT_H
#define RIG_BT_LTTNG_EXPORT_H

#include <babeltrace2/babeltrace.h>

#include "lttng_layout.h"
#include "table.h"

#define RIG_EXPORT_MEMBERS 64

/* The output trace of an input trace. */
struct rig_export_trace {
	const bt_trace *in; /* referenced */
	bt_trace_class *class;
	bt_stream_class *stream_class;
	bt_event_class *switch_class; /* of a sched_switch that we make */
	bt_trace *out;
	struct rig_table cpus; /* the iterator's, by CPU */
};

/* NULL and a message on stderr: @stream has no clock. */
struct rig_export_trace *rig_export_trace_create(bt_self_component *component,
						 const bt_stream *stream);
/* @trace->cpus has to be empty of references. */
void rig_export_trace_destroy(struct rig_export_trace *trace);

/* How one output field is made. */
struct rig_export_member {
	u16 in;
	bool in_signed;
	s8 add;
	const struct rig_lttng_field *layout; /* NULL: copied as it is */
};

struct rig_export_plan {
	const bt_event_class *in; /* referenced */
	bt_event_class *out;	  /* NULL: tells of tasks only, and goes */
	bool is_switch;
	bool whole;		 /* all fields are copied; no members */
	int next_pid, next_comm; /* input members of a sched_switch; -1: not there */
	unsigned int nr_members;
	struct rig_export_member members[RIG_EXPORT_MEMBERS];
};

struct rig_export_plan *rig_export_plan_create(struct rig_export_trace *trace,
					       const bt_event_class *in);
void rig_export_plan_destroy(struct rig_export_plan *plan);

/* The payload's class of a sched_switch, of all its fields; a new reference. */
bt_field_class *rig_export_switch_payload(struct rig_export_trace *trace);

/* Sets all fields of @out, whose class is the plan's. */
void rig_export_fields(const struct rig_export_plan *plan, const bt_field *in, bt_field *out);

/* A number of @in, whatever its sign. */
u64 rig_export_number(const bt_field *in);

#endif

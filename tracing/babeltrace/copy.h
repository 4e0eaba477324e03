/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A filter can't change messages that pass through it: it makes new ones, of new trace, stream and
 * event classes. Here is what all our filters need for that; what one of them adds is in
 * its struct rig_filter (filters.c).
 */
#ifndef RIG_BT_COPY_H
#define RIG_BT_COPY_H

#include "record.h"
#include "table.h"

#include <kmemrig/gfp_table.h>
#include <kmemrig/symbols.h>

/* Field classes and fields, whatever they hold (fields_copy.c). */
bt_field_class *rig_copy_field_class(bt_trace_class *trace_class, const bt_field_class *in);
/* The structure of a whole scope, in which lengths and tags are found. */
bt_field_class *rig_copy_scope_class(bt_trace_class *trace_class, const bt_field_class *in,
				     bt_field_path_scope scope);
void rig_copy_field(const bt_field *in, bt_field *out);
/* All members of a structure into the first members of another. */
void rig_copy_members(const bt_field *in, bt_field *out);
void rig_append(bt_field_class *structure, const char *name, bt_field_class *member);

struct rig_filter_state {
	struct rig_reader *reader;
	struct rig_symbols *symbols;
	const struct rig_gfp_table *gfp; /* NULL: the trace's, once there is an event */
	struct rig_table objects;	 /* by address: what pair and attribute remember */
	struct rig_table pages;		 /* by pfn */
	u64 pending_pfn[1024];		 /* attribute: by CPU, + 1 */
	u64 page_offset;
};

/* What makes a filter. Functions may be NULL. */
struct rig_filter {
	/* Appends members to the payload of events of @kind. */
	void (*add_fields)(bt_trace_class *trace_class, enum rig_kind kind,
			   bt_field_class *payload);
	/* Sets them; the first is @out's member @first. @record is NULL when fields were missing.
	 */
	void (*set_fields)(struct rig_filter_state *state, enum rig_kind kind,
			   const struct rig_record *record, bt_field *out, u64 first);
	bool leaks; /* at the end a stream with an event for each object left */
};

extern const struct rig_filter rig_filter_decode, rig_filter_pair, rig_filter_attribute;

/* An input object and its copy. */
struct rig_pairing {
	const void *in;
	void *out;
};

struct rig_copy {
	const struct rig_filter *filter;
	struct rig_filter_state state;
	bt_self_message_iterator *self;
	bt_self_component *component;
	struct rig_table trace_classes, clock_classes, stream_classes, event_classes, traces,
		streams, packets; /* by pointer: struct rig_pairing */
	u64 last_value;		  /* clock value of the last event */
	s64 last_ns;		  /* the same from the clock's origin */
};

void rig_copy_init(struct rig_copy *copy);
void rig_copy_fini(struct rig_copy *copy);

/* The message said again; a new reference. */
bt_message *rig_copy_message(struct rig_copy *copy, const bt_message *message);

/* What pair remembers of an object. */
struct rig_paired {
	s64 time_ns;
	u64 call_site;
	u64 bytes_alloc;
	int cpu;
	int pid;
};

#endif

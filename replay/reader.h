/* SPDX-License-Identifier: GPL-2.0-only */
/* What the readers of the trace formats share. */
#ifndef RIG_READER_H
#define RIG_READER_H

#include <kmemrig/trace_event.h>

#define RIG_RELEASE_SIZE 80

/* The stream that a format's reader writes events to. */
struct rig_trace_out;

/* False: nobody reads any more; stop. */
bool rig_trace_put(struct rig_trace_out *out, const struct rig_trace_event *event);
/* The number of CPUs, before the first event. */
void rig_trace_put_cpus(struct rig_trace_out *out, int cpus);
/* The release of the traced kernel ("6.1.0-56-amd64"), before the first event. */
void rig_trace_put_release(struct rig_trace_out *out, const char *release);
/* The release in a trace.dat file's options, or ""; @release has RIG_RELEASE_SIZE bytes. */
void rig_tracedat_release(const char *plain, char *release);

/* gfp flags of an event as 6.1 numbers them; @table: the traced kernel's, or NULL. */
struct rig_gfp_table;
void rig_trace_translate_gfp(const struct rig_gfp_table *table, struct rig_event *event);

/* The last thing to say: why the rest can't be read. */
void rig_trace_put_error(struct rig_trace_out *out, const char *format, ...) __printf(2, 3);

/*
 * A format's reader: writes all events of @path to @out. @plain is a path to the unpacked file, for
 * opening; @path is for messages.
 */
typedef void rig_trace_produce(const char *path, const char *plain, struct rig_trace_out *out);

rig_trace_produce rig_read_tracedat;
rig_trace_produce rig_read_ctf;
rig_trace_produce rig_read_ftrace_text;

/* A field of an event, from the event table. */
struct rig_trace_field {
	const char *name;
	size_t offset;	   /* in struct rig_event */
	unsigned int size; /* bytes: 1, 4, 8 */
	bool is_signed;
	bool is_string;
};

/* Fields of an event; ends with a NULL name. */
const struct rig_trace_field *rig_trace_fields(enum rig_event_id id);

/*
 * Number of the event that a trace calls @name (older kernels' names and LTTng's prefix too), or
 * RIG_TRACE_OTHER.
 */
int rig_trace_event_id(const char *name);

/* Stores a number into a field of @event. */
void rig_trace_store(struct rig_event *event, const struct rig_trace_field *field, u64 value);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.dat, through libtracecmd: the events of all CPUs merged in time order. The fields that the
 * event table knows are looked up by name once for each kind of event; what a kernel does not have
 * stays zero where kernels differ, and is an error where the event means nothing without it.
 */
#include <trace-cmd.h>

#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define MAX_FIELDS 12

/* What is known of one event format of the file. */
struct format {
	int id; /* enum rig_event_id or RIG_TRACE_OTHER */
	const char *name;
	bool known;
	struct tep_format_field *marker; /* ftrace:print's text */
	struct tep_format_field *site;	 /* call_site */
	struct {
		const struct rig_trace_field *field;
		struct tep_format_field *source;
	} fields[MAX_FIELDS];
	int nr_fields;
};

struct reading {
	const char *path;
	struct rig_trace_out *out;
	struct tep_handle *tep;
	struct format *formats; /* by the file's event id */
	int nr_formats;
	bool stopped;
};

/* Which fields of the table are in the file's format. False: one that is needed is not. */
static bool match_fields(struct reading *reading, struct format *format, struct tep_event *event)
{
	static const char *const optional[] = {
		"accounted", "node", "migratetype",	 "mm_id",	  "curr",
		"member",    "size", "change_ownership", "percpu_refill", "name"
	};
	const struct rig_trace_field *field = rig_trace_fields((enum rig_event_id)format->id);

	for (; field->name; field++) {
		struct tep_format_field *source = tep_find_field(event, field->name);
		bool needed = true;

		if (source && format->nr_fields < MAX_FIELDS) {
			format->fields[format->nr_fields].field = field;
			format->fields[format->nr_fields++].source = source;
			continue;
		}
		for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
			needed = needed && strcmp(field->name, optional[i]);
		if (!needed)
			continue;
		rig_trace_put_error(reading->out, "%s: event %s has no field '%s'", reading->path,
				    format->name, field->name);
		return false;
	}
	return true;
}

/* The format of a record's event, looked up once; NULL: stop. */
static struct format *find_format(struct reading *reading, int type)
{
	struct tep_event *event;
	struct format *format;

	if (type < 0 || type > UINT16_MAX)
		return NULL;
	if (type >= reading->nr_formats) {
		int nr = type + 64;

		format = realloc(reading->formats, sizeof(*format) * (size_t)nr);
		if (!format)
			return NULL;
		memset(format + reading->nr_formats, 0,
		       sizeof(*format) * (size_t)(nr - reading->nr_formats));
		reading->formats = format;
		reading->nr_formats = nr;
	}
	format = &reading->formats[type];
	if (format->known)
		return format;
	format->known = true;
	format->id = RIG_TRACE_OTHER;
	event = tep_find_event(reading->tep, type);
	format->name = event ? event->name : "unknown";
	if (event && !strcmp(event->system, "kmem"))
		format->id = rig_trace_event_id(event->name);
	else if (event && !strcmp(event->system, "ftrace") && !strcmp(event->name, "print"))
		format->marker = tep_find_field(event, "buf");
	if (format->id >= 0)
		format->site = tep_find_field(event, "call_site");
	if (format->id >= 0 && !match_fields(reading, format, event))
		return NULL;
	return format;
}

static u64 read_field(struct tep_handle *tep, const struct tep_format_field *source,
		      struct tep_record *record)
{
	if (source->offset < 0 || source->size <= 0 || source->offset + source->size > record->size)
		return 0;
	return tep_read_number(tep, (char *)record->data + source->offset, source->size);
}

/* A string inside the record, or "" when its place makes no sense. */
static const char *read_string(struct tep_handle *tep, const struct tep_format_field *source,
			       struct tep_record *record)
{
	int offset = source->offset;

	if (source->flags & TEP_FIELD_IS_DYNAMIC)
		offset = (int)(read_field(tep, source, record) & 0xffff);
	if (offset < 0 || offset >= record->size ||
	    !memchr((char *)record->data + offset, '\0', (size_t)(record->size - offset)))
		return "";
	return (char *)record->data + offset;
}

static int take_record(struct tracecmd_input *handle, struct tep_record *record, int cpu,
		       void *data)
{
	struct reading *reading = data;
	struct rig_trace_event event = { .position = record->offset };
	struct format *format = find_format(reading, tep_data_type(reading->tep, record));
	char text[256];

	if (!format) {
		rig_trace_put_error(reading->out, "%s: byte %llu: no event that is described",
				    reading->path, (unsigned long long)record->offset);
		reading->stopped = true;
		return -1;
	}
	event.id = format->id;
	event.name = format->name;
	if (record->missed_events)
		event.lost_before = record->missed_events < 0 ? 1 : (u64)record->missed_events;
	event.event.id = format->id < 0 ? 0 : (enum rig_event_id)format->id;
	event.event.cpu = cpu;
	event.event.pid = tep_data_pid(reading->tep, record);
	event.event.comm = tep_data_comm_from_pid(reading->tep, event.event.pid);
	event.event.time_ns = record->ts;
	for (int i = 0; i < format->nr_fields; i++) {
		const struct rig_trace_field *field = format->fields[i].field;
		struct tep_format_field *source = format->fields[i].source;

		if (!field->is_string)
			rig_trace_store(&event.event, field,
					read_field(reading->tep, source, record));
		else
			*(const char **)((char *)&event.event + field->offset) =
				read_string(reading->tep, source, record);
	}
	if (format->site)
		event.symbol = tep_find_function(reading->tep,
						 read_field(reading->tep, format->site, record));
	if (format->marker) {
		size_t room = (size_t)record->size - (size_t)format->marker->offset;

		if (format->marker->offset >= record->size)
			room = 0;
		if (room >= sizeof(text))
			room = sizeof(text) - 1;
		memcpy(text, (char *)record->data + format->marker->offset, room);
		text[room] = '\0';
		text[strcspn(text, "\n")] = '\0';
		event.text = text;
	}
	if (!rig_trace_put(reading->out, &event)) {
		reading->stopped = true;
		return -1;
	}
	return 0;
}

void rig_read_tracedat(const char *path, const char *plain, struct rig_trace_out *out)
{
	struct reading reading = { .path = path, .out = out };
	struct tracecmd_input *handle;

	tracecmd_set_loglevel(TEP_LOG_NONE);
	tep_set_loglevel(TEP_LOG_NONE);
	handle = tracecmd_open(plain, TRACECMD_FL_LOAD_NO_PLUGINS);
	if (!handle) {
		rig_trace_put_error(out, "%s: corrupt: its metadata can't be read", path);
		return;
	}
	reading.tep = tracecmd_get_tep(handle);
	rig_trace_put_cpus(out, tep_get_cpus(reading.tep));
	if (tracecmd_iterate_events(handle, NULL, 0, take_record, &reading) < 0 && !reading.stopped)
		rig_trace_put_error(out, "%s: corrupt: its events can't be read", path);
	free(reading.formats);
	tracecmd_close(handle);
}

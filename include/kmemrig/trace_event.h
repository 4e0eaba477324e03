/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded traces as a stream of events in time order, whatever they were recorded with: trace.dat
 * (trace-cmd), CTF (LTTng's kernel traces and our own), ftrace's text. Compressed files too.
 *
 * The libraries that read those formats were not made for broken files. They run in a process of
 * their own, which sends the events; when it dies, the stream ends with an error that says where,
 * and what came before is good.
 */
#ifndef KMEMRIG_TRACE_EVENT_H
#define KMEMRIG_TRACE_EVENT_H

#include <kmemrig/event.h>
#include <linux/types.h>

#define RIG_TRACE_ERROR 400

/* id of events that are not in the event table: counted by name, nothing else is known of them. */
#define RIG_TRACE_OTHER (-1)

/* One event of a trace. Strings are borrowed until the next one is read. */
struct rig_trace_event {
	int id;		    /* enum rig_event_id, or RIG_TRACE_OTHER */
	const char *name;   /* as the trace calls it, without its system */
	const char *text;   /* of a line written to the trace by hand (marker), or NULL */
	const char *symbol; /* the function of the event's call_site, where the trace knows it */
	u64 position;	    /* where it is: a byte of the file or a line of the text; 0: unknown */
	u64 lost_before;    /* events that the recorder lost just before this one, at least */
	struct rig_event event; /* the fields; time is the trace's */
};

struct rig_trace_reader;

enum rig_trace_format {
	RIG_TRACE_UNKNOWN,
	RIG_TRACE_DAT,
	RIG_TRACE_CTF,
	RIG_TRACE_TEXT,
};

/* What a path holds, by its first bytes (a folder: by what is in it). Unreadable: @error. */
enum rig_trace_format rig_trace_detect(const char *path, char *error);

/* Opens a trace of any format. NULL: @error (RIG_TRACE_ERROR bytes), one line with file and place.
 */
struct rig_trace_reader *rig_trace_open(const char *path, char *error);

enum rig_trace_status {
	RIG_TRACE_EVENT, /* @event is the next one */
	RIG_TRACE_END,
	RIG_TRACE_BROKEN, /* the rest can't be read: rig_trace_error() */
};

enum rig_trace_status rig_trace_next(struct rig_trace_reader *reader,
				     struct rig_trace_event *event);
const char *rig_trace_error(const struct rig_trace_reader *reader);

/* How many CPUs the trace says that it has; 0: it does not say (the events do). */
int rig_trace_cpus(const struct rig_trace_reader *reader);

void rig_trace_close(struct rig_trace_reader *reader);

/*
 * Is the trace.dat file at @plain whole, as far as its own tables of sections say? Otherwise @error
 * names the place. @wanted: the bytes that the tables ask for.
 */
enum rig_tracedat_state {
	RIG_TRACEDAT_WHOLE,
	RIG_TRACEDAT_CUT,	 /* some of the events are missing: what is there can be read */
	RIG_TRACEDAT_UNREADABLE, /* what describes the events is missing */
};
enum rig_tracedat_state rig_tracedat_check(const char *path, const char *plain, u64 *wanted,
					   char *error);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded traces as a stream of events of the event table, in time order, whatever they were
 * recorded with: the readers of kmemrig/recording.h, whose classes and fields are found in the
 * table by their names. gfp flags become 6.1's.
 */
#ifndef KMEMRIG_TRACE_EVENT_H
#define KMEMRIG_TRACE_EVENT_H

#include <kmemrig/event.h>
#include <kmemrig/recording.h>
#include <linux/types.h>

#define RIG_TRACE_ERROR RIG_RECORDING_ERROR

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

#endif

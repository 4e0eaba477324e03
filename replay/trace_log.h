/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace in memory: the engines look ahead (an allocation's refill stands before it, a freed
 * list's end behind its pages), so the events are read before the replay starts.
 */
#ifndef RIG_TRACE_LOG_H
#define RIG_TRACE_LOG_H

#include <kmemrig/trace_event.h>

/* Names of events that the table does not know, and how many there were. */
struct rig_other_event {
	char *name;
	u64 nr;
};

struct rig_trace_log {
	struct rig_event
		*events; /* of the event table only, in time order; strings are the log's */
	size_t nr;
	size_t first,
		end;	 /* what counts: between the marks SNAP0 and SNAP1, where there are some */
	u64 events_read; /* others too */
	u64 by_id[RIG_NR_EVENTS];
	struct rig_other_event *others;
	size_t nr_others;
	u64 lost;
	int nr_cpus; /* one above the highest that an event names */
	bool marked; /* SNAP0 was there */
	/* functions of call sites: open hash; site 0: free */
	struct rig_log_site {
		u64 site;
		const char *name;
	} * sites;
	size_t nr_sites, nr_site_slots;
	/* strings, each once */
	char **strings;
	size_t nr_strings, nr_string_slots;
};

/*
 * Reads traces, one after the other. Events that could be read are in @log even when one of the
 * files is broken: then false, and @error (RIG_TRACE_ERROR bytes) has the first reason.
 */
bool rig_trace_log_read(struct rig_trace_log *log, char *const *paths, size_t nr_paths,
			char *error);
void rig_trace_log_free(struct rig_trace_log *log);

/* The log's own copy of a string. */
const char *rig_trace_log_string(struct rig_trace_log *log, const char *string);

/* The function of a call site, or "". */
const char *rig_trace_log_site(const struct rig_trace_log *log, u64 site);

#endif

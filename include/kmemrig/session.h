/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A private LTTng session: its own session daemon, run directory and environment, nothing left
 * behind. For the calling process and its children: start the session first, then
 * rig_lttng_open(). One at a time in a process.
 *
 * A session never loses an event silently: rig_session_stop() tells how many were discarded.
 */
#ifndef KMEMRIG_SESSION_H
#define KMEMRIG_SESSION_H

#include <linux/types.h>

struct rig_session;

/* Zero means the default that the comment names. */
struct rig_session_options {
	const char *output;	   /* directory for the trace; is made, must be empty */
	const char *url;	   /* instead: a relay daemon, "net://HOST[:CTRL[:DATA]]" */
	unsigned int live_us;	   /* live session (needs url): flushed that often */
	u64 snapshot_bytes;	   /* flight recorder: keep the last N bytes in memory */
	bool save_failures;	   /* of it: failed allocations save it too, not just checks */
	unsigned int max_saved;	   /* of it: so many by each process; 8 */
	const char *const *events; /* names, "*" at the end; all of ours. kmemrig:task besides */
	size_t nr_events;
	const char *const *contexts; /* of "lttng add-context"; none */
	size_t nr_contexts;
	bool callstack;		 /* kmemrig:callstack before each event */
	u64 subbuf_bytes;	 /* of one sub-buffer; 4 MiB */
	unsigned int nr_subbufs; /* per CPU; 8 */
	bool machine_clock;	 /* time stamps are the machine's; the host's monotonic clock */
	bool old_names; /* mm_page_free_direct, kmem_cache_alloc_node, kmalloc_node, as before 6.1
			 */
	unsigned int timeout_s; /* for each step of LTTng's daemons; 60 */
	bool follow_forks; /* children are processes of their own to LTTng: own vpid, threads */
};

struct rig_session_result {
	u64 discarded;	      /* events that found no room */
	u64 lost_packets;     /* snapshot mode overwrites old packets: not a fault there */
	unsigned int writers; /* threads that have written events of ours */
	char problem[300];    /* what did not go well, where rig_session_stop() fails */
};

/*
 * Starts a session. Changes the environment (LTTNG_HOME, LTTNG_UST_CLOCK_PLUGIN, ...) until the
 * stop, and, as root, the mount namespace of the caller. NULL and a reason in @error.
 * A session still running at exit() is stopped then.
 */
struct rig_session *rig_session_start(const struct rig_session_options *options, char *error,
				      size_t error_size);

/* Saves what a snapshot session holds now, into a new folder @name-* of its output. -EINVAL, -EIO.
 */
int rig_session_snapshot(struct rig_session *session, const char *name);

/* Its name in LTTng, as viewers of a live session need it. */
const char *rig_session_name(const struct rig_session *session);

/* How many snapshots the traced processes have saved by themselves, when checks failed. */
unsigned int rig_session_saved(const struct rig_session *session);

/*
 * Stops recording, reads the counts, ends the daemon, removes its files. -EIO, and the reason in
 * @result, when the counts can't be had or a daemon died, hung or complained: then nothing is known
 * about lost events. So it is when a process was killed while it wrote an event: LTTng can't read
 * the sub-buffer that it wrote to.
 */
int rig_session_stop(struct rig_session *session, struct rig_session_result *result);

#endif

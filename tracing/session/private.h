/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of tracing/session share. */
#ifndef RIG_SESSION_PRIVATE_H
#define RIG_SESSION_PRIVATE_H

#include <kmemrig/session.h>
#include <limits.h>
#include <linux/compiler.h>

#define RIG_MAX_CHANGED_VARIABLES 16

struct rig_variable {
	const char *name;
	char *before; /* NULL: was not set */
};

struct rig_session {
	struct rig_session_options options;
	char home[64];		       /* LTTNG_HOME: short, since a socket's path has 108 bytes */
	struct rig_trace_state *state; /* shared by the session's processes */
	char output[PATH_MAX];
	char name[32];
	char run_dir[PATH_MAX]; /* as root: mounted over; "" otherwise */
	bool made_output;	/* the folder was not there before */
	bool running;		/* the session exists in the daemon */
	bool writer_died;	/* a traced process died while it wrote an event */
	bool stuck;		/* a command did not end in time: no more of them */
	int daemon;		/* pid; 0: none of ours */
	struct rig_variable changed[RIG_MAX_CHANGED_VARIABLES];
	size_t nr_changed;
};

/* A command's combined output, cut at its size. */
struct rig_output {
	char text[16384];
};

/* daemon.c. The home is a new folder, LTTNG_HOME. */
int rig_daemon_make_home(struct rig_session *session, char *error, size_t error_size);
int rig_daemon_start(struct rig_session *session, char *error, size_t error_size);
/* Ends it and its consumers; what went wrong is in @problem, unless that says something already. */
int rig_daemon_end(struct rig_session *session, char *problem, size_t problem_size);
void rig_session_setenv(struct rig_session *session, const char *name, const char *value);
void rig_session_restore_environment(struct rig_session *session);

/*
 * control.c: runs "lttng ARGUMENTS..." (NULL ends them). Its exit status, or -errno (-ETIMEDOUT: it
 * was killed); what it wrote is in @output (may be NULL).
 */
int rig_lttng_run(struct rig_output *output, unsigned int timeout_ms, const char *const *arguments);

/* Sums the numbers after @label in a listing; -1 when the label is not there at all. */
long long rig_sum_after(const char *text, const char *label);

/* state.c: the state that the session's processes share; the environment names it. */
int rig_state_make(struct rig_session *session, char *error, size_t error_size);
void rig_state_drop(struct rig_session *session);

/* How many threads have written events. */
unsigned int rig_state_writers(const struct rig_session *session);

/* Did a traced process die while it wrote an event? */
bool rig_state_writer_died(const struct rig_session *session);

/*
 * The machine's clock: names its plug-in in the environment; preloads it, in the process that
 * becomes the daemon; tells whether the clock of each metadata has the offset 0.
 */
int rig_clock_make(struct rig_session *session, char *error, size_t error_size);
void rig_clock_preload(const struct rig_session *session);
bool rig_clock_offset_is_zero(const struct rig_session *session);

#endif

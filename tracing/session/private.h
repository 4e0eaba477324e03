/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of tracing/session share. */
#ifndef RIG_SESSION_PRIVATE_H
#define RIG_SESSION_PRIVATE_H

#include <kmemrig/session.h>
#include <limits.h>
#include <linux/compiler.h>

#define RIG_MAX_CHANGED_VARIABLES 12

struct rig_variable {
	const char *name;
	char *before; /* NULL: was not set */
};

struct rig_session {
	struct rig_session_options options;
	char home[64]; /* LTTNG_HOME: short, since a socket's path has 108 bytes */
	char clock_file[96];
	char output[PATH_MAX];
	char name[32];
	char run_dir[PATH_MAX]; /* as root: mounted over; "" otherwise */
	bool running;		/* the session exists in the daemon */
	int daemon;		/* pid; 0: none of ours */
	struct rig_variable changed[RIG_MAX_CHANGED_VARIABLES];
	size_t nr_changed;
};

/* A command's combined output, cut at its size. */
struct rig_output {
	char text[16384];
};

/* daemon.c */
int rig_daemon_start(struct rig_session *session, char *error, size_t error_size);
int rig_daemon_end(struct rig_session *session);
const char *rig_session_temporary(void);
void rig_session_setenv(struct rig_session *session, const char *name, const char *value);
void rig_session_restore_environment(struct rig_session *session);

/*
 * control.c: runs "lttng ARGUMENTS..." (NULL ends them). Its exit status, or -errno; what it wrote
 * is in @output (may be NULL).
 */
int rig_lttng_run(struct rig_output *output, const char *const *arguments);

/* Sums the numbers after @label in a listing; -1 when the label is not there at all. */
long long rig_sum_after(const char *text, const char *label);

/* clock.c: sets the clock offset of all metadata files under @folder to 0. */
int rig_clock_offset_to_zero(const char *folder);

#endif

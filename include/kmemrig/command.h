/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kmemrig command: its subcommands, and what they share. A subcommand is a function of the
 * same shape as main(); argv[0] is "kmemrig NAME". It returns an exit code of kmemrig/check.h.
 */
#ifndef KMEMRIG_COMMAND_H
#define KMEMRIG_COMMAND_H

#include <kmemrig/check.h>
#include <linux/compiler.h>
#include <linux/types.h>

struct rig_machine_config;

#define RIG_VERSION "0.1"

int rig_command_replay(int argc, char **argv);
int rig_command_stat(int argc, char **argv);
int rig_command_run(int argc, char **argv);
int rig_command_fuzz(int argc, char **argv);
int rig_command_fault(int argc, char **argv);
int rig_command_trace(int argc, char **argv);
int rig_command_show(int argc, char **argv);

/*
 * One line on stderr, "kmemrig: " before it and a newline after it; returns RIG_EXIT_USAGE, so that
 * a subcommand can end with "return rig_usage_error(...)". The text starts with file and place
 * where there is one: "before.state:17: ...".
 */
int rig_usage_error(const char *format, ...) __printf(1, 2);

/*
 * argp's exit codes made ours: call once at the start of a subcommand. A wrong option then exits
 * with RIG_EXIT_USAGE.
 */
void rig_command_argp_defaults(void);

/*
 * An amount on a command line: "4096", "64M", "1G" (units of 1024). False: it is none, or too
 * large.
 */
bool rig_parse_size(const char *text, u64 *size);

/*
 * Is there a slab backend of that name, or a plug-in file (a name with a slash or ending in .so)?
 * False: @error has the one-line reason with the names there are.
 */
bool rig_command_backend_known(const char *name, char *error, size_t error_size);

/* Progress on stderr, when that is a terminal and the work is long; quiet otherwise. */
struct rig_progress {
	const char *what;
	u64 total; /* 0: not known */
	u64 shown;
	bool terminal;
};
void rig_progress_begin(struct rig_progress *progress, const char *what, u64 total);
void rig_progress_step(struct rig_progress *progress, u64 done);
void rig_progress_end(struct rig_progress *progress);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces through our babeltrace2 plugin, in a process of their own: what decodes them may abort or
 * turn in circles on a damaged file, and then what came before is analysed all the same.
 *
 * stat_input.c   the files and folders that are named, checked and unpacked
 * stat_graph.c   babeltrace2's graph: sources, muxer, our sink
 * stat_run.c     the process around the graph
 */
#ifndef RIG_STAT_H
#define RIG_STAT_H

#include <babeltrace2/babeltrace.h>
#include <linux/types.h>

#include <kmemrig/ctf_cut.h>

struct rig_stat_job {
	char **traces;
	size_t nr_traces;
	const char *sink; /* a sink of our plugin: "summary", "report" */
	/* a map; those of babeltrace2-kmemrig(7). Without a title it gets one */
	bt_value *parameters;
	const char *progress; /* what to show on a terminal while it takes time; NULL: nothing */
};

/*
 * Runs the job. What the sink prints comes on standard output when it has ended well or with an
 * error of the trace; what is wrong with a trace is said on standard error, a line each. Returns an
 * exit code of kmemrig/check.h, or 128 and the signal that interrupted it.
 */
int rig_stat_run(const struct rig_stat_job *job);

/* What traces are called together: @before, then their names without folders. */
void rig_stat_title(char *title, size_t size, const char *before, char **traces, size_t nr_traces);

/* One trace that can be opened. */
struct rig_stat_input {
	char *name;  /* as it was named; for CTF the folder with the metadata */
	char *plain; /* what to open: unpacked, without broken ends */
	bool ctf;
	int fd; /* of what was unpacked; -1 */
	struct rig_ctf_cut cut;
};

struct rig_stat_inputs {
	struct rig_stat_input *items;
	size_t nr;
	bool bad; /* something can't be read, and it was said */
};

void rig_stat_inputs_open(struct rig_stat_inputs *inputs, char **traces, size_t nr_traces);
void rig_stat_inputs_close(struct rig_stat_inputs *inputs);

/* What a process that runs a graph tells the one that waits for it. */
struct rig_stat_shared {
	volatile u64 batches; /* that the sink has taken */
};

#define RIG_STAT_BATCH 15 /* messages in a full one, as libbabeltrace2 makes them */

/*
 * Builds and runs the graph in this process; complaints are lines on standard error, "kmemrig: "
 * before them. @limit: stop after that many batches (0: at the end). True: all went well.
 */
bool rig_stat_graph(const struct rig_stat_job *job, const struct rig_stat_inputs *inputs,
		    struct rig_stat_shared *shared, u64 limit);

#endif

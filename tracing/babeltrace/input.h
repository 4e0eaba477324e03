/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that babeltrace2 itself can't read, as a sequence of events in the order of time:
 * trace-cmd's trace.dat, ftrace text (the kernel's trace file, trace-cmd report, perf script), and
 * perf.data by way of perf script.
 */
#ifndef RIG_BT_INPUT_H
#define RIG_BT_INPUT_H

#include <babeltrace2/babeltrace.h>
#include <linux/types.h>

enum rig_field_type {
	RIG_FIELD_UNSIGNED,
	RIG_FIELD_HEX,
	RIG_FIELD_SIGNED,
	RIG_FIELD_STRING,
};

struct rig_input_field {
	const char *name;
	enum rig_field_type type;
	unsigned int bits; /* of numbers */
	const void *data;  /* the reader's */
};

#define RIG_MAX_FIELDS 32

/* A kind of event. The reader makes these; they live as long as the input. */
struct rig_input_class {
	const char *name; /* "kmem:kmalloc" */
	struct rig_input_field fields[RIG_MAX_FIELDS];
	unsigned int nr_fields;
	bt_event_class *event_class; /* the source's */
};

struct rig_input_event {
	struct rig_input_class *class;
	s64 time_ns;
	int cpu;
	int pid;
	const char *comm;
	u64 missed; /* events lost before this one on its CPU; ~0: some */
	/* borrowed until the next event */
	u64 number[RIG_MAX_FIELDS];
	const char *text[RIG_MAX_FIELDS];
};

enum rig_input_result { RIG_INPUT_EVENT, RIG_INPUT_END, RIG_INPUT_ERROR };

struct rig_input {
	/* RIG_INPUT_ERROR: @error says why, with file and place; no event follows. */
	enum rig_input_result (*next)(struct rig_input *input, struct rig_input_event *event);
	void (*close)(struct rig_input *input);
	char error[400];
	const char *release; /* of the kernel, where known */
	const char *symbols; /* path of a file with symbols, where known */
};

/* NULL and a reason in @error. */
struct rig_input *rig_input_open(const char *path, char *error, size_t error_size);
struct rig_input *rig_trace_dat_open(const char *path, char *error, size_t error_size);
struct rig_input *rig_trace_text_open(const char *path, char *error, size_t error_size);
struct rig_input *rig_perf_open(const char *path, char *error, size_t error_size);

/* 0: not ours; up to 1: ours, that surely. */
double rig_input_weight(const char *path);

/* True: a line of ftrace text with an event. */
bool rig_trace_text_recognizes(const char *line);

#endif

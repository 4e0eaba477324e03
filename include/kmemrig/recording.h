/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings of events, whatever they were made with, as a sequence of events in the order of time:
 * trace-cmd's trace.dat (versions 6 and 7), ftrace text (the kernel's trace file, trace-cmd report,
 * perf script), perf.data by way of perf script, CTF folders. Files packed by xz or zstd too.
 *
 *	recording = rig_recording_open(path, 0, error);
 *	while (rig_recording_next(recording, &event) == RIG_RECORDING_EVENT)
 *		... event.class->fields[i], event.number[i], rig_recording_text(&event, i) ...
 *	... rig_recording_error(recording) ...
 *	rig_recording_close(recording);
 *
 * An event has a class: a name and named fields, numbers or strings, as the file describes them.
 *
 * The libraries that decode trace.dat and CTF were not made for broken files. They run in a process
 * of their own; when that dies or says nothing for a minute, the sequence ends with an error that
 * says where, and what came before is good. One recording is used by one thread; the process may
 * have several.
 */
#ifndef KMEMRIG_RECORDING_H
#define KMEMRIG_RECORDING_H

#include <kmemrig/input.h>
#include <linux/types.h>

#define RIG_RECORDING_ERROR RIG_INPUT_ERROR

enum rig_recording_format {
	RIG_FORMAT_UNKNOWN,
	RIG_FORMAT_TRACE_DAT,
	RIG_FORMAT_CTF,
	RIG_FORMAT_TEXT,
	RIG_FORMAT_PERF,
};

enum rig_field_type {
	RIG_FIELD_UNSIGNED,
	RIG_FIELD_HEX, /* unsigned, an address */
	RIG_FIELD_SIGNED,
	RIG_FIELD_STRING,
};

struct rig_recording_field {
	const char *name;
	enum rig_field_type type;
	unsigned int bits; /* of numbers: 8, 16, 32, 64 */
};

#define RIG_MAX_FIELDS 32

/* A kind of event. Lives as long as the recording. */
struct rig_recording_class {
	const char *name; /* as the recording says it: "kmem:kmalloc", "kmalloc", "kmem_kmalloc" */
	struct rig_recording_field fields[RIG_MAX_FIELDS];
	unsigned int nr_fields;
	unsigned int number; /* 0, 1, 2 ... in the order in which they appear */
	void *user;	     /* the caller's; NULL at first */
};

/* It is not known how many events were lost, but some were. */
#define RIG_LOST_SOME (~0ULL)

/* Everything is borrowed until the next event. */
struct rig_recording_event {
	struct rig_recording_class *class;
	u64 time_ns;
	int cpu;
	int pid;
	const char *comm;   /* "" where it is not known */
	const char *symbol; /* the function of call_site, with RIG_RECORDING_SYMBOLS; or NULL */
	u64 lost;	    /* events that the recorder lost just before this one */
	u64 position;	    /* a byte of the (unpacked) file, a line of a text; 0: not known */
	/* By the class's fields. Signed numbers are extended to 64 bits. Strings: below. */
	const u64 *number;
	const char *base;
};

/* The value of a field of type RIG_FIELD_STRING. */
static inline const char *rig_recording_text(const struct rig_recording_event *event,
					     unsigned int field)
{
	return event->base + event->number[field];
}

enum rig_recording_status {
	RIG_RECORDING_EVENT,
	RIG_RECORDING_END,
	RIG_RECORDING_BROKEN, /* the rest can't be read: rig_recording_error() says why */
};

/* Look up the function of each event's call_site in what the file knows of the kernel's symbols. */
#define RIG_RECORDING_SYMBOLS 1u

struct rig_recording;

/* What @path holds, by its first bytes (a folder: by what is in it). RIG_FORMAT_UNKNOWN: @error. */
enum rig_recording_format rig_recording_detect(const char *path, char *error);

/*
 * How surely a file is a recording that this reads, from 0 (it is not) to 1. CTF folders do not
 * count: what asks has a reader of its own for them.
 */
double rig_recording_weight(const char *path);

/*
 * NULL: @error (RIG_RECORDING_ERROR bytes) has one line that names the file and the place. @flags:
 * RIG_RECORDING_SYMBOLS or 0.
 */
struct rig_recording *rig_recording_open(const char *path, unsigned int flags, char *error);
enum rig_recording_status rig_recording_next(struct rig_recording *recording,
					     struct rig_recording_event *event);
const char *rig_recording_error(const struct rig_recording *recording);
void rig_recording_close(struct rig_recording *recording);

const char *rig_recording_path(const struct rig_recording *recording);
enum rig_recording_format rig_recording_format(const struct rig_recording *recording);
/* How many CPUs the recording says that there were; 0: it does not say (its events do). */
int rig_recording_cpus(const struct rig_recording *recording);
/* The release of the recorded kernel, "6.1.0-56-amd64"; "": not known. */
const char *rig_recording_release(const struct rig_recording *recording);

/*
 * The kernel's symbols that a trace.dat file carries, as text in the form of /proc/kallsyms; the
 * caller frees it. False: there are none, and @error says why.
 */
bool rig_recording_symbols(const char *path, struct rig_input *text, char *error);

/*
 * The event of the table (enum rig_event_id) that a recording calls @name: with or without its
 * system, by an older kernel's name, with LTTng's prefix. -1: none.
 */
int rig_recording_event_id(const char *name);

/* Does an event of the table that has the field mean nothing without it? Others differ by kernel.
 */
bool rig_recording_needs(const char *field);

/* How long a decoder may be silent before it counts as stuck; 60000 at first. For fuzzing. */
void rig_recording_set_patience(int milliseconds);

#endif

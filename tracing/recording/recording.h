/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the readers of the formats share. A reader is either a source of events in this process
 * (text), or a producer in a child process, whose events come through a pipe (stream.c).
 */
#ifndef RIG_RECORDING_H
#define RIG_RECORDING_H

#include <kmemrig/recording.h>

#define RIG_RELEASE_SIZE 80

/* An open recording; each reader has one at the start of its own struct. */
struct rig_recording {
	enum rig_recording_status (*next)(struct rig_recording *recording,
					  struct rig_recording_event *event);
	void (*close)(struct rig_recording *recording);
	enum rig_recording_format format;
	char *path; /* for messages */
	int fd;	    /* of the unpacked file; -1: none */
	int cpus;
	char release[RIG_RELEASE_SIZE];
	char error[RIG_RECORDING_ERROR]; /* why it ended */
};

/* How long a decoder may be silent. */
extern int rig_recording_patience_ms;

/* What a reader is opened with. */
struct rig_recording_request {
	const char *path;  /* for messages */
	const char *plain; /* to open: the unpacked file, or a copy made readable */
	bool symbols;	   /* wanted */
	u64 size;	   /* of what is there, where @plain was filled up behind it; 0: all */
};

/* --- sources in this process */

struct rig_recording *rig_text_open(const struct rig_recording_request *request, char *error);
/* @fd is that of request->plain. */
struct rig_recording *rig_perf_open(const struct rig_recording_request *request, int fd,
				    char *error);

/* True: a line of ftrace text with an event. */
bool rig_text_recognizes(const char *line);

/* --- producers in a child process */

struct rig_out;

typedef void rig_recording_produce(struct rig_out *out,
				   const struct rig_recording_request *request);
rig_recording_produce rig_produce_trace_dat;
rig_recording_produce rig_produce_ctf;

/* Announces a class, before its first event; sets its number. */
void rig_out_class(struct rig_out *out, struct rig_recording_class *class);

/* An event as a producer has it: @length bytes at @text are a string field's value. */
struct rig_out_event {
	const struct rig_recording_class *class;
	u64 time_ns, lost, position;
	int cpu, pid;
	const char *comm, *symbol; /* may be NULL */
	u64 number[RIG_MAX_FIELDS];
	const char *text[RIG_MAX_FIELDS];
	size_t length[RIG_MAX_FIELDS];
};

/* False: nobody reads any more; stop. */
bool rig_out_event(struct rig_out *out, const struct rig_out_event *event);

/* Before the first event. */
void rig_out_cpus(struct rig_out *out, int cpus);
void rig_out_release(struct rig_out *out, const char *release);

/* The last thing to say: why the rest can't be read. The first one counts. */
void rig_out_error(struct rig_out *out, const char *format, ...) __printf(2, 3);

/*
 * Starts the producer in a child. @cut: what is known to be missing at the end, or NULL: that is
 * the error when the events that are there have been read, or when the decoder dies.
 */
struct rig_recording *rig_stream_open(rig_recording_produce *produce,
				      const struct rig_recording_request *request,
				      enum rig_recording_format format, const char *cut,
				      char *error);

#endif

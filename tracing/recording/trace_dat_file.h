/* SPDX-License-Identifier: GPL-2.0-only */
/* The container of trace.dat: its own tables of what lies where. */
#ifndef RIG_TRACE_DAT_FILE_H
#define RIG_TRACE_DAT_FILE_H

#include "recording.h"

enum rig_trace_dat_state {
	RIG_TRACE_DAT_WHOLE,
	RIG_TRACE_DAT_CUT,	  /* some of the events are missing: what is there can be read */
	RIG_TRACE_DAT_UNREADABLE, /* what describes the events is missing */
};

/* A place in the file. */
struct rig_trace_dat_part {
	u64 offset, size; /* bytes; size 0: not there */
};

/* A CPU's events. */
struct rig_trace_dat_cpu {
	u32 cpu;
	u64 offset, size;
};

/* Of a CPU's packed pages: a piece that is packed by itself. */
struct rig_trace_dat_chunk {
	u64 offset;   /* in the file, of its header */
	u64 unpacked; /* where its contents begin in the CPU's pages, bytes */
};

/* What the walk along the tables found. */
struct rig_trace_dat_file {
	const char *path; /* for messages */
	int fd;
	u64 size;
	u64 at; /* of the walk */
	int version;
	bool big_endian;
	bool packed; /* the events */
	u32 page_size;
	u32 cpus; /* how many the recorded machine had; 0: not known */
	char compression[16];
	char release[RIG_RELEASE_SIZE];
	char clock[32];
	struct rig_trace_dat_part kallsyms; /* the section's contents */
	bool kallsyms_packed;
	bool buffers;			/* there is a table of the events' places */
	struct rig_trace_dat_cpu *data; /* of the buffer without a name */
	u32 nr_data;
	u64 *busy; /* CPUs that saw events, by their statistics; as many as nr_busy */
	u32 nr_busy, nr_statistics;
	u64 wanted; /* bytes that the tables ask for, where events are missing */
	/* Version 7 without a table of the events' places: */
	u64 first_section; /* behind the header */
	u64 buffer;	   /* the section of events */
	u64 dangling;	   /* where the offset lies that should lead to that table */
	bool cut;	   /* events are missing, what describes them is not */
	bool failed;	   /* unreadable */
	char error[RIG_RECORDING_ERROR];
};

/*
 * Walks the tables of the trace.dat file that is open as @fd; messages call it @path. file->error
 * is set unless the file is whole. End it in any case.
 */
enum rig_trace_dat_state rig_trace_dat_walk(struct rig_trace_dat_file *file, const char *path,
					    int fd);
void rig_trace_dat_end(struct rig_trace_dat_file *file);

/*
 * A copy in memory of a file that was cut off, made readable for the library that decodes it: its
 * descriptor; -1: file->error. Of version 6 the missing end becomes zeroes, which are pages
 * without events; version 7 gets a new table of the CPUs (trace_dat_repair.c).
 */
int rig_trace_dat_repair(struct rig_trace_dat_file *file);

/* A number of @size bytes as the file has it. */
u64 rig_trace_dat_number(const struct rig_trace_dat_file *file, const void *bytes,
			 unsigned int size);

/* @size bytes at @offset. False: they are not there. */
bool rig_trace_dat_read(const struct rig_trace_dat_file *file, u64 offset, void *bytes, u64 size);

/*
 * The whole chunks of the packed pages at @offset, at most @max bytes; the caller frees them. *nr:
 * how many; *end: where they end; *announced: how many there should be. NULL: none.
 */
struct rig_trace_dat_chunk *rig_trace_dat_chunks(const struct rig_trace_dat_file *file, u64 offset,
						 u64 max, u32 *nr, u32 *announced, u64 *end);

#endif

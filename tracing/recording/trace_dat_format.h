/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of trace.dat's formats, from trace-cmd.dat.v7(5). */
#ifndef RIG_TRACE_DAT_FORMAT_H
#define RIG_TRACE_DAT_FORMAT_H

/* Options. */
#define OPTION_DONE 0	 /* version 7: the offset of the next section of options */
#define OPTION_CPUSTAT 2 /* the text of a CPU's stats file */
#define OPTION_BUFFER 3
#define OPTION_TRACECLOCK 4 /* the text of the trace_clock file */
#define OPTION_UNAME 5
#define OPTION_CPUCOUNT 8
/* Options of version 7 whose data is the offset of the section of that number. */
#define OPTION_FIRST_SECTION 16
#define OPTION_LAST_SECTION 21

/* Sections of version 7: u16 number, u16 flags, u32 description, u64 bytes behind this header. */
#define SECTION_OPTIONS 0
#define SECTION_BUFFER 3
#define SECTION_KALLSYMS 19
#define SECTION_COMPRESSED 1
#define SECTION_HEADER 16

/* A packed section and a chunk of packed pages: u32 packed bytes, u32 unpacked bytes, the data. */
#define CHUNK_HEADER 8

#endif

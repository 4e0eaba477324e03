// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace.dat that was cut off, made readable: a copy in memory in which what is missing at the end
 * is filled up.
 *
 * Version 6 says in front where each CPU's events are: zeroes, which are pages without events,
 * stand for the pages that are missing.
 *
 * Version 7 says so at its end, so a new table is made. CPUs follow each other in the section of
 * events, each from a page boundary on:
 *
 *	| header | ... | CPU 0: n, chunk 1, ... chunk n | ... | CPU 1: n, chunk 1, ... cut here
 *
 * Packed pages come in chunks whose number stands in front of a CPU's first: where a CPU ends is
 * certain, and of the last one the whole chunks are kept. Pages that are not packed carry the time
 * of their first event: where time goes back, the next CPU begins. (A CPU whose first event is
 * later than the last page of the CPU before it would be taken for that CPU.) CPUs without events
 * are not in the file; which ones that were is told by their statistics, which trace-cmd writes in
 * front of the events.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace_dat_file.h"
#include "trace_dat_format.h"

#define MAX_RUNS 8192

/* One CPU's events. */
struct run {
	u64 offset, size;
	u32 chunks; /* of packed pages: how many are whole */
};

struct runs {
	struct run of[MAX_RUNS];
	u32 nr;
};

static void put_number(const struct rig_trace_dat_file *file, u8 *at, u64 value, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		at[file->big_endian ? size - 1 - i : i] = (u8)(value >> 8 * i);
}

static u64 page_aligned(const struct rig_trace_dat_file *file, u64 offset)
{
	return (offset + file->page_size - 1) & ~(u64)(file->page_size - 1);
}

/* Where the section of events ends: as it says itself, and not behind the file's end. */
static u64 events_end(const struct rig_trace_dat_file *file)
{
	u64 at = file->buffer + SECTION_HEADER, size;
	u8 bytes[8];

	if (!rig_trace_dat_read(file, file->buffer + 8, bytes, sizeof(bytes)))
		return file->size;
	size = rig_trace_dat_number(file, bytes, sizeof(bytes));
	return size && size < file->size - at ? at + size : file->size;
}

/* Packed pages: each CPU says how many chunks it has. */
static void find_packed(const struct rig_trace_dat_file *file, u64 at, struct runs *runs)
{
	u64 limit = events_end(file);
	u32 nr = 0, announced = 0;
	u64 end;

	do {
		if (at >= limit)
			break;
		free(rig_trace_dat_chunks(file, at, limit - at, &nr, &announced, &end));
		if (nr && runs->nr < MAX_RUNS)
			runs->of[runs->nr++] = (struct run){ at, end - at, nr };
		at = page_aligned(file, end);
	} while (nr && nr == announced);
}

/* Plain pages: a CPU ends where time goes back. */
static void find_plain(const struct rig_trace_dat_file *file, u64 at, struct runs *runs)
{
	u64 previous = ~0ULL, limit = events_end(file), time;
	u8 bytes[8];

	for (; at + file->page_size <= limit; at += file->page_size) {
		if (!rig_trace_dat_read(file, at, bytes, sizeof(bytes)))
			return;
		time = rig_trace_dat_number(file, bytes, sizeof(bytes));
		if (time < previous && runs->nr == MAX_RUNS)
			return;
		if (time < previous)
			runs->of[runs->nr++] = (struct run){ at, 0, 0 };
		runs->of[runs->nr - 1].size += file->page_size;
		previous = time;
	}
}

static u8 *put_option(const struct rig_trace_dat_file *file, u8 *at, u64 id, u64 size)
{
	put_number(file, at, id, 2);
	put_number(file, at + 2, size, 4);
	return at + 6;
}

/* Options that lead to the sections in front, for a file that lacks all options. */
static u8 *put_sections(const struct rig_trace_dat_file *file, u8 *to)
{
	u8 header[SECTION_HEADER];

	for (u64 at = file->first_section; at < file->buffer;) {
		u64 id;

		if (!rig_trace_dat_read(file, at, header, sizeof(header)))
			break;
		id = rig_trace_dat_number(file, header, 2);
		if (id >= OPTION_FIRST_SECTION && id <= OPTION_LAST_SECTION) {
			to = put_option(file, to, id, 8);
			put_number(file, to, at, 8);
			to += 8;
		}
		at += SECTION_HEADER + rig_trace_dat_number(file, header + 8, 8);
	}
	return to;
}

/* The @i-th CPU's number, where it is known: all CPUs are there, or statistics say which ones. */
static bool find_number(const struct rig_trace_dat_file *file, const struct runs *runs, u32 i,
			u64 *number)
{
	*number = i;
	if (runs->nr == file->cpus)
		return true;
	if (!file->cpus || file->nr_statistics != file->cpus || file->nr_busy < runs->nr)
		return false;
	*number = file->busy[i];
	return true;
}

/* The CPUs' places, as the option at the end of a whole file has them. */
static u8 *put_buffer(const struct rig_trace_dat_file *file, u8 *to, const struct runs *runs)
{
	size_t clock = strlen(file->clock) + 1;

	to = put_option(file, to, OPTION_BUFFER, 8 + 1 + clock + 8 + runs->nr * 20ull);
	put_number(file, to, file->buffer, 8);
	to[8] = '\0'; /* the buffer has no name */
	memcpy(to + 9, file->clock, clock);
	to += 9 + clock;
	put_number(file, to, file->page_size, 4);
	put_number(file, to + 4, runs->nr, 4);
	to += 8;
	for (u32 i = 0; i < runs->nr; i++, to += 20) {
		u64 cpu;

		find_number(file, runs, i, &cpu);
		put_number(file, to, cpu, 4);
		put_number(file, to + 4, runs->of[i].offset, 8);
		put_number(file, to + 12, runs->of[i].size, 8);
	}
	return to;
}

static bool write_at(int copy, u64 offset, const void *bytes, size_t size)
{
	return pwrite(copy, bytes, size, (off_t)offset) == (ssize_t)size;
}

/* The new table of options at the copy's end, the offset that leads there, and what they need. */
static bool put_table(const struct rig_trace_dat_file *file, int copy, const struct runs *runs)
{
	size_t room = 4096 + MAX_RUNS * 20;
	u8 *table = calloc(1, room), *to = table + SECTION_HEADER, number[8];
	u64 end = page_aligned(file, file->size);
	bool good = table != NULL;

	if (!good)
		return false;
	/* the header's own offset is the dangling one: no options are there */
	if (file->dangling + 8 == file->first_section)
		to = put_sections(file, to);
	to = put_buffer(file, to, runs);
	to = put_option(file, to, OPTION_DONE, 8) + 8;
	put_number(file, table, SECTION_OPTIONS, 2);
	put_number(file, table + 8, (u64)(to - table) - SECTION_HEADER, 8);
	good = write_at(copy, end, table, (size_t)(to - table));
	put_number(file, number, end, 8);
	good = good && write_at(copy, file->dangling, number, 8);
	put_number(file, number, end - file->buffer - SECTION_HEADER, 8);
	good = good && write_at(copy, file->buffer + 8, number, 8);
	for (u32 i = 0; i < runs->nr && good && file->packed; i++) {
		put_number(file, number, runs->of[i].chunks, 4);
		good = write_at(copy, runs->of[i].offset, number, 4);
	}
	free(table);
	return good;
}

static void say_how(struct rig_trace_dat_file *file, const struct runs *runs)
{
	size_t used = strlen(file->error);
	u64 cpu;

	snprintf(file->error + used, sizeof(file->error) - used,
		 "; without its table at the end, %u CPU%s told apart by the %s of %s pages%s",
		 runs->nr, runs->nr == 1 ? " is" : "s are", file->packed ? "counts" : "times",
		 runs->nr == 1 ? "its" : "their",
		 find_number(file, runs, 0, &cpu) ? "" : " and numbered from 0");
}

static bool repair_version_7(struct rig_trace_dat_file *file, int copy)
{
	u64 first = page_aligned(file, file->buffer + SECTION_HEADER);
	struct runs *runs = calloc(1, sizeof(*runs));
	bool good;

	if (!runs)
		return false;
	if (file->packed)
		find_packed(file, first, runs);
	else
		find_plain(file, first, runs);
	good = runs->nr && put_table(file, copy, runs);
	if (good)
		say_how(file, runs);
	free(runs);
	return good;
}

/* The last page is not whole: without its end it would be read as events of zeroes. */
static bool fill_up(const struct rig_trace_dat_file *file, int copy)
{
	u64 whole = file->size & ~(u64)(file->page_size - 1);

	return !ftruncate(copy, (off_t)whole) && !ftruncate(copy, (off_t)file->wanted);
}

static int copy_of(const struct rig_trace_dat_file *file)
{
	int copy = memfd_create("kmemrig-trace.dat", MFD_CLOEXEC);
	size_t room = 1 << 20;
	char *block = malloc(room);
	bool good = copy >= 0 && block;

	for (u64 at = 0; good && at < file->size;) {
		size_t part = file->size - at < room ? (size_t)(file->size - at) : room;

		good = rig_trace_dat_read(file, at, block, part) && write_at(copy, at, block, part);
		at += part;
	}
	free(block);
	if (!good && copy >= 0)
		close(copy);
	return good ? copy : -1;
}

int rig_trace_dat_repair(struct rig_trace_dat_file *file)
{
	int copy = copy_of(file);
	bool good = copy >= 0;

	if (!good)
		snprintf(file->error, sizeof(file->error), "%s: no host memory for a copy",
			 file->path);
	else if (file->wanted)
		good = fill_up(file, copy);
	else
		good = repair_version_7(file, copy);
	if (!good && copy >= 0)
		close(copy);
	return good ? copy : -1;
}

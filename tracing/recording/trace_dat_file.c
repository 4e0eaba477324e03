// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a trace.dat file whole? libtracecmd believes the file's own tables of offsets; here they are
 * walked first, so that a file that ends early is named with the byte where something is missing.
 * Formats 6 (all metadata first, then a table of the CPUs' data) and 7 (sections, found through
 * lists of options), see trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5).
 *
 * trace-cmd record writes version 7 in this order: sections that describe events, symbols and
 * tasks; options that lead to them; the events; options that lead to the events; strings. A file
 * that was cut off lacks the last two.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_dat_file.h"
#include "trace_dat_format.h"

#define MAX_SECTIONS 1000
#define MAX_FILE (1ULL << 40)
#define MAX_CPUS 65536

static void missing(struct rig_trace_dat_file *file, u64 end, const char *what)
{
	if (!file->failed && !file->cut)
		snprintf(file->error, RIG_RECORDING_ERROR,
			 "%s: byte %llu: the file ends inside %s "
			 "(it should reach byte %llu)",
			 file->path, (unsigned long long)file->size, what, (unsigned long long)end);
}

static void wrong(struct rig_trace_dat_file *file, const char *what)
{
	if (!file->failed)
		snprintf(file->error, RIG_RECORDING_ERROR, "%s: byte %llu: %s", file->path,
			 (unsigned long long)file->at, what);
	file->failed = true;
}

static void skip(struct rig_trace_dat_file *file, u64 size, const char *what)
{
	if (file->failed)
		return;
	if (size > file->size - file->at) {
		missing(file, size > UINT64_MAX - file->at ? UINT64_MAX : file->at + size, what);
		file->failed = true;
		return;
	}
	file->at += size;
}

static void read_bytes(struct rig_trace_dat_file *file, void *bytes, size_t size, const char *what)
{
	u64 at = file->at;

	memset(bytes, 0, size);
	skip(file, size, what);
	if (!file->failed && pread(file->fd, bytes, size, (off_t)at) != (ssize_t)size)
		wrong(file, "read error");
}

u64 rig_trace_dat_number(const struct rig_trace_dat_file *file, const void *bytes,
			 unsigned int size)
{
	const u8 *at = bytes;
	u64 value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (u64)at[i] << 8 * (file->big_endian ? size - 1 - i : i);
	return value;
}

bool rig_trace_dat_read(const struct rig_trace_dat_file *file, u64 offset, void *bytes, u64 size)
{
	return offset <= file->size && size <= file->size - offset &&
	       pread(file->fd, bytes, size, (off_t)offset) == (ssize_t)size;
}

static u64 read_number(struct rig_trace_dat_file *file, unsigned int size, const char *what)
{
	u8 bytes[8];

	read_bytes(file, bytes, size, what);
	return rig_trace_dat_number(file, bytes, size);
}

/* A string with its NUL, up to @size - 1 characters. */
static void read_string(struct rig_trace_dat_file *file, char *string, size_t size,
			const char *what)
{
	size_t used = 0;
	char c = 'x';

	while (!file->failed && c) {
		read_bytes(file, &c, 1, what);
		if (used + 1 < size)
			string[used++] = c;
		else if (c)
			wrong(file, what);
	}
	string[used] = '\0';
}

static void expect(struct rig_trace_dat_file *file, const char *text, size_t size, const char *what)
{
	char bytes[16];

	read_bytes(file, bytes, size, what);
	if (!file->failed && memcmp(bytes, text, size)) {
		file->at -= size;
		wrong(file, what);
	}
}

/* One more CPU's place of events. */
static void add_data(struct rig_trace_dat_file *file, u64 cpu, u64 offset, u64 size)
{
	if (file->failed)
		return;
	if (!(file->nr_data & (file->nr_data - 1))) {
		u32 room = file->nr_data ? file->nr_data * 2 : 8;
		void *data = realloc(file->data, room * sizeof(*file->data));

		if (!data || file->nr_data == MAX_CPUS) {
			free(data ? NULL : file->data);
			file->data = data;
			wrong(file, "more CPUs than a machine has");
			return;
		}
		file->data = data;
	}
	file->data[file->nr_data++] = (struct rig_trace_dat_cpu){ (u32)cpu, offset, size };
}

/* Is [offset, offset + size) in the file? */
static void check_data(struct rig_trace_dat_file *file, u64 offset, u64 size)
{
	if (file->failed || (offset <= file->size && size <= file->size - offset))
		return;
	if (offset > MAX_FILE || size > MAX_FILE) {
		wrong(file, "a place of events that no file has");
		return;
	}
	missing(file, offset + size, "the events");
	file->cut = true;
	if (offset + size > file->wanted)
		file->wanted = offset + size;
}

static void check_section(struct rig_trace_dat_file *file, u64 number, u64 offset)
{
	u64 size, flags;

	if (file->failed)
		return;
	if (offset > file->size) {
		missing(file, offset, "its sections");
		file->failed = true;
		return;
	}
	file->at = offset + 2;
	flags = read_number(file, 2, "a section's header");
	read_number(file, 4, "a section's header");
	size = read_number(file, 8, "a section's header");
	if (number == SECTION_KALLSYMS) {
		file->kallsyms = (struct rig_trace_dat_part){ file->at, size };
		file->kallsyms_packed = flags & SECTION_COMPRESSED;
	}
	skip(file, size, "a section");
}

/* The start of an option's text. */
static void read_text(struct rig_trace_dat_file *file, u64 length, char *text, size_t size)
{
	memset(text, 0, size);
	read_bytes(file, text, length < size - 1 ? (size_t)length : size - 1, "its options");
}

/* "Linux HOST 6.1.0-56-amd64 ...": the third word. */
static void read_uname(struct rig_trace_dat_file *file, u64 length)
{
	char text[256];

	read_text(file, length, text, sizeof(text));
	if (sscanf(text, "%*s %*s %79s", file->release) != 1)
		file->release[0] = '\0';
}

/* "local [mono] ...": the clock in brackets. */
static void read_clock(struct rig_trace_dat_file *file, u64 length)
{
	char text[256];

	read_text(file, length, text, sizeof(text));
	if (sscanf(text, "%*[^[][%31[^]]", file->clock) != 1 &&
	    sscanf(text, "[%31[^]]", file->clock) != 1)
		file->clock[0] = '\0';
}

/* "CPU: 3", "entries: 0", ... "read events: 1234": did that CPU see events? */
static void read_statistics(struct rig_trace_dat_file *file, u64 length)
{
	static const char *const counts[] = { "\nentries: ", "\nread events: " };
	unsigned long long cpu, events = 0;
	char text[512];
	u64 *busy;

	read_text(file, length, text, sizeof(text));
	if (file->failed || sscanf(text, "CPU: %llu", &cpu) != 1)
		return;
	for (size_t i = 0; i < 2; i++) {
		const char *count = strstr(text, counts[i]);

		events |= count ? strtoull(count + strlen(counts[i]), NULL, 10) : 0;
	}
	file->nr_statistics++;
	if (!events || file->nr_busy == MAX_CPUS)
		return;
	busy = realloc(file->busy, (file->nr_busy + 1) * sizeof(*busy));
	if (!busy)
		return;
	file->busy = busy;
	busy[file->nr_busy++] = cpu;
}

/* The CPUs of a buffer, from its option. The one without a name is the one that is read. */
static void check_buffer(struct rig_trace_dat_file *file)
{
	char name[256], text[256];
	u64 cpus;

	read_number(file, 8, "a buffer's description");
	read_string(file, name, sizeof(name), "a buffer's name");
	read_string(file, text, sizeof(text), "a buffer's clock");
	read_number(file, 4, "a buffer's description");
	cpus = read_number(file, 4, "a buffer's description");
	file->buffers = true;
	for (u64 i = 0; i < cpus && !file->failed; i++) {
		u64 cpu, offset, size;

		cpu = read_number(file, 4, "a buffer's description");
		offset = read_number(file, 8, "a buffer's description");
		size = read_number(file, 8, "a buffer's description");
		if (!name[0])
			add_data(file, cpu, offset, size);
		check_data(file, offset, size);
	}
}

static void take_option(struct rig_trace_dat_file *file, u64 id, u64 length)
{
	if (id == OPTION_BUFFER)
		check_buffer(file);
	else if (id == OPTION_UNAME)
		read_uname(file, length);
	else if (id == OPTION_TRACECLOCK)
		read_clock(file, length);
	else if (id == OPTION_CPUSTAT)
		read_statistics(file, length);
	else if (id == OPTION_CPUCOUNT && length >= 4)
		file->cpus = (u32)read_number(file, 4, "its options");
	else if (id >= OPTION_FIRST_SECTION && id <= OPTION_LAST_SECTION && length >= 8)
		check_section(file, id, read_number(file, 8, "an option"));
}

/* One options section; returns the offset of the next, 0: none. */
static u64 check_options(struct rig_trace_dat_file *file, u64 offset, u64 *link)
{
	u64 flags, end, size, next = 0;

	file->at = offset;
	if (read_number(file, 2, "its options") != SECTION_OPTIONS)
		wrong(file, "no section of options here");
	flags = read_number(file, 2, "its options");
	read_number(file, 4, "its options");
	size = read_number(file, 8, "its options");
	/* packed options are the library's to read; they may hold anything */
	if (file->failed || flags & SECTION_COMPRESSED) {
		skip(file, size, "its options");
		file->buffers = true;
		return 0;
	}
	end = file->at + size;
	while (!file->failed && file->at < end) {
		u64 id = read_number(file, 2, "an option");
		u64 length = read_number(file, 4, "an option");
		u64 at = file->at;

		if (id == OPTION_DONE) {
			*link = at;
			next = length >= 8 ? read_number(file, 8, "an option") : 0;
			break;
		}
		take_option(file, id, length);
		if (file->failed)
			break;
		file->at = at;
		skip(file, length, "an option");
	}
	return next;
}

/* Where the first section of events begins, from the front: sections follow each other. 0: none. */
static u64 find_buffer(const struct rig_trace_dat_file *file, u64 at)
{
	u8 header[SECTION_HEADER];

	for (int i = 0; i < MAX_SECTIONS && rig_trace_dat_read(file, at, header, sizeof(header));
	     i++) {
		u64 size = rig_trace_dat_number(file, header + 8, 8);

		if (rig_trace_dat_number(file, header, 2) == SECTION_BUFFER)
			return at;
		if (size > file->size - at - SECTION_HEADER)
			break;
		at += SECTION_HEADER + size;
	}
	return 0;
}

/* The table of the events' places is not there: are the events? */
static void check_buffer_section(struct rig_trace_dat_file *file, u64 link, u64 wanted)
{
	file->buffer = find_buffer(file, file->first_section);
	if (!file->buffer && !wanted)
		return; /* a file without events */
	if (wanted)
		missing(file, wanted, file->buffer ? "the events" : "what describes the events");
	else
		snprintf(file->error, RIG_RECORDING_ERROR,
			 "%s: byte %llu: the file was not finished: no table of its events",
			 file->path, (unsigned long long)file->size);
	file->dangling = link;
	file->cut = file->buffer != 0;
	file->failed = !file->cut;
}

/* Where the section at @at ends, or its header where that is not there. */
static u64 section_end(const struct rig_trace_dat_file *file, u64 at)
{
	u8 header[SECTION_HEADER];
	u64 size;

	if (at > MAX_FILE)
		return MAX_FILE;
	if (!rig_trace_dat_read(file, at, header, sizeof(header)))
		return at + SECTION_HEADER;
	size = rig_trace_dat_number(file, header + 8, 8);
	return at + SECTION_HEADER + (size < MAX_FILE ? size : MAX_FILE);
}

static void check_version_7(struct rig_trace_dat_file *file)
{
	char text[64];
	u64 options, link, wanted = 0;

	read_string(file, file->compression, sizeof(file->compression),
		    "the name of a compression");
	read_string(file, text, sizeof(text), "the version of a compression");
	file->packed = strcmp(file->compression, "none") != 0;
	link = file->at;
	options = read_number(file, 8, "its header");
	file->first_section = file->at;
	for (int i = 0; options && !file->failed && !wanted; i++) {
		if (i == MAX_SECTIONS)
			wrong(file, "options without an end");
		else if (section_end(file, options) > file->size)
			wanted = section_end(file, options);
		else
			options = check_options(file, options, &link);
	}
	if (!file->failed && !file->buffers)
		check_buffer_section(file, link, wanted);
}

static void check_version_6(struct rig_trace_dat_file *file)
{
	u64 nr, cpus;
	char text[256];

	expect(file, "header_page", 12, "no 'header_page' here");
	skip(file, read_number(file, 8, "its header"), "the page header's format");
	expect(file, "header_event", 13, "no 'header_event' here");
	skip(file, read_number(file, 8, "its header"), "the event header's format");
	nr = read_number(file, 4, "its header");
	for (u64 i = 0; i < nr && !file->failed; i++)
		skip(file, read_number(file, 8, "ftrace's events"), "ftrace's events");
	nr = read_number(file, 4, "its header");
	for (u64 i = 0; i < nr && !file->failed; i++) {
		u64 events;

		read_string(file, text, sizeof(text), "an event system's name");
		events = read_number(file, 4, "the formats of events");
		for (u64 j = 0; j < events && !file->failed; j++)
			skip(file, read_number(file, 8, "the formats of events"),
			     "the formats of events");
	}
	file->kallsyms.size = read_number(file, 4, "its header");
	file->kallsyms.offset = file->at;
	skip(file, file->kallsyms.size, "the symbols");
	skip(file, read_number(file, 4, "its header"), "the printk formats");
	skip(file, read_number(file, 8, "its header"), "the command names");
	cpus = read_number(file, 4, "its header");
	file->cpus = (u32)cpus;
	read_bytes(file, text, 10, "its header");
	if (!file->failed && !memcmp(text, "options  ", 10)) {
		for (;;) {
			u64 id = read_number(file, 2, "its options"), at, length;

			if (file->failed || id == OPTION_DONE)
				break;
			length = read_number(file, 4, "its options");
			at = file->at;
			if (id == OPTION_UNAME)
				read_uname(file, length);
			file->at = at;
			skip(file, length, "its options");
		}
		read_bytes(file, text, 10, "its header");
	}
	if (file->failed || memcmp(text, "flyrecord", 10))
		return;
	for (u64 cpu = 0; cpu < cpus && !file->failed; cpu++) {
		u64 offset = read_number(file, 8, "the table of CPUs");
		u64 size = read_number(file, 8, "the table of CPUs");

		add_data(file, cpu, offset, size);
		check_data(file, offset, size);
	}
}

enum rig_trace_dat_state rig_trace_dat_walk(struct rig_trace_dat_file *file, const char *path,
					    int fd)
{
	struct stat about;
	char text[16];

	*file = (struct rig_trace_dat_file){ .path = path, .fd = fd };
	if (fstat(fd, &about)) {
		snprintf(file->error, RIG_RECORDING_ERROR, "%s: can't be read", path);
		return RIG_TRACE_DAT_UNREADABLE;
	}
	file->size = (u64)about.st_size;
	skip(file, 10, "its header");
	read_string(file, text, sizeof(text), "its version");
	file->big_endian = read_number(file, 1, "its header") == 1;
	skip(file, 1, "its header");
	file->page_size = (u32)read_number(file, 4, "its header");
	file->version = atoi(text);
	if (!file->failed && (file->page_size < 1024 || file->page_size & (file->page_size - 1)))
		wrong(file, "its page size is none");
	if (!file->failed && !strcmp(text, "7"))
		check_version_7(file);
	else if (!file->failed && !strcmp(text, "6"))
		check_version_6(file);
	else
		wrong(file, "trace.dat of an unknown version: 6 and 7 are known");
	return file->failed ? RIG_TRACE_DAT_UNREADABLE
	       : file->cut  ? RIG_TRACE_DAT_CUT
			    : RIG_TRACE_DAT_WHOLE;
}

void rig_trace_dat_end(struct rig_trace_dat_file *file)
{
	free(file->data);
	free(file->busy);
}

struct rig_trace_dat_chunk *rig_trace_dat_chunks(const struct rig_trace_dat_file *file, u64 offset,
						 u64 max, u32 *nr, u32 *announced, u64 *end)
{
	struct rig_trace_dat_chunk *chunks = NULL;
	u64 limit, unpacked = 0;
	u8 bytes[CHUNK_HEADER];

	*nr = *announced = 0;
	*end = offset;
	if (!rig_trace_dat_read(file, offset, bytes, 4))
		return NULL;
	limit = max > file->size - offset ? file->size : offset + max;
	*announced = (u32)rig_trace_dat_number(file, bytes, 4);
	*end = offset + 4;
	while (*nr < *announced && rig_trace_dat_read(file, *end, bytes, CHUNK_HEADER)) {
		u64 packed = rig_trace_dat_number(file, bytes, 4);
		u64 contents = rig_trace_dat_number(file, bytes + 4, 4);
		void *more;

		if (*end + CHUNK_HEADER > limit || packed > limit - *end - CHUNK_HEADER ||
		    !packed || !contents || contents % file->page_size)
			break;
		if (!(*nr & (*nr - 1))) {
			more = realloc(chunks, (*nr ? *nr * 2 : 16) * sizeof(*chunks));
			if (!more)
				break;
			chunks = more;
		}
		chunks[(*nr)++] = (struct rig_trace_dat_chunk){ *end, unpacked };
		unpacked += contents;
		*end += CHUNK_HEADER + packed;
	}
	return chunks;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a trace.dat file whole? libtracecmd believes the file's own tables of offsets; here they are
 * walked first, so that a file that ends early is named with the byte where something is missing.
 * Formats 6 (all metadata first, then a table of the CPUs' data) and 7 (sections, found through
 * lists of options), see trace-cmd.dat(5).
 */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

#define MAX_SECTIONS 1000
#define MAX_FILE (1ULL << 40)
#define OPTION_DONE 0
#define OPTION_UNAME 5
#define OPTION_BUFFER 3
/* Options of version 7 whose data is the offset of a section. */
#define OPTION_FIRST_SECTION 16
#define OPTION_LAST_SECTION 21
#define SECTION_COMPRESSED 1
#define SECTION_HEADER 16

struct file {
	const char *path;
	int fd;
	u64 size;
	u64 at;
	u64 wanted;
	char release[RIG_RELEASE_SIZE];
	bool big_endian;
	bool cut;    /* data is missing, metadata is not */
	bool failed; /* unreadable */
	char *error;
};

static void missing(struct file *file, u64 end, const char *what)
{
	if (!file->failed && !file->cut)
		snprintf(file->error, RIG_TRACE_ERROR,
			 "%s: byte %llu: the file ends inside %s "
			 "(it should reach byte %llu)",
			 file->path, (unsigned long long)file->size, what, (unsigned long long)end);
}

static void wrong(struct file *file, const char *what)
{
	if (!file->failed)
		snprintf(file->error, RIG_TRACE_ERROR, "%s: byte %llu: %s", file->path,
			 (unsigned long long)file->at, what);
	file->failed = true;
}

static void skip(struct file *file, u64 size, const char *what)
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

static void read_bytes(struct file *file, void *bytes, size_t size, const char *what)
{
	u64 at = file->at;

	memset(bytes, 0, size);
	skip(file, size, what);
	if (!file->failed && pread(file->fd, bytes, size, (off_t)at) != (ssize_t)size)
		wrong(file, "read error");
}

static u64 read_number(struct file *file, unsigned int size, const char *what)
{
	u8 bytes[8];
	u64 value = 0;

	read_bytes(file, bytes, size, what);
	for (unsigned int i = 0; i < size; i++)
		value |= (u64)bytes[i] << 8 * (file->big_endian ? size - 1 - i : i);
	return value;
}

/* A string with its NUL, up to @size - 1 characters. */
static void read_string(struct file *file, char *string, size_t size, const char *what)
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

static void expect(struct file *file, const char *text, size_t size, const char *what)
{
	char bytes[16];

	read_bytes(file, bytes, size, what);
	if (!file->failed && memcmp(bytes, text, size)) {
		file->at -= size;
		wrong(file, what);
	}
}

/* Is [offset, offset + size) in the file? */
static void check_data(struct file *file, u64 offset, u64 size)
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

static void check_section(struct file *file, u64 offset)
{
	u64 size;

	if (file->failed)
		return;
	if (offset > file->size) {
		missing(file, offset, "its sections");
		file->failed = true;
		return;
	}
	file->at = offset + 8;
	size = read_number(file, 8, "a section's header");
	skip(file, size, "a section");
}

/* "Linux HOST 6.1.0-56-amd64 ...": the third word. */
static void read_uname(struct file *file, u64 length)
{
	char text[256] = "";
	size_t size = length < sizeof(text) - 1 ? (size_t)length : sizeof(text) - 1;

	read_bytes(file, text, size, "the kernel's name");
	if (sscanf(text, "%*s %*s %79s", file->release) != 1)
		file->release[0] = '\0';
}

/* The CPUs of a buffer, from its option. */
static void check_buffer(struct file *file)
{
	char text[256];
	u64 cpus;

	read_number(file, 8, "a buffer's description");
	read_string(file, text, sizeof(text), "a buffer's name");
	read_string(file, text, sizeof(text), "a buffer's clock");
	read_number(file, 4, "a buffer's description");
	cpus = read_number(file, 4, "a buffer's description");
	for (u64 cpu = 0; cpu < cpus && !file->failed; cpu++) {
		u64 offset, size;

		read_number(file, 4, "a buffer's description");
		offset = read_number(file, 8, "a buffer's description");
		size = read_number(file, 8, "a buffer's description");
		check_data(file, offset, size);
	}
}

/* One options section; returns the offset of the next, 0: none. */
static u64 check_options(struct file *file, u64 offset)
{
	u64 flags, end, size, next = 0;

	file->at = offset;
	if (offset >= file->size) {
		missing(file, offset + SECTION_HEADER, "its sections");
		file->failed = true;
		return 0;
	}
	if (read_number(file, 2, "its options") != 0)
		wrong(file, "no section of options here");
	flags = read_number(file, 2, "its options");
	read_number(file, 4, "its options");
	size = read_number(file, 8, "its options");
	/* packed options are the library's to read */
	if (file->failed || flags & SECTION_COMPRESSED) {
		skip(file, size, "its options");
		return 0;
	}
	end = file->at + size;
	while (!file->failed && file->at < end) {
		u64 id = read_number(file, 2, "an option");
		u64 length = read_number(file, 4, "an option");
		u64 at = file->at;

		if (id == OPTION_DONE) {
			next = length >= 8 ? read_number(file, 8, "an option") : 0;
			break;
		}
		if (id == OPTION_BUFFER)
			check_buffer(file);
		else if (id == OPTION_UNAME)
			read_uname(file, length);
		else if (id >= OPTION_FIRST_SECTION && id <= OPTION_LAST_SECTION && length >= 8)
			check_section(file, read_number(file, 8, "an option"));
		if (file->failed)
			break;
		file->at = at;
		skip(file, length, "an option");
	}
	return next;
}

static void check_version_7(struct file *file)
{
	char text[64];
	u64 options;

	read_string(file, text, sizeof(text), "the name of a compression");
	read_string(file, text, sizeof(text), "the version of a compression");
	options = read_number(file, 8, "its header");
	for (int i = 0; options && !file->failed; i++) {
		if (i == MAX_SECTIONS)
			wrong(file, "options without an end");
		else
			options = check_options(file, options);
	}
}

static void check_version_6(struct file *file)
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
	skip(file, read_number(file, 4, "its header"), "the symbols");
	skip(file, read_number(file, 4, "its header"), "the printk formats");
	skip(file, read_number(file, 8, "its header"), "the command names");
	cpus = read_number(file, 4, "its header");
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

		check_data(file, offset, read_number(file, 8, "the table of CPUs"));
	}
}

/* Walks the file's tables. False: it can't be opened. */
static bool walk(struct file *file, const char *plain)
{
	struct stat about;
	char text[16];

	file->fd = open(plain, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &about)) {
		snprintf(file->error, RIG_TRACE_ERROR, "%s: can't be opened", file->path);
		if (file->fd >= 0)
			close(file->fd);
		return false;
	}
	file->size = (u64)about.st_size;
	skip(file, 10, "its header");
	read_string(file, text, sizeof(text), "its version");
	file->big_endian = read_number(file, 1, "its header") == 1;
	skip(file, 5, "its header");
	if (!file->failed && !strcmp(text, "7"))
		check_version_7(file);
	else if (!file->failed && !strcmp(text, "6"))
		check_version_6(file);
	else
		wrong(file, "trace.dat of an unknown version: 6 and 7 are known");
	close(file->fd);
	return true;
}

enum rig_tracedat_state rig_tracedat_check(const char *path, const char *plain, u64 *wanted,
					   char *error)
{
	struct file file = { .path = path, .error = error };

	*wanted = 0;
	if (!walk(&file, plain))
		return RIG_TRACEDAT_UNREADABLE;
	*wanted = file.wanted;
	return file.failed ? RIG_TRACEDAT_UNREADABLE
	       : file.cut  ? RIG_TRACEDAT_CUT
			   : RIG_TRACEDAT_WHOLE;
}

void rig_tracedat_release(const char *plain, char *release)
{
	char error[RIG_TRACE_ERROR];
	struct file file = { .path = plain, .error = error };

	*release = '\0';
	if (walk(&file, plain))
		strcpy(release, file.release);
}

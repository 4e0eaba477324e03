// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace as a stream: a child process runs the format's reader and sends the events through a
 * pipe. The libraries that decode traces may abort on a broken file; then the stream ends where
 * they got to, with an error, and the parent goes on.
 *
 * Wire: struct message, then its strings, each with its NUL.
 */
#include <kmemrig/gfp_table.h>
#include <kmemrig/input.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader.h"

#define PIPE_BUFFER (1u << 18)
#define MAX_STRINGS 4096
#define PATIENCE_MS 60000

enum message_kind {
	MESSAGE_EVENT,
	MESSAGE_CPUS,
	MESSAGE_RELEASE,
	MESSAGE_ERROR,
	MESSAGE_END,
};

struct message {
	u32 kind;
	u32 strings; /* bytes behind this */
	s32 id;
	s32 cpus;
	bool has_text;
	bool has_symbol;
	u64 position;
	u64 lost_before;
	struct rig_event event;
};

/* The child's side. */

struct rig_trace_out {
	int fd;
	size_t used;
	bool broken;	 /* nobody reads */
	bool said_error; /* the stream ends with it */
	char buffer[PIPE_BUFFER];
};

static void flush(struct rig_trace_out *out)
{
	size_t done = 0;

	while (done < out->used && !out->broken) {
		ssize_t wrote = write(out->fd, out->buffer + done, out->used - done);

		if (wrote > 0)
			done += (size_t)wrote;
		else if (wrote < 0 && errno != EINTR)
			out->broken = true;
	}
	out->used = 0;
}

static void put_bytes(struct rig_trace_out *out, const void *bytes, size_t size)
{
	if (out->used + size > sizeof(out->buffer))
		flush(out);
	memcpy(out->buffer + out->used, bytes, size);
	out->used += size;
}

/* Copies a string with its NUL, cut where the room ends; NULL is an empty one. */
static size_t pack(char *strings, size_t used, const char *string)
{
	size_t length = string ? strnlen(string, 1000) : 0;

	memcpy(strings + used, string ? string : "", length);
	strings[used + length] = '\0';
	return used + length + 1;
}

bool rig_trace_put(struct rig_trace_out *out, const struct rig_trace_event *event)
{
	struct message message = { .kind = MESSAGE_EVENT,
				   .id = event->id,
				   .has_text = event->text,
				   .has_symbol = event->symbol,
				   .position = event->position,
				   .lost_before = event->lost_before,
				   .event = event->event };
	char strings[MAX_STRINGS];
	size_t used = 0;

	/* a borrowed pointer means nothing to the reader; it is set again there */
	message.event.comm = NULL;
	used = pack(strings, used, event->name);
	used = pack(strings, used, event->event.comm);
	if (event->text)
		used = pack(strings, used, event->text);
	if (event->symbol)
		used = pack(strings, used, event->symbol);
	if (event->id == RIG_EVENT_kmem_cache_free) {
		used = pack(strings, used, event->event.kmem_cache_free.name);
		message.event.kmem_cache_free.name = NULL;
	}
	message.strings = (u32)used;
	put_bytes(out, &message, sizeof(message));
	put_bytes(out, strings, used);
	return !out->broken;
}

void rig_trace_put_cpus(struct rig_trace_out *out, int cpus)
{
	struct message message = { .kind = MESSAGE_CPUS, .cpus = cpus };

	put_bytes(out, &message, sizeof(message));
}

void rig_trace_put_release(struct rig_trace_out *out, const char *release)
{
	struct message message = { .kind = MESSAGE_RELEASE };
	char text[RIG_RELEASE_SIZE];

	snprintf(text, sizeof(text), "%s", release);
	message.strings = (u32)strlen(text) + 1;
	put_bytes(out, &message, sizeof(message));
	put_bytes(out, text, message.strings);
}

void rig_trace_put_error(struct rig_trace_out *out, const char *format, ...)
{
	struct message message = { .kind = MESSAGE_ERROR };
	char text[RIG_TRACE_ERROR];
	va_list list;

	if (out->said_error)
		return;
	out->said_error = true;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	message.strings = (u32)strlen(text) + 1;
	put_bytes(out, &message, sizeof(message));
	put_bytes(out, text, message.strings);
}

static void __attribute__((noreturn))
run_child(int fd, rig_trace_produce *produce, const char *path, const char *plain)
{
	struct rig_trace_out *out = calloc(1, sizeof(*out));
	struct message end = { .kind = MESSAGE_END };
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	/* the libraries print about broken files on their own; what is to be said comes from us */
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	if (!out)
		_exit(1);
	out->fd = fd;
	produce(path, plain, out);
	put_bytes(out, &end, sizeof(end));
	flush(out);
	_exit(0);
}

/* The parent's side. */

struct rig_trace_reader {
	int fd;
	pid_t child;
	char *path;
	char *buffer;
	size_t start, end; /* what is in the buffer and not yet read */
	bool ended;
	int cpus;
	const struct rig_gfp_table *gfp; /* of the traced kernel; NULL: not known */
	u64 events;
	u64 last_position;
	enum rig_trace_format format;
	bool have_first; /* a message was read ahead at open */
	struct message message;
	char strings[MAX_STRINGS];
	char cut[RIG_TRACE_ERROR];   /* what is known to be missing at the end */
	char error[RIG_TRACE_ERROR]; /* why the stream ended */
};

/* Exactly @size bytes of the stream. */
static bool get_bytes(struct rig_trace_reader *reader, void *bytes, size_t size)
{
	struct pollfd ready = { .fd = reader->fd, .events = POLLIN };
	char *to = bytes;

	while (size) {
		size_t have = reader->end - reader->start;
		size_t part = have < size ? have : size;
		ssize_t got;

		memcpy(to, reader->buffer + reader->start, part);
		reader->start += part;
		to += part;
		size -= part;
		if (!size)
			break;
		/* decoders were seen to turn in circles on broken input */
		if (poll(&ready, 1, PATIENCE_MS) <= 0)
			return false;
		do
			got = read(reader->fd, reader->buffer, PIPE_BUFFER);
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return false;
		reader->start = 0;
		reader->end = (size_t)got;
	}
	return true;
}

static bool get_message(struct rig_trace_reader *reader)
{
	return get_bytes(reader, &reader->message, sizeof(reader->message)) &&
	       reader->message.strings <= sizeof(reader->strings) &&
	       get_bytes(reader, reader->strings, reader->message.strings);
}

static void reap(struct rig_trace_reader *reader, bool kill_it)
{
	int status;

	if (reader->child <= 0)
		return;
	if (kill_it)
		kill(reader->child, SIGKILL);
	while (waitpid(reader->child, &status, 0) < 0 && errno == EINTR)
		;
	reader->child = 0;
}

/* The child ended without saying so: the library that decodes the format gave up. */
static void say_died(struct rig_trace_reader *reader)
{
	const char *unit = reader->format == RIG_TRACE_TEXT ? "line" : "byte";

	if (reader->cut[0])
		memcpy(reader->error, reader->cut, sizeof(reader->error));
	else if (reader->last_position)
		snprintf(reader->error, sizeof(reader->error),
			 "%s: corrupt after event %llu, %s %llu: its decoder failed there",
			 reader->path, (unsigned long long)reader->events, unit,
			 (unsigned long long)reader->last_position);
	else
		snprintf(reader->error, sizeof(reader->error),
			 "%s: corrupt after event %llu: its decoder failed there", reader->path,
			 (unsigned long long)reader->events);
}

static enum rig_trace_status end_with(struct rig_trace_reader *reader, enum rig_trace_status status)
{
	reader->ended = true;
	reap(reader, status == RIG_TRACE_BROKEN);
	return status;
}

static const char *unpack(const char **strings, const char *end)
{
	const char *string = *strings;

	if (string >= end)
		return "";
	*strings = string + strlen(string) + 1;
	return string;
}

static void take_event(struct rig_trace_reader *reader, struct rig_trace_event *event)
{
	const struct message *message = &reader->message;
	const char *strings = reader->strings, *end = reader->strings + message->strings;

	reader->events++;
	reader->last_position = message->position;
	*event = (struct rig_trace_event){ .id = message->id,
					   .position = message->position,
					   .lost_before = message->lost_before,
					   .event = message->event };
	if (message->id >= 0)
		rig_trace_translate_gfp(reader->gfp, &event->event);
	event->name = unpack(&strings, end);
	event->event.comm = unpack(&strings, end);
	if (message->has_text)
		event->text = unpack(&strings, end);
	if (message->has_symbol)
		event->symbol = unpack(&strings, end);
	if (message->id == RIG_EVENT_kmem_cache_free)
		event->event.kmem_cache_free.name = unpack(&strings, end);
}

enum rig_trace_status rig_trace_next(struct rig_trace_reader *reader, struct rig_trace_event *event)
{
	while (!reader->ended) {
		if (!reader->have_first && !get_message(reader)) {
			say_died(reader);
			return end_with(reader, RIG_TRACE_BROKEN);
		}
		reader->have_first = false;
		switch (reader->message.kind) {
		case MESSAGE_EVENT:
			take_event(reader, event);
			return RIG_TRACE_EVENT;
		case MESSAGE_CPUS:
			reader->cpus = reader->message.cpus;
			break;
		case MESSAGE_RELEASE:
			reader->gfp = rig_gfp_table(reader->strings);
			break;
		case MESSAGE_ERROR:
			snprintf(reader->error, sizeof(reader->error), "%.*s", RIG_TRACE_ERROR - 1,
				 reader->strings);
			return end_with(reader, RIG_TRACE_BROKEN);
		default:
			memcpy(reader->error, reader->cut, sizeof(reader->error));
			return end_with(reader, reader->cut[0] ? RIG_TRACE_BROKEN : RIG_TRACE_END);
		}
	}
	return reader->error[0] ? RIG_TRACE_BROKEN : RIG_TRACE_END;
}

const char *rig_trace_error(const struct rig_trace_reader *reader)
{
	return reader->error;
}

int rig_trace_cpus(const struct rig_trace_reader *reader)
{
	return reader->cpus;
}

static bool starts_with(const char *data, size_t size, const char *prefix, size_t length)
{
	return size >= length && !memcmp(data, prefix, length);
}

static enum rig_trace_format detect_folder(const char *path, char *error)
{
	DIR *folder = opendir(path);
	enum rig_trace_format format = RIG_TRACE_UNKNOWN;
	struct dirent *entry;

	if (!folder) {
		snprintf(error, RIG_TRACE_ERROR, "%s: %s", path, strerror(errno));
		return RIG_TRACE_UNKNOWN;
	}
	/* a folder of CTF traces: a "metadata" file here or somewhere below */
	while ((entry = readdir(folder)) && format == RIG_TRACE_UNKNOWN) {
		char below[4096], ignored[RIG_TRACE_ERROR];
		struct stat about;

		if (!strcmp(entry->d_name, "metadata"))
			format = RIG_TRACE_CTF;
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
			    (int)sizeof(below) &&
		    !lstat(below, &about) && S_ISDIR(about.st_mode))
			format = detect_folder(below, ignored);
	}
	closedir(folder);
	if (format == RIG_TRACE_UNKNOWN)
		snprintf(error, RIG_TRACE_ERROR,
			 "%s: no file 'metadata' in it or below: no CTF trace", path);
	return format;
}

static enum rig_trace_format detect_plain(const char *path, const char *plain, char *error)
{
	char head[512];
	int fd = open(plain, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		snprintf(error, RIG_TRACE_ERROR, "%s: %s", path, strerror(errno));
		return RIG_TRACE_UNKNOWN;
	}
	got = pread(fd, head, sizeof(head), 0);
	close(fd);
	if (got == 0)
		snprintf(error, RIG_TRACE_ERROR, "%s: byte 0: the file is empty", path);
	if (got <= 0)
		return RIG_TRACE_UNKNOWN;
	if (starts_with(head, (size_t)got, "\x17\x08\x44tracing", 10))
		return RIG_TRACE_DAT;
	if (starts_with(head, (size_t)got, "PERFILE2", 8)) {
		snprintf(error, RIG_TRACE_ERROR,
			 "%s: perf data: convert it with 'perf data convert --to-ctf'", path);
		return RIG_TRACE_UNKNOWN;
	}
	/* text has no NUL and no control characters but blanks */
	for (ssize_t i = 0; i < got; i++)
		if ((unsigned char)head[i] < ' ' && !strchr("\t\n\r", head[i] ? head[i] : 'x')) {
			snprintf(error, RIG_TRACE_ERROR,
				 "%s: byte %zd: neither trace.dat, CTF nor ftrace text", path, i);
			return RIG_TRACE_UNKNOWN;
		}
	return RIG_TRACE_TEXT;
}

enum rig_trace_format rig_trace_detect(const char *path, char *error)
{
	enum rig_trace_format format;
	struct stat about;
	char plain[64];
	int fd;

	if (stat(path, &about)) {
		snprintf(error, RIG_TRACE_ERROR, "%s: %s", path, strerror(errno));
		return RIG_TRACE_UNKNOWN;
	}
	if (S_ISDIR(about.st_mode))
		return detect_folder(path, error);
	fd = rig_input_open_plain(path, plain, sizeof(plain), error);
	if (fd < 0)
		return RIG_TRACE_UNKNOWN;
	format = detect_plain(path, plain, error);
	close(fd);
	return format;
}

static rig_trace_produce *const producers[] = {
	[RIG_TRACE_DAT] = rig_read_tracedat,
	[RIG_TRACE_CTF] = rig_read_ctf,
	[RIG_TRACE_TEXT] = rig_read_ftrace_text,
};

/* Starts the child; the reader's fd and child are set. */
static bool start_child(struct rig_trace_reader *reader, const char *plain, char *error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC)) {
		snprintf(error, RIG_TRACE_ERROR, "%s: pipe: %s", reader->path, strerror(errno));
		return false;
	}
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	fflush(NULL);
	reader->child = fork();
	if (reader->child == 0) {
		close(ends[0]);
		run_child(ends[1], producers[reader->format], reader->path, plain);
	}
	close(ends[1]);
	reader->fd = ends[0];
	if (reader->child < 0)
		snprintf(error, RIG_TRACE_ERROR, "%s: fork: %s", reader->path, strerror(errno));
	return reader->child > 0;
}

/*
 * Reads the first message, so that a trace that can't be opened is an error of opening. Whoever
 * dies before the first event has found no trace at all.
 */
static bool read_ahead(struct rig_trace_reader *reader, char *error)
{
	do {
		if (!get_message(reader)) {
			say_died(reader);
			snprintf(error, RIG_TRACE_ERROR, "%s", reader->error);
			return false;
		}
		if (reader->message.kind == MESSAGE_CPUS)
			reader->cpus = reader->message.cpus;
		if (reader->message.kind == MESSAGE_RELEASE)
			reader->gfp = rig_gfp_table(reader->strings);
	} while (reader->message.kind == MESSAGE_CPUS || reader->message.kind == MESSAGE_RELEASE);
	if (reader->message.kind == MESSAGE_ERROR) {
		snprintf(error, RIG_TRACE_ERROR, "%.*s", RIG_TRACE_ERROR - 1, reader->strings);
		return false;
	}
	reader->have_first = true;
	return true;
}

/*
 * A copy of the file, with zeroes where its end is missing: libtracecmd refuses shorter files, and
 * zeroes are pages without events. @fd is closed.
 */
static int extend(int fd, u64 size, char *plain, size_t plain_size)
{
	int copy = memfd_create("kmemrig-input", MFD_CLOEXEC);
	ssize_t sent = 1;
	off_t whole;

	while (copy >= 0 && sent > 0)
		sent = sendfile(copy, fd, NULL, 1 << 24);
	close(fd);
	/* the last page is not whole: without its end it would be read as events of zeroes */
	whole = lseek(copy, 0, SEEK_CUR) & ~(off_t)4095;
	if (copy >= 0 && (sent < 0 || ftruncate(copy, whole) || ftruncate(copy, (off_t)size))) {
		close(copy);
		return -1;
	}
	snprintf(plain, plain_size, "/proc/self/fd/%d", copy);
	return copy;
}

struct rig_trace_reader *rig_trace_open(const char *path, char *error)
{
	struct rig_trace_reader *reader = calloc(1, sizeof(*reader));
	enum rig_trace_format format = rig_trace_detect(path, error);
	char plain[64];
	int fd = -1;

	if (!reader || format == RIG_TRACE_UNKNOWN) {
		if (!reader)
			snprintf(error, RIG_TRACE_ERROR, "%s: no host memory", path);
		free(reader);
		return NULL;
	}
	reader->fd = -1;
	reader->format = format;
	reader->path = strdup(path);
	reader->buffer = malloc(PIPE_BUFFER);
	if (format != RIG_TRACE_CTF) {
		fd = rig_input_open_plain(path, plain, sizeof(plain), error);
		if (fd < 0)
			goto failed;
	}
	if (format == RIG_TRACE_DAT) {
		char release[RIG_RELEASE_SIZE];
		u64 wanted;
		enum rig_tracedat_state state = rig_tracedat_check(path, plain, &wanted, error);

		if (state == RIG_TRACEDAT_UNREADABLE)
			goto failed;
		rig_tracedat_release(plain, release);
		if (*release)
			reader->gfp = rig_gfp_table(release);
		if (state == RIG_TRACEDAT_CUT) {
			snprintf(reader->cut, sizeof(reader->cut), "%s", error);
			fd = extend(fd, wanted, plain, sizeof(plain));
			if (fd < 0)
				goto failed;
		}
	}
	if (!reader->path || !reader->buffer ||
	    !start_child(reader, fd < 0 ? path : plain, error) || !read_ahead(reader, error))
		goto failed;
	if (fd >= 0)
		close(fd);
	return reader;
failed:
	if (fd >= 0)
		close(fd);
	rig_trace_close(reader);
	return NULL;
}

void rig_trace_close(struct rig_trace_reader *reader)
{
	if (!reader)
		return;
	reap(reader, true);
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader->buffer);
	free(reader->path);
	free(reader);
}

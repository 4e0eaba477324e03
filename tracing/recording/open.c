// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a recording: what it is, by its first bytes; unpacked where it is packed; of a trace.dat
 * its tables, and a copy where it was cut off; then the format's reader.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording.h"
#include "trace_dat_file.h"

#define HEAD 32768
/* Text that has no control character in this many bytes is read as text. */
#define TEXT_HEAD 512
#define TEXT_LINES 64

static enum rig_recording_format detect_folder(const char *path, char *error)
{
	DIR *folder = opendir(path);
	enum rig_recording_format format = RIG_FORMAT_UNKNOWN;
	struct dirent *entry;

	if (!folder) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: %s", path, strerror(errno));
		return RIG_FORMAT_UNKNOWN;
	}
	/* a folder of CTF traces: a "metadata" file here or somewhere below */
	while ((entry = readdir(folder)) && format == RIG_FORMAT_UNKNOWN) {
		char below[4096], ignored[RIG_RECORDING_ERROR];
		struct stat about;

		if (!strcmp(entry->d_name, "metadata"))
			format = RIG_FORMAT_CTF;
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
			    (int)sizeof(below) &&
		    !lstat(below, &about) && S_ISDIR(about.st_mode))
			format = detect_folder(below, ignored);
	}
	closedir(folder);
	if (format == RIG_FORMAT_UNKNOWN)
		snprintf(error, RIG_RECORDING_ERROR,
			 "%s: no file 'metadata' in it or below: no CTF trace", path);
	return format;
}

static bool starts_with(const char *data, size_t size, const char *prefix, size_t length)
{
	return size >= length && !memcmp(data, prefix, length);
}

static enum rig_recording_format detect_head(const char *path, const char *head, size_t size,
					     char *error)
{
	if (!size) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: byte 0: the file is empty", path);
		return RIG_FORMAT_UNKNOWN;
	}
	if (starts_with(head, size, "\x17\x08\x44tracing", 10))
		return RIG_FORMAT_TRACE_DAT;
	if (starts_with(head, size, "PERFILE2", 8))
		return RIG_FORMAT_PERF;
	/* text has no NUL and no control characters but blanks */
	for (size_t i = 0; i < size && i < TEXT_HEAD; i++)
		if ((unsigned char)head[i] < ' ' && !strchr("\t\n\r", head[i] ? head[i] : 'x')) {
			snprintf(error, RIG_RECORDING_ERROR,
				 "%s: byte %zu: neither trace.dat, CTF nor ftrace text", path, i);
			return RIG_FORMAT_UNKNOWN;
		}
	return RIG_FORMAT_TEXT;
}

/* The format of a file, and its first bytes, ended by a NUL, in @head (HEAD + 1 bytes). */
static enum rig_recording_format detect_file(const char *path, char *head, char *error)
{
	ssize_t size = rig_input_peek(path, head, HEAD, error);

	if (size < 0)
		return RIG_FORMAT_UNKNOWN;
	head[size] = '\0';
	return detect_head(path, head, (size_t)size, error);
}

enum rig_recording_format rig_recording_detect(const char *path, char *error)
{
	char head[HEAD + 1];
	struct stat about;

	if (stat(path, &about)) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: %s", path, strerror(errno));
		return RIG_FORMAT_UNKNOWN;
	}
	return S_ISDIR(about.st_mode) ? detect_folder(path, error) : detect_file(path, head, error);
}

double rig_recording_weight(const char *path)
{
	char head[HEAD + 1], error[RIG_RECORDING_ERROR], *line = head, *next;
	struct stat about;

	/* a pipe's bytes can be read once only */
	if (stat(path, &about) || !S_ISREG(about.st_mode))
		return 0;
	switch (detect_file(path, head, error)) {
	case RIG_FORMAT_TRACE_DAT:
	case RIG_FORMAT_PERF:
		return 0.9;
	case RIG_FORMAT_TEXT:
		break;
	default:
		return 0;
	}
	for (int i = 0; i < TEXT_LINES && line; i++, line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strncmp(line, "# tracer:", 9) || rig_text_recognizes(line))
			return 0.7;
	}
	return 0;
}

/* Walks the file's tables and repairs what was cut off. */
static struct rig_recording *open_trace_dat(const struct rig_recording_request *request, int fd,
					    char *error)
{
	struct rig_recording_request repaired = *request;
	struct rig_recording *recording = NULL;
	struct rig_trace_dat_file file;
	enum rig_trace_dat_state state = rig_trace_dat_walk(&file, request->path, fd);
	char plain[32];
	int copy = -1;

	if (state == RIG_TRACE_DAT_CUT) {
		copy = rig_trace_dat_repair(&file);
		snprintf(plain, sizeof(plain), "/proc/self/fd/%d", copy);
		repaired.plain = plain;
		state = copy < 0 ? RIG_TRACE_DAT_UNREADABLE : state;
	}
	if (state == RIG_TRACE_DAT_UNREADABLE)
		snprintf(error, RIG_RECORDING_ERROR, "%s", file.error);
	else
		recording = rig_stream_open(rig_produce_trace_dat, &repaired, RIG_FORMAT_TRACE_DAT,
					    copy < 0 ? NULL : file.error, error);
	if (recording)
		snprintf(recording->release, sizeof(recording->release), "%s", file.release);
	if (copy >= 0)
		close(copy);
	rig_trace_dat_end(&file);
	return recording;
}

static struct rig_recording *open_format(enum rig_recording_format format,
					 const struct rig_recording_request *request, int fd,
					 char *error)
{
	switch (format) {
	case RIG_FORMAT_TRACE_DAT:
		return open_trace_dat(request, fd, error);
	case RIG_FORMAT_CTF:
		return rig_stream_open(rig_produce_ctf, request, format, NULL, error);
	case RIG_FORMAT_PERF:
		return rig_perf_open(request, fd, error);
	default:
		return rig_text_open(request, error);
	}
}

struct rig_recording *rig_recording_open(const char *path, unsigned int flags, char *error)
{
	struct rig_recording_request request = { .path = path,
						 .plain = path,
						 .symbols = flags & RIG_RECORDING_SYMBOLS };
	enum rig_recording_format format = RIG_FORMAT_UNKNOWN;
	struct rig_recording *recording = NULL;
	char plain[32], head[TEXT_HEAD];
	struct stat about;
	int fd = -1;

	if (stat(path, &about)) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (S_ISDIR(about.st_mode)) {
		format = detect_folder(path, error);
	} else {
		ssize_t size = -1;

		fd = rig_input_open_plain(path, plain, sizeof(plain), error);
		request.plain = plain;
		if (fd >= 0) {
			size = pread(fd, head, sizeof(head), 0);
			if (size < 0)
				snprintf(error, RIG_RECORDING_ERROR, "%s: %s", path,
					 strerror(errno));
		}
		if (size >= 0)
			format = detect_head(path, head, (size_t)size, error);
	}
	if (format != RIG_FORMAT_UNKNOWN)
		recording = open_format(format, &request, fd, error);
	if (!recording) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	recording->fd = fd;
	recording->path = strdup(path);
	return recording;
}

enum rig_recording_status rig_recording_next(struct rig_recording *recording,
					     struct rig_recording_event *event)
{
	enum rig_recording_status status = recording->next(recording, event);

	/* babeltrace2 counts nanoseconds in 63 bits */
	if (status != RIG_RECORDING_EVENT || event->time_ns <= INT64_MAX)
		return status;
	snprintf(recording->error, sizeof(recording->error),
		 "%s: byte or line %llu: a time that no clock shows", recording->path,
		 (unsigned long long)event->position);
	return RIG_RECORDING_BROKEN;
}

const char *rig_recording_error(const struct rig_recording *recording)
{
	return recording->error;
}

const char *rig_recording_path(const struct rig_recording *recording)
{
	return recording->path;
}

enum rig_recording_format rig_recording_format(const struct rig_recording *recording)
{
	return recording->format;
}

int rig_recording_cpus(const struct rig_recording *recording)
{
	return recording->cpus;
}

const char *rig_recording_release(const struct rig_recording *recording)
{
	return recording->release;
}

void rig_recording_close(struct rig_recording *recording)
{
	char *path;
	int fd;

	if (!recording)
		return;
	path = recording->path;
	fd = recording->fd;
	recording->close(recording);
	free(path);
	if (fd >= 0)
		close(fd);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording as a stream: a child process runs the format's producer and sends classes and events
 * through a pipe. The libraries that decode traces may abort on a broken file, or turn in circles;
 * then the stream ends where they got to, with an error, and this process goes on. So nothing that
 * comes out of the pipe is believed: lengths and places are checked before they are used.
 *
 * Wire: messages of a multiple of 8 bytes, each with struct wire in front. An event's numbers
 * follow its struct wire_event; strings stand behind them, each with its NUL, and are named by
 * their place in the message. So the reader takes an event out of its buffer without copying it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recording.h"

#define BUFFER_SIZE (1u << 18)
#define MAX_STRING 4000
#define MAX_CLASSES 65536

_Static_assert((RIG_MAX_FIELDS + 2) * (MAX_STRING + 16) < BUFFER_SIZE, "a message fits");

enum wire_kind { WIRE_EVENT, WIRE_CLASS, WIRE_CPUS, WIRE_RELEASE, WIRE_ERROR, WIRE_END };

struct wire {
	u32 size; /* bytes, this included; a multiple of 8 */
	u16 kind;
	u16 class; /* of an event, its number; of WIRE_CPUS, how many */
};

struct wire_event {
	struct wire head;
	u64 time_ns, lost, position;
	s32 cpu, pid;
	u32 comm, symbol; /* where in the message; symbol: 0 is none */
	u64 number[];
};

/* A class: its name, then its fields' names, each with its NUL, follow. */
struct wire_class {
	struct wire head;
	u32 nr_fields;
	struct {
		u16 type, bits;
	} fields[RIG_MAX_FIELDS];
	char names[];
};

int rig_recording_patience_ms = 60000;

void rig_recording_set_patience(int milliseconds)
{
	rig_recording_patience_ms = milliseconds;
}

/* --- the child's side */

struct rig_out {
	int fd;
	size_t used;
	unsigned int nr_classes;
	bool broken;	 /* nobody reads */
	bool said_error; /* the stream ends with it */
	char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
};

static void flush(struct rig_out *out)
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

/* Room for a message of at most @size bytes. */
static void *begin(struct rig_out *out, size_t size)
{
	if (out->used + size + 8 > sizeof(out->buffer))
		flush(out);
	return out->buffer + out->used;
}

/* The message at the buffer's end has @size bytes. */
static void end(struct rig_out *out, size_t size, enum wire_kind kind, unsigned int class)
{
	struct wire *head = (struct wire *)(out->buffer + out->used);

	while (size % 8)
		((char *)head)[size++] = '\0';
	*head = (struct wire){ (u32)size, (u16)kind, (u16) class };
	out->used += size;
}

/* Copies a string, cut where the room ends, with a NUL; returns where the next one goes. */
static char *put_string(char *to, const char *string, size_t length)
{
	length = length < MAX_STRING ? length : MAX_STRING;
	memcpy(to, string, length);
	to[length] = '\0';
	return to + length + 1;
}

static void put_text(struct rig_out *out, enum wire_kind kind, const char *text)
{
	char *message = begin(out, sizeof(struct wire) + MAX_STRING + 1);
	char *to = put_string(message + sizeof(struct wire), text, strlen(text));

	end(out, (size_t)(to - message), kind, 0);
}

void rig_out_class(struct rig_out *out, struct rig_recording_class *class)
{
	struct wire_class *message =
		begin(out, sizeof(*message) + (RIG_MAX_FIELDS + 1) * (MAX_STRING + 1));
	char *to = message->names;

	memset(message, 0, sizeof(*message));
	message->nr_fields = class->nr_fields;
	to = put_string(to, class->name, strlen(class->name));
	for (unsigned int i = 0; i < class->nr_fields; i++) {
		message->fields[i].type = (u16) class->fields[i].type;
		message->fields[i].bits = (u16) class->fields[i].bits;
		to = put_string(to, class->fields[i].name, strlen(class->fields[i].name));
	}
	class->number = out->nr_classes++;
	end(out, (size_t)(to - (char *)message), WIRE_CLASS, 0);
}

bool rig_out_event(struct rig_out *out, const struct rig_out_event *event)
{
	const struct rig_recording_class *class = event->class;
	struct wire_event *message =
		begin(out, sizeof(*message) + (RIG_MAX_FIELDS + 2) * (MAX_STRING + 16));
	char *start = (char *)message, *to = (char *)&message->number[class->nr_fields];

	message->time_ns = event->time_ns;
	message->lost = event->lost;
	message->position = event->position;
	message->cpu = event->cpu;
	message->pid = event->pid;
	message->comm = (u32)(to - start);
	to = put_string(to, event->comm ? event->comm : "", event->comm ? strlen(event->comm) : 0);
	message->symbol = event->symbol ? (u32)(to - start) : 0;
	if (event->symbol)
		to = put_string(to, event->symbol, strlen(event->symbol));
	for (unsigned int i = 0; i < class->nr_fields; i++) {
		message->number[i] = event->number[i];
		if (class->fields[i].type != RIG_FIELD_STRING)
			continue;
		message->number[i] = (u64)(to - start);
		to = put_string(to, event->text[i], event->length[i]);
	}
	end(out, (size_t)(to - start), WIRE_EVENT, class->number);
	return !out->broken;
}

void rig_out_cpus(struct rig_out *out, int cpus)
{
	begin(out, sizeof(struct wire));
	end(out, sizeof(struct wire), WIRE_CPUS, (unsigned int)cpus);
}

void rig_out_release(struct rig_out *out, const char *release)
{
	put_text(out, WIRE_RELEASE, release);
}

void rig_out_error(struct rig_out *out, const char *format, ...)
{
	char text[RIG_RECORDING_ERROR];
	va_list list;

	if (out->said_error)
		return;
	out->said_error = true;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	put_text(out, WIRE_ERROR, text);
}

static void __attribute__((noreturn))
run_child(int fd, pid_t parent, rig_recording_produce *produce,
	  const struct rig_recording_request *request)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	struct rig_out *out = calloc(1, sizeof(*out));
	int null = open("/dev/null", O_RDWR);

	/* ends with the parent, also one that ended before this was said */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !out)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	/* whatever the parent does when it crashes, this one is not it: it ends */
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], SIG_DFL);
	/* the libraries print about broken files on their own; what is to be said comes from us */
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	out->fd = fd;
	produce(out, request);
	begin(out, sizeof(struct wire));
	end(out, sizeof(struct wire), WIRE_END, 0);
	flush(out);
	_exit(0);
}

/* --- the parent's side */

struct stream {
	struct rig_recording recording;
	int pipe;
	pid_t child;
	char *buffer;
	size_t start, end; /* what is in the buffer and not yet taken */
	struct rig_recording_class **classes;
	unsigned int nr_classes, room;
	u64 events, last_position;
	const struct wire *pending; /* read ahead at open */
	bool ended;
	enum rig_recording_status status;
	char cut[RIG_RECORDING_ERROR];
};

/* At least @size bytes into the buffer. */
static bool fill(struct stream *stream, size_t size)
{
	struct pollfd ready = { .fd = stream->pipe, .events = POLLIN };

	if (size > BUFFER_SIZE)
		return false;
	if (stream->start + size > BUFFER_SIZE) {
		memmove(stream->buffer, stream->buffer + stream->start,
			stream->end - stream->start);
		stream->end -= stream->start;
		stream->start = 0;
	}
	while (stream->end - stream->start < size) {
		ssize_t got;

		if (poll(&ready, 1, rig_recording_patience_ms) <= 0)
			return false;
		do
			got = read(stream->pipe, stream->buffer + stream->end,
				   BUFFER_SIZE - stream->end);
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return false;
		stream->end += (size_t)got;
	}
	return true;
}

/* The next message, whole and ended by a NUL where it holds strings; NULL: the child is gone. */
static const struct wire *take_message(struct stream *stream)
{
	const struct wire *message;

	if (stream->start == stream->end)
		stream->start = stream->end = 0;
	if (stream->end - stream->start < sizeof(*message) && !fill(stream, sizeof(*message)))
		return NULL;
	message = (const struct wire *)(stream->buffer + stream->start);
	if (message->size < sizeof(*message) || message->size % 8)
		return NULL;
	if (stream->end - stream->start < message->size) {
		if (!fill(stream, message->size))
			return NULL;
		message = (const struct wire *)(stream->buffer + stream->start);
	}
	stream->start += message->size;
	return message;
}

static bool ends_with_nul(const struct wire *message)
{
	return ((const char *)message)[message->size - 1] == '\0';
}

/* The next of a message's strings, a copy; NULL: there is none. */
static char *take_string(const char **at, const char *limit)
{
	const char *end = *at < limit ? memchr(*at, '\0', (size_t)(limit - *at)) : NULL;
	char *copy = end ? strdup(*at) : NULL;

	*at = end ? end + 1 : limit;
	return copy;
}

static void free_class(struct rig_recording_class *class)
{
	for (unsigned int i = 0; i < class->nr_fields; i++)
		free((char *)class->fields[i].name);
	free((char *)class->name);
	free(class);
}

static bool take_class(struct stream *stream, const struct wire *message)
{
	const struct wire_class *wire = (const struct wire_class *)message;
	const char *at = wire->names, *limit = (const char *)message + message->size;
	struct rig_recording_class *class, **classes = stream->classes;
	bool good;

	if (message->size < sizeof(*wire) || wire->nr_fields > RIG_MAX_FIELDS ||
	    stream->nr_classes == MAX_CLASSES)
		return false;
	if (stream->nr_classes == stream->room) {
		stream->room += 64;
		classes = realloc(classes, stream->room * sizeof(struct rig_recording_class *));
		if (!classes)
			return false;
		stream->classes = classes;
	}
	class = calloc(1, sizeof(*class));
	if (!class)
		return false;
	class->name = take_string(&at, limit);
	good = class->name != NULL;
	for (unsigned int i = 0; i < wire->nr_fields && good; i++) {
		struct rig_recording_field *field = &class->fields[class->nr_fields++];

		*field = (struct rig_recording_field){ take_string(&at, limit),
						       (enum rig_field_type)wire->fields[i].type,
						       wire->fields[i].bits };
		good = field->name && field->type <= RIG_FIELD_STRING && field->bits <= 64;
	}
	class->number = stream->nr_classes;
	if (good)
		stream->classes[stream->nr_classes++] = class;
	else
		free_class(class);
	return good;
}

static bool take_event(struct stream *stream, const struct wire *message,
		       struct rig_recording_event *event)
{
	const struct wire_event *wire = (const struct wire_event *)message;
	struct rig_recording_class *class;

	if (message->class >= stream->nr_classes || message->size < sizeof(*wire) ||
	    !ends_with_nul(message))
		return false;
	class = stream->classes[message->class];
	if (message->size < sizeof(*wire) + class->nr_fields * sizeof(u64) ||
	    wire->comm >= message->size || wire->symbol >= message->size)
		return false;
	for (unsigned int i = 0; i < class->nr_fields; i++)
		if (class->fields[i].type == RIG_FIELD_STRING && wire->number[i] >= message->size)
			return false;
	*event = (struct rig_recording_event){
		.class = class,
		.time_ns = wire->time_ns,
		.cpu = wire->cpu,
		.pid = wire->pid,
		.comm = (const char *)message + wire->comm,
		.symbol = wire->symbol ? (const char *)message + wire->symbol : NULL,
		.lost = wire->lost,
		.position = wire->position,
		.number = wire->number,
		.base = (const char *)message,
	};
	stream->events++;
	stream->last_position = wire->position;
	return true;
}

static const char *text_of(const struct wire *message)
{
	return message->size > sizeof(*message) && ends_with_nul(message)
		       ? (const char *)(message + 1)
		       : "";
}

static void reap(struct stream *stream)
{
	int status;

	if (stream->child <= 0)
		return;
	kill(stream->child, SIGKILL);
	while (waitpid(stream->child, &status, 0) < 0 && errno == EINTR)
		;
	stream->child = 0;
}

/* The child ended without saying so: the library that decodes the format gave up. */
static void say_died(struct stream *stream)
{
	char *error = stream->recording.error;

	if (stream->cut[0])
		memcpy(error, stream->cut, sizeof(stream->recording.error));
	else if (stream->last_position)
		snprintf(error, sizeof(stream->recording.error),
			 "%s: corrupt after event %llu, byte %llu: its decoder failed there",
			 stream->recording.path, (unsigned long long)stream->events,
			 (unsigned long long)stream->last_position);
	else
		snprintf(error, sizeof(stream->recording.error),
			 "%s: corrupt after event %llu: its decoder failed there",
			 stream->recording.path, (unsigned long long)stream->events);
}

static enum rig_recording_status end_with(struct stream *stream, enum rig_recording_status status)
{
	stream->ended = true;
	stream->status = status;
	reap(stream);
	return status;
}

/* What stands before the first event. False: it is no such message. */
static bool take_description(struct stream *stream, const struct wire *message)
{
	switch (message->kind) {
	case WIRE_CPUS:
		stream->recording.cpus = message->class;
		return true;
	case WIRE_RELEASE:
		snprintf(stream->recording.release, sizeof(stream->recording.release), "%s",
			 text_of(message));
		return true;
	case WIRE_CLASS:
		return take_class(stream, message);
	default:
		return false;
	}
}

static enum rig_recording_status next_event(struct rig_recording *recording,
					    struct rig_recording_event *event)
{
	struct stream *stream = (struct stream *)recording;

	while (!stream->ended) {
		const struct wire *message = stream->pending;

		stream->pending = NULL;
		if (!message)
			message = take_message(stream);
		if (message && message->kind == WIRE_EVENT && take_event(stream, message, event))
			return RIG_RECORDING_EVENT;
		if (message && take_description(stream, message))
			continue;
		if (message && message->kind == WIRE_ERROR) {
			snprintf(recording->error, sizeof(recording->error), "%s",
				 stream->cut[0] ? stream->cut : text_of(message));
			return end_with(stream, RIG_RECORDING_BROKEN);
		}
		if (!message || message->kind != WIRE_END) {
			say_died(stream);
			return end_with(stream, RIG_RECORDING_BROKEN);
		}
		memcpy(recording->error, stream->cut, sizeof(recording->error));
		return end_with(stream, stream->cut[0] ? RIG_RECORDING_BROKEN : RIG_RECORDING_END);
	}
	return stream->status;
}

static void close_stream(struct rig_recording *recording)
{
	struct stream *stream = (struct stream *)recording;

	reap(stream);
	if (stream->pipe >= 0)
		close(stream->pipe);
	for (unsigned int i = 0; i < stream->nr_classes; i++)
		free_class(stream->classes[i]);
	free(stream->classes);
	free(stream->buffer);
	free(stream);
}

static bool start_child(struct stream *stream, rig_recording_produce *produce,
			const struct rig_recording_request *request, char *error)
{
	pid_t self = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC)) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: pipe: %s", request->path,
			 strerror(errno));
		return false;
	}
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	fflush(NULL);
	stream->child = fork();
	if (stream->child == 0) {
		close(ends[0]);
		run_child(ends[1], self, produce, request);
	}
	close(ends[1]);
	stream->pipe = ends[0];
	if (stream->child < 0)
		snprintf(error, RIG_RECORDING_ERROR, "%s: fork: %s", request->path,
			 strerror(errno));
	return stream->child > 0;
}

/*
 * Reads what stands before the first event, so that a trace that can't be opened is an error of
 * opening. Whoever dies before the first event has found no trace at all.
 */
static bool read_ahead(struct stream *stream, char *error)
{
	const struct wire *message;

	do
		message = take_message(stream);
	while (message && take_description(stream, message));
	if (message && message->kind == WIRE_ERROR) {
		snprintf(error, RIG_RECORDING_ERROR, "%s",
			 stream->cut[0] ? stream->cut : text_of(message));
		return false;
	}
	if (!message) {
		say_died(stream);
		memcpy(error, stream->recording.error, RIG_RECORDING_ERROR);
		return false;
	}
	stream->pending = message;
	return true;
}

struct rig_recording *rig_stream_open(rig_recording_produce *produce,
				      const struct rig_recording_request *request,
				      enum rig_recording_format format, const char *cut,
				      char *error)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream || !(stream->buffer = aligned_alloc(8, BUFFER_SIZE))) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: no host memory", request->path);
		free(stream);
		return NULL;
	}
	stream->pipe = -1;
	stream->recording.next = next_event;
	stream->recording.close = close_stream;
	stream->recording.format = format;
	stream->recording.path = (char *)request->path;
	snprintf(stream->cut, sizeof(stream->cut), "%s", cut ? cut : "");
	if (start_child(stream, produce, request, error) && read_ahead(stream, error)) {
		stream->recording.path = NULL;
		return &stream->recording;
	}
	close_stream(&stream->recording);
	return NULL;
}

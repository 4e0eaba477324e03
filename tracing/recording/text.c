// SPDX-License-Identifier: GPL-2.0-only
/*
 * ftrace text: what /sys/kernel/tracing/trace, trace-cmd report and perf script print.
 *
 *	   TASK-PID [(TGID)] [CPU] [FLAGS] SECONDS.FRACTION: [SYSTEM:]NAME: FIELD=VALUE ...
 *
 * Comments, headers, stack traces and marks of lost events are passed over. The first line that is
 * none of these and no event either is what the error at the end names; the events around it are
 * kept. perf.data is read as what perf script prints of it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "text.h"

#define MAX_CLASSES 1024
/* Some other text, when so many lines hold no event. */
#define HOPELESS 1000

extern char **environ;

struct text {
	struct rig_recording recording;
	FILE *file;
	pid_t child; /* perf script; 0: none */
	int pipe;    /* from it */
	char *line;
	size_t line_size;
	u64 line_number, events;
	u64 lost;
	u64 bad_line; /* the first; 0: none */
	const char *why;
	struct rig_text_class *classes[MAX_CLASSES];
	unsigned int nr_classes;
	struct rig_text_class *last_class;
	u64 number[RIG_MAX_FIELDS];
	char comm[64];
};

static void bad(struct text *text, const char *why)
{
	if (text->bad_line)
		return;
	text->bad_line = text->line_number;
	text->why = why;
}

/* --- the part of a line before the fields */

static char *skip_spaces(char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* "SECONDS.FRACTION:" or, of clocks that count, "NUMBER:"; returns what follows, or NULL. */
static char *parse_time(char *at, u64 *time_ns)
{
	u64 whole = 0, fraction = 0, unit = 1000000000;

	if (!isdigit((unsigned char)*at))
		return NULL;
	while (isdigit((unsigned char)*at))
		whole = whole * 10 + (u64)(*at++ - '0');
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++) {
			unit /= 10;
			fraction += (u64)(*at - '0') * unit;
		}
		whole = whole * 1000000000 + fraction;
	}
	*time_ns = whole;
	return *at == ':' ? at + 1 : NULL;
}

/* Flags may stand before the time. */
static char *find_time(char *at, u64 *time_ns)
{
	for (int words = 0; words < 3; words++) {
		char *end;

		at = skip_spaces(at);
		end = parse_time(at, time_ns);
		if (end)
			return end;
		at += strcspn(at, " \t");
	}
	return NULL;
}

/* The task's name and number before the CPU's bracket at @end: "bash-171  (  171)", "bash 171". */
static bool parse_task(char *line, char *end, struct rig_text_head *head)
{
	char *digits;

	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	if (end > line && end[-1] == ')') { /* the thread group */
		while (end > line && end[-1] != '(')
			end--;
		end -= end > line;
		while (end > line && isspace((unsigned char)end[-1]))
			end--;
	}
	digits = end;
	while (digits > line && isdigit((unsigned char)digits[-1]))
		digits--;
	if (digits == end || digits == line || (digits[-1] != '-' && digits[-1] != ' '))
		return false;
	head->pid = (int)strtol(digits, NULL, 10);
	end = digits - 1;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	head->comm = skip_spaces(line);
	head->comm_length = end > head->comm ? (size_t)(end - head->comm) : 0;
	return true;
}

/* "NAME:" or "SYSTEM:NAME:"; <stack trace> has no colon. */
static bool parse_name(char *at, struct rig_text_head *head)
{
	head->name = skip_spaces(at);
	head->name_length = strcspn(head->name, " \t");
	head->fields = head->name + head->name_length;
	if (head->name_length < 2 || head->name[head->name_length - 1] != ':')
		return false;
	head->name_length--;
	head->fields = skip_spaces(head->fields);
	return true;
}

const char *rig_text_parse_head(char *line, struct rig_text_head *head)
{
	const char *why = "no line of a trace";

	/* a task's name may hold anything, brackets too */
	for (char *bracket = strstr(line, " ["); bracket; bracket = strstr(bracket + 1, " [")) {
		char *end, *at;
		long cpu = strtol(bracket + 2, &end, 10);

		if (!isdigit((unsigned char)bracket[2]) || *end != ']' || cpu > 100000 ||
		    !parse_task(line, bracket, head))
			continue;
		head->cpu = (int)cpu;
		at = find_time(end + 1, &head->time_ns);
		if (at && parse_name(at, head))
			return NULL;
		why = at ? "no event's name" : "no time stamp";
	}
	return why;
}

bool rig_text_recognizes(const char *line)
{
	struct rig_text_head head;
	char *copy = strdup(line);
	bool good = copy && !rig_text_parse_head(copy, &head);

	free(copy);
	return good;
}

/* --- events */

static bool is_named(const struct rig_recording_class *class, const char *name, size_t length)
{
	const char *own = class->name;

	if (!strncmp(own, name, length) && !own[length])
		return true;
	return !strncmp(own, "kmem:", 5) && !strncmp(own + 5, name, length) && !own[5 + length];
}

static struct rig_text_class *find_class(struct text *text, const char *name, size_t length)
{
	struct rig_text_class *class;

	if (text->last_class && is_named(&text->last_class->class, name, length))
		return text->last_class;
	for (unsigned int i = 0; i < text->nr_classes; i++)
		if (is_named(&text->classes[i]->class, name, length))
			return text->last_class = text->classes[i];
	class = text->nr_classes < MAX_CLASSES ? rig_text_make_class(name, length) : NULL;
	if (!class)
		return NULL;
	class->class.number = text->nr_classes;
	return text->last_class = text->classes[text->nr_classes++] = class;
}

/* 0: some. At least one then, where others are known. */
static void add_lost(struct text *text, u64 number)
{
	if (!text->lost)
		text->lost = number ? number : RIG_LOST_SOME;
	else if (text->lost == RIG_LOST_SOME)
		text->lost = number ? number + 1 : RIG_LOST_SOME;
	else
		text->lost += number ? number : 1;
}

/* Lines that are no events but belong to the text. */
static bool is_remark(struct text *text, char *line)
{
	char *lost = strstr(line, "[LOST ");
	u64 number;

	line = skip_spaces(line);
	if (!strncmp(line, "CPU:", 4)) {
		/* "[LOST 12 EVENTS]", "[12 EVENTS DROPPED]", "[LOST EVENTS]" */
		lost = lost ? lost + 5 : strchr(line, '[');
		number = lost ? strtoull(lost + strcspn(lost, "0123456789"), NULL, 10) : 0;
		if (lost)
			add_lost(text, number);
		return true;
	}
	return !*line || *line == '#' || !strncmp(line, "=>", 2) || !strncmp(line, "cpus=", 5) ||
	       !strncmp(line, "version =", 9) || !strncmp(line, "CPU ", 4) ||
	       !strncmp(line, "trace-cmd:", 10);
}

/* The head of a stack trace, whose lines follow. */
static bool is_stack(const char *name)
{
	return !strncmp(name, "<stack trace>", 13) || !strncmp(name, "<user stack trace>", 18);
}

/* False: the line holds no event. */
static bool take_line(struct text *text, char *line, struct rig_recording_event *event)
{
	struct rig_text_head head = { 0 };
	struct rig_text_class *class;
	const char *why;
	bool unknown = false;

	if (is_remark(text, line))
		return false;
	why = rig_text_parse_head(line, &head);
	if (why && head.name && is_stack(head.name))
		return false;
	class = why ? NULL : find_class(text, head.name, head.name_length);
	if (!why && !class)
		why = "one more kind of event than can be read";
	if (!why)
		why = rig_text_parse_fields(class, line, head.fields, text->number, &unknown);
	if (why) {
		bad(text, why);
		return false;
	}
	if (unknown)
		bad(text, "a gfp flag that is not known");
	snprintf(text->comm, sizeof(text->comm), "%.*s", (int)head.comm_length, head.comm);
	*event = (struct rig_recording_event){
		.class = &class->class,
		.time_ns = head.time_ns,
		.cpu = head.cpu,
		.pid = head.pid,
		.comm = text->comm,
		.lost = text->lost,
		.position = text->line_number,
		.number = text->number,
		.base = line,
	};
	text->lost = 0;
	text->events++;
	return true;
}

static enum rig_recording_status broken(struct text *text, u64 line, const char *why)
{
	snprintf(text->recording.error, sizeof(text->recording.error), "%s:%llu: %s",
		 text->recording.path, (unsigned long long)line, why);
	return RIG_RECORDING_BROKEN;
}

static enum rig_recording_status end_of_file(struct text *text)
{
	int status = 0;

	if (text->child) {
		if (ferror(text->file))
			kill(text->child, SIGKILL);
		waitpid(text->child, &status, 0);
		text->child = 0;
	}
	if (text->bad_line)
		return broken(text, text->bad_line, text->why);
	if (ferror(text->file) || status)
		return broken(text, text->line_number,
			      text->pipe ? "perf script did not end well" : strerror(errno));
	return text->events ? RIG_RECORDING_END
			    : broken(text, text->line_number, "no event in the text");
}

static enum rig_recording_status next_event(struct rig_recording *recording,
					    struct rig_recording_event *event)
{
	struct text *text = (struct text *)recording;
	ssize_t length;

	while ((length = getline(&text->line, &text->line_size, text->file)) > 0) {
		char *line = text->line;

		text->line_number++;
		if (memchr(line, '\0', (size_t)length)) {
			bad(text, "a NUL byte in the line");
		} else if (line[length - 1] != '\n') {
			bad(text, "the line is cut off");
			break;
		} else {
			line[strcspn(line, "\r\n")] = '\0';
			if (take_line(text, line, event))
				return RIG_RECORDING_EVENT;
		}
		if (text->line_number == HOPELESS && !text->events)
			break;
	}
	return end_of_file(text);
}

static void close_text(struct rig_recording *recording)
{
	struct text *text = (struct text *)recording;

	if (text->file)
		fclose(text->file);
	if (text->child) {
		kill(text->child, SIGKILL);
		waitpid(text->child, NULL, 0);
	}
	for (unsigned int i = 0; i < text->nr_classes; i++) {
		free((char *)text->classes[i]->class.name);
		free(text->classes[i]);
	}
	free(text->line);
	free(text);
}

static struct text *new_text(enum rig_recording_format format)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->recording.next = next_event;
	text->recording.close = close_text;
	text->recording.format = format;
	return text;
}

struct rig_recording *rig_text_open(const struct rig_recording_request *request, char *error)
{
	struct text *text = new_text(RIG_FORMAT_TEXT);

	if (text)
		text->file = fopen(request->plain, "re");
	if (text && text->file)
		return &text->recording;
	snprintf(error, RIG_RECORDING_ERROR, "%s: %s", request->path, strerror(errno));
	free(text);
	return NULL;
}

/* --- perf.data */

/* Reads from perf script, which may turn in circles on a broken file. */
static ssize_t read_pipe(void *cookie, char *bytes, size_t size)
{
	struct text *text = cookie;
	struct pollfd ready = { .fd = text->pipe, .events = POLLIN };

	if (poll(&ready, 1, rig_recording_patience_ms) <= 0)
		return -1;
	return read(text->pipe, bytes, size);
}

static int close_pipe(void *cookie)
{
	return close(((struct text *)cookie)->pipe);
}

/* perf script, with its output in a pipe: the descriptor to read it from; -1: it can't be run. */
static int run_perf(pid_t *child, const char *plain, int fd)
{
	const char *argv[] = { "perf", "script", "--ns", "-F", "comm,tid,cpu,time,event,trace",
			       "-i",   plain,	 NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	/* the file is read through this process's descriptor, which may be of what was unpacked */
	posix_spawn_file_actions_adddup2(&actions, fd, fd);
	code = posix_spawnp(child, "perf", &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (!code)
		return ends[0];
	close(ends[0]);
	*child = 0;
	errno = code;
	return -1;
}

struct rig_recording *rig_perf_open(const struct rig_recording_request *request, int fd,
				    char *error)
{
	static const cookie_io_functions_t functions = { .read = read_pipe, .close = close_pipe };
	struct text *text = new_text(RIG_FORMAT_PERF);

	if (!text) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: no host memory", request->path);
		return NULL;
	}
	text->pipe = run_perf(&text->child, request->plain, fd);
	if (text->pipe < 0) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: perf.data needs the perf command: %s",
			 request->path, strerror(errno));
		free(text);
		return NULL;
	}
	text->file = fopencookie(text, "r", functions);
	if (text->file)
		return &text->recording;
	snprintf(error, RIG_RECORDING_ERROR, "%s: no host memory", request->path);
	close(text->pipe);
	text->recording.close(&text->recording);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * ftrace text: what /sys/kernel/tracing/trace, trace-cmd report and perf script print.
 *
 *	   TASK-PID [(TGID)] [CPU] [FLAGS] SECONDS.FRACTION: [SYSTEM:]NAME: FIELD=VALUE ...
 *
 * Fields of kmem events are those of the event table; other events become one string. A call
 * site is a number in some texts and a symbol in most: both are fields of ours, the one that is
 * not there being 0 or empty. Comments, stack traces and lost-event marks are understood.
 *
 * A line that starts as an event but does not go on as one ends the reading: file and line
 * are reported after all events before it were delivered.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/event_table.h>
#include <kmemrig/gfp_table.h>

#include "input.h"

#define MAX_CLASSES 512

extern char **environ;

struct trace_text {
	struct rig_input input;
	char *path;
	FILE *file;
	pid_t child; /* perf script; 0: none */
	char *line;
	size_t line_size;
	unsigned long line_number;
	u64 events;
	u64 missed;
	const struct rig_gfp_table *gfp;
	struct rig_input_class *classes[MAX_CLASSES];
	size_t nr_classes;
	struct rig_input_class *last_class;
	char comm[64];
	char previous_comm[64];
};

enum meaning { DEC, HEX, BOOL, GFP, STR, PTR, SITE, PFN, MT, MEMBER };

struct known_field {
	const char *name;
	enum meaning meaning;
	unsigned int size;
	bool is_signed;
};

#define IS_SIGNED(type) _Generic((type)0, s32 : true, s64 : true, default : false)
#define KNOWN_FIELD(type, name, meaning) { #name, meaning, sizeof(type), IS_SIGNED(type) },
#define KNOWN_EVENT(system, name)                                                                  \
	static const struct known_field fields_##name[] = { RIG_FIELDS_##name(KNOWN_FIELD){        \
		NULL, DEC, 0, false } };
RIG_KMEM_EVENTS(KNOWN_EVENT)

static const struct {
	const char *name;
	const struct known_field *fields;
} known_events[] = {
#define KNOWN_ROW(system, name) { #name, fields_##name },
	RIG_KMEM_EVENTS(KNOWN_ROW){ "mm_page_free_direct", fields_mm_page_free },
	{ "kmalloc_node", fields_kmalloc },
	{ "kmem_cache_alloc_node", fields_kmem_cache_alloc },
};

/* What stands before the fields. */
struct head {
	int cpu, pid;
	s64 time_ns;
	const char *comm, *name, *rest;
	size_t comm_length, name_length;
};

/* "SECONDS.FRACTION:" at @at; returns what follows the colon, or NULL. */
static const char *parse_time(const char *at, s64 *time_ns)
{
	s64 seconds = 0, fraction = 0, unit = 1000000000;

	if (!isdigit((unsigned char)*at))
		return NULL;
	while (isdigit((unsigned char)*at))
		seconds = seconds * 10 + (*at++ - '0');
	if (*at++ != '.')
		return NULL;
	while (isdigit((unsigned char)*at) && unit > 1) {
		unit /= 10;
		fraction += (*at++ - '0') * unit;
	}
	if (*at != ':')
		return NULL;
	*time_ns = seconds * 1000000000 + fraction;
	return at + 1;
}

/* The task's name and number before the CPU's bracket at @bracket. */
static bool parse_task(const char *line, const char *bracket, struct head *head)
{
	const char *end = bracket, *digits;

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
	head->pid = atoi(digits);
	end = digits - 1;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	while (isspace((unsigned char)*line))
		line++;
	head->comm = line;
	head->comm_length = end > line ? (size_t)(end - line) : 0;
	return true;
}

static const char *skip_spaces(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* The first bracket that holds a CPU number and is followed by a time. */
static bool parse_head(const char *line, struct head *head)
{
	for (const char *bracket = strstr(line, " ["); bracket;
	     bracket = strstr(bracket + 1, " [")) {
		char *end;
		const char *at;

		head->cpu = (int)strtol(bracket + 2, &end, 10);
		if (end == bracket + 2 || *end != ']' || !parse_task(line, bracket, head))
			continue;
		at = skip_spaces(end + 1);
		if (!isdigit((unsigned char)*at) || !strchr(at, '.') ||
		    strcspn(at, " ") < strcspn(at, ":"))
			at = skip_spaces(at + strcspn(at, " \t")); /* flags */
		at = parse_time(at, &head->time_ns);
		if (!at)
			continue;
		head->name = skip_spaces(at);
		head->name_length = strcspn(head->name, " \t\n");
		head->rest = head->name + head->name_length;
		return true;
	}
	return false;
}

bool rig_trace_text_recognizes(const char *line)
{
	struct head head;

	return parse_head(line, &head) && head.name_length > 1 &&
	       head.name[head.name_length - 1] == ':';
}

static void add_field(struct rig_input_class *class, const char *name, enum rig_field_type type,
		      unsigned int bits, const void *data)
{
	class->fields[class->nr_fields++] = (struct rig_input_field){ name, type, bits, data };
}

static void add_known_fields(struct rig_input_class *class, const struct known_field *field)
{
	for (; field->name; field++) {
		enum rig_field_type type = field->meaning == STR ? RIG_FIELD_STRING
					   : field->meaning == PTR || field->meaning == SITE
						   ? RIG_FIELD_HEX
					   : field->is_signed ? RIG_FIELD_SIGNED
							      : RIG_FIELD_UNSIGNED;

		add_field(class, field->name, type, field->size * 8, field);
		if (field->meaning == SITE)
			add_field(class, "call_site_symbol", RIG_FIELD_STRING, 0, NULL);
	}
}

static struct rig_input_class *make_class(struct trace_text *text, const char *name, size_t length)
{
	struct rig_input_class *class = calloc(1, sizeof(*class));
	const char *colon = memchr(name, ':', length);
	size_t skip = colon ? (size_t)(colon - name) + 1 : 0;
	char full[160];

	if (!class)
		abort();
	snprintf(full, sizeof(full), "%.*s", (int)length, name);
	for (size_t i = 0; i < sizeof(known_events) / sizeof(known_events[0]); i++) {
		if (strlen(known_events[i].name) == length - skip &&
		    strncmp(known_events[i].name, name + skip, length - skip) == 0) {
			snprintf(full, sizeof(full), "kmem:%s", known_events[i].name);
			add_known_fields(class, known_events[i].fields);
			break;
		}
	}
	if (!class->nr_fields)
		add_field(class, "text", RIG_FIELD_STRING, 0, NULL);
	class->name = strdup(full);
	if (text->nr_classes < MAX_CLASSES)
		text->classes[text->nr_classes++] = class;
	return class;
}

static bool named(const struct rig_input_class *class, const char *name, size_t length)
{
	const char *own = class->name;

	if (strlen(own) == length && strncmp(own, name, length) == 0)
		return true;
	return strncmp(own, "kmem:", 5) == 0 && strlen(own + 5) == length &&
	       strncmp(own + 5, name, length) == 0;
}

static struct rig_input_class *find_class(struct trace_text *text, const char *name, size_t length)
{
	if (text->last_class && named(text->last_class, name, length))
		return text->last_class;
	for (size_t i = 0; i < text->nr_classes; i++)
		if (named(text->classes[i], name, length))
			return text->last_class = text->classes[i];
	return text->last_class = make_class(text, name, length);
}

/* The value of "NAME=" in @rest; ends it with a 0 in place when @cut. */
static char *find_value(char *rest, const char *name, size_t *length)
{
	size_t name_length = strlen(name);
	char *at = rest;

	while ((at = strstr(at, name))) {
		if ((at == rest || at[-1] == ' ') && at[name_length] == '=') {
			at += name_length + 1;
			*length = strcspn(at, " \n");
			return at;
		}
		at += name_length;
	}
	return NULL;
}

/* Symbols may have their module after them: "jbd2_journal_start+0x90/0x1e0 [jbd2]". */
static size_t symbol_length(const char *value, size_t length)
{
	if (value[length] == ' ' && value[length + 1] == '[') {
		const char *end = strchr(value + length, ']');

		if (end)
			return (size_t)(end - value) + 1;
	}
	return length;
}

static const char *keep(struct trace_text *text, char *value, size_t length)
{
	value[length] = '\0';
	return value;
}

static bool is_number(const char *value)
{
	return value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
}

/* perf and the kernel name some fields otherwise, and print what is not stored. */
static const char *printed_name(const struct known_field *field, const char *event)
{
	if (strcmp(field->name, "member") == 0 && strcmp(event, "kmem:rss_stat") == 0)
		return "type";
	return field->name;
}

static u64 member_number(const char *value, size_t length)
{
	static const char *const members[] = { "MM_FILEPAGES", "MM_ANONPAGES", "MM_SWAPENTS",
					       "MM_SHMEMPAGES" };

	if (!length) /* with hash-ptr off the kernel prints no names */
		return ~0ULL;
	for (u64 i = 0; i < 4; i++)
		if (strlen(members[i]) == length && strncmp(members[i], value, length) == 0)
			return i;
	return strtoull(value, NULL, 0);
}

static bool parse_number(struct trace_text *text, const struct known_field *field, char *value,
			 size_t length, u64 *number)
{
	switch (field->meaning) {
	case BOOL:
		*number = *value == 't' || *value == '1';
		return true;
	case GFP:
		return rig_gfp_parse(text->gfp, value, length, number) == 0 || length == 0;
	case PTR:
		/* "(nil)", "(null)", "ptr=ffff..." without 0x */
		*number = *value == '(' ? 0 : strtoull(value, NULL, 16);
		return true;
	default:
		if (strcmp(field->name, "member") == 0) {
			*number = member_number(value, length);
			return true;
		}
		*number = strtoull(value, NULL, 0);
		return length > 0 && (isalnum((unsigned char)*value) || *value == '-');
	}
}

/* "page=(nil) pfn=0x0": a failed allocation, whose frame is recorded as -1. */
static void mark_failed(struct rig_input_event *event, char *rest)
{
	size_t length;
	char *page = find_value(rest, "page", &length);
	bool none = page && length && (*page == '(' || strspn(page, "0x") == length);

	for (unsigned int i = 0; none && i < event->class->nr_fields; i++)
		if (strcmp(event->class->fields[i].name, "pfn") == 0 && event->number[i] == 0)
			event->number[i] = ~0ULL;
}

static bool parse_fields(struct trace_text *text, struct rig_input_event *event, char *rest)
{
	struct rig_input_class *class = event->class;
	char *cut[RIG_MAX_FIELDS];
	size_t cut_length[RIG_MAX_FIELDS];

	for (unsigned int i = 0; i < class->nr_fields; i++) {
		const struct known_field *field = class->fields[i].data;
		size_t length = 0;
		char *value;

		cut[i] = NULL;
		event->text[i] = "";
		if (!field)
			continue;
		value = find_value(rest, printed_name(field, class->name), &length);
		if (!value && strcmp(field->name, "accounted") == 0)
			continue; /* not printed before 6.1 */
		if (!value)
			return false;
		if (field->meaning == STR) {
			cut[i] = value;
			cut_length[i] = length;
		} else if (field->meaning == SITE && !is_number(value)) {
			cut[i + 1] = value;
			cut_length[i + 1] = symbol_length(value, length);
			event->number[i] = 0;
			i++;
		} else if (!parse_number(text, field, value, length, &event->number[i])) {
			return false;
		}
	}
	if (strcmp(class->name, "kmem:mm_page_alloc") == 0)
		mark_failed(event, rest);
	/* last, since it writes into the line */
	for (unsigned int i = 0; i < class->nr_fields; i++)
		if (cut[i])
			event->text[i] = keep(text, cut[i], cut_length[i]);
	return true;
}

/* Lines that are no events but belong to the text. */
static bool is_remark(struct trace_text *text, const char *line)
{
	const char *lost = strstr(line, "LOST ");

	if (lost && strncmp(line, "CPU:", 4) == 0) {
		text->missed += strtoull(lost + 5, NULL, 10);
		return true;
	}
	line = skip_spaces(line);
	return *line == '#' || *line == '\n' || *line == '\0' || strncmp(line, "=>", 2) == 0 ||
	       strncmp(line, "cpus=", 5) == 0 || strncmp(line, "version =", 9) == 0 ||
	       strncmp(line, "CPU ", 4) == 0 || strncmp(line, "trace-cmd:", 10) == 0;
}

static enum rig_input_result fail(struct trace_text *text, const char *what)
{
	snprintf(text->input.error, sizeof(text->input.error), "%s:%lu: %s", text->path,
		 text->line_number, what);
	return RIG_INPUT_ERROR;
}

static enum rig_input_result end_of_file(struct trace_text *text)
{
	int status = 0;

	if (ferror(text->file))
		return fail(text, strerror(errno));
	if (text->child) {
		waitpid(text->child, &status, 0);
		text->child = 0;
		if (status)
			return fail(text, "perf script did not end well");
	}
	return text->events ? RIG_INPUT_END : fail(text, "the text holds no events with names");
}

static enum rig_input_result next_event(struct rig_input *input, struct rig_input_event *event)
{
	struct trace_text *text = (struct trace_text *)input;
	struct head head;
	ssize_t length;

	while ((length = getline(&text->line, &text->line_size, text->file)) > 0) {
		char *line = text->line;
		size_t offset;

		text->line_number++;
		if (is_remark(text, line))
			continue;
		if (memchr(line, '\0', (size_t)length))
			return fail(text, "binary data");
		if (!parse_head(line, &head))
			return fail(text, "not a line of ftrace's text");
		if (strncmp(head.name, "<stack trace>", 13) == 0)
			continue;
		if (head.name_length < 2 || head.name[head.name_length - 1] != ':')
			return fail(text, "no event name");
		if (line[length - 1] != '\n')
			return fail(text, "cut off");
		line[length - 1] = '\0';
		offset = (size_t)(skip_spaces(head.rest) - line);
		*event = (struct rig_input_event){
			.class = find_class(text, head.name, head.name_length - 1),
			.time_ns = head.time_ns,
			.cpu = head.cpu,
			.pid = head.pid,
			.missed = text->missed,
		};
		text->missed = 0;
		snprintf(text->comm, sizeof(text->comm), "%.*s", (int)head.comm_length, head.comm);
		event->comm = text->comm;
		text->events++;
		if (!event->class->fields[0].data && event->class->nr_fields == 1)
			event->text[0] = line + offset;
		else if (!parse_fields(text, event, line + offset))
			return fail(text, "a field is missing or no number");
		return RIG_INPUT_EVENT;
	}
	return end_of_file(text);
}

static void close_text(struct rig_input *input)
{
	struct trace_text *text = (struct trace_text *)input;

	if (text->file)
		fclose(text->file);
	if (text->child) {
		kill(text->child, SIGTERM);
		waitpid(text->child, NULL, 0);
	}
	for (size_t i = 0; i < text->nr_classes; i++) {
		free((char *)text->classes[i]->name);
		free(text->classes[i]);
	}
	free(text->line);
	free(text->path);
	free(text);
}

static struct trace_text *new_text(const char *path)
{
	struct trace_text *text = calloc(1, sizeof(*text));

	if (!text)
		abort();
	text->input.next = next_event;
	text->input.close = close_text;
	text->path = strdup(path);
	text->gfp = rig_gfp_table(NULL);
	return text;
}

struct rig_input *rig_trace_text_open(const char *path, char *error, size_t error_size)
{
	struct trace_text *text = new_text(path);

	text->file = fopen(path, "r");
	if (!text->file) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		close_text(&text->input);
		return NULL;
	}
	return &text->input;
}

struct rig_input *rig_perf_open(const char *path, char *error, size_t error_size)
{
	const char *argv[] = { "perf", "script", "--ns", "-F", "comm,tid,cpu,time,event,trace",
			       "-i",   path,	 NULL };
	struct trace_text *text = new_text(path);
	posix_spawn_file_actions_t actions;
	int fds[2], code;

	if (pipe(fds)) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		close_text(&text->input);
		return NULL;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, fds[0]);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
	code = posix_spawnp(&text->child, "perf", &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (code) {
		text->child = 0;
		close(fds[0]);
		snprintf(error, error_size, "%s: perf.data needs the perf command: %s", path,
			 strerror(code));
		close_text(&text->input);
		return NULL;
	}
	text->file = fdopen(fds[0], "r");
	return &text->input;
}

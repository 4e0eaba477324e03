// SPDX-License-Identifier: GPL-2.0-only
/*
 * ftrace as text: the kernel's trace file and what trace-cmd report prints.
 *
 *	COMM-PID [(TGID)] [CPU] [FLAGS] SECONDS: [SYSTEM:]EVENT: name=value name=value ...
 *
 * Values are words, but for call_site, which may be followed by a module in brackets. Where the
 * kernel printed a function instead of the address, the call site gets an address that stands for
 * that text. Lines of comments, headers and stack traces are passed over; the first line that is
 * none of these is what the error at the end names, and the events around it are kept.
 */
#include <kmemrig/gfp_table.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

struct reading {
	const char *path;
	struct rig_trace_out *out;
	const struct rig_gfp_table *gfp;
	u64 line;
	u64 events;
	u64 lost;
	u64 bad_line; /* the first; 0: none */
	char why[160];
};

static bool bad(struct reading *reading, const char *why)
{
	if (!reading->bad_line) {
		reading->bad_line = reading->line;
		snprintf(reading->why, sizeof(reading->why), "%s", why);
	}
	return true;
}

/* Seconds with a fraction, or a plain count, to nanoseconds. */
static bool parse_time(const char *word, size_t length, u64 *time_ns)
{
	char *end;
	u64 whole, fraction = 0, unit = 1000000000;

	if (!length || !isdigit((unsigned char)*word))
		return false;
	whole = strtoull(word, &end, 10);
	if (*end == '.') {
		for (end++; isdigit((unsigned char)*end); end++) {
			unit /= 10;
			fraction += unit * (u64)(*end - '0');
		}
		*time_ns = whole * 1000000000 + fraction;
	} else {
		*time_ns = whole;
	}
	return end == word + length;
}

/* "[003]": the CPU; returns where it ends, NULL: no such thing in the line. */
static char *find_cpu(char *line, char **start, int *cpu)
{
	for (char *at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
		char *end;
		long value;

		if (at == line || at[-1] != ' ' || !isdigit((unsigned char)at[1]))
			continue;
		value = strtol(at + 1, &end, 10);
		if (*end != ']' || value < 0 || value > 100000)
			continue;
		*start = at;
		*cpu = (int)value;
		return end + 1;
	}
	return NULL;
}

/* "   bash-171   " or "bash-171  (  171)": command name and pid. False: neither. */
static bool parse_task(char *start, char *end, struct rig_event *event)
{
	char *group, *dash;

	while (end > start && end[-1] == ' ')
		end--;
	if (end > start && end[-1] == ')') {
		for (group = end; group > start && *group != '('; group--)
			;
		for (end = group; end > start && end[-1] == ' ';)
			end--;
	}
	while (*start == ' ')
		start++;
	for (dash = end; dash > start && *dash != '-'; dash--)
		;
	if (dash <= start || !isdigit((unsigned char)dash[1]))
		return false;
	event->pid = atoi(dash + 1);
	*dash = '\0';
	event->comm = start;
	return true;
}

/* The value of " name=" in the line's fields; NULL: not there. */
static char *find_value(char *fields, const char *name)
{
	size_t length = strlen(name);

	for (char *at = strstr(fields, name); at; at = strstr(at + 1, name))
		if ((at == fields || at[-1] == ' ') && at[length] == '=')
			return at + length + 1;
	return NULL;
}

static u64 stand_in(const char *text, size_t length)
{
	u32 value = 2166136261u;

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)text[i]) * 16777619u;
	return 0xffffffff00000000ull | value;
}

/* "function+0x1c/0x40": the function, into @symbol, and the address that stands for the text. */
static u64 parse_site(const char *value, size_t length, char *symbol, size_t size)
{
	char *end;
	u64 address = strtoull(value, &end, 16);

	if (end == value + length)
		return address;
	snprintf(symbol, size, "%.*s", (int)strcspn(value, "+ "), value);
	return stand_in(value, length);
}

static u64 parse_number(const char *value, const char *name)
{
	static const char *const members[] = { "MM_FILEPAGES", "MM_ANONPAGES", "MM_SWAPENTS",
					       "MM_SHMEMPAGES" };

	if (!strncmp(value, "true", 4))
		return 1;
	if (!strncmp(value, "(nil)", 5) || !strncmp(value, "false", 5))
		return 0;
	for (u64 i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!strncmp(value, members[i], strlen(members[i])))
			return i;
	/* pointers have no 0x in the kernel's own text */
	if (!strcmp(name, "ptr"))
		return strtoull(value, NULL, 16);
	return *value == '-' ? (u64)strtoll(value, NULL, 0) : strtoull(value, NULL, 0);
}

/* A failed allocation is printed as page frame 0, which no page allocator hands out. */
static void mark_failure(struct rig_event *event)
{
	if (event->id == RIG_EVENT_mm_page_alloc && event->mm_page_alloc.pfn == 0)
		event->mm_page_alloc.pfn = ~0ULL;
}

static bool parse_fields(struct reading *reading, struct rig_trace_event *event, char *fields,
			 char *symbol, size_t size)
{
	const struct rig_trace_field *field = rig_trace_fields(event->event.id);

	for (; field->name; field++) {
		const char *name = strcmp(field->name, "member") ? field->name : "type";
		char *value = find_value(fields, name);
		size_t length;
		u64 number = 0;

		if (!value) {
			static const char *const needed[] = { "ptr", "pfn", "order", "bytes_req" };

			for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
				if (!strcmp(field->name, needed[i]))
					return !bad(reading, "the event lacks a field");
			continue;
		}
		length = strcspn(value, " \t");
		if (field->is_string) {
			/* the last field: its name may be empty */
			*(const char **)((char *)&event->event + field->offset) = value;
			value[length] = '\0';
			continue;
		}
		if (!strcmp(field->name, "call_site"))
			number = parse_site(value, length, symbol, size);
		else if (!strcmp(field->name, "gfp_flags"))
			number = rig_gfp_parse(reading->gfp, value, length, &number) ? 0 : number;
		else
			number = parse_number(value, name);
		rig_trace_store(&event->event, field, number);
	}
	mark_failure(&event->event);
	return true;
}

/* "SYSTEM:EVENT: fields" or "EVENT: fields". NULL: neither. */
static char *cut_name(char *text, char **name)
{
	size_t length;

	text += strspn(text, " \t");
	*name = text;
	length = strcspn(text, ": \t");
	if (!length || text[length] != ':')
		return NULL;
	if (text[length + 1] != ' ' && text[length + 1] != '\0') {
		*name = text + length + 1;
		length += 1 + strcspn(*name, ": \t");
		if (text[length] != ':')
			return NULL;
	}
	text[length] = '\0';
	return text + length + 1;
}

/* Where the time stamp ends; flags may stand before it. */
static char *find_time(char *text, u64 *time_ns)
{
	for (int words = 0; words < 3; words++) {
		size_t length;

		text += strspn(text, " \t");
		length = strcspn(text, " \t");
		if (length > 1 && text[length - 1] == ':' && parse_time(text, length - 1, time_ns))
			return text + length;
		text += length;
	}
	return NULL;
}

static bool take_event(struct reading *reading, char *line)
{
	struct rig_trace_event event = { .position = reading->line, .lost_before = reading->lost };
	char *start, *rest, *name, symbol[128] = "";

	rest = find_cpu(line, &start, &event.event.cpu);
	if (!rest || !parse_task(line, start, &event.event))
		return bad(reading, "no line of a trace");
	rest = find_time(rest, &event.event.time_ns);
	if (!rest)
		return bad(reading, "no time stamp");
	if (strstr(rest, "<stack trace>"))
		return true;
	rest = cut_name(rest, &name);
	if (!rest)
		return bad(reading, "no event's name");
	event.name = name;
	event.id = rig_trace_event_id(name);
	if (!strcmp(name, "print") || !strcmp(name, "tracing_mark_write")) {
		char *text = strstr(rest, "tracing_mark_write: ");

		text = text ? text + strlen("tracing_mark_write: ") : rest;
		event.text = text + strspn(text, " \t");
	}
	event.event.id = event.id < 0 ? 0 : (enum rig_event_id)event.id;
	if (event.id >= 0 && !parse_fields(reading, &event, rest, symbol, sizeof(symbol)))
		return true;
	if (*symbol)
		event.symbol = symbol;
	reading->lost = 0;
	reading->events++;
	return rig_trace_put(reading->out, &event);
}

/* Lines without an event: comments, stack traces, what was lost. */
static bool passed_over(struct reading *reading, const char *line)
{
	const char *lost = strstr(line, "[LOST ");
	const char *text = line + strspn(line, " \t");

	if (!strncmp(text, "CPU:", 4)) {
		if (!lost)
			lost = strchr(text, '[');
		if (lost)
			reading->lost += strtoull(lost + strcspn(lost, "0123456789"), NULL, 10);
		return true;
	}
	return !*text || *text == '#' || !strncmp(text, "=>", 2) || !strncmp(text, "cpus=", 5) ||
	       !strncmp(text, "version =", 9);
}

void rig_read_ftrace_text(const char *path, const char *plain, struct rig_trace_out *out)
{
	struct reading reading = { .path = path, .out = out, .gfp = rig_gfp_table(NULL) };
	FILE *file = fopen(plain, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file) {
		rig_trace_put_error(out, "%s: %s", path, strerror(errno));
		return;
	}
	while ((length = getline(&line, &size, file)) > 0) {
		reading.line++;
		if (memchr(line, '\0', (size_t)length)) {
			bad(&reading, "a NUL byte in the line");
			continue;
		}
		if (line[length - 1] != '\n') {
			bad(&reading, "the line is cut off");
			break;
		}
		line[strcspn(line, "\r\n")] = '\0';
		if (!passed_over(&reading, line) && !take_event(&reading, line))
			break;
		/* hopeless: some other text */
		if (reading.line == 1000 && !reading.events)
			break;
	}
	if (reading.bad_line)
		rig_trace_put_error(out, "%s:%llu: %s", path, (unsigned long long)reading.bad_line,
				    reading.why);
	else if (!reading.events)
		rig_trace_put_error(out, "%s:%llu: no event in the text", path,
				    (unsigned long long)reading.line);
	free(line);
	fclose(file);
}

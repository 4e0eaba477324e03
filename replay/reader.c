// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording's events as those of the event table. Which field of a class is which field of the
 * table is looked up by name once for each class, as is what the class means; an event then is a
 * walk along that plan.
 */
#include <kmemrig/gfp_table.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define MAX_STEPS 12

/* What is known of a class. */
struct plan {
	int id;		  /* enum rig_event_id or RIG_TRACE_OTHER */
	const char *name; /* the class's, without its system */
	int marker;	  /* the field with what was written to the trace by hand; -1: none */
	int site, symbol; /* call_site and the text in its place; -1: none */
	int nr_steps;
	struct {
		const struct rig_trace_field *field;
		unsigned int index;
	} steps[MAX_STEPS];
};

struct rig_trace_reader {
	struct rig_recording *recording;
	const struct rig_gfp_table *gfp; /* of the traced kernel; NULL: not known */
	struct plan *plans;		 /* by the class's number */
	unsigned int nr_plans;
	char symbol[128], text[256];
	char error[RIG_TRACE_ERROR]; /* why the stream ended, where the recording has no error */
};

static int find_field(const struct rig_recording_class *class, const char *name)
{
	for (unsigned int i = 0; i < class->nr_fields; i++)
		if (!strcmp(class->fields[i].name, name))
			return (int)i;
	return -1;
}

static int find_text(const struct rig_recording_class *class, const char *name)
{
	int index = find_field(class, name);

	return index >= 0 && class->fields[index].type == RIG_FIELD_STRING ? index : -1;
}

/* Lines written to the trace: ftrace's print, and what LTTng's logger writes. */
static int find_marker(const struct rig_recording_class *class)
{
	static const struct {
		const char *class, *field;
	} markers[] = {
		{ "ftrace:print", "buf" }, { "ftrace:print", "text" },
		{ "print", "text" },	   { "tracing_mark_write", "text" },
		{ "lttng_logger", "msg" }, { "lttng_logger:event", "msg" },
	};

	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++)
		if (!strcmp(class->name, markers[i].class) &&
		    find_text(class, markers[i].field) >= 0)
			return find_text(class, markers[i].field);
	return -1;
}

/* The plan's steps. False: a field is missing without which the event means nothing. */
static bool match_fields(struct rig_trace_reader *reader, struct plan *plan,
			 const struct rig_recording_class *class)
{
	const struct rig_trace_field *field = rig_trace_fields((enum rig_event_id)plan->id);

	for (; field->name; field++) {
		int index = find_field(class, field->name);

		if (index >= 0 &&
		    (class->fields[index].type == RIG_FIELD_STRING) == field->is_string) {
			plan->steps[plan->nr_steps].field = field;
			plan->steps[plan->nr_steps++].index = (unsigned int)index;
		} else if (rig_recording_needs(field->name)) {
			snprintf(reader->error, sizeof(reader->error),
				 "%s: event %s has no field '%s'",
				 rig_recording_path(reader->recording), class->name, field->name);
			return false;
		}
	}
	return true;
}

static struct plan *make_plan(struct rig_trace_reader *reader,
			      const struct rig_recording_class *class)
{
	const char *colon = strchr(class->name, ':');
	struct plan *plans = reader->plans, *plan;

	/* classes come in the order of their numbers */
	if (class->number >= reader->nr_plans) {
		plans = realloc(plans, (class->number + 64) * sizeof(*plans));
		if (!plans) {
			snprintf(reader->error, sizeof(reader->error), "%s: no host memory",
				 rig_recording_path(reader->recording));
			return NULL;
		}
		memset(plans + reader->nr_plans, 0,
		       (class->number + 64 - reader->nr_plans) * sizeof(*plans));
		reader->plans = plans;
		reader->nr_plans = class->number + 64;
	}
	plan = &plans[class->number];
	*plan = (struct plan){ .id = rig_recording_event_id(class->name),
			       .marker = find_marker(class),
			       .site = find_field(class, "call_site"),
			       .symbol = find_text(class, "call_site_symbol") };
	if (!match_fields(reader, plan, class))
		return NULL;
	plan->name = colon ? colon + 1 : class->name;
	return plan;
}

static u64 stand_in(const char *text)
{
	u32 value = 2166136261u;

	while (*text)
		value = (value ^ (unsigned char)*text++) * 16777619u;
	return 0xffffffff00000000ull | value;
}

/*
 * Where the kernel printed a function and not the address, "function+0x1c/0x40 [module]", the call
 * site gets an address that stands for that text.
 */
static void take_symbol(struct rig_trace_reader *reader, const struct plan *plan,
			const struct rig_recording_event *source, struct rig_trace_event *event)
{
	const char *text = rig_recording_text(source, (unsigned int)plan->symbol);
	const struct rig_trace_field *site = plan->steps[0].field;

	if (!*text || source->number[plan->site] || strcmp(site->name, "call_site"))
		return;
	rig_trace_store(&event->event, site, stand_in(text));
	snprintf(reader->symbol, sizeof(reader->symbol), "%.*s", (int)strcspn(text, "+ "), text);
	event->symbol = reader->symbol;
}

/* "tracing_mark_write: text\n": the text. */
static const char *marker_text(struct rig_trace_reader *reader, const char *text)
{
	static const char prefix[] = "tracing_mark_write:";
	const char *found = strstr(text, prefix);

	text = found ? found + strlen(prefix) : text;
	text += strspn(text, " \t");
	snprintf(reader->text, sizeof(reader->text), "%.*s", (int)strcspn(text, "\n"), text);
	return reader->text;
}

static void take_event(struct rig_trace_reader *reader, const struct plan *plan,
		       const struct rig_recording_event *source, struct rig_trace_event *event)
{
	*event = (struct rig_trace_event){
		.id = plan->id,
		.name = plan->name,
		.symbol = source->symbol,
		.position = source->position,
		.lost_before = source->lost == RIG_LOST_SOME ? 1 : source->lost,
		.event = { .id = plan->id < 0 ? 0 : (enum rig_event_id)plan->id,
			   .cpu = source->cpu,
			   .pid = source->pid,
			   .comm = source->comm,
			   .time_ns = source->time_ns },
	};
	for (int i = 0; i < plan->nr_steps; i++) {
		const struct rig_trace_field *field = plan->steps[i].field;
		unsigned int index = plan->steps[i].index;

		if (field->is_string)
			*(const char **)((char *)&event->event + field->offset) =
				rig_recording_text(source, index);
		else
			rig_trace_store(&event->event, field, source->number[index]);
	}
	if (plan->symbol >= 0 && plan->site >= 0)
		take_symbol(reader, plan, source, event);
	if (plan->marker >= 0)
		event->text =
			marker_text(reader, rig_recording_text(source, (unsigned int)plan->marker));
	if (plan->id >= 0)
		rig_trace_translate_gfp(reader->gfp, &event->event);
}

enum rig_trace_status rig_trace_next(struct rig_trace_reader *reader, struct rig_trace_event *event)
{
	struct rig_recording_event source;
	const struct plan *plan;

	if (reader->error[0])
		return RIG_TRACE_BROKEN;
	switch (rig_recording_next(reader->recording, &source)) {
	case RIG_RECORDING_EVENT:
		break;
	case RIG_RECORDING_END:
		return RIG_TRACE_END;
	default:
		return RIG_TRACE_BROKEN;
	}
	plan = source.class->number < reader->nr_plans ? &reader->plans[source.class->number]
						       : NULL;
	if (!plan || !plan->name)
		plan = make_plan(reader, source.class);
	if (!plan)
		return RIG_TRACE_BROKEN;
	/* CTF names its kernel with the first event */
	if (!reader->gfp && rig_recording_release(reader->recording)[0])
		reader->gfp = rig_gfp_table(rig_recording_release(reader->recording));
	take_event(reader, plan, &source, event);
	return RIG_TRACE_EVENT;
}

const char *rig_trace_error(const struct rig_trace_reader *reader)
{
	return reader->error[0] ? reader->error : rig_recording_error(reader->recording);
}

int rig_trace_cpus(const struct rig_trace_reader *reader)
{
	return rig_recording_cpus(reader->recording);
}

struct rig_trace_reader *rig_trace_open(const char *path, char *error)
{
	struct rig_trace_reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		snprintf(error, RIG_TRACE_ERROR, "%s: no host memory", path);
		return NULL;
	}
	reader->recording = rig_recording_open(path, RIG_RECORDING_SYMBOLS, error);
	if (!reader->recording) {
		free(reader);
		return NULL;
	}
	return reader;
}

void rig_trace_close(struct rig_trace_reader *reader)
{
	if (!reader)
		return;
	rig_recording_close(reader->recording);
	free(reader->plans);
	free(reader);
}

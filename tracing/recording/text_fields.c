// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fields of ftrace text. Those of kmem events are the event table's; other events become one
 * string, "text". A call site is a number in some texts and a function in most: both are fields
 * here, the one that is not there being 0 or empty.
 *
 * Values are words, but for a function, which may be followed by its module in brackets.
 */
#include <ctype.h>
#include <kmemrig/event.h>
#include <kmemrig/event_codes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum meaning { DEC, HEX, BOOL, GFP, STR, PTR, SITE, PFN, MT, MEMBER };

struct rig_text_field {
	const char *name;
	enum meaning meaning;
	unsigned int bits;
	bool is_signed;
};

#define IS_SIGNED(type) _Generic((type)0, s32 : true, s64 : true, default : false)
#define KNOWN_FIELD(type, name, meaning) { #name, meaning, sizeof(type) * 8, IS_SIGNED(type) },
#define KNOWN_EVENT(system, name)                                                                  \
	static const struct rig_text_field fields_##name[] = { RIG_FIELDS_##name(KNOWN_FIELD){     \
		NULL, DEC, 0, false } };
RIG_KMEM_EVENTS(KNOWN_EVENT)

static const struct rig_text_field *const known_events[RIG_NR_EVENTS] = {
#define KNOWN_ROW(system, name) [RIG_EVENT_##name] = fields_##name,
	RIG_KMEM_EVENTS(KNOWN_ROW)
};

static const char symbol_field[] = "call_site_symbol";

static void add_field(struct rig_recording_class *class, const char *name, enum rig_field_type type,
		      unsigned int bits)
{
	class->fields[class->nr_fields++] = (struct rig_recording_field){ name, type, bits };
}

static void add_known_fields(struct rig_recording_class *class, const struct rig_text_field *field)
{
	for (; field->name; field++) {
		enum rig_field_type type = field->meaning == STR ? RIG_FIELD_STRING
					   : field->meaning == PTR || field->meaning == SITE
						   ? RIG_FIELD_HEX
					   : field->is_signed ? RIG_FIELD_SIGNED
							      : RIG_FIELD_UNSIGNED;

		add_field(class, field->name, type, type == RIG_FIELD_STRING ? 0 : field->bits);
		if (field->meaning == SITE)
			add_field(class, symbol_field, RIG_FIELD_STRING, 0);
	}
}

struct rig_text_class *rig_text_make_class(const char *name, size_t length)
{
	struct rig_text_class *class = calloc(1, sizeof(*class));
	char *full = malloc(length + sizeof("kmem:"));
	int id;

	if (!class || !full) {
		free(class);
		free(full);
		return NULL;
	}
	memcpy(full, name, length);
	full[length] = '\0';
	id = rig_recording_event_id(full);
	if (id >= 0 && known_events[id]) {
		/* the kernel's own text has no system */
		if (!strchr(full, ':')) {
			memmove(full + 5, full, length + 1);
			memcpy(full, "kmem:", 5);
		}
		class->fields = known_events[id];
		add_known_fields(&class->class, class->fields);
	} else {
		add_field(&class->class, "text", RIG_FIELD_STRING, 0);
	}
	class->class.name = full;
	return class;
}

/* The value of "NAME=" among the fields; NULL: not there. */
static char *find_value(char *fields, const char *name, size_t *length)
{
	size_t name_length = strlen(name);

	for (char *at = strstr(fields, name); at; at = strstr(at + 1, name))
		if ((at == fields || at[-1] == ' ') && at[name_length] == '=') {
			at += name_length + 1;
			*length = strcspn(at, " \t");
			return at;
		}
	return NULL;
}

/* A function may have its module after it: "jbd2_journal_start+0x90/0x1e0 [jbd2]". */
static size_t symbol_length(const char *value, size_t length)
{
	if (value[length] == ' ' && value[length + 1] == '[') {
		const char *end = strchr(value + length, ']');

		if (end)
			return (size_t)(end - value) + 1;
	}
	return length;
}

/* 0xffff... or ffff...: a number and nothing else. */
static bool is_address(const char *value, size_t length)
{
	size_t prefix = length > 2 && value[0] == '0' && (value[1] | 0x20) == 'x' ? 2 : 0;

	if (length - prefix == 0 || length - prefix > 16)
		return false;
	for (size_t i = prefix; i < length; i++)
		if (!isxdigit((unsigned char)value[i]))
			return false;
	/* the name of a function does not begin with a digit */
	return isdigit((unsigned char)value[0]) || length == 16;
}

static u64 member_number(const char *value, size_t length)
{
#define MEMBER_NAME(number, name) [number] = name,
	static const char *const members[] = { RIG_CODES_MEMBER(MEMBER_NAME) };

	if (!length) /* with hash-ptr off the kernel prints no names */
		return ~0ULL;
	for (u64 i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strlen(members[i]) == length && !strncmp(members[i], value, length))
			return i;
	return strtoull(value, NULL, 0);
}

static bool parse_number(const struct rig_text_field *field, const char *value, size_t length,
			 u64 *number, bool *unknown)
{
	switch (field->meaning) {
	case BOOL:
		*number = *value == 't' || *value == '1';
		return true;
	case GFP:
		if (rig_gfp_parse(rig_gfp_table(NULL), value, length, number) && length)
			*unknown = true;
		return true;
	case PTR:
		/* "(nil)", "(null)", and the kernel's own text has no 0x */
		*number = *value == '(' ? 0 : strtoull(value, NULL, 16);
		return true;
	case MEMBER:
		*number = member_number(value, length);
		return true;
	default:
		/* "-1" is the way of the signed ones */
		*number = *value == '-' ? (u64)strtoll(value, NULL, 0) : strtoull(value, NULL, 0);
		return length && (isdigit((unsigned char)*value) || *value == '-');
	}
}

/*
 * "page=(nil) pfn=0x0": a failed allocation, whose frame is recorded as all ones. No page
 * allocator hands out frame 0.
 */
static bool has_failed(char *fields)
{
	size_t length;
	char *page = find_value(fields, "page", &length);

	return !page || *page == '(' || strspn(page, "0x") == length;
}

static void mark_failure(const struct rig_recording_class *class, char *fields, u64 *number)
{
	for (unsigned int i = 0; i < class->nr_fields; i++)
		if (!strcmp(class->fields[i].name, "pfn") && !number[i] && has_failed(fields))
			number[i] = ~0ULL;
}

struct cut {
	char *at;
	size_t length;
};

/* The field at @value; strings are cut out later, as a NUL would hide the rest of the line. */
static const char *parse_field(const struct rig_text_field *field, char *value, size_t length,
			       unsigned int i, u64 *number, struct cut *cuts, bool *unknown)
{
	if (field->meaning == STR) {
		cuts[i] = (struct cut){ value, length };
	} else if (field->meaning == SITE && !is_address(value, length)) {
		number[i] = 0;
		cuts[i + 1] = (struct cut){ value, symbol_length(value, length) };
	} else if (field->meaning == SITE) {
		number[i] = strtoull(value, NULL, 16);
	} else if (!parse_number(field, value, length, &number[i], unknown)) {
		return "a field is no number";
	}
	return NULL;
}

const char *rig_text_parse_fields(const struct rig_text_class *class, char *line, char *fields,
				  u64 *number, bool *unknown)
{
	const struct rig_text_field *field = class->fields;
	struct cut cuts[RIG_MAX_FIELDS] = { 0 };
	u64 empty = (u64)(fields - line) + strlen(fields);

	if (!field) {
		number[0] = (u64)(fields - line);
		return NULL;
	}
	for (unsigned int i = 0; i < class->class.nr_fields; i++, field++) {
		/* the kernel prints a member of rss_stat under another name */
		const char *name = field->meaning == MEMBER ? "type" : field->name;
		const char *why = NULL;
		size_t length;
		char *value = find_value(fields, name, &length);

		number[i] = field->meaning == STR ? empty : 0;
		if (field->meaning == SITE)
			number[i + 1] = empty;
		if (!value && rig_recording_needs(field->name))
			return "the event lacks a field";
		if (value)
			why = parse_field(field, value, length, i, number, cuts, unknown);
		if (why)
			return why;
		i += field->meaning == SITE;
	}
	if (class->fields == fields_mm_page_alloc)
		mark_failure(&class->class, fields, number);
	for (unsigned int i = 0; i < class->class.nr_fields; i++) {
		if (!cuts[i].at)
			continue;
		number[i] = (u64)(cuts[i].at - line);
		cuts[i].at[cuts[i].length] = '\0';
	}
	return NULL;
}

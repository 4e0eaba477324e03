/* SPDX-License-Identifier: GPL-2.0-only */
/* ftrace text: what its two files share. */
#ifndef RIG_RECORDING_TEXT_H
#define RIG_RECORDING_TEXT_H

#include <kmemrig/gfp_table.h>

#include "recording.h"

/* What stands before an event's fields; places are in the line. */
struct rig_text_head {
	int cpu, pid;
	u64 time_ns;
	char *comm, *name, *fields;
	size_t comm_length, name_length;
};

/* NULL, or why the line is none that holds an event. */
const char *rig_text_parse_head(char *line, struct rig_text_head *head);

struct rig_text_field;

/* A class, and what is known of its fields; NULL: nothing, all is one string. */
struct rig_text_class {
	struct rig_recording_class class;
	const struct rig_text_field *fields;
};

/* Makes the class of the events called @name (@length bytes); NULL: no memory. */
struct rig_text_class *rig_text_make_class(const char *name, size_t length);

/*
 * The fields of an event of @class, from the text at @fields in @line: numbers, and places of
 * strings relative to @line, which are ended by a NUL in the line. Returns NULL, or why a field
 * can't be read. *unknown: a flag has no name that is known; those before it are there.
 */
const char *rig_text_parse_fields(const struct rig_text_class *class, char *line, char *fields,
				  u64 *number, bool *unknown);

#endif
